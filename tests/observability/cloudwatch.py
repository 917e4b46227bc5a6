"""A small CloudWatch: metrics from log lines, and the states of alarms.

It follows AWS's documentation, and refuses unknown features by name, so it never silently evaluates anything
differently from AWS.

- metrics in log lines: CloudWatch_Embedded_Metric_Format_Specification.html
- metric math: `metric_math.py`
- states: alarm-evaluation.html, alarms-and-missing-data.html ("How alarm state is evaluated when data
  is missing"), alarm-evaluation-window.html (a window that slides, the default)
- composites: API_PutCompositeAlarm.html (AlarmRule)
- limits: API_PutMetricAlarm.html, API_PutCompositeAlarm.html

all of https://docs.aws.amazon.com/AmazonCloudWatch/latest/ (monitoring or APIReference). Times are whole
seconds since 1970; an alarm is evaluated at each whole minute, over periods that end there.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from metric_math import Math, Series, Unknown, calls_of, ids_of, parse_expression

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
MINUTE = 60


@dataclass(frozen=True)
class Reading:
    """One reading of the points that AWS leaves open; an alarm must behave under each.

    AWS reads more periods than EvaluationPeriods names, and does not say how many more ("depends on the length
    of the alarm period"): in its own tables it is 2. It also leaves open whether FILL fills a series without a value.
    """

    extra: int
    fills_empty: bool

    def __str__(self) -> str:
        return f"it reads {self.extra} more periods, and FILL {'fills' if self.fills_empty else 'leaves'} an empty series"


READINGS = (Reading(0, True), Reading(2, True), Reading(2, False))

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
STATISTICS = ("Sum", "Maximum", "Minimum", "Average", "SampleCount")
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
         "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Count/Second", "None"}
MOST_DIMENSIONS = 30


# ------------------------------------------------------------------------------------ metrics

Dimensions = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Datum:
    """One value of a log line, under one set of dimensions."""

    namespace: str
    metric: str
    unit: str
    dimensions: Dimensions
    value: float
    at: int


def metrics_of(line: dict) -> list[Datum]:
    """CloudWatch's values from a log line in the embedded metric format. Faults raise `Unknown`."""
    meta = line.get("_aws")
    if not isinstance(meta, dict) or not isinstance(meta.get("Timestamp"), int) or not meta.get("CloudWatchMetrics"):
        raise Unknown("_aws has no Timestamp in milliseconds, or no CloudWatchMetrics")
    found = []
    for directive in meta["CloudWatchMetrics"]:
        namespace, sets, metrics = (directive.get(key) for key in ("Namespace", "Dimensions", "Metrics"))
        if not namespace or not isinstance(sets, list) or not sets or not isinstance(metrics, list) or not metrics:
            raise Unknown("a directive without Namespace, Dimensions or Metrics")
        if len(metrics) > 100:
            raise Unknown("more than 100 metrics in one directive")
        for metric in metrics:
            name, unit = metric.get("Name"), metric.get("Unit", "None")
            if unit not in UNITS:
                raise Unknown(f"{name}: {unit} is no unit of CloudWatch")
            values = line.get(name)
            values = values if isinstance(values, list) else [values]
            if any(isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) for value in values):
                raise Unknown(f"{name}: the line has no number of that name")
            for names in sets:
                if len(names) > MOST_DIMENSIONS or len(set(names)) != len(names):
                    raise Unknown(f"{name}: too many dimensions, or one twice")
                if any(not isinstance(line.get(dimension), str) or not line[dimension] for dimension in names):
                    raise Unknown(f"{name}: a dimension without a text: {', '.join(names)}")
                dimensions = frozenset((dimension, line[dimension]) for dimension in names)
                found += [Datum(namespace, name, unit, dimensions, float(value), meta["Timestamp"] // 1000) for value in values]
    return found


class Metrics:
    """Every stored value, by namespace, name and exact dimensions: CloudWatch does not sum over dimensions."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, Dimensions], tuple[list[int], list[float]]] = {}
        self._points: dict[Query, dict[int, float | None]] = {}

    def put(self, datum: Datum) -> None:
        self._points.clear()
        times, values = self._series.setdefault((datum.namespace, datum.metric, datum.dimensions), ([], []))
        at = bisect.bisect_right(times, datum.at)
        times.insert(at, datum.at)
        values.insert(at, datum.value)

    def put_line(self, line: dict) -> None:
        for datum in metrics_of(line):
            self.put(datum)

    def between(self, namespace: str, metric: str, dimensions: Dimensions, start: int, end: int) -> list[float]:
        """The values at or after `start` and before `end`."""
        times, values = self._series.get((namespace, metric, dimensions), ([], []))
        return values[bisect.bisect_left(times, start):bisect.bisect_left(times, end)]

    def points(self, query: Query, starts: range) -> list[float | None]:
        """The data points of the periods that begin then. An alarm reads each one once for every minute in its range, so
        they are kept."""
        kept = self._points.setdefault(query, {})
        for start in starts:
            if start not in kept:
                kept[start] = statistic(query.statistic, self.between(
                    query.namespace, query.metric, query.dimensions, start, start + query.period))
        return [kept[start] for start in starts]


def statistic(name: str, values: list[float]) -> float | None:
    """`None` without values: CloudWatch then has no data point, not a zero."""
    if percentile := re.fullmatch(r"p(\d{1,2}(?:\.\d+)?|100)", name):
        if not values:
            return None
        ordered = sorted(values)
        rank = float(percentile[1]) / 100 * (len(ordered) - 1)
        low = math.floor(rank)
        return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (rank - low)
    if name not in STATISTICS:
        raise Unknown(f"{name} is no statistic of CloudWatch, or not evaluated here")
    if not values:
        return None
    return {"Sum": sum(values), "Maximum": max(values), "Minimum": min(values),
            "Average": sum(values) / len(values), "SampleCount": float(len(values))}[name]


# ------------------------------------------------------------------------------------ alarms


@dataclass(frozen=True)
class Query:
    """A metric of an alarm or a widget."""

    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    period: int


def state_of(points: list[bool | None], periods: int, to_alarm: int, treatment: str, before: str) -> str:
    """AWS's documented state for data points, the oldest first: breaching, not, or missing (`None`).

    `points` cover the whole evaluation range, which is `periods` long or longer.
    """
    real = [point for point in points if point is not None]
    if len(real) >= periods:
        return ALARM if sum(real[-periods:]) >= to_alarm else OK
    breaching, filled = sum(real), periods - len(real)
    if treatment == "breaching":
        return ALARM if breaching + filled >= to_alarm else OK
    if treatment == "notBreaching":
        return ALARM if breaching >= to_alarm else OK
    if not real:
        return before if treatment == "ignore" else INSUFFICIENT_DATA
    if breaching >= to_alarm:
        return ALARM
    if breaching < len(real):
        return OK
    if treatment == "ignore":
        return before
    # "Avoiding premature transitions": the breaching point is old enough, and no later one contradicts it.
    oldest = len(points) - points.index(True)
    return ALARM if oldest >= to_alarm else INSUFFICIENT_DATA


class Alarm:
    """A metric alarm, from the properties of `AWS::CloudWatch::Alarm`."""

    def __init__(self, properties: dict) -> None:
        self.name: str = properties["AlarmName"]
        for unknown in ("ThresholdMetricId", "EvaluateLowSampleCountPercentile", "EvaluationWindow"):
            if unknown in properties:
                raise Unknown(f"{self.name}: {unknown} is not evaluated here")
        self.periods = int(properties["EvaluationPeriods"])
        self.to_alarm = int(properties.get("DatapointsToAlarm", self.periods))
        self.threshold = float(properties["Threshold"])
        self.treatment: str = properties.get("TreatMissingData", "missing")
        if properties["ComparisonOperator"] not in COMPARISONS:
            raise Unknown(f"{self.name}: the comparison {properties['ComparisonOperator']} is not evaluated here")
        if self.treatment not in TREATMENTS:
            raise Unknown(f"{self.name}: {self.treatment} is no treatment of missing data")
        self.breaches = COMPARISONS[properties["ComparisonOperator"]]
        self.queries: dict[str, Query] = {}
        self.expressions: dict[str, str] = {}
        if "Metrics" in properties:
            returned = []
            for query in properties["Metrics"]:
                if "Expression" in query:
                    self.expressions[query["Id"]] = query["Expression"]
                else:
                    stat = query["MetricStat"]
                    self.queries[query["Id"]] = _query(stat["Metric"], stat["Stat"], stat["Period"])
                if query.get("ReturnData", True) in (True, "true"):
                    returned.append(query["Id"])
            if len(returned) != 1:
                raise Unknown(f"{self.name}: exactly one query returns data, here it is {', '.join(returned) or 'none'}")
            self.watched = returned[0]
        else:
            self.queries["metric"] = _query(
                properties, properties.get("Statistic") or properties["ExtendedStatistic"], properties["Period"])
            self.watched = "metric"
        periods = {query.period for query in self.queries.values()}
        if len(periods) != 1:
            raise Unknown(f"{self.name}: its metrics have different periods")
        self.period = periods.pop()
        self._breaching: dict[tuple, list[bool | None]] = {}

    def points(self, metrics: Metrics, at: int, reading: Reading) -> list[bool | None]:
        """The points of the evaluation range that ends at `at`, the oldest first."""
        length = self.periods + reading.extra
        starts = range(at - length * self.period, at, self.period)
        series: dict[str, Series] = {identifier: metrics.points(query, starts) for identifier, query in self.queries.items()}
        # Most minutes see what the minute before saw.
        key = (length, reading.fills_empty, *map(tuple, series.values()))
        if key not in self._breaching:
            watched = Math(series, self.expressions, length, reading.fills_empty).series(self.watched)
            self._breaching[key] = [None if value is None else self.breaches(value, self.threshold) for value in watched]
        return self._breaching[key]

    def state(self, metrics: Metrics, at: int, reading: Reading, before: str) -> str:
        return state_of(self.points(metrics, at, reading), self.periods, self.to_alarm, self.treatment, before)

    def history(self, metrics: Metrics, start: int, end: int, reading: Reading) -> list[tuple[int, str]]:
        """Each change of state with its time, from `INSUFFICIENT_DATA` before `start`."""
        state, changes = INSUFFICIENT_DATA, []
        for at in range(start, end + 1, MINUTE):
            following = self.state(metrics, at, reading, state)
            if following != state:
                changes.append((at, following))
                state = following
        return changes


def _query(metric: dict, stat: str, period) -> Query:
    dimensions = frozenset((dimension["Name"], dimension["Value"]) for dimension in metric.get("Dimensions", []))
    return Query(metric["Namespace"], metric["MetricName"], dimensions, stat, int(period))


_RULE_TOKEN = re.compile(r"""\s*(?:(?P<function>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s"()]+))\s*\)"""
                         r"""|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))""")


class Composite:
    """A composite alarm, from the properties of `AWS::CloudWatch::CompositeAlarm`."""

    def __init__(self, properties: dict) -> None:
        self.name: str = properties["AlarmName"]
        self.rule: str = properties["AlarmRule"]
        if "ActionsSuppressor" in properties:
            raise Unknown(f"{self.name}: ActionsSuppressor is not evaluated here")
        self._tokens: list[tuple[str, str, str]] = []
        at, text = 0, self.rule.rstrip()
        while at < len(text):
            match = _RULE_TOKEN.match(text, at)
            if not match:
                raise Unknown(f"{self.name}: cannot read {text[at:at + 40]!r} in its rule")
            if match["function"]:
                name = match["quoted"] or match["bare"]
                # A rule names an alarm by its name or its ARN.
                self._tokens.append(("alarm", match["function"], name.rsplit(":alarm:", 1)[-1]))
            else:
                self._tokens.append(("word", match["word"] or match["bracket"], ""))
            at = match.end()
        self.children = [name for kind, _, name in self._tokens if kind == "alarm"]
        self.state({})

    def state(self, states: dict[str, str]) -> str:
        """`ALARM` or `OK`, from the children's states; a missing child is `OK`."""
        tokens = list(self._tokens)

        def either() -> bool:
            truth = both()
            while tokens and tokens[0][1] == "OR":
                tokens.pop(0)
                truth = both() or truth
            return truth

        def both() -> bool:
            truth = one()
            while tokens and tokens[0][1] == "AND":
                tokens.pop(0)
                truth = one() and truth
            return truth

        def one() -> bool:
            if not tokens:
                raise Unknown(f"{self.name}: its rule ends too early")
            kind, word, name = tokens.pop(0)
            if kind == "alarm":
                return states.get(name, OK) == word
            if word == "NOT":
                return not one()
            if word == "(":
                truth = either()
                if not tokens or tokens.pop(0)[1] != ")":
                    raise Unknown(f"{self.name}: a bracket of its rule is not closed")
                return truth
            if word in ("TRUE", "FALSE"):
                return word == "TRUE"
            raise Unknown(f"{self.name}: {word} is not expected in its rule")

        truth = either()
        if tokens:
            raise Unknown(f"{self.name}: {tokens[0][1]} is superfluous in its rule")
        return ALARM if truth else OK


# ------------------------------------------------------------------------------------ limits


def over_limits(properties: dict, alarm: Alarm) -> Iterable[str]:
    """PutMetricAlarm's refusals, by its documentation."""
    if alarm.period not in (10, 20, 30) and (alarm.period < 60 or alarm.period % 60):
        yield f"a period of {alarm.period} s: 10, 20, 30 or a multiple of 60"
    if alarm.period < 60:
        yield f"a period of {alarm.period} s is for metrics of high resolution, and ours are not"
    longest = 7 * 86_400 if alarm.period >= 3_600 else 86_400
    if alarm.period * alarm.periods > longest:
        yield f"{alarm.periods} periods of {alarm.period} s are longer than {longest} s"
    if not 1 <= alarm.to_alarm <= alarm.periods:
        yield f"{alarm.to_alarm} data points to alarm of {alarm.periods}"
    if len(alarm.queries) > 10:
        yield f"{len(alarm.queries)} metrics in one expression; CloudWatch takes 10"
    if not alarm.name.isascii() or not 1 <= len(alarm.name) <= 255:
        yield "its name is not ASCII, or longer than 255 characters"
    if len(properties.get("AlarmDescription", "")) > 1024:
        yield "its description is longer than 1,024 characters"
    if "TreatMissingData" not in properties:
        yield "it does not say how missing data is treated"
    for identifier in (*alarm.queries, *alarm.expressions):
        if not re.fullmatch(r"[a-z][A-Za-z0-9_]*", identifier):
            yield f"the id {identifier} does not begin with a lower-case letter"
    for text in alarm.expressions.values():
        if "SEARCH" in calls_of(parse_expression(text)):
            yield "an alarm cannot watch a SEARCH"
    # Every requested metric must be used: a superfluous one costs money, and hides a mistake.
    if alarm.expressions and "METRICS" not in set().union(*(calls_of(parse_expression(text)) for text in alarm.expressions.values())):
        used = set().union(*(ids_of(parse_expression(text)) for text in alarm.expressions.values()), {alarm.watched})
        for identifier in sorted({*alarm.queries, *alarm.expressions} - used):
            yield f"{identifier} is used by no expression"


# (points, {treatment: state}), 3 of 3 and 2 of 3, five data points read: the tables of
# alarms-and-missing-data.html. X breaches, 0 does not, - is missing; None keeps the previous state.
DOCUMENTED = {
    3: [("0 - X - X", {"missing": OK, "ignore": OK, "breaching": OK, "notBreaching": OK}),
        ("0 - - - -", {"missing": OK, "ignore": OK, "breaching": OK, "notBreaching": OK}),
        ("- - - - -", {"missing": INSUFFICIENT_DATA, "ignore": None, "breaching": ALARM, "notBreaching": OK}),
        ("0 X X - X", {"missing": ALARM, "ignore": ALARM, "breaching": ALARM, "notBreaching": ALARM}),
        ("- - X - -", {"missing": ALARM, "ignore": None, "breaching": ALARM, "notBreaching": OK})],
    2: [("0 - X - X", {"missing": ALARM, "ignore": ALARM, "breaching": ALARM, "notBreaching": ALARM}),
        ("0 0 X 0 X", {"missing": ALARM, "ignore": ALARM, "breaching": ALARM, "notBreaching": ALARM}),
        ("0 - X - -", {"missing": OK, "ignore": OK, "breaching": ALARM, "notBreaching": OK}),
        ("- - - - 0", {"missing": OK, "ignore": OK, "breaching": ALARM, "notBreaching": OK}),
        ("- - - X -", {"missing": ALARM, "ignore": None, "breaching": ALARM, "notBreaching": OK})],
}


def unlike_aws(decide: Callable[[list[bool | None], int, int, str, str], str] = state_of) -> list[str]:
    """Differences between `decide` and AWS's own tables."""
    complaints = []
    for to_alarm, rows in DOCUMENTED.items():
        for text, expected in rows:
            points = [{"X": True, "0": False, "-": None}[mark] for mark in text.split()]
            for treatment, state in expected.items():
                for before in (OK, ALARM):
                    answer = decide(points, 3, to_alarm, treatment, before)
                    if answer != (state or before):
                        complaints.append(f"{to_alarm} of 3, {text}, {treatment}, was {before}: {answer}")
    return complaints
