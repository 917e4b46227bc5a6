//! Monitoring of the store: the observer of commits, all open work, and the chains.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted, base64, cancelled, error, head, ok, row_of_last_transaction};
use rightful_aws::Store;
use rightful_contract::world::{self, a_request, a_task, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::chain::links::Head;
use rightful_domain::chain::links::Links;
use rightful_domain::duty::gauge::{OpenRequest, OpenTask, Work};
use rightful_domain::metric::{CommitObserver, Committed};
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::ports::store::{
    Begins, Chains, Change, CommitError, Created, DueIndex, OpenWork, Row, Writes,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn id() -> RequestId {
    request_id(11)
}

fn source() -> SourceId {
    world::source("qualifio-main")
}

fn now() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

fn task() -> Task {
    Task { revision: 1, ..a_task(11, "qualifio-main", now()) }
}

fn request() -> Request {
    Request { origin: "standard".to_owned(), ..a_request(11, &["qualifio-main"], now()) }
}

/// The observed commits: the number of facts, whether the request's row was included, and the number of
/// tasks' rows.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<(usize, bool, usize)>>>);

impl CommitObserver for Heard {
    fn committed(&self, committed: &Committed<'_>) {
        let one = (committed.facts.len(), committed.request.is_some(), committed.tasks.len());
        self.0.lock().unwrap().push(one);
    }
}

impl Heard {
    fn all(&self) -> Vec<(usize, bool, usize)> {
        self.0.lock().unwrap().clone()
    }
}

fn nothing() -> Scripted {
    ok(json!({}))
}

async fn commit(script: Vec<(&'static str, Scripted)>, facts: Vec<Fact>) -> (Result<(), CommitError>, Heard) {
    let fake = Fake::new(script).await;
    let heard = Heard::default();
    let store = Store::new(&fake.aws(), "requests", "keys").observed_by(heard.clone());
    let change = Change { request: id(), at: now(), rows: vec![Row::Task(task())], facts };
    let stored = store.commit(change).await;
    fake.bodies();
    (stored, heard)
}

fn found() -> Vec<Fact> {
    vec![Fact::Found { source: source(), records: 2, asked: rightful_domain::model::task::Asked::default() }]
}

/// A call that the client repeats twice by itself before it gives up.
fn lost() -> [(&'static str, Scripted); 3] {
    [(); 3].map(|()| ("TransactWriteItems", error(500, "InternalServerError")))
}

/// A transaction sent after a read of the head, and the calls after it.
fn script(more: impl IntoIterator<Item = (&'static str, Scripted)>) -> Vec<(&'static str, Scripted)> {
    std::iter::once(("GetItem", head(4))).chain(more).collect()
}

#[tokio::test]
async fn a_commit_is_heard_of_once_it_is_there_whatever_came_before() {
    let (stored, heard) = commit(
        script([
            ("TransactWriteItems", cancelled(&["None", "ConditionalCheckFailed", "None"])),
            ("GetItem", nothing()),
            ("GetItem", head(5)),
            ("GetItem", nothing()),
            ("TransactWriteItems", nothing()),
        ]),
        found(),
    )
    .await;
    assert_eq!((stored, heard.all()), (Ok(()), vec![(1, false, 1)]));
}

#[tokio::test]
async fn a_commit_whose_answer_got_lost_is_heard_of_once_when_it_is_found_to_be_ours() {
    let ours = || ("GetItem", row_of_last_transaction(1));
    let (stored, heard) = commit(script(lost().into_iter().chain([ours()])), found()).await;
    assert_eq!((stored, heard.all()), (Ok(()), vec![(1, false, 1)]));
    let refused = cancelled(&["ConditionalCheckFailed", "ConditionalCheckFailed", "None"]);
    let (stored, heard) = commit(script([("TransactWriteItems", refused), ours()]), found()).await;
    assert_eq!((stored, heard.all()), (Ok(()), vec![(1, false, 1)]));
    // Told to come back, and stored anyway.
    let busy = [("TransactWriteItems", cancelled(&[])), ("GetItem", head(5)), ours()];
    let (stored, heard) = commit(script(busy), found()).await;
    assert_eq!((stored, heard.all()), (Ok(()), vec![(1, false, 1)]));
}

#[tokio::test]
async fn what_is_not_committed_is_not_heard_of() {
    let refused = cancelled(&["ConditionalCheckFailed", "None", "None"]);
    let stale = [("TransactWriteItems", refused), ("GetItem", nothing())];
    let (stored, heard) = commit(script(stale), found()).await;
    assert_eq!((stored, heard.all()), (Err(CommitError::Stale), vec![]));
    let in_vain = lost().into_iter().chain([("GetItem", nothing())]);
    let (stored, heard) = commit(script(in_vain), found()).await;
    assert!(stored.is_err());
    assert_eq!(heard.all(), vec![]);
}

#[tokio::test]
async fn a_change_without_news_tells_nothing() {
    let (stored, heard) = commit(vec![("PutItem", nothing())], vec![]).await;
    assert_eq!((stored, heard.all()), (Ok(()), vec![]));
}

#[tokio::test]
async fn a_request_that_begins_is_heard_of_with_its_row_and_one_that_was_there_is_not() {
    let begin = |script| async {
        let fake = Fake::new(script).await;
        let heard = Heard::default();
        let store = Store::new(&fake.aws(), "requests", "keys").observed_by(heard.clone());
        let fact = Fact::AttemptBegun { attempt: 1 };
        let created = store.create(&request(), &[task()], None, b"wrapped", fact).await;
        (created, heard.all())
    };
    let (created, heard) = begin(vec![("TransactWriteItems", nothing())]).await;
    assert_eq!((created, heard), (Ok(Created::New), vec![(1, true, 1)]));
    // The answer was lost, and its row exists: an id is drawn for one call.
    let mut row: Value = serde_json::from_str(r#"{"Item": {}}"#).unwrap();
    for (name, value) in serde_json::to_value(request()).unwrap().as_object().unwrap() {
        row["Item"][name] = match value {
            Value::Number(number) => json!({"N": number.to_string()}),
            Value::Bool(flag) => json!({"BOOL": flag}),
            Value::Array(list) => json!({"L": list.iter().map(|one| json!({"S": one})).collect::<Vec<_>>()}),
            other => json!({"S": other}),
        };
    }
    let found_again = lost().into_iter().chain([("GetItem", ok(row))]).collect();
    let (created, heard) = begin(found_again).await;
    assert_eq!((created, heard), (Ok(Created::New), vec![(1, true, 1)]));
    let failed = vec![("TransactWriteItems", error(400, "AccessDeniedException"))];
    let (created, heard) = begin(failed).await;
    assert!(created.is_err());
    assert_eq!(heard, vec![]);
}

fn index_rows() -> Value {
    let keys = |sk: &str| {
        json!({"pk": {"S": format!("REQUEST#{}", id())}, "sk": {"S": sk}, "due_shard": {"S": "DUE#3"},
            "next_due": {"S": "2026-11-21T12:00:00.000Z"}})
    };
    let mut request = keys("REQUEST");
    request["state"] = json!({"S": "open"});
    request["synthetic"] = json!({"BOOL": true});
    request["received_at"] = json!({"S": "2026-11-21T12:00:00.000Z"});
    request["due_at"] = json!({"S": "2026-12-21T12:00:00.000Z"});
    let mut task = keys("TASK#qualifio-main");
    task["state"] = json!({"S": "unknown"});
    task["reason"] = json!({"S": "timed_out"});
    task["searched_at"] = json!({"S": "2026-11-21T12:00:00.000Z"});
    task["unknown_since"] = json!({"S": "2026-11-21T12:00:00.000Z"});
    json!([request, task])
}

#[tokio::test]
async fn open_work_is_the_whole_index_with_what_it_projects() {
    let rows = index_rows();
    let first = json!({"Items": [rows[0]], "LastEvaluatedKey": {
        "pk": rows[0]["pk"], "sk": rows[0]["sk"], "due_shard": rows[0]["due_shard"], "next_due": rows[0]["next_due"]}});
    let second = json!({"Items": [rows[1]]});
    let third = json!({"Items": [rows[1], {"pk": {"S": "REQUEST#x"}, "sk": {"S": "REQUEST"}}]});
    let fake = Fake::new(vec![("Query", ok(first)), ("Query", ok(second)), ("Query", ok(third))]).await;
    let store = Store::new(&fake.aws(), "requests", "keys");
    let page = store.open_work(3, None).await.unwrap();
    let open = OpenRequest {
        state: RequestState::Open,
        synthetic: true,
        received_at: now(),
        due_at: Time::parse("2026-12-21T12:00:00Z").unwrap(),
        forget_at: None,
        forgotten_at: None,
        next_due: Some(now()),
    };
    assert_eq!(page.rows, [Work::Request(id(), open)]);
    let page = store.open_work(3, page.next).await.unwrap();
    let unknown = OpenTask {
        state: TaskState::Unknown,
        reason: Some("timed_out".to_owned()),
        searched_at: Some(now()),
        unknown_since: Some(now()),
        next_due: Some(now()),
    };
    assert_eq!((page.rows, page.next), (vec![Work::Task(id(), unknown)], None));
    let unreadable = store.open_work(3, None).await.unwrap_err();
    assert_eq!(unreadable, Failure::of(Code::RowUnreadable), "who counts without it reports too little");
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["KeyConditionExpression"], "#hash = :hash", "due or not");
    assert_eq!(bodies[1]["ExclusiveStartKey"]["sk"]["S"], "REQUEST");
}

#[tokio::test]
async fn a_place_in_the_due_index_is_its_keys_whatever_else_it_projects() {
    let fake = Fake::new(vec![("Query", ok(json!({"Items": index_rows()}))), ("Query", nothing())]).await;
    let store = Store::new(&fake.aws(), "requests", "keys");
    let page = store.due(3, now(), None).await.unwrap();
    assert_eq!(page.rows.len(), 2);
    store.due(3, now(), Some(page.rows[0].cursor.clone())).await.unwrap();
    let bodies = fake.bodies();
    let start = bodies[1]["ExclusiveStartKey"].as_object().unwrap();
    let names: Vec<&str> = start.keys().map(String::as_str).collect();
    assert_eq!(names, ["due_shard", "next_due", "pk", "sk"]);
}

#[tokio::test]
async fn a_chain_is_read_with_its_head_first_and_a_link_without_bytes_is_empty() {
    let links = json!({"Items": [{"bytes": {"B": base64(b"one")}}, {"other": {"S": "x"}}]});
    let fake = Fake::new(vec![
        ("GetItem", head(2)),
        ("Query", ok(links)),
        ("GetItem", nothing()),
        ("Query", nothing()),
    ])
    .await;
    let store = Store::new(&fake.aws(), "requests", "keys");
    let links = vec![b"one".to_vec(), Vec::new()];
    let head = Some(Head { seq: 2, hash: "h2".to_owned() });
    assert_eq!(store.event_links(id()).await, Ok(Links { head, links }));
    assert_eq!(store.journal_links(100, 50).await, Ok(Links { head: None, links: vec![] }));
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["Key"]["sk"]["S"], "HEAD");
    assert_eq!((&bodies[1]["ConsistentRead"], &bodies[3]["ConsistentRead"]), (&json!(true), &json!(true)));
    let values = &bodies[3]["ExpressionAttributeValues"];
    assert_eq!(
        (&values[":pk"]["S"], &values[":first"]["S"]),
        (&json!("JOURNAL"), &json!("ENTRY#0000000101"))
    );
    assert_eq!(bodies[3]["Limit"], 50);
}
