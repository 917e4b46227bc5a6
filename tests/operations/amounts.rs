//! Lost keys, tampered rows, large amounts.

use crate::stage::{decided, submitted, verifying};
use rightful_contract::rows::{key_key, request_pk};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::store::{Change, DUE_SHARDS};
use rightful_domain::ports::workflow::Next;

#[tokio::test]
async fn invariant_5_a_lost_data_key_is_an_outcome_before_the_post_and_a_persons_after_it() {
    let (world, vendor, at) = decided(3).await;
    world.store.table().set(key_key(request_id(1)), None);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Settled);
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("person_forgotten")));
    assert!(vendor.posts().is_empty());

    for late in [false, true] {
        let (one, two) = (submitted(3).await, verifying(3).await);
        for (world, _, at) in [one, two] {
            world.store.table().set(key_key(request_id(1)), None);
            if late {
                world.clock.advance_to(world.request(request_id(1)).due_at.plus_seconds(1));
            }
            let step = match world.task(&at).state {
                TaskState::Submitted => world.check_status(&at).await.unwrap(),
                _ => world.look(&at).await.unwrap(),
            };
            assert_eq!(step.next == Next::Unknown, late, "{step:?}");
            assert_eq!(world.task(&at).reason.as_deref(), Some("person_forgotten"));
        }
    }
}

#[tokio::test]
async fn every_chunk_of_every_task_is_removed_when_the_person_is_forgotten() {
    let world = World::new();
    let names: Vec<String> = (0..40).map(|n| format!("s{n}")).collect();
    let long = "x".repeat(1000);
    for name in &names {
        let vendor = world.connect(name);
        vendor.holds(CANARY, (0..450).map(|n| format!("{long}{n}")));
        vendor.set(|state| (state.polls, state.capabilities.batch_size) = (0, 1000));
    }
    let demand = Demand { sources: names.iter().map(|name| source(name)).collect(), ..erasure() };
    world.demand(1, &demand).await.unwrap();
    for name in &names {
        let at = task_of(1, name);
        world.search(&at).await.unwrap();
        world.submit(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
    }
    let pk = request_pk(request_id(1));
    assert!(world.store.table().query(&pk, "RECORDS#").len() > Change::MAX_ROWS);
    world.close(request_id(1)).await.unwrap();
    assert!(world.request(request_id(1)).is_done());
    assert_eq!(world.store.table().query(&pk, "RECORDS#").len(), 0);
}

#[tokio::test]
async fn every_request_and_task_is_in_the_shard_of_its_request() {
    let world = World::new();
    world.connect("crm");
    for n in 0..16 {
        world.demand(n, &erasure()).await.unwrap();
    }
    let mut shards = std::collections::BTreeMap::new();
    for ((_, sk), item) in world.store.table().all() {
        if let Some(shard) = item.index.get("due_shard") {
            *shards.entry((shard.clone(), sk)).or_insert(0) += 1;
        }
    }
    assert_eq!(shards.len(), usize::from(DUE_SHARDS) * 2);
    assert!(shards.values().all(|&rows| rows == 2));
}
