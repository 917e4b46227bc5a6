//! Begins a workflow attempt: what is stored before, what after.
//!
//! Architecture Invariant: an attempt is recorded once its execution is there, never before. Its number is that
//! of the last recorded one and one more, so whoever begins it again after a crash finds the execution by its
//! name, and no attempt begins before the one before it is recorded.

use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::chain::fact::Fact;
use crate::operations::load::{CONTENTION, STALE_TRIES, retry_stale};
use crate::ports::clock::Clock;
use crate::ports::store::{Change, Reads, Row, Writes};
use crate::ports::workflow::{Started, Workflow};

/// Begins an attempt over these data sources, and records it; `next` is its number, or a later one is, where
/// an attempt of that number has begun for something else. Answers the number. May be repeated.
///
/// # Errors
/// When the workflow service fails: nothing is recorded then. When the store fails: whoever begins the attempt
/// again records it.
pub(crate) async fn begin(
    store: &(impl Reads + Writes),
    workflow: &impl Workflow,
    clock: &impl Clock,
    id: RequestId,
    next: u32,
    sources: &[SourceId],
) -> Result<u32, Failure> {
    for attempt in (next..).take(STALE_TRIES as usize) {
        let started = workflow.start(id, attempt, sources).await?;
        record(store, clock, id, attempt).await?;
        if started == Started::Now {
            return Ok(attempt);
        }
    }
    Err(CONTENTION)
}

/// Records that an attempt has begun, unless that is recorded.
async fn record(
    store: &(impl Reads + Writes),
    clock: &impl Clock,
    id: RequestId,
    attempt: u32,
) -> Result<(), Failure> {
    retry_stale(async || {
        let Some(mut request) = store.request(id).await? else { return Ok(()) };
        if request.attempt >= attempt {
            return Ok(());
        }
        request.attempt = attempt;
        // Those were of the attempt before.
        request.ended = Vec::new();
        let change = Change {
            request: id,
            at: clock.now(),
            rows: vec![Row::Request(request)],
            facts: vec![Fact::AttemptBegun { attempt }],
        };
        Ok(store.commit(change).await?)
    })
    .await
}
