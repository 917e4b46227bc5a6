//! How an operation fails: a few kinds, each because someone acts differently on it.

use crate::base::code::Code;
use std::fmt;

/// What sort of failure it is. Its [`name`](Kind::name) is the error name in the state machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It may pass by itself: the workflow retries, then the reconciliation does.
    Transient,
    /// A decision or a rule forbids it: never retried.
    Refused,
    /// Nobody can tell what happened: never retried blindly.
    Unknown,
    /// A person must change the set-up first.
    Misconfigured,
}

impl Kind {
    /// Every kind, for the tests that hold the state machines against them.
    pub const ALL: [Kind; 4] = [Kind::Transient, Kind::Refused, Kind::Unknown, Kind::Misconfigured];

    /// The error's name in the state machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Transient => "Rightful.Transient",
            Kind::Refused => "Rightful.Refused",
            Kind::Unknown => "Rightful.Unknown",
            Kind::Misconfigured => "Rightful.Misconfigured",
        }
    }
}

/// A failure of a port or an operation: a kind for the machine, a code for the reader. It never
/// holds a message of a third party, an identifier or a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Who acts on it, and how.
    pub kind: Kind,
    /// What happened, such as `store_unavailable`.
    pub code: Code,
}

impl Failure {
    /// A failure of that kind and code.
    #[must_use]
    pub const fn new(kind: Kind, code: Code) -> Self {
        Self { kind, code }
    }

    /// A failure that may pass by itself.
    #[must_use]
    pub const fn transient(code: Code) -> Self {
        Self::new(Kind::Transient, code)
    }

    /// A failure that a person must mend in the set-up.
    #[must_use]
    pub const fn misconfigured(code: Code) -> Self {
        Self::new(Kind::Misconfigured, code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.kind.name())
    }
}

impl std::error::Error for Failure {}
