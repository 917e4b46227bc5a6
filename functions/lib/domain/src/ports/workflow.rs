//! The workflow: starting attempts, and executions that wait.

use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use serde::{Deserialize, Serialize};

/// The result of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// An execution of that attempt now runs over these sources.
    Now,
    /// An execution of that attempt began before, over other sources or to its end.
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
    /// Lets the execution that waits under this token go on with `next`. A token under which no execution waits
    /// any more counts as released. May be repeated.
    ///
    /// # Errors
    /// When the workflow service fails. Nothing is lost then: reconcile begins an attempt.
    async fn release(&self, token: &str, next: Next) -> Result<(), Failure>;
}

/// The workflow's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Wait for a person's decision.
    Review,
    /// Search, once its wait is over.
    Search,
    /// Have the data source fulfil it.
    Fulfil,
    /// Submit the next batch.
    Submit,
    /// Check how the rules stand.
    #[serde(rename = "check")]
    CheckStatus,
    /// Look again.
    #[serde(rename = "verify")]
    Look,
    /// No step: the task has its outcome.
    Settled,
    /// No step here: the outcome is unknown.
    Unknown,
    /// No step here: it isn't the task's turn.
    None,
}
