//! What an act gives to the operator who does it.

use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::law::extension::Extension;
use crate::model::task::{TaskState, Verdict};
use crate::view::request::RequestView;
use serde::{Deserialize, Serialize};

/// Which records a search found. Personal data: for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Records"))]
pub struct RecordsView {
    /// The data source.
    pub source: SourceId,
    /// The record ids, as the vendor names them.
    pub records: Vec<crate::vendor::record::RecordId>,
    /// How many there are in all.
    pub all: u32,
    /// The keyed digest of all of them: what a decision names.
    pub digest: Option<Tag>,
    /// Where the next page begins; `None` on the last one.
    #[cfg_attr(
        feature = "schema",
        schemars(description = "Pass this to the next call as `from`; `null` on the last page.")
    )]
    pub next: Option<u32>,
}

impl std::fmt::Debug for RecordsView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordsView({}: {} of {})", self.source, self.records.len(), self.all)
    }
}

/// Why somebody decided as they did at one data source. It may name the person: for the operator who asked
/// alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reason"))]
pub struct ReasonView {
    /// The data source.
    pub source: SourceId,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Time,
    /// What.
    pub verdict: Verdict,
    /// Why, in their own words.
    pub reason: String,
}

impl std::fmt::Debug for ReasonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReasonView({} by {})", self.source, self.by)
    }
}

/// The reasons of all decisions by persons on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reasons"))]
pub struct ReasonsView {
    /// The reasons, by data source.
    pub items: Vec<ReasonView>,
}

/// What came of a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptedView {
    /// The request it made, now or earlier.
    pub request: RequestView,
    /// Whether this demand made it; not, where its key made one before.
    pub new: bool,
    /// Whether its workflow was started; where not, the reconciliation starts it.
    pub started: bool,
    /// Whether it came again more than a day after the last time, and the request that its key made is closed:
    /// nothing runs for it.
    #[serde(default)]
    pub repeated: bool,
}

/// A data source that was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReviewedSource {
    /// Which.
    pub source: SourceId,
    /// Where its task stands now.
    pub state: TaskState,
}

/// What came of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reviewed"))]
pub struct ReviewedView {
    /// The data sources that were decided on.
    pub sources: Vec<ReviewedSource>,
    /// Whether the executions that waited go on at once; where not, the reconciliation sees to it.
    pub released: bool,
}

/// What came of an extension of the legal deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Extended"))]
pub struct ExtendedView {
    /// When the law wants an answer now.
    pub due_at: Time,
    /// The extension as it is recorded.
    pub extension: Extension,
    /// Whether this call recorded it; the same one may have been recorded before.
    pub new: bool,
}

/// A link to a person's copy. A secret: whoever has it can fetch the copy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CopyLink"))]
pub struct LinkView {
    /// The link.
    pub url: String,
    /// Until when it works.
    pub until: Time,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When the copy itself is deleted.
    pub expires_at: Time,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkView(*** until {})", self.until)
    }
}
