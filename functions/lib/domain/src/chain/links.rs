//! Links of a chain: each names the hash of the one before it.

use crate::base::canonical::hash;
use crate::base::ids::RequestId;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A part of a chain as it is stored: the links after the requested place, in order, and the head, which was
/// read before them. Links appended during the read may be included in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The last link's number and hash; `None` for an empty chain.
    pub head: Option<Head>,
    /// The exact bytes of each link; empty bytes for a row that holds none.
    pub links: Vec<Vec<u8>>,
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

/// The chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {at} of the chain was changed, is missing or is out of order ({why})")]
pub struct ChainError {
    /// The number of the event, from 1.
    pub at: u64,
    /// The defect, in a word or two.
    pub why: &'static str,
}

/// The members of every link, whatever its content: a link that another version wrote is checked too.
#[derive(Deserialize)]
struct Link {
    seq: u64,
    prev: String,
    #[serde(default)]
    request: Option<RequestId>,
}

/// The head of a chain after this link. The link must follow `head` and belong to this request; a link of the
/// deployment's journal belongs to none.
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

/// The number of links in a chain with this head.
pub(crate) fn length(head: &Head) -> usize {
    usize::try_from(head.seq).unwrap_or(usize::MAX)
}

/// Checks that the links read end at the head of their chain.
pub(crate) fn ends_at(head: &Head, read: &Head) -> Result<(), ChainError> {
    match read.seq.cmp(&head.seq) {
        Ordering::Less => Err(ChainError { at: read.seq + 1, why: "missing" }),
        _ if read == head => Ok(()),
        _ => Err(ChainError { at: read.seq, why: "hash" }),
    }
}
