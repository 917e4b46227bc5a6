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
use crate::model::answer::TicketAnswer;
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

/// Counts of a request's tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// All tasks.
    pub all: u32,
    /// Tasks that have their outcome.
    pub settled: u32,
    /// Tasks of which nobody knows yet whether the vendor did it.
    pub unknown: u32,
    /// Tasks that wait for a person's decision.
    pub awaiting_review: u32,
    /// Tasks that lack the identifier that their data source needs, settled ones included.
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

/// The requests of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FoundRequests"))]
pub struct FoundView {
    /// The requests, the oldest first.
    pub items: Vec<RequestView>,
}

/// A request, without its tasks: an item of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Request"))]
pub struct RequestView {
    /// The id of the request.
    pub id: RequestId,
    /// The right that the person exercises.
    pub right: Right,
    /// Whether the request is open or closed.
    pub state: RequestState,
    /// How the request ended; null while it is open.
    pub outcome: Option<RequestOutcome>,
    /// Whether it is a dry run, in which nothing may be erased or copied.
    pub dry_run: bool,
    /// Whether the deployment made the request itself, for a test address, to check that everything works.
    pub synthetic: bool,
    /// The reference of the ticket that the request came from.
    pub reference: Option<Reference>,
    /// Where the request came from: the channel's name, `operator`, or `synthetic`.
    pub origin: String,
    /// When the person asked; the legal deadline counts from here.
    pub received_at: Time,
    /// When the request reached this deployment: the same time, or later.
    pub arrived_at: Time,
    /// The time zone in which the law's days and months are counted.
    pub legal_zone: LegalZone,
    /// The legal deadline.
    pub due_at: Time,
    /// The extension of the legal deadline; null if there is none.
    pub extension: Option<Extension>,
    /// How near the legal deadline is now, who must act, and why.
    pub escalation: Escalation,
    /// Whose turn it is, and by when; null once nothing is left to do.
    pub held: Option<Held>,
    /// The deployment's review policy for the right when the request came in; each task has its own.
    pub policy: Policy,
    /// The data sources that are asked.
    pub sources: Vec<SourceId>,
    /// Counts of the request's tasks.
    pub tasks: Tally,
    /// The kinds of identifiers that the request came with.
    pub identifier_kinds: Vec<IdentifierKind>,
    /// The data sources that were connected when the request came in but are not asked.
    #[serde(default)]
    pub not_asked: Vec<SourceId>,
    /// The number of the last workflow attempt that has begun; 1 from the request's arrival on.
    pub attempt: u32,
    /// When reconciliation looks at the request, if nothing moves it earlier.
    pub next_due: Option<Time>,
    /// How often the request was reopened. Its next closing has this number, counted from 0.
    pub reopened: u32,
    /// When the request was closed.
    pub closed_at: Option<Time>,
    /// The SHA-256 digest of the stored receipt, in hex.
    pub receipt_sha256: Option<String>,
    /// When the person is to be forgotten.
    pub forget_at: Option<Time>,
    /// When the person was forgotten.
    pub forgotten_at: Option<Time>,
    /// The answer to the ticket; null when none is owed.
    pub answer: Option<TicketAnswer>,
    /// The copy stored for the person.
    pub copy: Option<Package>,
    /// The demands that came again after the request was closed; nothing ran for them.
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

/// A request with its tasks and the acts that are possible now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestDetail {
    /// The request.
    pub request: RequestView,
    /// The request's tasks, by data source.
    pub tasks: Vec<TaskView>,
    /// The acts that are possible now on the request or on one of its tasks.
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
