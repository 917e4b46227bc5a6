"""Checks the supply chain's own checks: advisories, bills of materials, pins, workflows, versions.

A check that cannot fail proves nothing. These tests plant advisories in databases of their own, in the formats
of RustSec and OSV. They also run every rule about files of the repository on copies with a planted fault, and
it must complain about each. Nothing here uses the network.

Run it with `make supply`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "supply"))

from rules import RULES, TESTS, repository  # noqa: E402

# Importing a module registers its tests and rules; they run in this order.
import vulnerabilities  # noqa: E402, F401
import bills  # noqa: E402, F401
import pins  # noqa: E402, F401
import workflows  # noqa: E402, F401
import versions  # noqa: E402, F401


def main() -> int:
    only = sys.argv[1:]
    failures, passed = [], 0
    for check in TESTS:
        if only and not any(word in check.__name__ for word in only):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            try:
                check(Path(scratch))
                passed += 1
            except Exception as error:  # noqa: BLE001
                failures.append(f"{check.__name__.replace('_', ' ')}: {type(error).__name__}: {error}")
    files = repository()
    for check, faults in RULES:
        name = check.__name__.replace("_", " ")
        if only and not any(word in check.__name__ for word in only):
            continue
        failures += [f"{name}: {problem}" for problem in check(files)]
        passed += 1
        for fault, path, pattern, replacement in faults:
            text, count = re.subn(pattern, replacement, files[path], count=1, flags=re.MULTILINE)
            if not count:
                failures.append(f"{name}: the fault `{fault}` changes nothing in {path}")
            elif not list(check({**files, path: text})):
                failures.append(f"{name}: does not complain about: {fault}")
            else:
                passed += 1
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"supply: {passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
