//! The answer to the ticket: claimed before it is sent, and sent once.

use crate::stage::{DAY, reconciled};
use proptest::prelude::*;
use rightful_contract::canary;
use rightful_contract::driver::{Driver, End};
use rightful_contract::table::Fault as TableFault;
use rightful_contract::tickets::{CHANNEL, TicketCall, TicketReply};
use rightful_contract::vendor::FakeVendor;
use rightful_contract::world::{CANARY, World, ann, erasure, request_id, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::Reference;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::answer::{AnswerState, Answered, SETTLE_SECONDS, TicketAnswer};
use rightful_domain::model::request::RequestState;
use rightful_domain::operations::accept::{Arrival, Demand};
use rightful_domain::vendor::fault::Fault;

const TICKET: &str = "ZD-35436";

/// A world with a request from a ticket, whose tasks are all settled.
async fn ready_with(channel: &str, reference: Option<&str>) -> (World, FakeVendor) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned(), "b".to_owned()]);
    vendor.set(|state| state.polls = 0);
    let reference = reference.map(|text| Reference::parse(text).unwrap());
    let demand = Demand { reference, ..erasure() };
    let operator = ann();
    let arrival = match channel {
        "operator" => Arrival::Operator { by: &operator, key: None },
        channel => Arrival::Delivery { channel, key: b"1", body: b"{}" },
    };
    world.accept(1, &demand, arrival).await.unwrap();
    let at = task_of(1, "crm");
    world.search(&at).await.unwrap();
    world.submit(&at).await.unwrap();
    while world.task(&at).outcome.is_none() {
        world.check_status(&at).await.unwrap();
        world.look(&at).await.unwrap();
        world.clock.advance(60);
    }
    let _ = world.workflow.take();
    (world, vendor)
}

async fn ready() -> World {
    ready_with(CHANNEL, Some(TICKET)).await.0
}

fn answer(world: &World) -> TicketAnswer {
    world.request(request_id(1)).answer.unwrap()
}

fn comments(world: &World) -> usize {
    world.tickets.ticket(TICKET).comments.len()
}

/// The facts about the answer, by name.
fn told(world: &World) -> Vec<&'static str> {
    let name = |fact| match fact {
        Fact::AnswerClaimed { .. } => Some("claimed"),
        Fact::AnswerSent { .. } => Some("sent"),
        Fact::AnswerNotSent { .. } => Some("not sent"),
        Fact::AnswerInDoubt { .. } => Some("in doubt"),
        Fact::AnswerUndeliverable { .. } => Some("undeliverable"),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(name).collect()
}

#[tokio::test]
async fn a_fulfilled_request_answers_its_ticket_once_and_solves_it() {
    let world = ready().await;
    for _ in 0..3 {
        assert_eq!(world.close(request_id(1)).await.unwrap().state, RequestState::Closed);
    }
    let request = world.request(request_id(1));
    assert!(request.is_done());
    assert_eq!((answer(&world).state, request.next_due), (AnswerState::Sent, None));
    assert!(answer(&world).answered_at.is_some());
    assert_eq!(told(&world), ["claimed", "sent"]);
    let ticket = world.tickets.ticket(TICKET);
    assert!(ticket.solved);
    assert_eq!((ticket.comments.len(), world.tickets.sends(), world.tickets.looks()), (1, 1, 0));
    let text = &ticket.comments[0];
    assert!(text.contains("verified_erased") && text.contains(request.receipt_sha256.as_ref().unwrap()));
    assert_eq!(canary::found(text, CANARY), Vec::<String>::new());
}

#[tokio::test]
async fn the_claim_is_stored_before_the_call() {
    let world = ready().await;
    world.tickets.hang(true);
    let closing = world.close(request_id(1));
    let mut closing = std::pin::pin!(closing);
    while world.tickets.sends() == 0 {
        let once = std::future::poll_fn(|context| {
            let _ = closing.as_mut().poll(context);
            std::task::Poll::Ready(())
        });
        once.await;
    }
    let answer = answer(&world);
    assert_eq!((answer.state, answer.tries), (AnswerState::Claimed, 1));
    assert!(answer.until.unwrap() > world.now());
    assert_eq!(told(&world), ["claimed"]);
    let request = world.request(request_id(1));
    assert!(request.forgotten_at.is_some(), "forgetting does not wait for the call");
    assert!(!world.keys.holds(request_id(1)));
    assert!(!request.is_done());
    assert_eq!(request.next_due, answer.until, "the reconciliation takes it up");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_closing_leaves_exactly_one_comment() {
    let mut lost = 0;
    for point in 0.. {
        let world = ready().await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(world.close(request_id(1))).await;
        lost += usize::from(first.is_none() && world.tickets.sends() == 1);
        let request = reconciled(&world, 2).await;
        assert!(request.is_done(), "crash at point {point}: {request:?}");
        assert_eq!(answer(&world).state, AnswerState::Sent, "crash at point {point}");
        assert_eq!(comments(&world), 1, "crash at point {point}");
        assert_eq!(told(&world).iter().filter(|fact| **fact == "sent").count(), 1, "crash at point {point}");
        if first.is_some() {
            assert!(point > 20);
            break;
        }
    }
    assert!(lost >= 2, "some crashes come after the comment is there, and nobody knows");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_the_look_and_the_second_try_leaves_one_comment() {
    for stored in [true, false] {
        for point in 0.. {
            let world = ready().await;
            world.tickets.order(match stored {
                true => TicketReply::Lost,
                false => TicketReply::Says(Answered::Unknown(Code::VendorServerError)),
            });
            world.close(request_id(1)).await.unwrap();
            world.clock.advance(1000);
            world.gate.crash_at(Some(point));
            let second = world.gate.until_crash(world.close(request_id(1))).await;
            assert!(reconciled(&world, 2).await.is_done(), "crash at point {point}");
            assert_eq!((comments(&world), answer(&world).state), (1, AnswerState::Sent), "point {point}");
            if second.is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn invariant_6_workers_at_once_put_one_comment_on_the_ticket() {
    let world = ready().await;
    world.gate.interleave(true);
    let id = request_id(1);
    let (a, b, c, d) = tokio::join!(world.close(id), world.close(id), world.close(id), world.close(id));
    for closing in [a, b, c, d] {
        assert_eq!(closing.unwrap().state, RequestState::Closed);
    }
    assert_eq!((comments(&world), world.tickets.sends()), (1, 1));
    assert_eq!(told(&world), ["claimed", "sent"]);
}

#[tokio::test]
async fn workers_at_once_that_look_send_once() {
    let world = ready().await;
    world.tickets.order(TicketReply::Says(Answered::Unknown(Code::VendorTimedOut)));
    world.close(request_id(1)).await.unwrap();
    world.clock.advance(1000);
    world.gate.interleave(true);
    let id = request_id(1);
    let (a, b, c) = tokio::join!(world.close(id), world.close(id), world.close(id));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!((comments(&world), world.tickets.sends()), (1, 2));
    assert_eq!(told(&world), ["claimed", "in doubt", "claimed", "sent"]);
}

#[tokio::test]
async fn after_a_lost_answer_the_comment_is_found_and_not_sent_again() {
    let world = ready().await;
    world.tickets.order(TicketReply::Lost);
    world.close(request_id(1)).await.unwrap();
    let doubtful = answer(&world);
    assert_eq!(doubtful.state, AnswerState::Claimed);
    assert_eq!(doubtful.reason.as_deref(), Some("vendor_timed_out"));
    assert_eq!(doubtful.until, Some(world.now().plus_seconds(SETTLE_SECONDS)));
    // There is no look either while the call may still take effect.
    world.clock.advance(SETTLE_SECONDS - 1);
    world.close(request_id(1)).await.unwrap();
    assert_eq!(world.tickets.looks(), 0);
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!((comments(&world), world.tickets.sends(), world.tickets.looks()), (1, 1, 1));
    assert_eq!(told(&world), ["claimed", "in doubt", "sent"]);
}

#[tokio::test]
async fn after_a_lost_call_the_look_finds_nothing_and_it_is_sent_again() {
    let world = ready().await;
    world.tickets.order(TicketReply::Says(Answered::Unknown(Code::VendorServerError)));
    world.close(request_id(1)).await.unwrap();
    assert!(reconciled(&world, 1).await.is_done());
    let kinds: Vec<bool> =
        world.tickets.journal().iter().map(|call| matches!(call, TicketCall::Look { .. })).collect();
    assert_eq!(kinds, [false, true, false], "sent, looked, sent");
    assert_eq!(comments(&world), 1);
}

#[tokio::test]
async fn a_look_that_fails_sends_nothing_and_is_made_again() {
    let world = ready().await;
    world.tickets.order(TicketReply::Lost);
    world.close(request_id(1)).await.unwrap();
    for fault in
        [Fault::Unavailable(Code::VendorUnreachable), Fault::Throttled(Some(900)), Fault::Unauthorized]
    {
        world.tickets.fail_look(fault.clone());
        world.clock.advance_to(answer(&world).next_try.unwrap());
        let before = world.now();
        world.close(request_id(1)).await.unwrap();
        let answer = answer(&world);
        assert_eq!(
            (answer.state, answer.reason.as_deref()),
            (AnswerState::Claimed, Some(fault.code().as_str()))
        );
        assert!(answer.next_try.unwrap() >= before.plus_seconds(fault.asked_wait().unwrap_or(5)));
    }
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!((comments(&world), world.tickets.sends(), world.tickets.looks()), (1, 1, 4));
}

#[tokio::test]
async fn a_call_that_ends_after_its_claim_ran_out_is_not_thrown_away() {
    let world = ready().await;
    world.tickets.hang(true);
    let slow = world.close(request_id(1));
    let mut slow = std::pin::pin!(slow);
    let mut poll = async || {
        std::future::poll_fn(|context| std::task::Poll::Ready(slow.as_mut().poll(context).is_ready())).await
    };
    while world.tickets.sends() == 0 {
        poll().await;
    }
    world.clock.advance(1000);
    // The look fails: another worker has the claim now.
    world.tickets.fail_look(Fault::Unavailable(Code::VendorUnreachable));
    world.close(request_id(1)).await.unwrap();
    assert_eq!((answer(&world).state, answer(&world).tries), (AnswerState::Claimed, 2));
    world.tickets.hang(false);
    while !poll().await {}
    assert_eq!(answer(&world).state, AnswerState::Sent);
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!((comments(&world), world.tickets.sends()), (1, 1));
}

#[tokio::test]
async fn a_ticketing_system_that_is_down_is_answered_later_by_the_reconciliation() {
    for fault in
        [Fault::Unavailable(Code::VendorUnreachable), Fault::Unauthorized, Fault::Throttled(Some(40_000))]
    {
        let world = ready().await;
        world.tickets.down(Some(fault.clone()));
        let closing = world.close(request_id(1)).await.unwrap();
        assert_eq!(closing.state, RequestState::Closed, "closing itself does not fail");
        let waiting = answer(&world);
        assert_eq!(
            (waiting.state, waiting.reason.as_deref()),
            (AnswerState::Due, Some(fault.code().as_str()))
        );
        let request = world.request(request_id(1));
        assert!(request.forgotten_at.is_some() && !request.is_done());
        assert_eq!(request.next_due, waiting.next_try);
        assert_eq!(told(&world), ["claimed", "not sent"]);
        let first = world.now();
        assert!(!reconciled(&world, 3).await.is_done());
        let calls: Vec<u64> = world
            .tickets
            .journal()
            .iter()
            .map(|call| match call {
                TicketCall::Answer { at, .. } | TicketCall::Look { at, .. } => first.seconds_until(*at),
            })
            .collect();
        assert!((5..60).contains(&calls.len()), "it waits longer each time: {calls:?}");
        if let Some(asked) = fault.asked_wait() {
            assert!(calls.windows(2).all(|pair| pair[1] - pair[0] >= asked), "{calls:?}");
        }
        world.tickets.down(None);
        assert!(reconciled(&world, 2).await.is_done());
        assert_eq!((comments(&world), world.tickets.looks()), (1, 0));
    }
}

#[tokio::test]
async fn what_the_ticketing_system_refuses_is_final_and_says_why() {
    let world = ready().await;
    world.tickets.order(TicketReply::Says(Answered::Refused(Code::TicketNotFound)));
    world.close(request_id(1)).await.unwrap();
    let ended = answer(&world);
    assert_eq!(
        (ended.state, ended.reason.as_deref()),
        (AnswerState::Undeliverable, Some("ticket_not_found"))
    );
    let request = world.request(request_id(1));
    assert!(request.is_done() && request.next_due.is_none());
    world.clock.advance(DAY);
    world.close(request_id(1)).await.unwrap();
    assert_eq!(world.tickets.sends(), 1);
    assert_eq!(told(&world), ["claimed", "undeliverable"]);
}

#[tokio::test]
async fn a_ticket_that_is_gone_when_it_is_looked_at_is_final() {
    let world = ready().await;
    world.tickets.order(TicketReply::Lost);
    world.close(request_id(1)).await.unwrap();
    world.tickets.fail_look(Fault::Refused(Code::TicketNotFound));
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!(answer(&world).state, AnswerState::Undeliverable);
}

#[tokio::test]
async fn after_thirty_days_an_answer_is_given_up() {
    for doubtful in [false, true] {
        let world = ready().await;
        if doubtful {
            world.tickets.order(TicketReply::Lost);
            world.close(request_id(1)).await.unwrap();
        }
        world.tickets.down(Some(Fault::Unavailable(Code::VendorUnreachable)));
        assert!(!reconciled(&world, 29).await.is_done());
        let request = reconciled(&world, 3).await;
        assert!(request.is_done(), "{request:?}");
        let ended = answer(&world);
        assert_eq!(ended.state, AnswerState::Undeliverable);
        assert_eq!(ended.reason.as_deref(), Some("ticket_answer_gave_up"));
        assert!((100..1000).contains(&world.tickets.journal().len()), "{}", world.tickets.journal().len());
    }
}

#[tokio::test]
async fn without_a_ticketing_system_the_answer_ends_as_not_set_up() {
    let world = ready().await;
    world.tickets.order(TicketReply::Says(Answered::NotSetUp));
    world.close(request_id(1)).await.unwrap();
    let ended = answer(&world);
    assert_eq!((ended.state, ended.reason.as_deref()), (AnswerState::NotSetUp, Some("ticketing_not_set_up")));
    assert!(world.request(request_id(1)).is_done());
}

#[tokio::test]
async fn no_answer_is_owed_to_an_operator_another_channel_or_no_ticket() {
    for (channel, reference) in [("operator", Some(TICKET)), ("standard", Some(TICKET)), (CHANNEL, None)] {
        let (world, _) = ready_with(channel, reference).await;
        world.close(request_id(1)).await.unwrap();
        let request = world.request(request_id(1));
        assert_eq!(request.answer, None, "{channel}");
        assert!(request.is_done(), "{channel}");
        assert!(world.tickets.journal().is_empty(), "{channel}");
    }
}

#[tokio::test]
async fn an_open_request_is_never_answered() {
    let world = World::new();
    world.connect("crm").holds(CANARY, ["a".to_owned()]);
    let reference = Some(Reference::parse(TICKET).unwrap());
    let arrival = Arrival::Delivery { channel: CHANNEL, key: b"1", body: b"{}" };
    world.accept(1, &Demand { reference, ..erasure() }, arrival).await.unwrap();
    let at = task_of(1, "crm");
    let vendor = world.vendors.vendor(&at.source_id);
    world.search(&at).await.unwrap();
    world.close(request_id(1)).await.unwrap();
    vendor.set(|state| state.statuses.push_back(Err(Fault::RuleNotFound)));
    world.submit(&at).await.unwrap();
    world.clock.advance_to(world.request(request_id(1)).due_at.plus_seconds(1));
    world.check_status(&at).await.unwrap();
    let closing = world.close(request_id(1)).await.unwrap();
    assert_eq!((closing.state, closing.unknown), (RequestState::Open, 1));
    assert_eq!(world.request(request_id(1)).answer, None);
    assert!(world.tickets.journal().is_empty());
}

#[tokio::test]
async fn a_request_that_was_closed_before_there_were_answers_stays_as_it_is() {
    let world = ready().await;
    world.close(request_id(1)).await.unwrap();
    world.tamper_request(request_id(1), |request| request.answer = None);
    assert!(!world.store.dump().contains("\"answer\""));
    assert!(world.request(request_id(1)).is_done());
    world.close(request_id(1)).await.unwrap();
    assert_eq!((world.request(request_id(1)).answer, world.tickets.sends()), (None, 1));
}

#[tokio::test]
async fn a_failed_requests_ticket_is_answered_at_once_and_stays_open_for_a_person() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.searches.push_back(Err(Fault::TooManyRecords)));
    let reference = Some(Reference::parse(TICKET).unwrap());
    let arrival = Arrival::Delivery { channel: CHANNEL, key: b"1", body: b"{}" };
    world.accept(1, &Demand { reference, ..erasure() }, arrival).await.unwrap();
    let execution = world.workflow.take().unwrap();
    assert_eq!(Driver::new(&world).run(&execution).await, End::Closed);
    assert_eq!(answer(&world).state, AnswerState::Sent);
    let request = world.request(request_id(1));
    assert!(request.forgotten_at.is_none() && !request.is_done());
    assert_eq!(request.next_due, request.forget_at, "only the forgetting is left");
    let ticket = world.tickets.ticket(TICKET);
    assert!(!ticket.solved && ticket.comments[0].contains("too_many_records"));
    assert!(reconciled(&world, 40).await.is_done());
    assert_eq!(comments(&world), 1);
}

#[tokio::test]
async fn without_the_time_for_a_call_nothing_is_claimed() {
    let world = ready().await;
    let closing = world.close_within(request_id(1), 24).await.unwrap();
    assert_eq!(closing.state, RequestState::Closed);
    assert_eq!((answer(&world).state, answer(&world).tries), (AnswerState::Due, 0));
    assert_eq!(told(&world), Vec::<&str>::new());
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!(comments(&world), 1);
}

/// The next fault, or the next step.
#[derive(Clone, Debug)]
enum Act {
    Close,
    TwoClose,
    Reconcile,
    Advance(u64),
    CrashIn(u32),
    Reply(u8),
    Look(u8),
    Store(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Close),
        3 => Just(Act::TwoClose),
        2 => Just(Act::Reconcile),
        4 => (1u64..20_000).prop_map(Act::Advance),
        3 => (0u32..25).prop_map(Act::CrashIn),
        4 => (0u8..5).prop_map(Act::Reply),
        2 => (0u8..3).prop_map(Act::Look),
        2 => (0u8..3).prop_map(Act::Store),
    ]
}

async fn play(world: &World, act: &Act) {
    let unreachable = Fault::Unavailable(Code::VendorUnreachable);
    let id = request_id(1);
    match act {
        Act::Advance(seconds) => world.clock.advance(*seconds),
        Act::CrashIn(points) => world.gate.crash_at(Some(*points)),
        Act::Reply(n) => world.tickets.order(match n {
            0 | 1 => TicketReply::Lost,
            2 => TicketReply::Says(Answered::Unknown(Code::VendorTimedOut)),
            3 => TicketReply::Says(Answered::NotSent(Fault::Throttled(Some(30)))),
            _ => TicketReply::Says(Answered::NotSent(unreachable)),
        }),
        Act::Look(n) => world.tickets.fail_look(match n {
            0 => Fault::Unauthorized,
            1 => Fault::Throttled(Some(30)),
            _ => unreachable,
        }),
        Act::Store(n) => world.store.table().fail_next(&[match n {
            0 => TableFault::Conflict,
            1 => TableFault::LoseAnswer,
            _ => TableFault::LoseCall,
        }]),
        Act::Close => {
            let _ = world.gate.until_crash(world.close(id)).await;
        }
        Act::TwoClose => {
            world.gate.interleave(true);
            let both = async { tokio::join!(world.close(id), world.close(id)) };
            let _ = world.gate.until_crash(both).await;
            world.gate.interleave(false);
        }
        Act::Reconcile => drop(world.gate.until_crash(world.reconcile()).await),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn invariant_6_whatever_happens_there_is_one_comment_in_the_end_and_never_two(
        acts in proptest::collection::vec(act(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = ready().await;
            for act in &acts {
                play(&world, act).await;
                assert!(comments(&world) <= 1, "{act:?}");
            }
            world.gate.crash_at(None);
            let request = reconciled(&world, 25).await;
            assert!(request.is_done(), "{request:?}");
            assert_eq!((comments(&world), answer(&world).state), (1, AnswerState::Sent));
            assert_eq!(told(&world).iter().filter(|fact| **fact == "sent").count(), 1);
        });
    }
}
