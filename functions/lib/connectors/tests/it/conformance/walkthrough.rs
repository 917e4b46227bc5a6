//! Each connector's recorded walkthrough, asked and understood to the letter.

use crate::support::{Case, answering, cases, is_asked, is_the_walkthroughs, json};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use serde_json::Value;
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn the_walkthrough_is_asked_and_understood_to_the_letter() {
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let found = case.at(&server).await.search(&[case.person()], &[]).await.unwrap();
        assert_eq!(found.records, case.records());
        is_the_walkthroughs(&case, "search", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("submit.json"))).await;
        let submitted = case.submit(&case.at(&server).await).await;
        let status: RuleStatus = serde_json::from_value(case.walkthrough["submit_status"].clone()).unwrap();
        assert_eq!(submitted, Submitted::Accepted { rule_id: case.text("/rule_id").to_owned(), status });
        is_the_walkthroughs(&case, "submit", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("status.json"))).await;
        let report = case
            .at(&server)
            .await
            .status(case.text("/rule_id"), &case.records(), &case.records())
            .await
            .unwrap();
        let claim: Claim = serde_json::from_value(case.walkthrough["claim"].clone()).unwrap();
        assert_eq!(
            report,
            RuleReport { status: RuleStatus::Finished, confirmed: case.records().len(), strangers: 0, claim }
        );
        is_the_walkthroughs(&case, "status", &server.received_requests().await.unwrap()[0]);

        let server = answering(json(case.answer("search-none.json"))).await;
        assert_eq!(case.at(&server).await.test().await, Ok(()));
        is_the_walkthroughs(&case, "test", &server.received_requests().await.unwrap()[0]);
    }
}

/// The recorded answer to an erasure, saying this about a dry run. `Null` says nothing.
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
            assert_eq!(submitted, Submitted::Rejected(Fault::Refused(Code::DryRunUnsupported)));
            assert!(server.received_requests().await.unwrap().is_empty());
            continue;
        }
        // For a vendor whose answer never says so, `null` is required, so that nobody forgets to look.
        if case.walkthrough["dry_run_echo"].is_null() {
            assert!(case.walkthrough.get("dry_run_echo").is_some(), "walkthrough.json: dry_run_echo");
            continue;
        }
        let status: RuleStatus = serde_json::from_value(case.walkthrough["submit_status"].clone()).unwrap();
        for (asked, said, doubtful) in [
            (true, Value::Bool(true), None),
            (true, Value::Bool(false), Some(Code::DryRunNotConfirmed)),
            (true, Value::Null, Some(Code::DryRunNotConfirmed)),
            (true, "true".into(), Some(Code::DryRunNotConfirmed)),
            (false, Value::Bool(false), None),
            (false, Value::Null, None),
            (false, Value::Bool(true), Some(Code::DryRunNotAsked)),
        ] {
            let server = answering(echoing(&case, said.clone())).await;
            let submitted = case.submit_as(&case.at(&server).await, asked).await;
            match doubtful {
                // The vendor opened a rule, whichever it is, so its id is kept.
                Some(code) => {
                    let rule_id = case.text("/rule_id").to_owned();
                    assert_eq!(submitted, Submitted::Doubtful { rule_id, status, code }, "{asked} {said}");
                }
                None => {
                    assert!(matches!(submitted, Submitted::Accepted { .. }), "{asked} {said}: {submitted:?}")
                }
            }
            assert_eq!(server.received_requests().await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn every_kind_is_asked_for_and_compared_to_the_letter() {
    for case in cases() {
        let identifiers = case.identifiers();
        let kinds: Vec<IdentifierKind> =
            identifiers.iter().map(|(identifier, _)| identifier.kind().clone()).collect();
        assert_eq!(kinds, case.definition.identifiers, "walkthrough.json: more_identifiers");
        assert!(case.definition.kinds().map(|asked| &asked.kind).eq(&case.definition.identifiers));
        for (identifier, search) in &identifiers {
            for answer in ["search.json", "search-neighbours.json"] {
                let server = answering(json(case.answer(answer))).await;
                let found =
                    case.at(&server).await.search(std::slice::from_ref(identifier), &[]).await.unwrap();
                assert_eq!(found.records, case.records(), "{} {answer}", identifier.kind());
                is_asked(&case, "search", search, &server.received_requests().await.unwrap()[0]);
            }
            let server = answering(json(case.answer("search-none.json"))).await;
            let found = case.at(&server).await.search(std::slice::from_ref(identifier), &[]).await.unwrap();
            assert_eq!(found.records, []);
        }
    }
}

#[tokio::test]
async fn the_definition_says_which_kinds_the_vendor_compares_without_regard_to_case() {
    for case in cases() {
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        let kinds = &source.capabilities().ignores_case;
        // No public source says it of Qualifio. Our own contract demands it.
        let expected = if case.definition.name == "inhouse" { vec![IdentifierKind::email()] } else { vec![] };
        assert_eq!(*kinds, expected, "{}", case.definition.name);
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
