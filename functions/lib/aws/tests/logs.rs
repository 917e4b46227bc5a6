//! No log shows a secret, not even the SDK's own at level `TRACE`.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use aws_credential_types::Credentials;
use fake::{Fake, base64, ok};
use rightful_aws::{Aws, CopyBucket, DataKeys, Function, SecretStore, Settings, StateMachine, tls_config};
use rightful_contract::log::Log;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::copies::Upload as _;
use rightful_domain::ports::copies::{CopyLinks as _, CopyPackages as _, CopyParts as _, Download as _};
use rightful_domain::ports::keys::{Keys as _, NewKeys as _};
use rightful_domain::ports::set_up::{SecretWrites as _, Secrets as _};
use rightful_domain::ports::workflow::{Next, Tokens as _};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use wiremock::ResponseTemplate;

const KEY: [u8; 32] = *b"canary-key-of-thirty-two-bytes-!";

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let refused: fake::Scripted = Box::new(|_| {
        let told = json!({"__type": "ResourceExistsException", "message": "canary-in-an-error"});
        ResponseTemplate::new(400).set_body_json(told)
    });
    let denied: fake::Scripted = Box::new(|_| {
        let told = "<Error><Code>AccessDenied</Code><Message>canary-in-an-error</Message></Error>";
        ResponseTemplate::new(403).set_body_string(told)
    });
    let key = base64(&KEY);
    let fake = Fake::new(vec![
        ("GetSecretValue", ok(json!({"SecretString": "canary-that-is-read"}))),
        ("GetSecretValue", ok(json!({"SecretString": "canary-that-is-read"}))),
        ("CreateSecret", refused),
        ("PutSecretValue", ok(json!({}))),
        ("GenerateDataKey", ok(json!({"Plaintext": key, "CiphertextBlob": base64(b"wrapped")}))),
        ("GetItem", ok(json!({"Item": {"wrapped": {"B": base64(b"wrapped")}}}))),
        ("Decrypt", ok(json!({"Plaintext": key}))),
        ("SendTaskSuccess", ok(json!({}))),
        ("POST", ok(json!("canary-from-a-function"))),
        ("PUT", denied),
        ("GET", ok(json!("canary-in-an-object"))),
        ("HEAD", ok(json!({}))),
    ])
    .await;
    let credentials = Credentials::new(
        "id",
        "canary-credential",
        Some("canary-session-token".to_owned()),
        None,
        "environment",
    );
    let settings = Settings { region: "eu-west-1".to_owned(), endpoint_url: Some(fake.uri()), credentials };
    let aws = Aws::new(settings, tls_config().unwrap()).unwrap();
    let secrets = SecretStore::new(&aws, "p/");
    assert_eq!(secrets.secret("s", false).await.unwrap()[0].as_str(), "canary-that-is-read");
    secrets.put_secret("s", "canary-that-is-written").await.unwrap();
    let id = RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap();
    let keys = DataKeys::new(&aws, "keys", "arn:key", "dev");
    let made = keys.new_key(id).await.unwrap();
    let opened = keys.key(id).await.unwrap();
    let machine = StateMachine::new(&aws, "arn:machine");
    machine.release("canary-task-token", Next::Fulfil).await.unwrap();
    let function = Function::new(&aws, "search", 5);
    let answer: Value = function.call(&json!({"value": "canary-to-a-function"})).await.unwrap();
    assert_eq!(answer, "canary-from-a-function");
    let (copies, source) = (CopyBucket::new(&aws, "copies"), SourceId::parse("crm").unwrap());
    let mut upload = copies.part_to(id, &source);
    upload.write(b"canary-in-an-upload").await.unwrap();
    let upload_shown = format!("{upload:?}");
    upload.finish().await.unwrap_err();
    let mut download = copies.part(id, &source).await.unwrap().unwrap();
    let download_shown = format!("{download:?}");
    assert_eq!(download.read().await.unwrap().unwrap(), br#""canary-in-an-object""#);
    let link = copies.link(id, 900).await.unwrap();
    let (_, signature) = link.split_once("&X-Amz-Signature=").unwrap();
    let signature = signature[..64].to_owned();
    fake.bodies();
    drop(guard);

    let log = log.text();
    // It is the whole log: the SDK shows each request and each answer.
    for (text, times) in [("transmitting request", 12), ("received response", 12), ("GenerateDataKey", 1)] {
        assert!(log.matches(text).count() >= times, "{text}: {}", log.matches(text).count());
    }
    let shown =
        format!("{aws:?} {secrets:?} {keys:?} {made:?} {opened:?} {machine:?} {function:?} {copies:?}")
            + &upload_shown
            + &download_shown
            + &format!("{link:?}");
    let decimals: Vec<String> = KEY[..6].iter().map(u8::to_string).collect();
    let key_words = key[..40].to_owned();
    for secret in ["canary", &signature, &key_words, &base64(b"canary-")[..8], &decimals.join(", ")] {
        for text in [&log, &shown] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}
