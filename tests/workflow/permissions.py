"""Rules for the roles: the actions that they allow, on which resources, for which code."""

from __future__ import annotations

import json
import re

from reading import as_list, strings
from rules import rule
from template import code_of, composed, crate_of, functions, grant, role_statements, statement_of, statements, take

# AWS accepts only "*" as the resource of these: Sid -> type, actions, reason.
WILDCARD_RESOURCES = {
    "DeliverLogs": ("AWS::IAM::Role", re.compile(r"logs:(\w+LogDelivery|ListLogDeliveries|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)"),
                    "log delivery's actions take no resource"),
    "AdministeredByTheAccount": ("AWS::KMS::Key", re.compile(r"kms:\w+"), "in a key's policy, * is that key"),
    "UsedByRolesThatIamAllows": ("AWS::KMS::Key", re.compile(r"kms:\w+"), "in a key's policy, * is that key"),
    "ReleaseReviews": ("AWS::IAM::Role", re.compile(r"states:SendTaskSuccess"),
                       "SendTaskSuccess takes no resource: the token, which nobody can guess, stands for it"),
}
# The text before a wildcard must name this deployment.
BEFORE_A_WILDCARD = re.compile(r"\$\{\w+\.Arn\}|rightful[-/]\$\{Stage\}[-/]")


@rule("template",
      ("one partition's name", lambda t: role_statements(t, "SubmitRole")[-1].update(Resource={"Fn::Sub": "arn:aws:s3:::b"})),
      ("no partition for a state machine", lambda t: t["Resources"]["FulfilSourceStateMachine"]["Properties"]["DefinitionSubstitutions"].update(Partition="aws")))
def no_ARN_of_the_template_names_a_partition(template):
    # A parameter's pattern describes ARNs, and is none.
    for text in strings({**template, "Parameters": {}}):
        if re.search(r"\barn:(?!\$\{AWS::Partition\}:)", text):
            yield text
    for name, resource in template["Resources"].items():
        substitutions = resource.get("Properties", {}).get("DefinitionSubstitutions", {"Partition": {"Ref": "AWS::Partition"}})
        if substitutions.get("Partition") != {"Ref": "AWS::Partition"}:
            yield f"{name}: Partition"


@rule("template",
      ("all of a service", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "Action": "s3:*", "Resource": "a"})),
      ("a prefix", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "Action": ["s3:Get*"], "Resource": "a"})),
      ("all but some", lambda t: role_statements(t, "IntakeRole").append({"Sid": "X", "Effect": "Allow", "NotAction": ["s3:GetObject"], "Resource": "a"})))
def no_statement_allows_a_wildcard_of_actions(template):
    for name, statement in statements(template):
        # A Deny may cover everything.
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


def operations_named(code: str) -> set[str]:
    """The operations that are called without an SDK, each by its name in AWS's spelling."""
    return set(re.findall(r"""\.(?:call|send)\(\s*"(\w+)"\s*,""", code))


def actions_called(code: str) -> set[str]:
    """The AWS actions that the adapters call, also inside transactions."""
    called = {"".join(word.title() for word in method.split("_")) for method in re.findall(r"\.(\w+)\(\)", code)}
    called |= operations_named(code)
    inside = {"Put": "PutItem", "Delete": "DeleteItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
    return called | {inside[kind] for kind in re.findall(r"\b(\w+)::builder\(\)", code) if kind in inside}


# No call has these names: Lambda itself writes or sends, and S3 asks for it at the read of an absent object.
NOT_CALLED_BY_NAME = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket", "sqs:SendMessage"}
# The services that are called without an SDK.
SERVICES_CALLED_BY_NAME = {"kms", "lambda", "s3", "secretsmanager", "states"}
# Only the console does these: they are an operator's acts, or its pages show what an operator may verify.
SECRETS_WRITTEN = {f"secretsmanager:{action}" for action in (
    "CreateSecret", "DeleteSecret", "DescribeSecret", "PutSecretValue", "RestoreSecret")}
CONSOLE_ALONE = SECRETS_WRITTEN | {"kms:GetPublicKey", "lambda:InvokeFunction"}
# The operations of actions that AWS calls otherwise.
CALLED_AS = {"InvokeFunction": "Invoke"}
# The operations that AWS allows by the action for another.
ALLOWED_BY = {"HeadObject": "GetObject", "CreateMultipartUpload": "PutObject", "UploadPart": "PutObject",
              "CompleteMultipartUpload": "PutObject"}


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
                anothers = action in CONSOLE_ALONE and name != "ConsoleFunction"
                if action not in NOT_CALLED_BY_NAME and (anothers or CALLED_AS.get(call, call) not in called):
                    yield f"{name}: {action}"


@rule("template",
      ("an operation that no role may call", lambda t: statement_of(t, "ConsoleRole", "WriteSourceAndTicketingSecrets")["Action"].remove("secretsmanager:RestoreSecret")),
      ("an upload that no role may give up", lambda t: [statement_of(t, role, sid)["Action"].remove("s3:AbortMultipartUpload")
                                                        for role, sid in (("CloseRole", "KeepPackages"), ("SubmitRole", "KeepPartsOfCopies"))]),
      ("objects that no role may write", lambda t: [statement_of(t, role, sid)["Action"].remove("s3:PutObject") for role, sid in (
          ("CloseRole", "KeepPackages"), ("CloseRole", "KeepReceipts"), ("SubmitRole", "KeepPartsOfCopies"))]),
      ("another service's operation of the same name", lambda t: [statement_of(t, role, "ReleaseReviews").update(Action=["dynamodb:SendTaskSuccess"])
                                                                  for role in ("ConsoleRole", "ReviewRole")]))
def some_function_may_do_what_code_calls_by_name(template):
    allowed = set()
    for function in functions(template).values():
        for statement in role_statements(template, function["Properties"]["Role"]["Fn::GetAtt"][0]):
            allowed |= set(as_list(statement["Action"]))
    allowed = {action for action in allowed if action.partition(":")[0] in SERVICES_CALLED_BY_NAME}
    allowed = {CALLED_AS.get(action.partition(":")[2], action.partition(":")[2]) for action in allowed}
    for operation in sorted(operations_named(code_of("lib/aws"))):
        if ALLOWED_BY.get(operation, operation) not in allowed:
            yield f"{operation}: no function may call it"


def table(name: str, *actions: str) -> set[tuple[str, str]]:
    return {(f"dynamodb:{action}", name) for action in actions}


# The calls of each adapter of rightful-aws, and their resources.
ADAPTERS = {
    # A change of a task checks the lease on it.
    "Store": table("RequestsTable", "BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query"),
    "DataKeys": table("KeysTable", "GetItem") | {("kms:Decrypt", "DataKey")},
    # Forgetting a key deletes the record ids too.
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


# Functions that use an adapter differently. Intake makes keys and opens none, reads rows by their keys and the list of
# data sources, and accepts webhooks. Close holds no lease, reads rows one by one, answers tickets, and opens the parts of
# a copy. Reconcile reads the due index and the list, and looks for tickets. Review starts nothing. The console makes,
# opens and lists requests, and removes data sources; it writes secrets of data sources and tickets, reads those of its pages
# alone, and removes only data sources' ones; it verifies receipts and signs none.
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
        | table("RequestsTable/index/due", "Query") | table("RequestsTable/index/list", "Query")
        | table("RequestsTable/index/subject", "Query"),
        "DataKeys": table("KeysTable", "GetItem", "PutItem") | {("kms:Decrypt", "DataKey"), ("kms:GenerateDataKey", "DataKey")},
        "SecretStore": on_secrets("source", SECRETS_WRITTEN) | on_secrets("ticketing", SECRETS_WRITTEN - SECRETS_REMOVED)
        | on_secrets("console", {"secretsmanager:GetSecretValue"}),
        "ReceiptKey": {("kms:GetPublicKey", "ReceiptKey")},
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

# Lambda's own acts under the function's role: it writes logs, and keeps failed asynchronous calls.
LAMBDAS_OWN = {"WriteLogs", "KeepUndelivered"}


def resource_name(resource) -> str:
    """A policy's resource in short: `RequestsTable`, `RequestsTable/index/due`, `secret:rightful/…`."""
    if not isinstance(resource, dict):
        return resource
    if "Fn::GetAtt" in resource:
        return resource["Fn::GetAtt"][0]
    if "Ref" in resource:
        return resource["Ref"]
    text = resource.get("Fn::Sub", "")
    return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text).removeprefix("arn:${AWS::Partition}:").partition("${AWS::AccountId}:")[2] \
        or re.sub(r"\$\{(\w+)\.Arn\}", r"\1", text)


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


# The prefixes in which a role may learn that an object is absent.
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


# The rows that each role may write, by the beginning of their keys.
WRITTEN = {
    "IntakeRole": {"DELIVERY#*", "REQUEST#*"},
    "SearchRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "SubmitRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "StatusCheckRole": {"LEASE#*", "LIMIT#*", "REQUEST#*"},
    "ReviewRole": {"LEASE#*", "REQUEST#*"},
    "CloseRole": {"REQUEST#*"},
    "ReconcileRole": {"LEASE#*", "LIMIT#*", "RECONCILE", "REQUEST#*"},
    "ConsoleRole": {"DELIVERY#*", "JOURNAL", "LEASE#*", "LIMIT#*", "OPERATOR#*", "REQUEST#*", "SOURCE#*"},
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
