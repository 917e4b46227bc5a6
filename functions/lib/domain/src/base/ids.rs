//! Names of requests and data sources.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The id of a request: a UUIDv7, so ids sort by the time of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        with = "String",
        extend(
            "pattern" = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "examples" = ["019aa6e0-5c1f-7000-8000-000000000001"]
        )
    )
)]
pub struct RequestId(Uuid);

impl RequestId {
    /// Wraps an existing id.
    #[must_use]
    pub fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// From its text form.
    ///
    /// # Errors
    /// [`NameError`] when it is not a UUID.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotARequestId)
    }

    /// The partition of the due index, out of `shards`, that this request belongs to.
    #[must_use]
    pub fn shard(self, shards: u8) -> u8 {
        // The last byte of a UUIDv7 is random; its first bytes are the time.
        self.0.as_bytes()[15] % shards.max(1)
    }

    /// The id's 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The id of a data source: 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = "^[a-z][a-z0-9-]{0,31}$", "examples" = ["qualifio-main"]))
)]
pub struct SourceId(String);

impl SourceId {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError::BadSourceId`] when it has other characters or another length.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let good = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if good { Ok(Self(text.to_owned())) } else { Err(NameError::BadSourceId) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SourceId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.0
    }
}

/// The ticket that a request came from, as the ticketing system names it.
///
/// It is stored in the clear and printed on the receipt, so it may hold no personal data: 1 to 64 of letters,
/// digits and `. _ : / # -`. No e-mail address and no name with a space fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = "^[A-Za-z0-9._:/#-]{1,64}$", "examples" = ["T-1042"]))
)]
pub struct Reference(String);

impl Reference {
    /// Checks a reference.
    ///
    /// # Errors
    /// [`NameError::BadReference`] when it could hold personal data or is too long.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let good = (1..=64).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._:/#-".contains(c));
        if good { Ok(Self(text.to_owned())) } else { Err(NameError::BadReference) }
    }

    /// The reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

/// A name that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a UUID.
    #[error("a request id is a UUID, such as 019aa6e0-5c1f-7000-8000-000000000000")]
    NotARequestId,
    /// A source id with characters that are not allowed.
    #[error("a data source's id is 1 to 32 of a-z, 0-9 and -, beginning with a letter")]
    BadSourceId,
    /// A reference with characters that are not allowed.
    #[error(
        "a reference is the ticket's number: 1 to 64 of letters, digits and . _ : / # -; no e-mail address or name"
    )]
    BadReference,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_id_is_a_plain_name() {
        assert!(SourceId::parse("qualifio-main").is_ok());
        for bad in ["", "Qualifio", "1st", "a b", "a#b", "é", &"a".repeat(33)] {
            assert_eq!(SourceId::parse(bad), Err(NameError::BadSourceId), "{bad}");
        }
    }

    #[test]
    fn a_reference_cannot_be_an_email_address() {
        assert!(Reference::parse("T-1").is_ok());
        for bad in ["", "joao@example.com", "Joao Test", &"1".repeat(65)] {
            assert_eq!(Reference::parse(bad), Err(NameError::BadReference), "{bad}");
        }
    }

    #[test]
    fn every_request_has_one_shard_in_range() {
        for last in 0..=255u8 {
            let mut bytes = [0u8; 16];
            bytes[15] = last;
            assert!(RequestId::new(Uuid::from_bytes(bytes)).shard(8) < 8);
        }
    }
}

/// One task, as a workflow payload names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRef {
    /// The request.
    pub request_id: RequestId,
    /// The data source.
    pub source_id: SourceId,
}
