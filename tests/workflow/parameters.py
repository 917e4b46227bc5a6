"""Rules for the parameters: defaults, patterns, and the effect of a new value."""

from __future__ import annotations

import json
import re

from reading import ROOT
from rules import rule
from template import functions, properties_of, shared_variables, variables_of


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


# No published version holds these, so a new value makes no new version.
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
      ("a new variable of every function", lambda t: shared_variables(t).update(PLANTED={"Ref": "LogRetentionDays"})),
      ("an address of any length", lambda t: t["Parameters"]["SyntheticEmail"].update(MaxLength=128)))
def a_parameters_new_value_publishes_the_functions_that_have_it_and_no_other(template):
    # The longest value of each; Lambda accepts 256 characters.
    longest = {name: "x" * max([int(found.get("MaxLength", 0)), len(str(found.get("MaxValue", found["Default"]))),
                                *(len(str(value)) for value in found.get("AllowedValues", []))])
               for name, found in template["Parameters"].items()}
    longest |= {name: "over:999999999" for name in ("ErasureReview", "AccessReview")} | {"Stage": "x" * 16}
    for name, function in functions(template).items():
        told = function["Properties"].get("VersionDescription", {}).get("Fn::Sub", "")
        if (length := len(re.sub(r"\$\{(\w+)\}", lambda found: longest[found[1]], told))) > 256:
            yield f"{name}: its VersionDescription may have {length} characters"
    # SAM compares the template's text, and Lambda publishes only a change.
    for name, function in functions(template).items():
        held = {key: value for key, value in properties_of(template, name).items() if key not in NOT_IN_A_VERSION}
        # Another stage is another deployment.
        wanted = parameters_in(held, template) - {"Stage"}
        told = parameters_in(function["Properties"].get("VersionDescription"), template)
        for parameter in sorted(wanted ^ told):
            yield f"{name} {parameter}: {'not in its VersionDescription' if parameter in wanted else 'nothing of it changes'}"


@rule("template",
      ("always set aside", lambda t: t["Resources"]["IntakeFunction"]["Properties"].update(ReservedConcurrentExecutions={"Ref": "IntakeConcurrency"})),
      ("a number", lambda t: t["Resources"]["SubmitFunction"]["Properties"].update(ReservedConcurrentExecutions=10)),
      ("set aside by default", lambda t: t["Parameters"]["ReconcileConcurrency"].update(Default=5)),
      ("by another's parameter", lambda t: t["Conditions"].update(SubmitSetAside=t["Conditions"]["IntakeSetAside"])),
      ("another function", lambda t: t["Resources"]["CloseFunction"]["Properties"].update(ReservedConcurrentExecutions=5)),
      ("none", lambda t: t["Resources"]["ReconcileFunction"]["Properties"].pop("ReservedConcurrentExecutions")))
def concurrency_is_set_aside_where_a_parameter_says_so(template):
    # AWS keeps 100 for functions without a reservation; a new account's limit may be lower.
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
