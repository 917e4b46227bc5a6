"""The workflows have few rights, use actions by commit, and run the Makefile's targets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from rules import BIN, ROOT, rule, test


def workflows(files: dict[str, str]) -> dict[str, dict]:
    return {name: yaml.safe_load(text) for name, text in files.items() if name.startswith(".github/workflows/")}


@rule(
    ("a tag", ".github/workflows/test.yml", r"actions/checkout@[0-9a-f]{40}", "actions/checkout@v6"),
    ("no version beside it", ".github/workflows/test.yml", r" # v6\.0\.2", ""),
    ("two commits of one action", ".github/workflows/advisories.yml", r"actions/checkout@[0-9a-f]{40}", "actions/checkout@" + "0" * 40),
    ("more rights", ".github/workflows/test.yml", r"contents: read", "contents: write"),
    ("no permissions", ".github/workflows/advisories.yml", r"permissions:\n  contents: read\n", ""),
    ("rights of a job", ".github/workflows/test.yml", r"    timeout-minutes: 90", "    timeout-minutes: 90\n    permissions: write-all"),
    ("no end", ".github/workflows/test.yml", r"    timeout-minutes: 90\n", ""),
    ("no concurrency group", ".github/workflows/test.yml", r"concurrency:\n(  .*\n)+", ""),
    ("a moving machine", ".github/workflows/test.yml", r"ubuntu-24\.04", "ubuntu-latest"),
    ("the token left behind", ".github/workflows/test.yml", r"persist-credentials: false", "persist-credentials: true"),
)
def workflows_have_few_rights_an_end_and_actions_by_commit(files):
    found = workflows(files)
    if not found:
        yield "there are none"
    pins: dict[str, set[str]] = {}
    for name, workflow in found.items():
        if workflow.get("permissions") != {"contents": "read"}:
            yield f"{name}: permissions"
        if not workflow.get("concurrency"):
            yield f"{name}: no concurrency group"
        for job in workflow["jobs"].values():
            if "permissions" in job or not 0 < job.get("timeout-minutes", 0) <= 90 or job["runs-on"] != "ubuntu-24.04":
                yield f"{name}: a job's rights, end or machine"
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@") and step.get("with", {}).get("persist-credentials") is not False:
                    yield f"{name}: the checkout keeps its token"
        for line in files[name].splitlines():
            if "uses:" in line:
                match = re.fullmatch(r"\s*- uses: ([\w-]+/[\w/-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
                if match:
                    pins.setdefault(match[1], set()).add(f"{match[2]} {match[3]}")
                else:
                    yield f"{name}: {line.strip()}"
    for action, commits in pins.items():
        if len(commits) > 1:
            yield f"{action} at several commits"


@rule(
    ("a target that does not exist", ".github/workflows/advisories.yml", r"run: make advisories", "run: make advisory"),
    ("a command of its own", ".github/workflows/test.yml", r"run: sh \.ci/run", "run: cargo test"),
    ("not required", ".github/workflows/advisories.yml", r" ADVISORIES=required", ""),
    ("no schedule", ".github/workflows/advisories.yml", r"  schedule:\n    - cron: .*\n", ""),
    ("tests that nothing starts", ".github/workflows/test.yml", r"sh \.ci/run", "make lint"),
)
def workflows_run_the_targets_of_the_Makefile(files):
    targets = set(re.findall(r"^([a-z-]+):", files["Makefile"], re.MULTILINE))
    commands, weekly = [], []
    for name, workflow in workflows(files).items():
        # YAML 1.1 reads the key `on` as true.
        scheduled = "schedule" in (workflow.get(True) or {})
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                if command := step.get("run"):
                    commands.append(command)
                    if scheduled:
                        weekly.append(command)
                    match = re.fullmatch(r"make ([a-z-]+)( [A-Z_]+=\S+)*", command)
                    if command != "sh .ci/run" and not (match and match[1] in targets):
                        yield f"{name}: {command}"
    if "sh .ci/run" not in commands and "make test" not in commands:
        yield "no workflow runs every test"
    if "make advisories ADVISORIES=required" not in weekly:
        yield "no workflow requires the advisories on a schedule"


def lint(folder: Path) -> list[str]:
    """The findings of the workflows' schema and of zizmor in a folder."""
    paths = sorted(folder.glob("*.yml"))
    said = []
    for command in (
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *paths],
        [BIN / "zizmor", "--offline", "--quiet", "--persona", "pedantic", *paths],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            said.append(f"{command[0].name}: {done.stdout}{done.stderr}")
    return said


@test
def the_workflows_pass_their_schema_and_zizmor(scratch):
    assert not lint(ROOT / ".github" / "workflows"), lint(ROOT / ".github" / "workflows")
    original = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    for number, (old, new, who) in enumerate((
        ("runs-on:", "runs-at:", "check-jsonschema"),
        ("run: sh .ci/run", "run: echo ${{ github.event.pull_request.title }}", "zizmor"),
    )):
        folder = scratch / str(number)
        folder.mkdir()
        (folder / "test.yml").write_text(original.replace(old, new))
        assert any(said.startswith(who) for said in lint(folder)), (new, lint(folder))
