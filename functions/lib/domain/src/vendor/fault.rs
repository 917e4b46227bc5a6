//! The ways in which a call to a vendor fails.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::kind::Kind;

/// Why a call to a vendor failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No connection, a time-out, a server error, an unreadable answer: it may pass.
    Unavailable(Code),
    /// The vendor throttled the call, with the wait in seconds (capped by the connector) when it gives one.
    Throttled(Option<u64>),
    /// Our own limiter delayed the call by a number of seconds: it was not sent.
    Paused(Code, u64),
    /// The vendor rejected the token, even after a fresh read of the secret.
    Unauthorized,
    /// The vendor refused the call for another reason.
    Refused(Code),
    /// The search found more than the connector allows for one person.
    TooManyRecords,
    /// The answer is larger than the connector allows. It concerns this person alone if other people's answers
    /// fit.
    AnswerTooLarge,
    /// The vendor has no such rule.
    RuleNotFound,
}

/// The codes stored for a vendor's 4xx answers. Our own objections to a call have other codes.
pub const REFUSALS: [Code; 7] = [
    Code::VendorBadRequest,
    Code::VendorConflict,
    Code::VendorForbidden,
    Code::VendorGone,
    Code::VendorNotFound,
    Code::VendorRefused,
    Code::VendorUnprocessable,
];

impl Fault {
    /// Whether the vendor or our own limiter only delays the call: not a failed try.
    #[must_use]
    pub fn is_put_off(&self) -> bool {
        matches!(self, Fault::Throttled(_) | Fault::Paused(..))
    }

    /// Whether the vendor, or a gateway before it, refused the call: a few tries over some minutes tell which.
    /// Our own objections to a call don't count.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Fault::Unauthorized => true,
            Fault::Refused(code) => REFUSALS.contains(code),
            _ => false,
        }
    }

    /// Whether asking again, now or in some minutes, may bring another answer.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.is_put_off() || self.is_refusal() || matches!(self, Fault::Unavailable(_))
    }

    /// Whether a stored code says that the vendor, or a gateway before it, refused a call.
    #[must_use]
    pub fn refuses(code: &str) -> bool {
        Code::parse(code).is_some_and(|code| code == Code::CredentialsRejected || REFUSALS.contains(&code))
    }

    /// Whether a stored code says that a call was only delayed.
    #[must_use]
    pub fn puts_off(code: &str) -> bool {
        let put_off = [Code::VendorThrottled, Code::RateLimited, Code::CircuitOpen, Code::QuotaSpent];
        Code::parse(code).is_some_and(|code| put_off.contains(&code))
    }

    /// The wait that the vendor or our own limiter asks for before the next call, in seconds.
    #[must_use]
    pub fn asked_wait(&self) -> Option<u64> {
        match self {
            Fault::Throttled(wait) => *wait,
            Fault::Paused(_, seconds) => Some(*seconds),
            _ => None,
        }
    }

    /// Its code, for the store, the log and the receipt.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Fault::Unavailable(code) | Fault::Refused(code) => *code,
            Fault::Paused(code, _) => *code,
            Fault::Throttled(_) => Code::VendorThrottled,
            Fault::Unauthorized => Code::CredentialsRejected,
            Fault::TooManyRecords => Code::TooManyRecords,
            Fault::AnswerTooLarge => Code::VendorAnswerTooLarge,
            Fault::RuleNotFound => Code::RuleNotFound,
        }
    }

    /// The failure that represents it in the workflow.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let kind = match self {
            Fault::Throttled(_) | Fault::Paused(..) | Fault::Unavailable(_) => Kind::Transient,
            Fault::Unauthorized => Kind::Misconfigured,
            Fault::Refused(_) | Fault::TooManyRecords | Fault::AnswerTooLarge => Kind::Refused,
            Fault::RuleNotFound => Kind::Unknown,
        };
        Failure::new(kind, self.code())
    }
}
