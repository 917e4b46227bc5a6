"""Checks the template and the state machines: three checkers of others, and our own rules.

SAM and cfn-lint do not open the files behind `DefinitionUri`, and no checker knows what this
product promises. So each definition goes through asl-validator, statelint and (inlined into a stub
template) cfn-lint, and then through the rules below. A rule that cannot fail proves nothing: each
one is also run on copies with a fault planted, and has to complain about every one of them.

Run it with `tests/workflow/run.sh`, which installs what it needs.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
MACHINES = sorted((ROOT / "infra" / "statemachines").glob("*.asl.json"))

# What Step Functions and Lambda call their own passing failures; the same list in every Retry.
PLATFORM_ERRORS = {
    "Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException",
    "Lambda.SdkClientException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout",
}
RETRIED = PLATFORM_ERRORS | {"Rightful.Transient"}
# A time-out of what waits for a person is the person's, and no call's.
RETRIED_BEFORE_A_WAIT = RETRIED - {"States.Timeout"}
NEVER_RETRIED = {"Rightful.Refused", "Rightful.Misconfigured", "Rightful.Unknown", "States.ALL"}

# All that may travel in a payload, a state's output or a variable: ids, counts, enumerations, waits.
SENT = {"requestId", "sourceId", "attempt", "mode", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"}
KEPT = SENT | {"next", "waitSeconds", "state", "records", "sources", "open", "unknown", "outcome", "error", "goingOn"}
# The token of a review goes to the function that parks it, and nowhere else.
PARKED = {"requestId", "sourceId", "attempt", "taskToken"}
TOKEN = "$states.context.Task.Token"
CALLBACK = ".waitForTaskToken"

# How many items an inline Map runs at once at most; also what a request's data sources are limited to.
MAP_AT_ONCE = 40

# (pattern, reason): what statelint says that is wrong.
STATELINT_EXCEPTIONS = [
    (r'\.Seconds is "\{% .* %\}" but should be an Integer',
     "statelint does not know that JSONata may compute Seconds, which Step Functions evaluates"),
]
# (rule, reason): what cfn-lint says that is wrong.
CFN_LINT_EXCEPTIONS: list[tuple[str, str]] = []

# "*" as a resource, where AWS knows no other: Sid -> what stands there, for which actions, and the reason.
WILDCARD_RESOURCES = {
    "DeliverLogs": ("AWS::IAM::Role", re.compile(r"logs:(\w+LogDelivery|ListLogDeliveries|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)"),
                    "log delivery's actions take no resource"),
    "AdministeredByTheAccount": ("AWS::KMS::Key", re.compile(r"kms:\w+"), "in a key's policy, * is that key"),
    "UsedByRolesThatIamAllows": ("AWS::KMS::Key", re.compile(r"kms:\w+"), "in a key's policy, * is that key"),
    "ReleaseReviews": ("AWS::IAM::Role", re.compile(r"states:SendTaskSuccess"),
                       "SendTaskSuccess takes no resource: the token, which nobody can guess, stands for it"),
}
# What a resource has to say before a wildcard: that it is this deployment's.
BEFORE_A_WILDCARD = re.compile(r"\$\{\w+\.Arn\}|rightful[-/]\$\{Stage\}[-/]")


# ------------------------------------------------------------------------------------ reading


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


def read_template() -> dict:
    return yaml.load((ROOT / "template.yaml").read_text(), Loader)


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


# ------------------------------------------------------------------------------------ rules


@dataclass
class Rule:
    name: str
    check: Callable[..., Iterator[str]]
    faults: list[tuple[str, Callable]]
    of: str


RULES: list[Rule] = []


def rule(of: str, *faults: tuple[str, Callable]):
    """Registers a rule of every "machine", of one by its name, or of the "template", with faults that it must
    complain about.

    A fault changes, in place, a copy of what the rule reads.
    """

    def register(check):
        RULES.append(Rule(check.__name__.replace("_", " "), check, list(faults), of))
        return check

    return register


def task_of(definition: dict) -> dict:
    """Some Lambda task of the definition, to plant a fault in."""
    return next(state for _, state, _, _ in states(definition) if "lambda:invoke" in state.get("Resource", ""))


def choice_of(definition: dict) -> dict:
    return next(state for _, state, _, _ in states(definition) if state["Type"] == "Choice")


def fail_of(definition: dict) -> dict:
    return next(state for _, state, _, _ in states(definition) if state["Type"] == "Fail")


def add_state(definition: dict, name: str, state: dict) -> None:
    definition["States"][name] = state


@rule("machine",
      ("mixed query languages", lambda d: task_of(d).update(QueryLanguage="JSONPath")),
      ("no query language", lambda d: d.pop("QueryLanguage")),
      ("a JSONPath field", lambda d: task_of(d).update(ResultPath="$.x")))
def a_definition_speaks_JSONata_alone(definition):
    if definition.get("QueryLanguage") != "JSONata":
        yield "the top level does not say JSONata"
    for name, state, _, _ in states(definition):
        for field in ("QueryLanguage", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath"):
            if field in state:
                yield f"{name}: {field}"


@rule("machine",
      ("no time-out of a Task", lambda d: task_of(d).pop("TimeoutSeconds")),
      ("no time-out of the machine", lambda d: d.pop("TimeoutSeconds")))
def every_task_and_every_machine_has_a_time_out(definition):
    if not definition.get("TimeoutSeconds"):
        yield "the machine has none"
    for name, state, _, _ in states(definition):
        if state["Type"] == "Task" and not state.get("TimeoutSeconds"):
            yield name


@rule("machine",
      ("no comment", lambda d: task_of(d).pop("Comment")),
      ("an empty comment", lambda d: choice_of(d).update(Comment=" ")))
def every_state_says_why_it_is_there(definition):
    for name, state, _, _ in states(definition):
        if not state.get("Comment", "").strip():
            yield name


@rule("machine",
      ("a Choice without a question", lambda d: add_state(d, "Choose", {"Type": "Choice"})),
      ("a Task with one", lambda d: add_state(d, "Submit It?", {"Type": "Task"})),
      ("lower case", lambda d: add_state(d, "check it", {"Type": "Task"})))
def names_are_title_case_and_choices_are_questions(definition):
    for name, state, _, _ in states(definition):
        if not re.fullmatch(r"[A-Z][a-z]*( [A-Z][a-z]*)*\??", name):
            yield f"{name}: not Title Case"
        if (state["Type"] == "Choice") != name.endswith("?"):
            yield f"{name}: questions are for Choice, and Choice for questions"


@rule("machine",
      ("everything retried", lambda d: task_of(d)["Retry"][0].update(ErrorEquals=["States.ALL"])),
      ("no jitter", lambda d: task_of(d)["Retry"][0].pop("JitterStrategy")),
      ("another jitter", lambda d: task_of(d)["Retry"][0].update(JitterStrategy="NONE")),
      ("no cap", lambda d: task_of(d)["Retry"][0].pop("MaxDelaySeconds")),
      ("no end", lambda d: task_of(d)["Retry"][0].pop("MaxAttempts")),
      ("unknown retried", lambda d: task_of(d)["Retry"][0]["ErrorEquals"].append("Rightful.Unknown")))
def a_retry_names_its_errors_and_has_full_jitter_and_a_cap(definition):
    for name, state, _, _ in states(definition):
        for retry in state.get("Retry", []):
            if bad := NEVER_RETRIED & set(retry["ErrorEquals"]):
                yield f"{name}: retries {', '.join(sorted(bad))}"
            if retry.get("JitterStrategy") != "FULL":
                yield f"{name}: no full jitter"
            if not 0 < retry.get("MaxDelaySeconds", 0) <= 300 or not 0 < retry.get("MaxAttempts", 0) <= 10:
                yield f"{name}: no cap"


@rule("machine",
      ("a platform error left out", lambda d: task_of(d)["Retry"][0]["ErrorEquals"].remove("Sandbox.Timedout")),
      ("no Retry", lambda d: task_of(d).pop("Retry")),
      ("what may pass left out", lambda d: task_of(d)["Retry"][0]["ErrorEquals"].remove("Rightful.Transient")),
      ("a person waited for again", lambda d: task_of(d).update(Resource="arn:${Partition}:states:::lambda:invoke.waitForTaskToken")))
def every_lambda_task_retries_what_passes_by_itself(definition):
    for name, state, _, _ in states(definition):
        if "lambda:invoke" in state.get("Resource", ""):
            named = {error for retry in state.get("Retry", []) for error in retry["ErrorEquals"]}
            waits = state["Resource"].endswith(CALLBACK)
            if missing := (RETRIED_BEFORE_A_WAIT if waits else RETRIED) - named:
                yield f"{name}: does not retry {', '.join(sorted(missing))}"
            if waits and "States.Timeout" in named:
                yield f"{name}: waits for a person once more"


@rule("machine",
      ("States.ALL first", lambda d: task_of(d)["Catch"].reverse()),
      ("States.ALL in company", lambda d: task_of(d)["Catch"][-1]["ErrorEquals"].append("Rightful.Refused")),
      ("no Catch", lambda d: task_of(d).pop("Catch")),
      ("no States.ALL", lambda d: task_of(d)["Catch"].pop()))
def every_task_catches_States_ALL_last_and_alone(definition):
    for name, state, _, _ in states(definition):
        if state["Type"] != "Task":
            continue
        lists = [catch["ErrorEquals"] for catch in state.get("Catch", [])]
        if not lists or lists[-1] != ["States.ALL"]:
            yield f"{name}: does not end with States.ALL alone"
        if any("States.ALL" in errors for errors in lists[:-1]):
            yield f"{name}: States.ALL before the last"


def leads_to_success(target: str, beside: dict) -> bool:
    """Whether it goes on to a Succeed with nothing done or asked in between."""
    seen = set()
    while target not in seen:
        seen.add(target)
        state = beside.get(target, {})
        if state.get("Type") == "Succeed":
            return True
        if state.get("Type") not in ("Pass", "Wait") or "Next" not in state:
            return False
        target = state["Next"]
    return False


def plant_success(definition: dict, through: bool = False) -> None:
    add_state(definition, "Planted", {"Type": "Succeed"})
    add_state(definition, "Planted Pass", {"Type": "Pass", "Next": "Planted"})
    definition["States"][next(n for n, s in definition["States"].items() if s["Type"] == "Choice")]["Default"] = (
        "Planted Pass" if through else "Planted")


def plant_caught_success(definition: dict) -> None:
    add_state(definition, "Planted", {"Type": "Succeed"})
    next(s for s in definition["States"].values() if "Catch" in s)["Catch"][-1]["Next"] = "Planted"


def plant_end(definition: dict) -> None:
    add_state(definition, "Planted", {"Type": "Pass", "End": True})
    next(s for s in definition["States"].values() if "Catch" in s)["Catch"][-1]["Next"] = "Planted"


@rule("machine",
      ("no Default", lambda d: choice_of(d).pop("Default")),
      ("a Default that succeeds", plant_success),
      ("a Default that succeeds after a Pass", lambda d: plant_success(d, True)))
def the_default_of_a_choice_is_never_success(definition):
    for name, state, beside, _ in states(definition):
        if state["Type"] == "Choice":
            if state.get("Default") not in beside:
                yield f"{name}: no Default"
            elif leads_to_success(state["Default"], beside):
                yield f"{name}: its Default leads to success"


TURN = {"next": "{% $states.result.Payload.next %}", "waitSeconds": "{% $states.result.Payload.waitSeconds %}"}
IN_TURN = {"Type": "Wait", "Seconds": "{% $states.input.waitSeconds %}"}


def searches(definition: dict) -> Iterator[tuple[str, dict, dict]]:
    for name, state, beside, _ in states(definition):
        if state.get("Arguments", {}).get("Payload", {}).get("mode") == "find":
            yield name, state, beside


def plant_in(definition: dict, name: str, **change: object) -> None:
    next(state for found, state, _, _ in states(definition) if found == name).update(change)


@rule("fulfil-request",
      ("a wait that is not handed on", lambda d: [state["Output"].pop("waitSeconds") for _, state, _ in searches(d)]),
      ("another wait", lambda d: plant_in(d, "Wait To Search", Seconds=60)),
      ("never again", lambda d: plant_in(d, "Wait To Search", Next="Source Left Open")),
      ("no way there", lambda d: plant_in(d, "Review Needed?", Choices=[])),
      ("left out of what goes on", lambda d: plant_in(d, "Search Sources", Assign={"goingOn": "{% [] %}"})))
def a_search_that_waits_for_its_turn_is_made_at_its_turn(definition):
    """By itself, so that it holds up no other data source, and as no error: a turn is nothing that an alarm counts."""
    again = set()
    for name, state, beside in searches(definition):
        if TURN.items() - state["Output"].items():
            yield f"{name}: does not hand on its turn"
        for choice in (one for one in beside.values() if one["Type"] == "Choice"):
            ways = [way["Next"] for way in choice["Choices"] if way["Condition"] == "{% $states.input.next = 'search' %}"]
            again |= {name for way in ways if not IN_TURN.items() - beside[way].items() and beside[way]["Next"] == name}
    for name, state, beside in searches(definition):
        if "End" not in state and name not in again:
            yield f"{name}: is not made at its turn"
    if not again or "'search'" not in definition["States"]["Search Sources"]["Assign"]["goingOn"]:
        yield "a search that waits for its turn is never made"


@rule("machine",
      ("a Catch that succeeds", plant_caught_success),
      ("a Catch that just ends", plant_end))
def what_is_caught_never_looks_like_success(definition):
    for name, state, beside, inside_map in states(definition):
        for catch in state.get("Catch", []):
            target = beside.get(catch["Next"], {})
            # In a Map the item ends as "left open", which the next state does not take for done.
            left_open = inside_map and target.get("Type") == "Pass" and target.get("Output", {}).get("next") == "none"
            if target.get("Type") != "Fail" and not left_open:
                yield f"{name}: {', '.join(catch['ErrorEquals'])} leads to {catch['Next']}"


@rule("machine",
      ("no Cause", lambda d: fail_of(d).pop("Cause")),
      ("no Error", lambda d: fail_of(d).pop("Error")),
      ("a vendor's words in the Cause", lambda d: fail_of(d).update(Cause="{% $states.errorOutput.Cause %}")),
      ("a field that is no id in the Cause", lambda d: fail_of(d).update(Cause="{% $states.input.email %}")))
def every_failure_has_an_error_and_a_cause_of_ids_and_counts(definition):
    allowed = {"$states.context.Execution.Input.requestId", "$states.context.Execution.Input.sourceId",
               "$states.context.Execution.Input.attempt", "$states.input.open", "$states.input.unknown"}
    for name, state, _, _ in states(definition):
        if state["Type"] != "Fail":
            continue
        if not state.get("Error") or not state.get("Cause"):
            yield f"{name}: no Error or no Cause"
        for found in re.findall(r"\$states(?:\.\w+)+", state.get("Cause", "")):
            if found not in allowed:
                yield f"{name}: its Cause tells {found}"


@rule("machine",
      ("an address in a payload", lambda d: task_of(d)["Arguments"]["Payload"].update(email="{% $states.input.email %}")),
      ("an address in an output", lambda d: task_of(d).update(Output={"email": "{% $states.result.Payload.email %}"})),
      ("an address kept", lambda d: task_of(d).update(Assign={"subject": "{% $states.result.Payload.subject %}"})),
      ("no Output, so the whole result", lambda d: task_of(d).pop("Output")),
      ("a Catch with no Output, so the whole error", lambda d: task_of(d)["Catch"][-1].pop("Output")))
def payloads_outputs_and_variables_hold_the_contracts_keys_alone(definition):
    def keys(where, value, allowed):
        if not isinstance(value, dict):
            yield f"{where}: an expression instead of named keys"
        else:
            for key, inner in value.items():
                if key not in allowed:
                    yield f"{where}: {key}"
                elif not isinstance(inner, str):
                    yield f"{where}: {key} is no single expression"

    for name, state, _, _ in states(definition):
        arguments = state.get("Arguments", {})
        for field in ("Payload", "Input"):
            if field in arguments:
                waits = state["Resource"].endswith(CALLBACK)
                yield from keys(f"{name} {field}", arguments[field], PARKED if waits else SENT)
        if extra := set(arguments) - {"FunctionName", "Payload", "StateMachineArn", "Name", "Input"}:
            yield f"{name}: Arguments {', '.join(sorted(extra))}"
        if "ItemSelector" in state:
            yield from keys(f"{name} ItemSelector", state["ItemSelector"], SENT | {"next", "waitSeconds"})
        for field in ("Output", "Assign"):
            if field in state:
                yield from keys(f"{name} {field}", state[field], KEPT)
        if state["Type"] in ("Task", "Map") and "Output" not in state:
            yield f"{name}: no Output, so the whole result goes on"
        if state["Type"] == "Map" and "ItemSelector" not in state:
            yield f"{name}: no ItemSelector"
        for catch in state.get("Catch", []):
            if "Output" not in catch:
                yield f"{name}: a Catch without Output hands on the error's text"
            else:
                yield from keys(f"{name} Catch", catch["Output"], KEPT)


@rule("machine",
      ("the whole input", lambda d: task_of(d)["Arguments"].update(Payload={"requestId": "{% $states.input %}"})),
      ("the whole execution's input", lambda d: task_of(d)["Arguments"].update(Payload={"requestId": "{% $states.context.Execution.Input %}"})),
      ("the whole result", lambda d: task_of(d).update(Output={"state": "{% $states.result.Payload %}"})),
      ("merged input", lambda d: task_of(d).update(Output={"state": "{% $merge([$states.input, {'a': 1}]) %}"})),
      ("the error's text", lambda d: task_of(d)["Catch"][-1].update(Output={"error": "{% $states.errorOutput.Cause %}"})),
      ("the whole error", lambda d: task_of(d)["Catch"][-1].update(Output={"error": "{% $states.errorOutput %}"})))
def nothing_is_passed_on_whole(definition):
    allowed = re.compile(
        r"\$states\.(?:input\.\w+|context\.Execution\.Input\.\w+|context\.Execution\.Id|context\.Map\.Item\.Value"
        r"|context\.Map\.Item\.Value\.(?:sourceId|next|waitSeconds)|context\.Task\.Token"
        r"|result\.Payload\.\w+|result\.next|errorOutput\.Error)(?![\w.])")
    # A Map's result is a list of what its items put out, two named keys each: counted, or filtered.
    of_a_map = re.compile(r"\$count\(\$states\.result\)|\[\$states\.result\[next in \['fulfil', 'review', 'search'\]\]\]")
    for name, state, _, _ in states(definition):
        own = {key: value for key, value in state.items() if key != "ItemProcessor"}
        for text in strings(own):
            rest = allowed.sub("", text)
            if state["Type"] == "Map":
                rest = of_a_map.sub("", rest)
            if "$states" in rest:
                yield f"{name}: {text}"


def plant_wait(definition: dict, function: str = "${ReviewFunctionArn}", **payload: str) -> None:
    add_state(definition, "Planted", {"Type": "Task", "Resource": f"arn:${{Partition}}:states:::lambda:invoke{CALLBACK}",
                                      "Arguments": {"FunctionName": function, "Payload": payload}})


FULL_PAYLOAD = {key: f"{{% $states.input.{key} %}}" for key in PARKED - {"taskToken"}} | {"taskToken": f"{{% {TOKEN} %}}"}


@rule("machine",
      ("the token to another function", lambda d: task_of(d)["Arguments"]["Payload"].update(taskToken=f"{{% {TOKEN} %}}")),
      ("the token under another name", lambda d: task_of(d)["Arguments"]["Payload"].update(mode=f"{{% {TOKEN} %}}")),
      ("the token kept", lambda d: task_of(d).update(Assign={"state": f"{{% {TOKEN} %}}"})),
      ("the token in an output", lambda d: task_of(d).update(Output={"state": f"{{% {TOKEN} %}}"})),
      ("a wait of another function", lambda d: plant_wait(d, "${CloseFunctionArn}", **FULL_PAYLOAD)),
      ("a wait without a token", lambda d: plant_wait(d, requestId="a", sourceId="b", attempt="c")),
      ("a wait with another token", lambda d: plant_wait(d, **FULL_PAYLOAD | {"taskToken": "{% $states.input.taskToken %}"})),
      ("a wait with more", lambda d: plant_wait(d, **FULL_PAYLOAD, mode="find")))
def a_token_goes_to_review_and_nowhere_else(definition):
    for name, state, _, _ in states(definition):
        own = {key: value for key, value in state.items() if key != "ItemProcessor"}
        tokens = sum(text.count("Task.Token") for text in strings(own))
        if not state.get("Resource", "").endswith(CALLBACK):
            if tokens or "taskToken" in json.dumps(own):
                yield f"{name}: a token"
            continue
        arguments = state["Arguments"]
        if arguments["FunctionName"] != "${ReviewFunctionArn}":
            yield f"{name}: waits for {arguments['FunctionName']}"
        if set(arguments["Payload"]) != PARKED or arguments["Payload"].get("taskToken") != f"{{% {TOKEN} %}}" or tokens != 1:
            yield f"{name}: its payload"


@rule("machine",
      ("a Map without a limit", lambda d: add_state(d, "Planted", {"Type": "Map", "ItemProcessor": {"States": {}}})),
      ("a lower one", lambda d: add_state(d, "Planted", {"Type": "Map", "MaxConcurrency": 10, "ItemProcessor": {"States": {}}})))
def a_Map_runs_as_many_at_once_as_an_inline_Map_can(definition):
    # More data sources than this would wait for one that takes weeks.
    for name, state, _, _ in states(definition):
        if state["Type"] == "Map" and state.get("MaxConcurrency") != MAP_AT_ONCE:
            yield f"{name}: {state.get('MaxConcurrency')}"


@rule("machine",
      ("one partition's name", lambda d: task_of(d).update(Resource="arn:aws:states:::lambda:invoke")))
def no_ARN_names_a_partition(definition):
    for text in strings(definition):
        if "arn:" in text and "arn:${Partition}:" not in text:
            yield text


# ---- the template


@rule("template",
      ("one partition's name", lambda t: role_statements(t, "SubmitRole")[-1].update(Resource={"Fn::Sub": "arn:aws:s3:::b"})),
      ("no partition for a state machine", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"]["DefinitionSubstitutions"].update(Partition="aws")))
def no_ARN_of_the_template_names_a_partition(template):
    # A parameter's pattern is what an ARN may look like, and none.
    for text in strings({**template, "Parameters": {}}):
        if re.search(r"\barn:(?!\$\{AWS::Partition\}:)", text):
            yield text
    for name, resource in template["Resources"].items():
        substitutions = resource.get("Properties", {}).get("DefinitionSubstitutions", {"Partition": {"Ref": "AWS::Partition"}})
        if substitutions.get("Partition") != {"Ref": "AWS::Partition"}:
            yield f"{name}: Partition"


def statements(template: dict) -> Iterator[tuple[str, dict]]:
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", []) if "PolicyDocument" in policy]
        documents += [properties[key] for key in ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy") if key in properties]
        for document in documents:
            for statement in document["Statement"]:
                yield name, statement


def functions(template: dict) -> dict[str, dict]:
    return {name: resource for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"}


def role_statements(template: dict, role: str) -> list[dict]:
    return template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


@rule("template",
      ("all of a service", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "Action": "s3:*", "Resource": "a"})),
      ("a prefix", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "Action": ["s3:Get*"], "Resource": "a"})),
      ("all but some", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "NotAction": ["s3:GetObject"], "Resource": "a"})))
def no_statement_allows_a_wildcard_of_actions(template):
    for name, statement in statements(template):
        # What is refused is refused whole.
        if statement["Effect"] == "Allow" and ("NotAction" in statement or any("*" in action for action in as_list(statement.get("Action", [])))):
            yield f"{name} {statement.get('Sid')}"


@rule("template",
      ("no Sid", lambda t: role_statements(t, "SubmitRole")[0].pop("Sid")),
      ("the same Sid twice", lambda t: role_statements(t, "SubmitRole").append(role_statements(t, "SubmitRole")[0])))
def every_statement_has_a_Sid_of_its_own(template):
    seen = set()
    for name, statement in statements(template):
        sid = statement.get("Sid")
        if not sid or (name, sid) in seen:
            yield f"{name} {sid}"
        seen.add((name, sid))


@rule("template",
      ("any resource", lambda t: role_statements(t, "SubmitRole")[0].update(Resource="*")),
      ("any resource, in a list", lambda t: role_statements(t, "SubmitRole")[0].update(Resource=["a", "*"])),
      ("another action under the name of one that needs it", lambda t: statement_of(t, "ReviewRole", "ReleaseReviews").update(Action="states:StartExecution")),
      ("a role under the name of a key", lambda t: statement_of(t, "ReviewRole", "ReleaseReviews").update(Sid="UsedByRolesThatIamAllows")),
      ("all but some", lambda t: role_statements(t, "SubmitRole")[0].update(NotResource="a")))
def a_wildcard_resource_stands_only_where_AWS_knows_no_other(template):
    for name, statement in statements(template):
        if "NotResource" in statement:
            yield f"{name} {statement.get('Sid')}: NotResource"
        if "*" in as_list(statement.get("Resource", [])):
            kind, actions, _ = WILDCARD_RESOURCES.get(statement.get("Sid"), ("", re.compile("(?!)"), ""))
            if template["Resources"][name]["Type"] != kind or not all(actions.fullmatch(one) for one in as_list(statement["Action"])):
                yield f"{name} {statement.get('Sid')}"


@rule("template",
      ("any bucket", lambda t: role_statements(t, "SubmitRole")[0].update(Resource={"Fn::Sub": "arn:${AWS::Partition}:s3:::*"})),
      ("every stage", lambda t: role_statements(t, "SubmitRole")[0].update(Resource=[{"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rightful/*"}])),
      ("a stage that begins so", lambda t: role_statements(t, "SubmitRole")[0].update(Resource={"Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:rightful-${Stage}*"})),
      ("any account", lambda t: role_statements(t, "SubmitRole")[0].update(Resource="arn:aws:states:*:*:stateMachine:x")))
def a_wildcard_in_a_resource_comes_after_what_is_this_deployments(template):
    for name, statement in statements(template):
        for resource in as_list(statement.get("Resource", [])):
            for text in strings(resource):
                before, star, _ = text.partition("*")
                if star and text != "*" and not BEFORE_A_WILDCARD.search(before):
                    yield f"{name} {statement.get('Sid')}: {text}"


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


def may_delete_keys(statement: dict) -> bool:
    deletes = {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLDelete", "dynamodb:DeleteTable"}
    actions = as_list(statement.get("Action", []))
    return (statement["Effect"] == "Allow" and "KeysTable" in json.dumps(statement.get("Resource", ""))
            and any(action in deletes or "*" in action for action in actions))


@rule("template",
      ("another role that may", lambda t: role_statements(t, "SearchRole").append(
          {"Sid": "X", "Effect": "Allow", "Action": ["dynamodb:DeleteItem"], "Resource": {"Fn::GetAtt": ["KeysTable", "Arn"]}})),
      ("a role that may by a batch", lambda t: role_statements(t, "IntakeRole").append(
          {"Sid": "X", "Effect": "Allow", "Action": ["dynamodb:BatchWriteItem"], "Resource": {"Fn::Sub": "${KeysTable.Arn}"}})),
      ("none that may", lambda t: [s.update(Action=[]) for s in role_statements(t, "CloseRole") if may_delete_keys(s)]))
def only_close_may_delete_a_data_key(template):
    who = {name for name, statement in statements(template) if may_delete_keys(statement)}
    if who != {"CloseRole"}:
        yield f"may: {', '.join(sorted(who)) or 'nobody'}"


@rule("template",
      ("recovery of keys", lambda t: t["Resources"]["KeysTable"]["Properties"]["PointInTimeRecoverySpecification"].update(PointInTimeRecoveryEnabled=True)),
      ("a stream of keys", lambda t: t["Resources"]["KeysTable"]["Properties"].update(StreamSpecification={"StreamViewType": "KEYS_ONLY"})),
      ("no recovery of requests", lambda t: t["Resources"]["RequestsTable"]["Properties"].pop("PointInTimeRecoverySpecification")),
      ("lost with the stack", lambda t: t["Resources"]["RequestsTable"].pop("DeletionPolicy")),
      ("a backup plan", lambda t: t["Resources"].update(Plan={"Type": "AWS::Backup::BackupPlan"})))
def requests_can_be_recovered_and_keys_cannot(template):
    resources = template["Resources"]
    recovered = {name: resources[name]["Properties"].get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
                 for name in ("RequestsTable", "KeysTable")}
    if recovered != {"RequestsTable": True, "KeysTable": False}:
        yield f"point-in-time recovery: {recovered}"
    if "StreamSpecification" in resources["KeysTable"]["Properties"]:
        yield "keys have a stream"
    for name in ("RequestsTable", "KeysTable", "ReceiptsBucket", "DataKey", "TagKey", "ReceiptKey"):
        if resources[name].get("DeletionPolicy") != "Retain" or resources[name].get("UpdateReplacePolicy") != "Retain":
            yield f"{name} goes with the stack"
    if any(resource["Type"].startswith("AWS::Backup::") for resource in resources.values()):
        yield "a backup plan: say how it leaves out the keys, and teach this rule"


@rule("template",
      ("on by default", lambda t: t["Parameters"]["AllowLoopbackVendors"].update(Default="true")),
      ("no rule", lambda t: t.pop("Rules")),
      ("a rule for another stage", lambda t: t["Rules"]["LoopbackNeverInProduction"].update(RuleCondition={"Fn::Equals": [{"Ref": "Stage"}, "live"]})),
      ("a rule that asserts the contrary", lambda t: t["Rules"]["LoopbackNeverInProduction"]["Assertions"][0].update(
          Assert={"Fn::Equals": [{"Ref": "AllowLoopbackVendors"}, "true"]})))
def loopback_vendors_are_off_and_refused_for_prod(template):
    if template["Parameters"]["AllowLoopbackVendors"].get("Default") != "false":
        yield "on by default"
    if not any(
        found.get("RuleCondition") == {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
        and {"Fn::Equals": [{"Ref": "AllowLoopbackVendors"}, "false"]} in [a["Assert"] for a in found["Assertions"]]
        for found in template.get("Rules", {}).values()
    ):
        yield "not refused for prod"


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


@rule("template",
      ("the address", lambda t: t["Resources"]["WebhookStage"]["Properties"]["AccessLogSettings"].update(Format='{"ip":"$context.identity.sourceIp"}')),
      ("the path", lambda t: t["Resources"]["WebhookStage"]["Properties"]["AccessLogSettings"].update(Format='{"p":"$context.path"}')),
      ("no throttling", lambda t: t["Resources"]["WebhookStage"]["Properties"].pop("DefaultRouteSettings")))
def the_access_log_tells_no_address_path_query_or_body(template):
    allowed = {"$context.apiId", "$context.requestTime", "$context.requestId", "$context.routeKey", "$context.status",
               "$context.responseLatency", "$context.integrationStatus", "$context.error.responseType"}
    properties = template["Resources"]["WebhookStage"]["Properties"]
    for found in re.findall(r"\$[\w.]+", properties["AccessLogSettings"]["Format"]):
        if found not in allowed:
            yield found
    if not properties.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit"):
        yield "no throttling"


@rule("template",
      ("no version", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"].pop("VersioningConfiguration")),
      ("open to the public", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"]["PublicAccessBlockConfiguration"].update(BlockPublicAcls=False)),
      ("no lock", lambda t: t["Resources"]["ReceiptsBucket"]["Properties"].pop("ObjectLockConfiguration")),
      ("plain http", lambda t: t["Resources"].pop("ReceiptsBucketPolicy")))
def receipts_are_versioned_locked_private_and_sent_by_TLS(template):
    properties = template["Resources"]["ReceiptsBucket"]["Properties"]
    if properties.get("VersioningConfiguration") != {"Status": "Enabled"}:
        yield "no versions"
    if not properties.get("ObjectLockEnabled") or "ObjectLockConfiguration" not in properties:
        yield "no lock"
    if list(properties["PublicAccessBlockConfiguration"].values()) != [True] * 4:
        yield "not private"
    if '"aws:SecureTransport": "false"' not in json.dumps(template["Resources"].get("ReceiptsBucketPolicy", {})):
        yield "plain http"


def copies(template: dict) -> dict:
    return template["Resources"]["CopiesBucket"]["Properties"]


def copies_rule(template: dict, name: str) -> dict:
    return next(found for found in copies(template)["LifecycleConfiguration"]["Rules"] if found["Id"] == name)


@rule("template",
      ("versions, which outlive a deletion", lambda t: copies(t).update(VersioningConfiguration={"Status": "Enabled"})),
      ("open to the public", lambda t: copies(t)["PublicAccessBlockConfiguration"].update(RestrictPublicBuckets=False)),
      ("S3's own key", lambda t: copies(t)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].update(
          ServerSideEncryptionByDefault={"SSEAlgorithm": "AES256"})),
      ("no bucket key", lambda t: copies(t)["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].pop("BucketKeyEnabled")),
      ("packages kept for ever", lambda t: copies_rule(t, "PackagesExpire").update(Status="Disabled")),
      ("packages kept for another time", lambda t: copies_rule(t, "PackagesExpire").update(ExpirationInDays=365)),
      ("parts kept for ever", lambda t: copies(t)["LifecycleConfiguration"]["Rules"].remove(copies_rule(t, "PartsExpire"))),
      ("parts gone before the request is", lambda t: copies_rule(t, "PartsExpire").update(ExpirationInDays=31)),
      ("uploads kept", lambda t: copies_rule(t, "UploadsExpire").pop("AbortIncompleteMultipartUpload")),
      ("plain http", lambda t: t["Resources"].pop("CopiesBucketPolicy")))
def copies_are_encrypted_private_sent_by_TLS_and_gone_after_their_time(template):
    properties = copies(template)
    if "VersioningConfiguration" in properties:
        yield "versions"
    if list(properties["PublicAccessBlockConfiguration"].values()) != [True] * 4:
        yield "not private"
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]}}
    if properties["BucketEncryption"]["ServerSideEncryptionConfiguration"] != [
            {"ServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]:
        yield "not encrypted with the data key"
    kept = {found.get("Prefix"): found for found in properties["LifecycleConfiguration"]["Rules"] if found["Status"] == "Enabled"}
    if kept.get("packages/", {}).get("ExpirationInDays") != {"Ref": "CopyDays"}:
        yield "packages"
    if kept.get("parts/", {}).get("ExpirationInDays", 0) < 93:
        yield "parts"
    if "AbortIncompleteMultipartUpload" not in kept.get(None, {}):
        yield "uploads"
    policy = template["Resources"].get("CopiesBucketPolicy", {})
    if '"aws:SecureTransport": "false"' not in json.dumps(policy) or policy["Properties"]["Bucket"] != {"Ref": "CopiesBucket"}:
        yield "plain http"


@rule("template",
      ("erasure without a person", lambda t: t["Parameters"]["ErasureReview"].update(Default="auto")),
      ("a copy without a person", lambda t: t["Parameters"]["AccessReview"].update(Default="auto")),
      ("anything", lambda t: t["Parameters"]["ErasureReview"].pop("AllowedPattern")),
      ("a policy that nobody knows", lambda t: t["Parameters"]["AccessReview"].update(AllowedPattern="auto|always|never|over:(0|[1-9][0-9]{0,8})")),
      ("a number written in two ways", lambda t: t["Parameters"]["AccessReview"].update(AllowedPattern="auto|always|over:[0-9]+")))
def a_person_decides_unless_the_deployment_says_otherwise(template):
    defaults = {name: template["Parameters"][name]["Default"] for name in ("ErasureReview", "AccessReview")}
    if defaults != {"ErasureReview": "always", "AccessReview": "always"}:
        yield f"{defaults}"
    for name in defaults:
        pattern = template["Parameters"][name].get("AllowedPattern", "")
        good, bad = ("auto", "always", "over:0", "over:25"), ("", "Auto", "never", "over", "over:", "over:01", "over:-1", "over:9999999999")
        if not all(re.fullmatch(pattern, text) for text in good) or any(re.fullmatch(pattern, text) for text in bad):
            yield f"{name}: {pattern}"


def route(template: dict, key: str) -> dict:
    return next(found["Properties"] for found in template["Resources"].values()
                if found["Type"] == "AWS::ApiGatewayV2::Route" and found["Properties"]["RouteKey"] == key)


CONSOLE_ROUTE = "ANY /api/{proxy+}"


@rule("template",
      ("an API open to all", lambda t: route(t, CONSOLE_ROUTE).update(AuthorizationType="NONE")),
      ("another way in", lambda t: t["Resources"].update(Planted={"Type": "AWS::ApiGatewayV2::Route", "Properties": {
          "RouteKey": "$default", "AuthorizationType": "NONE", "Target": {"Fn::Sub": "integrations/${ConsoleIntegration}"}}})),
      ("the API by the webhooks' function", lambda t: route(t, CONSOLE_ROUTE).update(Target={"Fn::Sub": "integrations/${IntakeIntegration}"})),
      ("no permission", lambda t: t["Resources"].pop("ConsolePermission")),
      ("a permission for every route", lambda t: t["Resources"]["ConsolePermission"]["Properties"].update(
          SourceArn={"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebhookApi}/*"})),
      ("a function that outlives its call", lambda t: t["Resources"]["ConsoleFunction"]["Properties"].update(Timeout=60)))
def the_operators_api_is_called_by_IAM_alone_and_webhooks_by_anybody(template):
    routes = {found["Properties"]["RouteKey"]: (found["Properties"].get("AuthorizationType"), found["Properties"]["Target"])
              for found in template["Resources"].values() if found["Type"] == "AWS::ApiGatewayV2::Route"}
    wanted = {"POST /webhooks/{channel}": ("NONE", {"Fn::Sub": "integrations/${IntakeIntegration}"}),
              CONSOLE_ROUTE: ("AWS_IAM", {"Fn::Sub": "integrations/${ConsoleIntegration}"})}
    if routes != wanted:
        yield f"routes: {routes}"
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebhookApi}"
    allowed = {found["Properties"]["FunctionName"]["Ref"]: found["Properties"]["SourceArn"]["Fn::Sub"]
               for found in template["Resources"].values()
               if found["Type"] == "AWS::Lambda::Permission" and found["Properties"]["Principal"] == "apigateway.amazonaws.com"}
    if allowed != {"IntakeFunction.Alias": f"{api}/*/POST/webhooks/{{channel}}", "ConsoleFunction.Alias": f"{api}/*/*/api/{{proxy+}}"}:
        yield f"permissions: {allowed}"
    for name in ("Intake", "Console"):
        waits = template["Resources"][f"{name}Integration"]["Properties"]["TimeoutInMillis"]
        if template["Resources"][f"{name}Function"]["Properties"]["Timeout"] * 1000 >= waits:
            yield f"{name}: the API gives up first"


def crate_of(function: str) -> str:
    """`StatusCheckFunction` is built from `functions/status-check`."""
    return "-".join(re.findall(r"[A-Z][a-z]+", function.removesuffix("Function"))).lower()


def code_of(folder: str) -> str:
    """A crate's code, without its tests and comments."""
    paths = sorted((ROOT / "functions" / folder / "src").rglob("*.rs"))
    code = "\n".join(path.read_text().partition("#[cfg(test)]\nmod ")[0] for path in paths)
    return re.sub(r"^\s*//.*$", "", code, flags=re.M)


def methods_of(code: str) -> dict[str, str]:
    """The bodies of the methods of the one type in this code."""
    return dict(re.findall(r"\n    (?:pub )?(?:async )?fn (\w+)(?:<[^>]*>)?\(\s*&?self\b.*?\{\n(.*?)\n    \}", code, re.S))


def composed(crate: str) -> str:
    """A function's code, and after it the methods of `Deployed` that its ports are built by."""
    code, bodies = code_of(crate), methods_of(code_of("lib/deployed"))
    built, new = set(), set(re.findall(r"\bdeployed\s*\.(\w+)\(", code)) & set(bodies)
    while new:
        built |= new
        new = {name for one in new for name in re.findall(r"\bself\s*\.(\w+)\(", bodies[one])} & set(bodies) - built
    return "\n".join([code, *(bodies[name] for name in sorted(built))])


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
      ("one that is read for a setting", lambda t: t["Resources"]["SubmitFunction"]["Properties"]["Environment"]["Variables"].pop("RECONCILE_GRACE_SECONDS")),
      ("one that is read for a key", lambda t: t["Resources"]["SearchFunction"]["Properties"]["Environment"]["Variables"].pop("RIGHTFUL_STAGE")),
      ("one for every function that not every one reads", lambda t: t["Globals"]["Function"].update(
          Environment={"Variables": {"TAG_KEY_ID": {"Fn::GetAtt": ["TagKey", "Arn"]}}})))
def a_function_is_given_exactly_the_variables_that_its_code_reads(template):
    environment = (ROOT / "functions" / "lib" / "lambda" / "src" / "environment.rs").read_text()
    shared = set(template["Globals"]["Function"].get("Environment", {}).get("Variables", {}))
    for name, function in functions(template).items():
        given = shared | set(function["Properties"]["Environment"]["Variables"])
        wanted = settings_read(composed(crate_of(name)), environment)
        for variable in sorted(given ^ wanted):
            yield f"{name} {variable}: {'nobody reads it' if variable in given else 'not given'}"


def due_index(template: dict) -> dict:
    indexes = template["Resources"]["RequestsTable"]["Properties"]["GlobalSecondaryIndexes"]
    return next(index for index in indexes if index["IndexName"] == "due")


@rule("template",
      ("one that no gauge reads", lambda t: due_index(t)["Projection"]["NonKeyAttributes"].append("identifiers")),
      ("one that is missing", lambda t: due_index(t)["Projection"]["NonKeyAttributes"].remove("synthetic")),
      ("the whole row", lambda t: due_index(t).update(Projection={"ProjectionType": "ALL"})))
def the_due_index_holds_exactly_what_the_gauges_are_counted_by(template):
    code = (ROOT / "functions" / "lib" / "domain" / "src" / "duty" / "gauge.rs").read_text()
    wanted = {field for name in ("OpenRequest", "OpenTask")
              for field in re.findall(r"^    pub (\w+):", code.partition(f"pub struct {name} {{")[2].partition("\n}")[0], re.M)}
    projection = due_index(template)["Projection"]
    if projection["ProjectionType"] != "INCLUDE":
        yield f"it projects {projection['ProjectionType']}"
    for attribute in sorted(wanted ^ set(projection.get("NonKeyAttributes", []))):
        yield f"{attribute}: {'not projected' if attribute in wanted else 'no gauge reads it'}"


def actions_called(code: str) -> set[str]:
    """The names of the AWS actions that the adapters call, those inside transactions too."""
    called = {"".join(word.title() for word in method.split("_")) for method in re.findall(r"\.(\w+)\(\)", code)}
    inside = {"Put": "PutItem", "Delete": "DeleteItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
    return called | {inside[kind] for kind in re.findall(r"\b(\w+)::builder\(\)", code) if kind in inside}


# What no SDK call is named after: written or sent by Lambda itself, or asked of S3 by a read of nothing.
NOT_CALLED_BY_NAME = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket", "sqs:SendMessage"}
# What the adapters call for operators alone, who have identities of their own.
FOR_OPERATORS = {"kms:GetPublicKey"}
# What one function alone does, because it is an operator's act.
SECRETS_WRITTEN = {f"secretsmanager:{action}" for action in (
    "CreateSecret", "DeleteSecret", "DescribeSecret", "PutSecretValue", "RestoreSecret")}
CONSOLE_ALONE = SECRETS_WRITTEN | {"lambda:InvokeFunction"}
# What the SDK calls by another name: a function's invocation, and a question about an object.
CALLED_AS = {"InvokeFunction": "Invoke"}


def grant(role: str, action: str, resource="a") -> Callable:
    return lambda template: role_statements(template, role).append({"Sid": "X", "Effect": "Allow", "Action": [action], "Resource": resource})


@rule("template",
      ("an update", grant("SubmitRole", "dynamodb:UpdateItem")),
      ("a scan", grant("ReconcileRole", "dynamodb:Scan")),
      ("a batch of writes", grant("SearchRole", "dynamodb:BatchWriteItem")),
      ("an encryption", grant("IntakeRole", "kms:Encrypt")),
      ("a deletion of a receipt's version", grant("CloseRole", "s3:DeleteObjectVersion")),
      ("a way past the lock", grant("CloseRole", "s3:BypassGovernanceRetention")),
      ("another function called", grant("SubmitRole", "lambda:InvokeFunction")),
      ("an end of a review as a failure", grant("ReviewRole", "states:SendTaskFailure")),
      ("what operators do", grant("SearchRole", "secretsmanager:PutSecretValue")))
def no_function_may_do_what_no_code_calls(template):
    called = actions_called(code_of("lib/aws"))
    for name, function in functions(template).items():
        for statement in role_statements(template, function["Properties"]["Role"]["Fn::GetAtt"][0]):
            for action in as_list(statement["Action"]):
                call = action.partition(":")[2]
                anothers = action in FOR_OPERATORS or (action in CONSOLE_ALONE and name != "ConsoleFunction")
                if action not in NOT_CALLED_BY_NAME and (anothers or CALLED_AS.get(call, call) not in called):
                    yield f"{name}: {action}"


def table(name: str, *actions: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{action}", name) for action in actions}


# What each adapter of rightful-aws does when a function is built with it, and with what.
ADAPTERS = {
    # What changes a task checks the lease that it holds.
    "Store": table("RequestsTable", "BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query"),
    "DataKeys": table("KeysTable", "GetItem") | {("kms:Decrypt", "DataKey")},
    # Whoever forgets a key takes the record ids away too.
    "KeyTable": table("KeysTable", "DeleteItem") | table("RequestsTable", "DeleteItem"),
    "TagKey": {("kms:GenerateMac", "TagKey")},
    "SecretStore": {("secretsmanager:GetSecretValue", "secret:rightful/${Stage}/source/*")},
    "StateMachine": {("states:StartExecution", "stateMachine:rightful-${Stage}-fulfil-request")},
    "ReceiptKey": {("kms:Sign", "ReceiptKey")},
    "ReceiptBucket": {("s3:GetObject", "ReceiptsBucket/receipts/*"), ("s3:PutObject", "ReceiptsBucket/receipts/*"),
                      ("s3:ListBucket", "ReceiptsBucket")},
}
ENCRYPTS = {("kms:GenerateDataKey", "DataKey")}


SECRETS_REMOVED = {"secretsmanager:DeleteSecret", "secretsmanager:DescribeSecret"}


def on_secrets(kind: str, actions: set[str]) -> set[tuple[str, str]]:
    return {(action, f"secret:rightful/${{Stage}}/{kind}/*") for action in actions}


# Where a function uses an adapter in a way of its own. Intake makes keys and opens none, reads rows by
# their keys and the list of data sources, and takes webhooks; close holds no lease, reads rows one by one,
# answers tickets, and opens the parts of a copy; reconcile reads the due index and the list, and looks for
# tickets; review starts nothing; the console makes requests and
# opens them, removes data sources, writes secrets and reads none, removes those of data sources alone, and lists.
ADAPTERS_OF = {
    "intake": {
        "Store": table("RequestsTable", "BatchGetItem", "GetItem", "PutItem") | table("RequestsTable/index/list", "Query"),
        "DataKeys": table("KeysTable", "PutItem") | {("kms:GenerateDataKey", "DataKey")},
        "SecretStore": {("secretsmanager:GetSecretValue", "secret:rightful/${Stage}/webhook/*")},
    },
    "close": {
        "Store": table("RequestsTable", "GetItem", "PutItem", "Query"),
        "SecretStore": {("secretsmanager:GetSecretValue", "secret:rightful/${Stage}/ticketing/*")},
        "CopyBucket": ENCRYPTS | {("s3:DeleteObject", "CopiesBucket/parts/*"), ("s3:GetObject", "CopiesBucket/parts/*"),
                                  ("s3:DeleteObject", "CopiesBucket/packages/*"), ("s3:PutObject", "CopiesBucket/packages/*"),
                                  ("s3:AbortMultipartUpload", "CopiesBucket/packages/*"), ("s3:ListBucket", "CopiesBucket")},
    },
    "submit": {"CopyBucket": ENCRYPTS | {("s3:AbortMultipartUpload", "CopiesBucket/parts/*"), ("s3:PutObject", "CopiesBucket/parts/*")}},
    "review": {"StateMachine": {("states:SendTaskSuccess", "*")}},
    "console": {
        "Store": ADAPTERS["Store"] | table("RequestsTable", "DeleteItem")
        | table("RequestsTable/index/due", "Query") | table("RequestsTable/index/list", "Query"),
        "DataKeys": table("KeysTable", "GetItem", "PutItem") | {("kms:Decrypt", "DataKey"), ("kms:GenerateDataKey", "DataKey")},
        "SecretStore": on_secrets("source", SECRETS_WRITTEN) | on_secrets("ticketing", SECRETS_WRITTEN - SECRETS_REMOVED),
        "StateMachine": ADAPTERS["StateMachine"] | {("states:SendTaskSuccess", "*")},
        "Function": {("lambda:InvokeFunction", "SearchFunction.Alias")},
        "ReceiptBucket": {("s3:GetObject", "ReceiptsBucket/receipts/*"), ("s3:ListBucket", "ReceiptsBucket")},
        "CopyBucket": {("s3:GetObject", "CopiesBucket/packages/*"), ("s3:ListBucket", "CopiesBucket")},
    },
    "reconcile": {
        "Store": ADAPTERS["Store"] | table("RequestsTable/index/due", "Query") | table("RequestsTable/index/list", "Query"),
        "SecretStore": on_secrets("source", {"secretsmanager:GetSecretValue"}) | on_secrets("ticketing", {"secretsmanager:GetSecretValue"}),
    },
}

# What Lambda does as the function: writes its logs, and keeps what failed without anybody waiting for it.
LAMBDAS_OWN = {"WriteLogs", "KeepUndelivered"}


def resource_name(resource) -> str:
    """`RequestsTable`, `RequestsTable/index/due`, `secret:rightful/…`: what a policy's resource is."""
    if not isinstance(resource, dict):
        return resource
    if "Fn::GetAtt" in resource:
        return resource["Fn::GetAtt"][0]
    if "Ref" in resource:
        return resource["Ref"]
    text = resource.get("Fn::Sub", "")
    return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text).removeprefix("arn:${AWS::Partition}:").partition("${AWS::AccountId}:")[2] \
        or re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text)


def take(role: str, sid: str) -> Callable:
    def plant(template):
        found = role_statements(template, role)
        found.remove(next(statement for statement in found if statement["Sid"] == sid))
    return plant


@rule("template",
      ("another's right", grant("StatusCheckRole", "kms:GenerateMac", {"Fn::GetAtt": ["TagKey", "Arn"]})),
      ("the right on another table", grant("SearchRole", "dynamodb:PutItem", {"Fn::GetAtt": ["KeysTable", "Arn"]})),
      ("an index that it does not read", grant("ReconcileRole", "dynamodb:Query", {"Fn::Sub": "${RequestsTable.Arn}/index/rule"})),
      ("a lease that it does not check", grant("IntakeRole", "dynamodb:ConditionCheckItem", {"Fn::GetAtt": ["RequestsTable", "Arn"]})),
      ("records that it does not delete", grant("SearchRole", "dynamodb:DeleteItem", {"Fn::GetAtt": ["RequestsTable", "Arn"]})),
      ("secrets of data sources", grant("CloseRole", "secretsmanager:GetSecretValue", {"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rightful/${Stage}/source/*"})),
      ("a deletion of a receipt", grant("CloseRole", "s3:DeleteObject", {"Fn::Sub": "${ReceiptsBucket.Arn}/receipts/*"})),
      ("keys that it does not read", grant("ReviewRole", "dynamodb:GetItem", {"Fn::GetAtt": ["KeysTable", "Arn"]})),
      ("a secret that is shown", grant("ConsoleRole", "secretsmanager:GetSecretValue", {"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rightful/${Stage}/source/*"})),
      ("parts that are shown", grant("ConsoleRole", "s3:GetObject", {"Fn::Sub": "${CopiesBucket.Arn}/parts/*"})),
      ("packages that it does not read", grant("SubmitRole", "s3:GetObject", {"Fn::Sub": "${CopiesBucket.Arn}/packages/*"})),
      ("a deletion of a ticketing system's secret", grant("ConsoleRole", "secretsmanager:DeleteSecret", {"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rightful/${Stage}/ticketing/*"})),
      ("a deletion of a package", grant("ConsoleRole", "s3:DeleteObject", {"Fn::Sub": "${CopiesBucket.Arn}/packages/*"})),
      ("another function called", grant("ConsoleRole", "lambda:InvokeFunction", {"Ref": "CloseFunction.Alias"})),
      ("every version called", grant("ConsoleRole", "lambda:InvokeFunction", {"Fn::GetAtt": ["SearchFunction", "Arn"]})),
      ("a missing right", take("ReconcileRole", "StartFulfilment")),
      ("no sight of missing receipts", take("CloseRole", "SeeWhichReceiptsThereAre")))
def a_role_allows_what_its_functions_adapters_do_and_nothing_else(template):
    for name, function in functions(template).items():
        crate = crate_of(name)
        wanted = set()
        for adapter in re.findall(r"\b(\w+)::new\(\s*self\.aws\(\)", composed(crate)):
            wanted |= ADAPTERS_OF.get(crate, {}).get(adapter) or ADAPTERS[adapter]
        allowed = {
            (action, resource_name(resource))
            for statement in role_statements(template, function["Properties"]["Role"]["Fn::GetAtt"][0])
            if statement["Sid"] not in LAMBDAS_OWN
            for action in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])}
        for action, resource in sorted(allowed ^ wanted):
            yield f"{name} {action} {resource}: {'nothing in the code does it' if (action, resource) in allowed else 'not allowed'}"


# What a role may be told the absence of: its bucket's prefixes.
LISTED = {("CloseRole", "ReceiptsBucket"): "receipts/*", ("CloseRole", "CopiesBucket"): "parts/*",
          ("ConsoleRole", "ReceiptsBucket"): "receipts/*", ("ConsoleRole", "CopiesBucket"): "packages/*"}


def listing(template: dict, role: str) -> dict:
    return next(s for s in role_statements(template, role) if "s3:ListBucket" in s["Action"])


@rule("template",
      ("anything in the bucket", lambda t: listing(t, "CloseRole").pop("Condition")),
      ("parts of copies by the console", lambda t: next(s for s in role_statements(t, "ConsoleRole") if s["Sid"] == "SeeWhichPackagesThereAre")
          ["Condition"].update(StringLikeIfExists={"s3:prefix": "*"})),
      ("no sight of missing packages", take("ConsoleRole", "SeeWhichPackagesThereAre")))
def a_role_lists_what_it_reads_alone(template):
    found = {}
    for name, function in functions(template).items():
        role = function["Properties"]["Role"]["Fn::GetAtt"][0]
        for statement in role_statements(template, role):
            if "s3:ListBucket" in as_list(statement["Action"]):
                found[role, statement["Resource"]["Fn::GetAtt"][0]] = statement.get("Condition")
    wanted = {key: {"StringLikeIfExists": {"s3:prefix": prefix}} for key, prefix in LISTED.items()}
    for key in sorted(found.keys() | wanted.keys()):
        if found.get(key) != wanted.get(key):
            yield f"{key}: {found.get(key)}"


def statement_of(template: dict, role: str, sid: str) -> dict:
    return next(statement for statement in role_statements(template, role) if statement["Sid"] == sid)


@rule("template",
      ("data keys made by submit", lambda t: statement_of(t, "SubmitRole", "EncryptParts").pop("Condition")),
      ("data keys made by close", lambda t: statement_of(t, "CloseRole", "EncryptPackages").update(
          Condition={"StringEquals": {"kms:ViaService": "dynamodb"}})),
      ("rows of requests deleted by the console", lambda t: statement_of(t, "ConsoleRole", "RemoveSources").pop("Condition")),
      ("deleted where all is written", lambda t: statement_of(t, "ConsoleRole", "WriteRequests")["Action"].append("dynamodb:DeleteItem")))
def what_only_a_bucket_or_only_a_data_source_needs_is_allowed_for_that_alone(template):
    via = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}}}
    for role in ("SubmitRole", "CloseRole"):
        for statement in role_statements(template, role):
            if "kms:GenerateDataKey" in as_list(statement["Action"]) and statement.get("Condition") != via:
                yield f"{role} {statement['Sid']}"
    for statement in role_statements(template, "ConsoleRole"):
        if "dynamodb:DeleteItem" in as_list(statement["Action"]) and statement.get("Condition") != {
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["LIMIT#*", "SOURCE#*"]}}:
            yield f"ConsoleRole {statement['Sid']}"


# What each role's work is about, by the beginning of the keys: the rows that it may write, and no others.
WRITTEN = {
    "IntakeRole": {"DELIVERY#*", "REQUEST#*"},
    "SearchRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "SubmitRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "StatusCheckRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "ReviewRole": {"LEASE#*", "REQUEST#*"},
    "CloseRole": {"REQUEST#*"},
    "ReconcileRole": {"LEASE#*", "LIMIT#*", "RECONCILE", "REQUEST#*"},
    "ConsoleRole": {"DELIVERY#*", "JOURNAL", "LEASE#*", "LIMIT#*", "REQUEST#*", "SOURCE#*"},
}
WRITES = {"dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:UpdateItem"}


@rule("template",
      ("a role that writes every row", lambda t: statement_of(t, "IntakeRole", "WriteRequests").pop("Condition")),
      ("a search that writes data sources", lambda t: statement_of(t, "SearchRole", "WriteRequests")["Condition"][
          "ForAllValues:StringLike"]["dynamodb:LeadingKeys"].append("SOURCE#*")),
      ("any key", lambda t: statement_of(t, "CloseRole", "WriteRequests")["Condition"].update(
          {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*"]}})),
      ("one key that fits is enough", lambda t: statement_of(t, "CloseRole", "WriteRequests").update(
          Condition={"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["REQUEST#*"]}})))
def a_role_writes_the_rows_that_its_work_is_about_and_no_others(template):
    table = {"Fn::GetAtt": ["RequestsTable", "Arn"]}
    found = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for statement in role_statements(template, name):
            if table not in as_list(statement["Resource"]) or not WRITES & set(as_list(statement["Action"])):
                continue
            condition = statement.get("Condition", {})
            keys = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["every row"])
            found.setdefault(name, set()).update(keys)
    for role in sorted(found.keys() | WRITTEN.keys()):
        if found.get(role) != WRITTEN.get(role):
            yield f"{role} writes {sorted(found.get(role, []))}"


def ended_rule(template: dict) -> dict:
    return template["Resources"]["ExecutionEndedRule"]["Properties"]


def ended_detail(template: dict) -> dict:
    return ended_rule(template)["EventPattern"]["detail"]


def planted_target(template: dict) -> None:
    ended_rule(template)["Targets"][0]["Arn"] = {"Ref": "CloseFunction.Alias"}


@rule("template",
      ("no rule", lambda t: t["Resources"].pop("ExecutionEndedRule")),
      ("a rule that is off", lambda t: ended_rule(t).update(State="DISABLED")),
      ("a status too few", lambda t: ended_detail(t)["status"].remove("TIMED_OUT")),
      ("a status too many", lambda t: ended_detail(t)["status"].append("SUCCEEDED")),
      ("a machine too few", lambda t: ended_detail(t)["stateMachineArn"].pop()),
      ("any machine", lambda t: ended_detail(t).pop("stateMachineArn")),
      ("another narrowing", lambda t: ended_detail(t).update(name=[{"prefix": "a"}])),
      ("another's event", lambda t: ended_rule(t)["EventPattern"].update(source=["aws.batch"])),
      ("another target", planted_target),
      ("a rewritten event", lambda t: ended_rule(t)["Targets"][0].update(InputPath="$.detail.cause")),
      ("no bound on repetitions", lambda t: ended_rule(t)["Targets"][0].pop("RetryPolicy")),
      ("no permission", lambda t: t["Resources"].pop("ExecutionEndedPermission")),
      ("a permission for every rule", lambda t: t["Resources"]["ExecutionEndedPermission"]["Properties"].pop("SourceArn")),
      ("a permission for another", lambda t: t["Resources"]["ExecutionEndedPermission"]["Properties"].update(Principal="sns.amazonaws.com")))
def reconcile_hears_of_every_execution_that_did_not_succeed(template):
    rules = {name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Events::Rule"}
    machines = {json.dumps({"Ref": name}) for name, resource in template["Resources"].items()
                if resource["Type"] == "AWS::Serverless::StateMachine"}
    if len(rules) != 1:
        yield f"rules: {', '.join(rules) or 'none'}"
    for name, properties in rules.items():
        pattern = properties.get("EventPattern", {})
        detail = pattern.get("detail", {})
        if properties.get("State", "ENABLED") != "ENABLED" or set(pattern) != {"source", "detail-type", "detail"} \
                or pattern["source"] != ["aws.states"] or pattern["detail-type"] != ["Step Functions Execution Status Change"]:
            yield f"{name}: pattern"
        if set(detail) != {"status", "stateMachineArn"} or sorted(detail.get("status", [])) != ["ABORTED", "FAILED", "TIMED_OUT"]:
            yield f"{name}: statuses"
        if {json.dumps(arn) for arn in detail.get("stateMachineArn", [])} != machines:
            yield f"{name}: machines"
        targets = properties.get("Targets", [])
        if [target.get("Arn") for target in targets] != [{"Ref": "ReconcileFunction.Alias"}] \
                or any(set(target) != {"Id", "Arn", "RetryPolicy", "DeadLetterConfig"} for target in targets):
            yield f"{name}: targets"
        allowed = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "ReconcileFunction.Alias"},
                   "Principal": "events.amazonaws.com", "SourceArn": {"Fn::GetAtt": [name, "Arn"]}}
        if not any(resource["Type"] == "AWS::Lambda::Permission" and resource["Properties"] == allowed
                   for resource in template["Resources"].values()):
            yield f"{name}: permission"


def machines_of(template: dict) -> dict[str, dict]:
    return {name: resource for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Serverless::StateMachine"}


def called_past_their_alias(value, where: str = "") -> Iterator[str]:
    """Where a function or a state machine is named to be called, and not by its alias."""
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


def variables_of(template: dict, function: str) -> dict:
    return template["Resources"][function]["Properties"]["Environment"]["Variables"]


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
    for name, found in functions(template).items():
        properties = {**template["Globals"]["Function"], **found["Properties"]}
        if properties.get("AutoPublishAlias") != "live" or properties.get("AutoPublishAliasAllProperties") is not True:
            yield f"{name}: alias"
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        # A policy for StartExecution by an alias names the machine: AWS authorises on that.
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


# What no published version holds, so that a new value of it is no new version.
NOT_IN_A_VERSION = {"VersionDescription", "ReservedConcurrentExecutions", "Events", "EventInvokeConfig", "Tags"}


def parameters_in(value, template: dict) -> set[str]:
    names = {text for text in re.findall(r'"Ref": "(\w+)"|\$\{(\w+)\}', json.dumps(value)) for text in text if text}
    return names & set(template["Parameters"])


@rule("template",
      ("a parameter too few", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(VersionDescription={"Fn::Sub": "${Architecture}"})),
      ("a parameter that nothing in the function has", lambda t: t["Resources"]["ReviewFunction"]["Properties"]["VersionDescription"].update(
          {"Fn::Sub": t["Resources"]["ReviewFunction"]["Properties"]["VersionDescription"]["Fn::Sub"] + " ${CopyDays}"})),
      ("none", lambda t: t["Resources"]["IntakeFunction"]["Properties"].pop("VersionDescription")),
      ("a new variable alone", lambda t: variables_of(t, "SearchFunction").update(PLANTED={"Ref": "LogRetentionDays"})),
      ("an address of any length", lambda t: t["Parameters"]["SyntheticEmail"].update(MaxLength=128)))
def a_parameters_new_value_publishes_the_functions_that_have_it_and_no_other(template):
    # The longest that each may be; what Lambda takes is 256 characters.
    longest = {name: "x" * max([int(found.get("MaxLength", 0)), len(str(found.get("MaxValue", found["Default"]))),
                                *(len(str(value)) for value in found.get("AllowedValues", []))])
               for name, found in template["Parameters"].items()}
    longest |= {name: "over:999999999" for name in ("ErasureReview", "AccessReview")} | {"Stage": "x" * 16}
    for name, function in functions(template).items():
        told = function["Properties"].get("VersionDescription", {}).get("Fn::Sub", "")
        if (length := len(re.sub(r"\$\{(\w+)\}", lambda found: longest[found[1]], told))) > 256:
            yield f"{name}: its VersionDescription may have {length} characters"
    # SAM looks at the template's text; and Lambda publishes nothing that has not changed.
    for name, function in functions(template).items():
        held = {**template["Globals"]["Function"], **function["Properties"]}
        held = {key: value for key, value in held.items() if key not in NOT_IN_A_VERSION}
        # A stage's name is its stack's: another one is another deployment.
        wanted = parameters_in(held, template) - {"Stage"}
        told = parameters_in(function["Properties"].get("VersionDescription"), template)
        for parameter in sorted(wanted ^ told):
            yield f"{name} {parameter}: {'not in its VersionDescription' if parameter in wanted else 'nothing of it changes'}"


def queue(template: dict) -> dict:
    return template["Resources"]["UndeliveredQueue"]["Properties"]


def queue_statement(template: dict, sid: str) -> dict:
    return next(statement for name, statement in statements(template) if name == "UndeliveredQueuePolicy" and statement["Sid"] == sid)


def schedules_of(template: dict) -> Iterator[tuple[str, str, dict]]:
    """Every schedule: its function where it is one of its events, its name, and what says whom it calls, as whom."""
    for name, function in functions(template).items():
        for event, found in function["Properties"].get("Events", {}).items():
            if found["Type"] == "ScheduleV2":
                yield name, event, found["Properties"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Scheduler::Schedule":
            yield "", name, resource["Properties"]["Target"]


def reconcile_schedule(template: dict) -> dict:
    return template["Resources"]["ReconcileFunction"]["Properties"]["Events"]["EveryFewMinutes"]["Properties"]


UNDELIVERED = {"Fn::GetAtt": ["UndeliveredQueue", "Arn"]}
KEEPS_UNDELIVERED = {"Sid": "KeepUndelivered", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": UNDELIVERED}
# Called without anybody waiting for the answer: by schedules, and by the rule.
CALLED_BY_EVENTS = {"IntakeFunction", "ReconcileFunction"}


@rule("template",
      ("no queue", lambda t: queue(t).update(QueueName="other")),
      ("four days", lambda t: queue(t).pop("MessageRetentionPeriod")),
      ("not encrypted without a key of one's own", lambda t: queue(t).pop("SqsManagedSseEnabled")),
      ("plain http", lambda t: queue_statement(t, "OverTlsAlone").pop("Condition")),
      ("anybody's messages", lambda t: queue_statement(t, "KeptByTheRule").pop("Condition")),
      ("an event lost", lambda t: ended_rule(t)["Targets"][0].pop("DeadLetterConfig")),
      ("a schedule lost", lambda t: reconcile_schedule(t).pop("DeadLetterConfig")),
      ("a schedule that may not send", lambda t: role_statements(t, "ReconcileScheduleRole").pop()),
      ("a synthetic request lost", lambda t: synthetic_target(t).pop("DeadLetterConfig")),
      ("a call lost", lambda t: t["Resources"]["ReconcileFunction"]["Properties"].pop("EventInvokeConfig")),
      ("a call kept elsewhere", lambda t: t["Resources"]["IntakeFunction"]["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"].update(Destination="b")),
      ("a function that may not send", take("IntakeRole", "KeepUndelivered")),
      ("another that may", lambda t: role_statements(t, "SubmitRole").append(dict(KEEPS_UNDELIVERED))))
def what_cannot_be_delivered_is_kept_for_two_weeks(template):
    properties = queue(template)
    if properties.get("QueueName") != {"Fn::Sub": "rightful-${Stage}-undelivered"} or properties.get("MessageRetentionPeriod") != 14 * 86400:
        yield "queue"
    if properties.get("SqsManagedSseEnabled") != {"Fn::If": ["OwnKey", {"Ref": "AWS::NoValue"}, True]}:
        yield "encryption"
    allowed, denied = (queue_statement(template, sid) for sid in ("KeptByTheRule", "OverTlsAlone"))
    if denied.get("Condition") != {"Bool": {"aws:SecureTransport": "false"}} or denied["Effect"] != "Deny" or "sqs:SendMessage" not in denied["Action"]:
        yield "plain http"
    if allowed.get("Condition") != {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ExecutionEndedRule", "Arn"]}}}:
        yield "anybody's messages"
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Events::Rule":
            yield from (f"{name}: target" for target in resource["Properties"]["Targets"] if target.get("DeadLetterConfig") != {"Arn": UNDELIVERED})
    for function, event, schedule in schedules_of(template):
        role = schedule["RoleArn"]["Fn::GetAtt"][0]
        if schedule.get("DeadLetterConfig") != {"Arn": UNDELIVERED} or KEEPS_UNDELIVERED not in role_statements(template, role):
            yield f"{function} {event}: schedule"
    for name, function in functions(template).items():
        on_failure = function["Properties"].get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
        keeps = KEEPS_UNDELIVERED in role_statements(template, function["Properties"]["Role"]["Fn::GetAtt"][0])
        wanted = name in CALLED_BY_EVENTS
        if on_failure != ({"Type": "SQS", "Destination": UNDELIVERED} if wanted else None) or keeps != wanted:
            yield f"{name}: calls without an answer"


def route_settings(template: dict) -> dict:
    return template["Resources"]["WebhookStage"]["Properties"]["RouteSettings"]


@rule("template",
      ("no settings of the routes", lambda t: t["Resources"]["WebhookStage"]["Properties"].pop("RouteSettings")),
      ("the API as often as webhooks", lambda t: route_settings(t)[CONSOLE_ROUTE].update(ThrottlingRateLimit={"Ref": "WebhookRateLimit"})),
      ("no bound on webhooks at once", lambda t: route_settings(t)["POST /webhooks/{channel}"].pop("ThrottlingBurstLimit")),
      ("a route too few", lambda t: route_settings(t).pop(CONSOLE_ROUTE)),
      ("settings before their routes", lambda t: t["Resources"]["WebhookStage"].pop("DependsOn")),
      ("nothing let in", lambda t: t["Parameters"]["ApiRateLimit"].update(MinValue=0)))
def every_route_is_throttled_by_a_parameter_of_its_own(template):
    limits = {"POST /webhooks/{channel}": "WebhookRateLimit", CONSOLE_ROUTE: "ApiRateLimit"}
    wanted = {key: {"ThrottlingBurstLimit": {"Ref": limit}, "ThrottlingRateLimit": {"Ref": limit}} for key, limit in limits.items()}
    stage = template["Resources"]["WebhookStage"]
    routes = {name: found["Properties"]["RouteKey"] for name, found in template["Resources"].items() if found["Type"] == "AWS::ApiGatewayV2::Route"}
    if stage["Properties"].get("RouteSettings") != wanted or set(routes.values()) != set(wanted):
        yield "settings"
    if set(stage.get("DependsOn", [])) != set(routes):
        yield "order"
    if any(template["Parameters"][limit]["MinValue"] < 1 for limit in limits.values()):
        yield "a limit of nothing"


@rule("template",
      ("always set aside", lambda t: t["Resources"]["IntakeFunction"]["Properties"].update(ReservedConcurrentExecutions={"Ref": "IntakeConcurrency"})),
      ("a number", lambda t: t["Resources"]["SubmitFunction"]["Properties"].update(ReservedConcurrentExecutions=10)),
      ("set aside by default", lambda t: t["Parameters"]["ReconcileConcurrency"].update(Default=5)),
      ("by another's parameter", lambda t: t["Conditions"].update(SubmitSetAside=t["Conditions"]["IntakeSetAside"])),
      ("another function", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(ReservedConcurrentExecutions=5)),
      ("none", lambda t: t["Resources"]["ReconcileFunction"]["Properties"].pop("ReservedConcurrentExecutions")))
def concurrency_is_set_aside_where_a_parameter_says_so(template):
    # AWS leaves 100 to whoever has none set aside; a new account's limit may be lower than that.
    wanted = {"Intake", "Submit", "Reconcile"}
    for name, function in functions(template).items():
        short = name.removesuffix("Function")
        has = function["Properties"].get("ReservedConcurrentExecutions")
        if has != ({"Fn::If": [f"{short}SetAside", {"Ref": f"{short}Concurrency"}, {"Ref": "AWS::NoValue"}]} if short in wanted else None):
            yield name
    for short in wanted:
        if template["Parameters"][f"{short}Concurrency"]["Default"] != 0 \
                or template["Conditions"].get(f"{short}SetAside") != {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{short}Concurrency"}, "0"]}]}:
            yield f"{short}: by default"


OWN_KEY = {"Fn::If": ["OwnKey", {"Ref": "EncryptionKeyArn"}, {"Ref": "AWS::NoValue"}]}
# Type: where its key stands.
ENCRYPTED = {"AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"), "AWS::Logs::LogGroup": ("KmsKeyId",),
             "AWS::SecretsManager::Secret": ("KmsKeyId",), "AWS::SQS::Queue": ("KmsMasterKeyId",)}


def receipts_encryption(template: dict) -> dict:
    return template["Resources"]["ReceiptsBucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]


@rule("template",
      ("a table", lambda t: t["Resources"]["KeysTable"]["Properties"]["SSESpecification"].pop("KMSMasterKeyId")),
      ("a table that is not encrypted", lambda t: t["Resources"]["RequestsTable"]["Properties"]["SSESpecification"].update(SSEEnabled=False)),
      ("what was not delivered", lambda t: queue(t).pop("KmsMasterKeyId")),
      ("a log", lambda t: t["Resources"]["WebhookApiLogGroup"]["Properties"].pop("KmsKeyId")),
      ("a secret", lambda t: t["Resources"]["ZendeskWebhookSecret"]["Properties"].update(KmsKeyId={"Ref": "EncryptionKeyArn"})),
      ("receipts", lambda t: receipts_encryption(t)["Fn::If"].pop()),
      ("receipts with a call for each", lambda t: receipts_encryption(t)["Fn::If"][1].pop("BucketKeyEnabled")),
      ("another condition", lambda t: t["Conditions"].update(OwnKey={"Fn::Equals": [{"Ref": "EncryptionKeyArn"}, ""]})),
      ("an alias, which logs do not take", lambda t: t["Parameters"]["EncryptionKeyArn"].pop("AllowedPattern")),
      ("a key by default", lambda t: t["Parameters"]["EncryptionKeyArn"].update(Default="a")))
def all_that_is_kept_is_encrypted_with_the_deployments_own_key_where_there_is_one(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] in ENCRYPTED:
            value = resource["Properties"]
            for key in ENCRYPTED[resource["Type"]]:
                value = value.get(key, {})
            if value != OWN_KEY:
                yield name
        if resource["Type"] == "AWS::DynamoDB::Table" and resource["Properties"]["SSESpecification"].get("SSEEnabled") is not True:
            yield f"{name}: not encrypted"
    if receipts_encryption(template).get("Fn::If") != [
            "OwnKey",
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "EncryptionKeyArn"}}, "BucketKeyEnabled": True},
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]:
        yield "ReceiptsBucket"
    if template["Conditions"].get("OwnKey") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "EncryptionKeyArn"}, ""]}]}:
        yield "OwnKey"
    parameter = template["Parameters"]["EncryptionKeyArn"]
    pattern, key = parameter.get("AllowedPattern", ".*"), "arn:aws:kms:eu-central-1:000000000000:key/5a2b"
    if parameter["Default"] != "" or not all(re.fullmatch(pattern, text) for text in ("", key)) \
            or any(re.fullmatch(pattern, text) for text in ("5a2b", "alias/x", key.replace("key/", "alias/"), key + " ")):
        yield "EncryptionKeyArn"


TAGGED = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::Logs::LogGroup",
          "AWS::Serverless::Function", "AWS::Serverless::StateMachine", "AWS::ApiGatewayV2::Api"}


@rule("template",
      ("a table", lambda t: t["Resources"]["KeysTable"]["Properties"].pop("Tags")),
      ("another tag", lambda t: t["Resources"]["UndeliveredQueue"]["Properties"].update(Tags=[{"Key": "stage", "Value": {"Ref": "Stage"}}])),
      ("functions", lambda t: t["Globals"]["Function"].pop("Tags")),
      ("a state machine", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"].pop("Tags")))
def what_costs_or_holds_anything_is_tagged_with_its_stage(template):
    for name, resource in template["Resources"].items():
        if resource["Type"] in TAGGED:
            shared = template["Globals"]["Function"] if resource["Type"] == "AWS::Serverless::Function" else {}
            tags = {**shared, **resource["Properties"]}.get("Tags")
            if tags not in ({"rightful:stage": {"Ref": "Stage"}}, [{"Key": "rightful:stage", "Value": {"Ref": "Stage"}}]):
                yield name


def synthetic_schedule(template: dict) -> dict:
    return template["Resources"]["SyntheticRequestSchedule"]


def synthetic_target(template: dict) -> dict:
    return synthetic_schedule(template)["Properties"]["Target"]


@rule("template",
      ("a test address by default", lambda t: t["Parameters"]["SyntheticEmail"].update(Default="tester@example.com")),
      ("anything for an address", lambda t: t["Parameters"]["SyntheticEmail"].update(AllowedPattern=".*")),
      ("anything for data sources", lambda t: t["Parameters"]["SyntheticSources"].pop("AllowedPattern")),
      ("made without a test address", lambda t: synthetic_schedule(t).pop("Condition")),
      ("a role without a test address", lambda t: t["Resources"]["SyntheticRequestScheduleRole"].pop("Condition")),
      ("another condition", lambda t: t["Conditions"].update(Synthetic={"Fn::Equals": [{"Ref": "SyntheticEmail"}, ""]})),
      ("no schedule", lambda t: t["Resources"].pop("SyntheticRequestSchedule")),
      ("another function", lambda t: synthetic_target(t).update(Arn={"Fn::GetAtt": ["ReconcileFunction", "Arn"]})),
      ("another input", lambda t: synthetic_target(t).update(Input='{"synthetic": false}')),
      ("a field too many", lambda t: synthetic_target(t).update(Input='{"synthetic": true, "dry_run": false}')),
      ("reconcile's role", lambda t: synthetic_target(t).update(RoleArn={"Fn::GetAtt": ["ReconcileScheduleRole", "Arn"]})),
      ("no bound on repetitions", lambda t: synthetic_target(t).pop("RetryPolicy")),
      ("a role for any scheduler", lambda t: t["Resources"]["SyntheticRequestScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition")),
      ("a role that may call more", grant("SyntheticRequestScheduleRole", "lambda:InvokeFunction", {"Fn::GetAtt": ["SubmitFunction", "Arn"]})),
      ("the address in another function", lambda t: functions(t)["CloseFunction"]["Properties"]["Environment"]["Variables"].update(
          SYNTHETIC_EMAIL={"Ref": "SyntheticEmail"})))
def the_synthetic_request_is_made_by_intake_alone_and_only_for_a_test_address(template):
    parameters, resources = template["Parameters"], template["Resources"]
    for name, good, bad in (
            ("SyntheticEmail", ("", "tester@example.com"), ("tester", "@", "a@b@c", "a b@example.com")),
            ("SyntheticSources", ("", "crm", "crm,shop-2"), (",", "crm,", "Crm", "crm, shop", "1st"))):
        pattern = parameters[name].get("AllowedPattern", "")
        if parameters[name].get("Default") != "":
            yield f"{name}: {parameters[name].get('Default')}"
        if not all(re.fullmatch(pattern, text) for text in good) or any(re.fullmatch(pattern, text) for text in bad):
            yield f"{name}: {pattern}"
    if template["Conditions"].get("Synthetic") != {"Fn::Not": [{"Fn::Equals": [{"Ref": "SyntheticEmail"}, ""]}]}:
        yield "condition"
    intake = {"Ref": "IntakeFunction.Alias"}
    schedules = {name: resource for name, resource in resources.items() if resource["Type"] == "AWS::Scheduler::Schedule"}
    if len(schedules) != 1:
        yield f"schedules: {', '.join(schedules) or 'none'}"
    for name, schedule in schedules.items():
        target = schedule["Properties"]["Target"]
        role_name = target["RoleArn"].get("Fn::GetAtt", [None])[0]
        role = resources[role_name]
        if {schedule.get("Condition"), role.get("Condition")} != {"Synthetic"}:
            yield f"{name}: condition"
        if target["Arn"] != intake or json.loads(target["Input"]) != {"synthetic": True} or "RetryPolicy" not in target:
            yield f"{name}: target"
        trusted = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if [(found["Principal"], found.get("Condition")) for found in trusted] != [
                ({"Service": "scheduler.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})]:
            yield f"{name}: trust"
        if [(found["Action"], found["Resource"]) for found in role_statements(template, role_name)] != [
                ("lambda:InvokeFunction", intake), (["sqs:SendMessage"], UNDELIVERED)]:
            yield f"{name}: role"
    for name, function in functions(template).items():
        variables = function["Properties"]["Environment"]["Variables"]
        if name != "IntakeFunction" and "Synthetic" in json.dumps(variables):
            yield name


def stated_in_the_domain(name: str) -> int | None:
    owner = (ROOT / "functions" / "lib" / "domain" / "src" / "duty" / "owner.rs").read_text()
    found = re.search(rf"pub const {name}: u64 = (\d+);", owner)
    return int(found[1]) if found else None


@rule("template",
      ("another schedule", lambda t: t["Parameters"]["ReconcileSchedule"].update(Default="rate(1 hour)")),
      ("another grace", lambda t: t["Parameters"]["ReconcileGraceSeconds"].update(Default=900)))
def the_longest_time_without_an_owner_acting_is_stated_for_the_templates_defaults(template):
    parameters = template["Parameters"]
    schedule = re.fullmatch(r"rate\((\d+) minutes?\)", parameters["ReconcileSchedule"]["Default"])
    if schedule is None or int(schedule[1]) * 60 != stated_in_the_domain("SCHEDULE_SECONDS"):
        yield f"SCHEDULE_SECONDS: {stated_in_the_domain('SCHEDULE_SECONDS')}"
    if parameters["ReconcileGraceSeconds"]["Default"] != stated_in_the_domain("GRACE_SECONDS"):
        yield f"GRACE_SECONDS: {stated_in_the_domain('GRACE_SECONDS')}"


# ------------------------------------------------------------------------------------ checkers of others


def run(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def filled(definition: dict) -> str:
    """The definition as text, with its partition, which the checkers look at."""
    return json.dumps(definition).replace("${Partition}", "aws")


def inlined(definition: dict) -> dict:
    """A template with nothing but the definition, since cfn-lint opens no DefinitionUri."""
    text = filled(definition)
    text = re.sub(r"\$\{\w*FunctionArn\}", "arn:aws:lambda:eu-central-1:123456789012:function:f", text)
    text = re.sub(r"\$\{\w+\}", "arn:aws:states:eu-central-1:123456789012:stateMachine:s", text)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/r", "DefinitionString": text}}}}


def asl_validator(definition: dict, folder: Path) -> list[str]:
    path = folder / "asl-validator.json"
    path.write_text(filled(definition))
    code, output = run("node", str(HERE / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"), "--json-path", str(path))
    return [] if code == 0 else [output.strip() or f"exit {code}"]


def statelint(definition: dict, folder: Path) -> list[str]:
    path = folder / "statelint.json"
    path.write_text(filled(definition))
    code, output = run(str(BIN / "statelint"), str(path))
    lines = [line.strip() for line in output.splitlines()]
    complaints = [line for line in lines if line and line != str(path) and not re.fullmatch(r"(\d+|One) errors?:", line)]
    if code not in (0, 1) and not complaints:
        return [f"exit {code}"]
    return [line for line in complaints if not any(re.search(pattern, line) for pattern, _ in STATELINT_EXCEPTIONS)]


def cfn_lint(path: Path) -> list[str]:
    code, output = run(str(BIN / "cfn-lint"), "--format", "parseable", "--non-zero-exit-code", "informational", str(path))
    lines = [line for line in output.splitlines() if line]
    kept = [line for line in lines if not any(f":{name}:" in line for name, _ in CFN_LINT_EXCEPTIONS)]
    return kept or ([f"exit {code}"] if code and not lines else [])


def cfn_lint_inlined(definition: dict, folder: Path) -> list[str]:
    path = folder / "stub.json"
    path.write_text(json.dumps(inlined(definition)))
    return cfn_lint(path)


CHECKERS = {"asl-validator": asl_validator, "statelint": statelint, "cfn-lint": cfn_lint_inlined}


def nowhere(definition: dict) -> None:
    """A fault that each checker has to see, or it is not running as we think."""
    definition["StartAt"] = "Nowhere"


# ------------------------------------------------------------------------------------ across files


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
    """How many data sources the domain lets a request have."""
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


# Step Functions asks a price for each state that is entered, inside a Map too.
MOST_TRANSITIONS = 15


def entered(definition: dict, via: str, nested: dict | None = None) -> int | None:
    """How many states are entered on the shortest way from the start to a success that leads through
    `via`, in a Map or not, with those of the execution that `via` starts."""

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
    """The states of a request for erasure with one data source, whose records are gone at the first look,
    on which no person decides."""
    nested = {"definition": machines["fulfil-source"], "via": "Verify"}
    return entered(machines["fulfil-request"], "Fulfil Source", nested)


def too_many_transitions(machines: dict[str, dict]) -> list[str]:
    count = transitions(machines)
    return [] if count is not None and 10 <= count <= MOST_TRANSITIONS else [f"{count}"]


def read_requirements() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted((ROOT / "infra").glob("*/requirements.*"))}


def hosts_named(requirements: dict[str, str], lock: dict) -> list[str]:
    """Where a file says which registry to take a package from: that is the machine's business."""
    complaints = []
    for name, text in requirements.items():
        complaints += [f"{name}: {line}" for line in text.splitlines()
                       if re.match(r"\s*(--(?!hash=)|-[if]\b)", line) or ("://" in line and not line.lstrip().startswith("#"))]
    return complaints + [f"package-lock.json: {name}" for name, package in lock["packages"].items() if "resolved" in package]


def unpinned(requirements: dict[str, str], lock: dict) -> list[str]:
    complaints = []
    for name, text in requirements.items():
        if name.endswith(".txt"):
            for block in re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ")):
                if re.match(r"[A-Za-z0-9]", block) and not re.match(r"[A-Za-z0-9._-]+==\S+\s+(--hash=sha256:[0-9a-f]{64}\s*)+", block):
                    complaints.append(f"{name}: {block.splitlines()[0]}")
    return complaints + [f"package-lock.json: {name}" for name, package in lock["packages"].items() if name and "integrity" not in package]


def samconfig_faults(config: dict) -> list[str]:
    complaints = []
    if config["default"]["build"]["parameters"].get("cached") is not False:
        complaints.append("cached: SAM looks at CodeUri alone and would ship a stale binary")
    return complaints + [f"secret-like: {text}" for text in strings(config) if re.search(r"(?i)whsec_|secret|password|token", text)]


# ------------------------------------------------------------------------------------ running


class Tally:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def expect(self, name: str, complaints: list[str]) -> None:
        if complaints:
            self.failed += 1
            print(f"FAIL {name}")
            for complaint in complaints:
                print(f"     {complaint}")
        else:
            self.passed += 1

    def expect_complaint(self, name: str, complaints: list[str]) -> None:
        self.expect(name, [] if complaints else ["no complaint about the planted fault"])


def main() -> int:
    tally = Tally()
    machines, template = read_machines(), read_template()
    tally.expect("both state machines are there", [] if set(machines) == {"fulfil-request", "fulfil-source"} else [str(set(machines))])

    # The slow ones side by side: each is a process of its own.
    jobs: list[tuple[str, bool, Callable[[], list[str]]]] = [
        ("cfn-lint has nothing against the template", False, lambda: cfn_lint(ROOT / "template.yaml"))]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        def job(checker, definition, folder):
            folder.mkdir()
            return lambda: CHECKERS[checker](definition, folder)

        for checker in CHECKERS:
            for name, definition in machines.items():
                jobs.append((f"{checker} has nothing against {name}", False, job(checker, definition, Path(temporary) / f"{checker}-{name}")))
            broken = copy.deepcopy(machines["fulfil-source"])
            nowhere(broken)
            jobs.append((f"{checker} sees a planted fault", True, job(checker, broken, Path(temporary) / f"{checker}-broken")))
        for (name, planted, _), complaints in zip(jobs, pool.map(lambda entry: entry[2](), jobs)):
            (tally.expect_complaint if planted else tally.expect)(name, complaints)

    for found in RULES:
        subjects = {name: machine for name, machine in machines.items() if found.of in ("machine", name)}
        subjects = subjects or {"template.yaml": template}
        for name, subject in subjects.items():
            tally.expect(f"{name}: {found.name}", list(found.check(subject)))
            for fault, plant in found.faults:
                planted = copy.deepcopy(subject)
                plant(planted)
                tally.expect_complaint(f"{name}: {found.name}: sees {fault}", list(found.check(planted)))

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

    requirements, lock = read_requirements(), json.loads((HERE / "package-lock.json").read_text())
    tally.expect("requirements and locks name no host", hosts_named(requirements, lock))
    tally.expect_complaint("an index is seen", hosts_named({"x.txt": "--index-url https://registry.example.com\n"}, lock))
    tally.expect_complaint("an address is seen", hosts_named({}, {"packages": {"x": {"resolved": "https://registry.example.com/x"}}}))
    tally.expect("every package is pinned by hash", unpinned(requirements, lock))
    tally.expect_complaint("a requirement without hash is seen", unpinned({"x.txt": "x==1\n    # via y\n"}, lock))
    tally.expect_complaint("a package without integrity is seen", unpinned({}, {"packages": {"node_modules/x": {}}}))
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    tally.expect("samconfig.toml builds afresh and holds no secret", samconfig_faults(config))
    tally.expect_complaint("a cached build is seen", samconfig_faults({"default": {"build": {"parameters": {"cached": True}}}}))
    tally.expect_complaint("a secret is seen", samconfig_faults({"default": {"build": {"parameters": {"cached": False, "x": "whsec_x"}}}}))

    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
