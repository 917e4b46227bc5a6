//! A vendor with a script: it behaves as a plain vendor does, unless the test has ordered answers.

use crate::catalogue::target;
use crate::clock::TestClock;
use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::kind::Kind;
use rightful_domain::base::time::Time;
use rightful_domain::base::waits::Waits;
use rightful_domain::law::right::Right;
use rightful_domain::model::source::DataSource;
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::call_limits::CallLimits;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Capabilities, Vendor};
use rightful_domain::vendor::record::RecordCopy;
use rightful_domain::vendor::record::{Found, RecordId, SetAside, ShownRecord};
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use rightful_domain::vendor::target::Target;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// The identifier of every plain vendor's control, whose record it always finds unless a test orders
/// otherwise.
pub const CONTROL: &str = "control@example.com";

/// One call that reached the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A search by this many identifiers.
    Search(usize),
    /// A search for the control.
    Control,
    /// A search for the records' contents by this many identifiers.
    Copy(usize),
    /// A submission, which makes the vendor erase.
    Submit {
        /// The records it names.
        records: Vec<RecordId>,
        /// Whether nothing is to be erased.
        dry_run: bool,
        /// For which right.
        right: Right,
        /// When.
        at: Time,
    },
    /// A question about a rule.
    Status(String),
}

/// An ordered answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This answer; nothing happens at the vendor.
    Says(Submitted),
    /// The vendor opens the rule and works on it.
    Takes,
    /// The same, but its answer is lost.
    Lost,
}

/// An answer, and how many seconds it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed<T> {
    /// How long the call takes.
    pub seconds: u64,
    /// Its answer.
    pub answer: T,
}

/// Another vendor in the plain one's place. Each call arrives before its time passes: it takes effect even if
/// the caller never hears of it.
pub trait Script {
    /// A search.
    fn search(&self, by: &[Identifier], named: &[Identifier]) -> Timed<Result<Found, Fault>>;
    /// A fetch of the records.
    fn copy(&self, identifiers: &[Identifier]) -> Timed<Result<Vec<RecordCopy>, Fault>>;
    /// A submission.
    fn submit(&self, batch: &Batch<'_>) -> Timed<Submitted>;
    /// A question about a rule.
    fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId])
    -> Timed<Result<RuleReport, Fault>>;
}

#[derive(Debug)]
struct OpenRule {
    records: Vec<RecordId>,
    dry_run: bool,
    polls: u32,
    opened_at: Time,
}

/// After this many seconds the vendor has done everything that it accepted, even without a status check.
const WORKS_SECONDS: u64 = 30;

/// The vendor's records and behaviour; tests change them at will.
pub struct State {
    /// Its capabilities.
    pub capabilities: Capabilities,
    /// Its records, by the comparable form of an identifier.
    pub people: BTreeMap<String, BTreeSet<RecordId>>,
    /// Ordered answers to searches, used up one by one.
    pub searches: VecDeque<Result<Vec<RecordId>, Fault>>,
    /// The records that every search sets aside.
    pub set_aside: Vec<SetAside>,
    /// The size of each record's text in a copy, in bytes.
    pub record_bytes: usize,
    /// Records that show another value of a kind that the request names.
    pub marked: BTreeSet<RecordId>,
    /// The name in its records.
    pub shown_name: String,
    /// Whether searches are blind: they don't find the control's record.
    pub control_gone: bool,
    /// Whether it compares identifiers byte by byte: `people` is then keyed by the exact value.
    pub exact: bool,
    /// How many foreign records a finished rule lists.
    pub strangers: usize,
    /// Ordered answers to submissions.
    pub submissions: VecDeque<Reply>,
    /// Ordered answers to questions about rules.
    pub statuses: VecDeque<Result<RuleReport, Fault>>,
    /// How many status checks of a rule answer `Pending` before it finishes.
    pub polls: u32,
    /// Whether it retains the records although it reports that it is done.
    pub keeps: bool,
    /// How many seconds each call takes.
    pub call_seconds: u64,
    /// While set, a submission hangs after it took effect.
    pub hangs: bool,
    /// Why the data source can't be opened.
    pub broken: Option<Failure>,
    /// Every call that reached it.
    pub journal: Vec<Call>,
    /// A test's look at the world during a submission.
    #[allow(clippy::type_complexity, reason = "a callback is what it is")]
    pub witness: Option<Rc<dyn Fn(&[RecordId])>>,
    /// The script that answers in its place.
    pub script: Option<Rc<dyn Script>>,
    /// The result of the last answered search.
    pub last_found: Option<Vec<RecordId>>,
    rules: BTreeMap<String, OpenRule>,
}

impl State {
    /// Its records of the people with these identifiers.
    fn held(&self, identifiers: &[Identifier]) -> BTreeSet<RecordId> {
        let key = |one: &Identifier| if self.exact { one.expose().to_owned() } else { one.comparable() };
        identifiers.iter().filter_map(|one| self.people.get(&key(one))).flatten().cloned().collect()
    }

    fn erase(&mut self, gone: &[RecordId]) {
        for records in self.people.values_mut() {
            records.retain(|record| !gone.contains(record));
        }
    }

    /// Performs everything that it accepted long enough ago.
    fn work(&mut self, now: Time) {
        let done = |rule: &&OpenRule| {
            !rule.dry_run && !self.keeps && rule.opened_at.plus_seconds(WORKS_SECONDS) <= now
        };
        let gone: Vec<RecordId> =
            self.rules.values().filter(done).flat_map(|rule| rule.records.clone()).collect();
        self.erase(&gone);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("journal", &self.journal).finish_non_exhaustive()
    }
}

/// A plain vendor's capabilities: it searches by e-mail and erases, a hundred records a batch.
#[must_use]
pub fn plain() -> Capabilities {
    Capabilities {
        title: "Plain".to_owned(),
        target: target("plain", &BTreeMap::new()),
        ignores_case: vec![IdentifierKind::email()],
        states_whole: true,
        control: None,
        identifiers: vec![IdentifierKind::email()],
        rights: vec![Right::Erasure, Right::Access],
        export: None,
        dry_run: true,
        batch_size: 100,
        max_records: 10_000,
        call_timeout_seconds: 20,
        status_waits: Waits { first_seconds: 2, longest_seconds: 3600 },
        verify_waits: Waits { first_seconds: 5, longest_seconds: 3600 },
        verify_looks: 4,
        unknown_waits: Waits { first_seconds: 60, longest_seconds: 3600 },
        unknown_looks: 3,
        unknown_repeats: true,
        deadline_seconds: 20 * 24 * 3600,
        search_tries: 5,
        call_limits: CallLimits::default(),
    }
}

/// A handle on one vendor; a clone is the same one.
#[derive(Clone, Debug)]
pub struct FakeVendor {
    state: Rc<RefCell<State>>,
    capabilities: Capabilities,
    gate: Gate,
    clock: TestClock,
}

impl FakeVendor {
    fn new(gate: Gate, clock: TestClock) -> Self {
        let capabilities = plain();
        let state = State {
            capabilities: capabilities.clone(),
            people: BTreeMap::new(),
            searches: VecDeque::new(),
            set_aside: Vec::new(),
            record_bytes: 0,
            marked: BTreeSet::new(),
            shown_name: "Ana Canario".to_owned(),
            control_gone: false,
            exact: false,
            strangers: 0,
            submissions: VecDeque::new(),
            statuses: VecDeque::new(),
            polls: 1,
            keeps: false,
            call_seconds: 0,
            hangs: false,
            broken: None,
            journal: Vec::new(),
            witness: None,
            script: None,
            last_found: None,
            rules: BTreeMap::new(),
        };
        Self { state: Rc::new(RefCell::new(state)), capabilities, gate, clock }
    }

    /// Changes its records or its behaviour.
    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.borrow_mut());
    }

    /// Gives the person `email` records with these ids.
    pub fn holds(&self, email: &str, records: impl IntoIterator<Item = String>) {
        let records = records.into_iter().map(RecordId::new);
        self.set(|state| state.people.entry(email.to_lowercase()).or_default().extend(records));
    }

    /// The result of its last search; `None` if it failed.
    #[must_use]
    pub fn last_found(&self) -> Option<Vec<RecordId>> {
        self.state.borrow().last_found.clone()
    }

    /// How many records it holds.
    #[must_use]
    pub fn left(&self) -> usize {
        self.state.borrow().people.values().map(BTreeSet::len).sum()
    }

    /// Every call that reached it.
    #[must_use]
    pub fn journal(&self) -> Vec<Call> {
        self.state.borrow().journal.clone()
    }

    /// The record ids of each submission that reached it.
    #[must_use]
    pub fn posts(&self) -> Vec<Vec<RecordId>> {
        let journal = self.journal();
        journal
            .into_iter()
            .filter_map(|call| match call {
                Call::Submit { records, .. } => Some(records),
                _ => None,
            })
            .collect()
    }

    fn script(&self) -> Option<Rc<dyn Script>> {
        self.state.borrow().script.clone()
    }

    async fn took<T>(&self, timed: Timed<T>, after: &'static str) -> T {
        self.clock.sleep(timed.seconds).await;
        self.gate.point(after).await;
        timed.answer
    }

    fn called(&self, call: Call) {
        let mut state = self.state.borrow_mut();
        state.journal.push(call);
        self.clock.advance(state.call_seconds);
    }

    fn accept(&self, batch: &Batch<'_>) -> Submitted {
        let mut state = self.state.borrow_mut();
        let rule_id = format!("rule-{}", state.rules.len() + 1);
        let (records, opened_at) = (batch.records.to_vec(), self.clock.now());
        let dry_run = batch.dry_run || batch.right == Right::Access;
        let rule = OpenRule { records, dry_run, polls: state.polls, opened_at };
        state.rules.insert(rule_id.clone(), rule);
        Submitted::Accepted { rule_id, status: RuleStatus::AwaitingApproval }
    }

    fn ask(&self, rule_id: &str, asked: &[RecordId]) -> Result<RuleReport, Fault> {
        let mut state = self.state.borrow_mut();
        if let Some(ordered) = state.statuses.pop_front() {
            return ordered;
        }
        let (keeps, strangers) = (state.keeps, state.strangers);
        let rule = state.rules.get_mut(rule_id).ok_or(Fault::RuleNotFound)?;
        if rule.polls > 0 {
            rule.polls -= 1;
            let (status, claim) = (RuleStatus::Pending, Claim::NotStated);
            return Ok(RuleReport { status, confirmed: 0, strangers: 0, claim });
        }
        let (gone, erases) = (rule.records.clone(), !rule.dry_run && !keeps);
        if erases {
            state.erase(&gone);
        }
        let confirmed = gone.iter().filter(|record| asked.contains(record)).count();
        Ok(RuleReport { status: RuleStatus::Finished, confirmed, strangers, claim: Claim::Deleted })
    }
}

impl Vendor for FakeVendor {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault> {
        self.gate.point("vendor search").await;
        if let Some(script) = self.script() {
            return self.took(script.search(by, named), "after vendor search").await;
        }
        if by.iter().any(|one| one.expose() == CONTROL) {
            self.called(Call::Control);
            let seen = !self.state.borrow().control_gone;
            let records = seen.then(|| RecordId::new("control")).into_iter().collect();
            return Ok(Found { records, ..Found::default() });
        }
        self.called(Call::Search(by.len()));
        let mut state = self.state.borrow_mut();
        state.work(self.clock.now());
        let found = match state.searches.pop_front() {
            Some(ordered) => ordered,
            None => Ok(state.held(by).into_iter().collect()),
        };
        state.last_found = found.clone().ok();
        found.map(|records: Vec<RecordId>| Found {
            marked: records.iter().filter(|record| state.marked.contains(record)).cloned().collect(),
            records,
            set_aside: state.set_aside.clone(),
        })
    }

    async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault> {
        let found = self.search(by, named).await?;
        let found_by = by.first().map_or_else(IdentifierKind::email, |one| one.kind().clone());
        let name = self.state.borrow().shown_name.clone();
        let shown = |id: Option<RecordId>, marked, set_aside, doubtful| ShownRecord {
            fields: vec![("name".to_owned(), name.clone())],
            found_by: found_by.clone(),
            id,
            marked,
            set_aside,
            doubtful,
        };
        let records =
            found.records.iter().map(|id| shown(Some(id.clone()), found.marked.contains(id), false, false));
        let aside = found.set_aside.iter().map(|one| shown(one.id.clone(), false, true, one.doubtful));
        Ok(records.chain(aside).collect())
    }

    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault> {
        self.gate.point("vendor copy").await;
        if let Some(script) = self.script() {
            return self.took(script.copy(identifiers), "after vendor copy").await;
        }
        self.called(Call::Copy(identifiers.len()));
        let mut state = self.state.borrow_mut();
        if let Some(Err(fault)) = state.searches.pop_front() {
            return Err(fault);
        }
        let unique = state.held(identifiers);
        let text = "x".repeat(state.record_bytes);
        let content =
            |id: &RecordId| serde_json::json!({"id": id.expose(), "name": "Ana Canario", "text": text});
        Ok(unique.into_iter().map(|id| RecordCopy { content: content(&id), id }).collect())
    }

    async fn submit(&self, batch: &Batch<'_>) -> Submitted {
        self.gate.point("vendor submit").await;
        if let Some(script) = self.script() {
            return self.took(script.submit(batch), "after vendor submit").await;
        }
        let witness = self.state.borrow().witness.clone();
        if let Some(witness) = witness {
            witness(batch.records);
        }
        self.called(Call::Submit {
            records: batch.records.to_vec(),
            dry_run: batch.dry_run,
            right: batch.right,
            at: self.clock.now(),
        });
        let ordered = self.state.borrow_mut().submissions.pop_front();
        let answer = match ordered {
            Some(Reply::Says(answer)) => answer,
            Some(Reply::Lost) => {
                self.accept(batch);
                Submitted::Unknown(Code::VendorTimedOut)
            }
            Some(Reply::Takes) | None => self.accept(batch),
        };
        poll_fn(|_| if self.state.borrow().hangs { Poll::Pending } else { Poll::Ready(()) }).await;
        self.gate.point("after vendor submit").await;
        answer
    }

    async fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId]) -> Result<RuleReport, Fault> {
        self.gate.point("vendor status").await;
        if let Some(script) = self.script() {
            return self.took(script.status(rule_id, own, batch), "after vendor status").await;
        }
        self.called(Call::Status(rule_id.to_owned()));
        self.ask(rule_id, own)
    }

    async fn test(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// A data source, and its host; `None` is the first host that it was set up with.
type Place = (SourceId, Option<String>);

/// The vendors behind all data sources.
#[derive(Clone, Debug)]
pub struct FakeVendors {
    gate: Gate,
    clock: TestClock,
    all: Rc<RefCell<BTreeMap<Place, FakeVendor>>>,
    follows: Rc<Cell<bool>>,
}

impl FakeVendors {
    /// None yet.
    #[must_use]
    pub fn new(gate: Gate, clock: TestClock) -> Self {
        Self { gate, clock, all: Rc::default(), follows: Rc::default() }
    }

    /// From now on a data source opens at its present target, whatever the run's target: for tests that show
    /// the consequences.
    pub fn forget_targets(&self) {
        self.follows.set(true);
    }

    /// The vendor behind a data source; it is made on first use.
    #[must_use]
    pub fn vendor(&self, source: &SourceId) -> FakeVendor {
        self.at(source, None)
    }

    /// The vendor behind a data source at this host; `None` is its first host.
    #[must_use]
    pub fn at(&self, source: &SourceId, host: Option<&str>) -> FakeVendor {
        let new = || FakeVendor::new(self.gate.clone(), self.clock.clone());
        let key = (source.clone(), host.map(str::to_owned));
        self.all.borrow_mut().entry(key).or_insert_with(new).clone()
    }
}

impl Vendors for FakeVendors {
    type Vendor = FakeVendor;

    fn target(&self, source: &DataSource) -> Result<Target, Failure> {
        let params = if self.follows.get() { BTreeMap::new() } else { source.params.clone() };
        Ok(target(&source.connector, &params))
    }

    async fn open(&self, source: &DataSource, at: &Target) -> Result<FakeVendor, Failure> {
        self.gate.point("open vendor").await;
        let params = if self.follows.get() { &source.params } else { &at.params };
        let mut vendor = self.at(&source.id, params.get("host").map(String::as_str));
        let (broken, capabilities) = {
            let state = vendor.state.borrow();
            (state.broken, state.capabilities.clone())
        };
        vendor.capabilities = Capabilities { target: at.clone(), ..capabilities };
        let is_now = self.follows.get() || self.target(source)? == *at;
        if let Some(control) = source.control.as_ref().filter(|_| is_now) {
            vendor.capabilities.control = Identifier::new(control.kind.clone(), &control.value).ok();
        }
        broken.map_or(Ok(vendor), Err)
    }
}

/// The failure of a data source without its secret.
pub const NO_SECRET: Failure = Failure::new(Kind::Misconfigured, Code::SecretMissing);
