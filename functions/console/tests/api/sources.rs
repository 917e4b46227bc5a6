//! Data sources and ticketing are set up, tried out, changed and removed.

use crate::stage::{ANN, BOB, Given, Stage, TOKEN};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use serde_json::{Value, json};

scenarios! {
    a_data_source_lives_from_adding_to_removing
    review_policies_are_set_by_a_call_of_their_own_and_by_no_other
    connectors_are_listed_even_before_they_are_used
    a_wrong_set_up_is_told_member_by_member
    an_unknown_data_source_or_channel_is_told
    a_data_source_in_use_is_not_removed
    more_data_sources_than_one_request_can_go_to_cause_a_warning
    a_change_of_target_is_refused_with_the_tasks_that_depend_on_it
    a_control_is_named_shown_and_taken_away
    of_two_changes_to_a_data_source_at_once_one_is_refused
    trying_out_tells_why_it_does_not_work
    tickets_are_set_up_by_channel
}

fn crm() -> Value {
    json!({"id": "crm", "connector": "plain", "params": {"account": "7"}, "secret": {"token": TOKEN}})
}

async fn more_data_sources_than_one_request_can_go_to_cause_a_warning() -> Given {
    let stage = Stage::new();
    for n in 0..39 {
        stage.world.put_source(&format!("s{n}"), true);
    }
    let fortieth = stage.post("/api/sources", &crm()).await;
    assert_eq!((fortieth.status, fortieth.body.get("too_many_enabled")), (201, None));
    let more =
        json!({"id": "shop", "connector": "plain", "params": {"account": "7"}, "secret": {"token": TOKEN}});
    let added = stage.post("/api/sources", &more).await;
    assert_eq!((added.status, &added.body["too_many_enabled"]), (201, &json!(41)));
    let enable = |enabled: bool| json!({"enabled": enabled});
    let off = stage.call("PATCH", "/api/sources/shop", Some(&enable(false).to_string())).await;
    assert_eq!((off.status, off.body.get("too_many_enabled")), (200, None));
    let on = stage.call("PATCH", "/api/sources/shop", Some(&enable(true).to_string())).await;
    assert_eq!((on.status, &on.body["too_many_enabled"]), (200, &json!(41)));
    assert!(stage.get("/api/sources/shop").await.body.get("too_many_enabled").is_none());
    stage.given()
}

/// The token of the kept secret.
fn token(stage: &Stage) -> Option<String> {
    let secret = stage.world.secrets.value("source/crm")?;
    let secret: Value = serde_json::from_str(&secret).unwrap();
    secret["token"].as_str().map(str::to_owned)
}

async fn a_data_source_lives_from_adding_to_removing() -> Given {
    let stage = Stage::new();
    let added = stage.post("/api/sources", &crm()).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(added.body["policies"], json!({"erasure": "always", "access": "auto"}));
    assert_eq!(added.body["identifiers"][0]["kind"], "email");
    assert_eq!(added.body["secret_name"], "rightful/test/source/crm");
    assert_eq!(added.body["target"], json!({"connector": "plain", "version": 1, "params": {}}));
    assert_eq!(token(&stage), Some(TOKEN.to_owned()));
    let reviewed = stage.call("PUT", "/api/sources/crm/review", Some("{\"erasure\": \"over:5\"}")).await;
    assert_eq!((reviewed.status, &reviewed.body["review"]), (200, &json!({"erasure": "over:5"})));
    let change = json!({"params": {"account": "8"}, "enabled": false,
        "secret": {"token": format!(" {TOKEN}-2\n")}});
    let changed = stage.call("PATCH", "/api/sources/crm", Some(&change.to_string())).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.body["params"], json!({"account": "8"}));
    assert_eq!(changed.body["policies"]["erasure"], "over:5");
    assert_eq!(changed.body["enabled"], false);
    assert_eq!(token(&stage), Some(format!("{TOKEN}-2")));
    let shown = stage.get("/api/sources/crm").await;
    assert_eq!(shown.body, changed.body);
    let enabled = stage.call("PATCH", "/api/sources/crm", Some("{\"enabled\": true}")).await;
    assert_eq!(enabled.body["enabled"], true);
    let removed = stage.call("DELETE", "/api/sources/crm", None).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(stage.world.secrets.value("source/crm"), None);
    let journal = stage.get("/api/journal").await;
    let acts: Vec<&str> = journal.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["act"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        acts,
        [
            "source_removed",
            "source_enabled",
            "source_disabled",
            "source_changed",
            "source_review_set",
            "source_added"
        ]
    );
    assert!(journal.body["items"].as_array().unwrap().iter().all(|one| one["by"] == ANN));
    assert!(!stage.everything().contains(TOKEN));
    stage.given()
}

async fn review_policies_are_set_by_a_call_of_their_own_and_by_no_other() -> Given {
    let stage = Stage::new();
    let put = async |body: &str| stage.call("PUT", "/api/sources/crm/review", Some(body)).await;
    let missing = put("{}").await;
    assert_eq!((missing.status, missing.code()), (404, "source_not_found"));
    let mut with_review = crm();
    with_review["review"] = json!({"erasure": "auto"});
    let refused = stage.post("/api/sources", &with_review).await;
    assert_eq!((refused.status, refused.code()), (400, "body_malformed"), "{}", refused.text);
    assert_eq!(stage.post("/api/sources", &crm()).await.status, 201);
    let change = json!({"review": {"erasure": "auto"}}).to_string();
    let refused = stage.call("PATCH", "/api/sources/crm", Some(&change)).await;
    assert_eq!((refused.status, refused.code()), (400, "body_malformed"), "{}", refused.text);
    for body in ["{\"erasure\": \"never\"}", "{\"deletion\": \"auto\"}"] {
        let refused = put(body).await;
        assert_eq!((refused.status, refused.code()), (400, "body_malformed"), "{}", refused.text);
    }
    assert_eq!(stage.get("/api/sources/crm").await.body["policies"]["erasure"], "always", "nothing changed");
    for (body, holds) in [("{\"erasure\": \"over:5\"}", "over:5"), ("{}", "always"), ("{}", "always")] {
        let set = put(body).await;
        assert_eq!((set.status, &set.body["policies"]["erasure"]), (200, &json!(holds)));
    }
    let journal = stage.get("/api/journal").await;
    let set = journal.body["items"].as_array().unwrap().iter();
    let set: Vec<_> = set.filter(|one| one["act"]["kind"] == "source_review_set").collect();
    // The newest first; that it was so already is no entry.
    assert_eq!(
        set.iter().map(|one| &one["act"]["review"]).collect::<Vec<_>>(),
        [&json!({}), &json!({"erasure": "over:5"})]
    );
    assert!(set.iter().all(|one| one["by"] == ANN && one["act"]["source"] == "crm"));
    stage.given()
}

async fn connectors_are_listed_even_before_they_are_used() -> Given {
    let stage = Stage::new();
    assert_eq!(stage.post("/api/sources", &crm()).await.status, 201);
    let all = stage.get("/api/connectors").await;
    let items = all.body["items"].as_array().unwrap();
    assert_eq!((&items[0]["name"], &items[0]["sources"]), (&json!("members"), &json!([])));
    assert_eq!((&items[1]["name"], &items[1]["sources"]), (&json!("plain"), &json!(["crm"])));
    assert_eq!(items[0]["identifiers"][0]["kind"], "member");
    stage.given()
}

async fn a_wrong_set_up_is_told_member_by_member() -> Given {
    let stage = Stage::new();
    let with = |member: &str, value: Value| {
        let mut body = crm();
        body[member] = value;
        body
    };
    let reply = stage.post("/api/sources", &with("connector", json!("canary"))).await;
    assert_eq!((reply.status, reply.code()), (422, "connector_unknown"));
    let mut nothing = crm();
    nothing.as_object_mut().unwrap().retain(|name, _| name == "id" || name == "connector");
    let reply = stage.post("/api/sources", &nothing).await;
    assert_eq!((reply.status, reply.code()), (422, "set_up_wrong"));
    let names: Vec<&str> = reply.body["error"]["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["account", "token"]);
    let reply = stage.post("/api/sources", &with("params", json!({"account": "1", "canary": "2"}))).await;
    assert_eq!((reply.status, reply.code()), (422, "set_up_wrong"));
    let reply = stage.post("/api/sources", &with("secret", json!({"canary": "s"}))).await;
    assert_eq!(reply.body["error"]["details"][0]["name"], "token");
    assert_eq!(stage.world.secrets.value("source/crm"), None, "nothing is written of a set-up that is wrong");
    assert_eq!(stage.post("/api/sources", &crm()).await.status, 201);
    let reply = stage.post("/api/sources", &crm()).await;
    assert_eq!((reply.status, reply.code()), (409, "source_exists"));
    let reply = stage.call("PATCH", "/api/sources/crm", Some("{}")).await;
    assert_eq!((reply.status, reply.code()), (422, "nothing_to_change"));
    let reply = stage.call("PATCH", "/api/sources/crm", Some("{\"unset\": [\"account\"]}")).await;
    assert_eq!((reply.status, reply.code()), (422, "set_up_wrong"));
    assert!(!stage.everything().contains("canary"), "{}", stage.everything());
    stage.given()
}

async fn an_unknown_data_source_or_channel_is_told() -> Given {
    let stage = Stage::new();
    for (method, path, body) in [
        ("GET", "/api/sources/crm", None),
        ("PATCH", "/api/sources/crm", Some("{\"enabled\": true}")),
        ("DELETE", "/api/sources/crm", None),
        ("POST", "/api/sources/crm/test", None),
    ] {
        let reply = stage.call(method, path, body).await;
        assert_eq!((reply.status, reply.code()), (404, "source_not_found"), "{method} {path}");
        assert!(reply.message().contains("crm"));
    }
    assert!(stage.world.store.journal().is_empty());
    stage.given()
}

async fn a_data_source_in_use_is_not_removed() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    let reply = stage.call("DELETE", "/api/sources/crm", None).await;
    assert_eq!((reply.status, reply.code()), (409, "source_in_use"));
    assert!(reply.message().contains(&id) && reply.message().contains("disable it"));
    assert_eq!(stage.get("/api/sources/crm").await.status, 200);
    stage.given()
}

async fn a_change_of_target_is_refused_with_the_tasks_that_depend_on_it() -> Given {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    stage.work().await;
    let mut body = json!({"params": {"account": "7", "host": "b.example"}, "secret": {"token": TOKEN}});
    let patch = async |body: &Value| stage.call("PATCH", "/api/sources/crm", Some(&body.to_string())).await;
    let reply = patch(&body).await;
    assert_eq!((reply.status, reply.code()), (409, "target_in_use"), "{}", reply.text);
    let standing = json!({"count": 1, "tasks": [{"request": id, "becomes": "searched_anew"}], "more": false});
    assert_eq!(reply.body["error"]["standing"], standing);
    assert!(reply.message().contains("force"), "{}", reply.text);
    assert_eq!((stage.get("/api/journal").await.body["items"].clone(), token(&stage)), (json!([]), None));
    body["force"] = json!(true);
    let reply = patch(&body).await;
    assert_eq!((reply.status, &reply.body["standing"]), (200, &standing), "{}", reply.text);
    let target = json!({"connector": "plain", "version": 1, "params": {"host": "b.example"}});
    assert_eq!(reply.body["target"], target);
    let shown = stage.get("/api/sources/crm").await;
    assert_eq!((&shown.body["target"], &shown.body["standing"]), (&target, &Value::Null));
    assert_eq!(stage.get("/api/sources").await.body["items"][0]["target"], target);
    assert_eq!(
        stage.get("/api/journal").await.body["items"][0]["act"],
        json!({"kind": "source_changed", "source": "crm", "params": ["account", "host"], "review": {},
            "secret": true, "target": target, "forced": true, "standing": 1})
    );
    assert!(!stage.everything().contains(TOKEN));
    stage.given()
}

async fn a_control_is_named_shown_and_taken_away() -> Given {
    let stage = Stage::new();
    let mut body = crm();
    body["control"] = json!({"kind": "email", "value": " control@example.com "});
    let added = stage.post("/api/sources", &body).await;
    let control = json!({"kind": "email", "value": "control@example.com"});
    assert_eq!((added.status, &added.body["control"]), (201, &control), "{}", added.text);
    let patch = async |body: Value| stage.call("PATCH", "/api/sources/crm", Some(&body.to_string())).await;
    let kept = patch(json!({"params": {"account": "8"}})).await;
    assert_eq!(kept.body["control"], control, "what is left out stays as it is");
    let reply = patch(json!({"control": {"kind": "email", "value": "canary"}})).await;
    assert_eq!((reply.status, reply.code()), (422, "set_up_wrong"));
    assert_eq!(reply.body["error"]["details"][0]["name"], "control");
    let reply = patch(json!({"control": {"kind": "email", "value": "a@example.com", "other": 1}})).await;
    assert_eq!((reply.status, reply.code()), (400, "body_malformed"));
    assert!(!stage.everything().contains("canary"), "{}", stage.everything());
    let gone = patch(json!({"control": null})).await;
    assert_eq!((gone.status, &gone.body["control"]), (200, &Value::Null), "{}", gone.text);
    let reply = patch(json!({"control": null})).await;
    assert_eq!((reply.status, reply.code()), (422, "nothing_to_change"));
    let journal = stage.get("/api/journal").await.body["items"].clone();
    let named: Vec<&Value> = journal.as_array().unwrap().iter().map(|one| &one["act"]["control"]).collect();
    assert_eq!(named, [&json!(true), &Value::Null, &json!(true)]);
    stage.given()
}

async fn of_two_changes_to_a_data_source_at_once_one_is_refused() -> Given {
    let stage = Stage::new();
    assert_eq!(stage.post("/api/sources", &crm()).await.status, 201);
    stage.world.gate.interleave(true);
    let change = |account: u8| json!({"params": {"account": account.to_string()}}).to_string();
    let (eight, nine) = (change(8), change(9));
    let (ann, bob) = tokio::join!(
        stage.call_as(Some(ANN), "PATCH", "/api/sources/crm", Some(&eight)),
        stage.call_as(Some(BOB), "PATCH", "/api/sources/crm", Some(&nine)),
    );
    stage.world.gate.interleave(false);
    let mut both = [(ann.status, ann.code()), (bob.status, bob.code())];
    both.sort();
    assert_eq!(both, [(200, ""), (409, "source_changed")]);
    assert_eq!(stage.world.store.journal().len(), 2);
    stage.given()
}

async fn trying_out_tells_why_it_does_not_work() -> Given {
    let stage = Stage::new();
    assert_eq!(stage.post("/api/sources", &crm()).await.status, 201);
    let works = stage.post("/api/sources/crm/test", &json!({})).await;
    assert_eq!(works.body, json!({"id": "crm", "works": true, "reason": null}));
    stage.tests_as(Ok(Some("credentials_rejected".to_owned())));
    let not = stage.call("POST", "/api/sources/crm/test", None).await;
    assert_eq!(not.body, json!({"id": "crm", "works": false, "reason": "credentials_rejected"}));
    stage.tests_as(Err(Failure::of(Code::FunctionUnavailable)));
    let reply = stage.post("/api/sources/crm/test", &json!({})).await;
    assert_eq!((reply.status, reply.code()), (503, "unavailable"));
    assert_eq!(reply.headers["retry-after"], "5");
    assert_eq!(reply.body["error"]["details"][0]["what"], "function_unavailable");
    stage.tests_as(Err(Failure::of(Code::FunctionMissing)));
    let reply = stage.post("/api/sources/crm/test", &json!({})).await;
    assert_eq!((reply.status, reply.code()), (500, "misconfigured"));
    let journal = stage.get("/api/journal").await.body["items"].clone();
    assert_eq!(
        journal[0]["act"],
        json!({"kind": "source_tested", "source": "crm", "reason": "credentials_rejected"})
    );
    assert_eq!(journal[1]["act"], json!({"kind": "source_tested", "source": "crm"}));
    stage.given()
}

async fn tickets_are_set_up_by_channel() -> Given {
    let stage = Stage::new();
    let body = json!({"params": {"user": "agent@example.com"}, "secret": {"token": TOKEN}}).to_string();
    let set = stage.call("PUT", "/api/ticketing/desk", Some(&body)).await;
    assert_eq!(set.body, json!({"channel": "desk", "secret_name": "rightful/test/ticketing/desk"}));
    assert_eq!(stage.world.secrets.value("ticketing/desk").unwrap(), TOKEN);
    let reply = stage.call("PUT", "/api/ticketing/canary", Some(&body)).await;
    assert_eq!((reply.status, reply.code()), (404, "channel_unknown"));
    assert!(reply.message().contains("there are: desk") && !reply.text.contains("canary"));
    let reply = stage.call("PUT", "/api/ticketing/desk", Some("{\"params\": {}, \"secret\": {}}")).await;
    assert_eq!((reply.status, reply.code()), (422, "set_up_wrong"));
    assert_eq!(reply.body["error"]["details"].as_array().unwrap().len(), 2);
    let journal = stage.get("/api/journal").await.body["items"].clone();
    assert_eq!(journal[0]["act"], json!({"kind": "ticketing_set", "channel": "desk"}));
    assert_eq!(journal.as_array().unwrap().len(), 1);
    assert!(!stage.everything().contains(TOKEN));
    stage.given()
}
