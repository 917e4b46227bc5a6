//! Seals and opens a person's data in the store.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::ids::{RequestId, SourceId, TaskRef};
use crate::base::seal::{DataKey, Sealed, Tag};
use crate::model::request::Request;
use crate::model::task::Task;
use crate::operations::load::count;
use crate::ports::keys::{Keys, Tags};
use crate::ports::store::Reads;
use crate::vendor::record::{Found, RecordId};
use serde::Deserialize;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

fn identifiers_context(request: RequestId) -> String {
    format!("rightful/identifiers/{request}")
}

fn records_context(request: RequestId, source: &SourceId, chunk: u32) -> String {
    format!("rightful/records/{request}/{source}/{chunk}")
}

/// An identifier of a request, and the data source it is limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoped {
    /// The identifier.
    pub identifier: Identifier,
    /// The data source; `None` for all of them.
    pub source: Option<SourceId>,
}

impl Scoped {
    /// Identifiers for every data source.
    pub(super) fn everywhere(identifiers: &[Identifier]) -> Vec<Self> {
        identifiers.iter().map(|one| Self { identifier: one.clone(), source: None }).collect()
    }
}

/// The identifiers that apply at a data source: those given for it, and of every other kind those that apply
/// everywhere.
fn identifiers_at(all: Vec<Scoped>, source: &SourceId) -> Vec<Identifier> {
    let own: BTreeSet<IdentifierKind> = all
        .iter()
        .filter(|one| one.source.as_ref() == Some(source))
        .map(|one| one.identifier.kind().clone())
        .collect();
    let counts = |one: &Scoped| match &one.source {
        Some(theirs) => theirs == source,
        None => !own.contains(one.identifier.kind()),
    };
    all.into_iter().filter(|one| counts(one)).map(|one| one.identifier).collect()
}

/// An identifier in the sealed text: kind, value, and the data source if it is limited to one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Everywhere(IdentifierKind, String),
    At(IdentifierKind, String, SourceId),
}

/// Seals a request's identifiers.
pub(crate) fn seal_identifiers(
    key: &DataKey,
    request: RequestId,
    identifiers: &[Scoped],
) -> Result<Sealed, Failure> {
    let plain: Vec<Vec<&str>> = identifiers
        .iter()
        .map(|one| {
            let mut row = vec![one.identifier.kind().as_str(), one.identifier.expose()];
            row.extend(one.source.as_ref().map(SourceId::as_str));
            row
        })
        .collect();
    let plain =
        Zeroizing::new(serde_json::to_vec(&plain).map_err(|_| Failure::of(Code::IdentifiersUnwritable))?);
    key.seal(&identifiers_context(request), &plain).map_err(|_| Failure::of(Code::SealingFailed))
}

/// A request's data key. It is read once for a step, and never cached for the next.
pub(crate) async fn key_of(keys: &impl Keys, request: RequestId) -> Result<DataKey, Failure> {
    keys.key(request).await?.ok_or(Failure::of(Code::PersonForgotten))
}

/// Opens all of a request's identifiers.
pub(crate) fn open_all_identifiers(key: &DataKey, request: &Request) -> Result<Vec<Scoped>, Failure> {
    let sealed = request.identifiers.as_ref().ok_or(Failure::of(Code::PersonForgotten))?;
    let unreadable = Failure::of(Code::IdentifiersUnreadable);
    let plain = key.open(&identifiers_context(request.id), sealed).map_err(|_| unreadable)?;
    let stored: Vec<Stored> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
    stored
        .into_iter()
        .map(|stored| {
            let (kind, value, source) = match stored {
                Stored::Everywhere(kind, value) => (kind, value, None),
                Stored::At(kind, value, source) => (kind, value, Some(source)),
            };
            let value = Zeroizing::new(value);
            let identifier = Identifier::new(kind, &value).map_err(|_| unreadable)?;
            Ok(Scoped { identifier, source })
        })
        .collect()
}

/// Opens the identifiers that apply at a data source.
pub(crate) fn open_identifiers(
    key: &DataKey,
    request: &Request,
    source: &SourceId,
) -> Result<Vec<Identifier>, Failure> {
    Ok(identifiers_at(open_all_identifiers(key, request)?, source))
}

/// Bytes of record ids in one sealed chunk: with nonce, tag and base64 well below DynamoDB's limit of 400 KB
/// for an item.
const CHUNK_BYTES: usize = 200_000;

/// The most chunks of one task: together they fit the 4 MB of the transaction that stores them.
pub(crate) const MAX_CHUNKS: usize = 14;

/// The context of a task's part of the copy. It is bound to the decision, so that a late part of an earlier
/// decision's worker never joins the copy.
pub(crate) fn part_context(task: &Task) -> String {
    let decided = task.decision.as_ref().map_or("", |decision| decision.records.mac.as_str());
    format!("rightful/copy/{}/{}/{decided}", task.request, task.source)
}

pub(crate) fn reason_context(request: RequestId, source: &SourceId) -> String {
    format!("rightful/reason/{request}/{source}")
}

/// Seals record ids in chunks, in order.
pub(crate) fn seal_records(
    key: &DataKey,
    at: &TaskRef,
    records: &[RecordId],
) -> Result<Vec<Sealed>, Failure> {
    let mut chunks: Vec<Vec<&RecordId>> = Vec::new();
    let mut bytes = CHUNK_BYTES;
    for record in records {
        let size = 1 + serde_json::to_vec(record).map_err(|_| Failure::of(Code::RecordsUnwritable))?.len();
        if bytes + size > CHUNK_BYTES || chunks.is_empty() {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(record);
        }
    }
    chunks.iter().zip(0u32..).map(|(chunk, n)| seal_chunk(key, at, chunk, n)).collect()
}

pub(crate) fn seal_chunk(
    key: &DataKey,
    at: &TaskRef,
    records: &[&RecordId],
    n: u32,
) -> Result<Sealed, Failure> {
    let plain =
        Zeroizing::new(serde_json::to_vec(records).map_err(|_| Failure::of(Code::RecordsUnwritable))?);
    key.seal(&records_context(at.request_id, &at.source_id, n), &plain)
        .map_err(|_| Failure::of(Code::SealingFailed))
}

/// Opens the record ids on which a decision was made, in order.
pub(crate) async fn open_records(
    store: &impl Reads,
    key: &DataKey,
    at: &TaskRef,
) -> Result<Vec<RecordId>, Failure> {
    let unreadable = Failure::of(Code::RecordsUnreadable);
    let mut records = Vec::new();
    for (sealed, n) in store.records(at.request_id, &at.source_id).await?.iter().zip(0u32..) {
        let plain =
            key.open(&records_context(at.request_id, &at.source_id, n), sealed).map_err(|_| unreadable)?;
        let chunk: Vec<RecordId> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
        records.extend(chunk);
    }
    Ok(records)
}

/// The keyed digest to which a decision or an intent binds: of request, source and the exact records.
pub(crate) async fn digest_records(
    tags: &impl Tags,
    purpose: &'static str,
    at: &TaskRef,
    records: &[RecordId],
) -> Result<Tag, Failure> {
    let content = Zeroizing::new(
        serde_json::to_vec(&(at.request_id, &at.source_id, records))
            .map_err(|_| Failure::of(Code::RecordsUnwritable))?,
    );
    tags.tag(purpose, &content).await
}

/// The longest stored list of doubtful records, in bytes. If a list is longer, none of them counts as seen.
const LONGEST_DOUBTS: usize = 32 * 1024;

fn doubts_context(at: &TaskRef) -> String {
    format!("rightful/doubts/{}/{}", at.request_id, at.source_id)
}

/// The ids of the doubtful records that a search set aside; `None` for each record without an id.
pub(crate) fn doubtful(found: &Found) -> Vec<Option<&RecordId>> {
    found.set_aside.iter().filter(|one| one.doubtful).map(|one| one.id.as_ref()).collect()
}

/// Seals the doubtful records that a search set aside, as a reviewer is shown them.
pub(crate) fn seal_doubts(key: &DataKey, at: &TaskRef, found: &Found) -> Result<Option<Sealed>, Failure> {
    let doubtful = doubtful(found);
    let plain = Zeroizing::new(serde_json::to_vec(&doubtful).unwrap_or_default());
    if doubtful.is_empty() || plain.len() > LONGEST_DOUBTS {
        return Ok(None);
    }
    let sealed = key.seal(&doubts_context(at), &plain);
    sealed.map(Some).map_err(|_| Failure::of(Code::SealingFailed))
}

/// How many doubtful records a look set aside that the round's search did not. Records without an id can't be
/// told apart: only their number counts.
pub(crate) fn unseen_doubts(key: &DataKey, at: &TaskRef, task: &Task, found: &Found) -> Result<u32, Failure> {
    let now = doubtful(found);
    let Some(sealed) = task.doubts.as_ref().filter(|_| !now.is_empty()) else { return Ok(count(now.len())) };
    let unreadable = Failure::of(Code::RecordsUnreadable);
    let plain = key.open(&doubts_context(at), sealed).map_err(|_| unreadable)?;
    let mut seen: Vec<Option<RecordId>> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
    let mut unseen = 0;
    for one in now {
        match seen.iter().position(|before| before.as_ref() == one) {
            Some(place) => drop(seen.swap_remove(place)),
            None => unseen += 1,
        }
    }
    Ok(unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_are_sealed_in_chunks_that_fit_an_item() {
        let key = DataKey::new(&[1; 32]).unwrap();
        let at = TaskRef {
            request_id: RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap(),
            source_id: SourceId::parse("s").unwrap(),
        };
        let records: Vec<RecordId> = (0..30_000).map(|n| RecordId::new(format!("{n:020}"))).collect();
        let sealed = seal_records(&key, &at, &records).unwrap();
        assert_eq!(sealed.len(), 4);
        assert!(sealed.iter().all(|chunk| chunk.len() < 380_000));
    }
}
