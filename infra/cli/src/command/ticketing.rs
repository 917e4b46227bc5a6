//! `rightful ticketing …`.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::args::command_line::TicketingSet;
use crate::terminal::error::usage_error;
use crate::terminal::exit_code::OK;
use crate::terminal::output::Out;
use crate::values::source::{parameters, secret};
use anyhow::Result;
use reqwest::Method;
use rightful_domain::view::source::{SecretFieldView, TicketingView};
use serde_json::json;
use std::collections::BTreeMap;

const PARAMETERS: [&str; 2] = ["base_url", "user"];
const TOKEN: &str = "token";

/// Sets up how tickets are answered. The deployment checks it, and keeps the earlier secret for a while.
pub async fn set_ticketing(out: Out, deployment: &Deployment, set: &TicketingSet) -> Result<u8> {
    let params = ticketing_parameters(&set.set)?;
    let secret = secret(&set.channel, &secret_fields(), &set.secret)?;
    let body = json!({"params": params, "secret": {TOKEN: secret[TOKEN].as_str()}});
    let call = Call::with_body(Method::PUT, format!("/ticketing/{}", set.channel), &body)?.may_be_repeated();
    let set: TicketingView = deployment.api.call(call).await?;
    let base_url = &params["base_url"];
    if out.json {
        out.value(&json!({
            "channel": set.channel,
            "base_url": base_url,
            "secret_name": set.secret_name,
        }))?;
    } else {
        out.line(format_args!("set up: tickets of {} are answered at {base_url}", set.channel))?;
        out.line("  this holds for requests that close from now on; see how: rightful request show ID")?;
    }
    Ok(OK)
}

fn secret_fields() -> [SecretFieldView; 1] {
    [SecretFieldView { name: TOKEN.to_owned(), description: "the API token".to_owned() }]
}

/// Both parameters. The deployment checks their values.
fn ticketing_parameters(set: &[String]) -> Result<BTreeMap<String, String>> {
    let given = parameters(set, &secret_fields(), "base_url=https://ACCOUNT.zendesk.com")?;
    if !given.keys().all(|name| PARAMETERS.contains(&name.as_str())) {
        return Err(usage_error("there is no such parameter", format!("set: {}", PARAMETERS.join(", "))));
    }
    match PARAMETERS.iter().find(|name| !given.contains_key(**name)) {
        Some(name) => Err(usage_error(format!("`{name}` is missing"), format!("give --set {name}=VALUE"))),
        None => Ok(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn address_and_user_must_be_there_and_are_never_repeated() {
        let good = texts(&["base_url=https://example.zendesk.com", "user=agent@example.com"]);
        assert_eq!(ticketing_parameters(&good).unwrap().len(), 2);
        for (bad, says) in [
            (&["base_url"][..], "NAME=VALUE"),
            (&["user=canary@example.com"], "`base_url` is missing"),
            (&["base_url=https://example.zendesk.com"], "`user` is missing"),
            (&["token=canary"], "is a secret"),
            (&["canary=1"], "no such parameter"),
            (&["user=a@example.com", "user=canary@example.com"], "set twice"),
        ] {
            let error = ticketing_parameters(&texts(bad)).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_token_comes_from_a_file_or_from_standard_input() {
        let secret = |all: &[&str]| secret("zendesk", &secret_fields(), &texts(all));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "t0ken\n").unwrap();
        let given = format!("token=@{}", file.path().display());
        assert_eq!(secret(&[&given]).unwrap()[TOKEN].as_str(), "t0ken");
        for bad in [&["token=canary"][..], &[], &["token=-", "token=-"], &["canary"], &["canary=@f"]] {
            let error = secret(bad).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
