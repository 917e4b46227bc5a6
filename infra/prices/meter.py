"""Counts the functions' calls of AWS, with the sizes that determine prices.

A proxy on loopback between the functions and the embedded AWS: it passes every call on unchanged, and counts it.
It computes DynamoDB's units from the items themselves, as AWS's developer guide says ("Read consistency and
capacity units", "Item sizes and formats"): a read unit is 4 KB, half of one when eventually consistent; a write unit
1 KB of the larger of the item before and after; each item of a transaction costs twice, a condition check as a write.
A change that touches a row of an index costs the index one write, two when the row moves.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import math
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# A row's overhead beside its attributes, in storage only (the developer guide's number).
ROW_OVERHEAD = 100


def value_bytes(value: dict) -> int:
    """The size of one attribute's value as DynamoDB counts it."""
    (kind, inner), = value.items()
    if kind == "S":
        return len(inner.encode())
    if kind == "N":
        return math.ceil(len(inner.lstrip("-").replace(".", "").strip("0") or "0") / 2) + 1
    if kind == "B":
        return len(base64.b64decode(inner))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + value_bytes(one) for one in inner)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + value_bytes(one) for name, one in inner.items())
    one = kind[0]
    return sum(value_bytes({one: each}) for each in inner)


def item_bytes(item: dict | None) -> int:
    """The size of an item as DynamoDB counts it; 0 for a missing one."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in (item or {}).items())


def units(size: int, of: int) -> int:
    return max(1, math.ceil(size / of))


class Index:
    """One index of a table: its rows and their attributes."""

    def __init__(self, described: dict, table_keys: list[str]) -> None:
        self.name = described["IndexName"]
        self.keys = [key["AttributeName"] for key in described["KeySchema"]]
        projection = described["Projection"]
        self.everything = projection["ProjectionType"] == "ALL"
        self.projected = {*self.keys, *table_keys, *projection.get("NonKeyAttributes", [])}

    def row(self, item: dict | None) -> dict | None:
        if not item or any(key not in item for key in self.keys):
            return None
        return item if self.everything else {name: value for name, value in item.items() if name in self.projected}

    def writes(self, before: dict | None, after: dict | None) -> int:
        """The index's write units for a change of an item."""
        old, new = self.row(before), self.row(after)
        if old == new:
            return 0
        moved = old and new and any(old[key] != new[key] for key in self.keys)
        if moved:
            return units(item_bytes(old), 1024) + units(item_bytes(new), 1024)
        return units(max(item_bytes(old), item_bytes(new)), 1024)


class Table:
    """A table's keys and indexes."""

    def __init__(self, described: dict) -> None:
        self.keys = [key["AttributeName"] for key in described["KeySchema"]]
        self.indexes = [Index(one, self.keys) for one in described.get("GlobalSecondaryIndexes", [])]

    def stored_bytes(self, items: list[dict]) -> int:
        """The bytes of the items in the table and its indexes."""
        rows = items + [row for index in self.indexes for item in items if (row := index.row(item))]
        return sum(item_bytes(row) + ROW_OVERHEAD for row in rows)


class Meter:
    """The proxy and its counts. A count's name is `service.operation` or a unit such as `dynamodb.write units`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.changing = threading.Lock()
        self.last = time.monotonic()
        self.port = 0
        self.dynamodb = None
        self.tables: dict[str, Table] = {}
        meter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments) -> None:
                pass

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

            def do_POST(self) -> None:
                meter.pass_on(self)

            do_GET = do_PUT = do_DELETE = do_HEAD = do_POST

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward_to(self, port: int) -> None:
        self.port = port

    def know(self, dynamodb, names: list[str]) -> None:
        """Learns the tables. Until then it counts DynamoDB's calls without units."""
        self.tables = {name: Table(dynamodb.describe_table(TableName=name)["Table"]) for name in names}
        self.dynamodb = dynamodb

    def take(self) -> Counter[str]:
        """The counts since the last time."""
        with self.lock:
            taken, self.counts = self.counts, Counter()
        return taken

    def quiet(self, seconds: float = 1.0) -> None:
        """Waits until so many seconds passed without a call."""
        while time.monotonic() - self.last < seconds:
            time.sleep(0.1)

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        body = read_body(asked)
        service, operation = named(asked)
        self.last = time.monotonic()
        parsed = json.loads(body) if service == "dynamodb" and body else {}
        # One change at a time, so the item read before it is the one that it changes.
        with self.changing if service == "dynamodb" and operation in CHANGES else contextlib.nullcontext():
            before = self.items(parsed, operation)
            status, headers, answer = self.ask(asked, body)
            counted = Counter({f"{service}.{operation}": 1})
            if service == "dynamodb" and self.dynamodb:
                counted += self.dynamodb_units(operation, parsed, before, status, answer)
        if service == "s3":
            counted += Counter({"s3.bytes in": len(body), "s3.bytes out": len(answer)})
        with self.lock:
            self.counts += counted
        self.last = time.monotonic()
        asked.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                asked.send_header(name, value)
        asked.send_header("content-length", str(len(answer)))
        asked.end_headers()
        if asked.command != "HEAD":
            asked.wfile.write(answer)

    def ask(self, asked: BaseHTTPRequestHandler, body: bytes):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            headers = {name: value for name, value in asked.headers.items()
                       if name.lower() not in ("transfer-encoding", "connection", "content-length")}
            connection.request(asked.command, asked.path, body, {**headers, "content-length": str(len(body))})
            answered = connection.getresponse()
            return answered.status, answered.getheaders(), answered.read()
        finally:
            connection.close()

    # ------------------------------------------------------------------------------ DynamoDB

    def items(self, parsed: dict, operation: str) -> list[dict | None]:
        """The items of a change, as they are before it."""
        if not self.dynamodb or operation not in CHANGES:
            return []
        found = []
        for _, change in changes(operation, parsed):
            table = self.tables[change["TableName"]]
            key = {name: (change.get("Key") or change.get("Item"))[name] for name in table.keys}
            found.append(self.now(change["TableName"], key))
        return found

    def now(self, table: str, key: dict) -> dict | None:
        found = self.dynamodb.get_item(TableName=table, Key=with_bytes(key), ConsistentRead=True).get("Item")
        return as_json(found) if found else None

    def dynamodb_units(self, operation, parsed, before, status, answer) -> Counter[str]:
        counted: Counter[str] = Counter()
        if operation in CHANGES:
            twice = 2 if operation == "TransactWriteItems" else 1
            for (kind, change), old in zip(changes(operation, parsed), before):
                table = self.tables[change["TableName"]]
                new = old
                if status == 200 and kind != "ConditionCheck":
                    key = {name: (change.get("Key") or change.get("Item"))[name] for name in table.keys}
                    new = self.now(change["TableName"], key)
                elif kind == "Put":
                    new = change["Item"]
                counted["dynamodb.write units"] += twice * units(max(item_bytes(old), item_bytes(new)), 1024)
                if status == 200:
                    for index in table.indexes:
                        counted["dynamodb.index write units"] += index.writes(old, new)
        elif operation in ("GetItem", "Query", "Scan") and status == 200:
            told = json.loads(answer)
            if "FilterExpression" in parsed or "ProjectionExpression" in parsed:
                raise AssertionError("this read returns less than it reads: count that here first")
            found = told.get("Items", [told.get("Item")])
            whole = units(sum(item_bytes(one) for one in found), 4096)
            counted["dynamodb.read units"] += whole if parsed.get("ConsistentRead") else whole / 2
        elif operation == "BatchGetItem" and status == 200:
            told = json.loads(answer)
            if told.get("UnprocessedKeys"):
                raise AssertionError("this call was answered only in part: count that here first")
            for name, asked in parsed["RequestItems"].items():
                found = told["Responses"].get(name, [])
                # Each row counts by itself, and a missing one as the smallest.
                read = sum(units(item_bytes(one), 4096) for one in found) + len(asked["Keys"]) - len(found)
                counted["dynamodb.read units"] += read if asked.get("ConsistentRead") else read / 2
        elif operation not in ("BatchGetItem", "GetItem", "Query", "Scan"):
            raise AssertionError(f"the meter does not know what {operation} costs")
        return counted


CHANGES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


def changes(operation: str, parsed: dict):
    """The single changes of a call: the kind and the members of each."""
    if operation == "TransactWriteItems":
        return [next(iter(one.items())) for one in parsed["TransactItems"]]
    return [(operation.removesuffix("Item"), parsed)]


def with_bytes(key: dict) -> dict:
    return {name: {kind: base64.b64decode(inner) if kind == "B" else inner for kind, inner in value.items()}
            for name, value in key.items()}


def as_json(value):
    """An item of boto3 as DynamoDB's JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [as_json(inner) for inner in value]
    return value


def read_body(asked: BaseHTTPRequestHandler) -> bytes:
    if "chunked" not in asked.headers.get("transfer-encoding", ""):
        return asked.rfile.read(int(asked.headers.get("content-length", 0)))
    parts = []
    while size := int(asked.rfile.readline().split(b";")[0], 16):
        parts.append(asked.rfile.read(size))
        asked.rfile.readline()
    asked.rfile.readline()
    return b"".join(parts)


def named(asked: BaseHTTPRequestHandler) -> tuple[str, str]:
    """A call's service and operation."""
    target = asked.headers.get("x-amz-target", "")
    path, _, query = asked.path.partition("?")
    query = urllib.parse.parse_qs(query, keep_blank_values=True)
    credential = asked.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    credential = credential or query.get("X-Amz-Credential", [""])[0]
    service = credential.split("/")[3] if credential.count("/") >= 4 else "unsigned"
    if target:
        return service, target.rpartition(".")[2]
    if service == "s3":
        if asked.command == "GET" and path.count("/") <= 1 or "list-type" in query:
            return "s3", "ListObjects"
        return "s3", {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}.get(
            asked.command, f"{asked.command}Object")
    if service == "lambda":
        return "lambda", "Invoke"
    return service, f"{asked.command} {path.split('/')[1] if '/' in path else ''}"
