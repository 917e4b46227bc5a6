"""The builds that the benchmark measures, and the machine that it runs on."""

import os
import pathlib
import platform

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIR = ROOT / "target" / "bench"
BUILDS = {"release": ROOT / "target" / "release", "local": ROOT / "target" / "local"}


class Failed(Exception):
    """An error for a person to read: printed without a stack trace."""


def size(build, function):
    path = BUILDS[build] / function
    return path.stat().st_size / 1e6 if path.is_file() else None


def older(function):
    """Whether its local build is older than the last change of the sources."""
    newest = max(path.stat().st_mtime for path in (ROOT / "functions").rglob("*.rs"))
    return (BUILDS["local"] / function).stat().st_mtime < newest


def machine():
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}; load {load}"
