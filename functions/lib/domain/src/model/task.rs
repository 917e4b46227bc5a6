//! One request at one data source, and the rules the vendor opens for it.

use crate::base::code::{
    IDENTIFIER_FOUND_NOTHING, IDENTIFIER_MISSING, NOTHING_FOUND, QUOTA_SPENT, RATE_LIMITED,
};
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

/// Where a task stands. Only [`TaskState::Settled`] is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "Where a request stands at one data source. Only `settled` is final.")
)]
pub enum TaskState {
    /// Nothing was searched yet.
    Planned,
    /// Records were found, or the identifier is missing, and a person has to decide what is done.
    AwaitingReview,
    /// Records were found, and a decision names exactly them.
    Decided,
    /// Batches go out, one after another.
    Submitting,
    /// All batches are accepted; the vendor works.
    Submitted,
    /// The vendor says it is done; we look again.
    Verifying,
    /// The vendor's own export is over; the records are copied.
    Copying,
    /// Nobody can tell yet whether the vendor did it. Open: a look may tell, or else a person has to.
    Unknown,
    /// It has an outcome.
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

/// How a task ended; none is folded into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// The vendor finished, and a later look by every identifier and spelling found no record of the person
    /// at all.
    VerifiedErased,
    /// The vendor finished and can't be searched.
    ReportedErased,
    /// The copy is made.
    Copied,
    /// The search found nothing.
    NothingFound,
    /// The data source needs an identifier that the request does not have.
    MissingIdentifier,
    /// Refused by the reviewer on a legal ground, or by the vendor with records still there.
    Refused,
    /// The vendor finished, yet the submitted records are found again after growing waits.
    StillPresent,
    /// It could not be done.
    Failed,
    /// The vendor's process was run without erasing, or the records were searched and not copied.
    DryRun,
    /// The request was called off before anything was submitted.
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
    /// Who decided: `policy:auto` or another policy's name, or the reviewer.
    pub by: String,
    /// When.
    pub at: Time,
    /// The keyed digest of the exact records it allows.
    pub records: Tag,
}

/// What a person decided about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// Act on what was found; where the identifier is missing, go on without this data source.
    Proceed,
    /// Don't, on this legal ground.
    Refuse(RefusalGround),
    /// Go on without this data source, which can't be searched.
    LeftOut,
    /// Neither: they found out how it ended, and said so.
    Stated,
}

/// How many earlier decisions of persons a task keeps: with the longest reasons they fit its row.
pub const MOST_REVIEWS: usize = 20;

/// A person's recorded decision on a task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Review {
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Time,
    /// What.
    pub verdict: Verdict,
    /// Their reason in their own words, sealed, because it may name the person; gone with them.
    pub reason: Sealed,
}

/// What made the last look at a task count although it found none of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Assurance {
    /// The same search found the data source's control within the same minutes.
    Control,
    /// The data source has no control for these kinds of identifiers: two looks in a row, apart in time,
    /// found none.
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

/// What the rounds before the present one came to: each had a decision of its own, about records that
/// the look after the round before it found beyond that decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rounds {
    /// How many there were.
    pub rounds: u32,
    /// Their numbers of records, added up.
    pub counts: Counts,
    /// The weakest of the vendor's claims about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Whether the vendor's reference to some effect in them is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreferenced: bool,
    /// The last decision before the present round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
}

/// What the last search or look of a task asked, and what it set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Asked {
    /// In how many spellings of the identifiers the vendor was asked, all of them together.
    #[serde(default)]
    pub spellings: u32,
    /// Records that show another value of a kind that the request names.
    #[serde(default)]
    pub marked: u32,
    /// Records that the vendor returned and that were set aside.
    #[serde(default)]
    pub set_aside: u32,
    /// Those set aside whose value contains the identifier as a whole part.
    #[serde(default)]
    pub doubtful: u32,
    /// The vendor does not say whether its answers are whole: more may be there than it showed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_part: bool,
}

/// Numbers of records. None of them ever shrinks for a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// Found by the search.
    pub found: u32,
    /// In batches that the vendor accepted, or that were seen to have had their effect without its
    /// answer; each record once, however often it was named.
    pub submitted: u32,
    /// Listed by the vendor as treated, in finished rules.
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
    /// Where it stands.
    pub state: TaskState,
    /// Counts every change of the row.
    pub revision: u64,
    /// The revision of its request's row in the last change that wrote both: whoever reads the two at once
    /// has to see one at least as new.
    #[serde(default, skip_serializing_if = "is_default")]
    pub request_revision: u64,
    /// Counts the intents; each intent has its own, and an answer counts only for its own.
    pub fence: u64,
    /// Numbers of records.
    pub counts: Counts,
    /// How many chunks of record ids there are.
    pub chunks: u32,
    /// How many records a batch holds, fixed with the first batch; 0 before.
    pub batch_size: u32,
    /// Who decides on its records.
    #[serde(default = "auto")]
    pub policy: Policy,
    /// The target that the current run was searched at: everything of the run goes there, or not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What the last search of the run asked and set aside.
    #[serde(default)]
    pub asked: Asked,
    /// Which doubtful records the last search of the run set aside, sealed: a reviewer has seen these and no
    /// others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubts: Option<Sealed>,
    /// What the last look asked and set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Asked>,
    /// The rounds of this run that came before the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Rounds>,
    /// Looks in a row that found none of its records; while it is copied, fetches in a row that missed some.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clear_looks: u32,
    /// What made the last look that found none of its records count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Assurance>,
    /// Records that finished rules of this run list and that were never submitted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strangers: u32,
    /// The keyed digest of the exact records that the last search found: what a reviewer decides on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_digest: Option<Tag>,
    /// The token under which an execution waits for the review; no personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What a person decided about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// What persons decided about it before: their reasons stay readable until the person is forgotten. The
    /// last ones, at most [`MOST_REVIEWS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_reviews: Vec<Review>,
    /// The kinds of identifiers that were given for this data source alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserted: Vec<IdentifierKind>,
    /// Which run at this data source it is, from 1: a person may have it run again.
    #[serde(default = "first")]
    pub run: u32,
    /// The number of the first batch of this run; rules of earlier runs have lower ones.
    #[serde(default)]
    pub first_batch: u32,
    /// The decision on its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why it ended so, or what stands in its way now: a code of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why no further batch goes out although some were accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up: Option<String>,
    /// What the vendor says it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Failed tries of the step it is in.
    pub tries: u32,
    /// How many of them the vendor, or a gateway before it, refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub refusals: u32,
    /// How often what was copied turned out lost, or unfit, and was copied again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub copies_lost: u32,
    /// Checks of its rules that found them unfinished.
    pub polls: u32,
    /// Looks after the rules finished.
    pub looks: u32,
    /// Records decided on that the last look found again.
    pub left: u32,
    /// Records that the last look found and that were not there when the decision was made.
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
    /// The fence of the lease that it holds on the person at this data source: from its first intent
    /// to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<u64>,
    /// Before this time its next step is not taken: a vendor, or a wait that grows, wants it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// The last batch that was asked about, where a round of questions ended before its end; the next one begins
    /// behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_to: Option<u32>,
    /// Its place in the data source's line, for the call that it waits to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// When it was handed to a person, because a machine doesn't know how to go on; a look, or a set-up
    /// that is mended, may still move it. `None` while a machine can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Time>,
    /// Since when it is unknown; `None` while it isn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_since: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Time>,
    /// When the reconciliation looks at it; `None` once its request is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Time>,
}

impl Task {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// The task as it is stored in one change with its request's row, which gets this revision; `None` where
    /// the change leaves that row alone.
    #[must_use]
    pub fn stored_with(&self, request_revision: Option<u64>) -> Self {
        Self { request_revision: request_revision.unwrap_or(self.request_revision), ..self.clone() }
    }

    /// Puts a person's decision in the place of the one before, which is kept behind it.
    pub fn put_review(&mut self, review: Option<Review>) {
        self.past_reviews.extend(std::mem::replace(&mut self.review, review));
        let over = self.past_reviews.len().saturating_sub(MOST_REVIEWS);
        self.past_reviews.drain(..over);
    }

    /// The numbers of records of the run, all its rounds together.
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
        self.state == TaskState::AwaitingReview && self.reason.as_deref() == Some(IDENTIFIER_MISSING)
    }

    /// Whether it waits for a person because an identifier that was given for it finds nothing.
    #[must_use]
    pub fn found_nothing_by_given(&self) -> bool {
        self.state == TaskState::AwaitingReview && self.reason.as_deref() == Some(IDENTIFIER_FOUND_NOTHING)
    }

    /// Whether it waits for a person to confirm that there is nothing, or to give another identifier.
    #[must_use]
    pub fn wants_confirmation(&self) -> bool {
        self.state == TaskState::AwaitingReview && self.reason.as_deref() == Some(NOTHING_FOUND)
    }

    /// Whether it can't be searched as things are: a person may leave it out, or state how it stands.
    #[must_use]
    pub fn cannot_be_searched(&self) -> bool {
        // Held back by a rate or a quota it is searched soon.
        let waits = |reason: &str| [RATE_LIMITED, QUOTA_SPENT].contains(&reason);
        self.state == TaskState::Planned && self.reason.as_deref().is_some_and(|reason| !waits(reason))
    }

    /// Whether it waits for an identifier, or for being left out.
    #[must_use]
    pub fn wants_identifier(&self) -> bool {
        self.lacks_identifier() || self.found_nothing_by_given()
    }

    /// A task that nobody has begun.
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
