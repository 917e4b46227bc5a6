//! Brings idle work forward.

use crate::stage::{decided, submitted, verifying, world_with};
use rightful_contract::driver::Driver;
use rightful_contract::rows;
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{FakeVendor, Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, erasure_of, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::store::{Cursor, Cursors};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;
use std::collections::BTreeSet;

async fn closes(world: &World) {
    Driver::new(world).reconcile_until_done(request_id(1), 5).await.unwrap();
    assert!(world.request(request_id(1)).is_done());
}

/// Request `n`, submitted, about its own person, because two requests about one person take turns.
async fn submitted_for_another(world: &World, vendor: &FakeVendor, n: u16) {
    let address = format!("person-{n}@example.com");
    vendor.holds(&address, [format!("record-{n}")]);
    world.demand(n, &erasure_of(&address)).await.unwrap();
    let at = task_of(n, "crm");
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
}

#[tokio::test]
async fn what_never_started_gets_a_second_attempt_and_is_closed() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    world.workflow.fail_next(1);
    world.demand(1, &erasure()).await.unwrap();
    assert_eq!(world.reconcile().await.unwrap().started, 0, "not before its time");
    world.clock.advance(300);
    assert_eq!(world.reconcile().await.unwrap().started, 1);
    let started = world.workflow.started();
    assert_eq!((started[0].attempt, started[0].sources.as_slice()), (2, &[source("crm")][..]));
    assert!(matches!(world.facts(request_id(1)).last(), Some(Fact::AttemptBegun { attempt: 2 })));
    closes(&world).await;
    assert_eq!(vendor.left(), 0);
}

#[tokio::test]
async fn a_start_that_fails_is_tried_again_by_a_later_run() {
    let world = World::new();
    world.connect("crm");
    world.workflow.fail_next(2);
    world.demand(1, &erasure()).await.unwrap();
    world.clock.advance(300);
    let run = world.reconcile().await.unwrap();
    assert_eq!((run.started, run.failed), (0, 1));
    assert_eq!(run.failures[0].1.code, "workflow_unavailable");
    closes(&world).await;
}

/// The recorded attempts.
fn begun(world: &World) -> Vec<u32> {
    let facts = world.facts(request_id(1));
    let attempts = facts.iter().filter_map(|fact| match fact {
        Fact::AttemptBegun { attempt } => Some(*attempt),
        _ => None,
    });
    attempts.collect()
}

#[tokio::test]
async fn an_attempt_is_recorded_once_it_has_begun_however_often_its_start_fails() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    world.workflow.fail_next(u32::MAX);
    world.demand(1, &erasure()).await.unwrap();
    let facts = world.facts(request_id(1)).len();
    let mut failed = 0;
    for _ in 0..24 * 60 {
        world.clock.advance(60);
        failed += world.reconcile().await.unwrap().failed;
    }
    assert!(failed > 5, "it is tried again and again: {failed}");
    assert_eq!((begun(&world), world.request(request_id(1)).attempt), (vec![], 1));
    assert_eq!(world.facts(request_id(1)).len(), facts, "a start that failed is no news");
    world.workflow.fail_next(0);
    closes(&world).await;
    assert_eq!((begun(&world), vendor.left()), (vec![2], 0));
    let started: Vec<u32> = world.workflow.started().iter().map(|one| one.attempt).collect();
    assert_eq!(started, [2]);
}

#[tokio::test]
async fn a_crash_between_start_and_record_begins_nothing_twice_and_records_it_later() {
    let mut between = 0;
    for point in 0.. {
        let world = World::new();
        world.connect("crm").holds(CANARY, ["a".to_owned()]);
        world.workflow.fail_next(1);
        world.demand(1, &erasure()).await.unwrap();
        world.clock.advance(300);
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.reconcile()).await;
        let started = world.workflow.started().len();
        between += u32::from(started == 1 && begun(&world).is_empty());
        assert!(begun(&world).len() <= started, "at {point}");
        closes(&world).await;
        let started: Vec<u32> = world.workflow.started().iter().map(|one| one.attempt).collect();
        assert_eq!(begun(&world), started, "at {point}");
        if first.is_some() {
            break;
        }
    }
    assert!(between > 0, "no crash was between the two");
}

#[tokio::test]
async fn a_task_left_standing_in_any_state_is_brought_to_its_end() {
    for (name, (world, vendor, at)) in [
        ("planned", world_with(3, plain()).await),
        ("decided", decided(3).await),
        ("submitted", submitted(3).await),
        ("verifying", verifying(3).await),
    ] {
        let _ = world.workflow.take();
        assert_eq!(world.task(&at).state.as_str(), name);
        closes(&world).await;
        assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased), "from {name}");
        assert_eq!(vendor.posts().len(), 1, "from {name}");
    }
    let (world, vendor, at) = decided(3).await;
    let later = Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable));
    vendor.set(|state| state.submissions.push_back(Reply::Says(later)));
    world.submit(&at).await.unwrap();
    assert_eq!(world.task(&at).state, TaskState::Submitting);
    closes(&world).await;
    let (world, _, at) = verifying(3).await;
    world.look(&at).await.unwrap();
    assert_eq!(world.task(&at).state, TaskState::Settled);
    closes(&world).await;
}

#[tokio::test]
async fn what_a_workflow_moves_is_left_alone() {
    let (world, _, at) = decided(3).await;
    for _ in 0..10 {
        world.clock.advance(200);
        let task = world.task(&at);
        world.tamper(&at, |task| task.next_due = Some(world.now().plus_seconds(300)));
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.started, run.checked), (0, 0), "{task:?}");
    }
}

#[tokio::test]
async fn invariant_3_an_unknown_task_that_only_a_person_can_move_is_counted_each_time_and_never_posted() {
    let (world, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Lost);
        // Nothing can be searched there, so no look can tell.
        state.capabilities.identifiers.clear();
    });
    world.submit(&at).await.unwrap();
    let _ = world.workflow.take();
    let mut counted = 0;
    for _ in 0..200 {
        world.clock.advance(400);
        let run = world.reconcile().await.unwrap();
        counted += run.gauges.unwrap().unknown;
        while let Some(execution) = world.workflow.take() {
            Driver::new(&world).run(&execution).await;
        }
    }
    assert!(counted >= 195, "each run tells of it, so that an alarm stands: {counted}");
    assert_eq!((world.task(&at).state, vendor.posts().len()), (TaskState::Unknown, 1));
    assert!(!world.request(request_id(1)).is_done());
    assert!(world.facts(request_id(1)).len() < 20, "waiting is no news");
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    world.clock.advance(100_000);
    let run = world.reconcile().await.unwrap();
    assert_eq!(
        (run.gauges.unwrap().unknown, run.failed, run.started),
        (1, 1, 0),
        "no workflow could move it either"
    );
}

#[tokio::test]
async fn a_task_that_fails_here_does_not_hold_up_the_requests_other_tasks() {
    let world = World::new();
    for name in ["aaa", "crm"] {
        world.connect(name).holds(CANARY, ["a".to_owned()]);
    }
    world.demand(1, &erasure()).await.unwrap();
    let first = task_of(1, "aaa");
    world.search(&first).await.unwrap();
    world.submit(&first).await.unwrap();
    let unavailable = Failure::of(Code::SecretsUnavailable);
    world.vendors.vendor(&source("aaa")).set(|state| state.broken = Some(unavailable));
    let _ = world.workflow.take();
    world.clock.advance(1000);
    let run = world.reconcile().await.unwrap();
    assert_eq!((run.failed, run.started), (1, 1), "told, and the other one goes on");
    assert_eq!(run.failures, [(request_id(1), unavailable)]);
    let execution = world.workflow.take().unwrap();
    Driver::new(&world).run(&execution).await;
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::VerifiedErased));
}

#[tokio::test]
async fn invariant_6_two_runs_at_once_begin_one_attempt() {
    let (world, vendor, at) = submitted(3).await;
    let _ = world.workflow.take();
    vendor.set(|state| state.polls = 0);
    world.clock.advance(1000);
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.reconcile(), world.reconcile());
    assert_eq!((one.unwrap().failures, two.unwrap().failures), (Vec::new(), Vec::new()));
    world.clock.advance(1000);
    let (one, two) = tokio::join!(world.reconcile(), world.reconcile());
    assert_eq!(one.unwrap().started + two.unwrap().started, 1);
    assert_eq!(world.task(&at).counts.confirmed, 3);
    let attempts: Vec<u32> = world.workflow.started().iter().map(|one| one.attempt).collect();
    assert_eq!(attempts, [1, 2]);
}

#[tokio::test]
async fn a_crash_at_any_point_is_made_up_for() {
    for point in 0.. {
        let (world, vendor, _) = submitted(3).await;
        let _ = world.workflow.take();
        world.clock.advance(1000);
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.reconcile()).await;
        closes(&world).await;
        assert_eq!(vendor.posts().len(), 1);
        if first.is_some() {
            assert!(point > 15);
            return;
        }
    }
}

#[tokio::test]
async fn an_index_that_lags_behind_moves_nothing_twice() {
    let world = World::new();
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    world.clock.advance(300);
    world.store.lag(true);
    assert_eq!(world.reconcile().await.unwrap().started, 1);
    for _ in 0..3 {
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.examined, run.started, run.failed), (1, 0, 0), "looked at, and found in order");
    }
    world.store.lag(false);
    assert_eq!(world.reconcile().await.unwrap().examined, 0);
}

#[tokio::test]
async fn all_pages_of_all_shards_are_read_and_each_request_once() {
    let world = World::new();
    world.store.page_size(3);
    for name in ["crm", "mail", "shop"] {
        world.connect(name);
    }
    for n in 0..40 {
        world.demand(n, &erasure()).await.unwrap();
        while world.workflow.take().is_some() {}
    }
    world.clock.advance(300);
    let run = world.reconcile().await.unwrap();
    assert_eq!((run.examined, run.started, run.more), (40, 40, false));
    let started: BTreeSet<RequestId> =
        world.workflow.started().into_iter().filter(|one| one.attempt == 2).map(|one| one.request).collect();
    assert_eq!(started, (0..40).map(request_id).collect());
}

#[tokio::test]
async fn a_run_that_has_no_time_left_says_so_and_every_shard_has_its_turn_to_go_first() {
    for minutes in [1, 5, 10, 15, 60] {
        let world = World::new();
        let vendor = world.connect("crm");
        vendor.holds(CANARY, ["a".to_owned()]);
        vendor.set(|state| (state.call_seconds, state.polls) = (600, 10_000));
        for n in 0..8 {
            submitted_for_another(&world, &vendor, n).await;
        }
        let mut first = BTreeSet::new();
        let mut tick = world.now().plus_seconds(90_000);
        for _ in 0..80 {
            // A run that asks one slow vendor ends; the next comes at the next tick.
            while tick < world.now() {
                tick = tick.plus_seconds(minutes * 60);
            }
            world.clock.advance_to(tick);
            for n in 0..8 {
                world.tamper(&task_of(n, "crm"), |task| task.next_due = Some(world.now()));
            }
            let asked = world.workflow.payloads().len();
            let before: Vec<u32> = (0..8).map(|n| world.task(&task_of(n, "crm")).polls).collect();
            let run = world.reconcile().await.unwrap();
            assert!(run.more, "after {asked}");
            first
                .extend((0..8u16).filter(|&n| world.task(&task_of(n, "crm")).polls > before[usize::from(n)]));
        }
        assert_eq!(first.len(), 8, "every {minutes} minutes: {first:?}");
    }
}

#[tokio::test]
async fn a_look_that_cannot_succeed_is_not_repeated_every_few_minutes() {
    let (world, vendor, at) = verifying(3).await;
    world.clock.advance(plain().deadline_seconds);
    vendor.set(|state| state.searches.extend((0..9999).map(|_| Err(Fault::Unauthorized))));
    let (before, facts) = (vendor.journal().len(), world.facts(request_id(1)).len());
    Driver::new(&world).reconcile_until_done(request_id(1), 5).await.unwrap();
    assert_eq!(world.task(&at).state, TaskState::Unknown);
    let (attempts, looks) = (world.request(request_id(1)).attempt, vendor.journal().len() - before);
    assert!(attempts < 20 && (20..=130).contains(&looks), "{attempts} attempts, {looks} looks in five days");
    assert!(world.facts(request_id(1)).len() < facts + 25, "waiting is no news");
    vendor.set(|state| state.searches.clear());
    Driver::new(&world).reconcile_until_done(request_id(1), 1).await.unwrap();
    assert_eq!(world.task(&at).outcome, Some(Outcome::VerifiedErased), "a look that works again ends it");
}

#[tokio::test]
async fn invariant_5_a_request_that_nothing_moves_is_counted_before_its_legal_deadline() {
    let (world, vendor, at) = world_with(3, plain()).await;
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    let _ = world.workflow.take();
    for days in 1..=30 {
        world.clock.advance(24 * 3600);
        let run = world.reconcile().await.unwrap();
        assert_eq!(run.gauges.unwrap().pressing, u32::from(days >= 27), "after {days} days");
        while let Some(execution) = world.workflow.take() {
            Driver::new(&world).run(&execution).await;
        }
    }
    assert_eq!(world.task(&at).state, TaskState::Planned, "nothing was given up");
}

#[tokio::test]
async fn who_is_to_be_forgotten_later_is_forgotten_then() {
    let (world, vendor, at) = world_with(1, plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::TooManyRecords)));
    world.search(&at).await.unwrap();
    let _ = world.workflow.take();
    Driver::new(&world).reconcile_until_done(request_id(1), 29).await.unwrap();
    assert!(world.keys.holds(request_id(1)));
    assert!(world.request(request_id(1)).attempt <= 3, "left alone meanwhile");
    Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
    assert!(world.request(request_id(1)).is_done() && !world.keys.holds(request_id(1)));
    world.clock.advance(100_000);
    assert_eq!(world.reconcile().await.unwrap().examined, 0, "nothing of it is due any more");
}

#[tokio::test]
async fn a_request_to_many_sources_waits_for_the_slowest_only_in_the_end() {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.connect(name).holds(CANARY, [format!("{name}-1")]);
    }
    world.vendors.vendor(&source("b")).set(|state| state.polls = 12);
    let demand = Demand { sources: ["a", "b", "c"].map(source).to_vec(), ..erasure() };
    world.demand(1, &demand).await.unwrap();
    closes(&world).await;
    for name in ["a", "b", "c"] {
        assert_eq!(world.task(&task_of(1, name)).outcome, Some(Outcome::VerifiedErased));
        assert_eq!(world.vendors.vendor(&source(name)).posts().len(), 1);
    }
}

/// Requests `of`, each with a rule at a slow vendor: one run reaches `a_run` of them. All are due whenever a
/// run begins.
async fn slow(of: &[u16], a_run: u64) -> World {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    vendor.set(|state| state.polls = u32::MAX);
    for &n in of {
        submitted_for_another(&world, &vendor, n).await;
    }
    vendor.set(|state| state.call_seconds = 600 / a_run);
    world
}

/// An examined one is due again, after the others.
fn all_due(world: &World, of: &[u16]) {
    world.clock.advance(3600);
    let now = world.now();
    for &n in of {
        world.tamper(&task_of(n, "crm"), |task| task.next_due = task.next_due.map(|due| due.min(now)));
    }
}

fn polls(world: &World, of: &[u16]) -> Vec<u32> {
    of.iter().map(|&n| world.task(&task_of(n, "crm")).polls).collect()
}

fn keep_cursor(world: &World, body: &[u8]) {
    let mut item = rows::item(&0, 7, 0).unwrap();
    item.body = body.to_vec();
    world.store.table().set(rows::cursor_key(), Some(item));
}

#[tokio::test]
async fn a_run_goes_on_where_the_last_one_stopped_and_comes_round_to_everybody() {
    for page in [2, 25] {
        // Seven in the same shard, and some in others.
        let of: Vec<u16> = (0..7).map(|n| n * 8 + 3).chain([1, 2, 4, 5, 6, 40]).collect();
        let world = slow(&of, 4).await;
        world.store.page_size(page);
        for round in 1..=24 {
            all_due(&world, &of);
            let run = world.reconcile().await.unwrap();
            assert!(run.more && (1..=5).contains(&run.examined), "{run:?}");
            let polls = polls(&world, &of);
            let (least, most) = (polls.iter().min().unwrap(), polls.iter().max().unwrap());
            assert!(most - least <= 1, "pages of {page}, run {round}: each in turn: {polls:?}");
        }
        assert!(polls(&world, &of).iter().all(|polls| *polls >= 3), "pages of {page}");
    }
}

#[tokio::test]
async fn a_request_that_fails_and_eats_up_the_time_each_run_starves_nobody() {
    let of = [3, 11, 19];
    let world = slow(&of, 1).await;
    for n in 0..6 {
        all_due(&world, &of);
        world.vendors.vendor(&source("crm")).set(|state| {
            state.statuses.clear();
            state.statuses.push_back(Err(Fault::Unavailable(Code::VendorTimedOut)));
        });
        assert!(world.reconcile().await.unwrap().more);
        assert_eq!(polls(&world, &of).iter().sum::<u32>(), n + 1);
    }
    assert_eq!(polls(&world, &of), [2, 2, 2]);
}

#[tokio::test]
async fn a_place_that_cannot_be_used_stops_no_run_and_is_replaced() {
    let of = [3, 5];
    for after in [
        Some("what".to_owned()),
        Some(format!("2026-11-21T09:30:00.000Z REQUEST#{} REQUEST", request_id(4))),
        Some(format!("2099-11-21T09:30:00.000Z REQUEST#{} REQUEST", request_id(3))),
        Some(format!("2026-11-21T09:30:00.000Z REQUEST#{} TASK#gone", request_id(11))),
        None,
    ] {
        for shard in [3, 200] {
            let world = slow(&of, 60).await;
            let up_to = after.is_some().then(|| world.now().plus_seconds(3600));
            let cursor = Cursor { schema: 1, revision: 7, shard, after: after.clone(), up_to, journal: None };
            keep_cursor(&world, &serde_json::to_vec(&cursor).unwrap());
            all_due(&world, &of);
            let run = world.reconcile().await.unwrap();
            assert_eq!((run.examined, run.failed, run.more), (2, 0, false), "{after:?} {shard}");
            assert_eq!(polls(&world, &of), [1, 1]);
            let kept = world.store.cursor().await.unwrap().unwrap();
            assert!(shard == 200 || kept.after.is_none(), "{kept:?}");
        }
    }
    let world = slow(&of, 60).await;
    keep_cursor(&world, b"nothing that reads");
    all_due(&world, &of);
    let run = world.reconcile().await.unwrap();
    assert_eq!((run.examined, run.more), (2, false));
    assert_eq!(run.cursor_failure, Some(Failure::of(Code::RowUnreadable)));
}

#[tokio::test]
async fn a_place_that_cannot_be_kept_stops_no_run() {
    let of = [3, 5, 11];
    let world = slow(&of, 1).await;
    all_due(&world, &of);
    world.reconcile().await.unwrap();
    all_due(&world, &of);
    let kept = world.store.cursor().await.unwrap().unwrap();
    assert_eq!(
        world.store.save_cursor(&Cursor { revision: kept.revision + 1, ..kept.clone() }).await,
        Err(rightful_domain::ports::store::CommitError::Stale)
    );
    world.store.table().fail_next(&[TableFault::Conflict; 3]);
    assert!(world.reconcile().await.is_ok());
}

#[tokio::test]
async fn a_deployment_with_little_to_do_writes_no_place() {
    let (world, _, _) = submitted(3).await;
    for _ in 0..5 {
        world.clock.advance(1000);
        world.reconcile().await.unwrap();
    }
    assert_eq!(world.store.cursor().await, Ok(None));
}

#[tokio::test]
async fn invariant_6_two_runs_at_once_that_both_stop_double_nothing_and_keep_one_place() {
    let of: Vec<u16> = (0..10).collect();
    let world = slow(&of, 4).await;
    while world.workflow.take().is_some() {}
    for _ in 0..6 {
        all_due(&world, &of);
        world.gate.interleave(true);
        let (one, two) = tokio::join!(world.reconcile(), world.reconcile());
        world.gate.interleave(false);
        for run in [one.unwrap(), two.unwrap()] {
            assert_eq!((run.failures, run.started), (Vec::new(), 0));
        }
        assert!(world.store.cursor().await.unwrap().unwrap().shard < 8);
    }
    let attempts = of.iter().map(|&n| world.request(request_id(n)).attempt).max();
    assert_eq!(attempts, Some(1));
}

#[tokio::test]
async fn a_run_that_is_killed_again_and_again_gets_on_page_by_page() {
    let of: Vec<u16> = (0..6).map(|n| n * 8).collect();
    let world = slow(&of, 60).await;
    world.store.page_size(1);
    all_due(&world, &of);
    for _ in 0..40 {
        world.gate.crash_at(Some(50));
        if world.gate.until_crash(world.reconcile()).await.is_some() {
            break;
        }
    }
    world.gate.crash_at(None);
    assert!(polls(&world, &of).iter().all(|polls| *polls > 0), "{:?}", polls(&world, &of));
}

#[tokio::test]
async fn an_unknown_task_that_a_machine_can_still_look_at_gets_an_attempt_and_a_persons_does_not() {
    for handed_over in [false, true] {
        let (world, vendor, at) = decided(3).await;
        vendor.set(|state| {
            let silent = Reply::Says(Submitted::Unknown(Code::VendorTimedOut));
            state.submissions.push_back(silent);
        });
        world.submit(&at).await.unwrap();
        let _ = world.workflow.take();
        world.tamper(&at, |task| {
            task.state = TaskState::Unknown;
            task.handed_over_at = handed_over.then_some(task.next_due).flatten();
        });
        world.clock.advance(400);
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.started, run.checked), (u32::from(!handed_over), u32::from(handed_over)));
        assert_eq!(
            (run.gauges.unwrap().unknown, run.with_person),
            (1, u32::from(handed_over)),
            "counted either way"
        );
        let sources = world.workflow.take().map(|execution| execution.sources);
        assert_eq!(sources, (!handed_over).then(|| vec![source("crm")]));
    }
}

#[tokio::test]
async fn a_shard_that_is_due_again_before_the_others_had_their_turn_does_not_starve_them() {
    // Five in one shard are due at every run, which reaches four; one is in the next shard.
    let of = [3, 11, 19, 27, 35, 4];
    let world = slow(&of, 4).await;
    for _ in 0..2 {
        all_due(&world, &of);
        assert!(world.reconcile().await.unwrap().more);
    }
    assert_eq!(polls(&world, &of)[5], 1, "{:?}", polls(&world, &of));
}
