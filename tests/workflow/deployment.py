"""The two templates of a deployment: the state's, and that of the rest, which can be deleted and deployed again.

For most rules the two are one template, which `joined` makes of them. The rules here are about the division.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator

import yaml

from reading import ROOT, Loader
from rules import rule

STATE, REST = "infra/state/template.yaml", "template.yaml"


def read_templates() -> dict[str, dict]:
    """Every template, by its path."""
    paths = [ROOT / REST, *sorted((ROOT / "infra").glob("*/template.yaml"))]
    return {str(path.relative_to(ROOT)): yaml.load(path.read_text(), Loader) for path in paths}


def read_deployment() -> dict:
    templates = read_templates()
    return joined(templates[REST], templates[STATE])


def joined(rest: dict, state: dict) -> dict:
    """Both as one template: the state's exported value replaces each import."""
    exported = {output["Export"]["Name"]["Fn::Sub"]: output["Value"] for output in state["Outputs"].values()}
    if both := set(rest["Resources"]) & set(state["Resources"]):
        raise SystemExit(f"deployment.py: in both templates: {', '.join(sorted(both))}")
    whole = in_place(rest, exported)
    return {**whole, "Resources": {**state["Resources"], **whole["Resources"]}}


def in_place(value, exported: dict[str, dict]):
    if isinstance(value, list):
        return [in_place(one, exported) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::ImportValue"}:
        return copy.deepcopy(exported[value["Fn::ImportValue"]["Fn::Sub"]])
    found = {key: in_place(inner, exported) for key, inner in value.items()}
    if isinstance(found.get("Fn::Sub"), list):
        text, names = found["Fn::Sub"]
        for name, output in names.items():
            text = text.replace(f"${{{name}}}", "${%s}" % ".".join(output["Fn::GetAtt"]))
        return {"Fn::Sub": text}
    return found


def imports(value) -> Iterator[str]:
    """The names that a template imports, as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::ImportValue":
                yield json.dumps(inner)
            else:
                yield from imports(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from imports(inner)


# Resources that hold data or keys, and stay when their stack is deleted.
HOLDS = {"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::KMS::ReplicaKey", "AWS::S3::Bucket",
         "AWS::Serverless::SimpleTable"}
# Resources with a fixed name, which the next stack of the stage needs again. A secret holds an operator's value.
NAMED = {"AWS::KMS::Alias", "AWS::SecretsManager::Secret"}
# The exceptions, which go with the stack: name -> reason.
GOES = {"CopiesBucket": "copies are for a while only, and AWS deletes no bucket that holds one"}


def state_of(templates: dict) -> dict:
    return templates[STATE]["Resources"]


@rule("templates",
      ("a table in the rest", lambda t: t[REST]["Resources"].update(Planted=state_of(t)["RequestsTable"])),
      ("a key among the alarms", lambda t: t["infra/observability/template.yaml"]["Resources"].update(Planted=state_of(t)["DataKey"])),
      ("a bucket moved to the rest", lambda t: t[REST]["Resources"].update(ReceiptsBucket=state_of(t).pop("ReceiptsBucket"))),
      ("a secret that goes with the functions", lambda t: t[REST]["Resources"].update(Planted=state_of(t)["ZendeskWebhookSecret"])),
      ("a table that goes with its stack", lambda t: state_of(t)["KeysTable"].pop("DeletionPolicy")),
      ("a key that is lost when it is replaced", lambda t: state_of(t)["TagKey"].update(UpdateReplacePolicy="Delete")),
      ("a new bucket that goes", lambda t: state_of(t).update(Planted=state_of(t)["CopiesBucket"])),
      ("a role beside the state", lambda t: state_of(t).update(Planted={"Type": "AWS::IAM::Role"})))
def what_holds_data_stands_in_the_template_of_the_state_and_is_retained(templates):
    for path, template in templates.items():
        for name, resource in template["Resources"].items():
            kind = resource["Type"]
            if path != STATE and kind in HOLDS | NAMED:
                yield f"{path}: {name} must stand in {STATE}"
            if path == STATE and kind not in HOLDS | NAMED | {"AWS::S3::BucketPolicy"}:
                yield f"{path}: {name} holds nothing"
            policies = [resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")]
            if kind in HOLDS and policies != ["Delete" if name in GOES else "Retain"] * 2:
                yield f"{path}: {name}: {policies}"


@rule("templates",
      ("an import of what is not exported", lambda t: t[STATE]["Outputs"].pop("TagKeyArn")),
      ("an export that nobody imports", lambda t: t[STATE]["Outputs"].update(
          Planted={"Value": "x", "Export": {"Name": {"Fn::Sub": "rightful-${Stage}-Planted"}}})),
      ("an export under another's name", lambda t: t[STATE]["Outputs"]["KeysTableArn"].update(Export={"Name": {"Fn::Sub": "rightful-${Stage}-Keys"}})),
      ("an output without a name for it", lambda t: t[STATE]["Outputs"]["KeysTableName"].pop("Export")),
      ("another stage's table", lambda t: t[REST]["Globals"]["Function"]["Environment"]["Variables"].update(
          REQUESTS_TABLE={"Fn::ImportValue": "rightful-prod-RequestsTableName"})),
      ("another attribute under the name", lambda t: t[STATE]["Outputs"]["DataKeyArn"].update(Value={"Ref": "DataKey"})))
def what_is_imported_is_what_the_state_of_the_same_stage_exports(templates):
    exported = {}
    for name, output in templates[STATE]["Outputs"].items():
        of, attribute = re.fullmatch(r"(\w+?)(Name|Arn)?", name).groups()
        exported[json.dumps({"Fn::Sub": f"rightful-${{Stage}}-{name}"})] = name
        if output.get("Export") != {"Name": {"Fn::Sub": f"rightful-${{Stage}}-{name}"}}:
            yield f"{name}: its export"
        if output["Value"] != ({"Fn::GetAtt": [of, "Arn"]} if attribute == "Arn" else {"Ref": of}):
            yield f"{name}: its value"
    imported = set(imports(templates[REST]))
    for name in sorted(imported ^ set(exported)):
        yield f"{name}: {'not exported' if name in imported else 'not imported'}"


@rule("templates",
      ("another default", lambda t: t[STATE]["Parameters"]["CopyDays"].update(Default=31)),
      ("another pattern", lambda t: t[REST]["Parameters"]["Stage"].update(AllowedPattern=".*")),
      ("a parameter of the state alone", lambda t: t[STATE]["Parameters"].update(Planted={"Type": "String"})),
      ("another condition", lambda t: t[STATE]["Conditions"].update(OwnKey={"Fn::Equals": [{"Ref": "EncryptionKeyArn"}, ""]})))
def what_both_templates_ask_for_is_the_same_in_both(templates):
    for section in ("Parameters", "Conditions"):
        rest = templates[REST][section]
        for name, found in templates[STATE][section].items():
            # Each describes its own effect.
            same = [{key: value for key, value in one.items() if key != "Description"} for one in (found, rest.get(name, {}))]
            if same[0] != same[1]:
                yield f"{section} {name}"
