//! A data subject's request and its outcome.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::{Reference, RequestId, SourceId};
use crate::base::seal::{Sealed, Tag};
use crate::base::stored::is_default;
use crate::base::time::Time;
use crate::law::deadline::LegalZone;
use crate::law::extension::Extension;
use crate::law::right::Right;
use crate::model::answer::TicketAnswer;
use crate::model::escalation::Escalation;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::model::task::{Outcome, Task, TaskState};
use serde::{Deserialize, Serialize};

/// The state of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RequestState {
    /// A task is not settled yet, or the request still waits to be closed.
    Open,
    /// The outcome is final.
    Closed,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RequestOutcome {
    /// Every record found was handled.
    Fulfilled,
    /// Some of the records were handled, some were not.
    PartlyFulfilled,
    /// No data source holds a record.
    NothingFound,
    /// The request was refused.
    Refused,
    /// The request could not be fulfilled, or only in part; the counts of its tasks show how far it went.
    Failed,
    /// The request was a dry run: nothing was erased.
    DryRun,
    /// The request was cancelled before anything was submitted.
    Cancelled,
}

impl RequestOutcome {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Fulfilled,
        Self::PartlyFulfilled,
        Self::NothingFound,
        Self::Refused,
        Self::Failed,
        Self::DryRun,
        Self::Cancelled,
    ];

    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RequestOutcome::Fulfilled => "fulfilled",
            RequestOutcome::PartlyFulfilled => "partly_fulfilled",
            RequestOutcome::NothingFound => "nothing_found",
            RequestOutcome::Refused => "refused",
            RequestOutcome::Failed => "failed",
            RequestOutcome::DryRun => "dry_run",
            RequestOutcome::Cancelled => "cancelled",
        }
    }

    /// The outcome of a request from those of its tasks. Without tasks it is `failed`: nothing was searched.
    #[must_use]
    pub fn of(tasks: &[Outcome]) -> Self {
        let any = |wanted: &[Outcome]| tasks.iter().any(|outcome| wanted.contains(outcome));
        let achieved = any(&[Outcome::VerifiedErased, Outcome::ReportedErased, Outcome::Copied]);
        let dry = any(&[Outcome::DryRun]);
        let refused = any(&[Outcome::Refused]);
        let failed = any(&[Outcome::MissingIdentifier, Outcome::StillPresent, Outcome::Failed]);
        let nothing = any(&[Outcome::NothingFound]);
        let cancelled = any(&[Outcome::Cancelled]);
        match (achieved, failed, refused) {
            (true, false, false) if cancelled => Self::PartlyFulfilled,
            (true, false, false) => Self::Fulfilled,
            (true, _, _) => Self::PartlyFulfilled,
            (false, true, _) => Self::Failed,
            (false, false, true) => Self::Refused,
            (false, false, false) if cancelled => Self::Cancelled,
            (false, false, false) if dry => Self::DryRun,
            (false, false, false) if nothing => Self::NothingFound,
            (false, false, false) => Self::Failed,
        }
    }

    /// Whether the person may be forgotten at once, because no later step needs their data.
    #[must_use]
    pub fn forgets_at_once(self) -> bool {
        matches!(self, Self::Fulfilled | Self::NothingFound)
    }
}

/// How a workflow execution ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EndStatus {
    /// The execution failed. An execution that leaves something open ends this way too.
    Failed,
    /// The execution exceeded its time limit.
    TimedOut,
    /// Somebody stopped the execution.
    Aborted,
}

impl EndStatus {
    /// Its name in every layer of ours.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EndStatus::Failed => "failed",
            EndStatus::TimedOut => "timed_out",
            EndStatus::Aborted => "aborted",
        }
    }
}

/// The end of one execution of the current attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The task whose execution ended; `None` for that of the whole request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// How it ended.
    pub status: EndStatus,
    /// When the end was recorded.
    pub at: Time,
}

/// The row `REQUEST#<id>` / `REQUEST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Schema version of the row.
    pub schema: u8,
    /// Its id.
    pub id: RequestId,
    /// The right that the data subject exercises.
    pub right: Right,
    /// Whether it is open or closed.
    pub state: RequestState,
    /// Counts every change of the row.
    pub revision: u64,
    /// The policy that decides on the records found.
    pub policy: Policy,
    /// Whether it is a dry run, which erases nothing.
    pub dry_run: bool,
    /// Whether the deployment made it itself, for a test address, to check that everything works. No data
    /// subject made it, and the law requires no answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// The ticket it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Its origin: the channel's name, `operator`, or `synthetic`.
    pub origin: String,
    /// The data sources it covers.
    pub sources: Vec<SourceId>,
    /// The kinds of its identifiers; their values are in `identifiers`.
    pub identifier_kinds: Vec<IdentifierKind>,
    /// The data sources that were connected at the request's arrival but are not asked: they were disabled, or
    /// the request names others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<SourceId>,
    /// The identifiers, sealed; gone once the person is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifiers: Option<Sealed>,
    /// The person's tag; gone once the person is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Tag>,
    /// When the person asked; the legal deadline counts from here.
    pub received_at: Time,
    /// When it reached this deployment, if later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Time>,
    /// The time zone in which the law's days and months are counted.
    #[serde(default, skip_serializing_if = "LegalZone::is_utc")]
    pub legal_zone: LegalZone,
    /// The legal deadline for the answer.
    pub due_at: Time,
    /// The extension of the legal deadline, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// The last recorded escalation, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// The last workflow attempt that has begun; 1 from the request's arrival.
    pub attempt: u32,
    /// The executions of the current attempt that are known to have ended without success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<End>,
    /// When reconcile next visits it; `None` when nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Time>,
    /// Its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RequestOutcome>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// SHA-256 of the kept receipt, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_sha256: Option<String>,
    /// When the person is to be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget_at: Option<Time>,
    /// When the person was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten_at: Option<Time>,
    /// The answer to the ticket; `None` when none is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<TicketAnswer>,
    /// How often it was reopened after closing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reopened: u32,
    /// The copy kept for the person, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Package>,
    /// The demands that came again after it was closed, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
}

/// Demands that came again under the delivery or the key of a closed request. Nothing ran for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Repeats {
    /// Their number; demands that follow each other within a day count as one.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub times: u32,
    /// The time of the last one.
    pub last_at: Time,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
impl Request {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// When it reached this deployment; technical waits and the order of requests count from here.
    #[must_use]
    pub fn arrived_at(&self) -> Time {
        self.arrived_at.unwrap_or(self.received_at)
    }

    /// The legal deadline after this number of months: one, or up to three if the deadline is extended.
    #[must_use]
    pub fn due_after(&self, months: u8) -> Time {
        self.legal_zone.months_after(self.received_at, months)
    }

    /// Whether nothing is left to do for it, including the forgetting and the answer to its ticket.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == RequestState::Closed
            && self.receipt_sha256.is_some()
            && self.forgotten_at.is_some()
            && !self.owes_an_answer()
    }

    /// Whether its ticket still awaits an answer.
    #[must_use]
    pub fn owes_an_answer(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !answer.state.is_final())
    }

    /// The end of the whole attempt's execution; `None` while it may run.
    #[must_use]
    pub fn end_of_attempt(&self) -> Option<&End> {
        self.ended.iter().find(|end| end.source.is_none())
    }

    /// The end of the execution that would move this task: its own, or the whole attempt's, which alone would
    /// close the request once the task is settled. `None` while one may run.
    #[must_use]
    pub fn end_for(&self, task: &Task) -> Option<&End> {
        let own = self.ended.iter().find(|end| end.source.as_ref() == Some(&task.source));
        own.filter(|_| task.state != TaskState::Settled).or_else(|| self.end_of_attempt())
    }

    /// Whether this copy of the row is at least as new as a task that was read alongside it.
    #[must_use]
    pub fn is_as_new_as(&self, task: &Task) -> bool {
        self.revision >= task.request_revision
    }

    /// The outcome that follows from its tasks, once all of them are settled.
    #[must_use]
    pub fn outcome_of(tasks: &[Task]) -> Option<RequestOutcome> {
        let outcomes: Option<Vec<Outcome>> = tasks.iter().map(|task| task.outcome).collect();
        outcomes.map(|outcomes| RequestOutcome::of(&outcomes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_of_a_request_never_says_more_than_its_tasks() {
        use Outcome as O;
        use RequestOutcome as R;
        for (tasks, outcome) in [
            (vec![], R::Failed),
            (vec![O::VerifiedErased], R::Fulfilled),
            (vec![O::VerifiedErased, O::NothingFound], R::Fulfilled),
            (vec![O::ReportedErased, O::Copied], R::Fulfilled),
            (vec![O::NothingFound, O::NothingFound], R::NothingFound),
            (vec![O::VerifiedErased, O::StillPresent], R::PartlyFulfilled),
            (vec![O::VerifiedErased, O::Refused], R::PartlyFulfilled),
            (vec![O::VerifiedErased, O::MissingIdentifier], R::PartlyFulfilled),
            (vec![O::NothingFound, O::Failed], R::Failed),
            (vec![O::NothingFound, O::MissingIdentifier], R::Failed),
            (vec![O::StillPresent], R::Failed),
            (vec![O::Refused, O::NothingFound], R::Refused),
            (vec![O::Refused, O::Failed], R::Failed),
            (vec![O::DryRun, O::NothingFound], R::DryRun),
            (vec![O::DryRun, O::Failed], R::Failed),
            (vec![O::Cancelled, O::NothingFound], R::Cancelled),
            (vec![O::Cancelled, O::Failed], R::Failed),
            (vec![O::Cancelled, O::VerifiedErased], R::PartlyFulfilled),
            (vec![O::Cancelled, O::Refused], R::Refused),
        ] {
            assert_eq!(R::of(&tasks), outcome, "{tasks:?}");
        }
    }
}
