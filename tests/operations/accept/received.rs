//! A person asked before their request came in: legal times count from then, technical ones from the arrival.

use crate::stage::{access, world_with};
use rightful_contract::driver::Driver;
use rightful_contract::vendor::plain;
use rightful_contract::world::{CANARY, World, ann, erasure, request_id, task_of};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::note;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::duty::gauge::{Counting, OpenRequest, Work};
use rightful_domain::law::deadline::{LegalZone, ReceivedAt, ReceivedAtError};
use rightful_domain::law::ground::Ground;
use rightful_domain::law::level::Level;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::operations::accept::{AcceptError, Arrival, Demand};
use rightful_domain::operations::person::extend::ExtendError;

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn asked(text: &str) -> Demand {
    Demand { received_at: Some(ReceivedAt::parse(text).unwrap()), ..erasure() }
}

/// A world in this zone with a data source that holds the canary, and request 1, asked on this day or at this
/// time.
async fn world_asked(zone: &str, text: &str) -> World {
    let mut world = World::new();
    world.legal_zone = LegalZone::parse(zone).unwrap();
    world.connect("crm").holds(CANARY, ["record-0000".to_owned()]);
    world.demand(1, &asked(text)).await.unwrap();
    world
}

#[tokio::test]
async fn the_legal_month_counts_from_the_day_on_which_the_person_asked() {
    for (zone, text, received, due) in [
        ("UTC", "2026-11-03", "2026-11-03T00:00:00Z", "2026-12-03T00:00:00Z"),
        ("UTC", "2026-11-03T14:20Z", "2026-11-03T14:20:00Z", "2026-12-03T14:20:00Z"),
        ("Europe/Brussels", "2026-11-03", "2026-11-02T23:00:00Z", "2026-12-02T23:00:00Z"),
        // Summer time there, and winter time a month later.
        ("Europe/Brussels", "2026-10-20", "2026-10-19T22:00:00Z", "2026-11-19T23:00:00Z"),
        // 31 October there, and the last day of November.
        ("Pacific/Auckland", "2026-10-30T12:00:00Z", "2026-10-30T12:00:00Z", "2026-11-29T12:00:00Z"),
    ] {
        let world = world_asked(zone, text).await;
        let request = world.request(request_id(1));
        assert_eq!((request.received_at, request.due_at), (time(received), time(due)), "{zone} {text}");
        assert_eq!(request.arrived_at(), world.now(), "{zone} {text}");
        let [Fact::Received { received_at, due_at, .. }] = world.facts(request_id(1))[..] else {
            panic!("{zone} {text}");
        };
        assert_eq!((received_at, due_at), (Some(time(received)), time(due)));
    }
}

#[tokio::test]
async fn without_a_day_the_month_counts_from_the_arrival_and_the_row_is_as_it_was() {
    let (world, _, _) = world_with(1, plain()).await;
    let request = world.request(request_id(1));
    assert_eq!((request.received_at, request.arrived_at), (world.now(), None));
    let row = serde_json::to_value(&request).unwrap();
    assert!(row.get("arrived_at").is_none() && row.get("legal_zone").is_none());
    // A row from before either field existed.
    let read: Request = serde_json::from_value(row).unwrap();
    assert_eq!((read.arrived_at(), read.due_after(1)), (read.received_at, read.due_at));
}

#[tokio::test]
async fn a_day_on_which_nobody_can_have_asked_is_refused_and_nothing_is_stored() {
    let world = World::new();
    world.connect("crm");
    for (text, error) in [
        ("2026-11-22", ReceivedAtError::Future("UTC".to_owned())),
        ("2026-11-21T09:31:30Z", ReceivedAtError::Future("UTC".to_owned())),
        ("2025-11-19", ReceivedAtError::TooOld),
    ] {
        let refused = world.demand(1, &asked(text)).await.unwrap_err();
        assert_eq!(refused, AcceptError::ReceivedAt(error), "{text}");
    }
    assert!(!world.store.dump().contains("REQUEST#"));
    // A clock that is a little ahead: no request was received after it arrived.
    world.demand(1, &asked("2026-11-21T09:30:30Z")).await.unwrap();
    let request = world.request(request_id(1));
    assert_eq!((request.received_at, request.arrived_at), (world.now(), None));
}

#[tokio::test]
async fn an_extension_counts_from_the_day_and_only_while_its_first_month_lasts() {
    let world = world_asked("Europe/Brussels", "2026-10-31").await;
    let extended = world.extend(request_id(1), 1, Ground::Complexity).await.unwrap();
    assert_eq!(extended.due_at, time("2026-12-30T23:00:00Z"));
    let late = world_asked("UTC", "2026-10-20").await;
    let refused = late.extend(request_id(1), 1, Ground::Complexity).await.unwrap_err();
    assert_eq!(refused, ExtendError::Not(WhyNot::TooLate(time("2026-11-20T00:00:00Z"))));
}

#[tokio::test]
async fn a_request_that_is_overdue_when_it_arrives_is_accepted_escalated_and_fulfilled() {
    let world = world_asked("UTC", "2026-10-20").await;
    let request = world.request(request_id(1));
    assert_eq!(Level::of(&request, world.now()), Level::Overdue);
    let mut counting = Counting::new(world.now());
    counting.take(Work::Request(request.id, OpenRequest::of(&request)));
    let gauges = counting.end();
    assert_eq!((gauges.overdue, gauges.nearest_deadline_seconds), (1, Some(-(24 * 3600 + 34_200))));
    assert_eq!(gauges.oldest_open_seconds, request.received_at.seconds_until(world.now()));
    world.clock.advance(world.settings.grace_seconds);
    world.reconcile().await.unwrap();
    let facts = world.facts(request.id);
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Escalated { level: Level::Overdue, .. })));
    Driver::new(&world).reconcile_until_done(request_id(1), 3).await.unwrap();
    let closed = world.request(request.id);
    assert_eq!((closed.state, closed.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
}

#[tokio::test]
async fn the_waits_of_machines_count_from_the_arrival() {
    let old = world_asked("UTC", "2026-01-05").await;
    let new = world_with(1, plain()).await.0;
    for world in [&old, &new] {
        world.clock.advance(world.settings.grace_seconds);
        world.reconcile().await.unwrap();
    }
    let next =
        |world: &World| (world.request(request_id(1)).next_due, world.task(&task_of(1, "crm")).next_due);
    let (request, task) = next(&old);
    assert_eq!((task, old.request(request_id(1)).attempt), (next(&new).1, 2));
    assert!(request <= next(&new).0, "an overdue request is looked at no later");
}

#[tokio::test]
async fn receipt_and_note_say_both_times_and_the_copy_the_day_on_which_the_person_asked() {
    let world = world_asked("Europe/Brussels", "2026-11-03").await;
    Driver::new(&world).reconcile_until_done(request_id(1), 3).await.unwrap();
    let request = world.request(request_id(1));
    let file = world.receipts.file(request.id).unwrap();
    let statement = verify(&file, &[world.signer.public()]).unwrap();
    assert_eq!(statement.received_at, time("2026-11-02T23:00:00Z"));
    assert_eq!(statement.arrived_at, Some(time("2026-11-21T09:30:00Z")));
    assert_eq!(statement.legal_zone.name(), "Europe/Brussels");
    let issuer = rightful_domain::documents::receipt::Issuer { stage: "test".to_owned(), sandbox: false };
    let note = note::compose(&request, &world.tasks(request.id), &issuer).unwrap().text;
    for line in [
        "Received 2026-11-03 00:00 Europe/Brussels; the law wants an answer by 2026-12-03.",
        "It came to Rightful 2026-11-21 09:30 UTC; the law counts from the receipt.",
    ] {
        assert!(note.contains(line), "{note}");
    }
}

#[tokio::test]
async fn invariant_6_the_day_is_part_of_what_a_key_stands_for() {
    let world = World::new();
    world.connect("crm");
    let by = ann();
    let arrival = Arrival::Operator { by: &by, key: Some("people.csv/7") };
    let first = world.accept(1, &asked("2026-11-03"), arrival).await.unwrap();
    let again = world.accept(2, &asked("2026-11-03"), arrival).await.unwrap();
    assert_eq!((again.new, again.request), (false, first.request));
    for other in [asked("2026-11-04"), erasure(), Demand { received_at: None, ..access() }] {
        let refused = world.accept(3, &other, arrival).await.unwrap_err();
        assert_eq!(refused, AcceptError::Conflict(first.request));
    }
}
