//! What every connector must do: one loop over all of them, against the walkthrough in each folder.

use crate::support::{Case, Kept, cases};
use rightful_domain::failure::{Failure, Kind};
use rightful_domain::identifier::{Identifier, IdentifierKind};
use rightful_domain::request::Right;
use rightful_domain::vendor::{Batch, Claim, Fault, RecordId, RuleReport, RuleStatus, Submitted, Vendor};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wiremock::matchers::{any, header, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const STEPS: [&str; 3] = ["search", "submit", "status"];

fn json(body: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "application/json")
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// The fault of a step against a server that gives this answer to everything.
async fn outcome(case: &Case, step: &str, answer: ResponseTemplate) -> Result<String, String> {
    let server = answering(answer).await;
    let source = case.at(&server).await;
    let result = match step {
        "search" => source
            .search(&[case.person()])
            .await
            .map(|found| format!("{found:?}"))
            .map_err(|e| format!("{e:?}")),
        "status" => {
            let report = source.status(case.text("/rule_id"), &case.records()).await;
            report.map(|report| format!("{report:?}")).map_err(|fault| format!("{fault:?}"))
        }
        _ => match case.submit(&source).await {
            accepted @ Submitted::Accepted { .. } => Ok(format!("{accepted:?}")),
            other => Err(format!("{other:?}")),
        },
    };
    let seen = server.received_requests().await.unwrap().len();
    assert_eq!(seen, 1, "{step} was sent {seen} times");
    result
}

fn is_the_walkthroughs(case: &Case, step: &str, request: &Request) {
    is_asked(case, step, &case.walkthrough[step], request);
}

fn is_asked(case: &Case, step: &str, expected: &Value, request: &Request) {
    assert_eq!(request.method.as_str(), expected["method"], "{step}");
    assert_eq!(request.url.path(), expected["path"], "{step}");
    let query: serde_json::Map<String, Value> = request
        .url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    assert_eq!(&Value::Object(query), &expected["query"], "{step}");
    let header = request.headers.get(case.text("/auth/header")).map(|value| value.to_str().unwrap());
    assert_eq!(header, Some(case.text("/auth/value")), "{step}");
    assert_eq!(request.headers["accept"], "application/json");
    if let Some(body) = expected.get("body") {
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(&request.body_json::<Value>().unwrap(), body, "{step}");
    } else {
        assert!(request.body.is_empty(), "{step}");
    }
}

#[tokio::test]
async fn the_walkthrough_is_asked_and_understood_to_the_letter() {
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let found = case.at(&server).await.search(&[case.person()]).await.unwrap();
        assert_eq!(found.records, case.records());
        is_the_walkthroughs(&case, "search", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("submit.json"))).await;
        let submitted = case.submit(&case.at(&server).await).await;
        let status: RuleStatus = serde_json::from_value(case.walkthrough["submit_status"].clone()).unwrap();
        assert_eq!(submitted, Submitted::Accepted { rule_id: case.text("/rule_id").to_owned(), status });
        is_the_walkthroughs(&case, "submit", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("status.json"))).await;
        let report = case.at(&server).await.status(case.text("/rule_id"), &case.records()).await.unwrap();
        let claim: Claim = serde_json::from_value(case.walkthrough["claim"].clone()).unwrap();
        assert_eq!(
            report,
            RuleReport { status: RuleStatus::Finished, confirmed: case.records().len(), claim }
        );
        is_the_walkthroughs(&case, "status", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("search-none.json"))).await;
        assert_eq!(case.at(&server).await.test().await, Ok(()));
        is_the_walkthroughs(&case, "test", &server.received_requests().await.unwrap()[0]);
    }
}

/// The recorded answer to an erasure, saying this about a dry run; `Null` says nothing.
fn echoing(case: &Case, dry_run: Value) -> ResponseTemplate {
    let mut answer: Value = serde_json::from_str(&case.answer("submit.json")).unwrap();
    let at = case.text("/dry_run_echo");
    *answer.pointer_mut(at).unwrap_or_else(|| panic!("submit.json has no {at}")) = dry_run;
    json(answer.to_string())
}

#[tokio::test]
async fn a_dry_run_counts_only_when_the_vendor_says_that_it_is_one() {
    for case in cases() {
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        if !source.capabilities().dry_run {
            let server = MockServer::start().await;
            let submitted = case.submit_as(&case.at(&server).await, true).await;
            assert_eq!(submitted, Submitted::Rejected(Fault::Refused("dry_run_unsupported")));
            assert!(server.received_requests().await.unwrap().is_empty());
            continue;
        }
        // A vendor whose answer never says so has `null` there, so that nobody forgets to look.
        if case.walkthrough["dry_run_echo"].is_null() {
            assert!(case.walkthrough.get("dry_run_echo").is_some(), "walkthrough.json: dry_run_echo");
            continue;
        }
        for (asked, said, unknown) in [
            (true, Value::Bool(true), None),
            (true, Value::Bool(false), Some("dry_run_not_confirmed")),
            (true, Value::Null, Some("dry_run_not_confirmed")),
            (true, "true".into(), Some("dry_run_not_confirmed")),
            (false, Value::Bool(false), None),
            (false, Value::Null, None),
            (false, Value::Bool(true), Some("dry_run_not_asked")),
        ] {
            let server = answering(echoing(&case, said.clone())).await;
            let submitted = case.submit_as(&case.at(&server).await, asked).await;
            match unknown {
                Some(code) => assert_eq!(submitted, Submitted::Unknown(code), "{asked} {said}"),
                None => {
                    assert!(matches!(submitted, Submitted::Accepted { .. }), "{asked} {said}: {submitted:?}")
                }
            }
            assert_eq!(server.received_requests().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn nobody_found_is_an_answer() {
    for case in cases() {
        let server = answering(json(case.answer("search-none.json"))).await;
        assert_eq!(case.at(&server).await.search(&[case.person()]).await.unwrap().records, []);
    }
}

#[tokio::test]
async fn neighbours_of_the_person_are_dropped_and_repeated_records_counted_once() {
    for case in cases() {
        let server = answering(json(case.answer("search-neighbours.json"))).await;
        assert_eq!(case.at(&server).await.search(&[case.person()]).await.unwrap().records, case.records());
    }
}

#[tokio::test]
async fn every_kind_that_it_searches_by_is_asked_for_and_compared_to_the_letter() {
    for case in cases() {
        let identifiers = case.identifiers();
        let kinds: Vec<IdentifierKind> =
            identifiers.iter().map(|(identifier, _)| identifier.kind().clone()).collect();
        assert_eq!(kinds, case.definition.identifiers, "walkthrough.json: more_identifiers");
        assert!(case.definition.kinds().map(|asked| &asked.kind).eq(&case.definition.identifiers));
        for (identifier, search) in &identifiers {
            for answer in ["search.json", "search-neighbours.json"] {
                let server = answering(json(case.answer(answer))).await;
                let found = case.at(&server).await.search(std::slice::from_ref(identifier)).await.unwrap();
                assert_eq!(found.records, case.records(), "{} {answer}", identifier.kind());
                is_asked(&case, "search", search, &server.received_requests().await.unwrap()[0]);
            }
            let server = answering(json(case.answer("search-none.json"))).await;
            let found = case.at(&server).await.search(std::slice::from_ref(identifier)).await.unwrap();
            assert_eq!(found.records, []);
        }
    }
}

/// The records in an answer to a search: the answer itself, or its one list.
fn records_of(answer: &mut Value) -> &mut Vec<Value> {
    match answer {
        Value::Array(records) => records,
        Value::Object(fields) => fields.values_mut().find_map(Value::as_array_mut).unwrap(),
        _ => panic!("search.json holds no records"),
    }
}

#[tokio::test]
async fn a_copy_holds_each_record_whole_and_once_and_no_neighbours() {
    for case in cases() {
        let mut whole: Value = serde_json::from_str(&case.answer("search.json")).unwrap();
        let whole = records_of(&mut whole).clone();
        for answer in ["search.json", "search-neighbours.json"] {
            let server = answering(json(case.answer(answer))).await;
            let copies = case.at(&server).await.copy(&[case.person(), case.person()]).await.unwrap();
            let ids: Vec<RecordId> = copies.iter().map(|copy| copy.id.clone()).collect();
            assert_eq!(ids, case.records(), "{answer}");
            let contents: Vec<Value> = copies.into_iter().map(|copy| copy.content).collect();
            assert_eq!(contents, whole, "{answer}");
            is_the_walkthroughs(&case, "search", &server.received_requests().await.unwrap()[0]);
        }
    }
}

#[tokio::test]
async fn a_copy_that_cannot_be_whole_is_none() {
    for case in cases() {
        let server = answering(json(case.answer("search-none.json"))).await;
        let source = case.at(&server).await;
        assert_eq!(source.copy(&[case.person()]).await, Ok(vec![]));
        assert_eq!(source.copy(&[]).await, Err(Fault::Refused("missing_identifier")));
        assert!(source.capabilities().rights.contains(&Right::Access));
        let most = source.capabilities().max_records;
        for (answer, fault) in [
            (json("[{]".to_owned()), Fault::Unavailable("vendor_answer_unreadable")),
            (json(many(&case, most + 1)), Fault::TooManyRecords),
            (ResponseTemplate::new(403), Fault::Refused("vendor_forbidden")),
            (ResponseTemplate::new(429), Fault::Throttled(None)),
            (ResponseTemplate::new(500), Fault::Unavailable("vendor_server_error")),
        ] {
            let server = answering(answer).await;
            assert_eq!(case.at(&server).await.copy(&[case.person()]).await, Err(fault));
        }
    }
}

#[tokio::test]
async fn every_identifier_is_searched_by_and_the_finds_are_put_together() {
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let source = case.at(&server).await;
        let other = Identifier::new(IdentifierKind::parse("a_kind_it_does_not_know").unwrap(), "x").unwrap();
        let found = source.search(&[case.person(), other.clone(), case.person()]).await.unwrap();
        assert_eq!(found.records, case.records());
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
        assert_eq!(source.search(&[other]).await, Err(Fault::Refused("missing_identifier")));
    }
}

/// An answer with so many records of the person.
fn many(case: &Case, count: usize) -> String {
    let mut answer: Value = serde_json::from_str(&case.answer("search.json")).unwrap();
    let records = records_of(&mut answer);
    let kind = case.person().kind().as_str().to_owned();
    let mut record = records[0].clone();
    record.as_object_mut().unwrap().retain(|name, _| *name == "id" || *name == kind);
    let with = |n: usize| {
        let mut record = record.clone();
        record["id"] = if record["id"].is_number() { n.into() } else { n.to_string().into() };
        record
    };
    *records = (1..=count).map(with).collect();
    answer.to_string()
}

#[tokio::test]
async fn a_person_with_too_many_records_is_a_mistake() {
    for case in cases() {
        let most = case.at(&MockServer::start().await).await.capabilities().max_records;
        assert!(outcome(&case, "search", json(many(&case, most))).await.is_ok());
        assert_eq!(
            outcome(&case, "search", json(many(&case, most + 1))).await,
            Err("TooManyRecords".to_owned())
        );
    }
}

#[tokio::test]
async fn refusals_are_told_apart_from_troubles_that_may_pass() {
    // status, what search and status say, what submit says
    let table = [
        (400, r#"Refused("vendor_bad_request")"#, r#"Rejected(Refused("vendor_bad_request"))"#),
        (401, "Unauthorized", "Rejected(Unauthorized)"),
        (403, r#"Refused("vendor_forbidden")"#, r#"Rejected(Refused("vendor_forbidden"))"#),
        (404, r#"Refused("vendor_not_found")"#, r#"Rejected(Refused("vendor_not_found"))"#),
        (408, r#"Unavailable("vendor_timed_out")"#, r#"Unknown("vendor_timed_out")"#),
        (409, r#"Refused("vendor_conflict")"#, r#"Rejected(Refused("vendor_conflict"))"#),
        (410, r#"Refused("vendor_refused")"#, r#"Rejected(Refused("vendor_refused"))"#),
        (422, r#"Refused("vendor_unprocessable")"#, r#"Rejected(Refused("vendor_unprocessable"))"#),
        (425, r#"Unavailable("vendor_timed_out")"#, r#"Unknown("vendor_timed_out")"#),
        (429, "Throttled(None)", "NotSent(Throttled(None))"),
        (500, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (502, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (503, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (504, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (201, r#"Unavailable("vendor_answer_unexpected")"#, r#"Unknown("vendor_answer_unexpected")"#),
        (204, r#"Unavailable("vendor_answer_unexpected")"#, r#"Unknown("vendor_answer_unexpected")"#),
        (302, r#"Unavailable("vendor_redirected")"#, r#"Unknown("vendor_redirected")"#),
        (304, r#"Unavailable("vendor_redirected")"#, r#"Unknown("vendor_redirected")"#),
    ];
    for case in cases() {
        for (status, read, sent) in table {
            for step in STEPS {
                let body = case.answer(&format!("{step}.json"));
                // A body that looks like success changes nothing.
                let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
                let expected = match step {
                    "submit" => sent,
                    "status" if status == 404 => "RuleNotFound",
                    _ => read,
                };
                assert_eq!(outcome(&case, step, answer).await, Err(expected.to_owned()), "{step} {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_throttled_call_says_how_long_to_wait() {
    for case in cases() {
        for (header, seconds) in [("7", 7), ("86400", 3600), ("Sun, 06 Nov 1994 08:50:07 GMT", 30)] {
            let answer = || {
                ResponseTemplate::new(429)
                    .insert_header("retry-after", header)
                    .insert_header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            };
            assert_eq!(outcome(&case, "search", answer()).await, Err(format!("Throttled(Some({seconds}))")));
            assert_eq!(
                outcome(&case, "submit", answer()).await,
                Err(format!("NotSent(Throttled(Some({seconds})))"))
            );
            assert_eq!(outcome(&case, "status", answer()).await, Err(format!("Throttled(Some({seconds}))")));
        }
        // Asked to wait, yet nobody says that the erasure was not taken.
        let answer = ResponseTemplate::new(503).insert_header("retry-after", "7");
        assert_eq!(
            outcome(&case, "submit", answer).await,
            Err(r#"Unknown("vendor_server_error")"#.to_owned())
        );
    }
}

#[tokio::test]
async fn answers_that_cannot_be_read_are_no_success() {
    for case in cases() {
        for body in ["", "null", "[", "<html>", "{\"error\":\"x\"}", "[1]", "\u{feff}{}"] {
            for step in STEPS {
                let expected = match step {
                    "submit" => r#"Unknown("vendor_answer_unreadable")"#,
                    _ => r#"Unavailable("vendor_answer_unreadable")"#,
                };
                let got = outcome(&case, step, json(body.to_owned())).await;
                assert_eq!(got, Err(expected.to_owned()), "{step} {body}");
            }
        }
    }
}

#[tokio::test]
async fn answers_that_are_too_large_are_no_success() {
    for case in cases() {
        let padding = " ".repeat(9 * 1024 * 1024);
        for step in STEPS {
            let body = case.answer(&format!("{step}.json")) + &padding;
            let expected = match step {
                "submit" => r#"Unknown("vendor_answer_too_large")"#,
                _ => r#"Unavailable("vendor_answer_too_large")"#,
            };
            assert_eq!(outcome(&case, step, json(body)).await, Err(expected.to_owned()), "{step}");
        }
    }
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_unknown() {
    for case in cases() {
        let finished = case.text("/finished");
        let (lower, upper) = (finished.to_lowercase(), finished.to_uppercase());
        let cased = if lower == finished { upper } else { lower };
        let padded = format!("{finished} ");
        for odd in ["SOMETHING_NEW", cased.as_str(), "", padded.as_str()] {
            let body = case.answer("status.json").replace(case.text("/finished"), odd);
            let server = answering(json(body)).await;
            let report = case.at(&server).await.status(case.text("/rule_id"), &case.records()).await.unwrap();
            assert_eq!(report.status, RuleStatus::Unknown, "{odd}");
        }
    }
}

#[tokio::test]
async fn the_status_of_another_rule_is_no_answer() {
    for case in cases() {
        let body = case.answer("status.json").replace(case.text("/rule_id"), "another0rule");
        assert_eq!(
            outcome(&case, "status", json(body)).await,
            Err(r#"Unavailable("vendor_answer_unreadable")"#.to_owned())
        );
    }
}

#[tokio::test]
async fn only_the_records_asked_about_are_counted_as_treated() {
    for case in cases() {
        let server = answering(json(case.answer("status.json"))).await;
        let source = case.at(&server).await;
        let all = case.records();
        let more: Vec<RecordId> = all.iter().cloned().chain([RecordId::new("424242")]).collect();
        for (asked, confirmed) in [(&more[..], all.len()), (&all[..1], 1), (&[], 0)] {
            let report = source.status(case.text("/rule_id"), asked).await.unwrap();
            assert_eq!(report.confirmed, confirmed);
            assert_eq!(report.status, RuleStatus::Finished);
        }
    }
}

#[tokio::test]
async fn a_rule_id_cannot_lead_to_another_path() {
    for case in cases() {
        let server = answering(json(case.answer("status.json"))).await;
        let source = case.at(&server).await;
        for bad in ["", ".", "..", "a b", "a\nb", &"x".repeat(200)] {
            assert_eq!(source.status(bad, &[]).await, Err(Fault::Refused("rule_id_unusable")), "{bad}");
        }
        let _ = source.status("../../x?y=1#z", &[]).await;
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        assert!(requests[0].url.path().ends_with("/..%2F..%2Fx%3Fy%3D1%23z"), "{}", requests[0].url.path());
    }
}

#[tokio::test]
async fn what_cannot_be_submitted_is_not_sent() {
    for case in cases() {
        let server = MockServer::start().await;
        let source = case.at(&server).await;
        let records = case.records();
        // No definition can allow more than 10000.
        let many = vec![RecordId::new("1"); 10_001];
        let batch = Batch { justification: "x", records: &records, dry_run: false, right: Right::Erasure };
        for (batch, code) in [
            (Batch { right: Right::Access, ..batch.clone() }, "right_unsupported"),
            (Batch { records: &[], ..batch.clone() }, "batch_size_wrong"),
            (Batch { records: &many, ..batch.clone() }, "batch_size_wrong"),
        ] {
            assert_eq!(source.submit(&batch).await, Submitted::Rejected(Fault::Refused(code)));
        }
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}

/// A server that takes one token only.
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

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn a_rotated_token_is_read_again_and_kept() {
    for case in cases() {
        for step in STEPS {
            let server = taking(&case, "new", case.answer(&format!("{step}.json"))).await;
            let secrets = Kept::new(&["old", "older"], &["new", "old"]);
            let source = case.open(&server.uri(), secrets.clone()).await;
            for expected_calls in [2, 3] {
                match step {
                    "search" => assert!(source.search(&[case.person()]).await.is_ok()),
                    "status" => assert!(source.status(case.text("/rule_id"), &[]).await.is_ok()),
                    _ => assert!(matches!(case.submit(&source).await, Submitted::Accepted { .. })),
                }
                assert_eq!(calls(&server).await, expected_calls, "{step}");
            }
            assert_eq!(secrets.fresh_reads.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test]
async fn the_previous_token_serves_while_the_new_one_is_not_taken_yet() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let secrets = Kept::new(&["current", "previous"], &["current", "previous"]);
        assert!(case.open(&server.uri(), secrets).await.search(&[case.person()]).await.is_ok());
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn trying_a_data_source_out_proves_the_current_token_alone_and_reads_it_anew() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let replaced = case.open(&server.uri(), Kept::new(&["previous"], &["current", "previous"])).await;
        assert_eq!(replaced.test().await, Err(Fault::Unauthorized));
        let mended = case.open(&server.uri(), Kept::new(&["wrong"], &["previous", "wrong"])).await;
        assert_eq!(mended.test().await, Ok(()));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn tokens_that_are_not_taken_are_tried_once_each() {
    for case in cases() {
        let server = answering(ResponseTemplate::new(401)).await;
        let secrets = Kept::new(&["a"], &["b", "c", "d"]);
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
        let source = case.open(&server.uri(), Kept::new(&["a"], &["b", "c"])).await;
        assert_eq!(case.submit(&source).await, Submitted::Unknown("vendor_server_error"));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_again_is_not_a_wrong_token() {
    for case in cases() {
        let server = answering(ResponseTemplate::new(401)).await;
        let secrets = Kept::new(&["a"], &[]);
        *secrets.fresh.lock().unwrap() = Err(Failure::transient("secrets_unavailable"));
        let source = case.open(&server.uri(), secrets).await;
        let not_sent = Submitted::NotSent(Fault::Unavailable("secrets_unavailable"));
        assert_eq!(case.submit(&source).await, not_sent);
    }
}

#[tokio::test]
async fn a_secret_must_hold_the_fields_that_the_connector_lists() {
    for case in cases() {
        for bad in ["", "token", "{}", "[]", r#"{"token":""}"#, r#"{"token":7}"#, r#"{"token":"a\nb"}"#] {
            let opened =
                case.open_with("http://127.0.0.1:9", Kept::raw(bad), crate::support::client(true)).await;
            assert_eq!(opened.unwrap_err(), Failure::new(Kind::Misconfigured, "secret_unreadable"), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    for case in cases() {
        let server = MockServer::start().await;
        let answer = json(case.answer("submit.json")).set_delay(Duration::from_millis(300));
        Mock::given(method("POST")).respond_with(answer).mount(&server).await;
        assert!(matches!(case.submit(&case.at(&server).await).await, Submitted::Accepted { .. }));
    }
}
