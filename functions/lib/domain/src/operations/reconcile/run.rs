//! Brings forward work that stands still: reads the due index, asks vendors about open rules, begins a new
//! workflow attempt for a task or request that stands still, and records how near the legal deadline is.
//!
//! One run does as much as its time allows and stores the place where it stopped; the next one continues there
//! and comes round to every shard. Nothing depends on that place: it may be lost, stale, or another run's.
//!
//! Each run also counts all open work, due or not, when it begins. It verifies the event chains of the requests
//! that it looks at, and a part of the deployment's journal.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId, TaskRef};
use crate::base::kind::Kind;
use crate::base::time::Time;
use crate::chain::event::verify_chain;
use crate::chain::fact::Fact;
use crate::chain::journal;
use crate::chain::links::ChainError;
use crate::duty::escalation;
use crate::duty::gauge::{Counting, Gauges};
use crate::duty::owner::{self, LONGEST_WAIT, Owner, is_persons, taken_up_at};
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};
use crate::operations::attempt;
use crate::operations::fulfil::look::Look;
use crate::operations::fulfil::status::StatusCheck;
use crate::operations::load::{Settings, retry_stale};
use crate::operations::reconcile::judge::{Judgement, UNKNOWN_WAIT, is_due, judge, look_again_at};
use crate::ports::clock::Clock;
use crate::ports::keys::Keys;
use crate::ports::store::{
    Chains, Change, CommitError, Cursor, Cursors, DUE_SHARDS, Due, DueIndex, Limits, OpenWork, Page, Reads,
    Row, Writes,
};
use crate::ports::vendors::Vendors;
use crate::ports::workflow::Workflow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The ports of reconciliation.
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

/// The result of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Requests it looked at.
    pub examined: u32,
    /// Tasks whose rules it asked about.
    pub checked: u32,
    /// Workflow attempts it began.
    pub started: u32,
    /// The open work when it began, due or not; `None` when it could not be counted.
    #[serde(flatten)]
    pub gauges: Option<Gauges>,
    /// Unsettled tasks and closed requests that it examined and that an execution had to move.
    pub with_workflow: u32,
    /// Those on which the vendor was working.
    pub with_vendor: u32,
    /// Those that reconciliation had to move.
    pub with_reconcile: u32,
    /// Those that only a person can move.
    pub with_person: u32,
    /// Closed requests that it found without a stored receipt.
    pub unsigned: u32,
    /// Event chains that don't verify, of the requests it looked at and of the deployment's journal.
    pub chains_broken: u32,
    /// Requests it could not bring forward; the next run tries again.
    pub failed: u32,
    /// Whether it stopped before the end of the index; the next run continues there.
    pub more: bool,
    /// The failures, for the log.
    #[serde(skip)]
    pub failures: Vec<(RequestId, Failure)>,
    /// Why the place to continue from could not be read or stored, for the log; the run went on without it.
    #[serde(skip)]
    pub cursor_failure: Option<Failure>,
    /// Why the open work could not be counted, for the log; the run went on without the count.
    #[serde(skip)]
    pub gauge_failure: Option<Failure>,
    /// The requests whose chain of events does not verify, and why, for the log.
    #[serde(skip)]
    pub broken: Vec<(RequestId, ChainError)>,
    /// Why the deployment's journal does not verify, for the log.
    #[serde(skip)]
    pub journal_broken: Option<ChainError>,
    /// Why the deployment's journal could not be read, for the log.
    #[serde(skip)]
    pub journal_failure: Option<Failure>,
}

/// How many entries of the deployment's journal one run verifies.
const JOURNAL_PAGE: u32 = 100;

/// A run begins no request with fewer than this many seconds left.
const FOR_ONE_REQUEST: u64 = 70;

/// Whether the failure means that the rows can't be read, now or later.
fn is_damage(failure: Failure) -> bool {
    failure.kind == Kind::Misconfigured
}

/// Whether a part of the index was read to its end.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// It was read to its end.
    Read,
    /// Time ran out after this row; `None` when it ran out before the first one.
    Stopped(Option<String>),
}

impl<S, K, V, W, C> Reconcile<'_, S, K, V, W, C>
where
    S: Reads + Writes + Limits + DueIndex + Cursors + OpenWork + Chains,
    K: Keys,
    V: Vendors,
    W: Workflow,
    C: Clock,
{
    /// Makes one run. Ends before `until`, and continues where the last one stopped. May run beside itself: the
    /// run that first stores an attempt begins it, and the run that stores its place last wins.
    ///
    /// # Errors
    /// When the due index can't be read. A failure of one request stops no other.
    pub async fn reconcile(&self, until: Time) -> Result<Run, Failure> {
        let mut run = Run::default();
        let now = self.clock.now();
        self.count_open(now, until, &mut run).await;
        let mut cursor = self.cursor(&mut run).await;
        self.check_journal(&mut cursor, &mut run).await;
        let first = cursor.shard;
        let mut begin = (cursor.after.clone(), cursor.up_to.map_or(now, |up_to| up_to.min(now)));
        let mut seen = BTreeSet::new();
        // The shard in which the run begins comes twice: from the stored place, and at the end from its
        // beginning. A request that is met twice is examined once.
        let again = begin.0.is_some().then_some(first);
        let shards = (0..DUE_SHARDS).map(|offset| (first + offset) % DUE_SHARDS).chain(again);
        for shard in shards {
            let (after, up_to) = std::mem::replace(&mut begin, (None, now));
            let part = self.read_shard(shard, after, up_to, until, &mut seen, &mut cursor, &mut run);
            if let Part::Stopped(after) = Box::pin(part).await? {
                run.more = true;
                self.keep(&mut cursor, shard, after, up_to, &mut run).await;
                return Ok(run);
            }
        }
        self.keep(&mut cursor, first, None, now, &mut run).await;
        Ok(run)
    }

    /// Counts all open work. The count may take half of the run's time: bringing requests forward is more
    /// important.
    async fn count_open(&self, now: Time, until: Time, run: &mut Run) {
        let latest = now.plus_seconds(now.seconds_until(until) / 2);
        match self.read_open(now, latest).await {
            Ok(gauges) => run.gauges = Some(gauges),
            Err(failure) => run.gauge_failure = Some(failure),
        }
    }

    async fn read_open(&self, now: Time, latest: Time) -> Result<Gauges, Failure> {
        let mut counting = Counting::new(now);
        for shard in 0..DUE_SHARDS {
            let mut after = None;
            loop {
                if self.clock.now() > latest {
                    return Err(Failure::of(Code::OpenWorkTooMuch));
                }
                let page = self.store.open_work(shard, after).await?;
                page.rows.into_iter().for_each(|work| counting.take(work));
                if page.next.is_none() {
                    break;
                }
                after = page.next;
            }
            counting.end_shard();
        }
        Ok(counting.end())
    }

    /// Verifies the next part of the deployment's journal, and begins again after its end. An entry that
    /// doesn't fit holds the place, so that every run reports it until it is fixed.
    async fn check_journal(&self, cursor: &mut Cursor, run: &mut Run) {
        let from = cursor.journal.clone();
        let after = from.as_ref().map_or(0, |head| head.seq);
        let stored = match self.store.journal_links(after, JOURNAL_PAGE).await {
            Ok(stored) => stored,
            Err(failure) => {
                run.chains_broken += u32::from(is_damage(failure));
                run.journal_failure = Some(failure);
                return;
            }
        };
        match journal::verify(from.as_ref(), &stored) {
            Ok(next) if next == from => {}
            Ok(journal) => self.save(cursor, Cursor { journal, ..cursor.clone() }, run).await,
            Err(error) => {
                run.chains_broken += 1;
                run.journal_broken = Some(error);
            }
        }
    }

    /// Verifies the chain of a request's events. A broken chain stops nothing else.
    async fn check_chain(&self, id: RequestId, run: &mut Run) -> Result<(), Failure> {
        let checked = match self.store.event_links(id).await {
            Ok(stored) => verify_chain(id, &stored),
            Err(failure) if is_damage(failure) => Err(ChainError { at: 1, why: failure.code.as_str() }),
            Err(failure) => return Err(failure),
        };
        if let Err(error) = checked {
            run.chains_broken += 1;
            run.broken.push((id, error));
        }
        Ok(())
    }

    /// The stored place, or the beginning when there is none that can be used.
    async fn cursor(&self, run: &mut Run) -> Cursor {
        let beginning =
            Cursor { schema: Cursor::SCHEMA, revision: 0, shard: 0, after: None, up_to: None, journal: None };
        match self.store.cursor().await {
            Ok(Some(kept)) if kept.shard < DUE_SHARDS => kept,
            Ok(Some(kept)) => Cursor { revision: kept.revision, ..beginning },
            Ok(None) => beginning,
            Err(failure) => {
                run.cursor_failure = Some(failure);
                beginning
            }
        }
    }

    /// Stores the place, if it has changed.
    async fn keep(&self, cursor: &mut Cursor, shard: u8, after: Option<String>, up_to: Time, run: &mut Run) {
        if (cursor.shard, &cursor.after) == (shard, &after) {
            return;
        }
        let up_to = after.is_some().then_some(up_to);
        self.save(cursor, Cursor { shard, after, up_to, ..cursor.clone() }, run).await;
    }

    /// Stores the cursor. Losing to a concurrent run is not an error.
    async fn save(&self, cursor: &mut Cursor, place: Cursor, run: &mut Run) {
        match self.store.save_cursor(&place).await {
            Ok(()) => *cursor = Cursor { revision: place.revision + 1, ..place },
            Err(CommitError::Stale) => {}
            Err(CommitError::Failed(failure)) => run.cursor_failure = Some(failure),
        }
    }

    /// Reads a shard from `after` on, up to what was due at `up_to`. The place is stored after each page too: a
    /// run that is killed over one request must not begin with the same ones for ever.
    #[allow(clippy::too_many_arguments, reason = "the state of one run, in one place")]
    async fn read_shard(
        &self,
        shard: u8,
        mut after: Option<String>,
        up_to: Time,
        until: Time,
        seen: &mut BTreeSet<RequestId>,
        cursor: &mut Cursor,
        run: &mut Run,
    ) -> Result<Part, Failure> {
        let mut page = self.first_page(shard, after.as_deref(), up_to, run).await?;
        loop {
            for Due { request, cursor: place, .. } in page.rows {
                if seen.insert(request) {
                    if self.clock.now().plus_seconds(FOR_ONE_REQUEST) > until {
                        return Ok(Part::Stopped(after));
                    }
                    run.examined += 1;
                    if let Err(failure) = self.bring_forward(request, until, run).await {
                        run.failed += 1;
                        run.failures.push((request, failure));
                    }
                }
                after = Some(place);
            }
            if page.next.is_none() {
                return Ok(Part::Read);
            }
            after = page.next;
            self.keep(cursor, shard, after.clone(), up_to, run).await;
            page = self.store.due(shard, up_to, after.clone()).await?;
        }
    }

    /// The page at the stored place. If the store rejects the place, the page at the shard's beginning.
    async fn first_page(
        &self,
        shard: u8,
        after: Option<&str>,
        up_to: Time,
        run: &mut Run,
    ) -> Result<Page<Due>, Failure> {
        match self.store.due(shard, up_to, after.map(str::to_owned)).await {
            Err(failure) if after.is_some() => {
                run.cursor_failure = Some(failure);
                self.store.due(shard, up_to, None).await
            }
            page => page,
        }
    }

    /// Brings one request forward: its rules first, then whatever still stands still. A rule that can't be
    /// asked about delays no other task.
    async fn bring_forward(&self, id: RequestId, until: Time, run: &mut Run) -> Result<(), Failure> {
        let checked = self.check_chain(id, run).await;
        let asked = self.ask(id, until, run).await;
        self.move_on(id, run).await?;
        asked.and(checked)
    }

    async fn ask(&self, id: RequestId, until: Time, run: &mut Run) -> Result<(), Failure> {
        let checker = StatusCheck {
            store: self.store,
            keys: self.keys,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        // A person has the task; a look may still show that nothing is left for them to do.
        let looker = Look {
            store: self.store,
            keys: self.keys,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        let mut asked = Ok(());
        let Some(request) = self.store.request(id).await? else { return asked };
        for task in self.store.tasks(id).await? {
            let handed_over = task.state == TaskState::Unknown && is_persons(&task);
            let asks = task.state == TaskState::Submitted || handed_over;
            if asks && self.is_due(&request, &task) {
                run.checked += 1;
                let at = TaskRef { request_id: id, source_id: task.source.clone() };
                if handed_over {
                    asked = asked.and(looker.look(&at, until).await.map(drop));
                }
                asked = asked.and(checker.check(&at, until).await.map(drop));
            }
        }
        asked
    }

    async fn move_on(&self, id: RequestId, run: &mut Run) -> Result<(), Failure> {
        let mut counted = false;
        retry_stale(async || {
            let Some(mut request) = self.store.request(id).await? else { return Ok(()) };
            let tasks = self.store.tasks(id).await?;
            let now = self.clock.now();
            if !std::mem::replace(&mut counted, true) {
                self.count(&request, &tasks, now, run);
            }
            let facts: Vec<Fact> = escalation::record(&mut request, &tasks, now).into_iter().collect();
            match judge(&request, &tasks, now, self.settings.grace_seconds) {
                Judgement::Nothing if facts.is_empty() => return Ok(()),
                Judgement::Nothing | Judgement::Later => self.later(request, tasks, facts).await?,
                Judgement::Begin => {
                    let (next, sources) = self.claim(request, tasks, facts).await?;
                    attempt::begin(self.store, self.workflow, self.clock, id, next, &sources).await?;
                    run.started += 1;
                }
            }
            Ok(())
        })
        .await
    }

    /// Counts a request as the run found it, once.
    fn count(&self, request: &Request, tasks: &[Task], now: Time, run: &mut Run) {
        let grace = self.settings.grace_seconds;
        let mut held = |held: Option<owner::Held>| match held.map(|held| held.owner) {
            Some(Owner::Workflow) => run.with_workflow += 1,
            Some(Owner::Vendor) => run.with_vendor += 1,
            Some(Owner::Reconcile) => run.with_reconcile += 1,
            Some(Owner::Person) => run.with_person += 1,
            None => {}
        };
        if request.state == RequestState::Closed {
            held(owner::of_request(request, tasks, now, grace));
            run.unsigned += u32::from(request.receipt_sha256.is_none());
            return;
        }
        for task in tasks {
            held(owner::of_task(request, task, now, grace));
        }
    }

    /// Stores when to look again: nothing can be moved now.
    async fn later(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        facts: Vec<Fact>,
    ) -> Result<(), CommitError> {
        let now = self.clock.now();
        let mut rows = Vec::new();
        let grace = self.settings.grace_seconds;
        let mut moved = Vec::with_capacity(tasks.len());
        for mut task in tasks {
            if is_due(task.next_due, now) {
                task.next_due = match task.state {
                    // The task that settles last has its own time in the index.
                    TaskState::Settled => None,
                    _ => Some(now.plus_seconds(UNKNOWN_WAIT)),
                };
                rows.push(Row::Task(task.clone()));
            }
            moved.push(task);
        }
        let id = request.id;
        let last = moved.iter().filter_map(|task| task.next_due).max().unwrap_or(now).max(now);
        request.next_due = Some(look_again_at(&request, &moved, last.plus_seconds(grace), now, grace));
        rows.push(Row::Request(request));
        self.store.commit(Change { request: id, at: now, rows, facts }).await
    }

    /// Gives the work that stands still the time that an attempt has, so that nobody else begins one meanwhile.
    /// Returns the attempt's number and the data sources that it is to move. After a crash, the request becomes
    /// due again.
    async fn claim(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        facts: Vec<Fact>,
    ) -> Result<(u32, Vec<SourceId>), CommitError> {
        let now = self.clock.now();
        let grace = self.settings.grace_seconds;
        // The older a request, the less often an attempt begins for it.
        let age = request.arrived_at().seconds_until(now);
        let wait = (age / 8).min(LONGEST_WAIT).max(grace);
        let later = now.plus_seconds(wait);
        let id = request.id;
        let open = request.state == RequestState::Open;
        let mut sources: Vec<SourceId> = Vec::new();
        let mut rows = Vec::new();
        let mut moved = Vec::with_capacity(tasks.len());
        for mut task in tasks {
            if is_due(taken_up_at(&request, &task, grace), now) {
                task.next_due = Some(later);
                if open && task.state != TaskState::Settled {
                    sources.push(task.source.clone());
                }
                rows.push(Row::Task(task.clone()));
            }
            moved.push(task);
        }
        // The due time as the attempt will leave it: the ends belong to the previous attempt.
        let next = request.attempt + 1;
        let ended = std::mem::take(&mut request.ended);
        request.next_due =
            Some(if open { look_again_at(&request, &moved, later, now, grace) } else { later });
        request.ended = ended;
        rows.insert(0, Row::Request(request));
        self.store.commit(Change { request: id, at: now, rows, facts }).await?;
        Ok((next, sources))
    }

    fn is_due(&self, request: &Request, task: &Task) -> bool {
        is_due(taken_up_at(request, task, self.settings.grace_seconds), self.clock.now())
    }
}
