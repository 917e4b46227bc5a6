"""Advisories in the OSV format, read from a copy on disk.

The database is OSV's dump for each ecosystem (`PyPI/all.zip`, `npm/all.zip`), packed or unpacked: one JSON
document for each advisory. No checker from the package registries reads such a copy without the network, and
the format defines how a version matches:
https://ossf.github.io/osv-schema/#evaluation
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import total_ordering
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


class Unusable(Exception):
    """The argument is no database; the message says what was expected."""


@dataclass(frozen=True)
class Package:
    """One locked package: its name in its ecosystem's spelling, its version, its lock."""

    name: str
    version: str
    lock: str


@dataclass(frozen=True)
class Hit:
    """An advisory that applies to a locked package."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    package: Package


@total_ordering
class SemVer:
    """Precedence by Semantic Versioning 2.0.0, section 11; build metadata does not count."""

    def __init__(self, text: str) -> None:
        core, _, pre = text.strip().removeprefix("v").split("+", 1)[0].partition("-")
        numbers = core.split(".")
        if not 1 <= len(numbers) <= 3 or not all(part.isdecimal() for part in numbers):
            raise InvalidVersion(text)
        self.core = tuple(int(part) for part in numbers) + (0,) * (3 - len(numbers))
        # Numbers come before words; a release comes after all of its pre-releases.
        self.pre = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in pre.split(".")) if pre else ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemVer) and (self.core, self.pre) == (other.core, other.pre)

    def __lt__(self, other: SemVer) -> bool:
        return (self.core, not self.pre, self.pre) < (other.core, not other.pre, other.pre)

    def __hash__(self) -> int:
        return hash((self.core, self.pre))


# Each ecosystem: the comparison of names, the order of versions, the kind of range that names versions.
ECOSYSTEMS: dict[str, tuple[Callable[[str], str], Callable[[str], Any], str]] = {
    "PyPI": (canonicalize_name, Version, "ECOSYSTEM"),
    "npm": (lambda name: name, SemVer, "SEMVER"),
}


def in_range(version: Any, events: Iterable[dict], parse: Callable[[str], Any]) -> bool:
    """Whether the version lies in one range. Its events may be in any order."""

    def place(event: dict) -> tuple[Any, int]:
        kind, text = next(iter(event.items()))
        # At one version, the end of a range comes before the beginning of the next one.
        return (None if text == "0" else parse(text)), 1 if kind == "introduced" else 0

    ordered = [(place(event), next(iter(event))) for event in events]
    from_start = [kind for (at, _), kind in ordered if at is None and kind == "introduced"]
    vulnerable = bool(from_start)
    for (at, _), kind in sorted((entry for entry in ordered if entry[0][0] is not None), key=lambda entry: entry[0]):
        if kind == "introduced" and version >= at:
            vulnerable = True
        elif kind == "fixed" and version >= at:
            vulnerable = False
        elif kind == "last_affected" and version > at:
            vulnerable = False
    return vulnerable


def affects(affected: dict, ecosystem: str, package: Package) -> bool:
    """Whether one `affected` entry covers this version of this package.

    An unreadable version or range counts as affected: a person must check.
    """
    normal, parse, kind = ECOSYSTEMS[ecosystem]
    named = affected.get("package", {})
    if named.get("ecosystem") != ecosystem or normal(named.get("name", "")) != normal(package.name):
        return False
    if package.version in affected.get("versions", []):
        return True
    try:
        version = parse(package.version)
        return any(
            in_range(version, one.get("events", []), parse)
            for one in affected.get("ranges", [])
            if one.get("type") == kind
        )
    except InvalidVersion:
        return True


def documents(source: Path) -> Iterator[bytes]:
    """Each advisory's JSON, of a zip or a folder."""
    if source.is_dir():
        for path in sorted(source.glob("**/*.json")):
            yield path.read_bytes()
    else:
        try:
            with zipfile.ZipFile(source) as archive:
                for name in archive.namelist():
                    if name.endswith(".json"):
                        yield archive.read(name)
        except zipfile.BadZipFile as error:
            raise Unusable(f"{source} is no zip file; download it again") from error


def of_ecosystem(folder: Path, ecosystem: str) -> Path | None:
    """The ecosystem's part of a database folder, or `None`."""
    for candidate in (folder / ecosystem / "all.zip", folder / f"{ecosystem}.zip", folder / ecosystem):
        if candidate.exists():
            return candidate
    return None


def look_up(source: Path, ecosystem: str, packages: list[Package]) -> tuple[list[Hit], int, datetime | None]:
    """The advisories that apply to the packages; the number read; the date of the newest change.

    # Errors
    `Unusable` if the source holds no advisory of the ecosystem, or another kind of document.
    """
    hits: list[Hit] = []
    count, newest = 0, None
    for raw in documents(source):
        try:
            advisory = json.loads(raw)
            changed = datetime.fromisoformat(advisory["modified"].replace("Z", "+00:00"))
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise Unusable(f"{source} holds a document that is no OSV advisory") from error
        changed = changed if changed.tzinfo else changed.replace(tzinfo=timezone.utc)
        affected = [one for one in advisory.get("affected", []) if one.get("package", {}).get("ecosystem") == ecosystem]
        if not affected:
            continue
        count += 1
        newest = changed if newest is None else max(newest, changed)
        if "withdrawn" in advisory:
            continue
        for package in packages:
            if any(affects(one, ecosystem, package) for one in affected):
                hits.append(Hit(advisory["id"], tuple(advisory.get("aliases", [])), advisory.get("summary", ""), package))
    if not count:
        raise Unusable(f"{source} holds no advisory for {ecosystem}")
    return hits, count, newest
