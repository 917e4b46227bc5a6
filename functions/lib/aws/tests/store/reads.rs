//! Reads of one partition and of the indexes, and failures of the store.

use crate::fake::{Fake, error, ok};
use crate::stage::{id, now, source, store};
use rightful_aws::Store;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::ports::store::{DueIndex, Reads};
use serde_json::json;

#[tokio::test]
async fn all_pages_are_read() {
    let event = |n: u8| json!({"bytes": {"B": crate::fake::base64(&[n])}});
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
    assert_eq!(failed, Err(Failure::of(Code::RowSchemaUnknown)));
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
        [("AccessDeniedException", Code::StoreDenied), ("ResourceNotFoundException", Code::StoreMissing)]
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
    assert_eq!(failed, Err(Failure::transient(Code::StoreUnavailable)));
    // A longer time would outlive the waiting function.
    assert!(begun.elapsed() <= std::time::Duration::from_secs(16), "{:?}", begun.elapsed());
}
