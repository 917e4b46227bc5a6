//! What operators are shown: the API answers these shapes, and the command line reads them.
//!
//! Architecture Invariant: a view is made of rows, the time and what the connectors say, purely. It holds
//! nothing sealed, no tag of a person, no token of an execution and no secret; which records and which
//! reasons there are is no part of it.

use crate::copy::Package;
use crate::escalation::{self, Escalation};
use crate::event::Fact;
use crate::identifier::IdentifierKind;
use crate::ids::{Reference, RequestId, SourceId};
use crate::legal::LegalZone;
use crate::life::{LEFT_OUT, Life, STATED_BY_A_PERSON};
use crate::operations::again::may_be_reopened;
use crate::operations::set_up::Standing;
use crate::owner::{self, Held, is_persons};
use crate::policy::{OwnPolicies, Policies, Policy};
use crate::ports::{AskedKind, Catalogue};
use crate::request::{Extension, Repeats, Request, RequestOutcome, RequestState, Right};
use crate::seal::Tag;
use crate::task::{
    Asked, Assurance, Counts, NOTHING_FOUND, Outcome, Rule, RuleState, Task, TaskState, Verdict,
};
use crate::ticket::Answer;
use crate::time::Time;
use crate::vendor::{Claim, Control, DataSource, RuleStatus, Target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Hand this to the next call as it is; `None` on the last page.
    pub next: Option<String>,
}

/// When something is shown, and how long the deployment leaves a row to its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Now.
    pub now: Time,
    /// The grace, in seconds.
    pub grace_seconds: u64,
}

/// What an operator may do to a request now. That it may be done now is no promise: somebody else may
/// act first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Give a data source an identifier.
    Identify,
    /// See which records were found.
    Records,
    /// See what the vendor shows now, with the fields that tell who it is.
    Compare,
    /// Read why somebody decided as they did.
    Reasons,
    /// Decide that what was found is acted on.
    Proceed,
    /// Decide that nothing is done at a data source, on a legal ground.
    Refuse,
    /// Go on without a data source that lacks its identifier, or can't be searched.
    LeaveOut,
    /// Have a data source run again.
    Run,
    /// Say how a task ended that no machine can tell.
    State,
    /// Call the request off.
    Cancel,
    /// Extend the legal deadline.
    Extend,
    /// Open the closed request again.
    Reopen,
    /// Fetch the person's copy.
    Copy,
    /// Fetch the receipt.
    Receipt,
}

/// How many of a request's tasks stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        let shown: Vec<TaskView> =
            tasks.iter().map(|(task, rules)| TaskView::of(request, task, rules, at, catalogue)).collect();
        let mut may: Vec<May> = shown.iter().flat_map(|task| task.may.iter().copied()).collect();
        may.extend(of_request(request, tasks, at.now));
        may.sort();
        may.dedup();
        Self { request: RequestView::of(request, &only, at), tasks: shown, may }
    }
}

/// The acts on a request as a whole.
fn of_request(request: &Request, tasks: &[(Task, Vec<Rule>)], now: Time) -> Vec<May> {
    let mut may = Vec::new();
    let open = request.state == RequestState::Open;
    let called_off = |(task, rules): &(Task, Vec<Rule>)| {
        !of_run(task, rules).has_submitted()
            && matches!(
                task.state,
                TaskState::Settled
                    | TaskState::Planned
                    | TaskState::AwaitingReview
                    | TaskState::Decided
                    | TaskState::Submitting
            )
    };
    if open && tasks.iter().all(called_off) {
        may.push(May::Cancel);
    }
    let most = request.extension.as_ref().is_some_and(|known| known.months >= 2);
    if open && !request.synthetic && !most && now < request.due_after(1) {
        may.push(May::Extend);
    }
    if may_be_reopened(request, now) && request.receipt_sha256.is_some() {
        may.push(May::Reopen);
    }
    if request.forgotten_at.is_none() && request.copy.as_ref().is_some_and(|copy| copy.expires_at > now) {
        may.push(May::Copy);
    }
    if request.receipt_sha256.is_some() || request.reopened > 0 {
        may.push(May::Receipt);
    }
    may
}

/// The life of a task's current run.
fn of_run(task: &Task, rules: &[Rule]) -> Life {
    let rules = rules.iter().filter(|rule| rule.batch >= task.first_batch).cloned().collect();
    Life { task: task.clone(), rules }
}

/// Whether its data source needs an identifier that the request doesn't have.
fn lacks_identifier(task: &Task) -> bool {
    task.lacks_identifier() || task.outcome == Some(Outcome::MissingIdentifier)
}

/// Which identifiers a data source takes, and which it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Whether it lacks all that it takes.
    pub missing: bool,
    /// The kinds that it takes; any one of them will do.
    pub asked: Vec<AskedKind>,
    /// Those of them that the request came with.
    pub given: Vec<IdentifierKind>,
    /// The kinds that were given for this data source alone.
    pub inserted: Vec<IdentifierKind>,
}

/// A decision on the records of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionView {
    /// Who decided: a policy's name such as `policy:auto`, or the reviewer.
    pub by: String,
    /// When.
    pub at: Time,
    /// The keyed digest of the exact records that it allows.
    pub digest: Tag,
}

/// What a person decided. Their reason is sealed, and read on demand alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Time,
    /// What.
    pub verdict: Verdict,
}

/// A request at one data source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The data source.
    pub source: SourceId,
    /// Its connector.
    pub connector: String,
    /// Where it stands.
    pub state: TaskState,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Where it stands, in words for an operator.
    pub label: String,
    /// Why it ended so, or what stands in its way now: a code.
    pub reason: Option<String>,
    /// Why no further batch goes out although some were accepted: a code.
    pub gave_up: Option<String>,
    /// Whose turn it is, and by when; `None` once it is settled.
    pub held: Option<Held>,
    /// What may be done to it now.
    pub may: Vec<May>,
    /// Numbers of records.
    pub counts: Counts,
    /// The system and account that its run was searched at; `None` before that.
    pub target: Option<Target>,
    /// In how many spellings the last search asked, how many of its records show another person's
    /// identifier, and how many records it set aside.
    pub asked: Asked,
    /// The same of the last look.
    pub looked: Option<Asked>,
    /// What made the last look that found none of its records count.
    pub assurance: Option<Assurance>,
    /// How many rounds followed the first decision of the run, for records that looks found beyond it.
    pub rounds: u32,
    /// Records that finished rules of the run list and that were never submitted.
    pub strangers: u32,
    /// Which identifiers it takes, and which it has.
    pub needs: Needs,
    /// Who decides on its records.
    pub policy: Policy,
    /// The keyed digest of the exact records that were found: what a decision names.
    pub found_digest: Option<Tag>,
    /// The decision on its records.
    pub decision: Option<DecisionView>,
    /// What a person decided.
    pub review: Option<ReviewView>,
    /// Which run it is, from 1.
    pub run: u32,
    /// Whether the vendor's own approval is awaited: one of its rules waits for it.
    pub awaiting_approval: bool,
    /// What the vendor says it did.
    pub claim: Option<Claim>,
    /// Failed tries of the step it is in.
    pub tries: u32,
    /// Checks of its rules that found them unfinished.
    pub polls: u32,
    /// Looks after the rules finished.
    pub looks: u32,
    /// Records decided on that the last look found again.
    pub left: u32,
    /// Records that the last look found and that no decision covers.
    pub appeared: u32,
    /// Before this time its next step is not taken.
    pub waits_until: Option<Time>,
    /// When the reconciliation looks at it, if nothing moves it before.
    pub next_due: Option<Time>,
    /// When its records were found.
    pub searched_at: Option<Time>,
    /// When the last batch was accepted.
    pub submitted_at: Option<Time>,
    /// When the last rule was seen finished.
    pub finished_at: Option<Time>,
    /// When a look found none of the submitted records.
    pub verified_at: Option<Time>,
    /// When it was handed to a person.
    pub handed_over_at: Option<Time>,
    /// When it ended.
    pub settled_at: Option<Time>,
    /// What the vendor opened for it, by batch, those of earlier runs included.
    pub rules: Vec<RuleView>,
}

impl TaskView {
    /// Shows a task with all of its rules.
    #[must_use]
    pub fn of(request: &Request, task: &Task, rules: &[Rule], at: At, catalogue: &impl Catalogue) -> Self {
        let life = of_run(task, rules);
        let asked = catalogue.kinds(&task.connector);
        let given = request.identifier_kinds.iter();
        let given = given.filter(|kind| asked.iter().any(|one| one.kind == **kind)).cloned().collect();
        let shown: Vec<RuleView> = rules.iter().map(RuleView::of).collect();
        let approval = |rule: &Rule| {
            rule.state == RuleState::Accepted && rule.status == Some(RuleStatus::AwaitingApproval)
        };
        let awaiting_approval = task.state == TaskState::Submitted && life.rules.iter().any(approval);
        Self {
            source: task.source.clone(),
            connector: task.connector.clone(),
            state: task.state,
            outcome: task.outcome,
            label: label(task, awaiting_approval).to_owned(),
            reason: task.reason.clone(),
            gave_up: task.gave_up.clone(),
            held: owner::of_task(request, task, at.now, at.grace_seconds),
            may: of_task(request, &life),
            // While something is to be decided or done the numbers are the present round's.
            counts: if task.state == TaskState::Settled { task.all_counts() } else { task.counts },
            target: task.target.clone(),
            asked: task.asked,
            looked: task.looked,
            assurance: task.assurance,
            rounds: task.earlier.as_ref().map_or(0, |earlier| earlier.rounds),
            strangers: task.strangers,
            needs: Needs { missing: lacks_identifier(task), asked, given, inserted: task.inserted.clone() },
            policy: task.policy,
            found_digest: task.found_digest.clone(),
            decision: task.decision.as_ref().map(|decision| DecisionView {
                by: decision.by.clone(),
                at: decision.at,
                digest: decision.records.clone(),
            }),
            review: task.review.as_ref().map(|review| ReviewView {
                by: review.by.clone(),
                at: review.at,
                verdict: review.verdict,
            }),
            run: task.run,
            awaiting_approval,
            claim: task.claim,
            tries: task.tries,
            polls: task.polls,
            looks: task.looks,
            left: task.left,
            appeared: task.appeared,
            waits_until: task.not_before,
            next_due: task.next_due,
            searched_at: task.searched_at,
            submitted_at: task.submitted_at,
            finished_at: task.finished_at,
            verified_at: task.verified_at,
            handed_over_at: task.handed_over_at,
            settled_at: task.settled_at,
            rules: shown,
        }
    }

    /// Whether a person has to confirm that there is nothing.
    #[must_use]
    pub fn is_to_be_confirmed(&self) -> bool {
        self.state == TaskState::AwaitingReview && self.reason.as_deref() == Some(NOTHING_FOUND)
    }

    /// Whether only a person can move it on.
    #[must_use]
    pub fn is_persons(&self) -> bool {
        match self.state {
            TaskState::AwaitingReview => true,
            TaskState::Unknown => self.handed_over_at.is_some(),
            _ => false,
        }
    }
}

/// The acts on one task.
fn of_task(request: &Request, life: &Life) -> Vec<May> {
    let mut may = Vec::new();
    let task = &life.task;
    let open = request.state == RequestState::Open;
    if open && !request.synthetic && life.may_run_again() {
        may.extend([May::Identify, May::Run]);
    }
    if task.found_digest.is_some() && request.forgotten_at.is_none() {
        may.push(May::Records);
    }
    if open && task.state != TaskState::Settled && task.searched_at.is_some() {
        may.push(May::Compare);
    }
    if (task.review.is_some() || !task.past_reviews.is_empty()) && request.forgotten_at.is_none() {
        may.push(May::Reasons);
    }
    if open && task.state == TaskState::AwaitingReview {
        may.push(May::Refuse);
        may.push(if task.wants_identifier() { May::LeaveOut } else { May::Proceed });
    }
    if open && task.cannot_be_searched() {
        may.extend([May::LeaveOut, May::State]);
    }
    if open && task.state == TaskState::Unknown && task.handed_over_at.is_some() {
        may.push(May::State);
    }
    may.sort();
    may
}

/// Where a task stands, in words for an operator.
fn label(task: &Task, awaiting_approval: bool) -> &'static str {
    if let Some(outcome) = task.outcome {
        let stated = task.reason.as_deref() == Some(STATED_BY_A_PERSON);
        let left_out = task.reason.as_deref() == Some(LEFT_OUT);
        return match outcome {
            Outcome::VerifiedErased => "Erased, and seen to be gone",
            Outcome::ReportedErased if stated => "Erased, as a person says",
            Outcome::ReportedErased => "Erased, as the vendor says",
            Outcome::Copied => "Copied",
            Outcome::NothingFound => "No records",
            Outcome::MissingIdentifier => MISSING,
            Outcome::Refused => "Refused",
            Outcome::StillPresent => "Failed: the records are still there",
            Outcome::Failed if stated => "Failed, as a person says",
            Outcome::Failed if left_out => "Left out by a person: it could not be searched",
            Outcome::Failed => "Failed",
            Outcome::DryRun => "Tried out, nothing done",
            Outcome::Cancelled => "Called off",
        };
    }
    match task.state {
        TaskState::AwaitingReview if task.lacks_identifier() => MISSING,
        TaskState::AwaitingReview if task.found_nothing_by_given() => "No records by the identifier given",
        TaskState::AwaitingReview if task.wants_confirmation() => {
            "Nothing found: confirm, or give another identifier"
        }
        TaskState::AwaitingReview => "Waiting for your decision",
        TaskState::Planned if task.cannot_be_searched() => "Can't be searched now: tried again by itself",
        TaskState::Planned => "Searching",
        TaskState::Decided => "Decided, nothing sent yet",
        TaskState::Submitting => "Being sent to the vendor",
        TaskState::Submitted if awaiting_approval => "Waiting for the vendor's own approval",
        TaskState::Submitted => "The vendor works on it",
        TaskState::Verifying => "Checking that nothing is left",
        TaskState::Copying => "Copying",
        TaskState::Unknown if is_persons(task) => "Needs your action: the reason says why",
        TaskState::Unknown => "Finding out what the vendor did",
        TaskState::Settled => "Ended",
    }
}

const MISSING: &str = "Missing identifier";

/// What the vendor opened for one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Which batch it is for, from 0.
    pub batch: u32,
    /// Which try at its records it is, from 1.
    pub attempt: u32,
    /// The batch whose records were left, when it repeats one.
    pub repeats: Option<u32>,
    /// Where it stands.
    pub state: RuleState,
    /// What the vendor last said: `awaiting_approval` is the vendor's own approval, not yours.
    pub status: Option<RuleStatus>,
    /// The vendor's id for it.
    pub rule_id: Option<String>,
    /// Why it is rejected, not sent or unknown: a code.
    pub reason: Option<String>,
    /// How many records it names.
    pub records: u32,
    /// How many of them the finished rule lists.
    pub confirmed: u32,
    /// How many of them were seen to be gone although no answer came.
    pub gone: u32,
    /// How many of them looks still found while its answer was missing.
    pub left: u32,
    /// Looks that found some of them while its answer was missing.
    pub looks: u32,
    /// What the vendor says it did.
    pub claim: Option<Claim>,
    /// When the intent was stored.
    pub intent_at: Time,
    /// When the vendor gave its id.
    pub accepted_at: Option<Time>,
    /// When it was seen finished.
    pub finished_at: Option<Time>,
}

impl RuleView {
    /// Shows a rule.
    #[must_use]
    pub fn of(rule: &Rule) -> Self {
        Self {
            batch: rule.batch,
            attempt: rule.attempt,
            repeats: rule.repeats,
            state: rule.state,
            status: rule.status,
            rule_id: rule.rule_id.clone(),
            reason: rule.reason.clone(),
            records: rule.records,
            confirmed: rule.confirmed,
            gone: rule.gone,
            left: u32::try_from(rule.left.len()).unwrap_or(u32::MAX),
            looks: rule.looks,
            claim: rule.claim,
            intent_at: rule.intent_at,
            accepted_at: rule.accepted_at,
            finished_at: rule.finished_at,
        }
    }
}

/// A data source. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// Its id.
    pub id: SourceId,
    /// Its connector.
    pub connector: String,
    /// Whether this version has its connector.
    pub known: bool,
    /// Whether new requests go to it.
    pub enabled: bool,
    /// Its parameters, none of them secret.
    pub params: BTreeMap<String, String>,
    /// The system and account that it points at; `None` while its parameters are wrong in this version.
    pub target: Option<Target>,
    /// Whose record a search must find for a look to count.
    pub control: Option<Control>,
    /// The review policies that it sets itself.
    pub review: OwnPolicies,
    /// The review policies that hold there.
    pub policies: Policies,
    /// The identifier kinds that it takes; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
    /// Counts every change of it.
    pub revision: u64,
    /// When it was added.
    pub created_at: Time,
    /// The open tasks that could not go on as they did: in the answer to a forced change alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// How many data sources are enabled, where that is more than one request goes to: in the answer to adding
    /// or enabling one alone. A request that names none is refused then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_many_enabled: Option<u32>,
}

impl SourceView {
    /// Shows a data source. `prefix` comes before the names of the deployment's secrets.
    #[must_use]
    pub fn of(source: &DataSource, deployment: &Policies, catalogue: &impl Catalogue, prefix: &str) -> Self {
        Self {
            id: source.id.clone(),
            connector: source.connector.clone(),
            known: catalogue.knows(&source.connector),
            enabled: source.enabled,
            params: source.params.clone(),
            target: catalogue.target(&source.connector, &source.params).ok(),
            control: source.control.clone(),
            review: source.review,
            policies: Policies {
                erasure: source.review.of(Right::Erasure, deployment),
                access: source.review.of(Right::Access, deployment),
            },
            identifiers: catalogue.kinds(&source.connector),
            secret_name: format!("{prefix}{}", catalogue.secret_name(&source.id)),
            revision: source.revision,
            created_at: source.created_at,
            standing: None,
            too_many_enabled: None,
        }
    }
}

/// A parameter of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamView {
    /// Its name.
    pub name: String,
    /// What it takes, in words such as `a whole number from 1 to 10`.
    pub takes: String,
    /// What it is.
    pub description: String,
    /// A value as an operator would write it.
    pub example: String,
    /// The value when none is given; without one, the parameter is required.
    pub default: Option<String>,
}

/// A field of a connector's secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFieldView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
}

/// A connector of this version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorView {
    /// Its name.
    pub name: String,
    /// The vendor's own name.
    pub title: String,
    /// Where the vendor describes its API.
    pub docs: String,
    /// The parameters of a data source.
    pub params: Vec<ParamView>,
    /// The fields of its secret.
    pub secret: Vec<SecretFieldView>,
    /// The identifier kinds that it searches by; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The rights that it can fulfil.
    pub rights: Vec<Right>,
    /// The data sources that use it; empty where it is not connected yet.
    pub sources: Vec<SourceId>,
}

impl ConnectorView {
    /// The same connector with those of these data sources that use it.
    #[must_use]
    pub fn used_by(self, sources: &[DataSource]) -> Self {
        let mine = sources.iter().filter(|source| source.connector == self.name);
        let mut sources: Vec<SourceId> = mine.map(|source| source.id.clone()).collect();
        sources.sort();
        Self { sources, ..self }
    }
}

/// What came of trying a data source out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestView {
    /// Which.
    pub id: SourceId,
    /// Whether the vendor answered, and takes the token.
    pub works: bool,
    /// Why not: a code.
    pub reason: Option<String>,
}

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// Its number; the first is 1.
    pub seq: u64,
    /// When it happened.
    pub at: Time,
    /// What.
    pub fact: Fact,
}

/// A page of a request's events; the whole chain was checked before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events, the oldest first.
    pub items: Vec<EventView>,
    /// The number to go on after; `None` on the last page.
    pub next: Option<u64>,
    /// How many events there are.
    pub all: u64,
    /// Hash of the last event that holds together, in hex; empty where there is none.
    pub head: String,
    /// The first event that doesn't fit those before it; nothing behind it is shown.
    pub broken: Option<Broken>,
}

/// Where a chain of events doesn't hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The event's number.
    pub at: u64,
    /// What is wrong with it.
    pub why: String,
}

impl EventPage {
    /// The events after number `after`, at most `most`.
    #[must_use]
    pub fn of(request: RequestId, bytes: &[Vec<u8>], after: u64, most: usize) -> Self {
        let (good, broken) = match crate::event::read_chain(request, bytes) {
            Ok(read) => (Some(read), None),
            Err(error) => {
                let good = usize::try_from(error.at.saturating_sub(1)).unwrap_or(usize::MAX);
                let read = crate::event::read_chain(request, bytes.get(..good).unwrap_or_default());
                (read.ok(), Some(Broken { at: error.at, why: error.why.to_owned() }))
            }
        };
        let (head, facts) = good.map_or((String::new(), Vec::new()), |(head, facts)| (head.hash, facts));
        let shown = (1u64..).zip(facts).map(|(seq, (at, fact))| EventView { seq, at, fact });
        let mut items: Vec<EventView> = shown.filter(|event| event.seq > after).take(most + 1).collect();
        let more = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| more).map(|event| event.seq);
        Self { items, next, all: u64::try_from(bytes.len()).unwrap_or(u64::MAX), head, broken }
    }
}

/// Which records a search found. Personal data: for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsView {
    /// The data source.
    pub source: SourceId,
    /// The record ids, as the vendor names them.
    pub records: Vec<crate::vendor::RecordId>,
    /// How many there are in all.
    pub all: u32,
    /// The keyed digest of all of them: what a decision names.
    pub digest: Option<Tag>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<u32>,
}

impl std::fmt::Debug for RecordsView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordsView({}: {} of {})", self.source, self.records.len(), self.all)
    }
}

/// Where a record that is shown stands to those that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordStanding {
    /// It is among those that the digest covers.
    Covered,
    /// It is there now, and not among them.
    New,
    /// It is among them, and not there any more.
    Gone,
    /// The vendor gives it, and by an exact comparison it is not this person's.
    SetAside,
}

/// A field of a record. Personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// Its name at the vendor.
    pub name: String,
    /// Its text, cut off where it is long.
    pub text: String,
}

impl std::fmt::Debug for FieldView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FieldView(***)")
    }
}

/// A record as the vendor shows it now. Personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedRecord {
    /// Its id; `None` when it has none that can be read.
    pub id: Option<crate::vendor::RecordId>,
    /// The kinds of the identifiers that found it; none where it is gone.
    pub found_by: Vec<IdentifierKind>,
    /// The fields that its connector names as telling who it is.
    pub fields: Vec<FieldView>,
    /// Whether it shows another value of a kind that the request names.
    pub marked: bool,
    /// Whether it was set aside although it contains the identifier as a whole part.
    pub doubtful: bool,
    /// Where it stands to those that were found.
    pub standing: RecordStanding,
}

/// What the vendor shows now of a person. Personal data: for the operator who asked alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonView {
    /// The data source.
    pub source: SourceId,
    /// The records: those that are marked or doubtful first.
    pub records: Vec<ComparedRecord>,
    /// How many there are in all.
    pub all: u32,
    /// The keyed digest of those that were found: what a decision names.
    pub digest: Option<Tag>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<u32>,
}

impl std::fmt::Debug for ComparisonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ComparisonView({}: {} of {})", self.source, self.records.len(), self.all)
    }
}

/// Why somebody decided as they did at one data source. It may name the person: for the operator who asked
/// alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// The data source.
    pub source: SourceId,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Time,
    /// What.
    pub verdict: Verdict,
    /// Why, in their own words.
    pub reason: String,
}

impl std::fmt::Debug for ReasonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReasonView({} by {})", self.source, self.by)
    }
}

/// The reasons of all decisions by persons on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonsView {
    /// The reasons, by data source.
    pub items: Vec<ReasonView>,
}

/// What came of a demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedView {
    /// The request it made, now or earlier.
    pub request: RequestView,
    /// Whether this demand made it; not, where its key made one before.
    pub new: bool,
    /// Whether its workflow was started; where not, the reconciliation starts it.
    pub started: bool,
    /// Whether it came again more than a day after the last time, and the request that its key made is closed:
    /// nothing runs for it.
    #[serde(default)]
    pub repeated: bool,
}

/// A data source that was decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedSource {
    /// Which.
    pub source: SourceId,
    /// Where its task stands now.
    pub state: TaskState,
}

/// What came of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedView {
    /// The data sources that were decided on.
    pub sources: Vec<ReviewedSource>,
    /// Whether the executions that waited go on at once; where not, the reconciliation sees to it.
    pub released: bool,
}

/// What came of an extension of the legal deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedView {
    /// When the law wants an answer now.
    pub due_at: Time,
    /// The extension as it is recorded.
    pub extension: Extension,
    /// Whether this call recorded it; the same one may have been recorded before.
    pub new: bool,
}

/// A link to a person's copy. A secret: whoever has it can fetch the copy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// The link.
    pub url: String,
    /// Until when it works.
    pub until: Time,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When the copy itself is deleted.
    pub expires_at: Time,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkView(*** until {})", self.until)
    }
}

/// How the tickets of a channel are answered. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketingView {
    /// The channel.
    pub channel: String,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
}

/// The body of an answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorView,
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// What machines tell errors apart by.
    pub code: String,
    /// What is wrong and what to do, as a sentence. It repeats nothing that was sent.
    pub message: String,
    /// More of what is wrong, by its place in what was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<crate::ports::Objection>,
    /// The open tasks that a change of a data source would leave behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Head, write};
    use crate::identifier::Identifier;
    use crate::ports::Objection;
    use crate::seal::DataKey;
    use crate::task::{Decision, Review};
    use zeroize::Zeroizing;

    struct Plain;

    impl Catalogue for Plain {
        fn knows(&self, connector: &str) -> bool {
            connector == "plain"
        }
        fn kinds(&self, _: &str) -> Vec<AskedKind> {
            vec![AskedKind {
                kind: IdentifierKind::email(),
                description: "the address".to_owned(),
                example: "ann@example.com".to_owned(),
            }]
        }
        fn check_identifier(&self, _: &str, _: &Identifier) -> Result<(), Objection> {
            Ok(())
        }
        fn check_params(&self, _: &str, _: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
            Ok(())
        }
        fn target(
            &self,
            connector: &str,
            params: &BTreeMap<String, String>,
        ) -> Result<crate::vendor::Target, Vec<Objection>> {
            Ok(crate::vendor::Target { connector: connector.to_owned(), version: 1, params: params.clone() })
        }
        fn check_secret(
            &self,
            _: &str,
            _: &BTreeMap<String, Zeroizing<String>>,
            _: &crate::vendor::Target,
        ) -> Result<Zeroizing<String>, Vec<Objection>> {
            Ok(Zeroizing::default())
        }
        fn secret_name(&self, source: &SourceId) -> String {
            format!("source/{source}")
        }
    }

    fn now() -> Time {
        Time::parse("2026-11-24T09:30:00Z").unwrap()
    }

    fn id() -> RequestId {
        RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
    }

    fn at() -> At {
        At { now: now(), grace_seconds: 120 }
    }

    fn request() -> Request {
        let sealed = DataKey::new(&[1; 32]).unwrap().seal("c", b"ann@example.com").unwrap();
        Request {
            schema: 1,
            id: id(),
            right: Right::Erasure,
            state: RequestState::Open,
            revision: 1,
            policy: Policy::Always,
            dry_run: false,
            synthetic: false,
            reference: None,
            origin: "operator".to_owned(),
            sources: vec![SourceId::parse("main").unwrap()],
            identifier_kinds: vec![IdentifierKind::email()],
            not_asked: vec![],
            identifiers: Some(sealed),
            subject: Some(Tag::new("subject-key", &[7; 32])),
            received_at: now(),
            arrived_at: None,
            legal_zone: LegalZone::default(),
            due_at: LegalZone::default().months_after(now(), 1),
            extension: None,
            escalation: None,
            attempt: 1,
            ended: Vec::new(),
            next_due: Some(now()),
            outcome: None,
            closed_at: None,
            receipt_sha256: None,
            forget_at: None,
            forgotten_at: None,
            answer: None,
            reopened: 0,
            copy: None,
            repeats: None,
        }
    }

    fn task(state: TaskState) -> Task {
        let source = SourceId::parse("main").unwrap();
        Task { state, ..Task::planned(id(), source, "plain".to_owned(), now()) }
    }

    fn rule(state: RuleState, status: Option<RuleStatus>) -> Rule {
        Rule {
            schema: 1,
            request: id(),
            source: SourceId::parse("main").unwrap(),
            batch: 0,
            attempt: 1,
            repeats: None,
            places: Vec::new(),
            left: vec![0],
            gone: 0,
            looks: 0,
            state,
            revision: 1,
            fence: 1,
            records: 2,
            digest: Tag::new("k", &[3; 32]),
            intent_at: now(),
            intent_until: now(),
            rule_id: Some("r-1".to_owned()),
            status,
            reason: None,
            accepted_at: Some(now()),
            finished_at: None,
            confirmed: 0,
            strangers: 0,
            refused: None,
            claim: None,
        }
    }

    fn shown(request: &Request, task: &Task, rules: &[Rule]) -> RequestDetail {
        RequestDetail::of(request, &[(task.clone(), rules.to_vec())], at(), &Plain)
    }

    #[test]
    fn nothing_sealed_no_tag_of_a_person_and_no_token_is_shown() {
        let request = request();
        let sealed = request.identifiers.clone().unwrap();
        let digest = Tag::new("k", &[2; 32]);
        let task = Task {
            token: Some("token-of-an-execution".to_owned()),
            found_digest: Some(digest.clone()),
            decision: Some(Decision { by: "ann".to_owned(), at: now(), records: digest }),
            review: Some(Review {
                by: "ann".to_owned(),
                at: now(),
                verdict: Verdict::Proceed,
                reason: sealed.clone(),
            }),
            doubts: Some(sealed.clone()),
            ..task(TaskState::AwaitingReview)
        };
        let sealed = serde_json::to_string(&sealed).unwrap();
        let tag = request.subject.clone().unwrap().mac;
        let text = serde_json::to_string(&shown(&request, &task, &[])).unwrap();
        for hidden in [sealed.trim_matches('"'), tag.as_str(), "token-of-an-execution", "subject-key"] {
            assert!(!hidden.is_empty() && !text.contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_view_reads_back_as_it_was_written() {
        let all = shown(&request(), &task(TaskState::Submitted), &[rule(RuleState::Accepted, None)]);
        let text = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<RequestDetail>(&text).unwrap(), all);
    }

    #[test]
    fn a_missing_identifier_is_called_by_that_name_and_can_be_given_or_left_out() {
        let task = Task {
            reason: Some(crate::task::IDENTIFIER_MISSING.to_owned()),
            ..task(TaskState::AwaitingReview)
        };
        let shown = shown(&request(), &task, &[]);
        let one = &shown.tasks[0];
        assert_eq!(one.label, "Missing identifier");
        assert!(one.needs.missing);
        assert_eq!(one.may, [May::Identify, May::Refuse, May::LeaveOut, May::Run]);
        assert_eq!(shown.request.tasks.missing_identifier, 1);
    }

    #[test]
    fn nothing_found_waits_for_a_word_and_is_labelled_so() {
        let task = Task {
            reason: Some(NOTHING_FOUND.to_owned()),
            searched_at: Some(now()),
            asked: Asked { spellings: 3, set_aside: 2, doubtful: 1, ..Asked::default() },
            ..task(TaskState::AwaitingReview)
        };
        let one = shown(&request(), &task, &[]).tasks.remove(0);
        assert_eq!(one.label, "Nothing found: confirm, or give another identifier");
        assert!(one.is_to_be_confirmed() && !one.needs.missing);
        assert_eq!(one.may, [May::Identify, May::Compare, May::Proceed, May::Refuse, May::Run]);
        assert_eq!(one.asked, task.asked);
    }

    #[test]
    fn what_cannot_be_searched_may_be_left_out_or_stated_and_is_told_as_what_it_is() {
        let dead = Task { reason: Some("vendor_unreachable".to_owned()), ..task(TaskState::Planned) };
        let one = shown(&request(), &dead, &[]).tasks.remove(0);
        assert_eq!(one.label, "Can't be searched now: tried again by itself");
        assert_eq!(one.may, [May::Identify, May::LeaveOut, May::Run, May::State]);
        let searching = shown(&request(), &task(TaskState::Planned), &[]).tasks.remove(0);
        assert_eq!(
            (searching.label.as_str(), &searching.may[..]),
            ("Searching", &[May::Identify, May::Run][..])
        );
        for (reason, label) in [
            (LEFT_OUT, "Left out by a person: it could not be searched"),
            (STATED_BY_A_PERSON, "Failed, as a person says"),
            ("vendor_unreachable", "Failed"),
        ] {
            let ended = Task {
                outcome: Some(Outcome::Failed),
                reason: Some(reason.to_owned()),
                ..task(TaskState::Settled)
            };
            assert_eq!(shown(&request(), &ended, &[]).tasks[0].label, label);
        }
    }

    #[test]
    fn what_was_found_waits_for_a_decision_on_exactly_it() {
        let task = Task { found_digest: Some(Tag::new("k", &[2; 32])), ..task(TaskState::AwaitingReview) };
        let shown = shown(&request(), &task, &[]);
        assert_eq!(shown.tasks[0].label, "Waiting for your decision");
        assert_eq!(shown.tasks[0].may, [May::Identify, May::Records, May::Proceed, May::Refuse, May::Run]);
        assert_eq!(
            shown.may,
            [May::Identify, May::Records, May::Proceed, May::Refuse, May::Run, May::Cancel, May::Extend]
        );
    }

    #[test]
    fn the_vendors_own_approval_is_shown_as_what_it_is() {
        let waiting = [rule(RuleState::Accepted, Some(RuleStatus::AwaitingApproval))];
        let mut task = task(TaskState::Submitted);
        task.counts.submitted = 2;
        let shown = shown(&request(), &task, &waiting);
        assert!(shown.tasks[0].awaiting_approval);
        assert_eq!(shown.tasks[0].label, "Waiting for the vendor's own approval");
        assert_eq!(shown.may, [May::Extend]);
        let working = [rule(RuleState::Accepted, Some(RuleStatus::Pending))];
        assert_eq!(self::shown(&request(), &task, &working).tasks[0].label, "The vendor works on it");
    }

    #[test]
    fn a_closed_request_may_be_reopened_until_its_person_is_forgotten() {
        let mut request = request();
        request.state = RequestState::Closed;
        request.outcome = Some(RequestOutcome::Failed);
        request.receipt_sha256 = Some("ab".repeat(32));
        request.forget_at = Some(now().plus_seconds(60));
        let task = Task { outcome: Some(Outcome::Failed), ..task(TaskState::Settled) };
        assert_eq!(shown(&request, &task, &[]).may, [May::Reopen, May::Receipt]);
        request.forgotten_at = Some(now());
        assert_eq!(shown(&request, &task, &[]).may, [May::Receipt]);
    }

    #[test]
    fn events_are_paged_and_a_broken_chain_is_shown_up_to_where_it_holds() {
        let mut head = Head::start();
        let mut bytes = Vec::new();
        for attempt in 1..=3 {
            let event = write(&head, id(), now(), &Fact::AttemptBegun { attempt }).unwrap();
            head = event.head;
            bytes.push(event.bytes);
        }
        let first = EventPage::of(id(), &bytes, 0, 2);
        assert_eq!((first.items.len(), first.next, first.all), (2, Some(2), 3));
        let second = EventPage::of(id(), &bytes, 2, 2);
        assert_eq!((second.items[0].seq, second.next, second.broken), (3, None, None));
        assert_eq!(second.head, head.hash);
        bytes[2] = b"{}".to_vec();
        let broken = EventPage::of(id(), &bytes, 0, 10);
        assert_eq!((broken.items.len(), broken.broken.unwrap().at), (2, 3));
    }
}
