//! A POST whose answer is missing is resolved by looking.

use crate::stage::{batches_of, decided, decided_with, ids, submitted};
use rightful_contract::driver::Driver;
use rightful_contract::vendor::{FakeVendor, NO_SECRET, Reply};
use rightful_contract::world::{World, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::life::MAX_ATTEMPTS;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{Claim, Submitted};

const TIMED_OUT: Reply = Reply::Says(Submitted::Unknown(Code::VendorTimedOut));

/// Runs the workflow and the reconciliation.
async fn finish(world: &World, days: u64) {
    Driver::new(world).reconcile_until_done(request_id(1), days).await.unwrap();
}

/// Calls the next function after its wait, as the workflow does, until the task is in another state.
async fn until_not(world: &World, at: &TaskRef, state: TaskState) {
    for _ in 0..50 {
        if world.task(at).state != state {
            return;
        }
        let step = match state {
            TaskState::Unknown => world.look(at).await.unwrap(),
            _ => world.submit(at).await.unwrap(),
        };
        world.clock.advance(step.wait_seconds);
    }
}

fn states(world: &World, at: &TaskRef) -> Vec<RuleState> {
    world.rules(at).into_iter().map(|rule| rule.state).collect()
}

fn lose(vendor: &FakeVendor, replies: impl IntoIterator<Item = Reply>) {
    vendor.set(|state| state.submissions.extend(replies));
}

#[tokio::test]
async fn when_nothing_is_left_the_effect_is_there_and_the_receipt_says_that_its_reference_is_missing() {
    let (world, vendor, at) = decided_with(4, batches_of(2)).await;
    lose(&vendor, [Reply::Lost]);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Look);
    world.clock.advance(60);
    assert_eq!(world.look(&at).await.unwrap().next, Next::Submit, "the second batch comes now");
    assert_eq!(states(&world, &at), [RuleState::Unreferenced]);
    assert_eq!(world.task(&at).counts.submitted, 2, "seen to have had their effect");
    finish(&world, 2).await;
    assert_eq!(vendor.posts(), [ids(0..2), ids(2..4)], "nothing was sent twice");
    let task = world.task(&at);
    assert_eq!((task.outcome, task.claim), (Some(Outcome::VerifiedErased), Some(Claim::NotStated)));
    assert_eq!(task.reason.as_deref(), Some("reference_missing"));
    let file = world.receipts.file(request_id(1)).unwrap();
    let statement = verify(&file, &[world.signer.public()]).unwrap();
    let batch = &statement.tasks[0].batches[0];
    assert_eq!((batch.state, batch.rule_id.clone(), batch.gone), (RuleState::Unreferenced, None, 2));
    assert_eq!(statement.outcome, RequestOutcome::Fulfilled);
}

#[tokio::test]
async fn what_is_left_after_several_looks_is_named_again_and_nothing_else_is() {
    let (world, vendor, at) = decided_with(4, batches_of(4)).await;
    lose(&vendor, [TIMED_OUT]);
    world.submit(&at).await.unwrap();
    // The vendor erased half of it.
    vendor.set(|state| {
        for records in state.people.values_mut() {
            records.retain(|record| ids(1..3).contains(record));
        }
    });
    let mut waits = Vec::new();
    while world.task(&at).state == TaskState::Unknown {
        let step = world.look(&at).await.unwrap();
        waits.push(step.wait_seconds);
        world.clock.advance(step.wait_seconds);
    }
    assert_eq!(waits, [60, 120, 240, 0], "before the first, the second and the third look");
    assert_eq!(vendor.posts().len(), 1, "no look posts");
    finish(&world, 2).await;
    assert_eq!(vendor.posts(), [ids(0..4), ids(1..3)]);
    let rules = world.rules(&at);
    assert_eq!((rules[0].state, rules[0].gone), (RuleState::Repeated, 2));
    assert_eq!((rules[1].state, rules[1].attempt, rules[1].repeats), (RuleState::Finished, 2, Some(0)));
    let task = world.task(&at);
    assert_eq!((task.counts.found, task.counts.submitted, task.counts.confirmed), (4, 4, 2));
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::VerifiedErased), Some("reference_missing"))
    );
}

#[tokio::test]
async fn invariant_5_after_three_repeats_a_person_decides_and_the_request_stays_open() {
    let (world, vendor, at) = decided(2).await;
    lose(&vendor, vec![TIMED_OUT; 20]);
    finish(&world, 10).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("repeats_used_up")));
    assert!(task.handed_over_at.is_some() && !world.request(request_id(1)).is_done());
    assert_eq!(vendor.posts().len(), MAX_ATTEMPTS as usize);
    let attempts: Vec<u32> = world.rules(&at).iter().map(|rule| rule.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    let facts = world.facts(request_id(1));
    let handed = facts.iter().filter(|fact| matches!(fact, Fact::HandedOver { .. })).count();
    assert_eq!(handed, 1, "told once");
    // The person has the vendor erase by hand; a look sees that.
    vendor.set(|state| state.people.clear());
    finish(&world, 2).await;
    assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased));
    assert_eq!(vendor.posts().len(), MAX_ATTEMPTS as usize);
}

#[tokio::test]
async fn a_rule_that_shows_after_its_records_were_repeated_is_not_lost() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.hangs = true);
    let mut slow = Box::pin(world.submit(&at));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(slow.as_mut().poll(cx).is_pending())).await);
    // A very slow vendor: it has accepted the rule, but not begun it.
    vendor.set(|state| (state.keeps, state.hangs) = (true, false));
    world.clock.advance(1000);
    world.submit(&at).await.unwrap();
    until_not(&world, &at, TaskState::Unknown).await;
    assert_eq!(states(&world, &at), [RuleState::Left]);
    world.submit(&at).await.unwrap();
    assert_eq!(states(&world, &at), [RuleState::Repeated, RuleState::Accepted]);
    vendor.set(|state| state.keeps = false);
    slow.await.unwrap();
    let rules = world.rules(&at);
    assert_eq!((rules[0].state, rules[0].rule_id.as_deref()), (RuleState::Accepted, Some("rule-1")));
    finish(&world, 2).await;
    let task = world.task(&at);
    assert_eq!((task.counts.submitted, task.counts.confirmed), (2, 2), "each record counts once");
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(task.reason, None, "nothing is missing any more");
    assert_eq!(states(&world, &at), [RuleState::Finished, RuleState::Finished]);
}

#[tokio::test]
async fn invariant_4_a_look_that_fails_proves_nothing() {
    let (world, vendor, at) = decided(2).await;
    lose(&vendor, [Reply::Lost]);
    world.submit(&at).await.unwrap();
    world.clock.advance(60);
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look);
    assert_eq!(states(&world, &at), [RuleState::Unknown]);
    finish(&world, 1).await;
    assert_eq!((world.task(&at).outcome, vendor.posts().len()), (Some(Outcome::VerifiedErased), 1));
}

#[tokio::test]
async fn records_that_appear_anew_are_named_once_they_are_decided_on_and_not_before() {
    let (world, vendor, at) = decided(2).await;
    lose(&vendor, [TIMED_OUT]);
    world.submit(&at).await.unwrap();
    vendor.holds(rightful_contract::world::CANARY, ["new".to_owned()]);
    finish(&world, 2).await;
    assert_eq!(vendor.posts()[..2], [ids(0..2), ids(0..2)]);
    world.submit(&at).await.unwrap();
    assert_eq!(vendor.posts()[2..], [vec![RecordId::new("new")]]);
    finish(&world, 2).await;
    let counts = world.task(&at).all_counts();
    assert_eq!((world.task(&at).outcome, vendor.left()), (Some(Outcome::VerifiedErased), 0));
    assert_eq!((counts.found, counts.submitted), (3, 3));
}

#[tokio::test]
async fn records_that_are_gone_in_a_dry_run_are_a_persons_matter() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(rightful_contract::world::CANARY, ["a".to_owned()]);
    let demand =
        rightful_domain::operations::accept::Demand { dry_run: true, ..rightful_contract::world::erasure() };
    world.demand(1, &demand).await.unwrap();
    let at = rightful_contract::world::task_of(1, "crm");
    world.search(&at).await.unwrap();
    lose(&vendor, [TIMED_OUT]);
    world.submit(&at).await.unwrap();
    vendor.set(|state| state.people.clear());
    finish(&world, 3).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("gone_in_dry_run")));
    assert!(!world.request(request_id(1)).is_done());
    assert!(world.facts(request_id(1)).len() < 15);
}

#[tokio::test]
async fn invariant_6_a_look_that_is_killed_at_any_point_or_done_twice_resolves_once() {
    for point in 0.. {
        let (world, vendor, at) = decided_with(3, batches_of(2)).await;
        lose(&vendor, [Reply::Lost]);
        world.submit(&at).await.unwrap();
        world.clock.advance(60);
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.look(&at)).await;
        world.gate.interleave(true);
        let _ = tokio::join!(world.look(&at), world.look(&at));
        world.gate.interleave(false);
        assert_eq!(world.task(&at).counts.submitted, 2, "killed at {point}");
        let facts = world.facts(request_id(1));
        let resolved = facts.iter().filter(|fact| matches!(fact, Fact::Resolved { .. })).count();
        assert_eq!(resolved, 1, "killed at {point}");
        if end.is_some() {
            assert!(point > 8);
            return;
        }
    }
}

#[tokio::test]
async fn where_the_vendor_may_take_its_time_nothing_is_named_again_and_a_person_is() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.capabilities.unknown_repeats = false);
    lose(&vendor, [TIMED_OUT]);
    finish(&world, 5).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("answer_never_came")));
    assert!(task.handed_over_at.is_some());
    assert_eq!((vendor.posts().len(), states(&world, &at)), (1, vec![RuleState::Unknown]));
    vendor.set(|state| state.people.clear());
    finish(&world, 1).await;
    assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased), "approved in the end");
}

#[tokio::test]
async fn a_broken_set_up_under_a_missing_answer_is_a_persons_soon_and_goes_on_when_mended() {
    let (world, vendor, at) = decided(2).await;
    lose(&vendor, [Reply::Lost]);
    world.submit(&at).await.unwrap();
    vendor.set(|state| state.broken = Some(NO_SECRET));
    let begun = world.now();
    while world.task(&at).handed_over_at.is_none() {
        let step = world.look(&at).await.unwrap();
        world.clock.advance(step.wait_seconds);
        assert!(begun.seconds_until(world.now()) < 2 * 3600);
    }
    assert_eq!(world.task(&at).reason.as_deref(), Some("secret_missing"), "what has to be mended");
    vendor.set(|state| state.broken = None);
    finish(&world, 1).await;
    assert_eq!((world.task(&at).outcome, vendor.posts().len()), (Some(Outcome::VerifiedErased), 1));
}

#[tokio::test]
async fn an_unknown_task_that_no_look_can_help_is_asked_about_and_never_spins() {
    let (world, _, at) = submitted(2).await;
    // As an earlier version stored it: unknown, its rule accepted, and handed to nobody.
    world.tamper(&at, |task| task.state = TaskState::Unknown);
    let step = world.look(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds > 0), (Next::CheckStatus, true));
    finish(&world, 1).await;
    assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased));
}
