//! Brings forward what nobody moves: reads the due index, asks vendors about open rules, and begins
//! a new workflow attempt where a task or a request stands still.

use super::check::Check;
use super::verify::Verify;
use super::{STALE_TRIES, Settings, TaskRef};
use crate::event::Fact;
use crate::failure::Failure;
use crate::ids::{RequestId, SourceId};
use crate::life::is_pressing;
use crate::ports::{
    Change, Clock, CommitError, DUE_SHARDS, DueIndex, Keys, Limits, Reads, Row, Vendors, Workflow, Writes,
};
use crate::request::{Request, RequestState};
use crate::task::{Task, TaskState};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Open requests whose legal deadline is less than three days away, or past.
    pub pressing: u32,
    /// Closed requests that it found without a kept receipt.
    pub unsigned: u32,
    /// Requests it could not bring forward; the next run tries again.
    pub failed: u32,
    /// Whether it stopped before the index was read to its end.
    pub more: bool,
    /// What failed, for the log.
    #[serde(skip)]
    pub failures: Vec<(RequestId, Failure)>,
}

/// The longest wait between two attempts for one request, in seconds.
const LONGEST_WAIT: u64 = 6 * 3600;

/// How long a task that nobody can move by machine is left alone, in seconds.
const UNKNOWN_WAIT: u64 = 3600;

impl<S, K, V, W, C> Reconcile<'_, S, K, V, W, C>
where
    S: Reads + Writes + Limits + DueIndex,
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
        let first = first_shard(now);
        let mut seen = BTreeSet::new();
        for offset in 0..DUE_SHARDS {
            let shard = (first + offset) % DUE_SHARDS;
            let mut after = None;
            loop {
                let page = self.store.due(shard, now, after).await?;
                for request in page.rows.into_iter().map(|row| row.request) {
                    if !seen.insert(request) {
                        continue;
                    }
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

    /// One request: rules first, then whatever still stands still. A rule that can't be asked about
    /// holds up no other task.
    async fn bring_forward(&self, id: RequestId, until: Time, run: &mut Run) -> Result<(), Failure> {
        let asked = self.ask(id, until, run).await;
        self.move_on(id, run).await?;
        asked
    }

    async fn ask(&self, id: RequestId, until: Time, run: &mut Run) -> Result<(), Failure> {
        let checker = Check {
            store: self.store,
            keys: self.keys,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        // A person has it; a look may still tell that they need not do anything more.
        let looker = Verify {
            store: self.store,
            keys: self.keys,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        let mut asked = Ok(());
        for task in self.store.tasks(id).await? {
            let asks = task.state == TaskState::Submitted || is_a_persons(&task);
            if asks && is_due(task.next_due, self.clock.now()) {
                run.checked += 1;
                let at = TaskRef { request_id: id, source_id: task.source.clone() };
                if is_a_persons(&task) {
                    asked = asked.and(looker.run(&at, until).await.map(drop));
                }
                asked = asked.and(checker.run(&at, until).await.map(drop));
            }
        }
        asked
    }

    async fn move_on(&self, id: RequestId, run: &mut Run) -> Result<(), Failure> {
        let mut counted = false;
        let mut counted_unsigned = false;
        for _ in 0..STALE_TRIES {
            let Some(request) = self.store.request(id).await? else { return Ok(()) };
            let tasks = self.store.tasks(id).await?;
            if !std::mem::replace(&mut counted, true) && request.state == RequestState::Open {
                run.pressing += u32::from(is_pressing(request.due_at, self.clock.now()));
                run.unknown += super::count(tasks.iter().filter(|task| is_unknown(task)).count());
            }
            if !counted_unsigned && request.state == RequestState::Closed && request.receipt_sha256.is_none()
            {
                counted_unsigned = true;
                run.unsigned += 1;
            }
            let stored = match judge(&request, &tasks, self.clock.now(), self.settings.grace_seconds) {
                Judgement::Nothing => return Ok(()),
                Judgement::Later => self.later(request, tasks).await,
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

    /// Nothing can be moved now; says when to look again. A request with an unknown task stays due,
    /// so that every run counts it: that is what its alarm stands on.
    async fn later(&self, mut request: Request, tasks: Vec<Task>) -> Result<(), CommitError> {
        let now = self.clock.now();
        let mut rows = Vec::new();
        let mut next: Option<Time> = None;
        let grace = self.settings.grace_seconds;
        let unknown = tasks.iter().any(is_unknown);
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
        let id = request.id;
        if unknown || is_due(request.next_due, now) {
            let next = if unknown { now } else { next.unwrap_or(now).max(now) };
            request.next_due = Some(next.plus_seconds(grace));
            rows.push(Row::Request(request));
        }
        self.store.commit(Change { request: id, at: now, rows, facts: Vec::new() }).await
    }

    /// Stores a new attempt, then starts it. A crash in between leaves a request that is due again.
    async fn begin(&self, mut request: Request, tasks: Vec<Task>) -> Result<(), CommitError> {
        let now = self.clock.now();
        // The longer a request has been standing, the less often an attempt is begun for it.
        let age = request.received_at.seconds_until(now);
        let wait = (age / 8).min(LONGEST_WAIT).max(self.settings.grace_seconds);
        let later = Some(now.plus_seconds(wait));
        let id = request.id;
        request.attempt += 1;
        request.next_due = later;
        let attempt = request.attempt;
        let open = request.state == RequestState::Open;
        let sources: Vec<SourceId> = tasks
            .iter()
            .filter(|task| open && task.state != TaskState::Settled && is_due(task.next_due, now))
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
    Later,
    /// A workflow has to move it.
    Begin,
}

/// Decides from what is stored; pure.
fn judge(request: &Request, tasks: &[Task], now: Time, grace_seconds: u64) -> Judgement {
    let request_due = is_due(request.next_due, now);
    if request.state == RequestState::Closed {
        return if request_due && !request.is_done() { Judgement::Begin } else { Judgement::Nothing };
    }
    let due: Vec<&Task> = tasks.iter().filter(|task| is_due(task.next_due, now)).collect();
    let unwatched = tasks.iter().any(is_unknown)
        && request.next_due.is_none_or(|at| at > now.plus_seconds(grace_seconds));
    if !request_due && due.is_empty() && !unwatched {
        return Judgement::Nothing;
    }
    let settled = tasks.iter().all(|task| task.state == TaskState::Settled);
    let stands_still = due.iter().any(|task| task.state != TaskState::Settled && !is_a_persons(task));
    if settled || stands_still { Judgement::Begin } else { Judgement::Later }
}

/// Whether only a person can move it.
fn is_a_persons(task: &Task) -> bool {
    task.handed_over_at.is_some()
}

fn is_unknown(task: &Task) -> bool {
    task.state == TaskState::Unknown
}

/// Which shard goes first in a run, so that a full one can't starve the others. Spread, because runs
/// come at a fixed rate: plain seconds modulo 8 would give every five minutes the same two shards.
fn first_shard(now: Time) -> u8 {
    let spread = now.unix_seconds().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    u8::try_from(spread % u64::from(DUE_SHARDS)).unwrap_or(0)
}

fn is_due(at: Option<Time>, now: Time) -> bool {
    at.is_some_and(|at| at <= now)
}
