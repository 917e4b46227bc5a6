//! The ways in which an operation fails: a few kinds, each because someone acts differently on it.

use crate::base::code::Code;
use std::fmt;

/// The kind of a failure. Its [`name`](Kind::name) is the error name in the state machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It may pass by itself: the workflow retries, then reconcile does.
    Transient,
    /// A decision or a rule forbids it: never retried.
    Refused,
    /// The effect is unknown: never retried blindly.
    Unknown,
    /// A person must change the set-up first.
    Misconfigured,
}

impl Kind {
    /// Every kind, for the tests that compare them with the state machines.
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

/// A failure of a port or an operation: a kind for the machine, a code for the reader. It never holds a third
/// party's message, an identifier or a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// Decides who acts on it, and how.
    pub kind: Kind,
    /// The code, such as `store_unavailable`.
    pub code: Code,
}

impl Failure {
    /// A failure of the given kind and code.
    #[must_use]
    pub const fn new(kind: Kind, code: Code) -> Self {
        Self { kind, code }
    }

    /// A failure that may pass by itself.
    #[must_use]
    pub const fn transient(code: Code) -> Self {
        Self::new(Kind::Transient, code)
    }

    /// A failure that a person must fix in the set-up.
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
