"""What cfn-guard's rules ask for and this template does not give: (rule, resources, reason).

`*` in a resource's name stands for any text. An entry that nothing needs fails.
"""

EXCEPTIONS: list[tuple[str, tuple[str, ...], str]] = [
    ("api_gw_v2_authorization_type_configured_check", ("WebhookRoute",),
     "ticketing systems have no AWS identity: each delivery is signed, and intake checks the signature"),
    ("cloudwatch_log_group_encrypted_check", ("*LogGroup",),
     "logs hold no personal data and no secret, and CloudWatch encrypts them with its own keys"),
    ("cloudwatch_log_group_retention_period_check", ("*LogGroup",),
     "LogRetentionDays decides, and the rule wants a number; the evidence is receipts and events, not logs"),
    ("dynamodb_table_pitr_enabled_check", ("KeysTable",),
     "a deleted data key must not come back: that is how a person is forgotten in every backup"),
    ("kms_create_grant_aws_service_check", ("DataKey", "ReceiptKey", "TagKey"),
     "nobody may create grants at all: the keys' policies list their actions, without kms:CreateGrant"),
    ("lambda_function_public_access_prohibited_check", ("ConsolePermission", "IntakePermission"),
     "each has its one SourceArn, which the rule does not read as it is built by Fn::Sub; tests/privileges does"),
    ("lambda_inside_vpc_check", ("*Function",),
     "nothing that they call is in a VPC: AWS and the vendors, by TLS; addresses of private networks are refused in code"),
    ("s3_bucket_default_encryption_kms_check", ("ReceiptsBucket",),
     "receipts hold no personal data, and are read by auditors who need no key of ours"),
    ("s3_bucket_logging_enabled_check", ("CopiesBucket", "ReceiptsBucket"),
     "access logs keep the addresses of whoever fetches a copy; that a link was made is an event of its request"),
    ("s3_bucket_object_lock_enabled_check", ("CopiesBucket",),
     "copies are personal data and have to be deleted in time"),
    ("s3_bucket_versioning_enabled_check", ("CopiesBucket",),
     "what is deleted there has to be gone"),
    ("s3_event_notifications_enabled_check", ("CopiesBucket", "ReceiptsBucket"),
     "nobody has to hear of an object: the request's events tell"),
    ("s3_lifecycle_policy_check", ("ReceiptsBucket",),
     "receipts are evidence, and are kept until the company deletes them"),
    ("s3_version_lifecycle_policy_check", ("ReceiptsBucket",),
     "receipts are evidence, and are kept until the company deletes them"),
    ("step_functions_state_machine_tracing_enabled_check", ("FulfilRequestStateMachine", "FulfilSourceStateMachine"),
     "each step is an event of its request; traces would tell nothing more"),
]
