"""Enough of CloudFormation to evaluate a template: parameters, conditions, functions.

`Ref` and `GetAtt` give real values for the few types that others here refer to. For every other one they give a
text that names the resource, `<LogicalId>` or `<LogicalId.Attribute>`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from reading import Loader

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-central-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "rightful-local",
    "AWS::StackId": "<stack>",
}
NOTHING = object()


class Unresolved(Exception):
    """A value that this module cannot evaluate."""


def read(path: Path) -> dict:
    return yaml.load(path.read_text(), Loader)


class Template:
    """One template with its parameters.

    `resources` holds each resource with a true condition, and its resolved properties.
    """

    def __init__(self, source: dict, parameters: dict[str, str] | None = None) -> None:
        self.source = source
        declared = source.get("Parameters", {})
        if unknown := set(parameters or {}) - set(declared):
            raise Unresolved(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.parameters = {}
        for name, parameter in declared.items():
            value = (parameters or {}).get(name, parameter.get("Default"))
            if value is not None:
                self.parameters[name] = str(value)
        self.resources: dict[str, dict] = {}
        for name, resource in source["Resources"].items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                self.resources[name] = {"Type": resource["Type"], "Properties": self.resolve(resource.get("Properties", {}))}

    def of_type(self, kind: str) -> dict[str, dict]:
        return {name: resource["Properties"] for name, resource in self.resources.items() if resource["Type"] == kind}

    def holds(self, condition: str) -> bool:
        try:
            return self._truth(self.source["Conditions"][condition])
        except KeyError:
            raise Unresolved(f"no condition {condition}") from None

    def _truth(self, value) -> bool:
        (function, argument), = value.items()
        if function == "Condition":
            return self.holds(argument)
        if function == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return left == right
        if function == "Fn::Not":
            return not self._truth(argument[0])
        if function == "Fn::And":
            return all(self._truth(side) for side in argument)
        if function == "Fn::Or":
            return any(self._truth(side) for side in argument)
        raise Unresolved(f"{function} in a condition")

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (function, argument), = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function == "Fn::GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            if function == "Fn::Sub":
                return self._sub(argument)
            if function == "Fn::If":
                return self.resolve(argument[1] if self.holds(argument[0]) else argument[2])
            if function == "Fn::Join":
                return argument[0].join(self.resolve(argument[1]))
            if function == "Fn::Split":
                return self.resolve(argument[1]).split(argument[0])
            if function == "Fn::Select":
                return self.resolve(argument[1])[int(self.resolve(argument[0]))]
            if function == "Fn::FindInMap":
                at = self.source["Mappings"]
                for key in argument:
                    at = at[self.resolve(key)]
                return at
            if function in ("Fn::ToJsonString",):
                return json.dumps(self.resolve(argument))
            if function.startswith("Fn::"):
                raise Unresolved(f"{function} is not resolved here: add it to cloudformation.py")
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NOTHING}

    def _ref(self, name: str):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.source.get("Parameters", {}):
            if name not in self.parameters:
                raise Unresolved(f"the parameter {name} is not given and has no default")
            return self.parameters[name]
        resource = self._resource(name)
        properties = resource.get("Properties", {})
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
            return self.resolve(properties["AlarmName"])
        if resource["Type"] == "AWS::SNS::Topic":
            return self._arn("sns", self.resolve(properties["TopicName"]))
        if resource["Type"] == "AWS::Logs::LogGroup":
            return self.resolve(properties["LogGroupName"])
        return f"<{name}>"

    def _attribute(self, name: str, attribute: str):
        resource = self._resource(name)
        properties = resource.get("Properties", {})
        if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm") and attribute == "Arn":
            return self._arn("cloudwatch", f"alarm:{self.resolve(properties['AlarmName'])}")
        if resource["Type"] == "AWS::SNS::Topic" and attribute in ("TopicArn", "TopicName"):
            topic = self.resolve(properties["TopicName"])
            return topic if attribute == "TopicName" else self._arn("sns", topic)
        return f"<{name}.{attribute}>"

    def _arn(self, service: str, rest: str) -> str:
        return f"arn:{PSEUDO['AWS::Partition']}:{service}:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:{rest}"

    def _resource(self, name: str) -> dict:
        if name not in self.source["Resources"]:
            raise Unresolved(f"the template has nothing called {name}")
        return self.source["Resources"][name]

    def _sub(self, argument) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))

        def value(match: re.Match) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return str(given[name])
            return str(self._attribute(*name.split(".", 1)) if "." in name and name not in PSEUDO else self._ref(name))

        return re.sub(r"\$\{([^}]*)\}", value, text)
