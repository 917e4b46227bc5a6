"""Teaches MiniStack `dynamodb:LeadingKeys`, with which the roles' policies limit the rows that each may write.

AWS compares the partition key of every item that a call names. MiniStack does not know this condition key, and a
condition with `ForAllValues` holds if a key is absent. Each item of a transaction is compared by itself, as it is
authorised by itself.
"""

from __future__ import annotations

import json

# The partition key of every table of the template.
PARTITION_KEY = "pk"


class OfItem(str):
    """A table's ARN, and the partition key of the single item of a check."""

    keys: list[str]


def key_of(detail: dict) -> list[str]:
    """The partition key of an item that is read, written or checked: a list of one, or an empty one."""
    for member in ("Key", "Item"):
        found = detail.get(member)
        if isinstance(found, dict) and isinstance(found.get(PARTITION_KEY), dict):
            return [str(value) for value in found[PARTITION_KEY].values()]
    return []


def read(body: bytes) -> dict:
    try:
        data = json.loads(body or b"{}")
    except (json.JSONDecodeError, TypeError, UnicodeDecodeError):
        return {}
    return data if isinstance(data, dict) else {}


def install() -> None:
    """Wraps MiniStack's context of a call to DynamoDB; call it before MiniStack serves."""
    from ministack.core import iam_actions, iam_evaluator

    context_of, checks_of, enforce = (
        iam_actions.dynamodb_service_context, iam_actions.dynamodb_transaction_checks, iam_evaluator.enforce)

    def context(body):
        keys = key_of(read(body))
        return {**context_of(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    def checks(iam_action, body, region, account_id):
        found = []
        for item in read(body).get("TransactItems") or []:
            # One item at a time, so the result belongs to this item.
            for action, arn in checks_of(iam_action, json.dumps({"TransactItems": [item]}), region, account_id):
                of_item = OfItem(arn)
                of_item.keys = [key for detail in item.values() if isinstance(detail, dict) for key in key_of(detail)]
                found.append((action, of_item))
        return found

    def enforcing(access_key, iam_action, service, region, resource_arn="*", service_context=None):
        if isinstance(resource_arn, OfItem):
            service_context = {**(service_context or {}), "dynamodb:LeadingKeys": resource_arn.keys}
            resource_arn = str(resource_arn)
        return enforce(access_key, iam_action, service, region, resource_arn=resource_arn, service_context=service_context)

    iam_actions.dynamodb_service_context = context
    iam_actions.dynamodb_transaction_checks = checks
    iam_evaluator.enforce = enforcing
