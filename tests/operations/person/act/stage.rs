//! Requests that an operator acts on.

use crate::stage::{batches_of, connect_club, crm, decided, drive, record_name, world_with};
use rightful_contract::vendor::{FakeVendor, NO_SECRET, Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::{Statement, verify};
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::Submitted;

pub fn statement(world: &World, closing: u32) -> Statement {
    let file = world.receipts.file_of(request_id(1), closing).unwrap();
    verify(&file, &[world.signer.public()]).unwrap()
}

/// The operators' acts among the events: which, and by whom.
pub fn acts(world: &World) -> Vec<(&'static str, String)> {
    let of = |fact| match fact {
        Fact::RunsAgain { by, .. } => Some(("run", by)),
        Fact::CalledOff { by } => Some(("cancel", by)),
        Fact::Reopened { by, .. } => Some(("reopen", by)),
        Fact::Stated { by, .. } => Some(("state", by)),
        Fact::IdentifierGiven { by, .. } => Some(("identify", by)),
        Fact::Reviewed { by, .. } => Some(("review", by)),
        _ => None,
    };
    let facts = world.facts(request_id(1)).into_iter();
    facts.filter_map(of).map(|(what, by)| (what, by.as_str().to_owned())).collect()
}

/// Request 1, whose search failed, closed; the person is remembered.
pub async fn failed() -> (World, FakeVendor) {
    let (world, vendor, _) = world_with(3, batches_of(2)).await;
    vendor.set(|state| state.broken = Some(NO_SECRET));
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::Failed));
    vendor.set(|state| state.broken = None);
    (world, vendor)
}

/// A task whose POST had no answer; a person has it by now.
pub async fn handed_over() -> (World, FakeVendor) {
    let capabilities = Capabilities { identifiers: Vec::new(), ..plain() };
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| {
        state.capabilities = capabilities;
        state.submissions.push_back(Reply::Says(Submitted::Unknown(Code::VendorTimedOut)));
    });
    world.submit(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.handed_over_at.is_some()), (TaskState::Unknown, true));
    (world, vendor)
}

/// Request 1 at `crm`, erased in two batches, held open by a club that lacks its identifier.
pub async fn erased_and_open() -> (World, FakeVendor) {
    let mut world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = batches_of(2));
    vendor.holds(CANARY, (0..3).map(record_name));
    connect_club(&world);
    world.tamper_source("club", |source| source.review.erasure = Some(Policy::Always));
    world.policies.erasure = Policy::Auto;
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::VerifiedErased));
    (world, vendor)
}
