//! How search, show and copy read an answer: whose each record is, and whether the answer is whole.

use crate::support::{Case, answering, cases, is_the_walkthroughs, json, outcome};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::law::right::Right;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::record::{RecordId, SetAside};
use serde_json::Value;
use wiremock::{MockServer, ResponseTemplate};

#[tokio::test]
async fn nobody_found_is_an_answer() {
    for case in cases() {
        let server = answering(json(case.answer("search-none.json"))).await;
        assert_eq!(case.at(&server).await.search(&[case.person()], &[]).await.unwrap().records, []);
    }
}

#[tokio::test]
async fn neighbours_of_the_person_are_left_out_and_repeated_records_counted_once() {
    for case in cases() {
        let server = answering(json(case.answer("search-neighbours.json"))).await;
        assert_eq!(
            case.at(&server).await.search(&[case.person()], &[]).await.unwrap().records,
            case.records()
        );
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
async fn a_copy_holds_each_record_whole_and_once_without_neighbours() {
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
async fn a_copy_that_cannot_be_whole_is_not_made() {
    for case in cases() {
        let server = answering(json(case.answer("search-none.json"))).await;
        let source = case.at(&server).await;
        assert_eq!(source.copy(&[case.person()]).await, Ok(vec![]));
        assert_eq!(source.copy(&[]).await, Err(Fault::Refused(Code::MissingIdentifier)));
        assert!(source.capabilities().rights.contains(&Right::Access));
        let most = source.capabilities().max_records;
        for (answer, fault) in [
            (json("[{]".to_owned()), Fault::Unavailable(Code::VendorAnswerUnreadable)),
            (json(many(&case, most + 1)), Fault::TooManyRecords),
            (ResponseTemplate::new(403), Fault::Refused(Code::VendorForbidden)),
            (ResponseTemplate::new(429), Fault::Throttled(None)),
            (ResponseTemplate::new(500), Fault::Unavailable(Code::VendorServerError)),
        ] {
            let server = answering(answer).await;
            assert_eq!(case.at(&server).await.copy(&[case.person()]).await, Err(fault));
        }
    }
}

#[tokio::test]
async fn every_identifier_is_searched_by_and_the_records_are_put_together() {
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let source = case.at(&server).await;
        let other = Identifier::new(IdentifierKind::parse("a_kind_it_does_not_know").unwrap(), "x").unwrap();
        let found = source.search(&[case.person(), other.clone(), case.person()], &[]).await.unwrap();
        assert_eq!(found.records, case.records());
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
        assert_eq!(source.search(&[other], &[]).await, Err(Fault::Refused(Code::MissingIdentifier)));
    }
}

/// An answer with this number of records of the person.
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
        // A round number is refused when nothing says that an answer is whole.
        let good = if case.walkthrough["whole"].is_null() { most - 1 } else { most };
        assert!(outcome(&case, "search", json(many(&case, good))).await.is_ok());
        assert_eq!(
            outcome(&case, "search", json(many(&case, most + 1))).await,
            Err("TooManyRecords".to_owned())
        );
    }
}

/// The results of search, show and copy for an answer.
async fn all_reads(case: &Case, answer: &str) -> [Result<(), Fault>; 3] {
    let server = answering(json(answer.to_owned())).await;
    let source = case.at(&server).await;
    let person = [case.person()];
    let searched = source.search(&person, &person).await.map(|_| ());
    let shown = source.show(&person, &person).await.map(|_| ());
    [searched, shown, source.copy(&person).await.map(|_| ())]
}

#[tokio::test]
async fn an_answer_that_is_or_may_be_cut_off_is_not_used() {
    let incomplete = || [(); 3].map(|()| Err(Fault::Unavailable(Code::VendorAnswerIncomplete)));
    for case in cases() {
        assert!(case.walkthrough.get("whole").is_some(), "walkthrough.json: whole");
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        let states = !case.walkthrough["whole"].is_null();
        assert_eq!(source.capabilities().states_whole, states);
        if !states {
            // Nothing says it, so a number of records that a page may have is refused.
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
        // An answer without the sign is not whole, unless whole answers have none.
        if case.walkthrough["whole"].get("absent") != Some(&"whole".into()) {
            let mut bare: Value = serde_json::from_str(&case.answer("search-none.json")).unwrap();
            let (parent, name) = at.rsplit_once('/').unwrap();
            bare.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            assert_eq!(all_reads(&case, &bare.to_string()).await, incomplete());
        }
    }
}

/// The recorded search with one more record before the person's: a changed copy of the first.
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
async fn records_that_do_not_match_exactly_are_set_aside_and_counted() {
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
            // A record without the field doesn't make the others unreadable.
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
            // A copy holds the person's records alone.
            assert_eq!(source.copy(&[case.person()]).await.unwrap().len(), case.records().len());
        }
        // A list of the identifier alone counts as the identifier.
        let server = answering(json(showing(serde_json::json!([own])))).await;
        let found = case.at(&server).await.search(&[case.person()], &[]).await.unwrap();
        assert_eq!((found.records.len(), found.set_aside), (case.records().len() + 1, vec![]));
        // The person's record, with no id by which an erasure could name it.
        let unnamed = with_another(&case, |fields| drop(fields.remove("id")));
        let unreadable = Err(Fault::Unavailable(Code::VendorRecordUnreadable));
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
async fn a_record_that_shows_another_value_of_a_named_kind_is_marked() {
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
                // The request names two values, and the record shows one of them.
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
                    // The identifier that found it is among the shown fields.
                    assert!(one.fields.iter().any(|(_, text)| identifier.matches(text)));
                }
                assert_eq!(format!("{one:?}"), format!("ShownRecord {{ found_by: {:?}, .. }}", one.found_by));
            }
        }
    }
}
