//! A worker reads its request, task, data source and head in one call.

use crate::fake::{Fake, Scripted, head, moved_on, ok};
use crate::stage::{change, found, id, nothing, now, source, store, task};
use rightful_contract::world::a_request;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::model::request::Request;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Begins, Change, Reads, Row, Writes};
use serde_json::{Value, json};

fn keys(row: Value) -> Value {
    let keys = json!({"pk": {"S": format!("REQUEST#{}", id())}, "schema": {"N": "1"}});
    let mut all = keys.as_object().unwrap().clone();
    all.extend(row.as_object().unwrap().clone());
    Value::Object(all)
}

fn request_row(revision: u64, sources: &[&str]) -> Value {
    let sources: Vec<Value> = sources.iter().map(|source| json!({"S": source})).collect();
    let at = json!({"S": now().to_string()});
    keys(json!({
        "sk": {"S": "REQUEST"}, "id": {"S": id().to_string()}, "right": {"S": "erasure"},
        "state": {"S": "open"}, "revision": {"N": revision.to_string()}, "policy": {"S": "auto"},
        "dry_run": {"BOOL": false}, "origin": {"S": "operator"}, "sources": {"L": sources},
        "identifier_kinds": {"L": []}, "received_at": at, "due_at": at, "attempt": {"N": "1"},
    }))
}

fn head_row(seq: u64) -> Value {
    keys(json!({"sk": {"S": "HEAD"}, "seq": {"N": seq.to_string()}, "hash": {"S": format!("h{seq}")}}))
}

fn source_row(name: &str) -> Value {
    json!({
        "pk": {"S": format!("SOURCE#{name}")}, "sk": {"S": "SOURCE"}, "schema": {"N": "1"},
        "id": {"S": name}, "connector": {"S": "qualifio"}, "params": {"M": {}}, "enabled": {"BOOL": true},
        "revision": {"N": "1"}, "created_at": {"S": now().to_string()},
    })
}

fn batch(rows: Vec<Value>) -> Scripted {
    ok(json!({"Responses": {"requests": rows}}))
}

/// A task's row as the store writes it in a change with the request's, if the change has it.
async fn task_row(change: Change) -> Value {
    let fake = Fake::new(vec![("TransactWriteItems", nothing())]).await;
    store(&fake).commit(change).await.unwrap();
    fake.bodies()[0]["TransactItems"][0]["Put"]["Item"].clone()
}

fn request(revision: u64) -> Request {
    Request { revision, ..a_request(11, &["qualifio-main"], now()) }
}

fn at() -> TaskRef {
    TaskRef { request_id: id(), source_id: source() }
}

#[tokio::test]
async fn a_worker_reads_in_one_call_what_it_works_on_and_the_head_that_its_change_follows() {
    let task = task_row(change(vec![Row::Task(task(1)), Row::Request(request(3))], vec![])).await;
    let rows = vec![head_row(4), source_row("qualifio-main"), task, request_row(4, &["qualifio-main"])];
    let fake = Fake::new(vec![
        ("BatchGetItem", batch(rows)),
        ("TransactWriteItems", nothing()),
        ("TransactWriteItems", nothing()),
    ])
    .await;
    let store = store(&fake);
    let read = store.assignment(&at()).await.unwrap();
    assert_eq!(read.request.map(|request| request.revision), Some(4));
    assert_eq!(read.task.map(|task| (task.revision, task.request_revision)), Some((2, 4)));
    assert_eq!(read.source.unwrap().map(|source| source.id), Some(source()));
    store.commit(found()).await.unwrap();
    store.commit(found()).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["RequestItems"]["requests"]["ConsistentRead"], true);
    let guard = |n: usize| &bodies[n]["TransactItems"][2]["Put"]["ExpressionAttributeValues"][":seq"]["N"];
    assert_eq!((guard(1), guard(2)), (&json!("4"), &json!("5")));
}

#[tokio::test]
async fn a_request_that_is_older_than_its_task_is_read_again() {
    let task = task_row(change(vec![Row::Task(task(1)), Row::Request(request(3))], vec![])).await;
    let newer = request_row(4, &["qualifio-main"]);
    let fake = Fake::new(vec![
        ("BatchGetItem", batch(vec![request_row(3, &["qualifio-main"]), task])),
        ("GetItem", ok(json!({"Item": newer}))),
    ])
    .await;
    let read = store(&fake).assignment(&at()).await.unwrap();
    assert_eq!(read.request.map(|request| request.revision), Some(4));
    fake.bodies();
}

#[tokio::test]
async fn a_data_source_that_cannot_be_read_hides_no_task() {
    let later = json!({"pk": {"S": "SOURCE#qualifio-main"}, "sk": {"S": "SOURCE"}, "schema": {"N": "9"}});
    let task = task_row(change(vec![Row::Task(task(1)), Row::Request(request(0))], vec![])).await;
    let fake =
        Fake::new(vec![("BatchGetItem", batch(vec![later, task, request_row(1, &["qualifio-main"])]))]).await;
    let read = store(&fake).assignment(&at()).await.unwrap();
    assert_eq!(read.source, Err(Failure::of(Code::RowSchemaUnknown)));
    assert!(read.task.is_some() && read.request.is_some());
}

#[tokio::test]
async fn a_task_keeps_the_requests_revision_through_changes_that_leave_the_request_alone() {
    let stored = Task { request_revision: 4, ..task(2) };
    let fake = Fake::new(vec![("PutItem", nothing())]).await;
    store(&fake).commit(change(vec![Row::Task(stored)], vec![])).await.unwrap();
    assert_eq!(fake.bodies()[0]["Item"]["request_revision"]["N"], "4");
}

#[tokio::test]
async fn the_head_of_a_request_to_several_data_sources_is_read_when_it_is_needed() {
    let rows = vec![head_row(4), request_row(4, &["crm", "qualifio-main"])];
    let fake = Fake::new(vec![
        ("BatchGetItem", batch(rows)),
        ("GetItem", head(6)),
        ("TransactWriteItems", nothing()),
    ])
    .await;
    let store = store(&fake);
    assert_eq!(store.assignment(&at()).await.unwrap().task, None);
    store.commit(found()).await.unwrap();
    fake.bodies();
}

#[tokio::test]
async fn a_head_that_was_known_and_moved_on_is_read_again() {
    let rows = vec![head_row(4), request_row(4, &["qualifio-main"])];
    let fake = Fake::new(moved_on(("BatchGetItem", batch(rows)))).await;
    let store = store(&fake);
    store.assignment(&at()).await.unwrap();
    store.commit(found()).await.unwrap();
    assert_eq!(fake.bodies()[5]["TransactItems"][1]["Put"]["Item"]["sk"]["S"], "EVENT#0000000006");
}

#[tokio::test]
async fn the_head_that_a_change_left_is_read_anew_once_the_request_is() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", nothing()),
        ("GetItem", ok(json!({"Item": request_row(4, &["qualifio-main"])}))),
        ("GetItem", head(7)),
        ("TransactWriteItems", nothing()),
    ])
    .await;
    let store = store(&fake);
    store.commit(found()).await.unwrap();
    store.request(id()).await.unwrap();
    store.commit(found()).await.unwrap();
    assert_eq!(fake.bodies()[4]["TransactItems"][1]["Put"]["Item"]["sk"]["S"], "EVENT#0000000008");
}

#[tokio::test]
async fn data_sources_that_are_named_are_read_a_hundred_at_a_time_and_each_once() {
    let ids: Vec<SourceId> = (0..110).map(|n| SourceId::parse(&format!("s{n:03}")).unwrap()).collect();
    let fake = Fake::new(vec![
        ("BatchGetItem", batch(vec![source_row("s042"), source_row("s001")])),
        ("BatchGetItem", batch(vec![source_row("s109")])),
    ])
    .await;
    let found = store(&fake).sources_named(&[ids.clone(), vec![ids[0].clone()]].concat()).await.unwrap();
    let found: Vec<&str> = found.iter().map(|source| source.id.as_str()).collect();
    assert_eq!(found, ["s001", "s042", "s109"], "what is not there is left out");
    let bodies = fake.bodies();
    let named = |n: usize| bodies[n]["RequestItems"]["requests"]["Keys"].as_array().unwrap().len();
    assert_eq!((named(0), named(1)), (100, 10));
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_asked_for_again() {
    let key = json!({"pk": {"S": "SOURCE#b"}, "sk": {"S": "SOURCE"}});
    let left = json!({"requests": {"Keys": [key], "ConsistentRead": true}});
    let part = json!({"Responses": {"requests": [source_row("a")]}, "UnprocessedKeys": left});
    let ids = ["a", "b"].map(|name| SourceId::parse(name).unwrap());
    let fake =
        Fake::new(vec![("BatchGetItem", ok(part.clone())), ("BatchGetItem", batch(vec![source_row("b")]))])
            .await;
    assert_eq!(store(&fake).sources_named(&ids).await.unwrap().len(), 2);
    assert_eq!(fake.bodies()[1]["RequestItems"]["requests"]["Keys"], json!([key]));

    let fake = Fake::new((0..8).map(|_| ("BatchGetItem", ok(part.clone()))).collect()).await;
    let failed = store(&fake).sources_named(&ids).await;
    assert_eq!(failed.unwrap_err(), Failure::of(Code::StoreBusy));
    fake.bodies();
}
