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
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import platform
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIR = ROOT / "target" / "bench"
BUILDS = {"release": ROOT / "target" / "release", "local": ROOT / "target" / "local"}
STACK = [sys.executable, str(ROOT / "infra" / "local" / "stack.py")]
SOURCE, EMAIL, DELIVERY = "qualifio-main", "joao@qualifio.com", "msg_bench"

# The sizes of the packed copies, in megabytes of the vendors' JSON.
PACKED = (10, 100, 500)

# After the first number of seconds no further round begins; after the second everything stops.
ENOUGH, TOO_LONG = 70, 150


class Failed(Exception):
    """An error for a person to read: printed without a stack trace."""


# ------------------------------------------------------------------------------------ Runtime API


class Conversation:
    """One process and this script, as Lambda, at the other end of its Runtime API.

    Raw sockets in one thread: the script's own load must not distort the measurement.
    """

    def __init__(self, command, env, log):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.buffers = {}
        self.waiting = None  # the connection of the function's request for its next event
        self.answered = None
        self.count = 0
        address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.log = log
        with log.open("ab") as out:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                command, env={**env, "AWS_LAMBDA_RUNTIME_API": address},
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )
        self.until(lambda: self.waiting is not None)
        self.start = self.at - began

    def invoke(self, event, milliseconds=60_000):
        """One call: the function's answer, and the seconds from handing over the event to receiving it."""
        self.count += 1
        body = json.dumps(event).encode()
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            f"lambda-runtime-aws-request-id: 00000000-0000-4000-8000-{self.count:012d}\r\n"
            f"lambda-runtime-deadline-ms: {int(time.time() * 1000) + milliseconds}\r\n"
            "lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:000000000000:function:bench\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode()
        connection, self.waiting, self.answered = self.waiting, None, None
        began = time.perf_counter()
        connection.sendall(head + body)
        self.until(lambda: self.answered is not None)
        ended = self.at
        answer = self.answered
        # The function asks for the next event before the processor time is read: the time covers the whole call.
        self.until(lambda: self.waiting is not None)
        return answer, ended - began

    def until(self, done, seconds=30):
        deadline = time.monotonic() + seconds
        while not done():
            for key, _ in self.selector.select(0.2):
                if key.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.buffers[connection] = b""
                    self.selector.register(connection, selectors.EVENT_READ)
                else:
                    self.read(key.fileobj)
            if self.process.poll() is not None:
                raise Failed(f"the process ended with {self.process.returncode}; see {self.log.relative_to(ROOT)}")
            if time.monotonic() > deadline:
                raise Failed(f"no answer within {seconds} s; see {self.log.relative_to(ROOT)}")

    def read(self, connection):
        data = connection.recv(1 << 16)
        if not data:
            self.selector.unregister(connection)
            del self.buffers[connection]
            connection.close()
            return
        self.buffers[connection] += data
        found = whole(self.buffers[connection])
        if found is None:
            return
        self.at = time.perf_counter()
        method, path, body, rest = found
        self.buffers[connection] = rest
        if path.endswith("/invocation/next"):
            self.waiting = connection
            return
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
        if not path.endswith("/response"):
            raise Failed(f"{method} {path}: {body.decode(errors='replace')}")
        self.answered = json.loads(body)

    def processor(self):
        """Seconds of processor time so far, including ended threads; None if unknown."""
        with contextlib.suppress(OSError):
            # The kernel's id of another process's clock: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
            return time.clock_gettime((~self.process.pid << 3) | 2)
        return None

    def peak(self):
        """Its peak memory, in bytes."""
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
            return int(found[1]) * 1024 if found else None
        return None

    def close(self):
        self.process.kill()
        self.process.wait()
        for connection in [self.listener, *self.buffers]:
            connection.close()
        self.selector.close()


def whole(data):
    """The first complete HTTP request in `data`: method, path, body, rest."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    line, *headers = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.strip().lower(): value.strip() for name, value in (one.split(":", 1) for one in headers)}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while True:
            size, found, rest = rest.partition(b"\r\n")
            length = int(size, 16) if found else 0
            if not found or len(rest) < length + 2:
                return None
            body, rest = body + rest[:length], rest[length + 2:]
            if length == 0:
                return method, path, body, rest
    length = int(headers.get("content-length", 0))
    return None if len(rest) < length else (method, path, rest[:length], rest[length:])


class Tap:
    """Passes bytes on to the emulator and notes the calls; never part of a measurement."""

    def __init__(self, endpoint):
        host, port = endpoint.removeprefix("http://").split(":")
        self.target, self.calls = (host, int(port)), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                inside, _ = self.listener.accept()
                outside = socket.create_connection(self.target)
                for pair in ((inside, outside, True), (outside, inside, False)):
                    threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink, noting):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if noting:
                    self.calls += [one.decode() for one in re.findall(rb"(?i)x-amz-target: *\w+\.(\w+)", data)]
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


# ------------------------------------------------------------------------------------ measuring


class Case:
    """One call of one function, and the required part of its answer."""

    def __init__(self, function, what, event, right):
        self.function, self.what, self.event, self.right = function, what, event, right
        self.env, self.calls, self.runs = {}, [], {}

    def run(self, command, log, calls, env=None):
        """Starts it, and calls it once cold and `calls` times warm."""
        talk = Conversation(command, env or self.env, log)
        try:
            ready = talk.processor()
            answer, first = talk.invoke(self.event)
            self.check(answer)
            begun = talk.processor()
            warm = []
            for _ in range(calls):
                answer, seconds = talk.invoke(self.event)
                self.check(answer)
                warm.append(seconds)
            ended = talk.processor()
            known = None not in (ready, begun, ended)
            return {
                "start": talk.start, "first": first, "warm": warm, "memory": talk.peak(),
                "start_processor": begun if known else None,
                "warm_processor": (ended - begun) / calls if known and calls else None,
            }
        finally:
            talk.close()

    def check(self, answer):
        if not self.right(answer):
            raise Failed(f"{self.function}, {self.what}: answered {json.dumps(answer)[:300]}")

    def figures(self, build):
        """The medians of all rounds, in milliseconds and megabytes; warm calls all together."""
        runs = self.runs.get(build)
        if not runs:
            return None
        middle = lambda values, by: statistics.median(values) * by if None not in values else None
        return {
            "start": middle([run["start"] for run in runs], 1e3),
            "first": middle([run["first"] for run in runs], 1e3),
            "warm": middle([one for run in runs for one in run["warm"]], 1e3),
            "start_processor": middle([run["start_processor"] for run in runs], 1e3),
            "warm_processor": middle([run["warm_processor"] for run in runs], 1e3),
            "memory": middle([run["memory"] for run in runs], 1e-6),
        }


def signed(secret, body):
    """The event of an HTTP API for a delivery, signed by Standard Webhooks, and its headers."""
    timestamp = str(int(time.time()))
    key, message = base64.b64decode(secret.removeprefix("whsec_")), f"{DELIVERY}.{timestamp}.{body}".encode()
    mac = hmac.new(key, message, hashlib.sha256)
    headers = {
        "content-type": "application/json", "webhook-id": DELIVERY, "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
    }
    path = "/webhooks/standard"
    event = {
        "version": "2.0", "routeKey": "POST /webhooks/{channel}", "rawPath": path, "rawQueryString": "",
        "headers": headers, "pathParameters": {"channel": "standard"}, "body": body, "isBase64Encoded": False,
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "domainName": "localhost", "domainPrefix": "bench",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                     "userAgent": "bench"},
            "requestId": "bench", "routeKey": "POST /webhooks/{channel}", "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 1767225600000,
        },
    }
    return event, headers


def cases(request, delivery):
    task = {"requestId": request, "sourceId": SOURCE}
    settled = lambda answer: answer.get("state") == "settled"
    accepted = lambda answer: answer["statusCode"] == 202 and json.loads(answer["body"])["request_id"] == request
    return [
        Case("intake", "a signed delivery, repeated", delivery, accepted),
        Case("search", "task passed over", {"mode": "search", **task}, settled),
        Case("search", "one call to the vendor", {"mode": "test", "sourceId": SOURCE},
             lambda answer: answer == {"tested": SOURCE}),
        Case("submit", "task passed over", task, settled),
        Case("status-check", "task passed over", task, settled),
        Case("close", "closed request passed over", {"requestId": request}, lambda answer: answer["state"] == "closed"),
        Case("reconcile", "nothing due", {}, lambda answer: "examined" in answer),
    ]


class Floor:
    """The same GetItem over one connection, signed beforehand: the emulator's own time."""

    def __init__(self, stack, request):
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        self.endpoint = stack["aws_endpoint_url"]
        self.body = json.dumps({
            "TableName": stack["requests_table"], "ConsistentRead": True,
            "Key": {"pk": {"S": f"REQUEST#{request}"}, "sk": {"S": f"TASK#{SOURCE}"}},
        }).encode()
        signing = AWSRequest("POST", self.endpoint + "/", data=self.body, headers={
            "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.GetItem"})
        credentials = Credentials(stack["access_key_id"], stack["secret_access_key"])
        SigV4Auth(credentials, "dynamodb", stack["region"]).add_auth(signing)
        self.headers = dict(signing.headers.items())
        self.seconds = []

    def measure(self, calls):
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"))
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(calls):
            began = time.perf_counter()
            connection.request("POST", "/", self.body, self.headers)
            response = connection.getresponse()
            answer = response.read()
            self.seconds.append(time.perf_counter() - began)
            if response.status != 200 or b'"Item"' not in answer:
                raise Failed(f"GetItem: {response.status} {answer[:200].decode(errors='replace')}")
        connection.close()


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


# ------------------------------------------------------------------------------------ the stack


def rightful(*arguments, stdin=None):
    done = subprocess.run(
        [str(BUILDS["release"] / "rightful"), "--stack", str(DIR / "stack.json"), *arguments],
        input=stdin, text=True, capture_output=True, cwd=ROOT, timeout=60, check=False)
    if done.returncode != 0:
        raise Failed(f"`rightful {arguments[0]} {arguments[1]}` ended with {done.returncode}: {done.stdout}{done.stderr}")


def prepare():
    """A stack with one closed request: its description, the request's id, the delivery's event."""
    up = subprocess.run(
        [*STACK, "up", "--dir", str(DIR), "--binaries", str(BUILDS["release"]), "--finish-after-ms", "100",
         "--wait-scale", "0.2", "--param", "ReconcileSchedule=rate(1 hour)"],
        capture_output=True, text=True, check=False)
    if up.returncode != 0:
        raise Failed("the embedded stack does not start: " + up.stdout + up.stderr)
    stack = json.loads((DIR / "stack.json").read_text())
    rightful("source", "add", "qualifio", "--id", SOURCE, "--set", "client_id=2449", "--set", "user_id=1201",
             "--set", f"base_url={stack['sandbox_url']}", "--secret", "token=-",
             "--control", "email=control@example.com", stdin=stack["sandbox_token"] + "\n")
    body = json.dumps({"right": "erasure", "identifiers": [{"kind": "email", "value": EMAIL}], "reference": "BENCH-1"})
    event, headers = signed(stack["webhook_secret"], body)
    posting = urllib.request.Request(stack["webhook_url"], body.encode(), headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: no proxy
    with opener.open(posting, timeout=30) as response:
        request = json.load(response)["request_id"]
    rightful("request", "watch", request, "--timeout", "60")
    return stack, request, event


def environment(stack, function):
    """The function's environment: the deployed template's, read from the stack, and Lambda's own."""
    import boto3
    from botocore.config import Config

    client = boto3.session.Session(
        region_name=stack["region"], aws_access_key_id=stack["access_key_id"],
        aws_secret_access_key=stack["secret_access_key"],
    ).client("lambda", endpoint_url=stack["aws_endpoint_url"], config=Config(proxies={}))
    found = client.get_function_configuration(FunctionName=stack["functions"][function])
    return {
        **found["Environment"]["Variables"],
        "AWS_REGION": stack["region"], "AWS_DEFAULT_REGION": stack["region"],
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"], "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
        "AWS_LAMBDA_FUNCTION_NAME": found["FunctionName"], "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(found["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{found['FunctionName']}", "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "_HANDLER": "bootstrap", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
    }


# ------------------------------------------------------------------------------------ report


def table(title, texts, header, rows):
    """Markdown, aligned, the first `texts` columns to the left: for docs/PERFORMANCE.md too."""
    rows = [header, *rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(header))]
    rows.insert(1, ["-" * width if at < texts else "-" * (width - 1) + ":" for at, width in enumerate(widths)])
    print(f"\n{title}\n")
    for row in rows:
        cells = [cell.ljust(width) if at < texts else cell.rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")


def number(value, unit=""):
    if value is None:
        return "–"
    return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}{unit}" if value >= 10 else f"{value:.2f}{unit}"


def ratio(one, other):
    return "–" if None in (one, other) or not other else number(one / other, "×")


def size(build, function):
    path = BUILDS[build] / function
    return path.stat().st_size / 1e6 if path.is_file() else None


def named(calls):
    """`GetItem, Query ×8`: the AWS calls of one warm call."""
    counts = {name: calls.count(name) for name in dict.fromkeys(calls)}
    return ", ".join(name + (f" ×{count}" if count > 1 else "") for name, count in counts.items()) or "nothing"


def report(measured, python, floor):
    bare = statistics.median(floor.seconds) * 1e3
    keys = ("start", "first", "warm", "start_processor", "warm_processor", "memory")
    rows = []
    for case in measured:
        release = case.figures("release")
        rows.append([case.function, case.what, named(case.calls),
                     ratio(release["warm"], bare * len(case.calls)), ratio(release["warm_processor"], release["warm"])])
    table("A warm call of the release build, and the part that is not its own. "
          "(1×: as fast as its AWS calls alone, one after another, in the emulator.)", 3,
          ["function", "call", "asks AWS for", "÷ as many bare GetItems", "own processor time ÷ call"], rows)

    header = ["function", "call", "start", "first call", "warm call",
              "processor: start + first", "processor: warm call", "memory"]
    rows = []
    for case in measured:
        release, local = case.figures("release"), case.figures("local")
        if local:
            rows.append([case.function, case.what, *(ratio(local[key], release[key]) for key in keys),
                         ratio(size("local", case.function), size("release", case.function))])
    if rows:
        table("The local build ÷ the release build. (2×: the release build takes half.)", 2, [*header, "size"], rows)
    other = python.figures("python")
    rows = [[case.function, case.what, *(ratio(other[key], case.figures("release")[key]) for key in keys)]
            for case in measured if "BatchGetItem" in case.calls and "passed over" in case.what] if other else []
    if rows:
        table("A Python function that reads the same rows in one call by boto3 and nothing else ÷ the release build.",
              2, header, rows)

    header[2:] = [*(f"{name}, ms" for name in header[2:7]), "memory, MB"]
    rows = []
    for build in BUILDS:
        for case in measured:
            if found := case.figures(build):
                rows.append([build, case.function, case.what, *(number(found[key]) for key in keys),
                             number(size(build, case.function))])
    if other:
        rows.append(["python", "–", python.what, *(number(other[key]) for key in keys), "–"])
    rows.append(["script", "–", "a bare GetItem", "–", "–", number(bare), "–", "–", "–", "–"])
    table("As measured: medians of one machine and one run.", 3, ["build", *header, "size, MB"], rows)


def packed(megabytes, *how):
    """One packed copy: the program's output, its peak memory in MB, its processor time in seconds."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(BUILDS["release"] / "examples" / "pack"), str(megabytes), *how], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f"packing {megabytes} MB {' '.join(how)} ended with {process.returncode}")
        out.seek(0)
        return json.load(out), used.ru_maxrss * 1024 / 1e6, used.ru_utime + used.ru_stime


def packing():
    """Copies of several sizes, packed as a stream and held whole, one after another."""
    if not (BUILDS["release"] / "examples" / "pack").is_file():
        raise Failed("no release build of the packing. Run first: cargo build --locked --release -p rightful-package --example pack")
    print(f"the machine: {machine()}", flush=True)
    rows, first = [], None
    for megabytes in PACKED:
        told, memory, processor = packed(megabytes)
        _, whole_memory, whole_processor = packed(megabytes, "whole")
        first = first or memory
        rows.append([f"{megabytes} MB", number(told["file"] / 1e6), number(memory), ratio(memory, first), number(whole_memory),
                     ratio(whole_memory, memory), number(processor), ratio(processor, whole_processor)])
    table("A copy packed piece by piece, as `close` does, beside one held whole.", 1,
          ["copy", "file, MB", "memory, MB", f"÷ that of {PACKED[0]} MB", "held whole: memory, MB", "held whole ÷ piece by piece",
           "processor, s", "processor ÷ held whole"], rows)


def machine():
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}; load {load}"


def older(function):
    """Whether its local build is older than the last change of the sources."""
    newest = max(path.stat().st_mtime for path in (ROOT / "functions").rglob("*.rs"))
    return (BUILDS["local"] / function).stat().st_mtime < newest


# ------------------------------------------------------------------------------------ the run


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
