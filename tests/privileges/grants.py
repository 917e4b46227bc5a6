"""The grants: each action on each resource that the template's policies allow a role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from arns import Template, Unresolved


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
