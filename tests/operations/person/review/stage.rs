//! A request that waits for a person at two data sources.

use crate::stage::drive;
use rightful_contract::vendor::FakeVendor;
use rightful_contract::world::{CANARY, World, erasure, request_id};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::{Statement, verify};
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::task::Verdict;
use rightful_domain::operations::person::review::Reviewing;

/// Data sources `crm` with three records and `shop` with one, and request 1, under this policy.
pub async fn demanded(policy: Policy) -> (World, FakeVendor, FakeVendor) {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    let (crm, shop) = (world.connect("crm"), world.connect("shop"));
    crm.holds(CANARY, (0..3).map(|n| format!("crm-{n}")));
    shop.holds(CANARY, ["shop-0".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    (world, crm, shop)
}

/// The same; the execution waits for a person, who decides on both.
pub async fn awaiting() -> (World, FakeVendor, FakeVendor) {
    let (world, crm, shop) = demanded(Policy::Always).await;
    drive(&world).await;
    (world, crm, shop)
}

/// The ruling on only one data source.
pub fn of_one(world: &World, at: &TaskRef, ruling: Ruling) -> Reviewing {
    let mut reviewing = world.reviewing(request_id(1), ruling);
    reviewing.sources.retain(|seen| seen.source == at.source_id);
    reviewing
}

pub fn decided_by(world: &World, at: &TaskRef) -> Option<String> {
    world.task(at).decision.map(|decision| decision.by)
}

pub fn reviews(world: &World) -> Vec<(String, Verdict)> {
    let of = |fact| match fact {
        Fact::Reviewed { by, verdict, .. } => Some((by.as_str().to_owned(), verdict)),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(of).collect()
}

pub fn statement(world: &World) -> Statement {
    verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap()
}
