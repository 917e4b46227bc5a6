//! Signs receipts with a KMS key that never leaves KMS, and reads its public half.

use crate::client::Aws;
use crate::failures::KMS;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::ports::copies::Signer;

/// KMS signs whole messages (`RAW`) up to this size; for Ed25519 it has no other way.
const MAX_MESSAGE: usize = 4096;

/// The prefix of the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The KMS key that signs receipts.
#[derive(Clone, Debug)]
pub struct ReceiptKey {
    client: Client,
    key_arn: String,
}

impl ReceiptKey {
    /// The Ed25519 key by its ARN, which becomes the `kid` of every statement.
    #[must_use]
    pub fn new(aws: &Aws, key_arn: impl Into<String>) -> Self {
        Self { client: Client::new(aws.sdk_config()), key_arn: key_arn.into() }
    }

    /// The public key, for whoever verifies receipts.
    ///
    /// # Errors
    /// When KMS fails, or `Misconfigured` when the key is no Ed25519 key.
    pub async fn public_key(&self) -> Result<PublicKey, Failure> {
        let answer = self
            .client
            .get_public_key()
            .key_id(&self.key_arn)
            .send()
            .await
            .map_err(|err| KMS.failure(&err))?;
        let der = answer.public_key.map(Blob::into_inner).unwrap_or_default();
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
        let answer = self
            .client
            .sign()
            .key_id(&self.key_arn)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|err| KMS.failure(&err))?;
        match answer.signature.map(Blob::into_inner) {
            Some(signature) if signature.len() == 64 => Ok(signature),
            _ => Err(Failure::of(Code::SignatureUnusable)),
        }
    }
}
