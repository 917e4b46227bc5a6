//! Run again, reopened, called off, stated: what an operator may do to a request when, and what it leaves.

use crate::{
    batches_of, bob, connect_club, decided, drive, overlapping, reconciled, rule, submitted, verifying,
    world_with,
};
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::tickets::{CHANNEL, TicketCall};
use rightful_contract::vendor::{FakeVendor, NO_SECRET, Reply, plain};
use rightful_contract::world::{CANARY, World, ann, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::STATED_BY_A_PERSON;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::{Statement, verify};
use rightful_domain::duty::acts;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::{Arrival, Demand};
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{Claim, Submitted};

const DAY: u64 = 24 * 3600;

fn crm() -> TaskRef {
    task_of(1, "crm")
}

fn statement(world: &World, closing: u32) -> Statement {
    let file = world.receipts.file_of(request_id(1), closing).unwrap();
    verify(&file, &[world.signer.public()]).unwrap()
}

/// Acts of operators among the events: what, and by whom.
fn acts(world: &World) -> Vec<(&'static str, String)> {
    let of = |fact| match fact {
        Fact::RunsAgain { by, .. } => Some(("run", by)),
        Fact::CalledOff { by } => Some(("cancel", by)),
        Fact::Reopened { by, .. } => Some(("reopen", by)),
        Fact::Stated { by, .. } => Some(("state", by)),
        Fact::IdentifierGiven { by, .. } => Some(("identify", by)),
        Fact::Reviewed { by, .. } => Some(("review", by)),
        _ => None,
    };
    let facts = world.facts(request_id(1)).into_iter();
    facts.filter_map(of).map(|(what, by)| (what, by.as_str().to_owned())).collect()
}

/// Request 1, whose search failed, closed; the person is remembered.
async fn failed() -> (World, FakeVendor) {
    let (world, vendor, _) = world_with(3, batches_of(2)).await;
    vendor.set(|state| state.broken = Some(NO_SECRET));
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::Failed));
    vendor.set(|state| state.broken = None);
    (world, vendor)
}

/// A task whose POST was answered with nothing, which a person has by now.
async fn handed_over() -> (World, FakeVendor) {
    let capabilities = Capabilities { identifiers: Vec::new(), ..plain() };
    let (world, vendor, at) = decided(2).await;
    vendor.set(|state| {
        state.capabilities = capabilities;
        state.submissions.push_back(Reply::Says(Submitted::Unknown("timed_out")));
    });
    world.submit(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.handed_over_at.is_some()), (TaskState::Unknown, true));
    (world, vendor)
}

// ---- run again

#[tokio::test]
async fn a_data_source_runs_again_from_whatever_is_not_under_way() {
    let made: [(TaskState, World); 3] = [
        (TaskState::Planned, world_with(3, plain()).await.0),
        (TaskState::Decided, decided(3).await.0),
        (TaskState::AwaitingReview, {
            let (world, _, at) = world_with(3, plain()).await;
            world.tamper(&at, |task| task.policy = Policy::Always);
            world.find(&at).await.unwrap();
            world
        }),
    ];
    for (state, world) in made {
        assert_eq!(world.task(&crm()).state, state);
        let acted = world.again().run(&crm(), &bob()).await.unwrap();
        assert_eq!(acted, Acted { state: RequestState::Open, attempt: Some(2), started: true });
        let task = world.task(&crm());
        assert_eq!((task.state, task.run, task.counts.found), (TaskState::Planned, 1, 0), "{state:?}");
        assert_eq!((task.decision, task.review, task.token), (None, None, None));
        assert_eq!(acts(&world), [("run", bob().as_str().to_owned())]);
    }
}

#[tokio::test]
async fn what_is_under_way_or_unknown_or_closed_does_not_run_again() {
    let (not_sent, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(60)))));
    });
    not_sent.submit(&at).await.unwrap();
    for (state, world) in [
        (TaskState::Submitting, not_sent),
        (TaskState::Submitted, submitted(3).await.0),
        (TaskState::Verifying, verifying(3).await.0),
        (TaskState::Unknown, handed_over().await.0),
    ] {
        let before = (world.task(&crm()), world.facts(request_id(1)));
        let refused = world.again().run(&crm(), &bob()).await.unwrap_err();
        assert_eq!(refused, ActError::Not(WhyNot::UnderWay(source("crm"), state)));
        assert_eq!((world.task(&crm()), world.facts(request_id(1))), before, "{state:?}");
    }
    let (world, _) = failed().await;
    let again = world.again();
    assert_eq!(again.run(&crm(), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
    assert_eq!(again.run(&task_of(9, "crm"), &bob()).await, Err(ActError::NotFound));
    let (world, _, _) = decided(3).await;
    let unknown = world.again().run(&task_of(1, "none"), &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
}

/// Request 1 at `crm`, erased in two batches, held open by a club that lacks its identifier.
async fn erased_and_open() -> (World, FakeVendor) {
    let mut world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = batches_of(2));
    vendor.holds(CANARY, (0..3).map(crate::record_name));
    connect_club(&world);
    world.tamper_source("club", |source| source.review.erasure = Some(Policy::Always));
    world.policies.erasure = Policy::Auto;
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::VerifiedErased));
    (world, vendor)
}

#[tokio::test]
async fn a_second_run_has_batches_and_counts_of_its_own_and_the_receipt_lists_those_of_both() {
    let (world, vendor) = erased_and_open().await;
    let first = world.rules(&crm());
    vendor.holds(CANARY, ["late-0".to_owned()]);
    world.again().run(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.run, task.first_batch, task.outcome), (2, 2, Some(Outcome::VerifiedErased)));
    assert_eq!((task.counts.found, task.counts.submitted, task.counts.confirmed), (1, 1, 1));
    let rules = world.rules(&crm());
    assert_eq!(
        (&rules[..2], rules[2].batch, rules[2].records),
        (&first[..], 2, 1),
        "those of the first run stay"
    );
    let fences: Vec<u64> = rules.iter().map(|rule| rule.fence).collect();
    assert_eq!(fences, [1, 2, 3], "no intent has another one's fence");
    rule(&world, Ruling::LeaveOut).await;
    reconciled(&world, 1).await;
    let statement = statement(&world, 0);
    let told = &statement.tasks[1];
    let batches: Vec<(u32, u32)> = told.batches.iter().map(|one| (one.batch, one.records)).collect();
    assert_eq!((told.run, batches), (2, vec![(0, 2), (1, 1), (2, 1)]));
    assert_eq!(vendor.posts().concat().len(), 4, "no record was named twice");
}

#[tokio::test]
async fn a_second_run_of_an_erased_person_finds_nothing_and_what_was_submitted_is_still_told() {
    let (world, _) = erased_and_open().await;
    world.again().run(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    let cancelled = world.again().cancel(request_id(1), &bob()).await;
    assert_eq!(cancelled, Err(ActError::Not(WhyNot::Submitted(source("crm")))), "the first run did submit");
    rule(&world, Ruling::LeaveOut).await;
    reconciled(&world, 1).await;
    assert_eq!(statement(&world, 0).tasks[1].batches.len(), 2);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_running_again_leaves_one_run_more_or_none() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor) = erased_and_open().await;
        vendor.holds(CANARY, ["late-0".to_owned()]);
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.again().run(&crm(), &by).await }).await;
        let run = world.task(&crm()).run;
        stored += run - 1;
        reconciled(&world, 1).await;
        let task = world.task(&crm());
        assert_eq!((task.outcome, task.run), (Some(Outcome::VerifiedErased), run), "crash at {point}");
        assert_eq!(
            vendor.left(),
            usize::from(run == 1),
            "crash at {point}: it runs without its execution too"
        );
        if end.is_some() {
            assert!(point >= 7 && stored >= 3, "{stored} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn a_run_whose_execution_cannot_be_started_says_so_and_is_begun_by_the_reconciliation() {
    let (world, vendor) = erased_and_open().await;
    vendor.holds(CANARY, ["late-0".to_owned()]);
    world.workflow.fail_next(1);
    let acted = world.again().run(&crm(), &bob()).await.unwrap();
    assert!(!acted.started && world.workflow.take().is_none());
    reconciled(&world, 1).await;
    assert_eq!((world.task(&crm()).run, vendor.left()), (2, 0));
}

// ---- reopen

#[tokio::test]
async fn a_closed_request_is_opened_again_and_each_closing_has_its_receipt() {
    let (world, vendor) = failed().await;
    let due = world.request(request_id(1)).due_at;
    let first = world.receipts.file(request_id(1)).unwrap();
    world.clock.advance(10 * DAY);
    assert!(acts::reopen(&world.request(request_id(1)), world.now()).is_ok());
    let acted = world.again().reopen(request_id(1), &[], &bob()).await.unwrap();
    assert_eq!(acted, Acted { state: RequestState::Open, attempt: Some(2), started: true });
    let request = world.request(request_id(1));
    assert_eq!((request.due_at, request.reopened, request.outcome), (due, 1, None), "its legal date stays");
    assert_eq!((request.closed_at, request.receipt_sha256, request.forget_at), (None, None, None));
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, vendor.left()), (Some(RequestOutcome::Fulfilled), 0));
    assert!(request.is_done(), "and forgotten now");
    assert_eq!(world.receipts.file(request_id(1)).unwrap(), first, "the first one stands");
    let (one, two) = (statement(&world, 0), statement(&world, 1));
    assert_eq!((one.reopened, one.outcome, one.tasks[0].run), (0, RequestOutcome::Failed, 1));
    assert_eq!((two.reopened, two.outcome, two.tasks[0].run), (1, RequestOutcome::Fulfilled, 2));
    assert!(two.events > one.events && two.events_head != one.events_head);
    let told = Fact::Reopened { by: bob(), sources: vec![source("crm")] };
    assert!(world.facts(request_id(1)).contains(&told));
}

#[tokio::test]
async fn a_request_is_reopened_more_than_once() {
    let (world, vendor) = failed().await;
    for closing in 1..=3 {
        vendor.set(|state| state.broken = (closing < 3).then_some(NO_SECRET));
        world.clock.advance(DAY);
        world.again().reopen(request_id(1), &[source("crm")], &bob()).await.unwrap();
        assert_eq!(reconciled(&world, 1).await.state, RequestState::Closed);
        assert_eq!(statement(&world, closing).tasks[0].run, closing + 1);
    }
    assert_eq!(vendor.left(), 0);
    assert!(world.receipts.file_of(request_id(1), 4).is_none());
}

#[tokio::test]
async fn only_what_was_not_acted_on_runs_again_unless_it_is_named() {
    let world = World::new();
    let (crm_vendor, shop_vendor) = (world.connect("crm"), world.connect("shop"));
    for vendor in [&crm_vendor, &shop_vendor] {
        vendor.holds(CANARY, ["a".to_owned()]);
    }
    shop_vendor.set(|state| state.broken = Some(NO_SECRET));
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.request(request_id(1)).outcome, Some(RequestOutcome::PartlyFulfilled));
    shop_vendor.set(|state| state.broken = None);
    let again = world.again();
    let unknown = again.reopen(request_id(1), &[source("crm"), source("none")], &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
    again.reopen(request_id(1), &[], &bob()).await.unwrap();
    assert_eq!(world.workflow.started()[1].sources, [source("shop")]);
    let cancelled = again.cancel(request_id(1), &bob()).await;
    assert_eq!(
        cancelled,
        Err(ActError::Not(WhyNot::Submitted(source("crm")))),
        "by the first time it was open"
    );
    drive(&world).await;
    let (one, two) = (world.task(&crm()), world.task(&task_of(1, "shop")));
    assert_eq!((one.run, two.run, two.outcome), (1, 2, Some(Outcome::VerifiedErased)));
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, posts(&crm_vendor.journal())), (Some(RequestOutcome::Fulfilled), 1));
}

#[tokio::test]
async fn what_is_open_unsigned_or_forgotten_is_not_opened_again() {
    let (world, _, _) = verifying(2).await;
    let again = world.again();
    assert_eq!(again.reopen(request_id(1), &[], &bob()).await, Err(ActError::Not(WhyNot::Open)));
    assert_eq!(again.reopen(request_id(9), &[], &bob()).await, Err(ActError::NotFound));
    drive(&world).await;
    assert!(reconciled(&world, 1).await.is_done());
    let refused = again.reopen(request_id(1), &[source("crm")], &bob()).await.unwrap_err();
    assert_eq!(refused, ActError::Not(WhyNot::Forgotten));
    assert!(refused.to_string().contains("make a new request"));
    let (world, _) = failed().await;
    world.clock.advance(u64::from(world.forget_after_days) * DAY);
    assert_eq!(
        world.again().reopen(request_id(1), &[], &bob()).await,
        Err(ActError::Not(WhyNot::Forgotten)),
        "its time is over"
    );
    assert!(acts::reopen(&world.request(request_id(1)), world.now()).is_err());
    assert!(reconciled(&world, 1).await.forgotten_at.is_some());
    assert_eq!(world.again().reopen(request_id(1), &[], &bob()).await, Err(ActError::Not(WhyNot::Forgotten)));
    let (world, _) = failed().await;
    world.tamper_request(request_id(1), |request| request.receipt_sha256 = None);
    let early = world.again().reopen(request_id(1), &[], &bob()).await.unwrap_err();
    assert_eq!(early, ActError::Not(WhyNot::ReceiptNotKept));
}

#[tokio::test]
async fn nothing_is_reopened_where_everything_was_acted_on() {
    let mut world = World::new();
    world.policies.access = Policy::Auto;
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &crate::access()).await.unwrap();
    drive(&world).await;
    assert_eq!(world.again().reopen(request_id(1), &[], &bob()).await, Err(ActError::NothingToDo));
    world.again().reopen(request_id(1), &[source("crm")], &bob()).await.unwrap();
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!((request.outcome, request.reopened), (Some(RequestOutcome::Fulfilled), 1));
    assert!(request.copy.is_some() && world.link(request_id(1)).await.is_ok());
}

#[tokio::test]
async fn a_reopening_that_comes_while_the_person_is_forgotten_never_leaves_an_open_request_without_them() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, _) = failed().await;
            let forget_at = world.request(request_id(1)).forget_at.unwrap();
            world.clock.advance_to(forget_at);
            let (again, by) = (world.again(), bob());
            let reopen = again.reopen(request_id(1), &[], &by);
            let Some((reopened, _)) = overlapping(&world, reopen, world.close(request_id(1)), (a, b)).await
            else {
                break;
            };
            (last, ways) = (false, ways + 1);
            assert!(reopened.is_err(), "{a} {b}");
            let request = world.request(request_id(1));
            assert_eq!(
                (request.state, world.keys.holds(request_id(1))),
                (RequestState::Closed, false),
                "{a} {b}"
            );
        }
        if last {
            break;
        }
    }
    assert!(ways > 0);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_reopening_leaves_it_reopened_once_or_not_at_all() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor) = failed().await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.again().reopen(request_id(1), &[], &by).await }).await;
        let reopened = world.request(request_id(1)).reopened;
        assert!(reopened <= 1);
        stored += reopened;
        Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
        let request = world.request(request_id(1));
        assert_eq!(request.state, RequestState::Closed, "crash at {point}");
        assert_eq!(vendor.left(), if reopened == 1 { 0 } else { 3 }, "crash at {point}");
        statement(&world, reopened);
        if end.is_some() {
            assert!(point >= 7 && stored >= 3, "{stored} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn a_ticket_is_answered_again_with_a_marker_of_its_own() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned()]);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    let reference = Some(Reference::parse("ZD-35436").unwrap());
    let arrival = Arrival::Delivery { channel: CHANNEL, key: b"1", body: b"{}" };
    world.accept(1, &Demand { reference, ..erasure() }, arrival).await.unwrap();
    drive(&world).await;
    vendor.set(|state| state.broken = None);
    world.again().reopen(request_id(1), &[], &bob()).await.unwrap();
    drive(&world).await;
    let ticket = world.tickets.ticket("ZD-35436");
    assert_eq!((ticket.comments.len(), ticket.solved), (2, true));
    assert!(ticket.comments[0].contains("failed") && ticket.comments[1].contains("verified_erased"));
    let markers: Vec<String> = world
        .tickets
        .journal()
        .into_iter()
        .filter_map(|call| match call {
            TicketCall::Answer { answer, .. } => Some(answer.marker),
            TicketCall::Look { .. } => None,
        })
        .collect();
    assert_eq!(markers.len(), 2);
    assert_ne!(markers[0], markers[1]);
    // Whoever looks for one of them doesn't take the other one for it.
    assert!(
        !ticket.comments[0].contains(&markers[1])
            && !ticket.comments[1].lines().any(|line| line == markers[0])
    );
}

// ---- cancel

#[tokio::test]
async fn a_request_is_called_off_as_long_as_nothing_was_submitted() {
    let (not_sent, vendor, at) = decided(3).await;
    vendor.set(|state| {
        state.submissions.push_back(Reply::Says(Submitted::NotSent(Fault::Throttled(Some(60)))));
    });
    not_sent.submit(&at).await.unwrap();
    let awaiting = world_with(3, plain()).await.0;
    awaiting.tamper(&crm(), |task| task.policy = Policy::Always);
    awaiting.find(&crm()).await.unwrap();
    let token = awaiting.workflow.park(1, &crm());
    awaiting.park(&crm(), &token).await.unwrap();
    for (world, state) in [
        (world_with(3, plain()).await.0, TaskState::Planned),
        (awaiting, TaskState::AwaitingReview),
        (decided(3).await.0, TaskState::Decided),
        (not_sent, TaskState::Submitting),
    ] {
        assert_eq!(world.task(&crm()).state, state);
        world.again().cancel(request_id(1), &bob()).await.unwrap();
        let task = world.task(&crm());
        assert_eq!(
            (task.outcome, task.lease, task.token),
            (Some(Outcome::Cancelled), None, None),
            "{state:?}"
        );
        assert!(!world.workflow.waits(&token));
        let request = reconciled(&world, 1).await;
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(RequestOutcome::Cancelled)));
        assert_eq!(world.vendors.vendor(&source("crm")).left(), 3);
        assert_eq!(statement(&world, 0).outcome, RequestOutcome::Cancelled);
        assert_eq!(acts(&world), [("cancel", bob().as_str().to_owned())]);
        assert_eq!(world.again().cancel(request_id(1), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
        // It may be thought better of.
        world.again().reopen(request_id(1), &[], &bob()).await.unwrap();
        assert_eq!(world.task(&crm()).state, TaskState::Planned);
    }
}

#[tokio::test]
async fn what_was_submitted_or_may_have_been_is_not_called_off() {
    for world in
        [submitted(3).await.0, verifying(3).await.0, handed_over().await.0, erased_and_open().await.0]
    {
        let before = (world.tasks(request_id(1)), world.facts(request_id(1)));
        let refused = world.again().cancel(request_id(1), &bob()).await.unwrap_err();
        assert_eq!(refused, ActError::Not(WhyNot::Submitted(source("crm"))));
        assert_eq!((world.tasks(request_id(1)), world.facts(request_id(1))), before, "all or nothing");
    }
    assert_eq!(World::new().again().cancel(request_id(1), &bob()).await, Err(ActError::NotFound));
}

#[tokio::test]
async fn what_has_its_outcome_keeps_it_when_the_rest_is_called_off() {
    let world = World::new();
    world.connect("crm");
    world.connect("shop").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    world.find(&crm()).await.unwrap();
    world.again().cancel(request_id(1), &bob()).await.unwrap();
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Cancelled));
}

#[tokio::test]
async fn where_everything_has_ended_there_is_nothing_to_call_off() {
    let (world, _, at) = world_with(0, plain()).await;
    world.find(&at).await.unwrap();
    let facts = world.facts(request_id(1));
    assert_eq!(world.again().cancel(request_id(1), &bob()).await, Err(ActError::Not(WhyNot::Closed)));
    assert_eq!(world.facts(request_id(1)), facts, "and nobody is told that it was");
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::NothingFound));
}

#[tokio::test]
async fn invariant_2_either_nothing_is_posted_or_the_cancelling_is_refused_in_whatever_order() {
    let (mut ways, mut cancelled) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor, at) = decided(3).await;
            let (again, by) = (world.again(), bob());
            let cancel = again.cancel(request_id(1), &by);
            let Some((_, ended)) = overlapping(&world, world.submit(&at), cancel, (a, b)).await else {
                break;
            };
            (last, ways) = (false, ways + 1);
            let posted = posts(&vendor.journal());
            match ended {
                Ok(_) => {
                    cancelled += 1;
                    assert_eq!((posted, vendor.left()), (0, 3), "{a} {b}");
                    assert_eq!(world.task(&at).outcome, Some(Outcome::Cancelled));
                }
                Err(error) => {
                    assert_eq!(error, ActError::Not(WhyNot::Submitted(source("crm"))), "{a} {b}");
                    assert_eq!(posted, 1, "{a} {b}");
                }
            }
            let request = reconciled(&world, 2).await;
            assert_eq!(request.state, RequestState::Closed, "{a} {b}");
            assert_eq!(posts(&vendor.journal()), posted, "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 100 && cancelled > 30 && cancelled < ways, "{cancelled} of {ways}");
}

#[tokio::test]
async fn invariant_2_what_was_called_off_stays_so_whoever_gives_an_identifier_at_the_same_time() {
    let world = World::new();
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    world.connect("shop");
    world.demand(1, &erasure()).await.unwrap();
    world.find(&task_of(1, "shop")).await.unwrap();
    world.again().cancel(request_id(1), &bob()).await.unwrap();
    for at in [crm(), task_of(1, "shop")] {
        assert_eq!(world.again().run(&at, &ann()).await, Err(ActError::Not(WhyNot::Closed)), "{at:?}");
        assert_eq!(world.identify(&at, &email(CANARY)).await, Err(ActError::Not(WhyNot::Closed)), "{at:?}");
    }
    let (mut ways, mut both) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor, at) = decided(3).await;
            let (again, by, canary) = (world.again(), bob(), email(CANARY));
            let cancel = again.cancel(request_id(1), &by);
            let Some((cancelled, given)) =
                overlapping(&world, cancel, world.identify(&at, &canary), (a, b)).await
            else {
                break;
            };
            (last, ways) = (false, ways + 1);
            cancelled.unwrap();
            both += u32::from(given.is_ok());
            let request = reconciled(&world, 1).await;
            assert_eq!(request.outcome, Some(RequestOutcome::Cancelled), "{a} {b}");
            assert_eq!((posts(&vendor.journal()), vendor.left()), (0, 3), "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 40 && both > 0 && both < ways, "{both} of {ways}");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_cancelling_ends_in_a_closed_request_all_the_same() {
    let mut stored = 0;
    for point in 0.. {
        let (world, vendor, _) = decided(3).await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(async { world.again().cancel(request_id(1), &by).await }).await;
        let cancelled = world.task(&crm()).outcome == Some(Outcome::Cancelled);
        stored += u32::from(cancelled);
        let request = reconciled(&world, 2).await;
        let outcome = if cancelled { RequestOutcome::Cancelled } else { RequestOutcome::Fulfilled };
        assert_eq!(
            (request.state, request.outcome),
            (RequestState::Closed, Some(outcome)),
            "crash at {point}"
        );
        assert_eq!(vendor.left(), if cancelled { 3 } else { 0 });
        if end.is_some() {
            assert!(stored >= 3, "{stored} of {point}");
            return;
        }
    }
}

// ---- state

#[tokio::test]
async fn a_person_states_what_no_machine_can_tell_and_it_is_told_as_theirs() {
    for erased in [true, false] {
        let (world, vendor) = handed_over().await;
        let reason = format!("their desk says {CANARY} is gone");
        world.again().state(&crm(), erased, &reason, &bob()).await.unwrap();
        let task = world.task(&crm());
        let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
        assert_eq!((task.outcome, task.reason.as_deref()), (Some(outcome), Some(STATED_BY_A_PERSON)));
        assert_eq!((task.claim, task.verified_at, task.lease), (Some(Claim::NotStated), None, None));
        assert_eq!(acts(&world), [("state", bob().as_str().to_owned())]);
        let request = reconciled(&world, 1).await;
        let whole = if erased { RequestOutcome::Fulfilled } else { RequestOutcome::Failed };
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(whole)));
        let told = &statement(&world, 0).tasks[0];
        assert_eq!((told.outcome, told.batches[0].state), (outcome, RuleState::Unknown));
        assert_eq!((told.ground, posts(&vendor.journal())), (None, 1));
        crate::holds_none(&world, &[CANARY, "their desk says"]);
    }
}

#[tokio::test]
async fn only_what_was_handed_over_is_stated_and_with_a_reason() {
    let (waiting, vendor, at) = decided(2).await;
    vendor.set(|state| state.submissions.push_back(Reply::Lost));
    waiting.submit(&at).await.unwrap();
    for (world, state) in [
        (world_with(1, plain()).await.0, TaskState::Planned),
        (decided(1).await.0, TaskState::Decided),
        (submitted(1).await.0, TaskState::Submitted),
        (verifying(1).await.0, TaskState::Verifying),
        (waiting, TaskState::Unknown),
    ] {
        let refused = world.again().state(&crm(), true, "seen", &bob()).await;
        assert_eq!(refused, Err(ActError::Not(WhyNot::NotHandedOver(source("crm"), state))), "{state:?}");
    }
    let (world, _) = handed_over().await;
    let again = world.again();
    for bad in ["", "  \n", &"x".repeat(1001)] {
        assert_eq!(again.state(&crm(), true, bad, &bob()).await, Err(ActError::Reason));
    }
    let unknown = again.state(&task_of(1, "none"), true, "seen", &bob()).await;
    assert_eq!(unknown, Err(ActError::UnknownSource(source("none"))));
    again.state(&crm(), true, "seen", &bob()).await.unwrap();
    let twice = again.state(&crm(), false, "not seen", &bob()).await;
    assert_eq!(twice, Err(ActError::Not(WhyNot::NotHandedOver(source("crm"), TaskState::Settled))));
    reconciled(&world, 1).await;
    assert_eq!(again.state(&crm(), true, "seen", &bob()).await, Err(ActError::Not(WhyNot::Closed)));
}

#[tokio::test]
async fn what_cannot_be_searched_is_stated_too_and_the_request_closes_at_once() {
    for erased in [true, false] {
        let (world, vendor, at) = world_with(2, plain()).await;
        vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable("vendor_unreachable"))));
        world.find(&at).await.unwrap_err();
        while world.workflow.take().is_some() {}
        world.again().state(&at, erased, "they wrote that it is gone", &bob()).await.unwrap();
        let task = world.task(&at);
        let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
        assert_eq!((task.outcome, task.reason.as_deref()), (Some(outcome), Some(STATED_BY_A_PERSON)));
        assert_eq!(acts(&world), [("state", bob().as_str().to_owned())]);
        drive(&world).await;
        let whole = if erased { RequestOutcome::Fulfilled } else { RequestOutcome::Failed };
        let request = world.request(request_id(1));
        assert_eq!((request.state, request.outcome), (RequestState::Closed, Some(whole)));
        let told = &statement(&world, 0).tasks[0];
        assert_eq!((told.outcome, told.reason.as_deref()), (outcome, Some(STATED_BY_A_PERSON)));
        assert_eq!((posts(&vendor.journal()), vendor.left(), told.batches.len()), (0, 2, 0));
    }
}

#[tokio::test]
async fn nothing_is_stated_as_erased_for_a_request_for_access() {
    let world = World::new();
    let vendor = world.connect("crm");
    world.demand(1, &crate::access()).await.unwrap();
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable("vendor_unreachable"))));
    world.find(&crm()).await.unwrap_err();
    let facts = world.facts(request_id(1));
    let refused = world.again().state(&crm(), true, "seen", &bob()).await.unwrap_err();
    assert_eq!(refused, ActError::NotErasure(source("crm")));
    assert!(refused.to_string().contains("state that crm failed, or leave it out"), "{refused}");
    assert_eq!(world.facts(request_id(1)), facts);
    world.again().state(&crm(), false, "they closed", &bob()).await.unwrap();
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::Failed));
}

#[tokio::test]
async fn what_was_stated_as_not_erased_runs_again_after_a_look_with_an_intent_of_its_own() {
    let (world, vendor) = handed_over().await;
    connect_club(&world);
    world.again().state(&crm(), false, "they have no such rule", &bob()).await.unwrap();
    drive(&world).await;
    reconciled(&world, 1).await;
    vendor.set(|state| state.capabilities = plain());
    world.again().reopen(request_id(1), &[], &ann()).await.unwrap();
    drive(&world).await;
    let request = reconciled(&world, 1).await;
    assert_eq!((request.outcome, vendor.left()), (Some(RequestOutcome::Fulfilled), 0));
    assert_eq!(posts(&vendor.journal()), 2);
    let batches = &statement(&world, 1).tasks[0].batches;
    let states: Vec<RuleState> = batches.iter().map(|one| one.state).collect();
    assert_eq!(states, [RuleState::Unknown, RuleState::Finished]);
}

// ---- all of them

#[tokio::test]
async fn each_act_is_an_event_under_the_operators_name() {
    let (world, _) = erased_and_open().await;
    let by = bob().as_str().to_owned();
    world.identify(&task_of(1, "club"), &Identifier::new(member(), "12345").unwrap()).await.unwrap();
    world.again().run(&crm(), &bob()).await.unwrap();
    drive(&world).await;
    while world.tasks(request_id(1)).iter().any(|task| task.state == TaskState::AwaitingReview) {
        rule(&world, Ruling::Proceed).await;
        reconciled(&world, 1).await;
    }
    let request = reconciled(&world, 1).await;
    assert_eq!(request.state, RequestState::Closed);
    let told = acts(&world);
    assert_eq!(told[..2], [("identify", ann().as_str().to_owned()), ("run", by.clone())]);
    assert!(told[2..].iter().all(|act| *act == ("review", by.clone())), "a person confirms each zero");
}

#[tokio::test]
async fn invariant_1_no_error_of_an_act_repeats_a_person() {
    let (world, _) = erased_and_open().await;
    let errors = [
        world.again().run(&task_of(1, "none"), &bob()).await.unwrap_err(),
        world.again().cancel(request_id(1), &bob()).await.unwrap_err(),
        world.again().state(&crm(), true, CANARY, &bob()).await.unwrap_err(),
        world.again().reopen(request_id(1), &[], &bob()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(canary::found(&format!("{error:?} {error}"), CANARY), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_refused_request_that_is_reopened_is_decided_on_anew() {
    let (world, vendor, at) = world_with(2, plain()).await;
    world.tamper(&at, |task| task.policy = Policy::Always);
    drive(&world).await;
    rule(&world, Ruling::Refuse(RefusalGround::LegalClaims)).await;
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Refused));
    world.again().reopen(request_id(1), &[], &bob()).await.unwrap();
    drive(&world).await;
    let task = world.task(&at);
    assert_eq!((task.state, task.review, posts(&vendor.journal())), (TaskState::AwaitingReview, None, 0));
    rule(&world, Ruling::Proceed).await;
    assert_eq!(reconciled(&world, 1).await.outcome, Some(RequestOutcome::Fulfilled));
    let told = &statement(&world, 1).tasks[0];
    assert_eq!((told.ground, told.outcome, vendor.left()), (None, Outcome::VerifiedErased, 0));
    assert_eq!(vendor.posts(), [[RecordId::new("record-0000"), RecordId::new("record-0001")]]);
}
