//! Personal data for an operator: the person's identifiers, the records found, the fields that identify the person, the reasons of
//! decisions, and a link to the copy. Each reading is an event of the request.

use crate::answer::{Refusal, objection};
use crate::app::App;
use crate::call::{Call, Nothing};
use crate::docs::{Docs, Example, REPLY, REQUESTS};
use crate::ports::Outside;
use crate::query::limit;
use crate::success::Json;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::operations::person::see::{
    Compare, CopyLink, GivenIdentifier, GivenReason, Identifiers, Link, Reasons, RecordPage, Records,
};

use rightful_domain::view::acts::{
    IdentifierView, IdentifiersView, LinkView, ReasonView, ReasonsView, RecordsView,
};
use serde::Deserialize;

/// The records to be shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct WhichRecords {
    /// The data source.
    source: SourceId,
    /// The place of the first record, counted from 0.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(extend("maximum" = u32::MAX)))]
    from: u32,
    /// The most records that the page can have.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    limit: Option<u32>,
}

/// The data source, the place of the first record, and how many at most.
fn which(call: &Call<'_, WhichRecords>) -> Result<(SourceId, u32, u32), Refusal> {
    let WhichRecords { source, from, limit: asked } = call.body()?;
    let most = limit(asked).ok_or_else(|| {
        let what = "`limit` is a whole number from 1 to 100";
        Refusal::new(Code::BodyMalformed, what).with(objection("limit", what))
    })?;
    Ok((source, from, most))
}

pub(crate) const RECORDS: Docs = Docs {
    id: "showRecords",
    subject: &REQUESTS,
    summary: "Show which records were found",
    description: "Decrypted only for the operator who asks. Each call is an event.",
    takes: Some(Example::Required(r#"{"source": "qualifio-main", "from": 0, "limit": 50}"#)),
    errors: &[Code::PersonForgotten, Code::SourceNotInRequest],
    ..Docs::NONE
};

/// The records that the last search of a data source found.
pub(crate) async fn records<O: Outside>(
    app: &App<O>,
    call: &Call<'_, WhichRecords>,
) -> Result<Json<RecordsView>, Refusal> {
    let id = call.request_id()?;
    let (source, from, most) = which(call)?;
    let outside = &app.outside;
    let records = Records { store: outside.store(), keys: outside.keys(), clock: outside.clock() };
    let at = TaskRef { request_id: id, source_id: source.clone() };
    let RecordPage { records, all, digest, next } = records.show(&at, from, most, &call.actor).await?;
    Ok(Json(RecordsView { source, records, all, digest, next }))
}

pub(crate) const COMPARE: Docs = Docs {
    id: "compareRecords",
    subject: &REQUESTS,
    summary: "Show who the records are about",
    description: "Asks the vendor now, at the target that was searched. Each record is shown with the kind \
        of identifier that found it and the fields that tell who it is about, including records that were \
        set aside. Nothing of the answer is stored. Each call is an event and a search at the vendor. It is \
        possible until the task is settled.",
    takes: Some(Example::Required(r#"{"source": "qualifio-main", "from": 0, "limit": 50}"#)),
    errors: &[
        Code::NothingToShow,
        Code::PersonForgotten,
        Code::SourceMoved,
        Code::TaskOver,
        Code::SourceNotInRequest,
    ],
    ..Docs::NONE
};

/// The records that the vendor shows now, with the fields that tell who they are about.
pub(crate) async fn compare<O: Outside>(
    app: &App<O>,
    call: &Call<'_, WhichRecords>,
) -> Result<Json<ComparisonView>, Refusal> {
    let id = call.request_id()?;
    let (source, from, most) = which(call)?;
    let outside = &app.outside;
    let compare = Compare {
        store: outside.store(),
        keys: outside.keys(),
        looks: outside.tester(),
        clock: outside.clock(),
    };
    let at = TaskRef { request_id: id, source_id: source };
    Ok(Json(compare.compare(&at, from, most, &call.actor).await?))
}

pub(crate) const IDENTIFIERS: Docs = Docs {
    id: "showIdentifiers",
    subject: &REQUESTS,
    summary: "Show the person's identifiers",
    description: "Decrypted only for the operator who asks, until the person is forgotten. Each call is an event.",
    takes: Some(Example::Optional("{}")),
    errors: &[Code::PersonForgotten],
    ..Docs::NONE
};

/// The person's identifiers.
pub(crate) async fn identifiers<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<IdentifiersView>, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    let outside = &app.outside;
    let identifiers = Identifiers { store: outside.store(), keys: outside.keys(), clock: outside.clock() };
    let view = |one: GivenIdentifier| IdentifierView {
        kind: one.identifier.kind().clone(),
        value: one.identifier.expose().to_owned(),
        source: one.source,
    };
    let items = identifiers.show(id, &call.actor).await?.into_iter().map(view).collect();
    Ok(Json(IdentifiersView { items }))
}

pub(crate) const REASONS: Docs = Docs {
    id: "readReasons",
    subject: &REQUESTS,
    summary: "Show why reviewers decided as they did",
    description: "Decrypted only for the operator who asks, until the person is forgotten. Each reading of \
        each reason is an event, stored before the text is given.",
    takes: Some(Example::Optional("{}")),
    errors: &[Code::PersonForgotten],
    ..Docs::NONE
};

/// Why reviewers decided as they did.
pub(crate) async fn reasons<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<ReasonsView>, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    let outside = &app.outside;
    let reasons = Reasons { store: outside.store(), keys: outside.keys(), clock: outside.clock() };
    let view = |given: GivenReason| ReasonView {
        source: given.source,
        by: given.by,
        at: given.at,
        verdict: given.verdict,
        reason: given.reason.as_str().to_owned(),
    };
    let items = reasons.show(id, &call.actor).await?.into_iter().map(view).collect();
    Ok(Json(ReasonsView { items }))
}

pub(crate) const COPY: Docs = Docs {
    id: "copy",
    subject: &REPLY,
    summary: "Get a link to the person's copy",
    description: "The link works for a limited time. Each call is an event.",
    takes: Some(Example::Optional("{}")),
    errors: &[Code::CopyExpired, Code::CopyNotThere, Code::NotAccess],
    ..Docs::NONE
};

/// A link to the person's copy.
pub(crate) async fn copy<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<LinkView>, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    let outside = &app.outside;
    let copy = CopyLink {
        store: outside.store(),
        links: outside.links(),
        clock: outside.clock(),
        seconds: app.settings.link_seconds,
    };
    let Link { url, until, sha256, bytes, expires_at } = copy.link(id, &call.actor).await?;
    Ok(Json(LinkView { url: url.as_str().to_owned(), until, sha256, bytes, expires_at }))
}
