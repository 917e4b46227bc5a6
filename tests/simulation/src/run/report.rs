//! The report of a run.

use crate::fault::Kind;
use crate::ledger::Violation;
use std::collections::{BTreeMap, BTreeSet};

/// How a seed's run ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The violation, if any.
    pub violation: Option<Violation>,
    /// The lines of the run, when it was traced.
    pub trace: Vec<String>,
    /// Steps of workers, executions and senders.
    pub steps: u64,
    /// Virtual seconds until its end.
    pub seconds: u64,
    /// Virtual seconds from the end of all faults to its end.
    pub settling: u64,
    /// How often each fault happened.
    pub faults: BTreeMap<Kind, u64>,
    /// The operators' acts, and their answers.
    pub acts: BTreeMap<String, u64>,
    /// How many demands came in long after the person asked.
    pub asked_earlier: u64,
    /// The points at which workers were lost.
    pub crashes: BTreeSet<&'static str>,
    /// How the tasks ended.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Submissions that were sent.
    pub posts: u64,
    /// Records that vendors erased.
    pub erased: u64,
}

/// In thousands of seeds, some worker must be lost around each effect on copies and on waiting executions.
pub const CRASHES: [&str; 10] = [
    "keep part",
    "after keep part",
    "keep package",
    "after keep package",
    "delete parts",
    "after delete parts",
    "delete package",
    "after delete package",
    "release token",
    "after release token",
];
