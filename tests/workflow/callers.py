"""Rules for the callers of the functions (the API, the rule, the schedules) and for failed calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rules import rule
from template import (ended_rule, functions, grant, properties_of, queue, role_statements, shared_variables, statements, synthetic_schedule,
                      synthetic_target, take)


@rule("template",
      ("the address", lambda t: t["Resources"]["WebhookStage"]["Properties"]["AccessLogSettings"].update(Format='{"ip":"$context.identity.sourceIp"}')),
      ("the path", lambda t: t["Resources"]["WebhookStage"]["Properties"]["AccessLogSettings"].update(Format='{"p":"$context.path"}')),
      ("no throttling", lambda t: t["Resources"]["WebhookStage"]["Properties"].pop("DefaultRouteSettings")))
def the_access_log_tells_no_address_path_query_or_body(template):
    allowed = {"$context.apiId", "$context.requestTime", "$context.requestId", "$context.routeKey", "$context.status",
               "$context.responseLatency", "$context.integrationStatus", "$context.error.responseType"}
    properties = template["Resources"]["WebhookStage"]["Properties"]
    for found in re.findall(r"\$[\w.]+", properties["AccessLogSettings"]["Format"]):
        if found not in allowed:
            yield found
    if not properties.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit"):
        yield "no throttling"


def route(template: dict, key: str) -> dict:
    return next(found["Properties"] for found in template["Resources"].values()
                if found["Type"] == "AWS::ApiGatewayV2::Route" and found["Properties"]["RouteKey"] == key)


CONSOLE_ROUTE = "ANY /api/{proxy+}"
# The function itself checks who is signed in on a page.
PAGES_ROUTES = ("ANY /console/{proxy+}", "GET /console")


@rule("template",
      ("an API open to all", lambda t: route(t, CONSOLE_ROUTE).update(AuthorizationType="NONE")),
      ("another way in", lambda t: t["Resources"].update(Planted={"Type": "AWS::ApiGatewayV2::Route", "Properties": {
          "RouteKey": "$default", "AuthorizationType": "NONE", "Target": {"Fn::Sub": "integrations/${ConsoleIntegration}"}}})),
      ("the API by the webhooks' function", lambda t: route(t, CONSOLE_ROUTE).update(Target={"Fn::Sub": "integrations/${IntakeIntegration}"})),
      ("no permission", lambda t: t["Resources"].pop("ConsolePermission")),
      ("no permission for pages", lambda t: t["Resources"].pop("PagesPermission")),
      ("a permission for every route", lambda t: t["Resources"]["ConsolePermission"]["Properties"].update(
          SourceArn={"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebhookApi}/*"})),
      ("a function that outlives its call", lambda t: t["Resources"]["ConsoleFunction"]["Properties"].update(Timeout=60)))
def the_operators_api_is_called_by_IAM_alone_and_webhooks_by_anybody(template):
    routes = {found["Properties"]["RouteKey"]: (found["Properties"].get("AuthorizationType"), found["Properties"]["Target"])
              for found in template["Resources"].values() if found["Type"] == "AWS::ApiGatewayV2::Route"}
    wanted = {"POST /webhooks/{channel}": ("NONE", {"Fn::Sub": "integrations/${IntakeIntegration}"}),
              CONSOLE_ROUTE: ("AWS_IAM", {"Fn::Sub": "integrations/${ConsoleIntegration}"}),
              **{pages: ("NONE", {"Fn::Sub": "integrations/${ConsoleIntegration}"}) for pages in PAGES_ROUTES}}
    if routes != wanted:
        yield f"routes: {routes}"
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebhookApi}"
    allowed = {(found["Properties"]["FunctionName"]["Ref"], found["Properties"]["SourceArn"]["Fn::Sub"])
               for found in template["Resources"].values()
               if found["Type"] == "AWS::Lambda::Permission" and found["Properties"]["Principal"] == "apigateway.amazonaws.com"}
    if allowed != {("IntakeFunction.Alias", f"{api}/*/POST/webhooks/{{channel}}"),
                   *(("ConsoleFunction.Alias", f"{api}/*/{path}") for path in ("*/api/{proxy+}", "*/console/{proxy+}", "GET/console"))}:
        yield f"permissions: {allowed}"
    for name in ("Intake", "Console"):
        waits = template["Resources"][f"{name}Integration"]["Properties"]["TimeoutInMillis"]
        if template["Resources"][f"{name}Function"]["Properties"]["Timeout"] * 1000 >= waits:
            yield f"{name}: the API gives up first"


def route_settings(template: dict) -> dict:
    return template["Resources"]["WebhookStage"]["Properties"]["RouteSettings"]


@rule("template",
      ("no settings of the routes", lambda t: t["Resources"]["WebhookStage"]["Properties"].pop("RouteSettings")),
      ("the API as often as webhooks", lambda t: route_settings(t)[CONSOLE_ROUTE].update(ThrottlingRateLimit={"Ref": "WebhookRateLimit"})),
      ("no bound on webhooks at once", lambda t: route_settings(t)["POST /webhooks/{channel}"].pop("ThrottlingBurstLimit")),
      ("a route too few", lambda t: route_settings(t).pop(CONSOLE_ROUTE)),
      ("settings before their routes", lambda t: t["Resources"]["WebhookStage"].pop("DependsOn")),
      ("nothing let in", lambda t: t["Parameters"]["ApiRateLimit"].update(MinValue=0)))
def every_route_is_throttled_by_a_parameter_of_its_own(template):
    limits = {"POST /webhooks/{channel}": "WebhookRateLimit", CONSOLE_ROUTE: "ApiRateLimit",
              **dict.fromkeys(PAGES_ROUTES, "PageRateLimit")}
    wanted = {key: {"ThrottlingBurstLimit": {"Ref": limit}, "ThrottlingRateLimit": {"Ref": limit}} for key, limit in limits.items()}
    stage = template["Resources"]["WebhookStage"]
    routes = {name: found["Properties"]["RouteKey"] for name, found in template["Resources"].items() if found["Type"] == "AWS::ApiGatewayV2::Route"}
    if stage["Properties"].get("RouteSettings") != wanted or set(routes.values()) != set(wanted):
        yield "settings"
    if set(stage.get("DependsOn", [])) != set(routes):
        yield "order"
    if any(template["Parameters"][limit]["MinValue"] < 1 for limit in limits.values()):
        yield "a limit of nothing"


def ended_detail(template: dict) -> dict:
    return ended_rule(template)["EventPattern"]["detail"]


def planted_target(template: dict) -> None:
    ended_rule(template)["Targets"][0]["Arn"] = {"Ref": "CloseFunction.Alias"}


@rule("template",
      ("no rule", lambda t: t["Resources"].pop("ExecutionEndedRule")),
      ("a rule that is off", lambda t: ended_rule(t).update(State="DISABLED")),
      ("a status too few", lambda t: ended_detail(t)["status"].remove("TIMED_OUT")),
      ("a status too many", lambda t: ended_detail(t)["status"].append("SUCCEEDED")),
      ("a machine too few", lambda t: ended_detail(t)["stateMachineArn"].pop()),
      ("any machine", lambda t: ended_detail(t).pop("stateMachineArn")),
      ("another narrowing", lambda t: ended_detail(t).update(name=[{"prefix": "a"}])),
      ("another's event", lambda t: ended_rule(t)["EventPattern"].update(source=["aws.batch"])),
      ("another target", planted_target),
      ("a rewritten event", lambda t: ended_rule(t)["Targets"][0].update(InputPath="$.detail.cause")),
      ("no bound on repetitions", lambda t: ended_rule(t)["Targets"][0].pop("RetryPolicy")),
      ("no permission", lambda t: t["Resources"].pop("ExecutionEndedPermission")),
      ("a permission for every rule", lambda t: t["Resources"]["ExecutionEndedPermission"]["Properties"].pop("SourceArn")),
      ("a permission for another", lambda t: t["Resources"]["ExecutionEndedPermission"]["Properties"].update(Principal="sns.amazonaws.com")))
def reconcile_hears_of_every_execution_that_did_not_succeed(template):
    rules = {name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Events::Rule"}
    machines = {json.dumps({"Ref": name}) for name, resource in template["Resources"].items()
                if resource["Type"] == "AWS::Serverless::StateMachine"}
    if len(rules) != 1:
        yield f"rules: {', '.join(rules) or 'none'}"
    for name, properties in rules.items():
        pattern = properties.get("EventPattern", {})
        detail = pattern.get("detail", {})
        if properties.get("State", "ENABLED") != "ENABLED" or set(pattern) != {"source", "detail-type", "detail"} \
                or pattern["source"] != ["aws.states"] or pattern["detail-type"] != ["Step Functions Execution Status Change"]:
            yield f"{name}: pattern"
        if set(detail) != {"status", "stateMachineArn"} or sorted(detail.get("status", [])) != ["ABORTED", "FAILED", "TIMED_OUT"]:
            yield f"{name}: statuses"
        if {json.dumps(arn) for arn in detail.get("stateMachineArn", [])} != machines:
            yield f"{name}: machines"
        targets = properties.get("Targets", [])
        if [target.get("Arn") for target in targets] != [{"Ref": "ReconcileFunction.Alias"}] \
                or any(set(target) != {"Id", "Arn", "RetryPolicy", "DeadLetterConfig"} for target in targets):
            yield f"{name}: targets"
        allowed = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "ReconcileFunction.Alias"},
                   "Principal": "events.amazonaws.com", "SourceArn": {"Fn::GetAtt": [name, "Arn"]}}
        if not any(resource["Type"] == "AWS::Lambda::Permission" and resource["Properties"] == allowed
                   for resource in template["Resources"].values()):
            yield f"{name}: permission"


def queue_statement(template: dict, sid: str) -> dict:
    return next(statement for name, statement in statements(template) if name == "UndeliveredQueuePolicy" and statement["Sid"] == sid)


def schedules_of(template: dict) -> Iterator[tuple[str, str, dict]]:
    """Every schedule: the function that declares it, if one does; its name; its target and role."""
    for name, function in functions(template).items():
        for event, found in function["Properties"].get("Events", {}).items():
            if found["Type"] == "ScheduleV2":
                yield name, event, found["Properties"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Scheduler::Schedule":
            yield "", name, resource["Properties"]["Target"]


def reconcile_schedule(template: dict) -> dict:
    return template["Resources"]["ReconcileFunction"]["Properties"]["Events"]["EveryFewMinutes"]["Properties"]


UNDELIVERED = {"Fn::GetAtt": ["UndeliveredQueue", "Arn"]}
KEEPS_UNDELIVERED = {"Sid": "KeepUndelivered", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": UNDELIVERED}
# Called asynchronously: by schedules, and by the rule.
CALLED_BY_EVENTS = {"IntakeFunction", "ReconcileFunction"}


@rule("template",
      ("no queue", lambda t: queue(t).update(QueueName="other")),
      ("four days", lambda t: queue(t).pop("MessageRetentionPeriod")),
      ("not encrypted without a key of one's own", lambda t: queue(t).pop("SqsManagedSseEnabled")),
      ("plain http", lambda t: queue_statement(t, "OverTlsAlone").pop("Condition")),
      ("anybody's messages", lambda t: queue_statement(t, "KeptByTheRule").pop("Condition")),
      ("an event lost", lambda t: ended_rule(t)["Targets"][0].pop("DeadLetterConfig")),
      ("a schedule lost", lambda t: reconcile_schedule(t).pop("DeadLetterConfig")),
      ("a schedule that may not send", lambda t: role_statements(t, "ReconcileScheduleRole").pop()),
      ("a synthetic request lost", lambda t: synthetic_target(t).pop("DeadLetterConfig")),
      ("a call lost", lambda t: t["Resources"]["ReconcileFunction"]["Properties"].pop("EventInvokeConfig")),
      ("a call kept elsewhere", lambda t: t["Resources"]["IntakeFunction"]["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"].update(Destination="b")),
      ("a function that may not send", take("IntakeRole", "KeepUndelivered")),
      ("another that may", lambda t: role_statements(t, "SubmitRole").append(dict(KEEPS_UNDELIVERED))))
def what_cannot_be_delivered_is_kept_for_two_weeks(template):
    properties = queue(template)
    if properties.get("QueueName") != {"Fn::Sub": "rightful-${Stage}-undelivered"} or properties.get("MessageRetentionPeriod") != 14 * 86400:
        yield "queue"
    if properties.get("SqsManagedSseEnabled") != {"Fn::If": ["OwnKey", {"Ref": "AWS::NoValue"}, True]}:
        yield "encryption"
    allowed, denied = (queue_statement(template, sid) for sid in ("KeptByTheRule", "OverTlsAlone"))
    if denied.get("Condition") != {"Bool": {"aws:SecureTransport": "false"}} or denied["Effect"] != "Deny" or "sqs:SendMessage" not in denied["Action"]:
        yield "plain http"
    if allowed.get("Condition") != {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ExecutionEndedRule", "Arn"]}}}:
        yield "anybody's messages"
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Events::Rule":
            yield from (f"{name}: target" for target in resource["Properties"]["Targets"] if target.get("DeadLetterConfig") != {"Arn": UNDELIVERED})
    for function, event, schedule in schedules_of(template):
        role = schedule["RoleArn"]["Fn::GetAtt"][0]
        if schedule.get("DeadLetterConfig") != {"Arn": UNDELIVERED} or KEEPS_UNDELIVERED not in role_statements(template, role):
            yield f"{function} {event}: schedule"
    for name, function in functions(template).items():
        on_failure = function["Properties"].get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
        keeps = KEEPS_UNDELIVERED in role_statements(template, function["Properties"]["Role"]["Fn::GetAtt"][0])
        wanted = name in CALLED_BY_EVENTS
        if on_failure != ({"Type": "SQS", "Destination": UNDELIVERED} if wanted else None) or keeps != wanted:
            yield f"{name}: calls without an answer"


@rule("template",
      ("a test address by default", lambda t: t["Parameters"]["SyntheticEmail"].update(Default="tester@example.com")),
      ("anything for an address", lambda t: t["Parameters"]["SyntheticEmail"].update(AllowedPattern=".*")),
      ("anything for data sources", lambda t: t["Parameters"]["SyntheticSources"].pop("AllowedPattern")),
      ("made without a test address", lambda t: synthetic_schedule(t).pop("Condition")),
      ("a role without a test address", lambda t: t["Resources"]["SyntheticRequestScheduleRole"].pop("Condition")),
      ("another condition", lambda t: t["Conditions"].update(Synthetic={"Fn::Equals": [{"Ref": "SyntheticEmail"}, ""]})),
      ("no schedule", lambda t: t["Resources"].pop("SyntheticRequestSchedule")),
      ("another function", lambda t: synthetic_target(t).update(Arn={"Fn::GetAtt": ["ReconcileFunction", "Arn"]})),
      ("another input", lambda t: synthetic_target(t).update(Input='{"synthetic": false}')),
      ("a field too many", lambda t: synthetic_target(t).update(Input='{"synthetic": true, "dry_run": false}')),
      ("reconcile's role", lambda t: synthetic_target(t).update(RoleArn={"Fn::GetAtt": ["ReconcileScheduleRole", "Arn"]})),
      ("no bound on repetitions", lambda t: synthetic_target(t).pop("RetryPolicy")),
      ("a role for any scheduler", lambda t: t["Resources"]["SyntheticRequestScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition")),
      ("a role that may call more", grant("SyntheticRequestScheduleRole", "lambda:InvokeFunction", {"Fn::GetAtt": ["SubmitFunction", "Arn"]})),
      ("the address in another function", lambda t: functions(t)["CloseFunction"]["Properties"]["Environment"]["Variables"].update(
          SYNTHETIC_EMAIL={"Ref": "SyntheticEmail"})),
      ("the address in every function", lambda t: shared_variables(t).update(SYNTHETIC_EMAIL={"Ref": "SyntheticEmail"})))
def the_synthetic_request_is_made_by_intake_alone_and_only_for_a_test_address(template):
    parameters, resources = template["Parameters"], template["Resources"]
    for name, good, bad in (
            ("SyntheticEmail", ("", "tester@example.com"), ("tester", "@", "a@b@c", "a b@example.com")),
            ("SyntheticSources", ("", "crm", "crm,shop-2"), (",", "crm,", "Crm", "crm, shop", "1st"))):
        pattern = parameters[name].get("AllowedPattern", "")
        if parameters[name].get("Default") != "":
            yield f"{name}: {parameters[name].get('Default')}"
        if not all(re.fullmatch(pattern, text) for text in good) or any(re.fullmatch(pattern, text) for text in bad):
            yield f"{name}: {pattern}"
    if template["Conditions"].get("Synthetic") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "SyntheticEmail"}, ""]}]}:
        yield "condition"
    intake = {"Ref": "IntakeFunction.Alias"}
    schedules = {name: resource for name, resource in resources.items() if resource["Type"] == "AWS::Scheduler::Schedule"}
    if len(schedules) != 1:
        yield f"schedules: {', '.join(schedules) or 'none'}"
    for name, schedule in schedules.items():
        target = schedule["Properties"]["Target"]
        role_name = target["RoleArn"].get("Fn::GetAtt", [None])[0]
        role = resources[role_name]
        if {schedule.get("Condition"), role.get("Condition")} != {"Synthetic"}:
            yield f"{name}: condition"
        if target["Arn"] != intake or json.loads(target["Input"]) != {"synthetic": True} or "RetryPolicy" not in target:
            yield f"{name}: target"
        trusted = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if [(found["Principal"], found.get("Condition")) for found in trusted] != [
                ({"Service": "scheduler.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})]:
            yield f"{name}: trust"
        if [(found["Action"], found["Resource"]) for found in role_statements(template, role_name)] != [
                ("lambda:InvokeFunction", intake), (["sqs:SendMessage"], UNDELIVERED)]:
            yield f"{name}: role"
    for name in functions(template):
        variables = properties_of(template, name)["Environment"]["Variables"]
        if name != "IntakeFunction" and "Synthetic" in json.dumps(variables):
            yield name
