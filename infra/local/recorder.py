"""Records the permission that decided each call of a role, for `tests/privileges`.

MiniStack asks one function, `enforce`, about every call. The wrapped function writes each distinct decision
about a role once, as a line of JSON, to the file in `CALLS_FILE`:

    {"role": …, "action": …, "resource": …, "sid": …, "allowed": …, "transaction": …, "key": …}

`sid` is the statement that allowed it, or null; `transaction` says whether the call belongs to a DynamoDB
transaction; `key` is the beginning of the row's partition key, up to its first `#`. The first line is
`{"template": …}`, the digest of the stack's template. The recorder writes a line before the call continues,
so neither SIGTERM nor SIGKILL loses one. It never changes a decision.

People read the records, so a resource keeps no request id: of names that a caller chooses freely (S3 keys,
names of executions, secrets) the recorder keeps only the part that the product's policies name, with `*` for
the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading

# The recorded part of a resource's own name, by service: a name from the template, or its first folder.
_KEPT = {
    "dynamodb": re.compile(r"table/[^/]+(/index/[^/]+)?"),
    "kms": re.compile(r"key/|alias/[^/]+"),
    "lambda": re.compile(r"function:[^:]+(:[^:]+)?"),
    "logs": re.compile(r"log-group:[^:]+(:log-stream:)?"),
    "s3": re.compile(r"[^/]+(/[^/]+/)?"),
    "secretsmanager": re.compile(r"secret:([^/]+/){0,3}"),
    "sns": re.compile(r"[^:]+"),
    "sqs": re.compile(r"[^:]+"),
    "states": re.compile(r"stateMachine:[^:]+(:[^:]+)?|(execution|express):[^:]+:"),
}


def template_digest(template: str) -> str:
    """The SHA-256 of a template without comments and empty lines, as 64 hexadecimal digits."""
    lines = (line.rstrip() for line in template.splitlines())
    said = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.sha256(said.encode()).hexdigest()


def without_ids(resource: str) -> str:
    """A resource's ARN with `*` in place of the part that comes from a request."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return "*"
    kept = _KEPT.get(parts[2])
    found = kept.match(parts[5]) if kept else None
    own = "*" if found is None else found[0] + ("" if found.end() == len(parts[5]) else "*")
    return ":".join([*parts[:5], own])


def role_of(principal: str) -> str | None:
    """The name of the role whose session `principal` is, or None for another principal."""
    found = re.fullmatch(r"arn:[^:]+:sts::\d+:assumed-role/(?:[^/]+/)*([^/]+)/[^/]+", principal)
    return found[1] if found else None


class Recorder:
    """The decisions so far, and their file."""

    def __init__(self, path: str, template: str) -> None:
        self.lock = threading.Lock()
        self.seen: set[tuple] = set()
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        with open(path, encoding="utf-8") as before:
            for line in before:
                one = json.loads(line)
                if "role" in one:
                    self.seen.add(tuple(one.values()))
        if os.fstat(self.file).st_size == 0:
            self._write({"template": template})

    def decided(self, role: str, action: str, resource: str, sid: str | None, allowed: bool, transaction: bool,
                row: str | None) -> None:
        """Records one decision; a repeated one costs a set lookup."""
        kind = None if row is None else row.partition("#")[0] + row.partition("#")[1]
        key = (role, action, without_ids(resource), sid, allowed, transaction, kind)
        if key in self.seen:
            return
        with self.lock:
            if key not in self.seen:
                self._write(dict(zip(("role", "action", "resource", "sid", "allowed", "transaction", "key"), key)))
                self.seen.add(key)

    def _write(self, line: dict) -> None:
        os.write(self.file, (json.dumps(line) + "\n").encode())


def install() -> None:
    """Wraps MiniStack's decisions if `CALLS_FILE` is set; call it before MiniStack serves."""
    path = os.environ.pop("CALLS_FILE", None)
    template = os.environ.pop("CALLS_TEMPLATE", "")
    if path is None:
        return
    from ministack.core import iam_evaluator

    recorder = Recorder(path, template)
    evaluate, enforce = iam_evaluator.evaluate, iam_evaluator.enforce
    # `enforce` does not report what allowed a call; the first `evaluate` within it concerns the role's own
    # policies, later ones about the resource's.
    current = threading.local()

    def evaluating(context, policies, *limits):
        result = evaluate(context, policies, *limits)
        if getattr(current, "inside", False) and current.first is None:
            current.first = (context, result)
        return result

    def enforcing(*args, **kwargs):
        current.inside, current.first = True, None
        try:
            refused = enforce(*args, **kwargs)
            if current.first is not None:
                context, result = current.first
                role = role_of(context.principal_arn)
                if role is not None:
                    allowed = refused is None
                    recorder.decided(
                        role, context.action, context.resource_arn,
                        result.matched_sid if allowed and result.decision == "Allow" else None, allowed,
                        "dynamodb:enclosingoperation" in context.service_context,
                        next(iter(context.service_context.get("dynamodb:leadingkeys") or ()), None))
            return refused
        finally:
            current.inside = False

    iam_evaluator.evaluate, iam_evaluator.enforce = evaluating, enforcing
