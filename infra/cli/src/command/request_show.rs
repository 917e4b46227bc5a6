//! `rightful request show`.

use crate::api::call::Call;
use crate::api::client::Api;
use crate::api::deployment::Deployment;
use crate::api::error::ApiError;
use crate::api::reads;
use crate::show;
use crate::terminal::exit_code::{FAILED, OK};
use crate::terminal::output::Out;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::ids::RequestId;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::events::EventPage;

/// Shows a request, and its events if asked to. A broken chain of events is a failure.
pub async fn show_request(out: Out, deployment: &Deployment, id: RequestId, events: bool) -> Result<u8> {
    let detail = reads::request(&deployment.api, id).await?;
    let events = if events { Some(all_events(&deployment.api, id).await?) } else { None };
    if out.json {
        let mut shown = show::request::json(&detail)?;
        if let Some(events) = &events {
            shown["events"] = show::event::json(events);
        }
        out.value(&shown)?;
    } else {
        out.line(show::request::text(&detail, SystemClock.now()))?;
        if let Some(events) = &events {
            out.line(show::event::text(events))?;
        }
    }
    Ok(if events.is_some_and(|events| events.broken.is_some()) { FAILED } else { OK })
}

/// All events of a request. The API checks the whole chain for each page.
async fn all_events(api: &Api, id: RequestId) -> Result<EventPage, ApiError> {
    let page = async |after: Option<u64>| -> Result<EventPage, ApiError> {
        let call = Call::get(format!("/requests/{id}/events"));
        api.call(call.query("after", after).query("limit", Some(100))).await
    };
    let mut all = page(None).await?;
    while let Some(after) = all.next {
        let EventPage { items, next, all: number, head, broken } = page(Some(after)).await?;
        all.items.extend(items);
        (all.next, all.all, all.head, all.broken) = (next, number, head, broken);
    }
    Ok(all)
}
