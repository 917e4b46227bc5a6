//! The search before the decision.

use crate::stage::world_with;
use rightful_contract::canary;
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{NO_SECRET, plain};
use rightful_contract::world::{CANARY, World, email, erasure, request_id, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::kind::Kind;
use rightful_domain::chain::fact::Fact;
use rightful_domain::law::right::Right;
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::{RecordId, SetAside};

fn ended(task: &Task) -> (Option<Outcome>, Option<&str>) {
    assert_eq!(task.state, TaskState::Settled);
    assert!(task.next_due.is_some(), "it stays in the due index until its request is closed");
    (task.outcome, task.reason.as_deref())
}

#[tokio::test]
async fn invariant_2_what_is_found_is_decided_on_by_a_policy_that_names_itself() {
    let (world, _, at) = world_with(3, plain()).await;
    let step = world.search(&at).await.unwrap();
    assert_eq!((step.next, step.records), (Next::Fulfil, 3));
    let task = world.task(&at);
    assert_eq!((task.state, task.counts.found), (TaskState::Decided, 3));
    let decision = task.decision.unwrap();
    assert_eq!((decision.by.as_str(), decision.at), ("policy:auto", world.now()));
    let facts = world.facts(request_id(1));
    assert!(matches!(&facts[2], Fact::Found { records: 3, .. }));
    let Fact::Decided { by, records: 3, digest, .. } = &facts[3] else { panic!("{facts:?}") };
    assert_eq!((by.as_str(), digest), ("policy:auto", &decision.records));
}

#[tokio::test]
async fn invariant_1_neither_person_nor_record_ids_are_in_the_store_or_the_workflow() {
    let (world, vendor, at) = world_with(0, plain()).await;
    vendor.holds(CANARY, ["profile-canary-7731".to_owned()]);
    world.search(&at).await.unwrap();
    assert_eq!(world.task(&at).counts.found, 1);
    for value in [CANARY, "profile-canary-7731"] {
        assert_eq!(canary::found(&world.store.dump(), value), Vec::<String>::new());
        assert_eq!(canary::found(&world.workflow.payloads(), value), Vec::<String>::new());
    }
}

#[tokio::test]
async fn nothing_found_is_an_outcome() {
    let (world, _, at) = world_with(0, plain()).await;
    assert_eq!(world.search(&at).await.unwrap().next, Next::None);
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::NothingFound), None));
}

#[tokio::test]
async fn a_data_source_that_needs_another_identifier_says_so() {
    let phone = IdentifierKind::parse("phone").unwrap();
    let (world, vendor, at) = world_with(1, Capabilities { identifiers: vec![phone], ..plain() }).await;
    world.search(&at).await.unwrap();
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::MissingIdentifier), Some("identifier_missing")));
    assert!(vendor.journal().is_empty(), "nobody was searched for");
}

#[tokio::test]
async fn what_cannot_be_searched_fails_with_its_reason() {
    for fault in [Fault::TooManyRecords, Fault::AnswerTooLarge] {
        let (world, vendor, at) = world_with(1, plain()).await;
        vendor.set(|state| state.searches.push_back(Err(fault.clone())));
        world.search(&at).await.unwrap();
        assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some(fault.code().as_str())));
    }
}

#[tokio::test]
async fn a_refusal_is_a_vendors_word_only_after_some_tries_over_some_minutes() {
    for (fault, reason) in [
        (Fault::Unauthorized, "credentials_rejected"),
        (Fault::Refused(Code::VendorNotFound), "vendor_not_found"),
    ] {
        // A gateway refuses for two minutes.
        let (world, vendor, at) = world_with(1, plain()).await;
        vendor.set(|state| state.searches.extend(vec![Err(fault.clone()); 2]));
        let began = world.now();
        while world.task(&at).state == TaskState::Planned {
            let calls = vendor.journal().len();
            if world.search(&at).await.unwrap().next == Next::Search {
                assert_eq!(world.search(&at).await.unwrap().next, Next::Search);
                assert!(vendor.journal().len() <= calls + 1, "no try before its time");
                world.clock.advance(10);
            }
        }
        assert_eq!(world.task(&at).state, TaskState::Decided);
        // The vendor itself refuses.
        let (world, vendor, at) = world_with(1, plain()).await;
        vendor.set(|state| state.searches.extend(vec![Err(fault.clone()); 9]));
        while world.task(&at).state == TaskState::Planned {
            let _ = world.search(&at).await;
            world.clock.advance(10);
        }
        assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some(reason)));
        assert_eq!(vendor.journal().len(), 5);
        assert!(began.seconds_until(world.now()) >= 240, "minutes, not seconds");
    }
}

#[tokio::test]
async fn refusals_between_other_faults_end_a_search_too() {
    let (world, vendor, at) = world_with(1, Capabilities { search_tries: 12, ..plain() }).await;
    vendor.set(|state| {
        for _ in 0..20 {
            state.searches.push_back(Err(Fault::Unauthorized));
            state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable)));
        }
    });
    for _ in 0..24 {
        let _ = world.search(&at).await;
        world.clock.advance(6 * 3600);
        if world.task(&at).state != TaskState::Planned {
            break;
        }
    }
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some("credentials_rejected")));
    assert_eq!(vendor.journal().len(), 9, "five refusals, and what came between them");
}

#[tokio::test]
async fn a_record_set_aside_by_two_identifiers_counts_once() {
    let (world, vendor, at) = world_with(0, plain()).await;
    let mut demand = erasure();
    demand.identifiers.push(email("second@example.com"));
    world.demand(2, &demand).await.unwrap();
    drop(at);
    let aside = |doubtful| SetAside { id: Some(RecordId::new("7")), doubtful };
    vendor.set(|state| state.set_aside = vec![aside(true), aside(false)]);
    world.search(&task_of(2, "crm")).await.unwrap();
    let asked = world.task(&task_of(2, "crm")).asked;
    assert_eq!((asked.set_aside, asked.doubtful), (1, 1));
}

#[tokio::test]
async fn a_right_that_the_vendor_does_not_know_fails() {
    let world = World::new();
    world.connect("crm").set(|state| state.capabilities.rights = vec![Right::Erasure]);
    world.demand(1, &Demand { right: Right::Access, ..erasure() }).await.unwrap();
    world.search(&task_of(1, "crm")).await.unwrap();
    assert_eq!(ended(&world.task(&task_of(1, "crm"))), (Some(Outcome::Failed), Some("right_not_supported")));
}

#[tokio::test]
async fn a_missing_secret_fails_and_a_slow_secret_service_does_not() {
    let (world, vendor, at) = world_with(1, plain()).await;
    vendor.set(|state| state.broken = Some(Failure::of(Code::SecretsUnavailable)));
    assert_eq!(world.search(&at).await.unwrap_err().kind, Kind::Transient);
    assert_eq!(world.task(&at).state, TaskState::Planned);
    vendor.set(|state| state.broken = Some(NO_SECRET));
    world.search(&at).await.unwrap();
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some("secret_missing")));
}

#[tokio::test]
async fn an_unreachable_vendor_is_asked_again_so_many_times() {
    let (world, vendor, at) = world_with(1, Capabilities { search_tries: 3, ..plain() }).await;
    let mut due = world.now();
    for tries in 1..3 {
        vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
        let failure = world.search(&at).await.unwrap_err();
        assert_eq!((failure.kind, failure.code), (Kind::Transient, Code::VendorUnreachable));
        let task = world.task(&at);
        assert_eq!((task.state, task.tries), (TaskState::Planned, tries));
        assert!(task.next_due.unwrap() > due, "waits grow");
        due = task.next_due.unwrap();
    }
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
    world.search(&at).await.unwrap();
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some("vendor_unreachable")));
}

#[tokio::test]
async fn a_vendor_that_comes_back_is_searched_as_if_nothing_had_been() {
    let (world, vendor, at) = world_with(2, plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::Throttled(Some(120)))));
    let step = world.search(&at).await.unwrap();
    assert_eq!((step.next, step.wait_seconds), (Next::Search, 120), "no error: it waits for its turn");
    let wait = world.now().seconds_until(world.task(&at).next_due.unwrap());
    assert!(wait >= 120, "the vendor's own wait counts: {wait}");
    let calls = vendor.journal().len();
    assert_eq!(world.search(&at).await.unwrap().next, Next::Search);
    assert_eq!(vendor.journal().len(), calls, "it is not asked before its time");
    world.clock.advance(120);
    world.search(&at).await.unwrap();
    let task = world.task(&at);
    assert_eq!((task.state, task.tries, task.reason), (TaskState::Decided, 0, None));
}

#[tokio::test]
async fn invariant_6_a_repeated_search_passes_over_what_is_decided() {
    let (world, vendor, at) = world_with(2, plain()).await;
    let first = world.search(&at).await.unwrap();
    let (task, calls) = (world.task(&at), vendor.journal().len());
    assert_eq!(world.search(&at).await.unwrap(), first);
    assert_eq!((world.task(&at), vendor.journal().len()), (task, calls));
    assert_eq!(world.facts(request_id(1)).len(), 4);
}

#[tokio::test]
async fn invariant_6_two_workers_at_once_make_one_decision() {
    let (world, vendor, at) = world_with(2, plain()).await;
    world.gate.interleave(true);
    let (one, two) = tokio::join!(world.search(&at), world.search(&at));
    assert_eq!(one.unwrap().next, Next::Fulfil);
    assert_eq!(two.unwrap().next, Next::Fulfil);
    assert_eq!(vendor.journal().len(), 2, "both had searched");
    let decisions =
        world.facts(request_id(1)).into_iter().filter(|fact| matches!(fact, Fact::Decided { .. }));
    assert_eq!(decisions.count(), 1);
}

#[tokio::test]
async fn a_crash_at_any_point_leaves_a_task_that_can_be_searched() {
    for point in 0.. {
        let (world, _, at) = world_with(2, plain()).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.search(&at)).await;
        assert_eq!(world.search(&at).await.unwrap().next, Next::Fulfil, "crash at point {point}");
        assert_eq!(world.facts(request_id(1)).len(), 4);
        if first.is_some() {
            assert!(point > 5);
            return;
        }
    }
}

#[tokio::test]
async fn a_dry_run_at_a_vendor_without_one_ends_after_the_search_and_tells_what_it_found() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities.dry_run = false);
    vendor.holds(CANARY, ["a".to_owned(), "b".to_owned()]);
    world.demand(1, &Demand { dry_run: true, ..erasure() }).await.unwrap();
    let at = task_of(1, "crm");
    assert_eq!(world.search(&at).await.unwrap().next, Next::None);
    let task = world.task(&at);
    assert_eq!(ended(&task), (Some(Outcome::DryRun), Some("searched_only")));
    assert_eq!(task.counts.found, 2);
    assert!(world.facts(request_id(1)).iter().any(|fact| matches!(fact, Fact::Found { records: 2, .. })));
}

#[tokio::test]
async fn more_records_than_the_connector_allows_end_the_task_whatever_the_connector_let_through() {
    let (world, _, at) = world_with(5, Capabilities { max_records: 4, ..plain() }).await;
    world.search(&at).await.unwrap();
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some("too_many_records")));
}

#[tokio::test]
async fn records_that_no_transaction_holds_end_the_task_instead_of_turning_it_round_for_ever() {
    let (world, vendor, at) = world_with(0, Capabilities { max_records: 1_000_000, ..plain() }).await;
    let long = "x".repeat(1000);
    let records = (0..4_000).map(|n| RecordId::new(format!("{long}{n:05}"))).collect();
    vendor.set(|state| state.searches.push_back(Ok(records)));
    world.search(&at).await.unwrap();
    assert_eq!(ended(&world.task(&at)), (Some(Outcome::Failed), Some("too_many_records")));
}

#[tokio::test]
async fn record_ids_that_grow_when_they_are_written_still_fit_their_items() {
    let (world, vendor, at) = world_with(0, plain()).await;
    let records = (0..2_000).map(|n| RecordId::new(format!("{}{n:05}", "\"".repeat(150)))).collect();
    vendor.set(|state| state.searches.push_back(Ok(records)));
    assert_eq!(world.search(&at).await.unwrap().next, Next::Fulfil);
    assert_eq!(world.task(&at).counts.found, 2_000);
}

#[tokio::test]
async fn collisions_with_other_writers_are_absorbed() {
    let (world, _, at) = world_with(2, plain()).await;
    world.store.table().fail_next(&[TableFault::Conflict, TableFault::LoseAnswer]);
    assert_eq!(world.search(&at).await.unwrap().next, Next::Fulfil);
    assert_eq!(world.facts(request_id(1)).len(), 4, "each event once");
}

#[tokio::test]
async fn a_role_that_may_not_use_its_key_ends_no_task() {
    let (world, _, at) = world_with(2, plain()).await;
    world.keys.fail(Some(Failure::of(Code::KmsDenied)));
    assert_eq!(world.search(&at).await.unwrap_err().code, "kms_denied");
    assert_eq!(world.task(&at).state, TaskState::Planned, "it waits until somebody mends the role");
    world.keys.fail(None);
    world.search(&at).await.unwrap();
    assert_eq!(world.task(&at).state, TaskState::Decided);
}

#[tokio::test]
async fn a_vendor_too_slow_for_the_functions_time_is_a_failed_try_that_counts() {
    let (world, vendor, at) = world_with(2, plain()).await;
    vendor.set(|state| state.capabilities.call_timeout_seconds = 10_000);
    assert_eq!(world.search(&at).await.unwrap_err().code, "vendor_out_of_time");
    assert_eq!((world.task(&at).tries, vendor.journal().len()), (1, 0));
}
