//! The API's errors.

use crate::operations::set_up::Standing;
use serde::{Deserialize, Serialize};

/// The body of an error response.
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
    /// The code of the error, for machines.
    pub code: String,
    /// The error and its remedy, as a sentence. It repeats nothing from the call.
    pub message: String,
    /// The single objections, by their places in the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<crate::ports::set_up::Objection>,
    /// The open tasks that a change of a data source would leave behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}
