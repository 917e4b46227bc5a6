//! How a person sees what was found and decides on it, and every way in which a decision can be wrong.

use crate::stage::{ANN, BOB, Given, Stage, of, strings, waiting};
use rightful_contract::world::source;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::model::policy::Policy;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{RecordId, SetAside};
use serde_json::{Value, json};

scenarios! {
    a_person_sees_decides_and_the_records_are_gone
    of_two_reviewers_at_once_one_wins_and_the_other_is_told
    a_decision_on_what_was_searched_again_is_refused
    a_refusal_stands_on_a_ground_that_fits
    before_the_first_search_there_is_nothing_to_compare
    reviewers_see_who_the_records_are_about_before_they_decide
    records_of_another_person_are_confirmed_or_not_acted_on
    nothing_found_is_confirmed_by_a_person
    a_reason_is_read_until_the_person_is_forgotten
    a_data_source_that_cannot_be_searched_is_left_out_or_stated
    a_wrong_review_is_told_why
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

async fn before_the_first_search_there_is_nothing_to_compare() -> Given {
    let stage = Stage::new();
    let vendor = stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    let reply = stage.post(&of(&id, "compare"), &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "nothing_to_show"));
    assert!(vendor.journal().is_empty(), "the vendor was not asked");
    stage.given()
}

async fn reviewers_see_who_the_records_are_about_before_they_decide() -> Given {
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
    assert!(reply.message().contains("run it again"), "{}", reply.text);
    let mut refuse = stage.seen(&id, "refuse").await;
    refuse["ground"] = json!("art_17_3_b");
    assert_eq!(stage.post(&of(&id, "review"), &refuse).await.status, 200);
    let reply = stage.post(&path, &json!({"source": "crm"})).await;
    assert_eq!((reply.status, reply.code()), (409, "task_over"));
    crate::log::nothing_is_logged_of("Canario");
    stage.given()
}

async fn records_of_another_person_are_confirmed_or_not_acted_on() -> Given {
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
    the_search_that_was_seen_must_be_given(&stage, &id, &whole).await;
    assert_eq!(stage.post(&of(&id, "review"), &whole).await.status, 200);
    stage.given()
}

/// A decision without a digest is refused unless it says which search was shown.
async fn the_search_that_was_seen_must_be_given(stage: &Stage, id: &str, whole: &Value) {
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
    the_search_that_was_seen_must_be_given(&stage, &id, &stage.seen(&id, "proceed").await).await;
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
    crate::log::nothing_is_logged_of("Canario");
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
            state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable)));
        });
        let id = stage.request("access").await;
        let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
        let seen = json!({"sources": [{"source": "crm", "digest": null}], "verdict": "leave_out",
            "reason": "they closed"});
        let reply = stage.post(&of(&id, "review"), &seen).await;
        assert_eq!((reply.status, reply.code()), (409, "not_awaiting_review"), "nobody tried yet");
        while stage.world.workflow.take().is_some() {}
        stage.world.search(&at).await.unwrap_err();
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

async fn a_wrong_review_is_told_why() -> Given {
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
