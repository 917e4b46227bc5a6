"""The commands that inspect a running stack: its resources, and the permissions of a role and of an operator."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from account import client
from deploy import ARTEFACTS
from processes import Failed
from running import stack_up

ROOT = Path(__file__).resolve().parents[2]


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


def signed(stack: dict, credentials, method: str, path: str, body: bytes) -> urllib.request.Request:
    """A call of the API, signed with these credentials."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method, stack["api_url"] + path, data=body, headers={"content-type": "application/json"})
    SigV4Auth(credentials, "execute-api", stack["region"]).add_auth(request)
    return urllib.request.Request(request.url, body or None, dict(request.headers.items()), method=method)


def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def sign_in_link(stack: dict) -> str | None:
    """A link by which one signs in on the pages, once; None where the deployment makes none."""
    from botocore.credentials import Credentials

    credentials = Credentials(stack["access_key_id"], stack["secret_access_key"])
    try:
        with opener().open(signed(stack, credentials, "POST", "/api/console/link", b"{}"), timeout=60) as response:
            path = json.load(response)["path"]
    except urllib.error.HTTPError:
        return None
    return stack["console_url"].removesuffix("/console") + path


def operator(args) -> int:
    """Makes an IAM user with the policy of `--policy`, and calls each operation of the API once as that user, with an empty
    body and about absent things: nothing changes. Prints true for each operation that the API let the user reach,
    whatever it answered, and false for each that IAM refused. The last one is a read of the requests' table."""
    import boto3
    import yaml
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
    told = {}
    for template, methods in document["paths"].items():
        path = template
        for placeholder, value in there.items():
            path = path.replace(placeholder, value)
        for method in (one.upper() for one in methods):
            body = b"" if method in ("GET", "DELETE") else b"{}"
            try:
                with opener().open(signed(stack, credentials, method, path, body), timeout=60) as response:
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
