//! Every offered act is accepted, and every other one is refused with the reason from the book of acts,
//! whatever happened to the request before.

use crate::random::{Act, act_of_people, order, work};
use crate::stage::{access, batches_of, bob};
use proptest::prelude::*;
use rightful_contract::catalogue::FakeCatalogue;
use rightful_contract::world::{CANARY, World, email, erasure, request_id, source, task_of};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::duty::acts::{self, May, WhyNot};
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;
use rightful_domain::life::{Life, Ruling};
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::rule::with_rules;
use rightful_domain::model::task::Task;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::extend::ExtendError;
use rightful_domain::operations::person::review::ReviewError;
use rightful_domain::operations::person::see::ShowError;
use rightful_domain::view::page::At;
use rightful_domain::view::request::RequestDetail;

/// Every act, each as one of its kind.
const ALL: [May; 15] = [
    May::Identify,
    May::Records,
    May::Compare,
    May::Reasons,
    May::Identifiers,
    May::Proceed,
    May::Refuse,
    May::LeaveOut,
    May::Run,
    May::State,
    May::Cancel,
    May::Extend,
    May::Reopen,
    May::Copy,
    May::Receipt,
];

/// The operator's view of the request and of the task.
fn shown(world: &World, at: &TaskRef) -> RequestDetail {
    let tasks = world.tasks(at.request_id);
    let rules: Vec<_> = tasks
        .iter()
        .flat_map(|task| world.rules(&TaskRef { source_id: task.source.clone(), ..at.clone() }))
        .collect();
    let shown_at = At { now: world.now(), grace_seconds: world.settings.grace_seconds };
    RequestDetail::of(&world.request(at.request_id), &with_rules(tasks, &rules), shown_at, &FakeCatalogue)
}

/// Whether the act is offered: for this task, or for the request as a whole.
fn is_offered(world: &World, at: &TaskRef, act: May) -> bool {
    let detail = shown(world, at);
    match act {
        May::Cancel
        | May::Extend
        | May::Reopen
        | May::Copy
        | May::Receipt
        | May::Reasons
        | May::Identifiers => detail.may.contains(&act),
        _ => {
            let task = detail.tasks.iter().find(|task| task.source == at.source_id).unwrap();
            assert!(!task.may.contains(&act) || detail.may.contains(&act), "the request tells of it too");
            task.may.contains(&act)
        }
    }
}

/// The judgement of the book of acts.
fn judged(world: &World, at: &TaskRef, act: May) -> Result<(), WhyNot> {
    let (request, tasks, now) = (world.request(at.request_id), world.tasks(at.request_id), world.now());
    let life = |task: &Task| {
        let mut rules = world.rules(&TaskRef { source_id: task.source.clone(), ..at.clone() });
        rules.retain(|rule| rule.batch >= task.first_batch);
        Life { task: task.clone(), rules }
    };
    let lives: Vec<Life> = tasks.iter().map(life).collect();
    let own = lives.iter().find(|life| life.task.source == at.source_id).unwrap();
    match act {
        May::Identify => acts::identify(&request, &tasks, own),
        May::Records => acts::records(&request, &own.task),
        May::Compare => acts::compare(&request, &own.task),
        May::Reasons => acts::reasons(&request, &tasks),
        May::Identifiers => acts::identifiers(&request),
        May::Proceed => acts::rule(&request, &own.task, Ruling::Proceed),
        May::Refuse => acts::rule(&request, &own.task, REFUSE),
        May::LeaveOut => acts::rule(&request, &own.task, Ruling::LeaveOut),
        May::Run => acts::run(&request, &tasks, own),
        May::State => acts::state(&request, &own.task),
        May::Cancel => acts::cancel(&request, &lives),
        May::Extend => acts::extend(&request, 2, now).map(|_| ()),
        May::Reopen => acts::reopen(&request, now),
        May::Copy => acts::copy(&request, &tasks, now),
        May::Receipt => acts::receipt(&request).map(|_| ()),
    }
}

const REFUSE: Ruling = Ruling::Refuse(RefusalGround::UnfoundedOrExcessive);

/// The result of the act.
async fn done(world: &World, at: &TaskRef, act: May) -> Result<(), WhyNot> {
    let id = at.request_id;
    let acted = |came: Result<_, ActError>| match came {
        Ok(_) => Ok(()),
        Err(ActError::Not(why)) => Err(why),
        Err(other) => panic!("{act:?}: {other:?}"),
    };
    let seen = |came: Result<(), ShowError>| match came {
        Ok(()) => Ok(()),
        Err(ShowError::Not(why)) => Err(why),
        // It was allowed, and the vendor can't answer now, for instance because it throttles.
        Err(ShowError::Unanswered(..)) => Ok(()),
        Err(other) => panic!("{act:?}: {other:?}"),
    };
    let review = async |ruling: Ruling| {
        let mut reviewing = world.reviewing(id, ruling);
        reviewing.sources.retain(|seen| seen.source == at.source_id);
        if reviewing.sources.is_empty() {
            let task = world.task(at);
            reviewing.sources.push(rightful_domain::operations::person::review::Seen::all_of(&task));
        }
        match world.review(id, &reviewing, &bob()).await {
            Ok(_) => Ok(()),
            Err(ReviewError::Not(why)) => Err(why),
            Err(other) => panic!("{act:?}: {other:?}"),
        }
    };
    match act {
        May::Identify => acted(world.identify(at, &email("nobody@example.com")).await),
        // A view of nothing is not offered, and an operator who asks for it all the same gets nothing.
        May::Records => match world.records(at, 0, 10).await {
            Ok(page) if page.all == 0 => Err(WhyNot::NothingFound(at.source_id.clone())),
            read => seen(read.map(|_| ())),
        },
        May::Compare => seen(world.compare(at, 0, 10).await.map(|_| ())),
        May::Reasons => match world.reasons(id).await {
            Ok(reasons) if reasons.is_empty() => Err(WhyNot::NoReason),
            read => seen(read.map(|_| ())),
        },
        May::Identifiers => seen(world.identifiers(id).await.map(|_| ())),
        May::Proceed => review(Ruling::Proceed).await,
        May::Refuse => review(REFUSE).await,
        May::LeaveOut => review(Ruling::LeaveOut).await,
        May::Run => acted(world.acts().run_again(at, &bob()).await),
        May::State => acted(world.acts().state(at, false, "seen", &bob()).await),
        May::Cancel => acted(world.acts().cancel(id, &bob()).await),
        May::Extend => match world.extend(id, 2, Ground::Complexity).await {
            Ok(_) => Ok(()),
            Err(ExtendError::Not(why)) => Err(why),
            Err(other) => panic!("{act:?}: {other:?}"),
        },
        May::Reopen => acted(world.acts().reopen(id, &[source("crm")], &bob()).await),
        May::Copy => seen(world.link(id).await.map(|_| ())),
        May::Receipt => {
            let closing = acts::receipt(&world.request(id))?;
            assert!(world.receipts.file_of(id, closing).is_some(), "the receipt that is offered is kept");
            Ok(())
        }
    }
}

async fn tried(before: Vec<Act>, act: May, policy: Policy, right: Right, identified: bool) {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    let vendor = world.connect("crm");
    let other = world.connect("shop");
    vendor.set(|state| state.capabilities = batches_of(2));
    vendor.holds(CANARY, (0..4).map(|n| format!("record-{n}")));
    other.holds(CANARY, ["shop-0".to_owned()]);
    let demand = if right == Right::Access { access() } else { erasure() };
    world.demand(1, &demand).await.unwrap();
    let at = task_of(1, "crm");
    if identified {
        drop(world.identify(&at, &email("nobody@example.com")).await);
    }
    for act in &before {
        order(&world, &vendor, act);
        work(&world, &at, act).await;
    }
    world.gate.crash_at(None);
    world.workflow.fail_next(0);
    world.store.table().fail_no_more();
    vendor.set(|state| state.searches.clear());
    let (offered, judged) = (is_offered(&world, &at, act), judged(&world, &at, act));
    let done = done(&world, &at, act).await;
    assert_eq!(done, judged, "{act:?}: {:?} {:?}", world.request(request_id(1)), world.task(&at));
    assert_eq!(offered, done.is_ok(), "{act:?}: {done:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_is_offered_is_accepted_and_what_is_not_offered_is_refused_with_that_reason(
        before in proptest::collection::vec(act_of_people(), 0..40),
        act in proptest::sample::select(&ALL[..]),
        policy in prop_oneof![Just(Policy::Auto), Just(Policy::Over(2)), Just(Policy::Always)],
        access in any::<bool>(),
        identified in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let right = if access { Right::Access } else { Right::Erasure };
        runtime.block_on(tried(before, act, policy, right, identified));
    }
}

/// Cases in which the two answers once disagreed.
#[tokio::test]
async fn an_erasure_that_an_inserted_identifier_found_nothing_for_is_offered_to_be_reopened() {
    let world = World::new();
    let vendor = world.connect("crm");
    let other = world.connect("shop");
    vendor.set(|state| state.capabilities = batches_of(2));
    other.holds(CANARY, ["shop-0".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    world.identify(&at, &email("mistyped@example.com")).await.unwrap();
    let driver = rightful_contract::driver::Driver::new(&world);
    while world.request(request_id(1)).receipt_sha256.is_none() {
        if world.task(&at).found_nothing_by_given() {
            let reviewing = world.reviewing(request_id(1), Ruling::LeaveOut);
            world.review(request_id(1), &reviewing, &bob()).await.unwrap();
        }
        driver.reconcile_until_done(request_id(1), 1).await.unwrap();
    }
    assert!(is_offered(&world, &at, May::Reopen), "{:?}", world.request(request_id(1)));
    assert_eq!(done(&world, &at, May::Reopen).await, Ok(()));
}

#[tokio::test]
async fn with_everything_settled_and_nothing_submitted_nothing_is_left_to_cancel() {
    let world = World::new();
    world.connect("crm");
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    world.search(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!(task.state, rightful_domain::model::task::TaskState::Settled, "{task:?}");
    assert!(!is_offered(&world, &at, May::Cancel));
    assert_eq!(done(&world, &at, May::Cancel).await, Err(WhyNot::Closed));
}

#[tokio::test]
async fn what_was_cancelled_is_not_offered_to_run_again() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["record-0".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    world.acts().cancel(request_id(1), &bob()).await.unwrap();
    for act in [May::Run, May::Identify] {
        assert!(!is_offered(&world, &at, act), "{act:?}");
        assert_eq!(done(&world, &at, act).await, Err(WhyNot::Closed));
    }
}
