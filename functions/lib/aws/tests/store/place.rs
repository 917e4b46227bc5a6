//! The reconciliation's place.

use crate::fake::{Fake, error, ok};
use crate::stage::{nothing, store};
use rightful_domain::ports::store::{CommitError, Cursor, Cursors};
use serde_json::json;

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
