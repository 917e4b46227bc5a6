//! The parts of a copy: exactly the decided records.

use crate::copy::stage::{copied, decided, decided_with, exporting, kept, names, package, ring_hex};
use crate::stage::{access, connect_club, crm, drive, holds_none, overlapping, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::vendor::{Call, FakeVendor, NO_SECRET, plain};
use rightful_contract::world::{CANARY, World, ann, email, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::operations::person::see::ShowError;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use serde_json::Value;

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

#[tokio::test]
async fn a_record_that_is_gone_by_then_is_told_as_gone() {
    let (world, vendor) = decided(3).await;
    vendor.set(|state| drop(state.people.get_mut(&CANARY.to_lowercase()).unwrap().pop_first()));
    // A search that is blind once also shows too little: a second fetch confirms it.
    let step = world.submit(&crm()).await.unwrap();
    assert_eq!((step.next, step.wait_seconds, world.task(&crm()).outcome), (Next::Submit, 60, None));
    assert_eq!(world.submit(&crm()).await.unwrap().wait_seconds, 60, "not before its time");
    world.clock.advance(60);
    world.submit(&crm()).await.unwrap();
    let task = world.task(&crm());
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::Copied), Some(Code::RecordsGone.as_str()))
    );
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
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::NothingFound), Some(Code::RecordsGone.as_str()))
    );
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
    let down = || Err(Fault::Unavailable(Code::VendorUnreachable));
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
        ((0..20).map(|_| down()).collect(), Outcome::Failed, Some(Code::VendorUnreachable)),
    ] {
        let (world, vendor) = decided(2).await;
        vendor.set(|state| state.searches.extend(faults.clone()));
        let request = reconciled(&world, 5).await;
        let task = world.task(&crm());
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(outcome), reason.map(Code::as_str)),
            "{faults:?}"
        );
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
    world.search(&crm()).await.unwrap();
    world.search(&task_of(1, "shop")).await.unwrap();
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
                world.search(&at).await.unwrap();
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

/// A worker that still copies the records of the wrong identifier.
async fn corrected_late(world: &World, at: &TaskRef) {
    let _ = world.submit(at).await;
}

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
    world.acts().run_again(&crm(), &ann()).await.unwrap();
    world.search(&crm()).await.unwrap();
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
