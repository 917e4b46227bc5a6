"""Fulfils typical requests on the embedded stack and counts the usage of each: counts.json.

Every case has a stack of its own, so its functions start cold: without a process, a secret or a connection. So it is
with few requests a month; many requests share these, and the counts err on the high side. prices.py prices the file
that this script writes.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import hashlib
import hmac
import importlib.metadata
import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
DIR = ROOT / "target" / "prices"
sys.path.insert(0, str(ROOT / "infra" / "local"))

import stack  # noqa: E402
from account import client  # noqa: E402
from meter import Meter, as_json, item_bytes  # noqa: E402
from processes import Processes  # noqa: E402

QUALIFIO, INHOUSE = "qualifio-main", "inhouse-main"
# The sandbox's token for its in-house system (tests/sandbox/README.md).
INHOUSE_TOKEN = "sandbox-inhouse-token"
# The vendors' times: the walkthrough's own rule finished after 2.8 seconds; a slow one needs many status checks.
PROMPT_MS, SLOW_MS = 2800, 60_000
# How long one sighting of the control serves every look (`CONTROL_SECONDS` in functions/lib/domain/src/model/limit.rs).
CONTROL_SECONDS = 300
# Open requests for measuring the reconciliation.
OPEN = 50
# The local stack's grace for a workflow before the reconciliation takes up its request.
GRACE_SECONDS = 15

CASES = {
    "erasure": ("erasure, decided by policy", "erasure", [QUALIFIO], "auto", PROMPT_MS),
    "erasure-reviewed": ("erasure, a person decides", "erasure", [QUALIFIO], "always", PROMPT_MS),
    "access-reviewed": ("copy, a person decides and downloads it", "access", [QUALIFIO], "always", PROMPT_MS),
    "erasure-two": ("erasure at two data sources, decided by policy", "erasure", [QUALIFIO, INHOUSE], "auto", PROMPT_MS),
    "access-two": ("copy from two data sources, a person decides and downloads it", "access", [QUALIFIO, INHOUSE],
                   "always", PROMPT_MS),
    "erasure-slow": ("erasure at a vendor that takes a minute, decided by policy", "erasure", [QUALIFIO], "auto", SLOW_MS),
}


def fail(message: str):
    raise SystemExit(f"count.py: {message}")


class Counted:
    """The stack that does the counting."""

    def __init__(self, binaries: Path) -> None:
        self.meter = Meter()
        self.binaries = binaries
        self.rows = 0
        self.policy: dict[tuple[str, str], str] = {}

    # ------------------------------------------------------------------------------ the stack

    def up(self) -> None:
        """Starts the stack with the meter between the functions and AWS, and connects the data sources."""
        command = ["up", "--dir", str(DIR), "--binaries", str(self.binaries), "--finish-after-ms", str(PROMPT_MS),
                   # Only the counted runs.
                   "--param", "ReconcileSchedule=rate(1 day)"]
        sys.argv = ["stack.py", *command]
        if stack.main() != 0:
            fail("the embedded stack does not start")
        self.stack = json.loads((DIR / "stack.json").read_text())
        endpoint = self.stack["aws_endpoint_url"]
        self.aws = {name: client(endpoint, name) for name in ("dynamodb", "stepfunctions", "lambda", "logs", "s3")}
        self.meter.know(self.aws["dynamodb"], [self.stack["requests_table"], self.stack["keys_table"]])
        self.policy = {}
        # Plain names, whether the outputs give names, ARNs or aliases.
        self.functions = {name: re.sub(r"^arn:.*?:function:|:\w+$", "", physical)
                          for name, physical in self.stack["functions"].items()}
        self.connect()

    def down(self) -> None:
        sys.argv = ["stack.py", "down", "--dir", str(DIR)]
        stack.main()

    def rightful(self, *arguments: str, stdin: str | None = None) -> str:
        command = [str(self.binaries / "rightful"), "--stack", str(DIR / "stack.json"), *arguments]
        done = subprocess.run(command, input=stdin, text=True, cwd=ROOT, check=False, capture_output=True)
        if done.returncode not in (0, 3):
            fail(f"`rightful {' '.join(arguments)}` ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def sandbox(self, path: str, body: dict | None = None):
        url = self.stack["sandbox_url"] + path
        return call(url, {"content-type": "application/json"}, json.dumps(body).encode() if body is not None else None)[1]

    def vendors(self, finish_after_ms: int) -> None:
        """Gives the vendors the people of the next case, and nothing of the previous one."""
        row = self.rows
        emails = [f"person-{row}@example.com"]
        self.sandbox("/_sandbox/reset", {
            "finish_after_ms": finish_after_ms,
            "tokens": [{"client_id": 2449, "token": self.stack["sandbox_token"]}],
            "ticketing_token": self.stack["ticketing"]["token"],
            # Three profiles, as the walkthrough's person has.
            "profiles": [{"email": email} for email in emails for _ in range(3)],
            "people": [{"id": f"c-9{row:05}", "email": email, "name": "A Person"} for email in emails],
            "tickets": [{"id": 50_000 + row}],
        })

    def connect(self) -> None:
        self.vendors(PROMPT_MS)
        self.rightful("source", "add", "qualifio", "--id", QUALIFIO, "--set", "client_id=2449", "--set", "user_id=1201",
                      "--set", f"base_url={self.stack['sandbox_url']}", "--secret", "token=-",
                      "--control", "email=control@example.com",
                      stdin=self.stack["sandbox_token"] + "\n")
        self.rightful("source", "add", "inhouse", "--id", INHOUSE,
                      "--set", f"host={self.stack['sandbox_url'].removeprefix('http://')}", "--secret", "token=-",
                      "--control", "email=control@example.com",
                      stdin=INHOUSE_TOKEN + "\n")

    # ------------------------------------------------------------------------------ counting

    def logged(self) -> dict[str, list[str]]:
        """Every log line so far, by function."""
        found = {}
        for name, physical in self.functions.items():
            pages = self.aws["logs"].get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{physical}")
            try:
                found[name] = [event["message"].rstrip("\n") for event in pages.search("events[]") if event]
            except self.aws["logs"].exceptions.ResourceNotFoundException:
                found[name] = []
        return found

    def stored(self) -> Counter[str]:
        kept: Counter[str] = Counter()
        for name, table in self.meter.tables.items():
            pages = self.aws["dynamodb"].get_paginator("scan").paginate(TableName=name)
            items = [as_json(item) for item in pages.search("Items[]")]
            kept["stored.dynamodb bytes"] += table.stored_bytes(items)
            if name == self.stack["requests_table"]:
                kept["stored.dynamodb bytes recoverable"] += sum(item_bytes(item) for item in items)
        for bucket in (self.stack["receipts_bucket"], self.stack["copies_bucket"]):
            pages = self.aws["s3"].get_paginator("list_objects_v2").paginate(Bucket=bucket)
            kept["stored.s3 bytes"] += sum(one["Size"] for one in pages.search("Contents[]") if one)
        return kept

    def entered(self, request: str) -> int:
        """The states that the executions of a request entered."""
        total = 0
        for machine, definition in (("fulfil_request_arn", "fulfil-request"), ("fulfil_source_arn", "fulfil-source")):
            path = ROOT / "infra" / "statemachines" / f"{definition}.asl.json"
            states = json.loads(path.read_text())["States"]
            pages = self.aws["stepfunctions"].get_paginator("list_executions").paginate(
                stateMachineArn=":".join(self.stack[machine].split(":")[:7]))
            for execution in pages.search("executions[]"):
                if not execution or not execution["name"].startswith(request):
                    continue
                pages = self.aws["stepfunctions"].get_paginator("get_execution_history").paginate(
                    executionArn=execution["executionArn"])
                events = list(pages.search("events[]"))
                if failed := [event["type"] for event in events if re.search("Failed|TimedOut|Aborted", event["type"])]:
                    fail(f"{definition}: {', '.join(failed)}: a retry adds a transition, so count again")
                # The history here names none of a Map's items; `items_entered` adds them.
                total += sum(1 for event in events if event.get("stateEnteredEventDetails", {}).get("name") in states)
        return total

    def begin(self) -> None:
        self.meter.quiet()
        self.meter.take()
        self.lines = {name: len(lines) for name, lines in self.logged().items()}
        self.before = self.stored()
        self.calls = len(self.sandbox("/_sandbox/journal")["calls"])

    def end(self) -> Counter[str]:
        self.meter.quiet()
        counts = self.meter.take()
        for name, lines in self.logged().items():
            new = lines[self.lines[name]:]
            counts["logs.bytes"] += sum(len(line.encode()) for line in new)
            counts["logs.events"] += len(new)
            ends = [line for line in new if line.startswith("REPORT RequestId:")]
            counts[f"invocations.{name}"] += len(ends)
            counts["invocations.emulator ms"] += sum(int(re.search(r"\tDuration: (\d+)", line)[1]) for line in ends)
        after = self.stored()
        for name in after:
            counts[name] = after[name] - self.before[name]
        counts["vendor.calls"] = len(self.sandbox("/_sandbox/journal")["calls"]) - self.calls
        return counts

    # ------------------------------------------------------------------------------ cases

    def ticket(self, right: str, sources: list[str], person: str = "person") -> str:
        """A Zendesk webhook about the next person; the request's id."""
        channel = self.stack["channels"]["zendesk"]
        body = json.dumps({"right": right, "identifiers": [{"kind": "email", "value": f"{person}-{self.rows}@example.com"}],
                           "reference": f"ZD-{50_000 + self.rows}", "sources": sources}).encode()
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        mac = hmac.new(channel["secret"].encode(), now.encode() + body, hashlib.sha256)
        status, answer = call(channel["url"], {
            "content-type": "application/json", "x-zendesk-webhook-signature-timestamp": now,
            "x-zendesk-webhook-signature": base64.b64encode(mac.digest()).decode()}, body)
        if status != 202:
            fail(f"the ticket was answered with {status}: {answer}")
        return answer["request_id"]

    def row(self, request: str, sk: str) -> dict:
        key = {"pk": {"S": f"REQUEST#{request}"}, "sk": {"S": sk}}
        return self.aws["dynamodb"].get_item(TableName=self.stack["requests_table"], Key=key, ConsistentRead=True)["Item"]

    def until(self, what: str, holds) -> None:
        deadline = time.monotonic() + 240
        while not holds():
            if time.monotonic() > deadline:
                fail(f"waited 240 s, and still not: {what}")
            time.sleep(0.2)

    def waits_for_review(self, request: str, sources: list[str]) -> bool:
        return all("token" in json.dumps(as_json(self.row(request, f"TASK#{source}")))
                   and self.row(request, f"TASK#{source}")["state"] == {"S": "awaiting_review"} for source in sources)

    def closed(self, request: str) -> bool:
        arn = self.stack["fulfil_request_arn"].replace(":stateMachine:", ":execution:")
        arn = re.sub(r"(:execution:[^:]+).*", r"\1", arn) + f":{request}.1"
        return self.aws["stepfunctions"].describe_execution(executionArn=arn)["status"] == "SUCCEEDED"

    def policies(self, right: str, policy: str, sources: list[str]) -> None:
        for source in sources:
            if self.policy.get((source, right)) != policy:
                self.rightful("source", "change", source, "--review", f"{right}={policy}")
                self.policy[source, right] = policy

    def run(self, right: str, sources: list[str], policy: str, finish_after_ms: int,
            person: str = "person") -> dict[str, int | float]:
        self.rows += 1
        self.vendors(finish_after_ms)
        self.policies(right, policy, sources)
        self.begin()
        request = self.ticket(right, sources, person)
        if policy == "always":
            self.until("it waits for a review", lambda: self.waits_for_review(request, sources))
            shown = json.loads(self.rightful("--json", "request", "show", request))
            seen = [f"--seen={task['source']}={task['found_digest']['mac']}" for task in shown["tasks"]]
            self.rightful("request", "review", request, "--proceed", *seen, "--reason", "checked")
        self.until("it is closed", lambda: self.closed(request))
        if right == "access":
            self.rightful("request", "copy", request, "-o", str(DIR / f"copy-{self.rows}.zip"), "--force")
        counts = self.end()
        if right == "erasure" and self.sandbox(f"/_sandbox/profiles?email=person-{self.rows}@example.com"):
            fail("the records are still there: nothing was erased")
        counts["states"] = self.entered(request) + items_entered(len(sources), policy == "always")
        return tidy(counts)

    def proofs(self) -> list[dict]:
        """The ways to make a look count, each beside the same erasure with a control that was just seen."""
        def erased(title: str, person: str = "person") -> dict:
            return {"title": title, "counts": self.run("erasure", [QUALIFIO], "auto", PROMPT_MS, person)}

        # From here on every function is warm.
        erased("")
        fresh = erased("one spelling, a control seen within five minutes")
        spelled = erased("two spellings (an address with a capital letter)", "Person")
        seen = time.monotonic()
        self.rightful("source", "change", QUALIFIO, "--no-control")
        bare = erased("no control: two looks, a minute apart")
        self.rightful("source", "change", QUALIFIO, "--control", "email=control@example.com")
        time.sleep(max(0.0, seen + CONTROL_SECONDS + 5 - time.monotonic()))
        return [fresh, erased("a control not seen within five minutes"), spelled, bare]

    def reconciled(self) -> dict[str, int | float]:
        """One run of the reconciliation, with how many requests it examined."""
        self.begin()
        answer = self.aws["lambda"].invoke(FunctionName=self.functions["reconcile"], Payload=b"{}")
        told = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            fail(f"reconcile failed: {told}")
        return {"examined": told["examined"], "counts": tidy(self.end())}

    def open_requests(self, how_many: int) -> None:
        self.policies("erasure", "always", [QUALIFIO])
        for _ in range(how_many):
            self.rows += 1
            self.vendors(PROMPT_MS)
            request = self.ticket("erasure", [QUALIFIO])
            self.until("it waits for a review", lambda: self.waits_for_review(request, [QUALIFIO]))


def call(url: str, headers: dict | None = None, body: bytes | None = None):
    import urllib.error
    import urllib.request
    # This is loopback: no proxy, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data=body, headers=headers or {}), timeout=60) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def items_entered(sources: int, reviewed: bool) -> int:
    """The states inside the Maps of fulfil-request that a request enters. Walks the definition for one item of each Map,
    since the emulator's history does not name them."""
    states = json.loads((ROOT / "infra" / "statemachines" / "fulfil-request.asl.json").read_text())["States"]

    def walk(machine: dict, wanted: str) -> int:
        """The length of the shortest path that ends after `wanted`."""
        ways = [(1, machine["StartAt"])]
        seen = set()
        while ways:
            ways.sort()
            so_far, name = ways.pop(0)
            state = machine["States"][name]
            if name == wanted:
                rest = 0 if state.get("End") else walk_on(machine, state["Next"])
                return so_far + rest
            if name in seen:
                continue
            seen.add(name)
            ways += [(so_far + 1, following) for following in followers(state)]
        raise AssertionError(f"no way to {wanted}")

    def walk_on(machine: dict, name: str) -> int:
        """From a positive review on to the nested execution."""
        return walk({"StartAt": name, "States": machine["States"]}, "Fulfil Source")

    def followers(state: dict) -> list[str]:
        return [choice["Next"] for choice in state.get("Choices", [])] + ([state["Next"]] if "Next" in state else [])

    search = walk(states["Search Sources"]["ItemProcessor"], "Search Source")
    fulfil = walk(states["Fulfil Sources"]["ItemProcessor"], "Await Review" if reviewed else "Fulfil Source")
    return sources * (search + fulfil)


def tidy(counts: Counter[str]) -> dict[str, int | float]:
    return {name: int(count) if count == int(count) else count for name, count in sorted(counts.items()) if count}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binaries", type=lambda text: Path(text).resolve(), default=ROOT / "target" / "local")
    parser.add_argument("--out", type=Path, default=HERE / "counts.json")
    arguments = parser.parse_args()
    counted = Counted(arguments.binaries)
    start = Processes.start

    def metered(processes, name, command, env, *rest):
        if name == "ministack":
            counted.meter.forward_to(int(env["GATEWAY_PORT"]))
            env = {**env, "AWS_ENDPOINT_URL": counted.meter.url}
        return start(processes, name, command, env, *rest)

    Processes.start = metered
    cases = {}
    try:
        for name, (title, right, sources, policy, finish_after_ms) in CASES.items():
            began = time.monotonic()
            counted.up()
            counts = counted.run(right, sources, policy, finish_after_ms)
            counted.down()
            cases[name] = {"title": title, "sources": len(sources), "vendor_ms": finish_after_ms, "counts": counts}
            print(f"{name}: {counts['states']} states, {time.monotonic() - began:.1f} s", flush=True)
        counted.up()
        proofs = counted.proofs()
        counted.down()
        counted.up()
        idle = counted.reconciled()
        counted.open_requests(OPEN)
        # Each falls due once after the grace; then it waits for a person, and is examined once an hour.
        time.sleep(GRACE_SECONDS + 2)
        due = counted.reconciled()
        if due["examined"] < OPEN:
            fail(f"the run examined {due['examined']} requests, not {OPEN}")
        for _ in range(5):
            rest = counted.reconciled()
            if rest["examined"] == 0:
                break
        else:
            fail("something was due every time")
    finally:
        counted.down()
    result = {
        "counted_on": datetime.date.today().isoformat(),
        "emulator": f"MiniStack {importlib.metadata.version('ministack')}",
        "cases": cases,
        "proofs": proofs,
        "reconcile": {"open": OPEN, "idle": idle, "due": due, "nothing_due": rest},
    }
    arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    print(f"counted: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
