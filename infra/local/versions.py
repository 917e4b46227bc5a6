"""Adds the features that our templates need and MiniStack's CloudFormation lacks, and corrects its aliases.

Resource types: versions and aliases of state machines and composite alarms, by MiniStack's own operations;
saved queries, which are stored with the stack and never returned; metric alarms that are a calculation, which
are stored and never evaluated.

Aliases: a call of a state machine by its alias is authorised on the machine itself, an execution runs the
version that the alias named at the start, and `DescribeExecution` names the alias and the version, all as in
AWS.
https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
https://docs.aws.amazon.com/step-functions/latest/dg/execution-alias-version-associate.html
"""

from __future__ import annotations

import contextvars
import json
import uuid

from ministack.core import iam_actions
from ministack.services import cloudwatch, stepfunctions
from ministack.services.cloudformation import provisioners


def install() -> None:
    """Adds everything to the MiniStack of this process."""
    provisioners._RESOURCE_HANDLERS.update({
        "AWS::StepFunctions::StateMachineVersion": {
            "create": create_version, "update": replace_version, "delete": delete_version},
        "AWS::StepFunctions::StateMachineAlias": {
            "create": create_alias, "update": update_alias, "delete": delete_alias},
        "AWS::CloudWatch::CompositeAlarm": {
            "create": put_composite, "update": update_composite, "delete": delete_composite},
        "AWS::Logs::QueryDefinition": {
            "create": create_query, "update": update_query, "delete": lambda physical, properties: None},
    })
    calculated_alarms()
    aliases_of_state_machines()


def answered(resource: str, answer: tuple) -> dict:
    """The answer of an operation; its refusal fails the resource."""
    status, _, body = answer
    if status >= 400:
        raise ValueError(f"{resource}: {body.decode() if isinstance(body, bytes) else body}")
    return json.loads(body) if body else {}


# ------------------------------------------------------------------------------------ state machines


def create_version(logical, properties, stack):
    wanted = {"stateMachineArn": properties["StateMachineArn"], "description": properties.get("Description", "")}
    if properties.get("StateMachineRevisionId"):
        wanted["revisionId"] = properties["StateMachineRevisionId"]
    arn = answered("StateMachineVersion", stepfunctions._publish_state_machine_version(wanted))["stateMachineVersionArn"]
    return arn, {"Arn": arn}


def replace_version(physical, old, new, stack):
    # Every property is create-only. The engine deletes or retains the old resource.
    return create_version(physical, new, stack)


def delete_version(physical, properties):
    answered("StateMachineVersion", stepfunctions._delete_state_machine_version({"stateMachineVersionArn": physical}))


def routing(properties) -> list[dict]:
    return [{"stateMachineVersionArn": one["StateMachineVersionArn"], "weight": int(one["Weight"])}
            for one in properties["RoutingConfiguration"]]


def create_alias(logical, properties, stack):
    wanted = {"name": properties["Name"], "description": properties.get("Description", ""), "routingConfiguration": routing(properties)}
    arn = answered("StateMachineAlias", stepfunctions._create_state_machine_alias(wanted))["stateMachineAliasArn"]
    return arn, {"Arn": arn}


def update_alias(physical, old, new, stack):
    if old["Name"] != new["Name"]:
        created = create_alias(physical, new, stack)
        provisioners._delete_predecessor(delete_alias, physical, old)
        return created
    wanted = {"stateMachineAliasArn": physical, "description": new.get("Description", ""), "routingConfiguration": routing(new)}
    answered("StateMachineAlias", stepfunctions._update_state_machine_alias(wanted))
    return physical, {"Arn": physical}


def delete_alias(physical, properties):
    answered("StateMachineAlias", stepfunctions._delete_state_machine_alias({"stateMachineAliasArn": physical}))


# The caller's ARN of the execution being started, and the version that it means.
NAMED: contextvars.ContextVar[tuple[str, str] | None] = contextvars.ContextVar("named", default=None)


class Started(dict):
    """The state machines as one execution sees them: its own has the definition of its version."""

    def __init__(self, machine: str, version: dict) -> None:
        self.machine, self.version = machine, version

    def get(self, arn, default=None):
        found = stepfunctions._state_machines.get(arn, default)
        if arn == self.machine and found:
            return {**found, "definition": self.version["definition"], "roleArn": self.version["roleArn"]}
        return found


def aliases_of_state_machines() -> None:
    start, start_within = stepfunctions._start_execution, stepfunctions._start_sync_execution
    run, describe = stepfunctions._run_execution, stepfunctions._describe_execution
    delete, resource = stepfunctions._delete_state_machine, iam_actions.extract_resource_arn
    delete_by_template = provisioners._sfn_state_machine_delete

    def naming(data, begin, **instead):
        # Resolved before the start: the alias may move at any time.
        named = data.get("stateMachineArn", "")
        version = stepfunctions._execution_version_arn(named)
        token = NAMED.set((named, version) if version else None)
        try:
            return begin({**data, **instead})
        finally:
            NAMED.reset(token)

    def started(data):
        return naming(data, start)

    def started_within(data):
        # A nested one, which MiniStack starts only by the machine's own ARN.
        named = data.get("stateMachineArn", "")
        return naming(data, start_within, stateMachineArn=stepfunctions._resolve_state_machine_arn(named) or named)

    def ran(execution_arn):
        execution, by = stepfunctions._executions.get(execution_arn), NAMED.get()
        NAMED.set(None)
        version = stepfunctions._state_machine_versions.get(by[1]) if by else None
        if execution is None or version is None:
            return run(execution_arn)
        execution["stateMachineVersionArn"] = by[1]
        if by[0] in stepfunctions._state_machine_aliases:
            execution["stateMachineAliasArn"] = by[0]
        return with_machines(Started(execution["stateMachineArn"], version), execution_arn)

    def with_machines(machines, execution_arn):
        # The same code with other state machines: it finds its own once, by this name.
        own = type(run)(run.__code__, {**run.__globals__, "_state_machines": machines}, run.__name__, run.__defaults__, run.__closure__)
        return own(execution_arn)

    def described(data):
        status, headers, body = describe(data)
        if status >= 400:
            return status, headers, body
        execution = stepfunctions._executions[data["executionArn"]]
        more = {key: execution[key] for key in ("stateMachineVersionArn", "stateMachineAliasArn") if key in execution}
        return status, headers, json.dumps({**json.loads(body), **more}).encode()

    def gone(machine):
        # Deleting a state machine deletes its versions and aliases.
        for known in (stepfunctions._state_machine_aliases, stepfunctions._state_machine_versions):
            for arn in [arn for arn in known if arn.startswith(f"{machine}:")]:
                known.pop(arn, None)

    def deleted(data):
        answer = delete(data)
        if answer[0] < 400:
            gone(data.get("stateMachineArn"))
        return answer

    def deleted_by_template(physical, properties):
        delete_by_template(physical, properties)
        gone(physical)

    def authorised_on(service, *request, **more):
        arn = resource(service, *request, **more)
        parts = arn.split(":") if service == "states" and isinstance(arn, str) else []
        return ":".join(parts[:7]) if len(parts) == 8 and parts[5] == "stateMachine" else arn

    stepfunctions._start_execution, stepfunctions._start_sync_execution = started, started_within
    stepfunctions._run_execution, stepfunctions._describe_execution = ran, described
    stepfunctions._delete_state_machine = deleted
    provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]["delete"] = deleted_by_template
    iam_actions.extract_resource_arn = authorised_on


# ------------------------------------------------------------------------------------ monitoring


def calculated_alarms() -> None:
    record = provisioners._cw_metric_alarm_record

    def kept(name, properties):
        if not properties.get("Metrics"):
            return record(name, properties)
        # MiniStack evaluates alarms with a metric's name, and leaves all others alone.
        shape = {"MetricName": "calculated", "Namespace": "calculated", "Period": 60, **properties}
        alarm = record(name, {key: value for key, value in shape.items() if key != "Metrics"})
        for key in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions"):
            alarm.pop(key, None)
        return {**alarm, "Metrics": properties["Metrics"]}

    provisioners._cw_metric_alarm_record = kept


def put_composite(logical, properties, stack):
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical, max_len=255)
    wanted = {key: value for key, value in properties.items() if key != "ActionsEnabled"}
    wanted["ActionsEnabled"] = str(properties.get("ActionsEnabled", True)).lower() == "true"
    answered("CompositeAlarm", cloudwatch._put_composite_alarm({}, {**wanted, "AlarmName": name}, False, True))
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def update_composite(physical, old, new, stack):
    created = put_composite(physical, {"AlarmName": physical, **new}, stack)
    if created[0] != physical:
        provisioners._delete_predecessor(delete_composite, physical, old)
    return created


def delete_composite(physical, properties):
    cloudwatch._composite_alarms.pop(physical, None)
    cloudwatch._composite_triggers.pop(physical, None)


def create_query(logical, properties, stack):
    if not properties.get("Name") or not properties.get("QueryString"):
        raise ValueError("QueryDefinition: Name and QueryString are required")
    identity = str(uuid.uuid4())
    return identity, {"QueryDefinitionId": identity}


def update_query(physical, old, new, stack):
    create_query(physical, new, stack)
    return physical, {"QueryDefinitionId": physical}
