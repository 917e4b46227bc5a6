//! What every connector must do: one loop over all of them, against the walkthrough in each folder.

use crate::support::{Case, Kept, cases, client, secret};
use rightful_connectors::{Connectors, KnownConnectors, Source};
use rightful_domain::base::code::ANSWER_INCOMPLETE;
use rightful_domain::base::code::TARGET_LOST;
use rightful_domain::base::failure::{Failure, Kind};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::law::right::Right;
use rightful_domain::ports::set_up::Catalogue;
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Vendor};
use rightful_domain::vendor::record::{RecordId, SetAside};
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use rightful_domain::vendor::target::Target;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wiremock::matchers::{any, header, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use zeroize::Zeroizing;

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
            .search(&[case.person()], &[])
            .await
            .map(|found| format!("{found:?}"))
            .map_err(|e| format!("{e:?}")),
        "status" => {
            let report = source.status(case.text("/rule_id"), &case.records(), &case.records()).await;
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
        let status: RuleStatus = serde_json::from_value(case.walkthrough["submit_status"].clone()).unwrap();
        for (asked, said, doubtful) in [
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
            match doubtful {
                // The rule stands at the vendor, whatever it is: its id is kept.
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
async fn nobody_found_is_an_answer() {
    for case in cases() {
        let server = answering(json(case.answer("search-none.json"))).await;
        assert_eq!(case.at(&server).await.search(&[case.person()], &[]).await.unwrap().records, []);
    }
}

#[tokio::test]
async fn neighbours_of_the_person_are_dropped_and_repeated_records_counted_once() {
    for case in cases() {
        let server = answering(json(case.answer("search-neighbours.json"))).await;
        assert_eq!(
            case.at(&server).await.search(&[case.person()], &[]).await.unwrap().records,
            case.records()
        );
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

/// The records in an answer to a search: the answer itself, or its one list.
fn records_of(answer: &mut Value) -> &mut Vec<Value> {
    match answer {
        Value::Array(records) => records,
        Value::Object(fields) => fields.values_mut().find_map(Value::as_array_mut).unwrap(),
        _ => panic!("search.json holds no records"),
    }
}

#[tokio::test]
async fn what_a_vendor_compares_without_regard_to_case_its_definition_says() {
    for case in cases() {
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        let kinds = &source.capabilities().ignores_case;
        // Nothing public says it of Qualifio, and our own contract demands it.
        let expected = if case.definition.name == "inhouse" { vec![IdentifierKind::email()] } else { vec![] };
        assert_eq!(*kinds, expected, "{}", case.definition.name);
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
        let found = source.search(&[case.person(), other.clone(), case.person()], &[]).await.unwrap();
        assert_eq!(found.records, case.records());
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
        assert_eq!(source.search(&[other], &[]).await, Err(Fault::Refused("missing_identifier")));
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
        // A round number is refused where nothing says that an answer is whole.
        let good = if case.walkthrough["whole"].is_null() { most - 1 } else { most };
        assert!(outcome(&case, "search", json(many(&case, good))).await.is_ok());
        assert_eq!(
            outcome(&case, "search", json(many(&case, most + 1))).await,
            Err("TooManyRecords".to_owned())
        );
    }
}

/// What search, show and copy make of an answer.
async fn all_reads(case: &Case, answer: &str) -> [Result<(), Fault>; 3] {
    let server = answering(json(answer.to_owned())).await;
    let source = case.at(&server).await;
    let person = [case.person()];
    let searched = source.search(&person, &person).await.map(|_| ());
    let shown = source.show(&person, &person).await.map(|_| ());
    [searched, shown, source.copy(&person).await.map(|_| ())]
}

#[tokio::test]
async fn an_answer_that_says_that_there_is_more_or_may_have_been_cut_counts_for_nothing() {
    let incomplete = || [(); 3].map(|()| Err(Fault::Unavailable(ANSWER_INCOMPLETE)));
    for case in cases() {
        assert!(case.walkthrough.get("whole").is_some(), "walkthrough.json: whole");
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        let states = !case.walkthrough["whole"].is_null();
        assert_eq!(source.capabilities().states_whole, states);
        if !states {
            // Nothing says it, so that numbers of records that pages have are refused.
            for round in [10, 50, 100, 500] {
                assert_eq!(all_reads(&case, &many(&case, round)).await, incomplete(), "{round}");
                assert_eq!(all_reads(&case, &many(&case, round + 1)).await, [Ok(()), Ok(()), Ok(())]);
            }
            continue;
        }
        assert_eq!(all_reads(&case, &many(&case, 100)).await, [Ok(()), Ok(()), Ok(())]);
        let at = case.text("/whole/at");
        for answer in ["search.json", "search-none.json"] {
            let mut cut: Value = serde_json::from_str(&case.answer(answer)).unwrap();
            *cut.pointer_mut(at).unwrap_or_else(|| panic!("{answer} has no {at}")) =
                case.walkthrough["whole"]["cut"].clone();
            assert_eq!(all_reads(&case, &cut.to_string()).await, incomplete(), "{answer}");
        }
        // An answer without the sign is no whole one, unless a whole one has none.
        if case.walkthrough["whole"].get("absent") != Some(&"whole".into()) {
            let mut bare: Value = serde_json::from_str(&case.answer("search-none.json")).unwrap();
            let (parent, name) = at.rsplit_once('/').unwrap();
            bare.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            assert_eq!(all_reads(&case, &bare.to_string()).await, incomplete());
        }
    }
}

/// The recorded search with another record before the person's: a copy of the first, changed.
fn with_another(case: &Case, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut answer: Value = serde_json::from_str(&case.answer("search.json")).unwrap();
    let records = records_of(&mut answer);
    let mut other = records[0].clone();
    other["id"] = if other["id"].is_number() { 4242.into() } else { "4242".into() };
    let fields = other.as_object_mut().unwrap();
    fields.retain(|name, _| *name == "id" || *name == case.person().kind().as_str());
    change(fields);
    records.insert(0, other);
    answer.to_string()
}

#[tokio::test]
async fn what_is_not_the_persons_by_an_exact_comparison_is_set_aside_and_counted() {
    for case in cases() {
        let field = case.person().kind().as_str().to_owned();
        let own = case.person().expose().to_owned();
        let showing = |value: Value| {
            let field = field.clone();
            with_another(&case, move |fields| drop(fields.insert(field, value)))
        };
        let aside = |doubtful| vec![SetAside { id: Some(RecordId::new("4242")), doubtful }];
        let nameless = |doubtful| vec![SetAside { id: None, doubtful }];
        for (answer, expected) in [
            (showing(format!("{own}, max.second@example.com").into()), aside(true)),
            (showing(format!("Max <{own}>").into()), aside(true)),
            (showing(serde_json::json!([own, "max.second@example.com"])), aside(true)),
            (showing("someone.else@example.com".into()), aside(false)),
            // One without it doesn't make the others unreadable.
            (showing(Value::Null), aside(false)),
            (showing(7.into()), aside(false)),
            (with_another(&case, |fields| drop(fields.remove(&field))), aside(false)),
            (with_another(&case, |fields| fields.clear()), nameless(false)),
        ] {
            let server = answering(json(answer.clone())).await;
            let source = case.at(&server).await;
            let found = source.search(&[case.person()], &[]).await.unwrap();
            assert_eq!((found.records, found.set_aside), (case.records(), expected.clone()), "{answer}");
            let shown = source.show(&[case.person()], &[]).await.unwrap();
            let shown: Vec<SetAside> = shown
                .into_iter()
                .filter(|one| one.set_aside)
                .map(|one| SetAside { id: one.id, doubtful: one.doubtful })
                .collect();
            assert_eq!(shown, expected, "{answer}");
            // A copy is of the person's records alone.
            assert_eq!(source.copy(&[case.person()]).await.unwrap().len(), case.records().len());
        }
        // A list of nothing but the identifier is the identifier.
        let server = answering(json(showing(serde_json::json!([own])))).await;
        let found = case.at(&server).await.search(&[case.person()], &[]).await.unwrap();
        assert_eq!((found.records.len(), found.set_aside), (case.records().len() + 1, vec![]));
        // The person's, and nothing to name it by in an erasure.
        let unnamed = with_another(&case, |fields| drop(fields.remove("id")));
        let unreadable = Err(Fault::Unavailable("vendor_record_unreadable"));
        assert_eq!(all_reads(&case, &unnamed).await[0], unreadable);
    }
}

#[tokio::test]
async fn a_record_that_another_identifier_finds_is_not_set_aside() {
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let source = case.at(&server).await;
        let stranger = Identifier::new(IdentifierKind::email(), "someone.else@example.com").unwrap();
        let found = source.search(std::slice::from_ref(&stranger), &[]).await.unwrap();
        assert_eq!((found.records.len(), found.set_aside.len()), (0, case.records().len()));
        let found = source.search(&[stranger, case.person()], &[]).await.unwrap();
        assert_eq!((found.records, found.set_aside), (case.records(), vec![]));
    }
}

#[tokio::test]
async fn a_record_that_shows_another_value_of_a_kind_that_is_named_is_marked() {
    for case in cases() {
        let identifiers = case.identifiers();
        let named: Vec<Identifier> = identifiers.iter().map(|(one, _)| one.clone()).collect();
        let other = |one: &Identifier| {
            let value = match one.kind().as_str() {
                "email" => "someone.else@example.com".to_owned(),
                "phone" => "+32470999999".to_owned(),
                _ => format!("{}9", one.expose()),
            };
            Identifier::new(one.kind().clone(), &value).unwrap()
        };
        for (at, by) in named.iter().enumerate() {
            let server = answering(json(case.answer("search.json"))).await;
            let source = case.at(&server).await;
            let by = std::slice::from_ref(by);
            assert_eq!(source.search(by, by).await.unwrap().marked, []);
            assert_eq!(source.search(by, &named).await.unwrap().marked, []);
            for wrong in (0..named.len()).filter(|wrong| *wrong != at) {
                let mut named = named.clone();
                named[wrong] = other(&named[wrong]);
                let found = source.search(by, &named).await.unwrap();
                assert_eq!((&found.marked, &found.records), (&case.records(), &case.records()));
                let shown = source.show(by, &named).await.unwrap();
                assert!(shown.iter().all(|one| one.marked && !one.set_aside));
                // Two values are named, and it shows one of them.
                named.push(identifiers[wrong].0.clone());
                assert_eq!(source.search(by, &named).await.unwrap().marked, []);
            }
        }
    }
}

#[tokio::test]
async fn a_person_is_shown_every_record_beside_the_identifier_that_found_it() {
    for case in cases() {
        for (identifier, _) in case.identifiers() {
            let server = answering(json(case.answer("search-neighbours.json"))).await;
            let source = case.at(&server).await;
            let by = std::slice::from_ref(&identifier);
            let found = source.search(by, by).await.unwrap();
            let shown = source.show(by, by).await.unwrap();
            assert_eq!(shown.len(), found.records.len() + found.set_aside.len());
            assert!(!found.set_aside.is_empty());
            for one in &shown {
                assert_eq!(one.found_by, *identifier.kind());
                assert!(
                    one.fields.len() <= 8 && one.fields.iter().all(|(_, text)| text.chars().count() <= 200)
                );
                if !one.set_aside {
                    // What it was found by is among what is shown.
                    assert!(one.fields.iter().any(|(_, text)| identifier.matches(text)));
                }
                assert_eq!(format!("{one:?}"), format!("ShownRecord {{ found_by: {:?}, .. }}", one.found_by));
            }
        }
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
        (410, r#"Refused("vendor_gone")"#, r#"Rejected(Refused("vendor_gone"))"#),
        (418, r#"Refused("vendor_refused")"#, r#"Rejected(Refused("vendor_refused"))"#),
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
                _ => "AnswerTooLarge",
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
            let report = case
                .at(&server)
                .await
                .status(case.text("/rule_id"), &case.records(), &case.records())
                .await
                .unwrap();
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
            let report = source.status(case.text("/rule_id"), asked, &more).await.unwrap();
            assert_eq!(report.confirmed, confirmed);
            assert_eq!(report.status, RuleStatus::Finished);
        }
    }
}

#[tokio::test]
async fn a_finished_rule_that_lists_what_its_batch_never_named_lists_strangers() {
    for case in cases() {
        let (records, rule) = (case.records(), case.text("/rule_id"));
        let finished = case.answer("status.json");
        let server = answering(json(finished.clone())).await;
        let source = case.at(&server).await;
        // Another task's records in the same batch are no strangers.
        let report = source.status(rule, &records[..1], &records).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (1, 0));
        let report = source.status(rule, &records[..1], &records[..1]).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (1, records.len() - 1));
        // Nobody can tell whose an id is that can't be read.
        let mut odd: Value = serde_json::from_str(&finished).unwrap();
        rename(&mut odd, records[0].expose(), &serde_json::json!({"odd": true}));
        let server = answering(json(odd.to_string())).await;
        let report = case.at(&server).await.status(rule, &records, &records).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (records.len() - 1, 1));
        // Until it has finished, nothing was treated.
        let opened = case.answer("submit.json");
        let server = answering(json(opened)).await;
        let report = case.at(&server).await.status(rule, &records, &[]).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (0, 0));
    }
}

/// Puts `new` in the place of every id that reads `id`.
fn rename(value: &mut Value, id: &str, new: &Value) {
    match value {
        Value::Array(members) => members.iter_mut().for_each(|member| rename(member, id, new)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, id, new)),
        Value::Number(number) if number.to_string() == id => value.clone_from(new),
        Value::String(text) if text == id => value.clone_from(new),
        _ => {}
    }
}

#[tokio::test]
async fn a_rule_id_cannot_lead_to_another_path() {
    for case in cases() {
        let server = answering(json(case.answer("status.json"))).await;
        let source = case.at(&server).await;
        for bad in ["", ".", "..", "a b", "a\nb", &"x".repeat(200)] {
            assert_eq!(source.status(bad, &[], &[]).await, Err(Fault::Refused("rule_id_unusable")), "{bad}");
        }
        let _ = source.status("../../x?y=1#z", &[], &[]).await;
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
async fn the_previous_token_serves_while_the_new_one_is_not_taken_yet() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let secrets = case.kept(&server.uri(), &["current", "previous"], &["current", "previous"]);
        assert!(case.open(&server.uri(), secrets).await.search(&[case.person()], &[]).await.is_ok());
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn trying_a_data_source_out_proves_the_current_token_alone_and_reads_it_anew() {
    for case in cases() {
        let server = taking(&case, "previous", case.answer("search.json")).await;
        let replaced =
            case.open(&server.uri(), case.kept(&server.uri(), &["previous"], &["current", "previous"])).await;
        assert_eq!(replaced.test().await, Err(Fault::Unauthorized));
        let mended =
            case.open(&server.uri(), case.kept(&server.uri(), &["wrong"], &["previous", "wrong"])).await;
        assert_eq!(mended.test().await, Ok(()));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn tokens_that_are_not_taken_are_tried_once_each() {
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
        assert_eq!(case.submit(&source).await, Submitted::Unknown("vendor_server_error"));
        assert_eq!(calls(&server).await, 2);
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_again_is_not_a_wrong_token() {
    for case in cases() {
        let server = answering(ResponseTemplate::new(401)).await;
        let secrets = case.kept(&server.uri(), &["a"], &[]);
        *secrets.fresh.lock().unwrap() = Err(Failure::transient("secrets_unavailable"));
        let source = case.open(&server.uri(), secrets).await;
        let not_sent = Submitted::NotSent(Fault::Unavailable("secrets_unavailable"));
        assert_eq!(case.submit(&source).await, not_sent);
    }
}

/// Two systems of one connector, and a data source that was changed from the first to the second.
struct Moved {
    then: MockServer,
    now: MockServer,
    at_then: Target,
    at_now: Target,
}

impl Moved {
    /// Both answer everything with this status.
    async fn answering(case: &Case, status: u16, body: &str) -> Self {
        let answer = || ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
        let (then, now) = (answering(answer()).await, answering(answer()).await);
        let target = |server: &MockServer| {
            let (sources, source) = case.sources(&server.uri(), Kept::new(&[], &[]), client(true));
            sources.target(&source).unwrap()
        };
        Self { at_then: target(&then), at_now: target(&now), then, now }
    }

    /// Opens the data source as it is now, at one of the two.
    async fn open(&self, case: &Case, at: &Target, secrets: Arc<Kept>) -> Result<Source<Kept>, Failure> {
        let (sources, source) = case.sources(&self.now.uri(), secrets, client(true));
        assert_eq!(sources.target(&source).unwrap(), self.at_now);
        sources.open(&source, at).await
    }

    /// The tokens that came to a server.
    async fn sent(case: &Case, server: &MockServer) -> BTreeSet<String> {
        let requests = server.received_requests().await.unwrap();
        let token =
            |request: &Request| request.headers[case.text("/auth/header")].to_str().unwrap().to_owned();
        requests.iter().map(token).collect()
    }
}

/// A version of a secret as it is stored, given for a target or, as older releases wrote it, for none.
fn version(token: &str, target: Option<&Target>) -> String {
    match target {
        Some(target) => serde_json::json!({"token": token, "for_target": target.fingerprint()}).to_string(),
        None => secret(token),
    }
}

#[tokio::test]
async fn a_secret_never_travels_to_another_target() {
    for case in cases() {
        let moved = Moved::answering(&case, 401, "{}").await;
        let current = version("current", Some(&moved.at_now));
        // The previous one names the old target, or none, as older releases wrote it.
        for previous in [version("previous", Some(&moved.at_then)), version("previous", None)] {
            let both = [current.clone(), previous.clone()];
            let stale = [previous.clone(), version("older", None)];
            // What is kept may be older than the change.
            for secrets in [Kept::whole(&both, &both), Kept::whole(&stale[..1], &both)] {
                let source = moved.open(&case, &moved.at_now, secrets).await.unwrap();
                let person = [case.person()];
                assert_eq!(source.search(&person, &person).await, Err(Fault::Unauthorized));
                assert_eq!(source.show(&person, &person).await, Err(Fault::Unauthorized));
                assert_eq!(source.copy(&person).await, Err(Fault::Unauthorized));
                assert_eq!(case.submit(&source).await, Submitted::Rejected(Fault::Unauthorized));
                let status = source.status(case.text("/rule_id"), &[], &[]).await;
                assert_eq!(status, Err(Fault::Unauthorized));
                assert_eq!(source.test().await, Err(Fault::Unauthorized));
            }
            assert_eq!(Moved::sent(&case, &moved.now).await, [case.sent("current")].into());
        }
        assert_eq!(calls(&moved.then).await, 0);
    }
}

#[tokio::test]
async fn a_secret_that_was_given_for_another_target_alone_is_not_used() {
    for case in cases() {
        let moved = Moved::answering(&case, 401, "{}").await;
        let old = [version("old", Some(&moved.at_then)), version("older", None)];
        let opened = moved.open(&case, &moved.at_now, Kept::whole(&old, &old)).await;
        assert_eq!(opened.unwrap_err(), Failure::misconfigured(TARGET_LOST));
        // It was replaced by such a one while the data source was open.
        let secrets = Kept::whole(&[version("current", Some(&moved.at_now))], &old);
        let source = moved.open(&case, &moved.at_now, secrets).await.unwrap();
        assert_eq!(source.test().await, Err(Fault::Unavailable(TARGET_LOST)));
        assert_eq!(case.submit(&source).await, Submitted::Rejected(Fault::Unauthorized));
        assert_eq!(Moved::sent(&case, &moved.now).await, [case.sent("current")].into());
    }
}

#[tokio::test]
async fn an_older_target_is_asked_with_the_version_that_was_given_for_it_or_not_at_all() {
    for case in cases() {
        let moved = Moved::answering(&case, 200, &case.answer("search.json")).await;
        let current = version("current", Some(&moved.at_now));
        let previous = version("previous", Some(&moved.at_then));
        let both = [current.clone(), previous];
        let source = moved.open(&case, &moved.at_then, Kept::whole(&both, &both)).await.unwrap();
        assert_eq!(source.capabilities().target, moved.at_then);
        let found = source.search(&[case.person()], &[]).await.unwrap();
        assert_eq!(found.records, case.records());
        assert_eq!(Moved::sent(&case, &moved.then).await, [case.sent("previous")].into());

        let lost = Err(Failure::misconfigured(TARGET_LOST));
        for none in [
            vec![current.clone()],
            vec![current.clone(), version("previous", None)],
            vec![version("current", None), version("previous", None)],
        ] {
            let opened = moved.open(&case, &moved.at_then, Kept::whole(&none, &none)).await;
            assert_eq!(opened.map(drop), lost, "{none:?}");
        }
        // The connector no longer means the same system.
        for change in [
            |target: &mut Target| target.version += 1,
            |target: &mut Target| target.connector = "another".to_owned(),
            |target: &mut Target| target.params.clear(),
        ] {
            let mut target = moved.at_then.clone();
            change(&mut target);
            let named = [version("current", Some(&target))];
            let opened = moved.open(&case, &target, Kept::whole(&named, &named)).await;
            assert_eq!(opened.map(drop), lost);
        }
        assert_eq!((calls(&moved.then).await, calls(&moved.now).await), (1, 0));
    }
}

#[tokio::test]
async fn a_secret_is_stored_for_the_target_that_it_was_given_for() {
    let known = KnownConnectors::new(Connectors::embedded().unwrap(), true);
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let params = case.params(&server.uri());
        let target = known.target(&case.definition.name, &params).unwrap();
        let fields = case.walkthrough["secret"].as_object().unwrap().iter();
        let fields =
            fields.map(|(name, text)| (name.clone(), Zeroizing::new(text.as_str().unwrap().to_owned())));
        let stored = known.check_secret(&case.definition.name, &fields.collect(), &target).unwrap();
        let source = case.open(&server.uri(), Kept::raw(&stored)).await;
        assert_eq!(source.capabilities().target, target);
        assert_eq!(source.search(&[case.person()], &[]).await.unwrap().records, case.records());
        is_the_walkthroughs(&case, "search", &server.received_requests().await.unwrap()[0]);
        let elsewhere = case.open_with("http://127.0.0.1:9", Kept::raw(&stored), client(true)).await;
        assert_eq!(elsewhere.map(drop), Err(Failure::misconfigured(TARGET_LOST)));
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
