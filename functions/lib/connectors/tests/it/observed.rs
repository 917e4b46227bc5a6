//! An observer hears of each call that goes out once, and how it ended.

use crate::support::{Case, Kept, Raw, case, client};
use rightful_connectors::VendorClient;
use rightful_domain::metric::{CallEnd, CallObserver};
use rightful_domain::vendor::port::Vendor;
use serde_json::json;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The ends of calls; `None` for an answer that turned out unreadable.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<Option<CallEnd>>>>);

impl CallObserver for Heard {
    fn called(&self, connector: &str, end: CallEnd, duration_ms: u64) {
        assert_eq!(connector, "qualifio");
        assert!(duration_ms < 60_000);
        self.0.lock().unwrap().push(Some(end));
    }
    fn unreadable(&self, connector: &str) {
        assert_eq!(connector, "qualifio");
        self.0.lock().unwrap().push(None);
    }
}

impl Heard {
    fn client(&self) -> VendorClient {
        client(true).observed_by(self.clone())
    }

    fn take(&self) -> Vec<Option<CallEnd>> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

async fn search(case: &Case, url: &str, secrets: Arc<Kept>) -> Vec<Option<CallEnd>> {
    let heard = Heard::default();
    let source = case.open_with(url, secrets, heard.client()).await.unwrap();
    let _ = source.search(&[case.person()], &[]).await;
    heard.take()
}

async fn answered(answer: ResponseTemplate) -> Vec<Option<CallEnd>> {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let case = case("qualifio");
    search(&case, &server.uri(), case.secrets()).await
}

#[tokio::test]
async fn each_status_counts_for_or_against_the_vendor() {
    for (status, end) in [
        (400, CallEnd::Answered),
        (404, CallEnd::Answered),
        (422, CallEnd::Answered),
        (401, CallEnd::Failed),
        (403, CallEnd::Failed),
        (408, CallEnd::Failed),
        (302, CallEnd::Failed),
        (500, CallEnd::Failed),
        (503, CallEnd::Failed),
        (429, CallEnd::Throttled),
    ] {
        assert_eq!(answered(ResponseTemplate::new(status)).await, [Some(end)], "{status}");
    }
}

#[tokio::test]
async fn an_unreadable_answer_is_reported_when_it_is_read() {
    let unreadable = [Some(CallEnd::Answered), None];
    assert_eq!(answered(ResponseTemplate::new(200).set_body_string("<html>")).await, unreadable);
    assert_eq!(answered(ResponseTemplate::new(200).set_body_json(json!({"other": 1}))).await, unreadable);
    let large = " ".repeat(3 * 1024 * 1024);
    assert_eq!(answered(ResponseTemplate::new(200).set_body_string(large)).await, unreadable);
}

#[tokio::test]
async fn a_failure_on_the_way_counts_as_failed() {
    let case = case("qualifio");
    let reset = Raw::resetting();
    assert_eq!(search(&case, &reset.url, case.secrets()).await, [Some(CallEnd::Failed)]);
    // A port that nobody listens on.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(search(&case, &format!("http://{free}"), case.secrets()).await, [Some(CallEnd::Failed)]);
}

#[tokio::test]
async fn a_second_try_with_the_other_token_is_a_call_of_its_own() {
    let case = case("qualifio");
    let server = MockServer::start().await;
    let refused = Mock::given(any()).respond_with(ResponseTemplate::new(401));
    refused.up_to_n_times(1).with_priority(1).mount(&server).await;
    Mock::given(any()).respond_with(ResponseTemplate::new(404)).with_priority(2).mount(&server).await;
    let secrets = case.kept(&server.uri(), &["old"], &["new"]);
    let heard = search(&case, &server.uri(), secrets).await;
    assert_eq!(heard, [Some(CallEnd::Failed), Some(CallEnd::Answered)]);
}
