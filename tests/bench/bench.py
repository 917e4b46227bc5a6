"""The functions' benchmark: each figure beside a reference.

    make bench
    target/venv-stack/bin/python tests/bench/bench.py [--rounds N] [--calls N]
    target/venv-stack/bin/python tests/bench/bench.py --packing

Starts an embedded stack and a sandbox of its own (target/bench) and fulfils one request there. Then it
runs each function's binary under a Lambda Runtime API of its own on loopback, with the environment that the
deployed template gives it. Every round runs each case in each build, one after another, so that any
disturbance of the machine affects all of them alike.

With `--packing` it packs copies of several sizes instead (functions/lib/package/examples/pack.rs), as `close`
does, beside a packer that holds each copy whole, and measures memory and processor time.

It compares the deployed profile (`release`), the quick one (`local`, if `make build` made it), the same read
by a Python function with boto3, and a bare GetItem from this script: the emulator's own time, a lower bound
for every function. It asserts nothing: the figures belong to one machine, but the ratios carry over.
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import time

from builds import BUILDS, DIR, Failed, machine, older
from cases import SOURCE, Case, Floor, cases
from deployed import STACK, environment, prepare
from packing import packing
from report import report
from runtime_api import Tap

# After the first number of seconds no further round begins; after the second everything stops.
ENOUGH, TOO_LONG = 70, 150


def python_function():
    """A minimal Python function: reads the same rows by boto3, and decides nothing."""
    import boto3

    table = os.environ["REQUESTS_TABLE"]
    dynamodb = boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        response = api.getresponse()
        invocation = response.headers["lambda-runtime-aws-request-id"]
        event = json.loads(response.read())
        pk = {"S": "REQUEST#" + event["requestId"]}
        task = {"S": "TASK#" + event["sourceId"]}
        keys = [{"pk": pk, "sk": {"S": "REQUEST"}}, {"pk": pk, "sk": task}, {"pk": pk, "sk": {"S": "HEAD"}},
                {"pk": {"S": "SOURCE#" + event["sourceId"]}, "sk": {"S": "SOURCE"}}]
        read = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        row = next(one for one in read["Responses"][table] if one["sk"] == task)
        answer = json.dumps({"next": row["state"]["S"]}).encode()
        api.request("POST", f"/2018-06-01/runtime/invocation/{invocation}/response", answer)
        api.getresponse().read()


def bench(args):
    missing = [name for name in ("intake", "search", "submit", "status-check", "close", "reconcile", "rightful", "sandbox")
               if not (BUILDS["release"] / name).is_file()]
    if missing:
        raise Failed("no release build of: " + ", ".join(missing) + ". Run first: cargo build --locked --release --workspace --bins")
    began = time.monotonic()
    print(f"the machine: {machine()}", flush=True)
    stack, request, delivery = prepare()
    print(f"the stack is up and has fulfilled one request, after {time.monotonic() - began:.1f} s", flush=True)

    measured = cases(request, delivery)
    tap = Tap(stack["aws_endpoint_url"])
    for case in measured:
        case.env = environment(stack, case.function)
        log = DIR / "logs" / f"bench-{case.function}.log"
        command = [str(BUILDS["release"] / case.function)]
        # The AWS calls of a warm call are half of those of two further calls.
        asked = []
        for calls in (1, 3):
            del tap.calls[:]
            case.run(command, log, calls, {**case.env, "AWS_ENDPOINT_URL": tap.url})
            asked.append(list(tap.calls))
        more = asked[1][len(asked[0]):]
        case.calls = more[:len(more) // 2]
    tap.listener.close()

    python = Case("python", "one batch by boto3", {"requestId": request, "sourceId": SOURCE}, lambda answer: "next" in answer)
    python.env = environment(stack, "search")
    floor = Floor(stack, request)
    python_command = [sys.executable, __file__, "--as-python-function"]
    skipped, rounds = {}, 0
    while rounds < args.rounds and (rounds == 0 or time.monotonic() - began < ENOUGH):
        floor.measure(args.calls)
        for case in measured:
            log = DIR / "logs" / f"bench-{case.function}.log"
            for build, folder in BUILDS.items():
                if build != "release" and (not (folder / case.function).is_file() or case.function in skipped):
                    continue
                try:
                    run = case.run([str(folder / case.function)], log, args.calls)
                except Failed as failure:
                    if build == "release":
                        raise
                    # Only a reference fails: the rest is still useful.
                    skipped[case.function] = f"the local build of {case.function} is left out: {failure}"
                    case.runs.pop(build, None)
                    continue
                case.runs.setdefault(build, []).append(run)
        python.runs.setdefault("python", []).append(python.run(python_command, DIR / "logs" / "bench-python.log", args.calls))
        rounds += 1

    report(measured, python, floor)
    print(f"\n{rounds} rounds; in each, every case started once and called {1 + args.calls} times. "
          f"{time.monotonic() - began:.0f} s in total; the machine at the end: {machine()}")
    functions = sorted({case.function for case in measured})
    absent = [name for name in functions if not (BUILDS["local"] / name).is_file()]
    stale = [name for name in functions if name not in absent and older(name)]
    for said in skipped.values():
        print(said)
    if absent:
        print(f"no local build of {', '.join(absent)}: run `make build`")
    if stale:
        print(f"the local build of {', '.join(stale)} is older than the sources: run `make build`")


def stop(number, _):
    raise SystemExit(f"bench: stopped by {signal.Signals(number).name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=9, help="number of starts of every case")
    parser.add_argument("--calls", type=int, default=25, help="warm calls after each start")
    parser.add_argument("--packing", action="store_true", help="only pack copies of several sizes")
    parser.add_argument("--as-python-function", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.as_python_function:
        return python_function()
    if args.packing:
        try:
            return packing()
        except (Failed, OSError) as failure:
            raise SystemExit(f"bench: {failure}") from None
    if min(args.rounds, args.calls) < 1:
        parser.error("at least one round and one call")
    for name in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(name, stop)
    signal.alarm(TOO_LONG)
    down = [*STACK, "down", "--dir", str(DIR)]
    subprocess.run(down, stdout=subprocess.DEVNULL, check=False)
    try:
        bench(args)
    except (Failed, OSError, subprocess.TimeoutExpired) as failure:
        raise SystemExit(f"bench: {failure}") from None
    finally:
        signal.alarm(0)
        subprocess.run(down, stdout=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    main()
