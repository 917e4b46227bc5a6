//! The workflow: attempts that are started, and executions that wait.

use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use serde::{Deserialize, Serialize};

/// What a start found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// An execution of that attempt runs over these sources now.
    Now,
    /// One of that attempt began before, over others or to its end.
    Before,
}

/// Starts workflows.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Workflow {
    /// Starts attempt `attempt` of a request over these sources. May be repeated: an attempt has one execution.
    ///
    /// # Errors
    /// When the workflow service fails.
    async fn start(&self, request: RequestId, attempt: u32, sources: &[SourceId])
    -> Result<Started, Failure>;
}

/// The executions that wait for a review.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Tokens {
    /// Lets the execution that waits under this token go on with `next`. A token that nobody waits
    /// under any more counts as released. May be repeated.
    ///
    /// # Errors
    /// When the workflow service fails. Nothing is lost then: the reconciliation begins an attempt.
    async fn release(&self, token: &str, next: Next) -> Result<(), Failure>;
}

/// What the workflow does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Have a person decide.
    Review,
    /// Search, once its wait is over.
    Search,
    /// Have the data source fulfil it.
    Fulfil,
    /// Submit the next batch.
    Submit,
    /// Ask how the rules stand.
    Check,
    /// Look again.
    Verify,
    /// Nothing: it has its outcome.
    Settled,
    /// Nothing here: nobody can tell what happened.
    Unknown,
    /// Nothing here: it isn't its turn.
    None,
}
