"""The metrics that an end-to-end run wrote, against docs/METRICS.md."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace

from cloudwatch import Datum, metrics_of
from faults import rule
from metric_math import Unknown
from scenarios import NAMESPACE
from subject import Documented, Subject


def line_with(subject: Subject, metric: str) -> dict:
    """A copy of a real line with the metric, in place of every line with it."""
    line = copy.deepcopy(next(line for line in subject.emitted if f'"{metric}"' in json.dumps(line["_aws"])))
    subject.emitted = [other for other in subject.emitted if f'"{metric}"' not in json.dumps(other["_aws"])] + [line]
    return line


def directive_with(subject: Subject, metric: str) -> dict:
    return next(one for one in line_with(subject, metric)["_aws"]["CloudWatchMetrics"] if metric in json.dumps(one))


@rule(("a metric that nothing wrote", lambda s: s.catalogue.update(RequestsLate=Documented("Count", (frozenset({"Stage"}),)))),
      ("a metric that is not documented", lambda s: s.catalogue.pop("VendorCalls")),
      ("a set of dimensions that nothing wrote", lambda s: s.catalogue.update(
          VendorCalls=Documented("Count", (frozenset({"Stage"}), frozenset({"Stage", "Connector"}))))),
      ("a set of dimensions that is not documented", lambda s: directive_with(s, "VendorCalls")["Dimensions"].append(["service"])),
      ("another unit", lambda s: s.catalogue.update(VendorLatency=replace(s.catalogue["VendorLatency"], unit="Seconds"))),
      ("another namespace", lambda s: directive_with(s, "VendorCalls").update(Namespace="rightful")),
      ("a line that CloudWatch cannot read", lambda s: line_with(s, "VendorCalls").pop("VendorCalls")),
      ("an id as a dimension", lambda s: line_with(s, "VendorCalls").update(Connector="01a20c78-fdc3-7124-8ca1-9355c5b3b9fe")),
      ("an address as a dimension", lambda s: line_with(s, "VendorCalls").update(Connector="ada@example.com")),
      ("an unneeded exception", lambda s: s.never_emitted.update(VendorCalls=("planted", next(iter(re.findall(r"fn (\w+)\(", s.rust)))))),
      ("an exception without its test", lambda s: (s.catalogue.update(RequestsLate=Documented("Count", (frozenset({"Stage"}),))),
                                                  s.never_emitted.update(RequestsLate=("planted", "no_such_test")))),
      needs_logs=True)
def documented_metrics_were_written_with_exactly_those_dimensions_and_no_others(subject):
    seen: dict[str, set[frozenset[str]]] = {}
    told: set[str] = set()
    for line in subject.emitted:
        try:
            data: list[Datum] = metrics_of(line)
        except Unknown as error:
            told.add(f"a line of {line.get('service')}: {error}")
            continue
        for datum in data:
            dimensions = dict(datum.dimensions)
            seen.setdefault(datum.metric, set()).add(frozenset(dimensions))
            documented = subject.catalogue.get(datum.metric)
            if documented is None or datum.namespace != NAMESPACE:
                told.add(f"{datum.namespace} {datum.metric} is not in docs/METRICS.md")
            elif frozenset(dimensions) not in documented.sets:
                told.add(f"{datum.metric} by {', '.join(sorted(dimensions))} is not in docs/METRICS.md")
            elif datum.unit != documented.unit:
                told.add(f"{datum.metric} in {datum.unit}, documented in {documented.unit}")
            for name, value in dimensions.items():
                if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", value) or re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", value):
                    told.add(f"{datum.metric}: {name} has a value outside a closed list")
    yield from sorted(told)
    for name, documented in subject.catalogue.items():
        missing = set(documented.sets) - seen.get(name, set())
        if missing and name not in subject.never_emitted:
            yield f"no function wrote {name} by {'; '.join(', '.join(sorted(names)) for names in missing)}"
    for name, (_, test) in subject.never_emitted.items():
        if name not in subject.catalogue or not set(subject.catalogue[name].sets) - seen.get(name, set()):
            yield f"{name}: an unneeded exception: it was written"
        if f"fn {test}(" not in subject.rust:
            yield f"{name}: there is no test {test}"
