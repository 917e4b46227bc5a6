"""Compares the calls that the embedded stack recorded with the functions' policies."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import exceptions
from arns import PART, Template, as_glob, matches, may_be_the_same
from grants import Grant, documents, function_roles, grants
from needs import needed
from policies import covers
from reading import as_list

# The end-to-end tests use at least this many stacks.
LEAST_STACKS = 30


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


def too_few(records: Records, least: int) -> list[str]:
    if len(records.stacks) >= least:
        return []
    return [f"{len(records.stacks)} stacks recorded calls with this template; {least} are needed; "
            f"{len(records.others)} have records of another template, or none: run `make local`"]
