//! What each handler does, over the ports: load, decide, save by condition, act, save by condition.
//!
//! Architecture Invariant: the store alone decides. Every operation reads the store first and passes
//! over what is settled, so any of them may run twice, late, or beside another worker.

pub mod accept;
pub mod again;
mod attempt;
pub mod check;
pub mod close;
pub mod ended;
pub mod extend;
pub mod find;
pub mod reconcile;
pub mod review;
pub mod set_up;
pub mod shown;
pub mod submit;
pub mod unreceived;
pub mod verify;

use crate::event::Fact;
use crate::failure::{Code, Failure, Kind};
use crate::identifier::{Identifier, IdentifierKind};
use crate::ids::{RequestId, SourceId};
use crate::lease::Lease;
use crate::life::{CONTROL_NOT_FOUND, Effect, Event, Life, Terms, step, wait_left};
use crate::metered::Metered;
use crate::ports::{
    Assignment, Change, Clock, CommitError, Keys, Limits, Reads, Row, TARGET_LOST, Tags, Vendors, Writes,
};
use crate::request::{Request, RequestState};
use crate::seal::{DataKey, Sealed, Tag};
use crate::task::{Asked, Rule, Task, TaskState};
use crate::time::Time;
use crate::vendor::{Capabilities, DataSource, Fault, Found, RecordId, SetAside, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// How often an operation reads again and decides anew when another worker was faster.
const STALE_TRIES: u32 = 6;

/// What a synthetic request is, for whoever would act on it.
const SYNTHETIC: &str = "the request is synthetic, made by the deployment itself for a test address";

/// What the deployment sets for every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long after a task should have moved the reconciliation moves it, in seconds.
    pub grace_seconds: u64,
}

/// One task, named in a workflow payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRef {
    /// The request.
    pub request_id: RequestId,
    /// The data source.
    pub source_id: SourceId,
}

/// What the workflow does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Have a person decide.
    Review,
    /// Search, once its wait is over.
    Search,
    /// Have the data source fulfil it.
    Fulfil,
    /// Submit the next batch.
    Submit,
    /// Ask how the rules stand.
    Check,
    /// Look again.
    Verify,
    /// Nothing: it has its outcome.
    Settled,
    /// Nothing here: nobody can tell what happened.
    Unknown,
    /// Nothing here: it isn't its turn.
    None,
}

/// What a handler answers to the workflow: no more than ids, counts, enumerations and a wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The data source.
    pub source_id: SourceId,
    /// What comes next.
    pub next: Next,
    /// How long to wait before it, in seconds.
    pub wait_seconds: u64,
    /// Where the task stands.
    pub state: TaskState,
    /// How many records it is about.
    pub records: u32,
}

impl Step {
    fn new(task: &Task, next: Next, wait_seconds: u64) -> Self {
        Self {
            source_id: task.source.clone(),
            next,
            wait_seconds,
            state: task.state,
            records: task.counts.found,
        }
    }

    /// What comes next for a task as it stands, after whatever of its wait is left.
    fn of(task: &Task, now: Time) -> Self {
        let next = match task.state {
            // A later round is searched by whoever submits.
            TaskState::Planned if goes_back(task) => Next::Submit,
            TaskState::Planned | TaskState::AwaitingReview => Next::None,
            TaskState::Decided | TaskState::Submitting | TaskState::Copying => Next::Submit,
            TaskState::Submitted => Next::Check,
            TaskState::Verifying => Next::Verify,
            // A look may tell what happened; once a person has it, none here does.
            TaskState::Unknown if task.handed_over_at.is_none() => Next::Verify,
            TaskState::Unknown => Next::Unknown,
            TaskState::Settled => Next::Settled,
        };
        let waits = matches!(next, Next::Submit | Next::Check | Next::Verify);
        Self::new(task, next, if waits { wait_left(task, now) } else { 0 })
    }
}

/// Whether the task was sent back to the search while its submission goes on: it has its turn, or a copy
/// of it was not whole.
fn goes_back(task: &Task) -> bool {
    task.state == TaskState::Planned && (task.lease.is_some() || task.earlier.is_some())
}

/// What an operation on a task works on, as it was read.
struct Loaded {
    request: Request,
    life: Life,
    /// The task's data source, or why its row can't be read; `None` when there is none any more.
    source: Result<Option<DataSource>, Failure>,
}

async fn load(store: &impl Reads, at: &TaskRef) -> Result<Loaded, Failure> {
    let Assignment { request, task, source } = store.assignment(at).await?;
    let request = request.ok_or(Failure::misconfigured("request_not_found"))?;
    let task = task.ok_or(Failure::misconfigured("task_not_found"))?;
    let rules = rules_of_run(store, &task).await?;
    Ok(Loaded { request, life: Life { task, rules }, source })
}

/// The rules of a task's current run; before the first intent there are none.
async fn rules_of_run(store: &impl Reads, task: &Task) -> Result<Vec<Rule>, Failure> {
    if task.fence == 0 {
        return Ok(Vec::new());
    }
    let mut rules = store.rules(task.request, &task.source).await?;
    rules.retain(|rule| rule.batch >= task.first_batch);
    Ok(rules)
}

/// What bounds a step of a task of this request.
fn terms<'a>(request: &Request, settings: &Settings, vendor: Option<&'a Capabilities>) -> Terms<'a> {
    Terms::new(request, settings.grace_seconds, vendor)
}

/// Stores what a step changed, with `more` rows, in one transaction under the task's lease; gives the
/// life as it is stored then. Nothing changed, nothing is written.
///
/// # Errors
/// [`CommitError::Stale`] when a row, or the lease, has moved on; else the store's failure.
async fn store_step(
    store: &impl Writes,
    request: &Request,
    before: &Life,
    (mut after, effects): (Life, Vec<Effect>),
    more: Vec<Row>,
    now: Time,
) -> Result<Life, CommitError> {
    let facts: Vec<Fact> = review::facts_of(effects).collect();
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

/// Stores what a worker has learned of the vendor, or is about to do there, with `more` rows. Where another worker
/// of the task was put off meanwhile, it is stored after that: else workers of several attempts that wait for one
/// place in a line would undo each other's work for ever.
///
/// # Errors
/// As [`store_step`].
#[allow(clippy::too_many_arguments, reason = "each is one thing, and they are gathered nowhere else")]
async fn store_learned(
    store: &(impl Reads + Writes),
    clock: &impl Clock,
    settings: &Settings,
    at: &TaskRef,
    loaded: &Loaded,
    vendor: Option<&Capabilities>,
    event: &Event,
    more: Vec<Row>,
) -> Result<Life, CommitError> {
    let mut newer: Option<Loaded> = None;
    for _ in 0..STALE_TRIES {
        let Loaded { request, life, .. } = newer.as_ref().unwrap_or(loaded);
        let now = clock.now();
        let moved = step(life, event.clone(), now, &terms(request, settings, vendor));
        match store_step(store, request, life, moved, more.clone(), now).await {
            Err(CommitError::Stale) if !matches!(event, Event::HeldBack { .. }) => {
                newer = Some(after_waits(store, at, life).await?);
            }
            stored => return stored,
        }
    }
    Err(CommitError::Stale)
}

/// What is stored now, where it differs by waits alone.
///
/// # Errors
/// [`CommitError::Stale`] when it differs by anything else, or not at all: then another row was in the way.
async fn after_waits(store: &impl Reads, at: &TaskRef, life: &Life) -> Result<Loaded, CommitError> {
    let there = load(store, at).await?;
    if life.was_put_off_since(&there.life) { Ok(there) } else { Err(CommitError::Stale) }
}

/// What a change of the task means for its lease: taken, given back, or held on to.
fn lease_row(request: &Request, before: &Task, after: &Task, now: Time) -> Result<Option<Row>, Failure> {
    let Some(fence) = after.lease.or(before.lease) else { return Ok(None) };
    let subject = request.subject.clone().ok_or(Failure::misconfigured("person_forgotten"))?;
    let source = after.source.clone();
    Ok(Some(match (before.lease, after.lease) {
        (None, _) => Row::Lease(Lease::held(source, subject, fence, request.id)),
        (Some(_), None) => Row::Lease(Lease::released(source, subject, fence, now)),
        (Some(_), Some(_)) => Row::Held { source, subject, fence },
    }))
}

/// Opens a data source for a person who waits, behind its limits, at the target that it points at now; `Err`
/// names why the set-up does not allow it.
async fn open_source<'a, S: Reads + Limits, V: Vendors, C: Clock>(
    store: &'a S,
    vendors: &V,
    clock: &'a C,
    source: &SourceId,
) -> Result<Metered<'a, S, V::Vendor, C>, Failure> {
    let source = store.source(source).await?.ok_or(Failure::misconfigured("source_not_found"))?;
    let target = vendors.target(&source)?;
    Ok(Metered::new(vendors.open(&source, &target).await?, store, clock, source.id, None).beside())
}

/// What a task's data source is opened to.
enum Opened<V> {
    /// The target that its run stands on.
    There(V),
    /// Nothing: the data source points elsewhere since, and nothing of the run was sent.
    Moved,
}

/// Opens the task's data source behind its limits, at the target that its run was searched at.
///
/// Architecture Invariant: search, submission, status, look and copy of one run all go to one target. What
/// was decided at one is never sent to another.
async fn open_vendor<'a, S: Limits, V: Vendors, C: Clock>(
    limits: &'a S,
    vendors: &V,
    clock: &'a C,
    Loaded { life, source, .. }: &Loaded,
) -> Result<Opened<Metered<'a, S, V::Vendor, C>>, Failure> {
    let task = &life.task;
    let source = source.as_ref().map_err(|failure| *failure)?;
    let source = source.as_ref().ok_or(Failure::misconfigured("source_not_found"))?;
    let now = vendors.target(source)?;
    let target = match &task.target {
        Some(then) if *then != now && !life.stands_on_its_target() => return Ok(Opened::Moved),
        Some(then) => then,
        // Searched by an older release, which kept no target: nobody can tell where.
        None if task.decision.is_some() && !life.stands_on_its_target() => return Ok(Opened::Moved),
        None => &now,
    };
    let vendor = vendors.open(source, target).await?;
    Ok(Opened::There(Metered::new(vendor, limits, clock, source.id.clone(), task.slot)))
}

fn identifiers_context(request: RequestId) -> String {
    format!("rightful/identifiers/{request}")
}

fn records_context(request: RequestId, source: &SourceId, chunk: u32) -> String {
    format!("rightful/records/{request}/{source}/{chunk}")
}

/// An identifier of a request, and for which data source alone it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoped {
    /// The identifier.
    pub identifier: Identifier,
    /// The data source; `None` for all of them.
    pub source: Option<SourceId>,
}

impl Scoped {
    /// Identifiers for every data source.
    fn everywhere(identifiers: &[Identifier]) -> Vec<Self> {
        identifiers.iter().map(|one| Self { identifier: one.clone(), source: None }).collect()
    }
}

/// The identifiers that count at a data source: those given for it, and of every other kind those that
/// count everywhere.
fn identifiers_at(all: Vec<Scoped>, source: &SourceId) -> Vec<Identifier> {
    let own: BTreeSet<IdentifierKind> = all
        .iter()
        .filter(|one| one.source.as_ref() == Some(source))
        .map(|one| one.identifier.kind().clone())
        .collect();
    let counts = |one: &Scoped| match &one.source {
        Some(theirs) => theirs == source,
        None => !own.contains(one.identifier.kind()),
    };
    all.into_iter().filter(|one| counts(one)).map(|one| one.identifier).collect()
}

/// How identifiers stand in the sealed text: kind, value, and the data source where it is for one alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Everywhere(IdentifierKind, String),
    At(IdentifierKind, String, SourceId),
}

/// Seals a request's identifiers.
fn seal_identifiers(key: &DataKey, request: RequestId, identifiers: &[Scoped]) -> Result<Sealed, Failure> {
    let plain: Vec<Vec<&str>> = identifiers
        .iter()
        .map(|one| {
            let mut row = vec![one.identifier.kind().as_str(), one.identifier.expose()];
            row.extend(one.source.as_ref().map(SourceId::as_str));
            row
        })
        .collect();
    let plain = Zeroizing::new(
        serde_json::to_vec(&plain).map_err(|_| Failure::misconfigured("identifiers_unwritable"))?,
    );
    key.seal(&identifiers_context(request), &plain).map_err(|_| Failure::transient("sealing_failed"))
}

/// A request's data key. Read once for a step, and never kept for the next.
async fn key_of(keys: &impl Keys, request: RequestId) -> Result<DataKey, Failure> {
    keys.key(request).await?.ok_or(Failure::misconfigured("person_forgotten"))
}

/// Opens all of a request's identifiers.
fn open_all_identifiers(key: &DataKey, request: &Request) -> Result<Vec<Scoped>, Failure> {
    let sealed = request.identifiers.as_ref().ok_or(Failure::misconfigured("person_forgotten"))?;
    let unreadable = Failure::misconfigured("identifiers_unreadable");
    let plain = key.open(&identifiers_context(request.id), sealed).map_err(|_| unreadable)?;
    let stored: Vec<Stored> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
    stored
        .into_iter()
        .map(|stored| {
            let (kind, value, source) = match stored {
                Stored::Everywhere(kind, value) => (kind, value, None),
                Stored::At(kind, value, source) => (kind, value, Some(source)),
            };
            let value = Zeroizing::new(value);
            let identifier = Identifier::new(kind, &value).map_err(|_| unreadable)?;
            Ok(Scoped { identifier, source })
        })
        .collect()
}

/// Opens the identifiers that count at a data source.
fn open_identifiers(key: &DataKey, request: &Request, source: &SourceId) -> Result<Vec<Identifier>, Failure> {
    Ok(identifiers_at(open_all_identifiers(key, request)?, source))
}

/// Bytes of record ids in one sealed chunk: with nonce, tag and base64 well below the 400 KB that a
/// DynamoDB item holds.
const CHUNK_BYTES: usize = 200_000;

/// Chunks of one task: together they fit the 4 MB of the transaction that stores them.
const MAX_CHUNKS: usize = 14;

/// Bound to the decision, so that a part that an earlier decision's worker left late is none of the copy.
fn part_context(task: &Task) -> String {
    let decided = task.decision.as_ref().map_or("", |decision| decision.records.mac.as_str());
    format!("rightful/copy/{}/{}/{decided}", task.request, task.source)
}

fn reason_context(request: RequestId, source: &SourceId) -> String {
    format!("rightful/reason/{request}/{source}")
}

/// Seals record ids in chunks, in order.
fn seal_records(key: &DataKey, at: &TaskRef, records: &[RecordId]) -> Result<Vec<Sealed>, Failure> {
    let mut chunks: Vec<Vec<&RecordId>> = Vec::new();
    let mut bytes = CHUNK_BYTES;
    for record in records {
        let size =
            1 + serde_json::to_vec(record).map_err(|_| Failure::misconfigured("records_unwritable"))?.len();
        if bytes + size > CHUNK_BYTES || chunks.is_empty() {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(record);
        }
    }
    chunks.iter().zip(0u32..).map(|(chunk, n)| seal_chunk(key, at, chunk, n)).collect()
}

fn seal_chunk(key: &DataKey, at: &TaskRef, records: &[&RecordId], n: u32) -> Result<Sealed, Failure> {
    let plain = Zeroizing::new(
        serde_json::to_vec(records).map_err(|_| Failure::misconfigured("records_unwritable"))?,
    );
    key.seal(&records_context(at.request_id, &at.source_id, n), &plain)
        .map_err(|_| Failure::transient("sealing_failed"))
}

/// Opens the record ids a decision was made on, in order.
async fn open_records(store: &impl Reads, key: &DataKey, at: &TaskRef) -> Result<Vec<RecordId>, Failure> {
    let unreadable = Failure::misconfigured("records_unreadable");
    let mut records = Vec::new();
    for (sealed, n) in store.records(at.request_id, &at.source_id).await?.iter().zip(0u32..) {
        let plain =
            key.open(&records_context(at.request_id, &at.source_id, n), sealed).map_err(|_| unreadable)?;
        let chunk: Vec<RecordId> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
        records.extend(chunk);
    }
    Ok(records)
}

/// The keyed digest that a decision or an intent binds to: request, source and the exact records.
async fn digest_records(
    tags: &impl Tags,
    purpose: &'static str,
    at: &TaskRef,
    records: &[RecordId],
) -> Result<Tag, Failure> {
    let content = Zeroizing::new(
        serde_json::to_vec(&(at.request_id, &at.source_id, records))
            .map_err(|_| Failure::misconfigured("records_unwritable"))?,
    );
    tags.tag(purpose, &content).await
}

/// The failures that end a task: what it stands on is missing or wrong in the set-up or in its own
/// rows, and trying again can't help it. Any other misconfiguration (a role that may not read, a key
/// that is switched off) is ours to mend, and the task waits for that.
const ENDS_THE_TASK: [Code; 14] = [
    "connector_unknown",
    "data_key_unusable",
    "decision_does_not_fit",
    "identifier_missing",
    "identifiers_unreadable",
    "parameter_wrong",
    "person_forgotten",
    "records_do_not_fit",
    "records_unreadable",
    "secret_is_not_text",
    "secret_missing",
    "secret_unreadable",
    "source_not_found",
    TARGET_LOST,
];

fn ends_the_task(failure: Failure) -> bool {
    failure.kind == Kind::Misconfigured && ENDS_THE_TASK.contains(&failure.code)
}

/// Seconds that a call to a vendor needs around itself, for the store and the way back.
const AROUND_A_CALL: u64 = 5;

/// Every identifier in every spelling that a vendor may hold it in; one of each where the vendor ignores
/// case.
fn in_every_spelling(capabilities: &Capabilities, identifiers: &[Identifier]) -> Vec<Identifier> {
    let mut all: Vec<Identifier> = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        let folds = capabilities.ignores_case.contains(identifier.kind());
        for spelling in identifier.spellings() {
            let same = |one: &Identifier| {
                one.kind() == spelling.kind()
                    && (one.expose() == spelling.expose()
                        || folds && one.expose().to_lowercase() == spelling.expose().to_lowercase())
            };
            if !all.iter().any(same) {
                all.push(spelling);
            }
        }
    }
    all
}

/// What a search by all identifiers in all their spellings gave.
struct Heard {
    /// What was found, each record once, in the order in which they were found.
    found: Found,
    /// What was asked, marked and set aside.
    asked: Asked,
    /// Whether nothing was found and the same search finds the data source's control within these minutes.
    controlled: bool,
}

/// Searches by one identifier and spelling after another, as far as the time until `until` allows, and
/// joins the answers. A record that one of them found is not set aside because another one missed it.
///
/// A search that finds nothing at all is held against the control, where the data source has one that
/// stands for every kind of identifier that was asked by: a search that is blind for once finds nothing
/// either.
///
/// # Errors
/// [`CONTROL_NOT_FOUND`] when the control's record isn't there: then the search proves nothing.
async fn search_by_each<S: Limits, V: Vendor, C: Clock>(
    vendor: &Metered<'_, S, V, C>,
    identifiers: &[Identifier],
    clock: &C,
    until: Time,
    expects_nothing: bool,
) -> Result<Heard, Fault> {
    let capabilities = vendor.capabilities();
    let spellings = in_every_spelling(capabilities, identifiers);
    let control = capabilities
        .control
        .as_ref()
        .filter(|control| identifiers.iter().all(|identifier| identifier.kind() == control.kind()));
    let fresh = vendor.reserve_searches(count(spellings.len()), expects_nothing && control.is_some()).await?;
    let needed = capabilities.call_timeout_seconds + AROUND_A_CALL;
    let search = async |by: &Identifier| {
        if clock.now().plus_seconds(needed) > until {
            return Err(Fault::Unavailable("vendor_out_of_time"));
        }
        vendor.search(std::slice::from_ref(by), identifiers).await
    };
    let (mut seen, mut marked) = (BTreeSet::new(), BTreeSet::new());
    let mut set_aside: BTreeMap<RecordId, bool> = BTreeMap::new();
    let (mut records, mut nameless) = (Vec::new(), Vec::new());
    for spelling in &spellings {
        let found = search(spelling).await?;
        records.extend(found.records.into_iter().filter(|record| seen.insert(record.clone())));
        marked.extend(found.marked);
        let mut without = Vec::new();
        for one in found.set_aside {
            match one.id {
                Some(id) => *set_aside.entry(id).or_default() |= one.doubtful,
                None => without.push(one),
            }
        }
        // Nobody can tell whether two answers show the same record without an id: the longest list counts.
        let doubts = |all: &[SetAside]| all.iter().filter(|one| one.doubtful).count();
        if (doubts(&without), without.len()) > (doubts(&nameless), nameless.len()) {
            nameless = without;
        }
    }
    let controlled = match control {
        Some(control) if records.is_empty() && !fresh => {
            vendor.reserve_control(count(spellings.len())).await?;
            if search(control).await?.records.is_empty() {
                return Err(Fault::Unavailable(CONTROL_NOT_FOUND));
            }
            vendor.control_was_seen().await;
            true
        }
        Some(_) => records.is_empty(),
        None => false,
    };
    set_aside.retain(|id, _| !seen.contains(id));
    let named = set_aside.into_iter().map(|(id, doubtful)| SetAside { id: Some(id), doubtful });
    let set_aside: Vec<SetAside> = named.chain(nameless).collect();
    let asked = Asked {
        spellings: count(spellings.len()),
        marked: count(marked.len()),
        set_aside: count(set_aside.len()),
        doubtful: count(set_aside.iter().filter(|one| one.doubtful).count()),
        may_be_part: !capabilities.states_whole,
    };
    let found = Found { records, marked: marked.into_iter().collect(), set_aside };
    Ok(Heard { found, asked, controlled })
}

/// The longest list of doubtful records that a task keeps, in bytes. Where it is longer, none counts as seen.
const LONGEST_DOUBTS: usize = 32 * 1024;

fn doubts_context(at: &TaskRef) -> String {
    format!("rightful/doubts/{}/{}", at.request_id, at.source_id)
}

/// The ids of the doubtful records that a search set aside; `None` for each that has none.
fn doubtful(found: &Found) -> Vec<Option<&RecordId>> {
    found.set_aside.iter().filter(|one| one.doubtful).map(|one| one.id.as_ref()).collect()
}

/// Seals which doubtful records a search set aside: what a reviewer is shown.
fn seal_doubts(key: &DataKey, at: &TaskRef, found: &Found) -> Result<Option<Sealed>, Failure> {
    let doubtful = doubtful(found);
    let plain = Zeroizing::new(serde_json::to_vec(&doubtful).unwrap_or_default());
    if doubtful.is_empty() || plain.len() > LONGEST_DOUBTS {
        return Ok(None);
    }
    let sealed = key.seal(&doubts_context(at), &plain);
    sealed.map(Some).map_err(|_| Failure::transient("sealing_failed"))
}

/// How many doubtful records a look set aside that the search of the round did not. Of those without an id
/// nobody can tell which is which: their number counts.
fn unseen_doubts(key: &DataKey, at: &TaskRef, task: &Task, found: &Found) -> Result<u32, Failure> {
    let now = doubtful(found);
    let Some(sealed) = task.doubts.as_ref().filter(|_| !now.is_empty()) else { return Ok(count(now.len())) };
    let unreadable = Failure::misconfigured("records_unreadable");
    let plain = key.open(&doubts_context(at), sealed).map_err(|_| unreadable)?;
    let mut seen: Vec<Option<RecordId>> = serde_json::from_slice(&plain).map_err(|_| unreadable)?;
    let mut unseen = 0;
    for one in now {
        match seen.iter().position(|before| before.as_ref() == one) {
            Some(place) => drop(seen.swap_remove(place)),
            None => unseen += 1,
        }
    }
    Ok(unseen)
}

/// Whether an operation has nothing to do because the request is closed.
fn is_closed(request: &Request) -> bool {
    request.state == RequestState::Closed
}

/// A count as the store keeps it.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_are_sealed_in_chunks_that_fit_an_item() {
        let key = DataKey::new(&[1; 32]).unwrap();
        let at = TaskRef {
            request_id: RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap(),
            source_id: SourceId::parse("s").unwrap(),
        };
        let records: Vec<RecordId> = (0..30_000).map(|n| RecordId::new(format!("{n:020}"))).collect();
        let sealed = seal_records(&key, &at, &records).unwrap();
        assert_eq!(sealed.len(), 4);
        assert!(sealed.iter().all(|chunk| chunk.len() < 380_000));
    }
}
