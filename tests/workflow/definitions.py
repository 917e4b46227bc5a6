"""Rules for the state machines' definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from reading import states, strings
from rules import rule

# Step Functions' and Lambda's names for their own transient failures; every Retry lists them.
PLATFORM_ERRORS = {
    "Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException",
    "Lambda.SdkClientException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout",
}
RETRIED = PLATFORM_ERRORS | {"Rightful.Transient"}
# If a call that waits for a person times out, the person was late, and no call failed.
RETRIED_BEFORE_A_WAIT = RETRIED - {"States.Timeout"}
NEVER_RETRIED = {"Rightful.Refused", "Rightful.Misconfigured", "Rightful.Unknown", "States.ALL"}
# A payload, a state's output and a variable may hold only these: ids, counts, enumerations, waits.
SENT = {"requestId", "sourceId", "attempt", "mode", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"}
KEPT = SENT | {"next", "waitSeconds", "state", "records", "sources", "open", "unknown", "outcome", "error", "goingOn"}
# The token of a review goes only to the function that parks it.
PARKED = {"requestId", "sourceId", "attempt", "taskToken"}
TOKEN = "$states.context.Task.Token"
CALLBACK = ".waitForTaskToken"
# The most items that an inline Map runs at once; also the limit on a request's data sources.
MAP_AT_ONCE = 40


def task_of(definition: dict) -> dict:
    """A Lambda task of the definition, to plant a fault in."""
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
    """Whether it leads to a Succeed without a Task or a Choice in between."""
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
        if state.get("Arguments", {}).get("Payload", {}).get("mode") == "search":
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
    """Each waits by itself, so that it delays no other data source, and without an error, which an alarm would count."""
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
            # In a Map the item ends as "left open", which the next state does not count as done.
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
    # A Map's result lists its items' outputs, two named keys each. It may be counted, or filtered.
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
      ("a wait with more", lambda d: plant_wait(d, **FULL_PAYLOAD, mode="search")))
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
    # Further data sources would wait for one that takes weeks.
    for name, state, _, _ in states(definition):
        if state["Type"] == "Map" and state.get("MaxConcurrency") != MAP_AT_ONCE:
            yield f"{name}: {state.get('MaxConcurrency')}"


@rule("machine",
      ("one partition's name", lambda d: task_of(d).update(Resource="arn:aws:states:::lambda:invoke")))
def no_ARN_names_a_partition(definition):
    for text in strings(definition):
        if "arn:" in text and "arn:${Partition}:" not in text:
            yield text
