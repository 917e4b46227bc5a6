"""A running stack: its two servers, and the file by which every other program finds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from account import ACCOUNT, CREDENTIALS, REGION
from processes import Failed, Processes, answers
from recorder import template_digest

ROOT = Path(__file__).resolve().parents[2]


def start_ministack(processes: Processes, directory: Path, port: int, wait_scale: float, iam: bool) -> subprocess.Popen:
    temporary = directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    # Functions inherit this whole environment, so it holds nothing of the caller's.
    env = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "LAMBDA_EXECUTOR": "local",
        # Each function then runs under its own role, with the role's permissions.
        "AUTH": str(iam).lower(),
        # These two would listen on fixed ports of every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # It saves its data when it is told to stop, and reads them when it starts again.
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "state" / "s3"),
        "SFN_WAIT_SCALE": str(wait_scale),
        "LOG_LEVEL": "INFO",
        # Records which permission allowed each call of a role, for tests/privileges.
        "CALLS_FILE": str(directory / "logs" / "calls.jsonl"),
        "CALLS_TEMPLATE": template_digest((ROOT / "template.yaml").read_text()),
    }
    return processes.start(
        "ministack", [sys.executable, str(ROOT / "infra" / "local" / "emulator.py")], env, directory / "logs" / "ministack.log", temporary
    )


def start_sandbox(processes: Processes, directory: Path, args, token: str, ticketing_token: str) -> tuple[subprocess.Popen, Path]:
    binary = args.binaries / "sandbox"
    if not binary.is_file():
        raise Failed(f"no sandbox binary at {binary}. Build first: cargo build --profile local")
    port_file = directory / "sandbox.json"
    port_file.unlink(missing_ok=True)
    process = processes.start(
        "sandbox",
        [str(binary), "--port", "0", "--port-file", str(port_file),
         # One argument: a token may begin with a hyphen.
         "--finish-after-ms", str(args.finish_after_ms), f"--token={token}", f"--ticketing-token={ticketing_token}"],
        {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
        directory / "logs" / "sandbox.log", directory,
    )
    return process, port_file


def sandbox_url(port_file: Path) -> str | None:
    try:
        return json.loads(port_file.read_text())["url"].rstrip("/")
    except (OSError, ValueError, KeyError):
        return None  # not there yet, or half written


def loaded(stack_file: Path) -> dict | None:
    try:
        return json.loads(stack_file.read_text())
    except (OSError, ValueError):
        return None


def written(stack_file: Path, stack: dict) -> None:
    # The file holds this stack's secrets, and a reader never sees half of it.
    part = stack_file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(stack, file, indent=2)
    part.replace(stack_file)


def is_up(stack: dict, directory: Path) -> bool:
    processes = Processes(directory)
    return (
        processes.alive("ministack") and processes.alive("sandbox")
        and answers(f"{stack['aws_endpoint_url']}/_ministack/health")
    )


def stack_up(args) -> dict:
    """The stack file of a running stack."""
    stack = loaded(args.dir / "stack.json")
    if not stack or not is_up(stack, args.dir):
        raise Failed("no stack is up there")
    return stack
