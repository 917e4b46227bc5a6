//! A request in words: its line in a list, and the facts beside its tasks.

use crate::site::shell::span;
use crate::site::words::{Value, Words};
use rightful_domain::base::code::Code;
use rightful_domain::base::time::Time;
use rightful_domain::duty::owner::Owner;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestState;
use rightful_domain::view::request::RequestView;
use std::time::Duration;

/// A request's line in a list.
pub(crate) struct Row {
    pub id: String,
    /// The right, and the ticket's reference or the end of the id.
    pub name: String,
    /// Where it stands.
    pub state: String,
    /// How far its tasks are.
    pub progress: String,
    /// Who must act next; empty once nobody has to.
    pub turn: String,
    pub is_persons: bool,
    pub due: Due,
    pub sources: String,
    /// Dry run or synthetic.
    pub trial: String,
}

/// How long is left.
pub(crate) struct Due {
    /// `12 days left`, `3 days overdue`; empty once the request is over.
    pub words: String,
    /// Less than a quarter of the time is left, or none.
    pub is_near: bool,
    /// The day in the legal time zone.
    pub day: String,
    pub at: Time,
}

impl Row {
    pub fn of(w: &Words, request: &RequestView, now: Time) -> Self {
        let sources: Vec<&str> = request.sources.iter().map(|source| source.as_str()).collect();
        let held = request.held.filter(|_| request.state == RequestState::Open);
        Self {
            id: request.id.to_string(),
            name: name(w, request),
            state: state(w, request),
            progress: progress(w, request),
            turn: held.map_or_else(String::new, |held| turn(w, held.owner)),
            is_persons: held.is_some_and(|held| held.owner == Owner::Person),
            due: due(w, request, now),
            sources: sources.join(", "),
            trial: trial(w, request),
        }
    }
}

/// The right, and what tells the request from others.
pub(crate) fn name(w: &Words, request: &RequestView) -> String {
    let right = right(w, request.right);
    match &request.reference {
        Some(reference) => w.a(
            "request-name-reference",
            &[("right", Value::Text(&right)), ("x", Value::Text(reference.as_str()))],
        ),
        None => {
            let id = request.id.to_string();
            let end = id.rsplit('-').next().unwrap_or_default();
            w.a("request-name", &[("right", Value::Text(&right)), ("x", Value::Text(end))])
        }
    }
}

pub(crate) fn right(w: &Words, right: Right) -> String {
    w.t(match right {
        Right::Erasure => "right-erasure",
        Right::Access => "right-access",
    })
}

/// Open, or how it ended.
pub(crate) fn state(w: &Words, request: &RequestView) -> String {
    match (request.state, request.outcome) {
        (RequestState::Open, _) => w.t("request-open"),
        (RequestState::Closed, Some(outcome)) => w.t(&format!("request-outcome-{}", outcome.as_str())),
        (RequestState::Closed, None) => w.t("request-closed"),
    }
}

pub(crate) fn turn(w: &Words, owner: Owner) -> String {
    w.t(&format!("turn-{}", owner.as_str()))
}

fn trial(w: &Words, request: &RequestView) -> String {
    match (request.synthetic, request.dry_run) {
        (true, _) => w.t("trial-synthetic"),
        (false, true) => w.t("trial-dry-run"),
        (false, false) => String::new(),
    }
}

fn progress(w: &Words, request: &RequestView) -> String {
    let tasks = request.tasks;
    let number = |n: u32| Value::Number(n.into());
    let mut parts = vec![
        w.a("progress-sources", &[("settled", number(tasks.settled)), ("all", number(tasks.all))]),
        w.n("records-found", tasks.found),
    ];
    for (n, name) in [
        (tasks.missing_identifier, "progress-missing"),
        (tasks.awaiting_review, "progress-review"),
        (tasks.unknown, "progress-unknown"),
    ] {
        if n > 0 {
            parts.push(w.n(name, n));
        }
    }
    parts.join(" · ")
}

/// How long is left until the legal deadline.
pub(crate) fn due(w: &Words, request: &RequestView, now: Time) -> Due {
    let is_open = request.state == RequestState::Open && !request.synthetic;
    let is_over = is_open && request.due_at <= now;
    let left = now.seconds_until(request.due_at);
    let whole = request.received_at.seconds_until(request.due_at);
    let words = match (is_open, is_over) {
        (false, _) => String::new(),
        (true, false) => w.a("due-left", &[("x", Value::Text(&span(w, Duration::from_secs(left))))]),
        (true, true) => {
            let late = Duration::from_secs(request.due_at.seconds_until(now));
            w.a("due-over", &[("x", Value::Text(&span(w, late)))])
        }
    };
    Due {
        words,
        is_near: is_open && left < whole / 4,
        day: request.legal_zone.day(request.due_at),
        at: request.due_at,
    }
}

/// The meaning of a code, for a page.
pub(crate) fn code(w: &Words, code: &str) -> String {
    w.find(&format!("code-{code}")).unwrap_or_else(|| match Code::parse(code) {
        Some(known) => known.what().to_owned(),
        None => w.a("code-unknown-to-us", &[("x", Value::Text(code))]),
    })
}
