//! Texts that are personal or secret.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// A text that leaves no trace in `Debug` and is wiped from memory.
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, with = "String", description = "A text that is never logged.")
)]
pub(crate) struct Hidden(pub Zeroizing<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The fields of a secret, without the white space that comes with a copied token.
pub(crate) fn fields(secret: BTreeMap<String, Hidden>) -> BTreeMap<String, Zeroizing<String>> {
    secret.into_iter().map(|(name, value)| (name, Zeroizing::new(value.0.trim().to_owned()))).collect()
}
