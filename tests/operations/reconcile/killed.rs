//! Every execution is killed somewhere; reconcile alone completes the request.

use crate::stage::batches_of;
use rightful_contract::driver::{Driver, End, posts};
use rightful_contract::vendor::FakeVendor;
use rightful_contract::world::{CANARY, World, erasure, request_id, task_of};
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::task::Outcome;

/// Two data sources; `crm` takes two batches.
async fn begun() -> (World, FakeVendor, FakeVendor) {
    let world = World::new();
    let (crm, shop) = (world.connect("crm"), world.connect("shop"));
    crm.set(|state| state.capabilities = batches_of(2));
    crm.holds(CANARY, (0..3).map(|n| format!("crm-{n}")));
    shop.holds(CANARY, ["shop-1".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    (world, crm, shop)
}

async fn is_closed_well(world: &World, crm: &FakeVendor, shop: &FakeVendor, what: &str) {
    let request = world.request(request_id(1));
    assert!(request.is_done(), "{what}: {request:?}");
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{what}");
    assert_eq!((posts(&crm.journal()), posts(&shop.journal())), (2, 1), "{what}: one POST for each batch");
    assert_eq!((crm.left(), shop.left()), (0, 0), "{what}");
    assert!(verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).is_ok());
    let _ = world.facts(request_id(1));
}

#[tokio::test]
async fn invariant_6_with_the_workflow_killed_after_any_step_reconcile_closes_the_request() {
    for steps in 0.. {
        let (world, crm, shop) = begun().await;
        let execution = world.workflow.take().unwrap();
        let end = Driver::killed_after(&world, steps).run(&execution).await;
        Driver::new(&world).reconcile_until_done(request_id(1), 3).await.unwrap();
        is_closed_well(&world, &crm, &shop, &format!("killed after {steps} steps")).await;
        if end == End::Closed {
            assert!(steps > 8, "the whole flow has only {steps} steps");
            return;
        }
    }
}

#[tokio::test]
async fn invariant_5_with_every_execution_killed_early_reconcile_alone_closes_the_request() {
    // Five steps are two searches, a submission, a check and one more; the rest of each execution
    // never runs.
    for steps in 5..10 {
        let (world, crm, shop) = begun().await;
        Driver::killed_after(&world, steps).reconcile_until_done(request_id(1), 3).await.unwrap();
        is_closed_well(&world, &crm, &shop, &format!("each killed after {steps} steps")).await;
    }
}

#[tokio::test]
async fn invariant_3_with_a_worker_killed_at_any_point_a_look_comes_before_anything_is_posted_again() {
    let mut resolved = 0;
    for point in 0.. {
        let (world, crm, shop) = begun().await;
        let execution = world.workflow.take().unwrap();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(Driver::new(&world).run(&execution)).await;
        Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
        is_closed_well(&world, &crm, &shop, &format!("crash at point {point}")).await;
        let facts = world.facts(request_id(1));
        resolved += facts.iter().filter(|fact| matches!(fact, Fact::Resolved { .. })).count();
        if end.is_some() {
            assert!((3..40).contains(&resolved), "{resolved} of {point} points leave it unknown");
            return;
        }
    }
}

#[tokio::test]
async fn two_workflows_at_once_do_the_work_of_one() {
    let (world, crm, shop) = begun().await;
    let execution = world.workflow.take().unwrap();
    world.gate.interleave(true);
    let (one, two) = (Driver::new(&world), Driver::new(&world));
    let _ = tokio::join!(one.run(&execution), two.run(&execution));
    world.gate.interleave(false);
    Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
    is_closed_well(&world, &crm, &shop, "two at once").await;
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::VerifiedErased));
}
