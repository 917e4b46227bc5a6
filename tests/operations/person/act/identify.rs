//! A data source lacks its identifier: a person gives it, or leaves the data source out.

use crate::stage::{access, bob, connect_club, crm, drive, holds_none, overlapping, reconciled, rule};
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::driver::posts;
use rightful_contract::vendor::{Call, FakeVendor, NO_SECRET, Reply};
use rightful_contract::world::{CANARY, World, ann, email, erasure, erasure_of, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::duty::owner::{Owner, of_task};
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::review::{ReviewError, Reviewing};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;

#[tokio::test]
async fn the_control_is_not_erased_by_an_identifier_that_somebody_gives() {
    let (world, crm, _) = lacking().await;
    let control = email("CONTROL@example.com");
    let refused = world.identify(&task_of(1, "crm"), &control).await.unwrap_err();
    assert!(
        matches!(&refused, ActError::Identifier(at, what) if *at == source("crm") && what.contains("control"))
    );
    assert!(crm.posts().is_empty() && given(&world) == 0);
}

/// The canary's number at the club, a second canary.
const NUMBER: &str = "7731904455";

fn number(value: &str) -> Identifier {
    Identifier::new(member(), value).unwrap()
}

fn club() -> TaskRef {
    task_of(1, "club")
}

/// `crm`, searched by e-mail, and `club`, searched by a number that the request doesn't have.
async fn demanded(policy: Policy, demand: &Demand) -> (World, FakeVendor, FakeVendor) {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    let (crm, club) = (world.connect("crm"), connect_club(&world));
    crm.holds(CANARY, ["crm-0".to_owned()]);
    club.holds(NUMBER, ["club-0".to_owned(), "club-1".to_owned()]);
    world.demand(1, demand).await.unwrap();
    (world, crm, club)
}

/// The same, searched: the club waits for its identifier, `crm` for its review.
async fn lacking() -> (World, FakeVendor, FakeVendor) {
    let made = demanded(Policy::Always, &erasure()).await;
    drive(&made.0).await;
    made
}

fn given(world: &World) -> usize {
    let facts = world.facts(request_id(1));
    facts.iter().filter(|fact| matches!(fact, Fact::IdentifierGiven { .. })).count()
}

#[tokio::test]
async fn an_erasure_that_no_person_looks_at_ends_there_with_its_identifier_missing() {
    let (world, crm_vendor, club_vendor) = demanded(Policy::Auto, &erasure()).await;
    drive(&world).await;
    let task = world.task(&club());
    assert_eq!(
        (task.outcome, task.reason.as_deref()),
        (Some(Outcome::MissingIdentifier), Some(Code::IdentifierMissing.as_str()))
    );
    let request = reconciled(&world, 1).await;
    assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled));
    assert_eq!((crm_vendor.left(), club_vendor.left(), club_vendor.journal()), (0, 2, vec![]));
}

#[tokio::test]
async fn where_a_person_decides_anyway_or_for_a_copy_they_are_waited_for() {
    for (policy, demand) in [
        (Policy::Over(100), erasure()),
        (Policy::Always, erasure()),
        (Policy::Auto, access()),
        (Policy::Always, access()),
        (Policy::Auto, Demand { dry_run: true, ..access() }),
    ] {
        let (world, _, club_vendor) = demanded(policy, &demand).await;
        drive(&world).await;
        let task = world.task(&club());
        assert!(task.lacks_identifier() && task.token.is_some(), "{policy} {demand:?}");
        let request = reconciled(&world, 5).await;
        assert_eq!((request.state, club_vendor.journal()), (RequestState::Open, vec![]));
        let held =
            of_task(&request, &world.task(&club()), world.now(), world.settings.grace_seconds).unwrap();
        assert_eq!((held.owner, held.by), (Owner::Person, request.due_at));
        world.clock.advance(3600);
        let run = world.reconcile().await.unwrap();
        let waits = u32::from(policy == Policy::Always);
        assert_eq!(
            (run.gauges.unwrap().missing_identifier, run.gauges.unwrap().awaiting_review),
            (1, waits),
            "{policy} {demand:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_identifier_is_never_proceeded_with() {
    let (world, _, club_vendor) = lacking().await;
    let mut reviewing = world.reviewing(request_id(1), Ruling::LeaveOut);
    reviewing.ruling = Ruling::Proceed;
    let refused = world.review(request_id(1), &reviewing, &bob()).await.unwrap_err();
    assert_eq!(refused, ReviewError::Not(WhyNot::MissingIdentifier(source("club"))));
    assert_eq!(refused.to_string(), "club lacks its identifier: give it one, or leave the data source out");
    assert!(world.task(&club()).lacks_identifier() && club_vendor.journal().is_empty());
}

#[tokio::test]
async fn a_data_source_that_is_left_out_ends_there_and_says_so() {
    let (world, _, club_vendor) = lacking().await;
    rule(&world, Ruling::LeaveOut).await;
    rule(&world, Ruling::Proceed).await;
    let request = reconciled(&world, 1).await;
    assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled));
    assert!(club_vendor.journal().is_empty());
    let file = world.receipts.file(request_id(1)).unwrap();
    let tasks = verify(&file, &[world.signer.public()]).unwrap().tasks;
    assert_eq!(
        (tasks[0].outcome, tasks[0].reason.as_deref()),
        (Outcome::MissingIdentifier, Some(Code::IdentifierMissing.as_str()))
    );
    assert_eq!((tasks[0].decided_by.as_deref(), &tasks[0].ground), (Some(bob().as_str()), &None));
}

#[tokio::test]
async fn what_lacks_its_identifier_may_be_refused_too() {
    let (world, _, _) = lacking().await;
    let mut reviewing = world.reviewing(request_id(1), Ruling::LeaveOut);
    reviewing.ruling = Ruling::Refuse(RefusalGround::UnfoundedOrExcessive);
    world.review(request_id(1), &reviewing, &bob()).await.unwrap();
    assert_eq!(world.task(&club()).outcome, Some(Outcome::Refused));
}

#[tokio::test]
async fn an_identifier_that_is_given_brings_the_data_source_on_and_the_person_decides_on_what_it_finds() {
    let (world, _, club_vendor) = lacking().await;
    let token = world.task(&club()).token.unwrap();
    let acted = world.identify(&club(), &number(NUMBER)).await.unwrap();
    assert_eq!((acted.attempt, acted.started), (Some(2), true));
    assert!(!world.workflow.waits(&token), "who waited before is let go");
    assert_eq!(world.workflow.started()[1].sources, [source("club")], "and the other one is left alone");
    let told = Fact::IdentifierGiven { source: source("club"), identifier: member(), by: ann() };
    assert!(world.facts(request_id(1)).contains(&told));
    drive(&world).await;
    let task = world.task(&club());
    assert_eq!((task.state, task.counts.found, task.run), (TaskState::AwaitingReview, 2, 1));
    assert_eq!((task.lacks_identifier(), task.inserted), (false, vec![member()]));
    rule(&world, Ruling::Proceed).await;
    let request = reconciled(&world, 1).await;
    assert_eq!((request.outcome, club_vendor.left()), (Some(RequestOutcome::Fulfilled), 0));
}

#[tokio::test]
async fn an_identifier_given_under_over_n_needs_no_review_of_few_records() {
    let (world, _, club_vendor) = demanded(Policy::Over(2), &erasure()).await;
    drive(&world).await;
    world.identify(&club(), &number(NUMBER)).await.unwrap();
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!(world.task(&club()).decision.unwrap().by, "policy:over:2");
    assert_eq!(club_vendor.left(), 0);
}

#[tokio::test]
async fn an_identifier_counts_at_its_own_data_source_alone() {
    let (world, crm_vendor, _) = lacking().await;
    crm_vendor.holds("other@example.com", ["other-0".to_owned()]);
    world.connect("shop").holds("other@example.com", ["shop-0".to_owned()]);
    world.demand(2, &erasure()).await.unwrap();
    drive(&world).await;
    // It replaces the request's own address, at `crm` only.
    world.identify(&task_of(2, "crm"), &email("other@example.com")).await.unwrap();
    world.acts().run_again(&task_of(2, "shop"), &ann()).await.unwrap();
    drive(&world).await;
    let page = world.records(&task_of(2, "crm"), 0, 10).await.unwrap();
    assert_eq!(page.records, [RecordId::new("other-0")], "not those of the address it is in place of");
    assert!(world.task(&task_of(2, "shop")).wants_confirmation(), "a person sees the zero first");
    let page = world.records(&crm(), 0, 10).await.unwrap();
    assert_eq!(page.records, [RecordId::new("crm-0")], "nor at another request");
}

#[tokio::test]
async fn another_identifier_of_its_kind_takes_the_place_of_the_first() {
    let (world, _, vendor) = lacking().await;
    vendor.holds("12345", ["foreign-0".to_owned()]);
    world.identify(&club(), &number("12345")).await.unwrap();
    drive(&world).await;
    assert_eq!(world.records(&club(), 0, 9).await.unwrap().records, [RecordId::new("foreign-0")]);
    let seen = world.reviewing(request_id(1), Ruling::Proceed);
    world.identify(&club(), &number(NUMBER)).await.unwrap();
    drive(&world).await;
    let refused = world.review(request_id(1), &seen, &bob()).await;
    assert_eq!(
        refused,
        Err(ReviewError::Changed(source("club"))),
        "what the wrong one found is never decided on"
    );
    let searches: Vec<Call> = vendor.journal();
    assert_eq!(searches, [Call::Search(1), Call::Search(1)], "by one number each");
    rule(&world, Ruling::Proceed).await;
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!(vendor.posts(), [[RecordId::new("club-0"), RecordId::new("club-1")]]);
    assert_eq!((vendor.left(), given(&world)), (1, 2));
}

#[tokio::test]
async fn a_wrong_identifier_finds_nothing_which_is_not_the_same_as_a_missing_one() {
    let (world, _, _) = lacking().await;
    world.identify(&club(), &number("999")).await.unwrap();
    drive(&world).await;
    let task = world.task(&club());
    assert!(task.wants_confirmation() && !task.wants_identifier(), "a person sees the zero first");
    // Another one is still accepted while the request is open.
    world.identify(&club(), &number(NUMBER)).await.unwrap();
    drive(&world).await;
    let task = world.task(&club());
    assert_eq!((task.state, task.counts.found, task.run), (TaskState::AwaitingReview, 2, 1));
}

#[tokio::test]
async fn what_the_data_source_is_not_searched_by_and_what_cannot_be_one_is_refused_without_being_repeated() {
    let (world, _, _) = lacking().await;
    let facts = world.facts(request_id(1));
    for (at, identifier, told) in [
        (club(), email(CANARY), "club: it is not searched by email; it takes: member"),
        (crm(), number(NUMBER), "crm: it is not searched by member; it takes: email"),
        (club(), number("77319044x5"), "club: it is a number, such as 12345"),
        (task_of(1, "none"), number(NUMBER), "the request doesn't go to the data source none"),
        (task_of(9, "club"), number(NUMBER), "there is no such request"),
    ] {
        let refused = world.identify(&at, &identifier).await.unwrap_err();
        assert_eq!(refused.to_string(), told);
        let text = format!("{refused:?} {refused}");
        for value in [CANARY, NUMBER, "77319044x5"] {
            assert_eq!(canary::found(&text, value), Vec::<String>::new());
        }
    }
    assert_eq!((world.facts(request_id(1)), world.request(request_id(1)).attempt), (facts, 1));
    for bad in ["", "a\u{7}b", &"9".repeat(321)] {
        let refused = Identifier::new(member(), bad).unwrap_err().to_string();
        assert!(bad.is_empty() || !refused.contains(bad), "{refused}");
    }
}

/// Everything settled but `crm`, which is in this state.
async fn with_crm(state: TaskState) -> (World, FakeVendor) {
    let (world, vendor, _) = demanded(Policy::Auto, &erasure()).await;
    world.search(&club()).await.unwrap();
    let at = crm();
    if state == TaskState::Planned {
        return (world, vendor);
    }
    if state == TaskState::AwaitingReview {
        world.tamper(&at, |task| task.policy = Policy::Always);
    }
    world.search(&at).await.unwrap();
    match state {
        TaskState::Submitting => {
            let waits = Reply::Says(Submitted::NotSent(Fault::Throttled(Some(60))));
            vendor.set(|state| state.submissions.push_back(waits));
        }
        TaskState::Unknown => vendor.set(|state| state.submissions.push_back(Reply::Lost)),
        _ => {}
    }
    if matches!(state, TaskState::Planned | TaskState::AwaitingReview | TaskState::Decided) {
        return (world, vendor);
    }
    vendor.set(|state| state.polls = 0);
    world.submit(&at).await.unwrap();
    if state == TaskState::Verifying {
        world.clock.advance(60);
        world.check_status(&at).await.unwrap();
    }
    (world, vendor)
}

#[tokio::test]
async fn it_is_taken_until_something_is_under_way_and_refused_from_then_on() {
    for state in [
        TaskState::Planned,
        TaskState::AwaitingReview,
        TaskState::Decided,
        TaskState::Submitting,
        TaskState::Submitted,
        TaskState::Verifying,
        TaskState::Unknown,
    ] {
        let (world, vendor) = with_crm(state).await;
        vendor.holds("new@example.com", ["new-0".to_owned()]);
        assert_eq!(world.task(&crm()).state, state);
        let before = world.task(&crm());
        let result = world.identify(&crm(), &email("new@example.com")).await;
        if matches!(state, TaskState::Planned | TaskState::AwaitingReview | TaskState::Decided) {
            result.unwrap();
            let task = world.task(&crm());
            assert_eq!((task.state, task.decision, task.run), (TaskState::Planned, None, 1), "{state:?}");
            world.search(&crm()).await.unwrap();
            assert_eq!(world.records(&crm(), 0, 9).await.unwrap().records, [RecordId::new("new-0")]);
        } else {
            assert_eq!(result, Err(ActError::Not(WhyNot::UnderWay(source("crm"), state))));
            assert_eq!((world.task(&crm()), given(&world)), (before, 0));
        }
    }
}

#[tokio::test]
async fn it_is_taken_for_whatever_has_ended_while_the_request_is_open_and_refused_once_it_is_closed() {
    for outcome in [Outcome::NothingFound, Outcome::Failed] {
        let (world, vendor, _) = demanded(Policy::Auto, &erasure()).await;
        vendor.set(|state| match outcome {
            Outcome::Failed => state.broken = Some(NO_SECRET),
            _ => state.people.clear(),
        });
        world.search(&crm()).await.unwrap();
        assert_eq!(world.task(&crm()).outcome, Some(outcome));
        vendor.set(|state| state.broken = None);
        vendor.holds("new@example.com", ["new-0".to_owned()]);
        world.identify(&crm(), &email("new@example.com")).await.unwrap();
        // The club ended without its identifier, and gets it too.
        world.search(&club()).await.unwrap();
        assert_eq!(world.task(&club()).outcome, Some(Outcome::MissingIdentifier));
        world.identify(&club(), &number(NUMBER)).await.unwrap();
        let request = reconciled(&world, 1).await;
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{outcome:?}");
        assert_eq!((world.task(&crm()).run, world.task(&club()).run), (2, 2));
        let closed = world.identify(&crm(), &email("late@example.com")).await;
        assert_eq!(closed, Err(ActError::Not(WhyNot::Closed)));
    }
}

#[tokio::test]
async fn invariant_1_what_is_given_is_nowhere_in_the_clear() {
    let (world, _, vendor) = lacking().await;
    vendor.holds(NUMBER, ["profile-canary-7731".to_owned()]);
    world.identify(&club(), &number(NUMBER)).await.unwrap();
    drive(&world).await;
    let values = [CANARY, NUMBER, "profile-canary-7731", "club-0"];
    holds_none(&world, &values);
    rule(&world, Ruling::Proceed).await;
    assert!(reconciled(&world, 1).await.is_done());
    holds_none(&world, &values);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_giving_it_leaves_it_given_once_or_not_at_all() {
    let mut stored = 0;
    for point in 0.. {
        let (world, _, vendor) = lacking().await;
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.identify(&club(), &number(NUMBER))).await;
        let taken = given(&world);
        assert!(taken <= 1, "crash at {point}");
        stored += taken;
        if taken == 0 {
            assert!(world.task(&club()).lacks_identifier());
            world.identify(&club(), &number(NUMBER)).await.unwrap();
        }
        reconciled(&world, 1).await;
        assert_eq!(world.task(&club()).counts.found, 2, "crash at {point}: nobody searched");
        rule(&world, Ruling::Proceed).await;
        assert!(reconciled(&world, 1).await.is_done(), "crash at {point}");
        assert_eq!(posts(&vendor.journal()), 1);
        if end.is_some() {
            assert!(stored >= 5, "{stored} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn two_identifiers_at_once_for_two_data_sources_are_both_kept() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, crm_vendor, _) = lacking().await;
            crm_vendor.holds("new@example.com", ["new-0".to_owned()]);
            let (at, crm_at, one, two) = (club(), crm(), number(NUMBER), email("new@example.com"));
            let first = world.identify(&at, &one);
            let second = world.identify(&crm_at, &two);
            let Some((first, second)) = overlapping(&world, first, second, (a, b)).await else { break };
            (last, ways) = (false, ways + 1);
            first.unwrap();
            second.unwrap();
            drive(&world).await;
            assert_eq!(world.records(&club(), 0, 9).await.unwrap().all, 2, "{a} {b}");
            assert_eq!(
                world.records(&crm(), 0, 9).await.unwrap().records,
                [RecordId::new("new-0")],
                "{a} {b}"
            );
        }
        if last {
            break;
        }
    }
    assert!(ways > 40, "{ways}");
}

#[tokio::test]
async fn invariant_2_a_search_by_the_old_identifier_that_comes_late_decides_nothing() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let (world, vendor, _) = demanded(Policy::Auto, &erasure()).await;
            vendor.holds("right@example.com", ["right-0".to_owned()]);
            let (at, right) = (crm(), email("right@example.com"));
            let search = world.search(&at);
            let given = world.identify(&at, &right);
            let Some((_, given)) = overlapping(&world, search, given, (a, b)).await else { break };
            (last, ways) = (false, ways + 1);
            given.unwrap();
            reconciled(&world, 1).await;
            assert_eq!(vendor.posts(), [[RecordId::new("right-0")]], "{a} {b}");
        }
        if last {
            break;
        }
    }
    assert!(ways > 40, "{ways}");
}

#[tokio::test]
async fn a_person_is_remembered_whose_inserted_identifier_found_nobody() {
    let world = World::new();
    world.connect("crm");
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    world.identify(&at, &email("mistyped@example.com")).await.unwrap();
    world.search(&at).await.unwrap();
    world.close(at.request_id).await.unwrap();
    let request = world.request(at.request_id);
    assert_eq!(request.outcome, Some(RequestOutcome::NothingFound));
    assert!(request.forgotten_at.is_none() && world.keys.holds(at.request_id), "it can be reopened");
    // Without a given identifier nothing is left to correct.
    world.demand(2, &erasure()).await.unwrap();
    world.search(&task_of(2, "crm")).await.unwrap();
    world.close(task_of(2, "crm").request_id).await.unwrap();
    assert!(world.request(task_of(2, "crm").request_id).forgotten_at.is_some());
}

#[tokio::test]
async fn a_wrong_identifier_stops_the_copy_until_another_one_is_given_or_it_is_left_out() {
    for leaves_out in [false, true] {
        let world = World::new();
        world.connect("crm").holds(CANARY, ["a".to_owned()]);
        let demand = Demand { right: Right::Access, ..erasure_of("nobody@example.com") };
        world.demand(1, &demand).await.unwrap();
        let at = task_of(1, "crm");
        world.identify(&at, &email("mistyped@example.com")).await.unwrap();
        let step = world.search(&at).await.unwrap();
        assert_eq!(step.next, Next::Review);
        assert!(world.task(&at).found_nothing_by_given() && !world.task(&at).lacks_identifier());
        let told = world.link(at.request_id).await.err().unwrap().to_string();
        assert!(told.contains("finds nothing at crm") && !told.contains("mistyped"), "{told}");
        let proceed =
            Reviewing { ruling: Ruling::Proceed, ..world.reviewing(at.request_id, Ruling::LeaveOut) };
        let refused = world.review(at.request_id, &proceed, &ann()).await.unwrap_err();
        assert_eq!(refused, ReviewError::Not(WhyNot::MissingIdentifier(at.source_id.clone())));
        if leaves_out {
            let leave = world.reviewing(at.request_id, Ruling::LeaveOut);
            world.review(at.request_id, &leave, &ann()).await.unwrap();
            assert_eq!(world.task(&at).outcome, Some(Outcome::NothingFound), "told apart from a missing one");
        } else {
            world.identify(&at, &email(CANARY)).await.unwrap();
            world.search(&at).await.unwrap();
            world.submit(&at).await.unwrap();
            assert_eq!(world.task(&at).outcome, Some(Outcome::Copied));
        }
    }
}
