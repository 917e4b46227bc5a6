//! What may be done now to a request and its tasks, and why not.

use serde::{Deserialize, Serialize};

/// What an operator may do to a request now. That it may be done now is no promise: somebody else may
/// act first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Give a data source an identifier.
    Identify,
    /// See which records were found.
    Records,
    /// See what the vendor shows now, with the fields that tell who it is.
    Compare,
    /// Read why somebody decided as they did.
    Reasons,
    /// Decide that what was found is acted on.
    Proceed,
    /// Decide that nothing is done at a data source, on a legal ground.
    Refuse,
    /// Go on without a data source that lacks its identifier, or can't be searched.
    LeaveOut,
    /// Have a data source run again.
    Run,
    /// Say how a task ended that no machine can tell.
    State,
    /// Call the request off.
    Cancel,
    /// Extend the legal deadline.
    Extend,
    /// Open the closed request again.
    Reopen,
    /// Fetch the person's copy.
    Copy,
    /// Fetch the receipt.
    Receipt,
}
