//! The parts are packed when the request closes; a part that is lost is copied again.

use crate::copy::stage::{copied, decided, decided_with, exporting, kept, names, package, ring_hex};
use crate::stage::{DAY, access, connect_club, crm, drive, reconciled, rule};
use rightful_contract::driver::{Driver, posts};
use rightful_contract::vendor::{FakeVendor, NO_SECRET};
use rightful_contract::world::{CANARY, World, ann, email, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::part::PIECE_BYTES;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::see::ShowError;
use std::future::Future as _;

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
        world.search(&at).await.unwrap();
        world.submit(&at).await.unwrap();
    }
    world.copies.lose_part(request_id(1), &source("shop"));
    assert_eq!(world.close(request_id(1)).await.unwrap().open, 1);
    assert_eq!(world.task(&crm()).state, TaskState::Settled);
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!((copied(&world, "crm"), copied(&world, "shop")), (names(0..2), vec!["b".to_owned()]));
}

/// Request 1 for a copy from `crm` and `shop`, already fetched: this many records of 100,000 bytes at each.
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
        world.search(&at).await.unwrap();
        world.submit(&at).await.unwrap();
    }
    world
}

#[tokio::test]
async fn no_more_than_a_few_pieces_are_held_whatever_the_copys_size() {
    for records in [4, 40, 400] {
        let world = fetched(records).await;
        // No larger piece of a part was written either.
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
    // A handler without time left begins none.
    let late = world.close_within(request_id(1), 4).await.unwrap_err();
    assert_eq!(late, Failure::of(Code::CopyOutOfTime));
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
    assert_eq!((world.copies.traffic().left, kept(&world)), (0, 1));
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
async fn a_copy_is_called_off_before_it_is_made_and_not_after() {
    let (world, _) = decided(2).await;
    world.acts().cancel(request_id(1), &ann()).await.unwrap();
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Cancelled));
    assert_eq!(world.copies.parts(), 0);
    let world = decided(2).await.0;
    connect_club(&world);
    world.submit(&crm()).await.unwrap();
    let refused = world.acts().cancel(request_id(1), &ann()).await;
    assert_eq!(refused, Err(ActError::Not(WhyNot::Submitted(source("crm")))));
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
    world.acts().reopen(request_id(1), &[], &ann()).await.unwrap();
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

/// Request 1, whose copy is stored, and whose closer crashed before closing it.
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
    world.acts().run_again(&crm(), &ann()).await.unwrap();
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
async fn a_part_with_another_number_of_records_than_is_told_is_never_packed() {
    let (world, vendor) = decided(2).await;
    while world.workflow.take().is_some() {}
    // It has fetched both records, and is slow to keep them.
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
