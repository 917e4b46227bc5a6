//! An execution waits under a token until a person has decided.

use crate::person::review::stage::{awaiting, demanded, of_one, reviews};
use crate::stage::{bob, crm, drive, reconciled, rule, shop};
use rightful_contract::driver::{Driver, posts};
use rightful_contract::world::request_id;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::TaskState;
use rightful_domain::ports::workflow::Next;

#[tokio::test]
async fn the_execution_that_waits_is_released_with_the_decision() {
    for (ruling, next) in
        [(Ruling::Proceed, Next::Fulfil), (Ruling::Refuse(RefusalGround::LegalClaims), Next::None)]
    {
        let (world, _, _) = awaiting().await;
        let tokens = [world.task(&crm()).token.unwrap(), world.task(&shop()).token.unwrap()];
        assert_ne!(tokens[0], tokens[1]);
        assert!(
            tokens.iter().all(|token| world.workflow.waits(token)) && world.workflow.released().is_empty()
        );
        let reviewing = world.reviewing(request_id(1), ruling);
        assert!(world.review(request_id(1), &reviewing, &bob()).await.unwrap().released);
        let released = tokens.map(|token| (token, next));
        assert_eq!(world.workflow.released(), released);
        assert_eq!((world.task(&crm()).token, world.task(&shop()).token), (None, None));
        drive(&world).await;
        // The execution of the whole request waits for both, and closes a refused one.
        assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
    }
}

#[tokio::test]
async fn whoever_waited_before_is_let_go_and_the_same_token_again_changes_nothing() {
    let (world, _, _) = demanded(Policy::Always).await;
    world.search(&crm()).await.unwrap();
    let (first, second) = (world.workflow.park(1, &crm()), world.workflow.park(2, &crm()));
    assert_eq!(world.park(&crm(), &first).await.unwrap().next, Next::Review);
    let before = world.task(&crm());
    world.park(&crm(), &first).await.unwrap();
    assert_eq!((world.task(&crm()), world.workflow.released().len()), (before, 0));
    world.park(&crm(), &second).await.unwrap();
    assert_eq!(world.workflow.released(), [(first, Next::None)]);
    assert_eq!(world.task(&crm()).token, Some(second.clone()));
    world.review(request_id(1), &of_one(&world, &crm(), Ruling::Proceed), &bob()).await.unwrap();
    assert_eq!(world.workflow.released().last(), Some(&(second, Next::Fulfil)));
}

#[tokio::test]
async fn who_comes_to_wait_after_the_decision_goes_on_at_once() {
    let (world, _, _) = demanded(Policy::Always).await;
    world.search(&crm()).await.unwrap();
    world.search(&shop()).await.unwrap();
    world.review(request_id(1), &of_one(&world, &crm(), Ruling::Proceed), &bob()).await.unwrap();
    let refusal = of_one(&world, &shop(), Ruling::Refuse(RefusalGround::LegalClaims));
    world.review(request_id(1), &refusal, &bob()).await.unwrap();
    for (at, next) in [(crm(), Next::Fulfil), (shop(), Next::None)] {
        let token = world.workflow.park(1, &at);
        world.park(&at, &token).await.unwrap();
        assert_eq!(world.workflow.released().last(), Some(&(token, next)));
        assert_eq!(world.task(&at).token, None);
    }
    reconciled(&world, 2).await;
    let token = world.workflow.park(3, &crm());
    assert_eq!(world.park(&crm(), &token).await.unwrap().next, Next::None);
    assert!(!world.workflow.waits(&token), "of a closed request too");
}

#[tokio::test]
async fn a_decision_whose_execution_is_gone_or_not_reached_is_brought_on_by_the_reconciliation_alone() {
    for (times_out, down) in [(true, false), (false, true), (true, true)] {
        let (world, vendor, _) = awaiting().await;
        if times_out {
            for at in [crm(), shop()] {
                world.workflow.time_out(&world.task(&at).token.unwrap());
            }
        }
        world.workflow.fail_next(if down { 2 } else { 0 });
        let reviewing = world.reviewing(request_id(1), Ruling::Proceed);
        let reviewed = world.review(request_id(1), &reviewing, &bob()).await.unwrap();
        assert_eq!(reviewed.released, !down, "and says so");
        assert!(world.workflow.take().is_none());
        let request = reconciled(&world, 1).await;
        assert_eq!((request.is_done(), request.outcome), (true, Some(RequestOutcome::Fulfilled)));
        assert_eq!(posts(&vendor.journal()), 1);
    }
}

#[tokio::test]
async fn invariant_6_with_the_execution_killed_at_any_step_one_decision_has_one_effect() {
    for steps in 0.. {
        let (world, crm_vendor, shop_vendor) = demanded(Policy::Always).await;
        let execution = world.workflow.take().unwrap();
        Driver::killed_after(&world, steps).run(&execution).await;
        Driver::killed_after(&world, steps.max(4)).reconcile_until_done(request_id(1), 1).await.unwrap();
        rule(&world, Ruling::Proceed).await;
        Driver::killed_after(&world, steps).run(&world.workflow.take().unwrap_or(execution)).await;
        let request = reconciled(&world, 2).await;
        assert!(request.is_done(), "killed after {steps}: {request:?}");
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
        assert_eq!((posts(&crm_vendor.journal()), posts(&shop_vendor.journal())), (1, 1), "{steps}");
        assert_eq!(reviews(&world).len(), 2);
        if steps > 12 {
            return;
        }
    }
}

#[tokio::test]
async fn invariant_5_with_every_execution_killed_early_only_the_person_is_waited_for() {
    for steps in 5..9 {
        let (world, crm_vendor, shop_vendor) = demanded(Policy::Always).await;
        Driver::killed_after(&world, steps).reconcile_until_done(request_id(1), 2).await.unwrap();
        for at in [crm(), shop()] {
            assert_eq!(world.task(&at).state, TaskState::AwaitingReview, "killed after {steps}");
        }
        rule(&world, Ruling::Proceed).await;
        Driver::killed_after(&world, steps).reconcile_until_done(request_id(1), 3).await.unwrap();
        assert!(world.request(request_id(1)).is_done(), "killed after {steps}");
        assert_eq!((posts(&crm_vendor.journal()), posts(&shop_vendor.journal())), (1, 1));
    }
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_waiting_leaves_one_that_is_released() {
    for point in 0.. {
        let (world, vendor, _) = demanded(Policy::Always).await;
        for at in [crm(), shop()] {
            world.search(&at).await.unwrap();
        }
        let (first, second) = (world.workflow.park(1, &crm()), world.workflow.park(2, &crm()));
        world.park(&crm(), &first).await.unwrap();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.park(&crm(), &second)).await;
        // The state machine calls it again under the same token.
        world.park(&crm(), &second).await.unwrap();
        assert_eq!(world.task(&crm()).token, Some(second.clone()), "crash at {point}");
        rule(&world, Ruling::Proceed).await;
        assert_eq!(world.workflow.released().last().unwrap(), &(second, Next::Fulfil));
        assert!(reconciled(&world, 2).await.is_done());
        assert_eq!(posts(&vendor.journal()), 1, "crash at {point}");
        if end.is_some() {
            assert_eq!(point, 6);
            return;
        }
    }
}
