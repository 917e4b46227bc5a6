"""The emulated AWS account: its clients, and what it holds."""

from __future__ import annotations

import base64
import functools
import os
from pathlib import Path

from processes import Failed

REGION = "eu-central-1"
ACCOUNT = "000000000000"
# The emulator accepts the 12-digit account id as access key, with any secret.
CREDENTIALS = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "loopback"}
# The beginning of every Ed25519 public key in DER.
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


@functools.cache
def session():
    """The session of all clients: each new one would read botocore's data again. It knows nothing of this machine's own
    AWS configuration."""
    import boto3

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    return boto3.session.Session(region_name=REGION, **CREDENTIALS)


@functools.cache
def client(endpoint: str, service: str):
    """A client that calls only the stack."""
    from botocore.config import Config

    return session().client(
        service, endpoint_url=endpoint,
        config=Config(proxies={}, retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
    )


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
    """The account's resources, each as `kind name`. A comparison shows a loss."""
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
