//! The extension of a legal deadline.

use crate::base::time::Time;
use crate::law::ground::Ground;
use serde::{Deserialize, Serialize};

/// A recorded extension of the legal deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Extension {
    /// By how many months in all, beside the first one: 1 or 2.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2)))]
    pub months: u8,
    /// Why.
    pub ground: Ground,
    /// Who extended it.
    pub by: String,
    /// When.
    pub at: Time,
}
