//! Brings forward what nobody moves: reads the due index, asks vendors about open rules, and begins
//! a new workflow attempt where a task or a request stands still.

use super::check::Check;
use super::{STALE_TRIES, Settings, TaskRef};
use crate::event::Fact;
use crate::failure::Failure;
use crate::ids::{RequestId, SourceId};
use crate::ports::{
    Change, Clock, CommitError, DUE_SHARDS, DueIndex, Keys, Reads, Row, Vendors, Workflow, Writes,
};
use crate::request::{Request, RequestState};
use crate::task::{Task, TaskState};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The ports of the reconciliation.
#[derive(Debug)]
pub struct Reconcile<'a, S, K, V, W, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Opens data sources.
    pub vendors: &'a V,
    /// Starts workflows.
    pub workflow: &'a W,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// What one run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Requests it looked at.
    pub examined: u32,
    /// Tasks whose rules it asked about.
    pub checked: u32,
    /// Workflow attempts it began.
    pub started: u32,
    /// Tasks nobody knows the state of.
    pub unknown: u32,
    /// Requests it could not bring forward; the next run tries again.
    pub failed: u32,
    /// Whether it stopped before the index was read to its end.
    pub more: bool,
    /// What failed, for the log.
    #[serde(skip)]
    pub failures: Vec<(RequestId, Failure)>,
}

/// How long a task that nobody can move by machine is left alone, in seconds.
const UNKNOWN_WAIT: u64 = 3600;

impl<S, K, V, W, C> Reconcile<'_, S, K, V, W, C>
where
    S: Reads + Writes + DueIndex,
    K: Keys,
    V: Vendors,
    W: Workflow,
    C: Clock,
{
    /// One run; ends before `until`. May run beside itself: whoever stores an attempt first begins it.
    ///
    /// # Errors
    /// When the due index can't be read; one request's failure stops nobody else's.
    pub async fn run(&self, until: Time) -> Result<Run, Failure> {
        let mut run = Run::default();
        let now = self.clock.now();
        // The shards take turns in going first, so that a full one can't starve the others.
        let first = u8::try_from(now.unix_seconds().rem_euclid(i64::from(DUE_SHARDS))).unwrap_or(0);
        for offset in 0..DUE_SHARDS {
            let shard = (first + offset) % DUE_SHARDS;
            let mut after = None;
            loop {
                let page = self.store.due(shard, now, after).await?;
                let mut due: BTreeMap<RequestId, BTreeSet<SourceId>> = BTreeMap::new();
                for row in page.rows {
                    due.entry(row.request).or_default().extend(row.source);
                }
                for (request, _) in due {
                    if self.clock.now().plus_seconds(70) > until {
                        run.more = true;
                        return Ok(run);
                    }
                    run.examined += 1;
                    if let Err(failure) = self.bring_forward(request, until, &mut run).await {
                        run.failed += 1;
                        run.failures.push((request, failure));
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(run)
    }

    /// One request: rules first, then whatever still stands still.
    async fn bring_forward(&self, id: RequestId, until: Time, run: &mut Run) -> Result<(), Failure> {
        let checker = Check {
            store: self.store,
            keys: self.keys,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        for task in self.store.tasks(id).await? {
            let asks = matches!(task.state, TaskState::Submitted | TaskState::Unknown);
            if asks && is_due(task.next_due, self.clock.now()) {
                run.checked += 1;
                let at = TaskRef { request_id: id, source_id: task.source.clone() };
                checker.run(&at, until).await?;
            }
        }
        for _ in 0..STALE_TRIES {
            let Some(request) = self.store.request(id).await? else { return Ok(()) };
            let tasks = self.store.tasks(id).await?;
            let stored = match judge(&request, &tasks, self.clock.now()) {
                Judgement::Nothing => return Ok(()),
                Judgement::Later { unknown } => {
                    run.unknown += unknown;
                    self.later(request, tasks).await
                }
                Judgement::Begin => match self.begin(request, tasks).await {
                    Ok(()) => {
                        run.started += 1;
                        return Ok(());
                    }
                    Err(error) => Err(error),
                },
            };
            match stored {
                Ok(()) => return Ok(()),
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    /// Nothing can be moved now; says when to look again.
    async fn later(&self, mut request: Request, tasks: Vec<Task>) -> Result<(), CommitError> {
        let now = self.clock.now();
        let mut rows = Vec::new();
        let mut next: Option<Time> = None;
        let mut changed = false;
        for mut task in tasks {
            if is_due(task.next_due, now) {
                task.next_due = match task.state {
                    // Whichever task settles last has its own time in the index.
                    TaskState::Settled => None,
                    _ => Some(now.plus_seconds(UNKNOWN_WAIT)),
                };
                rows.push(Row::Task(task.clone()));
            }
            next = next.max(task.next_due);
        }
        if is_due(request.next_due, now) {
            let grace = self.settings.grace_seconds;
            request.next_due = Some(next.unwrap_or(now).max(now).plus_seconds(grace));
            changed = true;
        }
        let id = request.id;
        if changed {
            rows.push(Row::Request(request));
        }
        self.store.commit(Change { request: id, at: now, rows, facts: Vec::new() }).await
    }

    /// Stores a new attempt, then starts it. A crash in between leaves a request that is due again.
    async fn begin(&self, mut request: Request, tasks: Vec<Task>) -> Result<(), CommitError> {
        let now = self.clock.now();
        let later = Some(now.plus_seconds(self.settings.grace_seconds));
        let id = request.id;
        request.attempt += 1;
        request.next_due = later;
        let attempt = request.attempt;
        let open = request.state == RequestState::Open;
        let sources: Vec<SourceId> = tasks
            .iter()
            .filter(|task| open && task.state != TaskState::Settled)
            .map(|task| task.source.clone())
            .collect();
        let rows = std::iter::once(Row::Request(request))
            .chain(
                tasks
                    .into_iter()
                    .filter(|task| is_due(task.next_due, now))
                    .map(|task| Row::Task(Task { next_due: later, ..task })),
            )
            .collect();
        let facts = vec![Fact::AttemptBegun { attempt }];
        self.store.commit(Change { request: id, at: now, rows, facts }).await?;
        self.workflow.start(id, attempt, &sources).await?;
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    /// It is not due after all: the index lags behind the rows.
    Nothing,
    /// It is due, but only time or a person can move it.
    Later { unknown: u32 },
    /// A workflow has to move it.
    Begin,
}

/// Decides from what is stored; pure.
fn judge(request: &Request, tasks: &[Task], now: Time) -> Judgement {
    let request_due = is_due(request.next_due, now);
    if request.state == RequestState::Closed {
        return if request_due && !request.is_done() { Judgement::Begin } else { Judgement::Nothing };
    }
    let due: Vec<&Task> = tasks.iter().filter(|task| is_due(task.next_due, now)).collect();
    if !request_due && due.is_empty() {
        return Judgement::Nothing;
    }
    let settled = tasks.iter().all(|task| task.state == TaskState::Settled);
    let stands_still = due.iter().any(|task| {
        matches!(
            task.state,
            TaskState::Planned
                | TaskState::Decided
                | TaskState::Submitting
                | TaskState::Submitted
                | TaskState::Verifying
        )
    });
    if settled || stands_still {
        return Judgement::Begin;
    }
    Judgement::Later {
        unknown: super::count(due.iter().filter(|task| task.state == TaskState::Unknown).count()),
    }
}

fn is_due(at: Option<Time>, now: Time) -> bool {
    at.is_some_and(|at| at <= now)
}
