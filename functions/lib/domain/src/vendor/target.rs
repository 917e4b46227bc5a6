//! The system and account that a data source points at.

use crate::base::canonical::hex;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The system and account that a data source points at. A decision on records holds here and nowhere else. None
/// of its values is secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Target {
    /// The connector's name.
    pub connector: String,
    /// The version of its definition: another version means another system.
    pub version: u32,
    /// The parameters that steer where calls go and to which account, by name.
    pub params: BTreeMap<String, String>,
}

impl Target {
    /// A hash that distinguishes this target from every other, in hex. Each secret version carries it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let whole = serde_json::to_vec(self).unwrap_or_default();
        hex(digest(&SHA256, &whole).as_ref())
    }

    /// The target in one line, for people: `qualifio: client_id 2449, host api.qualif.io`.
    #[must_use]
    pub fn words(&self) -> String {
        let params: Vec<String> = self.params.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if params.is_empty() {
            self.connector.clone()
        } else {
            format!("{}: {}", self.connector, params.join(", "))
        }
    }
}
