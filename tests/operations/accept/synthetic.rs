//! The request that a deployment makes for itself once a day, to check that everything works.

use crate::stage::{DAY, bob, connect_club, drive, ids};
use rightful_contract::catalogue::member;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::rows;
use rightful_contract::tickets::CHANNEL;
use rightful_contract::vendor::{Call, FakeVendor, Reply, plain};
use rightful_contract::world::{World, ann, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::{May, WhyNot};
use rightful_domain::duty::escalation::of as escalation_of;
use rightful_domain::duty::owner;
use rightful_domain::law::ground::Ground;
use rightful_domain::law::level::Level;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::{AcceptError, Arrival, Demand};
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::extend::ExtendError;
use rightful_domain::operations::person::review::{ReviewError, Reviewing, Seen};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::Submitted;
use rightful_domain::view::page::At;
use rightful_domain::view::request::RequestDetail;

const TESTER: &str = "tester@example.com";

/// A deployment whose people decide on everything, with two data sources that hold the test address.
fn deployed() -> (World, FakeVendor, FakeVendor) {
    let mut world = World::new();
    world.policies = Policies { erasure: Policy::Always, access: Policy::Always };
    let (crm, shop) = (world.connect("crm"), world.connect("shop"));
    let own = OwnPolicies { erasure: Some(Policy::Over(0)), access: None };
    world.tamper_source("shop", |source| source.review = own);
    crm.holds(TESTER, (0..3).map(|n| format!("crm-{n}")));
    shop.holds(TESTER, ["shop-1".to_owned()]);
    (world, crm, shop)
}

/// The same, with the day's request.
async fn made() -> (World, FakeVendor, FakeVendor) {
    let (world, crm, shop) = deployed();
    assert!(world.synthetic(1, TESTER, &[]).await.unwrap().new);
    (world, crm, shop)
}

/// Every submission was marked as a dry run, and nothing is gone.
fn erased_nothing(world: &World, vendors: [&FakeVendor; 2], what: &str) {
    let request = world.request(request_id(1));
    assert!(request.synthetic && request.dry_run, "{what}: {request:?}");
    for vendor in vendors {
        for call in vendor.journal() {
            assert!(!matches!(call, Call::Submit { dry_run: false, .. }), "{what}: {call:?}");
        }
    }
    assert_eq!((vendors[0].left(), vendors[1].left()), (3, 1), "{what}");
}

fn ended_well(world: &World, crm: &FakeVendor, shop: &FakeVendor, what: &str) {
    let request = world.request(request_id(1));
    assert!(request.is_done(), "{what}: {request:?}");
    assert_eq!(request.outcome, Some(RequestOutcome::DryRun), "{what}");
    assert_eq!(request.forget_at, request.closed_at, "{what}: forgotten at once");
    assert!(request.identifiers.is_none() && !world.keys.holds(request_id(1)), "{what}");
    assert_eq!((posts(&crm.journal()), posts(&shop.journal())), (1, 1), "{what}");
    erased_nothing(world, [crm, shop], what);
    assert!(world.tickets.journal().is_empty(), "{what}");
}

#[tokio::test]
async fn it_is_tried_out_at_every_data_source_and_no_person_is_asked_whatever_the_policies_say() {
    let (world, crm, shop) = made().await;
    drive(&world).await;
    ended_well(&world, &crm, &shop, "straight through");
    let request = world.request(request_id(1));
    assert_eq!((request.right, request.origin.as_str()), (Right::Erasure, "synthetic"));
    assert_eq!(request.reference.as_ref().unwrap().as_str(), "SYNTHETIC-2026-11-21");
    assert_eq!(request.policy, Policy::Auto);
    for task in world.tasks(request_id(1)) {
        assert_eq!((task.policy, task.outcome), (Policy::Auto, Some(Outcome::DryRun)));
        assert_eq!(task.decision.unwrap().by, "policy:auto");
    }
    let facts = world.facts(request_id(1));
    assert!(matches!(facts[0], Fact::Received { synthetic: true, dry_run: true, by: None, .. }));
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::ReviewNeeded { .. } | Fact::Escalated { .. })));
}

#[tokio::test]
async fn its_receipt_says_that_it_is_synthetic_and_that_of_a_real_request_says_nothing_of_it() {
    let (world, _, _) = made().await;
    drive(&world).await;
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert!(statement.synthetic && statement.dry_run);

    let world = World::new();
    world.connect("crm");
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    let file = String::from_utf8(world.receipts.file(request_id(1)).unwrap()).unwrap();
    assert!(!file.contains("synthetic"));
    assert!(!verify(file.as_bytes(), &[world.signer.public()]).unwrap().synthetic);
    assert!(!world.store.dump().contains("synthetic"), "rows and events stay as they were");
}

#[tokio::test]
async fn a_demand_that_would_erase_is_a_dry_run_all_the_same_when_it_arrives_as_synthetic() {
    let (world, crm, shop) = deployed();
    let demand = Demand { identifiers: vec![email(TESTER)], dry_run: false, ..erasure() };
    world.accept(1, &demand, Arrival::Synthetic { day: "2026-11-21" }).await.unwrap();
    drive(&world).await;
    ended_well(&world, &crm, &shop, "a demand that would erase");
}

#[tokio::test]
async fn it_goes_to_the_data_sources_that_it_is_set_to_and_those_have_to_be_there() {
    let (world, crm, _) = deployed();
    assert_eq!(
        world.synthetic(1, TESTER, &["none"]).await.unwrap_err(),
        AcceptError::UnknownSource(source("none"))
    );
    world.put_source("shop", false);
    assert_eq!(
        world.synthetic(1, TESTER, &["shop"]).await.unwrap_err(),
        AcceptError::DisabledSource(source("shop"))
    );
    assert_eq!(World::new().synthetic(1, TESTER, &[]).await.unwrap_err(), AcceptError::NoSource);
    assert!(world.workflow.started().is_empty());
    assert!(world.synthetic(1, TESTER, &["crm"]).await.unwrap().new, "what was refused is no day's request");
    assert_eq!(world.request(request_id(1)).sources, [source("crm")]);
    assert!(crm.journal().is_empty());
}

#[tokio::test]
async fn the_test_address_is_in_no_row_and_no_payload() {
    let (world, _, _) = made().await;
    drive(&world).await;
    for text in [world.store.dump(), world.workflow.payloads()] {
        assert_eq!(rightful_contract::canary::found(&text, TESTER), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_second_call_of_the_same_day_finds_the_first_ones_request_whatever_was_set_since() {
    let (world, crm, _) = made().await;
    world.clock.advance_to(rightful_domain::base::time::Time::parse("2026-11-21T20:00:00Z").unwrap());
    for (n, address, sources) in
        [(2, TESTER, &[][..]), (3, "other@example.com", &[]), (4, TESTER, &["crm"]), (5, TESTER, &["none"])]
    {
        let again = world.synthetic(n, address, sources).await.unwrap();
        assert_eq!((again.request, again.new), (request_id(1), false));
        assert!(!world.store.dump().contains(&request_id(n).to_string()));
    }
    assert_eq!(world.workflow.started().len(), 1);
    assert_eq!(world.facts(request_id(1)).len(), 1, "no conflict is recorded: nobody sent anything");
    drive(&world).await;
    let closed = world.synthetic(6, TESTER, &[]).await.unwrap();
    assert_eq!((closed.request, closed.new), (request_id(1), false));
    assert_eq!(posts(&crm.journal()), 1);
}

#[tokio::test]
async fn the_next_day_has_a_request_of_its_own_as_it_is_set_then() {
    let (world, _, _) = made().await;
    drive(&world).await;
    world.clock.advance_to(rightful_domain::base::time::Time::parse("2026-11-22T00:00:00Z").unwrap());
    let next = world.synthetic(2, TESTER, &["crm"]).await.unwrap();
    assert_eq!((next.request, next.new), (request_id(2), true));
    let request = world.request(request_id(2));
    assert_eq!(request.reference.unwrap().as_str(), "SYNTHETIC-2026-11-22");
    assert_eq!(request.sources, [source("crm")]);
}

#[tokio::test]
async fn two_calls_at_once_make_one_request() {
    let (world, _, _) = deployed();
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.synthetic(1, TESTER, &[]), world.synthetic(2, TESTER, &["crm"]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.request, two.request);
    assert_eq!(u8::from(one.new) + u8::from(two.new), 1);
    assert_eq!(world.workflow.started().len(), 1);
}

#[tokio::test]
async fn nobody_can_deliver_the_days_request_from_outside() {
    let (world, _, _) = deployed();
    let by = ann();
    let demand = Demand { identifiers: vec![email(TESTER)], ..erasure() };
    let day = b"2026-11-21";
    for (n, arrival) in [
        (3, Arrival::Delivery { channel: "desk", key: day, body: day }),
        (4, Arrival::Operator { by: &by, key: Some("2026-11-21") }),
    ] {
        assert!(world.accept(n, &demand, arrival).await.unwrap().new);
        let request = world.request(request_id(n));
        assert!(!request.synthetic && !request.dry_run && request.policy == Policy::Always);
    }
    assert!(world.synthetic(1, TESTER, &[]).await.unwrap().new);
}

#[tokio::test]
async fn intake_killed_at_any_port_call_leaves_nothing_or_the_days_one_request() {
    for point in 0.. {
        let (world, crm, shop) = deployed();
        world.gate.crash_at(Some(point));
        let ended = world.gate.until_crash(world.synthetic(1, TESTER, &[])).await;
        // The schedule's retry, under a fresh id.
        let again = world.synthetic(2, TESTER, &[]).await.unwrap();
        let rows = world.store.dump();
        let both = [request_id(1), request_id(2)].map(|id| rows.contains(&rows::request_pk(id)));
        assert_eq!(both.iter().filter(|there| **there).count(), 1, "crash at point {point}");
        Driver::new(&world).reconcile_until_done(again.request, 2).await.unwrap();
        assert_eq!(world.request(again.request).outcome, Some(RequestOutcome::DryRun), "{point}");
        assert_eq!((posts(&crm.journal()), posts(&shop.journal())), (1, 1), "crash at point {point}");
        if ended.is_some() {
            assert!(point > 5, "intake makes only {point} port calls");
            return;
        }
    }
}

#[tokio::test]
async fn a_worker_killed_at_any_port_call_and_reconcile_bring_it_to_its_end() {
    for point in 0.. {
        let (world, crm, shop) = made().await;
        let execution = world.workflow.take().unwrap();
        world.gate.crash_at(Some(point));
        let ended = world.gate.until_crash(Driver::new(&world).run(&execution)).await;
        Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
        let what = format!("crash at point {point}");
        let mut request = world.request(request_id(1));
        // After a crash the end of a POST is unknown: a person ends the task.
        let lost = world.tasks(request_id(1)).into_iter().filter(|task| task.handed_over_at.is_some());
        let lost: Vec<TaskRef> = lost.map(|task| task_of(1, task.source.as_str())).collect();
        for at in &lost {
            let sent = world.rules(at).iter().filter(|rule| rule.rule_id.is_none()).count();
            assert_eq!((sent, request.outcome), (1, None), "{what}");
            world.acts().state(at, false, "a crash of ours", &ann()).await.unwrap();
        }
        if !lost.is_empty() {
            Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
            request = world.request(request_id(1));
        }
        assert!(request.is_done(), "{what}: {request:?}");
        assert_eq!(request.outcome == Some(RequestOutcome::DryRun), lost.is_empty(), "{what}");
        assert_eq!(request.forget_at, request.closed_at, "{what}");
        erased_nothing(&world, [&crm, &shop], &what);
        if ended.is_some() {
            assert!(point > 30, "the whole flow has only {point} points");
            return;
        }
    }
}

#[tokio::test]
async fn what_never_started_is_begun_by_the_reconciliation() {
    let (world, crm, shop) = deployed();
    world.workflow.fail_next(1);
    let accepted = world.synthetic(1, TESTER, &[]).await.unwrap();
    assert!(accepted.new && accepted.not_started.is_some());
    Driver::new(&world).reconcile_until_done(request_id(1), 1).await.unwrap();
    ended_well(&world, &crm, &shop, "begun by the reconciliation");
}

#[tokio::test]
async fn a_failed_one_is_forgotten_at_once_too() {
    let (world, crm, shop) = made().await;
    shop.set(|state| state.broken = Some(Failure::of(Code::SecretMissing)));
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!(request.outcome, Some(RequestOutcome::Failed));
    assert_eq!((request.forget_at, request.is_done()), (request.closed_at, true));
    assert!(!world.keys.holds(request_id(1)));
    assert_eq!(world.task(&task_of(1, "shop")).reason.as_deref(), Some("secret_missing"));
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::DryRun), "it is tried out all the same");
    erased_nothing(&world, [&crm, &shop], "failed");
}

#[tokio::test]
async fn a_data_source_that_is_not_searched_by_an_address_is_failed_and_waits_for_nobody() {
    let (world, _, _) = deployed();
    connect_club(&world);
    world.synthetic(1, TESTER, &["crm", "club"]).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.is_done()), (Some(RequestOutcome::Failed), true));
    assert_eq!(world.task(&task_of(1, "club")).outcome, Some(Outcome::MissingIdentifier));
}

#[tokio::test]
async fn a_test_address_that_nobody_holds_is_no_dry_run() {
    let (world, _, _) = deployed();
    world.synthetic(1, "nobody@example.com", &[]).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.is_done()), (Some(RequestOutcome::NothingFound), true));
}

#[tokio::test]
async fn no_ticket_is_answered_even_where_a_ticketing_system_takes_its_channel() {
    for synthetic in [true, false] {
        let (world, _, _) = deployed();
        world.synthetic(1, TESTER, &[]).await.unwrap();
        world.tamper_request(request_id(1), |request| {
            request.origin = CHANNEL.to_owned();
            request.synthetic = synthetic;
        });
        drive(&world).await;
        let request = world.request(request_id(1));
        assert_eq!(request.outcome, Some(RequestOutcome::DryRun));
        assert_eq!(request.answer.is_none(), synthetic);
        assert_eq!(world.tickets.sends(), usize::from(!synthetic));
    }
}

#[tokio::test]
async fn it_escalates_to_nobody_and_counts_in_no_legal_figure_yet_stays_somebodys() {
    let (world, crm, shop) = deployed();
    for vendor in [&crm, &shop] {
        vendor.set(|state| {
            state.capabilities = Capabilities { deadline_seconds: 90 * DAY, ..plain() };
            state.polls = u32::MAX;
        });
    }
    world.synthetic(1, TESTER, &[]).await.unwrap();
    let due = world.request(request_id(1)).due_at;
    while world.now() < due.plus_seconds(DAY) {
        world.clock.advance(DAY / 4);
        let run = world.reconcile().await.unwrap();
        let gauges = run.gauges.unwrap();
        assert_eq!((gauges.at_risk, gauges.pressing, gauges.overdue), (0, 0, 0));
        while let Some(execution) = world.workflow.take() {
            Driver::killed_after(&world, 5).run(&execution).await;
        }
        let (request, tasks) = (world.request(request_id(1)), world.tasks(request_id(1)));
        assert_eq!((request.state, request.escalation.as_ref()), (RequestState::Open, None));
        assert_eq!(escalation_of(&request, &tasks, world.now()).level, Level::None);
        assert!(owner::of_request(&request, &tasks, world.now(), world.settings.grace_seconds).is_some());
        assert!(request.next_due.is_some() && tasks.iter().all(|task| task.next_due.is_some()));
        let real = Request { synthetic: false, ..request };
        let reached = escalation_of(&real, &tasks, world.now()).level;
        assert_eq!(reached, Level::at(due, world.now()), "a real one would");
    }
    assert!(!world.facts(request_id(1)).iter().any(|fact| matches!(fact, Fact::Escalated { .. })));
    // A vendor that takes longer than a month: a person gets the task, as in any other request.
    for name in ["crm", "shop"] {
        world.acts().state(&task_of(1, name), false, "given up", &ann()).await.unwrap();
    }
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.is_done()), (Some(RequestOutcome::Failed), true));
    erased_nothing(&world, [&crm, &shop], "late");
}

#[tokio::test]
async fn an_unknown_one_is_counted_with_no_real_one_and_a_person_can_say_how_it_ended() {
    for (synthetic, counted) in [(true, 0), (false, 1)] {
        let (world, crm, _) = deployed();
        unknown(&world, &crm).await;
        world.tamper_request(request_id(1), |request| request.synthetic = synthetic);
        world.clock.advance(2 * 3600);
        let run = world.reconcile().await.unwrap();
        assert_eq!((run.examined, run.gauges.unwrap().unknown, run.with_person), (1, counted, 1));
        world.acts().state(&task_of(1, "crm"), false, "looked it up", &ann()).await.unwrap();
        drive(&world).await;
        let request = world.request(request_id(1));
        assert_eq!(request.outcome, Some(RequestOutcome::Failed));
        assert_eq!(request.forgotten_at.is_some(), synthetic);
    }
}

/// Its request goes only to `crm`, whose answer is missing.
async fn unknown(world: &World, crm: &FakeVendor) {
    world.synthetic(1, TESTER, &["crm"]).await.unwrap();
    let at = task_of(1, "crm");
    world.search(&at).await.unwrap();
    crm.set(|state| {
        state.capabilities = Capabilities { identifiers: Vec::new(), ..plain() };
        state.submissions.push_back(Reply::Says(Submitted::Unknown(Code::DryRunNotConfirmed)));
    });
    world.submit(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.handed_over_at.is_some()), (TaskState::Unknown, true));
}

/// A synthetic request to `crm` in each state.
async fn every_state() -> Vec<(&'static str, World, FakeVendor, FakeVendor)> {
    let mut all = Vec::new();
    for name in ["planned", "decided", "submitting", "submitted", "verifying", "unknown", "settled", "closed"]
    {
        let (world, crm, shop) = deployed();
        let at = task_of(1, "crm");
        if name == "unknown" {
            unknown(&world, &crm).await;
        } else {
            world.synthetic(1, TESTER, &["crm"]).await.unwrap();
        }
        let before = |states: &[&str]| !states.contains(&name);
        if before(&["planned", "unknown"]) {
            world.search(&at).await.unwrap();
        }
        if name == "submitting" {
            let reply = Reply::Says(Submitted::NotSent(Fault::Throttled(Some(3600))));
            crm.set(|state| state.submissions.push_back(reply));
        }
        if before(&["planned", "decided", "unknown"]) {
            world.submit(&at).await.unwrap();
        }
        if name == "verifying" {
            crm.set(|state| state.searches.push_back(Ok(ids(0..1))));
        }
        if ["verifying", "settled", "closed"].contains(&name) {
            for _ in 0..50 {
                let open = ![TaskState::Settled, TaskState::Verifying].contains(&world.task(&at).state);
                if open {
                    world.clock.advance(60);
                    world.check_status(&at).await.unwrap();
                }
            }
        }
        if ["settled", "closed"].contains(&name) {
            while world.task(&at).state != TaskState::Settled {
                world.look(&at).await.unwrap();
                world.clock.advance(600);
            }
        }
        if name == "closed" {
            world.close(request_id(1)).await.unwrap();
        }
        let task = world.task(&at);
        let expected = if name == "closed" { "settled" } else { name };
        if task.outcome.is_none() {
            assert_eq!(task.state.as_str(), expected);
        }
        all.push((name, world, crm, shop));
    }
    all
}

#[tokio::test]
async fn in_no_state_can_anybody_run_it_again_give_it_an_identifier_reopen_extend_or_review_it() {
    for (name, world, crm, shop) in every_state().await {
        let (at, id) = (task_of(1, "crm"), request_id(1));
        let before = world.store.dump();
        let closed = name == "closed";
        let expected = if closed { ActError::Not(WhyNot::Closed) } else { ActError::Not(WhyNot::Synthetic) };
        assert_eq!(world.acts().run_again(&at, &ann()).await, Err(expected.clone()), "{name}");
        for identifier in [email("real.person@example.com"), Identifier::new(member(), "12345").unwrap()] {
            assert_eq!(world.identify(&at, &identifier).await, Err(expected.clone()), "{name}");
        }
        for sources in [&[][..], &[source("crm")]] {
            assert_eq!(
                world.acts().reopen(id, sources, &ann()).await,
                Err(ActError::Not(WhyNot::Synthetic)),
                "{name}"
            );
        }
        for months in [1, 2] {
            assert_eq!(
                world.extend(id, months, Ground::Complexity).await,
                Err(ExtendError::Not(WhyNot::Synthetic)),
                "{name}"
            );
        }
        for ruling in [Ruling::Proceed, Ruling::LeaveOut] {
            let seen = Seen::all_of(&world.task(&at));
            let reviewing = Reviewing { sources: vec![seen], ruling, reason: "why not".to_owned() };
            let refused = world.review(id, &reviewing, &bob()).await.unwrap_err();
            let told = matches!(
                refused,
                ReviewError::Not(WhyNot::NotAwaiting { .. }) | ReviewError::Not(WhyNot::Closed)
            );
            assert!(told, "{name}: {refused:?}");
        }
        assert_eq!(world.store.dump(), before, "{name}: nothing of it is stored");
        offers_nothing_of_it(&world, name);
        Driver::new(&world).reconcile_until_done(id, 3).await.unwrap();
        erased_nothing(&world, [&crm, &shop], name);
        assert_eq!(world.facts(id).iter().filter(|fact| matches!(fact, Fact::Received { .. })).count(), 1);
    }
}

fn offers_nothing_of_it(world: &World, name: &str) {
    let request = world.request(request_id(1));
    let tasks: Vec<_> = world
        .tasks(request_id(1))
        .into_iter()
        .map(|task| {
            let rules = world.rules(&task_of(1, task.source.as_str()));
            (task, rules)
        })
        .collect();
    let at = At { now: world.now(), grace_seconds: world.settings.grace_seconds };
    let detail = RequestDetail::of(&request, &tasks, at, &rightful_contract::catalogue::FakeCatalogue);
    assert!(detail.request.synthetic);
    for act in [May::Run, May::Identify, May::Reopen, May::Extend, May::Proceed, May::Refuse, May::LeaveOut] {
        assert!(!detail.may.contains(&act), "{name}: {act:?}");
    }
    let real = Request { synthetic: false, ..request };
    let real = RequestDetail::of(&real, &tasks, at, &rightful_contract::catalogue::FakeCatalogue);
    assert!(name == "closed" || real.may.contains(&May::Extend), "{name}: a real one would offer it");
}

#[tokio::test]
async fn it_can_be_called_off_and_is_forgotten_then() {
    let (world, crm, shop) = made().await;
    world.acts().cancel(request_id(1), &ann()).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.is_done()), (Some(RequestOutcome::Cancelled), true));
    assert_eq!((posts(&crm.journal()), posts(&shop.journal())), (0, 0));
}
