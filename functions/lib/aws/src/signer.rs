//! Signs receipts with a KMS key that never leaves KMS, and reads its public half.

use crate::blob::Blob;
use crate::client::Aws;
use crate::failures::KMS;
use crate::json::{self, JsonClient};
use aws_smithy_types::base64;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::ports::copies::Signer;
use serde::{Deserialize, Serialize};

/// KMS signs whole messages (`RAW`) up to this size; for Ed25519 it has no other way.
const MAX_MESSAGE: usize = 4096;

/// The prefix of the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The KMS key that signs receipts.
#[derive(Clone, Debug)]
pub struct ReceiptKey {
    client: JsonClient,
    key_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetPublicKey<'a> {
    key_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Public {
    public_key: Option<Blob>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Sign<'a> {
    key_id: &'a str,
    message: String,
    message_type: &'static str,
    signing_algorithm: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Signed {
    signature: Option<Blob>,
}

impl ReceiptKey {
    /// The Ed25519 key by its ARN, which becomes the `kid` of every statement.
    #[must_use]
    pub fn new(aws: &Aws, key_arn: impl Into<String>) -> Self {
        Self { client: JsonClient::new(aws, &json::KMS), key_arn: key_arn.into() }
    }

    /// The public key, for whoever verifies receipts.
    ///
    /// # Errors
    /// When KMS fails, or `Misconfigured` when the key is no Ed25519 key.
    pub async fn public_key(&self) -> Result<PublicKey, Failure> {
        let answer = self.client.call("GetPublicKey", &GetPublicKey { key_id: &self.key_arn }).await;
        let answer: Public = answer.map_err(|err| KMS.failure(&err))?;
        let der = answer.public_key.map(|key| key.0).unwrap_or_default();
        match der.split_at_checked(SPKI_PREFIX.len()) {
            Some((prefix, raw)) if prefix == SPKI_PREFIX && raw.len() == 32 => {
                Ok(PublicKey::new(&self.key_arn, raw))
            }
            _ => Err(Failure::of(Code::ReceiptKeyIsNotEd25519)),
        }
    }
}

impl Signer for ReceiptKey {
    fn key_id(&self) -> &str {
        &self.key_arn
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        if message.len() > MAX_MESSAGE {
            return Err(Failure::of(Code::MessageTooLarge));
        }
        let input = Sign {
            key_id: &self.key_arn,
            message: base64::encode(message),
            message_type: "RAW",
            signing_algorithm: "ED25519_SHA_512",
        };
        let answer = self.client.call("Sign", &input).await;
        let answer: Signed = answer.map_err(|err| KMS.failure(&err))?;
        match answer.signature {
            Some(Blob(signature)) if signature.len() == 64 => Ok(signature),
            _ => Err(Failure::of(Code::SignatureUnusable)),
        }
    }
}
