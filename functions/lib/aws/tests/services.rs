//! KMS, Secrets Manager, Step Functions and S3 against scripted answers.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, base64, error, ok};
use rightful_aws::{
    DataKeys, KeyTable, ReceiptBucket, ReceiptKey, SecretStore, StateMachine, SystemClock, TagKey,
};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::documents::receipt::{PublicKey, Receipt};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::copies::{Kept, Receipts, Signer};
use rightful_domain::ports::keys::{Forgets, Keys, NewKeys, Tags};
use rightful_domain::ports::set_up::{SecretWrites, Secrets};
use rightful_domain::ports::workflow::Next;
use rightful_domain::ports::workflow::{Started, Tokens, Workflow};
use serde_json::json;
use wiremock::ResponseTemplate;

const ARN: &str = "arn:aws:kms:eu-west-1:000000000000:key/1";

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn secret(value: &str) -> fake::Scripted {
    ok(json!({"SecretString": value}))
}

/// Both stages are read at once, so the answer depends on the stage, not on the order.
fn staged(current: &'static str, previous: Option<&'static str>) -> fake::Scripted {
    Box::new(move |bodies| {
        let stage = bodies.last().unwrap()["VersionStage"].as_str().unwrap();
        match (stage, previous) {
            ("AWSCURRENT", _) => ResponseTemplate::new(200).set_body_json(json!({"SecretString": current})),
            ("AWSPREVIOUS", Some(previous)) => {
                ResponseTemplate::new(200).set_body_json(json!({"SecretString": previous}))
            }
            _ => ResponseTemplate::new(400).set_body_json(json!({"__type": "ResourceNotFoundException"})),
        }
    })
}

fn texts(versions: &[zeroize::Zeroizing<String>]) -> Vec<&str> {
    versions.iter().map(|version| version.as_str()).collect()
}

#[tokio::test]
async fn a_secret_without_a_previous_version_has_one() {
    let fake =
        Fake::new(vec![("GetSecretValue", staged("a", None)), ("GetSecretValue", staged("a", None))]).await;
    let secrets = SecretStore::new(&fake.aws(), "rightful/dev/");
    assert_eq!(texts(&secrets.secret("source/q", false).await.unwrap()), ["a"]);
    assert!(fake.bodies().iter().all(|body| body["SecretId"] == "rightful/dev/source/q"));
}

#[tokio::test]
async fn a_secret_is_read_once_until_it_is_asked_for_afresh() {
    let fake = Fake::new(vec![
        ("GetSecretValue", staged("a", None)),
        ("GetSecretValue", staged("a", None)),
        ("GetSecretValue", staged("b", Some("a"))),
        ("GetSecretValue", staged("b", Some("a"))),
    ])
    .await;
    let secrets = SecretStore::new(&fake.aws(), "rightful/dev/");
    for _ in 0..3 {
        assert_eq!(texts(&secrets.secret("source/q", false).await.unwrap()), ["a"]);
    }
    assert_eq!(texts(&secrets.secret("source/q", true).await.unwrap()), ["b", "a"]);
    assert_eq!(texts(&secrets.secret("source/q", false).await.unwrap()), ["b", "a"]);
    fake.bodies();
}

/// A current version made this many seconds ago, and a previous one made long before.
fn rotated(seconds_ago: u64) -> fake::Scripted {
    Box::new(move |bodies| {
        let current = bodies.last().unwrap()["VersionStage"] == "AWSCURRENT";
        let made = SystemClock.now().minus_seconds(if current { seconds_ago } else { 90 * 24 * 3600 });
        let text = if current { "new" } else { "old" };
        let body = json!({"SecretString": text, "CreatedDate": made.unix_seconds() as f64});
        ResponseTemplate::new(200).set_body_json(body)
    })
}

#[tokio::test]
async fn a_previous_version_counts_for_the_hours_after_its_rotation_and_no_longer() {
    let day = 24 * 3600;
    for (hours, seconds_ago, expected) in [
        (Some(24), 10, &["new", "old"][..]),
        (Some(24), day - 10, &["new", "old"]),
        (Some(24), day + 1, &["new"]),
        (Some(0), 0, &["new"]),
        (Some(1), 3601, &["new"]),
        (None, 60 * day, &["new", "old"]),
    ] {
        let fake = Fake::new(vec![
            ("GetSecretValue", rotated(seconds_ago)),
            ("GetSecretValue", rotated(seconds_ago)),
        ])
        .await;
        let secrets = SecretStore::new(&fake.aws(), "p/");
        let secrets = hours.into_iter().fold(secrets, SecretStore::with_previous_for);
        for _ in 0..2 {
            let read = secrets.secret("webhook/standard", false).await.unwrap();
            assert_eq!(texts(&read), expected, "{hours:?} {seconds_ago}");
        }
        fake.bodies();
    }
}

#[tokio::test]
async fn a_previous_version_stops_counting_while_it_is_kept() {
    let day = 24 * 3600;
    let fake =
        Fake::new(vec![("GetSecretValue", rotated(day - 1)), ("GetSecretValue", rotated(day - 1))]).await;
    let secrets = SecretStore::new(&fake.aws(), "p/").with_previous_for(24);
    secrets.secret("webhook/standard", false).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(texts(&secrets.secret("webhook/standard", false).await.unwrap()), ["new"]);
    fake.bodies();
}

#[tokio::test]
async fn a_missing_or_forbidden_secret_is_misconfigured() {
    for (code, failure) in
        [("ResourceNotFoundException", Code::SecretMissing), ("AccessDeniedException", Code::SecretDenied)]
    {
        let fake =
            Fake::new(vec![("GetSecretValue", error(400, code)), ("GetSecretValue", error(400, code))]).await;
        let secrets = SecretStore::new(&fake.aws(), "p/");
        assert_eq!(secrets.secret("s", false).await, Err(Failure::misconfigured(failure)));
    }
}

#[tokio::test]
async fn putting_a_secret_that_exists_gives_it_a_new_version() {
    let fake = Fake::new(vec![
        ("CreateSecret", error(400, "ResourceExistsException")),
        ("PutSecretValue", ok(json!({}))),
        ("GetSecretValue", secret("new")),
        ("GetSecretValue", secret("new")),
    ])
    .await;
    let secrets = SecretStore::new(&fake.aws(), "p/");
    secrets.put_secret("s", "new").await.unwrap();
    secrets.secret("s", false).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[1]["SecretId"], "p/s");
    assert!(bodies[1]["ClientRequestToken"].is_string());
}

#[tokio::test]
async fn a_secret_is_made_with_the_deployments_own_key_where_there_is_one() {
    for key in [None, Some("arn:aws:kms:eu-central-1:000000000000:key/5a2b")] {
        let fake = Fake::new(vec![("CreateSecret", ok(json!({})))]).await;
        let secrets = SecretStore::new(&fake.aws(), "p/").with_key(key.map(str::to_owned));
        secrets.put_secret("s", "new").await.unwrap();
        assert_eq!(fake.bodies()[0].get("KmsKeyId").and_then(|key| key.as_str()), key);
    }
}

#[tokio::test]
async fn a_secret_that_was_removed_lately_is_restored_before_it_is_written() {
    // AWS refuses the creation as an invalid request, the embedded stack as an existing secret.
    for refusal in ["InvalidRequestException", "ResourceExistsException"] {
        let fake = Fake::new(vec![
            ("CreateSecret", error(400, refusal)),
            ("PutSecretValue", error(400, "InvalidRequestException")),
            ("RestoreSecret", ok(json!({}))),
            ("PutSecretValue", ok(json!({}))),
        ])
        .await;
        SecretStore::new(&fake.aws(), "p/").put_secret("s", "new").await.unwrap();
        let bodies = fake.bodies();
        assert_eq!((&bodies[2]["SecretId"], &bodies[3]["SecretString"]), (&json!("p/s"), &json!("new")));
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_restored_is_not_written() {
    let fake = Fake::new(vec![
        ("CreateSecret", error(400, "InvalidRequestException")),
        ("PutSecretValue", error(400, "InvalidRequestException")),
        ("RestoreSecret", error(400, "AccessDeniedException")),
    ])
    .await;
    let put = SecretStore::new(&fake.aws(), "p/").put_secret("s", "new").await;
    assert_eq!(put, Err(Failure::of(Code::SecretDenied)));
    fake.bodies();
}

#[tokio::test]
async fn a_removed_secret_can_be_brought_back_for_a_week() {
    let fake = Fake::new(vec![("DeleteSecret", ok(json!({})))]).await;
    SecretStore::new(&fake.aws(), "p/").remove_secret("s").await.unwrap();
    let bodies = fake.bodies();
    assert_eq!((&bodies[0]["SecretId"], &bodies[0]["RecoveryWindowInDays"]), (&json!("p/s"), &json!(7)));
    assert!(bodies[0].get("ForceDeleteWithoutRecovery").is_none());
}

#[tokio::test]
async fn removing_a_secret_again_changes_nothing() {
    let gone = Fake::new(vec![("DeleteSecret", error(400, "ResourceNotFoundException"))]).await;
    SecretStore::new(&gone.aws(), "p/").remove_secret("s").await.unwrap();
    let refused = || ("DeleteSecret", error(400, "InvalidRequestException"));
    for (described, expected) in [
        (json!({"DeletedDate": 1.0}), Ok(())),
        // Refused for another reason: it still exists.
        (json!({}), Err(Failure::of(Code::SecretRejected))),
    ] {
        let fake = Fake::new(vec![refused(), ("DescribeSecret", ok(described))]).await;
        assert_eq!(SecretStore::new(&fake.aws(), "p/").remove_secret("s").await, expected);
        fake.bodies();
    }
}

#[tokio::test]
async fn what_waits_under_a_token_goes_on_with_what_comes_next() {
    let fake = Fake::new(vec![("SendTaskSuccess", ok(json!({})))]).await;
    let workflow = StateMachine::new(&fake.aws(), "arn:machine");
    assert_eq!(workflow.release("token", Next::Fulfil).await, Ok(()));
    let body = &fake.bodies()[0];
    assert_eq!(body["taskToken"], "token");
    assert_eq!(body["output"], r#"{"next":"fulfil"}"#);
}

#[tokio::test]
async fn a_token_that_nobody_waits_under_counts_as_released() {
    for code in ["TaskTimedOut", "InvalidToken", "TaskDoesNotExist"] {
        let fake = Fake::new(vec![("SendTaskSuccess", error(400, code))]).await;
        assert_eq!(
            StateMachine::new(&fake.aws(), "arn").release("token", Next::Settled).await,
            Ok(()),
            "{code}"
        );
        fake.bodies();
    }
    let fake = Fake::new(vec![("SendTaskSuccess", error(400, "AccessDeniedException"))]).await;
    let released = StateMachine::new(&fake.aws(), "arn").release("token", Next::Settled).await;
    assert_eq!(released, Err(Failure::of(Code::WorkflowDenied)));
}

#[tokio::test]
async fn a_data_key_is_bound_to_its_request_and_stage() {
    let key = base64(&[7; 32]);
    let fake = Fake::new(vec![
        ("GenerateDataKey", ok(json!({"Plaintext": key, "CiphertextBlob": base64(b"wrapped")}))),
        ("GetItem", ok(json!({"Item": {"wrapped": {"B": base64(b"wrapped")}}}))),
        ("Decrypt", ok(json!({"Plaintext": key}))),
        ("GetItem", ok(json!({}))),
    ])
    .await;
    let keys = DataKeys::new(&fake.aws(), "keys", ARN, "dev");
    let (made, wrapped) = keys.new_key(id()).await.unwrap();
    assert_eq!(wrapped, b"wrapped");
    let sealed = made.seal("context", b"value").unwrap();
    let read = keys.key(id()).await.unwrap().unwrap();
    assert_eq!(&**read.open("context", &sealed).unwrap(), b"value");
    assert!(keys.key(id()).await.unwrap().is_none(), "a forgotten key is not remembered");
    let bodies = fake.bodies();
    let context = json!({"request_id": id().to_string(), "stage": "dev"});
    assert_eq!((&bodies[0]["EncryptionContext"], &bodies[2]["EncryptionContext"]), (&context, &context));
    assert_eq!(bodies[0]["KeySpec"], "AES_256");
    assert_eq!(bodies[1]["ConsistentRead"], true);
}

#[tokio::test]
async fn forgetting_deletes_the_wrapped_key() {
    let fake = Fake::new(vec![("DeleteItem", ok(json!({})))]).await;
    KeyTable::new(&fake.aws(), "keys").forget(id()).await.unwrap();
    let key = json!({"pk": {"S": format!("REQUEST#{}", id())}, "sk": {"S": "KEY"}});
    assert_eq!(fake.bodies()[0]["Key"], key);
}

#[tokio::test]
async fn a_tag_names_the_key_that_made_it() {
    let fake = Fake::new(vec![("GenerateMac", ok(json!({"Mac": base64(&[1; 32]), "KeyId": ARN})))]).await;
    let tag = TagKey::new(&fake.aws(), "alias").tag("subject", &[0; 10_000]).await.unwrap();
    assert_eq!((tag.key_id.as_str(), tag.mac.as_str()), (ARN, "01".repeat(32).as_str()));
    assert_eq!(fake.bodies()[0]["MacAlgorithm"], "HMAC_SHA_256");
}

#[tokio::test]
async fn a_message_is_signed_raw_and_one_that_kms_would_refuse_is_not_sent() {
    let fake = Fake::new(vec![("Sign", ok(json!({"Signature": base64(&[9; 64])})))]).await;
    let signer = ReceiptKey::new(&fake.aws(), ARN);
    assert_eq!(signer.key_id(), ARN);
    assert_eq!(signer.sign(&[0; 4096]).await.unwrap(), [9; 64]);
    assert_eq!(signer.sign(&[0; 4097]).await, Err(Failure::of(Code::MessageTooLarge)));
    let bodies = fake.bodies();
    assert_eq!(
        (&bodies[0]["MessageType"], &bodies[0]["SigningAlgorithm"]),
        (&json!("RAW"), &json!("ED25519_SHA_512"))
    );
}

#[tokio::test]
async fn a_public_key_must_be_an_ed25519_key() {
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend([5; 32]);
    let rsa = base64(&[0x30; 44]);
    let fake = Fake::new(vec![
        ("GetPublicKey", ok(json!({"PublicKey": base64(&der)}))),
        ("GetPublicKey", ok(json!({"PublicKey": rsa}))),
    ])
    .await;
    let signer = ReceiptKey::new(&fake.aws(), ARN);
    assert_eq!(signer.public_key().await, Ok(PublicKey::new(ARN, &[5; 32])));
    assert_eq!(signer.public_key().await, Err(Failure::of(Code::ReceiptKeyIsNotEd25519)));
}

#[tokio::test]
async fn an_attempt_that_was_started_before_is_told_from_one_that_runs_now() {
    let fake = Fake::new(vec![
        ("StartExecution", ok(json!({"executionArn": "a", "startDate": 1.0}))),
        ("StartExecution", error(400, "ExecutionAlreadyExists")),
        ("StartExecution", error(400, "StateMachineDoesNotExist")),
    ])
    .await;
    let workflow = StateMachine::new(&fake.aws(), "arn:machine");
    let sources = [SourceId::parse("a").unwrap()];
    assert_eq!(workflow.start(id(), 2, &sources).await, Ok(Started::Now));
    assert_eq!(workflow.start(id(), 2, &sources).await, Ok(Started::Before));
    assert_eq!(workflow.start(id(), 2, &sources).await, Err(Failure::of(Code::WorkflowMissing)));
    let body = &fake.bodies()[0];
    assert_eq!(body["name"], format!("{}.2", id()));
    let input: serde_json::Value = serde_json::from_str(body["input"].as_str().unwrap()).unwrap();
    assert_eq!(input, json!({"requestId": id().to_string(), "attempt": 2, "sources": ["a"]}));
}

fn status(status: u16, body: &'static str) -> fake::Scripted {
    Box::new(move |_| ResponseTemplate::new(status).set_body_raw(body, "application/xml"))
}

const EXISTS: &str = "<Error><Code>PreconditionFailed</Code></Error>";

#[tokio::test]
async fn a_receipt_is_written_once() {
    let receipt = Receipt { file: b"{}\n".to_vec(), sha256: String::new() };
    let fake = Fake::new(vec![
        ("PUT", status(200, "")),
        ("PUT", status(412, EXISTS)),
        ("GET", status(200, "{}\n")),
        ("PUT", status(412, EXISTS)),
        ("GET", status(200, "{} \n")),
    ])
    .await;
    let bucket = ReceiptBucket::new(&fake.aws(), "receipts-bucket");
    assert_eq!(bucket.keep(id(), 0, &receipt).await, Ok(Kept::This));
    assert_eq!(bucket.keep(id(), 0, &receipt).await, Ok(Kept::This));
    assert!(matches!(bucket.keep(id(), 0, &receipt).await, Ok(Kept::Another(_))));
    fake.bodies();
    let put = &fake.requests().await[0];
    assert_eq!(put.url.path(), format!("/receipts-bucket/receipts/{}.json", id()));
    assert_eq!(put.headers.get("if-none-match").unwrap(), "*");
    assert_eq!(put.headers.get("content-type").unwrap(), "application/json");
    assert!(put.headers.contains_key("x-amz-checksum-sha256"));
    assert_eq!(put.body, receipt.file);
}

#[tokio::test]
async fn a_receipt_that_is_not_there_is_none() {
    let fake = Fake::new(vec![("GET", status(404, "<Error><Code>NoSuchKey</Code></Error>"))]).await;
    assert_eq!(ReceiptBucket::new(&fake.aws(), "b").read(id(), 0).await, Ok(None));
}

#[tokio::test]
async fn each_closing_of_a_request_has_a_receipt_of_its_own() {
    let receipt = Receipt { file: b"{}\n".to_vec(), sha256: String::new() };
    let fake = Fake::new(vec![("PUT", status(412, EXISTS)), ("GET", status(200, "{}\n"))]).await;
    ReceiptBucket::new(&fake.aws(), "b").keep(id(), 2, &receipt).await.unwrap();
    for request in fake.requests().await {
        assert_eq!(request.url.path(), format!("/b/receipts/{}.2.json", id()));
    }
}
