//! A data source runs again.

use crate::person::act::stage::{acts, erased_and_open, failed, handed_over, statement};
use crate::stage::{bob, crm, decided, drive, reconciled, rule, submitted, verifying, world_with};
use rightful_contract::vendor::{Reply, plain};
use rightful_contract::world::{CANARY, World, request_id, source, task_of};
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;

#[tokio::test]
async fn a_data_source_runs_again_from_whatever_is_not_under_way() {
    let made: [(TaskState, World); 3] = [
        (TaskState::Planned, world_with(3, plain()).await.0),
        (TaskState::Decided, decided(3).await.0),
        (TaskState::AwaitingReview, {
            let (world, _, at) = world_with(3, plain()).await;
            world.tamper(&at, |task| task.policy = Policy::Always);
            world.search(&at).await.unwrap();
            world
        }),
    ];
    for (state, world) in made {
        assert_eq!(world.task(&crm()).state, state);
        let acted = world.acts().run_again(&crm(), &bob()).await.unwrap();
        assert_eq!(acted, Acted { state: RequestState::Open, attempt: Some(2), started: true });
        let task = world.task(&crm());
        assert_eq!((task.state, task.run, task.counts.found), (TaskState::Planned, 1, 0), "{state:?}");
        assert_eq!((task.decision, task.review, task.token), (None, None, None));
        assert_eq!(acts(&world), [("run", bob().as_str().to_owned())]);
    }
}

#[tokio::test]
async fn what_is_under_way_or_unknown_or_closed_does_not_run_again() {
    let (not_sent, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(60)))));
    });
    not_sent.submit(&at).await.unwrap();
    for (state, world) in [
        (TaskState::Submitting, not_sent),
        (TaskState::Submitted, submitted(3).await.0),
        (TaskState::Verifying, verifying(3).await.0),
        (TaskState::Unknown, handed_over().await.0),
    ] {
        let before = (world.task(&crm()), world.facts(request_id(1)));
        let refused = world.acts().run_again(&crm(), &bob()).await.unwrap_err();
        assert_eq!(refused, ActError::Not(WhyNot::UnderWay(source("crm"), state)));
        assert_eq!((world.task(&crm()), world.facts(request_id(1))), before, "{state:?}");
    }
    let (world, _) = failed().await;
    let again = world.acts();
    assert_eq!(again.run_again(&crm(), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
    assert_eq!(again.run_again(&task_of(9, "crm"), &bob()).await, Err(ActError::NotFound));
    let (world, _, _) = decided(3).await;
    let unknown = world.acts().run_again(&task_of(1, "none"), &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
}

#[tokio::test]
async fn a_second_run_has_batches_and_counts_of_its_own_and_the_receipt_lists_those_of_both() {
    let (world, vendor) = erased_and_open().await;
    let first = world.rules(&crm());
    vendor.holds(CANARY, ["late-0".to_owned()]);
    world.acts().run_again(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.run, task.first_batch, task.outcome), (2, 2, Some(Outcome::VerifiedErased)));
    assert_eq!((task.counts.found, task.counts.submitted, task.counts.confirmed), (1, 1, 1));
    let rules = world.rules(&crm());
    assert_eq!(
        (&rules[..2], rules[2].batch, rules[2].records),
        (&first[..], 2, 1),
        "those of the first run stay"
    );
    let fences: Vec<u64> = rules.iter().map(|rule| rule.fence).collect();
    assert_eq!(fences, [1, 2, 3], "no intent has another one's fence");
    rule(&world, Ruling::LeaveOut).await;
    reconciled(&world, 1).await;
    let statement = statement(&world, 0);
    let told = &statement.tasks[1];
    let batches: Vec<(u32, u32)> = told.batches.iter().map(|one| (one.batch, one.records)).collect();
    assert_eq!((told.run, batches), (2, vec![(0, 2), (1, 1), (2, 1)]));
    assert_eq!(vendor.posts().concat().len(), 4, "no record was named twice");
}

#[tokio::test]
async fn a_second_run_of_an_erased_person_finds_nothing_and_what_was_submitted_is_still_told() {
    let (world, _) = erased_and_open().await;
    world.acts().run_again(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    let cancelled = world.acts().cancel(request_id(1), &bob()).await;
    assert_eq!(cancelled, Err(ActError::Not(WhyNot::Submitted(source("crm")))), "the first run did submit");
    rule(&world, Ruling::LeaveOut).await;
    reconciled(&world, 1).await;
    assert_eq!(statement(&world, 0).tasks[1].batches.len(), 2);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_running_again_leaves_one_run_more_or_none() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor) = erased_and_open().await;
        vendor.holds(CANARY, ["late-0".to_owned()]);
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.acts().run_again(&crm(), &by).await }).await;
        let run = world.task(&crm()).run;
        stored += run - 1;
        reconciled(&world, 1).await;
        let task = world.task(&crm());
        assert_eq!((task.outcome, task.run), (Some(Outcome::VerifiedErased), run), "crash at {point}");
        assert_eq!(
            vendor.left(),
            usize::from(run == 1),
            "crash at {point}: it runs without its execution too"
        );
        if end.is_some() {
            assert!(point >= 7 && stored >= 3, "{stored} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn a_run_whose_execution_cannot_be_started_says_so_and_is_begun_by_the_reconciliation() {
    let (world, vendor) = erased_and_open().await;
    vendor.holds(CANARY, ["late-0".to_owned()]);
    world.workflow.fail_next(1);
    let acted = world.acts().run_again(&crm(), &bob()).await.unwrap();
    assert!(!acted.started && world.workflow.take().is_none());
    reconciled(&world, 1).await;
    assert_eq!((world.task(&crm()).run, vendor.left()), (2, 0));
}
