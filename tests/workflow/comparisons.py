"""The definitions must agree with the Rust code and with the template, and keep to their cost."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

from definitions import MAP_AT_ONCE
from reading import ROOT
from rules import Tally


def errors_in_machines(machines: dict[str, dict]) -> set[str]:
    return set(re.findall(r"Rightful\.[A-Z][A-Za-z]+", json.dumps(machines)))


def errors_in_rust() -> set[str]:
    found: set[str] = set()
    for crate in ("domain", "lambda"):
        for path in (ROOT / "functions" / "lib" / crate / "src").rglob("*.rs"):
            found |= set(re.findall(r'"(Rightful\.[A-Z][A-Za-z]+)"', path.read_text()))
    return found


def error_names_differ(machines: dict[str, dict], rust: set[str]) -> list[str]:
    differing = errors_in_machines(machines) ^ rust
    return [f"only in one of Rust and ASL: {', '.join(sorted(differing))}"] if differing else []


def most_sources() -> int | None:
    """The domain's limit on the data sources of a request."""
    accept = (ROOT / "functions" / "lib" / "domain" / "src" / "operations" / "accept.rs").read_text()
    found = re.search(r"const MAX_SOURCES: usize = (\d+);", accept)
    return int(found[1]) if found else None


def more_sources_than_at_once(most: int | None) -> list[str]:
    return [] if most is not None and most <= MAP_AT_ONCE else [f"MAX_SOURCES is {most}; a Map runs {MAP_AT_ONCE} at once"]


def substitutions_differ(machines: dict[str, dict], template: dict) -> list[str]:
    complaints = []
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            name = Path(resource["Properties"]["DefinitionUri"]).name.removesuffix(".asl.json")
            used = set(re.findall(r"\$\{(\w+)\}", json.dumps(machines.get(name, {}))))
            given = set(resource["Properties"].get("DefinitionSubstitutions", {}))
            if name not in machines or used != given:
                complaints.append(f"{name}: {', '.join(sorted(used ^ given))}")
    return complaints


# Step Functions charges for each entered state, also inside a Map.
MOST_TRANSITIONS = 15


def entered(definition: dict, via: str, nested: dict | None = None) -> int | None:
    """The number of states on the shortest way from the start through `via` to a success, in a Map or not, with those
    of the execution that `via` starts."""

    def ways(name: str) -> list[str]:
        state = definition["States"][name]
        return [choice["Next"] for choice in state.get("Choices", [])] + [state[key] for key in ("Next", "Default") if key in state]

    def cost(name: str) -> tuple[int, bool]:
        inside = definition["States"][name].get("ItemProcessor")
        own = 1 + (entered(nested["definition"], nested["via"]) if nested and name == via else 0)
        if inside is None:
            return own, name == via
        through = entered(inside, via, nested)
        return (1 + through, True) if through else (1 + entered(inside, inside["StartAt"]), False)

    best: dict[tuple[str, bool], int] = {}
    ahead = [(0, definition["StartAt"], False)]
    while ahead:
        so_far, name, passed = min(ahead)
        ahead.remove((so_far, name, passed))
        more, is_via = cost(name)
        key = (name, passed or is_via)
        if best.get(key, so_far + more + 1) <= so_far + more:
            continue
        best[key] = so_far + more
        ahead += [(so_far + more, following, key[1]) for following in ways(name)]
    ends = [count for (name, passed), count in best.items()
            if passed and (definition["States"][name]["Type"] == "Succeed" or definition["States"][name].get("End"))]
    return min(ends, default=None)


def transitions(machines: dict[str, dict]) -> int | None:
    """The states of an erasure request with one data source, whose records are gone at the first look. No person
    decides on it."""
    nested = {"definition": machines["fulfil-source"], "via": "Look"}
    return entered(machines["fulfil-request"], "Fulfil Source", nested)


def too_many_transitions(machines: dict[str, dict]) -> list[str]:
    count = transitions(machines)
    return [] if count is not None and 10 <= count <= MOST_TRANSITIONS else [f"{count}"]


def check(tally: Tally, machines: dict[str, dict], template: dict) -> None:
    rust = errors_in_rust()
    tally.expect("the errors named in ASL are those of Rust", error_names_differ(machines, rust) if rust else ["no error names found in Rust"])
    tally.expect_complaint("the comparison of error names sees one too many", error_names_differ({"x": "Rightful.Planted", **machines}, rust))
    tally.expect_complaint("the comparison of error names sees one too few", error_names_differ(machines, rust | {"Rightful.Planted"}))
    tally.expect("a request has no more data sources than a Map runs at once", more_sources_than_at_once(most_sources()))
    tally.expect_complaint("the comparison with the Map sees one too many", more_sources_than_at_once(MAP_AT_ONCE + 1))
    tally.expect_complaint("the comparison with the Map sees no number", more_sources_than_at_once(None))
    tally.expect("every substitution is given, and used", substitutions_differ(machines, template))
    planted = copy.deepcopy(template)
    planted["Resources"]["FulfilRequestStateMachine"]["Properties"]["DefinitionSubstitutions"].pop("CloseFunctionArn")
    tally.expect_complaint("the comparison of substitutions sees a missing one", substitutions_differ(machines, planted))

    tally.expect(f"a request with one data source and no review enters {MOST_TRANSITIONS} states at most", too_many_transitions(machines))
    planted = copy.deepcopy(machines)
    planted["fulfil-request"]["States"]["Planted"] = {"Type": "Pass", "Next": "Fulfil Sources"}
    planted["fulfil-request"]["States"]["Search Sources"]["Next"] = "Planted"
    tally.expect_complaint("the count of states sees one too many", too_many_transitions(planted))
    planted = copy.deepcopy(machines)
    inside = planted["fulfil-request"]["States"]["Fulfil Sources"]["ItemProcessor"]
    inside["States"]["Planted"] = {"Type": "Pass", "Next": inside["StartAt"]}
    inside["StartAt"] = "Planted"
    tally.expect_complaint("the count of states sees one too many in a Map", too_many_transitions(planted))
    planted = copy.deepcopy(machines)
    planted["fulfil-source"]["States"]["Planted"] = {"Type": "Pass", "Next": "Submit"}
    planted["fulfil-source"]["StartAt"] = "Planted"
    tally.expect_complaint("the count of states sees one too many in what is nested", too_many_transitions(planted))
