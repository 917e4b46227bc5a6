//! `rightful source …`. The deployment checks parameters and secrets, because its connectors are the ones
//! that use them.

use crate::api::body::{SecretBody, SourceBody, SourceChangeBody};
use crate::api::call::Call;
use crate::api::client::Api;
use crate::api::deployment::Deployment;
use crate::api::error::ApiError;
use crate::api::pages::all_items;
use crate::api::reads;
use crate::args::source::{SourceAdd, SourceChange};
use crate::show;
use crate::terminal::error::{CommandError, command_error, usage_error};
use crate::terminal::exit_code::{FAILED, OK};
use crate::terminal::output::Out;
use crate::values::source::{control, parameters, policies, secret, source_id};
use crate::words::codes;
use anyhow::Result;
use reqwest::Method;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::policy::OwnPolicies;
use rightful_domain::view::source::{ConnectorView, SourceView, TestView};
use serde_json::json;

/// A parameter, as an example in messages.
const EXAMPLE: &str = "client_id=2449";

/// A connector of the deployed version.
async fn connector(api: &Api, name: &str) -> Result<ConnectorView> {
    let all = reads::connectors(api).await?;
    let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let known = known.join(", ");
    all.into_iter().find(|one| one.name == name).ok_or_else(|| {
        command_error(
            "there is no such connector in this deployment",
            format!("take one of: {known}; `rightful connector list` shows what each needs"),
        )
    })
}

/// Connects a data source. The deployment writes the secret first, so no data source is ever without one.
pub async fn add_source(out: Out, deployment: &Deployment, add: &SourceAdd) -> Result<u8> {
    let id = source_id(&add.id)?;
    let review = policies(OwnPolicies::default(), &add.review)?;
    let api = &deployment.api;
    let connector = connector(api, &add.connector).await?;
    let body = SourceBody {
        id: &id,
        connector: &connector.name,
        params: parameters(&add.set, &connector.secret, EXAMPLE)?,
        secret: SecretBody(secret(&connector.title, &connector.secret, &add.secret)?),
        control: add.control.as_deref().map(control).transpose()?,
    };
    let mut source: SourceView = api.call(Call::post("/sources", &body)?).await?;
    if !review.is_empty() {
        source = set_review(api, &id, &review).await?;
    }
    if out.json {
        out.value(&source)?;
    } else {
        out.line(format_args!("connected: {id} ({})", connector.title))?;
        out.line(format_args!("  test it: rightful source test {id}"))?;
        warn_of_too_many(out, &source)?;
    }
    Ok(OK)
}

/// Warns if a request to all data sources would go to too many.
fn warn_of_too_many(out: Out, source: &SourceView) -> Result<()> {
    match source.too_many_enabled {
        Some(enabled) => out.line(show::source::too_many_warning(enabled)),
        None => Ok(()),
    }
}

/// Sets the review policies, which is a call and a permission of its own.
async fn set_review(api: &Api, id: &SourceId, review: &OwnPolicies) -> Result<SourceView> {
    let call = Call::with_body(Method::PUT, format!("/sources/{id}/review"), review)?;
    Ok(api.call(call.may_be_repeated()).await?)
}

/// Changes a data source; everything that isn't named stays. The review policies come first, so a caller
/// without that permission changes nothing.
pub async fn change_source(out: Out, deployment: &Deployment, change: &SourceChange) -> Result<u8> {
    let id = source_id(&change.id)?;
    let control = match (&change.control, change.no_control) {
        (Some(text), _) => Some(Some(control(text)?)),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let only_review =
        change.set.is_empty() && change.unset.is_empty() && change.secret.is_empty() && control.is_none();
    if only_review && change.review.is_empty() {
        return Err(usage_error(
            "nothing is to be changed",
            "give --set, --unset, --secret, --control, --no-control or --review",
        ));
    }
    let api = &deployment.api;
    let before = reads::source(api, &id).await?;
    let review = match change.review.as_slice() {
        [] => None,
        given => Some(policies(before.review, given)?),
    };
    if let (true, Some(review)) = (only_review, &review) {
        let source = set_review(api, &id, review).await?;
        return show_changed(out, &source);
    }
    let connector = connector(api, &before.connector).await?;
    let params = parameters(&change.set, &connector.secret, EXAMPLE)?;
    if let Some(name) = change.unset.iter().find(|name| params.contains_key(*name)) {
        return Err(usage_error(
            format!("the parameter `{name}` is set and unset"),
            "do only one of the two",
        ));
    }
    let secret = match change.secret.as_slice() {
        [] => None,
        given => Some(SecretBody(secret(&connector.title, &connector.secret, given)?)),
    };
    let (unset, force) = (change.unset.clone(), change.force);
    let body = SourceChangeBody { params, unset, secret, control, force };
    if let Some(review) = &review {
        set_review(api, &id, review).await?;
    }
    let call = Call::with_body(Method::PATCH, format!("/sources/{id}"), &body)?;
    show_changed(out, &api.call(call).await?)
}

fn show_changed(out: Out, source: &SourceView) -> Result<u8> {
    if out.json {
        out.value(source)?;
    } else {
        out.line(format_args!("changed:\n{}", show::source::text(source)))?;
        if let Some(standing) = &source.standing {
            out.line(show::source::affected_tasks(standing))?;
        }
        out.line(format_args!("  test it: rightful source test {}", source.id))?;
    }
    Ok(OK)
}

/// Enables or disables a data source for new requests. Repeating it is not an error.
pub async fn enable_source(out: Out, deployment: &Deployment, id: &SourceId, enabled: bool) -> Result<u8> {
    let call = Call::with_body(Method::PATCH, format!("/sources/{id}"), &json!({"enabled": enabled}))?;
    let source: SourceView = deployment.api.call(call.may_be_repeated()).await?;
    if out.json {
        out.value(&source)?;
    } else if source.enabled {
        out.line(format_args!("{id} is enabled: new requests go to it"))?;
        warn_of_too_many(out, &source)?;
    } else {
        out.line(format_args!("{id} is disabled: no new request goes to it; open requests continue"))?;
    }
    Ok(OK)
}

/// Removes a data source.
pub async fn remove_source(out: Out, deployment: &Deployment, id: &SourceId, yes: bool) -> Result<u8> {
    if !yes {
        return Err(usage_error(
            format!("{id} and its secret would be removed, and nobody could ask that vendor any more"),
            format!("add --yes to do it, or `rightful source disable {id}` to keep it for later"),
        ));
    }
    deployment.api.call_without_answer(Call::delete(format!("/sources/{id}"))).await?;
    if out.json {
        out.value(&json!({"id": id, "removed": true}))?;
    } else {
        out.line(format_args!("removed: {id}, and its secret"))?;
    }
    Ok(OK)
}

/// Shows a data source.
pub async fn show_source(out: Out, deployment: &Deployment, id: &SourceId) -> Result<u8> {
    let source = reads::source(&deployment.api, id).await?;
    if out.json {
        out.value(&source)?;
    } else {
        out.line(show::source::text(&source))?;
    }
    Ok(OK)
}

/// Shows the connected data sources, then the connectors that aren't connected yet.
pub async fn list_sources(out: Out, deployment: &Deployment) -> Result<u8> {
    let api = &deployment.api;
    let sources: Result<Vec<SourceView>, ApiError> = all_items(api, || Call::get("/sources")).await;
    let sources = sources?;
    let connectors = reads::connectors(api).await?;
    let free: Vec<&ConnectorView> = connectors.iter().filter(|one| one.sources.is_empty()).collect();
    if out.json {
        out.value(&json!({"sources": sources, "not_connected": free}))?;
    } else {
        out.line(show::source::list(&sources, &free))?;
    }
    Ok(OK)
}

/// Has the deployed search function make a harmless call to the vendor.
pub async fn test_source(out: Out, deployment: &Deployment, id: &SourceId) -> Result<u8> {
    let call = Call::post(format!("/sources/{id}/test"), &json!({}))?.may_be_repeated();
    let tested: TestView = deployment.api.call(call).await?;
    if tested.works {
        if out.json {
            out.value(&json!({"id": id, "works": true}))?;
        } else {
            out.line(format_args!(
                "{id} works: the vendor answered, accepts the token, and finds the control if there is one"
            ))?;
        }
        return Ok(OK);
    }
    let reason = tested.reason.as_deref().unwrap_or("unknown");
    let error = not_working(id, reason);
    if out.json {
        let what = codes::what(reason);
        out.value(&json!({"id": id, "works": false, "code": reason, "what": what, "to_do": error.todo}))?;
        return Ok(error.exit);
    }
    Err(error.into())
}

fn not_working(id: &SourceId, reason: &str) -> CommandError {
    CommandError {
        what: format!("{id} doesn't work: {}", codes::what(reason)),
        todo: codes::for_a_command(reason).to_owned(),
        code: Some(reason.to_owned()),
        exit: FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_source_that_does_not_work_says_why() {
        let error = not_working(&SourceId::parse("main").unwrap(), "credentials_rejected").to_string();
        assert!(
            error.contains("main doesn't work") && error.contains("code: credentials_rejected"),
            "{error}"
        );
    }
}
