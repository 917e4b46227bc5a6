#!/usr/bin/env python3
"""The embedded stack: the product's own template, binaries and state machines on loopback.

    stack.py up [--dir DIR] [--wait-scale X] [--param K=V ...] [--link]
    stack.py upgrade [--dir DIR] [--root DIR] [--binaries DIR] [--param K=V ...]
    stack.py stage --stage NAME [--dir DIR] [--param K=V ...]
    stack.py remove [--state] [--dir DIR]
    stack.py resources | key [--dir DIR]
    stack.py may FUNCTION ACTION RESOURCE [--dir DIR]
    stack.py operator --policy FILE [--dir DIR]
    stack.py down | status | restart | logs [--dir DIR]

`up` starts MiniStack and the sandbox vendor on free ports of 127.0.0.1, deploys infra/state/template.yaml and
template.yaml by CloudFormation with the SAM transform, and writes DIR/stack.json, by which every other program finds
the stack. `upgrade` deploys another build over it, `stage` deploys a second one beside it (in
DIR/stages/NAME/stack.json), and `resources` prints the account's resources. `remove` deletes the stack of template.yaml
by CloudFormation, and `upgrade` then deploys it again over the kept state; `--state` deletes both stacks. Nothing in the
product knows that it runs here: `deploy.py` works round the emulator's faults, or docs/EMULATOR.md lists them.

DIR holds everything of one stack (state, logs, temporary files, pids), so several can run side by side.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import platform
import secrets
import shutil
import sys
import time
from pathlib import Path

from account import CREDENTIALS, REGION, client, collect_logs, held, lost, receipt_key
from deploy import STACK_NAME, STATE, deploy, packaged, reasons, settled
from inspection import may, operator, resources, sign_in_link
from outputs import described
from processes import Failed, Processes, answers, free_port, wait_until
from running import is_up, loaded, sandbox_url, stack_up, start_ministack, start_sandbox, written

ROOT = Path(__file__).resolve().parents[2]
# The sandbox's agent.
TICKETING_USER = "agent@example.com"
# The folder of the deployed binaries, in DIR.
BUILDS = "builds"


class Stopwatch:
    """Measures each part of the start."""

    def __init__(self) -> None:
        self.begun = self.last = time.monotonic()
        self.parts: list[tuple[str, float]] = []

    def lap(self, what: str) -> None:
        now = time.monotonic()
        self.parts.append((what, now - self.last))
        self.last = now

    def report(self) -> str:
        parts = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in self.parts)
        return f"up in {time.monotonic() - self.begun:.2f} s ({parts})"


def up(args) -> int:
    directory: Path = args.dir
    stack_file = directory / "stack.json"
    running = loaded(stack_file)
    if running and is_up(running, directory):
        lost(running["holds"], running["aws_endpoint_url"])
        print(f"already up: {running['aws_endpoint_url']} ({stack_file})")
        return 0

    watch = Stopwatch()
    processes = Processes(directory)
    processes.stop_all()
    stack_file.unlink(missing_ok=True)
    for folder in ("tmp", "state", "logs", BUILDS):
        shutil.rmtree(directory / folder, ignore_errors=True)
    (directory / "logs").mkdir(parents=True)

    try:
        # Work that needs no server runs while the server starts.
        endpoint = f"http://127.0.0.1:{(port := free_port())}"
        ministack = start_ministack(processes, directory, port, args.wait_scale, not args.without_iam)
        token, ticketing_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        sandbox, port_file = start_sandbox(processes, directory, args, token, ticketing_token)
        templates, uploads = packaged(ROOT, args.binaries, directory / BUILDS, endpoint)
        client(endpoint, "sts")
        watch.lap("packaging")
        wait_until("MiniStack", lambda: answers(f"{endpoint}/_ministack/health"), ministack, directory / "logs" / "ministack.log")
        sandbox_at = wait_until("the sandbox", lambda: sandbox_url(port_file), sandbox, directory / "logs" / "sandbox.log")
        watch.lap("servers")

        outputs = deploy(endpoint, STACK_NAME, templates, uploads, parameters(args, "local"))
        watch.lap("deployment")

        vendor = {"sandbox_url": sandbox_at, "sandbox_token": token, "ticketing_token": ticketing_token}
        stack = {
            **set_up(endpoint, outputs, vendor),
            "wait_scale": args.wait_scale,
            "iam": not args.without_iam,
            "holds": sorted(held(endpoint)),
            "pids": processes.pids(),
            "logs": str(directory / "logs"),
        }
        written(stack_file, stack)
        watch.lap("secrets and keys")
    except BaseException:
        processes.stop_all()
        raise
    print(watch.report())
    print(f"the stack: {endpoint} ({stack_file})")
    if args.link and (link := sign_in_link(stack)):
        print(f"the pages: {link}\n  the link signs you in once; `rightful console` makes another")
    return 0


def parameters(args, stage: str) -> dict[str, str]:
    """The templates' parameters."""
    return {
        "Stage": stage,
        "Architecture": "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
        "AllowLoopbackVendors": "true",
        "ConsoleSignInLinks": "true",
        "ReconcileSchedule": "rate(1 minute)",
        "ReconcileGraceSeconds": "15",
        # The demo needs no person; a data source may set its own policy.
        "ErasureReview": "auto",
        "AccessReview": "auto",
        **given(args),
    }


def given(args) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in args.param)


def set_up(endpoint: str, outputs: dict[str, str], vendor: dict[str, str]) -> dict:
    """Does an operator's work after the first deployment: sets the ticketing systems' secrets, and connects the sandbox,
    which is a ticketing system too. Returns the stack file's content."""
    manager = client(endpoint, "secretsmanager")
    channels = {}
    for channel, output in (("standard", "StandardWebhookSecretName"), ("zendesk", "ZendeskWebhookSecretName")):
        value = base64.b64encode(secrets.token_bytes(32)).decode()
        secret = f"whsec_{value}" if channel == "standard" else value
        manager.put_secret_value(SecretId=outputs[output], SecretString=secret)
        channels[channel] = secret
    ticketing = {"base_url": vendor["sandbox_url"], "user": TICKETING_USER, "token": vendor["ticketing_token"]}
    manager.create_secret(
        Name=f"{outputs['SecretPrefix']}ticketing/zendesk", SecretString=json.dumps(ticketing))
    return {
        "aws_endpoint_url": endpoint,
        "region": REGION,
        "access_key_id": CREDENTIALS["aws_access_key_id"],
        "secret_access_key": CREDENTIALS["aws_secret_access_key"],
        **reached(endpoint, outputs, channels),
        "sandbox_url": vendor["sandbox_url"],
        "sandbox_token": vendor["sandbox_token"],
        "ticketing": ticketing,
        **described(outputs),
        "receipt_keys": [receipt_key(endpoint, outputs["ReceiptKeyArn"])],
    }


def reached(endpoint: str, outputs: dict[str, str], channels: dict[str, str]) -> dict:
    """The API's addresses, and each channel's secret."""
    api_url = f"{endpoint}/_aws/execute-api/{outputs['WebhookApiId']}"
    # The pages need the API's own host, as in AWS; browsers find every name under `localhost` on this machine.
    port = endpoint.rpartition(":")[2]
    return {
        "api_url": api_url,
        "console_url": f"http://{outputs['WebhookApiId']}.execute-api.localhost:{port}/console",
        "webhook_url": f"{api_url}/webhooks/standard",
        "webhook_secret": channels["standard"],
        "channels": {channel: {"url": f"{api_url}/webhooks/{channel}", "secret": secret} for channel, secret in channels.items()},
    }


def upgrade(args) -> int:
    """Deploys another build over the stack, with requests in flight. Omitted parameters keep their values. After `remove`
    it deploys anew, over the kept state."""
    stack = stack_up(args)
    endpoint = stack["aws_endpoint_url"]
    templates, uploads = packaged(args.root, args.binaries, args.dir / BUILDS, endpoint)
    deployed = settled(client(endpoint, "cloudformation"), STACK_NAME)
    before = {one["ParameterKey"]: one["ParameterValue"] for one in deployed["Parameters"]} if deployed else parameters(args, "local")
    outputs = deploy(endpoint, STACK_NAME, templates, uploads, {**before, **given(args)})
    channels = {channel: one["secret"] for channel, one in stack["channels"].items()}
    written(args.dir / "stack.json", {
        **stack, **described(outputs), **reached(endpoint, outputs, channels), "holds": sorted(held(endpoint))})
    print(f"upgraded: {endpoint}")
    return 0


def stage(args) -> int:
    """Deploys a second stage beside the first, in the same account, with the same vendor."""
    stack = stack_up(args)
    endpoint = stack["aws_endpoint_url"]
    name = f"rightful-{args.stage}"
    templates, uploads = packaged(ROOT, args.binaries, args.dir / BUILDS, endpoint)
    outputs = deploy(endpoint, name, templates, uploads, parameters(args, args.stage))
    vendor = {"sandbox_url": stack["sandbox_url"], "sandbox_token": stack["sandbox_token"],
              "ticketing_token": stack["ticketing"]["token"]}
    folder = args.dir / "stages" / args.stage
    folder.mkdir(parents=True, exist_ok=True)
    written(folder / "stack.json", {**set_up(endpoint, outputs, vendor), "wait_scale": stack["wait_scale"], "iam": stack["iam"]})
    print(f"the stage: {folder / 'stack.json'}")
    return 0


def remove(args) -> int:
    """Deletes the deployment by CloudFormation, but not the stack that keeps state; with `--state` that one too. AWS keeps
    running, with the retained resources."""
    stack = stack_up(args)
    endpoint = stack["aws_endpoint_url"]
    cloudformation = client(endpoint, "cloudformation")
    for name in (STACK_NAME, f"{STACK_NAME}{STATE}") if args.state else (STACK_NAME,):
        cloudformation.delete_stack(StackName=name)
        left = settled(cloudformation, name)
        if left is not None:
            raise Failed("\n".join([f"{name} is not deleted: {left['StackStatus']}", *reasons(cloudformation, name)]))
    written(args.dir / "stack.json", {**stack, "holds": sorted(held(endpoint))})
    print("deleted")
    return 0


def key(args) -> int:
    """Makes a KMS key beside the deployment, as for EncryptionKeyArn, and prints its ARN."""
    print(client(stack_up(args)["aws_endpoint_url"], "kms").create_key()["KeyMetadata"]["Arn"])
    return 0


def down(args) -> int:
    stack_file = args.dir / "stack.json"
    stack = loaded(stack_file)
    if stack and is_up(stack, args.dir):
        # Best effort: a stack that no longer answers must still stop.
        with contextlib.suppress(Exception):
            collect_logs(stack, args.dir)
    processes = Processes(args.dir)
    had = bool(processes.known)
    processes.stop_all()
    stack_file.unlink(missing_ok=True)
    for folder in ("tmp", "state", BUILDS):
        shutil.rmtree(args.dir / folder, ignore_errors=True)
    print("stopped" if had else "nothing was up")
    return 0


def restart(args) -> int:
    """Stops AWS in the middle of its work, and starts it again with its saved data: an outage. The vendor's side keeps
    running. AWS has as long to save as it needs; a loss is reported."""
    stack = stack_up(args)
    endpoint = stack["aws_endpoint_url"]
    expected = held(endpoint) | set(stack["holds"])
    processes = Processes(args.dir)
    processes.stop_saved("ministack", args.dir / "state")
    port = int(endpoint.rpartition(":")[2])
    ministack = start_ministack(processes, args.dir, port, stack["wait_scale"], stack["iam"])
    wait_until("MiniStack", lambda: answers(f"{endpoint}/_ministack/health"), ministack, args.dir / "logs" / "ministack.log")
    lost(expected, endpoint)
    print(f"up again: {endpoint}")
    return 0


def status(args) -> int:
    stack = loaded(args.dir / "stack.json")
    if stack and is_up(stack, args.dir):
        lost(stack["holds"], stack["aws_endpoint_url"])
        print(f"up: {stack['aws_endpoint_url']} ({args.dir / 'stack.json'})")
        return 0
    print("down")
    return 1


def logs(args) -> int:
    stack = loaded(args.dir / "stack.json")
    if not stack or not is_up(stack, args.dir):
        raise Failed("no stack is up there; what the last one logged is in DIR/logs")
    for path in collect_logs(stack, args.dir):
        print(path)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, text in (
        ("up", up, "start the stack and the sandbox, deploy, write DIR/stack.json"),
        ("down", down, "stop what `up` started; the logs stay"),
        ("status", status, "say whether it is up with all that it should hold; exit 0 if so"),
        ("restart", restart, "stop AWS in the middle of its work and start it again with what it kept"),
        ("upgrade", upgrade, "deploy another build over the stack, or over the state that `remove` left"),
        ("stage", stage, "deploy a second stage beside the first, into DIR/stages/NAME"),
        ("remove", remove, "delete the deployment but not its state, and leave AWS running"),
        ("resources", resources, "print what the account holds, as JSON"),
        ("operator", operator, "have an IAM user with a policy call each operation of the API, and say which let them in"),
        ("may", may, "say whether a function's role may do an action on a resource"),
        ("key", key, "make a KMS key, as for EncryptionKeyArn, and print its ARN"),
        ("logs", logs, "write the functions' logs so far to DIR/logs/functions, and list the files"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("--dir", type=lambda text: Path(text).resolve(), default=ROOT / "target" / "local")
        if name in ("up", "upgrade", "stage"):
            command.add_argument("--binaries", type=lambda text: Path(text).resolve(), default=ROOT / "target" / "local",
                                 help="where the functions' and the sandbox's binaries are")
            command.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the template")
        if name == "upgrade":
            command.add_argument("--root", type=lambda text: Path(text).resolve(), default=ROOT,
                                 help="where the templates and the files that they name are")
        if name == "remove":
            command.add_argument("--state", action="store_true", help="delete the stack that keeps state, too")
        if name == "may":
            for what in ("function", "action", "resource"):
                command.add_argument(what)
        if name == "operator":
            command.add_argument("--policy", type=Path, required=True, help="the file that holds it")
        if name == "stage":
            command.add_argument("--stage", required=True, help="its name")
        if name == "up":
            command.add_argument("--wait-scale", type=float, default=1.0, help="shortens every Wait and Retry of the workflows")
            command.add_argument("--without-iam", action="store_true", help="let every role do everything, to tell a policy's fault from another")
            command.add_argument("--link", action="store_true", help="print a link by which one signs in on the pages")
            command.add_argument("--finish-after-ms", type=int, default=2000, help="how long the sandbox's vendors take")
    args = parser.parse_args()
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        print("stack.py: run by a Python without its packages. First: infra/local/setup.sh stack. "
              "Then: target/venv-stack/bin/python infra/local/stack.py …", file=sys.stderr)
        return 1
    try:
        return args.run(args)
    except (Failed, BotoCoreError, ClientError) as failure:
        print(f"stack.py: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
