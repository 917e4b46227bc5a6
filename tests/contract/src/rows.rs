//! How rows are named and written.

use crate::table::{Guard, Item, Key, Write};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::lease::Lease;
use rightful_domain::model::limit::Limit;
use rightful_domain::model::request::Request;
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Change, Cursor, DUE_SHARDS, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The partition of a request.
#[must_use]
pub fn request_pk(id: RequestId) -> String {
    format!("REQUEST#{id}")
}

/// A task's sort key.
#[must_use]
pub fn task_sk(source: &SourceId) -> String {
    format!("TASK#{source}")
}

/// A rule's sort key.
#[must_use]
pub fn rule_sk(source: &SourceId, batch: u32) -> String {
    format!("RULE#{source}#{batch:05}")
}

/// A chunk's sort key.
#[must_use]
pub fn records_sk(source: &SourceId, chunk: u32) -> String {
    format!("RECORDS#{source}#{chunk:05}")
}

/// An event's sort key.
#[must_use]
pub fn event_sk(seq: u64) -> String {
    format!("EVENT#{seq:020}")
}

/// The row of the wrapped key, in the table `keys`.
#[must_use]
pub fn key_key(request: RequestId) -> Key {
    (format!("keys/REQUEST#{request}"), "KEY".to_owned())
}

/// The row of a delivery.
#[must_use]
pub fn delivery_key(channel: &str, key: &Tag) -> Key {
    (format!("DELIVERY#{channel}#{}", key.mac), "DELIVERY".to_owned())
}

/// The row of a data source.
#[must_use]
pub fn source_key(id: &SourceId) -> Key {
    (format!("SOURCE#{id}"), "SOURCE".to_owned())
}

/// The row of the lease on a person at a data source.
#[must_use]
pub fn lease_key(source: &SourceId, subject: &Tag) -> Key {
    (format!("LEASE#{source}#{}", subject.mac), "LEASE".to_owned())
}

/// The row of a data source's limit.
#[must_use]
pub fn limit_key(id: &SourceId) -> Key {
    (format!("LIMIT#{id}"), "LIMIT".to_owned())
}

/// The row of the reconciliation's place.
#[must_use]
pub fn cursor_key() -> Key {
    ("RECONCILE".to_owned(), "CURSOR".to_owned())
}

/// A row in its stored form.
///
/// # Errors
/// When it is no JSON.
pub fn item(row: &impl Serialize, revision: u64, writer: u64) -> Result<Item, Failure> {
    let body = serde_json::to_vec(row).map_err(|_| Failure::of(Code::RowUnwritable))?;
    Ok(Item { body, revision, writer, index: BTreeMap::new() })
}

/// A stored row, read.
///
/// # Errors
/// When it is another row.
pub fn read<T: DeserializeOwned>(item: &Item) -> Result<T, Failure> {
    serde_json::from_slice(&item.body).map_err(|_| Failure::of(Code::RowUnreadable))
}

fn due(item: &mut Item, request: RequestId, next_due: Option<Time>) {
    if let Some(at) = next_due {
        item.index.insert("due_shard", request.shard(DUE_SHARDS).to_string());
        item.index.insert("next_due", at.to_string());
    }
}

/// A request's row at its next revision, on condition that it has the one it was read with.
///
/// # Errors
/// When it is no JSON.
pub fn request(row: &Request, writer: u64) -> Result<Write, Failure> {
    let next = Request { revision: row.revision + 1, ..row.clone() };
    let mut item = item(&next, next.revision, writer)?;
    due(&mut item, row.id, row.next_due);
    if let Some(subject) = &row.subject {
        item.index.insert("subject_tag", subject.mac.clone());
    }
    Ok(Write::Put((request_pk(row.id), "REQUEST".to_owned()), item, guard(row.revision)))
}

/// A task's row at its next revision.
///
/// # Errors
/// When it is no JSON.
pub fn task(row: &Task, writer: u64) -> Result<Write, Failure> {
    let next = Task { revision: row.revision + 1, ..row.clone() };
    let mut item = item(&next, next.revision, writer)?;
    due(&mut item, row.request, row.next_due);
    Ok(Write::Put((request_pk(row.request), task_sk(&row.source)), item, guard(row.revision)))
}

fn rule(row: &Rule, writer: u64) -> Result<Write, Failure> {
    let next = Rule { revision: row.revision + 1, ..row.clone() };
    let mut item = item(&next, next.revision, writer)?;
    if let Some(rule_id) = &row.rule_id {
        item.index.insert("rule_ref", format!("{}#{rule_id}", row.source));
    }
    Ok(Write::Put((request_pk(row.request), rule_sk(&row.source, row.batch)), item, guard(row.revision)))
}

/// A limit's row at its next revision.
///
/// # Errors
/// When it is no JSON.
pub fn limit(row: &Limit, writer: u64) -> Result<Write, Failure> {
    let next = Limit { revision: row.revision + 1, ..row.clone() };
    let item = item(&next, next.revision, writer)?;
    Ok(Write::Put(limit_key(&row.source), item, guard(row.revision)))
}

/// A data source's row at its next revision.
///
/// # Errors
/// When it is no JSON.
pub fn source(row: &DataSource, writer: u64) -> Result<Write, Failure> {
    let next = DataSource { revision: row.revision + 1, ..row.clone() };
    Ok(Write::Put(source_key(&row.id), item(&next, next.revision, writer)?, guard(row.revision)))
}

/// The writes that remove a data source's row, on condition of its revision, and its limit.
#[must_use]
pub fn no_source(row: &DataSource) -> Vec<Write> {
    vec![
        Write::DeleteIf(source_key(&row.id), Guard::Revision(row.revision)),
        Write::Delete(limit_key(&row.id)),
    ]
}

/// A row of a change.
///
/// # Errors
/// When it is no JSON.
pub fn change(change: &Change, row: &Row, writer: u64) -> Result<Write, Failure> {
    let id = change.request;
    Ok(match row {
        Row::Request(row) => request(row, writer)?,
        Row::Task(row) => task(&row.stored_with(change.request_revision()), writer)?,
        Row::Rule(row) => rule(row, writer)?,
        Row::Records { source, chunk, sealed } => {
            Write::Put((request_pk(id), records_sk(source, *chunk)), item(sealed, 0, writer)?, Guard::Nothing)
        }
        Row::Lease(lease) => {
            let key = lease_key(&lease.source, &lease.subject);
            Write::Put(key, item(lease, lease.revision(), writer)?, guard(lease.revision_before()))
        }
        Row::Held { source, subject, fence } => {
            Write::Check(lease_key(source, subject), Guard::Revision(Lease::revision_of(*fence)))
        }
        Row::ForgetRecords { source, chunk } => Write::Delete((request_pk(id), records_sk(source, *chunk))),
    })
}

/// A delivery's row, which must not be there yet.
///
/// # Errors
/// When it is no JSON.
pub fn delivery(row: &Delivery, writer: u64) -> Result<Write, Failure> {
    Ok(Write::Put(delivery_key(&row.channel, &row.key), item(row, 0, writer)?, Guard::Absent))
}

/// The reconciliation's place at its next revision.
///
/// # Errors
/// When it is no JSON.
pub fn cursor(row: &Cursor, writer: u64) -> Result<Write, Failure> {
    let next = Cursor { revision: row.revision + 1, ..row.clone() };
    Ok(Write::Put(cursor_key(), item(&next, next.revision, writer)?, guard(row.revision)))
}

/// Revision 0 means that nothing was there.
fn guard(revision: u64) -> Guard {
    if revision == 0 { Guard::Absent } else { Guard::Revision(revision) }
}
