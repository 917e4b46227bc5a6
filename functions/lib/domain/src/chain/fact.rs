//! What happened to a request, as its chain tells it.

use crate::base::actor::Actor;
use crate::base::identifier::IdentifierKind;
use crate::base::ids::SourceId;
use crate::base::seal::Tag;
use crate::base::stored::first;
use crate::base::time::Time;
use crate::law::ground::Ground;
use crate::law::level::Level;
use crate::law::right::Right;
use crate::model::escalation::Role;
use crate::model::policy::Policy;
use crate::model::request::{EndStatus, RequestOutcome};
use crate::model::task::{Asked, Assurance, Outcome, Verdict};
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        description = "What happened; `kind` says which members there are. None holds an identifier or a record id."
    )
)]
pub enum Fact {
    /// The request came in.
    Received {
        /// What is demanded.
        right: Right,
        /// The channel, `operator`, or `synthetic`.
        origin: String,
        /// The operator who made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Who decides.
        policy: Policy,
        /// Whether nothing may be erased.
        dry_run: bool,
        /// Whether the deployment made it itself, to see that everything works.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        synthetic: bool,
        /// The kinds of its identifiers.
        identifier_kinds: Vec<IdentifierKind>,
        /// The data sources asked.
        sources: Vec<SourceId>,
        /// The data sources that are connected and not asked: they are disabled, or the demand named
        /// others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_asked: Vec<SourceId>,
        /// When the person asked, where that was before the request came in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_at: Option<Time>,
        /// When the law wants an answer.
        due_at: Time,
    },
    /// The same delivery key came with another body; it was refused.
    DeliveryConflict {
        /// The channel.
        channel: String,
    },
    /// The same demand came again after the request was closed, more than a day after the last time; nothing
    /// ran for it.
    DeliveryRepeated {
        /// The channel, or `operator`.
        channel: String,
        /// The operator who sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
    },
    /// A workflow attempt was begun, because nobody moved the request.
    AttemptBegun {
        /// Its number.
        attempt: u32,
    },
    /// An execution of the current attempt ended without succeeding.
    AttemptEnded {
        /// The attempt's number.
        attempt: u32,
        /// Which task's execution; `None` for that of the whole request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<SourceId>,
        /// How it ended.
        status: EndStatus,
    },
    /// The legal deadline was extended.
    DeadlineExtended {
        /// By how many months in all, beside the first one.
        months: u8,
        /// Why.
        ground: Ground,
        /// Who extended it.
        by: String,
        /// When the law wants an answer now.
        due_at: Time,
    },
    /// The request came nearer to its legal deadline, or an extension took it further away.
    Escalated {
        /// How near.
        level: Level,
        /// Who must act; nobody where the level is `none`.
        who: Vec<Role>,
        /// Why: a code of ours.
        reason: String,
    },
    /// A data source is searched at this target: everything of the run goes there, or not at all.
    Targeted {
        /// Where.
        source: SourceId,
        /// The system and account.
        target: Target,
    },
    /// The data source points elsewhere since, and nothing was sent: it is searched and decided on anew.
    TargetChanged {
        /// Where.
        source: SourceId,
    },
    /// A search found so many records, or none.
    Found {
        /// Where.
        source: SourceId,
        /// How many.
        records: u32,
        /// What was asked, marked and set aside.
        #[serde(default)]
        asked: Asked,
    },
    /// A look found records that no decision covers: they go back to a decision of their own.
    WentBack {
        /// Where.
        source: SourceId,
        /// Which round it is, from 1.
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        round: u32,
        /// How many records.
        appeared: u32,
    },
    /// A person left out a data source that can't be searched.
    LeftOut {
        /// Where.
        source: SourceId,
        /// Who.
        by: Actor,
    },
    /// A person read the reason that a reviewer gave.
    ReasonRead {
        /// Where.
        source: SourceId,
        /// Who.
        by: Actor,
    },
    /// Someone decided what may be done with the records found.
    Decided {
        /// Where.
        source: SourceId,
        /// Who: `policy:auto`, later a reviewer.
        by: String,
        /// How many records.
        records: u32,
        /// The keyed digest of the exact records.
        digest: Tag,
    },
    /// A person has to decide: what was found is more than the policy allows, or the identifier that
    /// the data source needs is missing.
    ReviewNeeded {
        /// Where.
        source: SourceId,
        /// The policy.
        policy: Policy,
        /// How many records were found; 0 where the identifier is missing.
        records: u32,
        /// The keyed digest of the exact records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Tag>,
    },
    /// A person decided.
    Reviewed {
        /// Where.
        source: SourceId,
        /// Who.
        by: Actor,
        /// What.
        verdict: Verdict,
        /// On how many records.
        records: u32,
        /// The keyed digest of the exact records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Tag>,
    },
    /// An identifier was given, or given anew, for one data source.
    IdentifierGiven {
        /// Where.
        source: SourceId,
        /// Its kind.
        identifier: IdentifierKind,
        /// Who gave it.
        by: Actor,
    },
    /// An operator had one data source run again.
    RunsAgain {
        /// Where.
        source: SourceId,
        /// Which run it is, from 1.
        run: u32,
        /// Who.
        by: Actor,
    },
    /// An operator called the request off.
    CalledOff {
        /// Who.
        by: Actor,
    },
    /// An operator opened the closed request again.
    Reopened {
        /// Who.
        by: Actor,
        /// The data sources that run again.
        sources: Vec<SourceId>,
    },
    /// A person found out what no machine could tell, and said how the task ended.
    Stated {
        /// Where.
        source: SourceId,
        /// Who.
        by: Actor,
        /// How it ended, as they say.
        outcome: Outcome,
    },
    /// An operator was shown which records were found.
    RecordsShown {
        /// Where.
        source: SourceId,
        /// Who.
        by: Actor,
        /// How many.
        records: u32,
        /// Whether they were shown with the fields that tell who it is, as the vendor has them now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        with_fields: bool,
    },
    /// The records of a data source were copied.
    Copied {
        /// Where.
        source: SourceId,
        /// How many of those decided on.
        records: u32,
        /// How many of those decided on were gone.
        gone: u32,
    },
    /// What was copied can't be packed: it is copied again.
    CopyLost {
        /// Where.
        source: SourceId,
        /// Why: a code of ours.
        reason: String,
    },
    /// The person's copy was put together and kept.
    CopyKept {
        /// SHA-256 of the file, in hex.
        sha256: String,
        /// Its size in bytes.
        bytes: u64,
        /// How many records are in it.
        records: u32,
        /// When it is deleted.
        expires_at: Time,
    },
    /// An operator was given a link to the person's copy.
    CopyLinked {
        /// Who.
        by: Actor,
        /// Until when the link works.
        until: Time,
    },
    /// A batch is about to be submitted.
    Intended {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// The intent's fence.
        fence: u64,
        /// Which try at these records it is, from 1.
        #[serde(default = "first")]
        attempt: u32,
        /// The batch whose records were left, when it repeats one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeats: Option<u32>,
        /// How many records.
        records: u32,
        /// The keyed digest of the batch's records.
        digest: Tag,
    },
    /// The vendor opened a rule.
    Accepted {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// The vendor's id for it.
        rule_id: String,
    },
    /// The vendor opened a rule whose answer doubts that it is what was asked for: it is never sent again.
    Doubted {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// The vendor's id for it.
        rule_id: String,
        /// What is doubtful: a code of ours.
        reason: String,
    },
    /// A finished rule lists records that its submission never named: somebody else's may be erased.
    StrangersListed {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// How many.
        strangers: u32,
    },
    /// A batch certainly had no effect and may be sent again.
    NotSent {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// Why.
        reason: String,
    },
    /// The vendor did not take a batch.
    Rejected {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// Why.
        reason: String,
    },
    /// Nobody can tell whether a batch had an effect, or how a rule will end.
    BecameUnknown {
        /// Where.
        source: SourceId,
        /// Which batch, when it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u32>,
        /// Why.
        reason: String,
    },
    /// A look told what a missing answer could not: what is gone had the effect, what is left may be
    /// named again.
    Resolved {
        /// Where.
        source: SourceId,
        /// Which batch.
        batch: u32,
        /// How many of its records are gone.
        gone: u32,
        /// How many of its records are still found.
        left: u32,
    },
    /// No machine can move a task any more: a person has to.
    HandedOver {
        /// Where.
        source: SourceId,
        /// Why.
        reason: String,
    },
    /// Another request about the same person ended at this data source after the search: what it
    /// found is not sure any more, and it is searched again.
    SearchesAgain {
        /// Where.
        source: SourceId,
    },
    /// The vendor finished rules.
    Finished {
        /// Where.
        source: SourceId,
        /// Which batches.
        batches: Vec<u32>,
        /// How many of their records the vendor lists.
        confirmed: u32,
    },
    /// The look that told how a task ends: after an erasure it found none of the records, after a dry run
    /// it says how many are still there.
    Looked {
        /// Where.
        source: SourceId,
        /// How many of the records decided on are still found.
        left: u32,
        /// How many other records are found.
        appeared: u32,
        /// What makes it count where it found nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assurance: Option<Assurance>,
    },
    /// We looked again and found submitted records still there.
    StillThere {
        /// Where.
        source: SourceId,
        /// Which look.
        look: u32,
        /// How many submitted records are still found.
        left: u32,
        /// How many records are found that were not decided on.
        appeared: u32,
    },
    /// A task ended.
    Settled {
        /// Where.
        source: SourceId,
        /// How.
        outcome: Outcome,
        /// Why, where the outcome alone does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Records found anew by the last look, never erased without a new decision.
        appeared: u32,
    },
    /// The request ended.
    Closed {
        /// How.
        outcome: RequestOutcome,
    },
    /// The receipt was signed and kept.
    ReceiptKept {
        /// SHA-256 of the receipt, in hex.
        sha256: String,
    },
    /// Another receipt was kept for this closing before, and stands as it is.
    ReceiptDiffers {
        /// SHA-256 of the one that is kept, in hex.
        kept: String,
        /// SHA-256 of the one that was made now, in hex.
        made: String,
    },
    /// The person was forgotten: the data key is gone.
    Forgotten,
    /// The answer to the ticket is about to be sent.
    AnswerClaimed {
        /// Which call about it.
        attempt: u32,
    },
    /// The answer is on the ticket.
    AnswerSent {
        /// The call that put it there, or that was under way when it was found there.
        attempt: u32,
    },
    /// A call certainly did not put the answer on the ticket; it is made again.
    AnswerNotSent {
        /// Which call.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// Nobody can tell whether a call put the answer on the ticket: it is looked for.
    AnswerInDoubt {
        /// Which call.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// The answer is not going to be on the ticket: nobody tries any more.
    AnswerUndeliverable {
        /// Why.
        reason: String,
    },
}
