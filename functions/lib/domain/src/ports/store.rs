//! The store: rows, what changes them, and who may read what of them.

use crate::base::failure::Failure;
use crate::base::ids::{Reference, RequestId, SourceId, TaskRef};
use crate::base::seal::{Sealed, Tag};
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::chain::links::{Head, Links};
use crate::duty::gauge::Work;
use crate::model::delivery::Delivery;
use crate::model::lease::Lease;
use crate::model::limit::Limit;
use crate::model::request::Request;
use crate::model::rule::Rule;
use crate::model::source::DataSource;
use crate::model::task::Task;

/// A row to be written, on condition that it still has the revision it was read with.
///
/// A row carries the revision it was read with; the store writes it with the next one. Revision 0
/// means that the row must not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The request itself.
    Request(Request),
    /// A task.
    Task(Task),
    /// A rule.
    Rule(Rule),
    /// Encrypted record ids of a task; rewritten whole.
    Records {
        /// The task's data source.
        source: SourceId,
        /// Its place among the task's chunks, from 0.
        chunk: u32,
        /// The record ids, sealed.
        sealed: Sealed,
    },
    /// The lease on a person at a data source, taken or given back; on condition of the revision
    /// that comes before its own.
    Lease(Lease),
    /// Nothing is written: the lease must still be held under this fence.
    Held {
        /// The data source.
        source: SourceId,
        /// The person's tag.
        subject: Tag,
        /// The holder's fence.
        fence: u64,
    },
    /// Removes a chunk of record ids when the person is forgotten.
    ForgetRecords {
        /// The task's data source.
        source: SourceId,
        /// The chunk.
        chunk: u32,
    },
}

/// One state change: rows and the events that tell of it, stored together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose request.
    pub request: RequestId,
    /// When it happened.
    pub at: Time,
    /// The rows; at most [`Change::MAX_ROWS`].
    pub rows: Vec<Row>,
    /// The events, in order; empty for a change that is no news (the time of the next look).
    pub facts: Vec<Fact>,
}

impl Change {
    /// Rows in one change: a DynamoDB transaction takes 100 items; the events and the head need room.
    pub const MAX_ROWS: usize = 80;
    /// What a DynamoDB transaction takes: the rows, an item for each event, and the head after them.
    pub const MAX_ITEMS: usize = 100;

    /// The revision that the request's row has after it; `None` where it leaves that row alone.
    #[must_use]
    pub fn request_revision(&self) -> Option<u64> {
        self.rows.iter().find_map(|row| match row {
            Row::Request(request) => Some(request.revision + 1),
            _ => None,
        })
    }
}

/// Why a change was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A row has another revision than the one it was read with: read again and decide anew.
    #[error("a row has changed since it was read")]
    Stale,
    /// The store failed; whether the change is there is found out by reading again.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// What came of creating a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New,
    /// Its delivery was there before: this one.
    Delivered(Delivery),
}

/// A row of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose request.
    pub request: RequestId,
    /// Which task; `None` for the request itself.
    pub source: Option<SourceId>,
    /// Hand this to [`DueIndex::due`] to go on behind this row.
    pub cursor: String,
}

/// A page of something, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Hand this to the next call; `None` on the last page.
    pub next: Option<String>,
}

/// What a worker reads before its step, in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The request; at least as new as the task where one change wrote both.
    pub request: Option<Request>,
    /// The task.
    pub task: Option<Task>,
    /// The task's data source, or why its row can't be read: the task can tell of it all the same.
    pub source: Result<Option<DataSource>, Failure>,
}

/// Reads of one request's rows; strongly consistent.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Reads {
    /// The request, if it is there.
    ///
    /// # Errors
    /// When the store fails.
    async fn request(&self, id: RequestId) -> Result<Option<Request>, Failure>;
    /// All its tasks, by source id.
    ///
    /// # Errors
    /// When the store fails.
    async fn tasks(&self, id: RequestId) -> Result<Vec<Task>, Failure>;
    /// All tasks of these requests, by request in their order and by source id.
    ///
    /// # Errors
    /// When the store fails.
    async fn tasks_of(&self, requests: &[Request]) -> Result<Vec<Task>, Failure>;
    /// One task.
    ///
    /// # Errors
    /// When the store fails.
    async fn task(&self, id: RequestId, source: &SourceId) -> Result<Option<Task>, Failure>;
    /// A task with its request and its data source. Whoever changes a request's identifiers changes the tasks
    /// that they count for too, so that what is decided by older ones can't be stored.
    ///
    /// # Errors
    /// When the store fails.
    async fn assignment(&self, at: &TaskRef) -> Result<Assignment, Failure>;
    /// All rules of a task, by batch.
    ///
    /// # Errors
    /// When the store fails.
    async fn rules(&self, id: RequestId, source: &SourceId) -> Result<Vec<Rule>, Failure>;
    /// All rules of a request, by data source and batch.
    ///
    /// # Errors
    /// When the store fails.
    async fn all_rules(&self, id: RequestId) -> Result<Vec<Rule>, Failure>;
    /// The lease on a person at a data source, if anybody ever had it.
    ///
    /// # Errors
    /// When the store fails.
    async fn lease(&self, source: &SourceId, subject: &Tag) -> Result<Option<Lease>, Failure>;
    /// The sealed record ids of a task, by chunk.
    ///
    /// # Errors
    /// When the store fails.
    async fn records(&self, id: RequestId, source: &SourceId) -> Result<Vec<Sealed>, Failure>;
    /// The exact bytes of the request's events, in order.
    ///
    /// # Errors
    /// When the store fails.
    async fn events(&self, id: RequestId) -> Result<Vec<Vec<u8>>, Failure>;
    /// A data source.
    ///
    /// # Errors
    /// When the store fails.
    async fn source(&self, id: &SourceId) -> Result<Option<DataSource>, Failure>;
}

/// Writes of state changes.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Writes {
    /// Stores rows, events and the head of the event chain in one transaction. Repeats by itself
    /// what only collided with another writer's event; a change that was stored although the answer
    /// got lost counts as stored.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when a row has moved on, else the store's failure.
    async fn commit(&self, change: Change) -> Result<(), CommitError>;
}

/// What intake needs: deliveries, the list of sources, and the one transaction that begins a request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Begins {
    /// A delivery by its key.
    ///
    /// # Errors
    /// When the store fails.
    async fn delivery(&self, channel: &str, key: &Tag) -> Result<Option<Delivery>, Failure>;
    /// The ids of all data sources, in order. One that was added within the last seconds may be missing, and
    /// one that was removed may still be there.
    ///
    /// # Errors
    /// When the store fails.
    async fn source_ids(&self) -> Result<Vec<SourceId>, Failure>;
    /// Those of these data sources that are there, by id; strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    async fn sources_named(&self, ids: &[SourceId]) -> Result<Vec<DataSource>, Failure>;
    /// All data sources, by id. One of the last seconds may be missing.
    ///
    /// # Errors
    /// When the store fails.
    async fn sources(&self) -> Result<Vec<DataSource>, Failure> {
        self.sources_named(&self.source_ids().await?).await
    }
    /// Creates delivery, request, tasks, the first event, the head and the wrapped key in one
    /// transaction.
    ///
    /// # Errors
    /// When the store fails.
    async fn create(
        &self,
        request: &Request,
        tasks: &[Task],
        delivery: Option<&Delivery>,
        wrapped_key: &[u8],
        fact: Fact,
    ) -> Result<Created, Failure>;
}

/// What was received, and under which reference.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Received {
    /// Whether a delivery of this key made a request.
    ///
    /// # Errors
    /// When the store fails.
    async fn delivered(&self, channel: &str, key: &Tag) -> Result<bool, Failure>;
    /// The references of the requests that came since then, of the latest `most` at most. One of the last
    /// seconds may be missing.
    ///
    /// # Errors
    /// When the store fails.
    async fn references_since(&self, since: Time, most: u32) -> Result<Vec<Reference>, Failure>;
}

/// The due index.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait DueIndex {
    /// Rows of one shard that are due, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    async fn due(&self, shard: u8, now: Time, after: Option<String>) -> Result<Page<Due>, Failure>;
}

/// All open work: the due index whole, due or not.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait OpenWork {
    /// Rows of one shard, in any order, with what gauges need of each. The index lags behind the rows by
    /// a second or so. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When the store fails.
    async fn open_work(&self, shard: u8, after: Option<String>) -> Result<Page<Work>, Failure>;
}

/// Reads of the chains, for whoever checks that they hold together; strongly consistent.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Chains {
    /// All events of a request.
    ///
    /// # Errors
    /// When the store fails.
    async fn event_links(&self, request: RequestId) -> Result<Links, Failure>;
    /// Entries of the deployment's journal behind the one numbered `after`, at most `most` of them.
    ///
    /// # Errors
    /// When the store fails.
    async fn journal_links(&self, after: u64, most: u32) -> Result<Links, Failure>;
}

/// Where a run of the reconciliation stopped reading the due index, and the next one goes on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Schema version of the row.
    pub schema: u8,
    /// Counts every change of the row; 0 before the first.
    pub revision: u64,
    /// Which shard comes next.
    pub shard: u8,
    /// Behind which of its rows; `None` for its beginning. Only the store that gave it can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Up to which due time the rest of that shard is still of the same round: what fell due since,
    /// such as the requests that were examined already, has to wait until the others had their turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Time>,
    /// Up to which entry the deployment's journal was seen to hold together in this round through it;
    /// `None` at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Head>,
}

impl Cursor {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;
}

/// Keeps the place at which the reconciliation goes on. Losing it costs nothing but the order.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Cursors {
    /// The place, if one was ever kept.
    ///
    /// # Errors
    /// When the store fails or the row is unreadable.
    async fn cursor(&self) -> Result<Option<Cursor>, Failure>;
    /// Keeps the place, on condition that the row still has the revision it was read with.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when another run has kept its own since, else the store's failure.
    async fn save_cursor(&self, cursor: &Cursor) -> Result<(), CommitError>;
}

/// How many shards the due index has.
pub const DUE_SHARDS: u8 = 8;

/// The limits of data sources: one row for each, shared by all functions.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Limits {
    /// Where a data source's limit stands, strongly consistent; a fresh one when there is none yet.
    ///
    /// # Errors
    /// When the store fails.
    async fn limit(&self, source: &SourceId) -> Result<Limit, Failure>;

    /// Stores a limit that was read at its revision, with the next one; revision 0 must not exist.
    /// One that was stored although the answer got lost counts as stored.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when it has changed since, else the store's failure.
    async fn save_limit(&self, limit: &Limit) -> Result<(), CommitError>;
}

/// Who still needs a data source.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait UsesOf {
    /// Open requests that ask this data source, in no order, at most `most` of them: none only when no
    /// open request asks it. A request that began within the last seconds may be missing.
    ///
    /// # Errors
    /// When the store fails.
    async fn open_requests_at(&self, source: &SourceId, most: u32) -> Result<Vec<RequestId>, Failure>;
}
