//! `rightful request list`.

use crate::api::body::IdentifierBody;
use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::api::pages::{first_items, first_pages};
use crate::args::request::RequestList;
use crate::show;
use crate::terminal::exit_code::OK;
use crate::terminal::output::Out;
use crate::values::input::Input;
use crate::values::request::identifier;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::identifier::Entered;
use rightful_domain::law::right::Right;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::request::{FoundView, RequestView};
use rightful_domain::view::work::WorkView;
use serde_json::{Value, json};

/// Shows requests, newest first, or the open ones by urgency.
pub async fn list_requests(out: Out, deployment: &Deployment, list: &RequestList) -> Result<u8> {
    let most = if list.all { usize::MAX } else { usize::try_from(list.limit)? };
    if list.urgent {
        return list_work(out, deployment, list, most).await;
    }
    let state = match (list.open, list.closed) {
        (true, _) => Some("open"),
        (_, true) => Some("closed"),
        _ => None,
    };
    let requests: Vec<RequestView> =
        first_items(&deployment.api, most, || Call::get("/requests").query("state", state)).await?;
    if out.json {
        let all: Vec<Value> = requests.iter().map(request_json).collect::<Result<_>>()?;
        out.value(&json!({"requests": all}))?;
    } else if requests.is_empty() {
        out.line(match state {
            Some("open") => "no request is open",
            Some(_) => "no request is closed",
            None => "there is no request yet",
        })?;
    } else {
        out.line(show::request_list::text(&requests, SystemClock.now()))?;
        if requests.len() == most {
            out.line(format_args!("the newest {most}; --limit or --all shows more"))?;
        }
    }
    Ok(OK)
}

/// Shows the open requests, the most urgent first, and says how many there are.
async fn list_work(out: Out, deployment: &Deployment, list: &RequestList, most: usize) -> Result<u8> {
    let call = || {
        Call::get("/requests/work")
            .query("person", list.person.then_some(true))
            .query("due_within", list.due_within)
            .query("right", list.right.map(Right::as_str))
            .query("source", list.source.as_deref())
    };
    let (requests, counts) = first_pages::<WorkView>(&deployment.api, most, call).await?;
    if out.json {
        let all: Vec<Value> = requests.iter().map(request_json).collect::<Result<_>>()?;
        out.value(&json!({"counts": counts, "requests": all}))?;
    } else {
        out.line(show::request_list::counts(counts))?;
        if !requests.is_empty() {
            out.line(show::request_list::text(&requests, SystemClock.now()))?;
        } else if counts.open > 0 {
            out.line("none of them is what you ask for")?;
        }
        if requests.len() == most {
            out.line(format_args!("the most urgent {most}; --limit or --all shows more"))?;
        }
    }
    Ok(OK)
}

/// Shows the requests of the person whom an identifier points at.
pub async fn find_requests(out: Out, deployment: &Deployment, given: &str) -> Result<u8> {
    let Entered { identifier, .. } = identifier(given, &mut Input::default())?;
    let body = json!({"identifier": IdentifierBody(&identifier)});
    let call = Call::post("/requests/find", &body)?.may_be_repeated();
    let FoundView { items } = deployment.api.call(call).await?;
    if out.json {
        let all: Vec<Value> = items.iter().map(request_json).collect::<Result<_>>()?;
        out.value(&json!({"requests": all}))?;
    } else if items.is_empty() {
        out.line(
            "no request names it first, or its person is forgotten: nobody can tell any more whose it was",
        )?;
    } else {
        out.line(show::request_list::text(&items, SystemClock.now()))?;
    }
    Ok(OK)
}

/// A request as the API shows it, with its id also under the name that it has in every other answer.
fn request_json(request: &RequestView) -> Result<Value> {
    let mut shown = serde_json::to_value(request)?;
    shown["request_id"] = shown["id"].clone();
    Ok(shown)
}
