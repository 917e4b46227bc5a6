//! One decision with one effect, despite simultaneous decisions and crashes.

use crate::person::review::stage::{awaiting, of_one, reviews, statement};
use crate::stage::{bob, crm, drive, overlapping, reconciled, shop};
use rightful_contract::driver::posts;
use rightful_contract::world::{ann, request_id, source};
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Outcome, TaskState, Verdict};
use rightful_domain::operations::person::review::{LONGEST_REASON, ReviewError, Reviewing};

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_a_review_leaves_one_decision_with_one_effect() {
    let mut stored = 0;
    for point in 0.. {
        let (world, crm_vendor, shop_vendor) = awaiting().await;
        let reviewing = world.reviewing(request_id(1), Ruling::Proceed);
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.review(request_id(1), &reviewing, &bob())).await;
        // A reviewer without an answer tries again; the review is then stored, now or by the first try.
        match world.review(request_id(1), &reviewing, &ann()).await {
            Ok(reviewed) => assert_eq!(reviewed.sources.len(), 2),
            Err(ReviewError::Not(WhyNot::NotAwaiting { by, .. })) => {
                stored += 1;
                assert_eq!(by.as_deref(), Some(bob().as_str()));
            }
            Err(other) => panic!("{other:?}"),
        }
        let all = reviews(&world);
        assert_eq!(all.len(), 2, "both or none, once: crash at {point}");
        assert_eq!(all[0], all[1]);
        assert!(reconciled(&world, 2).await.is_done(), "crash at {point}");
        assert_eq!((posts(&crm_vendor.journal()), posts(&shop_vendor.journal())), (1, 1), "crash at {point}");
        if end.is_some() {
            assert!(point >= 8 && stored >= 4, "{point} points, {stored} after it was stored");
            return;
        }
    }
}

#[tokio::test]
async fn invariant_6_the_store_that_fails_at_a_review_leaves_one_decision() {
    use rightful_contract::table::Fault as Loss;
    for fault in [Loss::Conflict, Loss::LoseAnswer, Loss::LoseCall, Loss::LoseSight] {
        let (world, vendor, _) = awaiting().await;
        let reviewing = world.reviewing(request_id(1), Ruling::Proceed);
        world.store.table().fail_next(&[fault]);
        if world.review(request_id(1), &reviewing, &bob()).await.is_err() {
            let _ = world.review(request_id(1), &reviewing, &bob()).await;
        }
        assert_eq!(reviews(&world).len(), 2);
        assert!(reconciled(&world, 2).await.is_done());
        assert_eq!(posts(&vendor.journal()), 1);
    }
}

#[tokio::test]
async fn who_reviews_what_is_decided_is_told_by_whom_and_where_it_stands() {
    let (world, _, _) = awaiting().await;
    let reviewing = world.reviewing(request_id(1), Ruling::Proceed);
    world.review(request_id(1), &reviewing, &bob()).await.unwrap();
    let again = world.review(request_id(1), &reviewing, &ann()).await.unwrap_err();
    let by = Some(bob().as_str().to_owned());
    assert_eq!(
        again,
        ReviewError::Not(WhyNot::NotAwaiting { source_id: source("crm"), state: TaskState::Decided, by })
    );
    let told =
        "nobody waits for a decision on crm: it is decided, decided on by arn:aws:iam::111122223333:user/bob";
    assert_eq!(again.to_string(), told);
}

#[tokio::test]
async fn of_two_reviewers_at_once_one_wins_and_the_other_is_told_who_in_whatever_order() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, _, _) = awaiting().await;
            let proceed = world.reviewing(request_id(1), Ruling::Proceed);
            let refuse = world.reviewing(request_id(1), Ruling::Refuse(RefusalGround::Archiving));
            let (ann, bob) = (ann(), bob());
            let one = world.review(request_id(1), &proceed, &ann);
            let two = world.review(request_id(1), &refuse, &bob);
            let Some(ends) = overlapping(&world, one, two, (a, b)).await else { break };
            (last, ways) = (false, ways + 1);
            let (winner, loser, verdict) = match ends {
                (Ok(_), Err(loser)) => (ann, loser, Verdict::Proceed),
                (Err(loser), Ok(_)) => (bob, loser, Verdict::Refuse(RefusalGround::Archiving)),
                both => panic!("{both:?}"),
            };
            let ReviewError::Not(WhyNot::NotAwaiting { by, .. }) = loser else { panic!("{loser:?}") };
            assert_eq!(by.as_deref(), Some(winner.as_str()), "{a} {b}");
            let theirs = (winner.as_str().to_owned(), verdict);
            assert_eq!(reviews(&world), [theirs.clone(), theirs], "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 40, "{ways}");
}

#[tokio::test]
async fn the_data_sources_decided_on_go_on_and_hold_back_no_other() {
    let (world, crm_vendor, shop_vendor) = awaiting().await;
    world.review(request_id(1), &of_one(&world, &shop(), Ruling::Proceed), &bob()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&shop()).outcome, Some(Outcome::VerifiedErased), "at once");
    assert_eq!((posts(&shop_vendor.journal()), posts(&crm_vendor.journal())), (1, 0));
    let request = reconciled(&world, 5).await;
    assert_eq!((request.state, world.task(&crm()).state), (RequestState::Open, TaskState::AwaitingReview));
    world.review(request_id(1), &of_one(&world, &crm(), Ruling::Proceed), &ann()).await.unwrap();
    assert!(reconciled(&world, 1).await.is_done());
    let tasks = statement(&world).tasks;
    let by: Vec<&str> = tasks.iter().filter_map(|task| task.decided_by.as_deref()).collect();
    assert_eq!(by, [ann().as_str(), bob().as_str()], "each by whoever decided it");
}

#[tokio::test]
async fn a_review_that_cannot_be_taken_says_why_and_stores_nothing() {
    let (world, _, _) = awaiting().await;
    let whole = world.reviewing(request_id(1), Ruling::Proceed);
    let facts = world.facts(request_id(1));
    let sources = |names: &[&str]| Reviewing {
        sources: names
            .iter()
            .map(|name| {
                let mut seen = whole.sources[0].clone();
                seen.source = source(name);
                seen
            })
            .collect(),
        ..whole.clone()
    };
    let reason = |reason: String| Reviewing { reason, ..whole.clone() };
    let too_long = "ä".repeat(LONGEST_REASON + 1);
    for (reviewing, error) in [
        (sources(&[]), ReviewError::Sources),
        (sources(&["crm", "crm"]), ReviewError::Sources),
        (sources(&["crm", "none"]), ReviewError::UnknownSource(source("none"))),
        (reason(String::new()), ReviewError::Reason),
        (reason(" \n\t".to_owned()), ReviewError::Reason),
        (reason(too_long), ReviewError::Reason),
        (
            Reviewing { ruling: Ruling::LeaveOut, ..whole.clone() },
            ReviewError::Not(WhyNot::NotMissing(source("crm"))),
        ),
    ] {
        assert_eq!(world.review(request_id(1), &reviewing, &bob()).await, Err(error));
    }
    assert_eq!(world.review(request_id(9), &whole, &bob()).await, Err(ReviewError::NotFound));
    assert_eq!(world.facts(request_id(1)), facts);
    let longest = Reviewing { reason: "ä".repeat(LONGEST_REASON), ..whole.clone() };
    world.review(request_id(1), &longest, &bob()).await.unwrap();
    reconciled(&world, 1).await;
    assert_eq!(world.review(request_id(1), &whole, &bob()).await, Err(ReviewError::Not(WhyNot::Closed)));
}
