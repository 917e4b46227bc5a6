//! Encryption of everything that points at a person: AES-256-GCM under the request's own data key. Deleting the
//! key therefore forgets the person in every copy of the table.

use crate::base::canonical::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

const NONCE: usize = 12;

/// A sealed value: nonce, ciphertext and tag, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

impl Sealed {
    /// The length of its text, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty; no sealed value is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A keyed digest (HMAC-SHA-256) of personal data, with the id of the key that made it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        rename = "Digest",
        description = "A keyed digest of exact records, which a decision names. Send it back as it was shown."
    )
)]
pub struct Tag {
    /// The key's id at the key service.
    pub key_id: String,
    /// The digest in hex.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]+$")))]
    pub mac: String,
}

impl Tag {
    /// The tag for a digest that the key service computed.
    #[must_use]
    pub fn new(key_id: &str, mac: &[u8]) -> Self {
        Self { key_id: key_id.to_owned(), mac: hex(mac) }
    }
}

/// The data key of one request.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(***)")
    }
}

/// The sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value was sealed with another key or for another place, or it was changed")]
pub struct SealError;

impl DataKey {
    /// Takes the 32 bytes of a key; `None` for any other length.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        <[u8; 32]>::try_from(bytes).ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// Seals `plain` for one place: `context` names request, source and purpose. Opening fails with any other
    /// context.
    ///
    /// # Errors
    /// [`SealError`] when the system has no randomness.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, SealError> {
        self.seal_bytes(context, plain).map(|whole| Sealed(BASE64.encode(whole)))
    }

    /// The sealed value as bytes: nonce, ciphertext, tag.
    ///
    /// # Errors
    /// As [`DataKey::seal`].
    pub fn seal_bytes(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SealError)?;
        let cipher = self.cipher()?;
        let mut whole = Vec::with_capacity(NONCE + plain.len() + AES_256_GCM.tag_len());
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(plain);
        let (_, text) = whole.split_at_mut(NONCE);
        let tag = cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                text,
            )
            .map_err(|_| SealError)?;
        whole.extend_from_slice(tag.as_ref());
        Ok(whole)
    }

    /// Opens a value that [`DataKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.open_bytes(context, &BASE64.decode(&sealed.0).map_err(|_| SealError)?)
    }

    /// Opens bytes that [`DataKey::seal_bytes`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open_bytes(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut plain = Zeroizing::new(text.to_vec());
        let length = self
            .cipher()?
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut plain)
            .map_err(|_| SealError)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &*self.0).map(LessSafeKey::new).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let key = DataKey::new(&[7; 32]).unwrap();
        let sealed = key.seal("request 1", b"joao@qualifio.com").unwrap();
        assert_eq!(&**key.open("request 1", &sealed).unwrap(), b"joao@qualifio.com");
        assert_eq!(key.open("request 2", &sealed), Err(SealError));
        assert_eq!(DataKey::new(&[8; 32]).unwrap().open("request 1", &sealed), Err(SealError));
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let key = DataKey::new(&[7; 32]).unwrap();
        let sealed = key.seal("c", b"value").unwrap();
        for end in 0..sealed.0.len() {
            assert!(key.open("c", &Sealed(sealed.0[..end].to_owned())).is_err());
        }
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let key = DataKey::new(&[7; 32]).unwrap();
        assert_ne!(key.seal("c", b"value").unwrap(), key.seal("c", b"value").unwrap());
    }

    #[test]
    fn a_key_has_thirty_two_bytes() {
        assert!(DataKey::new(&[0; 31]).is_none());
        assert_eq!(format!("{:?}", DataKey::new(&[0; 32]).unwrap()), "DataKey(***)");
    }
}
