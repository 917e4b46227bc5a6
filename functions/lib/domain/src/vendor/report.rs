//! What a vendor says of a submission and of its rules.

use crate::base::code::Code;
use crate::vendor::fault::Fault;
use serde::{Deserialize, Serialize};

/// What came of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Submitted {
    /// The vendor opened a rule.
    Accepted {
        /// The id to ask about.
        rule_id: String,
        /// Where the rule stands.
        status: RuleStatus,
    },
    /// The vendor opened a rule, and its answer doubts that it is the dry run that was asked for, or says
    /// that it is one that was not: never sent again, and a person's matter.
    Doubtful {
        /// The id to ask about.
        rule_id: String,
        /// Where the rule stands.
        status: RuleStatus,
        /// What is doubtful.
        code: Code,
    },
    /// It certainly did not reach the vendor, or the vendor put it off: it may be sent again.
    NotSent(Fault),
    /// The vendor did not take it: this call had no effect. A look says what that means.
    Rejected(Fault),
    /// Nobody can tell whether it had an effect: never sent again blindly.
    Unknown(Code),
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "What the vendor last said of a rule.")
)]
pub enum RuleStatus {
    /// It waits for the vendor's own approval.
    AwaitingApproval,
    /// The vendor works on it.
    Pending,
    /// The vendor says it is done.
    Finished,
    /// A status that the connector does not know; it never counts as success.
    Unknown,
}

/// What the vendor says it did with the records of a finished rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Claim {
    /// It says they are deleted.
    Deleted,
    /// It says they are anonymised.
    Anonymised,
    /// It does not say.
    NotStated,
}

/// What the vendor answered about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// Where it stands.
    pub status: RuleStatus,
    /// How many of the asked-about records the vendor lists as treated.
    pub confirmed: usize,
    /// How many records it lists that the rule's batch never named: somebody else's, as far as anybody
    /// can tell.
    pub strangers: usize,
    /// What it says it did with them.
    pub claim: Claim,
}
