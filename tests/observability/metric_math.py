"""CloudWatch's metric math: parses an expression, and evaluates it over series.

It follows using-metric-math.html ("Metric math syntax and functions", "Using IF expressions"), and refuses unknown
features by name.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field


class Unknown(Exception):
    """Something that CloudWatch refuses, or that is not evaluated here."""


# A series holds one value for each of the periods in the evaluation range, the oldest first.
Series = list[float | None]


@dataclass
class Parsed:
    """A parsed expression: a number, text, id, call, list or operation."""

    kind: str
    value: str | float
    parts: list["Parsed"] = field(default_factory=list)


_TOKEN = re.compile(r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>"[^"]*"|'[^']*')"""
                    r"""|(?P<operator>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]))""")
_PRECEDENCE = [("||", "OR"), ("&&", "AND"), ("==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/"), ("^",)]


class _Expression:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, at = text, [], 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise Unknown(f"cannot read {text[at:]!r} in the expression {self.text!r}")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def parse(self) -> Parsed:
        parsed = self._level(0)
        if self.tokens:
            raise Unknown(f"{self.tokens[0][1]!r} is superfluous in the expression {self.text!r}")
        return parsed

    def _next(self) -> str | None:
        return self.tokens[0][1] if self.tokens else None

    def _take(self, wanted: str | None = None) -> tuple[str, str]:
        if not self.tokens or (wanted is not None and self.tokens[0][1] != wanted):
            raise Unknown(f"{wanted or 'something'} is missing in the expression {self.text!r}")
        return self.tokens.pop(0)

    def _level(self, level: int) -> Parsed:
        if level == len(_PRECEDENCE):
            return self._unary()
        left = self._level(level + 1)
        while self.tokens and self.tokens[0][0] != "text" and self._next() in _PRECEDENCE[level]:
            operator = {"OR": "||", "AND": "&&"}.get(self._next(), self._next())
            self._take()
            left = Parsed("operation", operator, [left, self._level(level + 1)])
        return left

    def _unary(self) -> Parsed:
        if self._next() == "-":
            self._take()
            return Parsed("operation", "-", [Parsed("number", 0.0), self._unary()])
        kind, value = self._take()
        if kind == "number":
            return Parsed("number", float(value))
        if kind == "text":
            return Parsed("text", value[1:-1])
        if value == "(":
            inner = self._level(0)
            self._take(")")
            return inner
        if value == "[":
            return Parsed("list", "[", self._until("]"))
        if kind == "name" and self._next() == "(":
            self._take()
            return Parsed("call", value, self._until(")"))
        if kind == "name":
            return Parsed("id", value)
        raise Unknown(f"{value!r} is not expected in the expression {self.text!r}")

    def _until(self, end: str) -> list[Parsed]:
        items = []
        while self._next() != end:
            items.append(self._level(0))
            if self._next() != end:
                self._take(",")
        self._take(end)
        return items


@functools.cache
def parse_expression(text: str) -> Parsed:
    return _Expression(text).parse()


def calls_of(parsed: Parsed) -> set[str]:
    return ({str(parsed.value)} if parsed.kind == "call" else set()).union(*(calls_of(part) for part in parsed.parts))


def ids_of(parsed: Parsed) -> set[str]:
    return ({str(parsed.value)} if parsed.kind == "id" else set()).union(*(ids_of(part) for part in parsed.parts))


_OPERATIONS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "^": lambda a, b: a ** b,
    "/": lambda a, b: a / b if b else None,
    "==": lambda a, b: float(a == b), "!=": lambda a, b: float(a != b), "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b), "<=": lambda a, b: float(a <= b), ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)), "||": lambda a, b: float(bool(a) or bool(b)),
}
_OVER_ARRAYS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum, "MAX": max, "MIN": min, "AVG": lambda values: sum(values) / len(values)}


class Math:
    """Evaluates expressions over the series of a request, each a list of equal length."""

    def __init__(self, metrics: dict[str, Series], expressions: dict[str, str], length: int, fills_empty: bool = True) -> None:
        self.metrics, self.expressions, self.length, self.fills_empty = metrics, expressions, length, fills_empty

    def series(self, identifier: str) -> Series:
        value = self._id(identifier, ())
        if isinstance(value, float):
            raise Unknown(f"{identifier} is a single number: an alarm needs a series")
        if value and isinstance(value[0], list):
            raise Unknown(f"{identifier} is several series: an alarm watches one")
        return value

    def _id(self, identifier: str, inside: tuple[str, ...]):
        if identifier in self.metrics:
            return self.metrics[identifier]
        if identifier in inside:
            raise Unknown(f"{identifier} is computed from itself")
        if identifier not in self.expressions:
            raise Unknown(f"no metric or expression has the id {identifier}")
        return self._evaluate(parse_expression(self.expressions[identifier]), (*inside, identifier))

    def _evaluate(self, parsed: Parsed, inside: tuple[str, ...]):
        if parsed.kind == "number":
            return parsed.value
        if parsed.kind == "id":
            return self._id(str(parsed.value), inside)
        if parsed.kind == "list":
            flat = []
            for part in parsed.parts:
                value = self._evaluate(part, inside)
                flat += value if value and isinstance(value, list) and isinstance(value[0], list) else [value]
            return flat
        if parsed.kind == "operation":
            left, right = (self._evaluate(part, inside) for part in parsed.parts)
            return self._operate(str(parsed.value), left, right)
        if parsed.kind == "call":
            return self._call(str(parsed.value), parsed.parts, inside)
        raise Unknown(f"{parsed.value!r} is not expected here")

    def _operate(self, operator: str, left, right):
        if any(isinstance(side, list) and side and isinstance(side[0], list) for side in (left, right)):
            raise Unknown(f"{operator} over several series is not evaluated here: name them one by one")
        operation = _OPERATIONS[operator]
        if isinstance(left, float) and isinstance(right, float):
            return operation(left, right)
        result: Series = []
        for index in range(self.length):
            a, b = (side if isinstance(side, float) else side[index] for side in (left, right))
            present = [value for side, value in ((left, a), (right, b)) if not isinstance(side, float) and value is not None]
            # "Missing values in a time series are treated as 0": if the other side has one.
            result.append(operation(a or 0.0, b or 0.0) if present else None)
        return result

    def _call(self, function: str, arguments: list[Parsed], inside: tuple[str, ...]):
        if function == "METRICS":
            wanted = str(arguments[0].value) if arguments else ""
            return [series for identifier, series in self.metrics.items() if wanted in identifier]
        if function in _OVER_ARRAYS:
            value = self._evaluate(arguments[0], inside)
            if len(arguments) != 1 or not isinstance(value, list) or not value or not isinstance(value[0], list):
                raise Unknown(f"{function} of one series is a number over however many periods CloudWatch happens to read, "
                              "which AWS advises against in alarms: give it a list of series")
            result: Series = []
            for index in range(self.length):
                present = [one[index] for one in value]
                result.append(None if all(item is None for item in present) else _OVER_ARRAYS[function]([item or 0.0 for item in present]))
            return result
        if function == "FILL":
            value, filler = self._evaluate(arguments[0], inside), arguments[1]
            if filler.kind == "id" and filler.value in ("REPEAT", "LINEAR"):
                raise Unknown(f"FILL with {filler.value} is not evaluated here: fill with a number")
            number = self._evaluate(filler, inside)

            def filled(series: Series) -> Series:
                empty = all(item is None for item in series)
                return series if empty and not self.fills_empty else [number if item is None else item for item in series]

            return [filled(one) for one in value] if value and isinstance(value[0], list) else filled(value)
        if function == "IF":
            return self._if(*(self._evaluate(argument, inside) for argument in arguments))
        if function in ("ABS", "CEIL", "FLOOR"):
            operation = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}[function]
            return [None if item is None else float(operation(item)) for item in self._evaluate(arguments[0], inside)]
        raise Unknown(f"the function {function} is not evaluated here: add it to cloudwatch.py, as AWS documents it")

    def _if(self, condition, then, otherwise=None):
        def at(side, index: int) -> float | None:
            return side if side is None or isinstance(side, float) else side[index]

        if isinstance(condition, float):
            chosen = then if condition else otherwise
            return chosen if isinstance(chosen, list) else [chosen] * self.length
        result: Series = []
        for index, truth in enumerate(condition):
            if truth is None:
                result.append(None)
            elif truth:
                value = at(then, index)
                result.append(0.0 if value is None else value)
            else:
                result.append(at(otherwise, index))
        return result
