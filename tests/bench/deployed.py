"""The embedded stack that the benchmark measures, with one closed request."""

import json
import subprocess
import sys
import urllib.request

from builds import BUILDS, DIR, ROOT, Failed
from cases import EMAIL, SOURCE, signed

STACK = [sys.executable, str(ROOT / "infra" / "local" / "stack.py")]


def rightful(*arguments, stdin=None):
    done = subprocess.run(
        [str(BUILDS["release"] / "rightful"), "--stack", str(DIR / "stack.json"), *arguments],
        input=stdin, text=True, capture_output=True, cwd=ROOT, timeout=60, check=False)
    if done.returncode != 0:
        raise Failed(f"`rightful {arguments[0]} {arguments[1]}` ended with {done.returncode}: {done.stdout}{done.stderr}")


def prepare():
    """A stack with one closed request: its description, the request's id, the delivery's event."""
    up = subprocess.run(
        [*STACK, "up", "--dir", str(DIR), "--binaries", str(BUILDS["release"]), "--finish-after-ms", "100",
         "--wait-scale", "0.2", "--param", "ReconcileSchedule=rate(1 hour)"],
        capture_output=True, text=True, check=False)
    if up.returncode != 0:
        raise Failed("the embedded stack does not start: " + up.stdout + up.stderr)
    stack = json.loads((DIR / "stack.json").read_text())
    rightful("source", "add", "qualifio", "--id", SOURCE, "--set", "client_id=2449", "--set", "user_id=1201",
             "--set", f"base_url={stack['sandbox_url']}", "--secret", "token=-",
             "--control", "email=control@example.com", stdin=stack["sandbox_token"] + "\n")
    body = json.dumps({"right": "erasure", "identifiers": [{"kind": "email", "value": EMAIL}], "reference": "BENCH-1"})
    event, headers = signed(stack["webhook_secret"], body)
    posting = urllib.request.Request(stack["webhook_url"], body.encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: no proxy
    with opener.open(posting, timeout=30) as response:
        request = json.load(response)["request_id"]
    rightful("request", "watch", request, "--timeout", "60")
    return stack, request, event


def environment(stack, function):
    """The function's environment: the deployed template's, read from the stack, and Lambda's own."""
    import boto3
    from botocore.config import Config

    client = boto3.session.Session(
        region_name=stack["region"], aws_access_key_id=stack["access_key_id"],
        aws_secret_access_key=stack["secret_access_key"],
    ).client("lambda", endpoint_url=stack["aws_endpoint_url"], config=Config(proxies={}))
    found = client.get_function_configuration(FunctionName=stack["functions"][function])
    return {
        **found["Environment"]["Variables"],
        "AWS_REGION": stack["region"], "AWS_DEFAULT_REGION": stack["region"],
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"], "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
        "AWS_LAMBDA_FUNCTION_NAME": found["FunctionName"], "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(found["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{found['FunctionName']}", "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "_HANDLER": "bootstrap", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
    }
