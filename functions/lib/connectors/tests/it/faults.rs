//! Faults below HTTP: which calls certainly were not sent, and which may have been.

use crate::support::{Case, Raw, case};
use rightful_connectors::Definition;
use rightful_domain::base::code::Code;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::report::Submitted;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The results of a search and a submission, each of which is sent once.
async fn both(case: &Case, server: &Raw) -> (Fault, Submitted) {
    let source = case.open(&server.url, case.secrets()).await;
    let found = source.search(&[case.person()], &[]).await.unwrap_err();
    assert_eq!(server.seen(), 1, "the search was sent more than once");
    let submitted = case.submit(&source).await;
    assert_eq!(server.seen(), 2, "the erasure was sent more than once");
    (found, submitted)
}

fn lost(code: Code) -> (Fault, Submitted) {
    (Fault::Unavailable(code), Submitted::Unknown(code))
}

/// The connector with the shortest time-out allowed: 10 seconds.
fn impatient() -> Case {
    let text = include_str!("../../definitions/qualifio/connector.yaml");
    let short = text.replace("call_timeout_seconds: 20", "call_timeout_seconds: 10");
    assert_ne!(short, text);
    let mut case = case("qualifio");
    case.definition = Definition::parse("connector.yaml", &short).unwrap();
    case
}

#[tokio::test]
async fn a_connection_that_is_reset_after_the_request_leaves_the_outcome_unknown() {
    assert_eq!(both(&case("qualifio"), &Raw::resetting()).await, lost(Code::VendorConnectionLost));
}

#[tokio::test]
async fn a_connection_that_is_closed_without_an_answer_leaves_the_outcome_unknown() {
    assert_eq!(both(&case("qualifio"), &Raw::answering("")).await, lost(Code::VendorConnectionLost));
}

#[tokio::test]
async fn an_answer_that_is_not_http_leaves_the_outcome_unknown() {
    assert_eq!(
        both(&case("qualifio"), &Raw::answering("220 mail.example.com ESMTP\r\n")).await,
        lost(Code::VendorConnectionLost)
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_leaves_the_outcome_unknown() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"_id\":\"a\"}";
    assert_eq!(both(&case("qualifio"), &Raw::answering(cut)).await, lost(Code::VendorConnectionLost));
    let cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\n{\"_id\":\"a\"}\r\n";
    assert_eq!(both(&case("qualifio"), &Raw::answering(cut)).await, lost(Code::VendorConnectionLost));
}

#[tokio::test]
async fn an_answer_of_unannounced_size_is_cut_off_when_it_gets_too_large() {
    let mut huge = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    huge.resize(4 * 1024 * 1024, b' ');
    let too_large = (Fault::AnswerTooLarge, Submitted::Unknown(Code::VendorAnswerTooLarge));
    assert_eq!(both(&case("qualifio"), &Raw::answering(huge)).await, too_large);
}

#[tokio::test]
async fn silence_after_the_request_leaves_the_outcome_unknown() {
    let case = impatient();
    let silent = Raw::hanging("");
    let half = Raw::hanging("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    let started = Instant::now();
    let (a, b) = (case.open(&silent.url, case.secrets()).await, case.open(&half.url, case.secrets()).await);
    let (a, b, c) = tokio::join!(case.submit(&a), case.submit(&b), a.test());
    assert_eq!(a, Submitted::Unknown(Code::VendorTimedOut));
    assert_eq!(b, Submitted::Unknown(Code::VendorTimedOut));
    assert_eq!(c, Err(Fault::Unavailable(Code::VendorTimedOut)));
    let took = started.elapsed();
    assert!((Duration::from_secs(9)..Duration::from_secs(12)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_was_certainly_not_reached() {
    let case = case("qualifio");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = case.open(&format!("http://{free}"), case.secrets()).await;
    assert_eq!(case.submit(&source).await, Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
    assert_eq!(source.test().await, Err(Fault::Unavailable(Code::VendorUnreachable)));
}

#[tokio::test]
async fn a_vendor_without_a_trusted_certificate_gets_nothing() {
    let case = case("qualifio");
    // It answers, but not over TLS.
    let server = Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
    let source = case.open(&server.url.replace("http://", "https://"), case.secrets()).await;
    assert_eq!(case.submit(&source).await, Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
}

#[tokio::test]
async fn a_connection_that_takes_too_long_was_certainly_not_used() {
    let case = case("qualifio");
    // It accepts, reads the beginning of the handshake, and stays silent.
    let server = Raw::hanging("");
    let source = case.open(&server.url.replace("http://", "https://"), case.secrets()).await;
    let started = Instant::now();
    assert_eq!(case.submit(&source).await, Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
    assert!(started.elapsed() < Duration::from_secs(7));
}

#[tokio::test]
async fn another_token_is_not_tried_when_too_little_time_is_left_to_know_the_outcome() {
    let case = impatient();
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(401).set_delay(Duration::from_secs(6));
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let source = case.open(&server.uri(), case.kept(&server.uri(), &["a"], &["b"])).await;
    assert_eq!(case.submit(&source).await, Submitted::NotSent(Fault::Unavailable(Code::VendorOutOfTime)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
