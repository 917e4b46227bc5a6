//! The entries of the ledger: demands, submissions, searches, looks, and violations.

use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::vendor::record::RecordId;
use std::collections::BTreeSet;

/// An invariant of the design that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant}: {what}")]
pub struct Violation {
    /// Its number in the design.
    pub invariant: u8,
    /// The violation.
    pub what: String,
}

/// A request's demand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demanded {
    pub(crate) person: usize,
    pub(crate) right: Right,
    pub(crate) dry_run: bool,
}

/// A vendor's answer to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It opened a rule.
    Taken,
    /// It opened a rule that may be another one.
    Doubtful,
    /// It had no effect.
    NotTaken,
    /// Nothing came back.
    None,
}

/// A submission that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) at: TaskRef,
    pub(super) vendor: String,
    /// In which run of its task.
    pub(super) run: u32,
    pub(super) person: usize,
    pub(super) fence: u64,
    pub(super) records: Vec<RecordId>,
    /// When its caller has the answer, or gives it up.
    pub(crate) ends_at: Time,
    /// Whether its answer says for certain that it had no effect.
    pub(super) harmless: bool,
    /// Whether it is an erasure; a dry run counts as one.
    pub(super) erases: bool,
    pub(super) dry_run: bool,
    pub(super) rule_id: Option<String>,
    pub(super) answer: Heard,
    /// The worker that sent it.
    pub(super) worker: u64,
    /// Whether its sender lived to store the answer.
    pub(super) heard: bool,
}

/// A search that the vendor answered.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// The task; `None` for a look of the reconciliation, which looks for every task that a person has.
    pub(crate) at: Option<TaskRef>,
    pub(crate) worker: u64,
    /// How often its worker had opened a data source by then: each look opens it anew.
    pub(crate) opened: u32,
    pub(crate) source: SourceId,
    pub(crate) began_at: Time,
    pub(crate) vendor: String,
    /// Whether the records were fetched.
    pub(crate) copies: bool,
    /// The identifier of the search, and its spelling.
    pub(crate) key: String,
    pub(crate) spelling: String,
    pub(crate) found: Vec<RecordId>,
    /// The records that the vendor really held then.
    pub(crate) there: BTreeSet<RecordId>,
    /// Whether the answer was wrong without a sign.
    pub(crate) excused: bool,
    /// The same, because the search was blind once.
    pub(crate) blind: bool,
    pub(crate) marked: usize,
    pub(crate) doubtful: usize,
    /// The doubtful records that have an id.
    pub(crate) doubts: BTreeSet<RecordId>,
}

impl Search {
    pub(crate) fn by(source: &SourceId, began_at: Time) -> Self {
        Self {
            at: None,
            worker: 0,
            opened: 0,
            source: source.clone(),
            began_at,
            vendor: String::new(),
            copies: false,
            key: String::new(),
            spelling: String::new(),
            found: Vec::new(),
            there: BTreeSet::new(),
            excused: false,
            blind: false,
            marked: 0,
            doubtful: 0,
            doubts: BTreeSet::new(),
        }
    }

    /// Whether it may have been for this task.
    pub(super) fn is_for(&self, at: &TaskRef) -> bool {
        self.source == at.source_id && self.at.as_ref().is_none_or(|mine| mine == at)
    }
}

/// One look: a search in every spelling that it asked in.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(super) worker: u64,
    pub(super) opened: u32,
    /// The place of its first search among all of them.
    pub(super) first: usize,
    pub(crate) began_at: Time,
    pub(super) vendor: String,
    pub(super) copies: bool,
    pub(super) spellings: Vec<String>,
    pub(crate) found: BTreeSet<RecordId>,
    /// The records that the vendor really held from its first search to its last.
    pub(crate) there: BTreeSet<RecordId>,
    pub(crate) excused: bool,
    pub(crate) blind: bool,
    pub(crate) marked: usize,
    pub(crate) doubtful: usize,
    pub(super) doubts: BTreeSet<RecordId>,
}

/// A task's run, by its events and looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// Counts the runs that a person, or a change of the target, began.
    pub(super) number: u32,
    /// The number of its first batch.
    pub(super) first_batch: u32,
    /// How many records each round's search found.
    pub(super) found: Vec<usize>,
    /// The vendor of the last of them.
    pub(super) vendor: Option<String>,
    /// The number of records that this search found doubtful.
    pub(super) doubts: usize,
    /// The doubtful records that its reviewer is shown.
    pub(super) shown: BTreeSet<RecordId>,
    /// Whether a person decided since.
    pub(super) reviewed: bool,
    /// How many searches there were when its last intent was stored.
    pub(super) intended: Option<usize>,
}
