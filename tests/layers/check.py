"""Who may use whom: the crates against the table of ARCHITECTURE.md, and the modules of each crate against
the order of its `mod` lines (modules.py).

Reads `cargo metadata` and the sources, and prints a summary line. Fails when a crate uses more than its layer
allows, when a layer lacks a row here, when a function uses another function, or when a module uses one above it.
"""

import json
import subprocess
import sys
from pathlib import Path

import modules

FUNCTIONS = {"intake", "search", "submit", "status-check", "review", "close", "reconcile", "console"}
LIBRARIES = {
    "rightful-domain", "rightful-connectors", "rightful-aws", "rightful-lambda", "rightful-deployed", "rightful-package",
}

# Each crate: the crates of the workspace that it may depend on.
ALLOWED = {
    "rightful-domain": set(),
    "rightful-connectors": {"rightful-domain"},
    "rightful-aws": {"rightful-domain"},
    "rightful-lambda": {"rightful-domain"},
    "rightful-package": {"rightful-domain"},
    "rightful-deployed": {"rightful-domain", "rightful-connectors", "rightful-aws", "rightful-lambda"},
    **{f"rightful-{name}": LIBRARIES - {"rightful-aws"} for name in FUNCTIONS},
    "rightful-cli": LIBRARIES - {"rightful-lambda", "rightful-deployed", "rightful-package"},
    "rightful-contract": {"rightful-domain"},
    "rightful-operations-tests": {"rightful-contract", "rightful-domain"},
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
    "rightful-deployed": ("aws-", "reqwest", "lambda_runtime"),
    "rightful-package": ("aws-", "aws_", "reqwest", "hyper", "tokio", "lambda", "tracing"),
    **{f"rightful-{name}": ("aws-", "reqwest", "lambda_runtime") for name in FUNCTIONS},
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


# A crate of three storeys in order.
SOUND = {
    "lib.rs": "pub mod ground;\nmod first;\npub mod second;\n\npub use second::Roof;\n",
    "ground.rs": "/// As `crate::Roof`.\npub struct Floor;\n\n#[cfg(test)]\nmod tests {\n    use crate::second::Roof;\n}\n",
    "first/mod.rs": "mod a;\nmod b;\n\npub use b::B;\n\npub fn go() {\n    a::go()\n}\n",
    "first/a.rs": "use crate::ground::Floor;\npub struct A(Floor);\n",
    "first/b.rs": "use super::a::A;\npub struct B(A);\n",
    "second.rs": "use crate::{first::B, ground};\npub struct Roof(B, ground::Floor);\n",
}
# The text added to one of its files, and the complaint that it must cause.
PLANTED = [
    ("ground.rs", "use crate::second::Roof;\n", "ground uses second, which stands above it"),
    ("ground.rs", "use crate::{\n    ground::Floor,\n    second::{Roof as Top},\n};\n", "ground uses second"),
    ("first/a.rs", "pub fn up() {\n    crate::second::up()\n}\n", "first::a uses second, which stands above it"),
    ("first/a.rs", "use super::b::B;\n", "these modules use each other: first::a, first::b"),
    ("first/a.rs", "use super::B;\n", "these modules use each other: first, first::a, first::b"),
    ("first/a.rs", "pub fn up() {\n    super::go()\n}\n", "these modules use each other: first, first::a"),
    ("first/mod.rs", "pub use crate::second::Roof;\n", "these modules use each other: first, second"),
    ("second.rs", "use crate::Roof;\n", "second uses the crate's root"),
    ("ground.rs", "use super::*;\n", "ground uses the crate's root"),
]


def planted(file="lib.rs", text=""):
    """The crate in order, with text at the end of one of its files."""
    sources = {**SOUND, file: SOUND[file] + text}
    return modules.Crate("planted", Path("src"), {f"src/{name}": source for name, source in sources.items()})


def blind_spots():
    """Where the check of modules is wrong: it objects to a crate in order, or misses what was planted."""
    found = [f"a crate in order is objected to: {told}" for told in modules.problems(planted())]
    for file, text, sentence in PLANTED:
        if not any(sentence in told for told in modules.problems(planted(file, text))):
            found.append(f"the check of modules does not see that {sentence}")
    return found


def metadata():
    """The workspace's packages."""
    output = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked"],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(output)["packages"]


def main():
    workspace = metadata()
    # Dependencies of tests alone are left out.
    packages = {
        package["name"]: {one["name"] for one in package["dependencies"] if one["kind"] is None}
        for package in workspace
    }
    found = problems(packages)
    # The check itself must be able to fail.
    faults = [
        ("rightful-domain", "rightful-aws"),
        ("rightful-domain", "tokio"),
        ("rightful-connectors", "aws-sdk-dynamodb"),
        ("rightful-package", "rightful-aws"),
        ("rightful-package", "tokio"),
        ("rightful-search", "rightful-submit"),
        ("rightful-search", "rightful-aws"),
        ("rightful-deployed", "rightful-package"),
        ("rightful-deployed", "aws-sdk-dynamodb"),
        ("rightful-close", "reqwest"),
        ("rightful-close", "aws-runtime"),
        ("rightful-stranger", "serde"),
    ]
    before = len(found)
    for name, dependency in faults:
        with_fault = {**packages, name: packages.get(name, set()) | {dependency}}
        if len(problems(with_fault)) <= before:
            found.append(f"the check does not see that {name} uses {dependency}")
    crates = modules.read({package["name"]: package["manifest_path"] for package in workspace})
    for crate in crates:
        found += modules.problems(crate)
    found += blind_spots()
    files = sum(len(crate.texts) for crate in crates)
    for sentence in found:
        print(f"layers: {sentence}")
    checked = len(packages) + files + len(faults) + len(PLANTED) + 1
    print(f"{len(packages)} crates, {files} modules, {len(faults) + len(PLANTED)} planted faults")
    print(f"{checked - min(len(found), checked)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
