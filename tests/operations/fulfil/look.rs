//! Looks again.

use crate::stage::{decided, ids, reconciled, rule, verifying, world_with};
use rightful_contract::rows::{records_sk, request_pk};
use rightful_contract::vendor::{Call, FakeVendor, NO_SECRET, Reply, plain};
use rightful_contract::world::{CANARY, World, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::task::{Assurance, Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{RecordId, SetAside};
use rightful_domain::vendor::report::Submitted;

#[tokio::test]
async fn none_of_the_submitted_records_found_is_verified_erased() {
    let (world, vendor, at) = verifying(3).await;
    assert_eq!(vendor.left(), 0);
    assert_eq!(world.look(&at).await.unwrap().next, Next::Settled);
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason), (Some(Outcome::VerifiedErased), None));
    assert_eq!(task.verified_at, Some(world.now()));
    assert!(task.next_due.is_some(), "it stays in the due index until its request is closed");
    let calls = vendor.journal().len();
    assert_eq!(world.look(&at).await.unwrap().next, Next::Settled);
    assert_eq!(vendor.journal().len(), calls, "a settled task is passed over");
}

#[tokio::test]
async fn what_is_still_there_is_looked_for_again_until_it_is_gone() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.extend([Ok(ids(0..3)), Ok(ids(0..1))]));
    let first = world.look(&at).await.unwrap();
    assert_eq!((first.next, world.task(&at).left), (Next::Look, 3));
    world.clock.advance(first.wait_seconds);
    let second = world.look(&at).await.unwrap();
    assert!(second.wait_seconds > first.wait_seconds, "waits grow");
    assert_eq!((world.task(&at).left, world.task(&at).looks), (1, 2));
    world.clock.advance(second.wait_seconds);
    world.look(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.outcome, task.left), (Some(Outcome::VerifiedErased), 0));
}

#[tokio::test]
async fn what_stays_is_still_present_after_the_last_look() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.extend((0..9).map(|_| Ok(ids(0..2)))));
    let mut looks = 0;
    while world.task(&at).state == TaskState::Verifying {
        let step = world.look(&at).await.unwrap();
        world.clock.advance(step.wait_seconds);
        looks += 1;
    }
    assert_eq!(looks, plain().verify_looks);
    let task = world.task(&at);
    assert_eq!((task.outcome, task.left, task.verified_at), (Some(Outcome::StillPresent), 2, None));
    assert_eq!(vendor.posts().len(), 1, "nothing is erased anew");
}

#[tokio::test]
async fn invariant_6_a_repeated_call_within_the_wait_is_not_another_look() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.extend((0..9).map(|_| Ok(ids(0..2)))));
    let first = world.look(&at).await.unwrap();
    world.clock.advance(1);
    let again = world.look(&at).await.unwrap();
    assert_eq!((again.next, again.wait_seconds), (Next::Look, first.wait_seconds - 1));
    assert_eq!(world.task(&at).looks, 1);
    world.clock.advance(again.wait_seconds);
    world.look(&at).await.unwrap();
    assert_eq!(world.task(&at).looks, 2);
}

#[tokio::test]
async fn invariant_2_what_appeared_goes_back_to_a_decision_of_its_own() {
    let (world, vendor, at) = verifying(3).await;
    let first = world.task(&at).decision.unwrap();
    vendor.holds(CANARY, ["new-1".to_owned(), "new-2".to_owned()]);
    let step = world.look(&at).await.unwrap();
    assert_eq!((step.next, step.state), (Next::Submit, TaskState::Planned));
    assert!(world.facts(request_id(1)).contains(&Fact::WentBack {
        source: source("crm"),
        round: 1,
        appeared: 2
    }));
    world.submit(&at).await.unwrap();
    assert_ne!(world.task(&at).decision.unwrap().records, first.records);
    while world.check_status(&at).await.unwrap().next == Next::CheckStatus {
        world.clock.advance(60);
    }
    assert_eq!(world.look(&at).await.unwrap().next, Next::Settled);
    let (task, counts) = (world.task(&at), world.task(&at).all_counts());
    assert_eq!((task.outcome, task.reason, task.appeared), (Some(Outcome::VerifiedErased), None, 0));
    assert_eq!((counts.found, counts.submitted, counts.confirmed), (5, 5, 5));
    let new = vec![RecordId::new("new-1"), RecordId::new("new-2")];
    assert_eq!((vendor.posts(), vendor.left()), (vec![ids(0..3), new], 0));
}

#[tokio::test]
async fn what_appeared_waits_for_a_person_where_a_person_decides() {
    let (world, vendor, at) = verifying(3).await;
    world.tamper(&at, |task| task.policy = rightful_domain::model::policy::Policy::Always);
    vendor.holds(CANARY, ["new-1".to_owned()]);
    world.look(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.counts.found, task.decision), (TaskState::AwaitingReview, 1, None));
    assert_eq!(vendor.posts(), [ids(0..3)]);
}

#[tokio::test]
async fn after_three_rounds_a_person_has_what_keeps_appearing() {
    let (world, vendor, at) = verifying(1).await;
    for round in 0..40 {
        if world.task(&at).handed_over_at.is_some() {
            assert_eq!(vendor.posts().len(), 4, "the first decision and three rounds");
            assert_eq!(world.task(&at).reason.as_deref(), Some("records_keep_appearing"));
            assert!(world.task(&at).outcome.is_none(), "nothing is told as erased");
            return;
        }
        if world.task(&at).state == TaskState::Verifying {
            vendor.holds(CANARY, [format!("new-{round}")]);
        }
        world.look(&at).await.unwrap();
        world.submit(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
        world.clock.advance(60);
    }
    panic!("no person has it: {:?}", world.task(&at));
}

#[tokio::test]
async fn a_look_counts_only_with_its_control_and_one_sight_serves_those_minutes() {
    let controls =
        |vendor: &FakeVendor| vendor.journal().iter().filter(|call| matches!(call, Call::Control)).count();
    let (world, vendor, at) = verifying(3).await;
    // The search is blind once, for the control too.
    vendor.set(|state| {
        state.searches.push_back(Ok(Vec::new()));
        state.control_gone = true;
        state.keeps = true;
    });
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look);
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Verifying, Some("control_not_found")));
    vendor.set(|state| state.control_gone = false);
    world.clock.advance(60);
    world.look(&at).await.unwrap();
    assert_eq!(world.task(&at).assurance, Some(Assurance::Control));
    assert_eq!((world.task(&at).outcome, controls(&vendor)), (Some(Outcome::VerifiedErased), 2));
    // A further look within five minutes needs no control search; a later one does.
    for (n, (wait, asked)) in (2..).zip([(200, 2), (301, 3)]) {
        world.clock.advance(wait);
        vendor.holds(&format!("{n}@example.com"), [format!("r{n}")]);
        let demand = Demand { identifiers: vec![email(&format!("{n}@example.com"))], ..erasure() };
        world.demand(n, &demand).await.unwrap();
        let at = task_of(n, "crm");
        vendor.set(|state| state.keeps = false);
        world.search(&at).await.unwrap();
        world.submit(&at).await.unwrap();
        while world.task(&at).outcome.is_none() {
            world.check_status(&at).await.unwrap();
            world.look(&at).await.unwrap();
            world.clock.advance(2);
        }
        assert_eq!((world.task(&at).outcome, controls(&vendor)), (Some(Outcome::VerifiedErased), asked));
    }
}

#[tokio::test]
async fn without_a_control_two_looks_in_a_row_and_apart_are_needed() {
    let (world, vendor, at) = verifying(3).await;
    world.tamper_source("crm", |row| row.control = None);
    vendor.set(|state| state.keeps = true);
    vendor.set(|state| state.people.entry(CANARY.to_lowercase()).or_default().extend(ids(0..3)));
    // Blind once, then sighted: three remaining records are not reported as erased.
    vendor.set(|state| state.searches.push_back(Ok(Vec::new())));
    let step = world.look(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Look, 60));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look, "not before its time");
    world.clock.advance(60);
    world.look(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.outcome, task.left, task.clear_looks), (None, 3, 0));
    vendor.set(|state| state.people.clear());
    for _ in 0..2 {
        world.clock.advance(100);
        world.look(&at).await.unwrap();
    }
    let task = world.task(&at);
    assert_eq!((task.outcome, task.assurance), (Some(Outcome::VerifiedErased), Some(Assurance::TwoLooks)));
}

#[tokio::test]
async fn a_doubtful_record_that_a_look_sets_aside_is_a_persons_matter() {
    let (world, vendor, at) = verifying(3).await;
    let aside = SetAside { id: Some(RecordId::new("two-in-one")), doubtful: true };
    vendor.set(|state| state.set_aside = vec![aside]);
    world.look(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (None, Some("set_aside_doubtful")));
    assert!(task.handed_over_at.is_some());
}

/// Calls each of the workflow's steps this many times, a minute apart.
async fn turns(world: &World, at: &TaskRef, times: usize) {
    for _ in 0..times {
        world.submit(at).await.unwrap();
        world.check_status(at).await.unwrap();
        world.look(at).await.unwrap();
        world.clock.advance(60);
    }
}

#[tokio::test]
async fn the_doubtful_records_that_a_reviewer_saw_are_no_matter_again_and_another_one_is() {
    let doubtful = |id: Option<&str>| SetAside { id: id.map(RecordId::new), doubtful: true };
    let (both, other) = (doubtful(Some("both")), doubtful(Some("other")));
    for (then, now, seen) in [
        (vec![both.clone()], vec![both.clone()], true),
        (vec![both.clone(), other.clone()], vec![other.clone()], true),
        (vec![both.clone()], vec![], true),
        (vec![doubtful(None)], vec![doubtful(None)], true),
        // The same number of records, but another one.
        (vec![both.clone()], vec![other], false),
        (vec![both.clone()], vec![doubtful(None)], false),
        (vec![doubtful(None)], vec![doubtful(None), doubtful(None)], false),
    ] {
        let (world, vendor, at) = world_with(2, plain()).await;
        let what = format!("{then:?} {now:?}");
        vendor.set(|state| state.set_aside = then);
        world.search(&at).await.unwrap();
        rule(&world, rightful_domain::life::Ruling::Proceed).await;
        vendor.set(|state| state.set_aside = now);
        turns(&world, &at, 4).await;
        let task = world.task(&at);
        let ends =
            if seen { (Some(Outcome::VerifiedErased), None) } else { (None, Some("set_aside_doubtful")) };
        assert_eq!((task.outcome, task.reason.as_deref()), ends, "{what}");
    }
}

#[tokio::test]
async fn a_doubtful_record_of_a_later_round_is_a_persons_matter_too() {
    let (world, vendor, at) = verifying(3).await;
    vendor.holds(CANARY, ["new-1".to_owned()]);
    world.look(&at).await.unwrap();
    // The vendor merges it meanwhile with another person's record, which nobody has seen.
    vendor.set(|state| {
        state.people.clear();
        state.set_aside = vec![SetAside { id: Some(RecordId::new("two-in-one")), doubtful: true }];
    });
    turns(&world, &at, 4).await;
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (None, Some("set_aside_doubtful")));
    assert!(task.handed_over_at.is_some(), "{task:?}");
    let looked = |fact: &&Fact| matches!(fact, Fact::Looked { .. });
    assert_eq!(world.facts(request_id(1)).iter().filter(looked).count(), 0, "no look has ended it");
}

#[tokio::test]
async fn a_round_after_a_vendor_that_took_nothing_verifies_nothing() {
    let (world, vendor, at) = decided(1).await;
    vendor.set(|state| {
        let refused = Submitted::Rejected(Fault::Refused(Code::VendorNotFound));
        state.submissions.push_back(Reply::Says(refused));
    });
    world.submit(&at).await.unwrap();
    vendor.set(|state| state.people.clear());
    vendor.holds(CANARY, ["new-1".to_owned()]);
    while world.task(&at).earlier.is_none() {
        turns(&world, &at, 1).await;
    }
    assert_eq!(world.task(&at).earlier.map(|earlier| earlier.counts.submitted), Some(0));
    vendor.set(|state| {
        state.people.clear();
        let refused = Submitted::Rejected(Fault::Refused(Code::VendorNotFound));
        state.submissions.extend([Reply::Says(refused.clone()), Reply::Says(refused)]);
    });
    reconciled(&world, 9).await;
    let task = world.task(&at);
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::NothingFound), Some("records_gone")));
}

#[tokio::test]
async fn a_receipt_after_a_round_that_found_nothing_names_the_last_decision() {
    let (world, vendor, at) = verifying(3).await;
    let decision = world.task(&at).decision.unwrap();
    vendor.holds(CANARY, ["new-1".to_owned()]);
    world.look(&at).await.unwrap();
    vendor.set(|state| state.people.clear());
    reconciled(&world, 9).await;
    let receipt = world.receipts.file(request_id(1)).unwrap();
    let told =
        &rightful_domain::documents::receipt::verify(&receipt, &[world.signer.public()]).unwrap().tasks[0];
    assert_eq!((told.outcome, told.rounds), (Outcome::VerifiedErased, 1));
    assert_eq!((told.decided_by.as_ref(), told.decided_at), (Some(&decision.by), Some(decision.at)));
    assert_eq!(told.records_digest.as_ref(), Some(&decision.records));
}

#[tokio::test]
async fn a_vendor_that_lists_strangers_gets_nothing_more_of_this_persons() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.strangers = 1);
    world.submit(&at).await.unwrap();
    vendor.holds(CANARY, ["new-1".to_owned()]);
    turns(&world, &at, 6).await;
    let task = world.task(&at);
    assert_eq!((task.earlier, task.reason.as_deref()), (None, Some("strangers_listed")));
    assert_eq!(vendor.posts(), [ids(0..2)]);
}

#[tokio::test]
async fn a_rule_that_lists_strangers_is_a_persons_matter_and_told() {
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| state.strangers = 1);
    world.submit(&at).await.unwrap();
    for _ in 0..6 {
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
        world.clock.advance(60);
    }
    let task = world.task(&at);
    assert_eq!((task.outcome, task.strangers), (None, 1));
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("strangers_listed")));
    assert!(world.facts(request_id(1)).contains(&Fact::StrangersListed {
        source: source("crm"),
        batch: 0,
        strangers: 1
    }));
    world.clock.advance(7200);
    world.look(&at).await.unwrap();
    assert_eq!(world.task(&at).outcome, None, "no later look settles it");
}

#[tokio::test]
async fn a_search_that_fails_proves_nothing() {
    for fault in [
        Fault::Unavailable(Code::VendorUnreachable),
        Fault::Unauthorized,
        Fault::TooManyRecords,
        Fault::Refused(Code::VendorRefused),
    ] {
        let (world, vendor, at) = verifying(3).await;
        vendor.set(|state| state.searches.push_back(Err(fault.clone())));
        let step = world.look(&at).await.unwrap();
        assert_eq!(step.next, Next::Look, "{fault:?}");
        let task = world.task(&at);
        assert_eq!((task.state, task.looks), (TaskState::Verifying, 0));
        assert_eq!(task.reason.as_deref(), Some(fault.code().as_str()));
    }
}

#[tokio::test]
async fn a_look_whose_answer_is_too_large_is_a_persons_and_the_next_one_that_fits_tells() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::AnswerTooLarge)));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Unknown);
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some("vendor_answer_too_large")));
    assert!(matches!(world.facts(request_id(1)).last(), Some(Fact::HandedOver { .. })), "a person is named");
    for _ in 0..4 {
        world.clock.advance(3600);
        world.look(&at).await.unwrap();
    }
    assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased));
}

#[tokio::test]
async fn invariant_5_a_look_that_never_succeeds_is_a_persons_at_the_deadline() {
    let (world, vendor, at) = verifying(3).await;
    world.clock.advance(plain().deadline_seconds);
    vendor.set(|state| state.searches.push_back(Err(Fault::Unauthorized)));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Unknown);
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    assert_eq!(
        world.check_status(&at).await.unwrap().next,
        Next::Unknown,
        "the vendor's word changes nothing"
    );
    world.clock.advance(3600);
    assert_eq!(world.look(&at).await.unwrap().next, Next::Settled, "and ends when somebody mended it");
}

#[tokio::test]
async fn invariant_5_a_source_that_is_gone_is_a_persons_at_the_legal_deadline() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.broken = Some(NO_SECRET));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look);
    world.clock.advance_to(world.request(request_id(1)).due_at.plus_seconds(1));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Unknown);
}

#[tokio::test]
async fn a_wait_that_the_vendor_asks_for_is_kept() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::Throttled(Some(700)))));
    assert_eq!(world.look(&at).await.unwrap().wait_seconds, 700);
}

#[tokio::test]
async fn fewer_confirmed_than_submitted_is_told_beside_the_proof() {
    let (world, _, at) = verifying(3).await;
    world.tamper(&at, |task| task.counts.confirmed = 2);
    world.look(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::VerifiedErased), Some("not_all_confirmed"))
    );
}

#[tokio::test]
async fn nothing_is_verified_by_a_search_for_nobody() {
    let (world, vendor, at) = verifying(3).await;
    let phone = IdentifierKind::parse("phone").unwrap();
    vendor.set(|state| state.capabilities.identifiers = vec![phone]);
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look);
    assert_eq!(world.task(&at).outcome, None);
    assert_eq!(world.task(&at).reason.as_deref(), Some("identifier_missing"));
}

#[tokio::test]
async fn nothing_is_verified_against_records_that_are_not_all_there() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.push_back(Ok(ids(0..3))));
    world.store.table().set((request_pk(request_id(1)), records_sk(&source("crm"), 0)), None);
    assert_eq!(world.look(&at).await.unwrap().next, Next::Look);
    assert_eq!(world.task(&at).outcome, None);
    assert_eq!(world.task(&at).reason.as_deref(), Some("records_do_not_fit"));
}

#[tokio::test]
async fn invariant_6_two_looks_at_once_count_once() {
    let (world, vendor, at) = verifying(3).await;
    vendor.set(|state| state.searches.extend((0..9).map(|_| Ok(ids(0..2)))));
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.look(&at), world.look(&at));
    assert_eq!([one.unwrap().next, two.unwrap().next], [Next::Look, Next::Look]);
    assert_eq!(world.task(&at).looks, 1);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_leaves_one_outcome() {
    for point in 0.. {
        let (world, vendor, at) = verifying(3).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.look(&at)).await;
        assert_eq!(world.look(&at).await.unwrap().next, Next::Settled);
        let settled =
            world.facts(request_id(1)).into_iter().filter(|fact| matches!(fact, Fact::Settled { .. }));
        assert_eq!(settled.count(), 1, "crash at point {point}");
        assert!(vendor.journal().iter().filter(|call| matches!(call, Call::Search(_))).count() <= 3);
        if first.is_some() {
            return;
        }
    }
}

#[tokio::test]
async fn a_record_of_somebody_else_with_another_id_is_not_one_of_ours() {
    let (world, vendor, at) = verifying(1).await;
    vendor.set(|state| state.searches.push_back(Ok(vec![RecordId::new("record-00000")])));
    assert_eq!(world.look(&at).await.unwrap().next, Next::Submit);
    assert_eq!((world.task(&at).outcome, world.task(&at).earlier.unwrap().rounds), (None, 1));
}
