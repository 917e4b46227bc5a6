//! The calls that are made without an SDK, on the wire: KMS, Secrets Manager and Step Functions.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use aws_credential_types::Credentials;
use fake::{Fake, Scripted, base64, error, ok};
use rightful_aws::{
    Aws, DataKeys, ReceiptKey, SecretStore, Settings, StateMachine, TagKey, tls_config, workflow,
};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::ports::copies::Signer as _;
use rightful_domain::ports::keys::{Keys as _, NewKeys as _, Tags as _};
use rightful_domain::ports::set_up::{SecretWrites as _, Secrets as _};
use rightful_domain::ports::workflow::{Next, Started, Tokens as _, Workflow as _};
use serde_json::json;
use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wiremock::ResponseTemplate;

const ARN: &str = "arn:aws:kms:eu-west-1:000000000000:key/1";

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn mac() -> Scripted {
    ok(json!({"Mac": base64(&[1; 32]), "KeyId": ARN}))
}

fn page(status: u16) -> Scripted {
    Box::new(move |_| ResponseTemplate::new(status).set_body_string("<html>"))
}

#[tokio::test]
async fn each_operation_is_named_and_signed_for_its_service() {
    let key = base64(&[7; 32]);
    let fake = Fake::new(vec![
        ("GenerateDataKey", ok(json!({"Plaintext": key, "CiphertextBlob": base64(b"wrapped")}))),
        ("GetItem", ok(json!({"Item": {"wrapped": {"B": base64(b"wrapped")}}}))),
        ("Decrypt", ok(json!({"Plaintext": key}))),
        ("GenerateMac", mac()),
        ("Sign", ok(json!({"Signature": base64(&[9; 64])}))),
        ("GetPublicKey", ok(json!({"PublicKey": base64(b"no key")}))),
        ("GetSecretValue", ok(json!({"SecretString": "a"}))),
        ("GetSecretValue", ok(json!({"SecretString": "a"}))),
        ("CreateSecret", error(400, "ResourceExistsException")),
        ("PutSecretValue", error(400, "InvalidRequestException")),
        ("RestoreSecret", ok(json!({}))),
        ("PutSecretValue", ok(json!({}))),
        ("DeleteSecret", error(400, "InvalidRequestException")),
        ("DescribeSecret", ok(json!({"DeletedDate": 1.5}))),
        ("StartExecution", ok(json!({}))),
        ("SendTaskSuccess", ok(json!({}))),
        ("ListExecutions", ok(json!({"executions": []}))),
    ])
    .await;
    let aws = fake.aws();
    let keys = DataKeys::new(&aws, "keys", ARN, "dev");
    keys.new_key(id()).await.unwrap();
    keys.key(id()).await.unwrap().unwrap();
    TagKey::new(&aws, ARN).tag("subject", b"content").await.unwrap();
    ReceiptKey::new(&aws, ARN).sign(b"message").await.unwrap();
    ReceiptKey::new(&aws, ARN).public_key().await.unwrap_err();
    let secrets = SecretStore::new(&aws, "p/");
    secrets.secret("s", false).await.unwrap();
    secrets.put_secret("s", "new").await.unwrap();
    secrets.remove_secret("s").await.unwrap();
    let machine = StateMachine::new(&aws, "arn:machine");
    assert_eq!(machine.start(id(), 1, &[]).await, Ok(Started::Now));
    machine.release("token", Next::Fulfil).await.unwrap();
    let listed = workflow::call(&aws, "ListExecutions", &json!({"stateMachineArn": "arn:machine"})).await;
    assert_eq!(listed, Ok(json!({"executions": []})));
    fake.bodies();

    let services = [
        ("TrentService.", "kms", "application/x-amz-json-1.1"),
        ("secretsmanager.", "secretsmanager", "application/x-amz-json-1.1"),
        ("AWSStepFunctions.", "states", "application/x-amz-json-1.0"),
        ("DynamoDB_20120810.", "dynamodb", "application/x-amz-json-1.0"),
    ];
    for request in fake.requests().await {
        let header = |name: &str| request.headers[name].to_str().unwrap();
        let target = header("x-amz-target");
        let (_, service, content_type) = services.iter().find(|(api, ..)| target.starts_with(api)).unwrap();
        assert_eq!(header("content-type"), *content_type, "{target}");
        let signed = header("authorization");
        assert!(signed.contains(&format!("/eu-west-1/{service}/aws4_request")), "{target}: {signed}");
        assert!(signed.contains("content-type;host;x-amz-date;x-amz-target"), "{target}: {signed}");
        assert_eq!((request.method.as_str(), request.url.path()), ("POST", "/"));
    }
}

#[tokio::test]
async fn a_service_that_is_busy_or_broken_for_a_moment_is_asked_again() {
    for (status, code) in [(400, "ThrottlingException"), (500, "KMSInternalException"), (503, "unnamed")] {
        let fake = Fake::new(vec![("GenerateMac", error(status, code)), ("GenerateMac", mac())]).await;
        TagKey::new(&fake.aws(), ARN).tag("subject", b"content").await.unwrap();
        let bodies = fake.bodies();
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test]
async fn a_creation_that_is_repeated_makes_one_version() {
    let fake = Fake::new(vec![
        ("CreateSecret", error(500, "InternalServiceError")),
        ("CreateSecret", ok(json!({}))),
        ("CreateSecret", ok(json!({}))),
    ])
    .await;
    let secrets = SecretStore::new(&fake.aws(), "p/");
    secrets.put_secret("s", "one").await.unwrap();
    secrets.put_secret("s", "two").await.unwrap();
    let bodies = fake.bodies();
    let token = |index: usize| bodies[index]["ClientRequestToken"].as_str().unwrap();
    assert_eq!(token(0), token(1));
    assert_ne!(token(1), token(2));
    assert!((32..=64).contains(&token(0).len()));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_may_have_had_its_effect() {
    let unavailable = Err(Failure::of(Code::WorkflowUnavailable));
    for answer in [page(200), ok(json!("no object")), ok(json!({"Mac": "no base64", "KeyId": ARN}))] {
        let fake = Fake::new(vec![("GenerateMac", answer)]).await;
        let tag = TagKey::new(&fake.aws(), ARN).tag("subject", b"content").await;
        assert_eq!(tag.unwrap_err(), Failure::of(Code::KmsUnavailable));
        fake.bodies();
    }
    let fake = Fake::new(vec![("StartExecution", page(200))]).await;
    let machine = StateMachine::new(&fake.aws(), "arn:machine");
    assert_eq!(machine.start(id(), 1, &[]).await.map(drop), unavailable);
    fake.bodies();
    // A page is not AWS's answer, whatever its status.
    let fake = Fake::new(vec![("StartExecution", page(403)), ("StartExecution", ok(json!({})))]).await;
    let machine = StateMachine::new(&fake.aws(), "arn:machine");
    assert_eq!(machine.start(id(), 1, &[]).await, Ok(Started::Now));
    fake.bodies();
}

#[tokio::test]
async fn a_connection_that_breaks_off_may_have_had_its_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut [0; 4096]);
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let settings = Settings {
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(url),
        credentials: Credentials::new("id", "secret", None, None, "test"),
    };
    let aws = Aws::new(settings, tls_config().unwrap()).unwrap();
    let started = StateMachine::new(&aws, "arn:machine").start(id(), 1, &[]).await;
    assert_eq!(started, Err(Failure::of(Code::WorkflowUnavailable)));
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}
