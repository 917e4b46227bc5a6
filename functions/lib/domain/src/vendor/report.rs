//! A vendor's answers about a submission and about its rules.

use crate::base::code::Code;
use crate::vendor::fault::Fault;
use serde::{Deserialize, Serialize};

/// The result of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Submitted {
    /// The vendor opened a rule.
    Accepted {
        /// The id for status checks.
        rule_id: String,
        /// The state of the rule.
        status: RuleStatus,
    },
    /// The vendor opened a rule, but its answer doubts that the rule is the dry run we asked for, or says that
    /// it is a dry run we did not ask for. Never sent again; a person decides.
    Doubtful {
        /// The id for status checks.
        rule_id: String,
        /// The state of the rule.
        status: RuleStatus,
        /// The doubt.
        code: Code,
    },
    /// It certainly did not reach the vendor, or the vendor throttled it: it may be sent again.
    NotSent(Fault),
    /// The vendor did not accept it: this call had no effect. A look shows what that means.
    Rejected(Fault),
    /// The effect is unknown: never sent again blindly.
    Unknown(Code),
}

/// The state of a rule at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "The vendor's last word on a rule.")
)]
pub enum RuleStatus {
    /// The rule waits for the vendor's own approval.
    AwaitingApproval,
    /// The vendor is working on it.
    Pending,
    /// The vendor says that it finished.
    Finished,
    /// The vendor shows a status that the connector does not know. It never counts as success.
    Unknown,
}

/// The vendor's claim about the records of a finished rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Claim {
    /// The vendor says that they are deleted.
    Deleted,
    /// The vendor says that they are anonymised.
    Anonymised,
    /// The vendor does not say.
    NotStated,
}

/// The vendor's answer about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// The rule's state.
    pub status: RuleStatus,
    /// How many of our records the vendor lists as treated.
    pub confirmed: usize,
    /// How many records it lists that the rule's batch never named: another person's, as far as anyone can
    /// tell.
    pub strangers: usize,
    /// Its claim about the records.
    pub claim: Claim,
}
