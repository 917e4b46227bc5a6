//! The store: its rows, their changes, and separate ports for separate readers.

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

/// A row to be written, if it still has the revision it was read with.
///
/// A row carries the revision it was read with; the store writes it with the next one. At revision 0 the row
/// must not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The request itself.
    Request(Request),
    /// A task.
    Task(Task),
    /// A rule.
    Rule(Rule),
    /// Encrypted record ids of a task; each write replaces all.
    Records {
        /// The task's data source.
        source: SourceId,
        /// The number of the chunk in the task, from 0.
        chunk: u32,
        /// The record ids, sealed.
        sealed: Sealed,
    },
    /// The lease on a person at a data source, taken or released; written only on the revision before its own.
    Lease(Lease),
    /// Writes nothing: the lease must still be held under this fence.
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
        /// The number of the chunk.
        chunk: u32,
    },
}

/// One state change: rows and the events that describe it, stored together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The request.
    pub request: RequestId,
    /// The time of the change.
    pub at: Time,
    /// The rows; at most [`Change::MAX_ROWS`].
    pub rows: Vec<Row>,
    /// The events, in order; empty for a change without an event (the time of the next look).
    pub facts: Vec<Fact>,
}

impl Change {
    /// The most rows in one change: a DynamoDB transaction takes 100 items, and the events and the head need
    /// room.
    pub const MAX_ROWS: usize = 80;
    /// The limit of a DynamoDB transaction: the rows, an item for each event, and the head after them.
    pub const MAX_ITEMS: usize = 100;

    /// The revision of the request's row after the change; `None` when it leaves that row alone.
    #[must_use]
    pub fn request_revision(&self) -> Option<u64> {
        self.rows.iter().find_map(|row| match row {
            Row::Request(request) => Some(request.revision + 1),
            _ => None,
        })
    }
}

/// The reason why a change was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A row has another revision than the one it was read with: read again and decide again.
    #[error("a row has changed since it was read")]
    Stale,
    /// The store failed; a further read shows whether the change was stored.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The result of creating a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The request was created.
    New,
    /// The delivery was already there, with its request.
    Delivered(Delivery),
}

/// A row of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The request.
    pub request: RequestId,
    /// The task's data source; `None` for the request itself.
    pub source: Option<SourceId>,
    /// The cursor for [`DueIndex::due`] to go on after this row.
    pub cursor: String,
}

/// A page of rows, and the beginning of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The cursor for the next call; `None` on the last page.
    pub next: Option<String>,
}

/// The rows that a worker reads before its step, in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The request; at least as new as the task if one change wrote both.
    pub request: Option<Request>,
    /// The task.
    pub task: Option<Task>,
    /// The task's data source, or why its row can't be read. The task can record that.
    pub source: Result<Option<DataSource>, Failure>,
}

/// Reads of one request's rows; strongly consistent.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Reads {
    /// The request, if it exists.
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
    /// A task with its request and its data source. A change of a request's identifiers also changes the tasks
    /// that they affect, so a decision based on older ones can't be stored.
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
    /// Stores rows, events and the head of the event chain in one transaction. If it only collided with another
    /// writer's event, it repeats by itself. A change that was stored although the answer got lost counts as
    /// stored.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when a row has changed since, else the store's failure.
    async fn commit(&self, change: Change) -> Result<(), CommitError>;
}

/// The store's part in intake: deliveries, the list of sources, and the one transaction that begins a request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Begins {
    /// A delivery by its key.
    ///
    /// # Errors
    /// When the store fails.
    async fn delivery(&self, channel: &str, key: &Tag) -> Result<Option<Delivery>, Failure>;
    /// The ids of all data sources, in order. One added in the last seconds may be missing, and a removed one
    /// may still be included.
    ///
    /// # Errors
    /// When the store fails.
    async fn source_ids(&self) -> Result<Vec<SourceId>, Failure>;
    /// Those of these data sources that exist, by id; strongly consistent.
    ///
    /// # Errors
    /// When the store fails.
    async fn sources_named(&self, ids: &[SourceId]) -> Result<Vec<DataSource>, Failure>;
    /// All data sources, by id. One added in the last seconds may be missing.
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

/// The deliveries and references received.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Received {
    /// Whether a delivery with this key made a request.
    ///
    /// # Errors
    /// When the store fails.
    async fn delivered(&self, channel: &str, key: &Tag) -> Result<bool, Failure>;
    /// The references of the requests that arrived since then, at most the latest `most`. One of the last
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

/// All open work: the whole due index, due or not.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait OpenWork {
    /// Rows of one shard, in any order, with the attributes that the gauges need. The index lags behind the
    /// rows by about a second. `after` is the `next` of the page before.
    ///
    /// # Errors
    /// When the store fails.
    async fn open_work(&self, shard: u8, after: Option<String>) -> Result<Page<Work>, Failure>;
}

/// Reads of the chains, to verify them; strongly consistent.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Chains {
    /// All events of a request.
    ///
    /// # Errors
    /// When the store fails.
    async fn event_links(&self, request: RequestId) -> Result<Links, Failure>;
    /// Entries of the deployment's journal after the one numbered `after`, at most `most` of them.
    ///
    /// # Errors
    /// When the store fails.
    async fn journal_links(&self, after: u64, most: u32) -> Result<Links, Failure>;
}

/// The point at which a run of reconcile stopped reading the due index; the next run goes on there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Schema version of the row.
    pub schema: u8,
    /// Counts every change of the row; 0 before the first.
    pub revision: u64,
    /// The next shard.
    pub shard: u8,
    /// The row after which to go on; `None` for the shard's beginning. Only the store that gave it can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The due time up to which the rest of that shard belongs to the same round. Rows that fell due later,
    /// such as requests that were already examined, wait until the others have had their turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Time>,
    /// The entry up to which this round has verified the deployment's journal; `None` at its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Head>,
}

impl Cursor {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;
}

/// Stores the point at which reconcile goes on. Losing it affects only the order.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Cursors {
    /// The point, if one was ever stored.
    ///
    /// # Errors
    /// When the store fails or the row is unreadable.
    async fn cursor(&self) -> Result<Option<Cursor>, Failure>;
    /// Stores the point, if the row still has the revision it was read with.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when another run has stored its own since, else the store's failure.
    async fn save_cursor(&self, cursor: &Cursor) -> Result<(), CommitError>;
}

/// The number of shards in the due index.
pub const DUE_SHARDS: u8 = 8;

/// The limits of data sources: one row for each, shared by all functions.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Limits {
    /// The state of a data source's limit, strongly consistent; a fresh one when there is none yet.
    ///
    /// # Errors
    /// When the store fails.
    async fn limit(&self, source: &SourceId) -> Result<Limit, Failure>;

    /// Stores a limit on the revision it was read with, under the next one; at revision 0 it must not exist.
    /// One that was stored although the answer got lost counts as stored.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when it has changed since, else the store's failure.
    async fn save_limit(&self, limit: &Limit) -> Result<(), CommitError>;
}

/// The requests that still need a data source.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait UsesOf {
    /// Open requests that ask this data source, in any order, at most `most` of them. Empty only when no open
    /// request asks it. A request that began in the last seconds may be missing.
    ///
    /// # Errors
    /// When the store fails.
    async fn open_requests_at(&self, source: &SourceId, most: u32) -> Result<Vec<RequestId>, Failure>;
}
