"""Three checkers of others: asl-validator, statelint and cfn-lint.

SAM and cfn-lint do not open the files behind `DefinitionUri`, so each definition goes through all three,
to cfn-lint inlined into a template of its own.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deployment import REST, STATE
from reading import ROOT
from rules import Tally

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
# (pattern, reason): wrong findings of statelint.
STATELINT_EXCEPTIONS = [
    (r'\.Seconds is "\{% .* %\}" but should be an Integer',
     "statelint does not know that JSONata may compute Seconds, which Step Functions evaluates"),
]
# (rule, reason): wrong findings of cfn-lint.
CFN_LINT_EXCEPTIONS: list[tuple[str, str]] = []


def run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def filled(definition: dict) -> str:
    """The definition as text, with its partition, which the checkers look at."""
    return json.dumps(definition).replace("${Partition}", "aws")


def inlined(definition: dict) -> dict:
    """A template with only the definition, since cfn-lint opens no DefinitionUri."""
    text = filled(definition)
    text = re.sub(r"\$\{\w*FunctionArn\}", "arn:aws:lambda:eu-central-1:123456789012:function:f", text)
    text = re.sub(r"\$\{\w+\}", "arn:aws:states:eu-central-1:123456789012:stateMachine:s", text)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionString": text}}}}


def asl_validator(definition: dict, folder: Path) -> list[str]:
    path = folder / "asl-validator.json"
    path.write_text(filled(definition))
    code, output = run("node", str(HERE / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"), "--json-path", str(path))
    return [] if code == 0 else [output.strip() or f"exit {code}"]


def statelint(definition: dict, folder: Path) -> list[str]:
    path = folder / "statelint.json"
    path.write_text(filled(definition))
    code, output = run(str(BIN / "statelint"), str(path))
    lines = [line.strip() for line in output.splitlines()]
    complaints = [line for line in lines if line and line != str(path) and not re.fullmatch(r"(\d+|One) errors?:", line)]
    if code not in (0, 1) and not complaints:
        return [f"exit {code}"]
    return [line for line in complaints if not any(re.search(pattern, line) for pattern, _ in STATELINT_EXCEPTIONS)]


def cfn_lint(path: Path) -> list[str]:
    code, output = run(str(BIN / "cfn-lint"), "--format", "parseable", "--non-zero-exit-code", "informational", str(path))
    lines = [line for line in output.splitlines() if line]
    kept = [line for line in lines if not any(f":{name}:" in line for name, _ in CFN_LINT_EXCEPTIONS)]
    return kept or ([f"exit {code}"] if code and not lines else [])


def cfn_lint_inlined(definition: dict, folder: Path) -> list[str]:
    path = folder / "stub.json"
    path.write_text(json.dumps(inlined(definition)))
    return cfn_lint(path)


CHECKERS = {"asl-validator": asl_validator, "statelint": statelint, "cfn-lint": cfn_lint_inlined}


def nowhere(definition: dict) -> None:
    """A fault that each checker must notice; otherwise it does not run as we think."""
    definition["StartAt"] = "Nowhere"


def check(tally: Tally, machines: dict[str, dict]) -> None:
    # The slow ones run in parallel: each is a process of its own.
    jobs: list[tuple[str, bool, Callable[[], list[str]]]] = [
        (f"cfn-lint has nothing against {path}", False, lambda path=path: cfn_lint(ROOT / path)) for path in (REST, STATE)]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        def job(checker, definition, folder):
            folder.mkdir()
            return lambda: CHECKERS[checker](definition, folder)

        for checker in CHECKERS:
            for name, definition in machines.items():
                jobs.append((f"{checker} has nothing against {name}", False, job(checker, definition, Path(temporary) / f"{checker}-{name}")))
            broken = copy.deepcopy(machines["fulfil-source"])
            nowhere(broken)
            jobs.append((f"{checker} sees a planted fault", True, job(checker, broken, Path(temporary) / f"{checker}-broken")))
        for (name, planted, _), complaints in zip(jobs, pool.map(lambda entry: entry[2](), jobs)):
            (tally.expect_complaint if planted else tally.expect)(name, complaints)
