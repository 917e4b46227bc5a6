//! Seals what a browser keeps for the pages: the session, the token of a form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::seal::DataKey;
use rightful_domain::ports::set_up::Secrets;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The name of the secret from which the key is made.
const SECRET: &str = "console/session";

/// What a sealed value is for; it opens for nothing else.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Session,
    Form,
}

impl Purpose {
    fn context(self) -> &'static str {
        match self {
            Self::Session => "console session",
            Self::Form => "console form",
        }
    }
}

/// The key of this version of the secret, then that of the version before it.
pub(crate) struct Sealer(Vec<DataKey>);

impl Sealer {
    /// Reads the secret.
    ///
    /// # Errors
    /// When the secret can't be read.
    pub async fn of(secrets: &impl Secrets) -> Result<Self, Failure> {
        let versions = secrets.secret(SECRET, false).await?;
        // A secret's text may have any length; the key has 32 bytes.
        Ok(Self(
            versions
                .iter()
                .filter_map(|text| DataKey::new(digest(&SHA256, text.as_bytes()).as_ref()))
                .collect(),
        ))
    }

    /// Seals a value, in characters that a cookie, a form and a URL take as they are.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn seal(&self, purpose: Purpose, value: &impl Serialize) -> Result<String, Failure> {
        let unsealable = Failure::of(Code::AnswerUnwritable);
        let plain = serde_json::to_vec(value).map_err(|_| unsealable)?;
        let key = self.0.first().ok_or(unsealable)?;
        let sealed = key.seal_bytes(purpose.context(), &plain).map_err(|_| unsealable)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a value; `None` if it was sealed by another key or for another purpose, or changed.
    pub fn open<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.0.iter().find_map(|key| key.open_bytes(purpose.context(), &sealed).ok())?;
        serde_json::from_slice(&plain).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(keys: &[u8]) -> Sealer {
        Sealer(keys.iter().map(|key| DataKey::new(&[*key; 32]).unwrap()).collect())
    }

    #[test]
    fn a_value_opens_for_its_purpose_alone_until_its_key_is_two_versions_old() {
        let sealed = sealer(&[1]).seal(Purpose::Session, &"ann").unwrap();
        assert_eq!(sealer(&[2, 1]).open::<String>(Purpose::Session, &sealed).unwrap(), "ann");
        assert_eq!(sealer(&[1]).open::<String>(Purpose::Form, &sealed), None);
        assert_eq!(sealer(&[3, 2]).open::<String>(Purpose::Session, &sealed), None);
        assert_eq!(sealer(&[1]).open::<String>(Purpose::Session, ""), None);
    }
}
