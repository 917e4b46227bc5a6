//! A request is cancelled as long as nothing was submitted.

use crate::person::act::stage::{acts, erased_and_open, handed_over, statement};
use crate::stage::{bob, crm, decided, overlapping, reconciled, submitted, verifying, world_with};
use rightful_contract::driver::posts;
use rightful_contract::vendor::{Reply, plain};
use rightful_contract::world::{CANARY, World, ann, email, erasure, request_id, source, task_of};
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::act::ActError;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;

#[tokio::test]
async fn a_request_is_called_off_as_long_as_nothing_was_submitted() {
    let (not_sent, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(60)))));
    });
    not_sent.submit(&at).await.unwrap();
    let awaiting = world_with(3, plain()).await.0;
    awaiting.tamper(&crm(), |task| task.policy = Policy::Always);
    awaiting.search(&crm()).await.unwrap();
    let token = awaiting.workflow.park(1, &crm());
    awaiting.park(&crm(), &token).await.unwrap();
    for (world, state) in [
        (world_with(3, plain()).await.0, TaskState::Planned),
        (awaiting, TaskState::AwaitingReview),
        (decided(3).await.0, TaskState::Decided),
        (not_sent, TaskState::Submitting),
    ] {
        assert_eq!(world.task(&crm()).state, state);
        world.acts().cancel(request_id(1), &bob()).await.unwrap();
        let task = world.task(&crm());
        assert_eq!(
            (task.outcome, task.lease, task.token),
            (Some(Outcome::Cancelled), None, None),
            "{state:?}"
        );
        assert!(!world.workflow.waits(&token));
        let request = reconciled(&world, 1).await;
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Cancelled)));
        assert_eq!(world.vendors.vendor(&source("crm")).left(), 3);
        assert_eq!(statement(&world, 0).outcome, RequestOutcome::Cancelled);
        assert_eq!(acts(&world), [("cancel", bob().as_str().to_owned())]);
        assert_eq!(world.acts().cancel(request_id(1), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
        // The operator may change their mind.
        world.acts().reopen(request_id(1), &[], &bob()).await.unwrap();
        assert_eq!(world.task(&crm()).state, TaskState::Planned);
    }
}

#[tokio::test]
async fn what_was_submitted_or_may_have_been_is_not_called_off() {
    for world in
        [submitted(3).await.0, verifying(3).await.0, handed_over().await.0, erased_and_open().await.0]
    {
        let before = (world.tasks(request_id(1)), world.facts(request_id(1)));
        let refused = world.acts().cancel(request_id(1), &bob()).await.unwrap_err();
        assert_eq!(refused, ActError::Not(WhyNot::Submitted(source("crm"))));
        assert_eq!((world.tasks(request_id(1)), world.facts(request_id(1))), before, "all or nothing");
    }
    assert_eq!(World::new().acts().cancel(request_id(1), &bob()).await, Err(ActError::NotFound));
}

#[tokio::test]
async fn what_has_its_outcome_keeps_it_when_the_rest_is_called_off() {
    let world = World::new();
    world.connect("crm");
    world.connect("shop").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    world.search(&crm()).await.unwrap();
    world.acts().cancel(request_id(1), &bob()).await.unwrap();
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Cancelled));
}

#[tokio::test]
async fn where_everything_has_ended_there_is_nothing_to_call_off() {
    let (world, _, at) = world_with(0, plain()).await;
    world.search(&at).await.unwrap();
    let facts = world.facts(request_id(1));
    assert_eq!(world.acts().cancel(request_id(1), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
    assert_eq!(world.facts(request_id(1)), facts, "and nobody is told that it was");
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::NothingFound));
}

#[tokio::test]
async fn invariant_2_either_nothing_is_posted_or_the_cancelling_is_refused_in_whatever_order() {
    let (mut ways, mut cancelled) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor, at) = decided(3).await;
            let (again, by) = (world.acts(), bob());
            let cancel = again.cancel(request_id(1), &by);
            let Some((_, ended)) = overlapping(&world, world.submit(&at), cancel, (a, b)).await else {
                break;
            };
            (last, ways) = (false, ways + 1);
            let posted = posts(&vendor.journal());
            match ended {
                Ok(_) => {
                    cancelled += 1;
                    assert_eq!((posted, vendor.left()), (0, 3), "{a} {b}");
                    assert_eq!(world.task(&at).outcome, Some(Outcome::Cancelled));
                }
                Err(error) => {
                    assert_eq!(error, ActError::Not(WhyNot::Submitted(source("crm"))), "{a} {b}");
                    assert_eq!(posted, 1, "{a} {b}");
                }
            }
            let request = reconciled(&world, 2).await;
            assert_eq!(request.state, RequestState::Closed, "{a} {b}");
            assert_eq!(posts(&vendor.journal()), posted, "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 100 && cancelled > 30 && cancelled < ways, "{cancelled} of {ways}");
}

#[tokio::test]
async fn invariant_2_what_was_called_off_stays_so_whoever_gives_an_identifier_at_the_same_time() {
    let world = World::new();
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.connect("shop");
    world.demand(1, &erasure()).await.unwrap();
    world.search(&task_of(1, "shop")).await.unwrap();
    world.acts().cancel(request_id(1), &bob()).await.unwrap();
    for at in [crm(), task_of(1, "shop")] {
        assert_eq!(world.acts().run_again(&at, &ann()).await, Err(ActError::Not(WhyNot::Closed)), "{at:?}");
        assert_eq!(world.identify(&at, &email(CANARY)).await, Err(ActError::Not(WhyNot::Closed)), "{at:?}");
    }
    let (mut ways, mut both) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor, at) = decided(3).await;
            let (again, by, canary) = (world.acts(), bob(), email(CANARY));
            let cancel = again.cancel(request_id(1), &by);
            let Some((cancelled, given)) =
                overlapping(&world, cancel, world.identify(&at, &canary), (a, b)).await
            else {
                break;
            };
            (last, ways) = (false, ways + 1);
            cancelled.unwrap();
            both += u32::from(given.is_ok());
            let request = reconciled(&world, 1).await;
            assert_eq!(request.outcome, Some(RequestOutcome::Cancelled), "{a} {b}");
            assert_eq!((posts(&vendor.journal()), vendor.left()), (0, 3), "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 40 && both > 0 && both < ways, "{both} of {ways}");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_cancelling_ends_in_a_closed_request_all_the_same() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor, _) = decided(3).await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.acts().cancel(request_id(1), &by).await }).await;
        let cancelled = world.task(&crm()).outcome == Some(Outcome::Cancelled);
        stored += u32::from(cancelled);
        let request = reconciled(&world, 2).await;
        let outcome = if cancelled { RequestOutcome::Cancelled } else { RequestOutcome::Fulfilled };
        assert_eq!(
            (request.state, request.outcome),
            (RequestState::Closed, Some(outcome)),
            "crash at {point}"
        );
        assert_eq!(vendor.left(), if cancelled { 3 } else { 0 });
        if end.is_some() {
            assert!(stored >= 3, "{stored} of {point}");
            return;
        }
    }
}
