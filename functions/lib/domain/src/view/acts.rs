//! Answers to an operator's acts.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::law::extension::Extension;
use crate::model::task::{TaskState, Verdict};
use crate::view::request::RequestView;
use serde::{Deserialize, Serialize};

/// A page of the records that a search found. They are personal data, for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Records"))]
pub struct RecordsView {
    /// The data source.
    pub source: SourceId,
    /// The record ids, as the vendor names them.
    pub records: Vec<crate::vendor::record::RecordId>,
    /// How many records there are in all.
    pub all: u32,
    /// The keyed digest of all records, on which a decision is made.
    pub digest: Option<Tag>,
    /// Where the next page begins; null on the last page.
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

/// An identifier of the person. It is personal data, for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ShownIdentifier"))]
pub struct IdentifierView {
    /// The kind.
    pub kind: IdentifierKind,
    /// The value.
    pub value: String,
    /// The data source that it was given for; null if it holds at all of them.
    pub source: Option<SourceId>,
}

impl std::fmt::Debug for IdentifierView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentifierView({}: ***)", self.kind.as_str())
    }
}

/// The identifiers of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Identifiers"))]
pub struct IdentifiersView {
    /// The identifiers, in the order in which they were given.
    pub items: Vec<IdentifierView>,
}

/// The reason of a person's decision at one data source. It may name the person, and is for the operator who
/// asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reason"))]
pub struct ReasonView {
    /// The data source.
    pub source: SourceId,
    /// The person who decided.
    pub by: String,
    /// When they decided.
    pub at: Time,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason in their own words.
    pub reason: String,
}

impl std::fmt::Debug for ReasonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReasonView({} by {})", self.source, self.by)
    }
}

/// The reasons of all persons' decisions on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reasons"))]
pub struct ReasonsView {
    /// The reasons, by data source.
    pub items: Vec<ReasonView>,
}

/// The result of a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptedView {
    /// The request that the demand made, now or earlier.
    pub request: RequestView,
    /// Whether this demand made the request. False if an earlier demand with the same key made it.
    pub new: bool,
    /// Whether the request's workflow was started; if not, reconciliation starts it.
    pub started: bool,
    /// Whether the demand came again a day or more after the last time, and the request of its key is closed:
    /// nothing runs for it.
    #[serde(default)]
    pub repeated: bool,
}

/// A data source in a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReviewedSource {
    /// The data source.
    pub source: SourceId,
    /// The state of its task now.
    pub state: TaskState,
}

/// The result of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Reviewed"))]
pub struct ReviewedView {
    /// The data sources in the review.
    pub sources: Vec<ReviewedSource>,
    /// Whether the waiting executions continue at once; if not, reconciliation continues them.
    pub released: bool,
}

/// The result of an extension of the legal deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Extended"))]
pub struct ExtendedView {
    /// The new legal deadline.
    pub due_at: Time,
    /// The extension as it is recorded.
    pub extension: Extension,
    /// Whether this call recorded the extension. False if the same one was recorded before.
    pub new: bool,
}

/// A link to a person's copy. It is a secret: anybody who has it can fetch the copy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CopyLink"))]
pub struct LinkView {
    /// The link.
    pub url: String,
    /// When the link expires.
    pub until: Time,
    /// The SHA-256 digest of the file, in hex.
    pub sha256: String,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// When the copy itself is deleted.
    pub expires_at: Time,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkView(*** until {})", self.until)
    }
}
