//! Tagged tickets that were never received.

use crate::stage::DAY;
use rightful_contract::world::{World, ann, erasure, erasure_of};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::Reference;
use rightful_domain::operations::accept::{Arrival, Demand};
use rightful_domain::operations::reconcile::unreceived::{Compared, GRACE_SECONDS, Unreceived};
use rightful_domain::vendor::fault::Fault;

async fn read(world: &World) -> Result<Option<Compared>, Failure> {
    let unreceived =
        Unreceived { store: &world.store, tickets: &world.tickets, tags: &world.tags, clock: &world.clock };
    let tags = ["rightful_erasure".to_owned(), "rightful_access".to_owned()];
    unreceived.tickets("zendesk", &tags, world.now().plus_seconds(300)).await
}

async fn missing(world: &World) -> Vec<String> {
    read(world).await.unwrap().unwrap().unreceived.into_iter().collect()
}

fn about(reference: &str, email: &str) -> Demand {
    Demand { reference: Reference::parse(reference).ok(), ..erasure_of(email) }
}

/// A delivery about a ticket, as the channel accepts it.
async fn deliver(world: &World, n: u16, reference: &str) {
    let arrival = Arrival::Delivery { channel: "zendesk", key: reference.as_bytes(), body: b"{}" };
    world.accept(n, &about(reference, &format!("person-{n}@example.com")), arrival).await.unwrap();
}

fn tagged(tickets: impl IntoIterator<Item = u64>) -> World {
    let world = World::new();
    world.connect("crm");
    tickets.into_iter().for_each(|ticket| world.tickets.tag(ticket, "rightful_erasure"));
    world
}

#[tokio::test]
async fn a_tagged_ticket_is_missing_until_it_is_delivered_or_made_by_hand() {
    let world = tagged(1..=5);
    world.tickets.tag(6, "rightful_access");
    world.tickets.tag(7, "another");
    deliver(&world, 1, "ZD-1").await;
    deliver(&world, 2, "2").await;
    world.clock.advance(GRACE_SECONDS + 1);
    assert_eq!(missing(&world).await, ["3", "4", "5", "6"]);
    let by = Arrival::Operator { by: &ann(), key: None };
    world.accept(3, &about("ZD-3", "by-hand@example.com"), by).await.unwrap();
    // A second request about a ticket has a reference of its own.
    deliver(&world, 4, "ZD-4-2").await;
    deliver(&world, 5, "ZD-5").await;
    deliver(&world, 6, "ZD-6").await;
    let found = read(&world).await.unwrap().unwrap();
    assert_eq!(found, Compared { tagged: 6, unreceived: [].into(), whole: true });
}

#[tokio::test]
async fn a_refused_delivery_leaves_its_ticket_missing() {
    let world = tagged([8]);
    let arrival = Arrival::Delivery { channel: "zendesk", key: b"ZD-8", body: b"{}" };
    let nowhere = Demand { sources: vec![rightful_contract::world::source("gone")], ..erasure() };
    assert!(world.accept(1, &nowhere, arrival).await.is_err());
    world.clock.advance(GRACE_SECONDS + 1);
    assert_eq!(missing(&world).await, ["8"]);
}

#[tokio::test]
async fn a_ticket_that_may_be_on_its_way_is_not_missing_yet_and_an_old_one_no_longer() {
    let world = tagged([9]);
    world.clock.advance(GRACE_SECONDS - 60);
    assert_eq!(missing(&world).await, [""; 0]);
    world.clock.advance(120);
    assert_eq!(missing(&world).await, ["9"]);
    // Each of the parts of the time is read.
    for days in [2, 5, 10, 29] {
        world.tickets.tag(9, "rightful_erasure");
        world.clock.advance(days * DAY + 2 * GRACE_SECONDS);
        assert_eq!(missing(&world).await, ["9"], "{days}");
    }
    world.clock.advance(3 * DAY);
    assert_eq!(missing(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_ticketing_system_that_is_not_set_up_or_fails_counts_nothing() {
    let world = tagged([10]);
    world.clock.advance(GRACE_SECONDS + 1);
    world.tickets.down(Some(Fault::Throttled(None)));
    assert_eq!(read(&world).await, Err(Fault::Throttled(None).failure()));
    world.tickets.down(None);
    world.tickets.is_absent();
    assert_eq!(read(&world).await, Ok(None));
}

#[tokio::test]
async fn a_read_compares_so_many_the_latest_first_and_says_that_there_are_more() {
    let world = tagged(1..=10_000);
    world.clock.advance(2 * DAY);
    (20_001..=20_003).for_each(|ticket| world.tickets.tag(ticket, "rightful_erasure"));
    world.clock.advance(GRACE_SECONDS + 1);
    let found = read(&world).await.unwrap().unwrap();
    assert!(!found.whole && (5_000..5_010).contains(&found.tagged), "{}", found.tagged);
    assert!(found.unreceived.contains("20001") && found.unreceived.contains("20003"));
}
