"""docs/PERMISSIONS.md, and the table of the recorded calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from arns import Template
from grants import function_roles, grants
from needs import needed
from permissions import WILDCARD_RESOURCES
from policies import by_routes, by_rules, covers
from records import Exceptions, Outcome

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "PERMISSIONS.md"


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
