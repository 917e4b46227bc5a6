//! A demand comes in.

use crate::stage::connect_club;
use rightful_contract::canary;
use rightful_contract::catalogue::member;
use rightful_contract::table::Fault;
use rightful_contract::world::{CANARY, World, ann, email, erasure, erasure_of, request_id, source};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::chain::fact::Fact;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::TaskState;
use rightful_domain::operations::accept::{AcceptError, Arrival, Demand, Ended};

const DELIVERY: Arrival<'static> = Arrival::Delivery { channel: "desk", key: b"d-1", body: b"{}" };

fn connected() -> World {
    let world = World::new();
    world.connect("crm");
    world.connect("shop");
    world
}

#[tokio::test]
async fn a_new_demand_is_stored_and_its_workflow_started() {
    let world = connected();
    let accepted = world.demand(1, &erasure()).await.unwrap();
    assert!(accepted.new && accepted.not_started.is_none());
    let request = world.request(request_id(1));
    assert_eq!((request.state, request.revision, request.attempt), (RequestState::Open, 1, 1));
    assert_eq!(request.sources, [source("crm"), source("shop")]);
    for name in ["crm", "shop"] {
        let task = world.task(&rightful_contract::world::task_of(1, name));
        assert_eq!((task.state, task.revision), (TaskState::Planned, 1));
        assert!(task.next_due.is_some(), "in the due index from the first transaction on");
    }
    let started = world.workflow.started();
    assert_eq!(started.len(), 1);
    assert_eq!((started[0].attempt, started[0].sources.len()), (1, 2));
    assert!(matches!(&world.facts(request_id(1))[..], [Fact::Received { .. }]));
}

#[tokio::test]
async fn the_law_gives_one_calendar_month() {
    let world = connected();
    world.demand(1, &erasure()).await.unwrap();
    assert_eq!(world.request(request_id(1)).due_at.to_string(), "2026-12-21T09:30:00.000Z");
}

#[tokio::test]
async fn invariant_6_the_same_delivery_twice_makes_one_request_and_starts_it_once() {
    let world = connected();
    let first = world.accept(1, &erasure(), DELIVERY).await.unwrap();
    let second = world.accept(2, &erasure(), DELIVERY).await.unwrap();
    assert_eq!((second.request, second.new), (first.request, false));
    assert_eq!(world.workflow.started().len(), 1);
    assert_eq!(world.facts(request_id(1)).len(), 1);
    assert!(!world.store.dump().contains(&request_id(2).to_string()));
    assert!(!world.keys.holds(request_id(2)));
}

#[tokio::test]
async fn invariant_6_two_deliveries_at_once_make_one_request() {
    let world = connected();
    world.gate.interleave(true);
    let demand = erasure();
    let (one, two) = tokio::join!(world.accept(1, &demand, DELIVERY), world.accept(2, &demand, DELIVERY));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.request, two.request);
    assert_eq!(u8::from(one.new) + u8::from(two.new), 1);
    assert_eq!(world.workflow.started().len(), 1);
}

#[tokio::test]
async fn a_second_delivery_starts_what_never_started() {
    let world = connected();
    world.workflow.fail_next(1);
    let first = world.accept(1, &erasure(), DELIVERY).await.unwrap();
    assert!(first.not_started.is_some(), "a workflow that does not start is no reason to refuse");
    assert!(world.workflow.started().is_empty());
    let second = world.accept(2, &erasure(), DELIVERY).await.unwrap();
    assert!(second.not_started.is_none());
    assert_eq!(world.workflow.started()[0].request, request_id(1));
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_recorded_conflict() {
    let world = connected();
    world.accept(1, &erasure(), DELIVERY).await.unwrap();
    let other = Arrival::Delivery { channel: "desk", key: b"d-1", body: b"{\"other\":1}" };
    let refused = world.accept(2, &erasure(), other).await.unwrap_err();
    assert_eq!(refused, AcceptError::Conflict(request_id(1)));
    assert!(matches!(&world.facts(request_id(1))[1..], [Fact::DeliveryConflict { .. }]));
    assert_eq!(world.workflow.started().len(), 1);
}

#[tokio::test]
async fn the_same_key_on_another_channel_is_another_delivery() {
    let world = connected();
    world.accept(1, &erasure(), DELIVERY).await.unwrap();
    let other = Arrival::Delivery { channel: "desk2", key: b"d-1", body: b"{}" };
    assert!(world.accept(2, &erasure(), other).await.unwrap().new);
}

#[tokio::test]
async fn a_demand_without_identifiers_or_data_sources_is_refused() {
    let world = connected();
    let nobody = Demand { identifiers: Vec::new(), ..erasure() };
    assert_eq!(world.demand(1, &nobody).await.unwrap_err(), AcceptError::NoIdentifier);
    let unknown = Demand { sources: vec![source("crm"), source("none")], ..erasure() };
    assert_eq!(world.demand(1, &unknown).await.unwrap_err(), AcceptError::UnknownSource(source("none")));
    world.put_source("shop", false);
    let disabled = Demand { sources: vec![source("shop")], ..erasure() };
    assert_eq!(world.demand(1, &disabled).await.unwrap_err(), AcceptError::DisabledSource(source("shop")));
    assert_eq!(World::new().demand(1, &erasure()).await.unwrap_err(), AcceptError::NoSource);
    assert!(!world.store.dump().contains("REQUEST#"), "nothing was stored");
}

fn with_member(number: &str) -> Demand {
    let member = Identifier::new(member(), number).unwrap();
    Demand { identifiers: vec![email(CANARY), member], ..erasure() }
}

#[tokio::test]
async fn an_identifier_that_nobody_would_look_for_is_refused_by_its_kind() {
    let world = connected();
    connect_club(&world);
    let known = vec![IdentifierKind::email()];
    for (n, arrival) in [(1, DELIVERY), (2, Arrival::Operator { by: &ann(), key: None })] {
        let to_others = Demand { sources: vec![source("crm"), source("shop")], ..with_member("12345") };
        let refused = world.accept(n, &to_others, arrival).await.unwrap_err();
        assert_eq!(refused, AcceptError::KindNotTaken { index: 1, kind: member(), known: known.clone() });
        let told = refused.to_string();
        assert!(
            told.contains("the kind member: leave it out, or give email") && !told.contains("12345"),
            "{told}"
        );
    }
    world.put_source("club", false);
    assert!(matches!(world.demand(3, &with_member("12345")).await, Err(AcceptError::KindNotTaken { .. })));
    assert!(!world.store.dump().contains("REQUEST#"), "nothing was stored");
    let world = World::new();
    connect_club(&world);
    let alone = world.synthetic(4, "tester@example.com", &[]).await.unwrap_err();
    assert_eq!(
        alone,
        AcceptError::KindNotTaken { index: 0, kind: IdentifierKind::email(), known: vec![member()] }
    );
}

#[tokio::test]
async fn a_value_that_a_data_source_could_never_hold_is_refused_without_being_repeated() {
    let world = connected();
    connect_club(&world);
    let refused = world.accept(1, &with_member("12x45"), DELIVERY).await.unwrap_err();
    assert!(matches!(&refused, AcceptError::Identifier { index: 1, kind, .. } if *kind == member()));
    let told = refused.to_string();
    assert!(told.contains("the kind member: it is a number") && !told.contains("12x45"), "{told}");
    assert!(!world.store.dump().contains("REQUEST#"), "nothing was stored");
    assert!(world.accept(1, &with_member("12345"), DELIVERY).await.unwrap().new);
}

#[tokio::test]
async fn a_delivery_that_was_taken_stays_taken_whatever_the_data_sources_take_since() {
    let world = connected();
    connect_club(&world);
    let first = world.accept(1, &with_member("12345"), DELIVERY).await.unwrap();
    world.put_source("club", false);
    let again = world.accept(2, &with_member("12345"), DELIVERY).await.unwrap();
    assert_eq!((again.request, again.new), (first.request, false));
}

#[tokio::test]
async fn nobody_can_tell_what_a_connector_of_another_version_is_searched_by() {
    let world = connected();
    world.tamper_source("shop", |row| row.connector = "of_another_version".to_owned());
    assert!(world.demand(1, &with_member("12345")).await.unwrap().new);
}

#[tokio::test]
async fn a_disabled_data_source_is_left_out_of_a_demand_to_all() {
    let world = connected();
    world.put_source("shop", false);
    world.demand(1, &erasure()).await.unwrap();
    assert_eq!(world.request(request_id(1)).sources, [source("crm")]);
}

#[tokio::test]
async fn a_data_source_named_twice_is_asked_once() {
    let world = connected();
    let demand = Demand { sources: vec![source("crm"), source("crm")], ..erasure() };
    world.demand(1, &demand).await.unwrap();
    assert_eq!(world.request(request_id(1)).sources, [source("crm")]);
}

#[tokio::test]
async fn invariant_1_the_store_holds_the_person_in_no_form() {
    let world = connected();
    let body = format!("{{\"email\":\"{CANARY}\"}}");
    let delivery = Arrival::Delivery { channel: "desk", key: CANARY.as_bytes(), body: body.as_bytes() };
    world.accept(1, &erasure(), delivery).await.unwrap();
    assert!(world.request(request_id(1)).identifiers.is_some());
    assert_eq!(canary::found(&world.store.dump(), CANARY), Vec::<String>::new());
    assert_eq!(canary::found(&world.workflow.payloads(), CANARY), Vec::<String>::new());
}

#[tokio::test]
async fn one_person_has_one_tag_however_the_address_is_written() {
    let world = connected();
    world.demand(1, &erasure()).await.unwrap();
    let shouted = Demand { identifiers: vec![email("ANA.CANARIO+X@EXAMPLE.COM")], ..erasure() };
    world.demand(2, &shouted).await.unwrap();
    let other = Demand { identifiers: vec![email("ana.canario@example.com")], ..erasure() };
    world.demand(3, &other).await.unwrap();
    let tag = |n| world.request(request_id(n)).subject;
    assert_eq!(tag(1), tag(2));
    assert_ne!(tag(1), tag(3));
}

#[tokio::test]
async fn collisions_and_lost_answers_are_absorbed() {
    let world = connected();
    world.store.table().fail_next(&[Fault::Conflict, Fault::Conflict, Fault::LoseAnswer]);
    let accepted = world.accept(1, &erasure(), DELIVERY).await.unwrap();
    assert!(accepted.new, "the lost answer's request is the one that was made");
    assert_eq!(world.workflow.started().len(), 1);
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_and_the_same_delivery_again_make_one_started_request() {
    for point in 0.. {
        let world = connected();
        world.gate.crash_at(Some(point));
        let demand = erasure();
        let first = world.gate.until_crash(world.accept(1, &demand, DELIVERY)).await;
        let again = world.accept(2, &demand, DELIVERY).await.unwrap();
        let started = world.workflow.started();
        assert_eq!(started.len(), 1, "crash at point {point}");
        assert_eq!(started[0].request, again.request, "crash at point {point}");
        assert_eq!(world.facts(again.request).len(), 1);
        if first.is_some() {
            assert!(point > 5, "the demand passed only {point} points");
            return;
        }
    }
}

#[tokio::test]
async fn the_largest_demand_fits_a_transaction_and_can_be_closed_again() {
    let world = World::new();
    let sources = |n: usize| (0..n).map(|n| format!("s{n}")).collect::<Vec<_>>();
    for name in sources(41) {
        world.connect(&name);
    }
    let most = 40;
    let demand = |n| Demand { sources: sources(n).iter().map(|name| source(name)).collect(), ..erasure() };
    assert_eq!(world.demand(1, &demand(most + 1)).await, Err(AcceptError::TooManySources(41)));
    world.demand(1, &demand(most)).await.unwrap();
    for name in sources(most) {
        world.search(&rightful_contract::world::task_of(1, &name)).await.unwrap();
    }
    world.clock.advance(3600);
    assert_eq!(world.reconcile().await.unwrap().failures, []);
    assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
}

#[tokio::test]
async fn invariant_6_a_key_makes_one_request_and_another_demand_under_it_is_a_conflict() {
    let world = World::new();
    world.connect("crm");
    let by = ann();
    let arrival = Arrival::Operator { by: &by, key: Some("people.csv/7") };
    let made = world.accept(1, &erasure(), arrival).await.unwrap();
    let again = world.accept(2, &erasure(), arrival).await.unwrap();
    assert_eq!((made.new, again.new, again.request), (true, false, made.request));
    for other in [
        erasure_of("bo@example.com"),
        Demand { right: Right::Access, ..erasure() },
        Demand { dry_run: true, ..erasure() },
        Demand { sources: vec![source("crm")], ..erasure() },
    ] {
        let refused = world.accept(3, &other, arrival).await.unwrap_err();
        assert_eq!(refused, AcceptError::Conflict(made.request), "{other:?}");
    }
    let conflicts = world.facts(made.request);
    let conflicts = conflicts.iter().filter(|fact| matches!(fact, Fact::DeliveryConflict { .. }));
    assert_eq!(conflicts.count(), 4);
    assert!(!world.store.dump().contains("people.csv"), "the key itself is not stored");
}

fn repeats(world: &World) -> usize {
    world.facts(request_id(1)).iter().filter(|fact| matches!(fact, Fact::DeliveryRepeated { .. })).count()
}

#[tokio::test]
async fn a_demand_that_comes_again_once_its_request_is_closed_is_recorded_and_told_how_it_ended() {
    let world = World::new();
    world.connect("crm");
    let made = world.accept(1, &erasure(), DELIVERY).await.unwrap();
    assert_eq!(made.ended, None);
    rightful_contract::driver::Driver::new(&world).reconcile_until_done(made.request, 3).await.unwrap();
    let closed = world.request(made.request);
    let receipt = world.receipts.file(made.request).unwrap();

    // Within a day it is a redelivery: one demand.
    let again = world.accept(2, &erasure(), DELIVERY).await.unwrap();
    let ended =
        Ended { outcome: closed.outcome.unwrap(), closed_at: closed.closed_at.unwrap(), repeated: false };
    assert_eq!((again.request, again.new, again.ended), (made.request, false, Some(ended)));
    assert_eq!((repeats(&world), world.request(made.request)), (0, closed.clone()));

    // Weeks later the person asks again, and the system delivers that twice.
    world.clock.advance(30 * 24 * 3600);
    for repeated in [true, false] {
        let again = world.accept(3, &erasure(), DELIVERY).await.unwrap();
        assert_eq!(again.ended, Some(Ended { repeated, ..ended }));
        assert_eq!(repeats(&world), 1);
        world.clock.advance(3600);
    }
    world.clock.advance(24 * 3600);
    assert!(world.accept(4, &erasure(), DELIVERY).await.unwrap().ended.unwrap().repeated);
    assert_eq!((repeats(&world), world.request(made.request).repeats.unwrap().times), (2, 2));

    // Nothing ran, nothing is owed, and the receipt is unchanged.
    assert_eq!(world.workflow.take(), None);
    let after = world.request(made.request);
    assert_eq!((after.state, after.next_due, after.attempt), (closed.state, closed.next_due, closed.attempt));
    assert_eq!(world.receipts.file(made.request).unwrap(), receipt);
    assert!(!world.store.dump().contains(&request_id(3).to_string()));
}

#[tokio::test]
async fn an_operators_repetition_of_a_closed_demand_is_recorded_under_their_name() {
    let world = World::new();
    world.connect("crm");
    let by = ann();
    let arrival = Arrival::Operator { by: &by, key: Some("people.csv/7") };
    let made = world.accept(1, &erasure(), arrival).await.unwrap();
    world.clock.advance(2 * 24 * 3600);
    let open = world.accept(2, &erasure(), arrival).await.unwrap();
    assert_eq!((open.ended, repeats(&world)), (None, 0), "an open request answers for it");
    rightful_contract::driver::Driver::new(&world).reconcile_until_done(made.request, 3).await.unwrap();
    world.accept(2, &erasure(), arrival).await.unwrap();
    let told = Fact::DeliveryRepeated { channel: "operator".to_owned(), by: Some(ann()) };
    assert_eq!(world.facts(made.request).last(), Some(&told));
}

#[tokio::test]
async fn a_repetition_beside_the_closing_leaves_the_receipt_and_what_is_left_to_do_as_they_are() {
    for point in 0..40 {
        let world = World::new();
        world.connect("crm");
        let made = world.accept(1, &erasure(), DELIVERY).await.unwrap();
        let at = rightful_contract::world::task_of(1, "crm");
        world.search(&at).await.unwrap();
        world.clock.advance(2 * 24 * 3600);
        world.gate.crash_at(Some(point));
        let done = world.gate.until_crash(world.close(made.request)).await.is_some();
        let ended = world.accept(2, &erasure(), DELIVERY).await.unwrap().ended;
        world.close(made.request).await.unwrap();
        assert!(world.request(made.request).is_done(), "crash at point {point}");
        let file = world.receipts.file(made.request).unwrap();
        rightful_domain::documents::receipt::verify(&file, &[world.signer.public()]).unwrap();
        assert_eq!(repeats(&world), usize::from(ended.is_some()));
        if done {
            assert!(ended.is_some() && point >= 3);
            return;
        }
    }
    panic!("the closing never ended");
}
