//! The answer to the ticket: exactly one, whatever the ticketing system does.

use anyhow::{Result, bail, ensure};
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::note::marker;
use rightful_domain::model::answer::AnswerState;
use rightful_domain::model::request::Request;
use rightful_domain::ports::store::Reads as _;
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack, leaks};
use rightful_sandbox::{Fault, FaultKind, On, Profile, Ticket};
use serde_json::json;
use std::time::{Duration, Instant};

const CANARY: &str = "ticket.canary@secret.example";

/// Waits until the answer has this state; the reconciliation runs meanwhile, if allowed.
async fn answered(
    stack: &Stack,
    id: RequestId,
    reconcile: bool,
    wanted: impl Fn(&Request) -> bool,
) -> Result<Request> {
    let begun = Instant::now();
    loop {
        let request = stack.request(id).await?;
        if wanted(&request) {
            return Ok(request);
        }
        if begun.elapsed() > Duration::from_secs(240) {
            bail!("waited 240 s in vain: {request:?}");
        }
        if reconcile {
            stack.rightful_json(&["reconcile", "--now"])?;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn is(request: &Request, state: AnswerState) -> bool {
    request.answer.as_ref().is_some_and(|answer| answer.state == state)
}

/// This request's answers on a ticket, all of them internal.
async fn notes(stack: &Stack, ticket: u64, id: RequestId) -> Result<Vec<String>> {
    let comments = stack.sandbox.ticket(ticket).await?.comments;
    ensure!(comments.iter().all(|comment| !comment.public), "{comments:?}");
    let ours = comments.into_iter().filter(|comment| comment.body.contains(&marker(id, 0)));
    Ok(ours.map(|comment| comment.body).collect())
}

/// Sets up the ticketing system, as an operator renews its token.
fn set_up_ticketing(stack: &Stack) -> Result<()> {
    let of = |name: &str| stack.json["ticketing"][name].as_str().unwrap_or_default().to_owned();
    let file = stack.dir.join("ticketing.token");
    std::fs::write(&file, of("token"))?;
    let (url, user) = (format!("base_url={}", of("base_url")), format!("user={}", of("user")));
    let secret = format!("token=@{}", file.display());
    stack.shown(&["ticketing", "set", "zendesk", "--set", &url, "--set", &user, "--secret", &secret])?;
    Ok(())
}

#[tokio::test]
async fn a_closed_request_answers_its_ticket_and_a_throttled_one_does_so_later() -> Result<()> {
    let stack = Stack::up("tickets", Options { grace_seconds: 1, ..Options::default() })?;
    set_up_ticketing(&stack)?;
    stack.add_source("qualifio-main", &[])?;
    stack.sandbox.add_profiles(&[Profile::named(0, "A", "K", CANARY)]).await?;
    let id = send(&stack, CANARY, "ZD-35436").await?;
    let request = answered(&stack, id, false, Request::is_done).await?;
    assert!(is(&request, AnswerState::Sent), "{request:?}");
    let ticket = stack.sandbox.ticket(35436).await?;
    assert_eq!(ticket.status, "solved");
    let notes_there = notes(&stack, 35436, id).await?;
    assert_eq!((notes_there.len(), ticket.comments.len()), (1, 1));
    assert!(notes_there[0].contains(request.receipt_sha256.as_deref().unwrap_or("none")));
    assert!(notes_there[0].contains("SANDBOX") && notes_there[0].contains("verified_erased"));

    let shown = stack.rightful_json(&["request", "show", &id.to_string()])?;
    assert_eq!(shown["request"]["answer"]["state"], "sent");
    let listed = stack.rightful_json(&["request", "list"])?;
    assert_eq!(listed["requests"][0]["answer"]["state"], "sent");

    // Another ticket: postponed, then answered by the reconciliation, without a look.
    stack.sandbox.add_tickets(&[Ticket { unsolvable: true, ..Ticket::new(7) }]).await?;
    let throttled = FaultKind::Throttled { retry_after: Some("1".to_owned()) };
    stack.sandbox.fault(&Fault::new(On::TicketUpdate, throttled).times(2)).await?;
    let later = send(&stack, "nobody@example.com", "#7").await?;
    let waiting = answered(&stack, later, false, |request| {
        is(request, AnswerState::Due) && request.answer.as_ref().is_some_and(|answer| answer.tries > 0)
    })
    .await?;
    assert!(waiting.answer.is_some_and(|answer| answer.reason.as_deref() == Some("vendor_throttled")));
    let request = answered(&stack, later, true, Request::is_done).await?;
    assert!(is(&request, AnswerState::Sent), "{request:?}");
    assert_eq!(notes(&stack, 7, later).await?.len(), 1);
    assert_eq!(
        stack.sandbox.ticket(7).await?.status,
        "open",
        "it can't be solved, and has the note all the same"
    );
    let journal = stack.sandbox.journal().await?;
    assert!(journal.calls_of("ticket_comments").is_empty());

    // An impossible answer says why, and the request is done.
    for (reference, code) in [("ZD-404404", "ticket_not_found"), ("T-1", "ticket_reference_unusable")] {
        let gone = send(&stack, "nobody@example.com", reference).await?;
        let request = answered(&stack, gone, false, Request::is_done).await?;
        let reason = request.answer.as_ref().and_then(|answer| answer.reason.as_deref());
        assert!(is(&request, AnswerState::Undeliverable) && reason == Some(code), "{request:?}");
    }

    let logs = stack.logs()?;
    let token = stack.json["ticketing"]["token"].as_str().unwrap_or_default();
    assert!(logs.contains("answer_ticket"), "the calls are logged");
    for value in [CANARY, "agent@example.com", token] {
        assert_eq!(leaks::forms_in(&logs, value), Vec::<String>::new());
    }
    assert_eq!(leaks::forms_in(&notes_there[0], CANARY), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn invariant_6_a_comment_that_was_stored_without_an_answer_is_found_and_not_written_again() -> Result<()>
{
    let stack = Stack::up("ticket-lost", Options { grace_seconds: 1, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    let lost = Fault::new(On::TicketUpdate, FaultKind::TimeoutAfter { hold_ms: 120_000 }).once();
    stack.sandbox.fault(&lost).await?;
    let id = send(&stack, "joao@qualifio.com", "ZD-35436").await?;
    let request = answered(&stack, id, true, |request| {
        request.answer.as_ref().is_some_and(|answer| answer.reason.is_some())
    })
    .await?;
    assert!(is(&request, AnswerState::Claimed), "{request:?}");
    assert!(request.forgotten_at.is_some(), "forgetting did not wait for the ticket");
    let request = answered(&stack, id, true, Request::is_done).await?;
    assert!(is(&request, AnswerState::Sent), "{request:?}");
    assert_eq!(notes(&stack, 35436, id).await?.len(), 1);
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("ticket_update").len(), 1, "it was looked for instead");
    assert!(!journal.calls_of("ticket_comments").is_empty());
    let (_, facts) = read_chain(id, &stack.store.events(id).await?)?;
    let sent = facts.iter().filter(|(_, fact)| matches!(fact, Fact::AnswerSent { .. })).count();
    assert_eq!(sent, 1);
    Ok(())
}

#[tokio::test]
async fn a_ticketing_system_that_is_down_is_answered_later_by_the_reconciliation() -> Result<()> {
    let stack = Stack::up("ticket-down", Options { grace_seconds: 1, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    let down = || FaultKind::ServerError { status: 503, apply: false };
    stack.sandbox.fault(&Fault::new(On::TicketUpdate, down()).once()).await?;
    stack.sandbox.fault(&Fault::new(On::TicketComments, down()).once()).await?;
    let id = send(&stack, "joao@qualifio.com", "ZD-35436").await?;
    let (request, _) = stack.closed(id).await?;
    assert!(!request.is_done(), "{request:?}");
    let request = answered(&stack, id, true, Request::is_done).await?;
    assert!(is(&request, AnswerState::Sent), "{request:?}");
    assert_eq!(notes(&stack, 35436, id).await?.len(), 1);
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("ticket_update").len(), 2);
    assert_eq!(journal.calls_of("ticket_comments").len(), 2, "it was looked for before it was sent again");
    Ok(())
}

#[tokio::test]
async fn a_tagged_ticket_whose_delivery_was_lost_is_named_until_a_request_is_made_of_it() -> Result<()> {
    let stack = Stack::up("unreceived", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let tagged = |id| Ticket { tags: vec!["rightful_erasure".to_owned()], ..Ticket::new(id) };
    stack.sandbox.add_tickets(&[tagged(501), tagged(502), Ticket::new(503)]).await?;
    send(&stack, "nobody-501@example.com", "ZD-501").await?;
    let order = json!({"tickets": true});
    let found = stack.invoke("reconcile", &order).await?;
    assert_eq!(found, json!({"tagged": 2, "unreceived": ["502"], "whole": true}));
    let email = stack.dir.join("by-hand");
    std::fs::write(&email, "nobody-502@example.com")?;
    let identifier = format!("email=@{}", email.display());
    stack.rightful_json(&[
        "request",
        "new",
        "--right",
        "erasure",
        "--identifier",
        &identifier,
        "--reference",
        "ZD-502",
    ])?;
    let found = stack.invoke("reconcile", &order).await?;
    assert_eq!(found, json!({"tagged": 2, "unreceived": [], "whole": true}));
    let logs = stack.logs()?;
    assert!(logs.contains("ticket_unreceived") && logs.contains("TicketsUnreceived"));
    // Nothing that a ticketing system tells of a ticket is kept.
    assert!(!logs.contains("canary.requester"), "a ticket's text is in a log");
    assert_eq!(leaks::forms_in(&logs, "nobody-502@example.com"), Vec::<String>::new());
    Ok(())
}
