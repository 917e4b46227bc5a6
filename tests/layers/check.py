"""Who may use whom: the workspace's own dependencies against the table of ARCHITECTURE.md.

Reads `cargo metadata`, and prints a summary line. Fails when a crate uses more than its layer allows, when a
layer lacks a row here, or when a function uses another function.
"""

import json
import subprocess
import sys

FUNCTIONS = {"intake", "search", "submit", "status-check", "review", "close", "reconcile", "console"}
LIBRARIES = {"rightful-domain", "rightful-connectors", "rightful-aws", "rightful-lambda", "rightful-package"}

# Each crate: the crates of the workspace that it may depend on.
ALLOWED = {
    "rightful-domain": set(),
    "rightful-connectors": {"rightful-domain"},
    "rightful-aws": {"rightful-domain"},
    "rightful-lambda": {"rightful-domain"},
    "rightful-package": {"rightful-domain"},
    **{f"rightful-{name}": LIBRARIES for name in FUNCTIONS},
    "rightful-cli": LIBRARIES - {"rightful-lambda", "rightful-package"},
    "rightful-contract": {"rightful-domain"},
    "rightful-sandbox": set(),
    "rightful-simulation": {"rightful-contract", "rightful-domain"},
    "rightful-local-tests": {"rightful-aws", "rightful-domain", "rightful-sandbox"},
}

# Forbidden dependencies of a layer outside the workspace, as beginnings of names.
FORBIDDEN = {
    "rightful-domain": ("aws-", "aws_", "reqwest", "hyper", "tokio", "lambda", "tracing"),
    "rightful-connectors": ("aws-", "aws_", "lambda"),
    "rightful-aws": ("aws-config", "lambda"),
    "rightful-lambda": ("aws-", "reqwest"),
    "rightful-package": ("aws-", "aws_", "reqwest", "hyper", "tokio", "lambda", "tracing"),
    **{f"rightful-{name}": ("aws-sdk", "aws-config", "reqwest", "lambda_runtime") for name in FUNCTIONS},
}


def problems(packages):
    """Every dependency that its crate's layer does not allow, as a sentence."""
    found = []
    for name, dependencies in sorted(packages.items()):
        if name not in ALLOWED:
            found.append(f"{name} has no row in the table of layers")
            continue
        for dependency in sorted(dependencies):
            if dependency in packages and dependency not in ALLOWED[name]:
                found.append(f"{name} must not use {dependency}")
            if dependency not in packages and dependency.startswith(FORBIDDEN.get(name, ())) and FORBIDDEN.get(name):
                found.append(f"{name} must not use {dependency}")
    return found


def read():
    """The workspace's crates with their dependencies, without those of tests."""
    output = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"],
        check=True, capture_output=True, text=True,
    ).stdout
    return {
        package["name"]: {one["name"] for one in package["dependencies"] if one["kind"] is None}
        for package in json.loads(output)["packages"]
    }


def main():
    packages = read()
    found = problems(packages)
    checked = len(packages)
    # The check itself must be able to fail.
    for name, dependency in [
        ("rightful-domain", "rightful-aws"),
        ("rightful-domain", "tokio"),
        ("rightful-connectors", "aws-sdk-kms"),
        ("rightful-package", "rightful-aws"),
        ("rightful-package", "tokio"),
        ("rightful-search", "rightful-submit"),
        ("rightful-close", "reqwest"),
        ("rightful-stranger", "serde"),
    ]:
        planted = {**packages, name: packages.get(name, set()) | {dependency}}
        if len(problems(planted)) <= len(found):
            found.append(f"the check misses that {name} uses {dependency}")
        checked += 1
    for sentence in found:
        print(f"layers: {sentence}")
    print(f"{checked - min(len(found), checked)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
