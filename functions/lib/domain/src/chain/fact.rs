//! The events of a request, as its chain records them.

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

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        description = "An event; its members depend on its `kind`. None holds an identifier or a record id."
    )
)]
pub enum Fact {
    /// The request arrived.
    Received {
        /// The right that the data subject exercises.
        right: Right,
        /// The channel, `operator`, or `synthetic`.
        origin: String,
        /// The operator who made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// The policy that decides on the records found.
        policy: Policy,
        /// Whether it is a dry run, which erases nothing.
        dry_run: bool,
        /// Whether the deployment made it itself, to check that everything works.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        synthetic: bool,
        /// The kinds of its identifiers.
        identifier_kinds: Vec<IdentifierKind>,
        /// The data sources it covers.
        sources: Vec<SourceId>,
        /// The data sources that are connected but not asked: they are disabled, or the request names others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_asked: Vec<SourceId>,
        /// When the person asked, if that was before the request arrived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        received_at: Option<Time>,
        /// The legal deadline for the answer.
        due_at: Time,
    },
    /// The same delivery key came with another body; the delivery was refused.
    DeliveryConflict {
        /// The channel.
        channel: String,
    },
    /// The same demand came again after the request was closed, more than a day after the last time. Nothing
    /// ran for it.
    DeliveryRepeated {
        /// The channel, or `operator`.
        channel: String,
        /// The operator who sent it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
    },
    /// A new workflow attempt began, because no execution moved the request.
    AttemptBegun {
        /// Its number.
        attempt: u32,
    },
    /// An execution of the current attempt ended without success.
    AttemptEnded {
        /// The attempt's number.
        attempt: u32,
        /// The task whose execution ended; absent for the execution of the whole request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<SourceId>,
        /// How it ended.
        status: EndStatus,
    },
    /// The legal deadline was extended.
    DeadlineExtended {
        /// The total number of months added to the first one.
        months: u8,
        /// The ground.
        ground: Ground,
        /// The operator who extended it.
        by: String,
        /// The new legal deadline.
        due_at: Time,
    },
    /// The request came closer to its legal deadline, or an extension moved the deadline away.
    Escalated {
        /// The new distance to the deadline.
        level: Level,
        /// Who must act; empty at level `none`.
        who: Vec<Role>,
        /// The reason, as a code.
        reason: String,
    },
    /// A data source is searched at this target: every call of the run goes there, or none goes out.
    Targeted {
        /// The data source.
        source: SourceId,
        /// The system and account.
        target: Target,
    },
    /// The data source has pointed elsewhere since, and nothing was submitted: it is searched and decided on
    /// again.
    TargetChanged {
        /// The data source.
        source: SourceId,
    },
    /// A search found records, or none.
    Found {
        /// The data source.
        source: SourceId,
        /// The number of records.
        records: u32,
        /// The scope of the search, and the records it marked and set aside.
        #[serde(default)]
        asked: Asked,
    },
    /// A look found records that no decision covers; they need a decision of their own.
    WentBack {
        /// The data source.
        source: SourceId,
        /// The number of the round, from 1.
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        round: u32,
        /// The number of records.
        appeared: u32,
    },
    /// A person left out a data source that can't be searched.
    LeftOut {
        /// The data source.
        source: SourceId,
        /// The person.
        by: Actor,
    },
    /// A person saw the data subject's identifiers.
    IdentifiersShown {
        /// The person.
        by: Actor,
        /// How many identifiers were shown.
        identifiers: u32,
    },
    /// A person read the reason that a reviewer gave.
    ReasonRead {
        /// The data source.
        source: SourceId,
        /// The person.
        by: Actor,
    },
    /// A decision was made on the records found.
    Decided {
        /// The data source.
        source: SourceId,
        /// The author of the decision: a policy such as `policy:auto`, or a reviewer.
        by: String,
        /// The number of records.
        records: u32,
        /// The keyed digest of the exact records.
        digest: Tag,
    },
    /// A person must decide: more was found than the policy allows, or the identifier that the data source
    /// needs is missing.
    ReviewNeeded {
        /// The data source.
        source: SourceId,
        /// The policy.
        policy: Policy,
        /// The number of records found; 0 when the identifier is missing.
        records: u32,
        /// The keyed digest of the exact records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Tag>,
    },
    /// A person decided.
    Reviewed {
        /// The data source.
        source: SourceId,
        /// The person.
        by: Actor,
        /// The decision.
        verdict: Verdict,
        /// The number of records it covers.
        records: u32,
        /// The keyed digest of the exact records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<Tag>,
    },
    /// An identifier was given for one data source, or replaced.
    IdentifierGiven {
        /// The data source.
        source: SourceId,
        /// Its kind.
        identifier: IdentifierKind,
        /// The person who gave it.
        by: Actor,
    },
    /// An operator had one data source run again.
    RunsAgain {
        /// The data source.
        source: SourceId,
        /// The number of the run, from 1.
        run: u32,
        /// The operator.
        by: Actor,
    },
    /// An operator cancelled the request.
    CalledOff {
        /// The operator.
        by: Actor,
    },
    /// An operator reopened the closed request.
    Reopened {
        /// The operator.
        by: Actor,
        /// The data sources that run again.
        sources: Vec<SourceId>,
    },
    /// A person established the outcome, which no automatic step could, and recorded it.
    Stated {
        /// The data source.
        source: SourceId,
        /// The person.
        by: Actor,
        /// The outcome that the person states.
        outcome: Outcome,
    },
    /// An operator was shown the records found.
    RecordsShown {
        /// The data source.
        source: SourceId,
        /// The operator.
        by: Actor,
        /// The number of records.
        records: u32,
        /// Whether they were shown with the fields that identify the person, as the vendor has them now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        with_fields: bool,
    },
    /// The records of a data source were copied.
    Copied {
        /// The data source.
        source: SourceId,
        /// The number of decided records that were copied.
        records: u32,
        /// The number of decided records that were gone.
        gone: u32,
    },
    /// The copied records can't be packed; they are copied again.
    CopyLost {
        /// The data source.
        source: SourceId,
        /// The reason, as a code.
        reason: String,
    },
    /// The person's copy was packed and stored.
    CopyKept {
        /// SHA-256 of the file, in hex.
        sha256: String,
        /// Its size in bytes.
        bytes: u64,
        /// The number of records in it.
        records: u32,
        /// The time when it is deleted.
        expires_at: Time,
    },
    /// An operator received a link to the person's copy.
    CopyLinked {
        /// The operator.
        by: Actor,
        /// The time until which the link works.
        until: Time,
    },
    /// A batch is about to be submitted.
    Intended {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The intent's fence.
        fence: u64,
        /// The number of this try at these records, from 1.
        #[serde(default = "first")]
        attempt: u32,
        /// The batch whose remaining records this one repeats, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repeats: Option<u32>,
        /// The number of records.
        records: u32,
        /// The keyed digest of the batch's records.
        digest: Tag,
    },
    /// The vendor opened a rule.
    Accepted {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The vendor's id for it.
        rule_id: String,
    },
    /// The vendor opened a rule, but its answer doubts that the rule is the one we asked for. The batch is
    /// never sent again.
    Doubted {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The vendor's id for it.
        rule_id: String,
        /// The doubt, as a code.
        reason: String,
    },
    /// A finished rule lists records that its submission never named: another person's records may be erased.
    StrangersListed {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The number of such records.
        strangers: u32,
    },
    /// A batch certainly had no effect and may be sent again.
    NotSent {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The reason.
        reason: String,
    },
    /// The vendor did not accept a batch.
    Rejected {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The reason.
        reason: String,
    },
    /// Nobody knows whether a batch had an effect, or how a rule will end.
    BecameUnknown {
        /// The data source.
        source: SourceId,
        /// The number of the batch, if it concerns one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u32>,
        /// The reason.
        reason: String,
    },
    /// A look resolved a missing answer: for the records that are gone the batch had its effect; the others may
    /// be submitted again.
    Resolved {
        /// The data source.
        source: SourceId,
        /// The number of the batch.
        batch: u32,
        /// The number of its records that are gone.
        gone: u32,
        /// The number of its records that are still found.
        left: u32,
    },
    /// No automatic step can move the task any more; a person must act.
    HandedOver {
        /// The data source.
        source: SourceId,
        /// The reason.
        reason: String,
    },
    /// Another request about the same person ended at this data source after the search. The result may be
    /// outdated, so the search is repeated.
    SearchesAgain {
        /// The data source.
        source: SourceId,
    },
    /// The vendor finished rules.
    Finished {
        /// The data source.
        source: SourceId,
        /// The numbers of the batches.
        batches: Vec<u32>,
        /// The number of their records that the vendor lists.
        confirmed: u32,
    },
    /// The look that decided the outcome. After an erasure it found none of the records; after a dry run it
    /// counts those still there.
    Looked {
        /// The data source.
        source: SourceId,
        /// The number of decided records that are still found.
        left: u32,
        /// The number of other records found.
        appeared: u32,
        /// Why the look counts, if it found nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assurance: Option<Assurance>,
    },
    /// A look found submitted records still there.
    StillThere {
        /// The data source.
        source: SourceId,
        /// The number of the look.
        look: u32,
        /// The number of submitted records that are still found.
        left: u32,
        /// The number of records found that no decision covers.
        appeared: u32,
    },
    /// A task ended.
    Settled {
        /// The data source.
        source: SourceId,
        /// Its outcome.
        outcome: Outcome,
        /// The reason, if the outcome alone does not show it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The number of new records that the last look found; never erased without a new decision.
        appeared: u32,
    },
    /// The request ended.
    Closed {
        /// Its outcome.
        outcome: RequestOutcome,
    },
    /// The receipt was signed and stored.
    ReceiptKept {
        /// SHA-256 of the receipt, in hex.
        sha256: String,
    },
    /// Another receipt was stored for this closing before, and stays unchanged.
    ReceiptDiffers {
        /// SHA-256 of the stored one, in hex.
        kept: String,
        /// SHA-256 of the new one, in hex.
        made: String,
    },
    /// The person was forgotten: the data key is deleted.
    Forgotten,
    /// The answer to the ticket is about to be sent.
    AnswerClaimed {
        /// The number of the call about it.
        attempt: u32,
    },
    /// The answer is on the ticket.
    AnswerSent {
        /// The number of the call that put it there, or that was under way when it was found there.
        attempt: u32,
    },
    /// A call certainly did not put the answer on the ticket; another one follows.
    AnswerNotSent {
        /// The number of the call.
        attempt: u32,
        /// The reason.
        reason: String,
    },
    /// Nobody knows whether a call put the answer on the ticket; Rightful looks for it there.
    AnswerInDoubt {
        /// The number of the call.
        attempt: u32,
        /// The reason.
        reason: String,
    },
    /// The answer will not reach the ticket; no further try follows.
    AnswerUndeliverable {
        /// The reason.
        reason: String,
    },
}
