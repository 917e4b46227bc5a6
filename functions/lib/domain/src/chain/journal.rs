//! The append-only record of a deployment: its operators' acts that concern no single request. Written and
//! chained like a request's events.
//!
//! Architecture Invariant: it holds no secret and no personal data of a data subject.

use crate::base::actor::Actor;
use crate::base::canonical::{canonical, hash};
use crate::base::time::Time;
use crate::chain::act::Act;
use crate::chain::links::{ChainError, Head, Links, ends_at, follow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u8,
    seq: u64,
    prev: String,
    at: Time,
    by: Actor,
    act: Act,
}

/// An entry of the journal, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "An entry of the deployment's journal.")
)]
pub struct Entry {
    /// Its number; the first is 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub seq: u64,
    /// When it happened.
    pub at: Time,
    /// The operator.
    pub by: Actor,
    /// The act.
    pub act: Act,
}

/// An entry as it is stored: its exact bytes, and the head after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Canonical JSON: keys sorted, no white space.
    pub bytes: Vec<u8>,
    /// The chain's head with this entry.
    pub head: Head,
}

/// Writes the entry that follows `head`. The same input gives the same bytes.
///
/// # Errors
/// Never for the acts of this module; only for an act that JSON can't express.
pub fn write(head: &Head, at: Time, by: &Actor, act: &Act) -> Result<Written, serde_json::Error> {
    let envelope =
        Envelope { v: 1, seq: head.seq + 1, prev: head.hash.clone(), at, by: by.clone(), act: act.clone() };
    let bytes = canonical(&serde_json::to_value(&envelope)?)?;
    let head = Head { seq: head.seq + 1, hash: hash(&bytes) };
    Ok(Written { bytes, head })
}

/// Checks that entries follow each other after `head` without a gap or a change, and reads them.
///
/// # Errors
/// [`ChainError`] naming the first entry that does not fit.
pub fn read(head: &Head, entries: &[Vec<u8>]) -> Result<(Head, Vec<Entry>), ChainError> {
    let mut head = head.clone();
    let mut read = Vec::with_capacity(entries.len());
    for bytes in entries {
        head = follow(&head, None, bytes)?;
        let unreadable = ChainError { at: head.seq, why: "unreadable" };
        let one: Envelope = serde_json::from_slice(bytes).map_err(|_| unreadable)?;
        read.push(Entry { seq: one.seq, at: one.at, by: one.by, act: one.act });
    }
    Ok((head, read))
}

/// Checks the entries that follow `from` against the journal's head, which was read before them. Returns the
/// point from which to check next: after the last of them, or the beginning (`None`) once the head is reached.
///
/// # Errors
/// [`ChainError`] naming the first entry that does not fit.
pub fn verify(from: Option<&Head>, stored: &Links) -> Result<Option<Head>, ChainError> {
    let start = Head::start();
    let from = from.unwrap_or(&start);
    let Some(head) = &stored.head else {
        let any = from.seq > 0 || !stored.links.is_empty();
        return if any { Err(ChainError { at: from.seq + 1, why: "head missing" }) } else { Ok(None) };
    };
    let told = usize::try_from(head.seq.saturating_sub(from.seq)).unwrap_or(usize::MAX);
    let links = stored.links.get(..told).unwrap_or(&stored.links);
    let read = links.iter().try_fold(from.clone(), |head, bytes| follow(&head, None, bytes))?;
    // A page without entries before the head has a gap in front of it.
    if read.seq >= head.seq || links.is_empty() {
        return ends_at(head, &read).map(|()| None);
    }
    Ok(Some(read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::SourceId;

    #[test]
    fn entries_follow_each_other_and_a_change_is_seen() {
        let by = Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let at = Time::parse("2026-11-24T09:30:00Z").unwrap();
        let source = SourceId::parse("crm").unwrap();
        let first = write(&Head::start(), at, &by, &Act::SourceDisabled { source: source.clone() }).unwrap();
        let second = write(&first.head, at, &by, &Act::SourceRemoved { source }).unwrap();
        let both = [first.bytes.clone(), second.bytes.clone()];
        let (head, entries) = read(&Head::start(), &both).unwrap();
        assert_eq!((head, entries.len()), (second.head, 2));
        assert_eq!(read(&first.head, &both[1..]).unwrap().1[0].seq, 2);
        let changed = String::from_utf8(first.bytes).unwrap().replace("ann", "bob").into_bytes();
        assert_eq!(read(&Head::start(), &[changed, second.bytes]).unwrap_err().why, "previous hash");
    }

    #[test]
    fn an_entry_of_a_version_that_knew_no_targets_is_read_and_its_bytes_stay_as_they_are() {
        let old = [
            r#"{"connector":"qualifio","kind":"source_added","source":"crm"}"#,
            r#"{"kind":"source_changed","params":["host"],"review":{},"secret":true,"source":"crm"}"#,
        ];
        for text in old {
            let act: Act = serde_json::from_str(text).unwrap();
            let (Act::SourceAdded { target, .. } | Act::SourceChanged { target, .. }) = &act else {
                panic!("another act")
            };
            assert_eq!(*target, None);
            assert_eq!(canonical(&serde_json::to_value(&act).unwrap()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn the_journal_is_checked_page_by_page_up_to_its_head() {
        let by = Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let at = Time::parse("2026-11-24T09:30:00Z").unwrap();
        let act = Act::TicketingSet { channel: "zendesk".to_owned() };
        let mut heads = vec![Head::start()];
        let mut links = Vec::new();
        for _ in 0..3 {
            let entry = write(heads.last().unwrap(), at, &by, &act).unwrap();
            heads.push(entry.head);
            links.push(entry.bytes);
        }
        let stored = |links: &[Vec<u8>]| Links { head: Some(heads[3].clone()), links: links.to_vec() };
        assert_eq!(verify(None, &stored(&links[..2])), Ok(Some(heads[2].clone())));
        assert_eq!(verify(Some(&heads[2]), &stored(&links[2..])), Ok(None), "the next round");
        assert_eq!(verify(None, &Links { head: None, links: vec![] }), Ok(None));
        let earlier = Links { head: Some(heads[1].clone()), links: links[..2].to_vec() };
        assert_eq!(verify(None, &earlier), Ok(None), "one more was appended meanwhile");
        let broken = |from, links: &[Vec<u8>]| verify(from, &stored(links)).unwrap_err();
        assert_eq!(broken(Some(&heads[2]), &[]), ChainError { at: 3, why: "missing" });
        assert_eq!(broken(None, &links[1..]), ChainError { at: 1, why: "number" });
        assert_eq!(broken(Some(&heads[1]), &links[2..]).at, 2);
        let none = Links { head: None, links: links.clone() };
        assert_eq!(verify(None, &none).unwrap_err().why, "head missing");
    }
}
