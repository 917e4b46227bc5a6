//! Records as a vendor shows them. Everything here is personal data: `Debug` shows none of it.

use crate::base::identifier::IdentifierKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The id of a record as the vendor names it. Personal data, because it points at a person: logs mask it, and the
/// store holds it encrypted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct RecordId(String);

impl RecordId {
    /// Wraps a vendor's id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id: for the vendor's request and for encryption only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordId(***)")
    }
}

/// The result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The ids of records whose identifier matches exactly, each once, sorted.
    pub records: Vec<RecordId>,
    /// The ids in `records` whose record shows another value of a kind that the request names: found by a phone
    /// number, say, it shows another e-mail address. Each once, sorted.
    pub marked: Vec<RecordId>,
    /// The other records that the vendor returned, which an exact comparison does not match to this person.
    pub set_aside: Vec<SetAside>,
}

/// A record that the vendor returned and the comparison did not match to the person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetAside {
    /// Its id; `None` when it has no readable one.
    pub id: Option<RecordId>,
    /// Whether its value contains the identifier as a whole part, such as one address of two in one field: it
    /// may well be the person's.
    pub doubtful: bool,
}

/// A record as a reviewer sees it on demand: personal data, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownRecord {
    /// Its id; `None` when it has no readable one.
    pub id: Option<RecordId>,
    /// The kind of the identifier that found it.
    pub found_by: IdentifierKind,
    /// The fields that the connector's definition lists as identifying the person, with their texts.
    pub fields: Vec<(String, String)>,
    /// Whether it shows another value of a kind that the request names.
    pub marked: bool,
    /// Whether it was set aside because an exact comparison did not match it to the person.
    pub set_aside: bool,
    /// Whether it was set aside although its value contains the identifier as a whole part.
    pub doubtful: bool,
}

impl fmt::Debug for ShownRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownRecord").field("found_by", &self.found_by).finish_non_exhaustive()
    }
}

/// One record as the vendor's API shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCopy {
    /// Its id.
    pub id: RecordId,
    /// The content that the vendor shows, usually a JSON object.
    pub content: Value,
}

impl fmt::Debug for RecordCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordCopy(***)")
    }
}
