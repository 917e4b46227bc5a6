//! A refusal has a ground, which the receipt states, and a reason, which stays sealed.

use crate::person::review::stage::{awaiting, of_one, statement};
use crate::stage::{DAY, access, bob, crm, holds_none, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::driver::posts;
use rightful_contract::world::{CANARY, World, request_id, source};
use rightful_domain::base::code::Code;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::review::{ReviewError, Reviewing};
use rightful_domain::operations::person::see::ShowError;

#[tokio::test]
async fn art_17_3_stands_against_erasure_alone() {
    let mut world = World::new();
    world.policies = Policies { erasure: Policy::Always, access: Policy::Always };
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    world.search(&crm()).await.unwrap();
    for ground in RefusalGround::ALL {
        let reviewing = world.reviewing(request_id(1), Ruling::Refuse(ground));
        let refused = world.review(request_id(1), &reviewing, &bob()).await;
        if ground == RefusalGround::UnfoundedOrExcessive {
            assert_eq!(refused.unwrap().sources, [(source("crm"), TaskState::Settled)]);
        } else {
            assert_eq!(refused, Err(ReviewError::Ground), "{ground:?}");
        }
    }
    let request = reconciled(&world, 1).await;
    assert_eq!((request.outcome, world.copies.parts()), (Some(RequestOutcome::Refused), 0));
}

#[tokio::test]
async fn a_refusal_is_stated_with_its_ground_and_never_with_its_reason() {
    for ground in RefusalGround::ALL {
        let (world, vendor, _) = awaiting().await;
        let reason = format!("kept for the suit of {CANARY}");
        let ruling = Ruling::Refuse(ground);
        let reviewing =
            Reviewing { reason: format!("  {reason}\n"), ..world.reviewing(request_id(1), ruling) };
        world.review(request_id(1), &reviewing, &bob()).await.unwrap();
        let told = world.reasons(request_id(1)).await.unwrap();
        assert_eq!(*told[0].reason, reason, "for the operator alone");
        let request = reconciled(&world, 1).await;
        assert_eq!(request.outcome, Some(RequestOutcome::Refused));
        for task in statement(&world).tasks {
            assert_eq!((task.outcome, task.ground), (Outcome::Refused, Some(ground)));
            assert_eq!(task.reason.as_deref(), Some(Code::RefusedByReviewer.as_str()));
            assert_eq!(task.decided_by.as_deref(), Some(bob().as_str()));
            assert!(task.decided_at.is_some() && task.batches.is_empty());
        }
        let file = String::from_utf8(world.receipts.file(request_id(1)).unwrap()).unwrap();
        assert!(file.contains(ground.as_str()) && !file.contains("kept for"));
        holds_none(&world, &[CANARY, "kept for the suit", "crm-0"]);
        assert_eq!((posts(&vendor.journal()), vendor.left()), (0, 3));
        let days = u64::from(world.forget_after_days) + 1;
        assert!(world.keys.holds(request_id(1)), "for as long as it may be reopened");
        world.clock.advance(days * DAY);
        assert!(reconciled(&world, 1).await.forgotten_at.is_some());
        let gone = world.reasons(request_id(1)).await.err();
        assert_eq!(gone, Some(ShowError::Not(WhyNot::Forgotten)), "gone with the person");
    }
}

#[tokio::test]
async fn what_is_refused_at_one_data_source_and_erased_at_the_other_is_partly_fulfilled() {
    let (world, crm_vendor, shop_vendor) = awaiting().await;
    let refusal = of_one(&world, &crm(), Ruling::Refuse(RefusalGround::LegalObligation));
    world.review(request_id(1), &refusal, &bob()).await.unwrap();
    rule(&world, Ruling::Proceed).await;
    let request = reconciled(&world, 1).await;
    assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled));
    assert_eq!((crm_vendor.left(), shop_vendor.left()), (3, 0));
    let [crm, shop] = &statement(&world).tasks[..] else { panic!("two") };
    assert_eq!((crm.outcome, crm.ground), (Outcome::Refused, Some(RefusalGround::LegalObligation)));
    assert_eq!((shop.outcome, shop.ground), (Outcome::VerifiedErased, None));
}

#[tokio::test]
async fn invariant_1_a_reason_that_names_the_person_is_in_no_error_row_event_or_payload() {
    let (world, _, _) = awaiting().await;
    let mut reviewing = world.reviewing(request_id(1), Ruling::Proceed);
    reviewing.reason = format!("{CANARY} called");
    let mut late = reviewing.clone();
    late.sources[0].records = None;
    let error = world.review(request_id(1), &late, &bob()).await.unwrap_err();
    assert_eq!(error, ReviewError::Changed(source("crm")));
    assert_eq!(canary::found(&format!("{error} {error:?}"), CANARY), Vec::<String>::new());
    world.review(request_id(1), &reviewing, &bob()).await.unwrap();
    holds_none(&world, &[CANARY, "called"]);
    assert!(reconciled(&world, 1).await.is_done());
    holds_none(&world, &[CANARY, "called"]);
}
