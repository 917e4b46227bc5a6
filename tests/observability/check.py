"""Checks the monitoring: metrics, alarms, dashboard, saved queries, runbooks.

    check.py static         from the sources alone
    check.py all FOLDER     also against the log lines of an end-to-end run: FOLDER/*/logs/functions/*.log
    check.py table          prints each alarm with its observed behaviour

It evaluates alarms as AWS documents it (`cloudwatch.py`), on metrics as the functions write them
(`scenarios.py`). Each must fire and clear at its time, and must not fire on a normal day or for a lesser cause.
It runs saved queries over the real lines (`insights.py`). A rule that cannot fail proves nothing: each one also
runs with planted faults, and must complain about every one.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cloudformation
import insights
import scenarios as life
from cloudwatch import (ALARM, OK, READINGS, STATISTICS, Alarm, Composite, Datum, Math, Query, Unknown, metrics_of, over_limits,
                        state_of, statistic, unlike_aws)
from rules import Tally
from scenarios import DAY, HOUR, MINUTE, NAMESPACE, STAGE

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = {"Stage": STAGE, "WebhookApiId": life.API, "SyntheticEnabled": "true"}

# The metrics of AWS's services, by their documentation: metric -> sets of dimensions.
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
_MACHINE, _FUNCTION, _QUEUE = [{"StateMachineArn"}], [{"FunctionName"}, {"FunctionName", "Resource"}], [{"QueueName"}]
_API = [{"ApiId"}, {"ApiId", "Stage"}]
PLATFORM_METRICS: dict[str, dict[str, list[set[str]]]] = {
    "AWS/States": dict.fromkeys(("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted",
                                 "ExecutionTime", "ExecutionThrottled"), _MACHINE),
    "AWS/Lambda": dict.fromkeys(("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "AsyncEventsDropped"), _FUNCTION),
    "AWS/SQS": dict.fromkeys(("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"), _QUEUE),
    "AWS/ApiGateway": dict.fromkeys(("Count", "4xx", "5xx", "Latency", "IntegrationLatency"), _API),
}

# The fields of an execution's history in Step Functions' log group.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
WORKFLOW_FIELDS = {"id", "type", "previous_event_id", "event_timestamp", "execution_arn", "redrive_count"}

# Alarms about a single function: name -> the end of its name.
ABOUT_ONE = {"DeliveriesThrottled": "-intake"}

# Metrics that no end-to-end run writes: name -> (reason, the unit test that shows it written).
NEVER_EMITTED: dict[str, tuple[str, str]] = {
    "DeliveriesRepeated": ("a day must pass between two demands",
                           "a_demand_that_came_again_is_counted_once_it_is_recorded"),
    "ReceiptsDiffering": ("no one else writes a receipt there",
                          "a_receipt_that_is_not_the_one_that_is_kept_is_counted_once_it_is_recorded"),
}

# Saved queries about events that an end-to-end run need not contain: name -> reason. Without a real line,
# they run over the lines of the log calls in the source.
RARE: dict[str, str] = {
    "errors": "no error there needs more than a repetition",
    "not-brought-forward": "the reconciliation brings every request forward",
    "aws-calls-failed": "the emulator fails no call by itself, and keeps no line while it is down",
}

# Saved queries without rows over an end-to-end run: name -> reason.
NO_ROWS: dict[str, str] = {
    "one-request": "it contains the placeholder REQUEST-ID; the check runs it with a real id instead",
    "workflow-events": "the emulator delivers no log of a state machine",
    "api-answers": "the emulator writes no access log of an API",
}


# ------------------------------------------------------------------------------------ reading


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


# ------------------------------------------------------------------------------------ rules


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


# ---------------------------------------------------------------- requested metrics


def metrics_of_widget(widget: dict) -> Iterator[tuple[Query, str | None]]:
    """Each metric of a metric widget, and its id."""
    properties = widget["properties"]
    for row in properties["metrics"]:
        options = row[-1] if isinstance(row[-1], dict) else {}
        words = [word for word in row if not isinstance(word, dict)]
        if not words:
            continue
        if len(words) % 2 or any(word in (".", "...") for word in words):
            raise Unknown(f"{properties['title']}: spell out {' '.join(words)}, with a value for each dimension")
        pairs = list(zip(words[2::2], words[3::2]))
        yield Query(words[0], words[1], frozenset(pairs), options.get("stat", properties.get("stat", "Average")),
                    int(options.get("period", properties.get("period", 300)))), options.get("id")


def expressions_of_widget(widget: dict) -> list[str]:
    return [row[0]["expression"] for row in widget["properties"]["metrics"] if isinstance(row[0], dict)]


SEARCH = re.compile(r"""SEARCH\('\{(?P<namespace>[^,}]+),(?P<dimensions>[^}]+)\} MetricName="(?P<metric>\w+)" (?P<filters>[^']*)', """
                    r"""'(?P<stat>\w+)', (?P<period>\d+)\)""")


def asked(subject: Subject) -> Iterator[tuple[str, Query]]:
    """Every metric of an alarm or a widget, and its place."""
    for name, (_, alarm) in subject.alarms().items():
        for query in alarm.queries.values():
            yield name, query
    for widget in subject.widgets():
        if widget["type"] == "metric":
            for query, _ in metrics_of_widget(widget):
                yield f"widget {widget['properties']['title']!r}", query


@rule(("an alarm on a metric that is not documented", changed("DeadlinePassed", MetricName="RequestsLate")),
      ("an alarm with a superfluous dimension", lambda s: properties_of(s, "DeadlinePassed")["Dimensions"].append(
          {"Name": "Right", "Value": "erasure"})),
      ("an alarm of another stage", changed("DeadlinePassed", Dimensions=[{"Name": "Stage", "Value": "elsewhere"}])),
      ("a vendor's alarm without its connector", lambda s: dimensions_of(s, "VendorErrorsQualifio").pop()),
      ("an alarm on a connector that does not exist", lambda s: dimensions_of(s, "VendorErrorsQualifio")[1].update(Value="nobody")),
      ("another namespace", changed("DeadlinePassed", Namespace="rightful")),
      ("a widget on a metric that is not documented", in_body('"RequestsOverdue"', '"RequestsLate"')),
      ("a widget with a dimension that the metric lacks", in_body(
          '"RequestsOverdue", "Stage", "${Stage}"', '"RequestsOverdue", "Stage", "${Stage}", "Right", "erasure"')),
      ("a filter of another name", lambda s: properties_of(s, "CallsThrottledFilter")["MetricTransformations"][0].update(MetricName="Throttled")),
      ("a filter without its dimension", lambda s: properties_of(s, "CallsThrottledFilter")["MetricTransformations"][0].pop("Dimensions")),
      ("a row missing in the documentation", lambda s: s.catalogue.pop("VendorErrors")))
def every_requested_metric_of_ours_is_documented_with_exactly_those_dimensions(subject):
    for where, query in asked(subject):
        if query.namespace.startswith("AWS/"):
            continue
        documented = subject.catalogue.get(query.metric)
        dimensions = dict(query.dimensions)
        if (query.namespace, query.metric) in (filtered := subject.filtered()):
            if filtered[query.namespace, query.metric] != set(dimensions) or dimensions.get("ApiId") != PARAMETERS["WebhookApiId"]:
                yield f"{where}: no filter makes {query.metric} by {', '.join(sorted(dimensions))} of this API"
            continue
        if query.namespace != NAMESPACE or documented is None:
            yield f"{where}: {query.namespace} {query.metric} is not in docs/METRICS.md"
        elif frozenset(dimensions) not in documented.sets:
            yield f"{where}: {query.metric} has no dimensions {', '.join(sorted(dimensions))}"
        elif dimensions["Stage"] != STAGE:
            yield f"{where}: {query.metric} of the stage {dimensions['Stage']!r}"
        elif dimensions.get("Connector", "qualifio") not in subject.connectors:
            yield f"{where}: there is no connector {dimensions['Connector']}"


@rule(("a metric unknown to AWS", lambda s: properties_of(s, "Undelivered").update(MetricName="MessagesVisible")),
      ("a queue that does not exist", changed("Undelivered", Dimensions=[{"Name": "QueueName", "Value": "rightful-lost"}])),
      ("a dimension unknown to AWS", changed("Undelivered", Dimensions=[{"Name": "Queue", "Value": {"Fn::Sub": "rightful-${Stage}-undelivered"}}])),
      ("a function that does not exist", lambda s: dimensions_of(s, "FunctionsFailing")[0].update(Value="rightful-local-nobody")),
      ("a state machine that does not exist", in_body("stateMachine:rightful-${Stage}-fulfil-source", "stateMachine:rightful-${Stage}-fulfil-nothing")),
      ("another API", in_body('"Count", "ApiId", "${WebhookApiId}"', '"Count", "ApiId", "another"')),
      ("a function that template.yaml no longer makes", lambda s: s.main["Resources"].pop("SearchFunction")))
def every_requested_metric_of_AWS_exists_for_a_resource_of_ours(subject):
    made = {
        "QueueName": subject.names("AWS::SQS::Queue", "QueueName"),
        "FunctionName": subject.names("AWS::Serverless::Function", "FunctionName"),
        "StateMachineArn": {f"arn:aws:states:eu-central-1:123456789012:stateMachine:{name}"
                            for name in subject.names("AWS::Serverless::StateMachine", "Name")},
        "ApiId": {PARAMETERS["WebhookApiId"]},
    }
    for where, query in asked(subject):
        if not query.namespace.startswith("AWS/"):
            continue
        dimensions = dict(query.dimensions)
        if set(dimensions) not in PLATFORM_METRICS.get(query.namespace, {}).get(query.metric, []):
            yield f"{where}: AWS reports no {query.namespace} {query.metric} by {', '.join(sorted(dimensions))}"
        for name, value in dimensions.items():
            if name in made and value not in made[name]:
                yield f"{where}: template.yaml makes no {name} {value}"


@rule(("a function left out", lambda s: properties_of(s, "FunctionsFailing")["Metrics"].pop()),
      ("a state machine left out", lambda s: properties_of(s, "ExecutionsFailed")["Metrics"].pop()))
def alarms_on_functions_and_state_machines_watch_every_one(subject):
    for name, (_, alarm) in subject.alarms().items():
        for namespace, dimension, kind, key in (("AWS/Lambda", "FunctionName", "AWS::Serverless::Function", "FunctionName"),
                                                ("AWS/States", "StateMachineArn", "AWS::Serverless::StateMachine", "Name")):
            watched = {dict(query.dimensions)[dimension].rsplit(":", 1)[-1] for query in alarm.queries.values() if query.namespace == namespace}
            every = subject.names(kind, key)
            if watched and (missing := {one for one in every if one.endswith(ABOUT_ONE.get(name, ""))} - watched):
                yield f"{name}: does not watch {', '.join(sorted(missing))}"


@rule(("a search by dimensions that the metric lacks", in_body("{Rightful,Stage,Right}", "{Rightful,Stage,Country}")),
      ("a search for a metric that is not documented", in_body('MetricName=\\"RequestsClosed\\"', 'MetricName=\\"RequestsDone\\"')),
      ("a search through every stage", in_body('MetricName=\\"RequestsClosed\\" Stage=\\"${Stage}\\"', 'MetricName=\\"RequestsClosed\\" ')),
      ("an expression of an id that does not exist", in_body("nearest / 86400", "farthest / 86400")),
      ("an invalid expression", in_body("nearest / 86400", "nearest / / 86400")),
      ("an invalid statistic", in_body('"stat": "p95"', '"stat": "P95th"')))
def every_expression_of_the_dashboard_can_be_evaluated(subject):
    for widget in (widget for widget in subject.widgets() if widget["type"] == "metric"):
        title = widget["properties"]["title"]
        series = {}
        for query, identifier in metrics_of_widget(widget):
            statistic(query.statistic, [1.0])
            if identifier:
                if identifier in series:
                    yield f"{title}: the id {identifier} twice"
                series[identifier] = [1.0, None, 2.0]
        for text in expressions_of_widget(widget):
            if text.startswith("SEARCH("):
                match = SEARCH.fullmatch(text)
                documented = subject.catalogue.get(match["metric"]) if match else None
                if documented is None or match["namespace"] != NAMESPACE:
                    yield f"{title}: cannot read {text}, or its metric is not in docs/METRICS.md"
                    continue
                if frozenset(match["dimensions"].split(",")) not in documented.sets:
                    yield f"{title}: {match['metric']} has no dimensions {match['dimensions']}"
                if f'Stage="{STAGE}"' not in match["filters"].split():
                    yield f"{title}: searches through every stage"
                if match["stat"] not in STATISTICS:
                    yield f"{title}: {match['stat']} is no statistic"
            else:
                Math(series, {"result": text}, 3).series("result")


# ---------------------------------------------------------------- alarms


@rule(("no description", lambda s: properties_of(s, "DeadlinePassed").pop("AlarmDescription")),
      ("a description without its runbook", changed("DeadlinePassed", AlarmDescription="Do something.")),
      ("the runbook alone", changed("DeadlinePassed", AlarmDescription={"Fn::Sub": "Runbook: ${RunbookBaseUrl}/deadline-passed.md"})),
      ("another alarm's runbook", changed(
          "DeadlinePassed", AlarmDescription={"Fn::Sub": "Write to the data subject today. Runbook: ${RunbookBaseUrl}/undelivered.md"})),
      ("a page that is not there", lambda s: s.runbooks.pop("deadline-passed.md")),
      ("a page that the index does not list", lambda s: s.runbooks.update(
          {"README.md": s.runbooks["README.md"].replace("deadline-passed.md", "x.md")})),
      ("a page of no alarm", lambda s: s.runbooks.update({"nothing.md": "# Nothing"})),
      ("a page that does not name its alarm", lambda s: s.runbooks.update({"deadline-passed.md": "# Something"})))
def every_alarm_says_what_to_do_and_names_its_runbook(subject):
    pages = set()
    for name, (properties, _) in {**subject.alarms(), **subject.composites()}.items():
        description = properties.get("AlarmDescription", "")
        alarm = kebab(properties["AlarmName"])
        match = re.fullmatch(r"(.+) Runbook: docs/runbooks/([a-z-]+\.md|README\.md)", description, re.DOTALL)
        if not match or len(match[1]) < 40:
            yield f"{name}: its description needs the first step, then `Runbook: ` and its page"
            continue
        page = "README.md" if name in subject.composites() else "vendor-errors.md" if alarm.startswith("vendor-errors-") else f"{alarm}.md"
        if match[2] != page:
            yield f"{name}: its runbook is {page}, not {match[2]}"
        if page not in subject.runbooks:
            yield f"{name}: docs/runbooks/{page} is missing"
        elif page.removesuffix(".md") not in subject.runbooks[page] and page != "README.md":
            yield f"docs/runbooks/{page} does not name its alarm"
        if f"({page})" not in subject.runbooks.get("README.md", "") and page != "README.md":
            yield f"docs/runbooks/README.md does not link {page}"
        pages.add(page)
    for page in sorted(set(subject.runbooks) - pages):
        yield f"docs/runbooks/{page}: no alarm names it"


# They must not hide behind another alarm that keeps their composite red, so each sends a message of its own.
NEVER_HIDDEN = {"DeadlinePassed", "VerificationFailed", "StrangersListed", "EventChainBroken", "ReceiptDiffers"}


@rule(("an alarm that notifies by itself", changed("DeadlineAtRisk", AlarmActions=[{"Ref": "LegalRiskTopic"}])),
      ("a passed deadline that stays silent", lambda s: properties_of(s, "DeadlinePassed").pop("AlarmActions")),
      ("strangers in a rule that hide behind another alarm", lambda s: properties_of(s, "StrangersListed").pop("AlarmActions")),
      ("a receipt that differs and hides behind another alarm", lambda s: properties_of(s, "ReceiptDiffers").pop("AlarmActions")),
      ("a broken chain that notifies the other topic", changed("EventChainBroken", OKActions=[{"Ref": "PlatformHealthTopic"}])),
      ("a composite that does not notify", lambda s: properties_of(s, "LegalRisk").pop("AlarmActions")),
      ("a composite that is silent about the end", lambda s: properties_of(s, "LegalRisk").pop("OKActions")),
      ("a composite that notifies the other topic", changed("LegalRisk", AlarmActions=[{"Ref": "PlatformHealthTopic"}])),
      ("actions that are off", changed("LegalRisk", ActionsEnabled=False)))
def the_composites_notify_each_its_own_topic_and_so_do_the_alarms_that_must_not_hide(subject):
    legal = next(composite.name for name, (_, composite) in subject.composites().items() if name == "LegalRisk")
    for name, (properties, _) in subject.alarms().items():
        for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            told = name in NEVER_HIDDEN and key != "InsufficientDataActions"
            wanted = [f"arn:aws:sns:eu-central-1:123456789012:{legal}"] if told else []
            if properties.get(key, []) != wanted:
                yield f"{name}: {key} are {properties.get(key, [])}"
    for name, (properties, composite) in subject.composites().items():
        topic = f"arn:aws:sns:eu-central-1:123456789012:{composite.name}"
        for key in ("AlarmActions", "OKActions"):
            if properties.get(key) != [topic]:
                yield f"{name}: {key} are {properties.get(key)}"
        if properties.get("ActionsEnabled", True) not in (True, "true"):
            yield f"{name}: its actions are off"


@rule(("an alarm in no composite", lambda s: plant_in_rule(s, "LegalRisk", 'ALARM("${DeadlinePassed}") OR', "")),
      ("an alarm about strangers in no composite", lambda s: plant_in_rule(s, "LegalRisk", 'ALARM("${StrangersListed}") OR', "")),
      ("a differing receipt that no engineer hears of", lambda s: plant_in_rule(s, "PlatformHealth", 'ALARM("${ReceiptDiffers}") OR', "")),
      ("a composite of an alarm that does not exist", lambda s: plant_in_rule(s, "LegalRisk", "${DeadlinePassed}", "rightful-local-nothing")),
      ("a composite that waits for a second alarm", lambda s: plant_in_rule(
          s, "LegalRisk", 'ALARM("${DeadlinePassed}") OR', 'ALARM("${DeadlinePassed}") AND')),
      ("a composite of OK alarms", lambda s: plant_in_rule(s, "LegalRisk", 'ALARM("${DeadlinePassed}")', 'OK("${DeadlinePassed}")')),
      ("a rule that cannot be read", lambda s: plant_in_rule(s, "LegalRisk", "OR", "OTHERWISE")),
      ("an alarm of the other composite", lambda s: plant_in_rule(s, "LegalRisk", "${DeadlinePassed}", "${Undelivered}")))
def every_alarm_fires_its_composites_and_they_clear(subject):
    wanted = life.scenarios(subject.connectors)
    alarms = {alarm.name for _, alarm in subject.alarms().values()}
    composites = {composite.name: composite for _, composite in subject.composites().values()}
    for composite in composites.values():
        for child in composite.children:
            if child not in alarms:
                yield f"{composite.name}: there is no alarm {child}"
        if composite.state({}) != OK:
            yield f"{composite.name}: fires while every alarm is OK"
        if len(composite.rule) > 10_240 or len(composite.children) > 100:
            yield f"{composite.name}: CloudWatch takes 10,240 characters and 100 alarms"
    for name in sorted(alarms):
        fired = {kebab(composite.name) for composite in composites.values() if composite.state({name: ALARM}) == ALARM}
        expected = wanted[kebab(name)].composites if kebab(name) in wanted else set()
        if fired != expected:
            yield f"{name}: fires {', '.join(sorted(fired)) or 'no composite'}, and should fire {', '.join(sorted(expected)) or 'none'}"


def plant_in_rule(subject: Subject, name: str, old: str, new: str) -> None:
    rule = properties_of(subject, name)["AlarmRule"]
    # A rule with a condition consists of joined parts.
    part = rule if "Fn::Sub" in rule else next(part for part in rule["Fn::Join"][1] if "Fn::Sub" in part)
    if old not in part["Fn::Sub"]:
        raise AssertionError(f"no {old!r} in the rule to plant a fault in")
    part["Fn::Sub"] = part["Fn::Sub"].replace(old, new, 1)


@rule(("a connector without its alarm", lambda s: s.connectors.add("newvendor")),
      ("a vendor's alarm without its connector", lambda s: s.connectors.discard("inhouse")))
def every_connector_has_its_alarm(subject):
    watched = {kebab(alarm.name).removeprefix("vendor-errors-") for _, alarm in subject.alarms().values() if "vendor-errors-" in alarm.name}
    for connector in sorted(subject.connectors ^ watched):
        yield f"{connector}: only one of a folder in functions/lib/connectors/definitions and an alarm vendor-errors-{connector}"


@rule(("a period of 45 seconds", changed("DeadlinePassed", Period=45)),
      ("a window of two days in short periods", changed("DeadlinePassed", EvaluationPeriods=600)),
      ("a window of eight days", changed("SyntheticSilent", EvaluationPeriods=33)),
      ("more data points than periods", changed("DeadlinePassed", DatapointsToAlarm=2)),
      ("missing data without a treatment", lambda s: properties_of(s, "DeadlinePassed").pop("TreatMissingData")),
      ("eleven metrics", lambda s: properties_of(s, "FunctionsFailing")["Metrics"].extend(
          {**copy.deepcopy(properties_of(s, "FunctionsFailing")["Metrics"][-1]), "Id": f"more{index}"} for index in range(3))),
      ("two results", lambda s: properties_of(s, "ExecutionsFailed")["Metrics"][1].update(ReturnData=True)),
      ("a search", lambda s: properties_of(s, "ExecutionsFailed")["Metrics"][0].update(Expression="SUM(SEARCH('x', 'Sum', 300))")),
      ("different periods", lambda s: properties_of(s, "ExecutionsFailed")["Metrics"][1]["MetricStat"].update(Period=60)),
      ("a metric that nothing uses", lambda s: properties_of(s, "VendorErrorsQualifio")["Metrics"][0].update(Expression="errors")),
      ("a description that is too long", changed("DeadlinePassed", AlarmDescription="x" * 1_025)),
      ("two alarms of one name", changed("DeadlinePassed", AlarmName={"Fn::Sub": "rightful-${Stage}-undelivered"})))
def every_alarm_keeps_to_the_limits_of_CloudWatch(subject):
    names = set()
    for name, (properties, alarm) in subject.alarms().items():
        yield from (f"{name}: {complaint}" for complaint in over_limits(properties, alarm))
        if alarm.name in names:
            yield f"{name}: the name {alarm.name} twice"
        names.add(alarm.name)
        pascal = "".join(part.capitalize() for part in kebab(alarm.name).split("-"))
        if pascal != name:
            yield f"{name}: is called {alarm.name}"
    for name, (properties, composite) in subject.composites().items():
        if composite.name in names or len(properties.get("AlarmDescription", "")) > 1_024:
            yield f"{name}: its name is another alarm's, or its description too long"


@rule(("alarms for a synthetic request that does not exist", lambda s: s.template["Resources"]["SyntheticFailed"].pop("Condition")))
def without_a_synthetic_request_nothing_waits_for_one(subject):
    made = cloudformation.Template(subject.template, {**PARAMETERS, "SyntheticEnabled": "false"})
    left = [name for name in made.resources if name.startswith("Synthetic")]
    if left:
        yield f"still made: {', '.join(left)}"
    alarms = {properties["AlarmName"] for properties in made.of_type("AWS::CloudWatch::Alarm").values()}
    for properties in made.of_type("AWS::CloudWatch::CompositeAlarm").values():
        for child in Composite(properties).children:
            if child not in alarms:
                yield f"{properties['AlarmName']}: there is no alarm {child}"
    (dashboard,) = made.of_type("AWS::CloudWatch::Dashboard").values()
    json.loads(dashboard["DashboardBody"])


@rule(("an unconditional subscription", lambda s: s.template["Resources"]["LegalRiskSubscription"].pop("Condition")),
      ("the engineer's subscription to legal risks", changed("PlatformHealthSubscription", TopicArn={"Ref": "LegalRiskTopic"})),
      ("a topic that anybody may publish to", lambda s: properties_of(s, "LegalRiskTopicPolicy")["PolicyDocument"]["Statement"][0].pop("Condition")))
def the_topics_reach_their_people_and_nobody_else_writes_to_them(subject):
    given = cloudformation.Template(subject.template, {
        **PARAMETERS, "PrivacyOfficerEmail": "officer@example.com", "PlatformEngineerEmail": "engineer@example.com"})
    heard = {(one["TopicArn"].rsplit(":", 1)[-1], one["Endpoint"]) for one in given.of_type("AWS::SNS::Subscription").values()}
    if heard != {(f"rightful-{STAGE}-legal-risk", "officer@example.com"), (f"rightful-{STAGE}-platform-health", "engineer@example.com")}:
        yield f"subscriptions: {sorted(heard)}"
    if subject.made().of_type("AWS::SNS::Subscription"):
        yield "subscriptions of nobody"
    topics = set()
    for policy in subject.made().of_type("AWS::SNS::TopicPolicy").values():
        topics |= set(policy["Topics"])
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow" and (statement["Principal"] != {"Service": "cloudwatch.amazonaws.com"}
                                                   or "aws:SourceAccount" not in json.dumps(statement.get("Condition", {}))):
                yield f"{statement['Sid']}: lets more than this account's alarms publish"
    if len(topics) != 2:
        yield "a topic without a policy"


@rule(("a superfluous parameter", lambda s: nested(s)["Parameters"].update(Colour="red")),
      ("a parameter that is not given", lambda s: nested(s)["Parameters"].pop("WebhookApiId")))
def template_yaml_gives_the_nested_stack_its_parameters(subject):
    given = set(nested(subject).get("Parameters", {}))
    declared = subject.template["Parameters"]
    needed = {name for name, parameter in declared.items() if "Default" not in parameter}
    if unknown := given - set(declared):
        yield f"not declared: {', '.join(sorted(unknown))}"
    if missing := (needed | {"SyntheticEnabled", "PrivacyOfficerEmail", "PlatformEngineerEmail", "EncryptionKeyArn", "RunbookBaseUrl"}) - given:
        yield f"not given: {', '.join(sorted(missing))}"
    if nested(subject)["TemplateURL"] != "infra/observability/template.yaml":
        yield f"TemplateURL {nested(subject)['TemplateURL']}"


def nested(subject: Subject) -> dict:
    if "Observability" not in subject.main["Resources"]:
        raise cloudformation.Unresolved("template.yaml has no nested stack Observability")
    return subject.main["Resources"]["Observability"]["Properties"]


# ---------------------------------------------------------------- alarms, evaluated


def world_of(subject: Subject) -> life.World:
    shapes = {name: (row.unit, [sorted(names) for names in row.sets]) for name, row in subject.catalogue.items()}
    lines: dict[str, dict] = {}
    for line in subject.emitted:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                lines.setdefault(metric["Name"], line)
    return life.World(shapes, subject.connectors, lines)


def seconds(value: int) -> str:
    sign, value = "-" if value < 0 else "", abs(value)
    return f"{sign}{value // HOUR}:{value % HOUR // MINUTE:02}:{value % MINUTE:02}"


def unlike(alarm: Alarm, world: life.World, cause: life.Cause, hour: int, fires: tuple[int, int] | None, clears: tuple[int, int]) -> Iterator[str]:
    """Differences of an alarm's states from OK, ALARM at its time, and OK at its time; or from OK if `fires` is None."""
    begins = life.MIDNIGHT + hour
    ends = begins + cause.lasts
    wanted = {(query.namespace, query.metric) for query in alarm.queries.values()}
    last = ends + clears[1] + HOUR
    # Without FILL, and for a single metric, FILL's behaviour does not matter.
    for reading in READINGS if "FILL" in "".join(alarm.expressions.values()) else READINGS[:2]:
        # A metric written once a day must be written once before.
        first = begins - (26 * HOUR if alarm.period >= HOUR else 2 * HOUR)
        metrics = world.metrics(wanted, first - (alarm.periods + reading.extra) * alarm.period, last, cause, begins)
        changes = alarm.history(metrics, first, last, reading)
        if not changes or changes[0][1] != OK or changes[0][0] > begins:
            yield f"it is not OK before ({reading})"
            continue
        changes.pop(0)
        if fires is None:
            for at, state in changes:
                if state == ALARM:
                    yield f"it fires after {seconds(at - begins)} ({reading})"
            continue
        said = ", ".join(f"{state} after {seconds(at - begins)}" for at, state in changes) or "no change"
        expected = f"({reading}: {said}; the cause lasts {seconds(cause.lasts)})"
        if [state for _, state in changes] != [ALARM, OK]:
            yield f"it does not fire and clear once {expected}"
        elif not fires[0] <= changes[0][0] - begins <= fires[1]:
            yield f"it does not fire between {seconds(fires[0])} and {seconds(fires[1])} {expected}"
        elif not clears[0] <= changes[1][0] - ends <= clears[1]:
            yield f"it does not clear between {seconds(clears[0])} and {seconds(clears[1])} after the cause {expected}"


def unlike_its_scenario(alarm: Alarm, world: life.World, scenario: life.Scenario) -> Iterator[str]:
    yield from unlike(alarm, world, scenario.cause, scenario.hour, scenario.fires, scenario.clears)
    for what, (cause, fires, clears) in scenario.also.items():
        yield from (f"{what}: {complaint}" for complaint in unlike(alarm, world, cause, scenario.hour, fires, clears))
    for what, cause in scenario.near.items():
        yield from (f"{what}: {complaint}" for complaint in unlike(alarm, world, cause, scenario.hour, None, scenario.clears))


def scenarios_and_alarms_differ(subject: Subject) -> list[str]:
    alarms = {kebab(alarm.name) for _, alarm in subject.alarms().values()}
    return [f"only one of an alarm and a scenario: {name}" for name in sorted(alarms ^ set(life.scenarios(subject.connectors)))]


def fires_on_a_normal_day(alarm: Alarm, world: life.World) -> Iterator[str]:
    yield from unlike(alarm, world, life.Cause(2 * DAY), 0, None, (0, 0))


def fires_on_a_new_deployment(subject: Subject) -> list[str]:
    """Alarms exist before any data: those that fire then are known, and clear with the first data."""
    world, complaints = world_of(subject), []
    for _, alarm in subject.alarms().values():
        name = kebab(alarm.name)
        wanted = {(query.namespace, query.metric) for query in alarm.queries.values()}
        begins = life.MIDNIGHT + 5 * HOUR + 1_020
        metrics = world.metrics(wanted, begins + MINUTE, begins + 2 * DAY)
        for reading in READINGS:
            changes = alarm.history(metrics, begins, begins + DAY, reading)
            states = [state for _, state in changes]
            if (ALARM in states) != (name in life.ON_A_NEW_DEPLOYMENT):
                complaints.append(f"{name}: {states} on a new deployment")
            elif ALARM in states and states != [ALARM, OK]:
                complaints.append(f"{name}: does not clear with the first data")
    return complaints


def mutations(properties: dict) -> Iterator[tuple[str, dict]]:
    """Possible faults of any alarm, which its scenario or the normal day must reveal."""
    lower = properties["ComparisonOperator"].startswith("Less")
    yield "a threshold far away", {**properties, "Threshold": float(properties["Threshold"]) * 1_000}
    yield "the comparison turned round", {**properties, "ComparisonOperator": "GreaterThanOrEqualToThreshold" if lower else "LessThanThreshold"}
    elsewhere = json.dumps(properties)
    for ours, theirs in ((f'"{STAGE}"', '"elsewhere"'), (f"rightful-{STAGE}-", "rightful-elsewhere-"), (f'"{life.API}"', '"another"')):
        elsewhere = elsewhere.replace(ours, theirs)
    yield "another stage's metrics", json.loads(elsewhere)
    if properties["TreatMissingData"] == "breaching":
        yield "missing data that is OK", {**properties, "TreatMissingData": "notBreaching"}
    elif "FILL" not in json.dumps(properties):
        shorter = {"Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1} if "Period" in properties else {}
        yield "missing data that breaches", {**properties, "TreatMissingData": "breaching", **shorter}


# ---------------------------------------------------------------- the dashboard


SECTIONS = ("legal", "flow", "vendor", "platform")


@rule(("widgets that overlap", in_body('"x": 4, "y": 4', '"x": 3, "y": 4')),
      ("a widget beyond the grid", in_body('"x": 20, "y": 4, "width": 4', '"x": 20, "y": 4, "width": 5')),
      ("a widget of no height", in_body('"height": 4', '"height": 0')),
      ("the flow before the legal clock", lambda s: (
          in_body("# Legal clock", "# Swapped")(s), in_body("# Flow", "# Legal clock")(s), in_body("# Swapped", "# Flow")(s))),
      ("no section of vendors", in_body("# Vendors", "Vendors")),
      ("a widget without a title", in_body('"title": "Overdue", ', "")),
      ("a widget of another region", in_body('"region": "${AWS::Region}"', '"region": "us-east-1"')))
def the_dashboard_is_laid_out_legal_clock_first(subject):
    taken: dict[tuple[int, int], str] = {}
    headings = []
    for widget in subject.widgets():
        x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
        title = widget["properties"].get("title") or widget["properties"].get("markdown", "").split("\n")[0]
        if not title or (widget["type"] != "text" and not widget["properties"].get("title")):
            yield f"a {widget['type']} widget at {x}, {y} without a title"
        if not (0 <= x and 0 <= y and 1 <= width and x + width <= 24 and 1 <= height <= 1_000):
            yield f"{title}: {width} by {height} at {x}, {y} does not fit into 24 columns"
        for cell in ((column, line) for column in range(x, x + width) for line in range(y, y + height)):
            if cell in taken:
                yield f"{title}: overlaps {taken[cell]}"
                break
            taken[cell] = title
        if widget["type"] == "metric" and widget["properties"].get("region") != "eu-central-1":
            yield f"{title}: is not of the stack's region"
        if widget["type"] == "text":
            headings += [(y, line[2:].lower()) for line in widget["properties"]["markdown"].split("\n") if line.startswith("# ")]
    order = [next((section for section in SECTIONS if section in text), text) for _, text in sorted(headings)]
    if order != list(SECTIONS):
        yield f"sections: {', '.join(order)}"


@rule(("a link to a runbook that does not exist", in_body("/deadline-passed.md", "/deadline-gone.md")),
      ("a saved query that does not exist", in_body("`reconcile-runs`", "`reconcile-walks`")),
      ("a saved query that is not linked", in_body("`vendor-status-unknown`, ", "")),
      ("an alarm that does not exist", in_body("alarm:rightful-${Stage}-undelivered", "alarm:rightful-${Stage}-nothing")),
      ("an alarm that is not shown", in_body(
          '"arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:rightful-${Stage}-undelivered",', "")),
      ("a runbook that is not linked", lambda s: s.template["Resources"].update(
          Late={"Type": "AWS::CloudWatch::Alarm", "Properties": {**properties_of(s, "DeadlinePassed"), "AlarmName": "rightful-local-late"}})))
def the_dashboard_links_every_runbook_query_and_alarm(subject):
    text = "\n".join(widget["properties"]["markdown"] for widget in subject.widgets() if widget["type"] == "text")
    linked = set(re.findall(r"\(docs/runbooks/([^)]+)\)", text))
    for page in sorted(linked - set(subject.runbooks)):
        yield f"docs/runbooks/{page} is missing"
    alarms = {alarm.name for _, alarm in subject.alarms().values()}
    expected = {"vendor-errors.md" if "vendor-errors-" in name else f"{kebab(name)}.md" for name in alarms}
    for page in sorted(expected - linked):
        yield f"no link to {page}"
    # A saved query has no address of its own: Logs Insights lists it by name, in the stage's folder.
    named = {name for names in re.findall(rf"folder `rightful/{STAGE}`: ((?:`[a-z-]+`(?:, )?)+)", text) for name in re.findall(r"`([a-z-]+)`", names)}
    for name in sorted(named ^ set(subject.queries())):
        yield f"only one of a saved query and its name on the dashboard: {name}"
    shown = {arn.rsplit(":", 1)[-1] for widget in subject.widgets() if widget["type"] == "alarm" for arn in widget["properties"]["alarms"]}
    for name in sorted(shown ^ (alarms | {composite.name for _, composite in subject.composites().values()})):
        yield f"only one of an alarm and its place on the dashboard: {name}"


# ---------------------------------------------------------------- saved queries


@rule(("a log group that does not exist", changed("ActsQuery", LogGroupNames=[{"Fn::Sub": "/aws/lambda/rightful-${Stage}-lost"}])),
      ("no log group", lambda s: properties_of(s, "ActsQuery").pop("LogGroupNames")),
      ("a command that does not exist", lambda s: in_query(s, "| limit 300", "| top 300")),
      ("a function that does not exist", lambda s: in_query(s, "fields @timestamp,", "fields now(),", "ActsQuery")),
      ("a text that does not end", lambda s: in_query(s, '"GET"', '"GET')),
      ("a pipe too many", lambda s: in_query(s, "| sort", "| | sort x x")),
      ("a name of another stage", lambda s: properties_of(s, "ActsQuery").update(Name="rightful/elsewhere/acts")))
def every_saved_query_can_be_read_and_names_log_groups_that_we_make(subject):
    made = subject.names("AWS::Logs::LogGroup", "LogGroupName")
    for name, query in subject.queries().items():
        if not query["Name"].startswith(f"rightful/{STAGE}/"):
            yield f"{name}: is called {query['Name']}"
        groups = query.get("LogGroupNames", [])
        if not 1 <= len(groups) <= 50:
            yield f"{name}: {len(groups)} log groups"
        for group in groups:
            if group not in made:
                yield f"{name}: template.yaml makes no log group {group}"
        insights.fields_needed(insights.parse(query["QueryString"]))


def filters_of(query: dict) -> list[insights.Command]:
    return [command for command in insights.parse(query["QueryString"]) if command.name == "filter"]


def in_query(subject: Subject, old: str, new: str, name: str = "ActsQuery") -> None:
    properties = properties_of(subject, name)
    if old not in properties["QueryString"]:
        raise AssertionError(f"no {old!r} in {name} to plant a fault in")
    properties["QueryString"] = properties["QueryString"].replace(old, new, 1)


def access_log_fields(subject: Subject) -> set[str]:
    """The fields of the API's access log, by its format."""
    settings = [resource.get("Properties", {}).get("AccessLogSettings") for resource in subject.main["Resources"].values()]
    return {name for setting in settings if setting for name in json.loads(setting["Format"])}


def access_log_line(subject: Subject, **values: str) -> dict[str, str]:
    """A line of the API's access log; a hyphen stands for a missing value."""
    (form,) = (resource["Properties"]["AccessLogSettings"]["Format"] for resource in subject.main["Resources"].values()
               if "AccessLogSettings" in resource.get("Properties", {}))
    return json.loads(re.sub(r"\$context\.([\w.]+)", lambda found: values.get(found[1], "-"), form))


def matches(pattern: str, line: dict[str, str]) -> bool:
    """Evaluates a filter pattern of equal or unequal texts, joined by `&&`, as CloudWatch Logs documents it
    (FilterAndPatternSyntaxForMetricFilters.html)."""
    inside = re.fullmatch(r"\{ (.+) \}", pattern)
    parts = [re.fullmatch(r'\(?\$\.(\w+) (=|!=) "([^"]*)"\)?', part) for part in inside[1].split(" && ")] if inside else [None]
    if None in parts:
        raise AssertionError(f"an unknown filter pattern: {pattern}")
    return all(name in line and (line[name] == value) == (sign == "=") for name, sign, value in (part.groups() for part in parts))


@rule(("a filter of every refusal", lambda s: properties_of(s, "CallsThrottledFilter").update(FilterPattern='{ $.status != "202" }')),
      ("a filter of nothing", lambda s: properties_of(s, "CallsThrottledFilter").update(FilterPattern='{ $.code = "429" }')),
      ("a filter of the operators' calls too", lambda s: properties_of(s, "CallsThrottledFilter").update(FilterPattern='{ $.status = "429" }')),
      ("a filter on another log", changed("CallsThrottledFilter", LogGroupName="/aws/lambda/rightful-local-intake")),
      ("a dimension that the line lacks", lambda s: properties_of(s, "CallsThrottledFilter")["MetricTransformations"][0].update(
          Dimensions=[{"Key": "ApiId", "Value": "$.api"}])),
      ("a log without the field", lambda s: s.main["Resources"]["WebhookStage"]["Properties"]["AccessLogSettings"].update(
          Format='{"status":"$context.status","route":"$context.routeKey"}')))
def the_filter_counts_webhooks_throttled_by_the_gateway_and_nothing_else(subject):
    groups = subject.names("AWS::Logs::LogGroup", "LogGroupName")
    for name, found in subject.made().of_type("AWS::Logs::MetricFilter").items():
        if found["LogGroupName"] not in groups or "/apis/" not in found["LogGroupName"]:
            yield f"{name}: there is no log of an API {found['LogGroupName']}"
        webhook = "POST /webhooks/{channel}"
        for route, status, counts in ((webhook, "429", True), ("-", "429", True), ("ANY /api/{proxy+}", "429", False),
                                      (webhook, "202", False), (webhook, "401", False), (webhook, "503", False)):
            line = access_log_line(subject, **{"routeKey": route, "status": status, "apiId": PARAMETERS["WebhookApiId"]})
            if matches(found["FilterPattern"], line) != counts:
                yield f"{name}: {route} with {status} {'does not count' if counts else 'counts'}"
            for one in found["MetricTransformations"][0].get("Dimensions", []):
                if line.get(one["Value"].removeprefix("$.")) != PARAMETERS["WebhookApiId"]:
                    yield f"{name}: {one['Value']} is not in the line"


@rule(("a field that no line has", lambda s: in_query(s, "actor,", "person,")),
      ("a field of another function's lines", lambda s: in_query(s, "actor,", "with_vendor,")),
      ("a field that only a filter reads", lambda s: in_query(s, 'method != "GET"', 'verb != "GET"')),
      ("a field that the API's log lacks", lambda s: in_query(s, "by route, status, error", "by route, status, failure", "ApiAnswersQuery")),
      ("a field that Step Functions lacks", lambda s: in_query(s, "execution_arn", "execution", "WorkflowEventsQuery")),
      ("a field that the source's log calls lack", lambda s: in_query(s, "aws_code", "aws_error", "AwsCallsFailedQuery")),
      needs_logs=True)
def every_field_of_a_saved_query_stands_in_lines_of_its_log_groups(subject):
    for name, query in subject.queries().items():
        known = set(insights.SYSTEM_FIELDS)
        for group in query["LogGroupNames"]:
            if group.startswith("/aws/lambda/"):
                known |= insights.LAMBDA_FIELDS | {key for event in subject.groups.get(group, []) for key in event}
                if name in RARE:
                    known |= {key for line in insights.run(filters_of(query), insights.lines_in_source(subject.rust)) for key in line}
            elif group.startswith("/aws/vendedlogs/states/"):
                known |= WORKFLOW_FIELDS
            elif group.startswith("/aws/vendedlogs/apis/"):
                known |= access_log_fields(subject)
        for missing in sorted(insights.fields_needed(insights.parse(query["QueryString"])) - known):
            yield f"{name}: no line of its log groups has {missing}"


@rule(("a filter that nothing passes", lambda s: in_query(s, 'message = "answered"', 'message = "replied"')),
      ("a filter of the wrong type", lambda s: in_query(s, '"execution ended"', "5", "ExecutionsEndedQuery")),
      ("a filter that no log call's line passes", lambda s: in_query(s, '"not brought forward"', '"left behind"', "NotBroughtForwardQuery")),
      ("an unneeded exception", lambda s: s.groups.update(
          {f"/aws/vendedlogs/apis/rightful-{STAGE}": [{"route": "GET /", "duration_ms": 1.0, "status": "200"}]})),
      needs_logs=True)
def every_saved_query_answers_something_over_real_lines(subject):
    for name, query in subject.queries().items():
        text = query["QueryString"]
        events = [event for group in query["LogGroupNames"] for event in subject.groups.get(group, [])]
        rows = insights.run(insights.parse(text), events)
        if name in RARE and not rows:
            rows = insights.run(insights.parse(text), insights.lines_in_source(subject.rust))
        if bool(rows) == (name in NO_ROWS):
            yield f"{name}: {len(rows)} rows, {NO_ROWS.get(name, 'and it should have some')}"
        if name == "one-request":
            asked_for = next((event["request_id"] for event in events if "request_id" in event), "")
            services = {row.get("service") for row in insights.run(insights.parse(text.replace("REQUEST-ID", str(asked_for))), events)}
            if len(services) < 2:
                yield f"{name}: with the id of a real request, lines of {services}"
    for name in sorted({*NO_ROWS, *RARE} - set(subject.queries())):
        yield f"{name}: an exception for a saved query that does not exist"


# ---------------------------------------------------------------- the written metrics


def line_with(subject: Subject, metric: str) -> dict:
    """A copy of a real line with the metric, in place of every line with it."""
    line = copy.deepcopy(next(line for line in subject.emitted if f'"{metric}"' in json.dumps(line["_aws"])))
    subject.emitted = [other for other in subject.emitted if f'"{metric}"' not in json.dumps(other["_aws"])] + [line]
    return line


def directive_with(subject: Subject, metric: str) -> dict:
    return next(one for one in line_with(subject, metric)["_aws"]["CloudWatchMetrics"] if metric in json.dumps(one))


@rule(("a metric that nothing wrote", lambda s: s.catalogue.update(RequestsLate=Documented("Count", (frozenset({"Stage"}),)))),
      ("a metric that is not documented", lambda s: s.catalogue.pop("VendorCalls")),
      ("a set of dimensions that nothing wrote", lambda s: s.catalogue.update(
          VendorCalls=Documented("Count", (frozenset({"Stage"}), frozenset({"Stage", "Connector"}))))),
      ("a set of dimensions that is not documented", lambda s: directive_with(s, "VendorCalls")["Dimensions"].append(["service"])),
      ("another unit", lambda s: s.catalogue.update(VendorLatency=replace(s.catalogue["VendorLatency"], unit="Seconds"))),
      ("another namespace", lambda s: directive_with(s, "VendorCalls").update(Namespace="rightful")),
      ("a line that CloudWatch cannot read", lambda s: line_with(s, "VendorCalls").pop("VendorCalls")),
      ("an id as a dimension", lambda s: line_with(s, "VendorCalls").update(Connector="01a20c78-fdc3-7124-8ca1-9355c5b3b9fe")),
      ("an address as a dimension", lambda s: line_with(s, "VendorCalls").update(Connector="ada@example.com")),
      ("an unneeded exception", lambda s: s.never_emitted.update(VendorCalls=("planted", next(iter(re.findall(r"fn (\w+)\(", s.rust)))))),
      ("an exception without its test", lambda s: (s.catalogue.update(RequestsLate=Documented("Count", (frozenset({"Stage"}),))),
                                                  s.never_emitted.update(RequestsLate=("planted", "no_such_test")))),
      needs_logs=True)
def documented_metrics_were_written_with_exactly_those_dimensions_and_no_others(subject):
    seen: dict[str, set[frozenset[str]]] = {}
    told: set[str] = set()
    for line in subject.emitted:
        try:
            data: list[Datum] = metrics_of(line)
        except Unknown as error:
            told.add(f"a line of {line.get('service')}: {error}")
            continue
        for datum in data:
            dimensions = dict(datum.dimensions)
            seen.setdefault(datum.metric, set()).add(frozenset(dimensions))
            documented = subject.catalogue.get(datum.metric)
            if documented is None or datum.namespace != NAMESPACE:
                told.add(f"{datum.namespace} {datum.metric} is not in docs/METRICS.md")
            elif frozenset(dimensions) not in documented.sets:
                told.add(f"{datum.metric} by {', '.join(sorted(dimensions))} is not in docs/METRICS.md")
            elif datum.unit != documented.unit:
                told.add(f"{datum.metric} in {datum.unit}, documented in {documented.unit}")
            for name, value in dimensions.items():
                if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", value) or re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", value):
                    told.add(f"{datum.metric}: {name} has a value outside a closed list")
    yield from sorted(told)
    for name, documented in subject.catalogue.items():
        missing = set(documented.sets) - seen.get(name, set())
        if missing and name not in subject.never_emitted:
            yield f"no function wrote {name} by {'; '.join(', '.join(sorted(names)) for names in missing)}"
    for name, (_, test) in subject.never_emitted.items():
        if name not in subject.catalogue or not set(subject.catalogue[name].sets) - seen.get(name, set()):
            yield f"{name}: an unneeded exception: it was written"
        if f"fn {test}(" not in subject.rust:
            yield f"{name}: there is no test {test}"


# ------------------------------------------------------------------------------------ running


def check_evaluation(tally: Tally) -> None:
    """Our CloudWatch against AWS's own examples."""
    tally.expect("missing data has the effect of AWS's tables", unlike_aws())
    tally.expect_complaint("the comparison with AWS's tables notices zeros for missing data", unlike_aws(
        lambda points, periods, to_alarm, treatment, before: state_of([bool(point) for point in points], periods, to_alarm, treatment, before)))
    tally.expect_complaint("the comparison with AWS's tables notices missing reads beyond the window", unlike_aws(
        lambda points, periods, to_alarm, treatment, before: state_of(points[-periods:], periods, to_alarm, treatment, before)))
    # The examples of using-metric-math.html; - is missing.
    none = None
    for text, series, expected in [
        ("IF(m1, m2, m3)", {"m1": [1, 1, 0, 0, none], "m2": [30, none, 0, 0, 30], "m3": [0, 0, 20, none, 20]}, [30, 0, 20, none, none]),
        ("IF(m1, 5, m3)", {"m1": [1, 1, 0, 0, none], "m3": [0, 0, 20, none, 20]}, [5, 5, 20, none, none]),
        ("IF(m1, m2, 5)", {"m1": [1, 1, 0, 0, none], "m2": [30, none, 0, 0, 30]}, [30, 0, 5, 5, none]),
        ("m1 < m2", {"m1": [30, 20, 0, 0], "m2": [20, none, 20, none]}, [0, 0, 1, 0]),
        ("m1 >= 30", {"m1": [30, 20, 0, 0]}, [1, 0, 0, 0]),
        ("m1 > 15 AND m2 > 15", {"m1": [30, 20, 0, 0], "m2": [20, none, 20, none]}, [1, 0, 0, 0]),
        ("100 * m1 / m2", {"m1": [1, 3, none], "m2": [4, 0, 2]}, [25, none, 0]),
        ("SUM(FILL(METRICS(), 0))", {"m1": [1, none], "m2": [none, none]}, [1, 0]),
        ("SUM([m1, m2])", {"m1": [1, none], "m2": [none, none]}, [1, none]),
    ]:
        floats = {name: [none if item is none else float(item) for item in values] for name, values in series.items()}
        answer = Math(floats, {"e": text}, len(expected)).series("e")
        tally.expect(f"metric math: {text}", [] if answer == expected else [f"{answer}, not {expected}"])
    for text in ("SUM(m1)", "MAX(m1)", "ANOMALY_DETECTION_BAND(m1)", "m1 +", "m9", "RATE(m1)", "1", "METRICS()"):
        try:
            Math({"m1": [1.0]}, {"e": text}, 1).series("e")
            refused = []
        except Unknown as error:
            refused = [str(error)]
        tally.expect_complaint(f"metric math: {text} is refused by name", refused)


def check_queries(tally: Tally) -> None:
    """Our Logs Insights against lines with a known answer."""
    lines = [json.dumps({"timestamp": f"2026-11-24T08:0{index}:00.000Z", "level": level, "n": index, "a": {"b": [index]}, "ok": index > 1})
             for index, level in enumerate(("INFO", "WARN", "WARN"))]
    lines.append("REPORT RequestId: r Duration: 58.5 ms\tBilled Duration: 59 ms\tMemory Size: 256 MB\tMax Memory Used: 30 MB\t"
                 "Init Duration: 20.5 ms")
    events = [insights.event(line, "g") for line in lines]
    for text, expected in [
        ('filter level = "WARN" | stats count(*) as times, max(n) as most by level', [{"level": "WARN", "times": 2, "most": 2.0}]),
        ("filter a.b.0 >= 1 | sort n desc | limit 1 | display n", [{"n": 2}]),
        ('filter level like /^I/ or level in ["X"] | fields n + 1 as next | display next', [{"next": 1.0}]),
        ('filter not ispresent(n) and @type = "REPORT" | fields @billedDuration / 1000 as s | display s', [{"s": 0.059}]),
        ('parse @message "RequestId: * Duration" as id | filter ispresent(id) | display id', [{"id": "r"}]),
        ("parse @message /Size: (?<size>\\d+)/ | filter ispresent(size) | display size", [{"size": "256"}]),
        ("filter ispresent(level) | dedup level | stats count(*)", [{"count(*)": 2}]),
        ("filter ispresent(n) | stats latest(n) as last by bin(1h)", [{"bin(1h)": 1795507200000.0, "last": 2}]),
        ('filter level != "INFO" and ispresent(n) | stats sum(n) / count(*) as mean', [{"mean": 1.5}]),
        ("filter n = 5", []),
    ]:
        answer = insights.run(insights.parse(text), events)
        tally.expect(f"query: {text}", [] if answer == expected else [f"{answer}, not {expected}"])
    for text in ("", "fields", "filter n ==", "filter (n = 1", "stats n by x", "stats count(*) | filter n = 1", "limit 0", "sort n upwards",
                 "fields nosuch(n)", "unnest n", 'parse @message "a * b *" as x', "display n | filter n = 1", 'filter n like 5'):
        try:
            insights.fields_needed(insights.parse(text))
            refused = []
        except insights.Refused as error:
            refused = [str(error)]
        tally.expect_complaint(f"query: {text!r} is refused", refused)


def check_alarms(tally: Tally, subject: Subject) -> None:
    try:
        alarms = subject.alarms()
    except (Unknown, cloudformation.Unresolved) as error:
        tally.expect("alarms can be evaluated", [str(error)])
        return
    tally.expect("every alarm has a scenario, and every scenario an alarm", scenarios_and_alarms_differ(subject))
    planted = copy.deepcopy(subject)
    planted.template["Resources"].pop("DeadlinePassed")
    for properties in (properties_of(planted, name) for name in ("LegalRisk", "PlatformHealth")):
        properties["AlarmRule"] = "FALSE"
    tally.expect_complaint("the comparison of scenarios and alarms notices a missing alarm", scenarios_and_alarms_differ(planted))

    world, wanted = world_of(subject), life.scenarios(subject.connectors)
    for properties, alarm in alarms.values():
        name = kebab(alarm.name)
        if name not in wanted:
            continue
        try:
            tally.expect(f"{name} fires and clears at its time, and not for a lesser cause", list(unlike_its_scenario(alarm, world, wanted[name])))
            tally.expect(f"{name} does not fire on a normal day", list(fires_on_a_normal_day(alarm, world)))
        except (Unknown, KeyError) as error:
            tally.expect(f"{name} can be evaluated", [str(error)])
            continue
        for what, changed_properties in mutations(properties):
            mutated = Alarm(changed_properties)
            told = itertools.chain(unlike_its_scenario(mutated, world, wanted[name]), fires_on_a_normal_day(mutated, world))
            tally.expect_complaint(f"{name}: its scenario reveals {what}", list(itertools.islice(told, 1)))
    tally.expect("on a new deployment only alarms that wait for first data fire, and they clear", fires_on_a_new_deployment(subject))


def print_table(subject: Subject) -> None:
    """Each alarm's observed behaviour, under the reading of AWS's own tables."""
    world, wanted = world_of(subject), life.scenarios(subject.connectors)
    print("| alarm | notifies | fires | clears | also tested | does not fire when |\n|---|---|---|---|---|---|")
    for _, alarm in subject.alarms().values():
        scenario = wanted[kebab(alarm.name)]
        begins = life.MIDNIGHT + scenario.hour
        ends, first = begins + scenario.cause.lasts, begins - 26 * HOUR
        last = ends + scenario.clears[1] + HOUR
        metrics = world.metrics({(query.namespace, query.metric) for query in alarm.queries.values()}, first - 9 * alarm.periods * alarm.period,
                                last, scenario.cause, begins)
        changes = dict((state, at) for at, state in alarm.history(metrics, first, last, READINGS[1]))
        print(f"| {kebab(alarm.name)} | {', '.join(sorted(scenario.composites))} | {seconds(changes[ALARM] - begins)} after it begins "
              f"| {seconds(changes[OK] - ends)} after it ends | {'; '.join(scenario.also) or '–'} | {'; '.join(['a normal day', *scenario.near])} |")


def main(arguments: list[str]) -> int:
    if arguments not in (["static"], ["table"]) and not (len(arguments) == 2 and arguments[0] == "all"):
        print(__doc__, file=sys.stderr)
        return 2
    if arguments == ["table"]:
        print_table(read_subject(None))
        return 0
    logs = Path(arguments[1]) if arguments[0] == "all" else None
    subject, tally = read_subject(logs), Tally()
    check_evaluation(tally)
    check_queries(tally)
    for found in RULES:
        if found.needs_logs and logs is None:
            continue
        before = complaints_of(found.check, subject)
        tally.expect(found.name, before)
        for fault, plant in found.faults:
            planted = copy.deepcopy(subject)
            try:
                plant(planted)
            except (AssertionError, KeyError, StopIteration, cloudformation.Unresolved) as error:
                tally.expect(f"{found.name}: {fault} can be planted", [f"{type(error).__name__}: {error}"])
                continue
            told = [complaint for complaint in complaints_of(found.check, planted) if complaint not in before]
            tally.expect_complaint(f"{found.name}: notices {fault}", told)
    check_alarms(tally, subject)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
