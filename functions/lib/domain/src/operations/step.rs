//! The answer of a handler to the workflow.

use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::life::wait_left;
use crate::model::task::{Task, TaskState};
use crate::ports::workflow::Next;
use serde::{Deserialize, Serialize};

/// The answer of a search about a task that needs no search.
pub(crate) fn passing(task: &Task) -> Step {
    let next = match task.state {
        TaskState::AwaitingReview => Next::Review,
        TaskState::Decided
        | TaskState::Submitting
        | TaskState::Submitted
        | TaskState::Verifying
        | TaskState::Copying => Next::Fulfil,
        // A look in the other workflow finds out what happened.
        TaskState::Unknown if task.handed_over_at.is_none() => Next::Fulfil,
        TaskState::Planned | TaskState::Unknown | TaskState::Settled => Next::None,
    };
    Step::new(task, next, 0)
}

/// The answer of a handler to the workflow: only ids, counts, enumerations and a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The data source.
    pub source_id: SourceId,
    /// The next step.
    pub next: Next,
    /// How long to wait before the next step, in seconds.
    pub wait_seconds: u64,
    /// The task's state.
    pub state: TaskState,
    /// How many records the task has.
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

    /// The next step of a task as it stands, after the rest of its wait.
    pub(super) fn of(task: &Task, now: Time) -> Self {
        let next = match task.state {
            // The submission searches a later round itself.
            TaskState::Planned if goes_back(task) => Next::Submit,
            TaskState::Planned | TaskState::AwaitingReview => Next::None,
            TaskState::Decided | TaskState::Submitting | TaskState::Copying => Next::Submit,
            TaskState::Submitted => Next::CheckStatus,
            TaskState::Verifying => Next::Look,
            // A look may find out what happened; once a person has the task, the workflow makes none.
            TaskState::Unknown if task.handed_over_at.is_none() => Next::Look,
            TaskState::Unknown => Next::Unknown,
            TaskState::Settled => Next::Settled,
        };
        let waits = matches!(next, Next::Submit | Next::CheckStatus | Next::Look);
        Self::new(task, next, if waits { wait_left(task, now) } else { 0 })
    }
}

/// Whether the task was sent back to the search while its submission goes on: its turn has come, or its copy
/// was not whole.
pub(crate) fn goes_back(task: &Task) -> bool {
    task.state == TaskState::Planned && (task.lease.is_some() || task.earlier.is_some())
}
