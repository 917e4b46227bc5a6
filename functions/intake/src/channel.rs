//! A ticketing system's way of sending webhooks, as data: how a delivery is signed, how deliveries are told
//! apart, and where the body holds the ticket's fields.

use rightful_domain::law::right::Right;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One channel: a file of `channels/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its name in the webhook's URL and in the name of its secret.
    pub name: String,
    pub signature: Signature,
    pub delivery: DeliveryKey,
    /// The HTTP status for a known delivery with different content.
    pub conflict_status: u16,
    pub ticket: Mapping,
}

/// How a delivery is signed: HMAC-SHA-256, in base64.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The header that holds the signature, in lower case.
    pub header: String,
    /// The separator of several signatures in it.
    pub separator: Option<String>,
    /// The prefix of each signature.
    #[serde(default)]
    pub prefix: String,
    pub key: KeyForm,
    pub timestamp: Timestamp,
    /// The parts of the signed message, in order.
    pub message: Vec<Part>,
}

/// How the secret's text becomes the key.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyForm {
    /// The text's bytes.
    Utf8,
    /// The base64-decoded text, without a leading `whsec_`.
    WhsecBase64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timestamp {
    /// The header that holds it, in lower case.
    pub header: String,
    pub format: TimestampFormat,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFormat {
    /// Whole seconds since 1970.
    UnixSeconds,
    /// RFC 3339, with the zone.
    Iso8601,
}

/// A part of the signed message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The timestamp's header as it was sent.
    Timestamp,
    /// The body's bytes as they were sent.
    Body,
    Header(String),
    Literal(String),
}

/// The key of a delivery: a signed header, or a field of the signed body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKey {
    Header(String),
    /// A JSON pointer (RFC 6901).
    Body(String),
}

/// The places of the ticket's fields in the body: JSON pointers (RFC 6901).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub right: RightField,
    pub identifiers: IdentifierList,
    pub reference: String,
    pub sources: String,
    pub dry_run: String,
    pub received_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RightField {
    pub pointer: String,
    /// The ticketing system's words for the rights.
    pub values: BTreeMap<String, Right>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierList {
    pub list: String,
    /// Within an element of the list.
    pub kind: String,
    /// Within an element of the list.
    pub value: String,
}

/// All channels.
const FILES: [&str; 2] =
    [include_str!("../channels/standard.yaml"), include_str!("../channels/zendesk.yaml")];

/// Reads the channels that come with the product.
pub fn embedded() -> Result<Vec<Channel>, serde_saphyr::Error> {
    FILES.iter().map(|text| serde_saphyr::from_str(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channels_read_and_sign_what_tells_deliveries_apart() {
        let channels = embedded().unwrap();
        assert_eq!(channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["standard", "zendesk"]);
        for channel in channels {
            let signs = |wanted: &dyn Fn(&Part) -> bool| channel.signature.message.iter().any(wanted);
            assert!(signs(&|part| matches!(part, Part::Timestamp)), "{}", channel.name);
            assert!(signs(&|part| matches!(part, Part::Body)), "{}", channel.name);
            if let DeliveryKey::Header(id) = &channel.delivery {
                assert!(signs(&|part| matches!(part, Part::Header(name) if name == id)), "{}", channel.name);
            }
        }
    }

    #[test]
    fn a_mistyped_field_is_an_error() {
        assert!(serde_saphyr::from_str::<Channel>(&FILES[0].replace("conflict_status", "conflict")).is_err());
    }
}
