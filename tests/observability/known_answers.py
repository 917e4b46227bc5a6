"""Our CloudWatch and our Logs Insights, against examples whose answer is known."""

from __future__ import annotations

import json

import insights
from cloudwatch import state_of, unlike_aws
from metric_math import Math, Unknown
from rules import Tally


def check_evaluation(tally: Tally) -> None:
    """Our CloudWatch against AWS's own examples."""
    tally.expect("missing data has the effect of AWS's tables", unlike_aws())
    tally.expect_complaint("the comparison with AWS's tables notices zeros for missing data", unlike_aws(
        lambda points, periods, to_alarm, treatment, before: state_of([bool(point) for point in points], periods, to_alarm, treatment, before)))
    tally.expect_complaint("the comparison with AWS's tables notices missing reads beyond the window", unlike_aws(
        lambda points, periods, to_alarm, treatment, before: state_of(points[-periods:], periods, to_alarm, treatment, before)))
    # The examples of using-metric-math.html; - is missing.
    none = None
    for text, series, expected in [
        ("IF(m1, m2, m3)", {"m1": [1, 1, 0, 0, none], "m2": [30, none, 0, 0, 30], "m3": [0, 0, 20, none, 20]}, [30, 0, 20, none, none]),
        ("IF(m1, 5, m3)", {"m1": [1, 1, 0, 0, none], "m3": [0, 0, 20, none, 20]}, [5, 5, 20, none, none]),
        ("IF(m1, m2, 5)", {"m1": [1, 1, 0, 0, none], "m2": [30, none, 0, 0, 30]}, [30, 0, 5, 5, none]),
        ("m1 < m2", {"m1": [30, 20, 0, 0], "m2": [20, none, 20, none]}, [0, 0, 1, 0]),
        ("m1 >= 30", {"m1": [30, 20, 0, 0]}, [1, 0, 0, 0]),
        ("m1 > 15 AND m2 > 15", {"m1": [30, 20, 0, 0], "m2": [20, none, 20, none]}, [1, 0, 0, 0]),
        ("100 * m1 / m2", {"m1": [1, 3, none], "m2": [4, 0, 2]}, [25, none, 0]),
        ("SUM(FILL(METRICS(), 0))", {"m1": [1, none], "m2": [none, none]}, [1, 0]),
        ("SUM([m1, m2])", {"m1": [1, none], "m2": [none, none]}, [1, none]),
    ]:
        floats = {name: [none if item is none else float(item) for item in values] for name, values in series.items()}
        answer = Math(floats, {"e": text}, len(expected)).series("e")
        tally.expect(f"metric math: {text}", [] if answer == expected else [f"{answer}, not {expected}"])
    for text in ("SUM(m1)", "MAX(m1)", "ANOMALY_DETECTION_BAND(m1)", "m1 +", "m9", "RATE(m1)", "1", "METRICS()"):
        try:
            Math({"m1": [1.0]}, {"e": text}, 1).series("e")
            refused = []
        except Unknown as error:
            refused = [str(error)]
        tally.expect_complaint(f"metric math: {text} is refused by name", refused)


def check_queries(tally: Tally) -> None:
    """Our Logs Insights against lines with a known answer."""
    lines = [json.dumps({"timestamp": f"2026-11-24T08:0{index}:00.000Z", "level": level, "n": index, "a": {"b": [index]}, "ok": index > 1})
             for index, level in enumerate(("INFO", "WARN", "WARN"))]
    lines.append("REPORT RequestId: r Duration: 58.5 ms\tBilled Duration: 59 ms\tMemory Size: 256 MB\tMax Memory Used: 30 MB\t"
                 "Init Duration: 20.5 ms")
    events = [insights.event(line, "g") for line in lines]
    for text, expected in [
        ('filter level = "WARN" | stats count(*) as times, max(n) as most by level', [{"level": "WARN", "times": 2, "most": 2.0}]),
        ("filter a.b.0 >= 1 | sort n desc | limit 1 | display n", [{"n": 2}]),
        ('filter level like /^I/ or level in ["X"] | fields n + 1 as next | display next', [{"next": 1.0}]),
        ('filter not ispresent(n) and @type = "REPORT" | fields @billedDuration / 1000 as s | display s', [{"s": 0.059}]),
        ('parse @message "RequestId: * Duration" as id | filter ispresent(id) | display id', [{"id": "r"}]),
        ("parse @message /Size: (?<size>\\d+)/ | filter ispresent(size) | display size", [{"size": "256"}]),
        ("filter ispresent(level) | dedup level | stats count(*)", [{"count(*)": 2}]),
        ("filter ispresent(n) | stats latest(n) as last by bin(1h)", [{"bin(1h)": 1795507200000.0, "last": 2}]),
        ('filter level != "INFO" and ispresent(n) | stats sum(n) / count(*) as mean', [{"mean": 1.5}]),
        ("filter n = 5", []),
    ]:
        answer = insights.run(insights.parse(text), events)
        tally.expect(f"query: {text}", [] if answer == expected else [f"{answer}, not {expected}"])
    for text in ("", "fields", "filter n ==", "filter (n = 1", "stats n by x", "stats count(*) | filter n = 1", "limit 0", "sort n upwards",
                 "fields nosuch(n)", "unnest n", 'parse @message "a * b *" as x', "display n | filter n = 1", 'filter n like 5'):
        try:
            insights.fields_needed(insights.parse(text))
            refused = []
        except insights.Refused as error:
            refused = [str(error)]
        tally.expect_complaint(f"query: {text!r} is refused", refused)
