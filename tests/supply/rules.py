"""Tests, and rules about the repository's files.

A rule that cannot fail proves nothing: each one names faults, and must complain about every one of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

TESTS: list[Callable] = []
RULES: list[tuple[Callable, list[tuple[str, str, str, str]]]] = []


def test(check: Callable) -> Callable:
    TESTS.append(check)
    return check


def rule(*faults: tuple[str, str, str, str]) -> Callable:
    """Registers a rule over files, given as {path: text}.

    A fault has a name, a file, a regular expression that must match there, and the replacement of the first match.
    """

    def register(check: Callable) -> Callable:
        RULES.append((check, list(faults)))
        return check

    return register


def repository() -> dict[str, str]:
    """The files that the rules read."""
    patterns = (
        "Makefile", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "CHANGELOG.md", "docs/RELEASE.md", "deny.toml",
        ".github/workflows/*.yml", "infra/openapi.yaml", "infra/*/requirements.*", "infra/local/setup.sh",
        "tests/*/package*.json", "tests/*/run.sh", "tests/*/.npmrc",
    )  # fmt: skip
    return {str(path.relative_to(ROOT)): path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern))}
