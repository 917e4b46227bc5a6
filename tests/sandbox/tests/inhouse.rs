//! The fake in-house system: the contract, its approval, and its faults.

#![allow(clippy::unwrap_used, reason = "a test: when the answer is another one, it shall stop there")]

mod stage;

use rightful_sandbox::http::{Response, send};
use rightful_sandbox::{DEFAULT_INHOUSE_TOKEN, Fault, FaultKind, On, Person, Reset};
use serde_json::{Value, json};
use stage::{Stage, good};

async fn call(stage: &Stage, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Response> {
    let auth = format!("Bearer {DEFAULT_INHOUSE_TOKEN}");
    send(&stage.sandbox.url, method, path, &[("authorization", auth.as_str())], body).await
}

async fn search(stage: &Stage, kind: &str, value: &str) -> Vec<String> {
    let body = json!({"identifier": {"kind": kind, "value": value}});
    let found = good(call(stage, "POST", "/rightful/search", Some(&body)).await);
    let records = found["records"].as_array().unwrap().iter();
    records.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn erase(stage: &Stage, dry_run: bool) -> Value {
    let body = json!({"records": ["c-100001", "o-7731"], "justification": "x", "dry_run": dry_run});
    good(call(stage, "POST", "/rightful/erasures", Some(&body)).await)
}

async fn status(stage: &Stage, erasure: &Value) -> Value {
    let path = format!("/rightful/erasures/{}", erasure["id"].as_str().unwrap());
    good(call(stage, "GET", &path, None).await)
}

#[tokio::test]
async fn people_are_found_by_each_kind_with_their_neighbours_and_erased() {
    let stage = Stage::fast();
    for (kind, value) in [("email", "ann@example.com"), ("phone", "+32470000001"), ("customer_id", "100001")]
    {
        let mut found = search(&stage, kind, value).await;
        found.sort();
        assert_eq!(found, ["c-100001", "c-1000010", "o-7731"], "{kind}");
    }
    let erasure = erase(&stage, false).await;
    assert_eq!((&erasure["status"], &erasure["dry_run"]), (&json!("pending"), &json!(false)));
    let done = status(&stage, &erasure).await;
    assert_eq!(done["status"], "finished");
    assert_eq!(done["records"][1], json!({"id": "o-7731", "result": "deleted"}));
    assert_eq!(search(&stage, "customer_id", "100001").await, ["c-1000010"]);
    assert_eq!(stage.control.people().await.unwrap().len(), 3);
    let journal = stage.control.journal().await.unwrap();
    let searched = journal.calls_of("inhouse_search");
    assert_eq!(searched[1].identifier_kind.as_deref(), Some("phone"));
    assert_eq!(journal.calls_of("inhouse_submit")[0].records, ["c-100001", "o-7731"]);
    assert_eq!(journal.inhouse_erasures.len(), 2);
    assert!(journal.erasures.is_empty());
}

#[tokio::test]
async fn an_erasure_waits_for_its_approval_and_a_dry_run_erases_nothing() {
    let stage = Stage::fast();
    let waits = Reset { inhouse_approves: true, ..Reset::default() };
    stage.control.reset(&waits).await.unwrap();
    let erasure = erase(&stage, false).await;
    assert_eq!(status(&stage, &erasure).await["status"], "awaiting_approval");
    assert_eq!(stage.control.people().await.unwrap().len(), 5);
    stage.control.approve_erasure(erasure["id"].as_str().unwrap()).await.unwrap();
    assert_eq!(status(&stage, &erasure).await["status"], "finished");
    assert_eq!(stage.control.people().await.unwrap().len(), 3);
    assert!(stage.control.approve_erasure("nobody's").await.is_err());

    let stage = Stage::fast();
    let dry = erase(&stage, true).await;
    assert_eq!((&dry["dry_run"], &status(&stage, &dry).await["status"]), (&json!(true), &json!("finished")));
    assert_eq!(stage.control.people().await.unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_not_the_contract_is_refused() {
    let stage = Stage::fast();
    for (path, body) in [
        ("/rightful/search", json!({})),
        ("/rightful/search", json!({"identifier": {"kind": "shoe_size", "value": "1"}})),
        ("/rightful/erasures", json!({"records": [], "justification": "x", "dry_run": false})),
        ("/rightful/erasures", json!({"records": ["a"], "justification": "x"})),
        ("/rightful/erasures", json!({"records": [1], "justification": "x", "dry_run": false})),
    ] {
        assert_eq!(call(&stage, "POST", path, Some(&body)).await.unwrap().status, 400, "{body}");
    }
    assert_eq!(call(&stage, "GET", "/rightful/erasures/x", None).await.unwrap().status, 404);
    let nobody = send(&stage.sandbox.url, "GET", "/rightful/erasures/x", &[], None).await.unwrap();
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn its_faults_are_its_own() {
    let stage = Stage::fast();
    stage.order(Fault::new(On::InhouseSubmit, FaultKind::Lies {})).await;
    stage.order(Fault::new(On::InhouseStatus, FaultKind::WrongRule {}).once()).await;
    stage.order(Fault::new(On::InhouseSearch, FaultKind::DuplicateId {}).once()).await;
    assert_eq!(search(&stage, "phone", "+32470000001").await.len(), 4);
    let erasure = erase(&stage, false).await;
    assert_eq!(status(&stage, &erasure).await["id"], "erasure-0");
    assert_eq!(status(&stage, &erasure).await["status"], "finished");
    assert_eq!(stage.control.people().await.unwrap().len(), 5);
    // Qualifio's rules are not touched by them.
    let rule = stage.submit(&[78]).await;
    stage.status(&rule).await;
    assert_eq!(stage.left(stage::JOAO).await, [79, 85]);
}

#[tokio::test]
async fn an_answer_says_whether_there_are_more() {
    let stage = Stage::fast();
    let body = json!({"identifier": {"kind": "phone", "value": "+32470000001"}});
    let ask = async || good(call(&stage, "POST", "/rightful/search", Some(&body)).await);
    assert_eq!(ask().await["has_more"], false);
    for (kind, records, has_more) in [
        (FaultKind::Pages { n: 1 }, 1, true),
        (FaultKind::Pages { n: 3 }, 3, false),
        (FaultKind::Blind {}, 0, false),
        (FaultKind::Exact {}, 2, false),
    ] {
        stage.order(Fault::new(On::InhouseSearch, kind).once()).await;
        let answer = ask().await;
        assert_eq!(answer["records"].as_array().unwrap().len(), records);
        assert_eq!(answer["has_more"], has_more);
    }
}

#[tokio::test]
async fn records_appear_are_listed_unasked_and_are_erased_by_a_dry_run() {
    let stage = Stage::fast();
    stage.order(Fault::new(On::InhouseSubmit, FaultKind::Appears { n: 1 }).once()).await;
    stage.order(Fault::new(On::InhouseSubmit, FaultKind::ListsStranger { erases: true }).once()).await;
    stage.order(Fault::new(On::InhouseSubmit, FaultKind::ErasesInTest {}).once()).await;
    let erasure = erase(&stage, true).await;
    assert_eq!(erasure["dry_run"], true);
    let done = status(&stage, &erasure).await;
    assert_eq!(done["records"].as_array().unwrap().len(), 3);
    assert_eq!(done["records"][2]["id"], "c-1000010");
    let left: Vec<String> = stage.control.people().await.unwrap().into_iter().map(|one| one.id).collect();
    let id = erasure["id"].as_str().unwrap();
    assert_eq!(left, ["c-100002".to_owned(), "c-9".to_owned(), format!("{id}-1")]);
    assert_eq!(search(&stage, "email", "ann@example.com").await, [format!("{id}-1")]);
}

#[tokio::test]
async fn people_come_while_it_runs() {
    let stage = Stage::fast();
    let two = Person {
        email: Some("ann@example.com, bo@example.com".to_owned()),
        ..Person::named("c-100009", "Ann and Bo", "", "0470000001", "100009")
    };
    stage.control.add_people(std::slice::from_ref(&two)).await.unwrap();
    assert!(search(&stage, "email", "ann@example.com").await.contains(&two.id));
    stage.control.add_people(&[two]).await.unwrap();
    assert_eq!(stage.control.people().await.unwrap().len(), 6);
}
