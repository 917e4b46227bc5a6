#!/usr/bin/env python3
"""What `stack.py restart` rests on: whoever saves is waited for, whoever hangs is not killed, a loss is told."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "local"))
import stack  # noqa: E402

# Saves for longer than a stop that doesn't wait would let it, sleeping most of the time.
SAVES = """
import signal, sys, time
def save(*_):
    for n in range(65):
        open("state/part", "a").write("x")
        time.sleep(0.1)
    open("state/whole", "w").write("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
open("state/ready", "w").close()
while True: time.sleep(60)
"""
HANGS = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: None)
open("state/ready", "w").close()
while True: time.sleep(60)
"""


@contextlib.contextmanager
def running(program: str):
    """The processes of a stack whose AWS is this program, and the folder that it saves to."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "state").mkdir()
        processes = stack.Processes(folder)
        processes.start("aws", [sys.executable, "-c", program], {}, folder / "log", folder)
        while not (folder / "state" / "ready").exists():
            time.sleep(0.02)
        try:
            yield processes, folder / "state"
        finally:
            processes.killed(["aws"])


def whoever_saves_is_waited_for_and_it_is_told():
    told = io.StringIO()
    with running(SAVES) as (processes, state), contextlib.redirect_stderr(told):
        processes.stop_saved("aws", state, idle=2)
        assert (state / "whole").read_text() == "saved", "killed while it saved"
        assert not processes.alive("aws")
    assert "still saves" in told.getvalue(), told.getvalue()


def whoever_hangs_is_left_as_it_is_and_a_person_is_told():
    with running(HANGS) as (processes, state):
        try:
            processes.stop_saved("aws", state, idle=0.5)
        except stack.Failed as failure:
            assert "stack.py down" in str(failure), failure
        else:
            raise AssertionError("nothing was told")
        assert processes.alive("aws"), "killed"


def what_is_gone_is_named_with_what_to_do():
    stack.held = lambda endpoint: {"table requests", "secret webhook"}
    stack.lost({"table requests"}, "http://127.0.0.1:1")
    try:
        stack.lost(["table requests", "state machine fulfil-request"], "http://127.0.0.1:1")
    except stack.Failed as failure:
        assert "state machine fulfil-request" in str(failure) and "table" not in str(failure), failure
        assert "stack.py down" in str(failure), failure
    else:
        raise AssertionError("nothing was told")


if __name__ == "__main__":
    tests = (whoever_saves_is_waited_for_and_it_is_told, whoever_hangs_is_left_as_it_is_and_a_person_is_told,
             what_is_gone_is_named_with_what_to_do)
    for test in tests:
        test()
    print(f"restart: {len(tests)} passed")
