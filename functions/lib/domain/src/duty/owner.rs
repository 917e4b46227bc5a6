//! Who has to act next on a request or a task, and by when.
//!
//! Architecture Invariant: nothing that isn't done is nobody's. Every state has an owner here, by an
//! exhaustive match, and every row that isn't done stands in the due index with a time, at which the
//! reconciliation becomes its owner if nobody else has moved it.

use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};
use serde::{Deserialize, Serialize};

/// Who has to act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Owner {
    /// The current attempt's execution.
    Workflow,
    /// The vendor works; it is asked again by then.
    Vendor,
    /// The reconciliation, at its next run or at the time that was set for it.
    Reconcile,
    /// A person; no machine can move it.
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

/// Who has to act, and by when. A time in the past is a debt: it was due then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Held {
    /// Who.
    pub owner: Owner,
    /// By when.
    pub by: Time,
}

/// How often the reconciliation runs unless a deployment says otherwise, in seconds: the default of
/// the template's `ReconcileSchedule`.
pub const SCHEDULE_SECONDS: u64 = 300;

/// How long past its time a row is left to its workflow unless a deployment says otherwise, in
/// seconds: the default of the template's `ReconcileGraceSeconds`.
pub const GRACE_SECONDS: u64 = 120;

/// The longest time, in seconds, that a machine's task stands without its owner acting, whatever
/// happened to its workflow: the longest wait between two attempts, or the grace where that is longer,
/// and one turn of the schedule. A wait that the vendor asked for, or works through, comes on top: it
/// is the vendor then who owns it. It holds as long as each run gets round; see
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

/// How long the end of an execution is let pass before it counts, by its attempt: not at all for the
/// first one, then longer each time, so that one that fails at once can't spin.
const END_WAITS: Waits = Waits { first_seconds: 60, longest_seconds: LONGEST_WAIT };

/// When the reconciliation takes a task up. Its row's time has room for a workflow to act in; once the
/// execution that would is known to have ended, nobody needs that room, and it is taken away: but
/// never a wait of the vendor's, and never so that attempts follow each other ever faster.
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

/// Who has to act on a task of an open request, and by when; `None` for what is done: a settled task,
/// which is its request's matter, and every task of a closed one.
#[must_use]
pub fn of_task(request: &Request, task: &Task, now: Time, grace_seconds: u64) -> Option<Held> {
    if request.state == RequestState::Closed {
        return None;
    }
    // No operation stores an open task without a time; if one did, it would be a debt of ours now.
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
        // A look will tell: a workflow's, as in Verifying.
        TaskState::AwaitingReview | TaskState::Unknown => machine(Owner::Workflow),
        TaskState::Settled => None,
    }
}

/// Who has to act on a request, and by when; `None` once it is done. A person goes before a machine,
/// because nothing else gets done without them; among machines the earliest counts.
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
        // All settled: whoever settled the last task left its time for the closing.
        RequestState::Open => times.min().or(request.next_due),
        RequestState::Closed => request.next_due,
    }
    .unwrap_or(now);
    let ended = request.state == RequestState::Open && request.end_of_attempt().is_some();
    // The time to forget the person is the reconciliation's own appointment.
    let appointed = request.receipt_sha256.is_some() && request.forget_at.is_some_and(|at| at > now);
    let owner = if by <= now || ended || appointed { Owner::Reconcile } else { Owner::Workflow };
    Some(Held { owner, by })
}

/// The longest wait between two attempts for one request, in seconds.
pub const LONGEST_WAIT: u64 = 6 * 3600;
