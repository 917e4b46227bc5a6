//! Which version of a token is sent, and when a second one is tried.

use crate::support::{Case, Kept, STEPS, answering, calls, cases, json};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::report::Submitted;
use std::sync::atomic::Ordering;
use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A server that accepts one token only.
async fn taking(case: &Case, token: &str, body: String) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(header(case.text("/auth/header"), case.sent(token).as_str()))
        .respond_with(json(body))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).with_priority(2).mount(&server).await;
    server
}

#[tokio::test]
async fn a_rotated_token_is_read_again_and_kept() {
    for case in cases() {
        for step in STEPS {
            let server = taking(&case, "new", case.answer(&format!("{step}.json"))).await;
            let secrets = case.kept(&server.uri(), &["old", "older"], &["new", "old"]);
            let source = case.open(&server.uri(), secrets.clone()).await;
            for expected_calls in [2, 3] {
                match step {
                    "search" => assert!(source.search(&[case.person()], &[]).await.is_ok()),
                    "status" => assert!(source.status(case.text("/rule_id"), &[], &[]).await.is_ok()),
                    _ => assert!(matches!(case.submit(&source).await, Submitted::Accepted { .. })),
                }
                assert_eq!(calls(&server).await, expected_calls, "{step}");
            }
            assert_eq!(secrets.fresh_reads.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test]
async fn the_previous_token_is_used_while_the_new_one_is_not_accepted_yet() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let secrets = case.kept(&server.uri(), &["current", "previous"], &["current", "previous"]);
        assert!(case.open(&server.uri(), secrets).await.search(&[case.person()], &[]).await.is_ok());
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn testing_a_data_source_reads_the_current_token_anew_and_proves_no_other() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let replaced =
            case.open(&server.uri(), case.kept(&server.uri(), &["previous"], &["current", "previous"])).await;
        assert_eq!(replaced.test().await, Err(Fault::Unauthorized));
        let fixed =
            case.open(&server.uri(), case.kept(&server.uri(), &["wrong"], &["previous", "wrong"])).await;
        assert_eq!(fixed.test().await, Ok(()));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn tokens_that_are_not_accepted_are_tried_once_each() {
    for case in cases() {
        let server = answering(ResponseTemplate::new(401)).await;
        let secrets = case.kept(&server.uri(), &["a"], &["b", "c", "d"]);
        let source = case.open(&server.uri(), secrets).await;
        assert_eq!(case.submit(&source).await, Submitted::Rejected(Fault::Unauthorized));
        assert_eq!(calls(&server).await, 3);
    }
}

#[tokio::test]
async fn a_second_token_is_never_tried_after_anything_but_a_401() {
    for case in cases() {
        let server = MockServer::start().await;
        Mock::given(header(case.text("/auth/header"), case.sent("a").as_str()))
            .respond_with(ResponseTemplate::new(401))
            .mount(&server)
            .await;
        Mock::given(header(case.text("/auth/header"), case.sent("b").as_str()))
            .respond_with(ResponseTemplate::new(500))
            .mount(&server)
            .await;
        let source = case.open(&server.uri(), case.kept(&server.uri(), &["a"], &["b", "c"])).await;
        assert_eq!(case.submit(&source).await, Submitted::Unknown(Code::VendorServerError));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_again_is_not_a_wrong_token() {
    for case in cases() {
        let server = answering(ResponseTemplate::new(401)).await;
        let secrets = case.kept(&server.uri(), &["a"], &[]);
        *secrets.fresh.lock().unwrap() = Err(Failure::of(Code::SecretsUnavailable));
        let source = case.open(&server.uri(), secrets).await;
        let not_sent = Submitted::NotSent(Fault::Unavailable(Code::SecretsUnavailable));
        assert_eq!(case.submit(&source).await, not_sent);
    }
}

#[tokio::test]
async fn a_secret_must_hold_the_fields_that_the_connector_lists() {
    for case in cases() {
        for bad in ["", "token", "{}", "[]", r#"{"token":""}"#, r#"{"token":7}"#, r#"{"token":"a\nb"}"#] {
            let opened =
                case.open_with("http://127.0.0.1:9", Kept::raw(bad), crate::support::client(true)).await;
            assert_eq!(
                opened.unwrap_err(),
                Failure::new(Kind::Misconfigured, Code::SecretUnreadable),
                "{bad}"
            );
        }
    }
}
