//! Invariant 1: no identifier in a URL, in a log line, or in an answer that it doesn't belong to; no secret
//! anywhere.

use crate::log::logged;
use crate::stage::{ANN, Stage, TOKEN};
use rightful_contract::canary;
use rightful_contract::world::CANARY;
use serde_json::{Value, json};

#[tokio::test(flavor = "current_thread")]
async fn invariant_1_no_identifier_and_no_secret_is_logged_or_answered() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    stage.connect_members("club");
    let source =
        json!({"id": "new", "connector": "plain", "params": {"account": "7"}, "secret": {"token": TOKEN}});
    assert_eq!(stage.post("/api/sources", &source).await.status, 201);
    let source = json!({"id": "worse", "connector": "plain", "secret": {"token": TOKEN, TOKEN: TOKEN}});
    assert_eq!(stage.post("/api/sources", &source).await.status, 422);
    let id = stage.request("erasure").await;
    stage.work().await;
    let bad: [Value; 4] = [
        json!({"right": CANARY, "identifiers": [CANARY]}),
        json!({"right": "erasure", "identifiers": [{"kind": CANARY, "value": CANARY}]}),
        json!({"right": "erasure", "identifiers": [{"kind": "email", "value": format!("{CANARY} {CANARY}")}]}),
        json!({"right": "erasure", "identifiers": [], CANARY: CANARY, "reference": CANARY}),
    ];
    for body in bad {
        assert!(stage.post("/api/requests", &body).await.status >= 400);
    }
    let identify = json!({"source": "club", "identifier": {"kind": "member", "value": CANARY}});
    assert_eq!(stage.post(&format!("/api/requests/{id}/identify"), &identify).await.status, 422);
    let mut review = stage.seen(&id, "refuse").await;
    review["reason"] = json!(format!("{CANARY} asked for it"));
    review["ground"] = json!("art_17_3_e");
    assert_eq!(stage.post(&format!("/api/requests/{id}/review"), &review).await.status, 200);
    for path in ["", "/events", "/receipt"] {
        stage.get(&format!("/api/requests/{id}{path}")).await;
    }
    stage.work_until_closed(&id).await;
    for path in ["", "/events", "/receipt"] {
        assert_eq!(stage.get(&format!("/api/requests/{id}{path}")).await.status, 200);
    }
    for path in ["/api/requests", "/api/sources", "/api/connectors", "/api/journal", "/api/overview"] {
        assert_eq!(stage.get(path).await.status, 200);
    }
    let answers = stage.everything();
    // URLs that hold what they must not: nothing of them is answered or logged.
    for path in [
        format!("/api/requests/{CANARY}"),
        format!("/api/requests?email={CANARY}"),
        format!("/api/{CANARY}"),
        format!("/api/sources/{TOKEN}?token={TOKEN}"),
    ] {
        let reply = stage.get(&path).await;
        assert!(reply.status >= 400);
        assert!(
            canary::found(&reply.text, CANARY).is_empty() && !reply.text.contains(TOKEN),
            "{}",
            reply.text
        );
    }
    let reply =
        stage.call_as(Some(ANN), CANARY.replace(['@', '+'], "X").as_str(), "/api/journal", None).await;
    assert_eq!(reply.status, 405);

    assert_eq!(canary::found(&answers, CANARY), [""; 0]);
    assert!(!answers.contains(TOKEN));
    let logged = logged();
    assert_eq!(canary::found(&logged, CANARY), [""; 0]);
    assert!(!logged.contains(TOKEN) && !logged.contains("Canario"), "{logged}");
    let line = logged.lines().find(|line| line.contains("/api/requests/{id}/review")).unwrap();
    for part in ["method=\"POST\"", "status=200", "code=\"ok\"", ANN, &id] {
        assert!(line.contains(part), "{line}");
    }
}
