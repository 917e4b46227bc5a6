//! Counts of all open work. They use a few attributes of each row in the due index, whether or not the row is
//! due.
//!
//! Pure. A synthetic request counts nowhere here: no data subject made it, and the law requires no answer.

use crate::base::code::Code;
use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::law::level::Level;
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long after the scheduled time a closed request's person may still be remembered before the forgetting is
/// overdue, in seconds: a day, because reconcile has run by then whatever happened.
pub const FORGETTING_SLACK_SECONDS: u64 = 24 * 3600;

/// The attributes that the due index holds of a request that is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// Whether it is open or closed.
    pub state: RequestState,
    /// Whether the deployment made it itself.
    #[serde(default)]
    pub synthetic: bool,
    /// The time of arrival.
    pub received_at: Time,
    /// The legal deadline for the answer.
    pub due_at: Time,
    /// When the person is to be forgotten.
    #[serde(default)]
    pub forget_at: Option<Time>,
    /// When the person was forgotten.
    #[serde(default)]
    pub forgotten_at: Option<Time>,
    /// When reconcile next visits it.
    #[serde(default)]
    pub next_due: Option<Time>,
}

impl OpenRequest {
    /// The attributes for this request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self {
            state: request.state,
            synthetic: request.synthetic,
            received_at: request.received_at,
            due_at: request.due_at,
            forget_at: request.forget_at,
            forgotten_at: request.forgotten_at,
            next_due: request.next_due,
        }
    }
}

/// The attributes that the due index holds of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTask {
    /// Its state.
    pub state: TaskState,
    /// Its obstacle, as a code.
    #[serde(default)]
    pub reason: Option<String>,
    /// When its records were found.
    #[serde(default)]
    pub searched_at: Option<Time>,
    /// When it became unknown.
    #[serde(default)]
    pub unknown_since: Option<Time>,
    /// When reconcile next visits it.
    #[serde(default)]
    pub next_due: Option<Time>,
}

impl OpenTask {
    /// The attributes for this task.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        Self {
            state: task.state,
            reason: task.reason.clone(),
            searched_at: task.searched_at,
            unknown_since: task.unknown_since,
            next_due: task.next_due,
        }
    }

    fn wants_identifier(&self) -> bool {
        let wanted = [Code::IdentifierMissing, Code::IdentifierFoundNothing];
        self.reason.as_deref().and_then(Code::parse).is_some_and(|reason| wanted.contains(&reason))
    }
}

/// A row of the due index, with the attributes that the gauges need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// A request.
    Request(RequestId, OpenRequest),
    /// A task of this request.
    Task(RequestId, OpenTask),
}

impl Work {
    /// When reconcile next visits the row.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        match self {
            Self::Request(_, request) => request.next_due,
            Self::Task(_, task) => task.next_due,
        }
    }
}

/// The number and age of open items. Ages are in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gauges {
    /// Open requests.
    pub open: u32,
    /// The age of the oldest open request; 0 when there is none.
    pub oldest_open_seconds: u64,
    /// The time to the nearest legal deadline of an open request, negative when it has passed; `None` when no
    /// request is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_deadline_seconds: Option<i64>,
    /// Open requests whose legal deadline is at most seven days away, or has passed.
    pub at_risk: u32,
    /// Open requests whose legal deadline is at most three days away, or has passed.
    pub pressing: u32,
    /// Open requests whose legal deadline has passed.
    pub overdue: u32,
    /// Tasks for which nobody knows yet whether the vendor did it.
    pub unknown: u32,
    /// How long the oldest of these has been unknown; 0 when there is none.
    pub oldest_unknown_seconds: u64,
    /// Tasks that wait for a person's decision on the records found.
    pub awaiting_review: u32,
    /// How long the oldest of these has waited; 0 when there is none.
    pub oldest_review_seconds: u64,
    /// Tasks that wait for a person because the identifier that the data source needs is missing, or found
    /// nothing.
    pub missing_identifier: u32,
    /// Closed requests whose person should have been forgotten more than a day ago.
    pub forgetting_overdue: u32,
}

/// Counts the rows of the index, shard by shard: a request and its tasks are in the same shard.
#[derive(Debug)]
pub struct Counting {
    now: Time,
    gauges: Gauges,
    synthetic: BTreeSet<RequestId>,
    tasks: Vec<(RequestId, OpenTask)>,
}

impl Counting {
    /// An empty count; ages are as of `now`.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self { now, gauges: Gauges::default(), synthetic: BTreeSet::new(), tasks: Vec::new() }
    }

    /// Counts a row.
    pub fn take(&mut self, work: Work) {
        match work {
            Work::Request(id, request) if request.synthetic => {
                self.synthetic.insert(id);
            }
            Work::Request(_, request) => self.request(&request),
            // A later row may say whether its request is synthetic.
            Work::Task(id, task) => {
                if matches!(task.state, TaskState::Unknown | TaskState::AwaitingReview) {
                    self.tasks.push((id, task));
                }
            }
        }
    }

    /// Ends a shard, once all its rows are counted.
    pub fn end_shard(&mut self) {
        let synthetic = std::mem::take(&mut self.synthetic);
        for (request, task) in std::mem::take(&mut self.tasks) {
            if !synthetic.contains(&request) {
                self.task(&task);
            }
        }
    }

    /// The result, once all shards are counted.
    #[must_use]
    pub fn end(mut self) -> Gauges {
        self.end_shard();
        self.gauges
    }

    fn request(&mut self, request: &OpenRequest) {
        let (now, gauges) = (self.now, &mut self.gauges);
        if request.state == RequestState::Closed {
            let overdue = request.forgotten_at.is_none()
                && request.forget_at.is_some_and(|at| at.plus_seconds(FORGETTING_SLACK_SECONDS) < now);
            gauges.forgetting_overdue += u32::from(overdue);
            return;
        }
        gauges.open += 1;
        gauges.oldest_open_seconds = gauges.oldest_open_seconds.max(request.received_at.seconds_until(now));
        let left = request.due_at.unix_seconds() - now.unix_seconds();
        let nearest = gauges.nearest_deadline_seconds.map_or(left, |nearest| nearest.min(left));
        gauges.nearest_deadline_seconds = Some(nearest);
        let level = Level::at(request.due_at, now);
        gauges.at_risk += u32::from(level >= Level::AtRisk);
        gauges.pressing += u32::from(level >= Level::Pressing);
        gauges.overdue += u32::from(level >= Level::Overdue);
    }

    fn task(&mut self, task: &OpenTask) {
        let (now, gauges) = (self.now, &mut self.gauges);
        let age = |since: Option<Time>| since.map_or(0, |since| since.seconds_until(now));
        match task.state {
            TaskState::Unknown => {
                gauges.unknown += 1;
                // Rows from before the field existed are at most as old as their search.
                let since = age(task.unknown_since.or(task.searched_at));
                gauges.oldest_unknown_seconds = gauges.oldest_unknown_seconds.max(since);
            }
            TaskState::AwaitingReview if task.wants_identifier() => gauges.missing_identifier += 1,
            TaskState::AwaitingReview => {
                gauges.awaiting_review += 1;
                // It has waited since the search that found the records to decide on.
                gauges.oldest_review_seconds = gauges.oldest_review_seconds.max(age(task.searched_at));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T09:30:00Z";

    fn now() -> Time {
        Time::parse(NOW).unwrap()
    }

    fn id(n: u8) -> RequestId {
        RequestId::parse(&format!("019aa6e0-5c1f-7000-8000-0000000000{n:02}")).unwrap()
    }

    fn open(received: &str, due: &str) -> OpenRequest {
        OpenRequest {
            state: RequestState::Open,
            synthetic: false,
            received_at: Time::parse(received).unwrap(),
            due_at: Time::parse(due).unwrap(),
            forget_at: None,
            forgotten_at: None,
            next_due: None,
        }
    }

    fn task(state: TaskState) -> OpenTask {
        OpenTask { state, reason: None, searched_at: None, unknown_since: None, next_due: None }
    }

    fn count(rows: Vec<Work>) -> Gauges {
        let mut counting = Counting::new(now());
        rows.into_iter().for_each(|row| counting.take(row));
        counting.end()
    }

    #[test]
    fn nothing_open_has_no_deadline_and_no_age() {
        assert_eq!(count(vec![]), Gauges::default());
        assert_eq!(Gauges::default().nearest_deadline_seconds, None);
    }

    #[test]
    fn the_oldest_and_the_nearest_count_and_a_deadline_may_be_past() {
        let gauges = count(vec![
            Work::Request(id(1), open("2026-11-21T09:00:00Z", "2026-12-21T09:00:00Z")),
            Work::Request(id(2), open("2026-10-21T09:29:00Z", "2026-11-21T09:29:00Z")),
            Work::Request(id(3), open("2026-10-26T09:30:00Z", "2026-11-26T09:30:00Z")),
        ]);
        assert_eq!((gauges.open, gauges.nearest_deadline_seconds), (3, Some(-60)));
        assert_eq!(gauges.oldest_open_seconds, 31 * 24 * 3600 + 60);
        assert_eq!((gauges.at_risk, gauges.pressing, gauges.overdue), (2, 1, 1));
    }

    #[test]
    fn a_task_counts_by_what_it_waits_for_and_since_when() {
        let hour_ago = Some(now().minus_seconds(3600));
        let day_ago = Some(now().minus_seconds(24 * 3600));
        let gauges = count(vec![
            Work::Task(id(1), OpenTask { unknown_since: hour_ago, ..task(TaskState::Unknown) }),
            Work::Task(id(1), OpenTask { searched_at: day_ago, ..task(TaskState::AwaitingReview) }),
            Work::Task(
                id(1),
                OpenTask {
                    reason: Some(Code::IdentifierMissing.to_string()),
                    ..task(TaskState::AwaitingReview)
                },
            ),
            Work::Task(id(1), OpenTask { searched_at: day_ago, ..task(TaskState::Submitted) }),
        ]);
        assert_eq!((gauges.unknown, gauges.oldest_unknown_seconds), (1, 3600));
        assert_eq!((gauges.awaiting_review, gauges.oldest_review_seconds), (1, 24 * 3600));
        assert_eq!(gauges.missing_identifier, 1);
    }

    #[test]
    fn an_unknown_task_from_before_the_time_was_kept_is_as_old_as_its_search() {
        let row = OpenTask { searched_at: Some(now().minus_seconds(60)), ..task(TaskState::Unknown) };
        assert_eq!(count(vec![Work::Task(id(1), row)]).oldest_unknown_seconds, 60);
    }

    #[test]
    fn a_synthetic_request_and_its_tasks_count_nowhere_whichever_row_comes_first() {
        let request = OpenRequest { synthetic: true, ..open("2026-09-21T09:00:00Z", "2026-10-21T09:00:00Z") };
        let rows = [Work::Request(id(1), request), Work::Task(id(1), task(TaskState::Unknown))];
        assert_eq!(count(rows.to_vec()), Gauges::default());
        assert_eq!(count(rows.into_iter().rev().collect()), Gauges::default());
    }

    #[test]
    fn forgetting_is_overdue_a_day_after_its_time_and_not_once_it_is_done() {
        let closed = |at: Time| OpenRequest {
            state: RequestState::Closed,
            forget_at: Some(at),
            ..open("2026-09-21T09:00:00Z", "2026-10-21T09:00:00Z")
        };
        let late = closed(now().minus_seconds(24 * 3600 + 1));
        let done = OpenRequest { forgotten_at: Some(now()), ..late.clone() };
        let just = closed(now().minus_seconds(24 * 3600));
        let gauges = count([late, done, just].map(|it| Work::Request(id(1), it)).to_vec());
        assert_eq!((gauges.forgetting_overdue, gauges.open), (1, 0));
    }
}
