//! The store over the raw table: changes, the chain of their events, retries.
//!
//! Like the store on DynamoDB, it recognises its own writes by a name drawn for each call, not by their
//! content. Two workers with the same decision at the same time write the same bytes, and only one of them may
//! continue.

use crate::gate::Gate;
use crate::rows;
use crate::table::{Guard, Item, Key, Refusal, Table, Write};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::base::time::Time;
use rightful_domain::chain::event;
use rightful_domain::chain::fact::Fact;
use rightful_domain::chain::journal;
use rightful_domain::chain::links::Head;
use rightful_domain::chain::links::Links;
use rightful_domain::duty::gauge::{OpenRequest, OpenTask, Work};
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::lease::Lease;
use rightful_domain::model::limit::Limit;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use rightful_domain::ports::set_up::{SetUp, SetsUp, SourceRow};
use rightful_domain::ports::store::{
    Assignment, Begins, Chains, Change, CommitError, Created, Cursor, Cursors, DUE_SHARDS, Due, DueIndex,
    Limits, OpenWork, Page, Reads, Received, Row, UsesOf, Writes,
};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How often a transaction is tried while it only collides.
const TRIES: u32 = 8;
const BUSY: Failure = Failure::of(Code::StoreBusy);
const UNAVAILABLE: Failure = Failure::transient(Code::StoreUnavailable);

/// The due index at one time: keys, shards and times.
type Snapshot = Vec<(Key, String, String)>;

/// The store; a clone is the same one.
#[derive(Clone, Debug)]
pub struct Store {
    table: Rc<Table>,
    gate: Gate,
    writers: Rc<Cell<u64>>,
    /// The due index as it was when it stopped following the rows.
    lagging: Rc<RefCell<Option<Snapshot>>>,
    page: Rc<Cell<usize>>,
}

impl Store {
    /// A store over a table.
    #[must_use]
    pub fn new(table: Rc<Table>, gate: Gate) -> Self {
        let (writers, lagging, page) = (Rc::default(), Rc::default(), Rc::new(Cell::new(25)));
        Self { table, gate, writers, lagging, page }
    }

    /// The raw table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Freezes the due index at the present rows, or lets it follow them again.
    pub fn lag(&self, on: bool) {
        *self.lagging.borrow_mut() = on.then(|| self.due_now());
    }

    /// How many rows a page of the due index has.
    pub fn page_size(&self, rows: usize) {
        self.page.set(rows);
    }

    /// Everything that is stored, as text: where a canary would be found.
    #[must_use]
    pub fn dump(&self) -> String {
        use std::fmt::Write as _;
        self.table.all().iter().fold(String::new(), |mut text, ((pk, sk), item)| {
            let _ = writeln!(text, "{pk} {sk} {:?} {}", item.index, String::from_utf8_lossy(&item.body));
            text
        })
    }

    fn due_now(&self) -> Snapshot {
        self.table.indexed("due_shard", "next_due")
    }

    fn writer(&self) -> u64 {
        self.writers.set(self.writers.get() + 1);
        self.writers.get()
    }

    fn head(&self, id: RequestId) -> Result<Option<Head>, Failure> {
        self.table.row(&rows::request_pk(id), "HEAD").map(|item| rows::read(&item)).transpose()
    }

    fn is_ours(&self, key: &Key, writer: u64) -> bool {
        self.table.row(&key.0, &key.1).is_some_and(|item| item.writer == writer)
    }

    fn commit_now(&self, change: &Change) -> Result<(), CommitError> {
        if change.rows.len() > Change::MAX_ROWS {
            return Err(Failure::of(Code::ChangeTooLarge).into());
        }
        let writer = self.writer();
        let rows: Vec<Write> =
            change.rows.iter().map(|row| rows::change(change, row, writer)).collect::<Result<_, _>>()?;
        for _ in 0..TRIES {
            let head = self.head(change.request)?;
            let mut writes = rows.clone();
            let witness = append_events(&mut writes, change, head.as_ref(), writer)?;
            let ours = || witness.as_ref().is_some_and(|key| self.is_ours(key, writer));
            match self.table.transact(&writes) {
                Ok(()) => return Ok(()),
                Err(Refusal::Conflict) => {}
                Err(Refusal::Ambiguous) if ours() => return Ok(()),
                Err(Refusal::Ambiguous | Refusal::Dark) => return Err(UNAVAILABLE.into()),
                Err(Refusal::Guards(_)) if ours() => return Ok(()),
                Err(Refusal::Guards(failed)) if failed.iter().any(|&n| n < rows.len()) => {
                    return Err(CommitError::Stale);
                }
                // Only the chain has grown: try the same rows after its new head.
                Err(Refusal::Guards(_)) => {}
                Err(Refusal::Invalid(_)) => return Err(Failure::of(Code::StoreRejected).into()),
            }
        }
        Err(BUSY.into())
    }

    fn create_now(
        &self,
        request: &Request,
        tasks: &[Task],
        delivery: Option<&Delivery>,
        wrapped_key: &[u8],
        fact: Fact,
    ) -> Result<Created, Failure> {
        let writer = self.writer();
        let mut writes = Vec::new();
        if let Some(delivery) = delivery {
            writes.push(rows::delivery(delivery, writer)?);
        }
        writes.push(rows::request(request, writer)?);
        for task in tasks {
            writes.push(rows::task(task, writer)?);
        }
        let change =
            Change { request: request.id, at: request.arrived_at(), rows: Vec::new(), facts: vec![fact] };
        append_events(&mut writes, &change, None, writer)?;
        let key = Item { body: wrapped_key.to_vec(), revision: 0, writer, index: Default::default() };
        writes.push(Write::Put(rows::key_key(request.id), key, Guard::Absent));
        for _ in 0..TRIES {
            let refusal = match self.table.transact(&writes) {
                Ok(()) => return Ok(Created::New),
                Err(Refusal::Conflict) => continue,
                Err(Refusal::Dark) => return Err(UNAVAILABLE),
                Err(Refusal::Invalid(_)) => return Err(Failure::of(Code::StoreRejected)),
                Err(refusal) => refusal,
            };
            let there = match delivery {
                Some(mine) => self.delivery_now(&mine.channel, &mine.key)?,
                None => None,
            };
            return match there {
                Some(there) if there.request != request.id => Ok(Created::Delivered(there)),
                Some(_) => Ok(Created::New),
                None if self.table.row(&rows::request_pk(request.id), "REQUEST").is_some() => {
                    Ok(Created::New)
                }
                None if refusal == Refusal::Ambiguous => Err(UNAVAILABLE),
                None => Err(BUSY),
            };
        }
        Err(BUSY)
    }

    /// A data source's limit, read outside of any worker.
    ///
    /// # Errors
    /// When its row is unreadable.
    pub fn limit_now(&self, source: &SourceId) -> Result<Limit, Failure> {
        let (pk, sk) = rows::limit_key(source);
        let there = self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose()?;
        Ok(there.unwrap_or_else(|| Limit::fresh(source.clone())))
    }

    fn save_limit_now(&self, limit: &Limit) -> Result<(), CommitError> {
        let writer = self.writer();
        let write = rows::limit(limit, writer)?;
        let ours = || self.is_ours(&rows::limit_key(&limit.source), writer);
        for _ in 0..TRIES {
            return match self.table.transact(std::slice::from_ref(&write)) {
                Ok(()) => Ok(()),
                Err(Refusal::Conflict) => continue,
                Err(Refusal::Guards(_) | Refusal::Ambiguous) if ours() => Ok(()),
                Err(Refusal::Guards(_)) => Err(CommitError::Stale),
                Err(Refusal::Ambiguous | Refusal::Dark) => Err(UNAVAILABLE.into()),
                Err(Refusal::Invalid(_)) => Err(Failure::of(Code::StoreRejected).into()),
            };
        }
        Err(BUSY.into())
    }

    fn delivery_now(&self, channel: &str, key: &Tag) -> Result<Option<Delivery>, Failure> {
        let (pk, sk) = rows::delivery_key(channel, key);
        self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose()
    }

    /// The rules of a task, read outside of any worker.
    ///
    /// # Errors
    /// When a row is unreadable.
    pub fn rules_now(&self, id: RequestId, source: &SourceId) -> Result<Vec<Rule>, Failure> {
        self.table.query(&rows::request_pk(id), &format!("RULE#{source}#")).iter().map(rows::read).collect()
    }
}

/// Adds the change's events and the head after them; returns a row that names its writer.
fn append_events(
    writes: &mut Vec<Write>,
    change: &Change,
    head: Option<&Head>,
    writer: u64,
) -> Result<Option<Key>, Failure> {
    let pk = rows::request_pk(change.request);
    let mut last = head.cloned().unwrap_or_else(Head::start);
    let before = last.seq;
    for fact in &change.facts {
        let event = event::write(&last, change.request, change.at, fact)
            .map_err(|_| Failure::of(Code::EventUnwritable))?;
        last = event.head;
        let item = Item { body: event.bytes, revision: 0, writer, index: Default::default() };
        writes.push(Write::Put((pk.clone(), rows::event_sk(last.seq)), item, Guard::Absent));
    }
    if change.facts.is_empty() {
        let named = writes.iter().find_map(|write| match write {
            Write::Put(key, item, _) if item.revision > 0 => Some(key.clone()),
            _ => None,
        });
        return Ok(named);
    }
    let guard = if head.is_some() { Guard::Revision(before) } else { Guard::Absent };
    let item = rows::item(&last, last.seq, writer)?;
    writes.push(Write::Put((pk.clone(), "HEAD".to_owned()), item, guard));
    Ok(Some((pk, rows::event_sk(before + 1))))
}

impl Reads for Store {
    async fn request(&self, id: RequestId) -> Result<Option<Request>, Failure> {
        self.gate.point("read request").await;
        self.table.row(&rows::request_pk(id), "REQUEST").map(|item| rows::read(&item)).transpose()
    }

    async fn tasks(&self, id: RequestId) -> Result<Vec<Task>, Failure> {
        self.gate.point("read tasks").await;
        self.table.query(&rows::request_pk(id), "TASK#").iter().map(rows::read).collect()
    }

    async fn tasks_of(&self, requests: &[Request]) -> Result<Vec<Task>, Failure> {
        self.gate.point("read tasks").await;
        let of = |request: &Request| self.table.query(&rows::request_pk(request.id), "TASK#");
        requests.iter().flat_map(of).map(|item| rows::read(&item)).collect()
    }

    async fn task(&self, id: RequestId, source: &SourceId) -> Result<Option<Task>, Failure> {
        self.gate.point("read task").await;
        self.table
            .row(&rows::request_pk(id), &rows::task_sk(source))
            .map(|item| rows::read(&item))
            .transpose()
    }

    async fn assignment(&self, at: &TaskRef) -> Result<Assignment, Failure> {
        self.gate.point("read assignment").await;
        let read_request = || {
            let row = self.table.row(&rows::request_pk(at.request_id), "REQUEST");
            row.map(|item| rows::read::<Request>(&item)).transpose()
        };
        let mut request = read_request()?;
        // A batch is no snapshot: another writer may come in between, in the worst order.
        self.gate.point("within assignment").await;
        let task = self.table.row(&rows::request_pk(at.request_id), &rows::task_sk(&at.source_id));
        let task: Option<Task> = task.map(|item| rows::read(&item)).transpose()?;
        let (pk, sk) = rows::source_key(&at.source_id);
        let source = self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose();
        if task
            .as_ref()
            .is_some_and(|task| request.as_ref().is_none_or(|request| !request.is_as_new_as(task)))
        {
            self.gate.point("read request").await;
            request = read_request()?;
        }
        Ok(Assignment { request, task, source })
    }

    async fn rules(&self, id: RequestId, source: &SourceId) -> Result<Vec<Rule>, Failure> {
        self.gate.point("read rules").await;
        self.rules_now(id, source)
    }

    async fn all_rules(&self, id: RequestId) -> Result<Vec<Rule>, Failure> {
        self.gate.point("read rules").await;
        self.table.query(&rows::request_pk(id), "RULE#").iter().map(rows::read).collect()
    }

    async fn lease(&self, source: &SourceId, subject: &Tag) -> Result<Option<Lease>, Failure> {
        self.gate.point("read lease").await;
        let (pk, sk) = rows::lease_key(source, subject);
        self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose()
    }

    async fn records(&self, id: RequestId, source: &SourceId) -> Result<Vec<Sealed>, Failure> {
        self.gate.point("read records").await;
        let prefix = format!("RECORDS#{source}#");
        self.table.query(&rows::request_pk(id), &prefix).iter().map(rows::read).collect()
    }

    async fn events(&self, id: RequestId) -> Result<Vec<Vec<u8>>, Failure> {
        self.gate.point("read events").await;
        Ok(self.table.query(&rows::request_pk(id), "EVENT#").into_iter().map(|item| item.body).collect())
    }

    async fn source(&self, id: &SourceId) -> Result<Option<DataSource>, Failure> {
        self.gate.point("read source").await;
        let (pk, sk) = rows::source_key(id);
        self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose()
    }
}

impl Writes for Store {
    async fn commit(&self, change: Change) -> Result<(), CommitError> {
        let name = match change.rows.iter().any(|row| matches!(row, Row::Rule(_))) {
            true => "commit rules",
            false => "commit",
        };
        self.gate.point(name).await;
        let stored = self.commit_now(&change);
        self.gate.point("after commit").await;
        stored
    }
}

impl Store {
    /// The deployment's journal, after checking that its entries follow each other.
    ///
    /// # Panics
    /// When the chain is broken.
    #[must_use]
    #[allow(clippy::expect_used, reason = "test equipment")]
    pub fn journal(&self) -> Vec<journal::Entry> {
        let rows = self.table.query("JOURNAL", "ENTRY#");
        let bytes: Vec<Vec<u8>> = rows.into_iter().map(|item| item.body).collect();
        journal::read(&Head::start(), &bytes).expect("a whole journal").1
    }

    fn set_up_now(&self, change: &SetUp) -> Result<(), CommitError> {
        let writer = self.writer();
        let unwritable = |_| Failure::of(Code::EventUnwritable);
        for _ in 0..TRIES {
            let head = self.table.row("JOURNAL", "HEAD").map(|item| rows::read(&item)).transpose()?;
            let head: Head = head.unwrap_or_else(Head::start);
            let entry = journal::write(&head, change.at, &change.by, &change.act).map_err(unwritable)?;
            let guard = if head.seq == 0 { Guard::Absent } else { Guard::Revision(head.seq) };
            let mut writes = match &change.row {
                SourceRow::Untouched => Vec::new(),
                SourceRow::Put(source) => vec![rows::source(source, writer)?],
                SourceRow::Remove(source) => rows::no_source(source),
            };
            let own = writes.len();
            let sk = format!("ENTRY#{:020}", entry.head.seq);
            let item = Item { body: entry.bytes, revision: 0, writer, index: Default::default() };
            writes.push(Write::Put(("JOURNAL".to_owned(), sk), item, Guard::Absent));
            let item = rows::item(&entry.head, entry.head.seq, writer)?;
            writes.push(Write::Put(("JOURNAL".to_owned(), "HEAD".to_owned()), item, guard));
            match self.table.transact(&writes) {
                Ok(()) => return Ok(()),
                Err(Refusal::Guards(failed)) if failed.iter().any(|&n| n < own) => {
                    return Err(CommitError::Stale);
                }
                Err(Refusal::Conflict | Refusal::Guards(_)) => {}
                Err(Refusal::Ambiguous | Refusal::Dark) => return Err(UNAVAILABLE.into()),
                Err(Refusal::Invalid(_)) => return Err(Failure::of(Code::StoreRejected).into()),
            }
        }
        Err(BUSY.into())
    }
}

impl SetsUp for Store {
    async fn set_up(&self, change: SetUp) -> Result<(), CommitError> {
        self.gate.point("set up").await;
        let stored = self.set_up_now(&change);
        self.gate.point("after set up").await;
        stored
    }
}

impl UsesOf for Store {
    async fn open_requests_at(&self, source: &SourceId, most: u32) -> Result<Vec<RequestId>, Failure> {
        self.gate.point("read uses").await;
        let rows = self.table.all();
        let requests = rows.iter().filter(|((_, sk), _)| sk == "REQUEST");
        let mut open = Vec::new();
        for (_, item) in requests {
            let request: Request = rows::read(item)?;
            if request.state == RequestState::Open && request.sources.contains(source) {
                open.push(request.id);
            }
        }
        open.truncate(most as usize);
        Ok(open)
    }
}

impl Limits for Store {
    async fn limit(&self, source: &SourceId) -> Result<Limit, Failure> {
        self.gate.point("read limit").await;
        self.limit_now(source)
    }

    async fn save_limit(&self, limit: &Limit) -> Result<(), CommitError> {
        self.gate.point("save limit").await;
        let saved = self.save_limit_now(limit);
        self.gate.point("after save limit").await;
        saved
    }
}

impl Received for Store {
    async fn delivered(&self, channel: &str, key: &Tag) -> Result<bool, Failure> {
        Ok(self.delivery(channel, key).await?.is_some())
    }

    async fn references_since(&self, since: Time, most: u32) -> Result<Vec<Reference>, Failure> {
        self.gate.point("read references").await;
        let rows = self.table.all();
        let requests = rows.iter().filter(|((_, sk), _)| sk == "REQUEST").map(|(_, item)| rows::read(item));
        let mut requests: Vec<Request> = requests.collect::<Result<_, _>>()?;
        requests.retain(|request| request.received_at >= since);
        requests.sort_by_key(|request| std::cmp::Reverse(request.received_at));
        requests.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(requests.into_iter().filter_map(|request| request.reference).collect())
    }
}

impl Begins for Store {
    async fn delivery(&self, channel: &str, key: &Tag) -> Result<Option<Delivery>, Failure> {
        self.gate.point("read delivery").await;
        self.delivery_now(channel, key)
    }

    async fn source_ids(&self) -> Result<Vec<SourceId>, Failure> {
        self.gate.point("read source ids").await;
        let rows = self.table.all();
        let sources = rows.iter().filter(|((_, sk), _)| sk == "SOURCE");
        sources.map(|(_, item)| rows::read::<DataSource>(item).map(|source| source.id)).collect()
    }

    async fn sources_named(&self, ids: &[SourceId]) -> Result<Vec<DataSource>, Failure> {
        self.gate.point("read sources").await;
        let ids: BTreeSet<&SourceId> = ids.iter().collect();
        let rows = ids.into_iter().filter_map(|id| {
            let (pk, sk) = rows::source_key(id);
            self.table.row(&pk, &sk)
        });
        rows.map(|item| rows::read(&item)).collect()
    }

    async fn create(
        &self,
        request: &Request,
        tasks: &[Task],
        delivery: Option<&Delivery>,
        wrapped_key: &[u8],
        fact: Fact,
    ) -> Result<Created, Failure> {
        self.gate.point("create").await;
        let created = self.create_now(request, tasks, delivery, wrapped_key, fact);
        self.gate.point("after create").await;
        created
    }
}

impl DueIndex for Store {
    async fn due(&self, shard: u8, now: Time, after: Option<String>) -> Result<Page<Due>, Failure> {
        self.gate.point("read due").await;
        if let Some(after) = &after {
            check_cursor(after, shard, now)?;
        }
        let rows = self.lagging.borrow().clone().unwrap_or_else(|| self.due_now());
        let (shard, now) = (shard.to_string(), now.to_string());
        let mut due: Vec<(String, Key)> = rows
            .into_iter()
            .filter(|(_, its_shard, at)| *its_shard == shard && *at <= now)
            .map(|(key, _, at)| (at, key))
            .collect();
        due.sort();
        let cursor = |(at, key): &(String, Key)| cursor_of(at, key);
        let mut rest = due.into_iter().filter(|row| after.as_ref().is_none_or(|after| cursor(row) > *after));
        let page: Vec<(String, Key)> = rest.by_ref().take(self.page.get()).collect();
        let next = if rest.next().is_some() { page.last().map(cursor) } else { None };
        let rows = page.iter().filter_map(|(at, key)| named(at, key)).collect();
        Ok(Page { rows, next })
    }
}

impl OpenWork for Store {
    async fn open_work(&self, shard: u8, after: Option<String>) -> Result<Page<Work>, Failure> {
        self.gate.point("read open work").await;
        let rows = self.lagging.borrow().clone().unwrap_or_else(|| self.due_now());
        let shard = shard.to_string();
        let mut keys: Vec<Key> =
            rows.into_iter().filter(|(_, its_shard, _)| *its_shard == shard).map(|(key, ..)| key).collect();
        keys.sort();
        let place = |(pk, sk): &Key| format!("{pk} {sk}");
        let mut rest = keys.into_iter().filter(|key| after.as_ref().is_none_or(|after| place(key) > *after));
        let page: Vec<Key> = rest.by_ref().take(self.page.get()).collect();
        let next = if rest.next().is_some() { page.last().map(place) } else { None };
        let mut rows = Vec::new();
        for (pk, sk) in &page {
            let Some(item) = self.table.row(pk, sk) else { continue };
            rows.push(if sk == "REQUEST" {
                let request: Request = rows::read(&item)?;
                Work::Request(request.id, OpenRequest::of(&request))
            } else {
                let task: Task = rows::read(&item)?;
                Work::Task(task.request, OpenTask::of(&task))
            });
        }
        Ok(Page { rows, next })
    }
}

impl Chains for Store {
    async fn event_links(&self, request: RequestId) -> Result<Links, Failure> {
        self.gate.point("read chain").await;
        let head = self.head(request)?;
        let links = self.table.query(&rows::request_pk(request), "EVENT#");
        Ok(Links { head, links: links.into_iter().map(|item| item.body).collect() })
    }

    async fn journal_links(&self, after: u64, most: u32) -> Result<Links, Failure> {
        self.gate.point("read journal").await;
        let head = self.table.row("JOURNAL", "HEAD").map(|item| rows::read(&item)).transpose()?;
        let links = self.table.query("JOURNAL", "ENTRY#").into_iter().map(|item| item.body);
        // Entries are numbered from 1 without a gap, unless somebody took one away.
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(Links { head, links: links.skip(skipped).take(most as usize).collect() })
    }
}

impl Cursors for Store {
    async fn cursor(&self) -> Result<Option<Cursor>, Failure> {
        self.gate.point("read cursor").await;
        let (pk, sk) = rows::cursor_key();
        self.table.row(&pk, &sk).map(|item| rows::read(&item)).transpose()
    }

    async fn save_cursor(&self, cursor: &Cursor) -> Result<(), CommitError> {
        self.gate.point("save cursor").await;
        let saved = match self.table.transact(&[rows::cursor(cursor, self.writer())?]) {
            Ok(()) => Ok(()),
            Err(Refusal::Guards(_)) => Err(CommitError::Stale),
            Err(Refusal::Invalid(_)) => Err(Failure::of(Code::StoreRejected).into()),
            Err(Refusal::Conflict | Refusal::Ambiguous | Refusal::Dark) => Err(BUSY.into()),
        };
        self.gate.point("after save cursor").await;
        saved
    }
}

fn cursor_of(at: &str, (pk, sk): &Key) -> String {
    format!("{at} {pk} {sk}")
}

/// A query that continues after a key outside of its own range is refused.
fn check_cursor(cursor: &str, shard: u8, now: Time) -> Result<(), Failure> {
    let unreadable = Failure::of(Code::CursorUnreadable);
    let mut parts = cursor.split(' ');
    let at = parts.next().and_then(|at| Time::parse(at).ok()).ok_or(unreadable)?;
    let request = parts.next().and_then(|pk| RequestId::parse(pk.strip_prefix("REQUEST#")?).ok());
    if at > now || request.ok_or(unreadable)?.shard(DUE_SHARDS) != shard {
        return Err(Failure::of(Code::StoreRejected));
    }
    Ok(())
}

fn named(at: &str, key: &Key) -> Option<Due> {
    let (pk, sk) = key;
    let request = RequestId::parse(pk.strip_prefix("REQUEST#")?).ok()?;
    let source = sk.strip_prefix("TASK#").and_then(|source| SourceId::parse(source).ok());
    Some(Due { request, source, cursor: cursor_of(at, key) })
}
