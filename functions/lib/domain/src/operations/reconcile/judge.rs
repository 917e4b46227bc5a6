//! Judges from what is stored whether a due request has to be moved.

use crate::base::time::Time;
use crate::duty::owner::{is_persons, taken_up_at};
use crate::law::level::Level;
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};
use crate::operations::reconcile::ended;

/// How long work that no machine can move is left alone, in seconds.
pub(crate) const UNKNOWN_WAIT: u64 = 3600;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It isn't due: the index lags behind the rows.
    Nothing,
    /// It is due, but only time or a person can move it.
    Later,
    /// A workflow has to move it.
    Begin,
}

/// Decides from what is stored; pure.
pub(crate) fn judge(request: &Request, tasks: &[Task], now: Time, grace_seconds: u64) -> Judgement {
    let request_due = is_due(request.next_due, now);
    if request.state == RequestState::Closed {
        return if request_due && !request.is_done() { Judgement::Begin } else { Judgement::Nothing };
    }
    let due: Vec<&Task> =
        tasks.iter().filter(|task| is_due(taken_up_at(request, task, grace_seconds), now)).collect();
    let settled = tasks.iter().all(|task| task.state == TaskState::Settled);
    // The due time of the closing is at the task that settled last; the request's own one also counts down its
    // deadline.
    let closes =
        settled && (!due.is_empty() || request_due && tasks.iter().all(|task| task.next_due.is_none()));
    if closes || due.iter().any(|task| is_moved_by_a_workflow(task)) {
        return Judgement::Begin;
    }
    let unwatched = must_look_by(request, tasks, now, grace_seconds)
        .is_some_and(|by| request.next_due.is_none_or(|at| at > by));
    if request_due || !due.is_empty() || unwatched { Judgement::Later } else { Judgement::Nothing }
}

/// Whether an execution can move the task: true for every unsettled one that no person has.
fn is_moved_by_a_workflow(task: &Task) -> bool {
    match task.state {
        TaskState::Planned
        | TaskState::Decided
        | TaskState::Submitting
        | TaskState::Submitted
        | TaskState::Verifying
        | TaskState::Copying => true,
        TaskState::Unknown | TaskState::AwaitingReview => !is_persons(task),
        TaskState::Settled => false,
    }
}

/// By when an open request has to be looked at, whatever its tasks wait for. If a person must act, or its legal
/// deadline is near, once an hour: it is counted anyway, and an act on it sets its due time. Otherwise by the
/// time of its next level.
fn must_look_by(request: &Request, tasks: &[Task], now: Time, grace_seconds: u64) -> Option<Time> {
    let level = Level::of(request, now);
    let next = Level::next_at(request.due_at, now).filter(|_| !request.synthetic);
    if level > Level::None || tasks.iter().any(|task| task.state == TaskState::Unknown || is_persons(task)) {
        let soon = now.plus_seconds(UNKNOWN_WAIT.max(grace_seconds));
        return Some(next.map_or(soon, |at| at.min(soon)));
    }
    next
}

/// When an open request is looked at next: at `at`, or earlier if something requires it.
pub(crate) fn look_again_at(
    request: &Request,
    tasks: &[Task],
    at: Time,
    now: Time,
    grace_seconds: u64,
) -> Time {
    let wanted = [
        must_look_by(request, tasks, now, grace_seconds),
        ended::wanted_at(request, tasks, grace_seconds).map(|wanted| wanted.max(now)),
    ];
    wanted.into_iter().flatten().fold(at, Time::min)
}

pub(crate) fn is_due(at: Option<Time>, now: Time) -> bool {
    at.is_some_and(|at| at <= now)
}
