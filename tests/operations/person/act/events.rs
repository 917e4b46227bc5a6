//! Each act is an event under the operator's name; no error repeats a person.

use crate::person::act::stage::{acts, erased_and_open};
use crate::stage::{bob, crm, drive, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::world::{CANARY, ann, request_id, task_of};
use rightful_domain::base::identifier::Identifier;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::TaskState;

#[tokio::test]
async fn each_act_is_an_event_under_the_operators_name() {
    let (world, _) = erased_and_open().await;
    let by = bob().as_str().to_owned();
    world.identify(&task_of(1, "club"), &Identifier::new(member(), "12345").unwrap()).await.unwrap();
    world.acts().run_again(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    while world.tasks(request_id(1)).iter().any(|task| task.state == TaskState::AwaitingReview) {
        rule(&world, Ruling::Proceed).await;
        reconciled(&world, 1).await;
    }
    let request = reconciled(&world, 1).await;
    assert_eq!(request.state, RequestState::Closed);
    let told = acts(&world);
    assert_eq!(told[..2], [("identify", ann().as_str().to_owned()), ("run", by.clone())]);
    assert!(told[2..].iter().all(|act| *act == ("review", by.clone())), "a person confirms each zero");
}

#[tokio::test]
async fn invariant_1_no_error_of_an_act_repeats_a_person() {
    let (world, _) = erased_and_open().await;
    let errors = [
        world.acts().run_again(&task_of(1, "none"), &bob()).await.unwrap_err(),
        world.acts().cancel(request_id(1), &bob()).await.unwrap_err(),
        world.acts().state(&crm(), true, CANARY, &bob()).await.unwrap_err(),
        world.acts().reopen(request_id(1), &[], &bob()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(canary::found(&format!("{error:?} {error}"), CANARY), Vec::<String>::new());
    }
}
