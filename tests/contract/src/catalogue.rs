//! What the connectors of the tests say: `plain` searches by e-mail; `members` by a member's number alone.

use rightful_domain::identifier::{Identifier, IdentifierKind};
use rightful_domain::ids::SourceId;
use rightful_domain::ports::{AskedKind, Catalogue, Objection};
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
        let known = params.keys().all(|name| ["account", "host"].contains(&name.as_str()));
        match params.get("account") {
            Some(_) if known => Ok(()),
            Some(_) => Err(vec![Objection {
                name: "other".to_owned(),
                what: "it takes account and host alone".to_owned(),
            }]),
            None => {
                Err(vec![Objection { name: "account".to_owned(), what: "give it, such as 7".to_owned() }])
            }
        }
    }

    fn steers_secret(&self, _: &str, param: &str) -> bool {
        param == "host"
    }

    fn check_secret(
        &self,
        _: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        match fields.get("token").filter(|token| !token.is_empty()) {
            Some(token) => Ok(Zeroizing::new(format!("{{\"token\":\"{}\"}}", token.as_str()))),
            None => Err(vec![Objection { name: "token".to_owned(), what: "give it".to_owned() }]),
        }
    }

    fn secret_name(&self, source: &SourceId) -> String {
        format!("source/{source}")
    }
}
