//! Marks the work of an execution that ended without succeeding as due, at once.
//!
//! No Catch sees an execution that is stopped, times out or fails as a whole; the event of its end does. The
//! event may come twice, late, or never: the mark only brings forward what reconciliation would find anyway.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::duty::owner::{is_persons, taken_up_at};
use crate::model::request::{End, EndStatus, Request, RequestState};
use crate::model::task::{Task, TaskState};
use crate::operations::load::{Settings, retry_stale};
use crate::ports::clock::Clock;
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};
use serde::Serialize;

/// The ports of the marking.
#[derive(Debug)]
pub struct Ended<'a, S, C> {
    /// The store.
    pub store: &'a S,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The request.
    pub request: RequestId,
    /// The attempt.
    pub attempt: u32,
    /// The data source of the task's execution; `None` for the execution of the whole request.
    pub source: Option<SourceId>,
    /// How it ended.
    pub status: EndStatus,
}

impl Ending {
    /// Reads an execution's name, `<request>.<attempt>` or `<request>.<attempt>.<source>`, and its status as
    /// Step Functions writes it. `None` for a name or spelling that isn't ours, for another status, and for a
    /// name of the other state machine: `whole` says whether it is the request's.
    #[must_use]
    pub fn read(name: &str, whole: bool, status: &str) -> Option<Self> {
        let status = match status {
            "FAILED" => EndStatus::Failed,
            "TIMED_OUT" => EndStatus::TimedOut,
            "ABORTED" => EndStatus::Aborted,
            _ => return None,
        };
        let mut parts = name.splitn(3, '.');
        let request = RequestId::parse(parts.next()?).ok()?;
        let attempt: u32 = parts.next()?.parse().ok()?;
        let source = parts.next().map(SourceId::parse).transpose().ok()?;
        let spelled = match &source {
            Some(source) => format!("{request}.{attempt}.{source}"),
            None => format!("{request}.{attempt}"),
        };
        (spelled == name && source.is_none() == whole).then_some(Self { request, attempt, source, status })
    }
}

/// The result of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Marking {
    /// Whether the end was recorded now.
    pub marked: bool,
    /// The code of the reason if it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Code>,
}

impl Marking {
    const RECORDED: Self = Self { marked: true, passed_over: None };

    /// The event was skipped for this reason.
    #[must_use]
    pub const fn passed_over(code: Code) -> Self {
        Self { marked: false, passed_over: Some(code) }
    }
}

impl<S, C> Ended<'_, S, C>
where
    S: Reads + Writes,
    C: Clock,
{
    /// Records the end of an execution of the current attempt, so that the next run of reconciliation moves the
    /// tasks left behind. May be repeated: an end counts once.
    ///
    /// # Errors
    /// `Transient` when the store fails; the event is then sent again, or the row becomes due at its own time.
    pub async fn mark(&self, ending: &Ending) -> Result<Marking, Failure> {
        retry_stale(async || {
            let Some(request) = self.store.request(ending.request).await? else {
                return Ok(Marking::passed_over(Code::RequestNotFound));
            };
            if let Some(code) = passed_over(&request, ending) {
                return Ok(Marking::passed_over(code));
            }
            let tasks = self.store.tasks(request.id).await?;
            self.record(request, &tasks, ending).await?;
            Ok(Marking::RECORDED)
        })
        .await
    }

    async fn record(&self, mut request: Request, tasks: &[Task], ending: &Ending) -> Result<(), CommitError> {
        let now = self.clock.now();
        let (source, status) = (ending.source.clone(), ending.status);
        request.ended.push(End { source: source.clone(), status, at: now });
        if let Some(at) = wanted_at(&request, tasks, self.settings.grace_seconds) {
            let at = at.max(now);
            request.next_due = Some(request.next_due.map_or(at, |due| due.min(at)));
        }
        let fact = Fact::AttemptEnded { attempt: ending.attempt, source, status };
        let change =
            Change { request: request.id, at: now, rows: vec![Row::Request(request)], facts: vec![fact] };
        self.store.commit(change).await
    }
}

fn passed_over(request: &Request, ending: &Ending) -> Option<Code> {
    if request.state == RequestState::Closed {
        return Some(Code::RequestClosed);
    }
    if request.attempt != ending.attempt {
        return Some(Code::AttemptNotCurrent);
    }
    if ending.source.as_ref().is_some_and(|source| !request.sources.contains(source)) {
        return Some(Code::TaskNotFound);
    }
    request.ended.iter().any(|end| end.source == ending.source).then_some(Code::EndKnown)
}

/// When a request has to be looked at because of executions that ended; `None` when none of them matters. A
/// task that a person has doesn't matter: its execution has done its job, and another one could do no more. A
/// settled task matters once all are settled: then the closing stands still.
#[must_use]
pub(crate) fn wanted_at(request: &Request, tasks: &[Task], grace_seconds: u64) -> Option<Time> {
    let all_settled = tasks.iter().all(|task| task.state == TaskState::Settled);
    tasks
        .iter()
        .filter(|task| request.end_for(task).is_some() && !is_persons(task))
        .filter(|task| all_settled || task.state != TaskState::Settled)
        .filter_map(|task| taken_up_at(request, task, grace_seconds))
        .min()
}
