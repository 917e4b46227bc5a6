"""A rule, and the count of passed checks.

A rule that cannot fail proves nothing: each one names faults, and must complain about every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class Rule:
    name: str
    check: Callable[..., Iterator[str]]
    faults: list[tuple[str, Callable]]
    of: str


RULES: list[Rule] = []


def rule(of: str, *faults: tuple[str, Callable]):
    """Registers a rule of every "machine", of one by its name, of the "template" that the deployment's two make
    together, or of all "templates" by their paths, with faults that it must complain about.

    A fault changes, in place, a copy of what the rule reads.
    """

    def register(check):
        RULES.append(Rule(check.__name__.replace("_", " "), check, list(faults), of))
        return check

    return register


class Tally:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def expect(self, name: str, complaints: list[str]) -> None:
        if complaints:
            self.failed += 1
            print(f"FAIL {name}")
            for complaint in complaints:
                print(f"     {complaint}")
        else:
            self.passed += 1

    def expect_complaint(self, name: str, complaints: list[str]) -> None:
        self.expect(name, [] if complaints else ["no complaint about the planted fault"])
