//! A request at one moment, and what changed since an earlier one.

use crate::api::client::Api;
use crate::api::error::ApiError;
use crate::api::reads;
use rightful_aws::SystemClock;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::model::answer::AnswerState;
#[cfg(test)]
use rightful_domain::model::request::Request;
use rightful_domain::model::request::RequestState;
#[cfg(test)]
use rightful_domain::model::task::Task;
use rightful_domain::model::task::TaskState;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::request::{RequestDetail, RequestView};
use rightful_domain::view::task::TaskView;

/// A request as it was stored at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub at: Time,
    pub request: RequestView,
    pub tasks: Vec<TaskView>,
}

/// Something that changed between two moments.
#[derive(Debug, Clone)]
pub enum Changed<'a> {
    Task(&'a TaskView),
    Request(&'a RequestView),
}

/// Why watching ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchEnd {
    Closed,
    /// Only a person can move the request on: a decision is awaited, or a task is unknown.
    Person,
    TimedOut,
}

impl Snapshot {
    /// Reads a request.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn read(api: &Api, id: RequestId) -> Result<Self, ApiError> {
        let RequestDetail { request, tasks, .. } = reads::request(api, id).await?;
        Ok(Self { at: SystemClock.now(), request, tasks })
    }

    /// A snapshot at 09:30 and this second, for tests.
    #[cfg(test)]
    pub fn at_second(second: u32, request: Request, tasks: Vec<Task>) -> Self {
        let clock = format!("09:30:{second:02}");
        let RequestDetail { request, tasks, .. } = crate::fixtures::detail(&request, &tasks, &clock);
        Self { at: crate::fixtures::at(&clock), request, tasks }
    }

    /// The changes since an earlier snapshot; everything if there is none.
    pub fn changes(&self, before: Option<&Snapshot>) -> Vec<Changed<'_>> {
        let task = |task: &&TaskView| {
            let known = before.and_then(|old| old.tasks.iter().find(|old| old.source == task.source));
            known.is_none_or(|old| watched(old) != watched(task))
        };
        let mut changes: Vec<Changed<'_>> = self.tasks.iter().filter(task).map(Changed::Task).collect();
        let answer = |request: &RequestView| {
            request.answer.as_ref().map(|answer| (answer.state, answer.reason.clone()))
        };
        let watched =
            |request: &RequestView| (request.state, request.receipt_sha256.clone(), answer(request));
        if before.is_some_and(|old| watched(&old.request) != watched(&self.request))
            || (before.is_none() && self.request.state == RequestState::Closed)
        {
            changes.push(Changed::Request(&self.request));
        }
        changes
    }

    /// Whether the first call about the answer is still to come or under way. Later calls may take days,
    /// and the reconciliation makes them.
    fn is_answering(&self) -> bool {
        self.request.answer.as_ref().is_some_and(|answer| {
            let begun = answer.state == AnswerState::Claimed && answer.reason.is_none();
            let ahead = answer.state == AnswerState::Due && answer.tries == 0;
            // The claim of a call that crashed expires without a reason.
            ahead || (begun && answer.until.is_some_and(|until| until > self.at))
        })
    }

    /// Why watching ends here, if it does: the receipt is kept and the first call about the answer is over,
    /// or only a person can move the request on.
    pub fn end(&self, until_closed: bool) -> Option<WatchEnd> {
        if self.request.state == RequestState::Closed {
            let kept = self.request.receipt_sha256.is_some();
            return (kept && !self.is_answering()).then_some(WatchEnd::Closed);
        }
        let rests = |task: &TaskView| task.is_persons() || task.state == TaskState::Settled;
        let persons = self.tasks.iter().any(TaskView::is_persons);
        (persons && !until_closed && self.tasks.iter().all(rests)).then_some(WatchEnd::Person)
    }
}

/// The parts of a task whose change is worth a line.
fn watched(task: &TaskView) -> impl PartialEq {
    let waits = (task.awaiting_approval, task.run);
    (task.state, task.outcome, task.counts, task.reason.clone(), task.looks, task.appeared, waits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::code::Code;
    use rightful_domain::model::answer::TicketAnswer;
    use rightful_domain::vendor::fault::Fault;

    #[test]
    fn watching_ends_with_the_receipt_and_not_before() {
        let (closed, tasks) = fixtures::fulfilled();
        let mut unsigned = closed.clone();
        unsigned.receipt_sha256 = None;
        assert_eq!(Snapshot::at_second(0, unsigned, tasks.clone()).end(false), None);
        assert_eq!(Snapshot::at_second(0, closed, tasks).end(false), Some(WatchEnd::Closed));
    }

    #[test]
    fn watching_waits_for_the_first_call_about_the_ticket_and_no_longer() {
        let (mut closed, tasks) = fixtures::fulfilled();
        let mut end = |answer: &TicketAnswer| {
            closed.answer = Some(answer.clone());
            Snapshot::at_second(20, closed.clone(), tasks.clone()).end(false)
        };
        let due = TicketAnswer::due(fixtures::at("09:30:12"));
        assert_eq!(end(&due), None);
        let claimed = due.claimed(fixtures::at("09:31:32"));
        assert_eq!(end(&claimed), None);
        assert_eq!(end(&due.claimed(fixtures::at("09:30:19"))), Some(WatchEnd::Closed), "the call crashed");
        for over in [
            claimed.sent(fixtures::at("09:30:14")),
            claimed.put_off(&Fault::Unauthorized, fixtures::at("09:30:14")),
            claimed.in_doubt(Code::VendorTimedOut, fixtures::at("09:30:14")),
        ] {
            assert_eq!(end(&over), Some(WatchEnd::Closed), "{over:?}");
        }
    }
}
