//! The copy that a data subject has a right to: its contents before packing. [`crate::documents::part`]
//! describes how each data source's part is stored until then.
//!
//! Everything here is personal data: `Debug` shows only counts.

use crate::base::identifier::Identifier;
use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::model::task::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An export that the vendor makes itself, in addition to our copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The vendor's ids of the rules that it opened for the export.
    pub rule_ids: Vec<String>,
    /// Whether the vendor says that all of them finished.
    pub finished: bool,
    /// Where a person fetches the result, as a sentence.
    pub fetched_from: String,
}

/// One data source's part of a copy.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceCopy {
    /// The data source.
    pub source: SourceId,
    /// The vendor's own name, such as `Qualifio`.
    pub title: String,
    /// The task's outcome.
    pub outcome: Outcome,
    /// The reason, if the outcome alone does not show it, as a code.
    pub reason: Option<String>,
    /// The number of records in the copy.
    pub records: u32,
    /// The number of records decided on; higher than `records` when some were gone by then.
    pub decided: u32,
    /// The number of records found in addition to those decided on; they are not in the copy.
    pub appeared: u32,
    /// Whether the copy may be incomplete, because the vendor does not say whether its answers are complete.
    pub may_be_part: bool,
    /// The vendor's own export, if one was requested.
    pub export: Option<Export>,
}

impl fmt::Debug for SourceCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceCopy({}: {:?}, {} records)", self.source, self.outcome, self.records)
    }
}

/// A copy without its records, which follow one by one.
#[derive(Clone)]
pub struct Contents {
    /// The request.
    pub request: RequestId,
    /// The deployment that made it.
    pub stage: String,
    /// Whether vendors on the loopback interface were allowed; if so, it proves nothing.
    pub sandbox: bool,
    /// When the request arrived.
    pub received_at: Time,
    /// When the copy was packed. The time comes from the store, so the same request gives the same bytes.
    pub made_at: Time,
    /// The identifiers by which the person was searched.
    pub identifiers: Vec<Identifier>,
    /// The data sources, sorted by id.
    pub sources: Vec<SourceCopy>,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").field("sources", &self.sources).finish_non_exhaustive()
    }
}
