//! All open work has an owner and a time.

use crate::stage::{decided, submitted, verifying, world_with};
use proptest::prelude::*;
use rightful_contract::driver::Driver;
use rightful_contract::vendor::{Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use rightful_domain::duty::owner::{
    self, GRACE_SECONDS, LONGEST_UNATTENDED_SECONDS, LONGEST_WAIT, Owner, SCHEDULE_SECONDS,
    longest_unattended,
};
use rightful_domain::law::ground::Ground;
use rightful_domain::model::request::{End, EndStatus, Request, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::{RuleReport, RuleStatus, Submitted};

const STATES: [TaskState; 7] = [
    TaskState::Planned,
    TaskState::Decided,
    TaskState::Submitting,
    TaskState::Submitted,
    TaskState::Verifying,
    TaskState::Unknown,
    TaskState::Settled,
];

/// All open work of a request has an owner and a time, and is in the due index.
fn is_somebodys(world: &World, what: &str) {
    let (request, tasks, now) = (world.request(request_id(1)), world.tasks(request_id(1)), world.now());
    let grace = world.settings.grace_seconds;
    let held = owner::of_request(&request, &tasks, now, grace);
    assert_eq!(held.is_none(), request.is_done(), "{what}: {request:?}");
    assert_eq!(request.next_due.is_none(), request.is_done(), "{what}: {request:?}");
    for task in &tasks {
        let held = owner::of_task(&request, task, now, grace);
        let open = request.state == RequestState::Open && task.state != TaskState::Settled;
        assert_eq!(held.is_some(), open, "{what}: {task:?}");
        assert!(!open || task.next_due.is_some(), "{what}: {task:?}");
    }
}

#[tokio::test]
async fn each_state_has_the_owner_that_can_move_it() {
    for state in STATES {
        for (handed_over, ended, past) in [false, true]
            .into_iter()
            .flat_map(|a| [false, true].map(|b| (a, b)))
            .flat_map(|(a, b)| [false, true].map(|c| (a, b, c)))
        {
            let (world, _, at) = world_with(1, plain()).await;
            let (mut request, mut task) = (world.request(request_id(1)), world.task(&at));
            let now = world.now();
            task.state = state;
            task.handed_over_at = handed_over.then_some(now);
            task.next_due = Some(if past { now } else { now.plus_seconds(5000) });
            if ended {
                request.ended.push(End { source: None, status: EndStatus::Failed, at: now });
            }
            let held = owner::of_task(&request, &task, now, 300);
            let expected = match state {
                TaskState::Settled => None,
                TaskState::Unknown if handed_over => Some(Owner::Person),
                _ if past => Some(Owner::Reconcile),
                TaskState::Submitted => Some(Owner::Vendor),
                _ if ended => Some(Owner::Reconcile),
                _ => Some(Owner::Workflow),
            };
            let what = format!("{state:?} handed over {handed_over}, ended {ended}, past {past}");
            assert_eq!(held.map(|held| held.owner), expected, "{what}");
            let by = match expected {
                Some(Owner::Person) => request.due_at,
                _ if past => now,
                _ if ended => now.plus_seconds(4700),
                _ => now.plus_seconds(5000),
            };
            assert!(held.is_none_or(|held| held.by == by), "{what}: {held:?}");
            assert!(owner::of_request(&request, &[task], now, 300).is_some(), "{what}");
        }
    }
}

#[tokio::test]
async fn a_request_is_a_persons_before_a_machines_and_a_closed_one_somebodys_until_it_is_done() {
    let (world, _, at) = world_with(1, plain()).await;
    let (request, task) = (world.request(request_id(1)), world.task(&at));
    let mine = Task { state: TaskState::Unknown, handed_over_at: Some(world.now()), ..task.clone() };
    let held = owner::of_request(&request, &[task, mine], world.now(), 300).unwrap();
    assert_eq!((held.owner, held.by), (Owner::Person, request.due_at));

    let (world, _, at) = verifying(1).await;
    world.look(&at).await.unwrap();
    let owner_of = |world: &World| {
        let tasks = world.tasks(request_id(1));
        owner::of_request(&world.request(request_id(1)), &tasks, world.now(), 300).map(|held| held.owner)
    };
    assert_eq!(owner_of(&world), Some(Owner::Workflow), "settled, to be closed");
    for point in 0.. {
        world.gate.crash_at(Some(point));
        world.gate.until_crash(world.close(request_id(1))).await;
        if !open(&world.request(request_id(1))) {
            break;
        }
    }
    assert_eq!(world.request(request_id(1)).receipt_sha256, None);
    assert_eq!(owner_of(&world), Some(Owner::Workflow), "closed, to be signed");
    world.clock.advance(300);
    assert_eq!(owner_of(&world), Some(Owner::Reconcile), "nobody has signed it");
    world.close(request_id(1)).await.unwrap();
    assert_eq!(owner_of(&world), None);

    let (world, vendor, at) = world_with(1, plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::TooManyRecords)));
    world.search(&at).await.unwrap();
    world.close(request_id(1)).await.unwrap();
    assert_eq!(owner_of(&world), Some(Owner::Reconcile), "the person is to be forgotten later");
}

#[tokio::test]
async fn whatever_step_a_workflow_is_killed_after_everything_is_somebodys() {
    for steps in 0.. {
        let world = World::new();
        for name in ["crm", "shop"] {
            world.connect(name).holds(CANARY, [format!("{name}-1")]);
        }
        world.demand(1, &erasure()).await.unwrap();
        let execution = world.workflow.take().unwrap();
        Driver::killed_after(&world, steps).run(&execution).await;
        is_somebodys(&world, &format!("killed after {steps} steps"));
        if world.request(request_id(1)).is_done() {
            assert!(steps > 8);
            return;
        }
    }
}

/// The longest time, in seconds, without a change of the request or a vendor call: every execution is lost,
/// and only the schedule runs for ten days.
async fn longest_pause(world: &World) -> u64 {
    let (mut longest, mut last) = (0, world.now());
    let end = last.plus_seconds(10 * 24 * 3600);
    while world.now() < end && !world.request(request_id(1)).is_done() {
        world.clock.advance(SCHEDULE_SECONDS);
        let run = world.reconcile().await.unwrap();
        while world.workflow.take().is_some() {}
        if run.started + run.checked > 0 {
            longest = longest.max(last.seconds_until(world.now()));
            last = world.now();
        }
    }
    longest.max(last.seconds_until(world.now()))
}

#[tokio::test]
async fn nothing_stands_longer_than_the_stated_time_without_its_owner_acting() {
    assert_eq!(LONGEST_UNATTENDED_SECONDS, longest_unattended(SCHEDULE_SECONDS, GRACE_SECONDS));
    assert_eq!(LONGEST_UNATTENDED_SECONDS, LONGEST_WAIT + SCHEDULE_SECONDS);
    assert_eq!(longest_unattended(300, 86_400), 86_700, "a grace that is longer counts");
    let mut longest = 0;
    for (name, (world, vendor, at)) in [
        ("planned", world_with(3, plain()).await),
        ("decided", decided(3).await),
        ("submitted", submitted(3).await),
        ("verifying", verifying(3).await),
        ("unknown", verifying(3).await),
    ] {
        while world.workflow.take().is_some() {}
        vendor.set(|state| state.polls = u32::MAX);
        if name == "unknown" {
            world.tamper(&at, |task| task.state = TaskState::Unknown);
        }
        let pause = longest_pause(&world).await;
        let most = longest_unattended(SCHEDULE_SECONDS, world.settings.grace_seconds);
        // Here the vendor's own longest wait is an hour, plus the grace.
        assert!(pause <= most, "{name}: {pause} s");
        longest = longest.max(pause);
    }
    assert!(longest > LONGEST_WAIT - SCHEDULE_SECONDS, "the stated time is not made up: {longest} s");
}

/// Anything that may happen to a request, in any order.
#[derive(Clone, Debug)]
enum Act {
    Handler(u8),
    Reconcile,
    Drive(u32),
    End(bool, u8),
    Extend(u8),
    Advance(u64),
    Fault(u8),
    CrashIn(u32),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (0u8..5).prop_map(Act::Handler),
        3 => Just(Act::Reconcile),
        3 => (0u32..12).prop_map(Act::Drive),
        2 => (any::<bool>(), 0u8..3).prop_map(|(whole, status)| Act::End(whole, status)),
        1 => (1u8..3).prop_map(Act::Extend),
        3 => (1u64..400_000).prop_map(Act::Advance),
        3 => (0u8..9).prop_map(Act::Fault),
        2 => (0u32..25).prop_map(Act::CrashIn),
    ]
}

fn order(world: &World, act: &Act) {
    let vendor = world.vendors.vendor(&source("crm"));
    match act {
        Act::Advance(seconds) => world.clock.advance(*seconds),
        Act::CrashIn(points) => world.gate.crash_at(Some(*points)),
        Act::Fault(n) => vendor.set(|state| match n {
            0 => state.submissions.push_back(Reply::Lost),
            1 => state.submissions.push_back(Reply::Says(Submitted::Rejected(Fault::Unauthorized))),
            2 => state.submissions.push_back(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(900))))),
            3 => state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))),
            4 => state.searches.push_back(Err(Fault::Unauthorized)),
            5 => state.statuses.push_back(Err(Fault::RuleNotFound)),
            6 => {
                let claim = rightful_domain::vendor::report::Claim::NotStated;
                state.statuses.push_back(Ok(RuleReport {
                    status: RuleStatus::Unknown,
                    confirmed: 0,
                    strangers: 0,
                    claim,
                }));
            }
            7 => state.broken = Some(Failure::of(Code::SecretMissing)),
            _ => state.broken = None,
        }),
        _ => {}
    }
}

async fn work(world: &World, at: &TaskRef, act: &Act) {
    let id = at.request_id;
    match act {
        Act::Handler(0) => drop(world.search(at).await),
        Act::Handler(1) => drop(world.submit(at).await),
        Act::Handler(2) => drop(world.check_status(at).await),
        Act::Handler(3) => drop(world.look(at).await),
        Act::Handler(_) => drop(world.close(id).await),
        Act::Reconcile => drop(world.reconcile().await),
        Act::Drive(steps) => {
            if let Some(execution) = world.workflow.take() {
                Driver::killed_after(world, *steps).run(&execution).await;
            }
        }
        Act::End(whole, status) => {
            let status = [EndStatus::Failed, EndStatus::TimedOut, EndStatus::Aborted][usize::from(*status)];
            let of = (!whole).then_some("crm");
            let _ = world.ended(id, world.request(id).attempt, of, status).await;
        }
        Act::Extend(months) => drop(world.extend(id, *months, Ground::Complexity).await),
        Act::Advance(_) | Act::Fault(_) | Act::CrashIn(_) => {}
    }
}

async fn run(acts: Vec<Act>) {
    let world = World::new();
    world.connect("crm").holds(CANARY, (0..3).map(|n| format!("record-{n}")));
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    for act in &acts {
        order(&world, act);
        if !matches!(act, Act::CrashIn(_)) {
            world.gate.until_crash(work(&world, &at, act)).await;
        }
        is_somebodys(&world, &format!("{act:?}"));
    }
}

fn open(request: &Request) -> bool {
    request.state == RequestState::Open
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariant_5_in_any_order_of_events_nothing_is_nobodys_or_without_a_time(
        acts in proptest::collection::vec(act(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(acts));
    }

    #[test]
    fn any_row_that_is_not_done_has_an_owner_and_a_time(
        state in 0usize..7,
        due in proptest::option::of(0u64..4_000_000),
        task_due in proptest::option::of(0u64..4_000_000),
        handed_over in any::<bool>(),
        ends in proptest::collection::vec((any::<bool>(), 0u64..4_000_000), 0..3),
        attempt in 1u32..80,
        closed in any::<bool>(),
        signed in any::<bool>(),
        forget in proptest::option::of(0u64..4_000_000),
        forgotten in any::<bool>(),
        at in 0u64..4_000_000,
        grace in 0u64..90_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (world, _, task) = runtime.block_on(world_with(1, plain()));
        let (base, mut request, mut task) = (world.now(), world.request(request_id(1)), world.task(&task));
        let then = |seconds: u64| -> Time { base.plus_seconds(seconds) };
        task.state = STATES[state];
        task.outcome = (task.state == TaskState::Settled).then_some(Outcome::Failed);
        task.next_due = task_due.map(then);
        task.handed_over_at = handed_over.then_some(base);
        request.next_due = due.map(then);
        request.attempt = attempt;
        request.ended = ends.iter().map(|(whole, at)| End {
            source: (!whole).then(|| source("crm")), status: EndStatus::Failed, at: then(*at),
        }).collect();
        request.state = if closed { RequestState::Closed } else { RequestState::Open };
        request.receipt_sha256 = signed.then(String::new);
        request.forget_at = forget.map(then);
        request.forgotten_at = forgotten.then_some(base);
        let now = then(at);
        let held = owner::of_task(&request, &task, now, grace);
        prop_assert_eq!(held.is_some(), open(&request) && task.state != TaskState::Settled);
        if let (Some(raw), Some(taken)) = (task.next_due, owner::taken_up_at(&request, &task, grace)) {
            prop_assert!(taken <= raw && raw.seconds_until(taken) == 0);
            prop_assert!(taken >= raw.minus_seconds(grace), "a wait of the vendor's is never cut short");
        }
        let held = owner::of_request(&request, std::slice::from_ref(&task), now, grace);
        prop_assert_eq!(held.is_none(), request.is_done());
    }
}
