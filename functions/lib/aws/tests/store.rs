//! The store against scripted answers of DynamoDB.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Answer, Fake, cancelled, error, head, moved_on, ok, row_of_last_transaction};
use rightful_aws::Store;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::lease::Lease;
use rightful_domain::model::limit::Limit;
use rightful_domain::model::request::Request;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{
    Begins, Change, CommitError, Cursor, Cursors, DueIndex, Limits, Reads, Row, Writes,
};
use serde_json::{Value, json};

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn source() -> SourceId {
    SourceId::parse("qualifio-main").unwrap()
}

fn now() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

fn task(revision: u64) -> Task {
    Task { revision, ..Task::planned(id(), source(), "qualifio".to_owned(), now()) }
}

fn change(rows: Vec<Row>, facts: Vec<Fact>) -> Change {
    Change { request: id(), at: now(), rows, facts }
}

fn found() -> Change {
    change(
        vec![Row::Task(task(1))],
        vec![Fact::Found {
            source: source(),
            records: 2,
            asked: rightful_domain::model::task::Asked::default(),
        }],
    )
}

fn nothing() -> Answer {
    ok(json!({}))
}

fn store(fake: &Fake) -> Store {
    Store::new(&fake.aws(), "requests", "keys")
}

#[tokio::test]
async fn a_change_is_one_transaction_of_row_event_and_head() {
    let fake = Fake::new(vec![("GetItem", head(4)), ("TransactWriteItems", nothing())]).await;
    store(&fake).commit(found()).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["ConsistentRead"], true);
    let items = bodies[1]["TransactItems"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["Put"]["Item"]["revision"]["N"], "2");
    assert_eq!(items[0]["Put"]["ExpressionAttributeValues"][":revision"]["N"], "1");
    assert_eq!(items[1]["Put"]["Item"]["sk"]["S"], "EVENT#0000000005");
    assert_eq!(items[1]["Put"]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(items[2]["Put"]["Item"]["seq"]["N"], "5");
    assert_eq!(items[2]["Put"]["ExpressionAttributeValues"][":hash"]["S"], "h4");
    assert!(bodies[1]["ClientRequestToken"].is_string());
}

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

fn batch(rows: Vec<Value>) -> Answer {
    ok(json!({"Responses": {"requests": rows}}))
}

/// A task's row as the store writes it in a change with the request's, if the change has it.
async fn task_row(change: Change) -> Value {
    let fake = Fake::new(vec![("TransactWriteItems", nothing())]).await;
    store(&fake).commit(change).await.unwrap();
    fake.bodies()[0]["TransactItems"][0]["Put"]["Item"].clone()
}

fn request(revision: u64) -> Request {
    let row: serde_json::Map<String, Value> = json!({
        "schema": 1, "id": id(), "right": "erasure", "state": "open", "revision": revision, "policy": "auto",
        "dry_run": false, "origin": "operator", "sources": ["qualifio-main"], "identifier_kinds": [],
        "received_at": now(), "due_at": now(), "attempt": 1,
    })
    .as_object()
    .unwrap()
    .clone();
    serde_json::from_value(Value::Object(row)).unwrap()
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
    assert_eq!(read.source, Err(Failure::misconfigured("row_schema_unknown")));
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
    assert_eq!(failed.unwrap_err(), Failure::transient("store_busy"));
    fake.bodies();
}

#[tokio::test]
async fn a_head_that_moved_on_is_read_again_and_the_change_follows_it() {
    let fake = Fake::new(moved_on(("GetItem", head(4)))).await;
    store(&fake).commit(found()).await.unwrap();
    assert_eq!(fake.bodies()[5]["TransactItems"][1]["Put"]["Item"]["sk"]["S"], "EVENT#0000000006");
}

#[tokio::test]
async fn a_collision_is_tried_again_with_the_head_read_again() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&["TransactionConflict", "None", "None"])),
        ("GetItem", head(4)),
        ("TransactWriteItems", nothing()),
    ])
    .await;
    store(&fake).commit(found()).await.unwrap();
    fake.bodies();
}

#[tokio::test]
async fn endless_collisions_end_as_store_busy() {
    let steps = (0..8)
        .flat_map(|_| [("GetItem", head(4)), ("TransactWriteItems", cancelled(&["TransactionConflict"]))])
        .collect();
    let fake = Fake::new(steps).await;
    let failed = store(&fake).commit(found()).await;
    assert_eq!(failed, Err(CommitError::Failed(Failure::transient("store_busy"))));
    fake.bodies();
}

#[tokio::test]
async fn a_row_that_moved_on_is_stale_and_not_written_again() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&["ConditionalCheckFailed", "None", "None"])),
        ("GetItem", nothing()),
    ])
    .await;
    assert_eq!(store(&fake).commit(found()).await, Err(CommitError::Stale));
    fake.bodies();
}

#[tokio::test]
async fn a_failed_condition_whose_event_is_ours_is_success() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&["ConditionalCheckFailed", "ConditionalCheckFailed", "None"])),
        ("GetItem", row_of_last_transaction(1)),
    ])
    .await;
    store(&fake).commit(found()).await.unwrap();
    fake.bodies();
}

#[tokio::test]
async fn the_same_event_by_another_writer_is_not_ours() {
    let same_bytes = Box::new(|bodies: &[Value]| {
        let mut item = bodies[1]["TransactItems"][1]["Put"]["Item"].clone();
        item["writer"] = json!({"S": "another"});
        wiremock::ResponseTemplate::new(200).set_body_json(json!({"Item": item}))
    });
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&["ConditionalCheckFailed", "ConditionalCheckFailed", "None"])),
        ("GetItem", same_bytes),
    ])
    .await;
    assert_eq!(store(&fake).commit(found()).await, Err(CommitError::Stale));
    fake.bodies();
}

#[tokio::test]
async fn a_lost_answer_counts_as_stored_when_our_event_is_there() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("GetItem", row_of_last_transaction(1)),
    ])
    .await;
    store(&fake).commit(found()).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[1]["ClientRequestToken"], bodies[3]["ClientRequestToken"]);
}

#[tokio::test]
async fn a_lost_answer_without_our_event_is_store_unavailable() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("GetItem", nothing()),
    ])
    .await;
    let failed = store(&fake).commit(found()).await;
    assert_eq!(failed, Err(CommitError::Failed(Failure::transient("store_unavailable"))));
    fake.bodies();
}

#[tokio::test]
async fn a_change_stored_by_a_try_that_was_told_to_wait_is_not_stored_again() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&[])),
        ("GetItem", head(5)),
        ("GetItem", row_of_last_transaction(1)),
    ])
    .await;
    store(&fake).commit(found()).await.unwrap();
    fake.bodies();
}

#[tokio::test]
async fn a_change_without_news_is_one_conditional_put() {
    let fake = Fake::new(vec![("PutItem", nothing())]).await;
    store(&fake).commit(change(vec![Row::Task(task(3))], vec![])).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["Item"]["revision"]["N"], "4");
    assert_eq!(bodies[0]["ConditionExpression"], "#revision = :revision");
}

#[tokio::test]
async fn a_change_under_a_lease_checks_its_fence_in_the_same_transaction() {
    let fake = Fake::new(vec![("TransactWriteItems", nothing())]).await;
    let subject = Tag::new("k", &[0xab]);
    let rows = vec![Row::Task(task(3)), Row::Held { source: source(), subject: subject.clone(), fence: 2 }];
    store(&fake).commit(change(rows, vec![])).await.unwrap();
    let check = &fake.bodies()[0]["TransactItems"][1]["ConditionCheck"];
    assert_eq!(check["Key"]["pk"]["S"], "LEASE#qualifio-main#ab");
    assert_eq!(check["ExpressionAttributeValues"][":revision"]["N"], "4");

    let fake = Fake::new(vec![("TransactWriteItems", nothing())]).await;
    let taken = Lease::taken(source(), subject, None, id());
    store(&fake).commit(change(vec![Row::Task(task(3)), Row::Lease(taken)], vec![])).await.unwrap();
    let put = &fake.bodies()[0]["TransactItems"][1]["Put"];
    assert_eq!(put["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(put["Item"]["revision"]["N"], "2");
}

#[tokio::test]
async fn a_put_whose_condition_failed_is_stale_unless_the_row_is_ours() {
    let mine = Box::new(|bodies: &[Value]| {
        wiremock::ResponseTemplate::new(200).set_body_json(json!({"Item": bodies[0]["Item"]}))
    });
    let another = ok(json!({"Item": {"writer": {"S": "another"}}}));
    for (row, expected) in [(mine as Answer, Ok(())), (another, Err(CommitError::Stale))] {
        let fake =
            Fake::new(vec![("PutItem", error(400, "ConditionalCheckFailedException")), ("GetItem", row)])
                .await;
        assert_eq!(store(&fake).commit(change(vec![Row::Task(task(3))], vec![])).await, expected);
        fake.bodies();
    }
}

#[tokio::test]
async fn a_put_during_a_transaction_is_tried_again() {
    let fake =
        Fake::new(vec![("PutItem", error(400, "TransactionConflictException")), ("PutItem", nothing())])
            .await;
    store(&fake).commit(change(vec![Row::Task(task(3))], vec![])).await.unwrap();
    fake.bodies();
}

#[tokio::test]
async fn a_row_that_dynamodb_would_refuse_is_not_sent() {
    let sealed: Sealed = serde_json::from_value(json!("x".repeat(410 * 1024))).unwrap();
    let fake = Fake::new(vec![]).await;
    let failed = store(&fake)
        .commit(change(vec![Row::Task(task(1)), Row::Records { source: source(), chunk: 0, sealed }], vec![]))
        .await;
    assert_eq!(failed, Err(CommitError::Failed(Failure::misconfigured("row_too_large"))));
    fake.bodies();
}

#[tokio::test]
async fn all_pages_are_read() {
    let event = |n: u8| json!({"bytes": {"B": fake::base64(&[n])}});
    let fake = Fake::new(vec![
        ("Query", ok(json!({"Items": [event(1)], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "s"}}}))),
        ("Query", ok(json!({"Items": [event(2)]}))),
    ])
    .await;
    assert_eq!(store(&fake).events(id()).await.unwrap(), [vec![1], vec![2]]);
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["ConsistentRead"], true);
    assert_eq!(bodies[1]["ExclusiveStartKey"]["sk"]["S"], "s");
}

#[tokio::test]
async fn a_row_of_a_later_version_is_misconfigured() {
    let fake = Fake::new(vec![("GetItem", ok(json!({"Item": {"schema": {"N": "9"}}})))]).await;
    let failed = store(&fake).request(id()).await;
    assert_eq!(failed, Err(Failure::misconfigured("row_schema_unknown")));
}

#[tokio::test]
async fn due_rows_come_a_page_at_a_time() {
    let pk = format!("REQUEST#{}", id());
    let row = |sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}, "next_due": {"S": now().to_string()}});
    let fake = Fake::new(vec![
        ("Query", ok(json!({"Items": [row("REQUEST"), row("HEAD")], "LastEvaluatedKey": row("REQUEST")}))),
        ("Query", ok(json!({"Items": [row("TASK#qualifio-main")]}))),
    ])
    .await;
    let store = store(&fake);
    let first = store.due(3, now(), None).await.unwrap();
    let seen: Vec<_> = first.rows.iter().map(|due| (due.request, due.source.clone())).collect();
    assert_eq!(seen, [(id(), None)]);
    let second = store.due(3, now(), first.next).await.unwrap();
    let seen: Vec<_> = second.rows.iter().map(|due| (due.request, due.source.clone())).collect();
    assert_eq!(seen, [(id(), Some(source()))]);
    assert_eq!(second.next, None);
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["IndexName"], "due");
    assert_eq!(bodies[0]["ExpressionAttributeValues"][":hash"]["S"], "DUE#3");
    assert_eq!(bodies[1]["ExclusiveStartKey"]["sk"]["S"], "REQUEST");
}

#[tokio::test]
async fn access_denied_and_a_missing_table_are_misconfigured() {
    for (code, failure) in
        [("AccessDeniedException", "store_denied"), ("ResourceNotFoundException", "store_missing")]
    {
        let fake = Fake::new(vec![("GetItem", error(400, code))]).await;
        assert_eq!(store(&fake).request(id()).await, Err(Failure::misconfigured(failure)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_store_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = rightful_aws::Settings {
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(format!("http://{}", listener.local_addr().unwrap())),
        credentials: aws_credential_types::Credentials::new("id", "secret", None, None, "test"),
    };
    let aws = rightful_aws::Aws::new(settings, rightful_aws::tls_config().unwrap()).unwrap();
    let begun = tokio::time::Instant::now();
    let failed = Store::new(&aws, "requests", "keys").request(id()).await;
    assert_eq!(failed, Err(Failure::transient("store_unavailable")));
    // Longer would outlive the function that waits for it.
    assert!(begun.elapsed() <= std::time::Duration::from_secs(16), "{:?}", begun.elapsed());
}

/// A limit with everything in it.
fn limit(revision: u64) -> Limit {
    Limit {
        revision,
        arrival: Some(now()),
        failures: 7,
        opened: 2,
        open_until: Some(now().plus_seconds(60)),
        probing: true,
        throttled: 3,
        parked_until: Some(now().plus_seconds(9)),
        day: Some(now().start_of_day()),
        calls: 41,
        ..Limit::fresh(source())
    }
}

fn first_row() -> Answer {
    Box::new(|bodies| wiremock::ResponseTemplate::new(200).set_body_json(json!({"Item": bodies[0]["Item"]})))
}

#[tokio::test]
async fn a_limit_reads_back_as_it_was_written_with_the_next_revision() {
    let fake = Fake::new(vec![("PutItem", nothing()), ("GetItem", first_row())]).await;
    let store = store(&fake);
    store.save_limit(&limit(4)).await.unwrap();
    assert_eq!(store.limit(&source()).await.unwrap(), limit(5));
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["ConditionExpression"], "#revision = :revision");
    assert_eq!(bodies[0]["ExpressionAttributeValues"][":revision"]["N"], "4");
    let item = &bodies[0]["Item"];
    assert_eq!((&item["pk"]["S"], &item["sk"]["S"]), (&json!("LIMIT#qualifio-main"), &json!("LIMIT")));
    assert!(item.get("list_key").is_none(), "no data source of its own");
    assert_eq!(bodies[1]["Key"], json!({"pk": item["pk"], "sk": item["sk"]}));
    assert_eq!(bodies[1]["ConsistentRead"], true);
}

#[tokio::test]
async fn a_limit_that_was_never_written_is_a_fresh_one_and_must_not_exist_when_it_is() {
    let fake = Fake::new(vec![("GetItem", nothing()), ("PutItem", nothing())]).await;
    let store = store(&fake);
    let fresh = store.limit(&source()).await.unwrap();
    assert_eq!(fresh, Limit::fresh(source()));
    store.save_limit(&fresh).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[1]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(bodies[1]["Item"]["revision"]["N"], "1");
}

#[tokio::test]
async fn a_limit_that_another_caller_changed_is_stale_and_our_own_is_stored() {
    let another = || ok(json!({"Item": {"writer": {"S": "another"}}}));
    for (row, expected) in [(first_row(), Ok(())), (another(), Err(CommitError::Stale))] {
        let fake =
            Fake::new(vec![("PutItem", error(400, "ConditionalCheckFailedException")), ("GetItem", row)])
                .await;
        assert_eq!(store(&fake).save_limit(&limit(4)).await, expected);
        fake.bodies();
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_limit_is_found_out_by_reading() {
    let lost = || ("PutItem", error(500, "InternalServerError"));
    let unavailable = Err(CommitError::Failed(Failure::transient("store_unavailable")));
    for (row, expected) in [(first_row(), Ok(())), (nothing(), unavailable)] {
        let fake = Fake::new(vec![lost(), lost(), lost(), ("GetItem", row)]).await;
        assert_eq!(store(&fake).save_limit(&limit(4)).await, expected);
        fake.bodies();
    }
}

#[tokio::test]
async fn a_limit_of_a_later_version_is_misconfigured() {
    let fake = Fake::new(vec![("GetItem", ok(json!({"Item": {"schema": {"N": "9"}}})))]).await;
    assert_eq!(store(&fake).limit(&source()).await, Err(Failure::misconfigured("row_schema_unknown")));
}

#[tokio::test]
async fn the_reconciliations_place_is_one_row_kept_on_its_revision() {
    let row = json!({"Item": {
        "schema": {"N": "1"}, "revision": {"N": "4"}, "shard": {"N": "3"}, "after": {"S": "{}"}}});
    let fake = Fake::new(vec![
        ("GetItem", nothing()),
        ("GetItem", ok(row)),
        ("PutItem", nothing()),
        ("PutItem", error(400, "ConditionalCheckFailedException")),
        ("GetItem", ok(json!({"Item": {"writer": {"S": "another"}}}))),
    ])
    .await;
    let store = store(&fake);
    assert_eq!(store.cursor().await, Ok(None));
    let kept =
        Cursor { schema: 1, revision: 4, shard: 3, after: Some("{}".to_owned()), up_to: None, journal: None };
    assert_eq!(store.cursor().await, Ok(Some(kept.clone())));
    let next = Cursor { shard: 5, after: None, ..kept };
    store.save_cursor(&next).await.unwrap();
    assert_eq!(store.save_cursor(&next).await, Err(CommitError::Stale), "another run was faster");
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["Key"]["pk"]["S"], "RECONCILE");
    assert_eq!(bodies[0]["Key"]["sk"]["S"], "CURSOR");
    let item = &bodies[2]["Item"];
    assert_eq!((&item["revision"]["N"], &item["shard"]["N"]), (&json!("5"), &json!("5")));
    assert!(item.get("after").is_none() && item.get("due_shard").is_none());
    assert_eq!(bodies[2]["ExpressionAttributeValues"][":revision"]["N"], "4");
}
