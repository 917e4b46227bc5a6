"""Checks the templates and the state machines with three third-party checkers and our own rules.

No third-party checker knows this product's promises, so each subject has a file of rules here. A rule that cannot fail
proves nothing: each one also runs on copies with a planted fault, and must complain about every one of them.

Run it with `tests/workflow/run.sh`, which installs what it needs.
"""

from __future__ import annotations

import copy
import sys

import checkers
import comparisons
import pins

# Importing a module registers its rules.
import callers  # noqa: F401
import definitions  # noqa: F401
import functions  # noqa: F401
import kept  # noqa: F401
import parameters  # noqa: F401
import permissions  # noqa: F401
from deployment import read_deployment, read_templates
from reading import read_machines
from rules import RULES, Tally


def main() -> int:
    tally = Tally()
    machines, template, templates = read_machines(), read_deployment(), read_templates()
    tally.expect("both state machines are there", [] if set(machines) == {"fulfil-request", "fulfil-source"} else [str(set(machines))])
    checkers.check(tally, machines)
    for found in RULES:
        subjects = {name: machine for name, machine in machines.items() if found.of in ("machine", name)}
        subjects = subjects or {"the templates": templates if found.of == "templates" else template}
        for name, subject in subjects.items():
            tally.expect(f"{name}: {found.name}", list(found.check(subject)))
            for fault, plant in found.faults:
                planted = copy.deepcopy(subject)
                plant(planted)
                tally.expect_complaint(f"{name}: {found.name}: sees {fault}", list(found.check(planted)))
    comparisons.check(tally, machines, template)
    pins.check(tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
