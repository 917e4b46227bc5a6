//! `rightful ticketing …`: sets up how tickets are answered.

use crate::args::TicketingSet;
use crate::codes::told_failure;
use crate::deployment::Deployment;
use crate::input::{Given, Input, pair};
use crate::output::{OK, Out, told, usage};
use anyhow::Result;
use rightful_connectors::{check_zendesk_base_url, check_zendesk_user, ticketing_secret_name};
use serde_json::json;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

const PARAMETERS: [&str; 2] = ["base_url", "user"];
const TOKEN: &str = "token";

/// Writes the ticketing system's secret; the version before stays usable, as for every secret.
pub async fn set(out: Out, deployment: &Deployment, set: &TicketingSet) -> Result<u8> {
    let params = params(&set.set, deployment.stack.allows_loopback())?;
    let given = token(&set.secret)?;
    let token = Input::default().value(TOKEN, given)?;
    let (base_url, user) = (&params["base_url"], &params["user"]);
    let secret = json!({"base_url": base_url, "user": user, "token": token.trim()});
    let secret = Zeroizing::new(secret.to_string());
    let name = ticketing_secret_name(set.channel.name());
    deployment.secrets().put_secret(&name, &secret).await.map_err(told_failure)?;
    if out.json {
        out.value(&json!({
            "channel": set.channel.name(),
            "base_url": base_url,
            "secret_name": format!("{}{name}", deployment.stack.secret_prefix),
        }))?;
    } else {
        out.line(format_args!("set up: tickets of {} are answered at {base_url}", set.channel.name()))?;
        out.line("  requests that close from now on are answered; see how: rightful request show ID")?;
    }
    Ok(OK)
}

/// Both parameters, each checked; no value is repeated in a message.
fn params(set: &[String], loopback: bool) -> Result<BTreeMap<&str, &str>> {
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
        let Some(value) = given.get(name) else {
            return Err(usage(format!("`{name}` is missing"), format!("give --set {name}=VALUE")));
        };
        let checked = match name {
            "user" => check_zendesk_user(value),
            _ => check_zendesk_base_url(value, loopback),
        };
        checked.map_err(|problem| {
            told(format!("`{name}`: {problem}"), format!("put --set {name}=VALUE right"))
        })?;
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
    fn address_and_user_are_checked_and_never_repeated() {
        let good = texts(&["base_url=https://example.zendesk.com", "user=agent@example.com"]);
        assert_eq!(params(&good, false).unwrap().len(), 2);
        for (bad, says) in [
            (&["base_url"][..], "NAME=VALUE"),
            (&["user=canary@example.com"], "`base_url` is missing"),
            (&["base_url=https://example.zendesk.com"], "`user` is missing"),
            (&["base_url=https://canary.example.com", "user=a@example.com"], "`base_url`: its host"),
            (&["base_url=http://127.0.0.1:1", "user=a@example.com"], "`base_url`: its host"),
            (&["base_url=https://example.zendesk.com", "user=canary"], "`user`: it is not"),
            (&["token=canary"], "is a secret"),
            (&["canary=1"], "no such parameter"),
            (&["user=a@example.com", "user=canary@example.com"], "set twice"),
        ] {
            let error = params(&texts(bad), false).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
        let local = texts(&["base_url=http://127.0.0.1:8080", "user=agent@example.com"]);
        assert!(params(&local, true).is_ok());
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
