//! A request, as an operator sees it.

use crate::base::identifier::IdentifierKind;
use crate::base::ids::{Reference, RequestId, SourceId};
use crate::base::time::Time;
use crate::duty::acts::{self, May};
use crate::duty::escalation;
use crate::duty::owner::{self, Held};
use crate::law::deadline::LegalZone;
use crate::law::extension::Extension;
use crate::law::right::Right;
use crate::life::Life;
use crate::model::answer::Answer;
use crate::model::escalation::Escalation;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::model::request::{Repeats, Request, RequestOutcome, RequestState};
use crate::model::rule::Rule;
use crate::model::task::{Task, TaskState};
use crate::ports::set_up::Catalogue;
use crate::view::page::At;
use crate::view::task::{TaskView, lacks_identifier, of_run};
use serde::{Deserialize, Serialize};

/// How many of a request's tasks stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// All of them.
    pub all: u32,
    /// Those that have their outcome.
    pub settled: u32,
    /// Those of which nobody can tell yet whether the vendor did it.
    pub unknown: u32,
    /// Those that wait for a person's decision.
    pub awaiting_review: u32,
    /// Those that lack the identifier their data source needs, settled ones included.
    pub missing_identifier: u32,
    /// Records that the last searches found.
    pub found: u32,
}

impl Tally {
    /// Counts tasks.
    #[must_use]
    pub fn of(tasks: &[Task]) -> Self {
        let mut tally = Self::default();
        for task in tasks {
            tally.all += 1;
            tally.settled += u32::from(task.state == TaskState::Settled);
            tally.unknown += u32::from(task.state == TaskState::Unknown);
            tally.awaiting_review += u32::from(task.state == TaskState::AwaitingReview);
            tally.missing_identifier += u32::from(lacks_identifier(task));
            tally.found = tally.found.saturating_add(task.counts.found);
        }
        tally
    }
}

/// A request, without its tasks: an item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Request"))]
pub struct RequestView {
    /// Its id.
    pub id: RequestId,
    /// What is demanded.
    pub right: Right,
    /// Whether it is still worked on.
    pub state: RequestState,
    /// How it ended; `None` while it is open.
    pub outcome: Option<RequestOutcome>,
    /// Whether nothing may be erased or copied.
    pub dry_run: bool,
    /// Whether the deployment made it itself, for a test address, to see that everything works.
    pub synthetic: bool,
    /// The ticket it came from.
    pub reference: Option<Reference>,
    /// Where it came from: the channel's name, `operator`, or `synthetic`.
    pub origin: String,
    /// When the person asked: the law counts from here.
    pub received_at: Time,
    /// When it came to this deployment: the same time, or later.
    pub arrived_at: Time,
    /// In which time zone the law's days and months are counted.
    pub legal_zone: LegalZone,
    /// When the law wants an answer.
    pub due_at: Time,
    /// The extension of the legal deadline.
    pub extension: Option<Extension>,
    /// How near the legal deadline is now, who must act, and why.
    pub escalation: Escalation,
    /// Whose turn it is, and by when; `None` once nothing is left to do.
    pub held: Option<Held>,
    /// The deployment's review policy for its right when it came in; each task has its own.
    pub policy: Policy,
    /// The data sources it goes to.
    pub sources: Vec<SourceId>,
    /// How its tasks stand.
    pub tasks: Tally,
    /// The kinds of identifiers it came with.
    pub identifier_kinds: Vec<IdentifierKind>,
    /// The data sources that were connected when it came in and are not asked.
    #[serde(default)]
    pub not_asked: Vec<SourceId>,
    /// The last workflow attempt that has begun; 1 from the request's arrival on.
    pub attempt: u32,
    /// When the reconciliation looks at it, if nothing moves it before.
    pub next_due: Option<Time>,
    /// How often it was reopened; its next closing has this number, counted from 0.
    pub reopened: u32,
    /// When it was closed.
    pub closed_at: Option<Time>,
    /// SHA-256 of the kept receipt, in hex.
    pub receipt_sha256: Option<String>,
    /// When the person is to be forgotten.
    pub forget_at: Option<Time>,
    /// When the person was forgotten.
    pub forgotten_at: Option<Time>,
    /// The answer to the ticket; `None` when none is owed.
    pub answer: Option<Answer>,
    /// The copy that is kept for the person.
    pub copy: Option<Package>,
    /// The demands that came again once it was closed; nothing ran for them.
    #[serde(default)]
    pub repeats: Option<Repeats>,
}

impl RequestView {
    /// Shows a request.
    #[must_use]
    pub fn of(request: &Request, tasks: &[Task], at: At) -> Self {
        Self {
            id: request.id,
            right: request.right,
            state: request.state,
            outcome: request.outcome,
            dry_run: request.dry_run,
            synthetic: request.synthetic,
            reference: request.reference.clone(),
            origin: request.origin.clone(),
            received_at: request.received_at,
            arrived_at: request.arrived_at(),
            legal_zone: request.legal_zone.clone(),
            due_at: request.due_at,
            extension: request.extension.clone(),
            escalation: escalation::of(request, tasks, at.now),
            held: owner::of_request(request, tasks, at.now, at.grace_seconds),
            policy: request.policy,
            sources: request.sources.clone(),
            tasks: Tally::of(tasks),
            identifier_kinds: request.identifier_kinds.clone(),
            not_asked: request.not_asked.clone(),
            attempt: request.attempt,
            next_due: request.next_due,
            reopened: request.reopened,
            closed_at: request.closed_at,
            receipt_sha256: request.receipt_sha256.clone(),
            forget_at: request.forget_at,
            forgotten_at: request.forgotten_at,
            answer: request.answer.clone(),
            copy: request.copy.clone(),
            repeats: request.repeats,
        }
    }
}

/// A request with its tasks, and what may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestDetail {
    /// The request.
    pub request: RequestView,
    /// Its tasks, by data source.
    pub tasks: Vec<TaskView>,
    /// What may be done to it, or to one of its tasks, now.
    pub may: Vec<May>,
}

impl RequestDetail {
    /// Shows a request and its tasks, each with all of its rules.
    #[must_use]
    pub fn of(request: &Request, tasks: &[(Task, Vec<Rule>)], at: At, catalogue: &impl Catalogue) -> Self {
        let only: Vec<Task> = tasks.iter().map(|(task, _)| task.clone()).collect();
        let shown: Vec<TaskView> = tasks
            .iter()
            .map(|(task, rules)| TaskView::of(request, &only, task, rules, at, catalogue))
            .collect();
        let mut may: Vec<May> = shown.iter().flat_map(|task| task.may.iter().copied()).collect();
        let lives: Vec<Life> = tasks.iter().map(|(task, rules)| of_run(task, rules)).collect();
        may.extend(acts::on_request(request, &only, &lives, at.now));
        may.sort();
        may.dedup();
        Self { request: RequestView::of(request, &only, at), tasks: shown, may }
    }
}
