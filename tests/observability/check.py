"""Checks the monitoring: metrics, alarms, dashboard, saved queries, runbooks.

    check.py static         from the sources alone
    check.py all FOLDER     also against the log lines of an end-to-end run: FOLDER/*/logs/functions/*.log
    check.py table          prints each alarm with its observed behaviour

It evaluates alarms as AWS documents it (`cloudwatch.py`), on metrics as the functions write them
(`scenarios.py`). Each must fire and clear at its time, and must not fire on a normal day or for a lesser cause.
It runs saved queries over the real lines (`insights.py`). A rule that cannot fail proves nothing: each one also
runs with planted faults, and must complain about every one.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "workflow"))

import cloudformation  # noqa: E402
from behaviour import check_alarms, print_table  # noqa: E402
from faults import RULES, complaints_of  # noqa: E402
from known_answers import check_evaluation, check_queries  # noqa: E402
from rules import Tally  # noqa: E402
from subject import read_subject  # noqa: E402

# Importing a module registers its rules; they run in this order.
import requested  # noqa: E402, F401
import alarms  # noqa: E402, F401
import dashboard  # noqa: E402, F401
import queries  # noqa: E402, F401
import emitted  # noqa: E402, F401


def main(arguments: list[str]) -> int:
    if arguments not in (["static"], ["table"]) and not (len(arguments) == 2 and arguments[0] == "all"):
        print(__doc__, file=sys.stderr)
        return 2
    if arguments == ["table"]:
        print_table(read_subject(None))
        return 0
    logs = Path(arguments[1]) if arguments[0] == "all" else None
    subject, tally = read_subject(logs), Tally()
    check_evaluation(tally)
    check_queries(tally)
    for found in RULES:
        if found.needs_logs and logs is None:
            continue
        before = complaints_of(found.check, subject)
        tally.expect(found.name, before)
        for fault, plant in found.faults:
            planted = copy.deepcopy(subject)
            try:
                plant(planted)
            except (AssertionError, KeyError, StopIteration, cloudformation.Unresolved) as error:
                tally.expect(f"{found.name}: {fault} can be planted", [f"{type(error).__name__}: {error}"])
                continue
            told = [complaint for complaint in complaints_of(found.check, planted) if complaint not in before]
            tally.expect_complaint(f"{found.name}: notices {fault}", told)
    check_alarms(tally, subject)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
