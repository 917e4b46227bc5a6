"""Every package, every crate and the toolchain are locked by version and digest."""

from __future__ import annotations

import json
import re
import tomllib

from rules import rule


@rule(
    ("a range", "infra/sam/requirements.txt", r"==(\S+) \\", r">=\1 \\"),
    ("no hash", "infra/tools/requirements.txt", r" \\\n    --hash=sha256:[0-9a-f]+( \\\n    --hash=sha256:[0-9a-f]+)*", ""),
    ("a weaker hash", "infra/local/requirements.txt", r"--hash=sha256:", "--hash=md5:"),
    ("an address", "infra/supply/requirements.txt", r"^pyyaml==\S+", "pyyaml @ https://example.com/pyyaml.zip"),
)
def every_python_package_is_locked_by_version_and_hash(files):
    locks = [name for name in files if name.endswith("requirements.txt")]
    if {name.replace(".txt", ".in") for name in locks} != {name for name in files if name.endswith("requirements.in")}:
        yield "a requirements.in without its requirements.txt, or the reverse"
    for name in locks:
        for block in re.split(r"^(?=[A-Za-z0-9])", files[name], flags=re.MULTILINE)[1:]:
            kept = "\n".join(line for line in block.splitlines() if not line.lstrip().startswith("#"))
            if not re.fullmatch(r"[A-Za-z0-9._-]+==[^\s;]+( ;[^\\\n]+)?( \\\s+--hash=sha256:[0-9a-f]{64})+\s*", kept):
                yield f"{name}: {block.split()[0]}"


@rule(
    ("hashes not required", "infra/local/setup.sh", r"--require-hashes ", ""),
    ("more than is locked", "infra/local/setup.sh", r"--no-deps ", ""),
    ("another door", "Makefile", r"^clean: down.*$", "\\g<0>\n\tpython3 -m pip --quiet install wheel"),
)
def only_locked_packages_are_installed_from_PyPI(files):
    if not re.search(r"-m pip --python .* install .*--require-hashes --no-deps --requirement", files["infra/local/setup.sh"].replace("\\\n", ""), re.S):
        yield "setup.sh"
    for name, text in files.items():
        if name.endswith((".yml", "Makefile", ".sh")) and name != "infra/local/setup.sh" and re.search(r"\bpip3?\b.* install\b|\bpipx\b", text):
            yield f"{name} installs by itself"


@rule(
    ("no digest", "tests/workflow/package-lock.json", r'"integrity": "sha512-[^"]+",', ""),
    ("a weaker digest", "tests/workflow/package-lock.json", r'"sha512-', '"sha1-'),
    ("a range", "tests/workflow/package.json", r'"4\.0\.0"', '"^4.0.0"'),
    ("not by the lock", "tests/workflow/run.sh", r"npm ci", "npm install"),
    ("scripts of packages", "tests/workflow/run.sh", r"--ignore-scripts ", ""),
)
def every_npm_package_is_locked_by_version_and_digest(files):
    for name, text in files.items():
        if name.endswith("package-lock.json"):
            for where, entry in json.loads(text)["packages"].items():
                if where and not entry.get("integrity", "").startswith("sha512-"):
                    yield f"{name}: {where}"
        elif name.endswith("package.json"):
            for package, version in json.loads(text).get("dependencies", {}).items():
                if not re.fullmatch(r"\d+\.\d+\.\d+", version):
                    yield f"{name}: {package} {version}"
        elif name.endswith(".sh"):
            if re.search(r"\bnpm (install|i|exec)\b|\bnpx\b", text) or ("npm ci" in text and "npm ci --ignore-scripts" not in text):
                yield f"{name}: npm installs more than the lock, or runs scripts of packages"


@rule(
    ("no checksum", "Cargo.lock", r'^checksum = "[0-9a-f]+"\n', ""),
    ("a git dependency", "Cargo.lock", r'"registry\+https[^"]+"', '"git+https://example.com/x#0"'),
    ("a moving toolchain", "rust-toolchain.toml", r'channel = "[^"]+"', 'channel = "stable"'),
    ("cargo install without a lock", "Makefile", r"(cargo-deny --version \S+) --locked", r"\1"),
    ("cargo install without a version", "Makefile", r"cargo-deny --version \S+", "cargo-deny"),
    ("a build without the lock", "Makefile", r"build --locked", "build"),
    ("yanked crates", "deny.toml", r'yanked = "deny"', 'yanked = "warn"'),
    ("other registries", "deny.toml", r'unknown-registry = "deny"', 'unknown-registry = "warn"'),
    ("an exception without a reason", "deny.toml", r"^ignore = \[\]", 'ignore = ["RUSTSEC-2026-9001"]'),
)
def every_crate_and_the_toolchain_are_locked(files):
    for package in tomllib.loads(files["Cargo.lock"])["package"]:
        source = package.get("source")
        if source and (not source.startswith("registry+") or "checksum" not in package):
            yield f"Cargo.lock: {package['name']}"
    if not re.fullmatch(r"\d+\.\d+\.\d+", tomllib.loads(files["rust-toolchain.toml"])["toolchain"]["channel"]):
        yield "rust-toolchain.toml names no exact version"
    makefile = files["Makefile"].replace("\\\n", "")
    for line in makefile.splitlines():
        if re.search(r"\$\(CARGO\) install ", line) and not ("--locked" in line and "--version $(" in line):
            yield f"Makefile: {line.strip()}"
        if re.search(r"\$\(CARGO\) (build|test|clippy) ", line) and "--locked" not in line:
            yield f"Makefile: {line.strip()}"
    if not re.search(r"^CARGO_DENY_VERSION := \d+\.\d+\.\d+$", makefile, re.MULTILINE):
        yield "Makefile: no exact version of cargo-deny"
    deny = tomllib.loads(files["deny.toml"])
    if deny["advisories"].get("yanked") != "deny" or {"unmaintained", "unsound"} - {
        key for key, value in deny["advisories"].items() if value == "all"
    }:
        yield "deny.toml: advisories"
    if {deny["sources"].get("unknown-registry"), deny["sources"].get("unknown-git")} != {"deny"}:
        yield "deny.toml: sources"
    for entry in deny["advisories"]["ignore"]:
        if not isinstance(entry, dict) or not entry.get("reason", "").strip():
            yield f"deny.toml: ignored without a reason: {entry}"
