//! The package of a person's copy.

use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// The package kept of a request's copy: part of the request's row.
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
    /// The number of records in it.
    pub records: u32,
    /// The time when it was packed.
    pub made_at: Time,
    /// The time when it is deleted.
    pub expires_at: Time,
}
