//! The records that a vendor shows now for a task's person, compared with those decided on. Personal data.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use serde::{Deserialize, Serialize};

/// How a shown record compares with the records found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RecordStanding {
    /// The digest covers it, and it is still there.
    Covered,
    /// It is there now, but the digest does not cover it.
    New,
    /// The digest covers it, but it is no longer there.
    Gone,
    /// The vendor returns it, but an exact comparison does not match it to this person.
    SetAside,
}

/// A field of a record. Personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Field"))]
pub struct FieldView {
    /// Its name at the vendor.
    pub name: String,
    /// Its text, truncated when it is long.
    pub text: String,
}

impl std::fmt::Debug for FieldView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FieldView(***)")
    }
}

/// A record as the vendor shows it now. Personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedRecord {
    /// Its id, if it has a readable one.
    pub id: Option<crate::vendor::record::RecordId>,
    /// The kinds of the identifiers that found it; empty when it is gone.
    pub found_by: Vec<IdentifierKind>,
    /// The fields that its connector lists as identifying the person.
    pub fields: Vec<FieldView>,
    /// Whether it shows another value of a kind that the request names.
    pub marked: bool,
    /// Whether it was set aside although it contains the identifier as a whole part.
    pub doubtful: bool,
    /// How it compares with the records found.
    pub standing: RecordStanding,
}

/// The records that the vendor shows now for a person. Personal data, only for the operator who asked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Comparison"))]
pub struct ComparisonView {
    /// The data source.
    pub source: SourceId,
    /// The records, with marked and doubtful ones first.
    pub records: Vec<ComparedRecord>,
    /// The total number of records.
    pub all: u32,
    /// The keyed digest of the records found, which a decision names.
    pub digest: Option<Tag>,
    /// The beginning of the next page, if there is one.
    #[cfg_attr(
        feature = "schema",
        schemars(description = "Pass this to the next call as `from`; `null` on the last page.")
    )]
    pub next: Option<u32>,
}

impl std::fmt::Debug for ComparisonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ComparisonView({}: {} of {})", self.source, self.records.len(), self.all)
    }
}
