//! Saves a step, with its lease, by condition.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::TaskRef;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::life::{Effect, Life, LifeEvent, step};
use crate::model::lease::Lease;
use crate::model::request::Request;
use crate::model::task::Task;
use crate::operations::load::{Loaded, STALE_TRIES, Settings, load, terms};
use crate::ports::clock::Clock;
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};
use crate::vendor::port::Capabilities;

/// Stores the changes of a step, with `more` rows, in one transaction under the task's lease. Returns the life
/// as stored. Without a change, it writes nothing.
///
/// # Errors
/// [`CommitError::Stale`] when a row, or the lease, has moved on; else the store's failure.
pub(crate) async fn store_step(
    store: &impl Writes,
    request: &Request,
    before: &Life,
    (mut after, effects): (Life, Vec<Effect>),
    more: Vec<Row>,
    now: Time,
) -> Result<Life, CommitError> {
    let facts: Vec<Fact> = facts_of(effects).collect();
    let mut rows = Vec::new();
    if after.task != before.task {
        rows.push(Row::Task(after.task.clone()));
        after.task.revision += 1;
    }
    // A new run leaves the rules of the earlier ones as they are.
    for rule in &mut after.rules {
        if !before.rules.contains(rule) {
            rows.push(Row::Rule(rule.clone()));
            rule.revision += 1;
        }
    }
    rows.extend(more);
    if rows.is_empty() && facts.is_empty() {
        return Ok(after);
    }
    rows.extend(lease_row(request, &before.task, &after.task, now)?);
    store.commit(Change { request: request.id, at: now, rows, facts }).await?;
    Ok(after)
}

/// Stores what a worker has learned from the vendor, or is about to do there, with `more` rows. If another
/// worker of the task was put off meanwhile, the step is stored after that. Otherwise workers of several
/// attempts that wait for one place in a line would undo each other's work for ever.
///
/// # Errors
/// As [`store_step`].
#[allow(clippy::too_many_arguments, reason = "each is one thing, and they are gathered nowhere else")]
pub(crate) async fn store_learned(
    store: &(impl Reads + Writes),
    clock: &impl Clock,
    settings: &Settings,
    at: &TaskRef,
    loaded: &Loaded,
    vendor: Option<&Capabilities>,
    event: &LifeEvent,
    more: Vec<Row>,
) -> Result<Life, CommitError> {
    let mut newer: Option<Loaded> = None;
    for _ in 0..STALE_TRIES {
        let Loaded { request, life, .. } = newer.as_ref().unwrap_or(loaded);
        let now = clock.now();
        let moved = step(life, event.clone(), now, &terms(request, settings, vendor));
        match store_step(store, request, life, moved, more.clone(), now).await {
            Err(CommitError::Stale) if !matches!(event, LifeEvent::HeldBack { .. }) => {
                newer = Some(after_waits(store, at, life).await?);
            }
            stored => return stored,
        }
    }
    Err(CommitError::Stale)
}

/// Reads the stored rows again, if they differ only by waits.
///
/// # Errors
/// [`CommitError::Stale`] when it differs by anything else, or not at all: then another row was in the way.
pub(crate) async fn after_waits(
    store: &impl Reads,
    at: &TaskRef,
    life: &Life,
) -> Result<Loaded, CommitError> {
    let there = load(store, at).await?;
    if life.was_put_off_since(&there.life) { Ok(there) } else { Err(CommitError::Stale) }
}

/// The lease's row for a change of the task: taken, released, or held.
pub(crate) fn lease_row(
    request: &Request,
    before: &Task,
    after: &Task,
    now: Time,
) -> Result<Option<Row>, Failure> {
    let Some(fence) = after.lease.or(before.lease) else { return Ok(None) };
    let subject = request.subject.clone().ok_or(Failure::of(Code::PersonForgotten))?;
    let source = after.source.clone();
    Ok(Some(match (before.lease, after.lease) {
        (None, _) => Row::Lease(Lease::held(source, subject, fence, request.id)),
        (Some(_), None) => Row::Lease(Lease::released(source, subject, fence, now)),
        (Some(_), Some(_)) => Row::Held { source, subject, fence },
    }))
}

/// The facts among a step's effects.
pub(crate) fn facts_of(effects: Vec<Effect>) -> impl Iterator<Item = Fact> {
    effects.into_iter().filter_map(|effect| match effect {
        Effect::Record(fact) => Some(fact),
        Effect::Post { .. } => None,
    })
}
