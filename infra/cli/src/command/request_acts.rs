//! `rightful request identify`, `run`, `reopen`, `cancel` and `state`: what an operator does to a request.

use crate::api::body::IdentifierBody;
use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::args::request::RequestStatement;
use crate::terminal::exit_code::OK;
use crate::terminal::output::Out;
use crate::values::input::{Input, reason};
use crate::values::request::identifier;
use crate::values::source::{source_id, source_ids};
use crate::words;
use anyhow::Result;
use rightful_domain::base::identifier::{Entered, TakenOffAt};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::operations::moves::Acted;
use serde_json::{Value, json};

/// Gives a data source an identifier. Repeating it only repeats the search.
pub async fn identify(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    source: &str,
    given: &str,
) -> Result<u8> {
    let source = source_id(source)?;
    let Entered { identifier, taken_off } = identifier(given, &mut Input::default())?;
    let body = json!({"source": source, "identifier": IdentifierBody(&identifier)});
    let call = Call::post(format!("/requests/{id}/identify"), &body)?;
    let acted = deployment.api.call(call).await?;
    let kind = identifier.kind();
    let removed = TakenOffAt::of(kind.as_str(), &taken_off);
    if out.json {
        let mut shown = acted_json(id, &acted);
        shown["taken_off"] = json!(Vec::from_iter(&removed));
        out.value(&shown)?;
        return Ok(OK);
    }
    let mut what = format!("{source} is searched by the {kind} that you gave");
    if let Some(removed) = &removed {
        what.push_str(&format!("\n  {}", words::identifier::removed(removed)));
    }
    show_acted(out, id, &acted, &what)
}

/// Runs a data source again.
pub async fn run_again(out: Out, deployment: &Deployment, id: RequestId, source: &str) -> Result<u8> {
    let source = source_id(source)?;
    let call = Call::post(format!("/requests/{id}/run"), &json!({"source": source}))?;
    let acted = deployment.api.call(call).await?;
    show_acted(out, id, &acted, &format!("{source} runs again, starting with its search"))
}

/// Reopens a closed request.
pub async fn reopen(out: Out, deployment: &Deployment, id: RequestId, sources: &[String]) -> Result<u8> {
    let sources = source_ids(sources)?;
    let body = if sources.is_empty() { json!({}) } else { json!({"sources": sources}) };
    let call = Call::post(format!("/requests/{id}/reopen"), &body)?;
    let acted = deployment.api.call(call).await?;
    let what = match sources.as_slice() {
        [] => "all data sources that were not acted on run again".to_owned(),
        [only] => format!("{only} runs again"),
        named => format!("{} run again", named.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ")),
    };
    show_acted(out, id, &acted, &format!("reopened: {what}; the legal date stays"))
}

/// Cancels a request.
pub async fn cancel(out: Out, deployment: &Deployment, id: RequestId) -> Result<u8> {
    let call = Call::post(format!("/requests/{id}/cancel"), &json!({}))?;
    let acted = deployment.api.call(call).await?;
    show_acted(out, id, &acted, "cancelled: nothing was submitted, and nothing will be")
}

/// States how a task ended that was handed over to a person or can't be searched.
pub async fn state_outcome(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    stated: &RequestStatement,
) -> Result<u8> {
    let source = source_id(&stated.source)?;
    let reason = reason(&stated.reason)?;
    let body = json!({"source": source, "erased": stated.erased, "reason": &*reason});
    let call = Call::post(format!("/requests/{id}/state"), &body)?;
    let acted = deployment.api.call(call).await?;
    let how = if stated.erased { "its records are erased" } else { "it failed" };
    show_acted(out, id, &acted, &format!("recorded as your statement, not as verified: {how} at {source}"))
}

fn show_acted(out: Out, id: RequestId, acted: &Acted, what: &str) -> Result<u8> {
    if out.json {
        out.value(&acted_json(id, acted))?;
    } else {
        out.line(acted_text(id, acted, what))?;
    }
    Ok(OK)
}

fn acted_json(id: RequestId, acted: &Acted) -> Value {
    json!({"request_id": id, "state": acted.state, "attempt": acted.attempt, "started": acted.started})
}

fn acted_text(id: RequestId, acted: &Acted, what: &str) -> String {
    let state = words::name::in_json(acted.state);
    let mut lines = vec![format!("request {id}"), format!("  {what}"), format!("  it is {state}")];
    match (acted.attempt, acted.started) {
        (Some(attempt), true) => lines.push(format!("  workflow attempt {attempt} moves it on")),
        (Some(attempt), false) => lines.push(format!(
            "  workflow attempt {attempt} could not be started at once; the reconciliation starts it automatically"
        )),
        (None, _) => {}
    }
    lines.push(format!("  watch it: rightful request watch {id}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::model::request::RequestState;

    #[test]
    fn an_act_is_told_with_what_moves_it_on() {
        let acted = Acted { state: RequestState::Open, attempt: Some(3), started: true };
        insta::assert_snapshot!(acted_text(fixtures::id(), &acted, "main runs again, starting with its search"), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          main runs again, starting with its search
          it is open
          workflow attempt 3 moves it on
          watch it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
        let late = acted_text(fixtures::id(), &Acted { started: false, ..acted }, "x");
        assert!(late.contains("the reconciliation starts it automatically"), "{late}");
    }
}
