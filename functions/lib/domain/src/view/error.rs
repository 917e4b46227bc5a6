//! Errors, as the API answers them.

use crate::operations::set_up::Standing;
use serde::{Deserialize, Serialize};

/// The body of an answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Error"))]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorView,
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ErrorView {
    /// What machines tell errors apart by.
    pub code: String,
    /// What is wrong and what to do, as a sentence. It repeats nothing that was sent.
    pub message: String,
    /// More of what is wrong, by its place in what was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<crate::ports::set_up::Objection>,
    /// The open tasks that a change of a data source would leave behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}
