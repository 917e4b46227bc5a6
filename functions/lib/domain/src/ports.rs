//! What the domain needs of the outside, a trait for each capability, so that a handler can do only
//! what it was given, and its role's policy has the same grain.

use crate::actor::Actor;
use crate::copy::{Contents, RecordCopy};
use crate::event::{Fact, Head};
use crate::failure::{Code, Failure};
use crate::gauge::Work;
use crate::identifier::{Identifier, IdentifierKind};
use crate::ids::{Reference, RequestId, SourceId};
use crate::journal::Act;
use crate::lease::Lease;
use crate::limit::Limit;
use crate::operations::{Next, TaskRef};
use crate::receipt::Receipt;
use crate::request::{Delivery, Request};
use crate::seal::{DataKey, Sealed, Tag};
use crate::task::{Rule, Task};
use crate::ticket::{Answered, TicketAnswer};
use crate::time::Time;
use crate::vendor::{DataSource, Fault, Target, Vendor};
use crate::view::ComparisonView;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The time, passed in.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Clock {
    /// Now.
    fn now(&self) -> Time;

    /// Waits so many milliseconds: moments only, where the workflow's own wait would take longer and cost
    /// more than the function's time.
    async fn nap(&self, millis: u64);
}

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

/// A part of a chain as it is stored: its links behind the place that was asked from, in order, and its
/// head, which was read before them. What is appended meanwhile may be among the links, not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The last link's number and hash; `None` when nothing was ever appended.
    pub head: Option<Head>,
    /// The exact bytes of each; empty bytes for one that holds none.
    pub links: Vec<Vec<u8>>,
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

/// Makes the data key of a new request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait NewKeys {
    /// A new key and its wrapped form, bound to the request.
    ///
    /// # Errors
    /// When the key service fails.
    async fn new_key(&self, request: RequestId) -> Result<(DataKey, Vec<u8>), Failure>;
}

/// Reads the data key of a request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Keys {
    /// The key; `None` once the person is forgotten.
    ///
    /// # Errors
    /// When the key store or the key service fails.
    async fn key(&self, request: RequestId) -> Result<Option<DataKey>, Failure>;
}

/// Forgets the data key of a request, and with it the person.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Forgets {
    /// Deletes the wrapped key; deleting it again changes nothing.
    ///
    /// # Errors
    /// When the key store fails.
    async fn forget(&self, request: RequestId) -> Result<(), Failure>;
}

/// Keyed digests of personal data.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Tags {
    /// The HMAC of `content` for one `purpose`, with the id of its key. The same input gives the
    /// same tag for as long as the key is the same.
    ///
    /// # Errors
    /// When the key service fails.
    async fn tag(&self, purpose: &'static str, content: &[u8]) -> Result<Tag, Failure>;
}

/// Secrets by name.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Secrets {
    /// The versions of a secret that may be in use, the current one first, then the previous one.
    /// `name` is relative to the deployment, such as `source/qualifio-main`. Cached for minutes;
    /// `fresh` reads it again (after a 401).
    ///
    /// # Errors
    /// `Misconfigured` when it is not there, `Transient` when the service fails.
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure>;
}

/// The target that a task was searched at can't be asked any more: no version of the secret belongs to it.
pub const TARGET_LOST: Code = "target_lost";

/// Opens data sources.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Vendors {
    /// The vendor behind a data source.
    type Vendor: Vendor;
    /// The target that a data source points at now. Nobody is called.
    ///
    /// # Errors
    /// `Misconfigured` when the connector or a parameter is missing or wrong.
    fn target(&self, source: &DataSource) -> Result<Target, Failure>;
    /// Reads the connector, checks the parameters, reads the secret; opens the data source at `at`. Where
    /// that is not its target of now, only a version of its secret that was given for `at` is used.
    ///
    /// # Errors
    /// `Misconfigured` when the connector, a parameter or the secret is missing or wrong; with the code
    /// [`TARGET_LOST`] when no version of the secret belongs to `at`, or the connector no longer knows it.
    async fn open(&self, source: &DataSource, at: &Target) -> Result<Self::Vendor, Failure>;
}

/// Has whoever may call vendors ask one what it shows of a task's person.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Compares {
    /// What [`Look`](crate::operations::shown::Look) gives; else the code that says why there is nothing to
    /// show. Personal data: for the operator who asked alone, and never logged. May be repeated.
    ///
    /// # Errors
    /// When nobody can be had to ask, or they broke down.
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure>;
}

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

/// Signs receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Signer {
    /// The id of the key, as it stands in the signed header.
    fn key_id(&self) -> &str;
    /// The Ed25519 signature of a message of at most 4,096 bytes.
    ///
    /// # Errors
    /// When the key service fails.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Answers tickets.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Tickets {
    /// Whether requests that came by this channel are answered at all.
    fn takes(&self, channel: &str) -> bool;
    /// How long one call of this port takes at most, in seconds.
    fn call_seconds(&self) -> u64;
    /// Puts the answer on the ticket. Must NOT be repeated after [`Answered::Unknown`] before
    /// [`Tickets::is_answered`] said that it isn't there.
    async fn answer(&self, channel: &str, reference: &Reference, answer: &TicketAnswer) -> Answered;
    /// Whether something with this marker is on the ticket. May be repeated.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the ticket can't be asked about, ever; any other [`Fault`] may pass.
    async fn is_answered(&self, channel: &str, reference: &Reference, marker: &str) -> Result<bool, Fault>;
}

/// A ticket that carries a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its number, in digits.
    pub number: String,
    /// The references that a delivery about it may have, the likeliest first.
    pub references: Vec<Reference>,
}

/// Finds tickets by their tag.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait TicketSearch {
    /// A page of the channel's tickets that carry `tag` and were last changed from `since` on and before
    /// `until`; `after` is the `next` of the page before. `None` where no ticketing system is set up for the
    /// channel. May be repeated.
    ///
    /// # Errors
    /// [`Fault::Refused`] for what stays so; any other [`Fault`] may pass.
    async fn tagged(
        &self,
        channel: &str,
        tag: &str,
        since: Time,
        until: Time,
        after: Option<&str>,
    ) -> Result<Option<Page<Tagged>>, Fault>;
    /// The number of the ticket that a reference names; `None` where it names none of this channel.
    fn number<'a>(&self, channel: &str, reference: &'a Reference) -> Option<&'a str>;
}

/// Keeps receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Receipts {
    /// Keeps the receipt file of one closing of a request, 0 for the first; a request that was reopened
    /// has another for its next. Keeping the same one again changes nothing; one that is kept stands.
    ///
    /// # Errors
    /// When the store fails.
    async fn keep(&self, request: RequestId, closing: u32, receipt: &Receipt) -> Result<Kept, Failure>;
}

/// Which receipt file is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The one that was given.
    This,
    /// Another one, which was kept before; with its bytes.
    Another(Vec<u8>),
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

/// A file on its way into a store: nobody sees it before it is finished.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Upload {
    /// Takes the next bytes, and sends them once enough have come together.
    ///
    /// # Errors
    /// When the store fails; the upload has to be aborted then.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;
    /// Has the file be there, in place of an earlier one. It aborts by itself when it fails.
    ///
    /// # Errors
    /// When the store fails: whether the file is there is not known then.
    async fn finish(self) -> Result<(), Failure>;
    /// Has nothing be left of it. What can't be taken away now, the store removes after a day.
    async fn abort(self);
}

/// A file as it is read.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Download {
    /// The next bytes of it; `None` at its end.
    ///
    /// # Errors
    /// When the store fails.
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure>;
}

/// Keeps what the data sources of a request gave for its copy, sealed, until the package is made.
pub trait CopyParts {
    /// A part on its way.
    type Upload: Upload;
    /// Begins one data source's part, which replaces an earlier one. Nobody is called yet.
    fn part_to(&self, request: RequestId, source: &SourceId) -> Self::Upload;
}

/// Reads the parts of a copy, and keeps and deletes what is made of them.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait CopyPackages {
    /// A part that is read.
    type Download: Download;
    /// A package on its way.
    type Upload: Upload;
    /// One data source's part, from its beginning; `None` when there is none.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Self::Download>, Failure>;
    /// Begins the package, which replaces an earlier one. Nobody is called yet.
    fn package_to(&self, request: RequestId) -> Self::Upload;
    /// Deletes these data sources' parts; deleting them again changes nothing.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn delete_parts(&self, request: RequestId, sources: &[SourceId]) -> Result<(), Failure>;
    /// Deletes the package; deleting it again changes nothing.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn delete_package(&self, request: RequestId) -> Result<(), Failure>;
}

/// Links to packages.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait CopyLinks {
    /// A link to the package that works for so many seconds without further authorisation. It is a
    /// secret: it must not be logged or stored.
    ///
    /// # Errors
    /// When there is no package any more, or the store of copies fails.
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure>;
}

/// Packs a copy into one file.
pub trait Packs {
    /// A file on its way.
    type Packing: Packing;
    /// Begins the file. The same contents with the same records give the same bytes.
    ///
    /// # Errors
    /// `Misconfigured` when the contents can't be packed.
    fn begin(&self, contents: Contents) -> Result<Self::Packing, Failure>;
}

/// A copy on its way into one file: it gives bytes as it takes records, and holds no more than a few of them.
pub trait Packing {
    /// Whose records it takes next, from the first to the last: those of a data source may be wanted more
    /// than once. `None` when it has had all.
    fn wants(&self) -> Option<SourceId>;
    /// Takes one of them.
    ///
    /// # Errors
    /// `Misconfigured` when it can't be packed.
    fn take(&mut self, record: &RecordCopy) -> Result<(), Failure>;
    /// Those were all.
    ///
    /// # Errors
    /// As [`Packing::take`]; also when they are not as many as the contents say.
    fn end(&mut self) -> Result<(), Failure>;
    /// The bytes of the file that are ready.
    fn ready(&mut self) -> Vec<u8>;
    /// The last bytes of the file.
    ///
    /// # Errors
    /// As [`Packing::take`].
    fn finish(self) -> Result<Vec<u8>, Failure>;
}

/// What is wrong with what an operator gave, in words that never repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Which parameter, field or identifier kind.
    pub name: String,
    /// What is wrong with it and what to give instead, as a sentence.
    pub what: String,
}

/// An identifier kind as a connector asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedKind {
    /// The kind.
    pub kind: IdentifierKind,
    /// What it is, for whoever has to find it out.
    pub description: String,
    /// A value as an operator would write it; nobody's.
    pub example: String,
}

/// What the connectors of this version say about data sources, without calling anybody.
pub trait Catalogue {
    /// Whether there is a connector of this name.
    fn knows(&self, connector: &str) -> bool;
    /// The identifier kinds that a connector searches by; any one of them will do.
    fn kinds(&self, connector: &str) -> Vec<AskedKind>;
    /// Whether a value can be an identifier of its kind at this connector.
    ///
    /// # Errors
    /// Why not, without the value.
    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection>;
    /// Whether the values of a kind are digits alone, wherever a connector searches by it: then a number
    /// stands for its digits.
    fn is_number(&self, _kind: &IdentifierKind) -> bool {
        false
    }
    /// Checks a data source's parameters.
    ///
    /// # Errors
    /// All that is wrong.
    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>>;
    /// The target that these parameters point at.
    ///
    /// # Errors
    /// All that is wrong with the parameters.
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>>;
    /// Checks the fields of a data source's secret, and gives the secret as it is stored: it names the
    /// target that it is given for, and is sent to no other.
    ///
    /// # Errors
    /// All that is wrong, without a value.
    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>>;
    /// The name of a data source's secret for [`SecretWrites`].
    fn secret_name(&self, source: &SourceId) -> String;
}

/// A change of the set-up, stored with its entry in the deployment's journal or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// When.
    pub at: Time,
    /// Who.
    pub by: Actor,
    /// What becomes of a data source's row.
    pub row: SourceRow,
    /// The entry.
    pub act: Act,
}

/// What becomes of a data source's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRow {
    /// Nothing.
    Untouched,
    /// It is written on the revision that it was read with; 0 must not exist.
    Put(DataSource),
    /// It is removed on the revision that it was read with, and its limit with it.
    Remove(DataSource),
}

/// Writes of the set-up.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SetsUp {
    /// Stores a change of the set-up and the journal's entry in one transaction. Repeats by itself
    /// what only collided with another entry.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when the row has moved on, else the store's failure.
    async fn set_up(&self, change: SetUp) -> Result<(), CommitError>;
}

/// Writes of secrets.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SecretWrites {
    /// Writes a secret, new or a new version of it, also one that was removed lately.
    ///
    /// # Errors
    /// When the service fails.
    async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure>;
    /// Removes a secret; removing it again changes nothing.
    ///
    /// # Errors
    /// When the service fails.
    async fn remove_secret(&self, name: &str) -> Result<(), Failure>;
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
