//! An execution ended without succeeding: marks what it would have moved, at once.
//!
//! No Catch sees an execution that is stopped, runs out of time or breaks down as a whole; the event
//! of its end does. It may come twice, late, or never: the mark only brings forward what the
//! reconciliation would find anyway.

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

/// Which execution ended, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whose request.
    pub request: RequestId,
    /// Which attempt.
    pub attempt: u32,
    /// Which task's execution; `None` for that of the whole request.
    pub source: Option<SourceId>,
    /// How it ended.
    pub status: EndStatus,
}

impl Ending {
    /// Reads an execution's name, `<request>.<attempt>` or `<request>.<attempt>.<source>`, and its
    /// status as Step Functions writes it. `None` for whatever is not ours: another name, another
    /// spelling of ours, another status, or a name of the other state machine than `whole` says.
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

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Marking {
    /// Whether the end was recorded now.
    pub marked: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Code>,
}

impl Marking {
    const RECORDED: Self = Self { marked: true, passed_over: None };

    /// The event was passed over, because of that.
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
    /// Records the end of an execution of the current attempt, so that the next run of the
    /// reconciliation takes up what nobody moves any more. May be repeated: an end counts once.
    ///
    /// # Errors
    /// `Transient` when the store fails; the event is then sent again, or the row's own time comes.
    pub async fn run(&self, ending: &Ending) -> Result<Marking, Failure> {
        retry_stale(async || {
            let Some(request) = self.store.request(ending.request).await? else {
                return Ok(Marking::passed_over("request_not_found"));
            };
            if let Some(code) = passed_over(&request, ending) {
                return Ok(Marking::passed_over(code));
            }
            let tasks = self.store.tasks(request.id).await?;
            self.mark(request, &tasks, ending).await?;
            Ok(Marking::RECORDED)
        })
        .await
    }

    async fn mark(&self, mut request: Request, tasks: &[Task], ending: &Ending) -> Result<(), CommitError> {
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
        return Some("request_closed");
    }
    if request.attempt != ending.attempt {
        return Some("attempt_not_current");
    }
    if ending.source.as_ref().is_some_and(|source| !request.sources.contains(source)) {
        return Some("task_not_found");
    }
    request.ended.iter().any(|end| end.source == ending.source).then_some("end_known")
}

/// When a request has to be looked at because of executions that ended; `None` when none of them
/// matters. What is a person's doesn't: the execution that left it to them has done its job, and no
/// other one could do more. A settled task does once all are: then the closing is what stands still.
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
