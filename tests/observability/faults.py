"""A rule, and the faults that it must complain about.

A fault changes a copy of the subject in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cloudformation
import insights
from metric_math import Unknown
from subject import Subject


@dataclass
class Rule:
    name: str
    check: Callable[[Subject], Iterator[str]]
    faults: list[tuple[str, Callable[[Subject], None]]]
    needs_logs: bool


RULES: list[Rule] = []


def rule(*faults: tuple[str, Callable[[Subject], None]], needs_logs: bool = False):
    """Registers a rule, with faults that it must complain about. A fault changes a copy of the subject in place."""

    def register(check):
        RULES.append(Rule(check.__name__.replace("_", " "), check, list(faults), needs_logs))
        return check

    return register


def complaints_of(check: Callable[[Subject], Iterator[str]], subject: Subject) -> list[str]:
    """The complaints of a rule; an unreadable value is one, too."""
    try:
        return list(check(subject))
    except (Unknown, insights.Refused, cloudformation.Unresolved) as error:
        return [str(error)]


def properties_of(subject: Subject, name: str) -> dict:
    return subject.template["Resources"][name]["Properties"]


def dimensions_of(subject: Subject, name: str) -> list[dict]:
    """The dimensions of the first metric in an alarm's expression."""
    return properties_of(subject, name)["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"]


def in_body(old: str, new: str) -> Callable[[Subject], None]:
    """A fault in the dashboard's text: the first `old` becomes `new`."""

    def plant(subject: Subject) -> None:
        body = properties_of(subject, "Dashboard")["DashboardBody"]["Fn::Sub"]
        if old not in body[0]:
            raise AssertionError(f"no {old!r} in the dashboard to plant a fault in")
        body[0] = body[0].replace(old, new, 1)

    return plant


def changed(name: str, **properties) -> Callable[[Subject], None]:
    return lambda subject: properties_of(subject, name).update(properties)
