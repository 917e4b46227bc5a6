//! Requests: made, listed, shown with their events and receipts.

use crate::answer::{Answer, Refusal, objection};
use crate::api::Api;
use crate::call::{Call, cursor, parameter};
use crate::ports::{Lists as _, Outside, ReceiptReads as _};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierError, IdentifierKind, TakenOffAt};
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::duty::acts::{self, WhyNot};
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::with_rules;
use rightful_domain::model::task::Task;
use rightful_domain::operations::accept::{Accept, AcceptError, Arrival, Demand};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::Catalogue;
use rightful_domain::ports::store::Reads as _;
use rightful_domain::view::acts::AcceptedView;
use rightful_domain::view::events::EventPage;
use rightful_domain::view::page::{At, Page};
use rightful_domain::view::request::{RequestDetail, RequestView};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How many identifiers one request takes.
const MOST_IDENTIFIERS: usize = 20;

/// An identifier as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    kind: IdentifierKind,
    value: Sent,
}

/// A value as it is sent: a form's empty field is none.
enum Sent {
    Text(Zeroizing<String>),
    Number(u64),
    Nothing,
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Sent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a string, or a whole number without a sign where the kind is made of digits alone",
                )
            }
            fn visit_str<E>(self, text: &str) -> Result<Sent, E> {
                Ok(Sent::Text(Zeroizing::new(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Sent, E> {
                Ok(Sent::Text(Zeroizing::new(text)))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Sent, E> {
                Ok(Sent::Number(number))
            }
            fn visit_unit<E>(self) -> Result<Sent, E> {
                Ok(Sent::Nothing)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// An answer, and what is not in the identifiers that were taken.
#[derive(Serialize)]
pub(super) struct Told<T> {
    #[serde(flatten)]
    pub(super) view: T,
    pub(super) taken_off: Vec<TakenOffAt>,
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
    received_at: Option<ReceivedAt>,
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
}

/// An identifier, if its value can be one of its kind; `None` where it has no value.
pub(super) fn identifier(
    given: &Given,
    place: &str,
    catalogue: &impl Catalogue,
) -> Result<Option<Entered>, Refusal> {
    let digits;
    let value = match &given.value {
        Sent::Nothing => return Ok(None),
        Sent::Text(text) => text,
        Sent::Number(number) if catalogue.is_number(&given.kind) => {
            digits = Zeroizing::new(number.to_string());
            &digits
        }
        Sent::Number(_) => {
            let what = "give a text: only a kind that is made of digits alone takes a number";
            return Err(malformed(place, what.to_owned()));
        }
    };
    match Identifier::entered(given.kind.clone(), value) {
        Ok(entered) => Ok(Some(entered)),
        Err(IdentifierError::Empty) => Ok(None),
        Err(error) => Err(malformed(place, error.to_string())),
    }
}

pub(super) fn malformed(place: &str, what: String) -> Refusal {
    Refusal::new(422, "identifier_malformed", format!("`{place}`: {what}")).with(objection(place, what))
}

/// Makes a request; the same `key` again gives the one that it made.
pub(crate) async fn new<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let New { right, identifiers: given, sources, dry_run, reference, received_at, key } = call.body()?;
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
    let (mut identifiers, mut places, mut taken_off) = (Vec::new(), Vec::new(), Vec::new());
    for (n, one) in given.iter().enumerate() {
        let place = format!("identifiers[{n}].value");
        if let Some(entered) = identifier(one, &place, api.outside.set_ups())? {
            taken_off.extend(TakenOffAt::of(place, &entered.taken_off));
            identifiers.push(entered.identifier);
            places.push(format!("identifiers[{n}]"));
        }
    }
    if sources.as_ref().is_some_and(Vec::is_empty) {
        let what = "`sources` names at least one data source; leave it out for all that are enabled";
        return Err(Refusal::new(400, "body_malformed", what).with(objection("sources", what)));
    }
    let sources = sources.unwrap_or_default();
    let demand = Demand { right, identifiers, reference, dry_run, sources, received_at };
    let outside = &api.outside;
    let accept = Accept {
        store: outside.store(),
        keys: outside.keys(),
        tags: outside.tags(),
        workflow: outside.workflow(),
        catalogue: outside.set_ups(),
        clock: outside.clock(),
        settings: api.settings.operations,
        policies: api.settings.policies,
        legal_zone: api.settings.legal_zone.clone(),
    };
    let arrival = Arrival::Operator { by: &call.actor, key };
    let accepted =
        accept.run(new_id(), &demand, arrival).await.map_err(|error| at_its_place(error, &places))?;
    if let Some(failure) = accepted.not_started {
        tracing::warn!(request_id = %accepted.request, code = failure.code, "workflow not started: reconcile will");
    }
    let request = api.view(&api.request(accepted.request).await?).await?;
    let view = AcceptedView {
        request,
        new: accepted.new,
        started: accepted.not_started.is_none(),
        repeated: accepted.ended.is_some_and(|ended| ended.repeated),
    };
    Answer::of(if accepted.new { 201 } else { 200 }, &Told { view, taken_off })
}

/// Why a demand is not accepted, with the place of the identifier that it is about.
fn at_its_place(error: AcceptError, places: &[String]) -> Refusal {
    let place = |index: usize, member: &str| {
        format!("{}.{member}", places.get(index).map_or("identifiers", String::as_str))
    };
    match error {
        AcceptError::KindNotTaken { index, .. } => {
            let place = place(index, "kind");
            Refusal::new(422, "identifier_kind_unknown", format!("`{place}`: {error}"))
                .with(objection(place, error.to_string()))
        }
        AcceptError::Identifier { index, what, .. } => malformed(&place(index, "value"), what),
        AcceptError::ReceivedAt(error) => {
            Refusal::new(422, "received_at_malformed", format!("`received_at`: {error}"))
                .with(objection("received_at", error.to_string()))
        }
        error => error.into(),
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where an operator's request gets its id")]
fn new_id() -> RequestId {
    RequestId::new(Uuid::now_v7())
}

fn is_key(key: &str) -> bool {
    (1..=128).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/#-".contains(&byte))
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
    let all = api.outside.store().tasks_of(&page.rows).await?;
    let view = |request: &Request| {
        let own: Vec<Task> = all.iter().filter(|task| task.request == request.id).cloned().collect();
        RequestView::of(request, &own, api.at())
    };
    let items: Vec<RequestView> = page.rows.iter().map(view).collect();
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
    let tasks = api.outside.store().tasks(id).await?;
    let tasks = with_rules(tasks, &api.outside.store().all_rules(id).await?);
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
    let closing = closing.map_or_else(|| acts::receipt(&request), Ok)?;
    let file = api.outside.receipts().receipt(id, closing).await?.ok_or(WhyNot::NoReceipt)?;
    Ok(Answer::file(200, file))
}
