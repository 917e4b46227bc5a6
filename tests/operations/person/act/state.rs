//! A person states an outcome that no machine can tell.

use crate::person::act::stage::{acts, handed_over, statement};
use crate::stage::{
    access, bob, connect_club, crm, decided, drive, holds_none, reconciled, submitted, verifying, world_with,
};
use rightful_contract::driver::posts;
use rightful_contract::vendor::{Reply, plain};
use rightful_contract::world::{CANARY, World, ann, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::act::ActError;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Claim;

#[tokio::test]
async fn a_person_states_what_no_machine_can_tell_and_it_is_told_as_theirs() {
    for erased in [true, false] {
        let (world, vendor) = handed_over().await;
        let reason = format!("their desk says {CANARY} is gone");
        world.acts().state(&crm(), erased, &reason, &bob()).await.unwrap();
        let task = world.task(&crm());
        let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(outcome), Some(Code::StatedByAPerson.as_str()))
        );
        assert_eq!((task.claim, task.verified_at, task.lease), (Some(Claim::NotStated), None, None));
        assert_eq!(acts(&world), [("state", bob().as_str().to_owned())]);
        let request = reconciled(&world, 1).await;
        let whole = if erased { RequestOutcome::Fulfilled } else { RequestOutcome::Failed };
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(whole)));
        let told = &statement(&world, 0).tasks[0];
        assert_eq!((told.outcome, told.batches[0].state), (outcome, RuleState::Unknown));
        assert_eq!((told.ground, posts(&vendor.journal())), (None, 1));
        holds_none(&world, &[CANARY, "their desk says"]);
    }
}

#[tokio::test]
async fn only_what_was_handed_over_is_stated_and_with_a_reason() {
    let (waiting, vendor, at) = decided(2).await;
    vendor.set(|state| state.submissions.push_back(Reply::Lost));
    waiting.submit(&at).await.unwrap();
    for (world, state) in [
        (world_with(1, plain()).await.0, TaskState::Planned),
        (decided(1).await.0, TaskState::Decided),
        (submitted(1).await.0, TaskState::Submitted),
        (verifying(1).await.0, TaskState::Verifying),
        (waiting, TaskState::Unknown),
    ] {
        let refused = world.acts().state(&crm(), true, "seen", &bob()).await;
        assert_eq!(refused, Err(ActError::Not(WhyNot::NotHandedOver(source("crm"), state))), "{state:?}");
    }
    let (world, _) = handed_over().await;
    let again = world.acts();
    for bad in ["", "  \n", &"x".repeat(1001)] {
        assert_eq!(again.state(&crm(), true, bad, &bob()).await, Err(ActError::Reason));
    }
    let unknown = again.state(&task_of(1, "none"), true, "seen", &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
    again.state(&crm(), true, "seen", &bob()).await.unwrap();
    let twice = again.state(&crm(), false, "not seen", &bob()).await;
    assert_eq!(twice, Err(ActError::Not(WhyNot::NotHandedOver(source("crm"), TaskState::Settled))));
    reconciled(&world, 1).await;
    assert_eq!(again.state(&crm(), true, "seen", &bob()).await, Err(ActError::Not(WhyNot::Closed)));
}

#[tokio::test]
async fn what_cannot_be_searched_is_stated_too_and_the_request_closes_at_once() {
    for erased in [true, false] {
        let (world, vendor, at) = world_with(2, plain()).await;
        vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
        world.search(&at).await.unwrap_err();
        while world.workflow.take().is_some() {}
        world.acts().state(&at, erased, "they wrote that it is gone", &bob()).await.unwrap();
        let task = world.task(&at);
        let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(outcome), Some(Code::StatedByAPerson.as_str()))
        );
        assert_eq!(acts(&world), [("state", bob().as_str().to_owned())]);
        drive(&world).await;
        let whole = if erased { RequestOutcome::Fulfilled } else { RequestOutcome::Failed };
        let request = world.request(request_id(1));
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(whole)));
        let told = &statement(&world, 0).tasks[0];
        assert_eq!((told.outcome, told.reason.as_deref()), (outcome, Some(Code::StatedByAPerson.as_str())));
        assert_eq!((posts(&vendor.journal()), vendor.left(), told.batches.len()), (0, 2, 0));
    }
}

#[tokio::test]
async fn nothing_is_stated_as_erased_for_a_request_for_access() {
    let world = World::new();
    let vendor = world.connect("crm");
    world.demand(1, &access()).await.unwrap();
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
    world.search(&crm()).await.unwrap_err();
    let facts = world.facts(request_id(1));
    let refused = world.acts().state(&crm(), true, "seen", &bob()).await.unwrap_err();
    assert_eq!(refused, ActError::NotErasure(source("crm")));
    assert!(refused.to_string().contains("state that crm failed, or leave it out"), "{refused}");
    assert_eq!(world.facts(request_id(1)), facts);
    world.acts().state(&crm(), false, "they closed", &bob()).await.unwrap();
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::Failed));
}

#[tokio::test]
async fn what_was_stated_as_not_erased_runs_again_after_a_look_with_an_intent_of_its_own() {
    let (world, vendor) = handed_over().await;
    connect_club(&world);
    world.acts().state(&crm(), false, "they have no such rule", &bob()).await.unwrap();
    drive(&world).await;
    reconciled(&world, 1).await;
    vendor.set(|state| state.capabilities = plain());
    world.acts().reopen(request_id(1), &[], &ann()).await.unwrap();
    drive(&world).await;
    let request = reconciled(&world, 1).await;
    assert_eq!((request.outcome, vendor.left()), (Some(RequestOutcome::Fulfilled), 0));
    assert_eq!(posts(&vendor.journal()), 2);
    let batches = &statement(&world, 1).tasks[0].batches;
    let states: Vec<RuleState> = batches.iter().map(|one| one.state).collect();
    assert_eq!(states, [RuleState::Unknown, RuleState::Finished]);
}
