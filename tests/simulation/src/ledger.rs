//! What really happened at the vendors, who asked for it, and what of it must never happen.

use crate::history::{Standing, source_of};
use rightful_contract::keys::TagKey;
use rightful_contract::rows;
use rightful_contract::store::Store;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::law::right::Right;
use rightful_domain::life::MOST_ROUNDS;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Task, TaskState, Verdict};
use rightful_domain::vendor::port::Batch;
use rightful_domain::vendor::record::RecordId;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// An invariant of the design that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant}: {what}")]
pub struct Violation {
    /// Its number in the design.
    pub invariant: u8,
    /// What happened.
    pub what: String,
}

/// What a request demands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demanded {
    pub(crate) person: usize,
    pub(crate) right: Right,
    pub(crate) dry_run: bool,
}

/// What a vendor answered to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It opened a rule.
    Taken,
    /// It opened a rule that may not be what was asked for.
    Doubtful,
    /// It had no effect.
    NotTaken,
    /// Nothing came back.
    None,
}

/// A submission that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) at: TaskRef,
    vendor: String,
    /// In which run of its task.
    run: u32,
    person: usize,
    fence: u64,
    records: Vec<RecordId>,
    /// When its caller has the answer, or gives it up.
    pub(crate) ends_at: Time,
    /// Whether its answer says for certain that it had no effect.
    harmless: bool,
    /// Whether it is there to erase; a dry run counts as if it were.
    erases: bool,
    dry_run: bool,
    rule_id: Option<String>,
    answer: Answer,
    /// Who sent it.
    worker: u64,
    /// Whether its sender lived to store the answer.
    heard: bool,
}

/// A search that the vendor answered.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// For which task; `None` when the reconciliation looked, which does so for every task that a
    /// person has.
    pub(crate) at: Option<TaskRef>,
    pub(crate) worker: u64,
    /// How often its worker had opened a data source by then: each look opens one for itself.
    pub(crate) opened: u32,
    pub(crate) source: SourceId,
    pub(crate) began_at: Time,
    pub(crate) vendor: String,
    /// Whether the records were fetched.
    pub(crate) copies: bool,
    /// Who was asked for, and in which spelling.
    pub(crate) key: String,
    pub(crate) spelling: String,
    pub(crate) found: Vec<RecordId>,
    /// What the vendor really held of them when it was asked.
    pub(crate) there: BTreeSet<RecordId>,
    /// Whether the answer was not true, and the vendor did not say so.
    pub(crate) excused: bool,
    /// The same, because it showed too little for this once.
    pub(crate) blind: bool,
    pub(crate) marked: usize,
    pub(crate) doubtful: usize,
    /// Which of the doubtful have an id.
    pub(crate) doubts: BTreeSet<RecordId>,
}

impl Search {
    pub(crate) fn by(source: &SourceId, began_at: Time) -> Self {
        Self {
            at: None,
            worker: 0,
            opened: 0,
            source: source.clone(),
            began_at,
            vendor: String::new(),
            copies: false,
            key: String::new(),
            spelling: String::new(),
            found: Vec::new(),
            there: BTreeSet::new(),
            excused: false,
            blind: false,
            marked: 0,
            doubtful: 0,
            doubts: BTreeSet::new(),
        }
    }

    /// Whether it may have been for this task.
    fn is_for(&self, at: &TaskRef) -> bool {
        self.source == at.source_id && self.at.as_ref().is_none_or(|mine| mine == at)
    }
}

/// One look: a search in every spelling that it asked in.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    worker: u64,
    opened: u32,
    /// The place of its first search among all of them.
    first: usize,
    pub(crate) began_at: Time,
    vendor: String,
    copies: bool,
    spellings: Vec<String>,
    pub(crate) found: BTreeSet<RecordId>,
    /// What the vendor really held from its first search to its last.
    pub(crate) there: BTreeSet<RecordId>,
    pub(crate) excused: bool,
    pub(crate) blind: bool,
    pub(crate) marked: usize,
    pub(crate) doubtful: usize,
    doubts: BTreeSet<RecordId>,
}

/// What the events and the looks say of a task's run.
#[derive(Clone, Debug, Default)]
struct Run {
    /// Counts what a person has begun anew, or a change of the target.
    number: u32,
    /// The number of its first batch.
    first_batch: u32,
    /// How many records each round's search found.
    found: Vec<usize>,
    /// At which vendor the last of them was.
    vendor: Option<String>,
    /// What that search found doubtful.
    doubts: usize,
    /// The doubtful records that a reviewer of it is shown.
    shown: BTreeSet<RecordId>,
    /// Whether a person decided since.
    reviewed: bool,
    /// How many searches there were when its last intent was stored.
    intended: Option<usize>,
}

/// From a sight of the control on, looks count for so many seconds; with some more for a host's clock.
const CONTROL_SECONDS: u64 = 300 + 15;
/// Two looks without a control are so many seconds apart at least.
const APART_SECONDS: u64 = 45;
/// A vendor's refusal is its word only after tries over so many seconds.
const REFUSED_SECONDS: u64 = 60;

/// The book of a run.
pub(crate) struct Ledger {
    store: Store,
    tags: TagKey,
    /// The task that the worker is about whose turn it is.
    pub(crate) current: RefCell<Option<TaskRef>>,
    pub(crate) demanded: RefCell<BTreeMap<RequestId, Demanded>>,
    /// The worker whose turn it is, or was last.
    pub(crate) worker: Cell<u64>,
    /// How often each worker has opened a data source.
    opened: RefCell<BTreeMap<u64, u32>>,
    /// Whose a record is, by vendor.
    owners: RefCell<BTreeMap<(String, RecordId), usize>>,
    /// Whom an identifier points at.
    known: RefCell<BTreeMap<String, BTreeSet<usize>>>,
    /// Whom the identifiers point at that an operator gave a data source, beside the person.
    given: RefCell<BTreeSet<(RequestId, SourceId, usize)>>,
    /// Who decides at a data source, by right.
    policies: RefCell<BTreeMap<(SourceId, Right), Policy>>,
    /// What the events say, by request and data source.
    standings: RefCell<BTreeMap<(RequestId, SourceId), Standing>>,
    posts: RefCell<Vec<Post>>,
    searches: RefCell<Vec<Search>>,
    runs: RefCell<BTreeMap<(RequestId, SourceId), Run>>,
    /// Vendors with a control, and when each really showed it.
    controls: RefCell<BTreeMap<String, Vec<Time>>>,
    /// Calls that were refused, and for which task.
    refused: RefCell<Vec<(Option<TaskRef>, SourceId, Time)>>,
    /// Rules that the vendor called finished, and how many strangers each lists.
    told_finished: RefCell<BTreeMap<(SourceId, String), usize>>,
    violation: RefCell<Option<Violation>>,
    erased: Cell<u64>,
}

impl Ledger {
    pub(crate) fn new(store: Store, tags: TagKey) -> Self {
        Self {
            store,
            tags,
            current: RefCell::default(),
            demanded: RefCell::default(),
            worker: Cell::new(0),
            opened: RefCell::default(),
            owners: RefCell::default(),
            known: RefCell::default(),
            given: RefCell::default(),
            policies: RefCell::default(),
            standings: RefCell::default(),
            posts: RefCell::default(),
            searches: RefCell::default(),
            runs: RefCell::default(),
            controls: RefCell::default(),
            refused: RefCell::default(),
            told_finished: RefCell::default(),
            violation: RefCell::default(),
            erased: Cell::new(0),
        }
    }

    /// Writes down that an invariant does not hold; the first one counts.
    pub(crate) fn breaks(&self, invariant: u8, what: impl Into<String>) {
        self.violation.borrow_mut().get_or_insert(Violation { invariant, what: what.into() });
    }

    pub(crate) fn holds(&self, invariant: u8, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.breaks(invariant, what());
        }
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.violation.borrow().clone()
    }

    /// At this vendor the record is this person's.
    pub(crate) fn owns(&self, vendor: &str, record: RecordId, person: usize) {
        self.owners.borrow_mut().insert((vendor.to_owned(), record), person);
    }

    /// An identifier points at this person.
    pub(crate) fn is_known_as(&self, identifier: &Identifier, person: usize) {
        self.known.borrow_mut().entry(identifier.comparable()).or_default().insert(person);
    }

    /// The vendor has a control.
    pub(crate) fn has_control(&self, vendor: &str) {
        self.controls.borrow_mut().entry(vendor.to_owned()).or_default();
    }

    /// The vendor showed the control's record.
    pub(crate) fn saw_control(&self, vendor: &str, now: Time) {
        self.controls.borrow_mut().entry(vendor.to_owned()).or_default().push(now);
    }

    /// A call was refused, by the vendor or by a gateway before it.
    pub(crate) fn refused(&self, source: &SourceId, now: Time) {
        self.refused.borrow_mut().push((self.current.borrow().clone(), source.clone(), now));
    }

    /// The worker whose turn it is opens a data source: what it searches from now on is another look.
    pub(crate) fn opens(&self) {
        *self.opened.borrow_mut().entry(self.worker.get()).or_default() += 1;
    }

    /// Whose task it is.
    pub(crate) fn person_of(&self, at: &TaskRef) -> Option<usize> {
        self.demanded.borrow().get(&at.request_id).map(|demanded| demanded.person)
    }

    /// Whether nothing came back to some submission of this task.
    pub(crate) fn has_unheard_of(&self, at: &TaskRef) -> bool {
        self.posts.borrow().iter().any(|post| post.at == *at && post.answer == Answer::None)
    }

    /// The records that the worker's task is looked at for, while its last look is due.
    pub(crate) fn looked_for(&self, source: &SourceId, dry_run: bool) -> Option<BTreeSet<RecordId>> {
        let at = self.current.borrow().clone().filter(|at| at.source_id == *source)?;
        let demanded = self.demanded.borrow().get(&at.request_id).copied()?;
        let task: Task = self.read(at.request_id, &rows::task_sk(source))?;
        let looks = task.state == TaskState::Verifying && demanded.dry_run == dry_run;
        if looks { self.decided(&task) } else { None }
    }

    /// Who decides on what is found at a data source.
    pub(crate) fn decides(&self, source: &SourceId, right: Right, policy: Policy) {
        self.policies.borrow_mut().insert((source.clone(), right), policy);
    }

    /// An operator is about to give an identifier that points at this person.
    pub(crate) fn points_at(&self, at: &TaskRef, person: usize) {
        self.given.borrow_mut().insert((at.request_id, at.source_id.clone(), person));
    }

    /// Whether a record at this vendor is of the person of a task, or of one whom an operator pointed at.
    pub(crate) fn is_theirs(&self, at: &TaskRef, vendor: &str, record: &RecordId) -> bool {
        let owner = self.owners.borrow().get(&(vendor.to_owned(), record.clone())).copied();
        owner.is_some_and(|owner| self.is_about(at, owner))
    }

    /// The same at the vendor where the task's records were found.
    pub(crate) fn is_theirs_where_found(&self, at: &TaskRef, record: &RecordId) -> bool {
        self.found_at(at).is_some_and(|vendor| self.is_theirs(at, &vendor, record))
    }

    fn is_about(&self, at: &TaskRef, person: usize) -> bool {
        self.person_of(at) == Some(person)
            || self.given.borrow().contains(&(at.request_id, at.source_id.clone(), person))
    }

    fn found_at(&self, at: &TaskRef) -> Option<String> {
        self.runs.borrow().get(&key(at)).and_then(|run| run.vendor.clone())
    }

    /// How many records the searches of the task's run found: all its rounds together for an erasure, the
    /// last of them for a copy, which is made anew of everything; and the number of its first batch.
    pub(crate) fn of_run(&self, at: &TaskRef, right: Right) -> (usize, u32) {
        let runs = self.runs.borrow();
        let found = |run: &Run| match right {
            Right::Erasure => run.found.iter().sum(),
            Right::Access => run.found.last().copied().unwrap_or_default(),
        };
        runs.get(&key(at)).map_or((0, 0), |run| (found(run), run.first_batch))
    }

    fn number(&self, at: &TaskRef) -> u32 {
        self.runs.borrow().get(&key(at)).map_or(0, |run| run.number)
    }

    /// A stored request, if it is there.
    pub(crate) fn request(&self, id: RequestId) -> Option<Request> {
        self.read(id, "REQUEST")
    }

    /// The facts of a request's events, as far as they can be read.
    pub(crate) fn facts(&self, id: RequestId) -> Vec<Fact> {
        let events = self.store.table().query(&rows::request_pk(id), "EVENT#");
        events.iter().filter_map(|item| fact(&item.body)).collect()
    }

    /// Takes in an event that was stored now.
    pub(crate) fn recorded(&self, request: &Request, bytes: &[u8]) -> Option<Fact> {
        let fact = fact(bytes)?;
        let source = source_of(&fact)?;
        let policies = self.policies.borrow();
        let Some(policy) = policies.get(&(source.clone(), request.right)) else {
            self.breaks(2, "an event of a data source that is not there");
            return None;
        };
        let at = TaskRef { request_id: request.id, source_id: source.clone() };
        self.learn(&at, &fact, *policy, request.dry_run);
        let mut standings = self.standings.borrow_mut();
        let standing = standings.entry((request.id, source.clone())).or_default();
        if let Err(what) = standing.take(&fact, *policy) {
            self.breaks(2, what);
        }
        Some(fact)
    }

    /// What an event says, and what was really seen when it was stored.
    fn learn(&self, at: &TaskRef, fact: &Fact, policy: Policy, dry_run: bool) {
        let mut runs = self.runs.borrow_mut();
        let run = runs.entry(key(at)).or_default();
        match fact {
            Fact::Found { records, .. } => {
                let Some(look) = self.look_of_worker(at) else {
                    return self.breaks(4, "something was found without a search");
                };
                // A round that finds nothing ends nothing: the looks after it do.
                if *records == 0 && run.found.is_empty() {
                    self.found_nothing_rightly(&look);
                }
                run.found.push(look.found.len());
                run.vendor = Some(look.vendor.clone());
                run.doubts = look.marked + look.doubtful;
                run.shown = look.doubts;
                run.reviewed = false;
            }
            Fact::Decided { .. } => {
                let unattended = dry_run && policy == Policy::Auto;
                self.holds(2, run.doubts == 0 || unattended, || {
                    "a policy decided although some of what was found, or set aside, is doubtful".to_owned()
                });
            }
            Fact::Reviewed { .. } => run.reviewed = true,
            Fact::Intended { .. } => run.intended = Some(self.searches.borrow().len()),
            Fact::WentBack { round, .. } => {
                self.holds(5, *round <= MOST_ROUNDS && run.found.len() <= MOST_ROUNDS as usize, || {
                    format!("round {round} after {} searches", run.found.len())
                });
            }
            Fact::SearchesAgain { .. } => drop(run.found.pop()),
            Fact::RunsAgain { .. } | Fact::IdentifierGiven { .. } | Fact::TargetChanged { .. } => {
                let task: Option<Task> = self.read(at.request_id, &rows::task_sk(&at.source_id));
                let first_batch = task.map_or(0, |task| task.first_batch);
                *run = Run { number: run.number + 1, first_batch, ..Run::default() };
            }
            Fact::Accepted { .. } | Fact::Doubted { .. } | Fact::NotSent { .. } | Fact::Rejected { .. } => {
                let worker = self.worker.get();
                let mut posts = self.posts.borrow_mut();
                let mine = posts.iter_mut().rev().find(|post| post.at == *at && post.worker == worker);
                if let Some(post) = mine {
                    post.heard = true;
                }
            }
            _ => {}
        }
    }

    /// The looks for a task, in the order in which they began.
    fn looks(&self, at: &TaskRef) -> Vec<Look> {
        let mut looks: Vec<Look> = Vec::new();
        let known = self.known.borrow();
        let searches = self.searches.borrow();
        for (first, search) in searches.iter().enumerate().filter(|(_, search)| search.is_for(at)) {
            let about = known.get(&search.key);
            let mine = match about {
                Some(people) => people.iter().any(|person| self.is_about(at, *person)),
                None => search.at.is_some(),
            };
            if !mine {
                continue;
            }
            let open = looks.iter_mut().rev().find(|look| look.worker == search.worker).filter(|look| {
                let again = look.spellings.contains(&search.spelling);
                let same = look.opened == search.opened && look.vendor == search.vendor;
                !again && same && look.copies == search.copies
            });
            let Some(look) = open else {
                looks.push(Look {
                    worker: search.worker,
                    opened: search.opened,
                    first,
                    began_at: search.began_at,
                    vendor: search.vendor.clone(),
                    copies: search.copies,
                    spellings: vec![search.spelling.clone()],
                    found: search.found.iter().cloned().collect(),
                    there: search.there.clone(),
                    excused: search.excused,
                    blind: search.blind,
                    marked: search.marked,
                    doubtful: search.doubtful,
                    doubts: search.doubts.clone(),
                });
                continue;
            };
            look.spellings.push(search.spelling.clone());
            look.found.extend(search.found.iter().cloned());
            look.there.retain(|record| search.there.contains(record));
            (look.excused, look.blind) = (look.excused || search.excused, look.blind || search.blind);
            look.marked = look.marked.max(search.marked);
            look.doubtful = look.doubtful.max(search.doubtful);
            look.doubts.extend(search.doubts.iter().cloned());
        }
        looks
    }

    /// The last look of the worker whose turn it is.
    pub(crate) fn look_of_worker(&self, at: &TaskRef) -> Option<Look> {
        let worker = self.worker.get();
        self.looks(at).into_iter().rev().find(|look| look.worker == worker)
    }

    /// Whether the vendor really showed its control in the minutes before a look.
    fn is_controlled(&self, look: &Look) -> bool {
        let controls = self.controls.borrow();
        let seen = controls.get(&look.vendor).into_iter().flatten();
        // The control is asked for after the look, unless it was seen before.
        seen.into_iter().any(|at| {
            *at >= look.began_at.minus_seconds(CONTROL_SECONDS)
                && *at <= look.began_at.plus_seconds(CONTROL_SECONDS)
        })
    }

    /// A search that found nothing tells the truth, or was blind for this once; and where there is a
    /// control, that search showed it in the same minutes.
    fn found_nothing_rightly(&self, look: &Look) {
        self.holds(4, look.found.is_empty(), || "nothing found by a search that found records".to_owned());
        let has_control = self.controls.borrow().contains_key(&look.vendor);
        let excused = look.blind && (!has_control || self.is_controlled(look));
        self.holds(4, look.there.is_empty() || excused, || {
            format!("nothing found, yet the vendor holds {} records", look.there.len())
        });
    }

    /// A last look found nothing, and that is true: unless the vendor was blind in it, and either showed
    /// its control in the same minutes, or was blind or right in an earlier look too.
    pub(crate) fn is_gone_rightly(&self, at: &TaskRef) {
        let looks = self.looks(at);
        let worker = self.worker.get();
        let Some(last) = looks.iter().rev().find(|look| look.worker == worker) else {
            return self.breaks(4, "verified without a look");
        };
        self.holds(4, last.found.is_empty(), || {
            format!("verified by a look that found {} records", last.found.len())
        });
        if last.there.is_empty() {
            return;
        }
        self.holds(4, last.blind, || {
            format!("verified, yet the vendor holds {} records of the person", last.there.len())
        });
        let earlier = looks.iter().any(|look| {
            look.vendor == last.vendor
                && look.found.is_empty()
                && look.began_at.plus_seconds(APART_SECONDS) <= last.began_at
        });
        self.holds(4, earlier || self.is_controlled(last), || {
            "verified by one look, in which the vendor was blind".to_owned()
        });
    }

    /// A copy holds all of the person's records, as far as the vendor showed them.
    pub(crate) fn is_copied_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(look) = self.look_of_worker(at) else {
            return self.breaks(4, "copied without a look");
        };
        let missing = look.there.difference(decided).count();
        self.holds(4, missing == 0 || look.excused, || {
            format!("copied, without {missing} of the person's records")
        });
    }

    /// What a copy left out of the records decided on was gone, or was not shown in two fetches apart.
    pub(crate) fn is_missed_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(last) = self.look_of_worker(at) else {
            return self.breaks(4, "nothing left to copy, and nobody looked");
        };
        let missed: BTreeSet<&RecordId> =
            decided.intersection(&last.there).filter(|record| !last.found.contains(*record)).collect();
        let earlier = || {
            self.looks(at).iter().any(|look| {
                look.copies
                    && look.vendor == last.vendor
                    && look.began_at.plus_seconds(APART_SECONDS) <= last.began_at
                    && missed.iter().any(|record| !look.found.contains(*record))
            })
        };
        self.holds(4, missed.is_empty() || last.excused && earlier(), || {
            format!("told as gone by one fetch, and the vendor holds {} of them", missed.len())
        });
    }

    /// A dry run that ends as one has erased nothing, as far as its look could see.
    pub(crate) fn is_dry_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(look) = self.look_of_worker(at) else {
            return self.breaks(4, "a dry run without a look");
        };
        let gone = decided.difference(&look.there).count();
        self.holds(4, gone == 0 || look.excused, || {
            format!("a dry run that erased {gone} records, and says that it erased none")
        });
    }

    /// What was set aside and may be the person's was a person's matter before this.
    pub(crate) fn doubts_were_seen(&self, at: &TaskRef) {
        let runs = self.runs.borrow();
        let run = runs.get(&key(at)).cloned().unwrap_or_default();
        let Some(look) = self.look_of_worker(at) else { return };
        let shown = run.reviewed && look.doubts.is_subset(&run.shown);
        self.holds(4, look.doubtful == 0 || shown, || {
            format!("ended well with {} records set aside that may be the person's", look.doubtful)
        });
    }

    /// A search that found nothing and set something doubtful aside ends only by a person.
    pub(crate) fn a_zero_was_seen(&self, at: &TaskRef, always: bool) {
        let runs = self.runs.borrow();
        let run = runs.get(&key(at)).cloned().unwrap_or_default();
        self.holds(4, run.reviewed || !always && run.doubts == 0, || {
            "nothing found, and no person saw it who had to".to_owned()
        });
    }

    /// The submissions of a task's run whose end nobody knows: to which vendor, and their records.
    pub(crate) fn without_an_end(&self, at: &TaskRef) -> Vec<(String, Vec<RecordId>)> {
        let run = self.number(at);
        let unended = |post: &&Post| {
            post.at == *at && post.run == run && post.erases && (post.answer == Answer::None || !post.heard)
        };
        self.posts
            .borrow()
            .iter()
            .filter(unended)
            .map(|post| (post.vendor.clone(), post.records.clone()))
            .collect()
    }

    /// Whether a task was refused in tries over some time, not once.
    pub(crate) fn was_refused_for_long(&self, at: &TaskRef) -> bool {
        let refused = self.refused.borrow();
        let mine = refused.iter().filter(|(task, source, _)| {
            *source == at.source_id && task.as_ref().is_none_or(|task| task == at)
        });
        let times: Vec<Time> = mine.map(|(_, _, time)| *time).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        first.zip(last).is_some_and(|(first, last)| first.plus_seconds(REFUSED_SECONDS) <= *last)
    }

    /// How many strangers the vendor listed in a finished rule.
    pub(crate) fn strangers_in(&self, rule: &Rule) -> usize {
        let told = self.told_finished.borrow();
        let id = rule.rule_id.clone().filter(|_| rule.state == RuleState::Finished);
        id.and_then(|id| told.get(&(rule.source.clone(), id)).copied()).unwrap_or(0)
    }

    /// The records that the submissions of a task's run named.
    pub(crate) fn named(&self, at: &TaskRef) -> BTreeSet<RecordId> {
        let (posts, run) = (self.posts.borrow(), self.number(at));
        let mine = posts.iter().filter(|post| post.at == *at && post.run == run);
        mine.flat_map(|post| post.records.iter().cloned()).collect()
    }

    /// The records that this digest was made of.
    pub(crate) fn content(&self, digest: &Tag) -> BTreeSet<RecordId> {
        self.lists(digest).into_iter().next().unwrap_or_default().into_iter().collect()
    }

    /// Whether the decision on a task's row is the one that its events tell of.
    fn stands(&self, task: &Task) -> bool {
        let standings = self.standings.borrow();
        let told = standings.get(&(task.request, task.source.clone())).and_then(|one| one.decided.clone());
        let Some((decision, (by, digest))) = task.decision.as_ref().zip(told) else { return false };
        let proceeds = task
            .review
            .as_ref()
            .is_some_and(|review| review.by == decision.by && review.verdict == Verdict::Proceed);
        decision.by == by && decision.records == digest && (by.starts_with("policy:") || proceeds)
    }

    /// The records of a task are about to be fetched.
    pub(crate) fn copies(&self, source: &SourceId) {
        let at = self.current.borrow().clone().filter(|at| at.source_id == *source);
        let task: Option<Task> = at.and_then(|at| self.read(at.request_id, &rows::task_sk(source)));
        let right =
            task.as_ref().and_then(|task| self.demanded.borrow().get(&task.request).map(|one| one.right));
        self.holds(2, right == Some(Right::Access), || "a copy for a request that is not for one".to_owned());
        // A worker may come late with what was decided before; what it fetched is not kept then.
        let standings = self.standings.borrow();
        let ever = |task: &Task| {
            standings.get(&(task.request, task.source.clone())).is_some_and(|one| one.was_decided)
        };
        self.holds(2, task.as_ref().is_some_and(ever), || "a copy of what nobody decided on".to_owned());
    }

    /// How many records the vendors have erased.
    pub(crate) fn erased_in_all(&self) -> u64 {
        self.erased.get()
    }

    fn read<T: serde::de::DeserializeOwned>(&self, id: RequestId, sk: &str) -> Option<T> {
        let item = self.store.table().row(&rows::request_pk(id), sk)?;
        rows::read(&item).ok()
    }

    /// The records that the stored decision of a task names.
    pub(crate) fn decided(&self, task: &Task) -> Option<BTreeSet<RecordId>> {
        let lists = self.lists(&task.decision.as_ref()?.records);
        lists.into_iter().next().map(|list| list.into_iter().collect())
    }

    /// The lists of record ids that a stored digest was made of.
    fn lists(&self, digest: &Tag) -> Vec<Vec<RecordId>> {
        let Some(content) = self.tags.content_of(digest) else { return Vec::new() };
        let mut lists = Vec::new();
        if let Ok(value) = serde_json::from_slice::<Value>(&content) {
            collect(&value, &mut lists);
        }
        lists
    }

    /// A submission reaches the network now.
    pub(crate) fn post(&self, source: &SourceId, vendor: &str, batch: &Batch<'_>, now: Time) -> Option<Post> {
        let Some(at) = self.current.borrow().clone().filter(|at| at.source_id == *source) else {
            self.breaks(2, "a submission of a worker that has no task there");
            return None;
        };
        let demanded = self.demanded.borrow().get(&at.request_id).copied();
        let request: Option<Request> = self.read(at.request_id, "REQUEST");
        let task: Option<Task> = self.read(at.request_id, &rows::task_sk(source));
        let (Some(demanded), Some(request), Some(task)) = (demanded, request, task) else {
            self.breaks(2, "a submission for a task that is not there");
            return None;
        };
        self.holds(2, request.state == RequestState::Open, || "a submission for a closed request".to_owned());
        self.holds(2, batch.dry_run == demanded.dry_run, || "a dry run that is none".to_owned());
        self.holds(2, batch.right == demanded.right, || "a submission for another right".to_owned());
        self.holds(2, self.stands(&task), || {
            "a submission under a decision that no event tells of, or that was taken back".to_owned()
        });
        self.holds(2, !batch.records.is_empty(), || "a submission of nothing".to_owned());
        let decided = self.decided(&task).unwrap_or_default();
        self.holds(2, batch.records.iter().all(|record| decided.contains(record)), || {
            format!("{} records submitted, outside of the {} decided on", batch.records.len(), decided.len())
        });
        let found_at = self.found_at(&at);
        self.holds(2, found_at.as_deref() == Some(vendor), || {
            "a submission to another target than the one where its records were found".to_owned()
        });
        let foreign = batch.records.iter().any(|record| !self.is_theirs(&at, vendor, record));
        self.holds(2, !foreign, || "a record of another person submitted".to_owned());
        let rules = self.store.rules_now(at.request_id, source).unwrap_or_default();
        let intent = rules.iter().find(|rule| {
            rule.state == RuleState::Intent
                && self.lists(&rule.digest).iter().any(|list| list == batch.records)
        });
        self.holds(3, intent.is_some(), || {
            "a submission without a stored intent that names exactly its records".to_owned()
        });
        let post = Post {
            person: demanded.person,
            fence: intent.map_or(0, |rule: &Rule| rule.fence),
            run: self.number(&at),
            vendor: vendor.to_owned(),
            at,
            records: batch.records.to_vec(),
            ends_at: now,
            harmless: false,
            erases: batch.right == Right::Erasure,
            dry_run: batch.dry_run,
            rule_id: None,
            answer: Answer::None,
            worker: self.worker.get(),
            heard: false,
        };
        self.follows_the_others(&post, now);
        Some(post)
    }

    /// Whether a submission may be sent after those that were.
    fn follows_the_others(&self, post: &Post, now: Time) {
        for other in self.posts.borrow().iter() {
            let same_task = other.at == post.at;
            let same_person = other.at.source_id == post.at.source_id && other.person == post.person;
            if !same_task && !same_person {
                continue;
            }
            self.holds(3, now >= other.ends_at, || {
                let whose = if same_task { "task" } else { "person at one data source" };
                format!("two submissions under way for one {whose}")
            });
            let named_again = post.records.iter().filter(|record| other.records.contains(record));
            if same_task && other.run == post.run && other.answer == Answer::Doubtful && other.heard {
                let again = post.dry_run || named_again.clone().next().is_some();
                self.holds(3, !again, || "sent again after a doubtful answer".to_owned());
            }
            if other.harmless || !other.erases {
                continue;
            }
            for record in named_again {
                let seen = self.searches.borrow().iter().any(|search| {
                    search.is_for(&post.at)
                        && search.began_at >= other.ends_at
                        && search.found.contains(record)
                });
                self.holds(3, seen, || {
                    format!(
                        "a record submitted again under intent {} after intent {}, which may have had an effect, \
                         with no search in between that found it",
                        post.fence, other.fence
                    )
                });
            }
        }
    }

    /// How a submission ends for its caller, at the latest.
    pub(crate) fn posted(
        &self,
        post: Post,
        ends_at: Time,
        harmless: bool,
        (answer, rule_id): (Answer, Option<String>),
    ) {
        self.posts.borrow_mut().push(Post { ends_at, harmless, answer, rule_id, ..post });
    }

    /// A search was answered.
    pub(crate) fn searched(&self, search: Search) {
        let (at, worker) = (self.current.borrow().clone(), self.worker.get());
        let opened = self.opened.borrow().get(&worker).copied().unwrap_or_default();
        self.searches.borrow_mut().push(Search { at, worker, opened, ..search });
    }

    /// The vendor has said that a rule is finished, and lists so many strangers in it.
    pub(crate) fn told_finished(&self, source: &SourceId, rule_id: &str, strangers: usize) {
        self.told_finished.borrow_mut().insert((source.clone(), rule_id.to_owned()), strangers);
    }

    /// A record is gone at a vendor, by a submission of this task that named it.
    pub(crate) fn erased(&self, vendor: &str, at: &TaskRef, record: &RecordId) {
        self.erased.set(self.erased.get() + 1);
        self.holds(2, self.is_theirs(at, vendor, record), || "a record of another person erased".to_owned());
    }

    /// Whether the vendor has really said so.
    pub(crate) fn was_told_finished(&self, rule: &Rule) -> bool {
        rule.rule_id
            .as_ref()
            .is_some_and(|id| self.told_finished.borrow().contains_key(&(rule.source.clone(), id.clone())))
    }

    /// Whether the vendor gave this rule id to the submission of exactly this intent.
    pub(crate) fn was_answered(&self, rule: &Rule) -> bool {
        self.posts.borrow().iter().any(|post| {
            post.at.request_id == rule.request
                && post.at.source_id == rule.source
                && post.fence == rule.fence
                && post.rule_id.is_some()
                && post.rule_id == rule.rule_id
        })
    }

    /// Whether a search of this task, begun after its last submission that may have had an effect,
    /// found none of the records.
    pub(crate) fn was_looked_for(&self, at: &TaskRef, records: &BTreeSet<RecordId>) -> bool {
        let posts = self.posts.borrow();
        let effective = || posts.iter().filter(|post| !post.harmless && post.at.source_id == at.source_id);
        // Where its own never left, another request's may have named the same: an identifier that an
        // operator gave may point at somebody who has a request of their own.
        let names = |post: &&Post| post.records.iter().any(|record| records.contains(record));
        let own = effective().filter(|post| post.at == *at).map(|post| post.ends_at).max();
        let last = own.or_else(|| effective().filter(names).map(|post| post.ends_at).max());
        let Some(last) = last else { return self.was_looked_for_since_its_intent(at) };
        self.searches.borrow().iter().any(|search| {
            search.is_for(at)
                && search.began_at >= last
                && search.found.iter().all(|record| !records.contains(record))
        })
    }

    /// The same where no submission can have had an effect: it never reached the vendor, or its worker was gone
    /// before it was sent. Nobody can know that from an intent that was never answered, so the worker's last look
    /// has to have begun after it, and to have found nothing at all.
    fn was_looked_for_since_its_intent(&self, at: &TaskRef) -> bool {
        let intended = self.runs.borrow().get(&key(at)).and_then(|run| run.intended);
        let look = self.look_of_worker(at);
        intended.zip(look).is_some_and(|(intended, look)| look.first >= intended && look.found.is_empty())
    }

    /// Whether a search of this task since then was answered with nothing, or a fetch with nothing of
    /// what was decided on.
    pub(crate) fn found_nothing(&self, task: &Task, since: Time) -> bool {
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        let decided = self.decided(task).unwrap_or_default();
        let none = |found: &[RecordId]| {
            found.is_empty()
                || task.decision.is_some() && !found.iter().any(|record| decided.contains(record))
        };
        self.searches
            .borrow()
            .iter()
            .any(|search| search.is_for(&at) && search.began_at >= since && none(&search.found))
    }

    /// How many submissions were sent.
    pub(crate) fn posts(&self) -> usize {
        self.posts.borrow().len()
    }
}

fn key(at: &TaskRef) -> (RequestId, SourceId) {
    (at.request_id, at.source_id.clone())
}

fn fact(bytes: &[u8]) -> Option<Fact> {
    let mut event: Value = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(event.get_mut("fact")?.take()).ok()
}

fn collect(value: &Value, lists: &mut Vec<Vec<RecordId>>) {
    let Value::Array(items) = value else { return };
    let texts: Option<Vec<RecordId>> = items.iter().map(|item| item.as_str().map(RecordId::new)).collect();
    match texts {
        Some(list) => lists.push(list),
        None => items.iter().for_each(|item| collect(item, lists)),
    }
}
