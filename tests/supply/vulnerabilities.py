"""Tests of infra/supply/advisories.py, on planted databases and on planted answers of the programs that it runs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import advisories
import osv
from rules import BIN, ROOT, test

TODAY = datetime.now(timezone.utc).date()


# Stands in for cargo-deny where a test is about something else: it finds nothing. A run of the real one takes seconds.
FINDS_NOTHING = """#!/bin/sh
echo '{"type": "summary", "fields": {"advisories": {}}}' >&2
"""


def look(*arguments: str | Path, required: bool = False, deny: bool = False) -> tuple[int, str]:
    """Runs advisories.py without the network, and with the real cargo-deny if `deny`; returns exit status and output."""
    environment = {key: value for key, value in os.environ.items() if key not in ("ADVISORY_DB", "OSV_DB", "ADVISORIES")}
    if required:
        environment["ADVISORIES"] = "required"
    command = [sys.executable, ROOT / "infra" / "supply" / "advisories.py", "--no-network", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        if not deny:
            stand_in = Path(folder) / "cargo-deny"
            stand_in.write_text(FINDS_NOTHING)
            stand_in.chmod(0o755)
            command += ["--cargo-deny", stand_in]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def rustsec(
    folder: Path, package: str = "serde", more: str = "", patched: str = "", when: date = TODAY, number: int = 9001
) -> Path:
    """A RustSec database with this advisory, beside those that it holds."""
    path = folder / "crates" / package / f"RUSTSEC-2026-{number}.md"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'```toml\n[advisory]\nid = "RUSTSEC-2026-{number}"\npackage = "{package}"\ndate = "{when}"\n{more}\n'
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
    code, text = look("--advisory-db", rustsec(scratch / "db"), deny=True)
    assert code == 1, text
    assert "RUSTSEC-2026-9001" in text and "serde 1." in text, text


@test
def an_abandoned_or_unsound_crate_is_a_failure_too_and_a_tarball_is_read_like_a_checkout(scratch):
    rustsec(scratch / "advisory-db-main", more='informational = "unmaintained"')
    rustsec(scratch / "advisory-db-main", "tokio", more='informational = "unsound"', number=9002)
    with tarfile.open(scratch / "db.tar.gz", "w:gz") as archive:
        archive.add(scratch / "advisory-db-main", "advisory-db-main")
    code, text = look("--advisory-db", scratch / "db.tar.gz", deny=True)
    assert code == 1, text
    assert "RUSTSEC-2026-9001" in text and "RUSTSEC-2026-9002" in text, text


@test
def an_advisory_about_another_crate_or_an_older_release_lets_the_crates_pass(scratch):
    rustsec(scratch / "db", package="rightful-has-no-such-crate")
    code, text = look("--advisory-db", rustsec(scratch / "db", patched='">= 1.0.0"', number=9002), deny=True)
    assert code == 0, text
    assert re.search(r"Rust \(Cargo.lock, \d+ packages\): nothing applies, against RustSec's database \(2 advisories\)", text), text
    assert "NOT CHECKED: Python, npm" in text.splitlines()[-1], text


@test
def without_a_database_it_names_the_unchecked_locks_and_the_remedy(scratch):
    code, text = look("--cache", scratch, deny=True)
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
