//! `rightful request new`.

use crate::api::body::RequestBody;
use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::args::request::RequestNew;
use crate::batch::make::make_requests;
use crate::terminal::error::usage_error;
use crate::terminal::exit_code::OK;
use crate::terminal::format::{due_in, utc};
use crate::terminal::output::Out;
use crate::values::input::Input;
use crate::values::request::{identifier, received_at};
use crate::values::source::source_ids;
use crate::watch::follow::follow;
use crate::words;
use anyhow::Result;
use rightful_domain::base::identifier::{Entered, TakenOffAt};
use rightful_domain::base::ids::Reference;
use rightful_domain::view::acts::AcceptedView;
use serde_json::json;

/// Makes a request, or one for each row of a file, and watches it if asked to.
pub async fn new_request(out: Out, deployment: &Deployment, new: &RequestNew) -> Result<u8> {
    if !new.wait && (new.watching.timeout.is_some() || new.watching.until_closed) {
        return Err(usage_error("--timeout and --until-closed need a request that is watched", "add --wait"));
    }
    if let Some(file) = &new.file {
        return make_requests(out, deployment, new, file).await;
    }
    let (body, removed) = request_body(new, &mut Input::default())?;
    // The body has a key of its own, so it may be sent again.
    let call = Call::post("/requests", &body)?.may_be_repeated();
    let accepted: AcceptedView = deployment.api.call(call).await?;
    show_accepted(out, &accepted, &removed)?;
    match new.wait {
        true => follow(out, deployment, accepted.request.id, new.watching).await,
        false => Ok(OK),
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where the command line makes a key")]
fn new_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The body of the call, and what was removed from its identifiers, by their kinds.
fn request_body(new: &RequestNew, input: &mut Input) -> Result<(RequestBody, Vec<TakenOffAt>)> {
    let mut identifiers = Vec::with_capacity(new.identifier.len());
    let mut removed = Vec::new();
    for text in &new.identifier {
        let Entered { identifier, taken_off } = identifier(text, input)?;
        removed.extend(TakenOffAt::of(identifier.kind().as_str(), &taken_off));
        identifiers.push(identifier);
    }
    let right =
        new.right.ok_or_else(|| usage_error("the right is missing", "give --right erasure or access"))?;
    let reference = new.reference.as_deref().map(Reference::parse).transpose();
    let body = RequestBody {
        right,
        identifiers,
        reference: reference
            .map_err(|error| usage_error(error.to_string(), "give only the ticket's number"))?,
        dry_run: new.dry_run,
        sources: source_ids(&new.source)?,
        received_at: received_at(new.received_at.as_deref())?,
        key: Some(new_key()),
    };
    Ok((body, removed))
}

fn show_accepted(out: Out, accepted: &AcceptedView, removed: &[TakenOffAt]) -> Result<()> {
    let request = &accepted.request;
    if out.json {
        return out.json_line(&json!({
            "request_id": request.id,
            "right": request.right,
            "dry_run": request.dry_run,
            "received_at": request.received_at,
            "arrived_at": request.arrived_at,
            "due_at": request.due_at,
            "sources": request.sources,
            "reference": request.reference,
            "started": accepted.started,
            "taken_off": removed,
        }));
    }
    let sources: Vec<&str> = request.sources.iter().map(|source| source.as_str()).collect();
    out.line(format_args!("request {}", request.id))?;
    for one in removed {
        out.line(format_args!("  {}", words::identifier::removed(one)))?;
    }
    out.line(format_args!("  right: {}", words::request::right(request)))?;
    if request.received_at != request.arrived_at {
        out.line(format_args!("  received: {}", utc(request.received_at)))?;
    }
    out.line(format_args!(
        "  legal date: {} ({})",
        words::request::legal_date(&request.legal_zone, request.due_at),
        due_in(request.arrived_at, request.due_at)
    ))?;
    out.line(format_args!("  data sources: {}", sources.join(", ")))?;
    if !accepted.started {
        out.line("  its workflow could not be started at once; the reconciliation starts it automatically")?;
    }
    out.line(format_args!("  watch it: rightful request watch {}", request.id))
}
