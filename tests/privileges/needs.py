"""AWS's own calls under each role, derived from the template and the state machines' definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from arns import Template, Unresolved
from grants import functions, grants, role_of
from reading import states

LOG_DELIVERY = (
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)
TRACING = ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments")
# Through this rule Step Functions learns that an execution which it waits for has ended.
MANAGED_RULE = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"


@dataclass(frozen=True)
class Use:
    """One action on one resource that a role needs, by the template."""

    role: str
    action: str
    resource: str
    reason: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.role} {self.action} {self.resource} ({self.reason})"


def needed(template: Template, machines: dict[str, dict]) -> list[Use]:
    """AWS's own calls under a role, by the template and the state machines' definitions."""
    return [*by_functions(template), *by_buckets(template), *by_machines(template, machines), *by_schedules(template)]


def by_functions(template: Template) -> Iterator[Use]:
    for name, properties in functions(template).items():
        role = role_of(properties["Role"])
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        if group is not None:
            resource = f"arn:aws:logs:*:*:log-group:{template.text(group)}:*"
            for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
                yield Use(role, action, resource, "Lambda writes the function's log")
        if properties.get("Tracing") == "Active":
            for action in ("xray:PutTelemetryRecords", "xray:PutTraceSegments"):
                yield Use(role, action, "*", "Lambda traces the function")
        for target in failures_of(properties):
            yield use_of_target(template, role, target, "Lambda puts failed calls there")
    for name, properties in template.of_type("AWS::Lambda::EventInvokeConfig"):
        function = next((logical for logical in functions(template)
                         if logical in json.dumps(properties["FunctionName"])), None)
        if function is None:
            raise Unresolved(f"{name}: FunctionName names no function of the template")
        for target in failures_of({"EventInvokeConfig": properties}):
            yield use_of_target(template, role_of(functions(template)[function]["Role"]), target, "Lambda puts failed calls there")


def failures_of(properties: dict) -> Iterator:
    """The targets for events that a function failed on."""
    for key in ("DeadLetterQueue", "DeadLetterConfig"):
        if key in properties:
            yield properties[key].get("TargetArn")
    on_failure = properties.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure", {})
    if "Destination" in on_failure:
        yield on_failure["Destination"]


def use_of_target(template: Template, role: str, target, reason: str) -> Use:
    arn = template.text(target)
    actions = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction",
               "states": "states:StartExecution", "events": "events:PutEvents"}
    service = arn.split(":")[2]
    if service not in actions:
        raise Unresolved(f"{arn}: teach tests/privileges/needs.py what sending there needs")
    return Use(role, actions[service], unqualified(arn), reason)


def unqualified(arn: str) -> str:
    """A state machine's ARN without its alias: StartExecution is authorised on the machine."""
    return re.sub(r"(:stateMachine:[^:]+):[^:]+$", r"\1", arn)


def by_buckets(template: Template) -> Iterator[Use]:
    """S3 calls KMS under the role that writes to or reads from a bucket with a key of its own."""
    for name, properties in template.of_type("AWS::S3::Bucket"):
        for encryption, _ in template.items(properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])):
            key = encryption["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
            # The policy of a customer's own key admits the account's principals itself, through the service only.
            if key is None or key.get("Ref") in template.parameters:
                continue
            objects = template.text({"Fn::Sub": f"${{{name}.Arn}}/"})
            for grant in grants(template):
                action = {"s3:PutObject": "kms:GenerateDataKey", "s3:GetObject": "kms:Decrypt"}.get(grant.action)
                if action and grant.resource.startswith(objects):
                    yield Use(grant.role, action, template.text(key), f"S3 needs it for {grant.action} on {name}")


def by_machines(template: Template, machines: dict[str, dict]) -> Iterator[Use]:
    for name, properties in template.of_type("AWS::Serverless::StateMachine"):
        definition = machines[Path(properties["DefinitionUri"]).name.removesuffix(".asl.json")]
        filled = {key: template.text(value) for key, value in properties.get("DefinitionSubstitutions", {}).items()}
        role = role_of(properties["Role"])
        for state, body, _, _ in states(definition):
            if body["Type"] == "Task":
                yield from by_task(role, f"{name}: {state}", body, filled)
        if properties.get("Logging", {}).get("Level", "OFF") != "OFF":
            for action in LOG_DELIVERY:
                yield Use(role, action, "*", f"{name} delivers its log")
        if properties.get("Tracing", {}).get("Enabled"):
            for action in TRACING:
                yield Use(role, action, "*", f"{name} is traced")


def by_task(role: str, where: str, body: dict, filled: dict[str, str]) -> Iterator[Use]:
    resource = body["Resource"].rpartition(":states:::")[2]
    arguments = body.get("Arguments", {})

    def target(key: str) -> str:
        text = re.sub(r"\$\{(\w+)\}", lambda found: filled[found[1]], arguments[key])
        if not text.startswith("arn:"):
            raise Unresolved(f"{where}: {key} names no single resource of the template")
        return text

    if resource in ("lambda:invoke", "lambda:invoke.waitForTaskToken"):
        yield Use(role, "lambda:InvokeFunction", target("FunctionName"), where)
    elif resource in ("states:startExecution.sync", "states:startExecution.sync:2"):
        machine = unqualified(target("StateMachineArn"))
        yield Use(role, "states:StartExecution", machine, where)
        for action in ("states:DescribeExecution", "states:StopExecution"):
            yield Use(role, action, machine.replace(":stateMachine:", ":execution:") + ":*", where)
        for action in ("events:DescribeRule", "events:PutRule", "events:PutTargets"):
            yield Use(role, action, MANAGED_RULE, where)
    else:
        raise Unresolved(f"{where}: teach tests/privileges/needs.py what {resource} needs")


def by_schedules(template: Template) -> Iterator[Use]:
    for name, properties in functions(template).items():
        for event, found in properties.get("Events", {}).items():
            if found["Type"] != "ScheduleV2":
                raise Unresolved(f"{name} {event}: teach tests/privileges/needs.py what {found['Type']} needs")
            role, given = role_of(found["Properties"]["RoleArn"]), found["Properties"]
            alias = {"Ref": f"{name}.Alias"}
            has_alias = "AutoPublishAlias" in properties or "AutoPublishAlias" in template.globals.get("Function", {})
            yield use_of_target(template, role, alias if has_alias else {"Fn::GetAtt": [name, "Arn"]}, f"the schedule {event}")
            if "Arn" in given.get("DeadLetterConfig", {}):
                yield use_of_target(template, role, given["DeadLetterConfig"]["Arn"], f"undelivered calls of the schedule {event}")
    for name, properties in template.of_type("AWS::Scheduler::Schedule"):
        target = properties["Target"]
        role = role_of(target["RoleArn"])
        yield use_of_target(template, role, target["Arn"], f"the schedule {name}")
        if "DeadLetterConfig" in target:
            yield use_of_target(template, role, target["DeadLetterConfig"]["Arn"], f"undelivered calls of the schedule {name}")
    for name, properties in template.of_type("AWS::Events::Rule"):
        for target in properties["Targets"]:
            if "RoleArn" in target:
                yield use_of_target(template, role_of(target["RoleArn"]), target["Arn"], f"the rule {name}")
