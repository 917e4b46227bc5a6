"""The stack's outputs as the file that `rightful --stack FILE` reads.

As a program it reads the output of `sam list stack-outputs --output json` and writes the file to standard
output; stack.py adds endpoint and credentials of the local stack to the same members.
"""

import json
import sys

NAMES = {
    "stage": "StageName",
    "requests_table": "RequestsTableName",
    "keys_table": "KeysTableName",
    "receipts_bucket": "ReceiptsBucketName",
    "copies_bucket": "CopiesBucketName",
    "receipt_key_id": "ReceiptKeyArn",
    "data_key_id": "DataKeyArn",
    "tag_key_id": "TagKeyArn",
    "secret_prefix": "SecretPrefix",
    "fulfil_request_arn": "FulfilRequestArn",
    "fulfil_source_arn": "FulfilSourceArn",
}
FUNCTIONS = ("intake", "search", "submit", "status-check", "review", "close", "reconcile", "console")


def described(outputs: dict[str, str]) -> dict:
    """The members common to all deployments."""
    function = {name: name.title().replace("-", "") + "FunctionName" for name in FUNCTIONS}
    return {
        **{member: outputs[output] for member, output in NAMES.items()},
        "functions": {name: outputs[output] for name, output in function.items()},
        "allow_loopback_vendors": outputs["AllowLoopbackVendors"] == "true",
        "reconcile_grace_seconds": int(outputs["ReconcileGraceSeconds"]),
    }


def main() -> int:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in json.load(sys.stdin)}
    missing = [name for name in NAMES.values() if name not in outputs]
    if missing:
        print(f"outputs.py: these are not the outputs of Rightful's stack: {missing[0]} is missing", file=sys.stderr)
        return 1
    region = outputs["ReceiptKeyArn"].split(":")[3]
    stack = {**described(outputs), "region": region, "api_url": outputs["ApiUrl"], "console_url": outputs["ConsoleUrl"]}
    json.dump({**stack, "webhook_url": outputs["WebhookUrl"]}, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
