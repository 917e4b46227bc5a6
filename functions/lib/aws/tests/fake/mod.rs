//! AWS on loopback: answers a script of calls in order, and records the calls.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]
#![allow(dead_code, reason = "each test binary uses its own part of it")]

use aws_credential_types::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_aws::{Aws, Settings, tls_config};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The answer to one call, given the bodies of all calls so far, this one last.
pub type Scripted = Box<dyn Fn(&[Value]) -> ResponseTemplate + Send + Sync>;

struct Script {
    steps: Vec<(&'static str, Scripted)>,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let target = request.headers.get("x-amz-target").map_or("", |value| value.to_str().unwrap());
        let name = match target.rsplit_once('.') {
            Some((_, name)) => name.to_owned(),
            None => request.method.to_string(),
        };
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut seen = self.seen.lock().unwrap();
        seen.push((name.clone(), body));
        let bodies: Vec<Value> = seen.iter().map(|(_, body)| body.clone()).collect();
        match self.steps.get(seen.len() - 1) {
            Some((expected, answer)) if *expected == name => answer(&bodies),
            // The SDK doesn't retry this error, and no code expects it.
            _ => ResponseTemplate::new(400).set_body_json(json!({"__type": "OffScript"})),
        }
    }
}

/// A running script.
pub struct Fake {
    server: MockServer,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    expected: Vec<&'static str>,
}

impl Fake {
    pub async fn new(steps: Vec<(&'static str, Scripted)>) -> Self {
        let server = MockServer::start().await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let expected = steps.iter().map(|(name, _)| *name).collect();
        Mock::given(wiremock::matchers::any())
            .respond_with(Script { steps, seen: Arc::clone(&seen) })
            .mount(&server)
            .await;
        Self { server, seen, expected }
    }

    pub fn uri(&self) -> String {
        self.server.uri()
    }

    pub fn aws(&self) -> Aws {
        let settings = Settings {
            region: "eu-west-1".to_owned(),
            endpoint_url: Some(self.server.uri()),
            credentials: Credentials::new("id", "secret", None, None, "test"),
        };
        Aws::new(settings, tls_config().unwrap()).unwrap()
    }

    /// The bodies of all calls; fails if they differ from the script.
    pub fn bodies(&self) -> Vec<Value> {
        let seen = self.seen.lock().unwrap();
        let names: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, self.expected, "other calls than in the script");
        seen.iter().map(|(_, body)| body.clone()).collect()
    }

    pub async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }
}

pub fn ok(body: Value) -> Scripted {
    Box::new(move |_| ResponseTemplate::new(200).set_body_json(&body))
}

pub fn error(status: u16, code: &'static str) -> Scripted {
    Box::new(move |_| {
        ResponseTemplate::new(status)
            .set_body_json(json!({"__type": format!("com.amazonaws#{code}"), "message": "m"}))
    })
}

pub fn cancelled(codes: &'static [&'static str]) -> Scripted {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code})).collect();
    Box::new(move |_| {
        ResponseTemplate::new(400).set_body_json(json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "m",
            "CancellationReasons": reasons,
        }))
    })
}

/// The head of a chain.
pub fn head(seq: u64) -> Scripted {
    ok(
        json!({"Item": {"schema": {"N": "1"}, "seq": {"N": seq.to_string()}, "hash": {"S": format!("h{seq}")}}}),
    )
}

/// A change of a row and a link, whose writer first sees the head 4 by the call `seen`: another writer's link
/// already exists, and the change follows it.
pub fn moved_on(seen: (&'static str, Scripted)) -> Vec<(&'static str, Scripted)> {
    let another = || ("GetItem", ok(json!({"Item": {"writer": {"S": "another"}}})));
    let refused = cancelled(&["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]);
    vec![
        seen,
        ("TransactWriteItems", refused),
        another(),
        ("GetItem", head(5)),
        another(),
        ("TransactWriteItems", ok(json!({}))),
    ]
}

/// The row at `index` of the last transaction, as if it had been stored.
pub fn row_of_last_transaction(index: usize) -> Scripted {
    Box::new(move |bodies| {
        let last = bodies.iter().rev().find(|body| body.get("TransactItems").is_some()).unwrap();
        ResponseTemplate::new(200).set_body_json(json!({"Item": last["TransactItems"][index]["Put"]["Item"]}))
    })
}

pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}
