"""Least privilege, proven both ways: each role may do what it does, and nothing else.

    check.py [--records DIR ...] [--least N] [--write]

The roles of functions: the embedded stack records which statement decided each call
(`infra/local/recorder.py`). With `--records` (folders of stacks, such as target/e2e), the tests must have
used every action on every resource of every statement, and no call may be refused. AWS's own calls under a
role (log lines, a bucket's key, a queue of failures) are derived from the template.

The roles of state machines and schedules, the permissions to invoke, and the keys' policies: the emulator
does not enforce them. The check derives their purpose from the definitions, schedules, routes and rules, and
compares both ways.

exceptions.py lists the exceptions. docs/PERMISSIONS.md shows everything; `--write` writes it.
A check that cannot fail proves nothing: each one also runs on copies with a planted fault.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "workflow"), str(ROOT / "infra" / "local"), str(Path(__file__).resolve().parent)]

import exceptions  # noqa: E402
from arns import PART, Template, Unresolved, as_glob, matches, may_be_the_same  # noqa: E402
from deployment import REST, STATE, read_deployment, read_templates  # noqa: E402
from permissions import WILDCARD_RESOURCES  # noqa: E402
from reading import as_list, read_machines, states  # noqa: E402
from recorder import template_digest  # noqa: E402
from recorder_checks import check_recorder  # noqa: E402
from rules import Tally  # noqa: E402

PAGE = ROOT / "docs" / "PERMISSIONS.md"
TEMPLATE = ROOT / "template.yaml"
# The end-to-end tests use at least this many stacks.
LEAST_STACKS = 30

LOG_DELIVERY = (
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)
TRACING = ("xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments")
# How Step Functions hears of the end of an execution that it waits for.
MANAGED_RULE = "arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a statement allows."""

    role: str
    sid: str
    action: str
    resource: str
    condition: str = field(default="", compare=False)

    def key(self) -> tuple[str, str, str, str]:
        return self.role, self.sid, self.action, self.resource

    def __str__(self) -> str:
        return " ".join(self.key())


@dataclass(frozen=True)
class Use:
    """One action on one resource that a role needs, by the template."""

    role: str
    action: str
    resource: str
    reason: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.role} {self.action} {self.resource} ({self.reason})"


@dataclass(frozen=True)
class Invocation:
    """A caller of a function from outside, allowed or needed."""

    principal: str
    function: str
    source: str

    def __str__(self) -> str:
        return f"{self.principal} calls {self.function} from {self.source}"


@dataclass(frozen=True)
class Call:
    """One recorded decision, without the stack that made it."""

    role: str
    action: str
    resource: str
    sid: str | None
    allowed: bool
    # The beginning of the row's partition key; None if the call names no row.
    key: str | None = None


# ------------------------------------------------------------------------------------ allowed


def grants(template: Template) -> list[Grant]:
    """The grants of each role's policies, one action and one resource at a time."""
    found = []
    for role, document, condition in documents(template):
        for statement, under in template.items(document["Statement"]):
            if statement.get("Effect") != "Allow":
                raise Unresolved(f"{role} {statement.get('Sid')}: only Allow is understood in a role's policy")
            said = ", ".join(text for text in (condition, under) if text)
            for action, _ in template.items(statement["Action"]):
                for resource, _ in template.items(statement["Resource"]):
                    found.append(Grant(role, statement["Sid"], action, template.text(resource), said))
    return found


def documents(template: Template) -> Iterator[tuple[str, dict, str]]:
    """Every policy of every role: the role's logical id, the document, the conditions over it."""
    for name, properties in template.of_type("AWS::IAM::Role"):
        for policy, condition in template.items(properties.get("Policies", [])):
            yield name, policy["PolicyDocument"], condition
    for name, properties in template.of_type("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
        for role, condition in template.items(properties.get("Roles", properties.get("RoleName", []))):
            if not isinstance(role, dict) or role.get("Ref") not in template.resources:
                raise Unresolved(f"{name}: its roles are not !Ref to a role of the template")
            yield role["Ref"], properties["PolicyDocument"], condition


def role_of(value) -> str:
    """The logical id of a role, from its ARN."""
    found = value.get("Fn::GetAtt", [None]) if isinstance(value, dict) else [None]
    name = (found if isinstance(found, list) else found.split("."))[0]
    if name is None:
        raise Unresolved(f"{value}: write the role as !GetAtt ROLE.Arn")
    return name


def functions(template: Template) -> dict[str, dict]:
    return dict(template.of_type("AWS::Serverless::Function", "AWS::Lambda::Function"))


def function_roles(template: Template) -> dict[str, str]:
    """The functions' roles: the logical id of the role, and of its function."""
    return {role_of(properties["Role"]): name for name, properties in functions(template).items()}


# ------------------------------------------------------------------------------------ needed


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
        raise Unresolved(f"{arn}: teach tests/privileges/check.py what sending there needs")
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
        raise Unresolved(f"{where}: teach tests/privileges/check.py what {resource} needs")


def by_schedules(template: Template) -> Iterator[Use]:
    for name, properties in functions(template).items():
        for event, found in properties.get("Events", {}).items():
            if found["Type"] != "ScheduleV2":
                raise Unresolved(f"{name} {event}: teach tests/privileges/check.py what {found['Type']} needs")
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


# ------------------------------------------------------------------------------------ compared


def roles_differ(template: Template, machines: dict[str, dict]) -> list[str]:
    """Differences between AWS's own calls under a role and its policies, without the functions' own calls."""
    complaints = []
    uses, allowed, own = needed(template, machines), grants(template), set(function_roles(template))
    users = {use.role for use in uses} | own
    for role in {name for name, _ in template.of_type("AWS::IAM::Role")} - users:
        complaints.append(f"{role}: nothing uses this role; remove it")
    for use in set(uses):
        if not any(covers(grant, use) for grant in allowed):
            complaints.append(f"not allowed: {use}")
    for grant in allowed:
        if grant.role not in own and not any(covers(grant, use) for use in uses):
            complaints.append(f"allowed for nothing: {grant}")
    return sorted(complaints)


def covers(grant: Grant, use: Use) -> bool:
    return (grant.role, grant.action) == (use.role, use.action) and unqualified(grant.resource) == use.resource


def invocations_differ(template: Template) -> list[str]:
    """Differences between the needed callers of functions and the permissions to invoke."""
    wanted = set(by_routes(template)) | set(by_rules(template))
    allowed = set()
    for name, properties in template.of_type("AWS::Lambda::Permission"):
        if properties["Action"] != "lambda:InvokeFunction" or "SourceArn" not in properties:
            return [f"{name}: it must allow lambda:InvokeFunction for one SourceArn"]
        allowed.add(Invocation(properties["Principal"], template.function_arn(properties["FunctionName"]),
                               template.text(properties["SourceArn"])))
    return sorted([f"not allowed: {one}" for one in wanted - allowed] + [f"allowed for nothing: {one}" for one in allowed - wanted])


def by_routes(template: Template) -> Iterator[Invocation]:
    for name, properties in template.of_type("AWS::ApiGatewayV2::Route"):
        integration = template.text(properties["Target"]).removeprefix("integrations/").strip("<>")
        uri = template.text(template.resources[integration]["Properties"]["IntegrationUri"])
        method, path = properties["RouteKey"].split(" ", 1)
        api = template.text(properties["ApiId"])
        source = f"arn:aws:execute-api:*:*:{api}/*/{'*' if method == 'ANY' else method}{path}"
        yield Invocation("apigateway.amazonaws.com", uri, source)


def by_rules(template: Template) -> Iterator[Invocation]:
    for name, properties in template.of_type("AWS::Events::Rule"):
        for target in properties["Targets"]:
            if "RoleArn" not in target:
                yield Invocation("events.amazonaws.com", template.text(target["Arn"]), template.text({"Fn::GetAtt": [name, "Arn"]}))


def nested_faults(nested: dict[str, dict]) -> list[str]:
    """Permissions may stand only in the deployment's two templates, where they are compared."""
    kinds = ("AWS::IAM::", "AWS::Lambda::Permission", "AWS::KMS::Key")
    return [f"{name}: {logical} must stand in {REST}" for name, template in nested.items()
            for logical, resource in template["Resources"].items() if resource["Type"].startswith(kinds)]


def queues_differ(template: Template) -> list[str]:
    """A rule needs the queue's own policy to put undelivered events there."""
    wanted = {(template.text(target["DeadLetterConfig"]["Arn"]), template.text({"Fn::GetAtt": [name, "Arn"]}))
              for name, properties in template.of_type("AWS::Events::Rule")
              for target in properties["Targets"] if "DeadLetterConfig" in target}
    allowed = set()
    for name, properties in template.of_type("AWS::SQS::QueuePolicy"):
        for statement, _ in template.items(properties["PolicyDocument"]["Statement"]):
            if statement["Effect"] != "Allow" or statement["Principal"] != {"Service": "events.amazonaws.com"}:
                continue
            tests = [test for kind in statement.get("Condition", {}).values() for key, test in kind.items() if key == "aws:SourceArn"]
            for queue, _ in template.items(statement["Resource"]):
                allowed |= {(template.text(queue), template.text(source)) for test in tests for source in as_list(test)}
                if not tests:
                    return [f"{name} {statement.get('Sid')}: no condition on aws:SourceArn"]
    return sorted([f"not allowed: {source} sends to {queue}" for queue, source in wanted - allowed]
                  + [f"allowed for nothing: {source} sends to {queue}" for queue, source in allowed - wanted])


def keys_differ(template: Template, unused: Iterable[tuple[str, str, str]]) -> list[str]:
    """Differences between the actions that a key's policy leaves to IAM and the roles' grants."""
    complaints, excepted = [], {(key, action) for key, action, _ in unused}
    allowed = defaultdict(set)
    for grant in grants(template):
        if grant.action.startswith("kms:"):
            allowed[grant.resource].add(grant.action)
    for name, properties in template.of_type("AWS::KMS::Key"):
        left = {action for statement in properties["KeyPolicy"]["Statement"] if statement.get("Sid") == "UsedByRolesThatIamAllows"
                for action in as_list(statement["Action"])}
        used = allowed.pop(template.text({"Fn::GetAtt": [name, "Arn"]}), set())
        complaints += [f"{name}: its policy leaves {action} to nobody" for action in used - left]
        for action in left - used:
            if (name, action) not in excepted:
                complaints.append(f"{name}: its policy leaves {action} to roles, and no role has it")
        complaints += [f"{name}: {action} is listed in KEYS of exceptions.py, and is used" for key, action in excepted
                       if key == name and (action in used or action not in left)]
    return sorted(complaints)


# ------------------------------------------------------------------------------------ recorded


@dataclass
class Records:
    """The calls of all stacks, with the stacks that made each."""

    calls: dict[Call, set[str]]
    stacks: set[str]
    others: set[str]


def read_records(folders: list[Path], digest: str) -> Records:
    """The records of the stacks under `folders` that ran exactly this template."""
    records = Records(defaultdict(set), set(), set())
    for path in sorted({path for folder in folders for pattern in ("logs/calls.jsonl", "*/logs/calls.jsonl") for path in folder.glob(pattern)}):
        stack = path.parents[1].name
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        if not lines or lines[0].get("template") != digest:
            records.others.add(stack)
            continue
        for line in lines[1:]:
            records.stacks.add(stack)
            records.calls[Call(line["role"], line["action"], line["resource"], line["sid"], line["allowed"], line.get("key"))].add(stack)
    return records


def logical_role(name: str, template: Template) -> str | None:
    """The template's role with this physical name; None for a test's own role."""
    for logical, properties in template.of_type("AWS::IAM::Role"):
        wanted = as_glob(template.text(properties["RoleName"])) if "RoleName" in properties else f"{PART}-{logical}-{PART}"
        if may_be_the_same(wanted, name):
            return logical
    return None


@dataclass
class Outcome:
    complaints: list[str]
    # The users of each grant: stacks, or AWS's reason.
    used: dict[Grant, set[str]]


def recorded_differ(template: Template, machines: dict[str, dict], records: Records, asked: Exceptions) -> Outcome:
    """Differences between the recorded calls and the functions' policies."""
    own = set(function_roles(template))
    allowed = [grant for grant in grants(template) if grant.role in own]
    used: dict[Grant, set[str]] = defaultdict(set)
    complaints, refused = [], set()
    for call, stacks in records.calls.items():
        role = logical_role(call.role, template)
        if role not in own:
            continue
        where = f"{role} {call.action} {call.resource}, in {', '.join(sorted(stacks)[:3])}"
        if not call.allowed:
            found = [entry for entry in asked.denied if entry[:2] == (role, call.action) and matches(entry[2], call.resource)]
            refused |= set(found)
            if not found:
                line = ("DENIED", (role, call.action, call.resource, "why"))
                complaints.append(f"refused: {where}\n{how_to_except(*line)}")
            continue
        by = [grant for grant in allowed if (grant.role, grant.sid, grant.action) == (role, call.sid, call.action)
              and matches(grant.resource, call.resource)]
        if not by:
            complaints.append(f"allowed in the stack, but not by the template: {where}, by {call.sid}")
        for grant in by:
            used[grant] |= stacks
    uses = needed(template, machines)
    by_aws = {grant for grant in allowed if any(covers(grant, use) for use in uses)}

    unused, sometimes = asked.of("UNUSED"), asked.of("SOMETIMES")
    for grant in allowed:
        seen = grant in used or grant in by_aws
        if not seen and grant.key() not in unused | sometimes:
            complaints.append(f"never used: {grant}\n{how_to_except('UNUSED', (*grant.key(), 'why'))}")
        if seen and grant.key() in unused:
            complaints.append(f"listed as UNUSED in exceptions.py, but used in {', '.join(sorted(used[grant])[:3]) or 'AWS'}: {grant}")
    complaints += [f"exceptions.py names something that the template does not have: {' '.join(key)}"
                   for key in (unused | sometimes) - {grant.key() for grant in allowed}]
    complaints += keys_unused(template, records, asked)
    complaints += [f"listed as DENIED in exceptions.py, but never refused: {' '.join(entry[:3])}" for entry in asked.denied if entry not in refused]
    return Outcome(sorted(complaints), used)


def row_keys(template: Template) -> Iterator[tuple[str, str, str]]:
    """The rows that each statement of a function's role may write, by the beginning of their keys: role, Sid, pattern."""
    own = set(function_roles(template))
    for role, document, _ in documents(template):
        for statement, _ in template.items(document["Statement"]):
            keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
            if role in own:
                yield from ((role, statement["Sid"], key) for key in as_list(keys))


def keys_unused(template: Template, records: Records, asked: Exceptions) -> list[str]:
    """Kinds of rows that a role may write and never wrote."""
    written = {(logical_role(call.role, template), call.sid, call.key) for call in records.calls if call.allowed}
    excepted = {entry[:3] for entry in asked.rows}
    found = set(row_keys(template))
    complaints = [f"no such row was ever written: {' '.join(key)}\n{how_to_except('ROWS', (*key, 'why'))}"
                  for key in sorted(found) if (*key[:2], key[2].rstrip("*")) not in written and key not in excepted]
    return complaints + [f"exceptions.py names rows that the template does not have: {' '.join(key)}" for key in sorted(excepted - found)]


@dataclass
class Exceptions:
    """exceptions.py, or a copy with a planted fault."""

    unused: list[tuple[str, str, str, str, str]]
    sometimes: list[tuple[str, str, str, str, str]]
    denied: list[tuple[str, str, str, str]]
    rows: list[tuple[str, str, str, str]] = field(default_factory=lambda: exceptions.ROWS)

    def of(self, which: str) -> set[tuple[str, str, str, str]]:
        return {entry[:4] for entry in (self.unused if which == "UNUSED" else self.sometimes)}

    def reason(self, grant: Grant) -> str | None:
        return next((entry[4] for entry in [*self.unused, *self.sometimes] if entry[:4] == grant.key()), None)

    def faults(self) -> list[str]:
        complaints = [f"no reason: {' '.join(entry)}" for entry in [*self.unused, *self.sometimes, *self.denied]
                      if len(entry[-1].split()) < 3]
        return complaints + [f"both UNUSED and SOMETIMES: {' '.join(key)}" for key in self.of("UNUSED") & self.of("SOMETIMES")]


def how_to_except(where: str, entry: tuple) -> str:
    """The remedy in a complaint: the complete line for exceptions.py."""
    otherwise = "allow it, or, if a test removes it on purpose," if where == "DENIED" else "drop it, or, if only a fault or only AWS needs it,"
    return f"     {otherwise} add to {where} of tests/privileges/exceptions.py:\n     {json.dumps(entry)[1:-1].join('()')},"


# ------------------------------------------------------------------------------------ shown


def short(resource: str) -> str:
    """A resource without partition, region and account."""
    parts = resource.split(":", 5)
    return resource if len(parts) < 6 else f"{parts[2]}:{parts[5]}" if parts[2] not in ("states", "lambda") else parts[5]


def page(template: Template, machines: dict[str, dict], asked: Exceptions) -> str:
    """docs/PERMISSIONS.md."""
    uses, own = needed(template, machines), function_roles(template)
    lines = [
        "# The permissions of each role, and their proof",
        "",
        "`target/venv-tools/bin/python tests/privileges/check.py --write` writes this page from the templates, the state",
        "machines and `tests/privileges/exceptions.py`; `make workflow` fails when it is out of date.",
        "",
        "- **recorded**: the end-to-end tests use it, and fail without it. The embedded stack enforces the functions' policies",
        "  and records which statement allowed each call; `make recorded` fails if a call was refused, or if a statement's",
        "  action on a resource was never used.",
        "- **by the template**: AWS itself uses it under the role, and the emulator does not check it. The check derives the need",
        "  from the template and the definitions, and compares both ways.",
        "- anything else is an exception, with its reason.",
        "",
        "`<Name>` is a parameter, or the generated part of a name. `*` in a resource stands in the policy itself; partition,",
        "region and account are left out.",
    ]
    by_role = defaultdict(list)
    for grant in grants(template):
        by_role[grant.role].append(grant)
    for role in sorted(by_role, key=lambda name: (name not in own, name)):
        lines += ["", f"## {role}", "", "| statement | action | resource | proven |", "|---|---|---|---|"]
        for grant in by_role[role]:
            reasons = sorted({use.reason for use in uses if covers(grant, use)})
            proven = asked.reason(grant) or (f"by the template: {'; '.join(reasons)}" if reasons else "recorded")
            said = f"{grant.sid} (if {grant.condition})" if grant.condition else grant.sid
            lines.append(f"| {said} | `{grant.action}` | `{short(grant.resource)}` | {proven} |")
    lines += ["", "## Any resource", "", "AWS accepts only `*` here. `tests/workflow` limits every other wildcard to this deployment.", "",
              "| statement | actions | why |", "|---|---|---|"]
    for sid, (_, actions, reason) in WILDCARD_RESOURCES.items():
        named = sorted({grant.action for grant in grants(template) if (grant.sid, grant.resource) == (sid, "*")})
        lines.append(f"| {sid} | {', '.join(f'`{one}`' for one in named) or f'`{actions.pattern}`'} | {reason} |")
    lines += ["", "## Permissions to invoke", "", "| who | function | from |", "|---|---|---|"]
    for one in sorted([*by_routes(template), *by_rules(template)], key=str):
        lines.append(f"| {one.principal} | `{short(one.function)}` | `{short(one.source)}` |")
    return "\n".join(lines) + "\n"


def out_of_date(written: str | None, wanted: str) -> list[str]:
    return [] if written == wanted else [f"{PAGE.relative_to(ROOT)} is out of date: run this check with --write"]


def table(template: Template, outcome: Outcome, machines: dict[str, dict], asked: Exceptions) -> Iterator[str]:
    """Each grant, with the number of stacks that used it."""
    uses = needed(template, machines)
    for grant in grants(template):
        if grant in outcome.used:
            how = f"{len(outcome.used[grant])} stacks"
        elif any(covers(grant, use) for use in uses):
            how = "by the template"
        else:
            how = "excepted" if asked.reason(grant) else "NEVER USED"
        yield f"{grant.role:<32} {grant.action:<32} {short(grant.resource):<62} {how}"


# ------------------------------------------------------------------------------------ proven able to fail


def planted_template(template: dict, plant) -> Template:
    changed = copy.deepcopy(template)
    plant(changed)
    return Template(changed)


def statement_of(template: dict, role: str, sid: str) -> dict:
    found = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return next(statement for statement in found if statement["Sid"] == sid)


def static_faults(template: dict, machines: dict[str, dict], tally: Tally) -> None:
    """Planted faults in the checks of the template alone."""
    resources = template["Resources"]

    def widened(role: str, sid: str):
        return lambda t: statement_of(t, role, sid).update(Action=[*as_list(statement_of(t, role, sid)["Action"]), "x:Planted"])

    for what, plant in (
        ("one action more", widened("FulfilSourceStateMachineRole", "InvokeFunctions")),
        ("one action less", lambda t: statement_of(t, "FulfilRequestStateMachineRole", "FollowFulfilSource").update(Action="states:StopExecution")),
        ("one function less", lambda t: statement_of(t, "FulfilSourceStateMachineRole", "InvokeFunctions")["Resource"].pop()),
        ("one function more", lambda t: statement_of(t, "FulfilSourceStateMachineRole", "InvokeFunctions")["Resource"].append(
            {"Fn::GetAtt": ["CloseFunction", "Arn"]})),
        ("a schedule's role for another function", lambda t: statement_of(t, "ReconcileScheduleRole", "InvokeReconcile").update(
            Resource={"Fn::GetAtt": ["CloseFunction", "Arn"]})),
        ("no log of a function", lambda t: statement_of(t, "ReviewRole", "WriteLogs").update(Resource={"Fn::GetAtt": ["CloseLogGroup", "Arn"]})),
        ("no key for a bucket", lambda t: statement_of(t, "SubmitRole", "EncryptParts").update(Action="kms:DescribeKey")),
        ("a role that nobody takes", lambda t: t["Resources"].update(Planted={"Type": "AWS::IAM::Role", "Properties": {}})),
    ):
        tally.expect_complaint(f"the roles: sees {what}", roles_differ(planted_template(template, plant), machines))
    fewer = copy.deepcopy(machines)
    states_of = fewer["fulfil-source"]["States"]
    states_of.pop(next(name for name, state in states_of.items() if "${SubmitFunctionArn}" in json.dumps(state)))
    tally.expect_complaint("the roles: sees a definition that calls less", roles_differ(Template(template), fewer))
    permissions = [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Permission"]
    for what, plant in (
        ("one less", lambda t: t["Resources"].pop(permissions[0])),
        ("one for another path", lambda t: t["Resources"]["WebhookRoute"]["Properties"].update(RouteKey="POST /other")),
        ("one for anybody", lambda t: t["Resources"][permissions[0]]["Properties"].pop("SourceArn")),
        ("a rule without", lambda t: t["Resources"]["ExecutionEndedRule"]["Properties"].update(Targets=[])),
    ):
        tally.expect_complaint(f"the permissions to invoke: sees {what}", invocations_differ(planted_template(template, plant)))
    send = {"Sid": "Planted", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": "arn:aws:sqs:*:*:planted", "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:*:*:rule/planted"}}}
    for what, plant in (
        ("a rule whose queue refuses it", lambda t: t["Resources"]["ExecutionEndedRule"]["Properties"]["Targets"][0].update(
            DeadLetterConfig={"Arn": "arn:aws:sqs:*:*:planted"})),
        ("a queue for a rule that is not there", lambda t: t["Resources"].update(
            Planted={"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [send]}}})),
    ):
        tally.expect_complaint(f"the queues' policies: see {what}", queues_differ(planted_template(template, plant)))
    for what, plant in (
        ("an action for nobody", lambda t: t["Resources"]["TagKey"]["Properties"]["KeyPolicy"]["Statement"][1]["Action"].append("kms:VerifyMac")),
        ("an action that a role lacks", lambda t: t["Resources"]["TagKey"]["Properties"]["KeyPolicy"]["Statement"][1].update(Action=[])),
    ):
        tally.expect_complaint(f"the keys' policies: see {what}", keys_differ(planted_template(template, plant), exceptions.KEYS))
    tally.expect_complaint("the keys' policies: see a stale exception",
                           keys_differ(Template(template), [*exceptions.KEYS, ("TagKey", "kms:GenerateMac", "planted")]))


def made_records(template: Template, machines: dict[str, dict], asked: Exceptions) -> Records:
    """Records of a stack in which every function used all its grants, except the exceptions."""
    own, uses = set(function_roles(template)), needed(template, machines)
    calls = defaultdict(set)
    for grant in grants(template):
        if grant.role in own and asked.reason(grant) is None and not any(covers(grant, use) for use in uses):
            calls[Call(f"stack-{grant.role}-0", grant.action, as_glob(grant.resource), grant.sid, True)].add("made")
    for role, sid, key in row_keys(template):
        calls[Call(f"stack-{role}-0", "dynamodb:PutItem" if sid == "WriteRequests" else "dynamodb:DeleteItem",
                   as_glob(template.text({"Fn::GetAtt": ["RequestsTable", "Arn"]})), sid, True, key.rstrip("*"))].add("made")
    for role, action, resource, _ in asked.denied:
        calls[Call(f"stack-{role}-0", action, as_glob(resource), None, False)].add("made")
    return Records(calls, {"made"}, set())


def recorded_faults(template: dict, machines: dict[str, dict], asked: Exceptions, tally: Tally) -> None:
    """Planted faults in policies, records and exceptions; without one there are no complaints."""
    whole = Template(template)
    records = made_records(whole, machines, asked)

    def differ(changed: Template = whole, calls: Records = records, excepted: Exceptions = asked) -> list[str]:
        return recorded_differ(changed, machines, calls, excepted).complaints

    tally.expect("the recorded calls: no complaint about a stack that used all its grants", differ())
    found = next(call for call in records.calls if call.allowed and call.sid == "ReadSourceSecrets")
    role = logical_role(found.role, whole)
    widen = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Action=[found.action, "secretsmanager:ListSecretVersionIds"]))
    tally.expect_complaint("the recorded calls: see a policy with one action more", differ(widen))
    narrow = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Action=["secretsmanager:DescribeSecret"]))
    tally.expect_complaint("the recorded calls: see a policy with one action less", differ(narrow))
    other = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Resource=[
        statement_of(t, role, found.sid)["Resource"], {"Fn::Sub": "${KeysTable.Arn}"}]))
    tally.expect_complaint("the recorded calls: see a policy with one resource more", differ(other))
    fewer = Records({call: stacks for call, stacks in records.calls.items() if call != found}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see an unused grant", differ(calls=fewer))
    no_leases = Records({call: stacks for call, stacks in records.calls.items() if call.key != "LEASE#"}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see a kind of row that nobody wrote", differ(calls=no_leases))
    denied = Call(found.role, "s3:PutObject", "arn:aws:s3:::stack-receiptsbucket-0/receipts/*", None, False)
    refusing = Records({**records.calls, denied: {"made"}}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see a refused one", differ(calls=refusing))
    excepted = (role, denied.action, "arn:aws:s3:::<ReceiptsBucket>/receipts/*", "planted for a test")
    tally.expect("the recorded calls: a refused one may be an exception",
                 differ(calls=refusing, excepted=Exceptions(asked.unused, asked.sometimes, [*asked.denied, excepted])))
    tally.expect_complaint("the recorded calls: see an exception for a call that was not refused",
                           differ(excepted=Exceptions(asked.unused, asked.sometimes, [*asked.denied, excepted])))
    grant = next(grant for grant in grants(whole) if (grant.role, grant.sid) == (role, found.sid))
    stale = (*grant.key(), "planted for a test")
    tally.expect_complaint("the recorded calls: see a stale exception",
                           differ(excepted=Exceptions([*asked.unused, stale], asked.sometimes, asked.denied)))
    tally.expect("the recorded calls: a use in SOMETIMES may happen",
                 differ(excepted=Exceptions(asked.unused, [*asked.sometimes, stale], asked.denied)))
    gone = (role, "Planted", "s3:GetObject", "*", "planted for a test")
    tally.expect_complaint("the recorded calls: see an exception that the template does not have",
                           differ(excepted=Exceptions([*asked.unused, gone], asked.sometimes, asked.denied)))
    tally.expect_complaint("the exceptions: see one without a reason",
                           Exceptions([*asked.unused, (*grant.key(), "why")], asked.sometimes, asked.denied).faults())


def too_few(records: Records, least: int) -> list[str]:
    if len(records.stacks) >= least:
        return []
    return [f"{len(records.stacks)} stacks recorded calls with this template; {least} are needed; "
            f"{len(records.others)} have records of another template, or none: run `make local`"]


# ------------------------------------------------------------------------------------ running


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--records", type=Path, action="append", default=[], metavar="DIR", help="a stack's folder, or one of such folders")
    parser.add_argument("--least", type=int, default=LEAST_STACKS, metavar="N", help="the least number of stacks with records")
    parser.add_argument("--write", action="store_true", help="write docs/PERMISSIONS.md")
    args = parser.parse_args()

    raw, machines = read_deployment(), read_machines()
    template = Template(raw)
    asked = Exceptions(exceptions.UNUSED, exceptions.SOMETIMES, exceptions.DENIED)
    tally = Tally()
    check_recorder(tally)
    try:
        tally.expect("roles allow AWS's own calls, and nothing else", roles_differ(template, machines))
        tally.expect("the callers of a function may call it, and nobody else", invocations_differ(template))
        tally.expect("a rule may put undelivered events into its queue, and nobody else", queues_differ(template))
        tally.expect("the keys' policies leave to roles the actions that they use", keys_differ(template, exceptions.KEYS))
        nested = {path: template for path, template in read_templates().items() if path not in (REST, STATE)}
        tally.expect("no role, key or permission to invoke stands in a nested template", nested_faults(nested))
        tally.expect_complaint("a role in a nested template is noticed", nested_faults({"x": {"Resources": {"R": {"Type": "AWS::IAM::Role"}}}}))
        static_faults(raw, machines, tally)
        tally.expect("every exception has a reason", asked.faults())
        recorded_faults(raw, machines, asked, tally)
        wanted = page(template, machines, asked)
    except Unresolved as unknown:
        print(f"FAIL {unknown}")
        return 1
    if args.write:
        PAGE.write_text(wanted)
    tally.expect("docs/PERMISSIONS.md agrees with the template", out_of_date(PAGE.read_text() if PAGE.exists() else None, wanted))
    tally.expect_complaint("an old page is noticed", out_of_date(wanted.replace("recorded", "seen", 1), wanted))
    if args.records:
        records = read_records(args.records, template_digest(TEMPLATE.read_text()))
        tally.expect_complaint("records of too few stacks are noticed", too_few(Records({}, set(), set()), args.least))
        outcome = recorded_differ(template, machines, records, asked)
        print("\n".join(table(template, outcome, machines, asked)))
        few = too_few(records, args.least)
        tally.expect("enough stacks recorded their calls", few)
        # Refused calls count all the same; nearly every grant would be unused.
        tally.expect("each function may make its calls, and no others",
                     [one for one in outcome.complaints if not few or one.startswith("refused")])
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
