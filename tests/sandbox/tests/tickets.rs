//! The fake Zendesk: what an agent's token may do, and its faults.

mod stage;

use std::time::Duration;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_sandbox::http::{Response, send};
use rightful_sandbox::{
    Comment, DEFAULT_TICKET, DEFAULT_TICKETING_TOKEN, DEFAULT_TICKETING_USER, Fault, FaultKind, On, Reset,
    Ticket,
};
use serde_json::{Value, json};
use stage::Stage;

fn basic(token: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{DEFAULT_TICKETING_USER}/token:{token}")))
}

async fn call(stage: &Stage, method: &str, path: &str, body: Option<&Value>) -> Result<Response> {
    let auth = basic(DEFAULT_TICKETING_TOKEN);
    send(&stage.sandbox.url, method, path, &[("authorization", auth.as_str())], body).await
}

fn note(text: &str, status: Option<&str>) -> Value {
    let mut ticket = json!({"comment": {"body": text, "public": false}});
    if let Some(status) = status {
        ticket["status"] = json!(status);
    }
    json!({ "ticket": ticket })
}

async fn update(stage: &Stage, text: &str, status: Option<&str>) -> Result<Response> {
    call(stage, "PUT", "/api/v2/tickets/35436.json", Some(&note(text, status))).await
}

async fn comments(stage: &Stage, query: &str) -> Result<Response> {
    call(stage, "GET", &format!("/api/v2/tickets/35436/comments.json{query}"), None).await
}

#[tokio::test]
async fn an_update_writes_an_internal_note_and_sets_the_status() {
    let stage = Stage::fast();
    assert_eq!(stage.control.ticket(DEFAULT_TICKET).await.unwrap(), Ticket::new(DEFAULT_TICKET));
    let answer = update(&stage, "done", Some("solved")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().unwrap()["ticket"], json!({"id": 35436, "status": "solved"}));
    update(&stage, "more", None).await.unwrap();
    let ticket = stage.control.ticket(DEFAULT_TICKET).await.unwrap();
    assert_eq!(ticket.status, "solved");
    let texts: Vec<&str> = ticket.comments.iter().map(|comment| comment.body.as_str()).collect();
    assert_eq!(texts, ["done", "more"]);
    assert!(ticket.comments.iter().all(|comment| !comment.public));
    let journal = stage.control.journal().await.unwrap();
    let calls = journal.calls_of("ticket_update");
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.applied && call.ticket_id == Some(35436)));
}

#[tokio::test]
async fn comments_come_by_pages_with_a_cursor() {
    let comment = |n: u64| Comment { id: 0, body: format!("number {n}"), public: true };
    let stage = Stage::fast();
    let ticket = Ticket { comments: (0..5).map(comment).collect(), ..Ticket::new(35436) };
    stage.control.add_tickets(&[ticket]).await.unwrap();
    let (mut query, mut seen) = ("?page%5Bsize%5D=2".to_owned(), Vec::new());
    loop {
        let page = comments(&stage, &query).await.unwrap().json().unwrap();
        let texts = page["comments"].as_array().unwrap().iter();
        seen.extend(texts.map(|one| one["plain_body"].as_str().unwrap().to_owned()));
        if page["meta"]["has_more"] == json!(false) {
            break;
        }
        let cursor = rightful_sandbox::http::encode(page["meta"]["after_cursor"].as_str().unwrap());
        query = format!("?page%5Bsize%5D=2&page%5Bafter%5D={cursor}");
    }
    assert_eq!(seen, ["number 0", "number 1", "number 2", "number 3", "number 4"]);
}

#[tokio::test]
async fn only_the_agents_token_is_let_in_and_only_to_tickets_there_are() {
    let stage = Stage::fast();
    for auth in [basic("wrong"), "Basic !".to_owned(), format!("Bearer {DEFAULT_TICKETING_TOKEN}")] {
        let headers = [("authorization", auth.as_str())];
        let body = note("x", None);
        let url = &stage.sandbox.url;
        let answer = send(url, "PUT", "/api/v2/tickets/35436.json", &headers, Some(&body)).await.unwrap();
        assert_eq!(answer.status, 401);
    }
    assert_eq!(
        call(&stage, "PUT", "/api/v2/tickets/1.json", Some(&note("x", None))).await.unwrap().status,
        404
    );
    let gone = call(&stage, "GET", "/api/v2/tickets/1/comments.json?page%5Bsize%5D=1", None).await.unwrap();
    assert_eq!(gone.status, 404);
    assert!(stage.control.ticket(DEFAULT_TICKET).await.unwrap().comments.is_empty());
}

#[tokio::test]
async fn a_closed_ticket_and_one_that_cant_be_solved_are_refused_whole() {
    let stage = Stage::fast();
    let closed = Ticket { status: "closed".to_owned(), ..Ticket::new(35436) };
    let unsolvable = Ticket { unsolvable: true, ..Ticket::new(35436) };
    for (ticket, without) in [(closed, 422), (unsolvable, 200)] {
        stage.control.add_tickets(&[ticket]).await.unwrap();
        assert_eq!(update(&stage, "x", Some("solved")).await.unwrap().status, 422);
        assert!(stage.control.ticket(DEFAULT_TICKET).await.unwrap().comments.is_empty());
        assert_eq!(update(&stage, "x", None).await.unwrap().status, without);
    }
}

#[tokio::test]
async fn faults_happen_to_ticket_calls_as_they_are_ordered() {
    for (kind, status) in [
        (FaultKind::Unauthorized {}, 401),
        (FaultKind::NotFound {}, 404),
        (FaultKind::Throttled { retry_after: Some("7".to_owned()) }, 429),
        (FaultKind::ServerError { status: 500, apply: false }, 500),
    ] {
        let stage = Stage::with(On::TicketUpdate, kind).await;
        assert_eq!(update(&stage, "x", None).await.unwrap().status, status);
        assert!(stage.control.ticket(DEFAULT_TICKET).await.unwrap().comments.is_empty());
        assert_eq!(
            comments(&stage, "?page%5Bsize%5D=100").await.unwrap().status,
            200,
            "the other call is well"
        );
    }
    let stage = Stage::with(On::TicketComments, FaultKind::Malformed { apply: true }).await;
    assert!(comments(&stage, "?page%5Bsize%5D=100").await.unwrap().json().is_err());
}

#[tokio::test]
async fn a_time_out_comes_before_or_after_the_comment_is_there() {
    let hold_ms = 120_000;
    for (kind, there) in [(FaultKind::TimeoutBefore { hold_ms }, 0), (FaultKind::TimeoutAfter { hold_ms }, 1)]
    {
        let stage = Stage::with(On::TicketUpdate, kind).await;
        let answer = tokio::time::timeout(Duration::from_millis(400), update(&stage, "x", None)).await;
        assert!(answer.is_err(), "it was answered");
        assert_eq!(stage.control.ticket(DEFAULT_TICKET).await.unwrap().comments.len(), there);
        let journal = stage.control.journal().await.unwrap();
        assert_eq!(journal.calls_of("ticket_update")[0].applied, there == 1);
    }
}

#[tokio::test]
async fn a_fault_of_rules_cant_be_ordered_for_tickets() {
    let stage = Stage::fast();
    for kind in
        [FaultKind::Lies {}, FaultKind::WrongRule {}, FaultKind::UnknownStatus { value: "X".to_owned() }]
    {
        assert!(stage.control.fault(&Fault::new(On::TicketUpdate, kind)).await.is_err());
    }
}

#[tokio::test]
async fn a_reset_takes_comments_away_and_may_change_the_token() {
    let stage = Stage::fast();
    update(&stage, "x", None).await.unwrap();
    let reset = Reset {
        tickets: vec![Ticket::new(7)],
        ticketing_token: Some("another".to_owned()),
        ..Reset::default()
    };
    stage.control.reset(&reset).await.unwrap();
    assert!(stage.control.ticket(DEFAULT_TICKET).await.unwrap().comments.is_empty());
    assert!(stage.control.ticket(7).await.is_ok());
    assert_eq!(update(&stage, "x", None).await.unwrap().status, 401);
}
