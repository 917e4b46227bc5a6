"""Reads the input of the rules: the templates, docs/METRICS.md, the runbooks, the Rust sources, and an end-to-end run's log lines."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import cloudformation
import insights
import scenarios as life
from cloudwatch import Alarm, Composite
from exceptions import NEVER_EMITTED
from scenarios import STAGE

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {"Stage": STAGE, "WebhookApiId": life.API, "SyntheticEnabled": "true"}


@dataclass(frozen=True)
class Documented:
    """A row of docs/METRICS.md."""

    unit: str
    sets: tuple[frozenset[str], ...]


@dataclass
class Subject:
    """The input of the rules."""

    template: dict
    main: dict
    catalogue: dict[str, Documented]
    runbooks: dict[str, str]
    connectors: set[str]
    rust: str
    # The rest needs a folder of logs: group -> events, and lines with metrics.
    groups: dict[str, list[insights.Row]] = field(default_factory=dict)
    emitted: list[dict] = field(default_factory=list)
    never_emitted: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(NEVER_EMITTED))

    def __deepcopy__(self, memo) -> "Subject":
        # There are many events, and a planted fault replaces them.
        return replace(self, template=copy.deepcopy(self.template, memo), main=copy.deepcopy(self.main, memo),
                       catalogue=dict(self.catalogue), runbooks=dict(self.runbooks), connectors=set(self.connectors),
                       groups=dict(self.groups), emitted=list(self.emitted), never_emitted=dict(self.never_emitted))

    def made(self) -> cloudformation.Template:
        return cloudformation.Template(self.template, PARAMETERS)

    def alarms(self) -> dict[str, tuple[dict, Alarm]]:
        return {name: (properties, Alarm(properties)) for name, properties in self.made().of_type("AWS::CloudWatch::Alarm").items()}

    def filtered(self) -> dict[tuple[str, str], set[str]]:
        """The metrics of filters on logs, with their dimensions."""
        return {(made["MetricNamespace"], made["MetricName"]): {one["Key"] for one in made.get("Dimensions", [])}
                for found in self.made().of_type("AWS::Logs::MetricFilter").values() for made in found["MetricTransformations"]}

    def composites(self) -> dict[str, tuple[dict, Composite]]:
        return {name: (properties, Composite(properties)) for name, properties in self.made().of_type("AWS::CloudWatch::CompositeAlarm").items()}

    def widgets(self) -> list[dict]:
        (dashboard,) = self.made().of_type("AWS::CloudWatch::Dashboard").values()
        return json.loads(dashboard["DashboardBody"])["widgets"]

    def queries(self) -> dict[str, dict]:
        """By the last part of their name."""
        return {properties["Name"].rsplit("/", 1)[-1]: properties for properties in self.made().of_type("AWS::Logs::QueryDefinition").values()}

    def names(self, kind: str, key: str) -> set[str]:
        """The names of template.yaml's resources of a kind, for our stage."""
        made = cloudformation.Template({**self.main, "Resources": {}}, {"Stage": STAGE})
        return {made.resolve(resource["Properties"][key]) for resource in self.main["Resources"].values()
                if resource["Type"] == kind and key in resource.get("Properties", {})}


def read_catalogue(text: str) -> dict[str, Documented]:
    found = {}
    at = text.find("| metric | unit | dimensions | written by | what |")
    if at < 0:
        raise SystemExit("docs/METRICS.md has no table | metric | unit | dimensions | written by | what |")
    for line in text[at:].splitlines()[2:]:
        if not line.startswith("|"):
            break
        name, unit, sets, *_ = (cell.strip().replace("`", "") for cell in line.strip("|").split("|"))
        found[name] = Documented(unit, tuple(frozenset(part.strip() for part in one.split(",")) for one in sets.split(";")))
    return found


def read_rust() -> str:
    return "\n".join(path.read_text() for folder in ("functions", "tests", "infra") for path in sorted((ROOT / folder).rglob("*.rs")))


def read_subject(logs: Path | None) -> Subject:
    for needed in ("infra/observability/template.yaml", "docs/METRICS.md", "docs/runbooks/README.md"):
        if not (ROOT / needed).exists():
            raise SystemExit(f"check.py: {needed} is missing")
    subject = Subject(
        cloudformation.read(ROOT / "infra" / "observability" / "template.yaml"), cloudformation.read(ROOT / "template.yaml"),
        read_catalogue((ROOT / "docs" / "METRICS.md").read_text()),
        {path.name: path.read_text() for path in (ROOT / "docs" / "runbooks").glob("*.md")},
        {path.name for path in (ROOT / "functions" / "lib" / "connectors" / "definitions").iterdir() if (path / "connector.yaml").exists()},
        read_rust())
    if logs is not None:
        read_logs(subject, logs)
    return subject


def read_logs(subject: Subject, folder: Path) -> None:
    paths = sorted(folder.glob("*/logs/functions/*.log"))
    if not paths:
        raise SystemExit(f"check.py: no {folder}/*/logs/functions/*.log: run the end-to-end tests first (make local)")
    for path in paths:
        function = re.sub(r"^rightful-.*?-(?=(?:" + "|".join(life.FUNCTIONS) + r")$)", "", path.stem)
        group = f"/aws/lambda/rightful-{STAGE}-{function}"
        for line in path.read_text().splitlines():
            event = insights.event(line, group)
            subject.groups.setdefault(group, []).append(event)
            if "_aws.Timestamp" in event:
                subject.emitted.append(json.loads(line))


def kebab(alarm_name: str) -> str:
    return alarm_name.removeprefix(f"rightful-{STAGE}-")
