//! The vendor's own export comes first where there is one.

use crate::copy::stage::{copied, decided_with, export, exporting, names};
use crate::stage::{DAY, access, crm, drive, ids, reconciled};
use rightful_contract::driver::posts;
use rightful_contract::vendor::{Call, NO_SECRET, Reply};
use rightful_contract::world::{CANARY, World, erasure, request_id, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::law::level::NOTICE_SECONDS;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::Submitted;

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
    assert_eq!((records, right, dry_run), (&ids(0..2), &Right::Access, &false));
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
        (Reply::Says(Submitted::Rejected(Fault::Refused(Code::VendorRefused))), RuleState::Rejected),
        (Reply::Lost, RuleState::Unknown),
        (Reply::Says(Submitted::Unknown(Code::VendorTimedOut)), RuleState::Unknown),
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
    // An unknown erasure blocks the person at this data source.
    world.demand(2, &erasure()).await.unwrap();
    let two = task_of(2, "crm");
    world.search(&two).await.unwrap();
    vendor.set(|state| {
        state.capabilities = exporting();
        state.submissions.extend([Reply::Says(Submitted::Unknown(Code::VendorTimedOut))]);
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
    let busy = Reply::Says(Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
    vendor.set(|state| state.submissions.push_back(busy));
    world.submit(&crm()).await.unwrap();
    assert_eq!(world.task(&crm()).state, TaskState::Submitting);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    let request = reconciled(&world, 3).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("secret_missing")));
    assert_eq!((request.state, posts(&vendor.journal())), (RequestState::Closed, 1));
}
