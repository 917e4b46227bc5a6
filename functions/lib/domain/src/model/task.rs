//! One request at one data source, and the vendor's rules for it.

use crate::base::code::Code;
use crate::base::identifier::IdentifierKind;
use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::{Sealed, Tag};
use crate::base::stored::{first, is_default};
use crate::base::time::Time;
use crate::law::ground::RefusalGround;
use crate::model::limit::Slot;
use crate::model::policy::Policy;
use crate::vendor::report::Claim;
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};

/// The state of a task. Only `settled` is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "Where a request stands at one data source. Only `settled` is final.")
)]
pub enum TaskState {
    /// Not searched yet.
    Planned,
    /// Records were found, or the identifier is missing; a person must decide.
    AwaitingReview,
    /// Records were found, and a decision names exactly these.
    Decided,
    /// Batches are being submitted, one after another.
    Submitting,
    /// All batches are accepted; the vendor is working.
    Submitted,
    /// The vendor says that it finished; looks search for the records again.
    Verifying,
    /// The vendor's own export is over; the records are being copied.
    Copying,
    /// Nobody knows yet whether the vendor did it. Still open: a look may show it, or a person must find out.
    Unknown,
    /// The task has an outcome.
    Settled,
}

impl TaskState {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TaskState::Planned => "planned",
            TaskState::AwaitingReview => "awaiting_review",
            TaskState::Decided => "decided",
            TaskState::Submitting => "submitting",
            TaskState::Submitted => "submitted",
            TaskState::Verifying => "verifying",
            TaskState::Copying => "copying",
            TaskState::Unknown => "unknown",
            TaskState::Settled => "settled",
        }
    }
}

/// The outcome of a task. Each is kept distinct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// The vendor finished, and a later look by every identifier and spelling found no record of the person.
    VerifiedErased,
    /// The vendor finished and can't be searched.
    ReportedErased,
    /// The records are copied.
    Copied,
    /// The search found nothing.
    NothingFound,
    /// The data source needs an identifier that the request does not have.
    MissingIdentifier,
    /// Refused by the reviewer on a legal ground, or by the vendor with records still there.
    Refused,
    /// The vendor finished, yet the submitted records are found again after growing waits.
    StillPresent,
    /// The task could not be done.
    Failed,
    /// The vendor's process ran without erasing, or the records were searched and not copied.
    DryRun,
    /// The request was cancelled before anything was submitted.
    Cancelled,
}

impl Outcome {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::VerifiedErased => "verified_erased",
            Outcome::ReportedErased => "reported_erased",
            Outcome::Copied => "copied",
            Outcome::NothingFound => "nothing_found",
            Outcome::MissingIdentifier => "missing_identifier",
            Outcome::Refused => "refused",
            Outcome::StillPresent => "still_present",
            Outcome::Failed => "failed",
            Outcome::DryRun => "dry_run",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// A recorded decision on the records of a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// The author of the decision: the reviewer, or a policy's name such as `policy:auto`.
    pub by: String,
    /// The time of the decision.
    pub at: Time,
    /// The keyed digest of the exact records it allows.
    pub records: Tag,
}

/// A person's decision on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Act on the records found. If the identifier is missing, go on without this data source.
    Proceed,
    /// Refuse on this legal ground.
    Refuse(RefusalGround),
    /// Go on without this data source, which can't be searched.
    LeftOut,
    /// Neither: the person established the outcome and recorded it.
    Stated,
}

/// How many earlier decisions of persons a task keeps: even with the longest reasons they fit its row.
pub const MOST_REVIEWS: usize = 20;

/// A person's recorded decision on a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Review {
    /// The person who decided.
    pub by: String,
    /// The time of the decision.
    pub at: Time,
    /// The decision.
    pub verdict: Verdict,
    /// The reason in the person's own words, sealed, because it may name the data subject; deleted when the
    /// data subject is forgotten.
    pub reason: Sealed,
}

/// Why the last look at a task counts although it found none of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Assurance {
    /// The same search found the data source's control within the same minutes.
    Control,
    /// The data source has no control for these kinds of identifiers: two looks in a row, apart in time, found
    /// none of the records.
    TwoLooks,
}

impl Assurance {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Assurance::Control => "control",
            Assurance::TwoLooks => "two_looks",
        }
    }
}

/// The results of the rounds before the present one. Each had a decision of its own, on records that the look
/// after the previous round found beyond that round's decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rounds {
    /// The number of rounds.
    pub rounds: u32,
    /// The sums of their numbers of records.
    pub counts: Counts,
    /// The weakest of the vendor's claims about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Whether the vendor's reference to an effect in them is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreferenced: bool,
    /// The last decision before the present round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
}

/// The scope of a task's last search or look, and the records it set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Asked {
    /// The number of spellings of all the identifiers by which the vendor was asked.
    #[serde(default)]
    pub spellings: u32,
    /// The number of records that show another value of a kind that the request names.
    #[serde(default)]
    pub marked: u32,
    /// The number of records that the vendor returned and that were set aside.
    #[serde(default)]
    pub set_aside: u32,
    /// The number of those set aside whose value contains the identifier as a whole part.
    #[serde(default)]
    pub doubtful: u32,
    /// Whether more may be there than the vendor showed, because it does not say whether its answers are
    /// complete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_part: bool,
}

/// Numbers of records. None ever shrinks for a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Records that the search found.
    pub found: u32,
    /// Records in batches that the vendor accepted, or that had their effect without its answer. Each record
    /// counts once, however often it was submitted.
    pub submitted: u32,
    /// Records that finished rules list as treated.
    pub confirmed: u32,
}

/// The row `REQUEST#<id>` / `TASK#<source>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Task {
    /// Schema version of the row.
    pub schema: u8,
    /// Its request.
    pub request: RequestId,
    /// Its data source.
    pub source: SourceId,
    /// The data source's connector.
    pub connector: String,
    /// Its state.
    pub state: TaskState,
    /// Counts every change of the row.
    pub revision: u64,
    /// The revision of its request's row in the last change that wrote both: a reader of the two must see a
    /// request's row at least as new.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request_revision: u64,
    /// Counts the intents. Each intent has its own number, and an answer counts only for its own intent.
    pub fence: u64,
    /// Numbers of records.
    pub counts: Counts,
    /// The number of chunks of record ids.
    pub chunks: u32,
    /// The number of records in a batch, fixed with the first batch; 0 before.
    pub batch_size: u32,
    /// The policy that decides on its records.
    #[serde(default = "auto")]
    pub policy: Policy,
    /// The target at which the current run searched: every call of the run goes there, or none goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The scope of the run's last search, and the records it set aside.
    #[serde(default)]
    pub asked: Asked,
    /// The doubtful records that the last search of the run set aside, sealed: exactly those that a reviewer
    /// has seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubts: Option<Sealed>,
    /// The scope of the last look, and the records it set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Asked>,
    /// The earlier rounds of this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Rounds>,
    /// The number of looks in a row that found none of its records; during copying, the number of fetches in a
    /// row that missed some.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clear_looks: u32,
    /// Why the last look that found none of its records counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Assurance>,
    /// The number of records that finished rules of this run list and that were never submitted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strangers: u32,
    /// The keyed digest of the exact records that the last search found; a reviewer decides on these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_digest: Option<Tag>,
    /// The token under which an execution waits for the review; no personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A person's decision on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Earlier decisions of persons on it, at most the last [`MOST_REVIEWS`]. Their reasons stay readable until
    /// the data subject is forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_reviews: Vec<Review>,
    /// The kinds of the identifiers that were given for this data source alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserted: Vec<IdentifierKind>,
    /// The number of its run at this data source, from 1: a person may have it run again.
    #[serde(default = "first")]
    pub run: u32,
    /// The number of the first batch of this run; rules of earlier runs have lower ones.
    #[serde(default)]
    pub first_batch: u32,
    /// The decision on its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The reason for its outcome, or its present obstacle, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why no further batch goes out although some were accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<String>,
    /// The vendor's claim about the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The number of failed tries of its present step.
    pub tries: u32,
    /// How many of these the vendor, or a gateway before it, refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refusals: u32,
    /// How often its copy turned out lost or unusable and was made again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub copies_lost: u32,
    /// The number of status checks that found its rules unfinished.
    pub polls: u32,
    /// The number of looks after the rules finished.
    pub looks: u32,
    /// The number of decided records that the last look found again.
    pub left: u32,
    /// The number of records that the last look found and that were not there at the decision.
    pub appeared: u32,
    /// When its records were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched_at: Option<Time>,
    /// When the last batch was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Time>,
    /// When the last rule was seen finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// When a look found none of the submitted records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Time>,
    /// The fence of the lease that it holds on the person at this data source, from its first intent to its
    /// end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<u64>,
    /// The earliest time for its next step: the vendor asked for it, or a growing wait requires it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// The last batch checked, if a round of status checks ended early; the next round begins after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_to: Option<u32>,
    /// Its place in the data source's line, for the call that it waits to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// When it was handed to a person, because no automatic step is left. A look or a corrected set-up may
    /// still move it. `None` while an automatic step is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Time>,
    /// When it became unknown; `None` in every other state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_since: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Time>,
    /// When reconcile next visits it; `None` once its request is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Time>,
}

impl Task {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// The task as it is stored in one change with its request's row, which gets this revision; `None` when the
    /// change leaves that row alone.
    #[must_use]
    pub fn stored_with(&self, request_revision: Option<u64>) -> Self {
        Self { request_revision: request_revision.unwrap_or(self.request_revision), ..self.clone() }
    }

    /// Replaces the present decision of a person, and keeps it among the past ones.
    pub fn put_review(&mut self, review: Option<Review>) {
        self.past_reviews.extend(std::mem::replace(&mut self.review, review));
        let over = self.past_reviews.len().saturating_sub(MOST_REVIEWS);
        self.past_reviews.drain(..over);
    }

    /// The numbers of records of the run, over all its rounds.
    #[must_use]
    pub fn all_counts(&self) -> Counts {
        let earlier = self.earlier.as_ref().map(|earlier| earlier.counts).unwrap_or_default();
        Counts {
            found: self.counts.found.saturating_add(earlier.found),
            submitted: self.counts.submitted.saturating_add(earlier.submitted),
            confirmed: self.counts.confirmed.saturating_add(earlier.confirmed),
        }
    }

    /// Whether it waits for a person because the identifier that the data source needs is missing.
    #[must_use]
    pub fn lacks_identifier(&self) -> bool {
        self.state == TaskState::AwaitingReview
            && self.reason.as_deref() == Some(Code::IdentifierMissing.as_str())
    }

    /// Whether it waits for a person because an identifier that was given for it found nothing.
    #[must_use]
    pub fn found_nothing_by_given(&self) -> bool {
        self.state == TaskState::AwaitingReview
            && self.reason.as_deref() == Some(Code::IdentifierFoundNothing.as_str())
    }

    /// Whether it waits for a person to confirm that nothing is there, or to give another identifier.
    #[must_use]
    pub fn wants_confirmation(&self) -> bool {
        self.state == TaskState::AwaitingReview
            && self.reason.as_deref() == Some(Code::NothingFoundToConfirm.as_str())
    }

    /// Whether it can't be searched at present: a person may leave it out, or state its outcome.
    #[must_use]
    pub fn cannot_be_searched(&self) -> bool {
        // A rate or a quota delays the search only briefly.
        let waits = |reason: &str| [Code::RateLimited.as_str(), Code::QuotaSpent.as_str()].contains(&reason);
        self.state == TaskState::Planned && self.reason.as_deref().is_some_and(|reason| !waits(reason))
    }

    /// Whether it waits for an identifier, or for a person to leave it out.
    #[must_use]
    pub fn wants_identifier(&self) -> bool {
        self.lacks_identifier() || self.found_nothing_by_given()
    }

    /// A task that has not begun.
    #[must_use]
    pub fn planned(request: RequestId, source: SourceId, connector: String, next_due: Time) -> Self {
        Self {
            schema: Self::SCHEMA,
            request,
            source,
            connector,
            state: TaskState::Planned,
            revision: 0,
            request_revision: 0,
            fence: 0,
            counts: Counts::default(),
            chunks: 0,
            batch_size: 0,
            policy: Policy::Auto,
            target: None,
            asked: Asked::default(),
            doubts: None,
            looked: None,
            earlier: None,
            clear_looks: 0,
            assurance: None,
            strangers: 0,
            found_digest: None,
            token: None,
            review: None,
            past_reviews: Vec::new(),
            inserted: Vec::new(),
            run: 1,
            first_batch: 0,
            decision: None,
            outcome: None,
            reason: None,
            gave_up: None,
            claim: None,
            tries: 0,
            refusals: 0,
            copies_lost: 0,
            polls: 0,
            looks: 0,
            left: 0,
            appeared: 0,
            searched_at: None,
            submitted_at: None,
            finished_at: None,
            verified_at: None,
            lease: None,
            not_before: None,
            asked_to: None,
            slot: None,
            handed_over_at: None,
            unknown_since: None,
            settled_at: None,
            next_due: Some(next_due),
        }
    }
}

fn auto() -> Policy {
    Policy::Auto
}
