//! What an operator does to a request: gives an identifier, has a data source run again, reopens, calls
//! off, states what no machine can tell.

use crate::api::{Call, told_api};
use crate::args::RequestStated;
use crate::deployment::Deployment;
use crate::input::Input;
use crate::output::{OK, Out};
use crate::request::{Given, identifier, reason};
use crate::{source, words};
use anyhow::Result;
use rightful_domain::base::identifier::{Entered, TakenOffAt};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::operations::moves::Acted;
use serde_json::{Value, json};

/// Gives a data source an identifier. Giving the same one twice only searches twice.
pub async fn identify(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    source: &str,
    given: &str,
) -> Result<u8> {
    let source = source::id(source)?;
    let Entered { identifier, taken_off } = identifier(given, &mut Input::default())?;
    let body = json!({"source": source, "identifier": Given(&identifier)});
    let call = Call::post(format!("/requests/{id}/identify"), &body)?;
    let acted = deployment.api.call(call).await.map_err(told_api)?;
    let kind = identifier.kind();
    let taken_off = TakenOffAt::of(kind.as_str(), &taken_off);
    if out.json {
        let mut said = json_of(id, &acted);
        said["taken_off"] = json!(Vec::from_iter(&taken_off));
        out.value(&said)?;
        return Ok(OK);
    }
    let mut what = format!("{source} is searched by the {kind} that was given");
    if let Some(taken_off) = &taken_off {
        what.push_str(&format!("\n  {}", words::taken_off(taken_off)));
    }
    say(out, id, &acted, &what)
}

/// Has one data source run again.
pub async fn run(out: Out, deployment: &Deployment, id: RequestId, source: &str) -> Result<u8> {
    let source = source::id(source)?;
    let call = Call::post(format!("/requests/{id}/run"), &json!({"source": source}))?;
    let acted = deployment.api.call(call).await.map_err(told_api)?;
    say(out, id, &acted, &format!("{source} runs again, from its search on"))
}

/// Opens a closed request again.
pub async fn reopen(out: Out, deployment: &Deployment, id: RequestId, sources: &[String]) -> Result<u8> {
    let sources: Vec<SourceId> = sources.iter().map(|text| source::id(text)).collect::<Result<_>>()?;
    let body = if sources.is_empty() { json!({}) } else { json!({"sources": sources}) };
    let call = Call::post(format!("/requests/{id}/reopen"), &body)?;
    let acted = deployment.api.call(call).await.map_err(told_api)?;
    let what = match sources.as_slice() {
        [] => "all data sources that were not acted on run again".to_owned(),
        named => format!("{} run again", named.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ")),
    };
    say(out, id, &acted, &format!("reopened: {what}; the legal date stays"))
}

/// Calls a request off.
pub async fn cancel(out: Out, deployment: &Deployment, id: RequestId) -> Result<u8> {
    let call = Call::post(format!("/requests/{id}/cancel"), &json!({}))?;
    let acted = deployment.api.call(call).await.map_err(told_api)?;
    say(out, id, &acted, "called off: nothing was submitted, and nothing will be")
}

/// Says how a task ended that was handed to a person, or that can't be searched.
pub async fn state(out: Out, deployment: &Deployment, id: RequestId, stated: &RequestStated) -> Result<u8> {
    let source = source::id(&stated.source)?;
    let reason = reason(&stated.reason)?;
    let body = json!({"source": source, "erased": stated.erased, "reason": &*reason});
    let call = Call::post(format!("/requests/{id}/state"), &body)?;
    let acted = deployment.api.call(call).await.map_err(told_api)?;
    let how = if stated.erased { "its records are erased" } else { "it failed" };
    say(out, id, &acted, &format!("recorded as your word, not as verified: {how} at {source}"))
}

fn say(out: Out, id: RequestId, acted: &Acted, what: &str) -> Result<u8> {
    if out.json {
        out.value(&json_of(id, acted))?;
    } else {
        out.line(text_of(id, acted, what))?;
    }
    Ok(OK)
}

fn json_of(id: RequestId, acted: &Acted) -> Value {
    json!({"request_id": id, "state": acted.state, "attempt": acted.attempt, "started": acted.started})
}

fn text_of(id: RequestId, acted: &Acted, what: &str) -> String {
    let mut lines =
        vec![format!("request {id}"), format!("  {what}"), format!("  it is {}", words::word(acted.state))];
    match (acted.attempt, acted.started) {
        (Some(attempt), true) => lines.push(format!("  workflow attempt {attempt} moves it on")),
        (Some(attempt), false) => lines.push(format!(
            "  workflow attempt {attempt} could not be started at once; the reconciliation starts it by itself"
        )),
        (None, _) => {}
    }
    lines.push(format!("  follow it: rightful request watch {id}"));
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
        insta::assert_snapshot!(text_of(fixtures::id(), &acted, "main runs again, from its search on"), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          main runs again, from its search on
          it is open
          workflow attempt 3 moves it on
          follow it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
        let late = text_of(fixtures::id(), &Acted { started: false, ..acted }, "x");
        assert!(late.contains("the reconciliation starts it by itself"), "{late}");
    }
}
