"""The dashboard: its layout, and its links to every runbook, saved query and alarm."""

from __future__ import annotations

import re

from faults import in_body, properties_of, rule
from scenarios import STAGE
from subject import kebab

SECTIONS = ("legal", "flow", "vendor", "platform")


@rule(("widgets that overlap", in_body('"x": 4, "y": 4', '"x": 3, "y": 4')),
      ("a widget beyond the grid", in_body('"x": 20, "y": 4, "width": 4', '"x": 20, "y": 4, "width": 5')),
      ("a widget of no height", in_body('"height": 4', '"height": 0')),
      ("the flow before the legal clock", lambda s: (
          in_body("# Legal clock", "# Swapped")(s), in_body("# Flow", "# Legal clock")(s), in_body("# Swapped", "# Flow")(s))),
      ("no section of vendors", in_body("# Vendors", "Vendors")),
      ("a widget without a title", in_body('"title": "Overdue", ', "")),
      ("a widget of another region", in_body('"region": "${AWS::Region}"', '"region": "us-east-1"')))
def the_dashboard_is_laid_out_legal_clock_first(subject):
    taken: dict[tuple[int, int], str] = {}
    headings = []
    for widget in subject.widgets():
        x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
        title = widget["properties"].get("title") or widget["properties"].get("markdown", "").split("\n")[0]
        if not title or (widget["type"] != "text" and not widget["properties"].get("title")):
            yield f"a {widget['type']} widget at {x}, {y} without a title"
        if not (0 <= x and 0 <= y and 1 <= width and x + width <= 24 and 1 <= height <= 1_000):
            yield f"{title}: {width} by {height} at {x}, {y} does not fit into 24 columns"
        for cell in ((column, line) for column in range(x, x + width) for line in range(y, y + height)):
            if cell in taken:
                yield f"{title}: overlaps {taken[cell]}"
                break
            taken[cell] = title
        if widget["type"] == "metric" and widget["properties"].get("region") != "eu-central-1":
            yield f"{title}: is not of the stack's region"
        if widget["type"] == "text":
            headings += [(y, line[2:].lower()) for line in widget["properties"]["markdown"].split("\n") if line.startswith("# ")]
    order = [next((section for section in SECTIONS if section in text), text) for _, text in sorted(headings)]
    if order != list(SECTIONS):
        yield f"sections: {', '.join(order)}"


@rule(("a link to a runbook that does not exist", in_body("/deadline-passed.md", "/deadline-gone.md")),
      ("a saved query that does not exist", in_body("`reconcile-runs`", "`reconcile-walks`")),
      ("a saved query that is not linked", in_body("`vendor-status-unknown`, ", "")),
      ("an alarm that does not exist", in_body("alarm:rightful-${Stage}-undelivered", "alarm:rightful-${Stage}-nothing")),
      ("an alarm that is not shown", in_body(
          '"arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:rightful-${Stage}-undelivered",', "")),
      ("a runbook that is not linked", lambda s: s.template["Resources"].update(
          Late={"Type": "AWS::CloudWatch::Alarm", "Properties": {**properties_of(s, "DeadlinePassed"), "AlarmName": "rightful-local-late"}})))
def the_dashboard_links_every_runbook_query_and_alarm(subject):
    text = "\n".join(widget["properties"]["markdown"] for widget in subject.widgets() if widget["type"] == "text")
    linked = set(re.findall(r"\(docs/runbooks/([^)]+)\)", text))
    for page in sorted(linked - set(subject.runbooks)):
        yield f"docs/runbooks/{page} is missing"
    alarms = {alarm.name for _, alarm in subject.alarms().values()}
    expected = {"vendor-errors.md" if "vendor-errors-" in name else f"{kebab(name)}.md" for name in alarms}
    for page in sorted(expected - linked):
        yield f"no link to {page}"
    # A saved query has no address of its own: Logs Insights lists it by name, in the stage's folder.
    named = {name for names in re.findall(rf"folder `rightful/{STAGE}`: ((?:`[a-z-]+`(?:, )?)+)", text) for name in re.findall(r"`([a-z-]+)`", names)}
    for name in sorted(named ^ set(subject.queries())):
        yield f"only one of a saved query and its name on the dashboard: {name}"
    shown = {arn.rsplit(":", 1)[-1] for widget in subject.widgets() if widget["type"] == "alarm" for arn in widget["properties"]["alarms"]}
    for name in sorted(shown ^ (alarms | {composite.name for _, composite in subject.composites().values()})):
        yield f"only one of an alarm and its place on the dashboard: {name}"
