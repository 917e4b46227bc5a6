//! The monitoring of a deployment: the gauges of all open work, and the chains of events.

use crate::stage::{DAY, decided, submitted};
use rightful_contract::driver::Driver;
use rightful_contract::vendor::Reply;
use rightful_contract::world::{CANARY, World, ann, erasure_of, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::chain::act::Act;
use rightful_domain::duty::gauge::Gauges;
use rightful_domain::model::task::TaskState;
use rightful_domain::operations::reconcile::run::{Reconcile, Run};
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::set_up::{SetUp, SetsUp, SourceRow};
use rightful_domain::ports::store::Cursors;
use std::cell::Cell;

async fn run(world: &World) -> Run {
    world.reconcile().await.unwrap()
}

async fn gauges(world: &World) -> Gauges {
    run(world).await.gauges.unwrap()
}

fn event_key(world: &World, id: RequestId, seq: usize) -> (String, String) {
    let keys = world.store.table().all().into_iter().map(|(key, _)| key);
    let mut events = keys.filter(|(pk, sk)| *pk == format!("REQUEST#{id}") && sk.starts_with("EVENT#"));
    events.nth(seq - 1).unwrap()
}

#[tokio::test]
async fn open_work_is_counted_whether_it_is_due_or_not() {
    let world = World::new();
    assert_eq!(gauges(&world).await, Gauges::default(), "nothing is open");
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    for n in 1..=20 {
        world.demand(n, &erasure_of(&format!("person-{n}@example.com"))).await.unwrap();
    }
    world.clock.advance(10);
    for page in [1, 3, 25] {
        world.store.page_size(page);
        let run = run(&world).await;
        assert_eq!((run.examined, run.started), (0, 0), "nothing is due");
        let gauges = run.gauges.unwrap();
        assert_eq!((gauges.open, gauges.oldest_open_seconds), (20, 10), "pages of {page}");
        let left = world.now().seconds_until(world.request(request_id(1)).due_at);
        assert_eq!(gauges.nearest_deadline_seconds, Some(left.try_into().unwrap()));
        assert_eq!((gauges.at_risk, gauges.overdue), (0, 0));
    }
}

#[tokio::test]
async fn a_legal_deadline_that_is_near_or_past_shows_although_nothing_is_due() {
    let (world, _, at) = submitted(2).await;
    let far = world.now().plus_seconds(400 * DAY);
    // Nobody looks at it for a year; an alarm on examined work only would stay silent.
    world.tamper(&at, |task| task.next_due = Some(far));
    world.tamper_request(request_id(1), |request| request.next_due = Some(far));
    for (days, at_risk, pressing, overdue) in [(20, 0, 0, 0), (24, 1, 0, 0), (28, 1, 1, 0), (40, 1, 1, 1)] {
        let received = world.request(request_id(1)).received_at;
        world.clock.advance(world.now().seconds_until(received.plus_seconds(days * DAY)));
        let run = run(&world).await;
        let gauges = run.gauges.unwrap();
        assert_eq!(run.examined, 0);
        assert_eq!((gauges.at_risk, gauges.pressing, gauges.overdue), (at_risk, pressing, overdue), "{days}");
        assert_eq!(gauges.nearest_deadline_seconds.unwrap() < 0, overdue == 1);
    }
}

#[tokio::test]
async fn an_unknown_operation_ages_from_when_it_became_unknown() {
    let (world, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Lost);
        // Nothing can be searched there, so no look can tell.
        state.capabilities.identifiers.clear();
    });
    world.clock.advance(500);
    world.submit(&at).await.unwrap();
    let became = world.now();
    assert_eq!((world.task(&at).state, world.task(&at).unknown_since), (TaskState::Unknown, Some(became)));
    for _ in 0..30 {
        world.clock.advance(4000);
        let gauges = gauges(&world).await;
        assert_eq!((gauges.unknown, gauges.awaiting_review), (1, 0));
        assert_eq!(
            gauges.oldest_unknown_seconds,
            became.seconds_until(world.now()),
            "whatever was stored since"
        );
    }
}

#[tokio::test]
async fn what_is_done_is_not_counted_and_a_person_who_is_remembered_too_long_is() {
    let (world, _, _) = submitted(2).await;
    Driver::new(&world).reconcile_until_done(request_id(1), 9).await.unwrap();
    assert_eq!(gauges(&world).await, Gauges::default());
    // As if forgetting were impossible.
    world.tamper_request(request_id(1), |request| {
        request.forgotten_at = None;
        request.forget_at = Some(world.now());
        request.next_due = Some(world.now().plus_seconds(30 * DAY));
    });
    world.clock.advance(DAY);
    assert_eq!(gauges(&world).await.forgetting_overdue, 0, "a day is let pass");
    world.clock.advance(1);
    assert_eq!(gauges(&world).await.forgetting_overdue, 1);
}

#[tokio::test]
async fn a_synthetic_request_is_in_no_gauge() {
    let (world, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Lost);
        state.capabilities.identifiers.clear();
    });
    world.submit(&at).await.unwrap();
    world.tamper_request(request_id(1), |request| request.synthetic = true);
    world.clock.advance(60 * DAY);
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    assert_eq!(gauges(&world).await, Gauges::default());
    world.demand(2, &erasure_of("somebody@example.com")).await.unwrap();
    assert_eq!(gauges(&world).await.open, 1, "and hides no other one");
}

/// A clock on which the first page of open work takes 301 seconds.
struct SlowPage<'a>(&'a World, Cell<u32>);

impl Clock for SlowPage<'_> {
    fn now(&self) -> Time {
        self.1.set(self.1.get() + 1);
        if self.1.get() == 2 {
            self.0.clock.advance(301);
        }
        self.0.now()
    }

    async fn nap(&self, millis: u64) {
        self.0.clock.nap(millis).await;
    }
}

#[tokio::test]
async fn a_run_that_cannot_count_says_so_and_brings_requests_forward_all_the_same() {
    let (world, _, _) = submitted(2).await;
    world.store.page_size(1);
    world.clock.advance(1000);
    let reconcile = Reconcile {
        store: &world.store,
        keys: &world.keys,
        vendors: &world.vendors,
        workflow: &world.workflow,
        clock: &SlowPage(&world, Cell::new(0)),
        settings: world.settings,
    };
    let run = reconcile.reconcile(world.now().plus_seconds(600)).await.unwrap();
    assert_eq!((run.gauges, run.gauge_failure.unwrap().code), (None, Code::OpenWorkTooMuch));
    assert_eq!((run.examined, run.checked, run.failed), (1, 1, 0));
    let json = serde_json::to_value(&run).unwrap();
    assert!(
        json.get("open").is_none() && json.get("unknown").is_none(),
        "no number, rather than a wrong one"
    );
}

#[tokio::test]
async fn a_whole_chain_is_no_news() {
    let (world, _, _) = submitted(2).await;
    world.clock.advance(1000);
    let run = run(&world).await;
    assert_eq!((run.examined, run.chains_broken, run.broken.len()), (1, 0, 0));
}

#[tokio::test]
async fn a_broken_chain_is_counted_with_its_request_and_stops_nothing_else() {
    for (which, why) in [("changed", "previous hash"), ("removed", "number"), ("last", "missing")] {
        let (world, vendor, _) = submitted(2).await;
        vendor.holds("second@example.com", ["b".to_owned()]);
        world.demand(2, &erasure_of("second@example.com")).await.unwrap();
        let events = world.facts(request_id(1)).len();
        let table = world.store.table();
        match which {
            "changed" => {
                let key = event_key(&world, request_id(1), 1);
                let mut item = table.row(&key.0, &key.1).unwrap();
                item.body = String::from_utf8(item.body).unwrap().replace("erasure", "access").into_bytes();
                table.set(key, Some(item));
            }
            "removed" => table.set(event_key(&world, request_id(1), 2), None),
            _ => table.set(event_key(&world, request_id(1), events), None),
        }
        world.clock.advance(1000);
        let run = run(&world).await;
        assert_eq!((run.examined, run.chains_broken, run.failed), (2, 1, 0), "{which}");
        let (id, error) = run.broken[0];
        assert_eq!((id, error.why), (request_id(1), why), "{which}");
        assert_eq!((run.checked, run.started), (1, 1), "both were brought forward: {which}");
    }
}

#[tokio::test]
async fn a_head_that_nobody_can_read_is_a_broken_chain() {
    let (world, _, _) = submitted(2).await;
    entries(&world, 3).await;
    let table = world.store.table();
    for pk in [format!("REQUEST#{}", request_id(1)), "JOURNAL".to_owned()] {
        let mut head = table.row(&pk, "HEAD").unwrap();
        head.body = b"{}".to_vec();
        table.set((pk, "HEAD".to_owned()), Some(head));
    }
    world.clock.advance(1000);
    let run = run(&world).await;
    assert_eq!((run.chains_broken, run.broken.len()), (2, 1));
    assert!(run.journal_failure.is_some());
}

async fn entries(world: &World, count: u32) {
    for _ in 0..count {
        let act = Act::TicketingSet { channel: "zendesk".to_owned() };
        let change = SetUp { at: world.now(), by: ann(), row: SourceRow::Untouched, act };
        world.store.set_up(change).await.unwrap();
    }
}

async fn place(world: &World) -> Option<u64> {
    world.store.cursor().await.unwrap().and_then(|kept| kept.journal).map(|head| head.seq)
}

#[tokio::test]
async fn the_journal_is_checked_a_hundred_entries_a_run_round_and_round() {
    let world = World::new();
    entries(&world, 250).await;
    let mut places = Vec::new();
    for _ in 0..5 {
        assert_eq!(run(&world).await.chains_broken, 0);
        places.push(place(&world).await);
    }
    assert_eq!(places, [Some(100), Some(200), None, Some(100), Some(200)]);
}

#[tokio::test]
async fn a_short_journal_is_checked_whole_by_each_run_and_keeps_no_place() {
    let world = World::new();
    entries(&world, 3).await;
    for _ in 0..3 {
        assert_eq!(run(&world).await.chains_broken, 0);
        assert_eq!(world.store.cursor().await, Ok(None));
    }
}

#[tokio::test]
async fn an_entry_of_the_journal_that_does_not_fit_is_counted_by_every_run_until_it_is_mended() {
    let world = World::new();
    entries(&world, 150).await;
    let key = ("JOURNAL".to_owned(), format!("ENTRY#{:020}", 120));
    let whole = world.store.table().row(&key.0, &key.1).unwrap();
    let mut changed = whole.clone();
    changed.body = String::from_utf8(changed.body).unwrap().replace("zendesk", "freshdesk").into_bytes();
    world.store.table().set(key.clone(), Some(changed));
    assert_eq!(run(&world).await.chains_broken, 0, "the first hundred hold together");
    for _ in 0..3 {
        let run = run(&world).await;
        assert_eq!((run.chains_broken, run.journal_broken.unwrap().at), (1, 121));
        assert_eq!(place(&world).await, Some(100));
    }
    world.store.table().set(key, Some(whole));
    assert_eq!(run(&world).await.chains_broken, 0);
    assert_eq!(place(&world).await, None, "the next round");
}
