"""Looks for known vulnerabilities in the lock files of Rust, Python and npm.

The last lines list the unchecked locks, with the reason and the remedy; an unchecked lock never passes for a
checked one. By default it is no failure, because tests must run without a network; `ADVISORIES=required` makes
it one. An advisory that applies always fails.

| locks | checked by | against |
|---|---|---|
| Cargo.lock | cargo-deny | `ADVISORY_DB`, a checkout or tarball of RustSec's database; otherwise git fetches one, or the last fetched one |
| infra/*/requirements.txt | osv.py, or pip-audit | `OSV_DB`, a folder with OSV's `PyPI/all.zip`; otherwise PyPI's own |
| tests/*/package-lock.json | osv.py, or npm audit | `OSV_DB`, with `npm/all.zip`; otherwise npm's own |

Yanked releases need no database: cargo's copy of the crates.io index names them, updated if possible.

Exit status: 0 nothing applies (and, with `required`, everything was checked against a database no older than
--max-age-days); 1 an advisory applies, or `required` and something was not checked; 2 an unusable argument.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path

import osv

ROOT = Path(__file__).resolve().parents[2]
RUSTSEC = "https://github.com/RustSec/advisory-db"
OSV_DUMPS = "https://storage.googleapis.com/osv-vulnerabilities"
# The folder that cargo-deny 0.20 expects under `db-path`, derived from the address above.
CARGO_DENY_FOLDER = "advisory-db-3157b0e258782691"
# cargo-deny rejects a database without advisories; this one serves for the check of yanked releases alone.
NOTHING = """```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "rightful-has-no-such-crate"
date = "2000-01-01"

[versions]
patched = []
```

# A placeholder database, for checking yanked releases without a real one

It names a crate that does not exist.
"""
PROVIDE_RUSTSEC = (
    f"on a machine with a network: git clone --depth 1 {RUSTSEC} (or download its tarball), copy the folder here, "
    "and run: make advisories ADVISORY_DB=FOLDER"
)
PROVIDE_OSV = (
    f"on a machine with a network, download {OSV_DUMPS}/PyPI/all.zip and {OSV_DUMPS}/npm/all.zip, copy them here as "
    "FOLDER/PyPI/all.zip and FOLDER/npm/all.zip, and run: make advisories OSV_DB=FOLDER"
)
SECONDS_TO_WAIT = 180


class Unusable(Exception):
    """An unusable argument; the message says what to give instead."""


@dataclass
class Result:
    """The result for one kind of lock."""

    what: str
    # The findings, one line each; empty: nothing applies.
    found: list[str] = field(default_factory=list)
    # The database, and its age.
    against: str = ""
    # Why something was not checked; empty: everything was.
    unchecked: str = ""
    provide: str = ""
    notes: list[str] = field(default_factory=list)


# ------------------------------------------------------------------------------------ databases


def run(*command: str | Path, timeout: int = SECONDS_TO_WAIT, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Exit status, stdout, stderr; 127 when the program is missing, 124 when it took too long."""
    quiet = os.environ | {"GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1"}
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=quiet, capture_output=True, text=True, timeout=timeout)
    except FileNotFoundError:
        return 127, "", f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} gave no answer within {timeout} seconds"
    return done.returncode, done.stdout, done.stderr


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def days_old(when: datetime) -> int:
    return max(0, (datetime.now(timezone.utc) - when).days)


def aged(name: str, when: datetime, limit: int, required: bool, result: Result) -> None:
    """States the age of a database; a stale one counts as none if a check is required."""
    result.against = f"{name} of {when:%Y-%m-%d}, {days_old(when)} days old"
    if days_old(when) > limit:
        if required:
            result.unchecked = f"{result.against}, which is older than the {limit} days allowed"
        else:
            result.notes.append(f"{result.what}: {result.against}: newer advisories are not in it")


def rustsec_folder(given: Path, scratch: Path) -> Path:
    """The folder with `crates/` in a checkout or tarball of RustSec's database."""
    if given.is_dir():
        top = given
    elif given.is_file():
        top = scratch / "unpacked"
        try:
            with tarfile.open(given) as archive:
                archive.extractall(top, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise Unusable(f"ADVISORY_DB={given} is no tarball: {error}") from error
    else:
        raise Unusable(f"ADVISORY_DB={given} does not exist; {PROVIDE_RUSTSEC}")
    for candidate in (top, *sorted(path for path in top.iterdir() if path.is_dir())):
        if (candidate / "crates").is_dir():
            return candidate
    raise Unusable(f"ADVISORY_DB={given} has no folder `crates`: it is no RustSec database")


def rustsec_date(folder: Path) -> tuple[datetime, int]:
    """A lower bound of the database's date, and its number of advisories.

    A checkout has its commit's date. Otherwise the newest advisory's date is certain: a file's time says only
    when somebody copied it.
    """
    dates = []
    for path in folder.glob("crates/**/*.md"):
        if match := re.search(r'^date = "(\d{4}-\d{2}-\d{2})"', path.read_text(encoding="utf-8"), re.MULTILINE):
            dates.append(date.fromisoformat(match[1]))
    if not dates:
        raise Unusable(f"{folder} holds no advisory: it is no RustSec database")
    newest = max(dates)
    when = datetime(newest.year, newest.month, newest.day, tzinfo=timezone.utc)
    if (folder / ".git").exists():
        code, out, _ = run("git", "-C", folder, "log", "-1", "--format=%ct")
        if code == 0:
            when = max(when, datetime.fromtimestamp(int(out), timezone.utc))
    return when, len(dates)


def fetch_rustsec(cache: Path) -> str:
    """Updates the cached database; returns the reason if that fails."""
    if (cache / ".git").exists():
        code, _, err = run("git", "-C", cache, "fetch", "--quiet", "--depth", "1", "origin", "main")
        if code == 0:
            code, _, err = run("git", "-C", cache, "reset", "--quiet", "--hard", "FETCH_HEAD")
    else:
        shutil.rmtree(cache, ignore_errors=True)
        cache.parent.mkdir(parents=True, exist_ok=True)
        code, _, err = run("git", "clone", "--quiet", "--depth", "1", RUSTSEC, cache)
    return "" if code == 0 else last_line(err)


# ------------------------------------------------------------------------------------ Rust


@dataclass
class Said:
    """cargo-deny's output: errors, warnings, why it did not check yanked releases, why it checked nothing."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    no_index: str = ""
    failure: str = ""


def cargo_deny(binary: Path, database: Path | None, scratch: Path) -> Said:
    """Runs cargo-deny under deny.toml against one database, or none."""
    root = scratch / "databases"
    folder = root / CARGO_DENY_FOLDER
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "FETCH_HEAD").touch()
    if database:
        (folder / "crates").symlink_to((database / "crates").resolve(), target_is_directory=True)
    else:
        (folder / "crates").mkdir()
        (folder / "crates" / "RUSTSEC-2000-0001.md").write_text(NOTHING)
    settings = (ROOT / "deny.toml").read_text()
    if settings.count("[advisories]\n") != 1:
        raise Unusable("deny.toml has no table [advisories]")
    config = scratch / "deny.toml"
    config.write_text(settings.replace("[advisories]\n", f"[advisories]\ndb-path = {json.dumps(str(root))}\n"))
    code, _, err = run(
        binary, "--locked", "--offline", "--format", "json", "--config", config, "check", "advisories"
    )
    shutil.rmtree(root)
    said, log, finished = Said(), [], False
    for line in err.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            log.append(line)
            continue
        fields = entry["fields"]
        if entry["type"] == "summary":
            finished = True
        elif entry["type"] == "diagnostic":
            code_of_it = fields.get("code")
            crate = next((f"{graph['Krate']['name']} {graph['Krate']['version']}" for graph in fields.get("graphs", [])), "")
            advisory = fields.get("advisory") or {}
            text = ": ".join(part for part in (crate, advisory.get("id", ""), fields["message"]) if part).replace("\n", " ")
            if code_of_it in ("index-failure", "index-cache-load-failure"):
                said.no_index = said.no_index or text
            elif code_of_it in ("advisory-not-detected", "unknown-advisory") and not database:
                # Without a database, no exception of deny.toml can match.
                continue
            else:
                (said.errors if fields["severity"] == "error" else said.warnings).append(text)
        elif fields.get("level") == "ERROR":
            log += fields["message"].splitlines()
    if not finished or (code != 0 and not said.errors and not said.no_index):
        reasons = [line.strip() for line in log if line.strip()]
        said.failure = next((line for line in reasons if line.startswith("error")), reasons[0] if reasons else f"exit status {code}")
    return said


def check_rust(args: argparse.Namespace, scratch: Path) -> Result:
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    result = Result(f"Rust (Cargo.lock, {len(packages)} packages)", provide=PROVIDE_RUSTSEC)
    if not args.cargo_deny.exists():
        raise Unusable(f"{args.cargo_deny} is missing; run: make advisories")
    database, missing = None, "no database was given (ADVISORY_DB), and none was fetched before"
    if args.advisory_db:
        database = rustsec_folder(args.advisory_db, scratch)
    else:
        cache = args.cache / "rustsec"
        failure = "the network is off" if args.no_network else fetch_rustsec(cache)
        if (cache / "crates").is_dir():
            database = cache
            if failure:
                result.notes.append(f"{result.what}: the last fetched database, because {failure}")
        elif failure:
            missing = f"no database: none given (ADVISORY_DB), none fetched before, and now {failure}"
    index = "of cargo's last update"
    if not args.no_network:
        run("cargo", "fetch", "--locked")
        # Asks the index about every package; Cargo.lock stays.
        if run("cargo", "update", "--dry-run")[0] == 0:
            index = "as of now"
    count = 0
    if database:
        when, count = rustsec_date(database)
        aged(f"RustSec's database ({count} advisories)", when, args.max_age_days, args.required, result)
    said = cargo_deny(args.cargo_deny, database, scratch)
    if said.failure:
        result.unchecked = f"cargo-deny could not check: {said.failure}"
        return result
    result.found = said.errors
    result.notes += [f"{result.what}: {text}" for text in said.warnings]
    if said.no_index and database and not result.unchecked:
        result.unchecked = f"yanked releases: {said.no_index}"
        result.provide = "run: cargo fetch --locked"
    elif said.no_index:
        result.notes.append(f"{result.what}: yanked releases were not checked: {said.no_index}")
    elif not any("yanked" in text for text in said.errors):
        result.notes.append(f"{result.what}: no release in it is yanked by the crates.io index, {index}")
    if not database:
        result.unchecked = missing
    return result


# ------------------------------------------------------------------------------------ Python, npm


def python_packages() -> dict[Path, list[osv.Package]]:
    """The locked packages of each requirements file."""
    locks = {}
    for path in sorted(ROOT.glob("infra/*/requirements.txt")):
        name = str(path.relative_to(ROOT))
        found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", path.read_text(), re.MULTILINE)
        locks[path] = [osv.Package(package, version, name) for package, version in found]
    return locks


def npm_packages() -> dict[Path, list[osv.Package]]:
    """The locked packages of each npm lock file."""
    locks = {}
    for path in sorted(ROOT.glob("tests/*/package-lock.json")):
        name = str(path.relative_to(ROOT))
        entries = json.loads(path.read_text())["packages"]
        locks[path] = [
            osv.Package(entry.get("name", where.rpartition("node_modules/")[2]), entry["version"], name)
            for where, entry in entries.items()
            if where
        ]
    return locks


def exceptions(today: date) -> dict[str, str]:
    """Each excepted id and its reason.

    # Errors
    `Unusable` for an entry without reason or end, or one that is over.
    """
    where = "infra/supply/exceptions.toml"
    ignored = {}
    for entry in tomllib.loads((ROOT / where).read_text()).get("ignore", []):
        if not entry.get("id") or not str(entry.get("reason", "")).strip() or not isinstance(entry.get("until"), date):
            raise Unusable(f"{where}: an entry needs an id, a reason and a date `until`")
        if entry["until"] < today:
            raise Unusable(f"{where}: {entry['id']} was ignored until {entry['until']}; review it")
        ignored[entry["id"]] = entry["reason"]
    return ignored


def settle(hits: list[osv.Hit], ignored: dict[str, str], result: Result) -> None:
    """Sorts the matching advisories into found and excepted."""
    for hit in hits:
        text = f"{hit.package.name} {hit.package.version} ({hit.package.lock}): {hit.id}: {hit.summary}".rstrip(": ")
        if reason := next((ignored[name] for name in (hit.id, *hit.aliases) if name in ignored), None):
            result.notes.append(f"excepted: {text}: {reason}")
        else:
            result.found.append(text)


def check_osv(
    args: argparse.Namespace, ecosystem: str, locks: dict[Path, list[osv.Package]], ignored: dict[str, str], result: Result
) -> bool:
    """Checks against `OSV_DB`; False without it."""
    if not args.osv_db:
        return False
    source = osv.of_ecosystem(args.osv_db, ecosystem)
    if source is None:
        raise Unusable(f"OSV_DB={args.osv_db} has neither {ecosystem}/all.zip nor a folder {ecosystem}; {PROVIDE_OSV}")
    try:
        hits, count, newest = osv.look_up(source, ecosystem, [package for packages in locks.values() for package in packages])
    except osv.Unusable as error:
        raise Unusable(f"OSV_DB: {error}") from error
    aged(f"OSV's database ({count} advisories)", newest, args.max_age_days, args.required, result)
    settle(hits, ignored, result)
    return True


def check_python(args: argparse.Namespace, ignored: dict[str, str]) -> Result:
    locks = python_packages()
    total = sum(map(len, locks.values()))
    result = Result(f"Python ({len(locks)} requirements files, {total} packages)", provide=PROVIDE_OSV)
    if check_osv(args, "PyPI", locks, ignored, result):
        return result
    if args.no_network:
        result.unchecked = "no database was given (OSV_DB), and the network is off"
        return result
    checked = 0
    for path, packages in locks.items():
        code, out, err = run(
            Path(sys.executable).parent / "pip-audit", "--requirement", path, "--require-hashes", "--no-deps", "--disable-pip",
            "--progress-spinner", "off", "--format", "json", "--aliases",
        )  # fmt: skip
        try:
            dependencies = json.loads(out)["dependencies"]
        except (ValueError, KeyError, TypeError):
            result.unchecked = f"no database was given (OSV_DB), and pip-audit could not ask PyPI: {last_line(err)}"
            return result
        # pip-audit calls a package without an answer from PyPI "skipped", and succeeds.
        answered = [entry for entry in dependencies if "skip_reason" not in entry]
        checked += len(answered)
        known = {osv.canonicalize_name(package.name): package for package in packages}
        for entry in answered:
            package = known.get(osv.canonicalize_name(entry["name"]), osv.Package(entry["name"], entry["version"], path.name))
            hits = [osv.Hit(v["id"], tuple(v.get("aliases", [])), v.get("description", "")[:120], package) for v in entry["vulns"]]
            settle(hits, ignored, result)
    result.against = "PyPI's advisories, as of now"
    if checked < total:
        result.unchecked = f"no database was given (OSV_DB), and PyPI told about {checked} of {total} packages"
    return result


def check_npm(args: argparse.Namespace, ignored: dict[str, str]) -> Result:
    locks = npm_packages()
    total = sum(map(len, locks.values()))
    result = Result(f"npm ({len(locks)} lock file, {total} packages)", provide=PROVIDE_OSV)
    if check_osv(args, "npm", locks, ignored, result):
        return result
    if args.no_network:
        result.unchecked = "no database was given (OSV_DB), and the network is off"
        return result
    for path, packages in locks.items():
        # tests/workflow/.npmrc turns npm's audits off, which would give an empty report.
        _, out, err = run("npm", "audit", "--json", "--package-lock-only", "--audit=true", cwd=path.parent)
        try:
            report = json.loads(out)
            vulnerabilities = report["vulnerabilities"]
            asked = report["metadata"]["dependencies"]["total"]
        except (ValueError, KeyError, TypeError):
            reason = next((line for line in err.splitlines() if "error" in line or "warn audit" in line), last_line(err))
            result.unchecked = f"no database was given (OSV_DB), and npm audit got no answer: {reason}"
            return result
        if asked < len(packages):
            result.unchecked = f"npm audit asked about {asked} of {len(packages)} packages of {path.relative_to(ROOT)}"
        by_name = {package.name: package for package in packages}
        for name, entry in vulnerabilities.items():
            package = by_name.get(name, osv.Package(name, "?", str(path.relative_to(ROOT))))
            hits = [
                osv.Hit(via.get("url", "").rpartition("/")[2] or str(via.get("source")), (), via.get("title", ""), package)
                for via in entry["via"]
                if isinstance(via, dict)
            ]
            settle(hits, ignored, result)
    result.against = "npm's advisories, as of now"
    return result


# ------------------------------------------------------------------------------------ main


def report(results: list[Result], required: bool) -> int:
    """Prints the findings and, last, the unchecked locks; returns the exit status."""
    for result in results:
        for note in result.notes:
            print(f"  {note}")
    for result in results:
        if result.found:
            print(f"{result.what}: {len(result.found)} found" + (f", against {result.against}" if result.against else ""))
            for text in result.found:
                print(f"  {text}")
        elif not result.unchecked:
            print(f"{result.what}: nothing applies, against {result.against}")
    unchecked = [result for result in results if result.unchecked]
    for result in unchecked:
        print(f"{result.what}: NOT CHECKED for advisories: {result.unchecked}.")
    for text in dict.fromkeys(result.provide for result in unchecked):
        print(f"  To check it, {text}")
    found = sum(len(result.found) for result in results)
    failed = bool(found) or (required and bool(unchecked))
    summary = f"advisories: {len(results) - len(unchecked)} of {len(results)} kinds of lock checked, {found} found"
    if unchecked:
        summary += "; NOT CHECKED: " + ", ".join(result.what.split(" ")[0] for result in unchecked)
        summary += "; ADVISORIES=required, so this is a failure" if required else "; ADVISORIES=required makes that a failure"
    print(summary)
    return 1 if failed else 0


def main() -> int:
    mode = os.environ.get("ADVISORIES", "")
    parser = argparse.ArgumentParser(description="Known vulnerabilities in the lock files; see the top of this file.")
    parser.add_argument("--advisory-db", type=Path, default=os.environ.get("ADVISORY_DB") or None)
    parser.add_argument("--osv-db", type=Path, default=os.environ.get("OSV_DB") or None)
    parser.add_argument("--cache", type=Path, default=ROOT / "target" / "advisories")
    parser.add_argument("--cargo-deny", type=Path, default=ROOT / "target" / "tools" / "bin" / "cargo-deny")
    parser.add_argument("--max-age-days", type=int, default=30)
    parser.add_argument("--no-network", action="store_true", help="use only data on this machine")
    args = parser.parse_args()
    if mode not in ("", "default", "required"):
        parser.error(f"ADVISORIES={mode}: write `required`, or nothing")
    args.required = mode == "required"
    try:
        ignored = exceptions(datetime.now(timezone.utc).date())
        with tempfile.TemporaryDirectory() as scratch:
            results = [check_rust(args, Path(scratch)), check_python(args, ignored), check_npm(args, ignored)]
    except Unusable as error:
        print(f"advisories: {error}", file=sys.stderr)
        return 2
    used = {name for result in results for note in result.notes for name in ignored if name in note}
    for name in sorted(set(ignored) - used):
        print(f"  infra/supply/exceptions.toml: {name} matches nothing any more; remove it")
    return report(results, args.required)


if __name__ == "__main__":
    sys.exit(main())
