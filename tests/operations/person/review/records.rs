//! A review is of exactly the records that were shown.

use crate::fulfil::lease::erase;
use crate::person::review::stage::{awaiting, decided_by, demanded};
use crate::stage::{bob, crm, drive, reconciled, rule};
use rightful_contract::driver::{Driver, posts};
use rightful_contract::rows;
use rightful_contract::world::{CANARY, World, ann, erasure, request_id, source, task_of};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::review::ReviewError;
use rightful_domain::vendor::record::RecordId;

#[tokio::test]
async fn invariant_2_a_digest_that_was_tampered_with_posts_nothing() {
    let other = Tag::new("subjects-1", &[7; 32]);
    for before in [false, true] {
        let (world, vendor, _) = awaiting().await;
        if before {
            world.tamper(&crm(), |task| task.found_digest = Some(other.clone()));
        }
        rule(&world, Ruling::Proceed).await;
        if !before {
            world.tamper(&crm(), |task| task.decision.as_mut().unwrap().records = other.clone());
        }
        let request = reconciled(&world, 3).await;
        assert_eq!(posts(&vendor.journal()), 0);
        let task = world.task(&crm());
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(Outcome::Failed), Some("decision_does_not_fit"))
        );
        assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled), "the other one went on");
    }
}

#[tokio::test]
async fn invariant_2_records_that_were_exchanged_after_the_decision_are_not_posted() {
    let (world, vendor, _) = awaiting().await;
    rule(&world, Ruling::Proceed).await;
    // The rows of a search that found another set.
    let pk = rows::request_pk(request_id(1));
    let chunk = |world: &World, name: &str| world.store.table().row(&pk, name).unwrap();
    let (other, vendors, _) = demanded(Policy::Always).await;
    vendors.set(|state| state.people.clear());
    vendors.holds(CANARY, ["bobs-1".to_owned(), "bobs-2".to_owned(), "bobs-3".to_owned()]);
    other.search(&crm()).await.unwrap();
    let name = other.store.table().query(&pk, "RECORDS#crm#").len();
    assert_eq!(name, 1);
    let all = other.store.table().all();
    let ((_, sk), _) = all.iter().find(|((_, sk), _)| sk.starts_with("RECORDS#crm#")).unwrap();
    let foreign = chunk(&other, sk);
    world.store.table().set((pk.clone(), sk.clone()), Some(foreign));
    reconciled(&world, 3).await;
    assert_eq!((posts(&vendor.journal()), world.task(&crm()).outcome), (0, Some(Outcome::Failed)));
}

#[tokio::test]
async fn invariant_2_what_was_searched_again_since_it_was_seen_is_refused_and_nothing_stored() {
    let (world, vendor, _) = awaiting().await;
    let seen = world.reviewing(request_id(1), Ruling::Proceed);
    vendor.holds(CANARY, ["crm-3".to_owned()]);
    world.acts().run_again(&crm(), &ann()).await.unwrap();
    let running = world.review(request_id(1), &seen, &bob()).await;
    let planned = ReviewError::Not(WhyNot::NotAwaiting {
        source_id: source("crm"),
        state: TaskState::Planned,
        by: None,
    });
    assert_eq!(running, Err(planned), "it is searched again now");
    drive(&world).await;
    let before = (world.tasks(request_id(1)), world.facts(request_id(1)));
    let refused = world.review(request_id(1), &seen, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("crm"))));
    assert_eq!((world.tasks(request_id(1)), world.facts(request_id(1))), before, "none of both is decided");
    rule(&world, Ruling::Proceed).await;
    assert!(reconciled(&world, 2).await.is_done());
    assert_eq!(vendor.posts()[0].len(), 4);
}

#[tokio::test]
async fn a_new_search_that_finds_the_same_records_leaves_what_was_seen_good() {
    let (world, vendor, _) = awaiting().await;
    let seen = world.reviewing(request_id(1), Ruling::Proceed);
    world.acts().run_again(&crm(), &ann()).await.unwrap();
    drive(&world).await;
    world.review(request_id(1), &seen, &bob()).await.unwrap();
    assert!(reconciled(&world, 2).await.is_done());
    assert_eq!(vendor.posts()[0].len(), 3);
}

#[tokio::test]
async fn invariant_2_what_another_request_left_is_searched_and_decided_on_anew() {
    let mut world = World::new();
    world.policies.erasure = Policy::Always;
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned(), "b".to_owned()]);
    for n in [1, 2] {
        world.demand(n, &erasure()).await.unwrap();
        world.search(&task_of(n, "crm")).await.unwrap();
        let reviewing = world.reviewing(request_id(n), Ruling::Proceed);
        world.review(request_id(n), &reviewing, &ann()).await.unwrap();
    }
    let old = world.task(&task_of(2, "crm")).found_digest;
    while world.workflow.take().is_some() {}
    erase(&world, &crm()).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::VerifiedErased));
    world.clock.advance(10);
    // The person returned meanwhile, with another record.
    vendor.holds(CANARY, ["c".to_owned()]);
    Driver::new(&world).reconcile_until_done(request_id(2), 2).await.unwrap();
    let two = task_of(2, "crm");
    let task = world.task(&two);
    assert!(world.facts(request_id(2)).contains(&Fact::SearchesAgain { source: source("crm") }));
    assert_eq!((task.state, task.counts.found, task.decision), (TaskState::AwaitingReview, 1, None));
    assert_eq!(posts(&vendor.journal()), 1, "not on the old decision");
    let mut reviewing = world.reviewing(request_id(2), Ruling::Proceed);
    reviewing.sources[0].records = old;
    let refused = world.review(request_id(2), &reviewing, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("crm"))));
    let reviewing = world.reviewing(request_id(2), Ruling::Proceed);
    world.review(request_id(2), &reviewing, &bob()).await.unwrap();
    Driver::new(&world).reconcile_until_done(request_id(2), 2).await.unwrap();
    assert!(world.request(request_id(2)).is_done());
    assert_eq!(vendor.posts()[1], [RecordId::new("c")]);
    assert_eq!(decided_by(&world, &two).as_deref(), Some(bob().as_str()));
}
