//! The most data sources of a request: an act on all of them fits into DynamoDB's limits, or runs in
//! repeatable steps.

use rightful_contract::driver::Driver;
use rightful_contract::vendor::Reply;
use rightful_contract::world::{CANARY, World, ann, erasure, request_id, source, task_of};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::{Demand, MAX_SOURCES};
use rightful_domain::operations::person::review::{ReviewError, Reviewing, Seen};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;

fn tasks() -> Vec<TaskRef> {
    (0..MAX_SOURCES).map(|n| task_of(1, &format!("s{n:02}"))).collect()
}

/// A request at the most data sources, each with a record of the canary.
async fn forty(policy: Policy) -> World {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    for at in tasks() {
        world.connect(at.source_id.as_str()).holds(CANARY, ["record-0000".to_owned()]);
    }
    world.demand(1, &erasure()).await.unwrap();
    world
}

/// The same, and each of them waits for a person.
async fn waiting() -> World {
    let world = forty(Policy::Always).await;
    for (n, at) in tasks().iter().enumerate() {
        world.search(at).await.unwrap();
        world.park(at, &format!("token-{n}")).await.unwrap();
    }
    world
}

fn all_of(world: &World, ruling: Ruling) -> Reviewing {
    let sources = world.tasks(request_id(1)).iter().map(Seen::all_of).collect();
    Reviewing { sources, ruling, reason: "It is theirs.".to_owned() }
}

async fn review(world: &World, reviewing: &Reviewing, by: &Actor) -> Result<bool, ReviewError> {
    world.review(request_id(1), reviewing, by).await.map(|reviewed| {
        assert_eq!(reviewed.sources.len(), MAX_SOURCES);
        reviewed.released
    })
}

fn reviewed(world: &World) -> usize {
    world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::Reviewed { .. })).count()
}

#[tokio::test]
async fn a_review_of_every_data_source_is_stored_whatever_is_ruled() {
    for (ruling, state) in [
        (Ruling::Proceed, TaskState::Decided),
        (Ruling::Refuse(RefusalGround::LegalObligation), TaskState::Settled),
    ] {
        let world = waiting().await;
        assert!(review(&world, &all_of(&world, ruling), &ann()).await.unwrap());
        assert!(world.tasks(request_id(1)).iter().all(|task| task.state == state));
        assert_eq!(reviewed(&world), MAX_SOURCES);
    }
}

#[tokio::test]
async fn a_review_that_was_interrupted_between_its_steps_goes_on_when_it_is_given_again() {
    let mut parts = 0;
    for point in 0.. {
        let world = waiting().await;
        let reviewing = all_of(&world, Ruling::Refuse(RefusalGround::LegalObligation));
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(review(&world, &reviewing, &ann())).await;
        parts += usize::from((1..MAX_SOURCES).contains(&reviewed(&world)));
        if first.is_some() {
            break;
        }
        match review(&world, &reviewing, &ann()).await {
            Ok(_) => {}
            // Everything was stored before the crash.
            Err(ReviewError::Not(WhyNot::NotAwaiting { .. })) => assert_eq!(reviewed(&world), MAX_SOURCES),
            Err(error) => panic!("{error}, crash at point {point}"),
        }
        assert_eq!(reviewed(&world), MAX_SOURCES, "crash at point {point}");
        assert!(world.tasks(request_id(1)).iter().all(|task| task.state == TaskState::Settled));
    }
    assert!(parts > 0, "no crash fell between two steps");
}

#[tokio::test]
async fn what_another_person_ruled_or_another_ruling_is_passed_over_by_nobody() {
    let world = waiting().await;
    let mut one = all_of(&world, Ruling::Proceed);
    one.sources.truncate(1);
    world.review(request_id(1), &one, &ann()).await.unwrap();
    let all = all_of(&world, Ruling::Proceed);
    let other = Actor::parse("arn:aws:iam::111122223333:user/bob").unwrap();
    for (reviewing, by) in
        [(&all, &other), (&all_of(&world, Ruling::Refuse(RefusalGround::LegalObligation)), &ann())]
    {
        let refused = review(&world, reviewing, by).await.unwrap_err();
        assert!(matches!(refused, ReviewError::Not(WhyNot::NotAwaiting { .. })), "{refused}");
        assert_eq!(reviewed(&world), 1, "nothing is stored");
    }
    review(&world, &all, &ann()).await.unwrap();
    assert_eq!(reviewed(&world), MAX_SOURCES);
}

#[tokio::test]
async fn every_task_is_called_off_also_where_each_holds_its_lease() {
    for leased in [false, true] {
        let world = forty(Policy::Auto).await;
        for at in tasks() {
            world.search(&at).await.unwrap();
            if leased {
                let not = Reply::Says(Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
                world.vendors.vendor(&at.source_id).set(|state| state.submissions.push_back(not));
                world.submit(&at).await.unwrap();
                assert!(world.task(&at).lease.is_some());
            }
        }
        world.acts().cancel(request_id(1), &ann()).await.unwrap();
        let all = world.tasks(request_id(1));
        assert!(all.iter().all(|task| task.outcome == Some(Outcome::Cancelled) && task.lease.is_none()));
        let told = world.facts(request_id(1));
        assert_eq!(told.iter().filter(|fact| matches!(fact, Fact::CalledOff { .. })).count(), 1);
        assert_eq!(world.close(request_id(1)).await.unwrap().outcome, Some(RequestOutcome::Cancelled));
    }
}

#[tokio::test]
async fn a_refused_request_is_closed_reopened_extended_and_run_again_at_every_data_source() {
    let world = waiting().await;
    let refusal = Ruling::Refuse(RefusalGround::LegalObligation);
    review(&world, &all_of(&world, refusal), &ann()).await.unwrap();
    assert_eq!(world.close(request_id(1)).await.unwrap().outcome, Some(RequestOutcome::Refused));
    world.acts().reopen(request_id(1), &[], &ann()).await.unwrap();
    assert!(world.tasks(request_id(1)).iter().all(|task| task.state == TaskState::Planned));
    world.extend(request_id(1), 2, Ground::Complexity).await.unwrap();
    world.acts().run_again(&tasks()[0], &ann()).await.unwrap();
    // The reconciliation makes up for all of them at once.
    while world.workflow.take().is_some() {}
    world.clock.advance(6 * 3600);
    assert_eq!(world.reconcile().await.unwrap().failures, []);
    assert!(world.workflow.take().is_some());
}

#[tokio::test]
async fn a_request_at_every_data_source_is_fulfilled_by_the_reconciliation_alone() {
    let world = forty(Policy::Auto).await;
    Driver::new(&world).reconcile_until_done(request_id(1), 5).await.unwrap();
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
}

#[tokio::test]
async fn a_demand_for_one_data_source_is_taken_while_more_than_forty_are_enabled() {
    let world = forty(Policy::Auto).await;
    world.connect("s40");
    let one = Demand { sources: vec![source("s40")], ..erasure() };
    world.demand(2, &one).await.unwrap();
    let refused = world.demand(3, &erasure()).await.unwrap_err().to_string();
    assert!(
        refused.starts_with("41 data sources would be asked, and one request goes to 40 at most"),
        "{refused}"
    );
}
