//! The open requests come by urgency, page by page, and by what a call asks for.

use crate::pages::walked;
use crate::stage::Stage;
use rightful_contract::world::source;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::model::policy::Policy;
use rightful_domain::model::task::TaskState;
use rightful_domain::ports::clock::Clock as _;
use serde_json::{Value, json};

const DAY: u64 = 24 * 3600;

/// Requests in every situation, with deadlines in no order: one in three was due before now.
async fn stage_with_work() -> Stage {
    let stage = Stage::with(Policy::Always, Policy::Always);
    stage.connect("crm", 1);
    let now = stage.world.clock.now();
    for n in 0..24_u64 {
        if n == 12 {
            stage.world.put_source("shop", true);
        }
        let right = if n % 5 == 0 { "access" } else { "erasure" };
        let id = RequestId::parse(&stage.request(right).await).unwrap();
        if n % 2 == 0 {
            stage.work().await;
        } else {
            assert!(stage.world.workflow.take().is_some());
        }
        let at = TaskRef { request_id: id, source_id: source("crm") };
        match n {
            3 => stage.world.tamper_request(id, |request| request.synthetic = true),
            // Nobody knows what the vendor did: a look may tell, or a person has to find out.
            7 => stage.world.tamper(&at, |task| task.state = TaskState::Unknown),
            9 => stage.world.tamper(&at, |task| {
                task.state = TaskState::Unknown;
                task.handed_over_at = Some(now);
            }),
            _ => {}
        }
        let days = n * 7 % 24;
        stage.world.tamper_request(id, |request| {
            request.due_at = now.plus_seconds(days * DAY).minus_seconds(7 * DAY);
        });
    }
    let first =
        stage.get("/api/requests/work?limit=1").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    stage.review(&first, "proceed").await;
    stage.work_until_closed(&first).await;
    stage
}

/// A condition on a request, as it is shown.
type Wanted<'a> = &'a dyn Fn(&Value) -> bool;

/// A request's legal deadline.
fn due(one: &Value) -> &str {
    one["due_at"].as_str().unwrap()
}

/// The open requests as the list of all requests shows them, in the order in which they should come.
async fn expected(stage: &Stage, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let all = stage.get("/api/requests?state=open&limit=100").await.body["items"].clone();
    let mut all: Vec<Value> =
        all.as_array().unwrap().iter().filter(|one| one["synthetic"] == false).cloned().collect();
    all.sort_by_key(|one| {
        (one["held"]["owner"] != "person", one["due_at"].to_string(), one["id"].to_string())
    });
    all.iter().filter(|one| wanted(one)).map(|one| one["id"].to_string()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn the_open_requests_come_by_urgency_whatever_the_page() {
    let stage = stage_with_work().await;
    let all = expected(&stage, |_| true).await;
    assert_eq!(all.len(), 22);
    for limit in [1, 2, 5, 21, 22, 100] {
        assert_eq!(walked(&stage, "/api/requests/work", limit, "id").await, all, "{limit}");
    }
    let page = stage.get("/api/requests/work?limit=1").await.body;
    let waiting = expected(&stage, |one| one["held"]["owner"] == "person").await;
    let now = stage.world.clock.now().to_string();
    let overdue = expected(&stage, |one| due(one) <= now.as_str()).await;
    assert!(waiting.len() > 8 && overdue.len() > 5, "{waiting:?} {overdue:?}");
    assert_eq!(
        page["counts"],
        json!({"open": 22, "waiting_for_a_person": waiting.len(), "overdue": overdue.len()})
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_gets_what_it_asks_for_and_the_counts_of_all() {
    let stage = stage_with_work().await;
    let now = stage.world.clock.now();
    let within = |days: u64| now.plus_seconds(days * DAY).to_string();
    let (soon, passed) = (within(3), within(0));
    let person = |one: &Value| one["held"]["owner"] == "person";
    let asks_shop = |one: &Value| one["sources"].as_array().unwrap().contains(&json!("shop"));
    let cases: [(&str, Wanted); 7] = [
        ("person=true", &person),
        ("person=false", &|_| true),
        ("due_within=0", &|one| due(one) <= passed.as_str()),
        ("due_within=3", &|one| due(one) <= soon.as_str()),
        ("right=access", &|one| one["right"] == "access"),
        ("source=shop", &asks_shop),
        ("source=shop&person=true&due_within=3&right=erasure", &|one| {
            asks_shop(one) && person(one) && due(one) <= soon.as_str() && one["right"] == "erasure"
        }),
    ];
    let counts = stage.get("/api/requests/work").await.body["counts"].clone();
    for (query, wanted) in cases {
        let expected = expected(&stage, wanted).await;
        assert!(!expected.is_empty(), "{query} asks for nothing");
        for limit in [1, 3, 100] {
            assert_eq!(
                walked(&stage, &format!("/api/requests/work?{query}"), limit, "id").await,
                expected,
                "{query}"
            );
        }
        assert_eq!(stage.get(&format!("/api/requests/work?{query}")).await.body["counts"], counts);
    }
    let none = stage.get("/api/requests/work?source=zoo").await;
    assert_eq!((none.status, &none.body["items"], &none.body["counts"]), (200, &json!([]), &counts));
}

#[tokio::test(flavor = "current_thread")]
async fn a_wrong_parameter_is_named() {
    let stage = Stage::new();
    for (query, named) in [
        ("person=yes", "person"),
        ("due_within=-1", "due_within"),
        ("due_within=soon", "due_within"),
        ("right=both", "right"),
        ("source=No%20Source", "source"),
        ("source=", "source"),
        ("limit=0", "limit"),
        ("cursor=cGxhY2U", "cursor"),
    ] {
        let reply = stage.get(&format!("/api/requests/work?{query}")).await;
        assert_eq!((reply.status, reply.code()), (400, "parameter_malformed"), "{query}");
        assert_eq!(reply.body["error"]["details"][0]["name"], named, "{query}");
    }
    let empty = stage.get("/api/requests/work").await.body;
    assert_eq!(
        empty,
        json!({"counts": {"open": 0, "waiting_for_a_person": 0, "overdue": 0}, "items": [], "next": null})
    );
}
