//! A person decides: what is decided by whom, on what exactly, and what waits for it meanwhile.

use crate::lease::erase;
use crate::{access, bob, connect_club, drive, holds_none, overlapping, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::rows;
use rightful_contract::vendor::FakeVendor;
use rightful_contract::world::{CANARY, World, ann, erasure, request_id, source, task_of};
use rightful_domain::base::code::{LEFT_OUT, REFUSED_BY_REVIEWER};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::{Statement, verify};
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::duty::owner::{Owner, of_request, of_task};
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState, Verdict};
use rightful_domain::operations::person::review::{LONGEST_REASON, ReviewError, Reviewing, Seen};
use rightful_domain::operations::person::see::ShowError;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{RecordId, SetAside};

const DAY: u64 = 24 * 3600;

/// Data sources `crm` with three records and `shop` with one, and request 1, under this policy.
async fn demanded(policy: Policy) -> (World, FakeVendor, FakeVendor) {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    let (crm, shop) = (world.connect("crm"), world.connect("shop"));
    crm.holds(CANARY, (0..3).map(|n| format!("crm-{n}")));
    shop.holds(CANARY, ["shop-0".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    (world, crm, shop)
}

/// The same, and a person decides on both, for whom the execution waits.
async fn awaiting() -> (World, FakeVendor, FakeVendor) {
    let (world, crm, shop) = demanded(Policy::Always).await;
    drive(&world).await;
    (world, crm, shop)
}

fn crm() -> TaskRef {
    task_of(1, "crm")
}

fn shop() -> TaskRef {
    task_of(1, "shop")
}

/// The ruling on one data source alone.
fn of_one(world: &World, at: &TaskRef, ruling: Ruling) -> Reviewing {
    let mut reviewing = world.reviewing(request_id(1), ruling);
    reviewing.sources.retain(|seen| seen.source == at.source_id);
    reviewing
}

fn decided_by(world: &World, at: &TaskRef) -> Option<String> {
    world.task(at).decision.map(|decision| decision.by)
}

fn reviews(world: &World) -> Vec<(String, Verdict)> {
    let of = |fact| match fact {
        Fact::Reviewed { by, verdict, .. } => Some((by.as_str().to_owned(), verdict)),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(of).collect()
}

fn statement(world: &World) -> Statement {
    verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap()
}

// ---- who decides

#[tokio::test]
async fn a_policy_decides_under_its_own_name_and_a_person_under_theirs() {
    for (policy, theirs) in [
        (Policy::Auto, Some("policy:auto")),
        (Policy::Over(3), Some("policy:over:3")),
        (Policy::Over(2), None),
        (Policy::Over(0), None),
        (Policy::Always, None),
    ] {
        let (world, _, _) = demanded(policy).await;
        let step = world.find(&crm()).await.unwrap();
        let by = decided_by(&world, &crm());
        assert_eq!(by.as_deref(), theirs, "{policy}");
        if theirs.is_some() {
            assert_eq!(step.next, Next::Fulfil);
            continue;
        }
        assert_eq!((step.next, step.state), (Next::Review, TaskState::AwaitingReview), "{policy}");
        let facts = world.facts(request_id(1));
        let digest = world.task(&crm()).found_digest;
        assert!(digest.is_some());
        let told = Fact::ReviewNeeded { source: source("crm"), policy, records: 3, digest: digest.clone() };
        assert_eq!(facts.last(), Some(&told));
        let reviewed = world.review(request_id(1), &of_one(&world, &crm(), Ruling::Proceed), &bob()).await;
        assert_eq!(reviewed.unwrap().sources, [(source("crm"), TaskState::Decided)]);
        assert_eq!(decided_by(&world, &crm()).as_deref(), Some(bob().as_str()), "{policy}");
        let told = Fact::Reviewed {
            source: source("crm"),
            by: bob(),
            verdict: Verdict::Proceed,
            records: 3,
            digest,
        };
        assert_eq!(world.facts(request_id(1)).last(), Some(&told));
    }
}

#[tokio::test]
async fn each_right_and_each_data_source_has_its_own_policy() {
    let mut world = World::new();
    world.policies = Policies { erasure: Policy::Always, access: Policy::Auto };
    for name in ["crm", "shop"] {
        world.connect(name).holds(CANARY, [format!("{name}-0")]);
    }
    let own = OwnPolicies { erasure: Some(Policy::Over(1)), access: Some(Policy::Always) };
    world.tamper_source("shop", |source| source.review = own);
    world.demand(1, &erasure()).await.unwrap();
    world.demand(2, &access()).await.unwrap();
    for (n, name, state) in [
        (1, "crm", TaskState::AwaitingReview),
        (1, "shop", TaskState::Decided),
        (2, "crm", TaskState::Decided),
        (2, "shop", TaskState::AwaitingReview),
    ] {
        world.find(&task_of(n, name)).await.unwrap();
        assert_eq!(world.task(&task_of(n, name)).state, state, "{n} {name}");
    }
}

#[tokio::test]
async fn a_policy_that_is_changed_later_does_not_decide_on_what_came_before() {
    let (mut world, _, _) = demanded(Policy::Always).await;
    world.policies = Policies { erasure: Policy::Auto, access: Policy::Auto };
    world.tamper_source("crm", |source| source.review.erasure = Some(Policy::Auto));
    drive(&world).await;
    assert_eq!(world.task(&crm()).state, TaskState::AwaitingReview);
}

// ---- invariant 2

#[tokio::test]
async fn invariant_2_nothing_is_posted_before_a_person_has_decided() {
    let (world, crm_vendor, shop_vendor) = awaiting().await;
    for at in [crm(), shop()] {
        world.submit(&at).await.unwrap();
        world.check(&at).await.unwrap();
        world.verify(&at).await.unwrap();
    }
    assert_eq!(reconciled(&world, 40).await.state, RequestState::Open);
    assert_eq!((posts(&crm_vendor.journal()), posts(&shop_vendor.journal())), (0, 0));
    rule(&world, Ruling::Proceed).await;
    assert!(reconciled(&world, 3).await.is_done());
    let ids: Vec<RecordId> = (0..3).map(|n| RecordId::new(format!("crm-{n}"))).collect();
    assert_eq!(crm_vendor.posts(), [ids], "exactly what was decided on");
    assert_eq!((posts(&shop_vendor.journal()), crm_vendor.left(), shop_vendor.left()), (1, 0, 0));
}

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
    other.find(&crm()).await.unwrap();
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
    world.again().run(&crm(), &ann()).await.unwrap();
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
    world.again().run(&crm(), &ann()).await.unwrap();
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
        world.find(&task_of(n, "crm")).await.unwrap();
        let reviewing = world.reviewing(request_id(n), Ruling::Proceed);
        world.review(request_id(n), &reviewing, &ann()).await.unwrap();
    }
    let old = world.task(&task_of(2, "crm")).found_digest;
    while world.workflow.take().is_some() {}
    erase(&world, &crm()).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::VerifiedErased));
    world.clock.advance(10);
    // The person has come back meanwhile, with another record.
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

// ---- the wait

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
        // One that is refused is closed by the execution of the whole request, which waits for both.
        assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
    }
}

#[tokio::test]
async fn whoever_waited_before_is_let_go_and_the_same_token_again_changes_nothing() {
    let (world, _, _) = demanded(Policy::Always).await;
    world.find(&crm()).await.unwrap();
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
    world.find(&crm()).await.unwrap();
    world.find(&shop()).await.unwrap();
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
            world.find(&at).await.unwrap();
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

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_a_review_leaves_one_decision_with_one_effect() {
    let mut stored = 0;
    for point in 0.. {
        let (world, crm_vendor, shop_vendor) = awaiting().await;
        let reviewing = world.reviewing(request_id(1), Ruling::Proceed);
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.review(request_id(1), &reviewing, &bob())).await;
        // Whoever had no answer tries again; then it is either stored now, or was before.
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

// ---- reviewers

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
async fn a_person_holds_what_waits_for_them_and_nothing_else() {
    let (world, _, _) = awaiting().await;
    connect_club(&world);
    let grace = world.settings.grace_seconds;
    world.review(request_id(1), &of_one(&world, &shop(), Ruling::Proceed), &bob()).await.unwrap();
    let request = world.request(request_id(1));
    let owner = |at: &TaskRef| of_task(&request, &world.task(at), world.now(), grace).unwrap();
    assert_eq!((owner(&crm()).owner, owner(&crm()).by), (Owner::Person, request.due_at));
    assert_ne!(owner(&shop()).owner, Owner::Person);
    let held = of_request(&request, &world.tasks(request_id(1)), world.now(), grace).unwrap();
    assert_eq!(held.owner, Owner::Person);
    world.clock.advance(DAY);
    let run = world.reconcile().await.unwrap();
    assert_eq!(
        (run.gauges.unwrap().awaiting_review, run.gauges.unwrap().missing_identifier, run.with_person),
        (1, 0, 1)
    );
    for _ in 0..5 {
        world.clock.advance(grace + 1);
        assert_eq!(
            world.reconcile().await.unwrap().gauges.unwrap().awaiting_review,
            1,
            "every run counts it"
        );
    }
    rule(&world, Ruling::Proceed).await;
    world.clock.advance(grace + 1);
    assert_eq!(world.reconcile().await.unwrap().gauges.unwrap().awaiting_review, 0);
}

// ---- what is refused

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

#[tokio::test]
async fn art_17_3_stands_against_erasure_alone() {
    let mut world = World::new();
    world.policies = Policies { erasure: Policy::Always, access: Policy::Always };
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &access()).await.unwrap();
    world.find(&crm()).await.unwrap();
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
            assert_eq!(task.reason.as_deref(), Some(REFUSED_BY_REVIEWER));
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

// ---- what needs a word of its own

/// The same ruling without any confirmation.
fn unconfirmed(reviewing: &Reviewing) -> Reviewing {
    let mut bare = reviewing.clone();
    for seen in &mut bare.sources {
        (seen.marked, seen.set_aside) = (None, None);
    }
    bare
}

fn aside(id: Option<&str>, doubtful: bool) -> SetAside {
    SetAside { id: id.map(RecordId::new), doubtful }
}

#[tokio::test]
async fn a_record_that_shows_another_persons_identifier_is_confirmed_by_its_number_or_not_acted_on() {
    let (world, vendor, _) = demanded(Policy::Auto).await;
    vendor.set(|state| {
        state.marked = ["crm-1", "crm-2"].map(RecordId::new).into();
    });
    world.find(&crm()).await.unwrap();
    assert_eq!(world.task(&crm()).state, TaskState::AwaitingReview, "whatever the policy");
    let whole = of_one(&world, &crm(), Ruling::Proceed);
    let facts = world.facts(request_id(1));
    for given in [None, Some(0), Some(1), Some(3)] {
        let mut reviewing = whole.clone();
        reviewing.sources[0].marked = given;
        let refused = world.review(request_id(1), &reviewing, &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::Marked(source("crm"), 2), "{given:?}");
        assert!(refused.to_string().contains("confirm the number 2"), "{refused}");
    }
    assert_eq!(world.facts(request_id(1)), facts);
    world.review(request_id(1), &whole, &bob()).await.unwrap();
    reconciled(&world, 2).await;
    assert_eq!((vendor.posts()[0].len(), vendor.left()), (3, 0));

    // To refuse, nothing has to be confirmed.
    let (world, vendor, _) = demanded(Policy::Auto).await;
    vendor.set(|state| state.marked = [RecordId::new("crm-1")].into());
    world.find(&crm()).await.unwrap();
    let refuse = unconfirmed(&of_one(&world, &crm(), Ruling::Refuse(RefusalGround::LegalClaims)));
    world.review(request_id(1), &refuse, &bob()).await.unwrap();
}

#[tokio::test]
async fn what_was_confirmed_is_what_is_there_now() {
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.marked = [RecordId::new("crm-1")].into());
    world.find(&crm()).await.unwrap();
    let seen = of_one(&world, &crm(), Ruling::Proceed);
    // Searched again, the same records show nobody else.
    vendor.set(|state| state.marked.clear());
    world.again().run(&crm(), &ann()).await.unwrap();
    world.find(&crm()).await.unwrap();
    let refused = world.review(request_id(1), &seen, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("crm"))));
}

#[tokio::test]
async fn a_zero_is_confirmed_for_the_search_that_was_shown_and_no_other() {
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.people.clear());
    world.find(&crm()).await.unwrap();
    let seen = of_one(&world, &crm(), Ruling::Proceed);
    world.clock.advance(60);
    world.again().run(&crm(), &ann()).await.unwrap();
    world.find(&crm()).await.unwrap();
    assert!(world.task(&crm()).wants_confirmation());
    assert_eq!(world.review(request_id(1), &seen, &bob()).await, Err(ReviewError::Changed(source("crm"))));
    let now = of_one(&world, &crm(), Ruling::Proceed);
    world.review(request_id(1), &now, &bob()).await.unwrap();
}

#[tokio::test]
async fn what_no_digest_binds_is_proceeded_with_only_by_who_says_which_search_they_saw() {
    for (records, doubtful) in [(0, 0), (0, 1), (3, 1), (3, 0)] {
        let (world, vendor, _) = demanded(Policy::Always).await;
        vendor.set(|state| {
            if records == 0 {
                state.people.clear();
            }
            state.set_aside = (0..doubtful).map(|_| aside(Some("both"), true)).collect();
        });
        world.find(&crm()).await.unwrap();
        assert_eq!(world.task(&crm()).counts.found, records);
        let whole = of_one(&world, &crm(), Ruling::Proceed);
        let mut unsaid = whole.clone();
        unsaid.sources[0].searched_at = None;
        let facts = world.facts(request_id(1));
        let what = format!("{records} found, {doubtful} doubtful");
        if (records, doubtful) == (3, 0) {
            // The digest is of all that is decided on.
            world.review(request_id(1), &unsaid, &bob()).await.unwrap();
            continue;
        }
        let refused = world.review(request_id(1), &unsaid, &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::SearchedAt(source("crm")), "{what}");
        assert!(refused.to_string().contains("give its `searched_at`"), "{refused}");
        // Whoever saw other records is told so first.
        let mut other = unsaid.clone();
        other.sources[0].records = Some(Tag::new("subjects-1", &[7; 32]));
        let refused = world.review(request_id(1), &other, &bob()).await;
        assert_eq!(refused, Err(ReviewError::Changed(source("crm"))), "{what}");
        assert_eq!(world.facts(request_id(1)), facts, "{what}: nothing is stored");
        world.review(request_id(1), &whole, &bob()).await.unwrap();
        assert_eq!(reviews(&world).len(), 1, "{what}");
    }
    // A refusal says nothing of what was found.
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.people.clear());
    world.find(&crm()).await.unwrap();
    let mut refuse = of_one(&world, &crm(), Ruling::Refuse(RefusalGround::LegalClaims));
    refuse.sources[0].searched_at = None;
    world.review(request_id(1), &refuse, &bob()).await.unwrap();
}

#[tokio::test]
async fn a_record_that_was_set_aside_and_may_be_the_persons_is_confirmed_to_be_none_of_theirs() {
    for (records, ruling) in [(3, Ruling::Proceed), (0, Ruling::Proceed)] {
        let (world, vendor, _) = demanded(Policy::Auto).await;
        vendor.set(|state| {
            if records == 0 {
                state.people.clear();
            }
            state.set_aside = vec![aside(Some("both"), true), aside(None, false)];
        });
        world.find(&crm()).await.unwrap();
        let task = world.task(&crm());
        assert_eq!((task.state, task.counts.found), (TaskState::AwaitingReview, records));
        let seen = Seen::all_of(&task);
        let whole = Reviewing { sources: vec![seen], ruling, reason: "seen".to_owned() };
        let refused = world.review(request_id(1), &unconfirmed(&whole), &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::Doubtful(source("crm"), 1), "{ruling:?}");
        assert!(refused.to_string().contains("confirm the number 1"), "{refused}");
        world.review(request_id(1), &whole, &bob()).await.unwrap();
        let (outcome, state) = (world.task(&crm()).outcome, world.task(&crm()).state);
        match records {
            0 => assert_eq!(outcome, Some(Outcome::NothingFound)),
            _ => assert_eq!(state, TaskState::Decided),
        }
    }
}

#[tokio::test]
async fn where_a_person_decides_nothing_found_waits_for_their_word_or_another_identifier() {
    let (world, _, shop_vendor) = demanded(Policy::Always).await;
    shop_vendor.set(|state| state.people.clear());
    drive(&world).await;
    let task = world.task(&shop());
    assert!(task.wants_confirmation() && task.found_digest.is_none(), "{task:?}");
    let request = reconciled(&world, 5).await;
    assert_eq!((request.state, request.outcome), (RequestState::Open, None), "a zero closes nothing");
    // A digest that nobody was shown is no word about nothing.
    let mut wrong = of_one(&world, &shop(), Ruling::Proceed);
    wrong.sources[0].records = Some(Tag::new("subjects-1", &[7; 32]));
    let refused = world.review(request_id(1), &wrong, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("shop"))));
    // Nor is leaving it out one: it was searched.
    let leave_out = Reviewing { ruling: Ruling::LeaveOut, ..of_one(&world, &shop(), Ruling::Proceed) };
    let left_out = world.review(request_id(1), &leave_out, &bob()).await;
    assert_eq!(left_out, Err(ReviewError::Not(WhyNot::NotMissing(source("shop")))));
    let confirmed = world.review(request_id(1), &of_one(&world, &shop(), Ruling::Proceed), &bob()).await;
    assert_eq!(confirmed.unwrap().sources, [(source("shop"), TaskState::Settled)]);
    let task = world.task(&shop());
    assert_eq!((task.outcome, task.reason), (Some(Outcome::NothingFound), None));
    assert_eq!(reviews(&world), [(bob().as_str().to_owned(), Verdict::Proceed)]);

    // Or another identifier is given, which is searched by.
    let (world, crm_vendor, _) = demanded(Policy::Always).await;
    crm_vendor.set(|state| state.people.clear());
    crm_vendor.holds("ana@example.com", ["late-0".to_owned()]);
    drive(&world).await;
    world.identify(&crm(), &rightful_contract::world::email("ana@example.com")).await.unwrap();
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.state, task.counts.found), (TaskState::AwaitingReview, 1));
    assert!(!task.wants_confirmation());
}

// ---- a data source that can't be searched

/// Request 1 at `crm` alone, whose search failed and is tried again; nobody is searching now.
async fn dead() -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = crate::world_with(2, rightful_contract::vendor::plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable("vendor_unreachable"))));
    world.find(&at).await.unwrap_err();
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
    assert_eq!((told.outcome, told.reason.as_deref()), (Outcome::Failed, Some(LEFT_OUT)));
    assert_eq!((told.decided_by.as_deref(), told.ground), (Some(bob().as_str()), None));
    assert_eq!((posts(&vendor.journal()), vendor.left()), (0, 2));
    holds_none(&world, &[CANARY, "they closed"]);
    assert!(world.reasons(request_id(1)).await.unwrap()[0].reason.starts_with("they closed"));
}

#[tokio::test]
async fn a_data_source_that_cannot_be_opened_says_why_and_is_left_out_too() {
    let (world, vendor, at) = crate::world_with(2, rightful_contract::vendor::plain()).await;
    let denied = Failure::misconfigured("secret_denied");
    vendor.set(|state| state.broken = Some(denied));
    assert_eq!(world.find(&at).await.unwrap_err(), denied);
    while world.workflow.take().is_some() {}
    let task = world.task(&at);
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Planned, Some("secret_denied")));
    world.review(request_id(1), &leaving_out(&world, &at), &bob()).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Failed)));
    // What is mended meanwhile is searched as if nothing had been.
    let (world, vendor, at) = crate::world_with(2, rightful_contract::vendor::plain()).await;
    vendor.set(|state| state.broken = Some(denied));
    world.find(&at).await.unwrap_err();
    vendor.set(|state| state.broken = None);
    world.find(&at).await.unwrap();
    assert_eq!((world.task(&at).state, world.task(&at).reason), (TaskState::Decided, None));
}

#[tokio::test]
async fn what_is_only_not_searched_yet_or_lacks_nothing_is_not_left_out_and_what_is_dead_not_proceeded_with()
{
    let (world, _, at) = crate::world_with(2, rightful_contract::vendor::plain()).await;
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
                    true => overlapping(&world, world.find(&at), review, (a, b)).await.map(|(_, end)| end),
                    false => overlapping(&world, review, world.find(&at), (a, b)).await.map(|(end, _)| end),
                };
                let Some(end) = ends else { break };
                (last, ways) = (false, ways + 1);
                let what = format!("{search_first} {a} {b}");
                let outcome = match end {
                    Ok(_) => {
                        left_out += 1;
                        assert_eq!(world.task(&at).reason.as_deref(), Some(LEFT_OUT), "{what}");
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
        let left_out = world.task(&at).reason.as_deref() == Some(LEFT_OUT);
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
