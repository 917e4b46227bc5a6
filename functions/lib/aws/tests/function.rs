//! Calls of one of our functions against scripted answers of Lambda.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted, ok};
use rightful_aws::{CallError, Function};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

async fn call(answer: Scripted) -> Result<Value, CallError> {
    let fake = Fake::new(vec![("POST", answer)]).await;
    let called = Function::new(&fake.aws(), "rightful-dev-search", 5).call(&json!({"mode": "test"})).await;
    assert_eq!(fake.bodies(), [json!({"mode": "test"})]);
    let path = fake.requests().await[0].url.path().to_owned();
    assert_eq!(path, "/2015-03-31/functions/rightful-dev-search/invocations");
    called
}

fn failed(body: Value) -> Scripted {
    Box::new(move |_| {
        ResponseTemplate::new(200).insert_header("x-amz-function-error", "Unhandled").set_body_json(&body)
    })
}

#[tokio::test]
async fn a_function_is_called_once_and_its_answer_read() {
    assert_eq!(call(ok(json!({"ok": true}))).await, Ok(json!({"ok": true})));
}

#[tokio::test]
async fn a_failure_of_ours_is_told_by_kind_and_code() {
    let told = failed(json!({"errorType": "Rightful.Misconfigured", "errorMessage": "secret_missing"}));
    let expected = CallError::Failed { kind: Kind::Misconfigured, code: Code::SecretMissing.to_string() };
    assert_eq!(call(told).await, Err(expected));
}

#[tokio::test]
async fn words_that_are_not_ours_are_never_repeated() {
    let unanswered = CallError::Unanswered(Failure::of(Code::FunctionUnavailable));
    for body in [
        json!({"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 60.00 seconds"}),
        json!({"errorType": "Rightful.Transient", "errorMessage": "to ann@example.com"}),
        json!({"errorMessage": "secret_missing"}),
        json!("what"),
    ] {
        assert_eq!(call(failed(body)).await, Err(unanswered.clone()));
    }
}

#[tokio::test]
async fn a_function_that_is_not_there_or_not_ours_to_call_is_misconfigured() {
    for (status, code, failure) in [
        (404, "ResourceNotFoundException", Code::FunctionMissing),
        (403, "AccessDeniedException", Code::FunctionDenied),
    ] {
        let answer: Scripted = Box::new(move |_| {
            ResponseTemplate::new(status).insert_header("x-amzn-errortype", code).set_body_json(json!({}))
        });
        assert_eq!(call(answer).await, Err(CallError::Unanswered(Failure::misconfigured(failure))));
    }
}
