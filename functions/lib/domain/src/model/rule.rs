//! The rules that a vendor opens for submissions.

use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::Tag;
use crate::base::stored::{first, is_default};
use crate::base::time::Time;
use crate::model::task::Task;
use crate::vendor::report::{Claim, RuleStatus};
use serde::{Deserialize, Serialize};

/// The state of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RuleState {
    /// The intent is stored. The submission is about to go out, or went out with an unknown result.
    Intent,
    /// The vendor gave a rule id.
    Accepted,
    /// The vendor says that it finished.
    Finished,
    /// The submission certainly had no effect; it may go out again under a new intent.
    NotSent,
    /// The vendor did not accept the submission, or we did not send it; it had no effect.
    Rejected,
    /// The vendor did not accept the submission; a look will show whether its records are there.
    NotTaken,
    /// The vendor did not accept the submission, and a look found none of its records.
    Gone,
    /// The result of the submission is unknown; it is never sent again blindly.
    Unknown,
    /// No answer came, and a look found none of its records: the effect is there, but the vendor's reference to
    /// it is missing.
    Unreferenced,
    /// No answer came or the vendor did not accept it, and looks still find some of its records: a new intent
    /// may submit only these.
    Left,
    /// No answer came or the vendor did not accept it, and a later batch submits those of its records that were
    /// left.
    Repeated,
}

/// The row `REQUEST#<id>` / `RULE#<source>#<batch>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Schema version of the row.
    pub schema: u8,
    /// Its request.
    pub request: RequestId,
    /// Its data source.
    pub source: SourceId,
    /// The number of its batch, from 0. Batches that repeat others come after all first batches.
    pub batch: u32,
    /// The number of this try at its records, from 1.
    #[serde(default = "first")]
    pub attempt: u32,
    /// The batch whose remaining records this one repeats, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// The places of its records in the decided set, when it repeats another batch. A first batch holds the
    /// places that its number and the batch size give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<u32>,
    /// The places of those of its records that looks still found while its answer was missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<u32>,
    /// How many of its records were seen to be gone although no answer came.
    #[serde(default)]
    pub gone: u32,
    /// The number of looks that found some of its records while its answer was missing.
    #[serde(default)]
    pub looks: u32,
    /// Its state.
    pub state: RuleState,
    /// Counts every change of the row.
    pub revision: u64,
    /// The task's fence when the intent was stored.
    pub fence: u64,
    /// The number of records in the batch.
    pub records: u32,
    /// The keyed digest of the batch's record ids.
    pub digest: Tag,
    /// When the intent was stored.
    pub intent_at: Time,
    /// The time until which the submission can still be under way.
    pub intent_until: Time,
    /// The vendor's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    /// The vendor's last status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RuleStatus>,
    /// Why it is rejected, not sent or unknown, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the vendor gave the rule id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Time>,
    /// When it was seen finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// How many of its records the finished rule lists.
    pub confirmed: u32,
    /// How many records it lists that its submission never named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strangers: u32,
    /// Why the vendor did not accept it, if it did not, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The vendor's claim about the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

impl Rule {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;
}

/// Each task with the rules of the request that belong to it.
#[must_use]
pub fn with_rules(tasks: Vec<Task>, rules: &[Rule]) -> Vec<(Task, Vec<Rule>)> {
    let own = |task: &Task| rules.iter().filter(|rule| rule.source == task.source).cloned().collect();
    tasks.into_iter().map(|task| (own(&task), task)).map(|(own, task)| (task, own)).collect()
}
