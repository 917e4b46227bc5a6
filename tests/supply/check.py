"""Checks the supply chain's own checks: advisories, bills of materials, pins, workflows, versions.

A check that cannot fail proves nothing. These tests plant advisories in databases of their own, in the formats
of RustSec and OSV. They also run every rule about files of the repository on copies with a planted fault, and
it must complain about each. Nothing here uses the network.

Run it with `make supply`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "infra" / "supply"))

import advisories  # noqa: E402
import osv  # noqa: E402
import sbom  # noqa: E402

TESTS: list[Callable] = []
RULES: list[tuple[Callable, list[tuple[str, str, str, str]]]] = []
TODAY = datetime.now(timezone.utc).date()


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


# ------------------------------------------------------------------------------------ advisories


def look(*arguments: str | Path, required: bool = False) -> tuple[int, str]:
    """Runs advisories.py without the network; returns exit status and output."""
    environment = {key: value for key, value in os.environ.items() if key not in ("ADVISORY_DB", "OSV_DB", "ADVISORIES")}
    if required:
        environment["ADVISORIES"] = "required"
    done = subprocess.run(
        [sys.executable, ROOT / "infra" / "supply" / "advisories.py", "--no-network", *map(str, arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def rustsec(folder: Path, package: str = "serde", more: str = "", patched: str = "", when: date = TODAY) -> Path:
    """A RustSec database with one advisory."""
    path = folder / "crates" / package / "RUSTSEC-2026-9001.md"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'```toml\n[advisory]\nid = "RUSTSEC-2026-9001"\npackage = "{package}"\ndate = "{when}"\n{more}\n'
        f"[versions]\npatched = [{patched}]\n```\n\n# Planted\n\nA planted advisory.\n"
    )
    return folder


def osv_entry(ecosystem: str, package: str, events: list[dict], when: date = TODAY, **more) -> dict:
    kind = {"PyPI": "ECOSYSTEM", "npm": "SEMVER"}[ecosystem]
    affected = {"package": {"ecosystem": ecosystem, "name": package}, "ranges": [{"type": kind, "events": events}]}
    return {"id": f"GHSA-{package}", "modified": f"{when}T00:00:00Z", "summary": "Planted", "affected": [affected]} | more


def osv_database(folder: Path, *entries: dict) -> Path:
    """An OSV database: PyPI's as the published zip, npm's unpacked."""
    folder.mkdir(parents=True)
    (folder / "PyPI").mkdir()
    (folder / "npm").mkdir()
    with zipfile.ZipFile(folder / "PyPI" / "all.zip", "w") as archive:
        for number, entry in enumerate(entries):
            text = json.dumps(entry)
            if entry["affected"][0]["package"]["ecosystem"] == "PyPI":
                archive.writestr(f"{number}.json", text)
            else:
                (folder / "npm" / f"{number}.json").write_text(text)
    return folder


def harmless(folder: Path, when: date = TODAY) -> Path:
    """An OSV database in which nothing applies."""
    return osv_database(
        folder,
        osv_entry("PyPI", "no-such-package", [{"introduced": "0"}], when),
        osv_entry("npm", "no-such-package", [{"introduced": "0"}], when),
    )


@test
def an_advisory_about_a_locked_crate_is_a_failure(scratch):
    code, text = look("--advisory-db", rustsec(scratch / "db"))
    assert code == 1, text
    assert "RUSTSEC-2026-9001" in text and "serde 1." in text, text


@test
def a_tarball_is_read_like_a_checkout(scratch):
    rustsec(scratch / "advisory-db-main")
    with tarfile.open(scratch / "db.tar.gz", "w:gz") as archive:
        archive.add(scratch / "advisory-db-main", "advisory-db-main")
    code, text = look("--advisory-db", scratch / "db.tar.gz")
    assert code == 1 and "RUSTSEC-2026-9001" in text, text


@test
def an_abandoned_or_unsound_crate_is_a_failure_too(scratch):
    for kind in ("unmaintained", "unsound"):
        code, text = look("--advisory-db", rustsec(scratch / kind, more=f'informational = "{kind}"'))
        assert code == 1 and "RUSTSEC-2026-9001" in text, text


@test
def a_database_without_an_advisory_for_us_lets_the_crates_pass(scratch):
    code, text = look("--advisory-db", rustsec(scratch / "db", package="rightful-has-no-such-crate"))
    assert code == 0, text
    assert re.search(r"Rust \(Cargo.lock, \d+ packages\): nothing applies, against RustSec's database \(1 advisories\)", text), text
    assert "NOT CHECKED: Python, npm" in text.splitlines()[-1], text


@test
def a_patched_release_passes(scratch):
    code, text = look("--advisory-db", rustsec(scratch / "db", patched='">= 1.0.0"'))
    assert code == 0 and "nothing applies" in text, text


@test
def without_a_database_it_names_the_unchecked_locks_and_the_remedy(scratch):
    code, text = look("--cache", scratch)
    assert code == 0, text
    last = text.splitlines()[-1]
    assert "0 of 3 kinds of lock checked" in last and "NOT CHECKED: Rust, Python, npm" in last, text
    assert "make advisories ADVISORY_DB=FOLDER" in text and "make advisories OSV_DB=FOLDER" in text, text
    assert "nothing applies" not in text, text


@test
def an_unchecked_lock_fails_where_a_check_is_required(scratch):
    code, text = look("--cache", scratch, required=True)
    assert code == 1 and "ADVISORIES=required, so this is a failure" in text.splitlines()[-1], text
    database = rustsec(scratch / "db", package="rightful-has-no-such-crate")
    code, text = look("--advisory-db", database, required=True)
    assert code == 1 and "NOT CHECKED: Python, npm" in text, text


@test
def with_every_database_at_hand_required_passes(scratch):
    database = rustsec(scratch / "db", package="rightful-has-no-such-crate")
    code, text = look("--advisory-db", database, "--osv-db", harmless(scratch / "osv"), required=True)
    assert code == 0, text
    assert "3 of 3 kinds of lock checked, 0 found" in text.splitlines()[-1], text
    assert "NOT CHECKED" not in text, text


@test
def a_stale_database_is_said_and_refused_where_it_is_required(scratch):
    old = TODAY - timedelta(days=31)
    rust = rustsec(scratch / "db", package="rightful-has-no-such-crate", when=old)
    other = harmless(scratch / "osv", old)
    code, text = look("--advisory-db", rust, "--osv-db", other)
    assert code == 0 and text.count("31 days old: newer advisories are not in it") == 3, text
    code, text = look("--advisory-db", rust, "--osv-db", other, required=True)
    assert code == 1 and text.count("older than the 30 days allowed") == 3, text
    code, text = look("--advisory-db", rust, "--osv-db", other, "--max-age-days", "31", required=True)
    assert code == 0, text


@test
def a_checkout_is_as_old_as_its_commit(scratch):
    database = rustsec(scratch / "db", package="rightful-has-no-such-crate", when=TODAY - timedelta(days=400))
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "a database"),
    ):
        subprocess.run(["git", "-C", database, *command], check=True, capture_output=True)
    code, text = look("--advisory-db", database)
    assert code == 0 and f"of {TODAY}, 0 days old" in text, text


@test
def a_wrong_database_is_refused_with_the_remedy(scratch):
    (scratch / "empty").mkdir()
    (scratch / "none" / "crates").mkdir(parents=True)
    (scratch / "bad.tar.gz").write_text("no tarball")
    for given, expected in (
        (scratch / "missing", "does not exist"),
        (scratch / "empty", "no folder `crates`"),
        (scratch / "none", "holds no advisory"),
        (scratch / "bad.tar.gz", "is no tarball"),
    ):
        code, text = look("--advisory-db", given)
        assert code == 2 and expected in text, (given, code, text)
    (scratch / "half" / "PyPI").mkdir(parents=True)
    code, text = look("--cache", scratch, "--osv-db", scratch / "half")
    assert code == 2 and "holds no advisory for PyPI" in text, text
    code, text = look("--cache", scratch, "--osv-db", scratch / "empty")
    assert code == 2 and "PyPI/all.zip" in text, text


@test
def an_advisory_about_a_locked_python_or_npm_package_is_a_failure(scratch):
    database = osv_database(
        scratch / "osv",
        osv_entry("PyPI", "PyYAML", [{"introduced": "0"}]),
        osv_entry("npm", "asl-validator", [{"introduced": "3.0.0"}, {"fixed": "5.0.0"}]),
    )
    code, text = look("--cache", scratch, "--osv-db", database)
    assert code == 1, text
    assert re.search(r"pyyaml \S+ \(infra/tools/requirements.txt\): GHSA-PyYAML", text), text
    assert "asl-validator 4.0.0 (tests/workflow/package-lock.json): GHSA-asl-validator" in text, text


@test
def versions_are_matched_as_the_OSV_format_says(_):
    zero_to_two = [{"introduced": "0"}, {"fixed": "2.0"}]
    cases = [
        ("PyPI", "1.9", zero_to_two, True),
        ("PyPI", "2.0", zero_to_two, False),
        ("PyPI", "2.0rc1", zero_to_two, True),
        ("PyPI", "1.10", [{"introduced": "1.9"}, {"last_affected": "1.10"}], True),
        ("PyPI", "1.10.1", [{"introduced": "1.9"}, {"last_affected": "1.10"}], False),
        ("PyPI", "1.8", [{"introduced": "1.9"}], False),
        ("PyPI", "3.1", [{"fixed": "2.0"}, {"introduced": "3.0"}, {"introduced": "0"}], True),
        ("PyPI", "2.5", [{"fixed": "2.0"}, {"introduced": "3.0"}, {"introduced": "0"}], False),
        ("npm", "2.0.0-rc.1", [{"introduced": "0"}, {"fixed": "2.0.0"}], True),
        ("npm", "2.0.0-rc.10", [{"introduced": "0"}, {"fixed": "2.0.0-rc.9"}], False),
        ("npm", "10.0.0", [{"introduced": "9.0.0"}], True),
        ("npm", "1.0.0+build.5", [{"introduced": "1.0.0"}, {"last_affected": "1.0.0"}], True),
        ("npm", "not-a-version", [{"introduced": "0"}], True),
    ]
    for ecosystem, version, events, expected in cases:
        affected = osv_entry(ecosystem, "some-package", events)["affected"][0]
        assert osv.affects(affected, ecosystem, osv.Package("some-package", version, "lock")) is expected, (version, events)
    named = {"package": {"ecosystem": "PyPI", "name": "Some.Package"}, "versions": ["1.0"]}
    assert osv.affects(named, "PyPI", osv.Package("some-package", "1.0", "lock"))
    assert not osv.affects(named, "PyPI", osv.Package("some-package", "1.1", "lock"))
    assert not osv.affects(named, "npm", osv.Package("some-package", "1.0", "lock"))


@test
def a_withdrawn_advisory_does_not_count(scratch):
    withdrawn = osv_entry("PyPI", "pyyaml", [{"introduced": "0"}], withdrawn="2026-01-01T00:00:00Z")
    database = osv_database(scratch / "osv", withdrawn)
    hits, count, _ = osv.look_up(database / "PyPI" / "all.zip", "PyPI", [osv.Package("pyyaml", "6.0", "lock")])
    assert (hits, count) == ([], 1)


@contextlib.contextmanager
def answers(answer: Callable[..., tuple[int, str, str]]) -> Iterator[None]:
    """Keeps advisories.py from running a program, and returns this output instead."""
    kept, advisories.run = advisories.run, answer
    try:
        yield
    finally:
        advisories.run = kept


ONLINE = SimpleNamespace(osv_db=None, no_network=False, required=False, max_age_days=30)


def deny_says(code: int, *entries: dict) -> Callable:
    lines = [json.dumps({"type": "diagnostic", "fields": entry}) for entry in entries]
    summary = json.dumps({"type": "summary", "fields": {"advisories": {}}})
    return lambda *_, **__: (code, "", "\n".join([*lines, summary]))


@test
def a_yanked_release_fails_and_an_unreadable_index_is_reported(scratch):
    database = rustsec(scratch / "db", package="rightful-has-no-such-crate")
    given = SimpleNamespace(**vars(ONLINE) | {"advisory_db": database, "no_network": True, "cargo_deny": BIN / "python", "cache": scratch})
    graph = {"graphs": [{"Krate": {"name": "serde", "version": "1.0.0"}}]}
    yanked = {"code": "yanked", "severity": "error", "message": "detected yanked crate", **graph}
    blind = {"code": "index-failure", "severity": "warning", "message": "unable to check for yanked crates", **graph}
    with answers(deny_says(1, yanked)):
        result = advisories.check_rust(given, scratch / "1")
    assert result.found == ["serde 1.0.0: detected yanked crate"] and not result.unchecked, result
    with answers(deny_says(0, blind)):
        result = advisories.check_rust(given, scratch / "2")
    assert "unable to check for yanked crates" in result.unchecked and result.provide == "run: cargo fetch --locked", result
    with answers(lambda *_, **__: (1, "", '{"type": "log", "fields": {"level": "ERROR", "message": "error: no such file\\nmore"}}')):
        result = advisories.check_rust(given, scratch / "3")
    assert result.unchecked == "cargo-deny could not check: error: no such file", result


def pip_audit(vulnerable: str = "", skipped: str = "") -> Callable:
    def answer(*command, **_):
        lock = command[command.index("--requirement") + 1]
        dependencies = []
        for package in advisories.python_packages()[lock]:
            entry = {"name": package.name, "version": package.version, "vulns": []}
            if package.name == vulnerable:
                entry["vulns"] = [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "description": "Planted", "fix_versions": []}]
            if package.name == skipped:
                entry = {"name": package.name, "skip_reason": "Dependency not found on PyPI and could not be audited"}
            dependencies.append(entry)
        return 0, json.dumps({"dependencies": dependencies, "fixes": []}), ""

    return answer


@test
def a_package_that_pip_audit_passed_over_is_not_checked(_):
    with answers(pip_audit()):
        result = advisories.check_python(ONLINE, {})
    assert not result.found and not result.unchecked and result.against, result
    with answers(pip_audit(skipped="statelint")):
        result = advisories.check_python(ONLINE, {})
    assert re.search(r"PyPI told about (\d+) of \d+ packages", result.unchecked), result
    with answers(lambda *_, **__: (1, "", "ERROR: no route")):
        result = advisories.check_python(ONLINE, {})
    assert "no route" in result.unchecked, result


@test
def findings_of_pip_audit_count_and_an_exception_needs_an_id_or_alias(_):
    with answers(pip_audit(vulnerable="statelint")):
        assert any("PYSEC-2026-1" in text for text in advisories.check_python(ONLINE, {}).found)
        result = advisories.check_python(ONLINE, {"CVE-2026-1": "never called"})
        assert not result.found and "never called" in result.notes[0], result
        assert advisories.check_python(ONLINE, {"CVE-2026-2": "another one"}).found


def npm_audit(vulnerabilities: dict, total: int = 10_000) -> str:
    return json.dumps({"auditReportVersion": 2, "vulnerabilities": vulnerabilities, "metadata": {"dependencies": {"total": total}}})


@test
def findings_of_npm_audit_count_and_no_answer_means_unchecked(_):
    via = {"source": 1, "name": "ajv", "url": "https://example.com/advisories/GHSA-ajv", "title": "Planted"}
    report = npm_audit({"ajv": {"via": [via]}, "asl-validator": {"via": ["ajv"]}})
    with answers(lambda *_, **__: (1, report, "")):
        result = advisories.check_npm(ONLINE, {})
    assert len(result.found) == 1 and "GHSA-ajv" in result.found[0] and not result.unchecked, result
    with answers(lambda *_, **__: (0, npm_audit({}), "")):
        result = advisories.check_npm(ONLINE, {})
    assert not result.found and not result.unchecked, result
    with answers(lambda *_, **__: (0, npm_audit({}, total=0), "")):
        assert "asked about 0 of" in advisories.check_npm(ONLINE, {}).unchecked
    with answers(lambda *_, **__: (1, '{"message": "405 Method Not Allowed"}', "npm warn audit 405 Method Not Allowed")):
        assert "405" in advisories.check_npm(ONLINE, {}).unchecked


@test
def an_exception_needs_a_reason_and_ends(scratch):
    (scratch / "infra" / "supply").mkdir(parents=True)
    path = scratch / "infra" / "supply" / "exceptions.toml"
    kept, advisories.ROOT = advisories.ROOT, scratch
    try:
        path.write_text('[[ignore]]\nid = "CVE-2026-1"\nreason = "never called"\nuntil = 2026-12-31\n')
        assert advisories.exceptions(date(2026, 12, 31)) == {"CVE-2026-1": "never called"}
        for text, day in (
            (path.read_text(), date(2027, 1, 1)),
            ('[[ignore]]\nid = "CVE-2026-1"\nuntil = 2026-12-31\n', date(2026, 1, 1)),
            ('[[ignore]]\nid = "CVE-2026-1"\nreason = " "\nuntil = 2026-12-31\n', date(2026, 1, 1)),
            ('[[ignore]]\nid = "CVE-2026-1"\nreason = "never called"\n', date(2026, 1, 1)),
        ):
            path.write_text(text)
            try:
                advisories.exceptions(day)
            except advisories.Unusable:
                continue
            raise AssertionError(text)
    finally:
        advisories.ROOT = kept


# ------------------------------------------------------------------------------------ bills of materials


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


# ------------------------------------------------------------------------------------ pins


def repository() -> dict[str, str]:
    """The files that the rules below read."""
    patterns = (
        "Makefile", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "CHANGELOG.md", "docs/RELEASE.md", "deny.toml",
        ".github/workflows/*.yml", "infra/openapi.yaml", "infra/*/requirements.*", "infra/local/setup.sh",
        "tests/*/package*.json", "tests/*/run.sh", "tests/*/.npmrc",
    )  # fmt: skip
    return {str(path.relative_to(ROOT)): path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern))}


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
)
def only_locked_packages_are_installed_from_PyPI(files):
    if not re.search(r"pip install .*--require-hashes --no-deps --requirement", files["infra/local/setup.sh"].replace("\\\n", ""), re.S):
        yield "setup.sh"
    for name, text in files.items():
        if name.endswith((".yml", "Makefile", ".sh")) and name != "infra/local/setup.sh" and re.search(r"\bpip3? install|\bpipx\b", text):
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


# ------------------------------------------------------------------------------------ workflows


def workflows(files: dict[str, str]) -> dict[str, dict]:
    return {name: yaml.safe_load(text) for name, text in files.items() if name.startswith(".github/workflows/")}


@rule(
    ("a tag", ".github/workflows/test.yml", r"actions/checkout@[0-9a-f]{40}", "actions/checkout@v6"),
    ("no version beside it", ".github/workflows/test.yml", r" # v6\.0\.2", ""),
    ("two commits of one action", ".github/workflows/advisories.yml", r"actions/checkout@[0-9a-f]{40}", "actions/checkout@" + "0" * 40),
    ("more rights", ".github/workflows/test.yml", r"contents: read", "contents: write"),
    ("no permissions", ".github/workflows/advisories.yml", r"permissions:\n  contents: read\n", ""),
    ("rights of a job", ".github/workflows/test.yml", r"    timeout-minutes: 90", "    timeout-minutes: 90\n    permissions: write-all"),
    ("no end", ".github/workflows/test.yml", r"    timeout-minutes: 90\n", ""),
    ("no concurrency group", ".github/workflows/test.yml", r"concurrency:\n(  .*\n)+", ""),
    ("a moving machine", ".github/workflows/test.yml", r"ubuntu-24\.04", "ubuntu-latest"),
    ("the token left behind", ".github/workflows/test.yml", r"persist-credentials: false", "persist-credentials: true"),
)
def workflows_have_few_rights_an_end_and_actions_by_commit(files):
    found = workflows(files)
    if not found:
        yield "there are none"
    pins: dict[str, set[str]] = {}
    for name, workflow in found.items():
        if workflow.get("permissions") != {"contents": "read"}:
            yield f"{name}: permissions"
        if not workflow.get("concurrency"):
            yield f"{name}: no concurrency group"
        for job in workflow["jobs"].values():
            if "permissions" in job or not 0 < job.get("timeout-minutes", 0) <= 90 or job["runs-on"] != "ubuntu-24.04":
                yield f"{name}: a job's rights, end or machine"
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
                    yield f"{name}: the checkout keeps its token"
        for line in files[name].splitlines():
            if "uses:" in line:
                match = re.fullmatch(r"\s*- uses: ([\w-]+/[\w/-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
                if match:
                    pins.setdefault(match[1], set()).add(f"{match[2]} {match[3]}")
                else:
                    yield f"{name}: {line.strip()}"
    for action, commits in pins.items():
        if len(commits) > 1:
            yield f"{action} at several commits"


@rule(
    ("a target that does not exist", ".github/workflows/advisories.yml", r"run: make advisories", "run: make advisory"),
    ("a command of its own", ".github/workflows/test.yml", r"run: sh \.ci/run", "run: cargo test"),
    ("not required", ".github/workflows/advisories.yml", r" ADVISORIES=required", ""),
    ("no schedule", ".github/workflows/advisories.yml", r"  schedule:\n    - cron: .*\n", ""),
    ("tests that nothing starts", ".github/workflows/test.yml", r"sh \.ci/run", "make lint"),
)
def workflows_run_the_targets_of_the_Makefile(files):
    targets = set(re.findall(r"^([a-z-]+):", files["Makefile"], re.MULTILINE))
    commands, weekly = [], []
    for name, workflow in workflows(files).items():
        # YAML 1.1 reads the key `on` as true.
        scheduled = "schedule" in (workflow.get(True) or {})
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                if command := step.get("run"):
                    commands.append(command)
                    if scheduled:
                        weekly.append(command)
                    match = re.fullmatch(r"make ([a-z-]+)( [A-Z_]+=\S+)*", command)
                    if command != "sh .ci/run" and not (match and match[1] in targets):
                        yield f"{name}: {command}"
    if "sh .ci/run" not in commands and "make test" not in commands:
        yield "no workflow runs every test"
    if "make advisories ADVISORIES=required" not in weekly:
        yield "no workflow requires the advisories on a schedule"


def lint(folder: Path) -> list[str]:
    """The findings of the workflows' schema and of zizmor in a folder."""
    paths = sorted(folder.glob("*.yml"))
    said = []
    for command in (
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *paths],
        [BIN / "zizmor", "--offline", "--quiet", "--persona", "pedantic", *paths],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said.append(f"{command[0].name}: {done.stdout}{done.stderr}")
    return said


@test
def the_workflows_pass_their_schema_and_zizmor(scratch):
    assert not lint(ROOT / ".github" / "workflows"), lint(ROOT / ".github" / "workflows")
    original = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    for number, (old, new, who) in enumerate((
        ("runs-on:", "runs-at:", "check-jsonschema"),
        ("run: sh .ci/run", "run: echo ${{ github.event.pull_request.title }}", "zizmor"),
    )):
        folder = scratch / str(number)
        folder.mkdir()
        (folder / "test.yml").write_text(original.replace(old, new))
        assert any(said.startswith(who) for said in lint(folder)), (new, lint(folder))


# ------------------------------------------------------------------------------------ versions


@rule(
    ("no section of the version", "CHANGELOG.md", r"## \[Unreleased\]", "## [9.9.9] - 2026-01-01"),
    ("a version without a date", "CHANGELOG.md", r"## \[Unreleased\]", "## [Unreleased]\n\n### Added\n\n- x\n\n## [0.1.0]"),
    ("a heading of another kind", "CHANGELOG.md", r"### Added", "### News"),
    ("nothing under the heading", "CHANGELOG.md", r"### Added\n", "### Added\n\n### Fixed\n"),
    ("another version of the API's description", "infra/openapi.yaml", r"  version: \S+", "  version: 9.9.9"),
    ("a crate with a version of its own", "Cargo.lock", r'(name = "rightful-domain"\nversion = )"[^"]+"', r'\1"9.9.9"'),
)
def the_changelog_names_the_version_and_the_version_stands_in_one_place(files):
    version = tomllib.loads(files["Cargo.toml"])["workspace"]["package"]["version"]
    if yaml.safe_load(files["infra/openapi.yaml"])["info"]["version"] != version:
        yield f"infra/openapi.yaml is not {version}"
    for package in tomllib.loads(files["Cargo.lock"])["package"]:
        if package["name"].startswith("rightful-") and "source" not in package and package["version"] != version:
            yield f"{package['name']} is {package['version']}, not {version}"
    sections = re.findall(r"^## (.+)$", files["CHANGELOG.md"], re.MULTILINE)
    for section in sections:
        if section != "[Unreleased]" and not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", section):
            yield f"CHANGELOG.md: {section}"
    if "[Unreleased]" not in sections and not any(section.startswith(f"[{version}] - ") for section in sections):
        yield f"CHANGELOG.md has neither [Unreleased] nor [{version}]"
    for heading, body in re.findall(r"^### (.+)\n((?:(?!^##).*\n?)*)", files["CHANGELOG.md"], re.MULTILINE):
        if heading not in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"):
            yield f"CHANGELOG.md: {heading}"
        if not re.search(r"^- \S", body, re.MULTILINE):
            yield f"CHANGELOG.md: nothing under {heading}"


@rule(
    ("a target that does not exist", "docs/RELEASE.md", r"make sbom", "make bill"),
    ("the advisories not required", "docs/RELEASE.md", r"make advisories ADVISORIES=required", "make advisories"),
)
def the_release_procedure_names_targets_that_exist(files):
    targets = set(re.findall(r"^([a-z-]+):", files["Makefile"], re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", files["docs/RELEASE.md"]))
    for name in sorted(named - targets):
        yield f"docs/RELEASE.md: make {name}"
    for needed in ("make test", "make advisories ADVISORIES=required", "make sbom", "make deploy"):
        if needed not in files["docs/RELEASE.md"]:
            yield f"docs/RELEASE.md does not say {needed}"


# ------------------------------------------------------------------------------------ main


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
