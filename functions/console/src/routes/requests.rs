//! Requests: made, listed, shown with their events and receipts.

use super::Hidden;
use crate::answer::{Answer, Refusal, objection};
use crate::api::Api;
use crate::call::{Call, cursor, parameter};
use crate::ports::{Lists as _, Outside, ReceiptReads as _, SetUps as _};
use rightful_domain::failure::Failure;
use rightful_domain::identifier::{Identifier, IdentifierKind};
use rightful_domain::ids::{Reference, RequestId, SourceId};
use rightful_domain::operations::accept::{Accept, Arrival, Demand};
use rightful_domain::ports::{Begins as _, Catalogue as _, Clock as _, Reads as _};
use rightful_domain::request::{Request, RequestState, Right};
use rightful_domain::view::{AcceptedView, At, EventPage, Page, RequestDetail, RequestView};
use serde::Deserialize;
use uuid::Uuid;

/// How many identifiers one request takes.
const MOST_IDENTIFIERS: usize = 20;

/// An identifier as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    kind: IdentifierKind,
    value: Hidden,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    right: Right,
    identifiers: Vec<Given>,
    sources: Option<Vec<SourceId>>,
    #[serde(default)]
    dry_run: bool,
    reference: Option<Reference>,
    key: Option<String>,
}

impl<O: Outside> Api<O> {
    pub(super) fn at(&self) -> At {
        At { now: self.outside.clock().now(), grace_seconds: self.settings.operations.grace_seconds }
    }

    pub(super) async fn request(&self, id: RequestId) -> Result<Request, Refusal> {
        self.outside.store().request(id).await?.ok_or_else(Refusal::no_request)
    }

    async fn view(&self, request: &Request) -> Result<RequestView, Refusal> {
        let tasks = self.outside.store().tasks(request.id).await?;
        Ok(RequestView::of(request, &tasks, self.at()))
    }

    /// The connectors of the data sources that a request goes to.
    async fn connectors_of(&self, sources: &[SourceId]) -> Result<Vec<String>, Refusal> {
        let all = self.outside.store().sources().await?;
        let chosen = all
            .into_iter()
            .filter(|one| if sources.is_empty() { one.enabled } else { sources.contains(&one.id) });
        let mut connectors: Vec<String> = chosen.map(|one| one.connector).collect();
        connectors.sort();
        connectors.dedup();
        Ok(connectors)
    }
}

/// An identifier, if its value can be one of its kind.
pub(super) fn identifier(given: &Given, place: &str) -> Result<Identifier, Refusal> {
    Identifier::new(given.kind.clone(), &given.value.0).map_err(|error| malformed(place, error.to_string()))
}

fn malformed(place: &str, what: String) -> Refusal {
    Refusal::new(422, "identifier_malformed", format!("`{place}`: {what}")).with(objection(place, what))
}

/// Makes a request; the same `key` again gives the one that it made.
pub(crate) async fn new<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let New { right, identifiers: given, sources, dry_run, reference, key } = call.body()?;
    let key = key.as_deref();
    if key.is_some_and(|key| !is_key(key)) {
        let what =
            "`key` is 1 to 128 of letters, digits and . _ : / # -, such as people-7: no address and no name";
        return Err(Refusal::new(422, "key_malformed", what).with(objection("key", what)));
    }
    if given.len() > MOST_IDENTIFIERS {
        let what = format!("one request takes {MOST_IDENTIFIERS} identifiers at most, all of one person");
        return Err(Refusal::new(422, "too_many_identifiers", what));
    }
    let mut identifiers = Vec::with_capacity(given.len());
    for (n, one) in given.iter().enumerate() {
        identifiers.push(identifier(one, &format!("identifiers[{n}].value"))?);
    }
    if sources.as_ref().is_some_and(Vec::is_empty) {
        let what = "`sources` names at least one data source; leave it out for all that are enabled";
        return Err(Refusal::new(400, "body_malformed", what).with(objection("sources", what)));
    }
    let sources = sources.unwrap_or_default();
    check(api, &identifiers, &sources).await?;
    let demand = Demand { right, identifiers, reference, dry_run, sources };
    let outside = &api.outside;
    let accept = Accept {
        store: outside.store(),
        keys: outside.keys(),
        tags: outside.tags(),
        workflow: outside.workflow(),
        clock: outside.clock(),
        settings: api.settings.operations,
        policies: api.settings.policies,
    };
    let arrival = Arrival::Operator { by: &call.actor, key };
    let accepted = accept.run(new_id(), &demand, arrival).await?;
    if let Some(failure) = accepted.not_started {
        tracing::warn!(request_id = %accepted.request, code = failure.code, "workflow not started: reconcile will");
    }
    let request = api.view(&api.request(accepted.request).await?).await?;
    let view = AcceptedView { request, new: accepted.new, started: accepted.not_started.is_none() };
    Answer::of(if accepted.new { 201 } else { 200 }, &view)
}

#[allow(clippy::disallowed_methods, reason = "the one place where an operator's request gets its id")]
fn new_id() -> RequestId {
    RequestId::new(Uuid::now_v7())
}

fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/#-".contains(&byte))
}

/// Refuses kinds that no connector takes, and values that a data source of the request that takes their
/// kind does not. A kind that none of these data sources takes is no mistake: they show what they miss.
async fn check<O: Outside>(
    api: &Api<O>,
    identifiers: &[Identifier],
    sources: &[SourceId],
) -> Result<(), Refusal> {
    let set_ups = api.outside.set_ups();
    let mut known: Vec<IdentifierKind> =
        set_ups.connectors().into_iter().flat_map(|one| one.identifiers).map(|asked| asked.kind).collect();
    known.push(IdentifierKind::email());
    known.sort();
    known.dedup();
    let connectors = api.connectors_of(sources).await?;
    for (n, identifier) in identifiers.iter().enumerate() {
        if !known.contains(identifier.kind()) {
            let known: Vec<&str> = known.iter().map(IdentifierKind::as_str).collect();
            let what = format!("no data source is searched by this kind; give one of: {}", known.join(", "));
            let place = format!("identifiers[{n}].kind");
            return Err(Refusal::new(422, "identifier_kind_unknown", format!("`{place}`: {what}"))
                .with(objection(place, what)));
        }
        for connector in &connectors {
            let asked = set_ups.kinds(connector);
            if asked.iter().any(|asked| asked.kind == *identifier.kind()) {
                let checked = set_ups.check_identifier(connector, identifier);
                checked.map_err(|one| malformed(&format!("identifiers[{n}].value"), one.what))?;
            }
        }
    }
    Ok(())
}

/// Requests, the newest first.
pub(crate) async fn list<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let query = call.query(&["state", "limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let state = match query.text("state") {
        None => None,
        Some("open") => Some(RequestState::Open),
        Some("closed") => Some(RequestState::Closed),
        Some(_) => return Err(parameter("state", "`state` is open or closed".to_owned())),
    };
    let page = api.outside.lists().requests(state, after.as_deref(), limit).await.map_err(unknown_place)?;
    let mut items = Vec::with_capacity(page.rows.len());
    for request in &page.rows {
        items.push(api.view(request).await?);
    }
    Answer::ok(&Page { items, next: page.next.as_deref().map(cursor) })
}

/// A cursor that the store can't read is the caller's mistake.
fn unknown_place(failure: Failure) -> Refusal {
    if failure.code == "cursor_unreadable" { crate::call::wrong_cursor() } else { failure.into() }
}

/// A request with its tasks.
pub(crate) async fn show<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    call.query(&[])?;
    let request = api.request(id).await?;
    let mut tasks = Vec::new();
    for task in api.outside.store().tasks(id).await? {
        let rules = api.outside.store().rules(id, &task.source).await?;
        tasks.push((task, rules));
    }
    Answer::ok(&RequestDetail::of(&request, &tasks, api.at(), api.outside.set_ups()))
}

/// What happened to a request, the oldest first.
pub(crate) async fn events<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let query = call.query(&["after", "limit"])?;
    let (after, limit) = (query.number("after")?.unwrap_or(0), query.limit()?);
    api.request(id).await?;
    let bytes = api.outside.store().events(id).await?;
    Answer::ok(&EventPage::of(id, &bytes, after, limit as usize))
}

/// The receipt file of the last closing, or of the one that is asked for, byte for byte.
pub(crate) async fn receipt<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let closing: Option<u32> = call.query(&["closing"])?.number("closing")?;
    let request = api.request(id).await?;
    let last = match request.receipt_sha256 {
        Some(_) => Some(request.reopened),
        None => request.reopened.checked_sub(1),
    };
    let none = || {
        let what = "there is no such receipt: each closing of a request has one, counted from 0";
        Refusal::new(404, "receipt_not_found", what)
    };
    let closing = closing.or(last).ok_or_else(none)?;
    let file = api.outside.receipts().receipt(id, closing).await?.ok_or_else(none)?;
    Ok(Answer::file(200, file))
}
