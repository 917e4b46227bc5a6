"""The metrics that alarms and widgets request: each exists, with exactly those dimensions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudwatch import STATISTICS, Query, statistic
from faults import changed, dimensions_of, in_body, properties_of, rule
from metric_math import Math, Unknown
from scenarios import NAMESPACE, STAGE
from subject import PARAMETERS, Subject

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

# Alarms about a single function: name -> the end of its name.
ABOUT_ONE = {"DeliveriesThrottled": "-intake"}


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
    filtered = subject.filtered()
    for where, query in asked(subject):
        if query.namespace.startswith("AWS/"):
            continue
        documented = subject.catalogue.get(query.metric)
        dimensions = dict(query.dimensions)
        if (query.namespace, query.metric) in filtered:
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
