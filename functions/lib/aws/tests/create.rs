//! How a request begins: one transaction, found again when its answer got lost.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted, cancelled, error, ok};
use rightful_aws::Store;
use rightful_contract::world::{a_request, a_task, request_id};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::request::Request;
use rightful_domain::ports::store::{Begins, Created};
use serde_json::{Value, json};

fn now() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

fn request() -> Request {
    let subject = Some(Tag::new("key", &[1, 2]));
    Request { origin: "standard".to_owned(), subject, ..a_request(11, &["qualifio-main"], now()) }
}

fn delivery(request: RequestId) -> Delivery {
    Delivery {
        schema: 1,
        channel: "standard".to_owned(),
        key: Tag::new("key", &[3]),
        body: Tag::new("key", &[4]),
        request,
        received_at: now(),
    }
}

async fn create(fake: &Fake) -> Result<Created, Failure> {
    let fact = Fact::AttemptBegun { attempt: 1 };
    let task = a_task(11, "qualifio-main", now());
    Store::new(&fake.aws(), "requests", "keys")
        .create(&request(), &[task], Some(&delivery(request_id(11))), b"wrapped", fact)
        .await
}

fn delivery_of(request: &str) -> Scripted {
    ok(json!({"Item": {
        "schema": {"N": "1"},
        "channel": {"S": "standard"},
        "key": {"M": {"key_id": {"S": "key"}, "mac": {"S": "03"}}},
        "body": {"M": {"key_id": {"S": "key"}, "mac": {"S": "04"}}},
        "request": {"S": request},
        "received_at": {"S": now().to_string()},
    }}))
}

#[tokio::test]
async fn a_request_begins_in_one_transaction_over_both_tables() {
    let fake = Fake::new(vec![("TransactWriteItems", ok(json!({})))]).await;
    assert_eq!(create(&fake).await, Ok(Created::New));
    let bodies = fake.bodies();
    let puts: Vec<&Value> =
        bodies[0]["TransactItems"].as_array().unwrap().iter().map(|item| &item["Put"]).collect();
    let sks: Vec<&str> = puts.iter().map(|put| put["Item"]["sk"]["S"].as_str().unwrap()).collect();
    assert_eq!(sks, ["DELIVERY", "REQUEST", "TASK#qualifio-main", "EVENT#0000000001", "HEAD", "KEY"]);
    assert!(puts.iter().all(|put| put["ConditionExpression"] == "attribute_not_exists(pk)"));
    assert_eq!(puts[0]["Item"]["expires_at"]["N"], (now().unix_seconds() + 400 * 86_400).to_string());
    assert_eq!(puts[1]["Item"]["revision"]["N"], "1");
    assert_eq!(puts[1]["Item"]["list_key"]["S"], "REQUEST#open");
    assert_eq!(puts[1]["Item"]["list_sort"]["S"], format!("{}#{}", now(), request_id(11)));
    assert_eq!(puts[1]["Item"]["subject_tag"]["S"], "0102");
    assert_eq!(puts[2]["Item"]["due_shard"]["S"], "DUE#3");
    assert_eq!(puts[5]["TableName"], "keys");
}

const DELIVERED: &[&str] = &["ConditionalCheckFailed", "None", "None", "None", "None", "None"];

#[tokio::test]
async fn a_delivery_that_was_there_before_is_answered() {
    let other = "019aa6e0-5c1f-7000-8000-00000000000c";
    let fake =
        Fake::new(vec![("TransactWriteItems", cancelled(DELIVERED)), ("GetItem", delivery_of(other))]).await;
    let before = delivery(RequestId::parse(other).unwrap());
    assert_eq!(create(&fake).await, Ok(Created::Delivered(before)));
    fake.bodies();
}

#[tokio::test]
async fn a_delivery_of_this_very_request_is_new() {
    let fake = Fake::new(vec![
        ("TransactWriteItems", cancelled(DELIVERED)),
        ("GetItem", delivery_of(&request_id(11).to_string())),
    ])
    .await;
    assert_eq!(create(&fake).await, Ok(Created::New));
    fake.bodies();
}

#[tokio::test]
async fn a_request_whose_creation_lost_its_answer_is_found_again() {
    let fake = Fake::new(vec![
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("TransactWriteItems", error(500, "InternalServerError")),
        ("GetItem", delivery_of(&request_id(11).to_string())),
    ])
    .await;
    assert_eq!(create(&fake).await, Ok(Created::New));
    fake.bodies();
}
