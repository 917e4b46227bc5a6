//! The package that is kept of a person's copy.

use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// Part of a request's row: the package that is kept of its copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "The copy that is kept for the person.")
)]
pub struct Package {
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// How many records are in it.
    pub records: u32,
    /// When it was put together.
    pub made_at: Time,
    /// When it is deleted.
    pub expires_at: Time,
}
