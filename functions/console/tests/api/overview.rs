//! The overview counts what the lists show.

use crate::past::{DAY, closed, settled, store, store_task};
use crate::stage::Stage;
use rightful_contract::world::{a_request, request_id, source};
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::overview::OverviewView;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is shown now.
async fn overview(stage: &Stage) -> OverviewView {
    let reply = stage.get("/api/overview").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value(reply.body).unwrap()
}

/// All requests as the list shows them, with their tasks.
async fn all(stage: &Stage) -> Vec<(Value, Vec<Value>)> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = stage.get(&format!("/api/requests?limit=100{next}")).await.body;
        for item in page["items"].as_array().unwrap() {
            let shown = stage.shown(item["id"].as_str().unwrap()).await;
            all.push((shown["request"].clone(), shown["tasks"].as_array().unwrap().clone()));
        }
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all,
        }
    }
}

fn at(value: &Value) -> Time {
    Time::parse(value.as_str().unwrap()).unwrap()
}

/// Some of everything: worked on by the deployment, and rows of the past.
async fn busy() -> Stage {
    let stage = Stage::with(Policy::Always, Policy::Auto);
    stage.connect("crm", 3);
    stage.connect("shop", 0);
    let now = stage.world.clock.now();
    let mut made = Vec::new();
    for n in 0..12_u64 {
        let id = stage.request(if n % 4 == 3 { "access" } else { "erasure" }).await;
        stage.work().await;
        made.push(id);
    }
    stage.review(&made[0], "proceed").await;
    stage.work_until_closed(&made[0]).await;
    let mut refusal = stage.seen(&made[1], "refuse").await;
    refusal["ground"] = json!("art_17_3_b");
    let reply = stage.post(&format!("/api/requests/{}/review", made[1]), &refusal).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    stage.work_until_closed(&made[1]).await;
    assert_eq!(stage.post(&format!("/api/requests/{}/cancel", made[2]), &json!({})).await.status, 200);
    stage.work_until_closed(&made[2]).await;
    for (n, id) in made.iter().enumerate().skip(4) {
        let id = RequestId::parse(id).unwrap();
        let n = u64::try_from(n).unwrap();
        stage.world.tamper_request(id, |request| {
            request.received_at = now.minus_seconds(n * 5 * DAY);
            request.due_at = now.plus_seconds(n * 9 * DAY).minus_seconds(40 * DAY);
        });
    }
    for (n, state) in [(5, TaskState::Unknown), (6, TaskState::Submitted), (8, TaskState::Verifying)] {
        let id = RequestId::parse(&made[n]).unwrap();
        for (name, state) in [("crm", state), ("shop", TaskState::Planned)] {
            let at = TaskRef { request_id: id, source_id: source(name) };
            stage.world.tamper(&at, |task| task.state = state);
        }
    }
    for (n, outcome) in (0..70_u16).zip(RequestOutcome::ALL.into_iter().cycle()) {
        let days = 700 - u64::from(n) * 10;
        closed(&stage, n, &["crm", "old"][..usize::from(n % 2) + 1], (days, days * DAY / 3), outcome);
    }
    stage
}

#[tokio::test(flavor = "current_thread")]
async fn an_empty_deployment_has_nothing_to_count() {
    let stage = Stage::new();
    let reply = stage.get("/api/overview").await;
    let body = &reply.body;
    assert_eq!(body["open"]["counts"], json!({"open": 0, "waiting_for_a_person": 0, "overdue": 0}));
    assert_eq!(body["open"]["oldest_received_at"], Value::Null);
    assert_eq!((&body["closed"]["read"], &body["closed"]["complete_since"]), (&json!(0), &Value::Null));
    assert_eq!((&body["closed"]["time_to_close"], &body["closed"]["sources"]), (&Value::Null, &json!([])));
    assert_eq!(body["closed"]["months"].as_array().unwrap().len(), 12);
    assert_eq!((&body["health"]["synthetic"], &body["health"]["reconcile_due"]), (&Value::Null, &json!(0)));
    assert_eq!(body["dashboard"], "https://dashboard.example/rightful");
    assert_eq!(body["legal_zone"], "UTC");
}

#[tokio::test(flavor = "current_thread")]
async fn the_figures_are_those_of_the_list() {
    let stage = busy().await;
    let (shown, all, now) = (overview(&stage).await, all(&stage).await, stage.world.clock.now());
    let open: Vec<&Value> = all.iter().map(|(one, _)| one).filter(|one| one["state"] == "open").collect();
    assert_eq!(shown.open.counts.open as usize, open.len());
    assert_eq!(shown.open.turns.all() as usize, open.len());
    let persons = open.iter().filter(|one| one["held"]["owner"] == "person").count();
    assert_eq!(shown.open.turns.person as usize, persons);
    assert_eq!((shown.open.turns.unknown, shown.open.turns.vendor), (1, 1));
    assert!(persons > 2 && shown.open.turns.goes_on > 0, "{:?}", shown.open.turns);
    for group in &shown.open.ages {
        let within = |one: &&&Value| {
            let days = at(&one["received_at"]).millis_until(now) / (DAY * 1000);
            days >= group.from_days.into() && group.before_days.is_none_or(|before| days < before.into())
        };
        assert_eq!(group.requests.all() as usize, open.iter().filter(within).count(), "{group:?}");
    }
    let overdue = open.iter().filter(|one| at(&one["due_at"]) <= now).count();
    assert_eq!(shown.open.counts.overdue as usize, overdue);
    let ahead: u32 = shown.open.due_weeks.iter().map(|week| week.requests).sum();
    assert!(overdue > 0 && ahead > 2 && shown.open.due_later > 0, "{:?}", shown.open);

    let known: Vec<&str> = shown.closed.months.iter().map(|month| month.month.as_str()).collect();
    let (mut outcomes, mut sources): (BTreeMap<_, u32>, BTreeMap<_, (u32, u64, u64)>) = Default::default();
    let mut read = 0;
    for (one, tasks) in all.iter().filter(|(one, _)| one["state"] == "closed") {
        read += 1;
        let month = one["closed_at"].as_str().unwrap()[..7].to_owned();
        if !known.contains(&month.as_str()) {
            continue;
        }
        *outcomes.entry((month, one["outcome"].as_str().unwrap().to_owned())).or_default() += 1;
        for task in tasks.iter().filter(|_| one["dry_run"] == false) {
            let own = sources.entry(task["source"].as_str().unwrap().to_owned()).or_default();
            let count = |name: &str| task["counts"][name].as_u64().unwrap();
            *own = (own.0 + 1, own.1 + count("found"), own.2 + count("confirmed"));
        }
    }
    assert_eq!((shown.closed.read, shown.closed.complete_since), (read, None));
    assert!(shown.closed.outcomes.all() < read, "some closed before these months");
    for month in &shown.closed.months {
        for outcome in RequestOutcome::ALL {
            let expected = outcomes.remove(&(month.month.clone(), outcome.as_str().to_owned()));
            assert_eq!(month.outcomes.of(outcome), expected.unwrap_or_default(), "{}", month.month);
        }
        assert_eq!(month.outcomes.all() > 0, month.time_to_close.is_some());
    }
    assert!(outcomes.is_empty(), "{outcomes:?}");
    let shown_sources: BTreeMap<_, _> = shown
        .closed
        .sources
        .iter()
        .map(|one| (one.source.to_string(), (one.requests, one.found, one.confirmed)))
        .collect();
    assert_eq!(shown_sources, sources);
    assert_eq!(shown_sources.keys().collect::<Vec<_>>(), ["crm", "old", "shop"]);
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_that_the_overview_shows_is_about_a_person() {
    let stage = busy().await;
    let reply = stage.get("/api/overview").await;
    assert!(!reply.text.to_lowercase().contains("canar"), "{}", reply.text);
}

#[tokio::test(flavor = "current_thread")]
async fn too_many_requests_are_read_up_to_a_bound_and_the_answer_says_how_far() {
    let stage = Stage::new();
    let sources = ["a", "b"];
    let mut arrived = Vec::new();
    for n in 0..2130_u16 {
        let days = 60 - u64::from(n / 40);
        arrived.push(closed(&stage, n, &sources, (days, DAY), RequestOutcome::Fulfilled).received_at);
    }
    drop(stage.world.gate.take_reads());
    let shown = overview(&stage).await;
    let reads = stage.world.gate.take_reads();
    // The due index by its shards; and tasks once for each page of requests.
    assert_eq!(reads, BTreeMap::from([("read open work", 8), ("read tasks", 20)]));
    assert_eq!((shown.closed.read, shown.closed.outcomes.fulfilled), (2000, 2000));
    assert_eq!(shown.closed.complete_since, Some(arrived[130]));
    let whole: Vec<&str> =
        shown.closed.months.iter().filter(|month| !month.partial).map(|month| month.month.as_str()).collect();
    assert_eq!(whole, ["2026-11"], "what was left out arrived in September, and had its month");
    assert_eq!(shown.closed.sources.iter().map(|one| one.requests).collect::<Vec<_>>(), [2000, 2000]);
}

#[tokio::test(flavor = "current_thread")]
async fn requests_that_had_to_close_before_these_months_are_not_read() {
    let stage = Stage::new();
    for n in 0..250_u16 {
        let days = if n < 150 { 800 } else { 30 };
        closed(&stage, n, &["a"], (days, DAY), RequestOutcome::Refused);
    }
    let shown = overview(&stage).await;
    assert_eq!((shown.closed.read, shown.closed.outcomes.all()), (200, 100));
    assert_eq!(shown.closed.complete_since, Some(stage.world.clock.now().minus_seconds(800 * DAY)));
    assert!(shown.closed.months.iter().all(|month| !month.partial));
}

#[tokio::test(flavor = "current_thread")]
async fn few_requests_cost_few_reads_and_synthetic_ones_and_dry_runs_next_to_none() {
    let stage = Stage::new();
    for n in 0..250_u16 {
        let outcome = if n < 100 { RequestOutcome::DryRun } else { RequestOutcome::Fulfilled };
        let request = closed(&stage, n, &["a"], (30, DAY), outcome);
        store(&stage, &Request { synthetic: n >= 200, ..request });
    }
    drop(stage.world.gate.take_reads());
    let shown = overview(&stage).await;
    assert_eq!(
        stage.world.gate.take_reads(),
        BTreeMap::from([("read open work", 8), ("read tasks", 3)]),
        "the third page needs no tasks, and its call reads none"
    );
    assert_eq!((shown.closed.read, shown.closed.outcomes.all()), (250, 200));
    assert_eq!(shown.closed.sources[0].requests, 100);
    assert_eq!(shown.closed.complete_since, None);
}

#[tokio::test(flavor = "current_thread")]
async fn the_last_synthetic_request_is_told_with_its_end() {
    let stage = Stage::new();
    let now = stage.world.clock.now();
    let ended = |n: u16, days: u64, outcome: Outcome| {
        let request = closed(&stage, n, &["a", "b"], (days, 60), RequestOutcome::DryRun);
        store(&stage, &Request { synthetic: true, ..request.clone() });
        store_task(&stage, &settled(n, "b", request.received_at, outcome));
    };
    ended(1, 2, Outcome::DryRun);
    let last = overview(&stage).await.health.synthetic.unwrap();
    assert_eq!((last.request, last.succeeded), (request_id(1), Some(true)));
    ended(2, 1, Outcome::NothingFound);
    let last = overview(&stage).await.health.synthetic.unwrap();
    assert_eq!((last.request, last.succeeded), (request_id(2), Some(false)));
    assert_eq!(last.outcome, Some(RequestOutcome::DryRun));
    let open = Request { synthetic: true, state: RequestState::Open, ..a_request(3, &["a"], now) };
    store(&stage, &open);
    let shown = overview(&stage).await;
    let last = shown.health.synthetic.unwrap();
    assert_eq!((last.request, last.succeeded, last.closed_at), (request_id(3), None, None));
    assert_eq!((shown.open.counts.open, shown.closed.outcomes.all()), (0, 0), "it counts nowhere else");
    // Nobody moved it for an hour.
    stage.world.clock.advance(3600);
    let health = overview(&stage).await.health;
    assert_eq!((health.reconcile_due, health.reconcile_due_since), (1, Some(now)));
}

#[tokio::test(flavor = "current_thread")]
async fn it_takes_no_parameter() {
    let stage = Stage::new();
    let reply = stage.get("/api/overview?since=2026-01-01").await;
    assert_eq!((reply.status, reply.code()), (400, "parameter_malformed"));
}
