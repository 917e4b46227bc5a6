//! The rights that a person can exercise.

use serde::{Deserialize, Serialize};

/// The right that the data subject exercises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Right {
    /// Erasure (Art. 17 GDPR).
    Erasure,
    /// Access: a copy (Art. 15 GDPR).
    Access,
}

impl Right {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Erasure => "erasure",
            Right::Access => "access",
        }
    }
}
