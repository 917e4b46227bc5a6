//! The kind of an identifier: `email`, `phone`, or one of a vendor's own.

use crate::base::identifier::error::IdentifierError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind of an identifier: `email`, `phone`, or a vendor's own, such as `qualifio_profile`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = "^[a-z][a-z0-9_]{0,31}$", "examples" = ["email"]))
)]
pub struct IdentifierKind(String);

impl IdentifierKind {
    /// The kind `email`.
    #[must_use]
    pub fn email() -> Self {
        Self("email".to_owned())
    }

    /// The kind `phone`.
    #[must_use]
    pub fn phone() -> Self {
        Self("phone".to_owned())
    }

    /// Checks the name of a kind: 1 to 32 of `a-z`, `0-9` and `_`, beginning with a letter. Messages show the
    /// name, so a value given in its place must not pass for one.
    ///
    /// # Errors
    /// [`IdentifierError::BadKind`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let good = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if good { Ok(Self(text.to_owned())) } else { Err(IdentifierError::BadKind) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for IdentifierKind {
    type Error = IdentifierError;
    fn try_from(text: String) -> Result<Self, IdentifierError> {
        Self::parse(&text)
    }
}

impl From<IdentifierKind> for String {
    fn from(kind: IdentifierKind) -> Self {
        kind.0
    }
}
