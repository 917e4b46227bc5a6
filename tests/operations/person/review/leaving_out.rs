//! A data source that can't be searched is left out.

use crate::person::review::stage::statement;
use crate::stage::{bob, drive, holds_none, overlapping, reconciled, world_with};
use rightful_contract::driver::posts;
use rightful_contract::vendor::FakeVendor;
use rightful_contract::world::{CANARY, World, request_id, source};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::person::review::{ReviewError, Reviewing, Seen};
use rightful_domain::vendor::fault::Fault;

/// Request 1 only at `crm`, whose search failed and will be retried; no search is running now.
async fn dead() -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = world_with(2, rightful_contract::vendor::plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
    world.search(&at).await.unwrap_err();
    while world.workflow.take().is_some() {}
    assert!(world.task(&at).cannot_be_searched(), "{:?}", world.task(&at));
    (world, vendor, at)
}

fn leaving_out(world: &World, at: &TaskRef) -> Reviewing {
    let sources = vec![Seen::all_of(&world.task(at))];
    Reviewing { sources, ruling: Ruling::LeaveOut, reason: format!("they closed; {CANARY} knows") }
}

#[tokio::test]
async fn a_data_source_that_cannot_be_searched_is_left_out_and_the_request_closes_at_once() {
    let (world, vendor, at) = dead().await;
    let reviewed = world.review(request_id(1), &leaving_out(&world, &at), &bob()).await.unwrap();
    assert_eq!((reviewed.sources, reviewed.released), (vec![(source("crm"), TaskState::Settled)], true));
    let facts = world.facts(request_id(1));
    assert!(facts.contains(&Fact::LeftOut { source: source("crm"), by: bob() }), "{facts:?}");
    // No reconciliation comes in between.
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Failed)));
    let told = &statement(&world).tasks[0];
    assert_eq!(
        (told.outcome, told.reason.as_deref()),
        (Outcome::Failed, Some(Code::LeftOutByAPerson.as_str()))
    );
    assert_eq!((told.decided_by.as_deref(), told.ground), (Some(bob().as_str()), None));
    assert_eq!((posts(&vendor.journal()), vendor.left()), (0, 2));
    holds_none(&world, &[CANARY, "they closed"]);
    assert!(world.reasons(request_id(1)).await.unwrap()[0].reason.starts_with("they closed"));
}

#[tokio::test]
async fn a_data_source_that_cannot_be_opened_says_why_and_is_left_out_too() {
    let (world, vendor, at) = world_with(2, rightful_contract::vendor::plain()).await;
    let denied = Failure::of(Code::SecretDenied);
    vendor.set(|state| state.broken = Some(denied));
    assert_eq!(world.search(&at).await.unwrap_err(), denied);
    while world.workflow.take().is_some() {}
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Planned, Some("secret_denied")));
    world.review(request_id(1), &leaving_out(&world, &at), &bob()).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Failed)));
    // A data source that is repaired meanwhile is searched normally.
    let (world, vendor, at) = world_with(2, rightful_contract::vendor::plain()).await;
    vendor.set(|state| state.broken = Some(denied));
    world.search(&at).await.unwrap_err();
    vendor.set(|state| state.broken = None);
    world.search(&at).await.unwrap();
    assert_eq!((world.task(&at).state, world.task(&at).reason), (TaskState::Decided, None));
}

#[tokio::test]
async fn what_is_only_not_searched_yet_or_lacks_nothing_is_not_left_out_and_what_is_dead_not_proceeded_with()
{
    let (world, _, at) = world_with(2, rightful_contract::vendor::plain()).await;
    let planned = ReviewError::Not(WhyNot::NotAwaiting {
        source_id: source("crm"),
        state: TaskState::Planned,
        by: None,
    });
    let early = world.review(request_id(1), &leaving_out(&world, &at), &bob()).await;
    assert_eq!(early, Err(planned.clone()), "nobody has tried yet");
    let (world, _, at) = dead().await;
    for ruling in [Ruling::Proceed, Ruling::Refuse(RefusalGround::LegalClaims)] {
        let reviewing = Reviewing { ruling, ..leaving_out(&world, &at) };
        assert_eq!(world.review(request_id(1), &reviewing, &bob()).await, Err(planned.clone()));
    }
}

#[tokio::test]
async fn a_search_under_way_or_the_word_to_leave_it_out_wins_in_whatever_order() {
    for search_first in [true, false] {
        let (mut ways, mut left_out) = (0, 0);
        for a in 0.. {
            let mut last = true;
            for b in 0.. {
                let (world, vendor, at) = dead().await;
                world.clock.advance(3600);
                let (reviewing, by) = (leaving_out(&world, &at), bob());
                let review = world.review(request_id(1), &reviewing, &by);
                let ends = match search_first {
                    true => overlapping(&world, world.search(&at), review, (a, b)).await.map(|(_, end)| end),
                    false => overlapping(&world, review, world.search(&at), (a, b)).await.map(|(end, _)| end),
                };
                let Some(end) = ends else { break };
                (last, ways) = (false, ways + 1);
                let what = format!("{search_first} {a} {b}");
                let outcome = match end {
                    Ok(_) => {
                        left_out += 1;
                        assert_eq!(
                            world.task(&at).reason.as_deref(),
                            Some(Code::LeftOutByAPerson.as_str()),
                            "{what}"
                        );
                        RequestOutcome::Failed
                    }
                    Err(error) => {
                        let decided = ReviewError::Not(WhyNot::NotAwaiting {
                            source_id: source("crm"),
                            state: TaskState::Decided,
                            by: Some("policy:auto".to_owned()),
                        });
                        assert_eq!(error, decided, "{what}");
                        RequestOutcome::Fulfilled
                    }
                };
                assert_eq!(reconciled(&world, 2).await.outcome, Some(outcome), "{what}");
                let left = if outcome == RequestOutcome::Failed { 2 } else { 0 };
                assert_eq!(
                    (vendor.left(), posts(&vendor.journal())),
                    (left, usize::from(left == 0)),
                    "{what}"
                );
            }
            if last {
                break;
            }
        }
        assert!(ways > 20 && left_out > 5 && left_out < ways, "{left_out} of {ways}");
    }
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_leaving_out_ends_in_a_closed_request_all_the_same() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor, at) = dead().await;
        let (reviewing, by) = (leaving_out(&world, &at), bob());
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.review(request_id(1), &reviewing, &by)).await;
        let left_out = world.task(&at).reason.as_deref() == Some(Code::LeftOutByAPerson.as_str());
        stored += u32::from(left_out);
        let outcome = if left_out { RequestOutcome::Failed } else { RequestOutcome::Fulfilled };
        assert_eq!(reconciled(&world, 2).await.outcome, Some(outcome), "crash at {point}");
        assert_eq!(vendor.left(), if left_out { 2 } else { 0 });
        if end.is_some() {
            assert!(stored >= 2, "{stored} of {point}");
            return;
        }
    }
}
