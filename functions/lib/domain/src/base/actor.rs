//! The operators who act on a deployment from outside.

use crate::base::canonical::hex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An operator, by the name under which they were authenticated: the ARN that signed the call, or
/// `oidc:<issuer>#<subject>` for a person who signed in on the pages. Every decision and every other act records
/// it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Actor(String);

/// The text is not an operator's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an operator's name is 1 to 256 printable ASCII characters without spaces, and not a policy's")]
pub struct ActorError;

impl Actor {
    /// Checks an operator's name.
    ///
    /// # Errors
    /// [`ActorError`] when it is empty, too long, has other characters, or reads like a policy's
    /// decision.
    pub fn parse(name: &str) -> Result<Self, ActorError> {
        let good = (1..=256).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_graphic())
            && !name.starts_with("policy:");
        if good { Ok(Self(name.to_owned())) } else { Err(ActorError) }
    }

    /// The person whom an OpenID provider calls `subject`.
    ///
    /// # Errors
    /// [`ActorError`] when the two together make no operator's name.
    pub fn signed_in(issuer: &str, subject: &str) -> Result<Self, ActorError> {
        Self::parse(&format!("oidc:{issuer}#{subject}"))
    }

    /// The SHA-256 digest of the name, in hex: a short key for a row.
    #[must_use]
    pub fn digest(&self) -> String {
        hex(ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes()).as_ref())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Actor {
    type Error = ActorError;
    fn try_from(name: String) -> Result<Self, ActorError> {
        Self::parse(&name)
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_acts_under_a_policys_name() {
        assert!(Actor::parse("arn:aws:sts::111122223333:assumed-role/Privacy/ann").is_ok());
        for bad in ["", "policy:auto", "two words", "é", &"x".repeat(257)] {
            assert!(Actor::parse(bad).is_err(), "{bad}");
        }
    }
}
