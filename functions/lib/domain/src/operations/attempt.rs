//! Begins a workflow attempt, then records it.
//!
//! Architecture Invariant: an attempt is recorded after its execution exists, never before. Its number is that
//! of the last recorded attempt plus one. After a crash, another try therefore finds the execution by its name,
//! and no attempt begins before the previous one is recorded.

use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::chain::fact::Fact;
use crate::operations::load::{CONTENTION, STALE_TRIES, retry_stale};
use crate::ports::clock::Clock;
use crate::ports::store::{Change, Reads, Row, Writes};
use crate::ports::workflow::{Started, Workflow};

/// Begins an attempt over these data sources, and records it. Its number is `next`, or a later one if an
/// attempt of that number has begun for something else. Returns the number. May be repeated.
///
/// # Errors
/// When the workflow service fails, nothing is recorded. When the store fails, another try records the attempt.
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

/// Records that an attempt has begun, unless it is recorded already.
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
        // These ends belong to the previous attempt.
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
