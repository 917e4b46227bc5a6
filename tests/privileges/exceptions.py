"""What tests/privileges does not ask for, each with its reason.

A statement's use is one line `(role, Sid, action, resource, reason)`, as the check itself prints it.
"""

# Allowed, and never seen to be used. One that is used after all fails too.
UNUSED: list[tuple[str, str, str, str, str]] = [
    ("CloseRole", "SeeWhichPartsThereAre", "s3:ListBucket", "arn:aws:s3:::<CopiesBucket>",
     "S3 says by it that a part is absent (404) and not forbidden (403); the emulator says 404 to everybody"),
    ("CloseRole", "SeeWhichReceiptsThereAre", "s3:ListBucket", "arn:aws:s3:::<ReceiptsBucket>",
     "S3 says by it that a receipt is absent (404) and not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "SeeWhichPackagesThereAre", "s3:ListBucket", "arn:aws:s3:::<CopiesBucket>",
     "S3 says by it that a package is absent (404) and not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "SeeWhichReceiptsThereAre", "s3:ListBucket", "arn:aws:s3:::<ReceiptsBucket>",
     "S3 says by it that a receipt is absent (404) and not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "RemoveSourceSecrets", "secretsmanager:DescribeSecret",
     "arn:aws:secretsmanager:*:*:secret:rightful/<Stage>/source/*",
     "only where the secret waits to be deleted already: an operator did it by hand, or an answer was lost"),
    ("ConsoleRole", "WriteSourceAndTicketingSecrets", "secretsmanager:RestoreSecret",
     "arn:aws:secretsmanager:*:*:secret:rightful/<Stage>/ticketing/*",
     "only where an operator deleted the secret by hand and sets the ticketing system up again"),
]

# Used in some runs and not in others, because it depends on who comes first.
SOMETIMES: list[tuple[str, str, str, str, str]] = [
    ("CloseRole", "KeepPackages", "s3:AbortMultipartUpload", "arn:aws:s3:::<CopiesBucket>/packages/*",
     "only where a package of more than 5 MiB fails on its way: a part was lost meanwhile, S3 refused a piece, or the time was over"),
    ("SubmitRole", "KeepPartsOfCopies", "s3:AbortMultipartUpload", "arn:aws:s3:::<CopiesBucket>/parts/*",
     "only where more than 5 MiB were fetched and are not kept: the vendor failed on the way, or records appeared"),
    ("CloseRole", "KeepReceipts", "s3:GetObject", "arn:aws:s3:::<ReceiptsBucket>/receipts/*",
     "only where a receipt was kept and close was lost before it could say so"),
    ("ConsoleRole", "WriteRequests", "dynamodb:ConditionCheckItem", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where a person decides under a lease: another request about the person came first, and records appeared since"),
    ("ReviewRole", "WriteRequests", "dynamodb:ConditionCheckItem", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where what is parked holds a lease: another request about the person came first, its records changed since, "
     "and an execution that was lost is begun again for another data source"),
    ("ReviewRole", "ReadRequests", "dynamodb:Query", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where a person decides once more after a submission that came to nothing, when a data source runs again"),
    ("ReviewRole", "ReleaseReviews", "states:SendTaskSuccess", "*",
     "only where the state that parks runs twice, or somebody decides between the question and the parking"),
]

# Kinds of rows that a role may write, and does not in every run: (role, Sid, beginning of the key, reason).
ROWS: list[tuple[str, str, str, str]] = [
    ("ConsoleRole", "WriteRequests", "LEASE#*",
     "only where a person ends, or decides on, what holds a lease: a submission whose end nobody knows, or records that appeared"),
    ("ReconcileRole", "WriteRequests", "LEASE#*", "only where the reconciliation itself ends or moves what holds a lease"),
    ("ReconcileRole", "WriteRequests", "LIMIT#*", "only where a vendor that it asks about open rules fails, or has a declared rate"),
    ("ReconcileRole", "WriteRequests", "RECONCILE",
     "only where a run does not come to its end, or the journal has more entries than one run checks"),
    ("ReviewRole", "WriteRequests", "LEASE#*",
     "only where what is parked holds a lease: another request about the person came first, and its records changed since"),
    ("SearchRole", "WriteRequests", "LEASE#*",
     "only where an execution that was lost is begun again while a task goes back to the search under its lease"),
]

# Refused calls of a function: (role, action, resource, reason).
DENIED: list[tuple[str, str, str, str]] = [
]

# What a key's policy lets roles do, and no role here does: (key, action, reason).
KEYS: list[tuple[str, str, str]] = [
    ("ReceiptKey", "kms:GetPublicKey", "whoever verifies receipts asks for the key, with permissions of their own"),
]
