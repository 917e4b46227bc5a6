//! `rightful request reasons` and `rightful request identifiers`.

use super::request_records::check_may_print;
use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::terminal::exit_code::OK;
use crate::terminal::format::{plain, utc};
use crate::terminal::output::Out;
use crate::words;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::view::acts::{IdentifierView, IdentifiersView, ReasonView, ReasonsView};
use serde_json::json;

/// Shows the reasons of the people who decided.
pub async fn show_reasons(out: Out, deployment: &Deployment, id: RequestId, print: bool) -> Result<u8> {
    check_may_print("reasons may be", print)?;
    // The call only reads; the deployment records each reading.
    let call = Call::post(format!("/requests/{id}/reasons"), &json!({}))?.may_be_repeated();
    let all: ReasonsView = deployment.api.call(call).await?;
    if out.json {
        out.value(&all)?;
    } else if all.items.is_empty() {
        out.line("no person has decided on this request")?;
    } else {
        out.line(all.items.iter().map(reason_text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(OK)
}

/// Shows the person's identifiers.
pub async fn show_identifiers(out: Out, deployment: &Deployment, id: RequestId, print: bool) -> Result<u8> {
    check_may_print("identifiers are", print)?;
    // The call only reads; the deployment records each showing.
    let call = Call::post(format!("/requests/{id}/identifiers"), &json!({}))?.may_be_repeated();
    let all: IdentifiersView = deployment.api.call(call).await?;
    if out.json {
        out.value(&all)?;
    } else {
        out.line(all.items.iter().map(identifier_text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(OK)
}

fn identifier_text(one: &IdentifierView) -> String {
    let at = one.source.as_ref().map_or_else(String::new, |source| format!(" (for {source} alone)"));
    format!("{}: {}{at}", one.kind.as_str(), plain(&one.value))
}

fn reason_text(one: &ReasonView) -> String {
    let verdict = words::task::verdict(one.verdict);
    format!("{}: {verdict}, by {} at {}\n  {}", one.source, one.by, utc(one.at), plain(&one.reason))
}
