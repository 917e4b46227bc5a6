"""Rules for kept data: tables, buckets, keys, secrets, logs and the queue."""

from __future__ import annotations

import json
import re

from reading import ROOT
from rules import rule
from template import queue


@rule("template",
      ("recovery of keys", lambda t: t["Resources"]["KeysTable"]["Properties"]["PointInTimeRecoverySpecification"].update(PointInTimeRecoveryEnabled=True)),
      ("a stream of keys", lambda t: t["Resources"]["KeysTable"]["Properties"].update(StreamSpecification={"StreamViewType": "KEYS_ONLY"})),
      ("no recovery of requests", lambda t: t["Resources"]["RequestsTable"]["Properties"].pop("PointInTimeRecoverySpecification")),
      ("lost with the stack", lambda t: t["Resources"]["RequestsTable"].pop("DeletionPolicy")),
      ("a backup plan", lambda t: t["Resources"].update(Plan={"Type": "AWS::Backup::BackupPlan"})))
def requests_can_be_recovered_and_keys_cannot(template):
    resources = template["Resources"]
    recovered = {name: resources[name]["Properties"].get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
                 for name in ("RequestsTable", "KeysTable")}
    if recovered != {"RequestsTable": True, "KeysTable": False}:
        yield f"point-in-time recovery: {recovered}"
    if "StreamSpecification" in resources["KeysTable"]["Properties"]:
        yield "keys have a stream"
    for name in ("RequestsTable", "KeysTable", "ReceiptsBucket", "DataKey", "TagKey", "ReceiptKey"):
        if resources[name].get("DeletionPolicy") != "Retain" or resources[name].get("UpdateReplacePolicy") != "Retain":
            yield f"{name} goes with the stack"
    if any(resource["Type"].startswith("AWS::Backup::") for resource in resources.values()):
        yield "a backup plan: say how it leaves out the keys, and teach this rule"


@rule("template",
      ("no version", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"].pop("VersioningConfiguration")),
      ("open to the public", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"]["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False)),
      ("no lock", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"].pop("ObjectLockConfiguration")),
      ("plain http", lambda t: t["Resources"].pop("ReceiptsBucketPolicy")))
def receipts_are_versioned_locked_private_and_sent_by_TLS(template):
    properties = template["Resources"]["ReceiptsBucket"]["Properties"]
    if properties.get("VersioningConfiguration") != {"Status": "Enabled"}:
        yield "no versions"
    if not properties.get("ObjectLockEnabled") or "ObjectLockConfiguration" not in properties:
        yield "no lock"
    if list(properties["PublicAccessBlockConfiguration"].values()) != [True] * 4:
        yield "not private"
    if '"aws:SecureTransport": "false"' not in json.dumps(template["Resources"].get("ReceiptsBucketPolicy", {})):
        yield "plain http"


def copies(template: dict) -> dict:
    return template["Resources"]["CopiesBucket"]["Properties"]


def copies_rule(template: dict, name: str) -> dict:
    return next(found for found in copies(template)["LifecycleConfiguration"]["Rules"] if found["Id"] == name)


@rule("template",
      ("versions, which outlive a deletion", lambda t: copies(t).update(VersioningConfiguration={"Status": "Enabled"})),
      ("open to the public", lambda t: copies(t)["PublicAccessBlockConfiguration"].update(RestrictPublicBuckets=False)),
      ("S3's own key", lambda t: copies(t)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].update(
          ServerSideEncryptionByDefault={"SSEAlgorithm": "AES256"})),
      ("no bucket key", lambda t: copies(t)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].pop("BucketKeyEnabled")),
      ("packages kept for ever", lambda t: copies_rule(t, "PackagesExpire").update(Status="Disabled")),
      ("packages kept for another time", lambda t: copies_rule(t, "PackagesExpire").update(ExpirationInDays=365)),
      ("parts kept for ever", lambda t: copies(t)["LifecycleConfiguration"]["Rules"].remove(copies_rule(t, "PartsExpire"))),
      ("parts gone before the request is", lambda t: copies_rule(t, "PartsExpire").update(ExpirationInDays=31)),
      ("uploads kept", lambda t: copies_rule(t, "UploadsExpire").pop("AbortIncompleteMultipartUpload")),
      ("plain http", lambda t: t["Resources"].pop("CopiesBucketPolicy")))
def copies_are_encrypted_private_sent_by_TLS_and_gone_after_their_time(template):
    properties = copies(template)
    if "VersioningConfiguration" in properties:
        yield "versions"
    if list(properties["PublicAccessBlockConfiguration"].values()) != [True] * 4:
        yield "not private"
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]}}
    if properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] != [
            {"ServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]:
        yield "not encrypted with the data key"
    kept = {found.get("Prefix"): found for found in properties["LifecycleConfiguration"]["Rules"] if found["Status"] == "Enabled"}
    if kept.get("packages/", {}).get("ExpirationInDays") != {"Ref": "CopyDays"}:
        yield "packages"
    if kept.get("parts/", {}).get("ExpirationInDays", 0) < 93:
        yield "parts"
    if "AbortIncompleteMultipartUpload" not in kept.get(None, {}):
        yield "uploads"
    policy = template["Resources"].get("CopiesBucketPolicy", {})
    if '"aws:SecureTransport": "false"' not in json.dumps(policy) or policy["Properties"]["Bucket"] != {"Ref": "CopiesBucket"}:
        yield "plain http"


def due_index(template: dict) -> dict:
    indexes = template["Resources"]["RequestsTable"]["Properties"]["GlobalSecondaryIndexes"]
    return next(index for index in indexes if index["IndexName"] == "due")


@rule("template",
      ("one that no gauge reads", lambda t: due_index(t)["Projection"]["NonKeyAttributes"].append("identifiers")),
      ("one that is missing", lambda t: due_index(t)["Projection"]["NonKeyAttributes"].remove("synthetic")),
      ("the whole row", lambda t: due_index(t).update(Projection={"ProjectionType": "ALL"})))
def the_due_index_holds_exactly_what_the_gauges_are_counted_by(template):
    code = (ROOT / "functions" / "lib" / "domain" / "src" / "duty" / "gauge.rs").read_text()
    wanted = {field for name in ("OpenRequest", "OpenTask")
              for field in re.findall(r"^    pub (\w+):", code.partition(f"pub struct {name} {{")[2].partition("\n}")[0], re.M)}
    # Its keys are in an index by themselves.
    wanted -= {key["AttributeName"] for key in due_index(template)["KeySchema"]}
    projection = due_index(template)["Projection"]
    if projection["ProjectionType"] != "INCLUDE":
        yield f"it projects {projection['ProjectionType']}"
    for attribute in sorted(wanted ^ set(projection.get("NonKeyAttributes", []))):
        yield f"{attribute}: {'not projected' if attribute in wanted else 'no gauge reads it'}"


OWN_KEY = {"Fn::If": ["OwnKey", {"Ref": "EncryptionKeyArn"}, {"Ref": "AWS::NoValue"}]}
# Type: the place of its key.
ENCRYPTED = {"AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"), "AWS::Logs::LogGroup": ("KmsKeyId",),
             "AWS::SecretsManager::Secret": ("KmsKeyId",), "AWS::SQS::Queue": ("KmsMasterKeyId",)}


def receipts_encryption(template: dict) -> dict:
    return template["Resources"]["ReceiptsBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]


@rule("template",
      ("a table", lambda t: t["Resources"]["KeysTable"]["Properties"]["SSESpecification"].pop("KMSMasterKeyId")),
      ("a table that is not encrypted", lambda t: t["Resources"]["RequestsTable"]["Properties"]["SSESpecification"].update(SSEEnabled=False)),
      ("what was not delivered", lambda t: queue(t).pop("KmsMasterKeyId")),
      ("a log", lambda t: t["Resources"]["WebhookApiLogGroup"]["Properties"].pop("KmsKeyId")),
      ("a secret", lambda t: t["Resources"]["ZendeskWebhookSecret"]["Properties"].update(KmsKeyId={"Ref": "EncryptionKeyArn"})),
      ("receipts", lambda t: receipts_encryption(t)["Fn::If"].pop()),
      ("receipts with a call for each", lambda t: receipts_encryption(t)["Fn::If"][1].pop("BucketKeyEnabled")),
      ("another condition", lambda t: t["Conditions"].update(OwnKey={"Fn::Equals": [{"Ref": "EncryptionKeyArn"}, ""]})),
      ("an alias, which logs do not take", lambda t: t["Parameters"]["EncryptionKeyArn"].pop("AllowedPattern")),
      ("a key by default", lambda t: t["Parameters"]["EncryptionKeyArn"].update(Default="a")))
def all_that_is_kept_is_encrypted_with_the_deployments_own_key_where_there_is_one(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] in ENCRYPTED:
            value = resource["Properties"]
            for key in ENCRYPTED[resource["Type"]]:
                value = value.get(key, {})
            if value != OWN_KEY:
                yield name
        if resource["Type"] == "AWS::DynamoDB::Table" and resource["Properties"]["SSESpecification"].get("SSEEnabled") is not True:
            yield f"{name}: not encrypted"
    if receipts_encryption(template).get("Fn::If") != [
            "OwnKey",
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "EncryptionKeyArn"}}, "BucketKeyEnabled": True},
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]:
        yield "ReceiptsBucket"
    if template["Conditions"].get("OwnKey") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "EncryptionKeyArn"}, ""]}]}:
        yield "OwnKey"
    parameter = template["Parameters"]["EncryptionKeyArn"]
    pattern, key = parameter.get("AllowedPattern", ".*"), "arn:aws:kms:eu-central-1:000000000000:key/5a2b"
    if parameter["Default"] != "" or not all(re.fullmatch(pattern, text) for text in ("", key)) \
            or any(re.fullmatch(pattern, text) for text in ("5a2b", "alias/x", key.replace("key/", "alias/"), key + " ")):
        yield "EncryptionKeyArn"


TAGGED = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::Logs::LogGroup",
          "AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::ApiGatewayV2::Api"}


@rule("template",
      ("a table", lambda t: t["Resources"]["KeysTable"]["Properties"].pop("Tags")),
      ("another tag", lambda t: t["Resources"]["UndeliveredQueue"]["Properties"].update(Tags=[{"Key": "stage", "Value": {"Ref": "Stage"}}])),
      ("functions", lambda t: t["Globals"]["Function"].pop("Tags")),
      ("a state machine", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"].pop("Tags")))
def what_costs_or_holds_anything_is_tagged_with_its_stage(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] in TAGGED:
            shared = template["Globals"]["Function"] if resource["Type"] == "AWS::Serverless::Function" else {}
            tags = {**shared, **resource["Properties"]}.get("Tags")
            if tags not in ({"rightful:stage": {"Ref": "Stage"}}, [{"Key": "rightful:stage", "Value": {"Ref": "Stage"}}]):
                yield name
