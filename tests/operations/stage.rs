//! Worlds at the stages of a request, and the steps that tests share.

use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::driver::Driver;
use rightful_contract::vendor::{FakeVendor, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, task_of};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::Request;
use rightful_domain::operations::accept::Demand;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// In seconds.
pub const DAY: u64 = 24 * 3600;

/// A world with one data source `crm` that holds `records` records of the canary, and her request 1.
pub async fn world_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor, TaskRef) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = capabilities);
    vendor.holds(CANARY, (0..records).map(record_name));
    world.demand(1, &erasure()).await.unwrap();
    (world, vendor, task_of(1, "crm"))
}

/// The same, searched and decided.
pub async fn decided(records: usize) -> (World, FakeVendor, TaskRef) {
    decided_with(records, plain()).await
}

pub async fn decided_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = world_with(records, capabilities).await;
    world.search(&at).await.unwrap();
    (world, vendor, at)
}

/// The same, submitted.
pub async fn submitted(records: usize) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = decided(records).await;
    world.submit(&at).await.unwrap();
    (world, vendor, at)
}

/// The same, and the vendor says it is done.
pub async fn verifying(records: usize) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = submitted(records).await;
    vendor.set(|state| state.polls = 0);
    while world.check_status(&at).await.unwrap().next == rightful_domain::ports::workflow::Next::CheckStatus {
        world.clock.advance(60);
    }
    (world, vendor, at)
}

pub fn record_name(n: usize) -> String {
    format!("record-{n:04}")
}

pub fn ids(range: std::ops::Range<usize>) -> Vec<RecordId> {
    range.map(record_name).map(RecordId::new).collect()
}

/// A capability that takes `size` records a batch.
pub fn batches_of(size: usize) -> Capabilities {
    Capabilities { batch_size: size, ..plain() }
}

/// Request 1 at the data source `crm`.
pub fn crm() -> TaskRef {
    task_of(1, "crm")
}

/// Request 1 at the data source `shop`.
pub fn shop() -> TaskRef {
    task_of(1, "shop")
}

/// The demand for a copy of what is held about the canary.
pub fn access() -> Demand {
    Demand { right: Right::Access, ..erasure() }
}

/// A second operator.
pub fn bob() -> Actor {
    Actor::parse("arn:aws:iam::111122223333:user/bob").unwrap()
}

/// Connects a data source that is searched by a member's number alone.
pub fn connect_club(world: &World) -> FakeVendor {
    let vendor = world.connect("club");
    world.tamper_source("club", |source| source.connector = "members".to_owned());
    vendor.set(|state| state.capabilities.identifiers = vec![member()]);
    vendor
}

/// Runs every execution that was started, one after another, to its end.
pub async fn drive(world: &World) {
    while let Some(execution) = world.workflow.take() {
        Driver::new(world).run(&execution).await;
    }
}

/// Completes request 1 by the reconciliation alone, within `days`.
pub async fn reconciled(world: &World, days: u64) -> Request {
    Driver::new(world).reconcile_until_done(request_id(1), days).await.unwrap();
    world.request(request_id(1))
}

/// Rules, as a person, on everything of request 1 that waits for one.
pub async fn rule(world: &World, ruling: Ruling) {
    let reviewing = world.reviewing(request_id(1), ruling);
    world.review(request_id(1), &reviewing, &bob()).await.unwrap();
}

/// No clear text that left the operations holds any of these.
pub fn holds_none(world: &World, values: &[&str]) {
    let events: Vec<String> = world.facts(request_id(1)).iter().map(|fact| format!("{fact:?}")).collect();
    let rows = format!("{:?}{:?}", world.request(request_id(1)), world.tasks(request_id(1)));
    let receipts: String = (0..4)
        .filter_map(|closing| world.receipts.file_of(request_id(1), closing))
        .map(|file| String::from_utf8(file).unwrap())
        .collect();
    let texts = [
        world.store.dump(),
        world.workflow.payloads(),
        world.copies.dump_parts(),
        receipts,
        events.concat(),
        rows,
    ];
    for (text, value) in texts.iter().flat_map(|text| values.iter().map(move |value| (text, value))) {
        assert_eq!(canary::found(text, value), Vec::<String>::new());
    }
}

/// Lets a worker run to its next port call; its output at its end.
pub async fn once<F: Future>(mut worker: Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match worker.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Two workers at once: the first makes `a` port calls, then the second `b`, then the first finishes, and the
/// second after it. `None` if one of them makes fewer calls: then this overlap doesn't exist.
pub async fn overlapping<A: Future, B: Future>(
    world: &World,
    first: A,
    second: B,
    (a, b): (u32, u32),
) -> Option<(A::Output, B::Output)> {
    world.gate.interleave(true);
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut whole = true;
    for _ in 0..a {
        whole &= once(first.as_mut()).await.is_none();
        if !whole {
            break;
        }
    }
    for _ in 0..b {
        if !whole {
            break;
        }
        whole &= once(second.as_mut()).await.is_none();
    }
    let ended = if whole { Some((first.await, second.await)) } else { None };
    world.gate.interleave(false);
    ended
}
