//! The ports themselves: they refuse everything that AWS refuses.

use crate::stage::{decided, world_with};
use rightful_contract::table::Fault;
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, request_id};
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::task::Task;
use rightful_domain::ports::copies::Signer;
use rightful_domain::ports::store::{Change, CommitError, Row, Writes};

fn change(rows: Vec<Row>, facts: Vec<Fact>, world: &World) -> Change {
    Change { request: request_id(1), at: world.now(), rows, facts }
}

#[tokio::test]
async fn a_row_is_stored_on_its_revision_with_the_next_one() {
    let (world, _, at) = world_with(1, plain()).await;
    let read = world.task(&at);
    world.store.commit(change(vec![Row::Task(read.clone())], Vec::new(), &world)).await.unwrap();
    assert_eq!(world.task(&at).revision, read.revision + 1);
    let stale = world.store.commit(change(vec![Row::Task(read.clone())], Vec::new(), &world)).await;
    assert_eq!(stale, Err(CommitError::Stale));
    let again = Row::Task(Task { revision: 0, ..read });
    let stale = world.store.commit(change(vec![again], Vec::new(), &world)).await;
    assert_eq!(stale, Err(CommitError::Stale), "revision 0 must not exist");
}

#[tokio::test]
async fn a_stale_row_stores_no_event() {
    let (world, _, at) = world_with(1, plain()).await;
    let stale = Row::Task(Task { revision: 9, ..world.task(&at) });
    let facts = vec![Fact::AttemptBegun { attempt: 7 }];
    assert_eq!(world.store.commit(change(vec![stale], facts, &world)).await, Err(CommitError::Stale));
    assert_eq!(world.facts(request_id(1)).len(), 1);
}

#[tokio::test]
async fn collisions_are_repeated_a_few_times_and_then_told() {
    let (world, _, _) = world_with(1, plain()).await;
    let facts = || vec![Fact::AttemptBegun { attempt: 7 }];
    world.store.table().fail_next(&[Fault::Conflict; 7]);
    world.store.commit(change(Vec::new(), facts(), &world)).await.unwrap();
    world.store.table().fail_next(&[Fault::Conflict; 8]);
    assert!(matches!(
        world.store.commit(change(Vec::new(), facts(), &world)).await,
        Err(CommitError::Failed(failure)) if failure.code == "store_busy"
    ));
    assert_eq!(world.facts(request_id(1)).len(), 2);
}

#[tokio::test]
async fn a_change_whose_answer_got_lost_counts_as_stored_once() {
    let (world, _, at) = decided(1).await;
    for facts in [Vec::new(), vec![Fact::AttemptBegun { attempt: 7 }]] {
        let before = (world.task(&at).revision, world.facts(request_id(1)).len());
        world.store.table().fail_next(&[Fault::LoseAnswer]);
        let told = facts.len();
        world.store.commit(change(vec![Row::Task(world.task(&at))], facts, &world)).await.unwrap();
        let after = (world.task(&at).revision, world.facts(request_id(1)).len());
        assert_eq!(after, (before.0 + 1, before.1 + told));
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new();
    assert!(world.signer.sign(&[0; 4096]).await.is_ok());
    assert_eq!(world.signer.sign(&[0; 4097]).await.unwrap_err().code, "message_too_large");
    assert!(world.workflow.pass(&"x".repeat(200 * 1024)).is_ok());
    assert_eq!(world.workflow.pass(&"x".repeat(256 * 1024)).unwrap_err().code, "payload_malformed");
    let (world, _, at) = world_with(1, plain()).await;
    let many = (0..=Change::MAX_ROWS).map(|_| Row::Task(world.task(&at))).collect();
    assert!(matches!(
        world.store.commit(change(many, Vec::new(), &world)).await,
        Err(CommitError::Failed(failure)) if failure.code == "change_too_large"
    ));
}
