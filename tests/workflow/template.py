"""Finds things in the template for the rules, and plants faults that several of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from reading import ROOT


def statements(template: dict) -> Iterator[tuple[str, dict]]:
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", []) if "PolicyDocument" in policy]
        documents += [properties[key] for key in ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy") if key in properties]
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement


def functions(template: dict) -> dict[str, dict]:
    return {name: resource for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"}


def role_statements(template: dict, role: str) -> list[dict]:
    return template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


def statement_of(template: dict, role: str, sid: str) -> dict:
    return next(statement for statement in role_statements(template, role) if statement["Sid"] == sid)


def machines_of(template: dict) -> dict[str, dict]:
    return {name: resource for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::StateMachine"}


def variables_of(template: dict, function: str) -> dict:
    """The variables that a function alone is given."""
    return template["Resources"][function]["Properties"]["Environment"]["Variables"]


def shared_variables(template: dict) -> dict:
    """The variables that every function is given."""
    return template["Globals"]["Function"]["Environment"]["Variables"]


def properties_of(template: dict, function: str) -> dict:
    """A function's properties with those of Globals, as SAM merges them."""
    shared, own = template["Globals"]["Function"], template["Resources"][function]["Properties"]
    return {**shared, **own, "Environment": {"Variables": {**shared_variables(template), **variables_of(template, function)}}}


def ended_rule(template: dict) -> dict:
    return template["Resources"]["ExecutionEndedRule"]["Properties"]


def queue(template: dict) -> dict:
    return template["Resources"]["UndeliveredQueue"]["Properties"]


def synthetic_schedule(template: dict) -> dict:
    return template["Resources"]["SyntheticRequestSchedule"]


def synthetic_target(template: dict) -> dict:
    return synthetic_schedule(template)["Properties"]["Target"]


def grant(role: str, action: str, resource="a") -> Callable:
    return lambda template: role_statements(template, role).append({"Sid": "X", "Effect": "Allow", "Action": [action], "Resource": resource})


def take(role: str, sid: str) -> Callable:
    def plant(template):
        found = role_statements(template, role)
        found.remove(next(statement for statement in found if statement["Sid"] == sid))
    return plant


def crate_of(function: str) -> str:
    """`StatusCheckFunction` is built from `functions/status-check`."""
    return "-".join(re.findall(r"[A-Z][a-z]+", function.removesuffix("Function"))).lower()


def code_of(folder: str) -> str:
    """A crate's code, without its tests and comments."""
    paths = sorted((ROOT / "functions" / folder / "src").rglob("*.rs"))
    code = "\n".join(path.read_text().partition("#[cfg(test)]\nmod ")[0] for path in paths)
    return re.sub(r"^\s*//.*$", "", code, flags=re.M)


def methods_of(code: str) -> dict[str, str]:
    """The bodies of the methods of the one type in this code."""
    return dict(re.findall(r"\n    (?:pub )?(?:async )?fn (\w+)(?:<[^>]*>)?\(\s*&?self\b.*?\{\n(.*?)\n    \}", code, re.S))


def composed(crate: str) -> str:
    """A function's code, and after it the methods of `Deployed` that its ports are built by."""
    code, bodies = code_of(crate), methods_of(code_of("lib/deployed"))
    built, new = set(), set(re.findall(r"\bdeployed\s*\.(\w+)\(", code)) & set(bodies)
    while new:
        built |= new
        new = {name for one in new for name in re.findall(r"\bself\s*\.(\w+)\(", bodies[one])} & set(bodies) - built
    return "\n".join([code, *(bodies[name] for name in sorted(built))])
