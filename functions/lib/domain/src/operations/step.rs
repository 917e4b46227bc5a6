//! What a handler answers to the workflow.

use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::life::wait_left;
use crate::model::task::{Task, TaskState};
use crate::ports::workflow::Next;
use serde::{Deserialize, Serialize};

/// What a search answers about a task it has not to search.
pub(crate) fn passing(task: &Task) -> Step {
    let next = match task.state {
        TaskState::AwaitingReview => Next::Review,
        TaskState::Decided
        | TaskState::Submitting
        | TaskState::Submitted
        | TaskState::Verifying
        | TaskState::Copying => Next::Fulfil,
        // A look of the other workflow tells what happened.
        TaskState::Unknown if task.handed_over_at.is_none() => Next::Fulfil,
        TaskState::Planned | TaskState::Unknown | TaskState::Settled => Next::None,
    };
    Step::new(task, next, 0)
}

/// What a handler answers to the workflow: no more than ids, counts, enumerations and a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The data source.
    pub source_id: SourceId,
    /// What comes next.
    pub next: Next,
    /// How long to wait before it, in seconds.
    pub wait_seconds: u64,
    /// Where the task stands.
    pub state: TaskState,
    /// How many records it is about.
    pub records: u32,
}

impl Step {
    pub(super) fn new(task: &Task, next: Next, wait_seconds: u64) -> Self {
        Self {
            source_id: task.source.clone(),
            next,
            wait_seconds,
            state: task.state,
            records: task.counts.found,
        }
    }

    /// What comes next for a task as it stands, after whatever of its wait is left.
    pub(super) fn of(task: &Task, now: Time) -> Self {
        let next = match task.state {
            // A later round is searched by whoever submits.
            TaskState::Planned if goes_back(task) => Next::Submit,
            TaskState::Planned | TaskState::AwaitingReview => Next::None,
            TaskState::Decided | TaskState::Submitting | TaskState::Copying => Next::Submit,
            TaskState::Submitted => Next::Check,
            TaskState::Verifying => Next::Verify,
            // A look may tell what happened; once a person has it, none here does.
            TaskState::Unknown if task.handed_over_at.is_none() => Next::Verify,
            TaskState::Unknown => Next::Unknown,
            TaskState::Settled => Next::Settled,
        };
        let waits = matches!(next, Next::Submit | Next::Check | Next::Verify);
        Self::new(task, next, if waits { wait_left(task, now) } else { 0 })
    }
}

/// Whether the task was sent back to the search while its submission goes on: it has its turn, or a copy
/// of it was not whole.
pub(crate) fn goes_back(task: &Task) -> bool {
    task.state == TaskState::Planned && (task.lease.is_some() || task.earlier.is_some())
}
