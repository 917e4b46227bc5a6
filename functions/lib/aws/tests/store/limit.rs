//! The rows of data sources' limits.

use crate::fake::{Fake, Scripted, error, ok};
use crate::stage::{nothing, now, source, store};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::model::limit::Limit;
use rightful_domain::ports::store::{CommitError, Limits};
use serde_json::json;

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

fn first_row() -> Scripted {
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
    let unavailable = Err(CommitError::Failed(Failure::transient(Code::StoreUnavailable)));
    for (row, expected) in [(first_row(), Ok(())), (nothing(), unavailable)] {
        let fake = Fake::new(vec![lost(), lost(), lost(), ("GetItem", row)]).await;
        assert_eq!(store(&fake).save_limit(&limit(4)).await, expected);
        fake.bodies();
    }
}

#[tokio::test]
async fn a_limit_of_a_later_version_is_misconfigured() {
    let fake = Fake::new(vec![("GetItem", ok(json!({"Item": {"schema": {"N": "9"}}})))]).await;
    assert_eq!(store(&fake).limit(&source()).await, Err(Failure::of(Code::RowSchemaUnknown)));
}
