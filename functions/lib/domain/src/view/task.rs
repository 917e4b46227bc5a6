//! A task, as an operator sees it.

use crate::base::code::{LEFT_OUT, NOTHING_FOUND, STATED_BY_A_PERSON};
use crate::base::identifier::IdentifierKind;
use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::duty::acts::{self, May};
use crate::duty::owner::{self, Held, is_persons};
use crate::life::Life;
use crate::model::policy::Policy;
use crate::model::request::Request;
use crate::model::rule::{Rule, RuleState};
use crate::model::task::{Asked, Assurance, Counts, Outcome, Task, TaskState, Verdict};
use crate::ports::set_up::{AskedKind, Catalogue};
use crate::vendor::report::{Claim, RuleStatus};
use crate::vendor::target::Target;
use crate::view::page::At;
use serde::{Deserialize, Serialize};

/// The life of a task's current run.
pub(crate) fn of_run(task: &Task, rules: &[Rule]) -> Life {
    let rules = rules.iter().filter(|rule| rule.batch >= task.first_batch).cloned().collect();
    Life { task: task.clone(), rules }
}

/// Whether its data source needs an identifier that the request doesn't have.
pub(crate) fn lacks_identifier(task: &Task) -> bool {
    task.lacks_identifier() || task.outcome == Some(Outcome::MissingIdentifier)
}

/// Which identifiers a data source takes, and which it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Decision"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Review"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Task"))]
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
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
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
    /// Shows one of a request's `tasks`, with all of its rules.
    #[must_use]
    pub fn of(
        request: &Request,
        tasks: &[Task],
        task: &Task,
        rules: &[Rule],
        at: At,
        catalogue: &impl Catalogue,
    ) -> Self {
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
            may: acts::on_task(request, tasks, &life),
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

/// Where a task stands, in words for an operator.
pub(crate) fn label(task: &Task, awaiting_approval: bool) -> &'static str {
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Rule"))]
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
