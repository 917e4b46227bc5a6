//! The copy that a data subject has a right to: what is in it, before it is packed. How a data source's part
//! is kept until then is [`crate::part`]'s.
//!
//! Everything here is personal data: `Debug` shows counts alone.

use crate::base::identifier::Identifier;
use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::model::task::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An export that the vendor makes itself, beside our copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The vendor's ids of the rules that it opened for it.
    pub rule_ids: Vec<String>,
    /// Whether the vendor says that all of them are done.
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
    /// How its task ended.
    pub outcome: Outcome,
    /// Why, where the outcome alone does not say: a code of ours.
    pub reason: Option<String>,
    /// How many records are in the copy.
    pub records: u32,
    /// How many records were decided on: more than `records` when some were gone by then.
    pub decided: u32,
    /// How many records were there beside those decided on; they are not in the copy.
    pub appeared: u32,
    /// The vendor does not say whether its answers are whole.
    pub may_be_part: bool,
    /// The vendor's own export, where one was asked for.
    pub export: Option<Export>,
}

impl fmt::Debug for SourceCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceCopy({}: {:?}, {} records)", self.source, self.outcome, self.records)
    }
}

/// All of a copy but the records, which come one after another.
#[derive(Clone)]
pub struct Contents {
    /// Whose request.
    pub request: RequestId,
    /// Which deployment made it.
    pub stage: String,
    /// Whether vendors on the loopback interface were allowed: then it proves nothing.
    pub sandbox: bool,
    /// When the request came in.
    pub received_at: Time,
    /// When the copy was put together: from the store, so that the same request gives the same bytes.
    pub made_at: Time,
    /// What the person was looked for by.
    pub identifiers: Vec<Identifier>,
    /// The data sources, by id.
    pub sources: Vec<SourceCopy>,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").field("sources", &self.sources).finish_non_exhaustive()
    }
}
