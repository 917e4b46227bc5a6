//! Bodies of calls. They hold personal data and secrets, and are for calls alone.

use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::{Reference, SourceId};
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::source::Control;
use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A new request.
#[derive(Serialize)]
pub struct RequestBody {
    /// The right that the data subject exercises.
    pub right: Right,
    /// Who it is about: at least one.
    #[serde(serialize_with = "identifier_bodies")]
    pub identifiers: Vec<Identifier>,
    /// The data sources; empty for all that are enabled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceId>,
    /// Whether nothing may be erased or copied.
    pub dry_run: bool,
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// When the person asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<ReceivedAt>,
    /// The deployment makes one request for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// An identifier with its value.
pub struct IdentifierBody<'a>(pub &'a Identifier);

impl Serialize for IdentifierBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_struct("Identifier", 2)?;
        body.serialize_field("kind", self.0.kind())?;
        body.serialize_field("value", self.0.expose())?;
        body.end()
    }
}

fn identifier_bodies<S: Serializer>(identifiers: &[Identifier], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(identifiers.iter().map(IdentifierBody))
}

/// The fields of a secret.
pub struct SecretBody(pub BTreeMap<String, Zeroizing<String>>);

impl Serialize for SecretBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            fields.serialize_entry(name, value.trim())?;
        }
        fields.end()
    }
}

/// A new data source.
#[derive(Serialize)]
pub struct SourceBody<'a> {
    pub id: &'a SourceId,
    pub connector: &'a str,
    pub params: BTreeMap<String, String>,
    pub secret: SecretBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
}

/// Changes to a data source.
#[derive(Serialize)]
pub struct SourceChangeBody {
    pub params: BTreeMap<String, String>,
    pub unset: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretBody>,
    /// `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Option<Control>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::identifier::IdentifierKind;

    #[test]
    fn a_demand_is_sent_in_the_shape_of_the_api() {
        let ann = Identifier::entered(IdentifierKind::email(), "ann@example.com").unwrap().identifier;
        let body = RequestBody {
            right: Right::Erasure,
            identifiers: vec![ann],
            sources: Vec::new(),
            dry_run: false,
            reference: None,
            received_at: Some(ReceivedAt::parse("2026-11-03").unwrap()),
            key: Some("k".to_owned()),
        };
        insta::assert_snapshot!(serde_json::to_string(&body).unwrap(), @r#"{"right":"erasure","identifiers":[{"kind":"email","value":"ann@example.com"}],"dry_run":false,"received_at":"2026-11-03","key":"k"}"#);
    }
}
