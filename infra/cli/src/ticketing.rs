//! `rightful ticketing …`: sets up how tickets are answered.

use crate::api::{Call, told_api};
use crate::args::TicketingSet;
use crate::deployment::Deployment;
use crate::input::{Given, Input, pair};
use crate::output::{OK, Out, usage};
use anyhow::Result;
use reqwest::Method;
use rightful_domain::view::source::TicketingView;
use serde_json::json;
use std::collections::BTreeMap;

const PARAMETERS: [&str; 2] = ["base_url", "user"];
const TOKEN: &str = "token";

/// Sets up how tickets are answered; the deployment checks it, and keeps the version before for a while.
pub async fn set(out: Out, deployment: &Deployment, set: &TicketingSet) -> Result<u8> {
    let params = params(&set.set)?;
    let given = token(&set.secret)?;
    let token = Input::default().value(TOKEN, given)?;
    let channel = set.channel.name();
    let body = json!({"params": params, "secret": {TOKEN: &**token}});
    let call = Call::act(Method::PUT, format!("/ticketing/{channel}"), &body)?.may_be_repeated();
    let set: TicketingView = deployment.api.call(call).await.map_err(told_api)?;
    let base_url = params["base_url"];
    if out.json {
        out.value(&json!({
            "channel": set.channel,
            "base_url": base_url,
            "secret_name": set.secret_name,
        }))?;
    } else {
        out.line(format_args!("set up: tickets of {} are answered at {base_url}", set.channel))?;
        out.line("  requests that close from now on are answered; see how: rightful request show ID")?;
    }
    Ok(OK)
}

/// Both parameters; the deployment checks their values. No value is repeated in a message.
fn params(set: &[String]) -> Result<BTreeMap<&str, &str>> {
    let mut given = BTreeMap::new();
    for text in set {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage(
                "a --set is not of the form NAME=VALUE",
                "write it as in --set base_url=https://ACCOUNT.zendesk.com",
            ));
        };
        if name == TOKEN {
            return Err(usage(
                "`token` is a secret, and --set is for what anyone may see",
                "give --secret token=@FILE, or --secret token=- and pipe it in; and replace the one that was shown",
            ));
        }
        if !PARAMETERS.contains(&name) {
            return Err(usage("there is no such parameter", format!("set: {}", PARAMETERS.join(", "))));
        }
        if given.insert(name, value).is_some() {
            return Err(usage(format!("the parameter `{name}` is set twice"), "set it once"));
        }
    }
    for name in PARAMETERS {
        if !given.contains_key(name) {
            return Err(usage(format!("`{name}` is missing"), format!("give --set {name}=VALUE")));
        }
    }
    Ok(given)
}

/// Where the token comes from; never the command line.
fn token(secret: &[String]) -> Result<Given> {
    let [text] = secret else {
        return Err(usage("`token` has to be given once", "give --secret token=@FILE, or --secret token=-"));
    };
    match pair(text) {
        Some((TOKEN, Given::Literal(_))) => Err(usage(
            "a secret stands on the command line, where the shell's history and the list of processes show it",
            "give it as token=@FILE, or as token=- and pipe it in; and replace the one that was shown",
        )),
        Some((TOKEN, given)) => Ok(given),
        _ => Err(usage("a --secret is not of the form token=@FILE or token=-", "write it so")),
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
        assert_eq!(params(&good).unwrap().len(), 2);
        for (bad, says) in [
            (&["base_url"][..], "NAME=VALUE"),
            (&["user=canary@example.com"], "`base_url` is missing"),
            (&["base_url=https://example.zendesk.com"], "`user` is missing"),
            (&["token=canary"], "is a secret"),
            (&["canary=1"], "no such parameter"),
            (&["user=a@example.com", "user=canary@example.com"], "set twice"),
        ] {
            let error = params(&texts(bad)).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_token_comes_from_a_file_or_from_standard_input() {
        assert!(token(&texts(&["token=-"])).is_ok() && token(&texts(&["token=@f"])).is_ok());
        for bad in [&["token=canary"][..], &[], &["token=-", "token=-"], &["canary"], &["canary=@f"]] {
            let error = token(&texts(bad)).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
