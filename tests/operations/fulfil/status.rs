//! Asks how the rules stand.

use crate::stage::{batches_of, decided_with, submitted};
use rightful_contract::vendor::{Call, NO_SECRET, plain};
use rightful_contract::world::{World, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::kind::Kind;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus};

fn report(status: RuleStatus, confirmed: usize) -> Result<RuleReport, Fault> {
    Ok(RuleReport { status, confirmed, strangers: 0, claim: Claim::NotStated })
}

#[tokio::test]
async fn a_rule_goes_from_approval_over_pending_to_finished() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| {
        state.statuses.extend([report(RuleStatus::AwaitingApproval, 0), report(RuleStatus::Pending, 0)]);
        state.polls = 0;
    });
    let waits = [world.check_status(&at).await.unwrap(), world.check_status(&at).await.unwrap()];
    assert!(waits.iter().all(|step| step.next == Next::CheckStatus && step.state == TaskState::Submitted));
    assert!(waits[0].wait_seconds < waits[1].wait_seconds, "waits grow: {waits:?}");
    assert_eq!(world.rules(&at)[0].status, Some(RuleStatus::Pending));
    while world.check_status(&at).await.unwrap().next == Next::CheckStatus {}
    let (task, rule) = (world.task(&at), world.rules(&at).remove(0));
    assert_eq!((task.state, task.counts.confirmed), (TaskState::Verifying, 3));
    assert_eq!((rule.state, rule.confirmed, rule.claim), (RuleState::Finished, 3, Some(Claim::Deleted)));
    assert_eq!(task.claim, Some(Claim::Deleted), "a claim, beside what is verified");
    assert_eq!(task.outcome, None, "finished is not an outcome");
}

#[tokio::test]
async fn invariant_4_a_status_that_nobody_knows_is_never_success() {
    let (world, vendor, at) = submitted(3).await;
    for _ in 0..20 {
        vendor.set(|state| state.statuses.push_back(report(RuleStatus::Unknown, 3)));
        let step = world.check_status(&at).await.unwrap();
        assert_eq!(step.next, Next::CheckStatus);
        let task = world.task(&at);
        assert_eq!((task.state, task.counts.confirmed), (TaskState::Submitted, 0));
        assert_eq!(task.reason.as_deref(), Some("vendor_status_unknown"));
        world.clock.advance(step.wait_seconds);
    }
    assert_eq!(world.rules(&at)[0].state, RuleState::Accepted);
}

#[tokio::test]
async fn a_rule_whose_answer_is_too_large_is_a_persons_and_the_next_one_that_fits_tells() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.statuses.push_back(Err(Fault::AnswerTooLarge)));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::Unknown);
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("vendor_answer_too_large")));
    assert!(matches!(world.facts(request_id(1)).last(), Some(Fact::HandedOver { .. })), "a person is named");
    for _ in 0..2 {
        world.clock.advance(3600);
        world.check_status(&at).await.unwrap();
    }
    assert_eq!(world.rules(&at)[0].state, RuleState::Finished);
}

#[tokio::test]
async fn invariant_5_past_the_vendors_deadline_the_task_is_a_persons() {
    for (answer, reason) in [
        (report(RuleStatus::Pending, 0), "vendor_deadline_passed"),
        (report(RuleStatus::Unknown, 0), "vendor_status_unknown"),
        (Err(Fault::RuleNotFound), "rule_not_found"),
    ] {
        let (world, vendor, at) = submitted(3).await;
        world.clock.advance(plain().deadline_seconds + 1);
        vendor.set(|state| state.statuses.push_back(answer));
        assert_eq!(world.check_status(&at).await.unwrap().next, Next::Unknown);
        let task = world.task(&at);
        assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some(reason)));
        assert!(task.next_due.is_some(), "it is looked at again");
        let facts = world.facts(request_id(1));
        assert!(facts.iter().any(|fact| matches!(fact, Fact::BecameUnknown { .. })));
        assert!(matches!(facts.last(), Some(Fact::HandedOver { .. })), "a person is named at once");
    }
}

#[tokio::test]
async fn invariant_5_a_person_has_three_days_before_the_legal_deadline() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| {
        state.capabilities.deadline_seconds = 90 * 24 * 3600;
        state.statuses.extend((0..9).map(|_| report(RuleStatus::Pending, 0)));
    });
    world.clock.advance(26 * 24 * 3600);
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::CheckStatus);
    world.clock.advance(24 * 3600);
    assert!(world.now() < world.request(request_id(1)).due_at);
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::Unknown);
}

#[tokio::test]
async fn a_late_end_is_still_taken_up() {
    let (world, vendor, at) = submitted(3).await;
    world.clock.advance(plain().deadline_seconds + 1);
    vendor.set(|state| state.statuses.push_back(report(RuleStatus::Pending, 0)));
    world.check_status(&at).await.unwrap();
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    vendor.set(|state| state.statuses.push_back(report(RuleStatus::Pending, 0)));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::Unknown);
    while world.check_status(&at).await.unwrap().next == Next::Unknown {}
    assert_eq!(world.task(&at).state, TaskState::Verifying);
}

#[tokio::test]
async fn a_rule_that_is_not_there_is_waited_for() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.statuses.push_back(Err(Fault::RuleNotFound)));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(world.task(&at).reason.as_deref(), Some("rule_not_found"));
}

#[tokio::test]
async fn credentials_that_are_mended_let_it_go_on() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.statuses.push_back(Err(Fault::Unauthorized)));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(world.task(&at).reason.as_deref(), Some("credentials_rejected"));
    vendor.set(|state| state.polls = 0);
    while world.check_status(&at).await.unwrap().next == Next::CheckStatus {}
    let task = world.task(&at);
    assert_eq!((task.state, task.reason), (TaskState::Verifying, None));
}

#[tokio::test]
async fn a_wait_that_the_vendor_asks_for_is_kept() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.statuses.push_back(Err(Fault::Throttled(Some(500)))));
    assert_eq!(world.check_status(&at).await.unwrap().wait_seconds, 500);
}

#[tokio::test]
async fn invariant_5_a_source_that_cannot_be_opened_any_more_is_a_persons_at_the_legal_deadline() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.broken = Some(NO_SECRET));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::CheckStatus);
    assert_eq!(world.task(&at).reason.as_deref(), Some("secret_missing"));
    world.clock.advance_to(world.request(request_id(1)).due_at.plus_seconds(1));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::Unknown);
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    assert_eq!(world.check_status(&at).await.unwrap_err().kind, Kind::Transient);
}

#[tokio::test]
async fn a_vendor_that_confirms_more_than_it_was_given_is_not_believed() {
    let (world, vendor, at) = submitted(3).await;
    vendor.set(|state| state.statuses.push_back(report(RuleStatus::Finished, 70)));
    world.check_status(&at).await.unwrap();
    assert_eq!(world.task(&at).counts.confirmed, 3);
}

#[tokio::test]
async fn the_claim_for_all_batches_is_the_weakest() {
    let (world, vendor, at) = decided_with(6, batches_of(2)).await;
    world.submit(&at).await.unwrap();
    vendor.set(|state| {
        state.statuses.extend(
            [Claim::Deleted, Claim::Anonymised, Claim::Deleted].map(|claim| {
                Ok(RuleReport { status: RuleStatus::Finished, confirmed: 2, strangers: 0, claim })
            }),
        );
    });
    world.check_status(&at).await.unwrap();
    assert_eq!(world.task(&at).claim, Some(Claim::Anonymised));
}

async fn statuses_until_done(world: &World, at: &TaskRef) -> u32 {
    let mut calls = 0;
    let mut confirmed = 0;
    while world.task(at).state == TaskState::Submitted {
        let step = world.check_status(at).await.unwrap();
        assert!(world.task(at).counts.confirmed >= confirmed, "a count never shrinks");
        confirmed = world.task(at).counts.confirmed;
        world.clock.advance(step.wait_seconds);
        calls += 1;
        assert!(calls < 1000);
    }
    calls
}

#[tokio::test]
async fn five_hundred_rules_are_asked_about_over_several_calls() {
    let (world, vendor, at) = decided_with(1000, batches_of(2)).await;
    while world.submit(&at).await.unwrap().next == Next::Submit {}
    vendor.set(|state| (state.call_seconds, state.polls) = (1, 0));
    // Each of its rules has one `Pending` in it.
    let calls = statuses_until_done(&world, &at).await;
    let asked = vendor.journal().iter().filter(|call| matches!(call, Call::Status(_))).count();
    assert!(calls > 5, "{calls}");
    assert!(asked >= 1000, "{asked}");
    let task = world.task(&at);
    assert_eq!(
        (task.state, task.counts.submitted, task.counts.confirmed),
        (TaskState::Verifying, 1000, 1000)
    );
    assert!(world.rules(&at).iter().all(|rule| rule.state == RuleState::Finished));
    let finished: usize = world
        .facts(request_id(1))
        .iter()
        .filter_map(|fact| match fact {
            Fact::Finished { batches, .. } => Some(batches.len()),
            _ => None,
        })
        .sum();
    assert_eq!(finished, 500, "each rule finishes once");
}

#[tokio::test]
async fn rules_that_finish_in_one_call_are_stored_in_transactions_that_fit() {
    let (world, vendor, at) = decided_with(200, batches_of(1)).await;
    while world.submit(&at).await.unwrap().next == Next::Submit {}
    vendor.set(|state| state.statuses.extend((0..200).map(|_| report(RuleStatus::Finished, 1))));
    assert_eq!(world.check_status(&at).await.unwrap().next, Next::Look);
    let (items, bytes) = world.store.table().largest();
    assert!((60..=100).contains(&items), "{items}");
    assert!(bytes < 1_000_000, "{bytes}");
    assert_eq!(world.task(&at).counts.confirmed, 200);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_counts_no_record_twice() {
    for point in 0.. {
        let (world, vendor, at) = decided_with(65, batches_of(1)).await;
        while world.submit(&at).await.unwrap().next == Next::Submit {}
        vendor.set(|state| state.polls = 0);
        world.check_status(&at).await.unwrap();
        // Two changes; most points between them are status checks, all alike.
        world.gate.crash_at(Some(point * 3));
        let first = world.gate.until_crash(world.check_status(&at)).await;
        let before = world.task(&at).counts.confirmed;
        while world.check_status(&at).await.unwrap().next == Next::CheckStatus {}
        let task = world.task(&at);
        assert!(before <= 65);
        assert_eq!((task.state, task.counts.confirmed), (TaskState::Verifying, 65), "point {point}");
        let _ = world.facts(request_id(1));
        if first.is_some() {
            return;
        }
    }
}

#[tokio::test]
async fn invariant_6_two_workers_at_once_count_each_rule_once() {
    let (world, vendor, at) = decided_with(6, batches_of(2)).await;
    world.submit(&at).await.unwrap();
    vendor.set(|state| state.polls = 0);
    world.check_status(&at).await.unwrap();
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.check_status(&at), world.check_status(&at));
    assert_eq!([one.unwrap().next, two.unwrap().next], [Next::Look, Next::Look]);
    assert_eq!(world.task(&at).counts.confirmed, 6);
}

#[tokio::test]
async fn what_is_not_searchable_is_reported_erased_only_when_all_of_it_is_confirmed() {
    for (confirmed, outcome) in [(3, Some(Outcome::ReportedErased)), (2, None)] {
        let (world, vendor, at) = submitted(3).await;
        vendor.set(|state| {
            state.capabilities = Capabilities { identifiers: Vec::new(), ..plain() };
            state.statuses.extend([report(RuleStatus::Finished, confirmed)]);
        });
        world.check_status(&at).await.unwrap();
        assert_eq!(world.task(&at).outcome, outcome);
        let events = world.facts(request_id(1)).len();
        world.check_status(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
        assert_eq!(world.facts(request_id(1)).len(), events, "told once");
    }
}
