//! From an AWS error to a failure of ours: its code is kept for the log, its text is dropped,
//! because AWS repeats parts of the input in its messages.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;

/// Our codes for the failures of one AWS service.
#[derive(Debug)]
pub(crate) struct Codes {
    /// It did not answer, or asked us to slow down.
    pub unavailable: Code,
    /// It refused us permission.
    pub denied: Code,
    /// The table, key, bucket or state machine is not there.
    pub missing: Code,
    /// It rejected the call as invalid.
    pub rejected: Code,
}

/// The meaning of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It had no effect and may work in a moment.
    Busy,
    /// Nobody can tell whether it had an effect.
    Ambiguous,
    /// It had no effect, and the caller is not allowed to.
    Denied,
    /// It had no effect, because something that must exist is not there.
    Missing,
    /// It had no effect and never will.
    Rejected,
}

/// Judges a failed call by its error code and status.
pub(crate) fn cause<E: ProvideErrorMetadata>(err: &SdkError<E, HttpResponse>) -> Cause {
    let SdkError::ServiceError(service) = err else {
        // A call that could not even be built did not go out; it is a mistake of the set-up.
        let unsent = matches!(err, SdkError::ConstructionFailure(_));
        return if unsent { Cause::Rejected } else { Cause::Ambiguous };
    };
    let code = service.err().code().unwrap_or_default();
    let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    let status = service.raw().status().as_u16();
    if has(&["Throttl", "LimitExceeded", "Throughput", "TooManyRequests", "SlowDown"])
        || has(&[
            "TransactionConflict",
            "TransactionInProgress",
            "ConditionalRequestConflict",
            "OperationAborted",
        ])
        || status == 429
    {
        Cause::Busy
    } else if status >= 500 || has(&["RequestTimeout", "InternalError", "InternalServer", "InternalFailure"])
    {
        Cause::Ambiguous
    } else if has(&[
        "AccessDenied",
        "UnrecognizedClient",
        "InvalidSignature",
        "ExpiredToken",
        "InvalidClientToken",
    ]) || status == 401
        || status == 403
    {
        Cause::Denied
    } else if has(&["NotFound", "NoSuch", "DoesNotExist"]) {
        Cause::Missing
    } else {
        Cause::Rejected
    }
}

impl Codes {
    /// The failure that a call's error stands for; logs AWS's code, once.
    pub(crate) fn failure<E: ProvideErrorMetadata>(&self, err: &SdkError<E, HttpResponse>) -> Failure {
        let failure = self.of(cause(err));
        tracing::warn!(code = failure.code.as_str(), aws_code = aws_code(err), "a call to AWS failed");
        failure
    }

    /// The failure that a cause stands for.
    pub(crate) fn of(&self, cause: Cause) -> Failure {
        match cause {
            Cause::Busy | Cause::Ambiguous => Failure::transient(self.unavailable),
            Cause::Denied => Failure::misconfigured(self.denied),
            Cause::Missing => Failure::misconfigured(self.missing),
            Cause::Rejected => Failure::misconfigured(self.rejected),
        }
    }
}

/// AWS's own name for an error, safe to log: a plain word, never a message.
fn aws_code<E: ProvideErrorMetadata>(err: &SdkError<E, HttpResponse>) -> &str {
    match err {
        SdkError::ConstructionFailure(_) => "not_built",
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        SdkError::DispatchFailure(_) => "no_connection",
        SdkError::ServiceError(service) => service
            .err()
            .code()
            .filter(|code| code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric()))
            .unwrap_or("unnamed"),
        _ => "unreadable_answer",
    }
}

#[cfg(feature = "dynamodb")]
pub(crate) const STORE: Codes = Codes {
    unavailable: Code::StoreUnavailable,
    denied: Code::StoreDenied,
    missing: Code::StoreMissing,
    rejected: Code::StoreRejected,
};

#[cfg(feature = "dynamodb")]
pub(crate) const KEY_TABLE: Codes = Codes {
    unavailable: Code::KeyTableUnavailable,
    denied: Code::KeyTableDenied,
    missing: Code::KeyTableMissing,
    rejected: Code::KeyTableRejected,
};

#[cfg(feature = "kms")]
pub(crate) const KMS: Codes = Codes {
    unavailable: Code::KmsUnavailable,
    denied: Code::KmsDenied,
    missing: Code::KmsKeyMissing,
    rejected: Code::KmsRejected,
};

#[cfg(feature = "lambda")]
pub(crate) const FUNCTION: Codes = Codes {
    unavailable: Code::FunctionUnavailable,
    denied: Code::FunctionDenied,
    missing: Code::FunctionMissing,
    rejected: Code::FunctionRejected,
};

#[cfg(feature = "s3")]
pub(crate) const RECEIPTS: Codes = Codes {
    unavailable: Code::ReceiptsUnavailable,
    denied: Code::ReceiptsDenied,
    missing: Code::ReceiptsMissing,
    rejected: Code::ReceiptsRejected,
};

#[cfg(feature = "s3")]
pub(crate) const COPIES: Codes = Codes {
    unavailable: Code::CopiesUnavailable,
    denied: Code::CopiesDenied,
    missing: Code::CopiesMissing,
    rejected: Code::CopiesRejected,
};

#[cfg(feature = "secrets")]
pub(crate) const SECRETS: Codes = Codes {
    unavailable: Code::SecretsUnavailable,
    denied: Code::SecretDenied,
    missing: Code::SecretMissing,
    rejected: Code::SecretRejected,
};

#[cfg(feature = "sfn")]
pub(crate) const WORKFLOW: Codes = Codes {
    unavailable: Code::WorkflowUnavailable,
    denied: Code::WorkflowDenied,
    missing: Code::WorkflowMissing,
    rejected: Code::WorkflowRejected,
};
