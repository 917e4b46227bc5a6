"""Planted faults: each comparison must complain about every one."""

from __future__ import annotations

import copy
import json
from collections import defaultdict

import exceptions
from arns import Template, as_glob
from grants import function_roles, grants
from needs import needed
from policies import covers, invocations_differ, keys_differ, queues_differ, roles_differ
from reading import as_list
from records import Call, Exceptions, Records, logical_role, recorded_differ, row_keys
from rules import Tally


def planted_template(template: dict, plant) -> Template:
    changed = copy.deepcopy(template)
    plant(changed)
    return Template(changed)


def statement_of(template: dict, role: str, sid: str) -> dict:
    found = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    return next(statement for statement in found if statement["Sid"] == sid)


def static_faults(template: dict, machines: dict[str, dict], tally: Tally) -> None:
    """Planted faults in the checks of the template alone."""
    resources = template["Resources"]

    def widened(role: str, sid: str):
        return lambda t: statement_of(t, role, sid).update(Action=[*as_list(statement_of(t, role, sid)["Action"]), "x:Planted"])

    for what, plant in (
        ("one action more", widened("FulfilSourceStateMachineRole", "InvokeFunctions")),
        ("one action less", lambda t: statement_of(t, "FulfilRequestStateMachineRole", "FollowFulfilSource").update(Action="states:StopExecution")),
        ("one function less", lambda t: statement_of(t, "FulfilSourceStateMachineRole", "InvokeFunctions")["Resource"].pop()),
        ("one function more", lambda t: statement_of(t, "FulfilSourceStateMachineRole", "InvokeFunctions")["Resource"].append(
            {"Fn::GetAtt": ["CloseFunction", "Arn"]})),
        ("a schedule's role for another function", lambda t: statement_of(t, "ReconcileScheduleRole", "InvokeReconcile").update(
            Resource={"Fn::GetAtt": ["CloseFunction", "Arn"]})),
        ("no log of a function", lambda t: statement_of(t, "ReviewRole", "WriteLogs").update(Resource={"Fn::GetAtt": ["CloseLogGroup", "Arn"]})),
        ("no key for a bucket", lambda t: statement_of(t, "SubmitRole", "EncryptParts").update(Action="kms:DescribeKey")),
        ("a role that nobody takes", lambda t: t["Resources"].update(Planted={"Type": "AWS::IAM::Role", "Properties": {}})),
    ):
        tally.expect_complaint(f"the roles: sees {what}", roles_differ(planted_template(template, plant), machines))
    fewer = copy.deepcopy(machines)
    states_of = fewer["fulfil-source"]["States"]
    states_of.pop(next(name for name, state in states_of.items() if "${SubmitFunctionArn}" in json.dumps(state)))
    tally.expect_complaint("the roles: sees a definition that calls less", roles_differ(Template(template), fewer))
    permissions = [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Permission"]
    for what, plant in (
        ("one less", lambda t: t["Resources"].pop(permissions[0])),
        ("one for another path", lambda t: t["Resources"]["WebhookRoute"]["Properties"].update(RouteKey="POST /other")),
        ("one for anybody", lambda t: t["Resources"][permissions[0]]["Properties"].pop("SourceArn")),
        ("a rule without", lambda t: t["Resources"]["ExecutionEndedRule"]["Properties"].update(Targets=[])),
    ):
        tally.expect_complaint(f"the permissions to invoke: sees {what}", invocations_differ(planted_template(template, plant)))
    send = {"Sid": "Planted", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": "arn:aws:sqs:*:*:planted", "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:*:*:rule/planted"}}}
    for what, plant in (
        ("a rule whose queue refuses it", lambda t: t["Resources"]["ExecutionEndedRule"]["Properties"]["Targets"][0].update(
            DeadLetterConfig={"Arn": "arn:aws:sqs:*:*:planted"})),
        ("a queue for a rule that is not there", lambda t: t["Resources"].update(
            Planted={"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [send]}}})),
    ):
        tally.expect_complaint(f"the queues' policies: see {what}", queues_differ(planted_template(template, plant)))
    for what, plant in (
        ("an action for nobody", lambda t: t["Resources"]["TagKey"]["Properties"]["KeyPolicy"]["Statement"][1]["Action"].append("kms:VerifyMac")),
        ("an action that a role lacks", lambda t: t["Resources"]["TagKey"]["Properties"]["KeyPolicy"]["Statement"][1].update(Action=[])),
    ):
        tally.expect_complaint(f"the keys' policies: see {what}", keys_differ(planted_template(template, plant), exceptions.KEYS))
    tally.expect_complaint("the keys' policies: see a stale exception",
                           keys_differ(Template(template), [*exceptions.KEYS, ("TagKey", "kms:GenerateMac", "planted")]))


def made_records(template: Template, machines: dict[str, dict], asked: Exceptions) -> Records:
    """Records of a stack in which every function used all its grants, except the exceptions."""
    own, uses = set(function_roles(template)), needed(template, machines)
    calls = defaultdict(set)
    for grant in grants(template):
        if grant.role in own and asked.reason(grant) is None and not any(covers(grant, use) for use in uses):
            calls[Call(f"stack-{grant.role}-0", grant.action, as_glob(grant.resource), grant.sid, True)].add("made")
    for role, sid, key in row_keys(template):
        calls[Call(f"stack-{role}-0", "dynamodb:PutItem" if sid == "WriteRequests" else "dynamodb:DeleteItem",
                   as_glob(template.text({"Fn::GetAtt": ["RequestsTable", "Arn"]})), sid, True, key.rstrip("*"))].add("made")
    for role, action, resource, _ in asked.denied:
        calls[Call(f"stack-{role}-0", action, as_glob(resource), None, False)].add("made")
    return Records(calls, {"made"}, set())


def recorded_faults(template: dict, machines: dict[str, dict], asked: Exceptions, tally: Tally) -> None:
    """Planted faults in policies, records and exceptions; without one there are no complaints."""
    whole = Template(template)
    records = made_records(whole, machines, asked)

    def differ(changed: Template = whole, calls: Records = records, excepted: Exceptions = asked) -> list[str]:
        return recorded_differ(changed, machines, calls, excepted).complaints

    tally.expect("the recorded calls: no complaint about a stack that used all its grants", differ())
    found = next(call for call in records.calls if call.allowed and call.sid == "ReadSourceSecrets")
    role = logical_role(found.role, whole)
    widen = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Action=[found.action, "secretsmanager:ListSecretVersionIds"]))
    tally.expect_complaint("the recorded calls: see a policy with one action more", differ(widen))
    narrow = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Action=["secretsmanager:DescribeSecret"]))
    tally.expect_complaint("the recorded calls: see a policy with one action less", differ(narrow))
    other = planted_template(template, lambda t: statement_of(t, role, found.sid).update(Resource=[
        statement_of(t, role, found.sid)["Resource"], {"Fn::Sub": "${KeysTable.Arn}"}]))
    tally.expect_complaint("the recorded calls: see a policy with one resource more", differ(other))
    fewer = Records({call: stacks for call, stacks in records.calls.items() if call != found}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see an unused grant", differ(calls=fewer))
    no_leases = Records({call: stacks for call, stacks in records.calls.items() if call.key != "LEASE#"}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see a kind of row that nobody wrote", differ(calls=no_leases))
    denied = Call(found.role, "s3:PutObject", "arn:aws:s3:::stack-receiptsbucket-0/receipts/*", None, False)
    refusing = Records({**records.calls, denied: {"made"}}, {"made"}, set())
    tally.expect_complaint("the recorded calls: see a refused one", differ(calls=refusing))
    excepted = (role, denied.action, "arn:aws:s3:::<ReceiptsBucket>/receipts/*", "planted for a test")
    tally.expect("the recorded calls: a refused one may be an exception",
                 differ(calls=refusing, excepted=Exceptions(asked.unused, asked.sometimes, [*asked.denied, excepted])))
    tally.expect_complaint("the recorded calls: see an exception for a call that was not refused",
                           differ(excepted=Exceptions(asked.unused, asked.sometimes, [*asked.denied, excepted])))
    grant = next(grant for grant in grants(whole) if (grant.role, grant.sid) == (role, found.sid))
    stale = (*grant.key(), "planted for a test")
    tally.expect_complaint("the recorded calls: see a stale exception",
                           differ(excepted=Exceptions([*asked.unused, stale], asked.sometimes, asked.denied)))
    tally.expect("the recorded calls: a use in SOMETIMES may happen",
                 differ(excepted=Exceptions(asked.unused, [*asked.sometimes, stale], asked.denied)))
    gone = (role, "Planted", "s3:GetObject", "*", "planted for a test")
    tally.expect_complaint("the recorded calls: see an exception that the template does not have",
                           differ(excepted=Exceptions([*asked.unused, gone], asked.sometimes, asked.denied)))
    tally.expect_complaint("the exceptions: see one without a reason",
                           Exceptions([*asked.unused, (*grant.key(), "why")], asked.sometimes, asked.denied).faults())
