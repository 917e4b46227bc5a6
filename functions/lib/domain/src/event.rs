//! The append-only record of a request: what happened, in order, each event bound to the one before
//! it by its hash.
//!
//! Architecture Invariant: an event holds no identifier, no record id and no unkeyed digest of one.

use crate::actor::Actor;
use crate::escalation::{Level, Role};
use crate::failure::Code;
use crate::identifier::IdentifierKind;
use crate::ids::{RequestId, SourceId};
use crate::policy::Policy;
use crate::ports::Links;
use crate::request::{EndStatus, Ground, RequestOutcome, Right};
use crate::seal::{Tag, hex};
use crate::task::{Asked, Assurance, Outcome, Verdict};
use crate::time::Time;
use crate::vendor::Target;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
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

fn first() -> u32 {
    1
}

/// The head of a request's chain: the last event's number and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The last event's number; the first is 1.
    pub seq: u64,
    /// The last event's hash, in hex.
    pub hash: String,
}

impl Head {
    /// The head before the first event.
    #[must_use]
    pub fn start() -> Self {
        Self { seq: 0, hash: String::new() }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u8,
    seq: u64,
    prev: String,
    request: RequestId,
    at: Time,
    fact: Fact,
}

/// An event as it is stored: its exact bytes, and the head after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Canonical JSON: keys sorted, no white space.
    pub bytes: Vec<u8>,
    /// The chain's head with this event.
    pub head: Head,
}

/// A chain that does not hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {at} of the chain was changed, is missing or is out of order ({why})")]
pub struct ChainError {
    /// Which event, counted from 1.
    pub at: u64,
    /// What is wrong with it.
    pub why: Code,
}

/// Writes the event that follows `head`. The same input gives the same bytes.
///
/// # Errors
/// Never for the facts of this module; a fact that is no JSON would be one.
pub fn write(head: &Head, request: RequestId, at: Time, fact: &Fact) -> Result<Event, serde_json::Error> {
    let envelope =
        Envelope { v: 1, seq: head.seq + 1, prev: head.hash.clone(), request, at, fact: fact.clone() };
    let bytes = canonical(&serde_json::to_value(&envelope)?)?;
    let head = Head { seq: head.seq + 1, hash: hash(&bytes) };
    Ok(Event { bytes, head })
}

/// What every link of a chain has, whatever it tells: one that another version wrote is checked too.
#[derive(Deserialize)]
struct Link {
    seq: u64,
    prev: String,
    #[serde(default)]
    request: Option<RequestId>,
}

/// The head of a chain after this link, which has to follow `head` and be of this request; of none where it
/// is the deployment's journal.
///
/// # Errors
/// [`ChainError`] when it does not follow.
pub(crate) fn follow(head: &Head, request: Option<RequestId>, bytes: &[u8]) -> Result<Head, ChainError> {
    let at = head.seq + 1;
    let wrong = |why| ChainError { at, why };
    let link: Link = serde_json::from_slice(bytes).map_err(|_| wrong("unreadable"))?;
    if link.seq != at {
        return Err(wrong("number"));
    }
    if link.prev != head.hash {
        return Err(wrong("previous hash"));
    }
    if link.request != request {
        return Err(wrong("request"));
    }
    Ok(Head { seq: at, hash: hash(bytes) })
}

/// Checks that events follow each other without a gap or a change, and reads them.
///
/// # Errors
/// [`ChainError`] naming the first event that does not fit.
pub fn read_chain(request: RequestId, events: &[Vec<u8>]) -> Result<(Head, Vec<(Time, Fact)>), ChainError> {
    let mut head = Head::start();
    let mut facts = Vec::with_capacity(events.len());
    for bytes in events {
        head = follow(&head, Some(request), bytes)?;
        let unreadable = ChainError { at: head.seq, why: "unreadable" };
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(|_| unreadable)?;
        facts.push((envelope.at, envelope.fact));
    }
    Ok((head, facts))
}

/// Checks that a request's events are whole up to the head of their chain, which was read before them:
/// none was changed, or is missing, the last one included. What they tell is not read, so that an event which
/// only another version knows is whole as well. What follows the head is not looked at: an
/// event that is being appended may be there in part.
///
/// # Errors
/// [`ChainError`] naming the first event that does not fit.
pub fn verify_chain(request: RequestId, stored: &Links) -> Result<(), ChainError> {
    let head = stored.head.as_ref().ok_or(ChainError { at: 1, why: "head missing" })?;
    let told = stored.links.get(..length(head)).unwrap_or(&stored.links);
    let last = told.iter().try_fold(Head::start(), |head, bytes| follow(&head, Some(request), bytes))?;
    ends_at(head, &last)
}

/// How far a request's events led to its last closing: the head there, or before the first event that does not
/// fit, with what is wrong with it. What an event of another version tells is not read.
#[must_use]
pub fn up_to_closing(request: RequestId, events: &[Vec<u8>]) -> (Head, Option<ChainError>) {
    let (mut head, mut closing) = (Head::start(), None);
    for bytes in events {
        head = match follow(&head, Some(request), bytes) {
            Ok(next) => next,
            Err(broken) => return (head, Some(broken)),
        };
        let envelope: Option<Envelope> = serde_json::from_slice(bytes).ok();
        if envelope.is_some_and(|envelope| matches!(envelope.fact, Fact::Closed { .. })) {
            closing = Some(head.clone());
        }
    }
    match closing {
        Some(closing) => (closing, None),
        None => {
            let missing = ChainError { at: head.seq + 1, why: "missing" };
            (head, Some(missing))
        }
    }
}

/// How many links a chain of this head has.
fn length(head: &Head) -> usize {
    usize::try_from(head.seq).unwrap_or(usize::MAX)
}

/// Whether what was read ends at the head of its chain.
pub(crate) fn ends_at(head: &Head, read: &Head) -> Result<(), ChainError> {
    match read.seq.cmp(&head.seq) {
        Ordering::Less => Err(ChainError { at: read.seq + 1, why: "missing" }),
        _ if read == head => Ok(()),
        _ => Err(ChainError { at: read.seq, why: "hash" }),
    }
}

/// JSON with sorted keys and no white space.
///
/// # Errors
/// When a map has keys that are no strings.
pub fn canonical(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    // serde_json's map is a BTreeMap here (its feature `preserve_order` is off; a test asserts it),
    // and we use integers and strings only, so this is the one way to write the value.
    serde_json::to_vec(value)
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    // The 0x00 keeps an event's hash apart from any later tree node's (RFC 6962, section 2.1).
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(bytes);
    hex(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
    }

    fn chain() -> Vec<Vec<u8>> {
        let at = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let mut head = Head::start();
        [
            Fact::AttemptBegun { attempt: 1 },
            Fact::Closed { outcome: RequestOutcome::Fulfilled },
            Fact::Forgotten,
        ]
        .iter()
        .map(|fact| {
            let event = write(&head, id(), at, fact).unwrap();
            head = event.head;
            event.bytes
        })
        .collect()
    }

    #[test]
    fn a_chain_is_whole_up_to_its_head_and_what_is_being_appended_is_nobodys_fault() {
        let links = chain();
        let (head, _) = read_chain(id(), &links).unwrap();
        let stored =
            |head: &Head, links: &[Vec<u8>]| Links { head: Some(head.clone()), links: links.to_vec() };
        assert_eq!(verify_chain(id(), &stored(&head, &links)), Ok(()));
        // Appended after the head was read, the last one first.
        let (before, _) = read_chain(id(), &links[..1]).unwrap();
        let half = [links[0].clone(), links[2].clone()];
        assert_eq!(verify_chain(id(), &stored(&before, &half)), Ok(()));
        let broken = |stored: Links| verify_chain(id(), &stored).unwrap_err();
        assert_eq!(broken(stored(&head, &links[..2])), ChainError { at: 3, why: "missing" });
        let gap = [links[0].clone(), links[2].clone()];
        assert_eq!(broken(stored(&head, &gap)), ChainError { at: 2, why: "number" });
        let other = Head { hash: before.hash, ..head.clone() };
        assert_eq!(broken(stored(&other, &links)), ChainError { at: 3, why: "hash" });
        assert_eq!(broken(Links { head: None, links: links.clone() }).why, "head missing");
        let emptied = [links[0].clone(), Vec::new(), links[2].clone()];
        assert_eq!(broken(stored(&head, &emptied)), ChainError { at: 2, why: "unreadable" });
    }

    #[test]
    fn an_event_that_only_another_version_knows_is_whole_as_well() {
        let link = |request: RequestId| {
            serde_json::json!({
                "v": 2, "seq": 1, "prev": Head::start().hash, "request": request, "new": 1,
                "fact": {"kind": "from_another_version"},
            })
            .to_string()
            .into_bytes()
        };
        let links = vec![link(id())];
        let head = Head { seq: 1, hash: hash(&links[0]) };
        assert_eq!(read_chain(id(), &links).unwrap_err().why, "unreadable");
        assert_eq!(verify_chain(id(), &Links { head: Some(head.clone()), links }), Ok(()));
        let anothers = RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000f").unwrap();
        let foreign = Links { head: Some(head), links: vec![link(anothers)] };
        assert_eq!(verify_chain(id(), &foreign).unwrap_err().why, "request");
    }

    #[test]
    fn an_event_is_written_one_way_only() {
        insta::assert_snapshot!(
            String::from_utf8(chain()[0].clone()).unwrap(),
            @r#"{"at":"2026-11-21T09:30:00.000Z","fact":{"attempt":1,"kind":"attempt_begun"},"prev":"","request":"019aa6e0-5c1f-7000-8000-000000000001","seq":1,"v":1}"#
        );
    }

    #[test]
    fn a_whole_chain_reads_back() {
        let (head, facts) = read_chain(id(), &chain()).unwrap();
        assert_eq!(head.seq, 3);
        assert_eq!(facts[2].1, Fact::Forgotten);
    }

    #[test]
    fn a_changed_missing_or_swapped_event_breaks_the_chain() {
        let whole = chain();
        let mut changed = whole.clone();
        changed[0] =
            String::from_utf8(changed[0].clone()).unwrap().replace(":1,\"kind", ":2,\"kind").into_bytes();
        assert_eq!(read_chain(id(), &changed).unwrap_err().why, "previous hash");
        assert_eq!(read_chain(id(), &whole[1..]).unwrap_err().why, "number");
        let swapped = vec![whole[1].clone(), whole[0].clone()];
        assert!(read_chain(id(), &swapped).is_err());
    }
}
