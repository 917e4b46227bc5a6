//! Keyed digests of personal data. KMS takes at most 4,096 bytes and content has any length, so the
//! message is the purpose and a digest of the content; the HMAC keeps that digest from being guessed.

use crate::blob::Blob;
use crate::client::Aws;
use crate::failures::KMS;
use crate::json::{self, JsonClient};
use aws_smithy_types::base64;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::seal::Tag;
use rightful_domain::ports::keys::Tags;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The KMS key that makes tags.
#[derive(Clone, Debug)]
pub struct TagKey {
    client: JsonClient,
    key_id: String,
}

impl TagKey {
    /// The HMAC key by its ARN.
    #[must_use]
    pub fn new(aws: &Aws, key_id: impl Into<String>) -> Self {
        Self { client: JsonClient::new(aws, &json::KMS), key_id: key_id.into() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateMac<'a> {
    key_id: &'a str,
    mac_algorithm: &'static str,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagged {
    key_id: Option<String>,
    mac: Option<Blob>,
}

impl Tags for TagKey {
    async fn tag(&self, purpose: &'static str, content: &[u8]) -> Result<Tag, Failure> {
        let input = GenerateMac {
            key_id: &self.key_id,
            mac_algorithm: "HMAC_SHA_256",
            message: base64::encode(message(purpose, content)),
        };
        let tagged = self.client.call("GenerateMac", &input).await;
        let tagged: Tagged = tagged.map_err(|err| KMS.failure(&err))?;
        match (tagged.key_id, tagged.mac) {
            (Some(key_id), Some(Blob(mac))) if mac.len() == 32 => Ok(Tag::new(&key_id, &mac)),
            _ => Err(Failure::of(Code::TagUnusable)),
        }
    }
}

/// `purpose ‖ 0x00 ‖ SHA-256(purpose ‖ 0x00 ‖ content)`: always short, and different for each purpose.
fn message(purpose: &str, content: &[u8]) -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    digest.update(purpose.as_bytes());
    digest.update(&[0]);
    digest.update(content);
    let mut message = purpose.as_bytes().to_vec();
    message.push(0);
    message.extend_from_slice(digest.finish().as_ref());
    message
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_message_is_short_and_differs_by_purpose_and_content() {
        let long = message("subject", &[7; 100_000]);
        assert_eq!(long.len(), "subject".len() + 1 + 32);
        assert_ne!(message("a", b"x"), message("b", b"x"));
        assert_ne!(message("a", b"x"), message("a", b"y"));
    }
}
