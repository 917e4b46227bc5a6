//! The connectors of the tests: `plain` searches by e-mail, `members` only by a member's number.

use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::SourceId;
use rightful_domain::ports::set_up::{AskedKind, Catalogue, Objection};
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The connectors `plain` and `members`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FakeCatalogue;

/// The kind of a member's number.
///
/// # Panics
/// Never: the name is good.
#[must_use]
#[allow(clippy::expect_used, reason = "test equipment")]
pub fn member() -> IdentifierKind {
    IdentifierKind::parse("member").expect("a kind")
}

impl Catalogue for FakeCatalogue {
    fn knows(&self, connector: &str) -> bool {
        ["plain", "members"].contains(&connector)
    }

    fn kinds(&self, connector: &str) -> Vec<AskedKind> {
        let asked = |kind: IdentifierKind, example: &str| AskedKind {
            description: format!("the person's {kind}"),
            example: example.to_owned(),
            kind,
        };
        match connector {
            "plain" => vec![asked(IdentifierKind::email(), "name@example.com")],
            "members" => vec![asked(member(), "12345")],
            _ => Vec::new(),
        }
    }

    fn check_identifier(&self, _: &str, identifier: &Identifier) -> Result<(), Objection> {
        let digits = identifier.expose().bytes().all(|byte| byte.is_ascii_digit());
        if *identifier.kind() != member() || digits {
            return Ok(());
        }
        Err(Objection { name: "member".to_owned(), what: "it is a number, such as 12345".to_owned() })
    }

    fn is_number(&self, kind: &IdentifierKind) -> bool {
        *kind == member()
    }

    fn check_params(&self, _: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        let known = params.keys().all(|name| name == "account" || STEERING.contains(&name.as_str()));
        match params.get("account") {
            Some(_) if known => Ok(()),
            Some(_) => Err(vec![Objection {
                name: "other".to_owned(),
                what: "it takes account, host and region alone".to_owned(),
            }]),
            None => {
                Err(vec![Objection { name: "account".to_owned(), what: "give it, such as 7".to_owned() }])
            }
        }
    }

    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        Ok(target(connector, params))
    }

    fn check_secret(
        &self,
        _: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        match fields.get("token").filter(|token| !token.is_empty()) {
            Some(token) => {
                let (token, target) = (token.as_str(), target.fingerprint());
                Ok(Zeroizing::new(format!("{{\"token\":\"{token}\",\"target\":\"{target}\"}}")))
            }
            None => Err(vec![Objection { name: "token".to_owned(), what: "give it".to_owned() }]),
        }
    }

    fn secret_name(&self, source: &SourceId) -> String {
        format!("source/{source}")
    }
}

/// The steering parameters.
const STEERING: [&str; 2] = ["host", "region"];

/// The target of a fake data source: its host and its region are steering.
#[must_use]
pub fn target(connector: &str, params: &BTreeMap<String, String>) -> Target {
    let params = params.clone().into_iter().filter(|(name, _)| STEERING.contains(&name.as_str())).collect();
    Target { connector: connector.to_owned(), version: 1, params }
}
