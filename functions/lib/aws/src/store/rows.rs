//! How rows are named, written and read back.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::base::time::Time;
use rightful_domain::chain::links::Head;
use rightful_domain::duty::gauge::{OpenRequest, OpenTask, Work};
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::lease::{Lease, REMEMBERED_SECONDS};
use rightful_domain::model::limit::Limit;
use rightful_domain::model::operator::Operator;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Cursor, DUE_SHARDS, Due};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use std::collections::{BTreeMap, HashMap};

/// A row, or the key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const REQUEST_SK: &str = "REQUEST";
pub(crate) const HEAD_SK: &str = "HEAD";
pub(crate) const KEY_SK: &str = "KEY";
pub(crate) const LEASE_SK: &str = "LEASE";
pub(crate) const DELIVERY_SK: &str = "DELIVERY";
pub(crate) const SOURCE_SK: &str = "SOURCE";
pub(crate) const LIMIT_SK: &str = "LIMIT";
pub(crate) const CURSOR_PK: &str = "RECONCILE";
pub(crate) const CURSOR_SK: &str = "CURSOR";
pub(crate) const OPERATOR_SK: &str = "OPERATOR";
pub(crate) const TASK_PREFIX: &str = "TASK#";
pub(crate) const RULE_PREFIX: &str = "RULE#";
pub(crate) const EVENT_PREFIX: &str = "EVENT#";
pub(crate) const JOURNAL_PK: &str = "JOURNAL";
/// The partitions of the list index that hold requests.
pub(crate) const LISTED_OPEN: &str = "REQUEST#open";
pub(crate) const LISTED_CLOSED: &str = "REQUEST#closed";

/// The schema version of the rows whose type has no version of its own.
pub(crate) const SCHEMA: u8 = 1;
/// How long a delivery is remembered: longer than any ticketing system repeats one.
const DELIVERY_SECONDS: i64 = 400 * 24 * 60 * 60;
/// The writer of a row: drawn anew for each change, so that a change whose answer was lost recognises its
/// rows.
pub(crate) const WRITER: &str = "writer";

const UNREADABLE: Failure = Failure::of(Code::RowUnreadable);
const UNKNOWN_SCHEMA: Failure = Failure::of(Code::RowSchemaUnknown);
const BAD_CURSOR: Failure = Failure::of(Code::CursorUnreadable);

pub(crate) fn request_pk(id: RequestId) -> String {
    format!("REQUEST#{id}")
}

pub(crate) fn task_sk(source: &SourceId) -> String {
    format!("{TASK_PREFIX}{source}")
}

pub(crate) fn records_prefix(source: &SourceId) -> String {
    format!("RECORDS#{source}#")
}

pub(crate) fn records_sk(source: &SourceId, chunk: u32) -> String {
    format!("RECORDS#{source}#{chunk:05}")
}

pub(crate) fn rule_prefix(source: &SourceId) -> String {
    format!("{RULE_PREFIX}{source}#")
}

pub(crate) fn rule_sk(source: &SourceId, batch: u32) -> String {
    format!("{RULE_PREFIX}{source}#{batch:05}")
}

pub(crate) fn event_sk(seq: u64) -> String {
    format!("{EVENT_PREFIX}{seq:010}")
}

pub(crate) fn entry_sk(seq: u64) -> String {
    format!("ENTRY#{seq:010}")
}

pub(crate) fn delivery_pk(channel: &str, key: &Tag) -> String {
    format!("DELIVERY#{channel}#{}", key.mac)
}

pub(crate) fn source_pk(id: &SourceId) -> String {
    format!("SOURCE#{id}")
}

/// A partition of its own: every function that calls vendors writes it, and IAM can tell partitions apart,
/// not rows.
pub(crate) fn limit_pk(source: &SourceId) -> String {
    format!("LIMIT#{source}")
}

pub(crate) fn lease_pk(source: &SourceId, subject: &Tag) -> String {
    format!("LEASE#{source}#{}", subject.mac)
}

pub(crate) fn operator_pk(digest: &str) -> String {
    format!("OPERATOR#{digest}")
}

pub(crate) fn due_shard(shard: u8) -> String {
    format!("DUE#{shard}")
}

pub(crate) fn rule_ref(source: &SourceId, rule_id: &str) -> String {
    format!("{source}#{rule_id}")
}

pub(crate) fn row_key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn row<T: Serialize>(pk: String, sk: String, fields: &T) -> Result<Item, Failure> {
    // The error would print the value.
    let mut item: Item = to_item(fields).map_err(|_| Failure::of(Code::RowUnwritable))?;
    item.extend(row_key(pk, sk));
    Ok(item)
}

fn set(item: &mut Item, name: &str, value: AttributeValue) {
    item.insert(name.to_owned(), value);
}

fn set_due(item: &mut Item, request: RequestId, next_due: Option<Time>) {
    if next_due.is_some() {
        set(item, "due_shard", text(due_shard(request.shard(DUE_SHARDS))));
    }
}

/// The order of requests: by arrival.
pub(crate) fn list_sort(arrived_at: Time, request: RequestId) -> String {
    format!("{arrived_at}#{request}")
}

/// The row of a request, as it will be at `revision`.
pub(crate) fn request_row(request: &Request, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(request_pk(request.id), REQUEST_SK.to_owned(), request)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    let listed = match request.state {
        RequestState::Open => LISTED_OPEN,
        RequestState::Closed => LISTED_CLOSED,
    };
    set(&mut item, "list_key", text(listed));
    set(&mut item, "list_sort", text(list_sort(request.arrived_at(), request.id)));
    set_due(&mut item, request.id, request.next_due);
    if let Some(subject) = &request.subject {
        set(&mut item, "subject_tag", text(&subject.mac));
    }
    Ok(item)
}

/// The row of a task, as it will be at `revision`.
pub(crate) fn task_row(task: &Task, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(request_pk(task.request), task_sk(&task.source), task)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    set_due(&mut item, task.request, task.next_due);
    Ok(item)
}

/// The row of a rule, as it will be at `revision`.
pub(crate) fn rule_row(rule: &Rule, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(request_pk(rule.request), rule_sk(&rule.source, rule.batch), rule)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    if let Some(rule_id) = &rule.rule_id {
        set(&mut item, "rule_ref", text(rule_ref(&rule.source, rule_id)));
    }
    Ok(item)
}

/// A chunk of sealed record ids.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordsRow {
    schema: u8,
    source: SourceId,
    chunk: u32,
    /// The record ids, sealed.
    pub sealed: Sealed,
}

pub(crate) fn records_row(
    request: RequestId,
    source: &SourceId,
    chunk: u32,
    sealed: &Sealed,
) -> Result<Item, Failure> {
    let fields = RecordsRow { schema: SCHEMA, source: source.clone(), chunk, sealed: sealed.clone() };
    row(request_pk(request), records_sk(source, chunk), &fields)
}

/// A link of a chain, an event or an entry of the journal: its exact bytes.
pub(crate) fn link_row(pk: &str, sk: String, bytes: &[u8], writer: &str) -> Item {
    let mut item = row_key(pk, sk);
    set(&mut item, "schema", number(SCHEMA));
    set(&mut item, "bytes", AttributeValue::B(Blob::new(bytes)));
    set(&mut item, WRITER, text(writer));
    item
}

/// The last link's number and hash.
pub(crate) fn head_row(pk: &str, head: &Head) -> Result<Item, Failure> {
    let mut item = row(pk.to_owned(), HEAD_SK.to_owned(), head)?;
    set(&mut item, "schema", number(SCHEMA));
    Ok(item)
}

pub(crate) fn key_row(request: RequestId, wrapped: &[u8]) -> Item {
    let mut item = row_key(request_pk(request), KEY_SK);
    set(&mut item, "schema", number(SCHEMA));
    set(&mut item, "wrapped", AttributeValue::B(Blob::new(wrapped)));
    item
}

pub(crate) fn delivery_row(delivery: &Delivery) -> Result<Item, Failure> {
    let mut item = row(delivery_pk(&delivery.channel, &delivery.key), DELIVERY_SK.to_owned(), delivery)?;
    let expires_at = delivery.received_at.unix_seconds().saturating_add(DELIVERY_SECONDS);
    set(&mut item, "expires_at", number(expires_at));
    Ok(item)
}

/// The row of a lease. A free one is kept for a while and then expires.
pub(crate) fn lease_row(lease: &Lease, writer: &str) -> Result<Item, Failure> {
    let mut item = row(lease_pk(&lease.source, &lease.subject), LEASE_SK.to_owned(), lease)?;
    set(&mut item, "revision", number(lease.revision()));
    set(&mut item, WRITER, text(writer));
    if let Some(at) = lease.released_at {
        set(&mut item, "expires_at", number(at.plus_seconds(REMEMBERED_SECONDS).unix_seconds()));
    }
    Ok(item)
}

/// The row of a data source, as it will be at `revision`.
pub(crate) fn source_row(source: &DataSource, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(source_pk(&source.id), SOURCE_SK.to_owned(), source)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    set(&mut item, "list_key", text("SOURCE"));
    set(&mut item, "list_sort", text(source.id.as_str()));
    Ok(item)
}

/// The row of a data source's limit, as it will be at `revision`. In no index: nobody lists them.
pub(crate) fn limit_row(limit: &Limit, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(limit_pk(&limit.source), LIMIT_SK.to_owned(), limit)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    Ok(item)
}

/// The row of an operator, as it will be at `revision`.
pub(crate) fn operator_row(operator: &Operator, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(operator_pk(&operator.actor.digest()), OPERATOR_SK.to_owned(), operator)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    Ok(item)
}

/// The row of the reconciliation's place, as it will be at `revision`.
pub(crate) fn cursor_row(cursor: &Cursor, revision: u64, writer: &str) -> Result<Item, Failure> {
    let mut item = row(CURSOR_PK.to_owned(), CURSOR_SK.to_owned(), cursor)?;
    set(&mut item, "revision", number(revision));
    set(&mut item, WRITER, text(writer));
    Ok(item)
}

/// The reconciliation's place. If this build can't read it, it is the beginning, as long as the row has a
/// revision: the next run can then overwrite it.
pub(crate) fn read_cursor(item: Item) -> Result<Cursor, Failure> {
    let revision =
        item.get("revision").and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok());
    match (read(item, Cursor::SCHEMA), revision) {
        (Err(_), Some(revision)) => {
            Ok(Cursor { schema: Cursor::SCHEMA, revision, shard: 0, after: None, up_to: None, journal: None })
        }
        (cursor, _) => cursor,
    }
}

/// Reads a row of the schema version that this build knows.
pub(crate) fn read<T: DeserializeOwned>(item: Item, schema: u8) -> Result<T, Failure> {
    let found = item.get("schema").and_then(|value| value.as_n().ok());
    if found.and_then(|text| text.parse().ok()) != Some(schema) {
        return Err(UNKNOWN_SCHEMA);
    }
    // The error would print the value.
    from_item(item).map_err(|_| UNREADABLE)
}

/// The exact bytes of a link.
pub(crate) fn link_bytes(mut item: Item) -> Result<Vec<u8>, Failure> {
    match item.remove("bytes") {
        Some(AttributeValue::B(bytes)) => Ok(bytes.into_inner()),
        _ => Err(UNREADABLE),
    }
}

/// Whether `writer` wrote this row last.
pub(crate) fn is_by(item: &Item, writer: &str) -> bool {
    string(item, WRITER) == Some(writer)
}

/// The partition key and the sort key of a row.
pub(crate) fn key_of(item: &Item) -> Option<(String, String)> {
    Some((string(item, "pk")?.to_owned(), string(item, "sk")?.to_owned()))
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Which request or task an index row points at.
pub(crate) fn due_of(item: &Item) -> Option<Due> {
    let request = request_of(item)?;
    let source = match string(item, "sk")? {
        REQUEST_SK => None,
        sk => Some(SourceId::parse(sk.strip_prefix(TASK_PREFIX)?).ok()?),
    };
    // The index holds more attributes; a place is its keys alone.
    let is_key = |name: &str| ["pk", "sk", "due_shard", "next_due"].contains(&name);
    let key: Item = item.clone().into_iter().filter(|(name, _)| is_key(name)).collect();
    Some(Due { request, source, cursor: cursor(&key).ok()? })
}

/// The part of an index row that gauges need: the attributes that the index `due` projects.
pub(crate) fn work_of(item: Item) -> Option<Work> {
    let request = request_of(&item)?;
    let is_request = string(&item, "sk")? == REQUEST_SK;
    // The error would print the value.
    if is_request {
        return from_item(item).ok().map(|row: OpenRequest| Work::Request(request, row));
    }
    string(&item, "sk")?.strip_prefix(TASK_PREFIX)?;
    from_item(item).ok().map(|row: OpenTask| Work::Task(request, row))
}

/// A row's place in its partition of the list index.
pub(crate) fn listed_at(item: &Item) -> Option<&str> {
    string(item, "list_sort")
}

/// The place where a list continues, as [`list_sort`] wrote it.
pub(crate) fn list_place(cursor: &str) -> Result<&str, Failure> {
    let (at, id) = cursor.split_once('#').ok_or(BAD_CURSOR)?;
    match (Time::parse(at), RequestId::parse(id)) {
        (Ok(_), Ok(_)) => Ok(cursor),
        _ => Err(BAD_CURSOR),
    }
}

/// Which request an index row points at.
pub(crate) fn request_of(item: &Item) -> Option<RequestId> {
    RequestId::parse(string(item, "pk")?.strip_prefix("REQUEST#")?).ok()
}

/// Which rule an index row points at.
pub(crate) fn rule_of(item: &Item) -> Option<(RequestId, SourceId, u32)> {
    let (source, batch) = string(item, "sk")?.strip_prefix("RULE#")?.split_once('#')?;
    Some((request_of(item)?, SourceId::parse(source).ok()?, batch.parse().ok()?))
}

/// Which data source an index row points at.
pub(crate) fn source_of(item: &Item) -> Option<SourceId> {
    SourceId::parse(string(item, "pk")?.strip_prefix("SOURCE#")?).ok()
}

/// Where the next page begins, as text; every key of ours is text.
pub(crate) fn cursor(last: &Item) -> Result<String, Failure> {
    let keys: Option<BTreeMap<&str, &str>> =
        last.iter().map(|(name, value)| Some((name.as_str(), value.as_s().ok()?.as_str()))).collect();
    serde_json::to_string(&keys.ok_or(BAD_CURSOR)?).map_err(|_| BAD_CURSOR)
}

/// The key that [`cursor`] wrote.
pub(crate) fn start_key(cursor: &str) -> Result<Item, Failure> {
    let keys: BTreeMap<String, String> = serde_json::from_str(cursor).map_err(|_| BAD_CURSOR)?;
    Ok(keys.into_iter().map(|(name, value)| (name, AttributeValue::S(value))).collect())
}

/// How many bytes DynamoDB counts for a row, rounded up where its rule is loose.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
    }

    fn source() -> SourceId {
        SourceId::parse("qualifio-main").unwrap()
    }

    fn noon() -> Time {
        Time::parse("2026-11-21T12:00:00Z").unwrap()
    }

    #[test]
    fn rows_are_named_as_the_design_says() {
        assert_eq!(request_pk(id()), "REQUEST#019aa6e0-5c1f-7000-8000-00000000000b");
        assert_eq!(task_sk(&source()), "TASK#qualifio-main");
        assert_eq!(records_sk(&source(), 7), "RECORDS#qualifio-main#00007");
        assert_eq!(rule_sk(&source(), 12), "RULE#qualifio-main#00012");
        assert_eq!(event_sk(3), "EVENT#0000000003");
        assert_eq!(entry_sk(3), "ENTRY#0000000003");
        assert_eq!(source_pk(&source()), "SOURCE#qualifio-main");
        assert_eq!(limit_pk(&source()), "LIMIT#qualifio-main");
        assert_eq!(lease_pk(&source(), &Tag::new("k", &[0xab, 1])), "LEASE#qualifio-main#ab01");
        assert_eq!(delivery_pk("zendesk", &Tag::new("k", &[0xab, 1])), "DELIVERY#zendesk#ab01");
    }

    #[test]
    fn a_task_that_is_due_stands_in_the_due_index_and_a_done_one_does_not() {
        let mut task = Task::planned(id(), source(), "qualifio".to_owned(), noon());
        let item = task_row(&task, 1, "w").unwrap();
        assert_eq!(item["due_shard"], text("DUE#3"));
        assert_eq!(item["next_due"], text("2026-11-21T12:00:00.000Z"));
        assert_eq!(item["revision"], number(1));
        task.next_due = None;
        let item = task_row(&task, 2, "w").unwrap();
        assert!(!item.contains_key("due_shard") && !item.contains_key("next_due"));
    }

    #[test]
    fn a_row_reads_back_as_it_was_written() {
        let task = Task::planned(id(), source(), "qualifio".to_owned(), noon());
        let back: Task = read(task_row(&task, 0, "w").unwrap(), Task::SCHEMA).unwrap();
        assert_eq!(back, task);
    }

    #[test]
    fn a_row_of_another_schema_version_is_not_read() {
        let task = Task::planned(id(), source(), "qualifio".to_owned(), noon());
        let mut item = task_row(&task, 1, "w").unwrap();
        set(&mut item, "schema", number(2));
        assert_eq!(read::<Task>(item.clone(), Task::SCHEMA), Err(UNKNOWN_SCHEMA));
        item.remove("schema");
        assert_eq!(read::<Task>(item, Task::SCHEMA), Err(UNKNOWN_SCHEMA));
    }

    #[test]
    fn an_index_row_points_at_its_request_task_or_rule() {
        let pk = request_pk(id());
        for (sk, task) in [("REQUEST", None), ("TASK#qualifio-main", Some(source()))] {
            let row = row_key(&pk, sk);
            let due = due_of(&row).unwrap();
            assert_eq!((due.request, due.source), (id(), task));
            assert_eq!(start_key(&due.cursor), Ok(row), "a query can go on behind it");
        }
        assert_eq!(due_of(&row_key(&pk, "HEAD")), None);
        assert_eq!(due_of(&row_key("SOURCE#a", "REQUEST")), None);
        assert_eq!(rule_of(&row_key(&pk, rule_sk(&source(), 12))), Some((id(), source(), 12)));
    }

    #[test]
    fn a_cursor_reads_back_and_anything_else_does_not() {
        let mut last = row_key(request_pk(id()), "TASK#a");
        set(&mut last, "next_due", text("2026-11-21T12:00:00.000Z"));
        assert_eq!(start_key(&cursor(&last).unwrap()), Ok(last));
        assert_eq!(start_key("what"), Err(BAD_CURSOR));
        assert_eq!(start_key(r#"{"pk":1}"#), Err(BAD_CURSOR));
    }

    #[test]
    fn a_lease_is_remembered_for_a_while_once_it_is_free() {
        let tag = Tag::new("k", &[1]);
        let held = lease_row(&Lease::held(source(), tag.clone(), 3, id()), "w").unwrap();
        assert_eq!(held["revision"], number(6));
        assert!(!held.contains_key("expires_at") && held.contains_key("holder"));
        let free = lease_row(&Lease::released(source(), tag, 3, noon()), "w").unwrap();
        assert_eq!(free["revision"], number(7));
        assert_eq!(free["expires_at"], number(noon().unix_seconds() + 100 * 24 * 3600));
        assert!(!free.contains_key("holder"), "it points at no request any more");
        assert_eq!(read::<Lease>(free, Lease::SCHEMA).unwrap().released_at, Some(noon()));
    }

    #[test]
    fn a_kept_place_reads_back_and_an_unreadable_one_is_the_beginning_at_its_revision() {
        let after = Some("{}".to_owned());
        let kept = Cursor { schema: 1, revision: 4, shard: 3, after, up_to: Some(noon()), journal: None };
        let mut item = cursor_row(&kept, 5, "w").unwrap();
        assert_eq!(item["pk"], text("RECONCILE"));
        assert!(!item.contains_key("due_shard"), "it is in no index");
        assert_eq!(read_cursor(item.clone()), Ok(Cursor { revision: 5, ..kept }));
        set(&mut item, "schema", number(9));
        let beginning = Cursor { schema: 1, revision: 5, shard: 0, after: None, up_to: None, journal: None };
        assert_eq!(read_cursor(item.clone()), Ok(beginning));
        item.remove("revision");
        assert_eq!(read_cursor(item), Err(UNKNOWN_SCHEMA));
    }

    #[test]
    fn the_size_of_a_row_counts_names_and_values() {
        assert_eq!(size(&row_key("ab", "c")), 2 + 2 + 2 + 1);
        let item = link_row(&request_pk(id()), event_sk(1), &[0; 1000], "w");
        assert!((1000..1120).contains(&size(&item)), "{}", size(&item));
    }
}
