//! The parameters and secrets that the connectors and ticketing systems of this version ask for.

use crate::ports::SetUps;
use rightful_connectors::{
    Connectors, Definition, KnownConnectors, Param, ParamKind, ParamValue, check_zendesk_base_url,
    check_zendesk_user, ticketing_secret_name,
};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::SourceId;
use rightful_domain::law::right::Right;
use rightful_domain::ports::set_up::{AskedKind, Catalogue, Objection};
use rightful_domain::vendor::target::Target;
use rightful_domain::view::source::{ConnectorView, ParamView, SecretFieldView};
use serde_json::json;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The one channel whose tickets can be answered.
const ZENDESK: &str = "zendesk";

/// The connectors and ticketing systems of this build.
#[derive(Clone, Debug)]
pub struct ThisVersion {
    known: KnownConnectors,
    allow_loopback: bool,
}

impl ThisVersion {
    /// Those of this build; `allow_loopback` says whether the deployment may call the local machine.
    #[must_use]
    pub fn new(allow_loopback: bool) -> Self {
        Self { known: KnownConnectors::new(Connectors::on_demand(), allow_loopback), allow_loopback }
    }
}

impl Catalogue for ThisVersion {
    fn knows(&self, connector: &str) -> bool {
        self.known.knows(connector)
    }
    fn kinds(&self, connector: &str) -> Vec<AskedKind> {
        self.known.kinds(connector)
    }
    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection> {
        self.known.check_identifier(connector, identifier)
    }
    fn is_number(&self, kind: &IdentifierKind) -> bool {
        self.known.is_number(kind)
    }
    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        self.known.check_params(connector, params)
    }
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        self.known.target(connector, params)
    }
    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        self.known.check_secret(connector, fields, target)
    }
    fn secret_name(&self, source: &SourceId) -> String {
        self.known.secret_name(source)
    }
}

impl SetUps for ThisVersion {
    fn connectors(&self) -> Vec<ConnectorView> {
        self.known.connectors().iter().map(view).collect()
    }

    fn channels(&self) -> Vec<String> {
        vec![ZENDESK.to_owned()]
    }

    fn check_ticketing(
        &self,
        _: &str,
        params: &BTreeMap<String, String>,
        secret: &BTreeMap<String, Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        let mut wrong = Vec::new();
        let mut object = |name: &str, what: String| wrong.push(Objection { name: name.to_owned(), what });
        if params.keys().any(|name| !["base_url", "user"].contains(&name.as_str())) {
            object("params", "has a parameter that is not known: give base_url and user".to_owned());
        }
        if secret.keys().any(|name| name != "token") {
            object("secret", "has a field that is not known: give token".to_owned());
        }
        match params.get("base_url") {
            None => object("base_url", "is missing; it is such as https://ACCOUNT.zendesk.com".to_owned()),
            Some(url) => {
                if let Err(problem) = check_zendesk_base_url(url, self.allow_loopback) {
                    object("base_url", problem);
                }
            }
        }
        match params.get("user") {
            None => object("user", "is missing; it is an agent's e-mail address".to_owned()),
            Some(user) => {
                if let Err(problem) = check_zendesk_user(user) {
                    object("user", problem);
                }
            }
        }
        let token = secret.get("token").filter(|token| !token.is_empty());
        if token.is_none() {
            object("token", "is missing or empty; it is the agent's API token".to_owned());
        }
        match (params.get("base_url"), params.get("user"), token) {
            (Some(url), Some(user), Some(token)) if wrong.is_empty() => {
                let secret = json!({"base_url": url, "user": user, "token": token.as_str()});
                Ok(Zeroizing::new(secret.to_string()))
            }
            _ => Err(wrong),
        }
    }

    fn ticketing_secret_name(&self, channel: &str) -> String {
        ticketing_secret_name(channel)
    }
}

fn view(definition: &Definition) -> ConnectorView {
    let field = |name: &String, description: &String| SecretFieldView {
        name: name.clone(),
        description: description.clone(),
    };
    ConnectorView {
        name: definition.name.clone(),
        title: definition.title.clone(),
        docs: definition.docs.clone(),
        params: definition.params.iter().map(param).collect(),
        secret: definition.secret.iter().map(|one| field(&one.name, &one.description)).collect(),
        identifiers: definition.kinds().cloned().collect(),
        // Every connector searches and erases, and what it finds can be copied.
        rights: vec![Right::Erasure, Right::Access],
        sources: Vec::new(),
    }
}

fn param(param: &Param) -> ParamView {
    ParamView {
        name: param.name.clone(),
        takes: takes(&param.kind),
        description: param.description.clone(),
        example: param.example.clone(),
        default: param.default.as_ref().map(|value| match value {
            ParamValue::Text(text) => text.clone(),
            ParamValue::Integer(number) => number.to_string(),
            ParamValue::Boolean(yes) => yes.to_string(),
        }),
    }
}

fn takes(kind: &ParamKind) -> String {
    match kind {
        ParamKind::String => "a text of 1 to 200 bytes".to_owned(),
        ParamKind::Integer { min: i64::MIN, max: i64::MAX } => "a whole number".to_owned(),
        ParamKind::Integer { min, max: i64::MAX } => format!("a whole number from {min} on"),
        ParamKind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        ParamKind::Boolean => "true or false".to_owned(),
        ParamKind::Choice(choices) => format!("one of {}", choices.join(", ")),
        ParamKind::Url => "a URL without a path, of a host that the connector lists".to_owned(),
        ParamKind::Host => "the public DNS name of a system of your own".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn ticketing(params: &[(&str, &str)], secret: &[(&str, &str)]) -> Result<String, String> {
        let secret = pairs(secret).into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        let checked = ThisVersion::new(false).check_ticketing(ZENDESK, &pairs(params), &secret);
        checked.map(|secret| secret.to_string()).map_err(|wrong| {
            wrong.iter().map(|one| format!("{}: {}", one.name, one.what)).collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn every_connector_is_shown_with_all_that_it_asks_for() {
        let shown = ThisVersion::new(false).connectors();
        assert_eq!(shown.len(), Connectors::embedded().unwrap().iter().count());
        for one in &shown {
            assert!(!one.identifiers.is_empty() && !one.secret.is_empty(), "{}", one.name);
            assert!(one.params.iter().all(|param| !param.takes.is_empty() && !param.description.is_empty()));
        }
        assert!(shown.iter().any(|one| one.name == "qualifio"));
    }

    #[test]
    fn ticketing_is_checked_member_by_member_and_nothing_is_repeated() {
        let good = [("base_url", "https://example.zendesk.com"), ("user", "agent@example.com")];
        assert_eq!(
            ticketing(&good, &[("token", "t")]).unwrap(),
            r#"{"base_url":"https://example.zendesk.com","token":"t","user":"agent@example.com"}"#
        );
        for (params, secret, says) in [
            (&[][..], &[][..], "base_url: is missing"),
            (&good[..1], &[("token", "t")][..], "user: is missing"),
            (&good[..], &[][..], "token: is missing"),
            (&good[..], &[("canary", "canary"), ("token", "t")][..], "secret: has a field"),
            (&[good[0], ("user", "canary")][..], &[("token", "t")][..], "user: it is not"),
            (&[("base_url", "https://canary.example.com"), good[1]][..], &[("token", "t")][..], "base_url: "),
            (&[good[0], good[1], ("canary", "c")][..], &[("token", "t")][..], "params: has a parameter"),
        ] {
            let error = ticketing(params, secret).unwrap_err();
            assert!(error.contains(says) && !error.contains("canary"), "{error}");
        }
    }
}
