//! Outcome, receipt, forgetting.

use crate::stage::{batches_of, decided_with, submitted, verifying, world_with};
use rightful_contract::canary;
use rightful_contract::rows::request_pk;
use rightful_contract::vendor::{FakeVendor, Reply, plain};
use rightful_contract::world::{CANARY, World, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::Outcome;
use rightful_domain::ports::copies::Receipts as _;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::Submitted;

async fn erased(records: usize) -> (World, FakeVendor, TaskRef) {
    let (world, vendor, at) = verifying(records).await;
    world.look(&at).await.unwrap();
    (world, vendor, at)
}

async fn failed() -> World {
    let (world, vendor, at) = world_with(3, plain()).await;
    vendor.set(|state| state.searches.push_back(Err(Fault::TooManyRecords)));
    world.search(&at).await.unwrap();
    world
}

fn file(world: &World) -> Vec<u8> {
    world.receipts.file(request_id(1)).unwrap()
}

#[tokio::test]
async fn a_request_stays_open_while_a_task_is() {
    let (world, vendor, at) = submitted(3).await;
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!((closing.state, closing.open, closing.unknown), (RequestState::Open, 1, 0));
    let due = world.request(request_id(1)).due_at;
    world.clock.advance_to(due.plus_seconds(1));
    vendor.set(|state| state.statuses.push_back(Err(Fault::RuleNotFound)));
    world.check_status(&at).await.unwrap();
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!((closing.state, closing.open, closing.unknown), (RequestState::Open, 1, 1));
    let request = world.request(request_id(1));
    assert_eq!((request.due_at, request.outcome), (due, None), "unknown is no outcome");
    assert!(world.receipts.file(request_id(1)).is_none());
}

#[tokio::test]
async fn what_was_erased_is_fulfilled_and_the_person_forgotten() {
    let (world, _, at) = erased(3).await;
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!((closing.state, closing.outcome), (RequestState::Closed, Some(RequestOutcome::Fulfilled)));
    let request = world.request(request_id(1));
    assert!(request.is_done());
    assert_eq!((request.identifiers, request.subject, request.next_due), (None, None, None));
    assert_eq!(world.task(&at).next_due, None, "out of the due index");
    assert!(!world.keys.holds(request_id(1)));
    assert!(world.store.table().query(&request_pk(request_id(1)), "RECORDS#").is_empty());
    let facts = world.facts(request_id(1));
    assert!(
        matches!(&facts[facts.len() - 3..], [Fact::Closed { .. }, Fact::ReceiptKept { .. }, Fact::Forgotten]),
        "{facts:?}"
    );
}

#[tokio::test]
async fn invariant_7_a_receipt_verifies_with_the_key_and_with_no_other() {
    let (world, _, _) = erased(3).await;
    world.close(request_id(1)).await.unwrap();
    let statement = verify(&file(&world), &[world.signer.public()]).unwrap();
    assert_eq!((statement.receipt_id, statement.outcome), (request_id(1), RequestOutcome::Fulfilled));
    assert!(statement.sandbox);
    let task = &statement.tasks[0];
    assert_eq!((task.outcome, task.counts.confirmed), (Outcome::VerifiedErased, 3));
    assert_eq!(task.decided_by.as_deref(), Some("policy:auto"));
    assert_eq!(task.batches.len(), 1);
    assert!(verify(&file(&world), &[]).is_err());
    let mut other = World::new().signer.public();
    other.x.replace_range(0..1, if other.x.starts_with('A') { "B" } else { "A" });
    assert!(verify(&file(&world), &[other]).is_err());
}

#[tokio::test]
async fn invariant_7_one_changed_byte_anywhere_and_the_receipt_does_not_verify() {
    let (world, _, _) = erased(1).await;
    world.close(request_id(1)).await.unwrap();
    let (whole, keys) = (file(&world), [world.signer.public()]);
    assert!(verify(&whole, &keys).is_ok());
    for n in 0..whole.len() {
        for bit in [0x01, 0x20] {
            let mut changed = whole.clone();
            changed[n] ^= bit;
            assert!(verify(&changed, &keys).is_err(), "byte {n} with bit {bit:#x}");
        }
        let mut cut = whole.clone();
        cut.remove(n);
        assert!(verify(&cut, &keys).is_err(), "without byte {n}");
        for extra in [b' ', b'0', b'A'] {
            let mut longer = whole.clone();
            longer.insert(n, extra);
            assert!(verify(&longer, &keys).is_err(), "with {extra:#x} before byte {n}");
        }
    }
    assert!(verify(&[&whole[..], b"\n"].concat(), &keys).is_err());
}

#[tokio::test]
async fn invariant_1_a_receipt_holds_the_person_in_no_form() {
    let (world, vendor, at) = world_with(0, plain()).await;
    vendor.holds(CANARY, ["profile-canary-7731".to_owned()]);
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    while world.task(&at).outcome.is_none() {
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
        world.clock.advance(60);
    }
    world.close(request_id(1)).await.unwrap();
    let receipt = String::from_utf8(file(&world)).unwrap();
    for value in [CANARY, "profile-canary-7731"] {
        for text in [&receipt, &world.store.dump(), &world.workflow.payloads()] {
            assert_eq!(canary::found(text, value), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_receipt_of_five_hundred_rules_is_signed_over_a_small_statement() {
    let (world, vendor, at) = decided_with(500, batches_of(1)).await;
    while world.submit(&at).await.unwrap().next == rightful_domain::ports::workflow::Next::Submit {}
    vendor.set(|state| state.polls = 0);
    while world.task(&at).outcome.is_none() {
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
        world.clock.advance(60);
    }
    world.close(request_id(1)).await.unwrap();
    assert!(file(&world).len() > 100_000, "the receipt itself is long");
    assert!((100..1024).contains(&world.signer.longest()), "{}", world.signer.longest());
    let statement = verify(&file(&world), &[world.signer.public()]).unwrap();
    assert_eq!(statement.tasks[0].batches.len(), 500);
}

#[tokio::test]
async fn invariant_6_a_crash_between_any_two_effects_gives_one_closing_and_the_same_receipt() {
    let mut bytes: Option<Vec<u8>> = None;
    for point in 0.. {
        let (world, _, _) = erased(3).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.close(request_id(1))).await;
        let kept = world.receipts.file(request_id(1));
        // Reconcile begins an attempt in between: an event after the closing doesn't change the receipt.
        world.clock.advance(1000);
        let _ = world.reconcile().await.unwrap();
        let closing = world.close(request_id(1)).await.unwrap();
        assert_eq!(closing.state, RequestState::Closed, "crash at point {point}");
        assert!(world.request(request_id(1)).is_done(), "crash at point {point}");
        let receipt = file(&world);
        assert!(kept.is_none_or(|kept| kept == receipt), "a kept receipt never changes");
        assert!(verify(&receipt, &[world.signer.public()]).is_ok());
        let facts = world.facts(request_id(1));
        for wanted in [
            |fact: &Fact| matches!(fact, Fact::Closed { .. }),
            |fact: &Fact| matches!(fact, Fact::ReceiptKept { .. }),
            |fact: &Fact| matches!(fact, Fact::Forgotten),
        ] {
            assert_eq!(facts.iter().filter(|fact| wanted(fact)).count(), 1, "crash at point {point}");
        }
        assert!(!world.keys.holds(request_id(1)));
        if first.is_some() {
            bytes = Some(receipt);
            assert!(point > 15);
            break;
        }
    }
    assert!(bytes.is_some());
}

#[tokio::test]
async fn invariant_6_closers_at_once_make_one_closing() {
    let (world, _, _) = erased(3).await;
    world.gate.interleave(true);
    let id = request_id(1);
    let (a, b, c, d) = tokio::join!(world.close(id), world.close(id), world.close(id), world.close(id));
    for closing in [a, b, c, d] {
        assert_eq!(closing.unwrap().state, RequestState::Closed);
    }
    let closed = world.facts(id).into_iter().filter(|fact| matches!(fact, Fact::Closed { .. }));
    assert_eq!(closed.count(), 1);
    assert!(world.request(id).is_done());
}

#[tokio::test]
async fn a_failed_request_keeps_its_key_until_its_days_are_over() {
    let world = failed().await;
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!(closing.outcome, Some(RequestOutcome::Failed));
    let request = world.request(request_id(1));
    assert!(world.keys.holds(request_id(1)) && request.identifiers.is_some());
    assert_eq!(request.forget_at, Some(world.now().plus_seconds(30 * 24 * 3600)));
    assert_eq!(request.next_due, request.forget_at);
    let receipt = file(&world);
    world.clock.advance(30 * 24 * 3600 - 1);
    world.close(request_id(1)).await.unwrap();
    assert!(world.keys.holds(request_id(1)));
    world.clock.advance(1);
    world.close(request_id(1)).await.unwrap();
    assert!(!world.keys.holds(request_id(1)) && world.request(request_id(1)).is_done());
    assert_eq!(file(&world), receipt);
}

#[tokio::test]
async fn nothing_found_is_forgotten_at_once() {
    let (world, _, at) = world_with(0, plain()).await;
    world.search(&at).await.unwrap();
    assert_eq!(world.close(request_id(1)).await.unwrap().outcome, Some(RequestOutcome::NothingFound));
    assert!(world.request(request_id(1)).is_done());
}

#[tokio::test]
async fn the_weakest_task_is_told_in_the_outcome() {
    let world = World::new();
    for name in ["crm", "shop"] {
        world.connect(name).holds(CANARY, [format!("{name}-1")]);
    }
    world.demand(1, &erasure()).await.unwrap();
    let no = Reply::Says(Submitted::Rejected(Fault::Refused(Code::VendorRefused)));
    world.vendors.vendor(&source("shop")).set(|state| state.submissions.extend(vec![no; 4]));
    for name in ["crm", "shop"] {
        let at = task_of(1, name);
        world.search(&at).await.unwrap();
        while world.task(&at).outcome.is_none() {
            world.submit(&at).await.unwrap();
            world.check_status(&at).await.unwrap();
            world.look(&at).await.unwrap();
            world.clock.advance(120);
        }
    }
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!(closing.outcome, Some(RequestOutcome::PartlyFulfilled));
    let outcomes: Vec<Outcome> = verify(&file(&world), &[world.signer.public()])
        .unwrap()
        .tasks
        .into_iter()
        .map(|task| task.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::VerifiedErased, Outcome::Refused]);
}

/// Changes event `n` of request 1 behind everybody's back.
fn tamper_event(world: &World, n: u64) {
    let key = (request_pk(request_id(1)), rightful_contract::rows::event_sk(n));
    let mut item = world.store.table().row(&key.0, &key.1).unwrap();
    item.body = String::from_utf8(item.body).unwrap().replace("\"records\":1", "\"records\":2").into_bytes();
    world.store.table().set(key, Some(item));
}

#[tokio::test]
async fn a_broken_chain_is_told_by_the_receipt_and_stops_nothing() {
    let (world, _, _) = erased(1).await;
    tamper_event(&world, 3);
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
    let receipt = verify(&file(&world), &[world.signer.public()]).unwrap();
    assert_eq!(
        (receipt.events, receipt.events_broken_at),
        (3, Some(4)),
        "the change shows in the next event"
    );
    assert!(!world.keys.holds(request_id(1)), "the person is forgotten");
    assert!(world.request(request_id(1)).is_done());
}

#[tokio::test]
async fn a_chain_without_its_closing_is_told_as_broken_there() {
    let (world, _, _) = erased(1).await;
    world.signer.fail(Some(Failure::of(Code::KmsDenied)));
    world.close(request_id(1)).await.unwrap_err();
    world.signer.fail(None);
    let events = world.facts(request_id(1)).len() as u64;
    let closed = world.facts(request_id(1)).iter().position(|fact| matches!(fact, Fact::Closed { .. }));
    let closed = closed.unwrap() as u64 + 1;
    for n in closed..=events {
        let key = (request_pk(request_id(1)), rightful_contract::rows::event_sk(n));
        world.store.table().set(key, None);
    }
    world.close(request_id(1)).await.unwrap();
    let receipt = verify(&file(&world), &[world.signer.public()]).unwrap();
    assert_eq!((receipt.events, receipt.events_broken_at), (closed - 1, Some(closed)));
}

#[tokio::test]
async fn a_receipt_that_was_kept_before_stands_as_it_is_and_stops_nothing() {
    let (world, _, _) = erased(1).await;
    let other =
        rightful_domain::documents::receipt::Receipt { file: b"another".to_vec(), sha256: "0".repeat(64) };
    world.receipts.keep(request_id(1), 0, &other).await.unwrap();
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
    assert_eq!(file(&world), b"another");
    assert!(!world.keys.holds(request_id(1)), "the person is forgotten");
    let told = world.facts(request_id(1)).into_iter().find_map(|fact| match fact {
        Fact::ReceiptDiffers { kept, made } => Some((kept, made)),
        _ => None,
    });
    let (kept, made) = told.unwrap();
    assert_eq!(Some(kept.clone()), world.request(request_id(1)).receipt_sha256);
    assert_ne!(kept, made);
}

#[tokio::test]
async fn a_receipt_that_cannot_be_signed_keeps_nobody_from_being_forgotten() {
    let (world, _, _) = erased(1).await;
    let denied = Failure::of(Code::KmsDenied);
    world.signer.fail(Some(denied));
    assert_eq!(world.close(request_id(1)).await, Err(denied));
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.receipt_sha256.is_none()), (RequestState::Closed, true));
    assert!(!world.keys.holds(request_id(1)) && request.forgotten_at.is_some());
    assert!(request.next_due.is_some(), "the reconciliation makes the receipt");
    world.signer.fail(None);
    world.close(request_id(1)).await.unwrap();
    let receipt = verify(&file(&world), &[world.signer.public()]).unwrap();
    assert_eq!(receipt.events_broken_at, None);
}
