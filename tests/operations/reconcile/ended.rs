//! An execution ended without success: its open tasks are taken up at once.

use crate::stage::{batches_of, decided, submitted, verifying, world_with};
use rightful_contract::driver::{Driver, End};
use rightful_contract::vendor::{FakeVendor, Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::EndStatus;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::reconcile::ended::Ending;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;
use std::collections::BTreeSet;

fn ends(world: &World) -> usize {
    world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::AttemptEnded { .. })).count()
}

/// The execution of the current attempt is stopped before its first step.
async fn stopped(world: &World) {
    let execution = world.workflow.take().unwrap();
    let marking = world.ended(execution.request, execution.attempt, None, EndStatus::Aborted).await.unwrap();
    assert!(marking.marked, "{marking:?}");
}

/// Runs the waiting executions, and sends the end of each unsuccessful one, as EventBridge does.
async fn run_and_tell(world: &World) {
    while let Some(execution) = world.workflow.take() {
        if Driver::new(world).run(&execution).await != End::Closed {
            let (id, attempt) = (execution.request, execution.attempt);
            world.ended(id, attempt, None, EndStatus::Failed).await.unwrap();
        }
    }
}

#[test]
fn only_our_executions_names_are_read_and_only_as_we_write_them() {
    let id = request_id(1);
    let whole = Ending::read(&format!("{id}.3"), true, "FAILED").unwrap();
    assert_eq!((whole.request, whole.attempt, whole.source, whole.status), (id, 3, None, EndStatus::Failed));
    let nested = Ending::read(&format!("{id}.12.crm-2"), false, "TIMED_OUT").unwrap();
    assert_eq!((nested.attempt, nested.source), (12, Some(source("crm-2"))));
    assert_eq!(nested.status, EndStatus::TimedOut);
    let upper = id.to_string().to_uppercase();
    for (name, of_request, status) in [
        (format!("{id}.3"), false, "FAILED"),
        (format!("{id}.3.crm"), true, "FAILED"),
        (format!("{id}.3"), true, "SUCCEEDED"),
        (format!("{id}.3"), true, "RUNNING"),
        (format!("{id}.03"), true, "FAILED"),
        (format!("{id}.-3"), true, "FAILED"),
        (format!("{id}.+3"), true, "FAILED"),
        (format!("{id}.3."), false, "FAILED"),
        (format!("{id}.3.Crm"), false, "FAILED"),
        (format!("{id}.3.crm.x"), false, "FAILED"),
        (format!("{upper}.3"), true, "FAILED"),
        (id.to_string(), true, "FAILED"),
        ("nightly-report".to_owned(), true, "FAILED"),
        (String::new(), true, "FAILED"),
    ] {
        assert_eq!(Ending::read(&name, of_request, status), None, "{name} {status}");
    }
}

#[tokio::test]
async fn invariant_5_what_an_ended_execution_would_have_moved_is_begun_by_the_next_run() {
    for (name, (world, vendor, at)) in [
        ("planned", world_with(3, plain()).await),
        ("decided", decided(3).await),
        ("verifying", verifying(3).await),
    ] {
        assert_eq!(world.task(&at).state.as_str(), name);
        assert_eq!(world.reconcile().await.unwrap().started, 0, "{name}: a workflow may run");
        stopped(&world).await;
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.started, run.with_reconcile), (1, 1), "{name}: it doesn't wait for the grace");
        let execution = world.workflow.take().unwrap();
        assert_eq!((execution.attempt, execution.sources.as_slice()), (2, &[source("crm")][..]));
        assert_eq!(Driver::new(&world).run(&execution).await, End::Closed, "{name}");
        assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased), "{name}");
        assert_eq!(vendor.posts().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_ended_executions_open_rule_is_asked_about_when_the_vendors_wait_is_over() {
    let (world, _, at) = submitted(3).await;
    stopped(&world).await;
    assert_eq!(world.reconcile().await.unwrap().checked, 0, "the vendor was to have two seconds");
    for _ in 0..20 {
        world.clock.advance(20);
        world.reconcile().await.unwrap();
        if world.task(&at).state == TaskState::Verifying {
            // The finished rule shows that no execution looks: no grace time is lost.
            assert_eq!(world.request(request_id(1)).attempt, 2);
            return;
        }
    }
    panic!("never finished: {:?}", world.task(&at));
}

#[tokio::test]
async fn a_wait_that_the_vendor_asked_for_is_kept_to_its_end_and_not_a_second_longer() {
    let (world, vendor, at) = decided(3).await;
    let later = Submitted::NotSent(Fault::Throttled(Some(3000)));
    vendor.set(|state| state.submissions.push_back(Reply::Says(later)));
    world.submit(&at).await.unwrap();
    stopped(&world).await;
    world.clock.advance(2999);
    assert_eq!(world.reconcile().await.unwrap().started, 0);
    world.clock.advance(1);
    assert_eq!(world.reconcile().await.unwrap().started, 1);
    run_and_tell(&world).await;
    assert_eq!((vendor.posts().len(), world.task(&at).outcome), (2, Some(Outcome::VerifiedErased)));
}

#[tokio::test]
async fn one_tasks_execution_that_ended_brings_that_task_forward_alone() {
    let world = World::new();
    for name in ["crm", "shop"] {
        world.connect(name).holds(CANARY, ["a".to_owned()]);
    }
    world.demand(1, &erasure()).await.unwrap();
    for name in ["crm", "shop"] {
        world.search(&task_of(1, name)).await.unwrap();
    }
    let _ = world.workflow.take();
    world.ended(request_id(1), 1, Some("shop"), EndStatus::TimedOut).await.unwrap();
    let run = world.reconcile().await.unwrap();
    assert_eq!((run.started, run.with_workflow, run.with_reconcile), (1, 1, 1));
    assert_eq!(world.workflow.take().unwrap().sources, [source("shop")]);
    let told = Fact::AttemptEnded { attempt: 1, source: Some(source("shop")), status: EndStatus::TimedOut };
    assert!(world.facts(request_id(1)).contains(&told));
}

#[tokio::test]
async fn invariant_6_an_event_that_comes_again_late_or_for_another_changes_nothing() {
    let (world, _, _) = decided(3).await;
    stopped(&world).await;
    let known = world.request(request_id(1));
    for (n, attempt, of, code) in [
        (1, 1, None, Code::EndKnown),
        (1, 2, None, Code::AttemptNotCurrent),
        (1, 0, Some("crm"), Code::AttemptNotCurrent),
        (1, 1, Some("another"), Code::TaskNotFound),
        (9, 1, None, Code::RequestNotFound),
    ] {
        let marking = world.ended(request_id(n), attempt, of, EndStatus::Failed).await.unwrap();
        assert_eq!((marking.marked, marking.passed_over), (false, Some(code)));
    }
    assert_eq!((world.request(request_id(1)), ends(&world)), (known, 1));
    world.reconcile().await.unwrap();
    let begun = world.request(request_id(1));
    assert_eq!((begun.attempt, begun.ended.len()), (2, 0), "a new attempt has no ends");
    let late = world.ended(request_id(1), 1, Some("crm"), EndStatus::Aborted).await.unwrap();
    assert_eq!(late.passed_over, Some(Code::AttemptNotCurrent));
    Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
    let closed = world.request(request_id(1));
    let late = world.ended(request_id(1), closed.attempt, None, EndStatus::Failed).await.unwrap();
    assert_eq!(late.passed_over, Some(Code::RequestClosed));
    assert_eq!((world.request(request_id(1)), ends(&world)), (closed, 1));
}

#[tokio::test]
async fn invariant_6_the_same_event_twice_at_once_beside_a_handler_is_one_fact() {
    let (world, vendor, at) = decided(3).await;
    world.gate.interleave(true);
    let id = request_id(1);
    let (one, two, three) = tokio::join!(
        world.ended(id, 1, None, EndStatus::Aborted),
        world.ended(id, 1, None, EndStatus::Aborted),
        world.submit(&at),
    );
    world.gate.interleave(false);
    assert!(three.is_ok());
    assert_eq!(u32::from(one.unwrap().marked) + u32::from(two.unwrap().marked), 1);
    assert_eq!((ends(&world), vendor.posts().len()), (1, 1));
}

#[tokio::test]
async fn a_crash_at_any_point_of_the_marking_is_made_up_for_by_the_events_repetition() {
    for point in 0.. {
        let (world, _, _) = decided(3).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.ended(request_id(1), 1, None, EndStatus::Aborted)).await;
        world.ended(request_id(1), 1, None, EndStatus::Aborted).await.unwrap();
        assert_eq!(ends(&world), 1);
        assert_eq!(world.reconcile().await.unwrap().started, 1);
        if first.is_some() {
            assert!(point >= 4);
            return;
        }
    }
}

#[tokio::test]
async fn an_execution_that_fails_at_once_each_time_cannot_spin() {
    let (world, _, _) = decided(3).await;
    stopped(&world).await;
    let mut begun = vec![world.now()];
    for _ in 0..24 * 60 {
        world.clock.advance(60);
        if world.reconcile().await.unwrap().started > 0 {
            begun.push(world.now());
            stopped(&world).await;
        }
    }
    let waits: Vec<u64> = begun.windows(2).map(|two| two[0].seconds_until(two[1])).collect();
    assert!(waits[0] <= 60, "the first end counts at once: {waits:?}");
    assert!((6..60).contains(&waits.len()), "{waits:?}");
    assert!(waits.iter().rev().take(3).all(|wait| *wait >= 3600), "less and less often: {waits:?}");
}

#[tokio::test]
async fn an_execution_that_left_what_is_a_persons_begins_nothing_for_ever() {
    let (world, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Lost);
        // Nothing can be searched there, so no look can tell.
        state.capabilities.identifiers.clear();
    });
    world.submit(&at).await.unwrap();
    assert!(world.task(&at).handed_over_at.is_some());
    run_and_tell(&world).await;
    assert_eq!(ends(&world), 1, "the end is told");
    let mut looked_at = 0;
    for _ in 0..500 {
        world.clock.advance(300);
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.started, run.gauges.unwrap().unknown), (0, 1), "counted by every run");
        looked_at += run.with_person;
        run_and_tell(&world).await;
    }
    // The request's row and its task's row each fall due once an hour.
    assert!((40..=100).contains(&looked_at), "not by each of the 500: {looked_at}");
    assert_eq!((world.request(request_id(1)).attempt, vendor.posts().len()), (1, 1));
}

#[tokio::test]
async fn a_settled_request_that_an_ended_execution_did_not_close_is_closed_by_the_next() {
    let (world, _, at) = verifying(3).await;
    let _ = world.workflow.take();
    world.look(&at).await.unwrap();
    // However the task's own execution ended, the request's execution would close.
    world.ended(request_id(1), 1, Some("crm"), EndStatus::Aborted).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap().started, 0);
    world.ended(request_id(1), 1, None, EndStatus::Failed).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap().started, 1);
    run_and_tell(&world).await;
    assert!(world.request(request_id(1)).is_done());
}

async fn batches() -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = world_with(3, batches_of(2)).await;
    vendor.set(|state| state.polls = 2);
    (world, vendor, at)
}

#[tokio::test]
async fn invariant_5_with_every_execution_killed_and_told_of_the_request_is_closed_sooner() {
    let mut took = Vec::new();
    for told in [false, true] {
        let (world, vendor, _) = batches().await;
        let begun = world.now();
        let mut attempts = BTreeSet::new();
        while !world.request(request_id(1)).is_done() {
            assert!(begun.seconds_until(world.now()) < 2 * 24 * 3600, "told: {told}");
            while let Some(execution) = world.workflow.take() {
                attempts.insert(execution.attempt);
                let end = Driver::killed_after(&world, 4).run(&execution).await;
                if told && end != End::Closed {
                    let (id, attempt) = (execution.request, execution.attempt);
                    world.ended(id, attempt, None, EndStatus::TimedOut).await.unwrap();
                }
            }
            world.clock.advance(60);
            world.reconcile().await.unwrap();
        }
        assert_eq!((vendor.posts().len(), vendor.left()), (2, 0));
        assert!(attempts.len() < 40, "{attempts:?}");
        took.push(begun.seconds_until(world.now()));
    }
    assert!(took[1] < took[0], "{took:?}");
}

#[tokio::test]
async fn a_store_that_fails_has_the_event_sent_again() {
    let (world, _, _) = decided(3).await;
    world.store.table().fail_next(&[rightful_contract::table::Fault::Conflict; 8]);
    let failed = world.ended(request_id(1), 1, None, EndStatus::Failed).await;
    assert_eq!(failed, Err(Failure::of(Code::StoreBusy)));
    assert!(world.ended(request_id(1), 1, None, EndStatus::Failed).await.unwrap().marked);
}
