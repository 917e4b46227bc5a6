//! The domain's operations over ports that are as strict as AWS, one module for each. A test of an
//! invariant of the design carries its number.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

mod accept;
mod amounts;
mod answer;
mod check;
mod close;
mod ended;
mod escalation;
mod extend;
mod find;
mod killed;
mod lease;
mod limit;
mod limits;
mod owner;
mod random;
mod reconcile;
mod submit;
mod unknown;
mod verify;

use rightful_contract::vendor::{FakeVendor, plain};
use rightful_contract::world::{CANARY, World, erasure, task_of};
use rightful_domain::operations::TaskRef;
use rightful_domain::vendor::{Capabilities, RecordId};

/// A world with one data source `crm` that holds `records` records of the canary, and her request 1.
async fn world_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor, TaskRef) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = capabilities);
    vendor.holds(CANARY, (0..records).map(record_name));
    world.demand(1, &erasure()).await.unwrap();
    (world, vendor, task_of(1, "crm"))
}

/// The same, searched and decided.
async fn decided(records: usize) -> (World, FakeVendor, TaskRef) {
    decided_with(records, plain()).await
}

async fn decided_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = world_with(records, capabilities).await;
    world.find(&at).await.unwrap();
    (world, vendor, at)
}

/// The same, submitted.
async fn submitted(records: usize) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = decided(records).await;
    world.submit(&at).await.unwrap();
    (world, vendor, at)
}

/// The same, and the vendor says it is done.
async fn verifying(records: usize) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = submitted(records).await;
    vendor.set(|state| state.polls = 0);
    while world.check(&at).await.unwrap().next == rightful_domain::operations::Next::Check {
        world.clock.advance(60);
    }
    (world, vendor, at)
}

fn record_name(n: usize) -> String {
    format!("record-{n:04}")
}

fn ids(range: std::ops::Range<usize>) -> Vec<RecordId> {
    range.map(record_name).map(RecordId::new).collect()
}

/// A capability that takes `size` records a batch.
fn batches_of(size: usize) -> Capabilities {
    Capabilities { batch_size: size, ..plain() }
}
