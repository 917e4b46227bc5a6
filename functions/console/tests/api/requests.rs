//! Requests are made and shown; their receipts and copies.

use crate::stage::{ANN, Given, Stage, of};
use rightful_contract::table::Fault;
use rightful_contract::world::CANARY;
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::policy::Policy;
use serde_json::{Value, json};

scenarios! {
    characters_removed_from_an_identifier_are_told
    a_request_is_made_and_its_key_makes_no_second_one
    the_day_on_which_the_person_asked_is_taken
    a_malformed_identifier_is_refused
    the_requests_of_a_person_are_found_until_the_person_is_forgotten
    the_identifiers_of_a_person_are_shown_until_the_person_is_forgotten
    a_key_with_other_content_is_a_conflict
    a_repeated_demand_is_told_how_its_closed_request_ended
    a_data_source_that_a_request_cannot_go_to_is_told
    an_unknown_request_is_not_found
    a_request_with_several_data_sources_says_for_each_how_it_ended
    each_closing_has_its_receipt
    a_copy_is_fetched_until_it_expires
    a_store_that_fails_is_no_answer
}

const NOBODY: &str = "/api/requests/019aa6e0-5c1f-7000-8000-0000000000ff";

fn demand(identifiers: Value) -> Value {
    json!({"right": "erasure", "identifiers": identifiers})
}

fn email(value: &str) -> Value {
    json!([{"kind": "email", "value": value}])
}

async fn the_identifiers_of_a_person_are_shown_until_the_person_is_forgotten() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    let shown = stage.post(&of(&id, "identifiers"), &json!({})).await;
    assert_eq!(shown.body, json!({"items": [{"kind": "email", "value": CANARY, "source": null}]}));
    let events = stage.get(&of(&id, "events")).await.body;
    let told = events["items"].as_array().unwrap().last().unwrap()["fact"].clone();
    assert_eq!(told, json!({"kind": "identifiers_shown", "by": ANN, "identifiers": 1}));
    stage.work_until_closed(&id).await;
    let forgotten = stage.post(&of(&id, "identifiers"), &json!({})).await;
    assert_eq!((forgotten.status, forgotten.code()), (409, "person_forgotten"));
    stage.given()
}

async fn the_requests_of_a_person_are_found_until_the_person_is_forgotten() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 0);
    let first = stage.request("erasure").await;
    let bob = stage.post("/api/requests", &demand(email("bob@example.com"))).await;
    assert_eq!(bob.status, 201, "{}", bob.text);
    stage.world.clock.advance(60);
    let second = stage.request("access").await;
    let find = async |value: &str| {
        let body = json!({"identifier": {"kind": "email", "value": value}});
        stage.post("/api/requests/find", &body).await
    };
    let ids = |reply: &Value| -> Vec<Value> {
        reply["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
    };
    // Another spelling of the address is the same person's.
    let spelled = format!(" {} ", CANARY.replace("example.com", "EXAMPLE.com"));
    for value in [CANARY, &spelled] {
        let found = find(value).await;
        assert_eq!((found.status, ids(&found.body)), (200, vec![json!(first), json!(second)]), "{value}");
        assert!(!found.text.contains("canary"), "an answer repeats no identifier");
    }
    assert_eq!(ids(&find("bob@example.com").await.body), [bob.body["request"]["id"].clone()]);
    assert_eq!(ids(&find("nobody@example.com").await.body), Vec::<Value>::new());
    let refused = find("canary").await;
    assert_eq!((refused.status, refused.code()), (422, "identifier_malformed"));
    assert_eq!(find("").await.code(), "identifier_malformed");
    // Both end with nothing found, which forgets the person.
    stage.work_until_closed(&first).await;
    stage.work_until_closed(&second).await;
    assert_eq!(ids(&find(CANARY).await.body), Vec::<Value>::new());
    stage.given()
}

async fn characters_removed_from_an_identifier_are_told() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    stage.connect_members("club");
    let given = json!([
        {"kind": "email", "value": ""},
        {"kind": "email", "value": format!("\u{feff}'mailto:{CANARY}.'")},
        {"kind": "member", "value": 12345},
    ]);
    let made = stage.post("/api/requests", &demand(given)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let what = json!(["format_characters", "mailto", "quotes", "final_dot"]);
    assert_eq!(made.body["taken_off"], json!([{"at": "identifiers[1].value", "what": what}]));
    assert_eq!(made.body["request"]["identifier_kinds"], json!(["email", "member"]));
    let plain = stage.post("/api/requests", &demand(email("bob@example.com"))).await;
    assert_eq!(plain.body["taken_off"], json!([]));
    let id = made.body["request"]["id"].as_str().unwrap();
    let identify = format!("/api/requests/{id}/identify");
    let body = json!({"source": "club", "identifier": {"kind": "member", "value": "\"77001\""}});
    let reply = stage.post(&identify, &body).await;
    assert_eq!(
        (reply.status, &reply.body["taken_off"]),
        (200, &json!([{"at": "identifier.value", "what": ["quotes"]}]))
    );
    let body = json!({"source": "club", "identifier": {"kind": "member", "value": 77001}});
    assert_eq!(stage.post(&identify, &body).await.body["taken_off"], json!([]));
    let body = json!({"source": "club", "identifier": {"kind": "member", "value": null}});
    let reply = stage.post(&identify, &body).await;
    assert_eq!((reply.status, reply.code()), (422, "identifier_malformed"));
    stage.given()
}

async fn a_request_is_made_and_its_key_makes_no_second_one() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let mut body = demand(email(CANARY));
    body["key"] = json!("people.csv/7");
    body["reference"] = json!("T-1042");
    let first = stage.post("/api/requests", &body).await;
    assert_eq!((first.status, &first.body["new"], &first.body["started"]), (201, &json!(true), &json!(true)));
    assert_eq!(first.body["request"]["reference"], "T-1042");
    assert_eq!(first.body["request"]["policy"], "always");
    let second = stage.post("/api/requests", &body).await;
    assert_eq!((second.status, &second.body["new"]), (200, &json!(false)));
    assert_eq!(second.body["request"]["id"], first.body["request"]["id"]);
    assert_eq!(stage.world.workflow.started().len(), 1);
    let id = first.body["request"]["id"].as_str().unwrap();
    let events = stage.get(&format!("/api/requests/{id}/events")).await;
    assert_eq!(events.body["items"][0]["fact"]["by"], ANN, "an operator's every act is an event");
    stage.world.workflow.fail_next(1);
    let other = stage.post("/api/requests", &demand(email("bob@example.com"))).await;
    assert_eq!((other.status, &other.body["started"]), (201, &json!(false)));
    stage.given()
}

async fn the_day_on_which_the_person_asked_is_taken() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let mut body = demand(email(CANARY));
    body["received_at"] = json!("2026-11-03");
    let made = stage.post("/api/requests", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let request = &made.body["request"];
    assert_eq!(request["received_at"], "2026-11-03T00:00:00.000Z");
    assert_eq!(request["due_at"], "2026-12-03T00:00:00.000Z");
    assert_eq!((&request["arrived_at"], &request["legal_zone"]), (&json!(stage.world.now()), &json!("UTC")));
    let events = stage.get(&format!("/api/requests/{}/events", request["id"].as_str().unwrap())).await;
    assert_eq!(events.body["items"][0]["fact"]["received_at"], "2026-11-03T00:00:00.000Z");
    body["received_at"] = Value::Null;
    let made = stage.post("/api/requests", &body).await;
    assert_eq!(made.body["request"]["received_at"], made.body["request"]["arrived_at"]);
    for (day, status, code, says) in [
        ("2026-11-22", 422, "received_at_malformed", "`received_at`: it is in the future"),
        ("2025-11-19", 422, "received_at_malformed", "`received_at`: it is more than 366 days ago"),
        ("canary", 400, "body_malformed", "`received_at`: give the day on which the person asked"),
    ] {
        body["received_at"] = json!(day);
        let reply = stage.post("/api/requests", &body).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{day}");
        assert!(reply.message().starts_with(says) && !reply.text.contains("canary"), "{}", reply.text);
        assert_eq!(reply.body["error"]["details"][0]["name"], "received_at");
    }
    stage.given()
}

async fn a_key_with_other_content_is_a_conflict() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let mut body = demand(email(CANARY));
    body["key"] = json!("people.csv/7");
    let first = stage.post("/api/requests", &body).await;
    body["right"] = json!("access");
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (409, "key_conflict"), "{}", reply.text);
    assert!(reply.message().contains(first.body["request"]["id"].as_str().unwrap()));
    assert!(reply.message().contains("another key"), "{}", reply.message());
    stage.given()
}

async fn a_repeated_demand_is_told_how_its_closed_request_ended() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 0);
    let mut body = demand(email(CANARY));
    body["key"] = json!("people.csv/7");
    let first = stage.post("/api/requests", &body).await;
    assert_eq!((&first.body["repeated"], &first.body["request"]["repeats"]), (&json!(false), &Value::Null));
    let id = RequestId::parse(first.body["request"]["id"].as_str().unwrap()).unwrap();
    rightful_contract::driver::Driver::new(&stage.world).reconcile_until_done(id, 2).await.unwrap();
    stage.world.clock.advance(30 * 24 * 3600);
    let again = stage.post("/api/requests", &body).await;
    assert_eq!(
        (again.status, &again.body["new"], &again.body["repeated"]),
        (200, &json!(false), &json!(true))
    );
    let request = &again.body["request"];
    assert_eq!((&request["state"], &request["outcome"]), (&json!("closed"), &json!("nothing_found")));
    assert_eq!(request["repeats"], json!({"times": 1, "last_at": stage.world.now()}));
    let events = stage.get(&format!("/api/requests/{id}/events")).await;
    let last = events.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["fact"]["kind"], &last["fact"]["by"]), (&json!("delivery_repeated"), &json!(ANN)));
    stage.given()
}

async fn a_malformed_identifier_is_refused() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    stage.connect_members("shop");
    let twenty_one: Vec<Value> = (0..21).map(|n| email(&format!("a{n}@example.com"))[0].clone()).collect();
    let mut keyed = demand(email("canary@example.com"));
    keyed["key"] = json!("canary@example.com");
    for (body, code, says) in [
        (demand(json!([])), "identifier_none", "give at least one"),
        (
            demand(email("canary")),
            "identifier_malformed",
            "`identifiers[0].value`: the value of kind email is not one e-mail address",
        ),
        (
            demand(email("canary@example.com, bob@example.com")),
            "identifier_malformed",
            "not one e-mail address",
        ),
        (demand(email("   ")), "identifier_none", "give at least one"),
        (
            demand(json!([{"kind": "phone", "value": "canary 0470"}])),
            "identifier_malformed",
            "`identifiers[0].value`: ",
        ),
        (
            demand(json!([{"kind": "member", "value": "canary"}])),
            "identifier_malformed",
            "`identifiers[0].value`: it is a number, such as 12345",
        ),
        (
            demand(json!([{"kind": "email", "value": ""}, {"kind": "unheard_of", "value": "canary"}])),
            "identifier_kind_unknown",
            "`identifiers[1].kind`: none of the request's data sources is searched by an identifier of the kind unheard_of: leave it out, or give email or member",
        ),
        (
            demand(json!([{"kind": "phone", "value": null}, {"kind": "member", "value": "canary"}])),
            "identifier_malformed",
            "`identifiers[1].value`: it is a number, such as 12345",
        ),
        (
            demand(json!([{"kind": "email", "value": 7}])),
            "identifier_malformed",
            "`identifiers[0].value`: give a text",
        ),
        (
            demand(email("'canary@example.com")),
            "identifier_malformed",
            "a quotation mark that is not one of a pair around it: take it off",
        ),
        (
            demand(json!([{"kind": "phone", "value": null}, email("")[0]])),
            "identifier_none",
            "give at least one",
        ),
        (demand(json!(twenty_one)), "too_many_identifiers", "20 identifiers at most"),
        (keyed, "key_malformed", "no address"),
    ] {
        let reply = stage.post("/api/requests", &body).await;
        assert_eq!((reply.status, reply.code()), (422, code), "{body}");
        assert!(reply.message().contains(says), "{}", reply.message());
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
    assert!(stage.get("/api/requests").await.body["items"].as_array().unwrap().is_empty());
    stage.given()
}

async fn a_data_source_that_a_request_cannot_go_to_is_told() -> Given {
    let stage = Stage::new();
    let mut body = demand(email(CANARY));
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (409, "source_none"));
    stage.world.put_source("off", false);
    assert_eq!(stage.post("/api/requests", &body).await.code(), "source_none", "a disabled one is none");
    body["sources"] = json!(["nowhere"]);
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (422, "source_unknown"));
    assert!(reply.message().contains("nowhere"));
    body["sources"] = json!(["off"]);
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (409, "source_disabled"));
    for n in 0..41 {
        stage.world.put_source(&format!("s{n}"), true);
    }
    // A list without any is a mistake, and never all of them.
    body["sources"] = json!([]);
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (400, "body_malformed"));
    body["sources"] = serde_json::Value::Null;
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (422, "too_many_sources"));
    stage.given()
}

async fn an_unknown_request_is_not_found() -> Given {
    let stage = Stage::new();
    for path in ["", "/events", "/receipt"] {
        let reply = stage.get(&format!("{NOBODY}{path}")).await;
        assert_eq!((reply.status, reply.code()), (404, "request_not_found"), "{path}");
    }
    let digest = json!([{"source": "crm", "digest": null}]);
    for (act, body) in [
        ("records", json!({"source": "crm"})),
        ("identify", json!({"source": "crm", "identifier": {"kind": "email", "value": "ann@example.com"}})),
        ("review", json!({"sources": digest, "verdict": "proceed", "reason": "r"})),
        ("run", json!({"source": "crm"})),
        ("reopen", json!({})),
        ("cancel", json!({})),
        ("state", json!({"source": "crm", "erased": true, "reason": "r"})),
        ("extend", json!({"months": 1, "ground": "complexity"})),
        ("copy", json!({})),
    ] {
        let reply = stage.post(&format!("{NOBODY}/{act}"), &body).await;
        assert_eq!((reply.status, reply.code()), (404, "request_not_found"), "{act}");
    }
    stage.given()
}

async fn a_request_with_several_data_sources_says_for_each_how_it_ended() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 3);
    stage.connect("shop", 0);
    stage.connect_members("club");
    let id = stage.request("erasure").await;
    stage.work_until_closed(&id).await;
    let shown = stage.shown(&id).await;
    assert_eq!(shown["request"]["outcome"], "partly_fulfilled");
    let ended: Vec<(&str, &str)> = shown["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["outcome"].as_str().unwrap(), task["label"].as_str().unwrap()))
        .collect();
    assert_eq!(
        ended,
        [
            ("missing_identifier", "Missing identifier"),
            ("verified_erased", "Erased, and seen to be gone"),
            ("nothing_found", "No records"),
        ]
    );
    assert_eq!(shown["tasks"][1]["counts"], json!({"found": 3, "submitted": 3, "confirmed": 3}));
    assert_eq!(shown["tasks"][0]["needs"]["asked"][0]["kind"], "member");
    stage.given()
}

async fn each_closing_has_its_receipt() -> Given {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("zoo", 0);
    stage.connect_members("club");
    let id = stage.request("erasure").await;
    let path = format!("/api/requests/{id}/receipt");
    let reply = stage.get(&path).await;
    assert_eq!((reply.status, reply.code()), (404, "receipt_not_found"));
    stage.work_until_closed(&id).await;
    let first = stage.get(&path).await;
    assert_eq!(first.status, 200);
    let kept = stage.world.receipts.file_of(RequestId::parse(&id).unwrap(), 0).unwrap();
    assert_eq!(first.text.as_bytes(), kept, "byte for byte: one changed byte does not verify");
    let reopened = stage.post(&format!("/api/requests/{id}/reopen"), &json!({})).await;
    assert_eq!(reopened.status, 200, "{}", reopened.text);
    assert_eq!(stage.get(&path).await.text, first.text, "the last closing's, while it is open again");
    let cancelled = stage.post(&format!("/api/requests/{id}/cancel"), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    stage.work_until_closed(&id).await;
    let second = stage.get(&path).await;
    assert_ne!(second.text, first.text);
    assert_eq!(stage.get(&format!("{path}?closing=0")).await.text, first.text);
    assert_eq!(stage.get(&format!("{path}?closing=1")).await.text, second.text);
    assert_eq!(stage.get(&format!("{path}?closing=2")).await.code(), "receipt_not_found");
    stage.given()
}

async fn a_copy_is_fetched_until_it_expires() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let erasure = stage.request("erasure").await;
    let reply = stage.post(&format!("/api/requests/{erasure}/copy"), &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "not_access"));
    let id = stage.request("access").await;
    let path = format!("/api/requests/{id}/copy");
    let reply = stage.post(&path, &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "copy_not_there"));
    assert!(reply.message().contains("when every data source is done"));
    stage.work_until_closed(&id).await;
    let shown = stage.shown(&id).await;
    assert!(shown["may"].as_array().unwrap().contains(&json!("copy")), "{shown}");
    let link = stage.call("POST", &path, None).await;
    assert_eq!(link.status, 200, "{}", link.text);
    assert_eq!(link.body["sha256"], shown["request"]["copy"]["sha256"]);
    let events = stage.get(&format!("/api/requests/{id}/events")).await;
    let linked =
        events.body["items"].as_array().unwrap().iter().find(|one| one["fact"]["kind"] == "copy_linked");
    assert_eq!(linked.unwrap()["fact"]["by"], ANN);
    assert!(!events.text.contains(link.body["url"].as_str().unwrap()), "a link is a secret");
    stage.world.copies.lose_package(RequestId::parse(&id).unwrap());
    let reply = stage.post(&path, &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "copy_expired"));
    stage.world.clock.advance(40 * 24 * 3600);
    let reply = stage.post(&path, &json!({})).await;
    assert_eq!((reply.status, reply.code()), (409, "copy_expired"));
    assert!(reply.message().contains("expired at"));
    stage.given()
}

async fn a_store_that_fails_is_no_answer() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 1);
    stage.world.store.table().fail_next(&[Fault::LoseSight]);
    let reply = stage.post("/api/requests", &demand(email(CANARY))).await;
    assert_eq!((reply.status, reply.code()), (503, "unavailable"), "{}", reply.text);
    assert_eq!(reply.headers["retry-after"], "5");
    stage.given()
}
