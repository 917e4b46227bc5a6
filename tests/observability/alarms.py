"""Alarms, composites and topics: what each says, whom it notifies, and CloudWatch's limits."""

from __future__ import annotations

import copy
import json
import re

import cloudformation
import scenarios as life
from cloudwatch import ALARM, OK, Composite, over_limits
from faults import changed, properties_of, rule
from scenarios import STAGE
from subject import PARAMETERS, Subject, kebab


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


# Another alarm may already keep their composite red, so each of these also sends a message of its own.
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
