//! Requests for a copy.

use crate::stage::{access, crm, record_name};
use rightful_contract::vendor::{FakeVendor, plain};
use rightful_contract::world::{CANARY, World, request_id};
use rightful_domain::chain::fact::Fact;
use rightful_domain::vendor::port::Capabilities;
use serde_json::Value;

/// `crm` with these capabilities and `records` records, and request 1 for a copy, searched and decided.
pub async fn decided_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = capabilities);
    vendor.holds(CANARY, (0..records).map(record_name));
    world.demand(1, &access()).await.unwrap();
    world.search(&crm()).await.unwrap();
    (world, vendor)
}

pub async fn decided(records: usize) -> (World, FakeVendor) {
    decided_with(records, plain()).await
}

/// A vendor with an export of its own beside our copy.
pub fn exporting() -> Capabilities {
    Capabilities { export: Some("the vendor's page".to_owned()), ..plain() }
}

/// The stored package, read.
pub fn package(world: &World) -> Value {
    serde_json::from_slice(&world.copies.package(request_id(1)).unwrap()).unwrap()
}

/// The record ids of a data source in the package.
pub fn copied(world: &World, name: &str) -> Vec<String> {
    let whole = package(world);
    let part = whole["sources"].as_array().unwrap().iter().find(|one| one["source"] == name).unwrap().clone();
    let records = part["records"].as_array().unwrap();
    records.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

pub fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(record_name).collect()
}

pub fn kept(world: &World) -> usize {
    world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::CopyKept { .. })).count()
}

pub fn ring_hex(file: &[u8]) -> String {
    rightful_domain::base::canonical::hex(ring::digest::digest(&ring::digest::SHA256, file).as_ref())
}

/// The export of `crm` in the package.
pub fn export(world: &World) -> Value {
    package(world)["sources"][0]["export"].clone()
}
