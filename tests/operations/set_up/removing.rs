//! A data source is removed with its secret.

use crate::set_up::stage::{SECRET, acts, added, adding, row, secret, written};
use crate::stage::{bob, drive, once, reconciled, rule, world_with};
use rightful_contract::vendor::plain;
use rightful_contract::world::{CANARY, ann, erasure, request_id, source, task_of};
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::set_up::SetUpError;
use std::pin::pin;

#[tokio::test]
async fn a_data_source_is_removed_with_its_secret_once_no_open_request_goes_to_it() {
    let world = added().await;
    world.vendors.vendor(&source("crm")).holds(CANARY, ["a".to_owned()]);
    let mut waiting = erasure();
    waiting.sources = vec![source("crm")];
    world.demand(1, &waiting).await.unwrap();
    world.tamper(&task_of(1, "crm"), |task| task.policy = Policy::Always);
    drive(&world).await;
    let set_up = world.setting_up();
    let refused = set_up.remove(&source("crm"), &bob()).await.unwrap_err();
    assert_eq!(refused, SetUpError::InUse(source("crm"), request_id(1)));
    assert!(refused.to_string().contains("disable it, and remove it once they are closed"));
    assert_eq!((row(&world, "crm").await.is_some(), secret(&world)), (true, written(SECRET)));
    // It waits long for a person, and is in use all that time.
    reconciled(&world, 3).await;
    assert!(set_up.remove(&source("crm"), &bob()).await.is_err());
    rule(&world, rightful_domain::life::Ruling::Proceed).await;
    assert!(reconciled(&world, 1).await.is_done());
    set_up.remove(&source("crm"), &bob()).await.unwrap();
    assert_eq!((row(&world, "crm").await, secret(&world)), (None, None));
    assert_eq!(acts(&world).last(), Some(&Act::SourceRemoved { source: source("crm") }));
    assert_eq!(set_up.remove(&source("crm"), &bob()).await, Err(SetUpError::NotFound(source("crm"))));
    set_up.add(adding("crm", "another"), &ann()).await.unwrap();
    assert_eq!(secret(&world), written("another"));
}

#[tokio::test]
async fn a_settled_task_of_an_open_request_keeps_its_data_source_in_use() {
    let world = added().await;
    world.connect("shop").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    world.tamper(&task_of(1, "shop"), |task| task.policy = Policy::Always);
    drive(&world).await;
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::NothingFound));
    reconciled(&world, 2).await;
    assert_eq!(world.task(&task_of(1, "shop")).state, TaskState::AwaitingReview);
    let removed = world.setting_up().remove(&source("crm"), &bob()).await;
    assert_eq!(removed, Err(SetUpError::InUse(source("crm"), request_id(1))), "it may run again");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_removing_leaves_no_data_source_without_its_secret() {
    for point in 0.. {
        let world = added().await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end =
            world.gate.until_crash(async { world.setting_up().remove(&source("crm"), &by).await }).await;
        let there = row(&world, "crm").await.is_some();
        assert!(!there || secret(&world).is_some(), "crash at {point}");
        assert_eq!(acts(&world).len(), 1 + usize::from(!there), "crash at {point}");
        if end.is_some() {
            assert!(point >= 6);
            return;
        }
    }
}

#[tokio::test]
async fn a_request_made_while_its_data_source_is_removed_ends_there_as_failed() {
    let (world, _, _) = world_with(1, plain()).await;
    drive(&world).await;
    reconciled(&world, 1).await;
    // Its uses are read before the request exists.
    let (set_up, by, crm) = (world.setting_up(), bob(), source("crm"));
    let mut removing = pin!(set_up.remove(&crm, &by));
    world.gate.interleave(true);
    for _ in 0..3 {
        assert!(once(removing.as_mut()).await.is_none());
    }
    world.gate.interleave(false);
    world.demand(2, &erasure()).await.unwrap();
    removing.await.unwrap();
    drive(&world).await;
    let task = world.task(&task_of(2, "crm"));
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("source_not_found")));
}
