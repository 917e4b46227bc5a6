//! `rightful request new` and `list`: feeds the deployment and looks over what it has.

use crate::args::RequestNew;
use crate::codes::{told_failure, words as code_words};
use crate::deployment::Deployment;
use crate::input::{Input, pair};
use crate::output::{OK, Out, due_in, lines, table, told, usage, utc};
use crate::{source, watch, words};
use anyhow::Result;
use rightful_aws::{Store, SystemClock};
use rightful_domain::escalation;
use rightful_domain::identifier::{Identifier, IdentifierKind};
use rightful_domain::ids::{Reference, RequestId};
use rightful_domain::operations::Settings;
use rightful_domain::operations::accept::{Accept, AcceptError, Accepted, Arrival, Demand};
use rightful_domain::owner;
use rightful_domain::ports::{Clock as _, Reads as _};
use rightful_domain::request::{Request, RequestState};
use rightful_domain::task::{Task, TaskState};
use rightful_domain::time::Time;
use serde_json::{Value, json};

/// A request's id from the command line.
pub fn id(text: &str) -> Result<RequestId> {
    RequestId::parse(text).map_err(|error| {
        usage(format!("this is no request's id: {error}"), "`rightful request list` shows the ids")
    })
}

/// The request of an id from the command line.
pub async fn load(store: &Store, id: RequestId) -> Result<Request> {
    store.request(id).await.map_err(told_failure)?.ok_or_else(|| {
        told(
            format!("there is no request {id} in this deployment"),
            "`rightful request list` shows those there are",
        )
    })
}

#[allow(clippy::disallowed_methods, reason = "the one place where the command line makes an id")]
fn new_id() -> RequestId {
    RequestId::new(uuid::Uuid::now_v7())
}

/// Stores a request, starts its workflow, and follows it if asked to.
pub async fn new(out: Out, deployment: &Deployment, new: &RequestNew) -> Result<u8> {
    if !new.wait && (new.watching.timeout.is_some() || new.watching.until_closed) {
        return Err(usage("--timeout and --until-closed are for a request that is watched", "add --wait"));
    }
    let demand = demand(new, &mut Input::default())?;
    let store = deployment.store();
    let accept = Accept {
        store: &store,
        keys: &deployment.data_keys(),
        tags: &deployment.tags(),
        workflow: &deployment.workflow(),
        clock: &SystemClock,
        settings: Settings { grace_seconds: deployment.stack.grace_seconds() },
    };
    let accepted = accept.run(new_id(), &demand, Arrival::Operator).await.map_err(not_accepted)?;
    let request = load(&store, accepted.request).await?;
    say_accepted(out, &request, &accepted)?;
    if new.wait { watch::watch(out, deployment, request.id, new.watching).await } else { Ok(OK) }
}

/// The demand of a command line.
fn demand(new: &RequestNew, input: &mut Input) -> Result<Demand> {
    let mut identifiers = Vec::with_capacity(new.identifier.len());
    for text in &new.identifier {
        identifiers.push(identifier(text, input)?);
    }
    let reference = new.reference.as_deref().map(Reference::parse).transpose();
    Ok(Demand {
        right: new.right.into(),
        identifiers,
        reference: reference.map_err(|error| usage(error.to_string(), "give the ticket's number alone"))?,
        dry_run: new.dry_run,
        sources: new.source.iter().map(|text| source::id(text)).collect::<Result<_>>()?,
    })
}

fn identifier(text: &str, input: &mut Input) -> Result<Identifier> {
    let example = "write it as in --identifier email=name@example.com, or email=- and pipe it in";
    let (kind, given) =
        pair(text).ok_or_else(|| usage("an --identifier is not of the form KIND=VALUE", example))?;
    let kind = IdentifierKind::parse(kind).map_err(|error| usage(error.to_string(), example))?;
    let value = input.value(kind.as_str(), given)?;
    Identifier::new(kind, &value).map_err(|error| usage(error.to_string(), example))
}

fn not_accepted(error: AcceptError) -> anyhow::Error {
    match error {
        AcceptError::NoIdentifier => usage("the request names no identifier", "give --identifier KIND=VALUE"),
        AcceptError::UnknownSource(id) => {
            told(format!("there is no data source {id}"), "`rightful source list` shows those there are")
        }
        AcceptError::DisabledSource(id) => {
            told(format!("the data source {id} is disabled"), "leave it out, or enable it first")
        }
        AcceptError::NoSource => told(
            "no data source is connected",
            "connect one: `rightful connector list` shows how; then make the request again",
        ),
        AcceptError::Conflict(id) => told(
            format!("this was delivered before with another content, as request {id}"),
            "look at that one",
        ),
        AcceptError::Failed(failure) => told_failure(failure),
    }
}

fn say_accepted(out: Out, request: &Request, accepted: &Accepted) -> Result<()> {
    if out.json {
        return out.json_line(&json!({
            "request_id": request.id,
            "right": request.right,
            "dry_run": request.dry_run,
            "received_at": request.received_at,
            "due_at": request.due_at,
            "sources": request.sources,
            "reference": request.reference,
            "started": accepted.not_started.is_none(),
        }));
    }
    let sources: Vec<&str> = request.sources.iter().map(|source| source.as_str()).collect();
    out.line(format_args!("request {}", request.id))?;
    out.line(format_args!("  right: {}", right(request)))?;
    out.line(format_args!(
        "  legal date: {} ({})",
        utc(request.due_at),
        due_in(request.received_at, request.due_at)
    ))?;
    out.line(format_args!("  data sources: {}", sources.join(", ")))?;
    if let Some(failure) = accepted.not_started {
        out.line(format_args!(
            "  its workflow could not be started ({}: {}); the reconciliation starts it",
            failure.code,
            code_words(failure.code).what
        ))?;
    }
    out.line(format_args!("  follow it: rightful request watch {}", request.id))
}

/// The right, and whether it is a dry run.
pub fn right(request: &Request) -> String {
    let dry = if request.dry_run { " (dry run: nothing is erased)" } else { "" };
    format!("{}{dry}", request.right.as_str())
}

/// Requests, the newest first.
pub async fn list(out: Out, deployment: &Deployment, limit: u32, open: bool) -> Result<u8> {
    let store = deployment.store();
    let wanted = usize::try_from(limit)?;
    let mut rows: Vec<(Request, Vec<Task>)> = Vec::new();
    let mut before = None;
    loop {
        let page = store.list_requests(before, limit).await.map_err(told_failure)?;
        for request in page.rows {
            if rows.len() < wanted && (!open || request.state == RequestState::Open) {
                let tasks = store.tasks(request.id).await.map_err(told_failure)?;
                rows.push((request, tasks));
            }
        }
        before = page.next;
        if rows.len() >= wanted || before.is_none() {
            break;
        }
    }
    let (now, grace) = (SystemClock.now(), deployment.stack.grace_seconds());
    if out.json {
        let all: Vec<Value> =
            rows.iter().map(|(request, tasks)| listed(request, tasks, now, grace)).collect();
        out.value(&json!({"requests": all}))?;
    } else if rows.is_empty() {
        out.line(if open { "no request is open" } else { "there is no request yet" })?;
    } else {
        out.line(listing(&rows, now, grace))?;
    }
    Ok(OK)
}

fn listed(request: &Request, tasks: &[Task], now: Time, grace_seconds: u64) -> Value {
    let (settled, unknown) = settled_and_unknown(tasks);
    json!({
        "request_id": request.id,
        "right": request.right,
        "dry_run": request.dry_run,
        "state": request.state,
        "outcome": request.outcome,
        "received_at": request.received_at,
        "due_at": request.due_at,
        "closed_at": request.closed_at,
        "reference": request.reference,
        "answer": request.answer,
        "sources": {"all": tasks.len(), "settled": settled, "unknown": unknown},
        "held": owner::of_request(request, tasks, now, grace_seconds),
        "escalation": escalation::of(request, tasks, now),
        "extension": request.extension,
    })
}

fn settled_and_unknown(tasks: &[Task]) -> (usize, usize) {
    let of = |state| tasks.iter().filter(|task| task.state == state).count();
    (of(TaskState::Settled), of(TaskState::Unknown))
}

fn listing(rows: &[(Request, Vec<Task>)], now: Time, grace_seconds: u64) -> String {
    let mut shown = table([
        "ID",
        "RIGHT",
        "STATE",
        "RECEIVED",
        "DUE",
        "SOURCES SETTLED",
        "HELD BY",
        "ESCALATION",
        "TICKET",
    ]);
    for (request, tasks) in rows {
        let (settled, unknown) = settled_and_unknown(tasks);
        let unknown = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
        let extended = if request.extension.is_some() { " (extended)" } else { "" };
        let due = match request.state {
            RequestState::Open => format!("{}{extended}", due_in(now, request.due_at)),
            RequestState::Closed => "-".to_owned(),
        };
        let held = owner::of_request(request, tasks, now, grace_seconds);
        let dry = if request.dry_run { " (dry run)" } else { "" };
        shown.add_row([
            request.id.to_string(),
            format!("{}{dry}", request.right.as_str()),
            words::of_request(request),
            utc(request.received_at),
            due,
            format!("{settled} of {}{unknown}", tasks.len()),
            held.map_or("-".to_owned(), |held| format!("{} by {}", held.owner.as_str(), utc(held.by))),
            words::escalation(&escalation::of(request, tasks, now)),
            request.reference.as_ref().map_or("-", Reference::as_str).to_owned(),
        ]);
    }
    lines(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn error(text: &str) -> String {
        identifier(text, &mut Input::default()).unwrap_err().to_string()
    }

    #[test]
    fn an_identifier_is_a_kind_and_a_value() {
        let read = identifier("email=ann@example.com", &mut Input::default()).unwrap();
        assert_eq!((read.kind().as_str(), read.expose()), ("email", "ann@example.com"));
    }

    #[test]
    fn a_bad_identifier_is_not_repeated() {
        assert!(error("canary@example.com").contains("KIND=VALUE"));
        assert!(error("E-Mail=canary@example.com").contains("kind"));
        assert!(error("email=canary@").contains("not one e-mail address"));
        for bad in ["canary@example.com", "E-Mail=canary@example.com", "email=canary@"] {
            assert!(!error(bad).contains("canary"), "{bad}");
        }
    }

    #[test]
    fn a_bad_id_says_what_an_id_is() {
        assert!(id("T-1").unwrap_err().to_string().contains("a request id is a UUID"));
    }

    #[test]
    fn the_list_shows_state_due_date_and_sources() {
        let (open, tasks) = fixtures::unknown();
        let (closed, done) = fixtures::fulfilled();
        let now = Time::parse("2026-11-23T09:30:00Z").unwrap();
        insta::assert_snapshot!(listing(&[(open, tasks), (closed, done)], now, 120), @r"
        ID                                    RIGHT    STATE      RECEIVED                 DUE         SOURCES SETTLED    HELD BY                            ESCALATION  TICKET
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 unknown  person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  fulfilled  2026-11-21 09:30:00 UTC  -           1 of 1             -                                  -           T-1
        ");
    }
}
