"""The recorder of infra/local changes no decision, loses none, and keeps no request id."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import types
from pathlib import Path
from types import SimpleNamespace

import recorder
from rules import Tally

ROLE = "arn:aws:sts::000000000000:assumed-role/stack-IntakeRole-0A1B/rightful-local-intake"
ID = "01a20d9a-5bba-7296-af8b-5565940e3937"

# A resource as MiniStack evaluates it, and the recorded form.
KEPT = [
    (f"arn:aws:s3:::stack-receiptsbucket-1/receipts/{ID}.json", "arn:aws:s3:::stack-receiptsbucket-1/receipts/*"),
    (f"arn:aws:s3:::stack-copiesbucket-1/parts/{ID}/main.json", "arn:aws:s3:::stack-copiesbucket-1/parts/*"),
    ("arn:aws:s3:::stack-copiesbucket-1", "arn:aws:s3:::stack-copiesbucket-1"),
    (f"arn:aws:states:r:0:execution:rightful-local-fulfil-request:{ID}.1", "arn:aws:states:r:0:execution:rightful-local-fulfil-request:*"),
    ("arn:aws:states:r:0:stateMachine:rightful-local-fulfil-request:live", "arn:aws:states:r:0:stateMachine:rightful-local-fulfil-request:live"),
    ("arn:aws:secretsmanager:r:0:secret:rightful/local/source/main-AbCdEf", "arn:aws:secretsmanager:r:0:secret:rightful/local/source/*"),
    (f"arn:aws:kms:r:0:key/{ID}", "arn:aws:kms:r:0:key/*"),
    ("arn:aws:dynamodb:r:0:table/t/index/list", "arn:aws:dynamodb:r:0:table/t/index/list"),
    ("arn:aws:lambda:r:0:function:rightful-local-search:live", "arn:aws:lambda:r:0:function:rightful-local-search:live"),
    (f"arn:aws:xray:r:0:group/{ID}", "arn:aws:xray:r:0:*"),
    ("*", "*"),
]


def emulator() -> types.ModuleType:
    """MiniStack's functions as the recorder wraps them: they allow gets and refuse puts."""
    module = types.ModuleType("iam_evaluator")

    def evaluate(context, policies, *limits):
        allowed = context.action.endswith(":GetItem")
        return SimpleNamespace(decision="Allow" if allowed else "ImplicitDeny", matched_sid="Read" if allowed else "")

    def enforce(principal, action, resource, service_context=None):
        if principal == "root":
            return None
        context = SimpleNamespace(principal_arn=principal, action=action, resource_arn=resource, service_context=service_context or {})
        result = module.evaluate(context, [])
        # Then the resource's own policy, which the recorder must not take for the role's.
        module.evaluate(SimpleNamespace(**{**vars(context), "action": "x:GetItem"}), [])
        return None if result.decision == "Allow" else result

    module.evaluate, module.enforce = evaluate, enforce
    return module


def installed(file: Path, module: types.ModuleType) -> None:
    """`install()`, as `emulator.py` calls it."""
    core = types.ModuleType("ministack.core")
    core.iam_evaluator = module
    stubs = {"ministack": types.ModuleType("ministack"), "ministack.core": core}
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    os.environ.update(CALLS_FILE=str(file), CALLS_TEMPLATE="digest")
    try:
        recorder.install()
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def check_recorder(tally: Tally) -> None:
    """Runs all checks."""
    for resource, kept in KEPT:
        found = recorder.without_ids(resource)
        tally.expect(f"recorder: keeps {kept}", [] if found == kept else [found])
    with tempfile.TemporaryDirectory() as temporary:
        file, module = Path(temporary) / "calls.jsonl", emulator()
        installed(file, module)
        tally.expect("recorder: leaves nothing in the functions' environment",
                     [name for name in ("CALLS_FILE", "CALLS_TEMPLATE") if name in os.environ])
        table = "arn:aws:dynamodb:r:0:table/t"
        decided = [module.enforce(ROLE, "dynamodb:GetItem", table) for _ in range(3)]
        refused = module.enforce(ROLE, "dynamodb:PutItem", table, {"dynamodb:enclosingoperation": ["TransactWriteItems"],
                                                                           "dynamodb:leadingkeys": [f"REQUEST#{ID}"]})
        module.enforce("root", "dynamodb:GetItem", table)
        module.enforce("arn:aws:iam::000000000000:user/operator", "dynamodb:GetItem", table)
        tally.expect("recorder: changes no decision", [] if decided == [None] * 3 and refused.decision == "ImplicitDeny" else [str(decided)])
        call = {"role": "stack-IntakeRole-0A1B", "action": "dynamodb:GetItem", "resource": table, "sid": "Read", "allowed": True, "transaction": False,
                "key": None}
        wanted = [{"template": "digest"}, call, {**call, "action": "dynamodb:PutItem", "sid": None, "allowed": False, "transaction": True, "key": "REQUEST#"}]
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        tally.expect("recorder: writes each decision about a role once, immediately", [] if lines == wanted else [json.dumps(lines)])
        module = emulator()
        installed(file, module)
        module.enforce(ROLE, "dynamodb:GetItem", table)
        again = [json.loads(line) for line in file.read_text().splitlines()]
        tally.expect("recorder: continues after a restart, and repeats nothing", [] if again == wanted else [json.dumps(again)])
    said = recorder.template_digest("a: 1\n  # why\n\nb: 2\n")
    tally.expect("recorder: a comment makes no other template", [] if said == recorder.template_digest("a: 1\nb: 2") else [said])
    tally.expect_complaint("recorder: another value makes another template", [] if said == recorder.template_digest("a: 1\nb: 3") else ["differs"])
