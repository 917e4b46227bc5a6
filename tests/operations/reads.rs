//! The reads of an operation, and their number: each read costs money and time.

use crate::stage::{decided_with, drive, ids, world_with};
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, erasure, request_id, source, task_of};
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::operations::accept::Demand;
use rightful_domain::vendor::port::Capabilities;
use std::collections::BTreeMap;

fn reads<const N: usize>(of: [(&'static str, u32); N]) -> BTreeMap<&'static str, u32> {
    of.into_iter().collect()
}

#[tokio::test]
async fn an_erasure_reads_nothing_twice_in_a_step() {
    let (world, vendor, at) = world_with(3, plain()).await;
    vendor.set(|state| state.polls = 0);
    // Search, submission, status check and look, each by itself.
    let step = [("read assignment", 1), ("read key", 1), ("read limit", 1)];
    let _ = world.gate.take_reads();
    world.search(&at).await.unwrap();
    assert_eq!(world.gate.take_reads(), reads(step));
    world.submit(&at).await.unwrap();
    let sent = reads([
        ("read assignment", 1),
        ("read key", 1),
        ("read limit", 1),
        ("read records", 1),
        ("read lease", 1),
    ]);
    assert_eq!(world.gate.take_reads(), sent, "the answer and what follows it included");
    world.clock.advance(60);
    let asked = reads([
        ("read assignment", 1),
        ("read key", 1),
        ("read limit", 1),
        ("read records", 1),
        ("read rules", 1),
    ]);
    world.check_status(&at).await.unwrap();
    assert_eq!(world.gate.take_reads(), asked);
    world.clock.advance(60);
    world.look(&at).await.unwrap();
    assert_eq!(world.gate.take_reads(), asked);
    world.close(request_id(1)).await.unwrap();
    let closed = reads([("read request", 1), ("read tasks", 1), ("read rules", 1), ("read events", 1)]);
    assert_eq!(world.gate.take_reads(), closed, "outcome, receipt and forgetting");
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::Fulfilled));
}

#[tokio::test]
async fn the_records_decided_on_are_read_once_for_all_batches_of_a_call() {
    let (world, vendor, at) = decided_with(7, Capabilities { batch_size: 2, ..plain() }).await;
    let _ = world.gate.take_reads();
    world.submit(&at).await.unwrap();
    assert_eq!(vendor.posts(), [ids(0..2), ids(2..4), ids(4..6), ids(6..7)]);
    let read = world.gate.take_reads();
    assert_eq!((read["read records"], read["read key"]), (1, 1), "{read:?}");
}

#[tokio::test]
async fn a_demand_that_names_its_data_sources_reads_these_alone() {
    let world = World::new();
    for n in 0..110 {
        world.put_source(&format!("other-{n:03}"), true);
    }
    world.connect("crm");
    let _ = world.gate.take_reads();
    let demand = Demand { sources: vec![source("crm")], ..erasure() };
    world.demand(1, &demand).await.unwrap();
    // The ids alone tell which data sources were not asked.
    assert_eq!(world.gate.take_reads(), reads([("read source ids", 1), ("read sources", 1)]));
    assert_eq!(world.request(request_id(1)).not_asked.len(), 110);
    assert_eq!(world.task(&task_of(1, "crm")).source, source("crm"));
}

#[tokio::test]
async fn a_receipt_reads_the_rules_of_all_data_sources_at_once() {
    let world = World::new();
    for n in 0..12 {
        world.connect(&format!("s{n:02}")).set(|state| state.polls = 0);
    }
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    let read = world.gate.take_reads();
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::NothingFound));
    assert_eq!((read["read rules"], read["read events"]), (1, 1), "{read:?}");
}
