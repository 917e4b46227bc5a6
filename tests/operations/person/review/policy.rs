//! Who decides: a policy under its own name, or a person.

use crate::person::review::stage::{awaiting, decided_by, demanded, of_one};
use crate::stage::{DAY, access, bob, connect_club, crm, drive, reconciled, rule, shop};
use rightful_contract::driver::posts;
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::owner::{Owner, of_request, of_task};
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{TaskState, Verdict};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::record::RecordId;

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
        let step = world.search(&crm()).await.unwrap();
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
        world.search(&task_of(n, name)).await.unwrap();
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

#[tokio::test]
async fn invariant_2_nothing_is_posted_before_a_person_has_decided() {
    let (world, crm_vendor, shop_vendor) = awaiting().await;
    for at in [crm(), shop()] {
        world.submit(&at).await.unwrap();
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
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
