//! The open requests, in the order in which people attend to them.

use crate::duty::work_list::WorkCounts;
use crate::view::request::RequestView;
use serde::{Deserialize, Serialize};

/// A page of the open requests, and counts of all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Work"))]
pub struct WorkView {
    /// Counts of all open requests, whatever the call asks for.
    pub counts: WorkCounts,
    /// The requests, those that wait for a person first, and then the soonest deadline.
    pub items: Vec<RequestView>,
    /// The cursor for the next page, to be sent as it is; null on the last page.
    #[cfg_attr(
        feature = "schema",
        schemars(description = "Pass this to the next call as `cursor`; `null` on the last page.")
    )]
    pub next: Option<String>,
}
