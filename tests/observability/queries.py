"""Saved queries, and the filter on the API's log: each reads fields that its log groups have, and answers something over real lines."""

from __future__ import annotations

import json
import re

import insights
from exceptions import NO_ROWS, RARE
from faults import changed, properties_of, rule
from scenarios import STAGE
from subject import PARAMETERS, Subject

# The fields of an execution's history in Step Functions' log group.
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
WORKFLOW_FIELDS = {"id", "type", "previous_event_id", "event_timestamp", "execution_arn", "redrive_count"}


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
