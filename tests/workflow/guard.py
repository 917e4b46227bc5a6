"""Checks the templates with cfn-guard and the rules of AWS Control Tower.

The rules don't know SAM, so the template is translated first, as CloudFormation does it. guard_exceptions.py
lists the unwanted findings, each with its reason. An unused exception fails, and so does a rule that no longer
sees a planted fault.

Run it with `tests/workflow/run.sh`, which installs its tools. It uses the Python of the embedded stack, which
has SAM's translator.
"""

from __future__ import annotations

import copy
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"  # The translator wants one, and calls nobody.

from deployment import REST, STATE, read_deployment, read_templates  # noqa: E402
from guard_exceptions import EXCEPTIONS  # noqa: E402
from rules import Tally  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

PACKAGE = Path(__file__).resolve().parent / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"
RULES = PACKAGE / "rules" / "control-tower" / "cfn-guard"


def program() -> Path:
    """cfn-guard for this machine."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}.get(platform.system(), platform.system())
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    return PACKAGE / "bin" / system / machine / "cfn-guard"


class NoPolicies:
    """SAM's managed policies, of which the template uses none."""

    def load(self) -> dict:
        return {}


def translated(template: dict) -> dict:
    """The template after CloudFormation's translation of SAM."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        for name in ("CodeUri", "DefinitionUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://artefacts/artefact"
    return joined(transform(template, {}, NoPolicies()))


def joined(value):
    """The same with Fn::Join for an ARN with a suffix, since the rules do not read Fn::Sub."""
    if isinstance(value, list):
        return [joined(one) for one in value]
    if not isinstance(value, dict):
        return value
    text = value.get("Fn::Sub")
    if isinstance(text, str) and (found := re.fullmatch(r"\$\{(\w+)\.Arn\}([^$]+)", text)):
        return {"Fn::Join": ["", [{"Fn::GetAtt": [found[1], "Arn"]}, found[2]]]}
    return {key: joined(inner) for key, inner in value.items()}


def places(found) -> Iterator[str]:
    """The logical ids of a finding's resources."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key == "path" and isinstance(value, str):
                if place := re.match(r"/Resources/(\w+)", value):
                    yield place[1]
            else:
                yield from places(value)
    elif isinstance(found, list):
        for value in found:
            yield from places(value)


def findings(template: dict) -> set[tuple[str, str]]:
    """The findings against a template: rule and resource."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "template.json"
        data.write_text(json.dumps(template))
        done = subprocess.run(
            [program(), "validate", "--rules", RULES, "--data", data, "--structured", "--output-format", "json", "--show-summary", "none"],
            capture_output=True, text=True, check=False)
    # 0: no findings; 19: some.
    if done.returncode not in (0, 19):
        raise SystemExit(f"guard.py: cfn-guard ended with {done.returncode}: {done.stdout}{done.stderr}")
    (report,) = json.loads(done.stdout)
    return {(entry["Rule"]["name"], place) for entry in report["not_compliant"]
            for place in set(places(entry)) or {"the template"}}


def complaints(found: set[tuple[str, str]], exceptions: list[tuple[str, tuple[str, ...], str]]) -> list[str]:
    """The findings without an exception, and the unused exceptions."""
    needed, wanting = set(), {}
    for rule, place in sorted(found):
        by = [(rule, pattern) for name, patterns, _ in exceptions if name == rule for pattern in patterns if fnmatchcase(place, pattern)]
        needed |= set(by)
        if not by:
            wanting.setdefault(rule, []).append(place)
    said = [f'fix it, or add to tests/workflow/guard_exceptions.py:\n     ("{rule}", ({", ".join(map(json.dumps, where))},), "why"),'
            for rule, where in wanting.items()]
    said += [f"an unused exception: {rule} {pattern}"
             for rule, patterns, _ in exceptions for pattern in patterns if (rule, pattern) not in needed]
    return said + [f"an exception without a reason: {rule}" for rule, _, reason in exceptions if len(reason.split()) < 3]


ADMINISTRATOR = {"PolicyName": "x", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}}

# The planted faults, and the finding that each must cause.
FAULTS = [
    ("a public bucket", lambda r: r["ReceiptsBucket"]["Properties"].pop("PublicAccessBlockConfiguration"),
     ("s3_bucket_level_public_access_prohibited_check", "ReceiptsBucket")),
    ("plain http to a bucket", lambda r: r["CopiesBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0].update(Effect="Allow"),
     ("s3_bucket_policy_ssl_requests_only_check", "CopiesBucketPolicy")),
    ("a table without recovery", lambda r: r["RequestsTable"]["Properties"].pop("PointInTimeRecoverySpecification"),
     ("dynamodb_table_pitr_enabled_check", "RequestsTable")),
    ("a key that is never rotated", lambda r: r["DataKey"]["Properties"].pop("EnableKeyRotation"),
     ("kms_key_rotation_enabled_check", "DataKey")),
    ("an administrator", lambda r: r["CloseRole"]["Properties"]["Policies"].append(ADMINISTRATOR),
     ("iam_inline_policy_no_statements_with_admin_access_check", "CloseRole")),
    ("a state machine without a log", lambda r: r["FulfilSourceStateMachine"]["Properties"].pop("LoggingConfiguration"),
     ("step_functions_state_machine_logging_enabled_check", "FulfilSourceStateMachine")),
    ("an API without a log", lambda r: r["WebhookStage"]["Properties"].pop("AccessLogSettings"),
     ("api_gw_v2_access_logs_enabled_check", "WebhookStage")),
    ("a route without authorisation", lambda r: r["ConsoleRoute"]["Properties"].update(AuthorizationType="NONE"),
     ("api_gw_v2_authorization_type_configured_check", "ConsoleRoute")),
]


def main() -> int:
    tally = Tally()
    whole = translated(read_deployment())
    found = findings(whole)
    for path, template in read_templates().items():
        if path not in (REST, STATE):
            found |= findings(template)
    tally.expect("cfn-guard has no findings against the templates", complaints(found, EXCEPTIONS))

    # In one run: each run reads two hundred files of rules.
    for _, plant, _ in FAULTS:
        plant(whole["Resources"])
    planted = findings(whole) - found
    for what, _, finding in FAULTS:
        tally.expect_complaint(f"cfn-guard sees {what}", [str(finding)] if finding in planted else [])
    tally.expect_complaint("an unused exception is noticed", complaints(found, [*EXCEPTIONS, ("planted_check", ("X",), "planted for a test")]))
    tally.expect_complaint("an exception without a reason is noticed", complaints(found, [*EXCEPTIONS[1:], (*EXCEPTIONS[0][:2], "why")]))
    tally.expect_complaint("a finding without an exception is noticed", complaints(found, EXCEPTIONS[1:]))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
