//! The right of access: what is copied, what becomes of it, and what stands in its way.

use crate::{access, connect_club, drive, holds_none, overlapping, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::vendor::{Call, FakeVendor, NO_SECRET, Reply, plain};
use rightful_contract::world::{CANARY, World, ann, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::RECORDS_GONE;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::part::PIECE_BYTES;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::level::NOTICE_SECONDS;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::see::ShowError;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;
use serde_json::Value;
use std::future::Future as _;

const DAY: u64 = 24 * 3600;

fn crm() -> TaskRef {
    task_of(1, "crm")
}

/// `crm` with these capabilities and `records` records, and request 1 for a copy, searched and decided.
async fn decided_with(records: usize, capabilities: Capabilities) -> (World, FakeVendor) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = capabilities);
    vendor.holds(CANARY, (0..records).map(crate::record_name));
    world.demand(1, &access()).await.unwrap();
    world.find(&crm()).await.unwrap();
    (world, vendor)
}

async fn decided(records: usize) -> (World, FakeVendor) {
    decided_with(records, plain()).await
}

/// A vendor that makes an export of its own beside our copy.
fn exporting() -> Capabilities {
    Capabilities { export: Some("the vendor's page".to_owned()), ..plain() }
}

/// The kept package, read.
fn package(world: &World) -> Value {
    serde_json::from_slice(&world.copies.package(request_id(1)).unwrap()).unwrap()
}

/// The record ids of a data source in the package.
fn copied(world: &World, name: &str) -> Vec<String> {
    let whole = package(world);
    let part = whole["sources"].as_array().unwrap().iter().find(|one| one["source"] == name).unwrap().clone();
    let records = part["records"].as_array().unwrap();
    records.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn names(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(crate::record_name).collect()
}

fn kept(world: &World) -> usize {
    world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::CopyKept { .. })).count()
}

// ---- what is copied

#[tokio::test]
async fn a_copy_holds_the_records_that_were_decided_on_and_those_that_appeared_once_they_are_too() {
    let (world, vendor) = decided(3).await;
    let first = world.task(&crm()).decision.unwrap();
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    world.submit(&crm()).await.unwrap();
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref(), task.appeared), (Some(Outcome::Copied), None, 0));
    let counts = task.all_counts();
    assert_eq!((counts.found, counts.submitted, counts.confirmed), (4, 4, 4));
    assert_ne!(task.decision.unwrap().records, first.records, "a decision of its own");
    let back = Fact::WentBack { source: source("crm"), round: 1, appeared: 1 };
    assert!(world.facts(request_id(1)).contains(&back));
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.state), (Some(RequestOutcome::Fulfilled), RequestState::Closed));
    assert_eq!(copied(&world, "crm"), [names(0..3), vec!["record-0009".to_owned()]].concat());
    let whole = package(&world);
    assert_eq!(
        (&whole["identifiers"][0], &whole["sources"][0]["appeared"]),
        (&Value::from(CANARY), &0.into())
    );
    let told = request.copy.unwrap();
    let file = world.copies.package(request_id(1)).unwrap();
    assert_eq!((told.bytes, told.records), (file.len() as u64, 4));
    let sha256 = ring_hex(&file);
    assert_eq!(told.sha256, sha256);
    assert!(vendor.posts().is_empty() && vendor.left() == 4, "nothing is erased, nothing is posted");
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert_eq!((statement.right, statement.copy.map(|copy| copy.sha256)), (Right::Access, Some(sha256)));
}

fn ring_hex(file: &[u8]) -> String {
    rightful_domain::base::canonical::hex(ring::digest::digest(&ring::digest::SHA256, file).as_ref())
}

#[tokio::test]
async fn a_record_that_is_gone_by_then_is_told_as_gone() {
    let (world, vendor) = decided(3).await;
    vendor.set(|state| drop(state.people.get_mut(&CANARY.to_lowercase()).unwrap().pop_first()));
    // A vendor that is blind for once shows too little too: a second fetch confirms it.
    let step = world.submit(&crm()).await.unwrap();
    assert_eq!((step.next, step.wait_seconds, world.task(&crm()).outcome), (Next::Submit, 60, None));
    assert_eq!(world.submit(&crm()).await.unwrap().wait_seconds, 60, "not before its time");
    world.clock.advance(60);
    world.submit(&crm()).await.unwrap();
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Copied), Some(RECORDS_GONE)));
    assert_eq!((task.counts.found, task.counts.submitted), (3, 2));
    assert!(world.facts(request_id(1)).contains(&Fact::Copied {
        source: source("crm"),
        records: 2,
        gone: 1
    }));
    drive(&world).await;
    assert_eq!((copied(&world, "crm"), &package(&world)["sources"][0]["decided"]), (names(1..3), &3.into()));
}

#[tokio::test]
async fn when_all_are_gone_there_is_no_copy_and_the_link_says_so() {
    let (world, vendor) = decided(2).await;
    vendor.set(|state| state.people.clear());
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::NothingFound), Some(RECORDS_GONE)));
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.copy), (Some(RequestOutcome::NothingFound), None));
    assert_eq!((world.copies.parts(), world.copies.package(request_id(1))), (0, None));
    let told = world.link(request_id(1)).await.err().unwrap().to_string();
    assert!(told.contains("check the identifiers"), "{told}");
}

#[tokio::test]
async fn one_blind_fetch_takes_nothing_out_of_a_copy() {
    let (world, vendor) = decided(3).await;
    vendor.set(|state| state.searches.extend([Ok(Vec::new())]));
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason, task.counts.submitted), (Some(Outcome::Copied), None, 3));
    assert_eq!(copied(&world, "crm"), names(0..3));
}

#[tokio::test]
async fn with_always_a_person_sees_that_all_are_gone_before_the_request_closes() {
    let (world, vendor) = decided(2).await;
    world.tamper(&crm(), |task| task.policy = Policy::Always);
    vendor.set(|state| state.people.clear());
    drive(&world).await;
    let task = world.task(&crm());
    assert!(task.wants_confirmation() && task.decision.is_none(), "{task:?}");
    assert_eq!(world.request(request_id(1)).state, RequestState::Open);
    rule(&world, Ruling::Proceed).await;
    drive(&world).await;
    reconciled(&world, 1).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    assert_eq!(world.copies.parts(), 0);
}

#[tokio::test]
async fn a_vendor_that_asks_to_wait_is_waited_for_and_one_that_fails_for_good_ends_it() {
    let busy = || Err(Fault::Throttled(Some(60)));
    let down = || Err(Fault::Unavailable("vendor_unreachable"));
    let (world, vendor) = decided(2).await;
    vendor.set(|state| state.searches.extend((0..9).map(|_| busy())));
    let mut waits = Vec::new();
    while world.task(&crm()).outcome.is_none() {
        let step = world.submit(&crm()).await.unwrap();
        if step.next == Next::Submit {
            waits.push(step.wait_seconds);
            assert_eq!(world.submit(&crm()).await.unwrap().wait_seconds, step.wait_seconds, "no turn before");
        }
        world.clock.advance(step.wait_seconds);
    }
    assert!(waits.len() >= 9 && waits.iter().all(|wait| *wait >= 60), "{waits:?}");
    assert_eq!((world.task(&crm()).outcome, world.copies.parts()), (Some(Outcome::Copied), 1));
    for (faults, outcome, reason) in [
        (vec![down(), down()], Outcome::Copied, None),
        (vec![Err(Fault::Unauthorized)], Outcome::Copied, None),
        (vec![Err(Fault::Unauthorized); 9], Outcome::Failed, Some(Fault::Unauthorized.code())),
        (vec![Err(Fault::TooManyRecords)], Outcome::Failed, Some(Fault::TooManyRecords.code())),
        (vec![Err(Fault::AnswerTooLarge)], Outcome::Failed, Some(Fault::AnswerTooLarge.code())),
        ((0..20).map(|_| down()).collect(), Outcome::Failed, Some("vendor_unreachable")),
    ] {
        let (world, vendor) = decided(2).await;
        vendor.set(|state| state.searches.extend(faults.clone()));
        let request = reconciled(&world, 5).await;
        let task = world.task(&crm());
        assert_eq!((task.outcome, task.reason.as_deref()), (Some(outcome), reason), "{faults:?}");
        assert_eq!(request.state, RequestState::Closed);
        assert_eq!(request.copy.is_some(), outcome == Outcome::Copied);
    }
}

#[tokio::test]
async fn one_data_source_that_fails_holds_back_no_other() {
    let world = World::new();
    let (crm_vendor, shop_vendor) = (world.connect("crm"), world.connect("shop"));
    crm_vendor.holds(CANARY, ["a".to_owned()]);
    shop_vendor.holds(CANARY, ["b".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    world.find(&crm()).await.unwrap();
    world.find(&task_of(1, "shop")).await.unwrap();
    shop_vendor.set(|state| state.broken = Some(NO_SECRET));
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::PartlyFulfilled));
    assert_eq!(copied(&world, "crm"), ["a"]);
    let part = package(&world)["sources"][1].clone();
    assert_eq!((&part["outcome"], &part["reason"]), (&Value::from("failed"), &Value::from("secret_missing")));
}

#[tokio::test]
async fn invariant_2_nothing_is_copied_that_no_person_decided_on_where_one_must() {
    let mut world = World::new();
    world.policies.access = Policy::Always;
    let vendor = world.connect("crm");
    vendor.holds(CANARY, names(0..2));
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    world.submit(&crm()).await.unwrap();
    reconciled(&world, 5).await;
    let copies = |vendor: &FakeVendor| vendor.journal().contains(&Call::Copy(1));
    assert!(!copies(&vendor) && world.copies.parts() == 0);
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    rule(&world, Ruling::Proceed).await;
    assert_eq!(reconciled(&world, 1).await.state, RequestState::Open, "nobody decided on the new one");
    assert!(copies(&vendor) && world.copies.parts() == 0);
    assert_eq!(world.task(&crm()).state, TaskState::AwaitingReview);
    rule(&world, Ruling::Proceed).await;
    assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
    assert_eq!(copied(&world, "crm"), [names(0..2), vec!["record-0009".to_owned()]].concat());
}

#[tokio::test]
async fn invariant_2_a_decision_on_other_records_copies_nothing() {
    let (world, vendor) = decided(2).await;
    world.tamper(&crm(), |task| task.decision.as_mut().unwrap().records.mac = "00".repeat(32));
    world.submit(&crm()).await.unwrap();
    let task = world.task(&crm());
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::Failed), Some("decision_does_not_fit"))
    );
    assert!(!vendor.journal().contains(&Call::Copy(1)) && world.copies.parts() == 0);
}

#[tokio::test]
async fn a_dry_run_of_a_copy_searches_and_copies_nothing() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, names(0..2));
    world.demand(1, &Demand { dry_run: true, ..access() }).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.copy), (Some(RequestOutcome::DryRun), None));
    assert_eq!((world.task(&crm()).counts.found, vendor.journal()), (2, vec![Call::Search(1)]));
    assert_eq!((world.copies.parts(), world.copies.package(request_id(1))), (0, None));
    let told = world.link(request_id(1)).await.err().unwrap();
    assert_eq!(told, ShowError::Not(WhyNot::NoCopy("this was a dry run: nothing was copied".to_owned())));
}

// ---- the vendor's own export

/// The export of `crm` in the package.
fn export(world: &World) -> Value {
    package(world)["sources"][0]["export"].clone()
}

#[tokio::test]
async fn a_vendors_own_export_is_asked_for_followed_and_told_in_the_package() {
    let (world, vendor) = decided_with(2, exporting()).await;
    drive(&world).await;
    let [Call::Submit { records, right, dry_run, .. }] =
        &vendor.journal().into_iter().filter(|call| matches!(call, Call::Submit { .. })).collect::<Vec<_>>()
            [..]
    else {
        panic!("{:?}", vendor.journal())
    };
    assert_eq!((records, right, dry_run), (&crate::ids(0..2), &Right::Access, &false));
    let told = export(&world);
    assert_eq!((&told["finished"], &told["rule_ids"][0]), (&true.into(), &"rule-1".into()));
    assert_eq!(told["fetched_from"], "the vendor's page");
    assert_eq!((copied(&world, "crm"), vendor.left()), (names(0..2), 2));
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.counts.submitted, task.gave_up), (Some(Outcome::Copied), 2, None));
}

#[tokio::test]
async fn an_export_that_nobody_approves_is_waited_for_until_the_deadline_is_near_and_the_copy_made_without() {
    let patient = Capabilities { deadline_seconds: 1000 * DAY, ..exporting() };
    let (world, vendor) = decided_with(2, patient).await;
    vendor.set(|state| state.polls = u32::MAX);
    let due = world.request(request_id(1)).due_at;
    let days = world.now().seconds_until(due) / DAY;
    let request = reconciled(&world, days).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
    let left = request.closed_at.unwrap().seconds_until(due);
    assert!(left > NOTICE_SECONDS - DAY && left <= NOTICE_SECONDS, "near the deadline and in time: {left}");
    assert_eq!((copied(&world, "crm"), &export(&world)["finished"]), (names(0..2), &false.into()));
    assert_eq!(
        (world.task(&crm()).gave_up.as_deref(), posts(&vendor.journal())),
        (Some("vendor_deadline_passed"), 1)
    );
}

#[tokio::test]
async fn an_export_that_is_refused_or_never_answered_is_not_asked_for_again_and_the_copy_is_made() {
    for (reply, state) in [
        (Reply::Says(Submitted::Rejected(Fault::Refused("vendor_refused"))), RuleState::Rejected),
        (Reply::Lost, RuleState::Unknown),
        (Reply::Says(Submitted::Unknown("timed_out")), RuleState::Unknown),
    ] {
        let (world, vendor) = decided_with(2, exporting()).await;
        vendor.set(|state| state.submissions.push_back(reply.clone()));
        let request = reconciled(&world, 2).await;
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
        assert_eq!((posts(&vendor.journal()), world.rules(&crm())[0].state), (1, state), "{reply:?}");
        assert_eq!((copied(&world, "crm"), &export(&world)["finished"]), (names(0..2), &false.into()));
        assert!(world.task(&crm()).gave_up.is_some());
    }
}

#[tokio::test]
async fn an_export_that_waits_for_another_request_gives_way_to_the_copy_when_the_deadline_is_near() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, names(0..2));
    // An erasure that nobody can tell about holds the person at this data source.
    world.demand(2, &erasure()).await.unwrap();
    let two = task_of(2, "crm");
    world.find(&two).await.unwrap();
    vendor.set(|state| {
        state.capabilities = exporting();
        state.submissions.extend([Reply::Says(Submitted::Unknown("timed_out"))]);
        state.capabilities.unknown_repeats = false;
    });
    world.submit(&two).await.unwrap();
    world.demand(1, &access()).await.unwrap();
    let due = world.request(request_id(1)).due_at;
    let request = reconciled(&world, world.now().seconds_until(due) / DAY).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
    assert!(request.closed_at.unwrap() < due);
    assert_eq!((copied(&world, "crm"), posts(&vendor.journal())), (names(0..2), 1));
}

#[tokio::test]
async fn an_export_that_the_vendor_keeps_putting_off_gives_way_to_the_copy_too() {
    let (world, vendor) = decided_with(2, exporting()).await;
    let due = world.request(request_id(1)).due_at;
    let later = || Reply::Says(Submitted::NotSent(Fault::Throttled(Some(6 * 3600))));
    vendor.set(|state| state.submissions.extend((0..1000).map(|_| later())));
    let request = reconciled(&world, world.now().seconds_until(due) / DAY).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
    assert!(request.closed_at.unwrap() < due && posts(&vendor.journal()) > 10);
    assert_eq!((copied(&world, "crm"), &export(&world)["finished"]), (names(0..2), &false.into()));
}

#[tokio::test]
async fn an_export_whose_data_source_breaks_before_it_is_sent_ends_as_failed() {
    let (world, vendor) = decided_with(2, exporting()).await;
    let busy = Reply::Says(Submitted::NotSent(Fault::Unavailable("vendor_unreachable")));
    vendor.set(|state| state.submissions.push_back(busy));
    world.submit(&crm()).await.unwrap();
    assert_eq!(world.task(&crm()).state, TaskState::Submitting);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    let request = reconciled(&world, 3).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("secret_missing")));
    assert_eq!((request.state, posts(&vendor.journal())), (RequestState::Closed, 1));
}

// ---- crashes

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_closing_keeps_the_same_file() {
    let mut again = 0;
    for point in 0.. {
        let (world, _) = decided(3).await;
        world.submit(&crm()).await.unwrap();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.close(request_id(1))).await;
        let first = world.copies.package(request_id(1));
        let told = world.request(request_id(1)).copy;
        world.clock.advance(3600);
        world.close(request_id(1)).await.unwrap();
        let (file, request) = (world.copies.package(request_id(1)).unwrap(), world.request(request_id(1)));
        again += u32::from(first.is_some() && told.is_none());
        assert!(first.is_none_or(|first| first == file), "crash at {point}");
        assert!(told.is_none() || told == request.copy, "crash at {point}");
        assert_eq!((kept(&world), request.copy.unwrap().sha256), (1, ring_hex(&file)), "crash at {point}");
        if end.is_some() {
            assert!(again >= 2, "{again} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn invariant_6_a_crash_anywhere_between_search_and_receipt_ends_in_one_copy() {
    for point in 0.. {
        let world = World::new();
        let (crm_vendor, shop_vendor) = (world.connect("crm"), world.connect("shop"));
        crm_vendor.set(|state| state.capabilities = exporting());
        crm_vendor.holds(CANARY, names(0..2));
        shop_vendor.holds(CANARY, ["b".to_owned()]);
        world.demand(1, &access()).await.unwrap();
        let execution = world.workflow.take().unwrap();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(Driver::new(&world).run(&execution)).await;
        let request = reconciled(&world, 3).await;
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "crash at {point}");
        assert_eq!((copied(&world, "crm"), copied(&world, "shop")), (names(0..2), vec!["b".to_owned()]));
        assert_eq!(kept(&world), 1, "crash at {point}");
        assert!(posts(&crm_vendor.journal()) <= 1, "crash at {point}: an export is never asked for twice");
        if end.is_some() {
            assert!(point > 50);
            return;
        }
    }
}

#[tokio::test]
async fn invariant_5_with_every_execution_killed_early_the_copy_is_made_all_the_same() {
    for steps in 3..8 {
        let (world, _) = decided_with(2, exporting()).await;
        Driver::killed_after(&world, steps).reconcile_until_done(request_id(1), 3).await.unwrap();
        assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::Fulfilled), "{steps}");
        assert_eq!(copied(&world, "crm"), names(0..2));
    }
}

#[tokio::test]
async fn a_part_that_is_lost_is_copied_again_by_itself_and_only_what_is_decided_on() {
    let (world, vendor) = decided(2).await;
    while world.workflow.take().is_some() {}
    world.submit(&crm()).await.unwrap();
    world.copies.lose_part(request_id(1), &source("crm"));
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!((closing.state, closing.open, closing.outcome), (RequestState::Open, 1, None));
    let task = world.task(&crm());
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Copying, Some("copy_part_missing")));
    assert!(task.next_due.is_some(), "somebody is to move it");
    let reason = "copy_part_missing".to_owned();
    assert!(world.facts(request_id(1)).contains(&Fact::CopyLost { source: source("crm"), reason }));
    let request = reconciled(&world, 1).await;
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
    let all = [names(0..2), vec!["record-0009".to_owned()]].concat();
    assert_eq!((copied(&world, "crm"), world.task(&crm()).run), (all, 1));
    assert_eq!(world.task(&crm()).earlier.unwrap().rounds, 1, "what appeared was decided on first");
}

#[tokio::test]
async fn of_several_data_sources_only_the_one_whose_part_is_lost_is_copied_again() {
    let world = World::new();
    let (crm_vendor, shop_vendor) = (world.connect("crm"), world.connect("shop"));
    crm_vendor.holds(CANARY, names(0..2));
    shop_vendor.holds(CANARY, ["b".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    while world.workflow.take().is_some() {}
    for at in [crm(), task_of(1, "shop")] {
        world.find(&at).await.unwrap();
        world.submit(&at).await.unwrap();
    }
    world.copies.lose_part(request_id(1), &source("shop"));
    assert_eq!(world.close(request_id(1)).await.unwrap().open, 1);
    assert_eq!(world.task(&crm()).state, TaskState::Settled);
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!((copied(&world, "crm"), copied(&world, "shop")), (names(0..2), vec!["b".to_owned()]));
}

// ---- its size

/// Request 1 for a copy from `crm` and `shop`, fetched, of so many records of 100,000 bytes at each.
async fn fetched(records: usize) -> World {
    let world = World::new();
    for name in ["crm", "shop"] {
        let vendor = world.connect(name);
        vendor.set(|state| state.record_bytes = 100_000);
        vendor.holds(CANARY, names(0..records));
    }
    world.demand(1, &access()).await.unwrap();
    while world.workflow.take().is_some() {}
    for at in [crm(), task_of(1, "shop")] {
        world.find(&at).await.unwrap();
        world.submit(&at).await.unwrap();
    }
    world
}

#[tokio::test]
async fn no_more_than_a_few_pieces_are_held_whatever_the_copys_size() {
    for records in [4, 40, 400] {
        let world = fetched(records).await;
        // Nor was more written at once of a part.
        let piece = PIECE_BYTES + 200_000;
        assert!(world.copies.traffic().largest < piece, "{:?}", world.copies.traffic());
        assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
        let file = world.copies.package(request_id(1)).unwrap();
        assert!(file.len() > records * 200_000);
        let traffic = world.copies.traffic();
        assert!(traffic.held < 2 * piece && traffic.largest < 2 * piece, "{records}: {traffic:?}");
        assert_eq!((traffic.left, copied(&world, "shop").len()), (0, records));
        let told = world.request(request_id(1)).copy.unwrap();
        assert_eq!((told.bytes, told.sha256), (file.len() as u64, ring_hex(&file)));
    }
}

#[tokio::test]
async fn a_package_that_fails_on_its_way_leaves_nothing_behind_and_is_made_again() {
    let world = fetched(60).await;
    world.copies.fail_packages_at(Some(8_000_000));
    assert!(world.close(request_id(1)).await.is_err());
    let traffic = world.copies.traffic();
    assert_eq!((traffic.aborted, traffic.left, world.copies.package(request_id(1))), (1, 0, None));
    assert_eq!(world.request(request_id(1)).copy, None);
    world.copies.fail_packages_at(None);
    // Whoever has no time left begins none.
    let late = world.close_within(request_id(1), 4).await.unwrap_err();
    assert_eq!(late, Failure::transient("copy_out_of_time"));
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
    assert_eq!((world.copies.traffic().left, kept(&world)), (0, 1));
}

#[tokio::test]
async fn what_was_fetched_for_nothing_is_not_kept() {
    let (world, vendor) = decided(1).await;
    vendor.set(|state| state.record_bytes = 6_000_000);
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    world.submit(&crm()).await.unwrap();
    let traffic = world.copies.traffic();
    assert_eq!((traffic.aborted, traffic.left), (1, 0), "records appeared that nobody decided on");
}

#[tokio::test]
async fn a_part_that_is_lost_time_and_again_ends_as_failed_and_says_why() {
    let (world, _) = decided(2).await;
    while world.workflow.take().is_some() {}
    for _ in 0..4 {
        assert_eq!(world.task(&crm()).outcome, None);
        world.clock.advance(DAY / 4);
        world.submit(&crm()).await.unwrap();
        assert_eq!(world.task(&crm()).outcome, Some(Outcome::Copied));
        world.copies.lose_part(request_id(1), &source("crm"));
        world.close(request_id(1)).await.unwrap();
    }
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("copy_part_missing")));
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Failed)));
    assert_eq!(world.copies.package(request_id(1)), None);
}

#[tokio::test]
async fn invariant_2_what_a_wrong_identifier_found_is_never_in_the_package_however_late_its_copy_comes() {
    let (mut ways, mut told) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor) = decided(1).await;
            while world.workflow.take().is_some() {}
            vendor.holds("right@example.com", ["right-0".to_owned()]);
            let (at, right) = (crm(), email("right@example.com"));
            let corrected = async {
                world.identify(&at, &right).await.unwrap();
                world.find(&at).await.unwrap();
                world.submit(&at).await.unwrap();
            };
            let Some((_, ())) = overlapping(&world, corrected_late(&world, &at), corrected, (a, b)).await
            else {
                break;
            };
            (last, ways) = (false, ways + 1);
            while world.workflow.take().is_some() {}
            world.close(request_id(1)).await.unwrap();
            if world.task(&at).reason.as_deref() == Some("copy_part_unreadable") {
                told += 1;
                assert!(world.copies.package(request_id(1)).is_none());
                reconciled(&world, 1).await;
            }
            assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::Fulfilled), "{a} {b}");
            assert_eq!(copied(&world, "crm"), ["right-0"], "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 100 && told > 0 && told < ways / 4, "{told} of {ways}");
}

/// The worker that still copies what the wrong identifier found.
async fn corrected_late(world: &World, at: &TaskRef) {
    let _ = world.submit(at).await;
}

#[tokio::test]
async fn a_copy_is_called_off_before_it_is_made_and_not_after() {
    let (world, _) = decided(2).await;
    world.again().cancel(request_id(1), &ann()).await.unwrap();
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Cancelled));
    assert_eq!(world.copies.parts(), 0);
    let world = decided(2).await.0;
    connect_club(&world);
    world.submit(&crm()).await.unwrap();
    let refused = world.again().cancel(request_id(1), &ann()).await;
    assert_eq!(refused, Err(ActError::Not(WhyNot::Submitted(source("crm")))));
}

// ---- what becomes of it

#[tokio::test]
async fn a_link_is_for_a_kept_copy_alone_and_no_longer_than_it() {
    let (world, _) = decided(2).await;
    assert!(matches!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::NoCopy(_)))));
    drive(&world).await;
    let link = world.link(request_id(1)).await.unwrap();
    let copy = world.request(request_id(1)).copy.unwrap();
    assert_eq!((link.until, link.expires_at), (world.now().plus_seconds(900), copy.expires_at));
    assert_eq!((&link.sha256, link.bytes), (&copy.sha256, copy.bytes));
    assert_eq!(copy.expires_at, world.now().plus_seconds(u64::from(world.copy_days) * DAY));
    let told = Fact::CopyLinked { by: ann(), until: link.until };
    assert_eq!(world.facts(request_id(1)).last(), Some(&told));
    world.clock.advance_to(copy.expires_at.minus_seconds(10));
    let link = world.link(request_id(1)).await.unwrap();
    assert_eq!((link.until, link.url.ends_with("seconds=10")), (copy.expires_at, true));
    world.clock.advance_to(copy.expires_at);
    let expired = world.link(request_id(1)).await.err();
    assert_eq!(
        expired,
        Some(ShowError::Not(WhyNot::Expired(copy.expires_at))),
        "whether it is deleted already or not"
    );
}

#[tokio::test]
async fn a_package_that_is_gone_before_its_time_gives_no_link_and_no_event() {
    let (world, _) = decided(2).await;
    drive(&world).await;
    world.copies.lose_package(request_id(1));
    let facts = world.facts(request_id(1)).len();
    let refused = world.link(request_id(1)).await.err().unwrap();
    assert!(matches!(refused, ShowError::Failed(failure) if failure.code == "copy_expired"));
    assert_eq!(world.facts(request_id(1)).len(), facts);
}

#[tokio::test]
async fn forgetting_the_person_deletes_their_copy_and_its_parts() {
    let (world, _) = decided(2).await;
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!(request.forget_at, request.copy.map(|copy| copy.expires_at), "as long as the copy, no longer");
    assert_eq!((world.copies.parts(), request.forgotten_at), (1, None));
    world.clock.advance((u64::from(world.copy_days) - 1) * DAY);
    assert!(reconciled(&world, 0).await.forgotten_at.is_none());
    for point in 0.. {
        let (world, _) = decided(2).await;
        drive(&world).await;
        world.clock.advance(u64::from(world.copy_days) * DAY);
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.close(request_id(1))).await;
        assert!(reconciled(&world, 2).await.is_done(), "crash at {point}");
        assert_eq!(
            (world.copies.parts(), world.copies.package(request_id(1))),
            (0, None),
            "crash at {point}"
        );
        assert!(!world.keys.holds(request_id(1)));
        assert!(matches!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::Expired(_)))));
        if end.is_some() {
            assert!(point > 8);
            return;
        }
    }
}

// ---- the missing identifier

#[tokio::test]
async fn a_missing_identifier_stops_the_copy_with_words_that_say_what_to_do() {
    let world = World::new();
    world.connect("crm").holds(CANARY, names(0..2));
    let club = connect_club(&world);
    club.holds("12345", ["club-0".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::Copied));
    assert_eq!(world.request(request_id(1)).state, RequestState::Open, "not without the club");
    let told = world.link(request_id(1)).await.err().unwrap().to_string();
    let asked = "there is no copy yet: the identifier is missing for club; give it (`request identify`), or leave \
                 the data source out (`request review --leave-out`)";
    assert_eq!(told, asked);
    let at = task_of(1, "club");
    world.identify(&at, &Identifier::new(member(), "12345").unwrap()).await.unwrap();
    drive(&world).await;
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!((copied(&world, "crm"), copied(&world, "club")), (names(0..2), vec!["club-0".to_owned()]));
    assert_eq!(package(&world)["identifiers"], serde_json::json!([CANARY, "12345"]));
}

#[tokio::test]
async fn a_copy_without_a_data_source_that_was_left_out_says_that_it_is_without_it() {
    let world = World::new();
    world.connect("crm").holds(CANARY, names(0..2));
    connect_club(&world);
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    rule(&world, Ruling::LeaveOut).await;
    let request = reconciled(&world, 1).await;
    assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled));
    assert_eq!((copied(&world, "crm"), copied(&world, "club")), (names(0..2), vec![]));
    assert_eq!(package(&world)["sources"][0]["outcome"], "missing_identifier");
    let copy = request.copy.unwrap();
    assert!(request.forget_at.unwrap() >= copy.expires_at, "the person is remembered as long as their copy");
}

#[tokio::test]
async fn a_reopened_copy_is_made_of_what_was_copied_before_and_what_is_added() {
    let world = World::new();
    world.connect("crm").holds(CANARY, names(0..2));
    let shop = world.connect("shop");
    shop.holds(CANARY, ["b".to_owned()]);
    shop.set(|state| state.broken = Some(NO_SECRET));
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    let first = world.request(request_id(1)).copy.unwrap();
    shop.set(|state| state.broken = None);
    world.clock.advance(DAY);
    world.again().reopen(request_id(1), &[], &ann()).await.unwrap();
    assert!(
        matches!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::NoCopy(_)))),
        "the old one is none now"
    );
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((copied(&world, "crm"), copied(&world, "shop")), (names(0..2), vec!["b".to_owned()]));
    let second = request.copy.unwrap();
    assert_eq!((request.outcome, second.records), (Some(RequestOutcome::Fulfilled), 3));
    assert!(second.sha256 != first.sha256 && second.expires_at > first.expires_at);
    let of = |closing| {
        let file = world.receipts.file_of(request_id(1), closing).unwrap();
        verify(&file, &[world.signer.public()]).unwrap().copy.unwrap().sha256
    };
    assert_eq!((of(0), of(1)), (first.sha256, second.sha256));
}

/// Request 1, whose copy is kept, and whose closer was gone before it was closed.
async fn kept_and_open(records: usize) -> (World, FakeVendor) {
    for point in 0.. {
        let (world, vendor) = decided(records).await;
        while world.workflow.take().is_some() {}
        world.submit(&crm()).await.unwrap();
        world.gate.crash_at(Some(point));
        let ended = world.gate.until_crash(world.close(request_id(1))).await;
        assert!(ended.is_none(), "never gone in between");
        let request = world.request(request_id(1));
        if request.copy.is_some() {
            assert_eq!(request.state, RequestState::Open);
            return (world, vendor);
        }
    }
    unreachable!()
}

#[tokio::test]
async fn what_runs_again_after_its_copy_was_kept_is_packed_again() {
    let (world, vendor) = kept_and_open(2).await;
    let first = world.request(request_id(1)).copy.unwrap();
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    world.again().run(&crm(), &ann()).await.unwrap();
    assert_eq!(world.request(request_id(1)).copy, None, "the old one is none now");
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!(copied(&world, "crm"), [names(0..2), vec!["record-0009".to_owned()]].concat());
    let second = request.copy.unwrap();
    assert_eq!((request.state, second.records), (RequestState::Closed, 3));
    assert!(second.sha256 != first.sha256 && kept(&world) == 2);
    let (world, vendor) = kept_and_open(2).await;
    vendor.holds("right@example.com", ["right-0".to_owned()]);
    world.identify(&crm(), &email("right@example.com")).await.unwrap();
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).state, RequestState::Closed);
    assert_eq!(copied(&world, "crm"), ["right-0"], "nothing of whom the wrong identifier points at");
}

#[tokio::test]
async fn a_later_round_whose_search_fails_tells_what_the_search_before_it_found() {
    let (world, vendor) = decided_with(3, Capabilities { max_records: 3, ..plain() }).await;
    vendor.holds(CANARY, ["record-0009".to_owned()]);
    drive(&world).await;
    let task = world.task(&crm());
    let rounds = task.earlier.as_ref().map(|earlier| earlier.rounds);
    assert_eq!((task.outcome, rounds), (Some(Outcome::Failed), Some(1)));
    assert_eq!(task.counts.found, 3);
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert_eq!(statement.tasks[0].counts.found, 3);
}

#[tokio::test]
async fn invariant_1_neither_person_nor_records_are_in_a_part_an_event_a_row_or_a_receipt_in_the_clear() {
    let (world, vendor) = decided_with(0, exporting()).await;
    vendor.holds(CANARY, ["profile-canary-7731".to_owned()]);
    world.again().run(&crm(), &ann()).await.unwrap();
    world.find(&crm()).await.unwrap();
    let values = [CANARY, "profile-canary-7731", "Ana Canario"];
    world.submit(&crm()).await.unwrap();
    drive(&world).await;
    reconciled(&world, 1).await;
    assert_eq!((world.copies.parts(), kept(&world)), (1, 1));
    holds_none(&world, &values);
    let text = String::from_utf8(world.copies.package(request_id(1)).unwrap()).unwrap();
    assert!(!canary::found(&text, "Ana Canario").is_empty(), "the package alone holds them");
    let link = world.link(request_id(1)).await.unwrap();
    assert_eq!(canary::found(&link.url, CANARY), Vec::<String>::new());
    holds_none(&world, &values);
    assert_eq!(copied(&world, "crm"), [RecordId::new("profile-canary-7731").expose()]);
}

#[tokio::test]
async fn a_part_with_another_number_of_records_than_is_told_is_never_packed() {
    let (world, vendor) = decided(2).await;
    while world.workflow.take().is_some() {}
    // It has fetched both records, and takes long to keep them.
    let at = crm();
    let mut slow = Box::pin(world.submit(&at));
    world.gate.interleave(true);
    while world.gate.last() != "keep part" {
        let pending =
            std::future::poll_fn(|cx| std::task::Poll::Ready(slow.as_mut().poll(cx).is_pending())).await;
        assert!(pending);
    }
    world.gate.interleave(false);
    vendor.set(|state| state.people.values_mut().for_each(|records| drop(records.pop_last())));
    world.submit(&crm()).await.unwrap();
    world.clock.advance(60);
    world.submit(&crm()).await.unwrap();
    assert_eq!((world.task(&crm()).outcome, world.task(&crm()).counts.submitted), (Some(Outcome::Copied), 1));
    slow.await.unwrap();
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Open);
    assert_eq!(world.task(&crm()).reason.as_deref(), Some("copy_part_missing"));
    assert_eq!(world.copies.package(request_id(1)), None);
    assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
    assert_eq!(copied(&world, "crm"), names(0..1));
}
