//! The append-only record of a request: its events in order, each bound to the one before by its hash.
//!
//! Architecture Invariant: an event holds no identifier, no record id and no unkeyed digest of one.

use crate::base::canonical::{canonical, hash};
use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::chain::links::{ChainError, Head, Links, ends_at, follow, length};
use serde::{Deserialize, Serialize};

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

/// Writes the event that follows `head`. The same input gives the same bytes.
///
/// # Errors
/// Never for the facts of this module; only for a fact that JSON can't express.
pub fn write(head: &Head, request: RequestId, at: Time, fact: &Fact) -> Result<Event, serde_json::Error> {
    let envelope =
        Envelope { v: 1, seq: head.seq + 1, prev: head.hash.clone(), request, at, fact: fact.clone() };
    let bytes = canonical(&serde_json::to_value(&envelope)?)?;
    let head = Head { seq: head.seq + 1, hash: hash(&bytes) };
    Ok(Event { bytes, head })
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

/// Checks that a request's events are complete up to the head of their chain, which was read before them: no
/// event was changed or is missing, including the last one. Their content is not read, so an event that only
/// another version knows passes too. Events after the head are ignored: an event that is being appended may be
/// there in part.
///
/// # Errors
/// [`ChainError`] naming the first event that does not fit.
pub fn verify_chain(request: RequestId, stored: &Links) -> Result<(), ChainError> {
    let head = stored.head.as_ref().ok_or(ChainError { at: 1, why: "head missing" })?;
    let told = stored.links.get(..length(head)).unwrap_or(&stored.links);
    let last = told.iter().try_fold(Head::start(), |head, bytes| follow(&head, Some(request), bytes))?;
    ends_at(head, &last)
}

/// How far a request's events lead to its last closing: the head there, or the head before the first event that
/// does not fit, with the error. The content of another version's events is not read.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::RequestOutcome;

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
