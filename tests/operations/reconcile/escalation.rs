//! How near a request is to its legal deadline, and who must act.

use crate::stage::{decided, ids, submitted, verifying, world_with};
use rightful_contract::vendor::{FakeVendor, Reply, plain};
use rightful_contract::world::{World, request_id};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use rightful_domain::base::waits::Waits;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::escalation;
use rightful_domain::duty::owner::SCHEDULE_SECONDS;
use rightful_domain::law::ground::Ground;
use rightful_domain::law::level::{Level, NOTICE_SECONDS, RISK_SECONDS};
use rightful_domain::model::escalation::Role;
use rightful_domain::model::task::TaskState;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::Submitted;

/// The recorded levels, with their times.
fn levels(world: &World) -> Vec<(Time, Level, Vec<Role>, String)> {
    let pk = rightful_contract::rows::request_pk(request_id(1));
    let events: Vec<Vec<u8>> =
        world.store.table().query(&pk, "EVENT#").into_iter().map(|item| item.body).collect();
    let (_, facts) = read_chain(request_id(1), &events).unwrap();
    let escalated = |(at, fact)| match fact {
        Fact::Escalated { level, who, reason } => Some((at, level, who, reason)),
        _ => None,
    };
    facts.into_iter().filter_map(escalated).collect()
}

/// Runs only the schedule until `end`, with every execution lost. Turns without due rows are skipped, since
/// they do nothing.
async fn scheduled_until(world: &World, end: Time) {
    let mut turn = world.now();
    while world.now() < end {
        let due = world.next_due().unwrap_or(end).min(end);
        turn = turn.plus_seconds(SCHEDULE_SECONDS);
        turn = turn.plus_seconds(turn.seconds_until(due).div_ceil(SCHEDULE_SECONDS) * SCHEDULE_SECONDS);
        world.clock.advance_to(turn);
        world.reconcile().await.unwrap();
        while world.workflow.take().is_some() {}
    }
}

type Case = (&'static str, World, FakeVendor, TaskRef);

/// An open request in each state, with a far too slow vendor.
async fn every_state() -> Vec<Case> {
    let slow = |vendor: &FakeVendor| {
        vendor.set(|state| {
            state.polls = u32::MAX;
            state.capabilities = Capabilities {
                deadline_seconds: 90 * 24 * 3600,
                status_waits: Waits { first_seconds: 2, longest_seconds: 9 * 24 * 3600 },
                verify_waits: Waits { first_seconds: 2, longest_seconds: 9 * 24 * 3600 },
                verify_looks: 1000,
                ..plain()
            };
        });
    };
    let mut cases = Vec::new();
    for (name, (world, vendor, at)) in [
        ("planned", world_with(3, plain()).await),
        ("decided", decided(3).await),
        ("submitting", decided(3).await),
        ("submitted", submitted(3).await),
        ("verifying", verifying(3).await),
        ("unknown", decided(3).await),
        ("settled", verifying(3).await),
    ] {
        if name == "settled" {
            world.look(&at).await.unwrap();
        }
        slow(&vendor);
        let ordered = match name {
            "submitting" => Some(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(20 * 24 * 3600))))),
            "unknown" => Some(Reply::Lost),
            _ => None,
        };
        if let Some(reply) = ordered {
            vendor.set(|state| state.submissions.push_back(reply));
            world.submit(&at).await.unwrap();
        }
        if name == "verifying" {
            vendor.set(|state| state.searches.push_back(Ok(ids(0..1))));
            world.look(&at).await.unwrap();
        }
        while world.workflow.take().is_some() {}
        assert_eq!(world.task(&at).state.as_str(), name);
        cases.push((name, world, vendor, at));
    }
    cases
}

#[test]
fn the_levels_begin_seven_and_three_days_before_the_deadline_and_at_it() {
    let due = Time::parse("2026-12-21T09:30:00Z").unwrap();
    for (before, level) in [
        (RISK_SECONDS + 1, Level::None),
        (RISK_SECONDS, Level::AtRisk),
        (NOTICE_SECONDS + 1, Level::AtRisk),
        (NOTICE_SECONDS, Level::Pressing),
        (1, Level::Pressing),
        (0, Level::Overdue),
    ] {
        assert_eq!(Level::at(due, due.minus_seconds(before)), level, "{before} s before");
    }
    assert_eq!(Level::at(due, due.plus_seconds(1)), Level::Overdue);
    assert!(
        Level::None < Level::AtRisk && Level::AtRisk < Level::Pressing && Level::Pressing < Level::Overdue
    );
    let mut now = due.minus_seconds(40 * 24 * 3600);
    let mut times = Vec::new();
    while let Some(next) = Level::next_at(due, now) {
        times.push(next);
        now = next;
    }
    assert_eq!(times, [due.minus_seconds(RISK_SECONDS), due.minus_seconds(NOTICE_SECONDS), due]);
}

#[tokio::test]
async fn invariant_5_every_open_request_reaches_each_level_within_one_turn_whatever_its_task_waits_for() {
    for (name, world, ..) in every_state().await {
        let due = world.request(request_id(1)).due_at;
        scheduled_until(&world, due.plus_seconds(24 * 3600)).await;
        let reached = levels(&world);
        let wanted = [
            (due.minus_seconds(RISK_SECONDS), Level::AtRisk),
            (due.minus_seconds(NOTICE_SECONDS), Level::Pressing),
            (due, Level::Overdue),
        ];
        assert_eq!(reached.len(), wanted.len(), "{name}: once each: {reached:?}");
        for ((at, level, who, reason), (time, wanted)) in reached.iter().zip(wanted) {
            assert_eq!(*level, wanted, "{name}");
            let late = time.seconds_until(*at);
            assert!(
                *at >= time && late <= SCHEDULE_SECONDS + world.settings.grace_seconds,
                "{name}: {late} s"
            );
            assert!(!who.is_empty() && !reason.is_empty(), "{name}: somebody, for some reason");
            assert_eq!(who.len() == 2, *level == Level::Overdue, "{name}: {who:?}");
        }
        let stored = world.request(request_id(1)).escalation.unwrap();
        assert_eq!((stored.level, stored.at), (Level::Overdue, reached[2].0), "{name}");
    }
}

#[tokio::test]
async fn each_run_counts_the_requests_of_each_level_while_they_last() {
    let (world, _, _) = submitted(3).await;
    let due = world.request(request_id(1)).due_at;
    for (before, counts) in [
        (RISK_SECONDS + 3600, (0, 0, 0)),
        (RISK_SECONDS, (1, 0, 0)),
        (NOTICE_SECONDS, (1, 1, 0)),
        (0, (1, 1, 1)),
    ] {
        scheduled_until(&world, due.minus_seconds(before)).await;
        for turn in 0..5 {
            world.clock.advance(SCHEDULE_SECONDS);
            let run = world.reconcile().await.unwrap();
            assert_eq!(
                (run.gauges.unwrap().at_risk, run.gauges.unwrap().pressing, run.gauges.unwrap().overdue),
                counts,
                "{before} s before, turn {turn}"
            );
        }
    }
}

#[tokio::test]
async fn who_must_act_follows_from_what_stands_in_the_way() {
    let engineer = vec![Role::PlatformEngineer];
    let officer = vec![Role::PrivacyOfficer];
    for (state, code, handed_over, who, reason) in [
        (TaskState::Planned, None, false, &engineer, "task_not_moved"),
        (TaskState::Planned, Some("vendor_unreachable"), false, &engineer, "vendor_unreachable"),
        (TaskState::Decided, None, false, &engineer, "task_not_moved"),
        (TaskState::Submitting, Some("vendor_throttled"), false, &engineer, "vendor_throttled"),
        (TaskState::Submitted, None, false, &officer, "vendor_at_work"),
        (TaskState::Submitted, Some("credentials_rejected"), false, &engineer, "credentials_rejected"),
        (TaskState::Verifying, Some("still_present"), false, &officer, "still_present"),
        (TaskState::Verifying, Some("secret_missing"), false, &engineer, "secret_missing"),
        (TaskState::Unknown, Some("answer_never_came"), true, &engineer, "answer_never_came"),
        (TaskState::Unknown, Some("still_present"), true, &engineer, "still_present"),
        (TaskState::Unknown, None, false, &engineer, "outcome_unknown"),
        (TaskState::Settled, None, false, &engineer, "request_not_closed"),
    ] {
        let (world, _, at) = world_with(1, plain()).await;
        world.tamper(&at, |task| {
            task.state = state;
            task.reason = code.map(str::to_owned);
            task.handed_over_at = handed_over.then_some(task.next_due).flatten();
        });
        let request = world.request(request_id(1));
        let tasks = world.tasks(request_id(1));
        let at_risk = escalation::of(&request, &tasks, request.due_at.minus_seconds(RISK_SECONDS));
        assert_eq!((&at_risk.who, at_risk.reason.as_str()), (who, reason), "{state:?} {code:?}");
        let overdue = escalation::of(&request, &tasks, request.due_at);
        assert_eq!(overdue.who, [Role::PlatformEngineer, Role::PrivacyOfficer], "{state:?} {code:?}");
        let far = escalation::of(&request, &tasks, request.received_at);
        assert_eq!((far.level, far.who.len()), (Level::None, 0));
    }
}

#[tokio::test]
async fn what_is_broken_goes_before_what_is_to_be_decided() {
    let world = World::new();
    for name in ["crm", "shop"] {
        world.connect(name);
    }
    world.demand(1, &rightful_contract::world::erasure()).await.unwrap();
    let (crm, shop) =
        (rightful_contract::world::task_of(1, "crm"), rightful_contract::world::task_of(1, "shop"));
    world.tamper(&crm, |task| task.state = TaskState::Submitted);
    world.tamper(&shop, |task| {
        task.state = TaskState::Submitted;
        task.reason = Some("credentials_rejected".to_owned());
    });
    let request = world.request(request_id(1));
    let reached = escalation::of(&request, &world.tasks(request_id(1)), request.due_at.minus_seconds(1));
    assert_eq!(
        (reached.who.as_slice(), reached.reason.as_str()),
        (&[Role::PlatformEngineer][..], "credentials_rejected")
    );
}

#[tokio::test]
async fn levels_that_passed_unseen_are_not_made_up_for_and_two_runs_record_one() {
    let (world, _, _) = submitted(3).await;
    while world.workflow.take().is_some() {}
    world.clock.advance_to(world.request(request_id(1)).due_at.plus_seconds(60));
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.reconcile(), world.reconcile());
    world.gate.interleave(false);
    assert_eq!((one.unwrap().gauges.unwrap().overdue, two.unwrap().gauges.unwrap().overdue), (1, 1));
    let reached: Vec<Level> = levels(&world).into_iter().map(|(_, level, ..)| level).collect();
    assert_eq!(reached, [Level::Overdue]);
}

#[tokio::test]
async fn an_extended_request_climbs_the_levels_of_its_new_deadline() {
    let (_, world, ..) = every_state().await.remove(3);
    let due = world.request(request_id(1)).due_at;
    scheduled_until(&world, due.minus_seconds(24 * 3600)).await;
    let extended = world.extend(request_id(1), 1, Ground::Complexity).await.unwrap();
    scheduled_until(&world, extended.due_at.plus_seconds(3600)).await;
    let reached: Vec<Level> = levels(&world).into_iter().map(|(_, level, ..)| level).collect();
    use Level::{AtRisk, None, Overdue, Pressing};
    assert_eq!(reached, [AtRisk, Pressing, None, AtRisk, Pressing, Overdue]);
}

#[tokio::test]
async fn a_closed_request_is_at_no_level() {
    let (world, _, at) = verifying(1).await;
    world.look(&at).await.unwrap();
    world.close(request_id(1)).await.unwrap();
    let request = world.request(request_id(1));
    let late = escalation::of(&request, &world.tasks(request_id(1)), request.due_at.plus_seconds(9));
    assert_eq!(late.level, Level::None);
}

#[tokio::test]
async fn a_request_that_cannot_be_brought_forward_escalates_all_the_same() {
    let (world, vendor, _) = submitted(3).await;
    while world.workflow.take().is_some() {}
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    let due = world.request(request_id(1)).due_at;
    scheduled_until(&world, due.plus_seconds(3600)).await;
    assert_eq!(levels(&world).len(), 3);
}
