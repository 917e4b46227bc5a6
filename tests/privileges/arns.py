"""The ARNs of a template's resources in policies, with `*` and `<Name>` where a deployment fills in a value.

`<Name>` is a parameter, or the generated part of the physical name of the resource with that logical id; `*` stands
for the region and the account.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

# The condition of a value without one.
ALWAYS = ""

PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "*", "AWS::AccountId": "*", "AWS::URLSuffix": "amazonaws.com"}


class Unresolved(Exception):
    """A value whose ARN this module cannot derive; the text says what to add."""


class Template:
    """A template whose values can be resolved."""

    def __init__(self, template: dict) -> None:
        self.resources: dict[str, dict] = template["Resources"]
        self.parameters: dict[str, dict] = template.get("Parameters", {})
        self.globals: dict[str, dict] = template.get("Globals", {})

    def of_type(self, *types: str) -> Iterator[tuple[str, dict]]:
        for name, resource in self.resources.items():
            if resource["Type"] in types:
                yield name, resource.get("Properties", {})

    def branches(self, value, condition: str = ALWAYS) -> Iterator[tuple[object, str]]:
        """The possible values, each with its conditions; AWS::NoValue gives none."""
        if isinstance(value, dict) and set(value) == {"Fn::If"}:
            name, then, otherwise = value["Fn::If"]
            for branch, said in ((then, name), (otherwise, f"not {name}")):
                yield from self.branches(branch, f"{condition}, {said}" if condition else said)
        elif value != {"Ref": "AWS::NoValue"}:
            yield value, condition

    def items(self, value) -> Iterator[tuple[object, str]]:
        """The members of a list, or the single value instead of one, with conditions resolved."""
        for found, condition in self.branches(value):
            for item in found if isinstance(found, list) else [found]:
                yield from self.branches(item, condition)

    def text(self, value) -> str:
        """A value as text.

        # Errors
        `Unresolved` for a value that is no text, or that uses an unknown name.
        """
        if isinstance(value, (str, int)):
            return str(value)
        if isinstance(value, dict) and len(value) == 1:
            (kind, given), = value.items()
            if kind == "Ref":
                return self._ref(given)
            if kind == "Fn::GetAtt":
                return self._attribute(*given if isinstance(given, list) else given.split(".", 1))
            if kind == "Fn::Sub":
                text, own = given if isinstance(given, list) else (given, {})
                return re.sub(r"\$\{([^!}]+)\}", lambda found: self._substituted(found[1], own), text)
        raise Unresolved(f"{value}: teach tests/privileges/arns.py this form")

    def _substituted(self, name: str, own: dict) -> str:
        if name in own:
            return self.text(own[name])
        return self._attribute(*name.split(".", 1)) if "." in name and not name.endswith(".Alias") else self._ref(name)

    def _ref(self, name: str) -> str:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return f"<{name}>"
        # SAM's own: the alias created by AutoPublishAlias.
        if found := re.fullmatch(r"(\w+)\.Alias", name):
            return f"{self._attribute(found[1], 'Arn')}:{self._alias(found[1])}"
        kind, properties = self._resource(name)
        if kind in ("AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine", "AWS::SNS::Topic",
                    "AWS::SecretsManager::Secret", "AWS::Lambda::Alias", "AWS::StepFunctions::StateMachineAlias"):
            return self._attribute(name, "Arn")
        if kind == "AWS::StepFunctions::StateMachineVersion":
            return self.text(properties["StateMachineArn"])
        return self._name(name)

    def _resource(self, name: str) -> tuple[str, dict]:
        if name not in self.resources:
            raise Unresolved(f"{name}: the template has no such resource or parameter")
        return self.resources[name]["Type"], self.resources[name].get("Properties", {})

    def _alias(self, function: str) -> str:
        own = self._resource(function)[1].get("AutoPublishAlias")
        alias = own or self.globals.get("Function", {}).get("AutoPublishAlias")
        if alias is None:
            raise Unresolved(f"{function}.Alias: it has no AutoPublishAlias")
        return self.text(alias)

    def _name(self, name: str) -> str:
        """A resource's physical name."""
        _, properties = self._resource(name)
        for key in ("FunctionName", "TableName", "BucketName", "QueueName", "TopicName", "LogGroupName", "RoleName", "Name"):
            # Callers use an HTTP API's id; its name is for people.
            if key in properties and "ProtocolType" not in properties:
                return self.text(properties[key])
        return f"<{name}>"

    def _attribute(self, name: str, attribute: str) -> str:
        kind, properties = self._resource(name)
        own = self._name(name)
        if attribute in ("Name", "QueueName", "TopicName", "FunctionName"):
            return own
        arns = {
            "AWS::DynamoDB::Table": f"arn:aws:dynamodb:*:*:table/{own}",
            "AWS::S3::Bucket": f"arn:aws:s3:::{own}",
            "AWS::KMS::Key": f"arn:aws:kms:*:*:key/{own}",
            "AWS::Serverless::Function": f"arn:aws:lambda:*:*:function:{own}",
            "AWS::Lambda::Function": f"arn:aws:lambda:*:*:function:{own}",
            "AWS::Serverless::StateMachine": f"arn:aws:states:*:*:stateMachine:{own}",
            "AWS::StepFunctions::StateMachine": f"arn:aws:states:*:*:stateMachine:{own}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:*:*:log-group:{own}:*",
            "AWS::SQS::Queue": f"arn:aws:sqs:*:*:{own}",
            "AWS::SNS::Topic": f"arn:aws:sns:*:*:{own}",
            "AWS::SecretsManager::Secret": f"arn:aws:secretsmanager:*:*:secret:{own}-*",
            "AWS::Events::Rule": f"arn:aws:events:*:*:rule/{own}",
            "AWS::Scheduler::Schedule": f"arn:aws:scheduler:*:*:schedule/default/{own}",
            "AWS::IAM::Role": f"arn:aws:iam::*:role/{own}",
        }
        if attribute in ("Arn", "TopicArn") and kind in arns:
            return arns[kind]
        if attribute == "Arn" and kind == "AWS::Lambda::Alias":
            return f"{self.function_arn(properties['FunctionName'])}:{self.text(properties['Name'])}"
        if attribute == "Arn" and kind == "AWS::StepFunctions::StateMachineAlias":
            version = properties["RoutingConfiguration"][0]["StateMachineVersionArn"]
            return f"{self.text(version)}:{self.text(properties['Name'])}"
        raise Unresolved(f"{name}.{attribute}: teach tests/privileges/arns.py the {attribute} of {kind}")

    def function_arn(self, value) -> str:
        """A function's ARN from its name, its ARN, or its alias'."""
        text = self.text(value)
        return text if text.startswith("arn:") else f"arn:aws:lambda:*:*:function:{text}"


# Stands for any text without a separator, where `*` stands for any text.
PART = "?"


def as_glob(pattern: str) -> str:
    """A pattern with `?` for each name that a deployment fills in; a generated one keeps its logical id."""
    parts = pattern.split(":", 5)
    service = parts[2] if len(parts) == 6 else ""
    if service:
        pattern = ":".join([*(PART if part == "*" else part for part in parts[:5]), parts[5]])

    def filled(found: re.Match) -> str:
        # CloudFormation generates STACK-LogicalId-RANDOM, in small letters for a bucket; keys have only ids.
        name = {"dynamodb": found[1], "s3": found[1].lower()}.get(service)
        return f"{PART}-{name}-{PART}" if name else PART

    return re.sub(r"<(\w+)>", filled, pattern)


@functools.lru_cache(maxsize=None)
def may_be_the_same(one: str, other: str) -> bool:
    """Whether two texts with `*` and `?` have a common reading."""
    if not one or not other:
        return set(one + other) <= {"*", PART}
    if other[0] == "*" or (other[0] == PART and one[0] != "*"):
        one, other = other, one
    if one[0] == "*" or (one[0] == PART and other[0] not in "/:"):
        return may_be_the_same(one[1:], other) or may_be_the_same(one, other[1:])
    if one[0] == PART:
        return may_be_the_same(one[1:], other)
    return one[0] == other[0] and may_be_the_same(one[1:], other[1:])


def matches(pattern: str, resource: str) -> bool:
    """Whether the pattern covers a recorded resource."""
    return may_be_the_same(as_glob(pattern), resource)
