//! What a person decides and does, and every way in which it can be wrong.

use crate::stage::{ANN, BOB, Given, Stage};
use rightful_contract::canary;
use rightful_contract::world::{CANARY, request_id, source};
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::task::TaskState;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{RecordId, SetAside};
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus};
use serde_json::{Value, json};

scenarios! {
    a_person_sees_decides_and_the_records_are_gone
    of_two_reviewers_at_once_one_wins_and_the_other_is_told
    a_decision_on_what_was_searched_again_is_refused
    a_refusal_stands_on_a_ground_that_fits
    who_the_records_show_is_seen_before_the_decision
    what_shows_another_person_is_confirmed_or_not_acted_on
    nothing_found_is_confirmed_by_a_person
    a_reason_is_read_until_the_person_is_forgotten
    a_data_source_that_cannot_be_searched_is_left_out_or_stated
    a_review_that_is_wrong_is_told_why
    a_missing_identifier_is_given_and_found
    an_identifier_that_does_not_fit_is_refused
    what_is_under_way_is_neither_run_nor_called_off
    what_is_not_submitted_is_called_off
    the_vendors_own_approval_is_shown_as_what_it_is
    a_closed_request_is_reopened_until_its_person_is_forgotten
    what_was_handed_over_is_stated
    a_deadline_is_extended_as_the_law_allows
    a_data_source_that_is_not_in_the_request_is_told
    a_synthetic_request_is_shown_as_one_and_nothing_makes_more_of_it
}

fn of(id: &str, act: &str) -> String {
    format!("/api/requests/{id}/{act}")
}

fn strings(all: &Value) -> Vec<&str> {
    all.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

/// A request for erasure at a data source with records, searched and waiting for a decision.
async fn waiting(records: usize) -> (Stage, String) {
    let stage = Stage::new();
    stage.connect("crm", records);
    let id = stage.request("erasure").await;
    stage.work().await;
    (stage, id)
}

/// The same, decided on, submitted, and the vendor works.
async fn submitted() -> (Stage, String) {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
    stage.world.find(&at).await.unwrap();
    stage.world.submit(&at).await.unwrap();
    (stage, id)
}

async fn a_person_sees_decides_and_the_records_are_gone() -> Given {
    let stage = Stage::new();
    let vendor = stage.connect("crm", 3);
    let id = stage.request("erasure").await;
    stage.work().await;
    let shown = stage.shown(&id).await;
    let task = &shown["tasks"][0];
    assert_eq!((&task["label"], &task["counts"]["found"]), (&json!("Waiting for your decision"), &json!(3)));
    assert_eq!(shown["request"]["held"]["owner"], "person");
    assert_eq!(strings(&task["may"]), ["identify", "records", "compare", "proceed", "refuse", "run"]);
    let records = stage.post(&of(&id, "records"), &json!({"source": "crm", "limit": 2})).await;
    assert_eq!(records.body["records"], json!(["record-0000", "record-0001"]));
    assert_eq!((&records.body["all"], &records.body["next"]), (&json!(3), &json!(2)));
    assert_eq!(records.body["digest"], task["found_digest"]);
    assert_eq!(vendor.left(), 3, "nothing is erased before the decision");
    stage.review(&id, "proceed").await;
    stage.work_until_closed(&id).await;
    assert_eq!(vendor.left(), 0);
    let shown = stage.shown(&id).await;
    assert_eq!(shown["request"]["outcome"], "fulfilled");
    assert_eq!(shown["tasks"][0]["review"]["by"], ANN);
    assert_eq!(shown["tasks"][0]["review"]["verdict"], "proceed");
    let reply = stage.post(&of(&id, "records"), &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "person_forgotten"));
    stage.given()
}

async fn of_two_reviewers_at_once_one_wins_and_the_other_is_told() -> Given {
    let (stage, id) = waiting(2).await;
    let proceed = stage.seen(&id, "proceed").await.to_string();
    let mut refuse = stage.seen(&id, "refuse").await;
    refuse["ground"] = json!("art_17_3_e");
    let (path, refuse) = (of(&id, "review"), refuse.to_string());
    stage.world.gate.interleave(true);
    let (ann, bob) = tokio::join!(
        stage.call_as(Some(ANN), "POST", &path, Some(&proceed)),
        stage.call_as(Some(BOB), "POST", &path, Some(&refuse)),
    );
    stage.world.gate.interleave(false);
    let (lost, winner) = if ann.status == 200 { (&bob, ANN) } else { (&ann, BOB) };
    let mut both = [ann.status, bob.status];
    both.sort_unstable();
    assert_eq!(both, [200, 409]);
    assert_eq!(lost.code(), "not_awaiting_review");
    assert!(lost.message().contains(&format!("decided on by {winner}")), "{}", lost.message());
    assert_eq!(stage.shown(&id).await["tasks"][0]["review"]["by"], winner);
    stage.given()
}

async fn a_decision_on_what_was_searched_again_is_refused() -> Given {
    let (stage, id) = waiting(2).await;
    let seen = stage.seen(&id, "proceed").await;
    stage.connect("crm", 3);
    assert_eq!(stage.post(&of(&id, "run"), &json!({"source": "crm"})).await.status, 200);
    stage.work().await;
    let reply = stage.post(&of(&id, "review"), &seen).await;
    assert_eq!((reply.status, reply.code()), (409, "records_changed"), "{}", reply.text);
    assert!(reply.message().contains("look at it again"));
    let mut unseen = seen;
    unseen["sources"][0]["digest"] = Value::Null;
    assert_eq!(stage.post(&of(&id, "review"), &unseen).await.code(), "records_changed");
    stage.given()
}

async fn a_refusal_stands_on_a_ground_that_fits() -> Given {
    let (stage, id) = waiting(2).await;
    let mut body = stage.seen(&id, "refuse").await;
    let reply = stage.post(&of(&id, "review"), &body).await;
    assert_eq!((reply.status, reply.code()), (422, "ground_missing"));
    assert!(reply.message().contains("art_17_3_a") && reply.message().contains("art_12_5"));
    body["ground"] = json!("art_17_3_b");
    body["verdict"] = json!("proceed");
    let reply = stage.post(&of(&id, "review"), &body).await;
    assert_eq!((reply.status, reply.code()), (422, "ground_out_of_place"));
    body["verdict"] = json!("refuse");
    assert_eq!(stage.post(&of(&id, "review"), &body).await.status, 200);
    let task = stage.shown(&id).await["tasks"][0].clone();
    assert_eq!((&task["outcome"], &task["label"]), (&json!("refused"), &json!("Refused")));
    assert_eq!(task["review"]["verdict"], json!({"refuse": "art_17_3_b"}));

    let access = Stage::with(Policy::Always, Policy::Always);
    access.connect("crm", 1);
    let id = access.request("access").await;
    access.work().await;
    let mut body = access.seen(&id, "refuse").await;
    body["ground"] = json!("art_17_3_e");
    let reply = access.post(&of(&id, "review"), &body).await;
    assert_eq!((reply.status, reply.code()), (422, "ground_does_not_stand"));
    assert!(reply.message().contains("art_12_5"));
    body["ground"] = json!("art_12_5");
    assert_eq!(access.post(&of(&id, "review"), &body).await.status, 200);
    let mut all = stage.given();
    all.extend(access.given());
    all
}

async fn who_the_records_show_is_seen_before_the_decision() -> Given {
    let (stage, id) = waiting(2).await;
    let vendor = stage.world.vendors.vendor(&source("crm"));
    vendor.set(|state| {
        state.set_aside = vec![SetAside { id: None, doubtful: true }];
    });
    let path = of(&id, "compare");
    let reply = stage.post(&path, &json!({"source": "crm", "limit": 2})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let records = reply.body["records"].as_array().unwrap();
    let name = json!([{"name": "name", "text": "Ana Canario"}]);
    let aside = json!({"id": null, "found_by": ["email"], "fields": name, "marked": false, "doubtful": true,
        "standing": "set_aside"});
    let covered = json!({"id": "record-0000", "found_by": ["email"], "fields": name, "marked": false,
        "doubtful": false, "standing": "covered"});
    assert_eq!(records[..], [aside, covered]);
    assert_eq!((&reply.body["all"], &reply.body["next"]), (&json!(3), &json!(2)));
    assert_eq!(reply.body["digest"], stage.shown(&id).await["tasks"][0]["found_digest"]);
    let events = stage.get(&of(&id, "events")).await;
    let told = events.body["items"].as_array().unwrap().last().unwrap()["fact"].clone();
    let expected =
        json!({"kind": "records_shown", "source": "crm", "by": ANN, "records": 2, "with_fields": true});
    assert_eq!(told, expected);
    let reply = stage.post(&path, &json!({"source": "crm", "limit": 101})).await;
    assert_eq!((reply.status, reply.code()), (400, "body_malformed"));
    vendor.set(|state| state.searches.push_back(Err(Fault::Unauthorized)));
    let reply = stage.post(&path, &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (503, "unavailable"));
    assert_eq!(reply.body["error"]["details"][0]["what"], "credentials_rejected");
    stage.world.tamper_source("crm", |row| {
        row.params.insert("host".to_owned(), "b.example.com".to_owned());
    });
    let reply = stage.post(&path, &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "source_moved"));
    assert!(reply.message().contains("have it run again"), "{}", reply.text);
    let mut refuse = stage.seen(&id, "refuse").await;
    refuse["ground"] = json!("art_17_3_b");
    assert_eq!(stage.post(&of(&id, "review"), &refuse).await.status, 200);
    let reply = stage.post(&path, &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "task_over"));
    crate::hidden::nothing_is_logged_of("Canario");
    stage.given()
}

async fn what_shows_another_person_is_confirmed_or_not_acted_on() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    let vendor = stage.connect("crm", 2);
    vendor.set(|state| {
        state.marked = [RecordId::new("record-0001")].into();
        state.set_aside = vec![SetAside { id: None, doubtful: true }, SetAside { id: None, doubtful: false }];
    });
    let id = stage.request("erasure").await;
    stage.work().await;
    let task = stage.shown(&id).await["tasks"][0].clone();
    assert_eq!(task["state"], "awaiting_review");
    assert_eq!(task["asked"], json!({"spellings": 1, "marked": 1, "set_aside": 2, "doubtful": 1}));
    assert_eq!(task["target"]["connector"], "plain");
    let whole = stage.seen(&id, "proceed").await;
    for (member, code) in
        [("confirm_marked", "marked_not_confirmed"), ("confirm_set_aside", "set_aside_not_confirmed")]
    {
        for given in [json!(null), json!(2)] {
            let mut body = whole.clone();
            body["sources"][0][member] = given;
            let reply = stage.post(&of(&id, "review"), &body).await;
            assert_eq!((reply.status, reply.code()), (409, code), "{body}");
            assert!(reply.message().contains("confirm the number 1"), "{}", reply.text);
        }
    }
    which_search_was_seen_is_told(&stage, &id, &whole).await;
    assert_eq!(stage.post(&of(&id, "review"), &whole).await.status, 200);
    stage.given()
}

/// A decision that no digest binds to what it is about is refused without the search that was shown.
async fn which_search_was_seen_is_told(stage: &Stage, id: &str, whole: &Value) {
    for missing in [true, false] {
        let mut body = whole.clone();
        match missing {
            true => drop(body["sources"][0].as_object_mut().unwrap().remove("searched_at")),
            false => body["sources"][0]["searched_at"] = Value::Null,
        }
        let reply = stage.post(&of(id, "review"), &body).await;
        assert_eq!((reply.status, reply.code()), (409, "searched_at_missing"), "{body}");
        assert!(reply.message().contains("give its `searched_at`"), "{}", reply.text);
    }
    assert_eq!(stage.shown(id).await["tasks"][0]["state"], "awaiting_review", "nothing is stored");
}

async fn nothing_found_is_confirmed_by_a_person() -> Given {
    let (stage, id) = waiting(0).await;
    let task = stage.shown(&id).await["tasks"][0].clone();
    assert_eq!(task["label"], "Nothing found: confirm, or give another identifier");
    assert_eq!((&task["reason"], &task["found_digest"]), (&json!("nothing_found_to_confirm"), &Value::Null));
    assert_eq!(strings(&task["may"]), ["identify", "compare", "proceed", "refuse", "run"]);
    let mut without = stage.seen(&id, "proceed").await;
    without["sources"][0].as_object_mut().unwrap().remove("digest");
    let reply = stage.post(&of(&id, "review"), &without).await;
    assert_eq!((reply.status, reply.code()), (400, "body_malformed"), "a missing member is no null");
    which_search_was_seen_is_told(&stage, &id, &stage.seen(&id, "proceed").await).await;
    stage.review(&id, "proceed").await;
    stage.work_until_closed(&id).await;
    assert_eq!(stage.shown(&id).await["request"]["outcome"], "nothing_found");
    stage.given()
}

async fn a_reason_is_read_until_the_person_is_forgotten() -> Given {
    let (stage, id) = waiting(1).await;
    let path = of(&id, "reasons");
    assert_eq!(stage.post(&path, &json!({})).await.body, json!({"items": []}));
    let mut refuse = stage.seen(&id, "refuse").await;
    refuse["ground"] = json!("art_17_3_e");
    refuse["reason"] = json!("the suit of Ana Canario");
    assert_eq!(stage.post(&of(&id, "review"), &refuse).await.status, 200);
    assert!(strings(&stage.shown(&id).await["may"]).contains(&"reasons"));
    let reply = stage.call("POST", &path, None).await;
    let one = &reply.body["items"][0];
    assert_eq!((&one["source"], &one["by"], &one["reason"]), (&json!("crm"), &json!(ANN), &refuse["reason"]));
    assert_eq!(one["verdict"], json!({"refuse": "art_17_3_e"}));
    let events = stage.get(&of(&id, "events")).await;
    let told = events.body["items"].as_array().unwrap().last().unwrap()["fact"].clone();
    assert_eq!(told, json!({"kind": "reason_read", "source": "crm", "by": ANN}));
    assert!(!events.text.contains("Canario") && !stage.shown(&id).await.to_string().contains("Canario"));
    crate::hidden::nothing_is_logged_of("Canario");
    stage.work_until_closed(&id).await;
    assert_eq!(stage.post(&path, &json!({})).await.status, 200, "after the closing too");
    stage.world.clock.advance((u64::from(stage.world.forget_after_days) + 1) * 24 * 3600);
    for _ in 0..3 {
        stage.world.reconcile().await.unwrap();
        stage.work().await;
        stage.world.clock.advance(600);
    }
    let reply = stage.post(&path, &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "person_forgotten"), "{}", reply.text);
    assert!(!strings(&stage.shown(&id).await["may"]).contains(&"reasons"));
    stage.given()
}

async fn a_data_source_that_cannot_be_searched_is_left_out_or_stated() -> Given {
    let mut all = Given::new();
    for state in [false, true] {
        let stage = Stage::with(Policy::Auto, Policy::Auto);
        stage.connect("crm", 1).set(|state| {
            state.searches.push_back(Err(Fault::Unavailable("vendor_unreachable")));
        });
        let id = stage.request("access").await;
        let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
        let seen = json!({"sources": [{"source": "crm", "digest": null}], "verdict": "leave_out",
            "reason": "they closed"});
        let reply = stage.post(&of(&id, "review"), &seen).await;
        assert_eq!((reply.status, reply.code()), (409, "not_awaiting_review"), "nobody tried yet");
        while stage.world.workflow.take().is_some() {}
        stage.world.find(&at).await.unwrap_err();
        let task = stage.shown(&id).await["tasks"][0].clone();
        assert_eq!(strings(&task["may"]), ["identify", "leave_out", "run", "state"]);
        assert_eq!(task["label"], "Can't be searched now: tried again by itself");
        let reason = if state {
            let erased = json!({"source": "crm", "erased": true, "reason": "they say so"});
            let reply = stage.post(&of(&id, "state"), &erased).await;
            assert_eq!((reply.status, reply.code()), (409, "not_erasure"), "{}", reply.text);
            let failed = json!({"source": "crm", "erased": false, "reason": "they say so"});
            assert_eq!(stage.post(&of(&id, "state"), &failed).await.status, 200);
            "stated_by_a_person"
        } else {
            let reply = stage.post(&of(&id, "review"), &seen).await;
            let expected = json!({"sources": [{"source": "crm", "state": "settled"}], "released": true});
            assert_eq!((reply.status, reply.body), (200, expected));
            "left_out_by_a_person"
        };
        // Nothing but the execution that was begun closes it.
        stage.work().await;
        let shown = stage.shown(&id).await;
        let task = &shown["tasks"][0];
        assert_eq!((&task["outcome"], &task["reason"]), (&json!("failed"), &json!(reason)));
        assert_eq!(shown["request"]["state"], "closed");
        all.extend(stage.given());
    }
    all
}

async fn a_review_that_is_wrong_is_told_why() -> Given {
    let (stage, id) = waiting(2).await;
    let good = stage.seen(&id, "proceed").await;
    let with = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    let seen = good["sources"][0].clone();
    for (body, status, code) in [
        (with("reason", json!("  ")), 422, "reason_malformed"),
        (with("reason", json!("r".repeat(1001))), 422, "reason_malformed"),
        (with("sources", json!([])), 422, "sources_malformed"),
        (with("sources", json!([seen, seen])), 422, "sources_malformed"),
        (with("sources", json!([{"source": "shop", "digest": null}])), 422, "source_not_in_request"),
        (with("verdict", json!("leave_out")), 409, "identifier_not_missing"),
    ] {
        let reply = stage.post(&of(&id, "review"), &body).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{body}");
    }
    assert_eq!(stage.shown(&id).await["tasks"][0]["state"], "awaiting_review", "nothing is stored");
    // The digest says what was seen where there is nothing beside it.
    let mut bound = good.clone();
    bound["sources"][0].as_object_mut().unwrap().remove("searched_at");
    assert_eq!(stage.post(&of(&id, "review"), &bound).await.status, 200);
    let reply = stage.post(&of(&id, "review"), &good).await;
    assert_eq!((reply.status, reply.code()), (409, "not_awaiting_review"));
    stage.work_until_closed(&id).await;
    let reply = stage.post(&of(&id, "review"), &good).await;
    assert_eq!((reply.status, reply.code()), (409, "request_closed"));
    stage.given()
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

async fn what_is_under_way_is_neither_run_nor_called_off() -> Given {
    let (stage, id) = submitted().await;
    assert_eq!(strings(&stage.shown(&id).await["may"]), ["records", "compare", "extend"]);
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

async fn what_is_not_submitted_is_called_off() -> Given {
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
    stage.world.check(&at).await.unwrap();
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
    assert_eq!(strings(&stage.shown(&id).await["may"]), ["records", "reasons", "reopen", "receipt"]);
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

async fn what_was_handed_over_is_stated() -> Given {
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

async fn a_synthetic_request_is_shown_as_one_and_nothing_makes_more_of_it() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 1);
    stage.world.synthetic(1, CANARY, &[]).await.unwrap();
    let id = request_id(1).to_string();
    let at = TaskRef { request_id: request_id(1), source_id: source("crm") };
    stage.world.find(&at).await.unwrap();
    let shown = stage.shown(&id).await;
    let request = &shown["request"];
    assert_eq!(
        (&request["synthetic"], &request["dry_run"], &request["origin"], &request["policy"]),
        (&json!(true), &json!(true), &json!("synthetic"), &json!("auto"))
    );
    assert_eq!(shown["tasks"][0]["decision"]["by"], "policy:auto");
    assert_eq!(strings(&shown["may"]), ["records", "compare", "cancel"]);
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
