//! A change is one transaction, found again when its answer got lost.

use crate::fake::{Fake, Scripted, cancelled, error, head, moved_on, ok, row_of_last_transaction};
use crate::stage::{change, found, id, nothing, source, store, task};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::model::lease::Lease;
use rightful_domain::ports::store::{CommitError, Row, Writes};
use serde_json::{Value, json};

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
    assert_eq!(failed, Err(CommitError::Failed(Failure::of(Code::StoreBusy))));
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
    assert_eq!(failed, Err(CommitError::Failed(Failure::transient(Code::StoreUnavailable))));
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
    for (row, expected) in [(mine as Scripted, Ok(())), (another, Err(CommitError::Stale))] {
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
    assert_eq!(failed, Err(CommitError::Failed(Failure::of(Code::RowTooLarge))));
    fake.bodies();
}
