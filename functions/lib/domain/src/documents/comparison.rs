//! What a vendor shows now of a task's person, beside what was decided on. Personal data.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use serde::{Deserialize, Serialize};

/// Where a record that is shown stands to those that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RecordStanding {
    /// It is among those that the digest covers.
    Covered,
    /// It is there now, and not among them.
    New,
    /// It is among them, and not there any more.
    Gone,
    /// The vendor gives it, and by an exact comparison it is not this person's.
    SetAside,
}

/// A field of a record. Personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Field"))]
pub struct FieldView {
    /// Its name at the vendor.
    pub name: String,
    /// Its text, cut off where it is long.
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
    /// Its id; `None` when it has none that can be read.
    pub id: Option<crate::vendor::record::RecordId>,
    /// The kinds of the identifiers that found it; none where it is gone.
    pub found_by: Vec<IdentifierKind>,
    /// The fields that its connector names as telling who it is.
    pub fields: Vec<FieldView>,
    /// Whether it shows another value of a kind that the request names.
    pub marked: bool,
    /// Whether it was set aside although it contains the identifier as a whole part.
    pub doubtful: bool,
    /// Where it stands to those that were found.
    pub standing: RecordStanding,
}

/// What the vendor shows now of a person. Personal data: for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Comparison"))]
pub struct ComparisonView {
    /// The data source.
    pub source: SourceId,
    /// The records: those that are marked or doubtful first.
    pub records: Vec<ComparedRecord>,
    /// How many there are in all.
    pub all: u32,
    /// The keyed digest of those that were found: what a decision names.
    pub digest: Option<Tag>,
    /// Where the next page begins; `None` on the last one.
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
