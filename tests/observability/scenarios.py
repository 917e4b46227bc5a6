"""A normal day of a deployment, and for each alarm the causes that fire it, and those that nearly do.

Rightful's own metrics come from log lines in the embedded metric format: with log files, a real line of that
metric with another value and time; otherwise a line of the shape in docs/METRICS.md. The metrics of AWS's services
follow AWS's documentation. Times are seconds since 1970.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from cloudwatch import Datum, Metrics

STAGE = "local"
API = "a1b2c3d4e5"
NAMESPACE = "Rightful"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
MIDNIGHT = 20_700 * DAY
RECONCILE_EVERY = 300
SYNTHETIC_AT = 6 * HOUR
TICKETS_AT = 7 * HOUR

FUNCTIONS = ("intake", "search", "submit", "status-check", "review", "close", "reconcile", "console")
MACHINES = ("fulfil-request", "fulfil-source")
SUCCEEDED, FAILED, TIMED_OUT, ABORTED = ENDS = ("ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")

# The metrics of each run of the reconciliation, on a normal day.
GAUGES: dict[str, Callable[[int], float]] = {
    "ReconcileRuns": lambda at: 1,
    # In one run an hour another worker holds a request, and the next run brings it forward.
    "RequestsNotBroughtForward": lambda at: float(at % HOUR < RECONCILE_EVERY),
    "RequestsOpen": lambda at: 12,
    "OldestOpenSeconds": lambda at: 15 * DAY,
    "NearestDeadlineSeconds": lambda at: 15 * DAY,
    "RequestsAtRisk": lambda at: 0,
    "RequestsOverdue": lambda at: 0,
    "UnknownOperations": lambda at: 1,
    # An unknown task is resolved within twenty hours.
    "OldestUnknownSeconds": lambda at: at % (20 * HOUR),
    "AwaitingReview": lambda at: 3,
    "OldestReviewSeconds": lambda at: 2 * DAY,
    # Somebody gives a missing identifier within the day.
    "MissingIdentifier": lambda at: float(8 * HOUR <= at % DAY < 20 * HOUR),
    "ForgettingOverdue": lambda at: 0,
    "EventChainsBroken": lambda at: 0,
}

# (namespace, metric, dimensions, value, time)
Value = tuple[str, str, dict[str, str], float, int]


def own(metric: str, value: float, at: int, **dimensions: str) -> Value:
    return NAMESPACE, metric, dimensions, value, at


def vendor_call(connector: str, at: int, failed: bool = False) -> Iterator[Value]:
    for metric, value in (("VendorCalls", 1), ("VendorErrors", int(failed)), ("VendorThrottles", 0), ("VendorLatency", 180)):
        yield own(metric, value, at, Connector=connector)


def execution_ended(machine: str, end: str, at: int) -> Iterator[Value]:
    arn = f"arn:aws:states:eu-central-1:123456789012:stateMachine:rightful-{STAGE}-{machine}"
    for metric in ENDS:
        yield "AWS/States", metric, {"StateMachineArn": arn}, float(metric == end), at


def function_called(name: str, at: int, errors: int = 0, throttles: int = 0) -> Iterator[Value]:
    for metric, value in (("Errors", errors), ("Throttles", throttles)):
        yield "AWS/Lambda", metric, {"FunctionName": f"rightful-{STAGE}-{name}"}, value, at


def undelivered(messages: int, at: int) -> Value:
    return "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": f"rightful-{STAGE}-undelivered"}, messages, at


def api_called(at: int, failed: bool) -> Value:
    return "AWS/ApiGateway", "5xx", {"ApiId": API}, float(failed), at


def call_throttled(at: int) -> Value:
    """The metric that the filter on the API's access log derives from a line."""
    return NAMESPACE, "CallsThrottled", {"ApiId": API}, 1, at


def normal(start: int, end: int, connectors: Iterable[str]) -> Iterator[Value]:
    """A deployment in daily use, with the everyday faults that need nobody."""
    for at in range(start - start % RECONCILE_EVERY + 20, end, RECONCILE_EVERY):
        for metric, value in GAUGES.items():
            yield own(metric, value(at), at)
        for name in FUNCTIONS:
            yield from function_called(name, at)
    for hour in range(start - start % HOUR, end, HOUR):
        by_day = 6 * HOUR <= hour % DAY < 22 * HOUR
        if by_day:
            yield own("RequestsReceived", 1, hour + 100)
            yield own("RequestsClosed", 1, hour + 900)
            yield own("RequestDurationSeconds", 3 * DAY, hour + 900)
            yield own("TasksSettled", 1, hour + 850)
            yield own("VerificationFound", 0, hour + 850)
            # Somebody takes part in a campaign while their erasure is under way.
            yield own("RecordsAppeared", 1, hour + 800)
            for offset in (100, 3_100):
                yield own("DeliveriesAccepted", 1, hour + offset)
            for offset in (200, 400, 3_000):
                yield own("DeliveriesRefused", 1, hour + offset)
                yield own("DeliveriesAccepted", 0, hour + offset)
            for machine in MACHINES:
                yield from execution_ended(machine, SUCCEEDED, hour + 910)
            # Functions fail during a vendor's short outage, and one call finds all environments busy.
            for offset in range(600, 900, 30):
                yield from function_called("status-check", hour + offset, errors=1)
            yield from function_called("search", hour + 1_000, throttles=1)
            # One call in an hour meets a store that is busy.
            for offset in range(0, HOUR, 120):
                yield api_called(hour + offset, failed=offset == 1_200)
        if hour % (3 * HOUR) == 0:
            yield from execution_ended("fulfil-source", FAILED, hour + 1_500)
        for connector in connectors:
            for offset in range(40, HOUR, 75) if by_day else ():
                yield from vendor_call(connector, hour + offset, failed=offset % 750 == 40)
            if hour % DAY == 3 * HOUR:
                # Few calls at night: their failure says little.
                for offset in range(0, 90, 30):
                    yield from vendor_call(connector, hour + offset, failed=True)
        if hour % DAY == TICKETS_AT:
            yield own("TicketsUnreceived", 0, hour + 300)
        if hour % DAY == SYNTHETIC_AT:
            yield own("SyntheticSucceeded", 1, hour + 300)
            yield own("SyntheticFailed", 0, hour + 300)


@dataclass
class Cause:
    """A difference from a normal day, from its start to its end.

    `gauges` replace the reconciliation's normal values. `silent` metrics are not written at all. `events` come in
    addition, by the seconds since its start.
    """

    lasts: int
    gauges: dict[str, float] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    events: list[tuple[int, Callable[[int], Iterable[Value]]]] = field(default_factory=list)


@dataclass
class Scenario:
    """An alarm's cause, when the alarm fires, and when it clears: seconds after the cause's start, and after its end.

    `also` are other causes, each with its own times; `near` are causes that must not fire it.
    """

    composites: frozenset[str]
    cause: Cause
    fires: tuple[int, int]
    clears: tuple[int, int]
    near: dict[str, Cause] = field(default_factory=dict)
    also: dict[str, tuple[Cause, tuple[int, int], tuple[int, int]]] = field(default_factory=dict)
    # The time of day when it begins.
    hour: int = 10 * HOUR


class World:
    """Makes metrics from values. `shapes` are the sets of dimensions of each of our metrics, `lines` real log lines."""

    def __init__(self, shapes: dict[str, tuple[str, list[list[str]]]], connectors: Iterable[str], lines: dict[str, dict] | None = None) -> None:
        self.shapes, self.connectors, self.lines = shapes, sorted(connectors), lines or {}
        self._days: dict[int, dict[tuple[str, str], list[Value]]] = {}

    def normal_day(self, midnight: int) -> dict[tuple[str, str], list[Value]]:
        """The values of a normal day by namespace and metric, made once."""
        if midnight not in self._days:
            day = self._days[midnight] = {}
            for value in normal(midnight, midnight + DAY, self.connectors):
                day.setdefault(value[:2], []).append(value)
        return self._days[midnight]

    def line(self, metric: str, value: float, at: int, dimensions: dict[str, str]) -> dict:
        """A log line with the one metric."""
        if metric in self.lines:
            line = copy.deepcopy(self.lines[metric])
            directives = [{**one, "Metrics": [entry for entry in one["Metrics"] if entry["Name"] == metric]} for one in line["_aws"]["CloudWatchMetrics"]]
            line["_aws"]["CloudWatchMetrics"] = [one for one in directives if one["Metrics"]]
        else:
            unit, sets = self.shapes[metric]
            line = {"_aws": {"CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": [{"Name": metric, "Unit": unit}]}]}}
            # Values of dimensions that no alarm uses.
            line |= {name: "any" for names in sets for name in names}
        return line | {"Stage": STAGE, metric: value} | dimensions | {"_aws": line["_aws"] | {"Timestamp": at * 1000}}

    def metrics(self, wanted: set[tuple[str, str]], start: int, end: int, cause: Cause | None = None, begins: int = 0) -> Metrics:
        """The wanted metrics (namespace and name) of a normal time with a cause."""
        found = Metrics()
        ends = begins + cause.lasts if cause else begins
        days = [self.normal_day(midnight) for midnight in range(start - start % DAY, end, DAY)]
        for namespace, metric, dimensions, value, at in (value for day in days for name in wanted for value in day.get(name, ())):
            if not start <= at < end:
                continue
            if cause and begins <= at < ends:
                if metric in cause.silent:
                    continue
                if metric in cause.gauges:
                    value = cause.gauges[metric]
            self._put(found, (namespace, metric, dimensions, value, at))
        for offset, event in cause.events if cause else ():
            for entry in event(begins + offset):
                if entry[:2] in wanted:
                    self._put(found, entry)
        return found

    def _put(self, metrics: Metrics, value: Value) -> None:
        namespace, metric, dimensions, number, at = value
        if namespace == NAMESPACE and metric in self.shapes:
            metrics.put_line(self.line(metric, number, at, dimensions))
        else:
            metrics.put(Datum(namespace, metric, "None", frozenset(dimensions.items()), float(number), at))


def _gauge(**gauges: float) -> Cause:
    return Cause(2 * HOUR, gauges=gauges)


def _calls(connector: str, calls: int, failed: int, within: int = 10 * MINUTE) -> Cause:
    """Calls to one vendor with evenly spread failures, and no others for a quarter of an hour."""
    made = [(10 + index * within // calls, lambda at, bad=index * failed % calls < failed: vendor_call(connector, at, bad))
            for index in range(calls)]
    return Cause(15 * MINUTE, silent=("VendorCalls", "VendorErrors"), events=made)


def _executions(*ends: tuple[int, str, str], lasts: int = MINUTE) -> Cause:
    return Cause(lasts, silent=("ExecutionsFailed",), events=[
        (offset, lambda at, machine=machine, end=end: execution_ended(machine, end, at)) for offset, machine, end in ends])


def _functions(errors: int = 0, throttles: int = 0) -> Cause:
    """Spread over every function and over twelve minutes."""
    each = [(index * 36, lambda at, name=FUNCTIONS[index % len(FUNCTIONS)]: function_called(name, at, int(bool(errors)), int(bool(throttles))))
            for index in range(errors or throttles)]
    return Cause(13 * MINUTE, silent=("Errors", "Throttles"), events=each)


def _answers(failed: int) -> Cause:
    """Ten calls of the API within twelve minutes, this many answered with 5xx."""
    return Cause(13 * MINUTE, silent=("5xx",), events=[
        (index * 70, lambda at, bad=index >= 10 - failed: [api_called(at, bad)]) for index in range(10)])


def _refused(count: int, within: int = 3_500) -> Cause:
    return Cause(HOUR, silent=("DeliveriesRefused",), events=[
        (10 + index * within // count, lambda at: [own("DeliveriesRefused", 1, at)]) for index in range(count)])


def _throttled(event: Callable[[int], Iterable[Value]]) -> Cause:
    return Cause(MINUTE, events=[(10, event)])


def _unaccepted(hours: int) -> Cause:
    """One delivery in six hours, each refused."""
    return Cause(hours * HOUR, silent=("DeliveriesAccepted",), events=[
        (hour * HOUR + 10, lambda at: [own("DeliveriesAccepted", 0, at)]) for hour in range(0, hours, 6)])


SILENT = tuple(GAUGES)
# The metrics that a run omits when it has no time to count all open work (docs/METRICS.md).
COUNTED = tuple(metric for metric in GAUGES if metric not in ("ReconcileRuns", "RequestsNotBroughtForward", "EventChainsBroken"))
LEGAL, PLATFORM = frozenset({"legal-risk"}), frozenset({"platform-health"})
AT_THE_NEXT_RUN = (0, 2 * MINUTE)
A_DAY_LATER = (23 * HOUR, 27 * HOUR)


def _silent_meanwhile(**gauges: float) -> dict[str, tuple[Cause, tuple[int, int], tuple[int, int]]]:
    """Written by one run; then the reconciliation is silent, and the alarm must stay red."""
    values = list(gauges.items())
    cause = Cause(3 * HOUR, silent=SILENT, events=[(20, lambda at: [own(metric, value, at) for metric, value in values])])
    return {"the reconciliation is silent meanwhile": (cause, AT_THE_NEXT_RUN, AT_THE_NEXT_RUN)}


def scenarios(connectors: Iterable[str]) -> dict[str, Scenario]:
    """By the alarm's name without the stage."""
    found = {
        "deadline-at-risk": Scenario(LEGAL, _gauge(RequestsAtRisk=1), AT_THE_NEXT_RUN, AT_THE_NEXT_RUN, {
            "the nearest deadline is eight days away": _gauge(RequestsAtRisk=0, NearestDeadlineSeconds=8 * DAY)},
            _silent_meanwhile(RequestsAtRisk=1)),
        "deadline-passed": Scenario(LEGAL, _gauge(RequestsOverdue=1, RequestsAtRisk=1), AT_THE_NEXT_RUN, AT_THE_NEXT_RUN, {
            "a deadline is near, and not past": _gauge(RequestsAtRisk=3, NearestDeadlineSeconds=60)}, _silent_meanwhile(RequestsOverdue=1)),
        "unknown-stuck": Scenario(LEGAL, _gauge(OldestUnknownSeconds=DAY), AT_THE_NEXT_RUN, AT_THE_NEXT_RUN, {
            "unknown for a second less than a day": _gauge(OldestUnknownSeconds=DAY - 1, UnknownOperations=30)},
            _silent_meanwhile(OldestUnknownSeconds=DAY)),
        "verification-failed": Scenario(
            LEGAL, Cause(MINUTE, events=[(10, lambda at: [own("VerificationFound", 3, at)])]), AT_THE_NEXT_RUN, A_DAY_LATER, {
                "many tasks settle, and no records are found again": Cause(HOUR, events=[
                    (offset, lambda at: [own("VerificationFound", 0, at)]) for offset in range(0, HOUR, 30)])}),
        "strangers-listed": Scenario(
            LEGAL, Cause(MINUTE, events=[(10, lambda at: [own("StrangersListed", 1, at)])]), AT_THE_NEXT_RUN, A_DAY_LATER, {
                "records are found again and others appear, and each was submitted": Cause(HOUR, events=[
                    (offset, lambda at: [own("VerificationFound", 1, at), own("RecordsAppeared", 2, at)]) for offset in range(0, HOUR, 300)])}, {
                # Three rules within six hours are one alarm, until a day after the last.
                "again six hours later": (
                    Cause(6 * HOUR, events=[(offset, lambda at: [own("StrangersListed", 2, at)]) for offset in (10, 20, 6 * HOUR - 50)]),
                    AT_THE_NEXT_RUN, A_DAY_LATER)}),
        "review-waiting": Scenario(LEGAL, _gauge(OldestReviewSeconds=3 * DAY), AT_THE_NEXT_RUN, AT_THE_NEXT_RUN, {
            "a review waits for a second less than three days": _gauge(OldestReviewSeconds=3 * DAY - 1, AwaitingReview=40)},
            _silent_meanwhile(OldestReviewSeconds=3 * DAY)),
        "identifier-missing": Scenario(
            LEGAL, Cause(30 * HOUR, gauges={"MissingIdentifier": 2}), (24 * HOUR - 5 * MINUTE, 24 * HOUR + 5 * MINUTE), AT_THE_NEXT_RUN, {
                "an identifier is missing for 23 hours": Cause(23 * HOUR, gauges={"MissingIdentifier": 2})}, hour=21 * HOUR),
        "forgetting-overdue": Scenario(LEGAL, _gauge(ForgettingOverdue=1), AT_THE_NEXT_RUN, AT_THE_NEXT_RUN, {}, _silent_meanwhile(ForgettingOverdue=1)),
        "event-chain-broken": Scenario(
            LEGAL | PLATFORM, Cause(RECONCILE_EVERY, gauges={"EventChainsBroken": 1}), AT_THE_NEXT_RUN, A_DAY_LATER),
        # A closing reports it once, when its event is committed.
        "receipt-differs": Scenario(
            LEGAL | PLATFORM, Cause(MINUTE, events=[(10, lambda at: [own("ReceiptsDiffering", 1, at)])]), AT_THE_NEXT_RUN, A_DAY_LATER, {
                "a chain is broken, and the receipt equals the kept one": _gauge(EventChainsBroken=1)}, {
                "another one six hours later": (
                    Cause(6 * HOUR, events=[(offset, lambda at: [own("ReceiptsDiffering", 1, at)]) for offset in (10, 6 * HOUR - 50)]),
                    AT_THE_NEXT_RUN, A_DAY_LATER)}),
        # One comparison a day: the missed tickets are received before the next one.
        "tickets-unreceived": Scenario(
            LEGAL, Cause(DAY, silent=("TicketsUnreceived",), events=[(300, lambda at: [own("TicketsUnreceived", 2, at)])]),
            (5 * MINUTE, 7 * MINUTE), (5 * MINUTE, 7 * MINUTE), hour=TICKETS_AT),
        "executions-failed": Scenario(
            PLATFORM, _executions((0, "fulfil-source", FAILED), (1_200, "fulfil-request", FAILED), (1_800, "fulfil-source", FAILED), lasts=31 * MINUTE),
            (30 * MINUTE, 32 * MINUTE), (25 * MINUTE, 61 * MINUTE), {
                "one execution fails": _executions((0, "fulfil-source", FAILED)),
                "two fail within an hour": _executions((0, "fulfil-source", FAILED), (600, "fulfil-request", FAILED)),
                "three fail within three hours": _executions(*((hour * HOUR, "fulfil-source", FAILED) for hour in range(3)), lasts=3 * HOUR)},
            hour=10 * HOUR + 30 * MINUTE),
        "executions-timed-out": Scenario(
            PLATFORM, _executions((0, "fulfil-request", TIMED_OUT)), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE), {
                "one execution fails": _executions((0, "fulfil-request", FAILED))}, {
                "a nested one": (_executions((0, "fulfil-source", TIMED_OUT)), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE))}),
        "executions-aborted": Scenario(
            PLATFORM, _executions((0, "fulfil-request", ABORTED)), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE), {
                "one execution fails": _executions((0, "fulfil-request", FAILED))}, {
                "a nested one": (_executions((0, "fulfil-source", ABORTED)), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE))}),
        "undelivered": Scenario(
            PLATFORM, Cause(HOUR, events=[(offset, lambda at, lies=offset < HOUR: [undelivered(int(lies), at)])
                                          for offset in range(0, 7 * HOUR, MINUTE)]), AT_THE_NEXT_RUN, (0, 7 * MINUTE), {
                "the queue is empty, and SQS reports it": Cause(HOUR, events=[
                    (offset, lambda at: [undelivered(0, at)]) for offset in range(0, HOUR, MINUTE)])}),
        "reconcile-silent": Scenario(
            PLATFORM | LEGAL, Cause(HOUR, silent=SILENT), (10 * MINUTE, 17 * MINUTE), AT_THE_NEXT_RUN, {
                "one run is missing": Cause(RECONCILE_EVERY, silent=SILENT)}, {
                # Alarms on gauges keep their state without data, so this alarm must report it.
                "runs end, and count nothing of the open work": (Cause(HOUR, silent=COUNTED), (10 * MINUTE, 17 * MINUTE), AT_THE_NEXT_RUN)}),
        "not-brought-forward": Scenario(
            PLATFORM, _gauge(RequestsNotBroughtForward=2), (55 * MINUTE, 62 * MINUTE), AT_THE_NEXT_RUN, {
                "for fifty minutes": Cause(50 * MINUTE, gauges={"RequestsNotBroughtForward": 40})}, hour=10 * HOUR + 20 * MINUTE),
        "api-failing": Scenario(PLATFORM, _answers(5), (9 * MINUTE, 13 * MINUTE), (7 * MINUTE, 10 * MINUTE), {
            "four answers of 5xx within a quarter of an hour": _answers(4)}, hour=10 * HOUR + 40 * MINUTE),
        "functions-failing": Scenario(PLATFORM, _functions(errors=20), (11 * MINUTE, 13 * MINUTE), (0, 5 * MINUTE), {
            "nineteen errors within a quarter of an hour": _functions(errors=19)}, hour=10 * HOUR + 40 * MINUTE),
        "functions-throttled": Scenario(PLATFORM, _functions(throttles=10), (5 * MINUTE, 7 * MINUTE), (0, 5 * MINUTE), {
            "nine throttled calls": _functions(throttles=9)}, hour=10 * HOUR + 40 * MINUTE),
        "deliveries-refused": Scenario(PLATFORM, _refused(20), (50 * MINUTE, 58 * MINUTE), (0, 5 * MINUTE), {
            "fifteen within the hour, after an hour's usual three": _refused(15)}, {
            # A sender that gives up: data that AWS reads beyond the window must not fire the alarm again.
            "all within ten minutes, and none for hours afterwards": (
                replace(_refused(20, within=10 * MINUTE), lasts=5 * HOUR), (9 * MINUTE, 11 * MINUTE), (-4 * HOUR, -4 * HOUR + 5 * MINUTE))}),
        "deliveries-throttled": Scenario(PLATFORM, _throttled(lambda at: [call_throttled(at)]), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE), {
            "calls of other functions are throttled": _throttled(lambda at: function_called("search", at, throttles=1))}, {
            "Lambda throttles one": (_throttled(lambda at: function_called("intake", at, throttles=1)), AT_THE_NEXT_RUN, (58 * MINUTE, 62 * MINUTE))}),
        # From 10 o'clock on none is accepted; the last one was at 9:51:40.
        "deliveries-unaccepted": Scenario(PLATFORM, _unaccepted(30), (23 * HOUR + 50 * MINUTE, 23 * HOUR + 55 * MINUTE), (0, 4 * MINUTE), {
            "one of few is accepted within the day": replace(_unaccepted(30), events=[
                *_unaccepted(30).events, (20 * HOUR, lambda at: [own("DeliveriesAccepted", 1, at)])]),
            "none comes for two days": Cause(2 * DAY, silent=("DeliveriesAccepted",))}),
        "synthetic-failed": Scenario(
            PLATFORM, Cause(DAY, silent=("SyntheticSucceeded", "SyntheticFailed"), events=[
                (300, lambda at: [own("SyntheticSucceeded", 0, at), own("SyntheticFailed", 1, at)])]),
            (5 * MINUTE, 7 * MINUTE), (5 * MINUTE, 7 * MINUTE), hour=SYNTHETIC_AT),
        "synthetic-silent": Scenario(
            PLATFORM, Cause(3 * DAY, silent=("SyntheticSucceeded", "SyntheticFailed")),
            (5 * HOUR + 55 * MINUTE, 18 * HOUR + 10 * MINUTE), (5 * MINUTE, 7 * MINUTE), {
                "one ends well five hours late": Cause(5 * HOUR, silent=("SyntheticSucceeded",), events=[
                    (5 * HOUR, lambda at: [own("SyntheticSucceeded", 1, at)])])}, hour=SYNTHETIC_AT),
    }
    for connector in connectors:
        found[f"vendor-errors-{connector}"] = Scenario(
            PLATFORM, _calls(connector, 12, 12), (7 * MINUTE, 9 * MINUTE), (0, 5 * MINUTE), {
                "nine calls, and all of them fail": _calls(connector, 9, 9),
                "half of twenty calls fail": _calls(connector, 20, 10)}, {
                "eleven of twenty fail": (_calls(connector, 20, 11), (5 * MINUTE, 11 * MINUTE), (0, 10 * MINUTE)),
                # AWS's reads beyond the window include the burst a while longer.
                "all at once, and none afterwards": (_calls(connector, 12, 12, within=30), AT_THE_NEXT_RUN, (0, 32 * MINUTE))},
            hour=23 * HOUR)
    return found


# The alarms that fire for a while after the first deployment, because missing data breaches, and the reason.
ON_A_NEW_DEPLOYMENT = {
    "reconcile-silent": "until the reconciliation has run for the first time",
    "synthetic-silent": "until the first synthetic request has ended well",
}
