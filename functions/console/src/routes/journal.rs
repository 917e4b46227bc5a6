//! The deployment's journal.

use crate::answer::{Answer, Refusal};
use crate::api::Api;
use crate::call::{Call, cursor, wrong_cursor};
use crate::ports::{Lists as _, Outside};
use rightful_domain::view::page::Page;

/// What operators did that concerns no single request, the newest first.
pub(crate) async fn list<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let query = call.query(&["limit", "cursor", "before"])?;
    let limit = query.limit()?;
    let before = match query.cursor()? {
        Some(place) => Some(place.parse().map_err(|_| wrong_cursor())?),
        None => query.number("before")?,
    };
    let page = api.outside.lists().journal(before, limit).await?;
    Answer::ok(&Page { items: page.rows, next: page.next.as_deref().map(cursor) })
}
