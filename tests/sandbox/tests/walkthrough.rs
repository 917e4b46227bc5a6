//! The vendor's walkthrough, end to end over HTTP, and what the walkthrough only implies.

mod stage;

use rightful_sandbox::http::send;
use rightful_sandbox::{Control, Profile, Reset, Token};
use serde_json::json;
use stage::{JOAO, Stage, body, good, listed, state_of};

#[tokio::test]
async fn the_walkthrough_runs_from_search_to_finished() {
    let stage = Stage::finishing_after(1_500);
    let found = good(stage.try_search(JOAO).await);
    let exact = found.as_array().unwrap().iter();
    let exact: Vec<_> = exact.filter(|one| one["email"] == JOAO).collect();
    assert_eq!(exact.len(), 3);
    assert_eq!(
        *exact[0],
        json!({
            "id": 78, "firstName": "joao", "lastName": "test1", "function": "", "gender": "",
            "email": JOAO, "birthDay": null, "company": "", "address": "129329", "box": "",
            "country": "", "createdAt": "2021-10-13T17:17:29.990Z",
            "updatedAt": "2021-12-14T11:03:18.123Z", "language": "FR", "ip": "91.183.156.86",
            "fb_uid": "0", "locality": "toto", "login": "", "number": "", "phone": "",
            "trigramme": "joao|test2|joao@qualifio.com", "zipcode": "", "isEmailValid": 0,
        })
    );

    let created = stage.submit(&[78, 79, 85]).await;
    assert_eq!(state_of(&created), "APPROVED");
    assert_eq!(created["ruleStatus"]["isAuto"], true);
    assert_eq!(created["ruleStatus"]["acceptedBy"], 0);
    assert_eq!(created["ruleTypePayload"], json!({ "profiles": [], "clientId": 2449, "test": false }));
    assert_eq!(created["__v"], 0);
    let id = created["_id"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    assert!(id.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(state_of(&stage.status(&created).await), "APPROVED");
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);

    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    let finished = stage.status(&created).await;
    assert_eq!(state_of(&finished), "FINISHED");
    assert_eq!(
        finished["ruleTypePayload"],
        json!({ "profiles": [
            { "crmId": 78, "crmKey": "anonymous@qualifio.com" },
            { "crmId": 79, "crmKey": "anonymous@qualifio.com" },
            { "crmId": 85, "crmKey": "anonymous@qualifio.com" },
        ]})
    );
    assert_eq!(finished["user"]["lastName"], "Pinto");
    assert!(finished["ruleStatus"]["finishedAt"].is_string());
    assert!(stage.left(JOAO).await.is_empty());
    assert_eq!(stage.search(JOAO).await, [80, 81, 82]);
}

#[tokio::test]
async fn the_search_lists_neighbours_unless_told_to_be_exact() {
    let stage = Stage::fast();
    assert_eq!(stage.search("JOAO@qualifio.com").await, [78, 79, 80, 81, 82, 85]);
    assert_eq!(stage.search("ana@example.com").await, [90, 91]);
    assert_eq!(stage.search("pat+news@example.com").await, [94]);
    assert!(stage.search("nobody@example.com").await.is_empty());
    let exact = Reset { fuzzy: Some(false), ..Reset::default() };
    stage.control.reset(&exact).await.unwrap();
    assert_eq!(stage.search("JOAO@qualifio.com").await, [78, 79, 85]);
}

#[tokio::test]
async fn anonymised_profiles_are_empty_and_not_found_by_their_new_address() {
    let stage = Stage::fast();
    let rule = stage.submit(&[90]).await;
    stage.status(&rule).await;
    assert!(stage.search("anonymous@qualifio.com").await.is_empty());
    let all = send(&stage.sandbox.url, "GET", "/_sandbox/profiles?all=true", &[], None);
    let all: Vec<Profile> = serde_json::from_value(good(all.await)).unwrap();
    let ana = all.iter().find(|one| one.id == 90).unwrap();
    assert_eq!(ana.email, "anonymous@qualifio.com");
    assert_eq!((ana.first_name.as_str(), ana.ip.as_str()), ("", ""));
    assert!(!ana.trigramme.contains("ana@"));
}

#[tokio::test]
async fn a_test_rule_finishes_and_removes_nothing() {
    let stage = Stage::fast();
    let mut dry = body(&[78, 79]);
    dry["test"] = json!(true);
    let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=true";
    let rule = good(stage.vendor("POST", path, Some(&dry)).await);
    assert_eq!(rule["ruleTypePayload"]["test"], true);
    assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
    let journal = stage.control.journal().await.unwrap();
    assert!(journal.erasures.is_empty());
    assert_eq!(journal.calls_of("submit")[0].test, Some(true));
}

#[tokio::test]
async fn without_direct_a_rule_waits_for_the_dpo() {
    let stage = Stage::fast();
    let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=false";
    let rule = good(stage.vendor("POST", path, Some(&body(&[78]))).await);
    assert_eq!(state_of(&rule), "NEW");
    assert_eq!(rule["ruleStatus"]["isAuto"], false);
    assert_eq!(state_of(&stage.status(&rule).await), "NEW");
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
    let approved = stage.control.approve(rule["_id"].as_str().unwrap()).await;
    assert_eq!(approved.unwrap()["ruleStatus"]["acceptedBy"], 1201);
    assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
    assert_eq!(stage.left(JOAO).await, [79, 85]);
}

#[tokio::test]
async fn a_switch_makes_direct_rules_wait_too() {
    let stage = Stage::fast();
    let switched = Reset { direct_answers_new: true, ..Reset::default() };
    stage.control.reset(&switched).await.unwrap();
    let rule = stage.submit(&[78]).await;
    assert_eq!(state_of(&rule), "NEW");
    assert_eq!(state_of(&stage.status(&rule).await), "NEW");
}

#[tokio::test]
async fn an_export_waits_for_approval_and_removes_nothing() {
    let stage = Stage::fast();
    let mut export = body(&[78]);
    export["ruleType"] = json!("GDPR_ExportData");
    let path = "/v1/gdpr/rules/exportData?clientId=2449";
    let rule = good(stage.vendor("POST", path, Some(&export)).await);
    assert_eq!(state_of(&rule), "NEW");
    stage.control.approve(rule["_id"].as_str().unwrap()).await.unwrap();
    assert_eq!(state_of(&stage.status(&rule).await), "FINISHED");
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
}

#[tokio::test]
async fn tokens_and_clients_are_checked() {
    let stage = Stage::fast();
    let two = Reset {
        tokens: Some(vec![
            Token { client_id: 2449, token: "a".to_owned() },
            Token { client_id: 3000, token: "b".to_owned() },
        ]),
        profiles: vec![Profile { client_id: Some(3000), ..Profile::named(500, "Joao", "Elsewhere", JOAO) }],
        ..Reset::default()
    };
    stage.control.reset(&two).await.unwrap();
    let path = "/v1/gdpr/profiles?clientId=2449&email=bo@example.com";
    let ask = async |token: &'static str, path: &str| {
        let headers = [("x-api-token", token)];
        send(&stage.sandbox.url, "GET", path, &headers, None).await.unwrap()
    };
    assert_eq!(ask("a", path).await.status, 200);
    assert_eq!(ask("b", path).await.status, 403);
    assert_eq!(ask("c", path).await.status, 401);
    assert!(ask("c", path).await.json().is_ok());
    assert_eq!(ask("a", "/v1/gdpr/profiles?email=bo@example.com").await.status, 400);
    let none = send(&stage.sandbox.url, "GET", path, &[], None).await.unwrap();
    assert_eq!(none.status, 401);
    let other = ask("b", "/v1/gdpr/profiles?clientId=3000&email=joao@qualifio.com").await;
    let other = other.json().unwrap();
    assert_eq!(other.as_array().unwrap().len(), 1);
    assert_eq!(other[0]["id"], 500);
    assert!(other[0].get("clientId").is_none());
}

#[tokio::test]
async fn a_body_that_is_not_the_walkthroughs_is_refused() {
    let stage = Stage::fast();
    let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=true";
    for (field, value) in [
        ("ruleType", json!("GDPR_ExportData")),
        ("clientId", json!(1)),
        ("ruleTypePayload", json!({ "profiles": ["78"] })),
        ("ruleTypePayload", json!({ "profiles": [] })),
        ("ruleTypePayload", json!({})),
        ("justification", json!(" ")),
        ("userId", json!("1201")),
        ("test", json!("true")),
    ] {
        let mut wrong = body(&[78]);
        wrong[field] = value;
        let answer = stage.vendor("POST", path, Some(&wrong)).await.unwrap();
        assert_eq!(answer.status, 400, "{field}");
        assert!(answer.json().unwrap()["message"].is_string());
    }
    let unsure = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=perhaps";
    let unsure = stage.vendor("POST", unsure, Some(&body(&[78]))).await;
    assert_eq!(unsure.unwrap().status, 400);
    let journal = stage.control.journal().await.unwrap();
    assert!(journal.calls.iter().all(|call| !call.applied));
    assert!(stage.control.rules().await.unwrap().is_empty());
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
}

#[tokio::test]
async fn unknown_rules_and_routes_are_not_found() {
    let stage = Stage::fast();
    let missing = stage.try_status("61f7e45694efba001186ebcd").await.unwrap();
    assert_eq!(missing.status, 404);
    assert!(missing.json().is_ok());
    let route = stage.vendor("DELETE", "/v1/gdpr/profiles?clientId=2449", None).await;
    assert_eq!(route.unwrap().status, 404);
    let journal = stage.control.journal().await.unwrap();
    assert_eq!(journal.calls[1].op, "other");
}

#[tokio::test]
async fn batches_stand_alone_and_unknown_ids_are_not_listed() {
    let stage = Stage::fast();
    let one = stage.submit(&[78, 4_000_000]).await;
    let two = stage.submit(&[79]).await;
    assert_ne!(one["_id"], two["_id"]);
    assert_eq!(listed(&stage.status(&one).await), [78]);
    assert_eq!(listed(&stage.status(&two).await), [79]);
}

#[tokio::test]
async fn the_journal_shows_a_profile_erased_by_two_rules_twice() {
    let stage = Stage::fast();
    let one = stage.submit(&[78]).await;
    let two = stage.submit(&[78, 79]).await;
    stage.search("bo@example.com").await;
    let journal = stage.control.journal().await.unwrap();
    let erasures = journal.erasures.iter();
    let erasures: Vec<_> = erasures.map(|one| (one.profile_id, json!(one.rule_id), one.already)).collect();
    assert_eq!(
        erasures,
        [(78, one["_id"].clone(), false), (78, two["_id"].clone(), true), (79, two["_id"].clone(), false),]
    );
    assert_eq!(journal.erased_ids(), [78, 79]);
    let submit = journal.calls_of("submit")[1];
    assert_eq!(submit.ids, [78, 79]);
    assert_eq!((submit.client_id, submit.direct), (Some(2449), Some(true)));
    assert_eq!(json!(submit.rule_id), two["_id"]);
    assert_eq!((submit.status, submit.applied), (Some(200), true));
    assert_eq!(submit.body.as_ref().unwrap()["userId"], 1201);
    let search = journal.calls_of("search")[0];
    assert_eq!(search.email.as_deref(), Some("bo@example.com"));
    assert!(!search.applied && search.fault.is_none());
}

#[tokio::test]
async fn a_reset_goes_back_to_the_seed() {
    let stage = Stage::fast();
    let many: Vec<Profile> =
        (0..120).map(|n| Profile::named(0, "Many", &format!("P{n}"), "many@example.com")).collect();
    let ids = stage.control.add_profiles(&many).await.unwrap();
    assert_eq!(ids.len(), 120);
    assert_eq!(stage.search("many@example.com").await, ids);
    stage.submit(&[78]).await;
    stage.control.reset(&Reset::default()).await.unwrap();
    assert_eq!(stage.left(JOAO).await, [78, 79, 85]);
    assert!(stage.left("many@example.com").await.is_empty());
    let journal = stage.control.journal().await.unwrap();
    assert!(journal.calls.is_empty() && journal.erasures.is_empty());
}

#[tokio::test]
async fn the_control_api_refuses_what_it_does_not_know() {
    let stage = Stage::fast();
    for (path, wrong) in [
        ("/_sandbox/reset", json!({ "finish_after": 1 })),
        ("/_sandbox/profiles", json!({ "profiles": [{ "mail": "x" }] })),
        ("/_sandbox/faults", json!({ "on": "search", "kind": "gremlins" })),
        ("/_sandbox/faults", json!({ "on": "search", "kind": "slow", "ms": 1, "tmies": 1 })),
        ("/_sandbox/faults", json!({ "on": "search", "kind": "wrong_rule" })),
    ] {
        let answer = send(&stage.sandbox.url, "POST", path, &[], Some(&wrong)).await;
        assert_eq!(answer.unwrap().status, 400, "{wrong}");
    }
    let unknown = send(&stage.sandbox.url, "GET", "/_sandbox/moods", &[], None).await;
    assert_eq!(unknown.unwrap().status, 404);
}

#[tokio::test]
async fn a_stopped_sandbox_is_gone() {
    let stage = Stage::fast();
    let control = Control::new(stage.sandbox.url.clone());
    control.health().await.unwrap();
    stage.sandbox.stop();
    assert!(control.health().await.is_err());
}
