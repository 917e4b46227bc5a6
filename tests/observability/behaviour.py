"""Evaluates each alarm over its scenario: it fires and clears at its time, and does not fire for a lesser cause."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator

import cloudformation
import scenarios as life
from cloudwatch import ALARM, OK, READINGS, Alarm
from faults import properties_of
from metric_math import Unknown
from rules import Tally
from scenarios import DAY, HOUR, MINUTE, STAGE
from subject import Subject, kebab


def world_of(subject: Subject) -> life.World:
    shapes = {name: (row.unit, [sorted(names) for names in row.sets]) for name, row in subject.catalogue.items()}
    lines: dict[str, dict] = {}
    for line in subject.emitted:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                lines.setdefault(metric["Name"], line)
    return life.World(shapes, subject.connectors, lines)


def seconds(value: int) -> str:
    sign, value = "-" if value < 0 else "", abs(value)
    return f"{sign}{value // HOUR}:{value % HOUR // MINUTE:02}:{value % MINUTE:02}"


def unlike(alarm: Alarm, world: life.World, cause: life.Cause, hour: int, fires: tuple[int, int] | None, clears: tuple[int, int]) -> Iterator[str]:
    """Differences of an alarm's states from OK, ALARM at its time, and OK at its time; or from OK if `fires` is None."""
    begins = life.MIDNIGHT + hour
    ends = begins + cause.lasts
    wanted = {(query.namespace, query.metric) for query in alarm.queries.values()}
    last = ends + clears[1] + HOUR
    # Without FILL, and for a single metric, FILL's behaviour does not matter.
    readings = READINGS if "FILL" in "".join(alarm.expressions.values()) else READINGS[:2]
    # A metric written once a day must be written once before.
    first = begins - (26 * HOUR if alarm.period >= HOUR else 2 * HOUR)
    longest = alarm.periods + max(reading.extra for reading in readings)
    metrics = world.metrics(wanted, first - longest * alarm.period, last, cause, begins)
    for reading in readings:
        changes = alarm.history(metrics, first, last, reading)
        if not changes or changes[0][1] != OK or changes[0][0] > begins:
            yield f"it is not OK before ({reading})"
            continue
        changes.pop(0)
        if fires is None:
            for at, state in changes:
                if state == ALARM:
                    yield f"it fires after {seconds(at - begins)} ({reading})"
            continue
        said = ", ".join(f"{state} after {seconds(at - begins)}" for at, state in changes) or "no change"
        expected = f"({reading}: {said}; the cause lasts {seconds(cause.lasts)})"
        if [state for _, state in changes] != [ALARM, OK]:
            yield f"it does not fire and clear once {expected}"
        elif not fires[0] <= changes[0][0] - begins <= fires[1]:
            yield f"it does not fire between {seconds(fires[0])} and {seconds(fires[1])} {expected}"
        elif not clears[0] <= changes[1][0] - ends <= clears[1]:
            yield f"it does not clear between {seconds(clears[0])} and {seconds(clears[1])} after the cause {expected}"


def unlike_its_scenario(alarm: Alarm, world: life.World, scenario: life.Scenario) -> Iterator[str]:
    yield from unlike(alarm, world, scenario.cause, scenario.hour, scenario.fires, scenario.clears)
    for what, (cause, fires, clears) in scenario.also.items():
        yield from (f"{what}: {complaint}" for complaint in unlike(alarm, world, cause, scenario.hour, fires, clears))
    for what, cause in scenario.near.items():
        yield from (f"{what}: {complaint}" for complaint in unlike(alarm, world, cause, scenario.hour, None, scenario.clears))


def scenarios_and_alarms_differ(subject: Subject) -> list[str]:
    alarms = {kebab(alarm.name) for _, alarm in subject.alarms().values()}
    return [f"only one of an alarm and a scenario: {name}" for name in sorted(alarms ^ set(life.scenarios(subject.connectors)))]


def fires_on_a_normal_day(alarm: Alarm, world: life.World) -> Iterator[str]:
    yield from unlike(alarm, world, life.Cause(2 * DAY), 0, None, (0, 0))


def fires_on_a_new_deployment(subject: Subject) -> list[str]:
    """Alarms exist before any data: those that fire then are known, and clear with the first data."""
    world, complaints = world_of(subject), []
    for _, alarm in subject.alarms().values():
        name = kebab(alarm.name)
        wanted = {(query.namespace, query.metric) for query in alarm.queries.values()}
        begins = life.MIDNIGHT + 5 * HOUR + 1_020
        metrics = world.metrics(wanted, begins + MINUTE, begins + 2 * DAY)
        for reading in READINGS:
            changes = alarm.history(metrics, begins, begins + DAY, reading)
            states = [state for _, state in changes]
            if (ALARM in states) != (name in life.ON_A_NEW_DEPLOYMENT):
                complaints.append(f"{name}: {states} on a new deployment")
            elif ALARM in states and states != [ALARM, OK]:
                complaints.append(f"{name}: does not clear with the first data")
    return complaints


def mutations(properties: dict) -> Iterator[tuple[str, dict]]:
    """Possible faults of any alarm, which its scenario or the normal day must reveal."""
    lower = properties["ComparisonOperator"].startswith("Less")
    yield "a threshold far away", {**properties, "Threshold": float(properties["Threshold"]) * 1_000}
    yield "the comparison turned round", {**properties, "ComparisonOperator": "GreaterThanOrEqualToThreshold" if lower else "LessThanThreshold"}
    elsewhere = json.dumps(properties)
    for ours, theirs in ((f'"{STAGE}"', '"elsewhere"'), (f"rightful-{STAGE}-", "rightful-elsewhere-"), (f'"{life.API}"', '"another"')):
        elsewhere = elsewhere.replace(ours, theirs)
    yield "another stage's metrics", json.loads(elsewhere)
    if properties["TreatMissingData"] == "breaching":
        yield "missing data that is OK", {**properties, "TreatMissingData": "notBreaching"}
    elif "FILL" not in json.dumps(properties):
        shorter = {"Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1} if "Period" in properties else {}
        yield "missing data that breaches", {**properties, "TreatMissingData": "breaching", **shorter}


def check_alarms(tally: Tally, subject: Subject) -> None:
    try:
        alarms = subject.alarms()
    except (Unknown, cloudformation.Unresolved) as error:
        tally.expect("alarms can be evaluated", [str(error)])
        return
    tally.expect("every alarm has a scenario, and every scenario an alarm", scenarios_and_alarms_differ(subject))
    planted = copy.deepcopy(subject)
    planted.template["Resources"].pop("DeadlinePassed")
    for properties in (properties_of(planted, name) for name in ("LegalRisk", "PlatformHealth")):
        properties["AlarmRule"] = "FALSE"
    tally.expect_complaint("the comparison of scenarios and alarms notices a missing alarm", scenarios_and_alarms_differ(planted))

    world, wanted = world_of(subject), life.scenarios(subject.connectors)
    for properties, alarm in alarms.values():
        name = kebab(alarm.name)
        if name not in wanted:
            continue
        try:
            tally.expect(f"{name} fires and clears at its time, and not for a lesser cause", list(unlike_its_scenario(alarm, world, wanted[name])))
            tally.expect(f"{name} does not fire on a normal day", list(fires_on_a_normal_day(alarm, world)))
        except (Unknown, KeyError) as error:
            tally.expect(f"{name} can be evaluated", [str(error)])
            continue
        for what, changed_properties in mutations(properties):
            mutated = Alarm(changed_properties)
            told = itertools.chain(unlike_its_scenario(mutated, world, wanted[name]), fires_on_a_normal_day(mutated, world))
            tally.expect_complaint(f"{name}: its scenario reveals {what}", list(itertools.islice(told, 1)))
    tally.expect("on a new deployment only alarms that wait for first data fire, and they clear", fires_on_a_new_deployment(subject))


def print_table(subject: Subject) -> None:
    """Each alarm's observed behaviour, under the reading of AWS's own tables."""
    world, wanted = world_of(subject), life.scenarios(subject.connectors)
    print("| alarm | notifies | fires | clears | also tested | does not fire when |\n|---|---|---|---|---|---|")
    for _, alarm in subject.alarms().values():
        scenario = wanted[kebab(alarm.name)]
        begins = life.MIDNIGHT + scenario.hour
        ends, first = begins + scenario.cause.lasts, begins - 26 * HOUR
        last = ends + scenario.clears[1] + HOUR
        metrics = world.metrics({(query.namespace, query.metric) for query in alarm.queries.values()}, first - 9 * alarm.periods * alarm.period,
                                last, scenario.cause, begins)
        changes = dict((state, at) for at, state in alarm.history(metrics, first, last, READINGS[1]))
        print(f"| {kebab(alarm.name)} | {', '.join(sorted(scenario.composites))} | {seconds(changes[ALARM] - begins)} after it begins "
              f"| {seconds(changes[OK] - ends)} after it ends | {'; '.join(scenario.also) or '–'} | {'; '.join(['a normal day', *scenario.near])} |")
