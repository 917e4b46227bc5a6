#!/usr/bin/env python3
"""The basis of `stack.py restart`: it waits for a saving process, does not kill a hanging one, and reports a loss."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "local"))
import account  # noqa: E402
from processes import Failed, Processes  # noqa: E402

# Saves for longer than a stop without waiting would allow, sleeping most of the time.
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
    """The processes of a stack whose AWS is this program, and its folder for saving."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "state").mkdir()
        processes = Processes(folder)
        processes.start("aws", [sys.executable, "-c", program], {}, folder / "log", folder)
        while not (folder / "state" / "ready").exists():
            time.sleep(0.02)
        try:
            yield processes, folder / "state"
        finally:
            processes.killed(["aws"])


def a_stop_waits_for_a_saving_process_and_says_so():
    told = io.StringIO()
    with running(SAVES) as (processes, state), contextlib.redirect_stderr(told):
        processes.stop_saved("aws", state, idle=2)
        assert (state / "whole").read_text() == "saved", "killed while saving"
        assert not processes.alive("aws")
    assert "still saves" in told.getvalue(), told.getvalue()


def a_hanging_process_is_left_alone_and_reported():
    with running(HANGS) as (processes, state):
        try:
            processes.stop_saved("aws", state, idle=0.5)
        except Failed as failure:
            assert "stack.py down" in str(failure), failure
        else:
            raise AssertionError("nothing was reported")
        assert processes.alive("aws"), "killed"


def a_loss_is_named_with_the_remedy():
    account.held = lambda endpoint: {"table requests", "secret webhook"}
    account.lost({"table requests"}, "http://127.0.0.1:1")
    try:
        account.lost(["table requests", "state machine fulfil-request"], "http://127.0.0.1:1")
    except Failed as failure:
        assert "state machine fulfil-request" in str(failure) and "table" not in str(failure), failure
        assert "stack.py down" in str(failure), failure
    else:
        raise AssertionError("nothing was reported")


if __name__ == "__main__":
    tests = (a_stop_waits_for_a_saving_process_and_says_so, a_hanging_process_is_left_alone_and_reported,
             a_loss_is_named_with_the_remedy)
    for test in tests:
        test()
    print(f"restart: {len(tests)} passed")
