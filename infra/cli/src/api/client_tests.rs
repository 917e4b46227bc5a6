use super::*;
use crate::terminal::error::CommandError;
use rightful_domain::view::page::Page;
use serde_json::json;
use wiremock::matchers::{any, body_string, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn answering(answer: ResponseTemplate) -> (MockServer, Api) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let api = for_tests(&server.uri());
    (server, api)
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap_or_default().len()
}

fn error_of(status: u16, code: &str, message: &str, details: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_json(json!({"error": {"code": code, "message": message, "details": details}}))
}

#[tokio::test]
async fn a_call_is_signed_for_the_api_and_its_parameters_are_encoded() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/base/api/requests"))
        .and(query_param("cursor", "a+b/c=="))
        .and(header_exists("x-amz-date"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"items": [], "next": null})))
        .expect(1)
        .mount(&server)
        .await;
    let api = for_tests(&format!("{}/base/", server.uri()));
    let none: Option<&str> = None;
    let call = Call::get("/requests").query("state", none).query("cursor", Some("a+b/c=="));
    let page: Page<Value> = api.call(call).await.unwrap();
    assert!(page.items.is_empty());
    let sent = &server.received_requests().await.unwrap()[0];
    let signed = sent.headers["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(signed.contains("/eu-central-1/execute-api/aws4_request"), "{signed}");
}

#[tokio::test]
async fn a_body_is_part_of_the_signature() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(body_string(r#"{"a":1}"#))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let call = Call::post("/requests/1/cancel", &json!({"a": 1})).unwrap();
    for_tests(&server.uri()).call_without_answer(call).await.unwrap();
    let sent = &server.received_requests().await.unwrap()[0];
    assert!(sent.headers["authorization"].to_str().unwrap().contains("content-type;host;x-amz-date"));
}

#[tokio::test]
async fn what_reads_is_asked_again_and_what_acts_is_not() {
    for (call, expected) in [
        (Call::get("/x"), 4),
        (Call::post("/x", &json!({})).unwrap(), 1),
        (Call::post("/x", &json!({})).unwrap().may_be_repeated(), 4),
    ] {
        let (server, api) = answering(ResponseTemplate::new(503)).await;
        let error = api.call_without_answer(call).await.unwrap_err();
        assert_eq!(calls(&server).await, expected);
        assert_eq!(error, if expected == 1 { ApiError::Lost } else { ApiError::Unavailable });
    }
}

#[tokio::test]
async fn a_call_that_the_gateway_held_back_is_made_again_whatever_it_does() {
    let (server, api) = answering(ResponseTemplate::new(429).set_body_json(json!({"message": "x"}))).await;
    let error = api.call_without_answer(Call::post("/x", &json!({})).unwrap()).await.unwrap_err();
    assert_eq!(calls(&server).await, 4);
    assert!(error.concerns_the_deployment() && CommandError::from(error).todo.contains("try again"));
}

#[tokio::test]
async fn a_refusal_is_told_in_the_apis_own_words_with_every_detail() {
    let details =
        json!([{"name": "client_id", "what": "it is no whole number"}, {"name": "", "what": "more"}]);
    let (server, api) = answering(error_of(422, "set_up_wrong", "the set-up can't be right", &details)).await;
    let error = api.call_without_answer(Call::get("/x")).await.unwrap_err();
    assert_eq!(calls(&server).await, 1);
    let told = CommandError::from(error);
    assert_eq!(told.code.as_deref(), Some("set_up_wrong"));
    insta::assert_snapshot!(told, @r"
    the set-up can't be right
      `client_id`: it is no whole number
      more
      to do: correct what the details name, then try again
      code: set_up_wrong
    ");
}

#[tokio::test]
async fn a_code_with_words_of_ours_is_told_in_them() {
    let (_server, api) =
        answering(error_of(404, "request_not_found", "there is no such request", &json!([]))).await;
    let told = CommandError::from(api.call_without_answer(Call::get("/x")).await.unwrap_err()).to_string();
    assert!(told.contains("`rightful request list` lists them"), "{told}");
    let cause = json!([{"name": "cause", "what": "kms_denied"}]);
    let (_server, api) = answering(error_of(500, "misconfigured", "the deployment itself", &cause)).await;
    let told = CommandError::from(api.call_without_answer(Call::get("/x")).await.unwrap_err());
    assert_eq!(told.code.as_deref(), Some("kms_denied"));
    assert!(told.what.contains("doesn't let the caller use the KMS key"), "{told}");
}

#[tokio::test]
async fn what_is_no_api_is_told_by_what_it_is() {
    let html = "<html>canary</html>";
    for (status, body, expected) in [
        (403, r#"{"message":"Forbidden"}"#, ApiError::Forbidden),
        (403, r#"{"message":"The security token included in the request is invalid."}"#, ApiError::Forbidden),
        (401, html, ApiError::Forbidden),
        (404, r#"{"message":"Not Found"}"#, ApiError::NoRoute),
        (404, html, ApiError::NotAnApi),
        (302, "", ApiError::NotAnApi),
        (500, r#"{"message":"Internal Server Error"}"#, ApiError::Unavailable),
    ] {
        let (_server, api) = answering(ResponseTemplate::new(status).set_body_string(body)).await;
        let error = api.call_without_answer(Call::get("/x")).await.unwrap_err();
        assert_eq!(error, expected, "{status} {body}");
        let told = CommandError::from(error).to_string();
        assert!(told.contains("to do: ") && !told.contains("canary"), "{told}");
    }
    let (_server, api) = answering(ResponseTemplate::new(200).set_body_string(html)).await;
    let answer: Result<Page<Value>, ApiError> = api.call(Call::get("/x")).await;
    assert_eq!(answer.unwrap_err(), ApiError::Unreadable);
}

#[tokio::test]
async fn where_nothing_listens_nothing_was_sent() {
    // The port was bound and closed again, so nothing listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let api = for_tests(&format!("http://127.0.0.1:{port}"));
    let error = api.call_without_answer(Call::post("/x", &json!({})).unwrap()).await.unwrap_err();
    assert_eq!(error, ApiError::NotReached);
    assert!(CommandError::from(error).what.contains("nothing was sent"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_what_acts_unknown() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        let _ = stream.read(&mut bytes).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").unwrap();
    });
    let api = for_tests(&format!("http://{address}"));
    let error = api.call_without_answer(Call::post("/x", &json!({})).unwrap()).await.unwrap_err();
    server.join().unwrap();
    assert_eq!(error, ApiError::Lost);
    assert!(CommandError::from(error).todo.starts_with("look first"));
}

#[test]
fn peoples_data_goes_only_where_nobody_reads_along() {
    for good in [
        "https://abc.execute-api.eu-central-1.amazonaws.com",
        "http://127.0.0.1:4566/_aws",
        "http://[::1]:1",
        "http://localhost:1",
    ] {
        assert!(is_private(good), "{good}");
    }
    for bad in ["http://example.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "example.com", ""] {
        assert!(!is_private(bad), "{bad}");
    }
}
