"""Rules for the requirements, the locks and samconfig.toml: pinned by hash, no host, no secret."""

from __future__ import annotations

import json
import re
import tomllib

from reading import ROOT, strings
from rules import Tally


def read_requirements() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / "infra").glob("*/requirements.*"))}


def hosts_named(requirements: dict[str, str], lock: dict) -> list[str]:
    """Lines that name a package registry: the machine decides that."""
    complaints = []
    for name, text in requirements.items():
        complaints += [f"{name}: {line}" for line in text.splitlines()
                       if re.match(r"\s*(--(?!hash=)|-[if]\b)", line) or ("://" in line and not line.lstrip().startswith("#"))]
    return complaints + [f"package-lock.json: {name}" for name, package in lock["packages"].items() if "resolved" in package]


def unpinned(requirements: dict[str, str], lock: dict) -> list[str]:
    complaints = []
    for name, text in requirements.items():
        if name.endswith(".txt"):
            for block in re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ")):
                if re.match(r"[A-Za-z0-9]", block) and not re.match(r"[A-Za-z0-9._-]+==\S+\s+(--hash=sha256:[0-9a-f]{64}\s*)+", block):
                    complaints.append(f"{name}: {block.splitlines()[0]}")
    return complaints + [f"package-lock.json: {name}" for name, package in lock["packages"].items() if name and "integrity" not in package]


def samconfig_faults(config: dict) -> list[str]:
    complaints = []
    if config["default"]["build"]["parameters"].get("cached") is not False:
        complaints.append("cached: SAM looks at CodeUri alone and would ship a stale binary")
    return complaints + [f"secret-like: {text}" for text in strings(config) if re.search(r"(?i)whsec_|secret|password|token", text)]


def check(tally: Tally) -> None:
    requirements = read_requirements()
    lock = json.loads((ROOT / "tests" / "workflow" / "package-lock.json").read_text())
    tally.expect("requirements and locks name no host", hosts_named(requirements, lock))
    tally.expect_complaint("an index is seen", hosts_named({"x.txt": "--index-url https://registry.example.com\n"}, lock))
    tally.expect_complaint("an address is seen", hosts_named({}, {"packages": {"x": {"resolved": "https://registry.example.com/x"}}}))
    tally.expect("every package is pinned by hash", unpinned(requirements, lock))
    tally.expect_complaint("a requirement without hash is seen", unpinned({"x.txt": "x==1\n    # via y\n"}, lock))
    tally.expect_complaint("a package without integrity is seen", unpinned({}, {"packages": {"node_modules/x": {}}}))
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    tally.expect("samconfig.toml builds afresh and holds no secret", samconfig_faults(config))
    tally.expect_complaint("a cached build is seen", samconfig_faults({"default": {"build": {"parameters": {"cached": True}}}}))
    tally.expect_complaint("a secret is seen", samconfig_faults({"default": {"build": {"parameters": {"cached": False, "x": "whsec_x"}}}}))
