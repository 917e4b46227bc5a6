//! The ways in which an operation fails: a few kinds, each because someone acts differently on it.

use crate::base::code::Code;
use crate::base::kind::Kind;
use std::fmt;

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
    /// A failure of this code, acted on as the code says.
    #[must_use]
    pub const fn of(code: Code) -> Self {
        Self::new(code.kind(), code)
    }

    /// A failure of this code that somebody else acts on than the code says.
    #[must_use]
    pub const fn new(kind: Kind, code: Code) -> Self {
        Self { kind, code }
    }

    /// A failure that may pass by itself.
    #[must_use]
    pub const fn transient(code: Code) -> Self {
        Self::new(Kind::Transient, code)
    }

    /// A failure that a person must correct in the set-up.
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
