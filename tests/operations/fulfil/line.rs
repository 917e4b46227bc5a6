//! The line of a rate-limited data source: many requests at once, each waiting for its turns, through the
//! real functions and workflow.

use crate::stage::{overlapping, verifying, world_with};
use rightful_contract::driver::{CallError, Engine, Function, Lost, Output, fulfil_request};
use rightful_contract::vendor::{Call, FakeVendor, plain};
use rightful_contract::world::{World, erasure_of, request_id, source, task_of};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::call_limits::{CallLimits, Rate};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use std::cell::Cell;
use std::rc::Rc;

/// A workflow service that runs executions side by side.
struct Service {
    world: Rc<World>,
    calls: Cell<u32>,
    failed: Cell<u32>,
}

impl Engine for Service {
    async fn wait(&self, seconds: u64) -> Result<(), Lost> {
        self.world.clock.sleep(seconds).await;
        Ok(())
    }

    async fn call(&self, function: Function) -> Result<Output, CallError> {
        self.calls.set(self.calls.get() + 1);
        let answer = function.call(&self.world).await;
        self.failed.set(self.failed.get() + u32::from(answer.is_err()));
        answer.map_err(CallError::Failed)
    }

    async fn review(&self, _: &TaskRef, _: u32) -> Result<Option<Next>, Lost> {
        Ok(None)
    }

    fn jitter(&self, most: u64) -> u64 {
        most
    }
}

fn limited(calls: u32, per_seconds: u32) -> Capabilities {
    let rate = Some(Rate { calls, per_seconds, burst: 1 });
    Capabilities { call_limits: CallLimits { rate, ..CallLimits::default() }, ..plain() }
}

/// Runs this many simultaneous requests to their end. Returns the vendor's calls, their seconds, and the
/// calls of functions.
fn run(requests: u16, capabilities: Capabilities) -> (usize, u64, u32) {
    let world = Rc::new(World::new());
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = capabilities);
    let service = Rc::new(Service { world: Rc::clone(&world), calls: Cell::new(0), failed: Cell::new(0) });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let begun = world.now();
    local.block_on(&runtime, async {
        for n in 1..=requests {
            let address = format!("person-{n}@example.com");
            vendor.holds(&address, [format!("record-{n}")]);
            world.demand(n, &erasure_of(&address)).await.unwrap();
        }
        world.clock.keep_timers();
        let mut open: Vec<_> = std::iter::from_fn(|| world.workflow.take())
            .map(|execution| {
                let service = Rc::clone(&service);
                tokio::task::spawn_local(async move { fulfil_request(&*service, &execution).await })
            })
            .collect();
        let mut reconciled = world.now();
        while open.iter().any(|one| !one.is_finished()) {
            // A woken execution runs until it sleeps again.
            tokio::task::yield_now().await;
            if reconciled.plus_seconds(300) <= world.now() {
                reconciled = world.now();
                world.reconcile().await.unwrap();
            }
            world.clock.advance_to(world.clock.next_timer().unwrap_or(world.now()));
        }
        for one in open.drain(..) {
            one.await.unwrap().unwrap();
        }
    });
    assert_eq!(service.failed.get(), 0, "a turn is waited for, and nothing that an alarm counts");
    for n in 1..=requests {
        let request = world.request(request_id(n));
        assert_eq!((request.state, request.attempt), (RequestState::Closed, 1), "request {n}: one attempt");
        let task = world.task(&task_of(n, "crm"));
        assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "request {n}: {:?}", task.reason);
        assert_eq!(task.slot, None);
    }
    (vendor.journal().len(), begun.seconds_until(world.now()), service.calls.get())
}

fn is_used_well(requests: u16) {
    let (calls, seconds, functions) = run(requests, limited(60, 60));
    let share = calls as f64 / seconds as f64;
    println!(
        "{requests} requests: {calls} calls in {seconds} s, {share:.3} of the rate, {functions} calls of functions"
    );
    assert!((0.9..=1.01).contains(&share), "{calls} calls in {seconds} s");
    // Without a rate, an erasure takes five calls of functions; each of the vendor's calls may wait once,
    // through a status check.
    assert!(functions <= u32::from(requests) * 5 + 3 * calls as u32, "{functions} calls of functions");
}

#[test]
fn a_rate_is_used_to_nine_tenths_with_forty_requests_open() {
    is_used_well(40);
}

#[test]
fn a_rate_is_used_to_nine_tenths_with_a_hundred_requests_open() {
    is_used_well(100);
}

#[test]
fn a_rate_is_used_to_nine_tenths_with_a_thousand_requests_open() {
    is_used_well(1_000);
}

#[test]
fn a_data_source_whose_turn_is_far_away_holds_up_no_other() {
    let world = Rc::new(World::new());
    let (crm, shop) = (world.connect("crm"), world.connect("shop"));
    crm.set(|state| state.capabilities = limited(1, 3600));
    for vendor in [&crm, &shop] {
        vendor.holds("ann@example.com", ["record".to_owned()]);
    }
    let service = Rc::new(Service { world: Rc::clone(&world), calls: Cell::new(0), failed: Cell::new(0) });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let begun = world.now();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        world.test_source("crm").await.unwrap();
        world.demand(1, &erasure_of("ann@example.com")).await.unwrap();
        world.clock.keep_timers();
        let execution = world.workflow.take().unwrap();
        let open = tokio::task::spawn_local(async move { fulfil_request(&*service, &execution).await });
        let mut shop_ended = None;
        while !open.is_finished() {
            tokio::task::yield_now().await;
            if shop_ended.is_none() && world.task(&task_of(1, "shop")).outcome.is_some() {
                shop_ended = Some(begun.seconds_until(world.now()));
                assert_eq!(world.task(&task_of(1, "crm")).state, TaskState::Planned);
            }
            world.clock.advance_to(world.clock.next_timer().unwrap_or(world.now()));
        }
        open.await.unwrap().unwrap();
        assert!(shop_ended.unwrap() < 600, "{shop_ended:?}");
    });
    assert_eq!(world.request(request_id(1)).attempt, 1);
    for name in ["crm", "shop"] {
        assert_eq!(world.task(&task_of(1, name)).outcome, Some(Outcome::VerifiedErased));
    }
}

/// A rule that is submitted, and somebody else's call that has just gone out under a rate of one a minute.
async fn held_back() -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = world_with(2, plain()).await;
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    vendor.set(|state| state.capabilities = limited(1, 60));
    world.test_source("crm").await.unwrap();
    (world, vendor, at)
}

#[tokio::test]
async fn a_question_that_was_held_back_is_no_poll_and_no_look_that_was_is_a_try() {
    let (world, vendor, at) = held_back().await;
    let before = world.task(&at);
    let asked =
        |vendor: &FakeVendor| vendor.journal().iter().filter(|call| matches!(call, Call::Status(_))).count();
    assert_eq!((before.state, asked(&vendor)), (TaskState::Submitted, 0));
    let step = world.check_status(&at).await.unwrap();
    assert_eq!((step.next, asked(&vendor)), (Next::CheckStatus, 0));
    let held = world.task(&at);
    assert_eq!((held.polls, held.tries, held.reason.as_deref()), (0, 0, Some("rate_limited")));
    let slot = held.slot.unwrap();
    // A second worker neither asks nor takes another place.
    world.check_status(&at).await.unwrap();
    assert_eq!(world.task(&at), held);
    world.clock.advance(step.wait_seconds);
    world.check_status(&at).await.unwrap();
    assert_eq!(asked(&vendor), 1, "at its turn");
    assert_eq!((world.task(&at).slot, slot.calls), (None, 1));
    while world.task(&at).state != TaskState::Verifying {
        world.clock.advance(60);
        world.check_status(&at).await.unwrap();
    }
    world.look(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.tries, task.looks), (TaskState::Verifying, 0, 0));
    assert!(task.slot.is_some());
}

#[tokio::test]
async fn a_question_that_the_vendor_puts_off_is_no_poll_either() {
    let (world, vendor, at) = world_with(2, plain()).await;
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    for wait in [Some(40), None] {
        vendor.set(|state| state.statuses.push_back(Err(Fault::Throttled(wait))));
        let step = world.check_status(&at).await.unwrap();
        assert_eq!((world.task(&at).polls, step.wait_seconds), (0, wait.unwrap_or(2)));
        world.clock.advance(60);
    }
    assert_eq!(source("crm"), at.source_id);
}

#[tokio::test]
async fn a_round_of_questions_that_is_put_off_goes_on_behind_the_last_one_and_is_one_poll() {
    let (world, vendor, at) = world_with(4, Capabilities { batch_size: 1, ..plain() }).await;
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    assert_eq!(world.rules(&at).len(), 4);
    vendor.set(|state| {
        state.capabilities = limited(6, 60);
        state.polls = 99;
    });
    let mut waits = 0;
    while world.task(&at).polls == 0 {
        let step = world.check_status(&at).await.unwrap();
        world.clock.advance(step.wait_seconds);
        waits += 1;
        assert!(waits <= 4, "{:?}", vendor.journal());
    }
    let mut asked: Vec<String> = vendor
        .journal()
        .iter()
        .filter_map(|call| match call {
            Call::Status(rule) => Some(rule.clone()),
            _ => None,
        })
        .collect();
    let questions = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!((questions, asked.len()), (4, 4), "each rule once");
}

#[tokio::test]
async fn who_is_put_off_does_not_undo_what_another_worker_of_the_task_has_seen() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            // Executions of two attempts look at once, and the vendor takes one call an hour.
            let (world, vendor, at) = verifying(2).await;
            vendor.set(|state| state.capabilities.call_limits = limited(1, 3600).call_limits);
            world.clock.advance(3600);
            let before = world.task(&at).looks;
            let looks = overlapping(&world, world.look(&at), world.look(&at), (a, b)).await;
            let Some((one, two)) = looks else { break };
            (last, ways) = (false, ways + 1);
            one.unwrap();
            two.unwrap();
            let task = world.task(&at);
            assert!(task.looks > before || task.state == TaskState::Settled, "{a} {b}: the look is lost");
        }
        if last {
            break;
        }
    }
    assert!(ways > 40, "{ways}");
}
