//! Intent, POST, answer.

use crate::stage::{batches_of, decided, decided_with, ids, record_name};
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{Call, FakeVendor, NO_SECRET, Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::kind::Kind;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn states(world: &World, at: &TaskRef) -> Vec<RuleState> {
    world.rules(at).into_iter().map(|rule| rule.state).collect()
}

#[tokio::test]
async fn invariant_3_the_intent_is_in_the_store_before_the_post() {
    let (world, vendor, at) = decided_with(5, batches_of(2)).await;
    let store = world.store.clone();
    vendor.set(|state| {
        state.witness = Some(std::rc::Rc::new(move |records: &[RecordId]| {
            let rules = store.rules_now(request_id(1), &source("crm")).unwrap();
            let intents: Vec<_> = rules.iter().filter(|rule| rule.state == RuleState::Intent).collect();
            assert_eq!(intents.len(), 1, "one POST in flight, and it has its intent");
            assert_eq!(intents[0].records as usize, records.len());
            assert_eq!(intents[0].batch as usize + 1, rules.len());
        }));
    });
    let step = world.submit(&at).await.unwrap();
    assert_eq!((step.next, step.state), (Next::CheckStatus, TaskState::Submitted));
    assert_eq!(vendor.posts(), [ids(0..2), ids(2..4), ids(4..5)]);
    let task = world.task(&at);
    assert_eq!((task.counts.submitted, task.fence, task.batch_size), (5, 3, 2));
    let kinds: Vec<bool> = world.facts(request_id(1))[4..]
        .iter()
        .map(|fact| match fact {
            Fact::Intended { .. } => true,
            Fact::Accepted { .. } => false,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [true, false, true, false, true, false]);
}

#[tokio::test]
async fn invariant_3_an_unknown_answer_is_never_sent_again_without_a_look() {
    let (world, vendor, at) = decided_with(4, batches_of(2)).await;
    vendor.set(|state| state.submissions.push_back(Reply::Says(Submitted::Unknown(Code::VendorTimedOut))));
    let step = world.submit(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Look, 60), "a look tells, and not at once");
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("vendor_timed_out")));
    for _ in 0..5 {
        world.clock.advance(100_000);
        assert_eq!(world.submit(&at).await.unwrap().next, Next::Look);
        assert_eq!(world.check_status(&at).await.unwrap().next, Next::Look);
    }
    assert_eq!(vendor.posts().len(), 1);
    assert_eq!(states(&world, &at), [RuleState::Unknown]);
}

#[tokio::test]
async fn invariant_3_a_crash_at_any_point_never_sends_a_batch_twice_without_a_look() {
    let mut lost = 0;
    for point in 0.. {
        let (world, vendor, at) = decided_with(3, batches_of(2)).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.submit(&at)).await;
        let mut next = Next::Submit;
        for _ in 0..20 {
            if next != Next::Submit {
                break;
            }
            let step = world.submit(&at).await.unwrap();
            world.clock.advance(step.wait_seconds);
            next = step.next;
        }
        let posts = vendor.posts();
        let unique: std::collections::BTreeSet<_> = posts.iter().collect();
        assert_eq!(unique.len(), posts.len(), "crash at point {point}: {posts:?}");
        match next {
            Next::CheckStatus => assert_eq!(posts.len(), 2, "crash at point {point}"),
            Next::Look => {
                assert_eq!(world.task(&at).state, TaskState::Unknown, "crash at point {point}");
                lost += 1;
            }
            other => panic!("crash at point {point}: {other:?}"),
        }
        let _ = world.facts(request_id(1));
        if first.is_some() {
            assert!(point > 20 && lost > 0);
            return;
        }
    }
}

#[tokio::test]
async fn invariant_3_after_a_crash_behind_the_post_the_next_call_waits_then_says_unknown() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.hangs = true);
    {
        let mut worker = pin!(world.submit(&at));
        assert!(poll_once(worker.as_mut()).is_pending());
    }
    vendor.set(|state| state.hangs = false);
    let until = world.rules(&at)[0].intent_until;
    let step = world.submit(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Submit, world.now().seconds_until(until)));
    world.clock.advance_to(until);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Look);
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    assert_eq!(world.task(&at).reason.as_deref(), Some("answer_never_came"));
    assert_eq!(vendor.posts().len(), 1);
}

#[tokio::test]
async fn an_answer_that_comes_after_all_is_not_thrown_away() {
    let (world, vendor, at) = decided_with(4, batches_of(2)).await;
    vendor.set(|state| state.hangs = true);
    let mut slow = pin!(world.submit(&at));
    assert!(poll_once(slow.as_mut()).is_pending());
    world.clock.advance(1000);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Look, "given up for lost");
    vendor.set(|state| state.hangs = false);
    let step = slow.await.unwrap();
    assert_eq!(world.rules(&at)[0].rule_id.as_deref(), Some("rule-1"));
    assert_eq!(world.task(&at).counts.submitted, 2, "known now");
    assert_ne!(step.next, Next::Unknown);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(vendor.posts(), [ids(0..2), ids(2..4)]);
    assert_eq!(world.task(&at).counts.submitted, 4);
}

#[tokio::test]
async fn what_was_not_sent_is_sent_again_after_the_vendors_own_wait_and_not_before() {
    let (world, vendor, at) = decided(2).await;
    let later = Submitted::NotSent(Fault::Throttled(Some(90)));
    vendor.set(|state| state.submissions.push_back(Reply::Says(later)));
    let step = world.submit(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Submit, 90));
    assert_eq!(states(&world, &at), [RuleState::NotSent]);
    world.clock.advance(30);
    let early = world.submit(&at).await.unwrap();
    assert_eq!((early.next, early.wait_seconds), (Next::Submit, 60), "a repeated call is not a new turn");
    assert_eq!(vendor.posts().len(), 1);
    world.clock.advance(60);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(vendor.posts().len(), 2);
    let rules = world.rules(&at);
    assert_eq!((rules.len(), rules[0].fence, rules[0].reason.clone()), (1, 2, None));
    assert_eq!(world.task(&at).counts.submitted, 2);
}

#[tokio::test]
async fn what_is_never_sent_fails_at_the_deadline() {
    let (world, vendor, at) = decided_with(2, Capabilities { deadline_seconds: 3600, ..plain() }).await;
    let mut calls = 0;
    while world.task(&at).state != TaskState::Settled {
        let not = Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable));
        vendor.set(|state| state.submissions.push_back(Reply::Says(not)));
        let step = world.submit(&at).await.unwrap();
        world.clock.advance(step.wait_seconds);
        calls += 1;
        assert!(calls < 30);
    }
    assert!(calls > 5);
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("vendor_unreachable")));
}

#[tokio::test]
async fn one_refusal_after_the_deadline_is_not_the_end() {
    let late = || async {
        let (world, vendor, at) = decided_with(2, Capabilities { deadline_seconds: 3600, ..plain() }).await;
        world.clock.advance(7200);
        (world, vendor, at)
    };
    // A gateway refuses for a minute.
    let (world, vendor, at) = late().await;
    refuses(&vendor, &Fault::Unauthorized, 2);
    to_its_end(&world, &at).await;
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (None, Some("vendor_deadline_passed")));
    assert_eq!((vendor.posts().len(), task.counts.submitted), (3, 2), "sent, and a person's as it is late");
    // The vendor's refusal is final.
    let (world, vendor, at) = late().await;
    let began = world.now();
    refuses(&vendor, &Fault::Unauthorized, 9);
    to_its_end(&world, &at).await;
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("credentials_rejected")));
    assert_eq!(vendor.posts().len(), 5);
    assert!(began.seconds_until(world.now()) >= 180, "minutes, not seconds");
}

/// Takes each next step, after its wait, until the task is settled or a person has it.
async fn to_its_end(world: &World, at: &TaskRef) {
    for _ in 0..60 {
        let task = world.task(at);
        if task.state == TaskState::Settled || task.handed_over_at.is_some() {
            return;
        }
        let step = world.submit(at).await.unwrap();
        world.clock.advance(step.wait_seconds);
        match world.task(at).state {
            TaskState::Submitted => drop(world.check_status(at).await.unwrap()),
            TaskState::Verifying | TaskState::Unknown => drop(world.look(at).await.unwrap()),
            _ => {}
        }
    }
    panic!("it never ends: {:?}", world.task(at));
}

fn refuses(vendor: &FakeVendor, fault: &Fault, times: usize) {
    let no = Reply::Says(Submitted::Rejected(fault.clone()));
    vendor.set(|state| state.submissions.extend(vec![no; times]));
}

const NOT_FOUND: Fault = Fault::Refused(Code::VendorNotFound);

#[tokio::test]
async fn a_submission_that_is_refused_is_looked_at_and_asked_again_some_minutes_before_it_is_the_end() {
    for (fault, outcome, posts) in
        [(NOT_FOUND, Outcome::Refused, 4), (Fault::Unauthorized, Outcome::Failed, 5)]
    {
        let (world, vendor, at) = decided(2).await;
        let began = world.now();
        refuses(&vendor, &fault, 9);
        to_its_end(&world, &at).await;
        let task = world.task(&at);
        assert_eq!((task.outcome, task.reason.as_deref()), (Some(outcome), Some(fault.code().as_str())));
        assert_eq!((vendor.posts().len(), task.counts.submitted), (posts, 0));
        assert!(began.seconds_until(world.now()) >= 180, "minutes, not seconds");
        // A gateway refuses for a minute.
        let (world, vendor, at) = decided(2).await;
        refuses(&vendor, &fault, 2);
        to_its_end(&world, &at).await;
        assert_eq!((world.task(&at).outcome, world.task(&at).reason), (Some(Outcome::VerifiedErased), None));
        assert_eq!((vendor.posts().len(), vendor.left()), (3, 0));
    }
}

#[tokio::test]
async fn a_submission_that_is_refused_because_nothing_is_there_any_more_is_told_as_that() {
    for code in [Code::VendorNotFound, Code::VendorConflict, Code::VendorGone] {
        let (world, vendor, at) = decided(2).await;
        refuses(&vendor, &Fault::Refused(code), 1);
        vendor.set(|state| state.people.clear());
        to_its_end(&world, &at).await;
        let task = world.task(&at);
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(Outcome::NothingFound), Some(Code::RecordsGone.as_str()))
        );
        assert_eq!((states(&world, &at), vendor.posts().len()), (vec![RuleState::Gone], 1));
        assert_eq!(world.rules(&at)[0].refused.as_deref(), Some(code.as_str()));
    }
}

#[tokio::test]
async fn invariant_3_a_refused_repeat_settles_nothing_while_the_first_ones_end_is_unknown() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.submissions.push_back(Reply::Says(Submitted::Unknown(Code::VendorTimedOut))));
    refuses(&vendor, &NOT_FOUND, 9);
    to_its_end(&world, &at).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.outcome), (TaskState::Unknown, None));
    assert!(task.handed_over_at.is_some());
    // The first one took effect after all: a look shows it, and the reference is missing.
    vendor.set(|state| state.people.clear());
    for _ in 0..4 {
        world.clock.advance(4000);
        world.look(&at).await.unwrap();
        world.submit(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
    }
    let task = world.task(&at);
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::VerifiedErased), Some(Code::ReferenceMissing.as_str()))
    );
    assert_eq!(task.counts.submitted, 2);
}

#[tokio::test]
async fn a_later_batch_that_is_rejected_lets_the_accepted_ones_finish_first() {
    let (world, vendor, at) = decided_with(6, batches_of(2)).await;
    let first = vendor.clone();
    vendor.set(|state| {
        state.witness = Some(std::rc::Rc::new(move |records: &[RecordId]| {
            if *records == ids(2..4) {
                refuses(&first, &NOT_FOUND, 1);
            }
        }));
    });
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Look);
    assert_eq!(states(&world, &at), [RuleState::Accepted, RuleState::NotTaken]);
    to_its_end(&world, &at).await;
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("vendor_not_found")));
    assert_eq!((task.counts.submitted, task.counts.confirmed, vendor.left()), (4, 4, 2));
    assert_eq!(vendor.posts().iter().filter(|records| **records == ids(2..4)).count(), 4);
}

#[tokio::test]
async fn invariant_2_records_that_were_not_decided_on_are_never_sent() {
    let (world, vendor, at) = decided(3).await;
    world.tamper(&at, |task| {
        if let Some(decision) = &mut task.decision {
            decision.records.mac = "0".repeat(64);
        }
    });
    world.submit(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::Failed), Some("decision_does_not_fit"))
    );
    assert!(vendor.posts().is_empty());
}

#[tokio::test]
async fn invariant_2_without_a_decision_nothing_is_sent() {
    let (world, vendor, at) = decided(3).await;
    world.tamper(&at, |task| task.decision = None);
    world.submit(&at).await.unwrap();
    assert!(vendor.posts().is_empty());
    assert_eq!(world.task(&at).outcome, Some(Outcome::Failed));
}

/// Two batches: the first is taken, the second finally refused.
async fn half_taken(dry_run: bool) -> (World, FakeVendor, TaskRef) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = batches_of(2));
    vendor.holds(CANARY, (0..4).map(record_name));
    world.demand(1, &Demand { dry_run, ..erasure() }).await.unwrap();
    let at = task_of(1, "crm");
    world.search(&at).await.unwrap();
    vendor.set(|state| {
        state.submissions.push_back(Reply::Takes);
        let refused = Submitted::Rejected(Fault::Unauthorized);
        state.submissions.extend(vec![Reply::Says(refused); 9]);
    });
    (world, vendor, at)
}

#[tokio::test]
async fn a_dry_run_that_was_given_up_ends_with_a_look_all_the_same() {
    for erases in [false, true] {
        let (world, vendor, at) = half_taken(true).await;
        for _ in 0..12 {
            world.submit(&at).await.unwrap();
            world.clock.advance(300);
        }
        if erases {
            vendor.set(|state| state.people.clear());
        }
        for _ in 0..12 {
            world.check_status(&at).await.unwrap();
            world.look(&at).await.unwrap();
            world.clock.advance(3600);
        }
        let task = world.task(&at);
        if erases {
            assert_eq!((task.outcome, task.reason.as_deref()), (None, Some("gone_in_dry_run")));
            let told = world.facts(request_id(1));
            let told = told.iter().filter(|fact| matches!(fact, Fact::HandedOver { .. })).count();
            assert!(task.handed_over_at.is_some() && told == 1, "once a person's, and told once: {told}");
        } else {
            let code = Some(Fault::Unauthorized.code().as_str());
            assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), code));
            assert!(task.looked.is_some(), "it was looked for");
        }
    }
}

#[tokio::test]
async fn strangers_are_a_persons_matter_also_where_the_rest_was_given_up() {
    let (world, vendor, at) = half_taken(false).await;
    vendor.set(|state| state.strangers = 1);
    for _ in 0..12 {
        world.submit(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
        world.clock.advance(300);
    }
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (None, Some("strangers_listed")));
    assert!(task.handed_over_at.is_some());
    let handed =
        world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::HandedOver { .. })).count();
    assert_eq!(handed, 1, "told once");
}

#[tokio::test]
async fn a_dry_run_is_marked_as_one() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, [record_name(0)]);
    world.demand(1, &Demand { dry_run: true, ..erasure() }).await.unwrap();
    let at = task_of(1, "crm");
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    assert!(vendor.journal().iter().any(|call| matches!(call, Call::Submit { dry_run: true, .. })));
    to_its_end(&world, &at).await;
    assert_eq!((world.task(&at).outcome, vendor.left()), (Some(Outcome::DryRun), 1));
    let saw = Fact::Looked { source: source("crm"), left: 1, appeared: 0, assurance: None };
    assert!(world.facts(request_id(1)).contains(&saw), "every dry run ends with a look");
}

#[tokio::test]
async fn a_call_ends_before_its_time_does_and_the_next_one_goes_on() {
    let (world, vendor, at) = decided_with(10, batches_of(2)).await;
    vendor.set(|state| state.call_seconds = 19);
    let begun = world.clock.now();
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Submit);
    assert!(begun.seconds_until(world.now()) <= 80);
    assert_eq!(vendor.posts().len(), 3);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(vendor.posts().len(), 5);
}

#[tokio::test]
async fn a_batch_size_changed_on_the_way_shifts_nothing() {
    let (world, vendor, at) = decided_with(5, batches_of(2)).await;
    vendor.set(|state| state.call_seconds = 40);
    world.submit(&at).await.unwrap();
    vendor.set(|state| (state.call_seconds, state.capabilities.batch_size) = (0, 3));
    world.submit(&at).await.unwrap();
    assert_eq!(vendor.posts(), [ids(0..2), ids(2..4), ids(4..5)]);
}

#[tokio::test]
async fn two_workers_at_once_send_each_batch_once() {
    let (world, vendor, at) = decided_with(5, batches_of(2)).await;
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.submit(&at), world.submit(&at));
    let steps = [one.unwrap().next, two.unwrap().next];
    assert!(steps.contains(&Next::CheckStatus), "{steps:?}");
    assert_eq!(vendor.posts().len(), 3);
    assert_eq!(world.task(&at).counts.submitted, 5);
}

#[tokio::test]
async fn an_intent_that_may_or_may_not_be_stored_is_not_followed_by_a_post() {
    for (fault, rules) in [(TableFault::LoseCall, 0), (TableFault::LoseAnswer, 1)] {
        let (world, vendor, at) = decided(2).await;
        world.store.table().fail_next(&[fault]);
        let answer = world.submit(&at).await;
        if rules == 0 {
            assert_eq!(answer.unwrap_err().kind, Kind::Transient);
            assert!(vendor.posts().is_empty());
            assert_eq!(world.submit(&at).await.unwrap().next, Next::CheckStatus);
        } else {
            assert_eq!(answer.unwrap().next, Next::CheckStatus, "found to be its own");
        }
        assert_eq!(vendor.posts().len(), 1);
    }
}

#[tokio::test]
async fn a_source_that_lost_its_secret_fails_before_the_first_batch_and_is_unknown_with_one_in_flight() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.hangs = true);
    {
        let mut worker = pin!(world.submit(&at));
        assert!(poll_once(worker.as_mut()).is_pending());
    }
    vendor.set(|state| state.broken = Some(NO_SECRET));
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Submit, "it may still be answered");
    world.clock.advance(3600);
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Look);
    assert_eq!(world.task(&at).state, TaskState::Unknown);

    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    assert_eq!(world.submit(&at).await.unwrap_err().kind, Kind::Transient);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    assert_eq!(world.submit(&at).await.unwrap().next, Next::Settled);
    assert_eq!(world.task(&at).reason.as_deref(), Some("secret_missing"));
    assert!(vendor.posts().is_empty());
}
