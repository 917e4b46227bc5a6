//! Pages of lists, and the time of a view.

use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}Page"))]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor for the next page, to be sent as it is; null on the last page.
    #[cfg_attr(
        feature = "schema",
        schemars(description = "Pass this to the next call as `cursor`; `null` on the last page.")
    )]
    pub next: Option<String>,
}

/// The time of a view, and the grace that a row's workflow has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Now.
    pub now: Time,
    /// The grace, in seconds.
    pub grace_seconds: u64,
}
