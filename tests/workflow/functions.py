"""Rules for the functions and the state machines: names, roles, logs, variables, versions and aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reading import ROOT, as_list
from rules import rule
from template import (composed, crate_of, ended_rule, functions, machines_of, methods_of, properties_of, role_statements, shared_variables, statements,
                      variables_of)


@rule("template",
      ("no log group", lambda t: t["Resources"].pop("CloseLogGroup")),
      ("no retention", lambda t: t["Resources"]["CloseLogGroup"]["Properties"].pop("RetentionInDays")),
      ("another's log group", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(LoggingConfig={"LogGroup": {"Ref": "IntakeLogGroup"}})))
def every_function_has_its_own_log_group_with_a_retention(template):
    seen = set()
    for name, function in functions(template).items():
        group = function["Properties"].get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        properties = template["Resources"].get(group, {}).get("Properties", {})
        if not properties.get("RetentionInDays") or group in seen:
            yield name
        seen.add(group)


@rule("template",
      ("another's role", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(Role={"Fn::GetAtt": ["IntakeRole", "Arn"]})),
      ("SAM's own role", lambda t: t["Resources"]["CloseFunction"]["Properties"].pop("Role")),
      ("a managed policy", lambda t: t["Resources"]["CloseRole"]["Properties"].update(ManagedPolicyArns=["a"])))
def every_function_has_its_own_role_without_managed_policies(template):
    seen = set()
    for name, function in functions(template).items():
        role = as_list(function["Properties"].get("Role", {}).get("Fn::GetAtt", [None]))[0]
        if role not in template["Resources"] or role in seen or "ManagedPolicyArns" in template["Resources"][role]["Properties"]:
            yield name
        seen.add(role)


@rule("template",
      ("another folder", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(CodeUri="functions/shut")),
      ("another binary", lambda t: t["Resources"]["CloseFunction"]["Metadata"]["BuildProperties"].update(Binary="shut")),
      ("another builder", lambda t: t["Resources"]["CloseFunction"]["Metadata"].update(BuildMethod="makefile")),
      ("another name", lambda t: t["Resources"]["CloseFunction"]["Properties"]["FunctionName"].update({"Fn::Sub": "shut"})))
def a_function_has_one_name_through_folder_binary_resource_and_function(template):
    for name, function in functions(template).items():
        words = re.findall(r"[A-Z][a-z]+", name.removesuffix("Function"))
        wanted = "-".join(words).lower()
        properties, metadata = function["Properties"], function["Metadata"]
        if (properties["CodeUri"] != f"functions/{wanted}" or metadata["BuildMethod"] != "rust-cargolambda"
                or metadata["BuildProperties"]["Binary"] != wanted
                or properties["FunctionName"] != {"Fn::Sub": f"rightful-${{Stage}}-{wanted}"}):
            yield name


@rule("template",
      ("execution data in logs", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"]["Logging"].update(IncludeExecutionData=True)),
      ("no log", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"].pop("Logging")),
      ("express", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"].update(Type="EXPRESS")))
def state_machines_log_failures_without_data(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::StateMachine":
            logging = resource["Properties"].get("Logging", {})
            if logging.get("Level") != "ERROR" or logging.get("IncludeExecutionData") is not False or resource["Properties"]["Type"] != "STANDARD":
                yield name


def settings_read(code: str, environment: str) -> set[str]:
    """The variables that this code reads by `rightful_lambda::Environment`."""
    bodies = methods_of(environment)

    def read(text: str, by: str) -> set[str]:
        found = set(re.findall(rf'\b{by}\s*\.\w+\(\s*"([A-Z_]+)"', text))
        for method in re.findall(rf"\b{by}\s*\.(\w+)\(\s*\)", text):
            found |= read(bodies[method], "self")
        return found

    return read(code, "env")


@rule("template",
      ("a variable that nobody reads", lambda t: t["Resources"]["CloseFunction"]["Properties"]["Environment"]["Variables"].update(TAG_KEY_ID="x")),
      ("one that is read in main.rs", lambda t: t["Resources"]["CloseFunction"]["Properties"]["Environment"]["Variables"].pop("FORGET_AFTER_DAYS")),
      ("one that is read for a setting", lambda t: shared_variables(t).pop("RECONCILE_GRACE_SECONDS")),
      ("one that is read for a key", lambda t: shared_variables(t).pop("RIGHTFUL_STAGE")),
      ("one for every function that not every one reads", lambda t: shared_variables(t).update(TAG_KEY_ID={"Fn::GetAtt": ["TagKey", "Arn"]})))
def a_function_is_given_exactly_the_variables_that_its_code_reads(template):
    environment = (ROOT / "functions" / "lib" / "lambda" / "src" / "environment.rs").read_text()
    for name in functions(template):
        given = set(properties_of(template, name)["Environment"]["Variables"])
        wanted = settings_read(composed(crate_of(name)), environment)
        for variable in sorted(given ^ wanted):
            yield f"{name} {variable}: {'nobody reads it' if variable in given else 'not given'}"


def hand_out(template: dict, variable: str) -> None:
    """Moves a variable from Globals to each function."""
    value = shared_variables(template).pop(variable)
    for name in functions(template):
        variables_of(template, name)[variable] = value


@rule("template",
      ("one that each is given for itself", lambda t: hand_out(t, "REQUESTS_TABLE")),
      ("another value in one function", lambda t: variables_of(t, "CloseFunction").update(KEYS_TABLE="x")))
def a_variable_of_every_function_stands_in_Globals_alone(template):
    own = [variables_of(template, name) for name in functions(template)]
    for variable in sorted(set().union(*own)):
        values = [variables.get(variable) for variables in own]
        if variable in shared_variables(template) or all(value == values[0] for value in values):
            yield variable


def called_past_their_alias(value, where: str = "") -> Iterator[str]:
    """The places that call a function or a state machine without its alias."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Fn::GetAtt" and re.fullmatch(r"\w+(Function|StateMachine)\.Arn", ".".join(inner)):
                yield where
            elif key == "Ref" and str(inner).endswith("Function"):
                yield where
            else:
                yield from called_past_their_alias(inner, f"{where} {key}")
    elif isinstance(value, list):
        for inner in value:
            yield from called_past_their_alias(inner, where)
    elif isinstance(value, str) and re.search(r"\$\{\w+Function(\.Arn)?\}|:function:|\bstateMachine:[^:\"]*$", value):
        yield where


@rule("template",
      ("no alias", lambda t: t["Globals"]["Function"].pop("AutoPublishAlias")),
      ("an alias of its own", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(AutoPublishAlias="next")),
      ("code alone published", lambda t: t["Resources"]["SearchFunction"]["Properties"].pop("AutoPublishAliasAllProperties")),
      ("a function invoked past it by a workflow", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"]["DefinitionSubstitutions"].update(
          SubmitFunctionArn={"Fn::GetAtt": ["SubmitFunction", "Arn"]})),
      ("by the API", lambda t: t["Resources"]["IntakeIntegration"]["Properties"].update(IntegrationUri={"Fn::GetAtt": ["IntakeFunction", "Arn"]})),
      ("by the rule", lambda t: ended_rule(t)["Targets"][0].update(Arn={"Fn::GetAtt": ["ReconcileFunction", "Arn"]})),
      ("by the console", lambda t: variables_of(t, "ConsoleFunction").update(SEARCH_FUNCTION_NAME={"Ref": "SearchFunction"})),
      ("allowed past it", lambda t: role_statements(t, "FulfilSourceStateMachineRole")[0].update(Resource={"Fn::Sub": "${SubmitFunction.Arn}"})),
      ("a permission on every version", lambda t: t["Resources"]["IntakePermission"]["Properties"].update(FunctionName={"Ref": "IntakeFunction"})),
      ("a workflow started past it", lambda t: variables_of(t, "IntakeFunction").update(
          FULFIL_REQUEST_ARN={"Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:rightful-${Stage}-fulfil-request"})),
      ("a nested one", lambda t: t["Resources"]["FulfilRequestStateMachine"]["Properties"]["DefinitionSubstitutions"].update(
          FulfilSourceArn={"Ref": "FulfilSourceStateMachine"})))
def everything_is_called_by_its_alias(template):
    for name in functions(template):
        properties = properties_of(template, name)
        if properties.get("AutoPublishAlias") != "live" or properties.get("AutoPublishAliasAllProperties") is not True:
            yield f"{name}: alias"
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        # A policy for StartExecution by an alias names the machine: AWS authorises on the machine.
        own = {key: value for key, value in properties.items() if key not in ("FunctionName", "AssumeRolePolicyDocument", "Name")
               or resource["Type"] == "AWS::Lambda::Permission"}
        if resource["Type"] == "AWS::IAM::Role":
            own = [statement["Resource"] for owner, statement in statements(template)
                   if owner == name and "lambda:InvokeFunction" in as_list(statement["Action"])]
        yield from (f"{name}{where}" for where in called_past_their_alias(own))
    for name, machine in machines_of(template).items():
        for key, value in machine["Properties"]["DefinitionSubstitutions"].items():
            if key.endswith("Arn") and not str(value.get("Ref")).endswith("Alias"):
                yield f"{name}: {key}"


@rule("template",
      ("no version", lambda t: t["Resources"].pop("FulfilSourceVersion")),
      ("no alias", lambda t: t["Resources"].pop("FulfilRequestAlias")),
      ("another name", lambda t: t["Resources"]["FulfilRequestAlias"]["Properties"].update(Name="next")),
      ("another machine's version", lambda t: t["Resources"]["FulfilRequestAlias"]["Properties"]["RoutingConfiguration"][0].update(
          StateMachineVersionArn={"Ref": "FulfilSourceVersion"})),
      ("the first version for ever", lambda t: t["Resources"]["FulfilSourceVersion"]["Properties"].pop("StateMachineRevisionId")),
      ("versions that go when they are replaced", lambda t: t["Resources"]["FulfilSourceVersion"].pop("UpdateReplacePolicy")),
      ("versions that go before their machine", lambda t: t["Resources"]["FulfilRequestVersion"].pop("DeletionPolicy")))
def a_changed_definition_is_a_version_behind_the_alias_and_the_old_one_stays(template):
    resources = template["Resources"]
    for machine in machines_of(template):
        versions = {name for name, found in resources.items() if found["Type"] == "AWS::StepFunctions::StateMachineVersion"
                    and found["Properties"] == {"StateMachineArn": {"Ref": machine},
                                                "StateMachineRevisionId": {"Fn::GetAtt": [machine, "StateMachineRevisionId"]}}
                    and found.get("DeletionPolicy") == found.get("UpdateReplacePolicy") == "Retain"}
        routes = [[{"StateMachineVersionArn": {"Ref": version}, "Weight": 100}] for version in versions]
        if not any(found["Type"] == "AWS::StepFunctions::StateMachineAlias" and found["Properties"].get("Name") == "live"
                   and found["Properties"]["RoutingConfiguration"] in routes for found in resources.values()):
            yield machine
