"""Packages the templates, deploys them by CloudFormation, and sets what the emulator ignores."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shlex
import shutil
import time
import zipfile
from pathlib import Path

from account import REGION, client
from processes import Failed

STACK_NAME = "rightful-local"
# The suffix of the name of the stack that keeps state, and its template.
STATE, STATE_TEMPLATE = "-state", "infra/state/template.yaml"
ARTEFACTS = "rightful-local-artefacts"


def zipped(binary: Path, builds: Path) -> bytes:
    """A Lambda package: a `bootstrap` that starts the binary. The binary itself stays in `builds`: an unoptimised one has
    some 40 MB, and uploading and unpacking eight of them took half of a stack's start. A later build is another file with
    another time, so it gets another folder; reading them all for a digest would take longer than the rest."""
    told = binary.stat()
    build = builds / f"{told.st_dev:x}-{told.st_ino:x}-{told.st_mtime_ns:x}-{told.st_size:x}" / binary.name
    if not build.exists():
        build.parent.mkdir(parents=True, exist_ok=True)
        try:
            # A later build replaces `binary` by a new file, and leaves this one as it is.
            build.hardlink_to(binary)
        except OSError:
            shutil.copy2(binary, build)
        if not os.access(build, os.X_OK):
            # Lambda needs no such mode of the file that was packaged.
            build.unlink()
            shutil.copyfile(binary, build)
            build.chmod(0o755)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!/bin/sh\nexec {shlex.quote(str(build))}\n")
    return buffer.getvalue()


def packaged(root: Path, binaries: Path, builds: Path, endpoint: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """The templates in the order of deployment, by the suffix of their stack's name, and the files to upload. Like `sam
    package` it replaces local paths by addresses in a bucket. A file's name there depends on its content, so a changed
    file is a changed template. `builds` keeps the binaries for as long as the stack lives."""
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
        return f"{match[1]}s3://{ARTEFACTS}/{kept(f'{name}.zip', zipped(binary, builds))}"

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
        # The state's template has only some of the parameters.
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
