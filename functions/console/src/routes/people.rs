//! What an operator is shown of a person: the records that were found, who they show, why somebody decided
//! as they did, and a link to the copy. Each time is an event of the request.

use crate::answer::{Answer, Refusal, objection};
use crate::api::Api;
use crate::call::{Call, limit};
use crate::ports::Outside;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::person::see::{
    Compare, CopyLink, GivenReason, Link, Reasons, RecordPage, Records,
};
use rightful_domain::view::acts::{LinkView, ReasonView, ReasonsView, RecordsView};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    source: SourceId,
    #[serde(default)]
    from: u32,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The data source, the place of the first record, and how many at most.
fn which(call: &Call<'_>) -> Result<(SourceId, u32, u32), Refusal> {
    let Which { source, from, limit: asked } = call.body()?;
    let most = limit(asked).ok_or_else(|| {
        let what = "`limit` is a whole number from 1 to 100";
        Refusal::new(400, "body_malformed", what).with(objection("limit", what))
    })?;
    Ok((source, from, most))
}

/// Which records the last search of a data source found.
pub(crate) async fn records<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let (source, from, most) = which(call)?;
    let outside = &api.outside;
    let records = Records { store: outside.store(), keys: outside.keys(), clock: outside.clock() };
    let at = TaskRef { request_id: id, source_id: source.clone() };
    let RecordPage { records, all, digest, next } = records.run(&at, from, most, &call.actor).await?;
    Answer::ok(&RecordsView { source, records, all, digest, next })
}

/// The records that the vendor shows now, with the fields that tell who it is.
pub(crate) async fn compare<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let (source, from, most) = which(call)?;
    let outside = &api.outside;
    let compare = Compare {
        store: outside.store(),
        keys: outside.keys(),
        looks: outside.tester(),
        clock: outside.clock(),
    };
    let at = TaskRef { request_id: id, source_id: source };
    Answer::ok(&compare.run(&at, from, most, &call.actor).await?)
}

/// Why persons decided as they did.
pub(crate) async fn reasons<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    let outside = &api.outside;
    let reasons = Reasons { store: outside.store(), keys: outside.keys(), clock: outside.clock() };
    let view = |given: GivenReason| ReasonView {
        source: given.source,
        by: given.by,
        at: given.at,
        verdict: given.verdict,
        reason: given.reason.as_str().to_owned(),
    };
    let items = reasons.run(id, &call.actor).await?.into_iter().map(view).collect();
    Answer::ok(&ReasonsView { items })
}

/// A link to the person's copy.
pub(crate) async fn copy<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    let outside = &api.outside;
    let copy = CopyLink {
        store: outside.store(),
        links: outside.links(),
        clock: outside.clock(),
        seconds: api.settings.link_seconds,
    };
    let Link { url, until, sha256, bytes, expires_at } = copy.run(id, &call.actor).await?;
    Answer::ok(&LinkView { url: url.as_str().to_owned(), until, sha256, bytes, expires_at })
}
