//! An operator's acts on a request beside decisions, and every way in which each can be wrong.

use crate::stage::{ANN, Given, Stage, of, strings, submitted, waiting};
use rightful_contract::canary;
use rightful_contract::world::{CANARY, request_id, source};
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::model::task::TaskState;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus};
use serde_json::{Value, json};

scenarios! {
    a_missing_identifier_is_given_and_found
    an_identifier_that_does_not_fit_is_refused
    a_submission_under_way_is_neither_run_again_nor_cancelled
    a_request_with_nothing_submitted_is_cancelled
    the_vendors_own_approval_is_shown_as_what_it_is
    a_closed_request_is_reopened_until_its_person_is_forgotten
    the_end_of_a_task_that_was_handed_over_is_stated
    a_deadline_is_extended_as_the_law_allows
    a_data_source_that_is_not_in_the_request_is_told
    a_synthetic_request_is_shown_as_one_and_takes_no_acts
}

async fn a_missing_identifier_is_given_and_found() -> Given {
    let stage = Stage::new();
    stage.connect("zoo", 0);
    let club = stage.connect_members("club");
    club.holds("12345", ["m-1".to_owned()]);
    let id = stage.request("erasure").await;
    stage.work().await;
    let shown = stage.shown(&id).await;
    let task = &shown["tasks"][0];
    assert_eq!((&task["label"], &task["needs"]["missing"]), (&json!("Missing identifier"), &json!(true)));
    assert_eq!(strings(&task["may"]), ["identify", "compare", "refuse", "leave_out", "run"]);
    let proceed = stage.seen(&id, "proceed").await;
    let reply = stage.post(&of(&id, "review"), &proceed).await;
    assert_eq!((reply.status, reply.code()), (409, "identifier_missing"));
    assert!(reply.message().contains("give it one, or leave the data source out"));
    let given = json!({"source": "club", "identifier": {"kind": "member", "value": "12345"}});
    let reply = stage.post(&of(&id, "identify"), &given).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    stage.work().await;
    let shown = stage.shown(&id).await;
    let task = &shown["tasks"][0];
    assert_eq!((&task["counts"]["found"], &task["needs"]["inserted"]), (&json!(1), &json!(["member"])));
    assert_eq!(task["label"], "Waiting for your decision");
    let left_out = Stage::new();
    left_out.connect("zoo", 0);
    left_out.connect_members("club");
    let id = left_out.request("erasure").await;
    left_out.work().await;
    // A zero is no missing identifier: it is confirmed, not left out.
    let mut both = left_out.seen(&id, "leave_out").await;
    let reply = left_out.post(&of(&id, "review"), &both).await;
    assert_eq!((reply.status, reply.code()), (409, "identifier_not_missing"));
    both["sources"].as_array_mut().unwrap().retain(|seen| seen["source"] == "club");
    assert_eq!(left_out.post(&of(&id, "review"), &both).await.status, 200);
    assert_eq!(left_out.shown(&id).await["tasks"][0]["outcome"], "missing_identifier");
    let mut all = stage.given();
    all.extend(left_out.given());
    all
}

async fn an_identifier_that_does_not_fit_is_refused() -> Given {
    let (stage, id) = waiting(1).await;
    let path = of(&id, "identify");
    let body =
        |kind: &str, value: &str| json!({"source": "crm", "identifier": {"kind": kind, "value": value}});
    let reply = stage.post(&path, &body("email", "canary")).await;
    assert_eq!((reply.status, reply.code()), (422, "identifier_malformed"));
    assert!(reply.message().contains("`identifier.value`") && !reply.text.contains("canary"));
    let reply = stage.post(&path, &body("member", "12345")).await;
    assert_eq!((reply.status, reply.code()), (422, "identifier_not_taken"));
    assert!(reply.message().contains("it takes: email"));
    stage.review(&id, "proceed").await;
    stage.work_until_closed(&id).await;
    let reply = stage.post(&path, &body("email", "ann@example.com")).await;
    assert_eq!((reply.status, reply.code()), (409, "request_closed"));
    assert!(!reply.text.contains("ann@"));
    let club = Stage::new();
    club.connect("zoo", 0);
    club.connect_members("club");
    let id = club.request("erasure").await;
    let wrong = json!({"source": "club", "identifier": {"kind": "member", "value": "canary"}});
    let reply = club.post(&of(&id, "identify"), &wrong).await;
    assert_eq!((reply.status, reply.code()), (422, "identifier_not_taken"));
    assert!(reply.message().contains("such as 12345") && !reply.text.contains("canary"));
    let mut all = stage.given();
    all.extend(club.given());
    all
}

async fn a_submission_under_way_is_neither_run_again_nor_cancelled() -> Given {
    let (stage, id) = submitted().await;
    assert_eq!(strings(&stage.shown(&id).await["may"]), ["records", "compare", "identifiers", "extend"]);
    for (act, body) in [
        ("run", json!({"source": "crm"})),
        ("identify", json!({"source": "crm", "identifier": {"kind": "email", "value": "ann@example.com"}})),
    ] {
        let reply = stage.post(&of(&id, act), &body).await;
        assert_eq!((reply.status, reply.code()), (409, "under_way"), "{act}");
        assert!(reply.message().contains("crm is submitted"));
    }
    let reply = stage.post(&of(&id, "cancel"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "submitted"));
    stage.given()
}

async fn a_request_with_nothing_submitted_is_cancelled() -> Given {
    let (stage, id) = waiting(1).await;
    let reply = stage.post(&of(&id, "cancel"), &json!({})).await;
    assert_eq!((reply.status, &reply.body["state"]), (200, &json!("open")));
    stage.work_until_closed(&id).await;
    assert_eq!(stage.shown(&id).await["request"]["outcome"], "cancelled");
    let events = stage.get(&of(&id, "events")).await;
    let off = events.body["items"].as_array().unwrap().iter().find(|one| one["fact"]["kind"] == "called_off");
    assert_eq!(off.unwrap()["fact"]["by"], ANN);
    let reply = stage.post(&of(&id, "cancel"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "request_closed"));
    stage.given()
}

async fn the_vendors_own_approval_is_shown_as_what_it_is() -> Given {
    let (stage, id) = submitted().await;
    let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
    let report = RuleReport {
        status: RuleStatus::AwaitingApproval,
        confirmed: 0,
        strangers: 0,
        claim: Claim::NotStated,
    };
    stage.world.vendors.vendor(&source("crm")).set(|state| state.statuses.push_back(Ok(report)));
    stage.world.clock.advance(3600);
    stage.world.check_status(&at).await.unwrap();
    let task = stage.shown(&id).await["tasks"][0].clone();
    assert_eq!((&task["state"], &task["awaiting_approval"]), (&json!("submitted"), &json!(true)));
    assert_eq!(task["label"], "Waiting for the vendor's own approval");
    assert_eq!(task["rules"][0]["status"], "awaiting_approval");
    assert_eq!(task["held"]["owner"], "vendor");
    stage.given()
}

async fn a_closed_request_is_reopened_until_its_person_is_forgotten() -> Given {
    let (stage, id) = waiting(1).await;
    let reply = stage.post(&of(&id, "reopen"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "request_open"));
    let mut refuse = stage.seen(&id, "refuse").await;
    refuse["ground"] = json!("art_17_3_b");
    assert_eq!(stage.post(&of(&id, "review"), &refuse).await.status, 200);
    stage.work_until_closed(&id).await;
    assert_eq!(
        strings(&stage.shown(&id).await["may"]),
        ["records", "reasons", "identifiers", "reopen", "receipt"]
    );
    let reply = stage.post(&of(&id, "run"), &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "request_closed"));
    let reply = stage.post(&of(&id, "reopen"), &json!({"sources": ["shop"]})).await;
    assert_eq!((reply.status, reply.code()), (422, "source_not_in_request"));
    assert_eq!(stage.call("POST", &of(&id, "reopen"), None).await.status, 200);
    stage.work().await;
    let shown = stage.shown(&id).await;
    assert_eq!((&shown["request"]["state"], &shown["request"]["reopened"]), (&json!("open"), &json!(1)));
    stage.review(&id, "proceed").await;
    stage.work_until_closed(&id).await;
    let reply = stage.post(&of(&id, "reopen"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "person_forgotten"), "{}", reply.text);
    assert!(reply.message().contains("make a new request"));

    // An access request keeps its person as long as its copy.
    let copied = Stage::new();
    copied.connect("crm", 1);
    let id = copied.request("access").await;
    copied.work_until_closed(&id).await;
    let reply = copied.post(&of(&id, "reopen"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "nothing_to_do"), "{}", reply.text);
    let mut all = stage.given();
    all.extend(copied.given());
    all
}

async fn the_end_of_a_task_that_was_handed_over_is_stated() -> Given {
    let (stage, id) = submitted().await;
    let path = of(&id, "state");
    let body =
        json!({"source": "crm", "erased": true, "reason": format!("their support says so of {CANARY}")});
    let reply = stage.post(&path, &body).await;
    assert_eq!((reply.status, reply.code()), (409, "not_handed_over"));
    let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
    stage.world.tamper(&at, |task| {
        task.state = TaskState::Unknown;
        task.handed_over_at = task.submitted_at;
    });
    let shown = stage.shown(&id).await;
    assert_eq!(strings(&shown["tasks"][0]["may"]), ["records", "compare", "state"]);
    let reply = stage.post(&path, &json!({"source": "crm", "erased": true, "reason": " "})).await;
    assert_eq!((reply.status, reply.code()), (422, "reason_malformed"));
    assert_eq!(stage.post(&path, &body).await.status, 200);
    let shown = stage.shown(&id).await;
    assert_eq!(shown["tasks"][0]["label"], "Erased, as a person says");
    assert!(canary::found(&shown.to_string(), CANARY).is_empty(), "the reason stays sealed");
    stage.given()
}

async fn a_deadline_is_extended_as_the_law_allows() -> Given {
    let (stage, id) = waiting(1).await;
    let path = of(&id, "extend");
    let reply = stage.post(&path, &json!({"months": 3, "ground": "complexity"})).await;
    assert_eq!((reply.status, reply.code()), (422, "months_malformed"));
    let extended = stage.post(&path, &json!({"months": 1, "ground": "complexity"})).await;
    assert_eq!((extended.status, &extended.body["new"]), (200, &json!(true)));
    assert_eq!(extended.body["extension"]["by"], ANN);
    let again = stage.post(&path, &json!({"months": 1, "ground": "complexity"})).await;
    assert_eq!((again.status, &again.body["new"]), (200, &json!(false)));
    let reply = stage.post(&path, &json!({"months": 1, "ground": "number_of_requests"})).await;
    assert_eq!((reply.status, reply.code()), (409, "not_longer"));
    stage.world.clock.advance(31 * 24 * 3600);
    let reply = stage.post(&path, &json!({"months": 2, "ground": "complexity"})).await;
    assert_eq!((reply.status, reply.code()), (409, "too_late"));
    stage.given()
}

async fn a_data_source_that_is_not_in_the_request_is_told() -> Given {
    let (stage, id) = waiting(1).await;
    for (act, body) in [
        ("records", json!({"source": "shop"})),
        ("compare", json!({"source": "shop"})),
        ("run", json!({"source": "shop"})),
        ("state", json!({"source": "shop", "erased": true, "reason": "r"})),
        ("identify", json!({"source": "shop", "identifier": {"kind": "email", "value": "ann@example.com"}})),
    ] {
        let reply = stage.post(&of(&id, act), &body).await;
        assert_eq!((reply.status, reply.code()), (422, "source_not_in_request"), "{act}");
        assert!(reply.message().contains("shop"));
    }
    stage.given()
}

async fn a_synthetic_request_is_shown_as_one_and_takes_no_acts() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 1);
    stage.world.synthetic(1, CANARY, &[]).await.unwrap();
    let id = request_id(1).to_string();
    let at = TaskRef { request_id: request_id(1), source_id: source("crm") };
    stage.world.search(&at).await.unwrap();
    let shown = stage.shown(&id).await;
    let request = &shown["request"];
    assert_eq!(
        (&request["synthetic"], &request["dry_run"], &request["origin"], &request["policy"]),
        (&json!(true), &json!(true), &json!("synthetic"), &json!("auto"))
    );
    assert_eq!(shown["tasks"][0]["decision"]["by"], "policy:auto");
    assert_eq!(strings(&shown["may"]), ["records", "compare", "identifiers", "cancel"]);
    for (act, body) in [
        ("run", json!({"source": "crm"})),
        ("identify", json!({"source": "crm", "identifier": {"kind": "email", "value": "ann@example.com"}})),
        ("reopen", json!({})),
        ("extend", json!({"months": 1, "ground": "complexity"})),
    ] {
        let reply = stage.post(&of(&id, act), &body).await;
        assert_eq!((reply.status, reply.code()), (409, "request_synthetic"), "{act}");
        assert!(reply.message().contains("made by the deployment itself"), "{}", reply.text);
    }
    let seen = json!({"sources": [{"source": "crm", "digest": shown["tasks"][0]["found_digest"]}],
        "verdict": "proceed", "ground": null, "reason": "why not"});
    let reply = stage.post(&of(&id, "review"), &seen).await;
    assert_eq!((reply.status, reply.code()), (409, "not_awaiting_review"), "{}", reply.text);
    stage.work_until_closed(&id).await;
    let closed = stage.shown(&id).await;
    assert_eq!(
        (&closed["request"]["outcome"], &closed["request"]["answer"]),
        (&json!("dry_run"), &Value::Null)
    );
    assert_eq!(closed["request"]["escalation"]["level"], "none");
    assert_eq!(strings(&closed["may"]), ["receipt"]);
    let events = stage.get(&of(&id, "events")).await;
    assert_eq!(events.body["items"][0]["fact"]["synthetic"], true);
    let receipt = stage.get(&of(&id, "receipt")).await;
    assert_eq!(receipt.body["receipt"]["synthetic"], true);

    // A real one is shown as real, and its event says nothing of it.
    let id = stage.request("erasure").await;
    assert_eq!(stage.shown(&id).await["request"]["synthetic"], false);
    let events = stage.get(&of(&id, "events")).await;
    assert!(events.body["items"][0]["fact"].get("synthetic").is_none());
    stage.given()
}
