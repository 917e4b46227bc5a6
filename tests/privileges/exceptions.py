"""The exceptions of tests/privileges, each with its reason.

A statement's use is one line `(role, Sid, action, resource, reason)`, as the check itself prints it.
"""

# Allowed, and never recorded. A use after all fails too.
UNUSED: list[tuple[str, str, str, str, str]] = [
    ("CloseRole", "SeeWhichPartsThereAre", "s3:ListBucket", "arn:aws:s3:::<CopiesBucket>",
     "with it S3 reports a part as absent (404), not forbidden (403); the emulator says 404 to everybody"),
    ("CloseRole", "SeeWhichReceiptsThereAre", "s3:ListBucket", "arn:aws:s3:::<ReceiptsBucket>",
     "with it S3 reports a receipt as absent (404), not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "SeeWhichPackagesThereAre", "s3:ListBucket", "arn:aws:s3:::<CopiesBucket>",
     "with it S3 reports a package as absent (404), not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "SeeWhichReceiptsThereAre", "s3:ListBucket", "arn:aws:s3:::<ReceiptsBucket>",
     "with it S3 reports a receipt as absent (404), not forbidden (403); the emulator says 404 to everybody"),
    ("ConsoleRole", "RemoveSourceSecrets", "secretsmanager:DescribeSecret",
     "arn:aws:secretsmanager:*:*:secret:rightful/<Stage>/source/*",
     "only where the secret is already scheduled for deletion: an operator did it by hand, or an answer was lost"),
    ("ConsoleRole", "WriteSourceAndTicketingSecrets", "secretsmanager:RestoreSecret",
     "arn:aws:secretsmanager:*:*:secret:rightful/<Stage>/ticketing/*",
     "only where an operator deleted the secret by hand and sets the ticketing system up again"),
]

# Used in some runs only: it depends on which worker comes first.
SOMETIMES: list[tuple[str, str, str, str, str]] = [
    ("CloseRole", "KeepPackages", "s3:AbortMultipartUpload", "arn:aws:s3:::<CopiesBucket>/packages/*",
     "only where a package of more than 5 MiB fails midway: a part was lost meanwhile, S3 refused a piece, or time ran out"),
    ("SubmitRole", "KeepPartsOfCopies", "s3:AbortMultipartUpload", "arn:aws:s3:::<CopiesBucket>/parts/*",
     "only where more than 5 MiB were fetched and discarded: the vendor failed midway, or records appeared"),
    ("CloseRole", "KeepReceipts", "s3:GetObject", "arn:aws:s3:::<ReceiptsBucket>/receipts/*",
     "only where close stored a receipt and died before it recorded that"),
    ("ConsoleRole", "WriteRequests", "dynamodb:ConditionCheckItem", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where a person decides under a lease: another request about the person came first, and records appeared since"),
    ("ReviewRole", "WriteRequests", "dynamodb:ConditionCheckItem", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where a parked task holds a lease: another request about the person came first, its records changed since, "
     "and a lost execution is started again for another data source"),
    ("ReviewRole", "ReadRequests", "dynamodb:Query", "arn:aws:dynamodb:*:*:table/<RequestsTable>",
     "only where a person decides again after a submission without effect, when a data source runs again"),
    ("ReviewRole", "ReleaseReviews", "states:SendTaskSuccess", "*",
     "only where the parking state runs twice, or somebody decides between the search and the parking"),
]

# Kinds of rows that a role may write, and doesn't write in every run: (role, Sid, beginning of the key, reason).
ROWS: list[tuple[str, str, str, str]] = [
    ("ConsoleRole", "WriteRequests", "LEASE#*",
     "only where a person ends, or decides on, a task with a lease: a submission with an unknown end, or records that appeared"),
    ("ReconcileRole", "WriteRequests", "LEASE#*", "only where the reconciliation itself ends or moves a task with a lease"),
    ("ReconcileRole", "WriteRequests", "LIMIT#*", "only where a vendor fails in a status check, or has a declared rate"),
    ("ReconcileRole", "WriteRequests", "RECONCILE",
     "only where a run does not finish, or the journal has more entries than one run checks"),
    ("ReviewRole", "WriteRequests", "LEASE#*",
     "only where a parked task holds a lease: another request about the person came first, and its records changed since"),
    ("SearchRole", "WriteRequests", "LEASE#*",
     "only where a lost execution is started again while a task goes back to the search under its lease"),
]

# Refused calls of a function: (role, action, resource, reason).
DENIED: list[tuple[str, str, str, str]] = [
]

# Actions that a key's policy leaves to roles, and no role here has: (key, action, reason).
KEYS: list[tuple[str, str, str]] = [
]
