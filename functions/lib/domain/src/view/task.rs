//! A task, as an operator sees it.

use crate::base::code::Code;
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

/// The identifiers that a data source takes, and those that the request has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Needs {
    /// Whether the request has none of the identifiers that the data source takes.
    pub missing: bool,
    /// The kinds that the data source takes; any one of them will do.
    pub asked: Vec<AskedKind>,
    /// The kinds among them that the request came with.
    pub given: Vec<IdentifierKind>,
    /// The kinds that were given for this data source alone.
    pub inserted: Vec<IdentifierKind>,
}

/// A decision on the records of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Decision"))]
pub struct DecisionView {
    /// The reviewer, or a policy's name such as `policy:auto`.
    pub by: String,
    /// When they decided.
    pub at: Time,
    /// The keyed digest of the exact records that it allows.
    pub digest: Tag,
}

/// A person's decision. Their reason is sealed, and read only on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Review"))]
pub struct ReviewView {
    /// The person who decided.
    pub by: String,
    /// When they decided.
    pub at: Time,
    /// The verdict.
    pub verdict: Verdict,
}

/// A request at one data source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Task"))]
pub struct TaskView {
    /// The data source.
    pub source: SourceId,
    /// The name of the connector.
    pub connector: String,
    /// The state.
    pub state: TaskState,
    /// How the task ended; null while it is not settled.
    pub outcome: Option<Outcome>,
    /// Where it stands, finer than its state.
    pub situation: Situation,
    /// The situation in words for an operator.
    pub label: String,
    /// The reason for the outcome, or the present obstacle: a code.
    pub reason: Option<String>,
    /// Why no further batch is sent although some were accepted: a code.
    pub gave_up: Option<String>,
    /// Whose turn it is, and by when; null once the task is settled.
    pub held: Option<Held>,
    /// The acts that are possible on the task now.
    pub may: Vec<May>,
    /// The numbers of records.
    pub counts: Counts,
    /// The system and account where the task's run was searched; null before the search.
    pub target: Option<Target>,
    /// The number of spellings that the last search used, how many of its records show another person's
    /// identifier, and how many records it set aside.
    pub asked: Asked,
    /// The same numbers for the last look.
    pub looked: Option<Asked>,
    /// Why the last look that found none of the task's records counts.
    pub assurance: Option<Assurance>,
    /// How many rounds followed the run's first decision, for records that looks found beyond it.
    pub rounds: u32,
    /// The number of records that the run's finished rules list although they were never submitted.
    pub strangers: u32,
    /// The identifiers that the data source takes, and those that the request has.
    pub needs: Needs,
    /// The review policy for the task's records.
    pub policy: Policy,
    /// The keyed digest of the exact records found, on which a decision is made.
    pub found_digest: Option<Tag>,
    /// The decision on the task's records.
    pub decision: Option<DecisionView>,
    /// The person's decision.
    pub review: Option<ReviewView>,
    /// The number of the run, from 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub run: u32,
    /// Whether one of the task's rules waits for the vendor's own approval.
    pub awaiting_approval: bool,
    /// The vendor's claim of what it did.
    pub claim: Option<Claim>,
    /// How many tries of the present step failed.
    pub tries: u32,
    /// How many status checks found the rules unfinished.
    pub polls: u32,
    /// How many looks were made after the rules finished.
    pub looks: u32,
    /// How many decided records the last look found again.
    pub left: u32,
    /// The number of records that the last look found and no decision covers.
    pub appeared: u32,
    /// The earliest time of the next step.
    pub waits_until: Option<Time>,
    /// When reconciliation looks at the task, if nothing moves it earlier.
    pub next_due: Option<Time>,
    /// When the task's records were found.
    pub searched_at: Option<Time>,
    /// When the last batch was accepted.
    pub submitted_at: Option<Time>,
    /// When the last rule was found finished.
    pub finished_at: Option<Time>,
    /// When a look found none of the submitted records.
    pub verified_at: Option<Time>,
    /// When the task was handed to a person.
    pub handed_over_at: Option<Time>,
    /// When the task was settled.
    pub settled_at: Option<Time>,
    /// The task's rules at the vendor, by batch, those of earlier runs included.
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
        let situation = Situation::of(task, awaiting_approval);
        Self {
            source: task.source.clone(),
            connector: task.connector.clone(),
            state: task.state,
            outcome: task.outcome,
            situation,
            label: situation.words().to_owned(),
            reason: task.reason.clone(),
            gave_up: task.gave_up.clone(),
            held: owner::of_task(request, task, at.now, at.grace_seconds),
            may: acts::on_task(request, tasks, &life),
            // Until the task is settled, the numbers are the present round's.
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

    /// Whether a person has to confirm that there are no records.
    #[must_use]
    pub fn is_to_be_confirmed(&self) -> bool {
        self.state == TaskState::AwaitingReview
            && self.reason.as_deref() == Some(Code::NothingFoundToConfirm.as_str())
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

macro_rules! situations {
    ($($name:ident $code:literal $words:literal,)*) => {
        /// Where a task stands, finer than its state.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum Situation {
            $(#[doc = $words] #[serde(rename = $code)] $name,)*
        }

        impl Situation {
            /// Every situation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in every layer.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// It in words for an operator.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

situations! {
    MissingIdentifier "missing_identifier" "Missing identifier",
    NoRecordsByGiven "no_records_by_given" "No records by the identifier given",
    NothingFoundToConfirm "nothing_found_to_confirm" "Nothing found: confirm, or give another identifier",
    AwaitingReview "awaiting_review" "Waiting for your decision",
    NotSearchable "not_searchable" "Can't be searched now: tried again by itself",
    Searching "searching" "Searching",
    Decided "decided" "Decided, nothing sent yet",
    Submitting "submitting" "Being sent to the vendor",
    AwaitingApproval "awaiting_approval" "Waiting for the vendor's own approval",
    Submitted "submitted" "The vendor works on it",
    Verifying "verifying" "Checking that nothing is left",
    Copying "copying" "Copying",
    HandedOver "handed_over" "Needs your action: the reason says why",
    Unknown "unknown" "Finding out what the vendor did",
    VerifiedErased "verified_erased" "Erased, and seen to be gone",
    StatedErased "stated_erased" "Erased, as a person says",
    ReportedErased "reported_erased" "Erased, as the vendor says",
    Copied "copied" "Copied",
    NothingFound "nothing_found" "No records",
    Refused "refused" "Refused",
    StillPresent "still_present" "Failed: the records are still there",
    StatedFailed "stated_failed" "Failed, as a person says",
    LeftOut "left_out" "Left out by a person: it could not be searched",
    Failed "failed" "Failed",
    DryRun "dry_run" "Tried out, nothing done",
    Cancelled "cancelled" "Cancelled",
    Ended "ended" "Ended",
}

impl Situation {
    fn of(task: &Task, awaiting_approval: bool) -> Self {
        if let Some(outcome) = task.outcome {
            let stated = task.reason.as_deref() == Some(Code::StatedByAPerson.as_str());
            let left_out = task.reason.as_deref() == Some(Code::LeftOutByAPerson.as_str());
            return match outcome {
                Outcome::VerifiedErased => Self::VerifiedErased,
                Outcome::ReportedErased if stated => Self::StatedErased,
                Outcome::ReportedErased => Self::ReportedErased,
                Outcome::Copied => Self::Copied,
                Outcome::NothingFound => Self::NothingFound,
                Outcome::MissingIdentifier => Self::MissingIdentifier,
                Outcome::Refused => Self::Refused,
                Outcome::StillPresent => Self::StillPresent,
                Outcome::Failed if stated => Self::StatedFailed,
                Outcome::Failed if left_out => Self::LeftOut,
                Outcome::Failed => Self::Failed,
                Outcome::DryRun => Self::DryRun,
                Outcome::Cancelled => Self::Cancelled,
            };
        }
        match task.state {
            TaskState::AwaitingReview if task.lacks_identifier() => Self::MissingIdentifier,
            TaskState::AwaitingReview if task.found_nothing_by_given() => Self::NoRecordsByGiven,
            TaskState::AwaitingReview if task.wants_confirmation() => Self::NothingFoundToConfirm,
            TaskState::AwaitingReview => Self::AwaitingReview,
            TaskState::Planned if task.cannot_be_searched() => Self::NotSearchable,
            TaskState::Planned => Self::Searching,
            TaskState::Decided => Self::Decided,
            TaskState::Submitting => Self::Submitting,
            TaskState::Submitted if awaiting_approval => Self::AwaitingApproval,
            TaskState::Submitted => Self::Submitted,
            TaskState::Verifying => Self::Verifying,
            TaskState::Copying => Self::Copying,
            TaskState::Unknown if is_persons(task) => Self::HandedOver,
            TaskState::Unknown => Self::Unknown,
            TaskState::Settled => Self::Ended,
        }
    }
}

/// A rule at the vendor, for one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Rule"))]
pub struct RuleView {
    /// The number of its batch, from 0.
    pub batch: u32,
    /// The number of this try at its records, from 1.
    pub attempt: u32,
    /// The batch whose remaining records it repeats, if it repeats one.
    pub repeats: Option<u32>,
    /// The state.
    pub state: RuleState,
    /// The vendor's last status. `awaiting_approval` means the vendor's own approval, not yours.
    pub status: Option<RuleStatus>,
    /// The vendor's id for the rule.
    pub rule_id: Option<String>,
    /// Why the rule is rejected, not sent or unknown: a code.
    pub reason: Option<String>,
    /// How many records the rule names.
    pub records: u32,
    /// How many of them the finished rule lists.
    pub confirmed: u32,
    /// How many of them were found to be gone although no answer came.
    pub gone: u32,
    /// How many of them looks still found while the answer was missing.
    pub left: u32,
    /// How many looks found some of them while the answer was missing.
    pub looks: u32,
    /// The vendor's claim of what it did.
    pub claim: Option<Claim>,
    /// When the intent was stored.
    pub intent_at: Time,
    /// When the vendor gave the rule its id.
    pub accepted_at: Option<Time>,
    /// When the rule was found finished.
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
