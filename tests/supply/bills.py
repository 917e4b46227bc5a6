"""Tests of infra/supply/sbom.py: a bill of materials lists the parts of a binary, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import sbom
from rules import ROOT, test


def names_of(package: str, target: str, edges: str) -> set[str]:
    """cargo's own list, as `name@version`."""
    command = ["cargo", "tree", "--locked", "--offline", "-p", package, "--target", target, "-e", edges, "--prefix", "none"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in text.splitlines() if line.strip()]
    return {f"{name}@{version.removeprefix('v')}" for name, version, *_ in words}


def written(folder: Path, *arguments: str) -> dict[str, str]:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        kept, sys.argv = sys.argv, ["sbom.py", "--out", str(folder), *arguments]
        try:
            code = sbom.main()
        finally:
            sys.argv = kept
    assert code == 0, said.getvalue()
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.glob("**/*.json"))}


@test
def a_bill_of_materials_lists_the_parts_of_a_binary_and_nothing_else(scratch):
    documents = written(scratch)
    functions = {path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")}
    expected = {f"{machine}/rightful-{name}.cdx.json" for machine in sbom.TARGETS for name in functions | {"cli"}}
    assert set(documents) == expected | {"tools.cdx.json"}, sorted(documents)
    locked = sbom.checksums()
    for name, text in documents.items():
        if name == "tools.cdx.json":
            continue
        architecture, _, file = name.partition("/")
        package = file.removesuffix(".cdx.json")
        document = json.loads(text)
        subject = document["metadata"]["component"]
        parts = {f"{part['name']}@{part['version']}": part for part in document["components"]}
        assert subject["name"] == package and len(parts) == len(document["components"]), name
        itself = {f"{subject['name']}@{subject['version']}"}
        target = sbom.TARGETS[architecture]
        linked = {key for key, part in parts.items() if part["scope"] == "required"}
        assert linked | itself == names_of(package, target, "normal,no-proc-macro"), name
        assert set(parts) | itself == names_of(package, target, "normal,build"), name
        for key, part in parts.items():
            assert part["licenses"], f"{name}: {key} has no licence"
            if part["name"].startswith("rightful-"):
                assert "purl" not in part and "hashes" not in part, f"{name}: {key} is on no registry"
            else:
                digest = locked[(part["name"], part["version"])]
                assert part["hashes"] == [{"alg": "SHA-256", "content": digest}], f"{name}: {key}"
                assert part["purl"].split("?")[0] == f"pkg:cargo/{key.replace('+', '%2B')}", f"{name}: {part['purl']}"
        refs = {part["bom-ref"] for part in (*document["components"], subject)}
        reached, ahead = set(), {subject["bom-ref"]}
        edges = {entry["ref"]: set(entry.get("dependsOn", [])) for entry in document["dependencies"]}
        while ahead:
            reached |= ahead
            ahead = set().union(*(edges[ref] for ref in ahead)) - reached
        assert reached == refs, f"{name}: not reached from the binary: {sorted(refs - reached)[:5]}"
    only_tests = {"wiremock", "proptest", "insta", "stateright", "rightful-sandbox"}
    close = json.loads(documents["arm64/rightful-close.cdx.json"])
    scopes = {part["name"]: part["scope"] for part in close["components"]}
    assert not only_tests & set(scopes), scopes
    assert (scopes["ring"], scopes["rightful-domain"], scopes["serde_derive"]) == ("required", "required", "excluded"), scopes
    tools_list_every_locked_part(json.loads(documents["tools.cdx.json"]))
    again = written(scratch / "again", "--package", "rightful-close")
    assert len(again) == len(sbom.TARGETS)
    for name, text in again.items():
        assert text == documents[name], f"{name} differs the second time"


def tools_list_every_locked_part(document: dict) -> None:
    listed = {part["purl"]: part for part in document["components"] if "purl" in part}
    for path in ROOT.glob("infra/*/requirements.txt"):
        for line in path.read_text().splitlines():
            if line and not line.startswith((" ", "#")):
                name, _, version = line.split()[0].partition("==")
                part = listed[f"pkg:pypi/{name}@{version}"]
                assert part["hashes"], line
    for path in ROOT.glob("tests/*/package-lock.json"):
        for where, entry in json.loads(path.read_text())["packages"].items():
            if where:
                name = where.removeprefix("node_modules/").replace("@", "%40")
                assert listed[f"pkg:npm/{name}@{entry['version']}"]["hashes"][0]["alg"] == "SHA-512", where
    assert any(purl.startswith("pkg:cargo/cargo-deny@") for purl in listed)


@test
def an_invalid_document_is_refused(_):
    good = sbom.of_tools("0.1.0", "0" * 40, datetime(2026, 1, 1, tzinfo=timezone.utc))
    validator = sbom.JsonStrictValidator(sbom.SchemaVersion.V1_6)
    assert validator.validate_str(good) is None
    for old, new in (('"type": "library"', '"type": "thing"'), ('"bomFormat": "CycloneDX"', '"bomFormat": "Other"')):
        assert old in good
        assert validator.validate_str(good.replace(old, new, 1)) is not None, new
