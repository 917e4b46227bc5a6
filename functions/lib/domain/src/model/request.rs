//! A data subject's request and how it ends.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::{Reference, RequestId, SourceId};
use crate::base::seal::{Sealed, Tag};
use crate::base::stored::is_default;
use crate::base::time::Time;
use crate::law::deadline::LegalZone;
use crate::law::extension::Extension;
use crate::law::right::Right;
use crate::model::answer::Answer;
use crate::model::escalation::Escalation;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::model::task::{Outcome, Task, TaskState};
use serde::{Deserialize, Serialize};

/// Whether the request is still worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RequestState {
    /// Some task is not settled, or nobody has closed it yet.
    Open,
    /// Its outcome is final.
    Closed,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RequestOutcome {
    /// Everything found was acted on.
    Fulfilled,
    /// Some of it was, some was not.
    PartlyFulfilled,
    /// No data source holds anything.
    NothingFound,
    /// It was refused.
    Refused,
    /// It could not be done, or only in part: the counts of its tasks say what was.
    Failed,
    /// It was a dry run: nothing was erased.
    DryRun,
    /// It was called off before anything was submitted.
    Cancelled,
}

impl RequestOutcome {
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

    /// The outcome of a request from those of its tasks. No tasks is `failed`: nothing was looked at.
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

    /// Whether the person may be forgotten at once: nothing is left that would need them again.
    #[must_use]
    pub fn forgets_at_once(self) -> bool {
        matches!(self, Self::Fulfilled | Self::NothingFound)
    }
}

/// How a workflow execution ended without succeeding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EndStatus {
    /// It failed; an execution that leaves something open ends so, too.
    Failed,
    /// It ran longer than it may.
    TimedOut,
    /// Somebody stopped it.
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
    /// Which task's execution; `None` for that of the whole request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// How it ended.
    pub status: EndStatus,
    /// When that was recorded.
    pub at: Time,
}

/// The row `REQUEST#<id>` / `REQUEST`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Schema version of the row.
    pub schema: u8,
    /// Its id.
    pub id: RequestId,
    /// What is demanded.
    pub right: Right,
    /// Whether it is still worked on.
    pub state: RequestState,
    /// Counts every change of the row.
    pub revision: u64,
    /// Who decides.
    pub policy: Policy,
    /// Whether nothing may be erased.
    pub dry_run: bool,
    /// Whether the deployment made it itself, for a test address, to see that everything works: nobody
    /// demanded it, and no law wants an answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// The ticket it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Where it came from: the channel's name, `operator`, or `synthetic`.
    pub origin: String,
    /// The data sources asked.
    pub sources: Vec<SourceId>,
    /// The kinds of its identifiers; their values are in `identifiers`.
    pub identifier_kinds: Vec<IdentifierKind>,
    /// The data sources that were connected when the request came in and are not asked: they were
    /// disabled, or the demand names others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<SourceId>,
    /// The identifiers, sealed; gone once the person is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifiers: Option<Sealed>,
    /// The person's tag; gone once the person is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Tag>,
    /// When the person asked: the law counts from here.
    pub received_at: Time,
    /// When it came to this deployment, where that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Time>,
    /// In which time zone the law's days and months are counted.
    #[serde(default, skip_serializing_if = "LegalZone::is_utc")]
    pub legal_zone: LegalZone,
    /// When the law wants an answer.
    pub due_at: Time,
    /// The extension of the legal deadline, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// The last step of escalation that was recorded, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// The last workflow attempt that has begun; 1 from the request's arrival on.
    pub attempt: u32,
    /// Which executions of the current attempt are known to have ended without succeeding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<End>,
    /// When the reconciliation looks at it; `None` when nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Time>,
    /// How it ended.
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
    pub answer: Option<Answer>,
    /// How often it was reopened after it had been closed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reopened: u32,
    /// The copy that is kept for the person, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Package>,
    /// The demands that came again once it was closed, when there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
}

/// Demands that came again under the delivery or the key of a closed request. Nothing ran for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Repeats {
    /// How many: those that follow each other within a day are one.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub times: u32,
    /// When the last one came.
    pub last_at: Time,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
impl Request {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// When it came to this deployment: technical waits and orders count from here.
    #[must_use]
    pub fn arrived_at(&self) -> Time {
        self.arrived_at.unwrap_or(self.received_at)
    }

    /// When the law wants an answer after so many months: one, or up to three where the deadline is extended.
    #[must_use]
    pub fn due_after(&self, months: u8) -> Time {
        self.legal_zone.months_after(self.received_at, months)
    }

    /// Whether nothing is left to do for it, the forgetting and the answer to its ticket included.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == RequestState::Closed
            && self.receipt_sha256.is_some()
            && self.forgotten_at.is_some()
            && !self.owes_an_answer()
    }

    /// Whether its ticket still has to be answered.
    #[must_use]
    pub fn owes_an_answer(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !answer.state.is_final())
    }

    /// The end of the whole attempt's execution; `None` while it may run.
    #[must_use]
    pub fn end_of_attempt(&self) -> Option<&End> {
        self.ended.iter().find(|end| end.source.is_none())
    }

    /// The end of the execution that would move this task: its own, or the whole attempt's, which
    /// alone would close the request once the task is settled. `None` while one may run.
    #[must_use]
    pub fn end_for(&self, task: &Task) -> Option<&End> {
        let own = self.ended.iter().find(|end| end.source.as_ref() == Some(&task.source));
        own.filter(|_| task.state != TaskState::Settled).or_else(|| self.end_of_attempt())
    }

    /// Whether it was read no earlier than this task, which was read beside it.
    #[must_use]
    pub fn is_as_new_as(&self, task: &Task) -> bool {
        self.revision >= task.request_revision
    }

    /// The outcome its tasks give, once all of them are settled.
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
