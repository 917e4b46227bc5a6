"""Packs copies of several sizes, as `close` does, beside a packer that holds each copy whole."""

import json
import os
import subprocess
import tempfile

from builds import BUILDS, Failed, machine
from report import number, ratio, table

# The sizes of the packed copies, in megabytes of the vendors' JSON.
PACKED = (10, 100, 500)


def packed(megabytes, *how):
    """One packed copy: the program's output, its peak memory in MB, its processor time in seconds."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(BUILDS["release"] / "examples" / "pack"), str(megabytes), *how], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f"packing {megabytes} MB {' '.join(how)} ended with {process.returncode}")
        out.seek(0)
        return json.load(out), used.ru_maxrss * 1024 / 1e6, used.ru_utime + used.ru_stime


def packing():
    """Copies of several sizes, packed as a stream and held whole, one after another."""
    if not (BUILDS["release"] / "examples" / "pack").is_file():
        raise Failed("no release build of the packing. Run first: cargo build --locked --release -p rightful-package --example pack")
    print(f"the machine: {machine()}", flush=True)
    rows, first = [], None
    for megabytes in PACKED:
        told, memory, processor = packed(megabytes)
        _, whole_memory, whole_processor = packed(megabytes, "whole")
        first = first or memory
        rows.append([f"{megabytes} MB", number(told["file"] / 1e6), number(memory), ratio(memory, first), number(whole_memory),
                     ratio(whole_memory, memory), number(processor), ratio(processor, whole_processor)])
    table("A copy packed piece by piece, as `close` does, beside one held whole.", 1,
          ["copy", "file, MB", "memory, MB", f"÷ that of {PACKED[0]} MB", "held whole: memory, MB", "held whole ÷ piece by piece",
           "processor, s", "processor ÷ held whole"], rows)
