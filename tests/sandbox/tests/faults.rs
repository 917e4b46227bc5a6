//! Each fault does what its name says, and no more.

mod stage;

use std::time::{Duration, Instant};

use rightful_sandbox::{Fault, FaultKind, On};
use serde_json::json;
use stage::{JOAO, Stage, body, good, listed, state_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn refusals_answer_their_status_and_have_no_effect() {
    for (kind, status) in [
        (FaultKind::Unauthorized {}, 401),
        (FaultKind::Forbidden {}, 403),
        (FaultKind::NotFound {}, 404),
        (FaultKind::BadRequest {}, 400),
    ] {
        let stage = Stage::with(On::Submit, kind).await;
        let answer = stage.try_submit(&[78]).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.json().is_ok());
        assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
        assert!(stage.control.rules().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn throttled_carries_retry_after_as_given() {
    for given in ["3", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        let retry_after = Some(given.to_owned());
        let stage = Stage::with(On::Search, FaultKind::Throttled { retry_after }).await;
        let answer = stage.try_search(JOAO).await.unwrap();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.headers["retry-after"], given);
    }
}

#[tokio::test]
async fn a_server_error_happens_with_and_without_the_effect() {
    for (apply, left) in [(false, vec![78, 79, 85]), (true, vec![79, 85])] {
        let kind = FaultKind::ServerError { status: 503, apply };
        let stage = Stage::with(On::Submit, kind).await;
        assert_eq!(stage.try_submit(&[78]).await.unwrap().status, 503);
        assert_eq!(stage.left(JOAO).await, left);
        let journal = stage.control.journal().await.unwrap();
        let call = journal.calls_of("submit")[0];
        assert_eq!((call.status, call.applied), (Some(503), apply));
        assert_eq!(call.fault.as_deref(), Some("server_error"));
    }
}

#[tokio::test]
async fn slow_answers_in_the_end() {
    let stage = Stage::with(On::Search, FaultKind::Slow { ms: 300 }).await;
    let start = Instant::now();
    assert_eq!(stage.search(JOAO).await.len(), 6);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn time_outs_never_answer_and_the_effect_is_as_ordered() {
    for after in [false, true] {
        let hold_ms = 120_000;
        let kind = match after {
            false => FaultKind::TimeoutBefore { hold_ms },
            true => FaultKind::TimeoutAfter { hold_ms },
        };
        let stage = Stage::with(On::Submit, kind).await;
        let patience = Duration::from_millis(400);
        let answer = tokio::time::timeout(patience, stage.try_submit(&[78])).await;
        assert!(answer.is_err(), "it was answered");
        let journal = stage.control.journal().await.unwrap();
        let call = journal.calls_of("submit")[0];
        assert_eq!((call.status, call.applied), (None, after));
        assert_eq!(call.rule_id.is_some(), after);
        assert_eq!(stage.left(JOAO).await.contains(&78), !after);
    }
}

#[tokio::test]
async fn resets_break_the_connection_and_the_effect_is_as_ordered() {
    for (kind, after) in [(FaultKind::ResetBefore {}, false), (FaultKind::ResetAfter {}, true)] {
        let stage = Stage::with(On::Submit, kind).await;
        let error = stage.try_submit(&[78]).await.unwrap_err();
        let kind = error.chain().find_map(|cause| {
            let cause = cause.downcast_ref::<std::io::Error>()?;
            Some(cause.kind())
        });
        assert_eq!(kind, Some(std::io::ErrorKind::ConnectionReset), "{error:?}");
        let journal = stage.control.journal().await.unwrap();
        let call = journal.calls_of("submit")[0];
        assert_eq!((call.status, call.applied), (None, after));
        assert_eq!(stage.left(JOAO).await.contains(&78), !after);
    }
}

#[tokio::test]
async fn a_held_connection_is_reset_when_its_time_is_over() {
    let stage = Stage::with(On::Search, FaultKind::TimeoutBefore { hold_ms: 200 }).await;
    let address = stage.sandbox.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /v1/gdpr/profiles?clientId=2449&email=x HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let start = Instant::now();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await;
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(answer.is_empty());
    assert!(start.elapsed() >= Duration::from_millis(190));
}

#[tokio::test]
async fn an_unknown_status_stands_in_the_answer_only() {
    let value = "ARCHIVED".to_owned();
    let stage = Stage::fast();
    stage.order(Fault::new(On::Status, FaultKind::UnknownStatus { value }).once()).await;
    let rule = stage.submit(&[78]).await;
    assert_eq!(state_of(&stage.status(&rule).await), "ARCHIVED");
    assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
}

#[tokio::test]
async fn malformed_is_200_without_valid_json_on_every_call() {
    for on in [On::Search, On::Submit, On::Status] {
        let stage = Stage::fast();
        let rule = stage.submit(&[79]).await;
        stage.order(Fault::new(on, FaultKind::Malformed { apply: true })).await;
        let answer = match on {
            On::Search => stage.try_search(JOAO).await,
            On::Submit => stage.try_submit(&[78]).await,
            On::Status => stage.try_status(rule["_id"].as_str().unwrap()).await,
            _ => unreachable!("tests/tickets.rs and tests/inhouse.rs have the others"),
        };
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.json().is_err());
        assert_eq!(stage.left(JOAO).await.contains(&78), on != On::Submit);
    }
}

#[tokio::test]
async fn huge_is_as_large_as_ordered_and_valid_to_who_reads_it_all() {
    let bytes = 20_000_001;
    let stage = Stage::with(On::Search, FaultKind::Huge { bytes, apply: true }).await;
    let answer = stage.try_search(JOAO).await.unwrap();
    assert!(answer.text.len() as u64 > bytes);
    assert!(answer.headers.get("content-length").is_none());
    assert_eq!(answer.json().unwrap().as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn html_is_a_login_page_and_a_redirect_points_elsewhere() {
    let stage = Stage::with(On::Submit, FaultKind::Html { apply: false }).await;
    let answer = stage.try_submit(&[78]).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert!(answer.json().is_err());
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);

    let location = "https://example.com/elsewhere".to_owned();
    let kind = FaultKind::Redirect { location, status: 307 };
    let stage = Stage::with(On::Submit, kind).await;
    let answer = stage.try_submit(&[78]).await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(answer.headers["location"], "https://example.com/elsewhere");
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
}

#[tokio::test]
async fn a_vendor_that_ignores_test_erases_and_says_that_it_was_no_test() {
    let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=true";
    let stage = Stage::fast();
    stage.order(Fault::new(On::Submit, FaultKind::IgnoresTest {}).once()).await;
    for (ids, is_test, left) in [([78], false, [79, 85]), ([79], true, [79, 85])] {
        let mut asked = body(&ids);
        asked["test"] = json!(true);
        let rule = good(stage.vendor("POST", path, Some(&asked)).await);
        assert_eq!(rule["ruleTypePayload"]["test"], is_test);
        assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
        assert_eq!(stage.left(JOAO).await, left);
    }
    let journal = stage.control.journal().await.unwrap();
    let calls = journal.calls_of("submit");
    // The journal shows the search's value.
    assert_eq!((calls[0].test, calls[0].fault.as_deref()), (Some(true), Some("ignores_test")));
    assert_eq!((calls[1].test, calls[1].fault.as_deref()), (Some(true), None));
    assert_eq!(journal.erasures.len(), 1);
}

#[tokio::test]
async fn missing_crm_ids_are_erased_yet_not_listed() {
    let stage = Stage::with(On::Submit, FaultKind::MissingCrmIds { n: 2 }).await;
    let rule = stage.submit(&[78, 79, 85]).await;
    assert_eq!(listed(&stage.status(&rule).await), [78]);
    assert!(stage.left(JOAO).await.is_empty());
}

#[tokio::test]
async fn a_rule_that_never_finishes_stays_approved() {
    let stage = Stage::fast();
    stage.order(Fault::new(On::Status, FaultKind::NeverFinishes {}).once()).await;
    let never = stage.submit(&[78]).await;
    let other = stage.submit(&[79]).await;
    assert_eq!(state_of(&stage.status(&never).await), "APPROVED");
    assert_eq!(state_of(&stage.status(&other).await), "FINISHED");
    assert_eq!(stage.left(JOAO).await, [78, 85]);
}

#[tokio::test]
async fn a_lie_says_finished_and_erases_nothing() {
    let stage = Stage::with(On::Submit, FaultKind::Lies {}).await;
    let rule = stage.submit(&[78, 79, 85]).await;
    let finished = stage.status(&rule).await;
    assert_eq!(state_of(&finished), "FINISHED");
    assert_eq!(listed(&finished), [78, 79, 85]);
    assert!(stage.search(JOAO).await.starts_with(&[78, 79]));
    assert!(stage.control.journal().await.unwrap().erasures.is_empty());
}

#[tokio::test]
async fn a_person_reappears_under_a_new_id() {
    let stage = Stage::with(On::Submit, FaultKind::Reappears {}).await;
    let rule = stage.submit(&[78, 79, 85]).await;
    assert_eq!(listed(&stage.status(&rule).await), [78, 79, 85]);
    assert_eq!(stage.left(JOAO).await, [95]);
    assert!(stage.search(JOAO).await.contains(&95));
}

#[tokio::test]
async fn the_status_answers_another_rules_id() {
    let stage = Stage::with(On::Status, FaultKind::WrongRule {}).await;
    let rule = stage.submit(&[78]).await;
    let answered = stage.status(&rule).await;
    assert_eq!(state_of(&answered), "FINISHED");
    assert_ne!(answered["_id"], rule["_id"]);
}

#[tokio::test]
async fn a_create_answer_without_id_has_made_a_rule() {
    let stage = Stage::with(On::Submit, FaultKind::EmptyId {}).await;
    let rule = stage.submit(&[78]).await;
    assert!(rule.get("_id").is_none());
    assert_eq!(state_of(&rule), "APPROVED");
    assert_eq!(stage.control.rules().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stale_search_shows_erased_profiles_for_a_while() {
    for (ms, shown) in [(60_000, vec![78, 79, 80, 81, 82, 85]), (100, vec![80, 81, 82])] {
        let stage = Stage::with(On::Search, FaultKind::StaleSearch { ms }).await;
        let rule = stage.submit(&[78, 79, 85]).await;
        assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
        assert!(stage.left(JOAO).await.is_empty());
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(stage.search(JOAO).await, shown);
    }
}

#[tokio::test]
async fn a_search_lists_an_id_twice_or_as_a_string() {
    let stage = Stage::with(On::Search, FaultKind::DuplicateId {}).await;
    assert_eq!(stage.search("bo@example.com").await, [92, 93, 92]);
    let stage = Stage::with(On::Search, FaultKind::StringIds {}).await;
    let answer = stage.try_search("bo@example.com").await.unwrap();
    assert_eq!(answer.json().unwrap()[1]["id"], json!("93"));
}

#[tokio::test]
async fn a_search_lists_its_first_page_nobody_or_the_letter_alone_once() {
    let stage = Stage::fast();
    for kind in [FaultKind::Pages { n: 2 }, FaultKind::Blind {}, FaultKind::Exact {}] {
        stage.order(Fault::new(On::Search, kind).once()).await;
    }
    assert_eq!(stage.search(JOAO).await, [78, 79]);
    assert!(stage.search(JOAO).await.is_empty());
    assert!(stage.search("Joao@qualifio.com").await.is_empty());
    assert_eq!(stage.search("Joao@qualifio.com").await, [78, 79, 80, 81, 82, 85]);
    stage.order(Fault::new(On::Search, FaultKind::Exact {}).once()).await;
    assert_eq!(stage.search(JOAO).await, [78, 79, 85]);
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
}

#[tokio::test]
async fn a_search_shows_two_addresses_in_one_field_or_none() {
    let stage = Stage::with(On::Search, FaultKind::TwoAddresses {}).await;
    let found = stage.try_search("bo@example.com").await.unwrap().json().unwrap();
    assert_eq!(found[0]["email"], "bo@example.com, second@example.com");
    assert_eq!(found[1]["email"], "bo@example.com");
    let stage = Stage::with(On::Search, FaultKind::NoEmail {}).await;
    let found = stage.try_search("bo@example.com").await.unwrap().json().unwrap();
    assert_eq!((found[0]["id"].as_u64(), found[0].get("email")), (Some(92), None));
    assert_eq!(found[1]["email"], "bo@example.com");
}

#[tokio::test]
async fn a_dry_run_that_erases_says_that_it_is_one() {
    let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=true";
    let stage = Stage::with(On::Submit, FaultKind::ErasesInTest {}).await;
    let mut asked = body(&[78]);
    asked["test"] = json!(true);
    let rule = good(stage.vendor("POST", path, Some(&asked)).await);
    assert_eq!(rule["ruleTypePayload"]["test"], true);
    assert_eq!(listed(&stage.status(&rule).await), [78]);
    assert_eq!(stage.left(JOAO).await, [79, 85]);
    assert_eq!(stage.control.journal().await.unwrap().erased_ids(), [78]);
}

#[tokio::test]
async fn a_finished_rule_lists_a_stranger_and_erases_it_where_that_is_ordered() {
    for (erases, left) in [(false, vec![79, 85]), (true, vec![85])] {
        let stage = Stage::with(On::Submit, FaultKind::ListsStranger { erases }).await;
        let rule = stage.submit(&[78]).await;
        assert_eq!(listed(&stage.status(&rule).await), [78, 79]);
        assert_eq!(stage.left(JOAO).await, left);
    }
}

#[tokio::test]
async fn records_appear_when_a_rule_is_created() {
    let stage = Stage::fast();
    stage.order(Fault::new(On::Submit, FaultKind::Appears { n: 2 }).once()).await;
    let rule = stage.submit(&[78, 79, 85]).await;
    assert_eq!(listed(&stage.status(&rule).await), [78, 79, 85]);
    assert_eq!(stage.left(JOAO).await, [95, 96]);
    stage.submit(&[95, 96]).await;
    assert!(stage.left(JOAO).await.is_empty());
}

#[tokio::test]
async fn a_fault_skips_fires_and_is_over_and_the_next_takes_its_turn() {
    let stage = Stage::fast();
    let error = |status| FaultKind::ServerError { status, apply: false };
    stage.order(Fault::new(On::Search, error(500)).skip(1).times(2)).await;
    stage.order(Fault::new(On::Search, error(503)).skip(1).once()).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(stage.try_search(JOAO).await.unwrap().status);
    }
    assert_eq!(seen, [200, 500, 500, 503, 200]);
    let ordered = stage.control.faults().await.unwrap();
    assert_eq!((ordered[0].fired, ordered[1].fired), (2, 1));
    stage.control.clear_faults().await.unwrap();
    assert!(stage.control.faults().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_fault_about_an_email_leaves_the_others_alone() {
    let stage = Stage::fast();
    stage.order(Fault::new(On::Search, FaultKind::Forbidden {}).about("bo@example.com")).await;
    stage.order(Fault::new(On::Submit, FaultKind::Lies {}).about("ana@example.com")).await;
    assert_eq!(stage.try_search(JOAO).await.unwrap().status, 200);
    assert_eq!(stage.try_search("bo@example.com").await.unwrap().status, 403);
    stage.submit(&[90]).await;
    stage.submit(&[92]).await;
    assert_eq!(stage.left("ana@example.com").await, [90]);
    assert_eq!(stage.left("bo@example.com").await, [93]);
}

#[tokio::test]
async fn faults_of_a_call_and_of_a_rule_go_together() {
    let stage = Stage::with(On::Submit, FaultKind::ResetAfter {}).await;
    stage.order(Fault::new(On::Submit, FaultKind::NeverFinishes {})).await;
    assert!(stage.try_submit(&[78]).await.is_err());
    let journal = stage.control.journal().await.unwrap();
    let call = journal.calls_of("submit")[0];
    assert_eq!(call.fault.as_deref(), Some("reset_after+never_finishes"));
    let rules = stage.control.rules().await.unwrap();
    assert_eq!(state_of(&rules[0]), "APPROVED");
}
