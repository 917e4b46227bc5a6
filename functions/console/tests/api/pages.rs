//! Every list is walked page by page: each item comes once, and none is left out.

use crate::stage::Stage;
use rightful_domain::model::policy::Policy;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Walks a list by its cursors, and gives the member `name` of each item.
pub async fn walked(stage: &Stage, path: &str, limit: usize, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = Value::Null;
    for _ in 0..100 {
        let and = if path.contains('?') { '&' } else { '?' };
        let cursor = next.as_str().map_or_else(String::new, |next| format!("&cursor={next}"));
        let page = stage.get(&format!("{path}{and}limit={limit}{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().map(|item| item[name].to_string()));
        next = page.body["next"].clone();
        if next.is_null() {
            let once: BTreeSet<&String> = all.iter().collect();
            assert_eq!(once.len(), all.len(), "an item comes twice");
            return all;
        }
        assert!(
            next.as_str().unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }
    panic!("the list never ends");
}

#[tokio::test(flavor = "current_thread")]
async fn data_sources_and_connectors_come_by_name() {
    let stage = Stage::new();
    for n in 0..7 {
        stage.world.put_source(&format!("s{n}"), true);
    }
    for limit in [1, 3, 7, 100] {
        let all = walked(&stage, "/api/sources", limit, "id").await;
        assert_eq!(all.len(), 7);
        assert!(all.is_sorted());
        assert_eq!(walked(&stage, "/api/connectors", limit, "name").await, ["\"members\"", "\"plain\""]);
    }
    assert_eq!(stage.get("/api/sources").await.body["items"].as_array().unwrap().len(), 7);
}

#[tokio::test(flavor = "current_thread")]
async fn requests_come_newest_first_and_by_their_state() {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 0);
    let mut made = Vec::new();
    for n in 0..9 {
        let id = stage.request("erasure").await;
        if n % 3 == 0 {
            stage.work_until_closed(&id).await;
        } else {
            assert!(stage.world.workflow.take().is_some());
        }
        made.push(json!(id).to_string());
    }
    made.sort();
    made.reverse();
    for limit in [1, 2, 4, 100] {
        assert_eq!(walked(&stage, "/api/requests", limit, "id").await, made);
        let closed = walked(&stage, "/api/requests?state=closed", limit, "id").await;
        let open = walked(&stage, "/api/requests?state=open", limit, "id").await;
        assert_eq!((closed.len(), open.len()), (3, 6));
        let mut both = [closed, open].concat();
        both.sort();
        both.reverse();
        assert_eq!(both, made);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn requests_come_by_right_data_source_and_reference() {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 0);
    stage.connect("shop", 0);
    for n in 0..40 {
        let mut body = json!({
            "right": if n % 4 == 0 { "access" } else { "erasure" },
            "identifiers": [{"kind": "email", "value": "ann@example.com"}],
            "sources": [if n % 5 == 0 { "shop" } else { "crm" }],
        });
        if n % 10 == 0 {
            body["reference"] = json!(format!("T-{}", n / 20));
        }
        assert_eq!(stage.post("/api/requests", &body).await.status, 201);
        if n % 2 == 0 {
            stage.work().await;
            stage.world.reconcile().await.unwrap();
        }
    }
    let all = stage.get("/api/requests?limit=100").await.body["items"].clone();
    let all = all.as_array().unwrap();
    type Wanted<'a> = &'a dyn Fn(&Value) -> bool;
    let at_shop: Wanted = &|one| one["sources"] == json!(["shop"]);
    let cases: [(&str, Wanted); 5] = [
        ("right=access", &|one| one["right"] == "access"),
        ("source=shop", at_shop),
        ("reference=T-1", &|one| one["reference"] == "T-1"),
        ("right=access&source=shop&state=open", &|one| {
            one["right"] == "access" && at_shop(one) && one["state"] == "open"
        }),
        ("reference=T-9", &|_| false),
    ];
    for (query, wanted) in cases {
        let expected: Vec<String> =
            all.iter().filter(|one| wanted(one)).map(|one| one["id"].to_string()).collect();
        for limit in [1, 3, 100] {
            assert_eq!(
                walked(&stage, &format!("/api/requests?{query}"), limit, "id").await,
                expected,
                "{query}"
            );
        }
    }
    let open = stage.get("/api/requests/work?reference=T-1").await.body["items"].clone();
    assert!(open.as_array().unwrap().iter().all(|one| one["reference"] == "T-1"));
    for (query, named) in
        [("right=both", "right"), ("source=No", "source"), ("reference=a%20b%40c", "reference")]
    {
        let refused = stage.get(&format!("/api/requests?{query}")).await;
        assert_eq!((refused.status, refused.code()), (400, "parameter_malformed"), "{query}");
        assert_eq!(refused.body["error"]["details"][0]["name"], named);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_journal_comes_newest_first() {
    let stage = Stage::new();
    stage.world.put_source("crm", true);
    for n in 0..5 {
        let body = json!({"enabled": n % 2 == 1}).to_string();
        assert_eq!(stage.call("PATCH", "/api/sources/crm", Some(&body)).await.status, 200);
    }
    for limit in [1, 2, 5, 100] {
        assert_eq!(walked(&stage, "/api/journal", limit, "seq").await, ["5", "4", "3", "2", "1"]);
    }
    let before = stage.get("/api/journal?before=3&limit=1").await;
    assert_eq!(before.body["items"][0]["seq"], 2);
    assert!(stage.get("/api/journal?before=1").await.body["items"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn events_and_records_come_in_order() {
    let stage = Stage::new();
    stage.connect("crm", 230);
    let id = stage.request("erasure").await;
    stage.work().await;
    let (mut records, mut from) = (Vec::new(), json!(0));
    while !from.is_null() {
        let body = json!({"source": "crm", "from": from, "limit": 100});
        let page = stage.post(&format!("/api/requests/{id}/records"), &body).await;
        records.extend(page.body["records"].as_array().unwrap().clone());
        assert_eq!(page.body["all"], 230);
        from = page.body["next"].clone();
    }
    let expected: Vec<Value> = (0..230).map(|n| json!(format!("record-{n:04}"))).collect();
    assert_eq!(records, expected);
    let whole = stage.get(&format!("/api/requests/{id}/events?limit=100")).await.body;
    assert_eq!(whole["broken"], Value::Null);
    let shown = |page: &Value| page["items"].as_array().unwrap().clone();
    assert_eq!(shown(&whole).iter().filter(|event| event["fact"]["kind"] == "records_shown").count(), 3);
    let (mut events, mut after) = (Vec::new(), json!(0));
    while !after.is_null() {
        let page = stage.get(&format!("/api/requests/{id}/events?limit=2&after={after}")).await.body;
        events.extend(shown(&page));
        after = page["next"].clone();
    }
    assert_eq!(events, shown(&whole));
}
