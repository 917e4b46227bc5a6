"""The processes of a stack: starting them, waiting for their answer, and ending only these."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

# How long a process that must end may stay idle before a person has to decide.
IDLE_SECONDS = 60


class Failed(Exception):
    """A message for a person: printed without a trace."""


def start_ticks(pid: int) -> int | None:
    """When the process started: distinguishes it from a later one with the same number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def cpu_ticks(pid: int) -> int:
    """How long the process has worked, in the system's ticks."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def size_of(folder: Path) -> int:
    """The bytes of all files in it; vanished ones don't count."""
    total = 0
    for found in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += found.stat().st_size
    return total


class Processes:
    """The processes of one stack, recorded in DIR so that `down` ends only these."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "processes.json"
        try:
            self.known: dict[str, dict[str, int]] = json.loads(self.file.read_text())
        except (OSError, ValueError):
            self.known = {}

    def start(self, name: str, command: list[str], env: dict[str, str], log: Path, cwd: Path) -> subprocess.Popen:
        with log.open("ab") as out:
            process = subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.known[name] = {"pid": process.pid, "started": start_ticks(process.pid) or 0}
        self.file.write_text(json.dumps(self.known))
        return process

    def alive(self, name: str) -> bool:
        entry = self.known.get(name)
        if entry is not None:
            reap(entry["pid"])
        return entry is not None and start_ticks(entry["pid"]) == entry["started"]

    def pids(self) -> dict[str, int]:
        return {name: entry["pid"] for name, entry in self.known.items()}

    def stop_all(self) -> None:
        """Ends everything that the stack started, at once: its data go with it. The functions' processes are in
        MiniStack's process group."""
        running = [name for name in self.known if self.alive(name)]
        self.killed(running)
        deadline = time.monotonic() + 5
        while any(self.alive(name) for name in running) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.known = {}
        self.file.unlink(missing_ok=True)

    def stop_saved(self, name: str, saves_to: Path, idle: float = IDLE_SECONDS) -> None:
        """Ends one with SIGTERM and waits while it saves its data. A process that does nothing for `idle` seconds and
        doesn't end is left alone: killing it would lose the data."""
        running = self.terminated([name])
        begun = worked = told = time.monotonic()
        before = None
        while self.alive(name):
            now = time.monotonic()
            if (work := (cpu_ticks(self.known[name]["pid"]), size_of(saves_to))) != before:
                before, worked = work, now
            if now - worked > idle:
                raise Failed(f"{name} has done nothing for {idle:.0f} s, and does not end. Its data may not be saved yet: "
                             f"wait, and do this again; or give it up: stack.py down, then up")
            if now - told >= 5:
                told = now
                print(f"{name} still saves its data, {now - begun:.0f} s so far", file=sys.stderr, flush=True)
            time.sleep(0.02)
        self.killed(running)

    def terminated(self, names) -> list[str]:
        """Asks the running ones to end."""
        running = [name for name in names if self.alive(name)]
        for name in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.known[name]["pid"], signal.SIGTERM)
        return running

    def killed(self, running: list[str]) -> None:
        for name in running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.known[name]["pid"], signal.SIGKILL)
            reap(self.known[name]["pid"])


def reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    # No proxy, whatever the environment says: this is loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as response:
            return response.status == 200
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False


def wait_until(what: str, check, process: subprocess.Popen, log: Path, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if process.poll() is not None:
            raise Failed(f"{what} ended at once with {process.returncode}; its log, {log}, ends:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not answer within {seconds:.0f} s; its log, {log}, ends:\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
