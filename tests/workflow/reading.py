"""Reads templates and state machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MACHINES = sorted((ROOT / "infra" / "statemachines").glob("*.asl.json"))


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms, as the long ones."""


def _short_form(loader: Loader, suffix: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", _short_form)


def read_machines() -> dict[str, dict]:
    return {path.name.removesuffix(".asl.json"): json.loads(path.read_text()) for path in MACHINES}


def states(definition: dict, inside_map: bool = False) -> Iterator[tuple[str, dict, dict, bool]]:
    """Every state: its name, itself, the states beside it, and whether it is inside a Map."""
    for name, state in definition["States"].items():
        yield name, state, definition["States"], inside_map
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"], True)


def strings(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]
