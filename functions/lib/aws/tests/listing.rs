//! Lists of requests, and the requests that use a data source.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted, ok};
use rightful_aws::{Listed, Store};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::store::UsesOf;
use serde_json::{Value, json};

fn id(n: u8) -> RequestId {
    RequestId::parse(&format!("019aa6e0-5c1f-7000-8000-0000000000{n:02}")).unwrap()
}

fn place(n: u8) -> String {
    format!("2026-11-21T12:00:{n:02}.000Z#{}", id(n))
}

fn listed(n: u8) -> Value {
    json!({
        "pk": {"S": format!("REQUEST#{}", id(n))}, "sk": {"S": "REQUEST"},
        "list_key": {"S": "REQUEST#open"}, "list_sort": {"S": place(n)},
    })
}

fn page(rows: &[u8], more: bool) -> Scripted {
    let items: Vec<Value> = rows.iter().map(|n| listed(*n)).collect();
    let last = if more { items.last().cloned().unwrap() } else { json!({}) };
    ok(json!({"Items": items, "LastEvaluatedKey": last}))
}

fn request(n: u8, state: &str) -> Value {
    request_at(n, state, &["crm"])
}

/// Rows in no order, as DynamoDB returns them.
fn rows(mut rows: Vec<Value>) -> Scripted {
    rows.reverse();
    ok(json!({"Responses": {"requests": rows}}))
}

fn request_at(n: u8, state: &str, sources: &[&str]) -> Value {
    let sources: Vec<Value> = sources.iter().map(|source| json!({"S": source})).collect();
    let at = json!({"S": format!("2026-11-21T12:00:{n:02}Z")});
    json!({
        "pk": {"S": format!("REQUEST#{}", id(n))}, "sk": {"S": "REQUEST"},
        "schema": {"N": "1"}, "id": {"S": id(n).to_string()}, "right": {"S": "erasure"},
        "state": {"S": state}, "revision": {"N": "1"}, "policy": {"S": "auto"}, "dry_run": {"BOOL": false},
        "origin": {"S": "operator"}, "sources": {"L": sources}, "identifier_kinds": {"L": []},
        "received_at": at, "due_at": at, "attempt": {"N": "1"},
    })
}

fn store(fake: &Fake) -> Store {
    Store::new(&fake.aws(), "requests", "keys")
}

#[tokio::test]
async fn open_and_closed_requests_are_listed_together_in_the_order_they_came_in() {
    let fake = Fake::new(vec![
        ("Query", page(&[7, 4], true)),
        ("Query", page(&[6, 5], false)),
        ("BatchGetItem", rows(vec![request(7, "open"), request(6, "closed")])),
        ("Query", page(&[4], false)),
        ("Query", page(&[5], false)),
        ("BatchGetItem", rows(vec![request(5, "closed"), request(4, "open")])),
    ])
    .await;
    let store = store(&fake);
    let first = store.list_requests(Listed::All, None, 2).await.unwrap();
    assert_eq!(first.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(7), id(6)]);
    assert_eq!(first.next, Some(place(6)));
    let second = store.list_requests(Listed::All, first.next.as_deref(), 2).await.unwrap();
    assert_eq!(second.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(5), id(4)]);
    assert_eq!(second.next, None);
    let bodies = fake.bodies();
    let asked = |n: usize| &bodies[n]["ExpressionAttributeValues"];
    assert_eq!(
        (&asked(0)[":hash"]["S"], &asked(1)[":hash"]["S"]),
        (&json!("REQUEST#open"), &json!("REQUEST#closed"))
    );
    assert_eq!(bodies[3]["KeyConditionExpression"], "#hash = :hash AND #range < :range");
    assert_eq!(asked(3)[":range"]["S"], place(6));
    let batch = &bodies[2]["RequestItems"]["requests"];
    assert_eq!((&batch["ConsistentRead"], batch["Keys"].as_array().unwrap().len()), (&json!(true), 2));
    assert_eq!((&bodies[0]["Limit"], &bodies[0]["ScanIndexForward"]), (&json!(2), &json!(false)));
}

#[tokio::test]
async fn a_request_in_the_middle_of_closing_is_listed_once() {
    let fake = Fake::new(vec![
        ("Query", page(&[7], false)),
        ("Query", page(&[7], false)),
        ("BatchGetItem", rows(vec![request(7, "closed")])),
    ])
    .await;
    let page = store(&fake).list_requests(Listed::All, None, 5).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (1, None));
    fake.bodies();
}

#[tokio::test]
async fn a_list_of_open_requests_leaves_out_what_closed_since() {
    let fake = Fake::new(vec![
        ("Query", page(&[7, 6], true)),
        ("BatchGetItem", rows(vec![request(7, "closed"), request(6, "open")])),
    ])
    .await;
    let page = store(&fake).list_requests(Listed::Open, None, 2).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id(6)]);
    assert_eq!(page.next, Some(place(6)), "a short page is not the last one");
    fake.bodies();
}

#[tokio::test]
async fn a_place_that_no_list_gave_is_refused_before_anything_is_asked() {
    for bad in ["", "what", "2026-11-21T12:00:00.000Z", "2026-11-21T12:00:00.000Z#what", "#"] {
        let fake = Fake::new(vec![]).await;
        let refused = store(&fake).list_requests(Listed::All, Some(bad), 5).await;
        assert_eq!(refused.unwrap_err(), Failure::of(Code::CursorUnreadable), "{bad}");
        fake.bodies();
    }
}

fn due(rows: &[(u8, &str)], more: bool) -> Scripted {
    let items: Vec<Value> = rows
        .iter()
        .map(|(n, sk)| {
            json!({
                "pk": {"S": format!("REQUEST#{}", id(*n))}, "sk": {"S": sk},
                "due_shard": {"S": "DUE#0"}, "next_due": {"S": "2099-01-01T00:00:00.000Z"},
            })
        })
        .collect();
    let last = if more { items.last().cloned().unwrap() } else { json!({}) };
    ok(json!({"Items": items, "LastEvaluatedKey": last}))
}

fn source() -> SourceId {
    SourceId::parse("crm").unwrap()
}

#[tokio::test]
async fn open_requests_that_go_to_a_data_source_are_found_whenever_they_are_due() {
    let mut steps = vec![
        ("Query", due(&[(1, "REQUEST"), (1, "TASK#crm"), (2, "TASK#crm-other")], true)),
        ("BatchGetItem", rows(vec![request(1, "open"), request_at(2, "open", &["crm-other"])])),
        ("Query", due(&[(3, "TASK#crm"), (1, "TASK#crm-other")], false)),
        // It closed since, and the index lags.
        ("BatchGetItem", rows(vec![request(3, "closed")])),
    ];
    steps.extend((1..7).map(|_| ("Query", due(&[], false))));
    // Its task there has an outcome and left the index; another task is still open.
    steps.extend([
        ("Query", due(&[(4, "REQUEST"), (4, "TASK#crm-other")], false)),
        ("BatchGetItem", rows(vec![request_at(4, "open", &["crm", "crm-other"])])),
    ]);
    let fake = Fake::new(steps).await;
    assert_eq!(store(&fake).open_requests_at(&source(), 10).await.unwrap(), [id(1), id(4)]);
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["KeyConditionExpression"], "#hash = :hash", "not only what is due by now");
    assert_eq!(bodies[2]["ExclusiveStartKey"]["sk"]["S"], "TASK#crm-other");
    assert_eq!(bodies[10]["ExpressionAttributeValues"][":hash"]["S"], "DUE#7");
}

#[tokio::test]
async fn no_more_requests_are_looked_for_than_are_asked_for() {
    let fake = Fake::new(vec![
        ("Query", due(&[(1, "TASK#crm"), (2, "TASK#crm"), (3, "TASK#crm")], true)),
        ("BatchGetItem", rows(vec![request(1, "open"), request(2, "open"), request(3, "open")])),
    ])
    .await;
    assert_eq!(store(&fake).open_requests_at(&source(), 2).await.unwrap(), [id(1), id(2)]);
    fake.bodies();
}
