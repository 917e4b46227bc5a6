//! Nothing that is printed contains the token or anything that points at a person.

use crate::support::{Case, Kept, Raw, case};
use crate::tickets;
use rightful_contract::log::Log;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::law::right::Right;
use rightful_domain::vendor::port::{Batch, Vendor};
use rightful_domain::vendor::record::RecordId;
use std::fmt::Write as _;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const EMAIL: &str = "Canary.Person+tag@example.com";
const TOKEN: &str = "canary-token-5f1c";
const RECORD: &str = "987654321";

/// Runs everything against one server and returns the text that a careless caller would print.
async fn everything(case: &Case, url: &str) -> String {
    let source = case.open(url, Kept::new(&[TOKEN], &[TOKEN, "canary-token-5f1c-previous"])).await;
    let person = Identifier::new(IdentifierKind::email(), EMAIL).unwrap();
    let records = [RecordId::new(RECORD)];
    let batch =
        Batch { justification: "request 1", records: &records, dry_run: false, right: Right::Erasure };
    let mut text = String::new();
    let _ =
        write!(text, "{source:?} {person:?} {:?}", source.search(std::slice::from_ref(&person), &[]).await);
    let _ =
        write!(text, "{:?}", source.show(std::slice::from_ref(&person), std::slice::from_ref(&person)).await);
    let _ = write!(text, "{batch:?} {:?}", source.submit(&batch).await);
    let _ = write!(text, "{:?}", source.status("rule1", &records, &records).await);
    let _ = write!(text, "{:?}", source.test().await);
    text
}

#[tokio::test]
async fn no_log_line_no_error_and_no_debug_output_holds_a_person_or_a_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // With a single subscriber, a log line that another test's thread reaches first is off for all threads,
    // because tracing asks only that thread's subscriber, and it has none. With two it asks them all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    let case = case("qualifio");
    let mut printed = String::new();
    let echo = format!(r#"{{"error":"no {EMAIL} ({RECORD}), token {TOKEN}","_id":"rule1"}}"#);
    let found = format!(r#"[{{"id":{RECORD},"email":"{EMAIL}"}},{{"id":"{RECORD}","email":"{EMAIL}"}}]"#);
    let odd = format!(r#"{{"_id":"rule1","ruleStatus":{{"status":"{EMAIL}"}}}}"#);
    for (status, body) in [
        (200, format!(r#"[{{"id":{RECORD},"email":"{EMAIL}"}}]"#)),
        (200, found),
        (200, echo.clone()),
        (200, odd),
        (200, format!("{EMAIL}{{")),
        (302, echo.clone()),
        (400, echo.clone()),
        (401, echo.clone()),
        (404, echo.clone()),
        (429, echo.clone()),
        (500, echo),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status)
            .insert_header("location", format!("http://127.0.0.1/?email={EMAIL}").as_str())
            .insert_header("retry-after", EMAIL)
            .set_body_string(body);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        printed += &everything(&case, &server.uri()).await;
    }
    for server in [Raw::resetting(), Raw::answering(""), Raw::answering(format!("{EMAIL} {RECORD}\r\n\r\n"))]
    {
        printed += &everything(&case, &server.url).await;
    }
    printed += &everything(&case, "http://127.0.0.1:1").await;
    // In the same test, because the subscriber is set for the whole thread.
    printed += &tickets::everything().await;
    printed += &log.text();

    // Without these lines the test would prove nothing.
    for expected in [
        "vendor answered",
        "vendor_connection_lost",
        "vendor_server_error",
        "unprintable",
        "vendor-main",
        "answer_ticket",
        "look_at_ticket",
    ] {
        assert!(printed.contains(expected), "{expected}");
    }
    let folded = printed.to_lowercase();
    for canary in [
        EMAIL.to_lowercase().as_str(),
        "canary.person",
        "canary.person%2btag%40example.com",
        "email=",
        "canary-token",
        RECORD,
        "canaryref",
        "canary.agent",
        "receipt:019",
        // base64 of the address, the token and the id, from their first byte
        "y2fuyxj5llblcnnvb",
        "q2fuyxj5llblcnnvb",
        "y2fuyxj5lxrva2vu",
        "otg3nju0mzix",
    ] {
        assert!(!folded.contains(canary), "{canary} was printed");
    }
}
