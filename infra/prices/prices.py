"""Rightful's cost: counts.json (counted on the embedded stack) times prices.json (AWS's prices).

    prices.py write    writes the tables of docs/COST.md between their markers
    prices.py check    fails when the page differs from what counts, prices and templates give

Both need only Python: no stack, no network.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections import Counter
from pathlib import Path

from meter import Index, item_bytes, units

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "COST.md"

REGION, OTHER_REGION = "eu-central-1", "us-east-1"
VOLUMES = (100, 10_000, 1_000_000)
# The mix of a month's requests, in hundredths.
MIX = {"erasure": 40, "erasure-two": 20, "erasure-reviewed": 20, "access-reviewed": 10, "access-two": 10}
REVIEWED = ("erasure-reviewed", "access-reviewed", "access-two")

HOURS, DAYS = 730, 30.4
RECONCILIATIONS = HOURS * 12
# How long a request waits for a person, on average; the reconciliation examines it once an hour.
REVIEW_DAYS = 2
# A call's time in AWS: to begin (every call counts as a cold one), for each AWS call, for each vendor call.
BEGIN_SECONDS, AWS_CALL_SECONDS, VENDOR_CALL_SECONDS = 0.150, 0.010, 0.500
MEMORY_GB = 0.25
# CloudWatch adds this to each event; an API call's log line is about as long as this.
EVENT_BYTES, ACCESS_LINE_BYTES = 26, 300
# Rows, receipts and copies after a year; rows disappear only by time to live.
MONTHS_KEPT = 12
# The data key rotates every year, and AWS bills at most two of its earlier versions.
EARLIER_KEYS = 2
# In addition to the template's own: one for each data source, and Zendesk's token.
SECRETS_OF_OPERATORS = 3
# How many values a dimension has at most; a connector is a folder.
VALUES = {"Right": 2, "Outcome": 10, "Result": 5}
GIGA = 1e9


# ------------------------------------------------------------------------------------ usage


def calls(counts: dict) -> int:
    """The functions' calls of AWS."""
    return sum(count for name, count in counts.items()
               if re.fullmatch(r"(dynamodb|kms|s3|secretsmanager|states|lambda)\.[A-Z]\w+", name))


def invocations(counts: dict) -> int:
    return sum(count for name, count in counts.items() if name.startswith("invocations.") and " " not in name)


def used(counts: dict) -> Counter[str]:
    """The quantity of each price in the counts of a case, or of a run of the reconciliation."""
    def of(*names: str) -> float:
        return sum(counts.get(name, 0) for name in names)

    began, api = invocations(counts), of("invocations.console", "invocations.intake")
    seconds = began * BEGIN_SECONDS + calls(counts) * AWS_CALL_SECONDS + of("vendor.calls") * VENDOR_CALL_SECONDS
    logged = of("logs.bytes") + EVENT_BYTES * (of("logs.events") + api) + ACCESS_LINE_BYTES * api
    return Counter({
        "states": of("states"),
        "dynamodb-writes": of("dynamodb.write units", "dynamodb.index write units"),
        "dynamodb-reads": of("dynamodb.read units"),
        "dynamodb-storage": MONTHS_KEPT * of("stored.dynamodb bytes") / GIGA,
        "dynamodb-recovery": MONTHS_KEPT * of("stored.dynamodb bytes recoverable") / GIGA,
        "kms-requests": of("kms.Decrypt", "kms.GenerateDataKey", "kms.GenerateMac"),
        "kms-signatures": of("kms.Sign", "kms.GetPublicKey"),
        "secret-requests": sum(count for name, count in counts.items() if name.startswith("secretsmanager.")),
        "s3-writes": of("s3.PutObject", "s3.ListObjects"),
        "s3-reads": of("s3.GetObject", "s3.HeadObject"),
        "s3-storage": MONTHS_KEPT * of("stored.s3 bytes") / GIGA,
        "lambda-requests": began,
        "lambda-gb-seconds": seconds * MEMORY_GB,
        "api-requests": api,
        "logs": logged / GIGA,
        "logs-storage": logged / GIGA,
    })


def times(usage: Counter[str], factor: float) -> Counter[str]:
    return Counter({name: quantity * factor for name, quantity in usage.items()})


def plus(*usages: Counter[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for usage in usages:
        for name, quantity in usage.items():
            total[name] += quantity
    return total


def of_a_request(counted: dict) -> Counter[str]:
    """The average request of the mix."""
    return plus(*(times(used(counted["cases"][name]["counts"]), share / 100) for name, share in MIX.items()))


def while_waiting(counted: dict) -> Counter[str]:
    """One request's share of the reconciliation while it waits for a person, for an hour."""
    reconcile = counted["reconcile"]
    idle, due, rest = (used(reconcile[name]["counts"]) for name in ("idle", "due", "nothing_due"))
    per_look = times(plus(due, times(rest, -1)), 1 / reconcile["due"]["examined"])
    per_run = times(plus(rest, times(idle, -1)), 1 / reconcile["open"])
    return Counter({name: max(0.0, per_look[name] + 12 * per_run[name]) for name in per_look})


def variable(counted: dict, volume: int) -> Counter[str]:
    waiting = sum(MIX[name] for name in REVIEWED) / 100 * REVIEW_DAYS * 24
    return times(plus(of_a_request(counted), times(while_waiting(counted), waiting)), volume)


def fixed(counted: dict, platform: dict) -> Counter[str]:
    """The cost without a single request: the reconciliation, a synthetic request a day, and AWS's monthly rents."""
    return plus(
        times(used(counted["reconcile"]["idle"]["counts"]), RECONCILIATIONS),
        times(used(counted["cases"]["erasure"]["counts"]), DAYS if platform["synthetic"] else 0),
        Counter({
            "schedules": RECONCILIATIONS + (DAYS if platform["synthetic"] else 0),
            "kms-keys": platform["keys"] + EARLIER_KEYS,
            "secrets": platform["secrets"] + SECRETS_OF_OPERATORS,
            "metrics": platform["metrics"],
            "alarm-metrics": platform["alarm_metrics"],
            "composite-alarms": platform["composite_alarms"],
            "dashboards": platform["dashboards"],
        }))


# ------------------------------------------------------------------------------------ the templates


def resources(template: str) -> dict[str, str]:
    """A template's resources: the text of each, by its logical id."""
    body = re.search(r"^Resources:\n(.*?)(?=^\S|\Z)", template, re.S | re.M)
    parts = re.split(r"^  (\w+):\n", body[1] if body else "", flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def rented(templates: list[str], metrics: str, connectors: int) -> dict:
    """AWS's monthly rents, from the templates and the list of metrics."""
    found = {name: resource for template in templates for name, resource in resources(template).items()}

    def of(kind: str) -> list[str]:
        return [text for text in found.values() if re.match(rf"(?:.*\n)*?    Type: {kind}\s*$", text, re.M)]

    alarms = of("AWS::CloudWatch::Alarm")
    return {
        "keys": len(of("AWS::KMS::Key")),
        "secrets": len(of("AWS::SecretsManager::Secret")),
        # Each metric that an alarm's expression reads is billed as one.
        "alarm_metrics": sum(max(1, len(re.findall(r"\bMetricStat\b", text))) for text in alarms),
        "composite_alarms": len(of("AWS::CloudWatch::CompositeAlarm")),
        "dashboards": len(of("AWS::CloudWatch::Dashboard")),
        "metrics": series(metrics, connectors),
        "synthetic": any("SyntheticSchedule" in template for template in templates),
    }


def series(page: str, connectors: int) -> int:
    """How many metrics CloudWatch bills: each combination of a name and its dimensions' values."""
    values = {**VALUES, "Connector": connectors}
    total, seen = 0, False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[:3] == ["metric", "unit", "dimensions"]:
            seen = True
        elif not line.startswith("|"):
            seen = False
        elif seen and not set(cells[0]) <= set("-: "):
            for dimensions in cells[2].replace("`", "").split(";"):
                factor = 1
                for dimension in (one.strip() for one in dimensions.split(",")):
                    factor *= 1 if dimension == "Stage" else values[dimension]
                total += factor
    return total


def platform() -> dict:
    def text(path: Path) -> str:
        return path.read_text() if path.is_file() else ""

    definitions = ROOT / "functions" / "lib" / "connectors" / "definitions"
    templates = [ROOT / "template.yaml", *(ROOT / "infra" / name / "template.yaml" for name in ("state", "observability"))]
    return rented([text(path) for path in templates], text(ROOT / "docs" / "METRICS.md"), sum(1 for one in definitions.iterdir() if one.is_dir()))


# ------------------------------------------------------------------------------------ tables


class Prices:
    """AWS's prices in one region."""

    def __init__(self, listed: dict, region: str) -> None:
        self.rows = {price["id"]: price for price in listed["prices"]}
        self.region = region

    def cost(self, usage: Counter[str], free: bool = False) -> dict[str, float]:
        """US dollars by service, in the order of the list."""
        costs: dict[str, float] = {}
        for name, price in self.rows.items():
            quantity = max(0.0, usage[name] - price["free"]) if free else usage[name]
            costs[price["service"]] = costs.get(price["service"], 0) + quantity / price["per"] * price[self.region]
        if unknown := set(usage) - set(self.rows):
            raise SystemExit(f"prices.py: no price for {', '.join(sorted(unknown))}")
        return costs

    def total(self, usage: Counter[str], free: bool = False) -> float:
        return sum(self.cost(usage, free).values())


def table(head: list[str], rows: list[list[str]], numbers_from: int = 1) -> str:
    rule = ["---" if place < numbers_from else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])


def number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def dollars(value: float) -> str:
    return f"{value:,.2f}"


def mils(value: float) -> str:
    """US dollars for 1,000 requests."""
    return f"{1000 * value:,.3f}"


def prices_table(listed: dict) -> str:
    rows = []
    for price in listed["prices"]:
        read = price["read_at"]
        where = {region: f"[{region}]({read[region]})" for region in listed["regions"] if read[region]}
        if len(set(where.values())) == 2 and read[REGION] == read[OTHER_REGION]:
            where = {"both": f"[both]({read[REGION]})"}
        rows.append([price["service"], f"[{price['what']}]({price['list']})", number(price["per"]),
                     f"{price[REGION]:.10f}".rstrip("0").rstrip("."), f"{price[OTHER_REGION]:.10f}".rstrip("0").rstrip("."),
                     number(price["free"]) if price["free"] else "–", ", ".join(where.values()) or "–"])
    return table(["service", "what", "for", REGION, OTHER_REGION, "free each month", "read at"], rows, 2)


def counts_table(counted: dict) -> str:
    cases = counted["cases"]
    lines: list[tuple[str, list[str]]] = [
        ("state transitions", ["states"]),
        ("DynamoDB: write units of tables", ["dynamodb.write units"]),
        ("DynamoDB: write units of indexes", ["dynamodb.index write units"]),
        ("DynamoDB: read units", ["dynamodb.read units"]),
        ("DynamoDB: TransactWriteItems", ["dynamodb.TransactWriteItems"]),
        ("DynamoDB: PutItem, DeleteItem", ["dynamodb.PutItem", "dynamodb.DeleteItem"]),
        ("DynamoDB: GetItem, BatchGetItem", ["dynamodb.GetItem", "dynamodb.BatchGetItem"]),
        ("DynamoDB: Query", ["dynamodb.Query"]),
        ("DynamoDB: bytes left in rows and indexes", ["stored.dynamodb bytes"]),
        ("KMS: Decrypt, GenerateDataKey", ["kms.Decrypt", "kms.GenerateDataKey"]),
        ("KMS: GenerateMac", ["kms.GenerateMac"]),
        ("KMS: Sign", ["kms.Sign"]),
        ("Secrets Manager: GetSecretValue", ["secretsmanager.GetSecretValue"]),
        ("S3: PUT", ["s3.PutObject"]),
        ("S3: GET, HEAD", ["s3.GetObject", "s3.HeadObject"]),
        ("S3: bytes left", ["stored.s3 bytes"]),
        ("Lambda: invocations", [f"invocations.{name}" for name in (
            "intake", "search", "submit", "status-check", "review", "close", "console")]),
        ("of these by the HTTP API", ["invocations.intake", "invocations.console"]),
        ("log lines", ["logs.events"]),
        ("log bytes", ["logs.bytes"]),
        ("calls to vendors and the ticketing system", ["vendor.calls"]),
        ("Step Functions: StartExecution, SendTaskSuccess", ["states.StartExecution", "states.SendTaskSuccess"]),
    ]
    named = {name for _, names in lines for name in names}
    known = {"invocations.emulator ms", "s3.bytes in", "s3.bytes out", "stored.dynamodb bytes recoverable"}
    if left := {name for case in cases.values() for name in case["counts"]} - named - known:
        raise SystemExit(f"prices.py: counted, but in no line of the table: {', '.join(sorted(left))}")
    rows = [[title, *(number(sum(case["counts"].get(name, 0) for name in names)) for case in cases.values())]
            for title, names in lines]
    rows.append(["Lambda: GB-seconds (assumed times)",
                 *(f"{used(case['counts'])['lambda-gb-seconds']:.2f}" for case in cases.values())])
    return table(["", *(f"`{name}`" for name in cases)], rows)


def cases_table(counted: dict) -> str:
    return table(["case", "request", "share of a month"],
                 [[f"`{name}`", case["title"], f"{MIX[name]} %" if name in MIX else "–"]
                  for name, case in counted["cases"].items()], 2)


def requests_table(counted: dict, prices: Prices) -> str:
    per = {f"`{name}`": prices.cost(used(case["counts"])) for name, case in counted["cases"].items()}
    per["average"] = prices.cost(of_a_request(counted))
    services = [service for service in next(iter(per.values())) if any(costs[service] for costs in per.values())]
    rows = [[service, *(mils(costs[service]) for costs in per.values())] for service in services]
    rows.append(["**total**", *(f"**{mils(sum(costs.values()))}**" for costs in per.values())])
    rows.append(["Step Functions' share", *(f"{costs['Step Functions'] / sum(costs.values()):.0%}" for costs in per.values())])
    return table(["for 1,000 requests, US$", *per], rows)


def month_table(counted: dict, rents: dict, prices: Prices, other: Prices) -> str:
    stands = fixed(counted, rents)
    moves = {volume: variable(counted, volume) for volume in VOLUMES}
    rows = []
    for service, cost in prices.cost(stands).items():
        rows.append([service, dollars(cost), *(dollars(prices.cost(moves[volume])[service]) for volume in VOLUMES)])
    rows.append(["**fixed or variable part**", f"**{dollars(prices.total(stands))}**",
                 *(f"**{dollars(prices.total(moves[volume]))}**" for volume in VOLUMES)])
    wholes = {volume: plus(stands, moves[volume]) for volume in VOLUMES}

    def line(title: str, value) -> list[str]:
        return [title, "", *(value(volume) for volume in VOLUMES)]

    rows += [
        line("**the month**", lambda volume: f"**{dollars(prices.total(wholes[volume]))}**"),
        line("a request", lambda volume: f"{prices.total(wholes[volume]) / volume:.4f}"),
        line("Step Functions' share", lambda volume: f"{prices.cost(wholes[volume])['Step Functions'] / prices.total(wholes[volume]):.0%}"),
        line("the month, minus the free tier", lambda volume: dollars(prices.total(wholes[volume], True))),
        line(f"the month in {OTHER_REGION}", lambda volume: dollars(other.total(wholes[volume]))),
    ]
    return table(["US$ a month", "fixed", *(f"{volume:,} requests" for volume in VOLUMES)], rows)


def fixed_table(counted: dict, rents: dict, prices: Prices) -> str:
    def cost(usage: Counter[str]) -> str:
        return dollars(prices.total(usage))

    reconciliation = plus(times(used(counted["reconcile"]["idle"]["counts"]), RECONCILIATIONS),
                          Counter({"schedules": RECONCILIATIONS}))
    rows = [
        [f"{rents['keys']} KMS keys, and {EARLIER_KEYS} earlier versions of the rotated one",
         cost(Counter({"kms-keys": rents["keys"] + EARLIER_KEYS}))],
        [f"{rents['secrets'] + SECRETS_OF_OPERATORS} secrets: {rents['secrets'] - 1} of webhooks, the pages' session key, "
         f"{SECRETS_OF_OPERATORS - 1} data sources, Zendesk's token",
         cost(Counter({"secrets": rents["secrets"] + SECRETS_OF_OPERATORS}))],
        [f"{rents['metrics']} custom metrics, at most", cost(Counter({"metrics": rents["metrics"]}))],
        [f"alarms, over {rents['alarm_metrics']} metrics", cost(Counter({"alarm-metrics": rents["alarm_metrics"]}))],
        [f"{rents['composite_alarms']} composite alarms", cost(Counter({"composite-alarms": rents["composite_alarms"]}))],
        [f"{rents['dashboards']} dashboard", cost(Counter({"dashboards": rents["dashboards"]}))],
        [f"{RECONCILIATIONS:,} runs of the reconciliation, nothing open", cost(reconciliation)],
        ["a synthetic request a day, counted as `erasure`",
         cost(times(used(counted["cases"]["erasure"]["counts"]), DAYS if rents["synthetic"] else 0))],
    ]
    rows.append(["**fixed part**", f"**{cost(fixed(counted, rents))}**"])
    return table(["", "US$ a month"], rows)


def questions(seconds: float, first: int = 3, longest: int = 3600) -> int:
    """The number of status checks at a vendor that takes so long: waits double from first to longest (Qualifio's)."""
    passed, asked, wait = 0.0, 0, float(first)
    while passed < seconds:
        passed, asked, wait = passed + wait, asked + 1, min(2 * wait, longest)
    return asked


def slow_table(counted: dict, prices: Prices) -> str:
    prompt, slow = (counted["cases"][name] for name in ("erasure", "erasure-slow"))
    more = slow["counts"]["invocations.status-check"] - prompt["counts"]["invocations.status-check"]
    one = times(plus(used(slow["counts"]), times(used(prompt["counts"]), -1)), 1 / more)
    # The stored bytes at the end are the same.
    base = used(prompt["counts"])
    rows = []
    for title, seconds in (("3 seconds", 3), ("a minute", 60), ("an hour", 3600), ("a day", 86_400), ("a week", 604_800)):
        asked = questions(seconds)
        whole = plus(base, times(one, asked - 1))
        rows.append([title, number(asked), number(round(whole["states"])), mils(prices.total(whole))])
    return table(["the vendor takes", "status checks", "state transitions", "1,000 requests, US$"], rows)


def proofs_table(counted: dict, prices: Prices) -> str:
    """The cost of a look that counts. Secrets and keys are left out, since calls share them."""
    rows = []
    for one in counted["proofs"]:
        counts, costs = one["counts"], prices.cost(used(one["counts"]))
        calls = sum(count for name, count in counts.items() if re.fullmatch(r"invocations\.[a-z-]+", name))
        rows.append([one["title"], *(number(counts[name]) for name in ("vendor.calls", "states")), number(calls),
                     number(counts["dynamodb.write units"]), number(counts["dynamodb.read units"]),
                     mils(sum(costs[service] for service in ("Step Functions", "DynamoDB", "Lambda")))])
    return table(["an erasure at one data source", "calls to vendor and ticketing system", "state transitions",
                  "functions called", "write units", "read units", "1,000 requests, US$"], rows)


def tables(counted: dict, listed: dict, rents: dict) -> dict[str, str]:
    here, there = Prices(listed, REGION), Prices(listed, OTHER_REGION)
    return {
        "prices": prices_table(listed),
        "cases": cases_table(counted),
        "counts": counts_table(counted),
        "requests": requests_table(counted, here),
        "month": month_table(counted, rents, here, there),
        "fixed": fixed_table(counted, rents, here),
        "slow": slow_table(counted, here),
        "proofs": proofs_table(counted, here),
        "counted": f"Counted on {counted['counted_on']} with {counted['emulator']}; prices as of {listed['read_on']}, "
                   f"{listed['currency']}.",
    }


def filled(page: str, made: dict[str, str]) -> str:
    """The page with the tables between their markers."""
    for name, text in made.items():
        marked = re.compile(rf"(<!-- prices: {name} -->\n).*?(<!-- end -->)", re.S)
        if len(marked.findall(page)) != 1:
            raise SystemExit(f"prices.py: {PAGE.name} has no place, or several places, for {name}")
        page = marked.sub(lambda match: f"{match[1]}{made[match[0].split()[2]]}\n{match[2]}", page)
    return page


def read() -> tuple[dict, dict, dict]:
    return json.loads((HERE / "counts.json").read_text()), json.loads((HERE / "prices.json").read_text()), platform()


# ------------------------------------------------------------------------------------ check


SAMPLE = """\
Resources:
  One:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: RequestsAtRisk
  Two:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - { Id: a, MetricStat: { Period: 60 } }
        - Id: b
          MetricStat:
            Period: 60
  Both:
    Type: AWS::CloudWatch::CompositeAlarm
Outputs: {}
"""
SAMPLE_METRICS = """\
| metric | unit | dimensions | written by | what |
|---|---|---|---|---|
| `RequestsReceived` | Count | Stage; Stage, Right | x | y |
| VendorCalls | Count | Stage, Connector | x | y |
"""


def metered() -> list[str]:
    """Errors in the meter's sums."""
    row = {"pk": {"S": "ab"}, "n": {"N": "123"}, "due": {"S": "x"}}
    index = Index({"IndexName": "due", "KeySchema": [{"AttributeName": "due"}],
                   "Projection": {"ProjectionType": "KEYS_ONLY"}}, ["pk"])
    later, elsewhere, settled = {**row, "n": {"N": "124"}}, {**row, "due": {"S": "y"}}, {"pk": row["pk"]}
    sums = [
        ("an item's size", item_bytes(row), 4 + 4 + 4),
        ("a nested item's size", item_bytes({"m": {"M": {"k": {"L": [{"BOOL": True}, {"B": "AAAA"}]}}}}), 1 + 3 + 1 + 1 + 3 + 2 + 4),
        ("nothing's size", item_bytes(None), 0),
        ("a unit begun", units(1025, 1024), 2),
        ("a unit for nothing", units(0, 4096), 1),
        ("an index that a change doesn't touch", index.writes(row, later), 0),
        ("a row that comes into an index", index.writes(None, row), 1),
        ("a row that leaves it", index.writes(row, settled), 1),
        ("a row that moves in it", index.writes(row, elsewhere), 2),
    ]
    return [f"the meter: {what} is {found}, not {right}" for what, found, right in sums if found != right]


def check() -> list[str]:
    """The complaints. Every comparison also runs with a planted fault, which it has to notice."""
    page, (counted, listed, rents) = PAGE.read_text(), read()
    complaints = metered()
    if filled(page, tables(counted, listed, rents)) != page:
        complaints.append("docs/COST.md differs from counts, prices and templates: run `python3 infra/prices/prices.py write`, "
                          "and check that its text still fits")
    for what, place in (("a count", counted["cases"]["erasure"]["counts"]), ("a price", listed["prices"][0]), ("a key", rents)):
        name = {"a count": "kms.Sign", "a price": REGION, "a key": "keys"}[what]
        kept, place[name] = place[name], place[name] + 1
        if filled(page, tables(counted, listed, rents)) == page:
            complaints.append(f"{what} that changes goes unnoticed")
        place[name] = kept
    if sum(MIX.values()) != 100:
        complaints.append("the shares of a month do not add up to 100 %")
    found = rented([SAMPLE], SAMPLE_METRICS, 4)
    if (found["alarm_metrics"], found["composite_alarms"], found["metrics"]) != (3, 1, 1 + 2 + 4):
        complaints.append(f"the sample's alarms and metrics are miscounted: {found}")
    for one in counted["cases"].values():
        if not one["counts"].get("states") or not one["counts"].get("dynamodb.write units"):
            complaints.append("a case without states or writes: count again")
    planted = copy.deepcopy(counted)
    planted["cases"]["erasure"]["counts"]["sqs.SendMessage"] = 1
    try:
        tables(planted, listed, rents)
        complaints.append("a call that is in no line of the table goes unnoticed")
    except SystemExit:
        pass
    return complaints


def main() -> int:
    if sys.argv[1:] == ["write"]:
        PAGE.write_text(filled(PAGE.read_text(), tables(*read())))
        print(f"written: {PAGE}")
        return 0
    if sys.argv[1:] == ["check"]:
        complaints = check()
        for complaint in complaints:
            print(f"FAIL {complaint}")
        print("prices: " + ("wrong" if complaints else "the page agrees with counts, prices and templates"))
        return 1 if complaints else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
