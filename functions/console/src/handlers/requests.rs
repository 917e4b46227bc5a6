//! Requests: made, listed, shown with their events and receipts.

use crate::answer::{Refusal, objection};
use crate::app::App;
use crate::call::Call;
use crate::docs::{Docs, Example, REPLY, REQUESTS};
use crate::handlers::identifiers::{SentIdentifier, malformed};
use crate::ports::{Lists as _, Outside, ReceiptReads as _};
use crate::query::{Query, cursor, parameter, wrong_cursor};
use crate::success::{CreatedOnce, Json, ReceiptFile};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Entered, IdentifierError, TakenOffAt};
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::duty::acts::{self, WhyNot};
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::with_rules;
use rightful_domain::model::task::Task;
use rightful_domain::operations::accept::{Accept, AcceptError, Arrival, Demand, person_tag};
use rightful_domain::ports::store::Reads as _;
use rightful_domain::view::acts::AcceptedView;
use rightful_domain::view::events::EventPage;
use rightful_domain::view::page;
use rightful_domain::view::request::{FoundView, RequestDetail, RequestView};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most identifiers that one request takes.
const MOST_IDENTIFIERS: usize = 20;

/// A data subject's demand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct NewRequest {
    /// The right that the person exercises.
    right: Right,
    /// The person's identifiers. At least one has a value.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 20)))]
    identifiers: Vec<SentIdentifier>,
    /// The data sources it goes to; if left out, all that are enabled.
    sources: Option<Vec<SourceId>>,
    /// `true` for a dry run, which erases and copies nothing.
    #[serde(default)]
    dry_run: bool,
    /// The ticket it comes from.
    reference: Option<Reference>,
    /// When the person asked, if that was before this call: a day in the deployment's `LegalTimeZone`, or a
    /// time in RFC 3339 with its zone. It is not in the future, and at most 366 days ago. The legal month
    /// counts from here.
    received_at: Option<ReceivedAt>,
    /// The same key makes one request, however often it is sent.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Za-z0-9._:/#-]{1,128}$")))]
    key: Option<String>,
}

/// The result of a demand.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Accepted {
    #[serde(flatten)]
    view: AcceptedView,
    /// The parts removed from the values; the identifiers do not contain them.
    taken_off: Vec<TakenOffAt>,
}

pub(crate) const NEW: Docs = Docs {
    id: "newRequest",
    subject: &REQUESTS,
    summary: "Make a request",
    description: "A person's demand for erasure or access. A data source that lacks its identifier shows \
        `Missing identifier`; give it one with `identify`.",
    takes: Some(Example::Required(
        r#"{"right": "erasure", "identifiers": [{"kind": "email", "value": "ann@example.com"}],
            "reference": "T-1042", "key": "people.csv/7"}"#,
    )),
    success: &[(200, "An earlier call with the same key made this request."), (201, "Made.")],
    errors: &[
        Code::KeyConflict,
        Code::SourceDisabled,
        Code::SourceNone,
        Code::IdentifierKindUnknown,
        Code::IdentifierMalformed,
        Code::IdentifierNone,
        Code::KeyMalformed,
        Code::ReceivedAtMalformed,
        Code::SourceUnknown,
        Code::TooManyIdentifiers,
        Code::TooManySources,
    ],
    ..Docs::NONE
};

/// Makes a request; the same `key` again gives the one that it made.
pub(crate) async fn new<O: Outside>(
    app: &App<O>,
    call: &Call<'_, NewRequest>,
) -> Result<CreatedOnce<Accepted>, Refusal> {
    let NewRequest { right, identifiers: given, sources, dry_run, reference, received_at, key } =
        call.body()?;
    let key = key.as_deref();
    if key.is_some_and(|key| !is_key(key)) {
        let what =
            "`key` is 1 to 128 of letters, digits and . _ : / # -, such as people-7: no address and no name";
        return Err(Refusal::new(Code::KeyMalformed, what).with(objection("key", what)));
    }
    if given.len() > MOST_IDENTIFIERS {
        let what = format!("one request takes {MOST_IDENTIFIERS} identifiers at most, all of one person");
        return Err(Refusal::new(Code::TooManyIdentifiers, what));
    }
    let (mut identifiers, mut places, mut taken_off) = (Vec::new(), Vec::new(), Vec::new());
    for (n, one) in given.iter().enumerate() {
        let place = format!("identifiers[{n}].value");
        if let Some(entered) = one.entered(&place, app.outside.set_ups())? {
            taken_off.extend(TakenOffAt::of(place, &entered.taken_off));
            identifiers.push(entered.identifier);
            places.push(format!("identifiers[{n}]"));
        }
    }
    if sources.as_ref().is_some_and(Vec::is_empty) {
        let what = "`sources` names at least one data source; leave it out for all that are enabled";
        return Err(Refusal::new(Code::BodyMalformed, what).with(objection("sources", what)));
    }
    let sources = sources.unwrap_or_default();
    let demand = Demand { right, identifiers, reference, dry_run, sources, received_at };
    let outside = &app.outside;
    let accept = Accept {
        store: outside.store(),
        keys: outside.keys(),
        tags: outside.tags(),
        workflow: outside.workflow(),
        catalogue: outside.set_ups(),
        clock: outside.clock(),
        settings: app.settings.operations,
        policies: app.settings.policies,
        legal_zone: app.settings.legal_zone.clone(),
    };
    let arrival = Arrival::Operator { by: &call.actor, key };
    let accepted =
        accept.accept(new_id(), &demand, arrival).await.map_err(|error| at_its_place(error, &places))?;
    if let Some(failure) = accepted.not_started {
        tracing::warn!(request_id = %accepted.request, code = failure.code.as_str(), "workflow not started: reconcile will");
    }
    let request = app.request(accepted.request).await?;
    let tasks = app.outside.store().tasks(request.id).await?;
    let request = RequestView::of(&request, &tasks, app.at());
    let view = AcceptedView {
        request,
        new: accepted.new,
        started: accepted.not_started.is_none(),
        repeated: accepted.ended.is_some_and(|ended| ended.repeated),
    };
    let told = Accepted { view, taken_off };
    Ok(if accepted.new { CreatedOnce::Now(told) } else { CreatedOnce::Before(told) })
}

/// Why a demand is not accepted, with the place of the identifier at fault.
fn at_its_place(error: AcceptError, places: &[String]) -> Refusal {
    let place = |index: usize, member: &str| {
        format!("{}.{member}", places.get(index).map_or("identifiers", String::as_str))
    };
    match error {
        AcceptError::KindNotTaken { index, .. } => {
            let place = place(index, "kind");
            Refusal::new(Code::IdentifierKindUnknown, format!("`{place}`: {error}"))
                .with(objection(place, error.to_string()))
        }
        AcceptError::Identifier { index, what, .. } => malformed(&place(index, "value"), what),
        AcceptError::ReceivedAt(error) => {
            Refusal::new(Code::ReceivedAtMalformed, format!("`received_at`: {error}"))
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

pub(crate) const LIST: Docs = Docs {
    id: "listRequests",
    subject: &REQUESTS,
    summary: "List the requests",
    description: "The newest first. A page may have fewer items than its limit, or none, and still a next page: a \
        call looks through some thousands of requests at most.",
    ..Docs::NONE
};

/// Requests, the newest first.
pub(crate) async fn list<O: Outside>(
    app: &App<O>,
    call: &Call<'_>,
) -> Result<Json<page::Page<RequestView>>, Refusal> {
    let query = call.query()?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let state = match query.text("state") {
        None => None,
        Some("open") => Some(RequestState::Open),
        Some("closed") => Some(RequestState::Closed),
        Some(_) => return Err(parameter("state", "`state` is open or closed".to_owned())),
    };
    let wanted = Wanted::of(&query)?;
    let mut rows = Vec::new();
    let mut place = after;
    for _ in 0..MOST_READS {
        let left = limit - u32::try_from(rows.len()).unwrap_or(limit);
        let read = app.outside.lists().requests(state, place.as_deref(), left).await;
        let mut read = read.map_err(unknown_place)?;
        read.rows.retain(|request| wanted.takes(request));
        rows.append(&mut read.rows);
        place = read.next;
        if place.is_none() || !wanted.leaves_out() || rows.len() >= limit as usize {
            break;
        }
    }
    let items = app.shown(&rows).await?;
    Ok(Json(page::Page { items, next: place.as_deref().map(cursor) }))
}

/// How often the store is read for one page, if some requests may not fit.
const MOST_READS: u32 = 40;

/// The requests that a call asks for, beside their state.
pub(crate) struct Wanted {
    pub right: Option<Right>,
    pub source: Option<SourceId>,
    pub reference: Option<Reference>,
}

impl Wanted {
    /// What a query asks for.
    pub fn of(query: &Query<'_>) -> Result<Self, Refusal> {
        let wrong = |name: &str, error: String| parameter(name, format!("`{name}`: {error}"));
        let source = query.text("source").map(SourceId::parse).transpose();
        let reference = query.text("reference").map(Reference::parse).transpose();
        Ok(Self {
            right: query.right("right")?,
            source: source.map_err(|error| wrong("source", error.to_string()))?,
            reference: reference.map_err(|error| wrong("reference", error.to_string()))?,
        })
    }

    /// Whether it fits.
    pub fn takes(&self, request: &Request) -> bool {
        self.right.is_none_or(|right| request.right == right)
            && self.source.as_ref().is_none_or(|source| request.sources.contains(source))
            && self.reference.as_ref().is_none_or(|one| request.reference.as_ref() == Some(one))
    }

    /// Whether any request may not fit.
    pub fn leaves_out(&self) -> bool {
        self.right.is_some() || self.source.is_some() || self.reference.is_some()
    }
}

/// A cursor that the store can't read is the caller's mistake.
fn unknown_place(failure: Failure) -> Refusal {
    if failure.code == Code::CursorUnreadable { wrong_cursor() } else { failure.into() }
}

/// Whose requests are to be found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct FindRequests {
    /// The person's identifier.
    identifier: SentIdentifier,
}

pub(crate) const FIND: Docs = Docs {
    id: "findRequests",
    subject: &REQUESTS,
    summary: "Find a person's requests",
    description: "Those that name this identifier as their first e-mail, or as their first identifier if they \
        name no e-mail; the oldest first. A request whose person is forgotten is not found: nobody can tell any \
        more whose it was. A request that has just arrived may be missing for a second or so.",
    takes: Some(Example::Required(r#"{"identifier": {"kind": "email", "value": "ann@example.com"}}"#)),
    errors: &[Code::IdentifierMalformed],
    ..Docs::NONE
};

/// The requests of the person whom an identifier points at.
pub(crate) async fn find<O: Outside>(
    app: &App<O>,
    call: &Call<'_, FindRequests>,
) -> Result<Json<FoundView>, Refusal> {
    let FindRequests { identifier } = call.body()?;
    let place = "identifier.value";
    let Some(Entered { identifier, .. }) = identifier.entered(place, app.outside.set_ups())? else {
        return Err(malformed(place, IdentifierError::Empty.to_string()));
    };
    let tag = person_tag(app.outside.tags(), &identifier).await?;
    let requests = app.outside.lists().of_subject(&tag).await?;
    Ok(Json(FoundView { items: app.shown(&requests).await? }))
}

impl<O: Outside> App<O> {
    /// Requests, each with the counts of its tasks.
    pub async fn shown(&self, requests: &[Request]) -> Result<Vec<RequestView>, Refusal> {
        let at = self.at();
        let all = self.outside.store().tasks_of(requests).await?;
        let view = |request: &Request| {
            let own: Vec<Task> = all.iter().filter(|task| task.request == request.id).cloned().collect();
            RequestView::of(request, &own, at)
        };
        Ok(requests.iter().map(view).collect())
    }
}

pub(crate) const SHOW: Docs = Docs {
    id: "showRequest",
    subject: &REQUESTS,
    summary: "Show a request",
    description: "With its tasks. Each task says how many records were found at its data source, which \
        identifiers the data source takes, whether one is missing, whose turn it is, and what may be done \
        now.",
    ..Docs::NONE
};

/// A request with its tasks.
pub(crate) async fn show<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<RequestDetail>, Refusal> {
    let id = call.request_id()?;
    call.query()?;
    let request = app.request(id).await?;
    let tasks = app.outside.store().tasks(id).await?;
    let tasks = with_rules(tasks, &app.outside.store().all_rules(id).await?);
    Ok(Json(RequestDetail::of(&request, &tasks, app.at(), app.outside.set_ups())))
}

pub(crate) const EVENTS: Docs = Docs {
    id: "listEvents",
    subject: &REQUESTS,
    summary: "List what happened to a request",
    description: "Every act and every decision, each bound to the one before it.",
    ..Docs::NONE
};

/// The events of a request, the oldest first.
pub(crate) async fn events<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<EventPage>, Refusal> {
    let id = call.request_id()?;
    let query = call.query()?;
    let (after, limit) = (query.number("after")?.unwrap_or(0), query.limit()?);
    app.request(id).await?;
    let bytes = app.outside.store().events(id).await?;
    Ok(Json(EventPage::of(id, &bytes, after, limit as usize)))
}

pub(crate) const RECEIPT: Docs = Docs {
    id: "receipt",
    subject: &REPLY,
    summary: "Get the receipt",
    description: "The receipt of the last closing, or of an earlier one.",
    errors: &[Code::ReceiptNotFound],
    ..Docs::NONE
};

/// The receipt file of the last closing, or of the one asked for, byte for byte.
pub(crate) async fn receipt<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<ReceiptFile, Refusal> {
    let id = call.request_id()?;
    let closing: Option<u32> = call.query()?.number("closing")?;
    let request = app.request(id).await?;
    let closing = closing.map_or_else(|| acts::receipt(&request), Ok)?;
    let file = app.outside.receipts().receipt(id, closing).await?.ok_or(WhyNot::NoReceipt)?;
    Ok(ReceiptFile(file))
}
