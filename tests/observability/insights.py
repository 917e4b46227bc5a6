"""Parses a Logs Insights query, lists the fields that it needs, and runs it over log lines.

It knows the commands and functions of "CloudWatch Logs Insights language query syntax"
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html) that the saved queries use, and
refuses any other by name. Lines become events as AWS documents it ("Supported logs and discovered
fields", CWL_AnalyzeLogData-discoverable-fields.html): JSON by its members, nested ones with dots, and
Lambda's own START, END and REPORT lines by the fields that begin with @.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

Row = dict[str, object]

SYSTEM_FIELDS = {"@timestamp", "@message", "@ingestionTime", "@logStream", "@log", "@ptr"}
LAMBDA_FIELDS = {"@requestId", "@duration", "@billedDuration", "@initDuration", "@memorySize", "@maxMemoryUsed", "@type"}

# function -> the allowed numbers of arguments
FUNCTIONS = {
    "ispresent": (1,), "isempty": (1,), "isblank": (1,), "coalesce": range(1, 20), "concat": range(1, 20), "strcontains": (2,),
    "strlen": (1,), "toupper": (1,), "tolower": (1,), "trim": (1,), "replace": (3,), "substr": (2, 3), "abs": (1,), "ceil": (1,),
    "floor": (1,), "greatest": range(1, 20), "least": range(1, 20), "bin": (1,), "datefloor": (2,), "fromMillis": (1,),
    "toMillis": (1,), "if": (3,),
}
AGGREGATES = {"count": (0, 1), "count_distinct": (1,), "sum": (1,), "avg": (1,), "min": (1,), "max": (1,), "pct": (2,),
              "earliest": (1,), "latest": (1,)}
SPANS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "%": lambda a, b: a % b,
    "^": lambda a, b: a ** b,
}


class Refused(Exception):
    """A query that Logs Insights refuses, or that this module does not know."""


# ------------------------------------------------------------------------------------ events


def flattened(value, prefix: str = "") -> Row:
    """JSON's members, nested ones with dots; an empty object or array has none."""
    members = value.items() if isinstance(value, dict) else ((str(index), item) for index, item in enumerate(value))
    row: Row = {}
    for name, item in members:
        if isinstance(item, (dict, list)):
            row |= flattened(item, f"{prefix}{name}.")
        elif item is not None:
            row[prefix + name] = item
    return row


_PLATFORM_LINE = re.compile(r"(START|END|REPORT) RequestId: (\S+)")
_REPORTED = {"Duration": "@duration", "Billed Duration": "@billedDuration", "Init Duration": "@initDuration",
             "Memory Size": "@memorySize", "Max Memory Used": "@maxMemoryUsed"}


def event(line: str, group: str) -> Row:
    """One line of a log group as Logs Insights sees it."""
    row: Row = {"@message": line, "@log": group, "@logStream": "stream", "@ptr": "ptr"}
    if line.startswith("{"):
        try:
            row |= flattened(json.loads(line))
        except ValueError:
            pass
    elif match := _PLATFORM_LINE.match(line):
        row |= {"@type": match[1], "@requestId": match[2]}
        for name, number in re.findall(r"([A-Z][A-Za-z ]+): ([\d.]+) (?:ms|MB)", line):
            if name in _REPORTED:
                row[_REPORTED[name]] = float(number)
    if isinstance(row.get("timestamp"), str):
        row["@timestamp"] = row["@ingestionTime"] = datetime.fromisoformat(str(row["timestamp"])).timestamp() * 1000
    elif isinstance(row.get("_aws.Timestamp"), (int, float)):
        row["@timestamp"] = row["@ingestionTime"] = row["_aws.Timestamp"]
    return row


_LOGGED = re.compile(r"tracing::(error|warn|info)!\(")


def lines_in_source(rust: str) -> list[Row]:
    """The lines of log calls in Rust source: level, message and the names of their fields, without real values."""
    rows = []
    for match in _LOGGED.finditer(rust):
        depth, at, quoted = 1, match.end(), False
        while depth and at < len(rust):
            mark = rust[at]
            if mark == '"' and rust[at - 1] != "\\":
                quoted = not quoted
            depth += 0 if quoted else {"(": 1, ")": -1}.get(mark, 0)
            at += 1
        arguments = re.findall(r'(?:"(?:\\.|[^"\\])*"|\((?:[^()]|\([^()]*\))*\)|[^,()])+', rust[match.end():at - 1])
        row: Row = {"level": match[1].upper(), "@timestamp": 0.0}
        for argument in (argument.strip() for argument in arguments):
            if text := re.fullmatch(r'"((?:\\.|[^"\\])*)"', argument):
                row["message"] = text[1]
            elif named := re.match(r"[%?]?([a-z_]+)(?:\s*=|$)", argument):
                row[named[1]] = "written"
        rows.append(row)
    return rows


# ------------------------------------------------------------------------------------ reading


@dataclass
class Node:
    """Part of an expression: number, text, pattern, span, field, star, call, operation or list."""

    kind: str
    value: object
    parts: list["Node"] = field(default_factory=list)
    text: str = ""


@dataclass
class Command:
    name: str
    items: list[tuple[Node, str]] = field(default_factory=list)
    by: list[tuple[Node, str]] = field(default_factory=list)
    makes: list[str] = field(default_factory=list)
    pattern: re.Pattern | None = None
    descending: list[bool] = field(default_factory=list)
    number: int = 0


_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<pattern>/(?:\\.|[^/\\\n])+/i?)"""
                    r"""|(?P<span>\d+(?:ms|[smhdw])\b)|(?P<number>\d+(?:\.\d+)?)"""
                    r"""|(?P<quoted>`[^`]+`)|(?P<name>@?[A-Za-z_][A-Za-z0-9_.@]*)|(?P<operator>=~|!=|<=|>=|[-+*/%^<>=(),\[\]]))""")
# A slash after a value is a division; after anything else it begins a pattern.
_NO_PATTERN = re.compile(r"""\s*(?P<operator>/)""")


def split_commands(text: str) -> list[str]:
    """Splits at the bars outside texts and patterns, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    parts = re.findall(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?<=\s)/(?:\\.|[^/\\\n])+/|[^|])+""", "\n".join(lines))
    return [part.strip() for part in parts if part.strip()]


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.tokens: list[tuple[str, str, int, int]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            kind, last = self.tokens[-1][:2] if self.tokens else ("", "")
            after_value = kind in ("number", "quoted", "text") or last in (")", "]") or (
                kind == "name" and last.lower() not in ("like", "and", "or", "not"))
            match = (_NO_PATTERN.match(text, at) if after_value else None) or _TOKEN.match(text, at)
            if not match:
                raise Refused(f"cannot read {text[at:at + 40]!r}")
            self.tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
            at = match.end()

    def peek(self, offset: int = 0) -> str:
        return self.tokens[self.at + offset][1] if self.at + offset < len(self.tokens) else ""

    def word(self, *words: str) -> bool:
        """Consumes one of the words, if it comes next."""
        if self.at < len(self.tokens) and self.tokens[self.at][0] in ("name", "operator") and self.peek().lower() in words:
            self.at += 1
            return True
        return False

    def need(self, word: str) -> None:
        if not self.word(word):
            raise Refused(f"{word} is missing before {self.peek() or 'the end'} in {self.text!r}")

    def done(self) -> bool:
        return self.at == len(self.tokens)

    def finish(self) -> None:
        if not self.done():
            raise Refused(f"{self.peek()!r} is superfluous in {self.text!r}")

    def either(self) -> Node:
        left = self.both()
        while self.word("or"):
            left = Node("operation", "or", [left, self.both()])
        return left

    def both(self) -> Node:
        left = self.negated()
        while self.word("and"):
            left = Node("operation", "and", [left, self.negated()])
        return left

    def negated(self) -> Node:
        if self.word("not"):
            return Node("operation", "not", [self.negated()])
        return self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        negated = self.peek().lower() == "not" and self.peek(1).lower() in ("like", "in")
        if negated:
            self.at += 1
        if self.word("like", "=~"):
            node = Node("operation", "like", [left, self.sum()])
            if node.parts[1].kind not in ("text", "pattern"):
                raise Refused(f"like needs a text or a /pattern/ in {self.text!r}")
        elif self.word("in"):
            self.need("[")
            items = [self.sum()]
            while self.word(","):
                items.append(self.sum())
            self.need("]")
            node = Node("operation", "in", [left, Node("list", None, items)])
        elif self.peek() in ("=", "!=", "<", "<=", ">", ">="):
            operator = self.peek()
            self.at += 1
            node = Node("operation", operator, [left, self.sum()])
        else:
            return left
        return Node("operation", "not", [node]) if negated else node

    def sum(self) -> Node:
        left = self.product()
        while self.peek() in ("+", "-") and self.tokens[self.at][0] == "operator":
            operator = self.peek()
            self.at += 1
            left = Node("operation", operator, [left, self.product()])
        return left

    def product(self) -> Node:
        left = self.single()
        while self.peek() in ("*", "/", "%", "^") and self.tokens[self.at][0] == "operator":
            operator = self.peek()
            self.at += 1
            left = Node("operation", operator, [left, self.single()])
        return left

    def single(self) -> Node:
        if self.done():
            raise Refused(f"something is missing at the end of {self.text!r}")
        kind, value, start, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Node("number", float(value), text=value)
        if kind == "span":
            amount, unit = re.fullmatch(r"(\d+)(\w+)", value).groups()
            return Node("span", int(amount) * SPANS[unit], text=value)
        if kind == "text":
            return Node("text", re.sub(r"\\(.)", r"\1", value[1:-1]), text=value)
        if kind == "pattern":
            try:
                return Node("pattern", re.compile(value.strip("i")[1:-1], re.IGNORECASE if value.endswith("i") else 0), text=value)
            except re.error as error:
                raise Refused(f"{value}: {error}") from None
        if kind == "quoted":
            return Node("field", value[1:-1], text=value[1:-1])
        if value == "(":
            node = self.either()
            self.need(")")
            return node
        if value == "*":
            return Node("star", "*", text="*")
        if value == "-":
            return Node("operation", "-", [Node("number", 0.0), self.single()])
        if kind == "name" and self.peek() == "(":
            self.at += 1
            parts = []
            while self.peek() != ")":
                parts.append(self.either())
                if self.peek() != ")":
                    self.need(",")
            self.need(")")
            takes = FUNCTIONS.get(value) or AGGREGATES.get(value)
            if takes is None:
                raise Refused(f"the function {value} is not known here: add it to insights.py, as AWS documents it")
            if len(parts) not in takes:
                raise Refused(f"{value} with {len(parts)} arguments")
            return Node("call", value, parts, text=self.text[start:self.tokens[self.at - 1][3]])
        if kind == "name":
            return Node("field", value, text=value)
        raise Refused(f"{value!r} is not expected in {self.text!r}")

    def named(self) -> tuple[Node, str]:
        start = self.tokens[self.at][2] if not self.done() else 0
        node = self.either()
        text = self.text[start:self.tokens[self.at - 1][3]].strip()
        if self.word("as"):
            kind, value, _, _ = self.tokens[self.at]
            self.at += 1
            if kind not in ("name", "quoted"):
                raise Refused(f"{value!r} is no name in {self.text!r}")
            return node, value.strip("`")
        return node, str(node.value) if node.kind == "field" else text

    def list(self) -> list[tuple[Node, str]]:
        items = [self.named()]
        while self.word(","):
            items.append(self.named())
        return items


def parse(text: str) -> list[Command]:
    """Every command of a query. Raises `Refused`."""
    commands = []
    for part in split_commands(text):
        name, _, rest = part.partition(" ") if " " in part.split("\n")[0] else part.partition("\n")
        name, rest = name.strip(), rest.strip()
        if name == "parse":
            commands.append(_parse(rest))
            continue
        reader, command = _Reader(rest), Command(name)
        if name in ("fields", "display"):
            command.items = reader.list()
        elif name == "filter":
            command.items = [(reader.either(), "")]
        elif name == "stats":
            command.items = reader.list()
            if reader.word("by"):
                command.by = reader.list()
            for node, _ in command.items:
                if not _aggregates(node):
                    raise Refused(f"{node.text!r} in stats aggregates nothing")
        elif name == "sort":
            while True:
                node, alias = reader.named()
                command.items.append((node, alias))
                command.descending.append(reader.word("desc") or (reader.word("asc") and False))
                if not reader.word(","):
                    break
        elif name == "limit":
            node = reader.single()
            if node.kind != "number" or not 1 <= float(node.value) <= 10_000:
                raise Refused("a limit is a number from 1 to 10,000")
            command.number = int(float(node.value))
        elif name == "dedup":
            command.items = reader.list()
        else:
            raise Refused(f"the command {name!r} is not known here: add it to insights.py, as AWS documents it")
        reader.finish()
        commands.append(command)
    if not commands:
        raise Refused("an empty query")
    names = [command.name for command in commands]
    if "display" in names[:-1] and names.index("display") < max(index for index, name in enumerate(names) if name != "limit"):
        raise Refused("display comes last")
    return commands


def _parse(rest: str) -> Command:
    match = re.fullmatch(r"""(@?[\w.]+)\s+(?:"([^"]+)"|'([^']+)')\s+as\s+(.+)""", rest, re.DOTALL)
    if match:
        source, glob, names = match[1], match[2] or match[3], [name.strip() for name in match[4].split(",")]
        if glob.count("*") != len(names):
            raise Refused(f"{glob.count('*')} stars in parse, and {len(names)} names")
        pattern = re.compile("(.*?)".join(map(re.escape, glob.split("*"))) + ("$" if glob.endswith("*") else ""), re.DOTALL)
        return Command("parse", [(Node("field", source), source)], makes=names, pattern=pattern)
    match = re.fullmatch(r"(@?[\w.]+)\s+/(.+)/", rest, re.DOTALL)
    if not match:
        raise Refused(f"parse {rest!r}: a field, then a text with stars and names, or a /pattern/ with named groups")
    try:
        pattern = re.compile(re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", match[2]))
    except re.error as error:
        raise Refused(f"parse: {error}") from None
    if not pattern.groupindex:
        raise Refused("parse: the pattern has no named groups")
    return Command("parse", [(Node("field", match[1]), match[1])], makes=list(pattern.groupindex), pattern=pattern)


def _aggregates(node: Node) -> bool:
    return (node.kind == "call" and node.value in AGGREGATES) or any(_aggregates(part) for part in node.parts)


def _fields_of(node: Node) -> set[str]:
    own = {str(node.value)} if node.kind == "field" else set()
    return own.union(*(_fields_of(part) for part in node.parts))


def fields_needed(commands: list[Command]) -> set[str]:
    """The fields that the query reads and does not create."""
    made, needed, closed = set(), set(), False
    for command in commands:
        for node, _ in (*command.items, *command.by):
            for name in _fields_of(node):
                if name not in made:
                    if closed:
                        raise Refused(f"{name} no longer exists after stats")
                    needed.add(name)
        if command.name == "stats":
            made, closed = {alias for _, alias in (*command.items, *command.by)}, True
        elif command.name == "fields":
            made |= {alias for node, alias in command.items if node.kind != "field" or alias != node.value}
        made |= set(command.makes)
    return needed


# ------------------------------------------------------------------------------------ running


def _number(value) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None


def _compared(operator: str, left, right) -> bool:
    if left is None or right is None:
        return operator == "!=" and left is not right
    a, b = _number(left), _number(right)
    if a is None or b is None:
        a, b = _text(left), _text(right)
    return {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def _text(value) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


def value_of(node: Node, row: Row):
    if node.kind == "field":
        return row.get(str(node.value))
    if node.kind in ("number", "text", "span", "pattern"):
        return node.value
    if node.kind == "operation":
        operator, parts = str(node.value), node.parts
        if operator == "not":
            return not value_of(parts[0], row)
        if operator in ("and", "or"):
            left, right = (bool(value_of(part, row)) for part in parts)
            return (left and right) if operator == "and" else (left or right)
        left = value_of(parts[0], row)
        if operator == "like":
            if left is None:
                return False
            pattern = parts[1].value
            return pattern in _text(left) if isinstance(pattern, str) else bool(pattern.search(_text(left)))
        if operator == "in":
            return any(_compared("=", left, value_of(item, row)) for item in parts[1].parts)
        right = value_of(parts[1], row)
        if operator in ("=", "!=", "<", "<=", ">", ">="):
            return _compared(operator, left, right)
        a, b = _number(left), _number(right)
        if a is None or b is None or (operator in "/%" and not b):
            return None
        return ARITHMETIC[operator](a, b)
    if node.kind == "call":
        return _call(str(node.value), node, row)
    raise Refused(f"{node.text!r} has no value here")


def _call(function: str, node: Node, row: Row):
    values = [value_of(part, row) for part in node.parts]
    first = values[0] if values else None
    if function == "ispresent":
        return first is not None
    if function == "isempty":
        return first is None or first == ""
    if function == "isblank":
        return first is None or not _text(first).strip()
    if function == "coalesce":
        return next((value for value in values if value is not None), None)
    if function == "if":
        return values[1] if first else values[2]
    if function == "bin":
        at = _number(row.get("@timestamp"))
        return None if at is None else at // float(first) * float(first)
    if function == "concat":
        return "".join(_text(value) for value in values if value is not None)
    if any(value is None for value in values):
        return None
    numbers = [_number(value) for value in values]
    texts: dict[str, Callable] = {
        "strcontains": lambda: int(_text(values[1]) in _text(first)), "strlen": lambda: len(_text(first)), "toupper": lambda: _text(first).upper(),
        "tolower": lambda: _text(first).lower(), "trim": lambda: _text(first).strip(), "replace": lambda: _text(first).replace(_text(values[1]), _text(values[2])),
        "substr": lambda: _text(first)[int(numbers[1]):][:int(numbers[2]) if len(numbers) > 2 else None],
        "fromMillis": lambda: numbers[0], "toMillis": lambda: numbers[0],
    }
    if function in texts:
        return texts[function]()
    if any(number is None for number in numbers):
        return None
    return {"abs": lambda: abs(numbers[0]), "ceil": lambda: math.ceil(numbers[0]), "floor": lambda: math.floor(numbers[0]),
            "greatest": lambda: max(numbers), "least": lambda: min(numbers), "datefloor": lambda: numbers[0] // numbers[1] * numbers[1]}[function]()


def _aggregate(node: Node, rows: list[Row]):
    if node.kind == "operation":
        inner = [Node("number", _aggregate(part, rows)) if _aggregates(part) else part for part in node.parts]
        return value_of(Node("operation", node.value, inner), rows[0])
    if node.kind != "call" or node.value not in AGGREGATES:
        if node.kind == "call":
            parts = [Node("text", _aggregate(part, rows)) if _aggregates(part) else part for part in node.parts]
            return _call(str(node.value), Node("call", node.value, parts), rows[0])
        return value_of(node, rows[0])
    if node.value == "count" and (not node.parts or node.parts[0].kind == "star"):
        return len(rows)
    values = [value for value in (value_of(node.parts[0], row) for row in rows) if value is not None]
    if node.value == "count":
        return len(values)
    if node.value == "count_distinct":
        return len({_text(value) for value in values})
    if node.value in ("earliest", "latest"):
        timed = [(row["@timestamp"], value_of(node.parts[0], row)) for row in rows if row.get("@timestamp") is not None]
        timed = [pair for pair in timed if pair[1] is not None]
        return (min if node.value == "earliest" else max)(timed, key=lambda pair: pair[0])[1] if timed else None
    numbers = [number for number in map(_number, values) if number is not None]
    if not numbers:
        of_texts = {"min": min, "max": max}.get(str(node.value))
        return of_texts(map(_text, values)) if values and of_texts else None
    if node.value == "pct":
        return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * float(node.parts[1].value) / 100))]
    return {"sum": sum, "avg": lambda found: sum(found) / len(found), "min": min, "max": max}[str(node.value)](numbers)


def run(commands: list[Command], events: Iterable[Row]) -> list[Row]:
    """The query's rows, over events of every group that it names."""
    rows: list[Row] = [dict(row) for row in events]
    shown: list[str] | None = None
    for command in commands:
        if command.name == "filter":
            rows = [row for row in rows if value_of(command.items[0][0], row)]
        elif command.name in ("fields", "display"):
            for row in rows:
                row.update({alias: value for node, alias in command.items if (value := value_of(node, row)) is not None})
            shown = (shown or []) * (command.name == "fields") + [alias for _, alias in command.items]
        elif command.name == "parse":
            for row in rows:
                match = command.pattern.search(_text(row.get(command.items[0][1], "")))
                if match:
                    row.update(zip(command.makes, match.groups()))
        elif command.name == "stats":
            groups: dict[tuple, list[Row]] = {}
            for row in rows:
                groups.setdefault(tuple(value_of(node, row) for node, _ in command.by), []).append(row)
            rows = [dict(zip((alias for _, alias in command.by), key)) | {alias: _aggregate(node, group) for node, alias in command.items}
                    for key, group in groups.items()]
            shown = None
        elif command.name == "sort":
            for (node, _), descending in reversed(list(zip(command.items, command.descending))):
                def order(row: Row, node=node):
                    value = row.get(node.text) if node.kind == "call" and node.text in row else value_of(node, row)
                    number = _number(value)
                    return (value is not None, number is not None, number or 0.0, _text(value))
                rows.sort(key=order, reverse=descending)
        elif command.name == "limit":
            rows = rows[:command.number]
        elif command.name == "dedup":
            seen: dict[tuple, Row] = {}
            for row in rows:
                key = tuple(_text(value_of(node, row)) for node, _ in command.items)
                seen.setdefault(key, row)
            rows = list(seen.values())
    if shown is not None:
        rows = [{name: row[name] for name in shown if name in row} for row in rows]
        rows = [row for row in rows if row]
    return rows
