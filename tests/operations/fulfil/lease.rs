//! Two requests about one person take turns at a data source.

use rightful_contract::driver::Driver;
use rightful_contract::rows;
use rightful_contract::vendor::{Call, FakeVendor, Reply};
use rightful_contract::world::{CANARY, World, ann, erasure, erasure_of, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::model::lease::Lease;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;
use std::future::Future as _;

async fn two_requests() -> (World, FakeVendor, TaskRef, TaskRef) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned(), "b".to_owned()]);
    for n in [1, 2] {
        world.demand(n, &erasure()).await.unwrap();
        world.search(&task_of(n, "crm")).await.unwrap();
        let _ = world.workflow.take();
    }
    (world, vendor, task_of(1, "crm"), task_of(2, "crm"))
}

/// Every step of one task, and none of any other.
pub(crate) async fn erase(world: &World, at: &TaskRef) {
    let mut step = world.submit(at).await.unwrap();
    while step.next != Next::Settled {
        world.clock.advance(step.wait_seconds);
        step = match step.next {
            Next::CheckStatus => world.check_status(at).await.unwrap(),
            _ => world.look(at).await.unwrap(),
        };
    }
}

fn lease(world: &World) -> Lease {
    let subject = world.request(request_id(1)).subject.or(world.request(request_id(2)).subject).unwrap();
    let (pk, sk) = rows::lease_key(&source("crm"), &subject);
    rows::read(&world.store.table().row(&pk, &sk).unwrap()).unwrap()
}

#[tokio::test]
async fn the_second_request_waits_for_the_first_and_then_finds_nothing() {
    let (world, vendor, one, two) = two_requests().await;
    assert_eq!(world.submit(&one).await.unwrap().next, Next::CheckStatus);
    assert_eq!(lease(&world).holder, Some(request_id(1)));
    let step = world.submit(&two).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Submit, 2));
    assert_eq!(world.task(&two).reason.as_deref(), Some("other_request_in_progress"));
    world.clock.advance(2);
    assert_eq!(world.submit(&two).await.unwrap().wait_seconds, 4, "waits grow");
    Driver::new(&world).reconcile_until_done(request_id(1), 1).await.unwrap();
    Driver::new(&world).reconcile_until_done(request_id(2), 1).await.unwrap();
    assert_eq!(world.task(&one).outcome, Some(Outcome::VerifiedErased));
    assert_eq!(world.task(&two).outcome, Some(Outcome::NothingFound));
    assert_eq!(vendor.posts().len(), 1);
    assert!(world.request(request_id(2)).is_done());
}

#[tokio::test]
async fn a_search_older_than_another_requests_end_is_done_again_before_anything_is_sent() {
    let (world, vendor, one, two) = two_requests().await;
    erase(&world, &one).await;
    assert_eq!(lease(&world).holder, None, "given back with the task's end");
    // Meanwhile the person returned, with one record.
    vendor.holds(CANARY, ["c".to_owned()]);
    world.clock.advance(10);
    assert_eq!(world.task(&two).counts.found, 2);
    assert_eq!(world.submit(&two).await.unwrap().next, Next::CheckStatus);
    let task = world.task(&two);
    assert_eq!((task.counts.found, task.lease), (1, Some(2)), "searched and decided on again");
    assert_eq!(vendor.posts()[1].len(), 1);
    assert_eq!(vendor.posts()[1][0].expose(), "c");
}

#[tokio::test]
async fn a_second_search_leaves_nothing_of_a_longer_first_one() {
    let (world, vendor, one, two) = two_requests().await;
    // Records that fill two rows.
    let many = (0..9000).map(|n| RecordId::new(format!("{n:040}"))).collect();
    vendor.set(|state| state.searches.push_back(Ok(many)));
    world.tamper(&two, |task| task.state = TaskState::Planned);
    world.search(&two).await.unwrap();
    assert!(world.task(&two).chunks >= 2);
    erase(&world, &one).await;
    vendor.set(|state| state.people.clear());
    vendor.holds(CANARY, ["c".to_owned()]);
    world.clock.advance(10);
    assert_eq!(world.submit(&two).await.unwrap().next, Next::CheckStatus);
    let task = world.task(&two);
    assert_eq!((task.counts.found, task.counts.submitted, task.reason), (1, 1, None));
    assert_eq!(vendor.posts().last().unwrap().len(), 1);
}

#[tokio::test]
async fn invariant_3_an_unknown_submission_is_not_repeated_by_another_request() {
    let (world, vendor, one, two) = two_requests().await;
    vendor.set(|state| {
        state.submissions.extend(vec![Reply::Says(Submitted::Unknown(Code::VendorTimedOut)); 9])
    });
    world.submit(&one).await.unwrap();
    for _ in 0..20 {
        assert_eq!(world.submit(&two).await.unwrap().next, Next::Submit);
        world.clock.advance(4000);
    }
    assert_eq!(vendor.posts().len(), 1);
}

#[tokio::test]
async fn invariant_6_two_requests_at_once_have_one_submission_under_way() {
    let (world, vendor, one, two) = two_requests().await;
    world.gate.interleave(true);
    let (first, second) = tokio::join!(world.submit(&one), world.submit(&two));
    world.gate.interleave(false);
    let next = [first.unwrap().next, second.unwrap().next];
    assert!(next.contains(&Next::CheckStatus) && next.contains(&Next::Submit), "{next:?}");
    assert_eq!(vendor.posts().len(), 1);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_leaves_no_lease_behind() {
    for point in 0.. {
        let (world, _, _, _) = two_requests().await;
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.submit(&task_of(1, "crm"))).await;
        for n in [1, 2] {
            // One execution runs at a time here: a waiting one is killed to let the other continue.
            Driver::killed_after(&world, 9).reconcile_until_done(request_id(n), 2).await.unwrap();
            let task = world.task(&task_of(n, "crm"));
            assert!(world.request(request_id(n)).is_done(), "crash at {point}: {task:?}");
        }
        assert_eq!(lease_of_all(&world), 0, "crash at {point}");
        if end.is_some() {
            return;
        }
    }
}

/// The number of held leases.
fn lease_of_all(world: &World) -> usize {
    let rows = world.store.table().all();
    let leases = rows.iter().filter(|((_, sk), _)| sk == "LEASE");
    leases.filter(|(_, item)| rows::read::<Lease>(item).unwrap().holder.is_some()).count()
}

#[tokio::test]
async fn invariant_3_a_worker_whose_lease_went_to_another_stores_nothing_any_more() {
    let (world, vendor, one, two) = two_requests().await;
    world.submit(&one).await.unwrap();
    let before = world.task(&one);
    // Somebody gave the lease away by hand.
    let held = lease(&world);
    let given = Lease::held(held.source.clone(), held.subject.clone(), held.fence + 1, request_id(2));
    let key = rows::lease_key(&held.source, &held.subject);
    world.store.table().set(key, Some(rows::item(&given, given.revision(), 0).unwrap()));
    world.clock.advance(60);
    assert!(world.check_status(&one).await.is_err(), "its fence is not the lease's any more");
    assert_eq!(world.task(&one), before);
    assert_eq!(vendor.posts().len(), 1);
    let _ = two;
}

#[tokio::test]
async fn requests_about_different_people_do_not_wait_for_each_other() {
    let world = World::new();
    let vendor = world.connect("crm");
    for (n, address) in [(1, CANARY), (2, "bob@example.com")] {
        vendor.holds(address, [format!("record-{n}")]);
        world.demand(n, &erasure_of(address)).await.unwrap();
        world.search(&task_of(n, "crm")).await.unwrap();
        assert_eq!(world.submit(&task_of(n, "crm")).await.unwrap().next, Next::CheckStatus);
        assert_eq!(world.task(&task_of(n, "crm")).state, TaskState::Submitted);
    }
}

#[tokio::test]
async fn a_search_that_was_under_way_when_another_request_ended_is_done_again() {
    let (world, vendor, one, two) = two_requests().await;
    world.tamper(&two, |task| {
        (task.state, task.decision, task.searched_at) = (TaskState::Planned, None, None);
    });
    // It has read at the vendor, and is slow to store it.
    let mut slow = Box::pin(world.search(&two));
    vendor.set(|state| state.searches.push_back(Ok(vec![record("a"), record("b")])));
    world.gate.interleave(true);
    while vendor.journal().iter().filter(|call| matches!(call, Call::Search(_))).count() < 3 {
        let pending =
            std::future::poll_fn(|cx| std::task::Poll::Ready(slow.as_mut().poll(cx).is_pending())).await;
        assert!(pending);
    }
    world.gate.interleave(false);
    erase(&world, &one).await;
    world.clock.advance(10);
    slow.await.unwrap();
    assert_eq!(world.task(&two).state, TaskState::Decided, "on what is not there any more");
    assert_eq!(world.submit(&two).await.unwrap().next, Next::Settled);
    assert_eq!((world.task(&two).outcome, vendor.posts().len()), (Some(Outcome::NothingFound), 1));
}

fn record(name: &str) -> RecordId {
    RecordId::new(name)
}

#[tokio::test]
async fn a_new_run_is_searched_again_too_when_another_request_ended_after_its_search() {
    let (world, vendor, one, two) = two_requests().await;
    // The vendor refused its first run: the run used a fence, and left everything.
    let no = Reply::Says(Submitted::Rejected(Fault::Refused(Code::VendorRefused)));
    vendor.set(|state| state.submissions.extend(vec![no; 4]));
    while world.task(&two).outcome.is_none() {
        world.submit(&two).await.unwrap();
        world.look(&two).await.unwrap();
        world.clock.advance(120);
    }
    assert_eq!(world.task(&two).outcome, Some(Outcome::Refused));
    world.acts().run_again(&two, &ann()).await.unwrap();
    world.search(&two).await.unwrap();
    world.clock.advance(10);
    erase(&world, &one).await;
    world.clock.advance(10);
    let before = vendor.posts().len();
    assert_eq!(world.submit(&two).await.unwrap().next, Next::Settled);
    assert_eq!((world.task(&two).outcome, vendor.posts().len()), (Some(Outcome::NothingFound), before));
}
