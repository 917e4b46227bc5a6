//! Who must act next on a request or a task, and by when.
//!
//! Architecture Invariant: all unfinished work has an owner. An exhaustive match here gives every state one.
//! Every unfinished row is in the due index with a time; if nobody has moved the row by then, reconcile becomes
//! its owner.

use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};
use serde::{Deserialize, Serialize};

/// Who must act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Owner {
    /// The current attempt's execution.
    Workflow,
    /// The vendor is working; the next status check comes by then.
    Vendor,
    /// Reconcile, at its next run or at the scheduled time.
    Reconcile,
    /// A person; no automatic step can move it.
    Person,
}

impl Owner {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Owner::Workflow => "workflow",
            Owner::Vendor => "vendor",
            Owner::Reconcile => "reconcile",
            Owner::Person => "person",
        }
    }
}

/// Who must act, and by when. A time in the past means that the act is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// The owner.
    pub owner: Owner,
    /// The time by which the owner must act.
    pub by: Time,
}

/// How often reconcile runs by default, in seconds: the default of the template's `ReconcileSchedule`.
pub const SCHEDULE_SECONDS: u64 = 300;

/// How long past its time a row is left to its workflow by default, in seconds: the default of the template's
/// `ReconcileGraceSeconds`.
pub const GRACE_SECONDS: u64 = 120;

/// The longest time, in seconds, that a task with an automatic next step stands without its owner acting,
/// whatever happened to its workflow: the longest wait between two attempts, or the grace if that is longer,
/// plus one period of the schedule. A wait that the vendor asked for, or needs for its work, is added: the
/// vendor owns the task then. The bound holds as long as each run visits every due row; see
/// [`Run::more`](crate::operations::reconcile::run::Run::more).
#[must_use]
pub const fn longest_unattended(schedule_seconds: u64, grace_seconds: u64) -> u64 {
    let wait = if grace_seconds > LONGEST_WAIT { grace_seconds } else { LONGEST_WAIT };
    wait + schedule_seconds
}

/// [`longest_unattended`] for a deployment that changes neither schedule nor grace: six hours and
/// five minutes.
pub const LONGEST_UNATTENDED_SECONDS: u64 = longest_unattended(SCHEDULE_SECONDS, GRACE_SECONDS);

/// Whether only a person can move the task on.
#[must_use]
pub fn is_persons(task: &Task) -> bool {
    match task.state {
        TaskState::AwaitingReview => true,
        TaskState::Unknown => task.handed_over_at.is_some(),
        _ => false,
    }
}

/// How long after the end of an execution reconcile acts, by attempt: at once after the first one, then after
/// growing waits, so that an execution that fails at once can't loop.
const END_WAITS: Waits = Waits { first_seconds: 60, longest_seconds: LONGEST_WAIT };

/// When reconcile takes up a task. The row's time leaves room for a workflow to act. Once that workflow's
/// execution is known to have ended, the room is removed. A vendor's wait is never cut, and attempts never
/// follow each other at shrinking intervals.
#[must_use]
pub fn taken_up_at(request: &Request, task: &Task, grace_seconds: u64) -> Option<Time> {
    let due = task.next_due?;
    if is_persons(task) {
        return Some(due);
    }
    let Some(end) = request.end_for(task) else { return Some(due) };
    let wait = if request.attempt < 2 { 0 } else { END_WAITS.after(request.attempt - 2) };
    Some(due.min(due.minus_seconds(grace_seconds).max(end.at.plus_seconds(wait))))
}

/// Who must act on a task of an open request, and by when. `None` for finished work: a settled task, whose
/// request goes on, and every task of a closed request.
#[must_use]
pub fn of_task(request: &Request, task: &Task, now: Time, grace_seconds: u64) -> Option<Held> {
    if request.state == RequestState::Closed {
        return None;
    }
    // No operation stores an open task without a time; such a task would be overdue now.
    let due = taken_up_at(request, task, grace_seconds).or(request.next_due).unwrap_or(now);
    let machine = |waits_for: Owner| {
        let ended = request.end_for(task).is_some();
        let owner = match waits_for {
            _ if due <= now => Owner::Reconcile,
            Owner::Workflow if ended => Owner::Reconcile,
            other => other,
        };
        Some(Held { owner, by: due })
    };
    match task.state {
        TaskState::Planned
        | TaskState::Decided
        | TaskState::Submitting
        | TaskState::Verifying
        | TaskState::Copying => machine(Owner::Workflow),
        TaskState::Submitted => machine(Owner::Vendor),
        TaskState::AwaitingReview | TaskState::Unknown if is_persons(task) => {
            Some(Held { owner: Owner::Person, by: request.due_at })
        }
        // A look will show it: the workflow's next step, as in Verifying.
        TaskState::AwaitingReview | TaskState::Unknown => machine(Owner::Workflow),
        TaskState::Settled => None,
    }
}

/// Who must act on a request, and by when; `None` once it is done. A person comes before automatic steps,
/// because nothing else gets done without them; among automatic steps the earliest counts.
#[must_use]
pub fn of_request(request: &Request, tasks: &[Task], now: Time, grace_seconds: u64) -> Option<Held> {
    if request.is_done() {
        return None;
    }
    if request.state == RequestState::Open {
        let held: Vec<Held> =
            tasks.iter().filter_map(|task| of_task(request, task, now, grace_seconds)).collect();
        let persons = held.iter().filter(|one| one.owner == Owner::Person).min_by_key(|one| one.by);
        if let Some(first) = persons.or(held.iter().min_by_key(|one| (one.by, one.owner))) {
            return Some(*first);
        }
    }
    let times = tasks.iter().filter_map(|task| taken_up_at(request, task, grace_seconds));
    let by = match request.state {
        // All are settled: the step that settled the last task left its time for the closing.
        RequestState::Open => times.min().or(request.next_due),
        RequestState::Closed => request.next_due,
    }
    .unwrap_or(now);
    let ended = request.state == RequestState::Open && request.end_of_attempt().is_some();
    // Forgetting the person at the scheduled time is reconcile's own task.
    let appointed = request.receipt_sha256.is_some() && request.forget_at.is_some_and(|at| at > now);
    let owner = if by <= now || ended || appointed { Owner::Reconcile } else { Owner::Workflow };
    Some(Held { owner, by })
}

/// The longest wait between two attempts for one request, in seconds.
pub const LONGEST_WAIT: u64 = 6 * 3600;
