//! The deployment's journal.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::Call;
use crate::docs::{Docs, JOURNAL};
use crate::ports::{Lists as _, Outside};
use crate::query::{cursor, wrong_cursor};
use crate::success::Json;
use rightful_domain::chain::journal::Entry;
use rightful_domain::view::page;

pub(crate) const LIST: Docs = Docs {
    id: "listJournal",
    subject: &JOURNAL,
    summary: "List what operators did to the deployment",
    description: "Acts on data sources and ticketing, which concern no single request; the newest first.",
    ..Docs::NONE
};

/// The operators' acts on the deployment itself, the newest first.
pub(crate) async fn list<O: Outside>(
    app: &App<O>,
    call: &Call<'_>,
) -> Result<Json<page::Page<Entry>>, Refusal> {
    let query = call.query()?;
    let limit = query.limit()?;
    let before = match query.cursor()? {
        Some(place) => Some(place.parse().map_err(|_| wrong_cursor())?),
        None => query.number("before")?,
    };
    let read = app.outside.lists().journal(before, limit).await?;
    Ok(Json(page::Page { items: read.rows, next: read.next.as_deref().map(cursor) }))
}
