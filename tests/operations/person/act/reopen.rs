//! A closed request is reopened; each closing has a receipt and an answer of its own.

use crate::person::act::stage::{failed, statement};
use crate::stage::{DAY, access, bob, crm, drive, overlapping, reconciled, rule, verifying, world_with};
use rightful_contract::driver::{Driver, posts};
use rightful_contract::tickets::{CHANNEL, TicketCall};
use rightful_contract::vendor::{NO_SECRET, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::ids::Reference;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::{Arrival, Demand};
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::vendor::record::RecordId;

#[tokio::test]
async fn a_closed_request_is_opened_again_and_each_closing_has_its_receipt() {
    let (world, vendor) = failed().await;
    let due = world.request(request_id(1)).due_at;
    let first = world.receipts.file(request_id(1)).unwrap();
    world.clock.advance(10 * DAY);
    assert!(acts::reopen(&world.request(request_id(1)), world.now()).is_ok());
    let acted = world.acts().reopen(request_id(1), &[], &bob()).await.unwrap();
    assert_eq!(acted, Acted { state: RequestState::Open, attempt: Some(2), started: true });
    let request = world.request(request_id(1));
    assert_eq!((request.due_at, request.reopened, request.outcome), (due, 1, None), "its legal date stays");
    assert_eq!((request.closed_at, request.receipt_sha256, request.forget_at), (None, None, None));
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, vendor.left()), (Some(RequestOutcome::Fulfilled), 0));
    assert!(request.is_done(), "and forgotten now");
    assert_eq!(world.receipts.file(request_id(1)).unwrap(), first, "the first one stands");
    let (one, two) = (statement(&world, 0), statement(&world, 1));
    assert_eq!((one.reopened, one.outcome, one.tasks[0].run), (0, RequestOutcome::Failed, 1));
    assert_eq!((two.reopened, two.outcome, two.tasks[0].run), (1, RequestOutcome::Fulfilled, 2));
    assert!(two.events > one.events && two.events_head != one.events_head);
    let told = Fact::Reopened { by: bob(), sources: vec![source("crm")] };
    assert!(world.facts(request_id(1)).contains(&told));
}

#[tokio::test]
async fn a_request_is_reopened_more_than_once() {
    let (world, vendor) = failed().await;
    for closing in 1..=3 {
        vendor.set(|state| state.broken = (closing < 3).then_some(NO_SECRET));
        world.clock.advance(DAY);
        world.acts().reopen(request_id(1), &[source("crm")], &bob()).await.unwrap();
        assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
        assert_eq!(statement(&world, closing).tasks[0].run, closing + 1);
    }
    assert_eq!(vendor.left(), 0);
    assert!(world.receipts.file_of(request_id(1), 4).is_none());
}

#[tokio::test]
async fn only_what_was_not_acted_on_runs_again_unless_it_is_named() {
    let world = World::new();
    let (crm_vendor, shop_vendor) = (world.connect("crm"), world.connect("shop"));
    for vendor in [&crm_vendor, &shop_vendor] {
        vendor.holds(CANARY, ["a".to_owned()]);
    }
    shop_vendor.set(|state| state.broken = Some(NO_SECRET));
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::PartlyFulfilled));
    shop_vendor.set(|state| state.broken = None);
    let again = world.acts();
    let unknown = again.reopen(request_id(1), &[source("crm"), source("none")], &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
    again.reopen(request_id(1), &[], &bob()).await.unwrap();
    assert_eq!(world.workflow.started()[1].sources, [source("shop")]);
    let cancelled = again.cancel(request_id(1), &bob()).await;
    assert_eq!(
        cancelled,
        Err(ActError::Not(WhyNot::Submitted(source("crm")))),
        "by the first time it was open"
    );
    drive(&world).await;
    let (one, two) = (world.task(&crm()), world.task(&task_of(1, "shop")));
    assert_eq!((one.run, two.run, two.outcome), (1, 2, Some(Outcome::VerifiedErased)));
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, posts(&crm_vendor.journal())), (Some(RequestOutcome::Fulfilled), 1));
}

#[tokio::test]
async fn what_is_open_unsigned_or_forgotten_is_not_opened_again() {
    let (world, _, _) = verifying(2).await;
    let again = world.acts();
    assert_eq!(again.reopen(request_id(1), &[], &bob()).await, Err(ActError::Not(WhyNot::Open)));
    assert_eq!(again.reopen(request_id(9), &[], &bob()).await, Err(ActError::NotFound));
    drive(&world).await;
    assert!(reconciled(&world, 1).await.is_done());
    let refused = again.reopen(request_id(1), &[source("crm")], &bob()).await.unwrap_err();
    assert_eq!(refused, ActError::Not(WhyNot::Forgotten));
    assert!(refused.to_string().contains("make a new request"));
    let (world, _) = failed().await;
    world.clock.advance(u64::from(world.forget_after_days) * DAY);
    assert_eq!(
        world.acts().reopen(request_id(1), &[], &bob()).await,
        Err(ActError::Not(WhyNot::Forgotten)),
        "its time is over"
    );
    assert!(acts::reopen(&world.request(request_id(1)), world.now()).is_err());
    assert!(reconciled(&world, 1).await.forgotten_at.is_some());
    assert_eq!(world.acts().reopen(request_id(1), &[], &bob()).await, Err(ActError::Not(WhyNot::Forgotten)));
    let (world, _) = failed().await;
    world.tamper_request(request_id(1), |request| request.receipt_sha256 = None);
    let early = world.acts().reopen(request_id(1), &[], &bob()).await.unwrap_err();
    assert_eq!(early, ActError::Not(WhyNot::ReceiptNotKept));
}

#[tokio::test]
async fn nothing_is_reopened_where_everything_was_acted_on() {
    let mut world = World::new();
    world.policies.access = Policy::Auto;
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.acts().reopen(request_id(1), &[], &bob()).await, Err(ActError::NothingToDo));
    world.acts().reopen(request_id(1), &[source("crm")], &bob()).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.reopened), (Some(RequestOutcome::Fulfilled), 1));
    assert!(request.copy.is_some() && world.link(request_id(1)).await.is_ok());
}

#[tokio::test]
async fn a_reopening_that_comes_while_the_person_is_forgotten_never_leaves_an_open_request_without_them() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, _) = failed().await;
            let forget_at = world.request(request_id(1)).forget_at.unwrap();
            world.clock.advance_to(forget_at);
            let (again, by) = (world.acts(), bob());
            let reopen = again.reopen(request_id(1), &[], &by);
            let Some((reopened, _)) = overlapping(&world, reopen, world.close(request_id(1)), (a, b)).await
            else {
                break;
            };
            (last, ways) = (false, ways + 1);
            assert!(reopened.is_err(), "{a} {b}");
            let request = world.request(request_id(1));
            assert_eq!(
                (request.state, world.keys.holds(request_id(1))),
                (RequestState::Closed, false),
                "{a} {b}"
            );
        }
        if last {
            break;
        }
    }
    assert!(ways > 0);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_reopening_leaves_it_reopened_once_or_not_at_all() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor) = failed().await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.acts().reopen(request_id(1), &[], &by).await }).await;
        let reopened = world.request(request_id(1)).reopened;
        assert!(reopened <= 1);
        stored += reopened;
        Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
        let request = world.request(request_id(1));
        assert_eq!(request.state, RequestState::Closed, "crash at {point}");
        assert_eq!(vendor.left(), if reopened == 1 { 0 } else { 3 }, "crash at {point}");
        statement(&world, reopened);
        if end.is_some() {
            assert!(point >= 7 && stored >= 3, "{stored} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn a_ticket_is_answered_again_with_a_marker_of_its_own() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    let reference = Some(Reference::parse("ZD-35436").unwrap());
    let arrival = Arrival::Delivery { channel: CHANNEL, key: b"1", body: b"{}" };
    world.accept(1, &Demand { reference, ..erasure() }, arrival).await.unwrap();
    drive(&world).await;
    vendor.set(|state| state.broken = None);
    world.acts().reopen(request_id(1), &[], &bob()).await.unwrap();
    drive(&world).await;
    let ticket = world.tickets.ticket("ZD-35436");
    assert_eq!((ticket.comments.len(), ticket.solved), (2, true));
    assert!(ticket.comments[0].contains("failed") && ticket.comments[1].contains("verified_erased"));
    let markers: Vec<String> = world
        .tickets
        .journal()
        .into_iter()
        .filter_map(|call| match call {
            TicketCall::Answer { answer, .. } => Some(answer.marker),
            TicketCall::Look { .. } => None,
        })
        .collect();
    assert_eq!(markers.len(), 2);
    assert_ne!(markers[0], markers[1]);
    // A look for one marker doesn't find the other.
    assert!(
        !ticket.comments[0].contains(&markers[1])
            && !ticket.comments[1].lines().any(|line| line == markers[0])
    );
}

#[tokio::test]
async fn a_refused_request_that_is_reopened_is_decided_on_anew() {
    let (world, vendor, at) = world_with(2, plain()).await;
    world.tamper(&at, |task| task.policy = Policy::Always);
    drive(&world).await;
    rule(&world, Ruling::Refuse(RefusalGround::LegalClaims)).await;
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Refused));
    world.acts().reopen(request_id(1), &[], &bob()).await.unwrap();
    drive(&world).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.review, posts(&vendor.journal())), (TaskState::AwaitingReview, None, 0));
    rule(&world, Ruling::Proceed).await;
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Fulfilled));
    let told = &statement(&world, 1).tasks[0];
    assert_eq!((told.ground, told.outcome, vendor.left()), (None, Outcome::VerifiedErased, 0));
    assert_eq!(vendor.posts(), [[RecordId::new("record-0000"), RecordId::new("record-0001")]]);
}
