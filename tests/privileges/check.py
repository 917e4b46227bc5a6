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
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "workflow"), str(ROOT / "infra" / "local"), str(Path(__file__).resolve().parent)]

import exceptions  # noqa: E402
from arns import Template, Unresolved  # noqa: E402
from deployment import REST, STATE, read_deployment, read_templates  # noqa: E402
from page import PAGE, out_of_date, page, table  # noqa: E402
from planted import recorded_faults, static_faults  # noqa: E402
from policies import invocations_differ, keys_differ, nested_faults, queues_differ, roles_differ  # noqa: E402
from reading import read_machines  # noqa: E402
from recorder import template_digest  # noqa: E402
from recorder_checks import check_recorder  # noqa: E402
from records import LEAST_STACKS, Exceptions, Records, read_records, recorded_differ, too_few  # noqa: E402
from rules import Tally  # noqa: E402

TEMPLATE = ROOT / "template.yaml"


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
