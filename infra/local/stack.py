#!/usr/bin/env python3
"""The embedded stack: the product's own template, binaries and state machines on loopback.

    stack.py up [--dir DIR] [--wait-scale X] [--param K=V ...]
    stack.py upgrade [--dir DIR] [--root DIR] [--binaries DIR] [--param K=V ...]
    stack.py stage --stage NAME [--dir DIR] [--param K=V ...]
    stack.py remove [--state] [--dir DIR]
    stack.py resources | key [--dir DIR]
    stack.py may FUNCTION ACTION RESOURCE [--dir DIR]
    stack.py down | status | restart | logs [--dir DIR]

`up` starts MiniStack and the sandbox vendor on free ports of 127.0.0.1, deploys infra/state/template.yaml and
template.yaml by CloudFormation with the SAM transform, and writes DIR/stack.json, by which every other program finds
the stack. `upgrade` deploys another build over it, `stage` deploys a second one beside it (in
DIR/stages/NAME/stack.json), and `resources` prints the account's resources. `remove` deletes the stack of template.yaml
by CloudFormation, and `upgrade` then deploys it again over the kept state; `--state` deletes both stacks. Nothing in the
product knows that it runs here: this file works round the emulator's faults, or docs/EMULATOR.md lists them.

DIR holds everything of one stack (state, logs, temporary files, pids), so several can run side by side.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import io
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from outputs import described
from recorder import template_digest

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
ACCOUNT = "000000000000"
# The emulator accepts the 12-digit account id as access key, with any secret.
CREDENTIALS = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "loopback"}
# The sandbox's agent.
TICKETING_USER = "agent@example.com"
STACK_NAME = "rightful-local"
# The suffix of the name of the stack that keeps state, and its template.
STATE, STATE_TEMPLATE = "-state", "infra/state/template.yaml"
ARTEFACTS = "rightful-local-artefacts"
# How long a process that was told to end may do nothing before a person must decide.
IDLE_SECONDS = 60
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


class Failed(Exception):
    """A message for a person: printed without a trace."""


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


# ------------------------------------------------------------------------------------ processes


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
        """Ends everything that the stack started."""
        self.stop(*self.known)
        self.known = {}
        self.file.unlink(missing_ok=True)

    def stop(self, *names: str) -> None:
        """Ends each with SIGTERM, then the rest of its process group: the functions' processes are MiniStack's children,
        and it leaves some behind. Unsaved data may be lost."""
        running = self.terminated(names)
        deadline = time.monotonic() + 5
        while any(self.alive(name) for name in running) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.killed(running)

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


# ------------------------------------------------------------------------------------ AWS


def client(endpoint: str, service: str):
    """A client that calls only the stack, whatever this machine's own AWS configuration says."""
    import boto3
    from botocore.config import Config

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    session = boto3.session.Session(region_name=REGION, **CREDENTIALS)
    return session.client(
        service, endpoint_url=endpoint,
        config=Config(proxies={}, retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
    )


def zipped(binary: Path) -> bytes:
    """A Lambda package: the binary as `bootstrap`, uncompressed, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, binary.read_bytes())
    return buffer.getvalue()


def packaged(root: Path, binaries: Path, endpoint: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """The templates in the order of deployment, by the suffix of their stack's name, and the files to upload. Like `sam
    package` it replaces local paths by addresses in a bucket. A file's name there depends on its content, so a changed
    file is a changed template."""
    uploads: dict[str, bytes] = {}
    missing: list[str] = []

    def kept(name: str, body: bytes) -> str:
        key = f"{hashlib.sha256(body).hexdigest()[:32]}/{name}"
        uploads[key] = body
        return key

    def code(match: re.Match) -> str:
        name = match[2]
        binary = binaries / name
        if not binary.is_file():
            missing.append(name)
            return match[0]
        return f"{match[1]}s3://{ARTEFACTS}/{kept(f'{name}.zip', zipped(binary))}"

    def definition(match: re.Match) -> str:
        path = root / match[2]
        return f"{match[1]}s3://{ARTEFACTS}/{kept(path.name, path.read_bytes())}"

    def nested(match: re.Match) -> str:
        path = root / match[2]
        return f"{match[1]}{endpoint}/{ARTEFACTS}/{kept(path.name, path.read_bytes())}"

    template = (root / "template.yaml").read_text()
    template = re.sub(r"^(\s+CodeUri:\s+)functions/([a-z-]+)/?\s*$", code, template, flags=re.M)
    template = re.sub(r"^(\s+DefinitionUri:\s+)(\S+\.asl\.json)\s*$", definition, template, flags=re.M)
    template = re.sub(r"^(\s+TemplateURL:\s+)(infra/\S+\.yaml)\s*$", nested, template, flags=re.M)
    if missing:
        raise Failed(f"no binary in {binaries} for: {', '.join(sorted(missing))}. Build first: cargo build --profile local")
    return {STATE: (root / STATE_TEMPLATE).read_text(), "": template}, uploads


def deploy(endpoint: str, name: str, templates: dict[str, str], uploads: dict[str, bytes], parameters: dict[str, str]) -> dict[str, str]:
    """Creates or updates the stacks by CloudFormation, with the SAM transform. Returns the last one's outputs."""
    s3 = client(endpoint, "s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTEFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, body in uploads.items():
        s3.put_object(Bucket=ARTEFACTS, Key=key, Body=body)
    for ending, template in templates.items():
        s3.put_object(Bucket=ARTEFACTS, Key=f"{name}{ending}/template.yaml", Body=template.encode())
        # The state has only some of the rest's parameters.
        own = {key: value for key, value in parameters.items() if ending != STATE or key in parameters_of(template)}
        outputs = deploy_one(endpoint, f"{name}{ending}", own)
        complete(endpoint, f"{name}{ending}")
    return outputs


def parameters_of(template: str) -> list[str]:
    section = re.search(r"^Parameters:\n(.*?)^\S", template, re.M | re.S)
    return re.findall(r"^  (\w+):$", section[1], re.M) if section else []


def deploy_one(endpoint: str, name: str, parameters: dict[str, str]) -> dict[str, str]:
    from botocore.exceptions import ClientError

    cloudformation = client(endpoint, "cloudformation")
    what = {
        "StackName": name,
        "TemplateURL": f"{endpoint}/{ARTEFACTS}/{name}/template.yaml",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if settled(cloudformation, name) is None:
        cloudformation.create_stack(**what, OnFailure="DO_NOTHING")
    else:
        try:
            cloudformation.update_stack(**what)
        except ClientError as failure:
            # samconfig.toml has `sam deploy` accept this too.
            if "No updates are to be performed" not in str(failure):
                raise
    stack = settled(cloudformation, name)
    if stack is None or stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Failed("\n".join([f"{name} was not deployed", *reasons(cloudformation, name)]))
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def settled(cloudformation, name: str, seconds: float = 120) -> dict | None:
    """The stack after its current operation; None when it is gone."""
    from botocore.exceptions import ClientError

    deadline = time.monotonic() + seconds
    while True:
        try:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as failure:
            if "does not exist" in str(failure):
                return None
            raise
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return None
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() > deadline:
            raise Failed(f"{name} is still {stack['StackStatus']} after {seconds:.0f} s")
        time.sleep(0.05)


def reasons(cloudformation, name: str) -> list[str]:
    """The failures and their reasons, oldest first."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in reversed(events) if "FAILED" in event["ResourceStatus"] and event.get("ResourceStatusReason")]


def lifecycle(configuration: dict, parameters: dict[str, str]) -> dict:
    """CloudFormation's lifecycle rules in S3's form."""
    rules = []
    for found in configuration["Rules"]:
        one = {"ID": found["Id"], "Status": found["Status"], "Filter": {"Prefix": found.get("Prefix", "")}}
        if (days := found.get("ExpirationInDays")) is not None:
            one["Expiration"] = {"Days": int(parameters[days["Ref"]] if isinstance(days, dict) else days)}
        if "AbortIncompleteMultipartUpload" in found:
            one["AbortIncompleteMultipartUpload"] = found["AbortIncompleteMultipartUpload"]
        rules.append(one)
    return {"Rules": rules}


def complete(endpoint: str, stack_name: str) -> None:
    """Sets the properties that the emulator's CloudFormation ignores, with the template's values. Removes the policies
    that refuse plain http, because loopback has nothing else."""
    from samtranslator.yaml_helper import yaml_parse

    cloudformation, s3, dynamodb, sqs = (client(endpoint, name) for name in ("cloudformation", "s3", "dynamodb", "sqs"))
    body = cloudformation.get_template(StackName=stack_name, TemplateStage="Processed")["TemplateBody"]
    resources = (yaml_parse(body) if isinstance(body, str) else body)["Resources"]
    summaries = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    given = {one["ParameterKey"]: one["ParameterValue"]
             for one in cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["Parameters"]}
    physical = {found["LogicalResourceId"]: found["PhysicalResourceId"]
                for found in summaries.search("StackResourceSummaries[]")}
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::S3::BucketPolicy":
            bucket = physical[properties["Bucket"]["Ref"]] if isinstance(properties["Bucket"], dict) else properties["Bucket"]
            s3.delete_bucket_policy(Bucket=bucket)
        if resource["Type"] == "AWS::SQS::QueuePolicy":
            for queue in properties["Queues"]:
                sqs.set_queue_attributes(QueueUrl=physical[queue["Ref"]], Attributes={"Policy": ""})
        if resource["Type"] == "AWS::S3::Bucket" and "ObjectLockConfiguration" in properties:
            s3.put_object_lock_configuration(
                Bucket=physical[name], ObjectLockConfiguration=properties["ObjectLockConfiguration"])
        if resource["Type"] == "AWS::S3::Bucket" and "LifecycleConfiguration" in properties:
            s3.put_bucket_lifecycle_configuration(
                Bucket=physical[name], LifecycleConfiguration=lifecycle(properties["LifecycleConfiguration"], given))
        if resource["Type"] == "AWS::DynamoDB::Table":
            if "TimeToLiveSpecification" in properties:
                dynamodb.update_time_to_live(
                    TableName=physical[name], TimeToLiveSpecification=properties["TimeToLiveSpecification"])
            if properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
                dynamodb.update_continuous_backups(
                    TableName=physical[name],
                    PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"])


def receipt_key(endpoint: str, key_arn: str) -> dict[str, str]:
    """The receipts' public key as a JWK, for `rightful receipt verify --keys`."""
    der = client(endpoint, "kms").get_public_key(KeyId=key_arn)["PublicKey"]
    if len(der) != len(SPKI_ED25519) + 32 or not der.startswith(SPKI_ED25519):
        raise Failed("the receipt key's public key is no Ed25519 key")
    raw = base64.urlsafe_b64encode(der[len(SPKI_ED25519):]).rstrip(b"=").decode()
    return {"kid": key_arn, "kty": "OKP", "crv": "Ed25519", "x": raw}


def collect_logs(stack: dict, directory: Path) -> list[Path]:
    """Writes each function's log so far to DIR/logs/functions/NAME.log, one line a message.

    The emulator keeps a function's output in its CloudWatch Logs, in memory, and nowhere else.
    """
    logs = client(stack["aws_endpoint_url"], "logs")
    folder = directory / "logs" / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups[].logGroupName"):
        events = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group).search("events[]"))
        if not events:
            continue
        path = folder / f"{group.rsplit('/', 1)[-1]}.log"
        path.write_text("".join(event["message"].rstrip("\n") + "\n" for event in events if event))
        written.append(path)
    return written


def held(endpoint: str) -> set[str]:
    """The account's resources, each as `kind name`, to notice a loss by."""
    import jmespath

    kinds = (
        ("table", "dynamodb", "list_tables", "TableNames[]"),
        ("state machine", "stepfunctions", "list_state_machines", "stateMachines[].name"),
        ("secret", "secretsmanager", "list_secrets", "SecretList[].Name"),
        ("function", "lambda", "list_functions", "Functions[].FunctionName"),
        ("bucket", "s3", "list_buckets", "Buckets[].Name"),
        ("key", "kms", "list_keys", "Keys[].KeyId"),
        ("queue", "sqs", "list_queues", "QueueUrls[]"),
        ("rule", "events", "list_rules", "Rules[].Name"),
        ("schedule", "scheduler", "list_schedules", "Schedules[].Name"),
        ("API", "apigatewayv2", "get_apis", "Items[].Name"),
        ("log group", "logs", "describe_log_groups", "logGroups[].logGroupName"),
    )
    found = set()
    for kind, service, operation, path in kinds:
        of = client(endpoint, service)
        pages = of.get_paginator(operation).paginate() if of.can_paginate(operation) else [getattr(of, operation)()]
        found |= {f"{kind} {name}" for page in pages for name in jmespath.search(path, page) or []}
    return found


def lost(expected, endpoint: str) -> None:
    """Raises `Failed` if an expected resource is gone, and names it."""
    if gone := sorted(set(expected) - held(endpoint)):
        raise Failed("\n".join([
            f"the stack answers, and {len(gone)} of what it held is gone:", *(f"  {one}" for one in gone),
            "requests in it can't be brought to their end: stack.py down, then up"]))


# ------------------------------------------------------------------------------------ commands


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
    for folder in ("tmp", "state", "logs"):
        shutil.rmtree(directory / folder, ignore_errors=True)
    (directory / "logs").mkdir(parents=True)

    try:
        # Work that needs no server runs while the server starts.
        endpoint = f"http://127.0.0.1:{(port := free_port())}"
        ministack = start_ministack(processes, directory, port, args.wait_scale, not args.without_iam)
        token, ticketing_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        sandbox, port_file = start_sandbox(processes, directory, args, token, ticketing_token)
        templates, uploads = packaged(ROOT, args.binaries, endpoint)
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
    return 0


def parameters(args, stage: str) -> dict[str, str]:
    """The templates' parameters."""
    return {
        "Stage": stage,
        "Architecture": "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64",
        "AllowLoopbackVendors": "true",
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
        "console_url": None,
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
    return {
        "api_url": api_url,
        "webhook_url": f"{api_url}/webhooks/standard",
        "webhook_secret": channels["standard"],
        "channels": {channel: {"url": f"{api_url}/webhooks/{channel}", "secret": secret} for channel, secret in channels.items()},
    }


def written(stack_file: Path, stack: dict) -> None:
    # The file holds this stack's secrets, and a reader never sees half of it.
    part = stack_file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(stack, file, indent=2)
    part.replace(stack_file)


def stack_up(args) -> dict:
    """The stack file of a running stack."""
    stack = loaded(args.dir / "stack.json")
    if not stack or not is_up(stack, args.dir):
        raise Failed("no stack is up there")
    return stack


def upgrade(args) -> int:
    """Deploys another build over the stack, with requests in flight. Omitted parameters keep their values. After `remove`
    it deploys anew, over the kept state."""
    stack = stack_up(args)
    endpoint = stack["aws_endpoint_url"]
    templates, uploads = packaged(args.root, args.binaries, endpoint)
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
    templates, uploads = packaged(ROOT, args.binaries, endpoint)
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


def resources(args) -> int:
    """Prints the account's resources as JSON, by kind: names, and values that a test compares."""
    endpoint = stack_up(args)["aws_endpoint_url"]

    def all_of(service: str, operation: str, path: str) -> list:
        client_of = client(endpoint, service)
        if client_of.can_paginate(operation):
            return [one for one in client_of.get_paginator(operation).paginate().search(f"{path}[]") if one]
        return getattr(client_of, operation)()[path]

    functions, states, s3, dynamodb, kms, logs_of, sqs, watching, manager = (
        client(endpoint, name)
        for name in ("lambda", "stepfunctions", "s3", "dynamodb", "kms", "logs", "sqs", "cloudwatch", "secretsmanager"))

    def function(name: str) -> dict:
        live = functions.get_function_configuration(FunctionName=name, Qualifier="live")
        return {"version": live["Version"], "code": live["CodeSha256"], "variables": live.get("Environment", {}).get("Variables", {})}

    def machine(arn: str) -> dict:
        alias = states.describe_state_machine_alias(stateMachineAliasArn=f"{arn}:live")
        versions = states.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
        return {"live": alias["routingConfiguration"][0]["stateMachineVersionArn"],
                "versions": sorted(one["stateMachineVersionArn"] for one in versions)}

    def queue(url: str) -> dict:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def streams(group: str) -> list[str]:
        return [one["logStreamName"] for one in logs_of.describe_log_streams(logGroupName=group)["logStreams"]]

    found = {
        "functions": {one["FunctionName"]: function(one["FunctionName"]) for one in all_of("lambda", "list_functions", "Functions")},
        "machines": {one["name"]: machine(one["stateMachineArn"]) for one in all_of("stepfunctions", "list_state_machines", "stateMachines")},
        "schedules": [one["Name"] for one in all_of("scheduler", "list_schedules", "Schedules")],
        "rules": [one["Name"] for one in all_of("events", "list_rules", "Rules")],
        "apis": [one["Name"] for one in all_of("apigatewayv2", "get_apis", "Items")],
        "queues": {url.rsplit("/", 1)[-1]: queue(url) for url in all_of("sqs", "list_queues", "QueueUrls")},
        "tables": {name: dynamodb.scan(TableName=name, Select="COUNT")["Count"] for name in all_of("dynamodb", "list_tables", "TableNames")},
        "buckets": {one["Name"]: s3.list_objects_v2(Bucket=one["Name"])["KeyCount"]
                    for one in all_of("s3", "list_buckets", "Buckets") if one["Name"] != ARTEFACTS},
        "keys": {one["KeyArn"]: kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] for one in all_of("kms", "list_keys", "Keys")},
        # With the streams of each, whose names contain the version that wrote them.
        "log_groups": {one["logGroupName"]: streams(one["logGroupName"]) for one in all_of("logs", "describe_log_groups", "logGroups")},
        "secrets": [one["Name"] for one in all_of("secretsmanager", "list_secrets", "SecretList")],
        "alarms": {one["AlarmName"]: one["StateValue"] for kind in ("MetricAlarms", "CompositeAlarms")
                   for one in watching.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])[kind]},
        # The key of each, unless it is AWS's own.
        "encrypted": {
            **{one["logGroupName"]: one.get("kmsKeyId") for one in all_of("logs", "describe_log_groups", "logGroups")},
            **{url.rsplit("/", 1)[-1]: queue(url).get("KmsMasterKeyId") for url in all_of("sqs", "list_queues", "QueueUrls")},
            **{one["Name"]: manager.describe_secret(SecretId=one["Name"]).get("KmsKeyId")
               for one in all_of("secretsmanager", "list_secrets", "SecretList")},
        },
    }
    json.dump(found, sys.stdout, indent=2, sort_keys=True)
    print()
    return 0


def may(args) -> int:
    """Prints whether a function's role may do an action on a resource, by IAM's own simulation."""
    endpoint = stack_up(args)["aws_endpoint_url"]
    role = client(endpoint, "lambda").get_function_configuration(FunctionName=args.function)["Role"]
    simulated = client(endpoint, "iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[args.action], ResourceArns=[args.resource])
    print(simulated["EvaluationResults"][0]["EvalDecision"])
    return 0


def operator(args) -> int:
    """Makes an IAM user with the policy of `--policy`, and calls each operation of the API once as that user, with an empty
    body and about absent things: nothing changes. Prints for each true if the API let the user in, whatever it answered
    then, and false if IAM did not. The last one is a read of the requests' table."""
    import boto3
    import yaml
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.exceptions import ClientError

    stack = stack_up(args)
    iam, name = client(stack["aws_endpoint_url"], "iam"), f"operator-{os.urandom(4).hex()}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="operator", PolicyDocument=args.policy.read_text())
    made = iam.create_access_key(UserName=name)["AccessKey"]
    credentials = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    document = yaml.safe_load((ROOT / "infra" / "openapi.yaml").read_text())
    there = {"{id}": "019aa6e0-5c1f-7000-8000-000000000001", "{source}": "nobody", "{channel}": "nothing"}
    opener, told = urllib.request.build_opener(urllib.request.ProxyHandler({})), {}
    for template, methods in document["paths"].items():
        path = template
        for placeholder, value in there.items():
            path = path.replace(placeholder, value)
        for method in (one.upper() for one in methods):
            body = b"" if method in ("GET", "DELETE") else b"{}"
            request = AWSRequest(method, stack["api_url"] + path, data=body, headers={"content-type": "application/json"})
            SigV4Auth(credentials, "execute-api", stack["region"]).add_auth(request)
            call = urllib.request.Request(request.url, body or None, dict(request.headers.items()), method=method)
            try:
                with opener.open(call, timeout=60) as response:
                    status, answer = response.status, response.read()
            except urllib.error.HTTPError as refused:
                status, answer = refused.code, refused.read()
            # The API itself never answers 403 to a signed call.
            told[f"{method} {template}"] = status != 403
            if status >= 500:
                raise Failed(f"{method} {template}: {status} {answer[:200].decode(errors='replace')}")
    as_them = boto3.session.Session(credentials.access_key, credentials.secret_key, region_name=stack["region"])
    try:
        as_them.client("dynamodb", endpoint_url=stack["aws_endpoint_url"]).scan(TableName=stack["requests_table"])
        told["dynamodb:Scan"] = True
    except ClientError:
        told["dynamodb:Scan"] = False
    json.dump(told, sys.stdout, indent=2)
    print()
    return 0


def key(args) -> int:
    """Makes a KMS key beside the deployment, as for EncryptionKeyArn, and prints its ARN."""
    print(client(stack_up(args)["aws_endpoint_url"], "kms").create_key()["KeyMetadata"]["Arn"])
    return 0


def loaded(stack_file: Path) -> dict | None:
    try:
        return json.loads(stack_file.read_text())
    except (OSError, ValueError):
        return None


def is_up(stack: dict, directory: Path) -> bool:
    processes = Processes(directory)
    return (
        processes.alive("ministack") and processes.alive("sandbox")
        and answers(f"{stack['aws_endpoint_url']}/_ministack/health")
    )


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
    for folder in ("tmp", "state"):
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
