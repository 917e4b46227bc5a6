//! The extension of a legal deadline.

use crate::base::time::Time;
use crate::law::ground::Ground;
use serde::{Deserialize, Serialize};

/// A recorded extension of the legal deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Extension {
    /// The total number of months added to the first one: 1 or 2.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2)))]
    pub months: u8,
    /// The ground.
    pub ground: Ground,
    /// The operator who extended it.
    pub by: String,
    /// The time of the act.
    pub at: Time,
}
