//! Calls of one of our functions against scripted answers of Lambda.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use aws_credential_types::Credentials;
use fake::{Fake, Scripted, error, ok};
use rightful_aws::{Aws, CallError, Function, Settings, tls_config};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

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

fn refused(status: u16, code: &'static str) -> Scripted {
    Box::new(move |_| {
        ResponseTemplate::new(status).insert_header("x-amzn-errortype", code).set_body_json(json!({}))
    })
}

fn aws(endpoint: &str, token: Option<&str>) -> Aws {
    let settings = Settings {
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: Credentials::new("id", "secret", token.map(str::to_owned), None, "test"),
    };
    Aws::new(settings, tls_config().unwrap()).unwrap()
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
        (400, "UnrecognizedClientException", Code::FunctionDenied),
        (404, "com.amazonaws#ResourceNotFoundException:http://example.com/", Code::FunctionMissing),
        (400, "InvalidParameterValueException", Code::FunctionRejected),
    ] {
        let failure = CallError::Unanswered(Failure::misconfigured(failure));
        assert_eq!(call(refused(status, code)).await, Err(failure.clone()));
        assert_eq!(call(error(status, code)).await, Err(failure));
    }
    let nameless: Scripted = Box::new(|_| ResponseTemplate::new(403));
    assert_eq!(
        call(nameless).await,
        Err(CallError::Unanswered(Failure::misconfigured(Code::FunctionDenied)))
    );
}

#[tokio::test]
async fn a_function_that_is_busy_or_out_of_reach_is_called_once_and_may_answer_later() {
    let unanswered = CallError::Unanswered(Failure::of(Code::FunctionUnavailable));
    for (status, code) in [
        (429, "TooManyRequestsException"),
        (429, "unnamed"),
        (400, "ThrottlingException"),
        (500, "ServiceException"),
        (502, "EC2UnexpectedException"),
        (503, "unnamed"),
    ] {
        assert_eq!(call(refused(status, code)).await, Err(unanswered.clone()));
    }
    for status in [403, 404, 503] {
        let page: Scripted = Box::new(move |_| ResponseTemplate::new(status).set_body_string("<html>"));
        assert_eq!(call(page).await, Err(unanswered.clone()));
    }
    let late: Scripted =
        Box::new(|_| ResponseTemplate::new(200).set_delay(Duration::from_secs(9)).set_body_json(json!({})));
    let fake = Fake::new(vec![("POST", late)]).await;
    let called: Result<Value, _> = Function::new(&fake.aws(), "search", 1).call(&json!({})).await;
    assert_eq!(called, Err(unanswered.clone()));
    let nobody = aws("http://127.0.0.1:1", None);
    let called: Result<Value, _> = Function::new(&nobody, "search", 5).call(&json!({})).await;
    assert_eq!(called, Err(unanswered));
}

#[tokio::test]
async fn a_call_by_arn_and_alias_is_signed_with_the_session_token() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!(7));
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:rightful-dev-search";
    let function = Function::new(&aws(&server.uri(), Some("canary-token")), arn, 5).at("live");
    assert_eq!(function.invoke(b"{}".to_vec()).await.unwrap().unwrap(), "7");
    let sent = &server.received_requests().await.unwrap()[0];
    let path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Arightful-dev-search/invocations";
    assert_eq!((sent.url.path(), sent.url.query()), (path, Some("Qualifier=live")));
    assert_eq!(sent.headers["x-amz-security-token"], "canary-token");
    let signed = sent.headers["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=id/"), "{signed}");
    assert!(signed.contains("/eu-west-1/lambda/aws4_request"), "{signed}");
    assert!(signed.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token"), "{signed}");
}

#[tokio::test]
async fn a_call_without_credentials_is_not_sent() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    let region = aws_types::region::Region::new("eu-west-1");
    let config = aws_types::SdkConfig::builder().region(region).endpoint_url(server.uri()).build();
    let nobody = Aws::from_sdk_config(config, tls_config().unwrap()).unwrap();
    let called: Result<Value, _> = Function::new(&nobody, "search", 5).call(&json!({})).await;
    assert_eq!(called, Err(CallError::Unanswered(Failure::of(Code::AwsCredentialsMissing))));
}
