"""Compares roles, permissions to invoke, queues' and keys' policies with their purpose in the template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from arns import Template
from deployment import REST
from grants import Grant, function_roles, grants
from needs import Use, needed, unqualified
from reading import as_list


@dataclass(frozen=True)
class Invocation:
    """A caller of a function from outside, allowed or needed."""

    principal: str
    function: str
    source: str

    def __str__(self) -> str:
        return f"{self.principal} calls {self.function} from {self.source}"


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
