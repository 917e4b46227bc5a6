"""Bills of materials, in CycloneDX 1.6 JSON: of the deployed binaries, and of the tools that build and check them.

    target/sbom/arm64/rightful-close.cdx.json      one for each function, and the command, by architecture
    target/sbom/tools.cdx.json                     the Python and npm locks, cargo-deny and the toolchain

In a function's document, scope `required` means linked into the binary: the normal dependencies, for the
target, with the features in use when that package alone is built, as SAM does. Scope `excluded`, CycloneDX's
word for "not deployed", marks packages that only run while building (procedural macros, build scripts and
their dependencies). Dev-dependencies are left out. cargo itself resolves (`cargo tree`) and gives names,
licences and edges; hashes come from Cargo.lock; CycloneDX's library writes and validates the document.
(cargo-cyclonedx 0.5.9 was the alternative. It reads `cargo metadata`, which resolves features for the whole
workspace: it would list 12 to 33 packages in a function that are not in its binary, such as the SDK for S3
in `intake`.)

One commit gives the same bytes every time: the time is the commit's (or SOURCE_DATE_EPOCH), the serial
number derives from the content. Build dependencies are resolved for the machine that runs this.

Exit status: 0 written and valid; 1 otherwise, with the reason.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[2]
# The template's `Architecture`: cargo's name of the target that SAM builds for.
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
LINE = re.compile(r"(?P<depth>\d+) (?P<name>\S+) v(?P<version>\S+)(?P<marks>(?: \([^)]*\))*)\|(?P<features>\S*)")


class Failed(Exception):
    """No bill of materials; the message says why."""


def output(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:3])} …: {done.stderr.strip()}")
    return done.stdout


def metadata() -> dict[tuple[str, str], dict]:
    """Every package of Cargo.lock, by name and version, from `cargo metadata`."""
    document = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1"))
    return {(package["name"], package["version"]): package for package in document["packages"]}


def deployed(packages: dict[tuple[str, str], dict]) -> list[str]:
    """The packages with deployed binaries, and the operators' command."""
    names = []
    for (name, _), package in packages.items():
        if package["source"] is None:
            folder = Path(package["manifest_path"]).parent.relative_to(ROOT)
            if folder.parent == Path("functions") or folder == Path("infra/cli"):
                names.append(name)
    return sorted(names)


def tree(package: str, target: str, edges: str) -> tuple[dict[tuple[str, str], set[str]], dict[tuple[str, str], set]]:
    """This package and each one below it, with the features in use; and the direct dependencies of each."""
    text = output(
        "cargo", "tree", "--locked", "--package", package, "--target", target, "--edges", edges,
        "--prefix", "depth", "--format", " {p}|{f}",
    )  # fmt: skip
    features: dict[tuple[str, str], set[str]] = {}
    below: dict[tuple[str, str], set] = {}
    path: list[tuple[str, str]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        match = LINE.match(line)
        if not match:
            raise Failed(f"cargo tree printed an unknown line: {line}")
        key = (match["name"], match["version"])
        depth = int(match["depth"])
        features.setdefault(key, set()).update(part for part in match["features"].split(",") if part)
        below.setdefault(key, set())
        del path[depth:]
        if path:
            below[path[-1]].add(key)
        path.append(key)
    return features, below


@cache
def checksums() -> dict[tuple[str, str], str]:
    """SHA-256 of each crate's file, from Cargo.lock."""
    entries = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(entry["name"], entry["version"]): entry["checksum"] for entry in entries if "checksum" in entry}


def licences(expression: str | None) -> list:
    # Older crates write a slash for OR.
    return [LicenseFactory().make_from_string(re.sub(r"\s*/\s*", " OR ", expression))] if expression else []


def component(key: tuple[str, str], package: dict, checksum: str | None, features: set[str], scope: ComponentScope) -> Component:
    """One crate. Only a crate from crates.io has a package URL: ours are not published."""
    name, version = key
    ours = package["source"] is None
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{'workspace' if ours else 'cargo'}:{name}@{version}",
        scope=scope,
        purl=None if ours else PackageURL("cargo", None, name, version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
        licenses=licences(package["license"]),
        description=" ".join((package["description"] or "").split()) or None,
        properties=[Property(name="cargo:features", value=",".join(sorted(features)))] if features else [],
    )


def bill(subject: Component, parts: list[Component], edges: dict[str, set[str]], when: datetime) -> str:
    """The document; the same content gives the same bytes.

    # Errors
    `Failed` if it violates the schema.
    """
    bom = Bom(components=parts)
    bom.metadata.component = subject
    bom.metadata.timestamp = when
    by_ref = {part.bom_ref.value: part for part in (subject, *parts)}
    for ref, targets in edges.items():
        bom.register_dependency(by_ref[ref], [by_ref[target] for target in sorted(targets)])
    bom.serial_number = UUID(int=0)
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    serial = uuid5(NAMESPACE_URL, hashlib.sha256(text.encode()).hexdigest())
    text = text.replace(str(bom.serial_number), str(serial), 1)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise Failed(f"{subject.name}: not CycloneDX 1.6: {problem}")
    return text


def of_package(name: str, architecture: str, packages: dict[tuple[str, str], dict], commit: str, when: datetime) -> str:
    """The bill of materials of one deployed package."""
    target = TARGETS[architecture]
    everything, below = tree(name, target, "normal,build")
    linked, _ = tree(name, target, "normal,no-proc-macro")
    hashes = checksums()
    itself = next(key for key in linked if key[0] == name)
    parts = {
        key: component(
            key, packages[key], hashes.get(key), linked.get(key, features),
            ComponentScope.REQUIRED if key in linked else ComponentScope.EXCLUDED,
        )
        for key, features in everything.items()
    }  # fmt: skip
    subject = parts.pop(itself)
    subject.type, subject.scope = ComponentType.APPLICATION, None
    subject.properties.add(Property(name="rightful:target", value=target))
    subject.properties.add(Property(name="rightful:commit", value=commit))
    refs = {key: part.bom_ref.value for key, part in (*parts.items(), (itself, subject))}
    edges = {refs[key]: {refs[other] for other in others} for key, others in below.items()}
    return bill(subject, list(parts.values()), edges, when)


def python_parts() -> list[Component]:
    """The packages locked by the requirements files. They name no licences."""
    parts: dict[str, Component] = {}
    for path in sorted(ROOT.glob("infra/*/requirements.txt")):
        lock = str(path.relative_to(ROOT))
        for block in re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE):
            if match := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block):
                purl = PackageURL("pypi", None, match[1].lower().replace("_", "-"), match[2])
                part = parts.setdefault(
                    str(purl),
                    Component(name=match[1], version=match[2], type=ComponentType.LIBRARY, bom_ref=str(purl), purl=purl),
                )
                part.properties.add(Property(name="rightful:lock", value=lock))
                # Several hashes: the source's and each wheel's, of which one is installed.
                part.hashes.update(
                    HashType(alg=HashAlgorithm.SHA_256, content=digest)
                    for digest in re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
                )
    return list(parts.values())


def npm_parts() -> list[Component]:
    """The packages locked by the npm lock files."""
    parts: dict[str, Component] = {}
    for path in sorted(ROOT.glob("tests/*/package-lock.json")):
        for where, entry in json.loads(path.read_text())["packages"].items():
            if not where:
                continue
            scope, _, name = where.rpartition("node_modules/")[2].rpartition("/")
            purl = PackageURL("npm", scope or None, name, entry["version"])
            part = parts.setdefault(
                str(purl),
                Component(
                    name=name, group=scope or None, version=entry["version"], type=ComponentType.LIBRARY, bom_ref=str(purl),
                    purl=purl, licenses=licences(entry.get("license")),
                ),
            )  # fmt: skip
            part.properties.add(Property(name="rightful:lock", value=str(path.relative_to(ROOT))))
            part.hashes.add(HashType(alg=HashAlgorithm.SHA_512, content=sha512_of(entry["integrity"])))
    return list(parts.values())


def sha512_of(integrity: str) -> str:
    """An npm lock's `sha512-BASE64` in hexadecimal."""
    kind, _, digest = integrity.partition("-")
    if kind != "sha512":
        raise Failed(f"an npm package is locked by {kind}, not by SHA-512")
    return base64.b64decode(digest).hex()


def of_tools(version: str, commit: str, when: datetime) -> str:
    """The bill of materials of the tools that build and check the product; none is deployed."""
    toolchain = tomllib.loads((ROOT / "rust-toolchain.toml").read_text())["toolchain"]["channel"]
    deny = re.search(r"^CARGO_DENY_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    if not deny:
        raise Failed("the Makefile has no CARGO_DENY_VERSION")
    parts = [
        Component(name="rust", version=toolchain, type=ComponentType.APPLICATION, bom_ref=f"rust@{toolchain}"),
        Component(
            name="cargo-deny", version=deny[1], type=ComponentType.APPLICATION, bom_ref=f"cargo:cargo-deny@{deny[1]}",
            purl=PackageURL("cargo", None, "cargo-deny", deny[1]),
        ),
        *python_parts(),
        *npm_parts(),
    ]  # fmt: skip
    subject = Component(
        name="rightful-tools", version=version, type=ComponentType.APPLICATION, bom_ref=f"workspace:rightful-tools@{version}",
        properties=[Property(name="rightful:commit", value=commit)],
    )  # fmt: skip
    edges = {subject.bom_ref.value: {part.bom_ref.value for part in parts}}
    return bill(subject, parts, edges, when)


def origin() -> tuple[str, datetime]:
    """The commit, and its time or SOURCE_DATE_EPOCH. An unpacked source archive has its commit's time on every file."""
    if (ROOT / ".git").exists():
        commit = output("git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty").strip()
        seconds = int(output("git", "log", "-1", "--format=%ct"))
    else:
        commit = "not a checkout"
        seconds = int((ROOT / "Cargo.lock").stat().st_mtime)
    return commit, datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or seconds), timezone.utc)


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the bills of materials; see the top of this file.")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "sbom")
    parser.add_argument("--package", help="only this package, without the tools")
    args = parser.parse_args()
    try:
        commit, when = origin()
        packages = metadata()
        names = deployed(packages)
        wanted = [(architecture, name) for architecture in TARGETS for name in names if args.package in (None, name)]
        if not wanted:
            raise Failed(f"{args.package} is not deployed; deployed are {', '.join(names)}")
        with ProcessPoolExecutor() as pool:
            started = [pool.submit(of_package, name, architecture, packages, commit, when) for architecture, name in wanted]
            texts = [job.result() for job in started]
        documents = {f"{architecture}/{name}.cdx.json": text for (architecture, name), text in zip(wanted, texts, strict=True)}
        version = next(package["version"] for (name, _), package in packages.items() if name == names[0])
        if args.package is None:
            documents["tools.cdx.json"] = of_tools(version, commit, when)
    except Failed as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    for name, text in documents.items():
        path = args.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"sbom: {len(documents)} documents in {args.out}, of commit {commit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
