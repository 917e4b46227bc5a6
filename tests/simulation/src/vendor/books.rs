//! A vendor: the people it knows, its records, and the rules that it works on.

use crate::dice::Dice;
use crate::fault::{Faults, Kind};
use crate::ledger::Ledger;
use crate::sabotage::Mend;
use crate::trace::Trace;
use rightful_contract::clock::TestClock;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::vendor::call_limits::Rate;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{RecordId, SetAside};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The base of every vendor.
pub(crate) struct Ground {
    pub(crate) dice: Rc<Dice>,
    pub(crate) faults: Rc<Faults>,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) trace: Rc<Trace>,
    pub(crate) clock: TestClock,
    /// The defence that is taken out of the product in this run.
    pub(crate) without: Cell<Option<Mend>>,
}

impl Ground {
    pub(crate) fn is_without(&self, mend: Mend) -> bool {
        self.without.get() == Some(mend)
    }
}

/// How a vendor behaves from the first day to the last.
#[derive(Clone, Default)]
pub(crate) struct Habits {
    /// How long a call may take, in seconds.
    pub(crate) timeout_seconds: u64,
    /// The longest that it works on a rule, in seconds.
    pub(crate) work_seconds: u64,
    /// Whether it compares byte by byte.
    pub(crate) exact: bool,
    /// How many records it lists, without announcing the others.
    pub(crate) cut: Option<usize>,
    /// The identifier whose record every search finds.
    pub(crate) control: Option<Identifier>,
    /// How often it may be called.
    pub(crate) rate: Option<Rate>,
}

/// One vendor.
pub(crate) struct SimVendor {
    pub(super) ground: Rc<Ground>,
    pub(super) source: SourceId,
    /// Its name: two vendors may stand behind one data source, one after the other.
    pub(crate) name: String,
    pub(super) habits: Habits,
    pub(super) state: RefCell<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// When it was called.
    pub(super) called: Vec<Time>,
    /// The prefix of its rule ids: each belongs to one vendor.
    pub(super) prefix: &'static str,
    /// The people that it may hold, by their numbers, as it spells them.
    pub(super) people: BTreeMap<usize, Identifier>,
    pub(super) held: BTreeMap<String, BTreeSet<RecordId>>,
    pub(super) erased: Vec<(Time, String, RecordId)>,
    pub(super) rules: BTreeMap<String, SimRule>,
    /// Submissions that arrive later, with the time.
    pub(super) late: Vec<(Time, SimRule)>,
    pub(super) opened: u32,
    /// The records that a search sets aside.
    pub(super) aside: BTreeMap<String, BTreeSet<SetAside>>,
    /// How many there ever were.
    pub(super) asides: u32,
    pub(super) marked: BTreeSet<RecordId>,
    /// Until when a gateway refuses every call, and how.
    pub(super) gateway: Option<(Time, Fault)>,
    /// Until when it can't be reached.
    pub(super) dead_until: Option<Time>,
    pub(super) appeared: u32,
}

#[derive(Clone)]
pub(super) struct SimRule {
    pub(super) at: TaskRef,
    pub(super) records: Vec<RecordId>,
    /// Records that it treats although they were never submitted.
    pub(super) strangers: Vec<RecordId>,
    /// Whether it erases anything.
    pub(super) erases: bool,
    /// How long it is worked on.
    pub(super) work: u64,
    pub(super) done_at: Time,
    pub(super) done: bool,
    /// Whether the vendor reports it as finished from the start.
    pub(super) early: bool,
    /// The records that it never erases, whatever it says.
    pub(super) kept: BTreeSet<RecordId>,
}

impl State {
    pub(super) fn open(&mut self, mut rule: SimRule, now: Time) -> String {
        self.opened += 1;
        let id = format!("{}{}", self.prefix, self.opened);
        rule.done_at = now.plus_seconds(rule.work);
        self.rules.insert(id.clone(), rule);
        id
    }

    pub(super) fn holds(&self, record: &RecordId) -> bool {
        self.held.values().any(|records| records.contains(record))
    }
}

impl SimVendor {
    pub(crate) fn new(ground: Rc<Ground>, source: SourceId, name: String, habits: Habits) -> Self {
        let prefix = if name == source.as_str() { "rule-" } else { "rule-b" };
        let state = RefCell::new(State { prefix, ..State::default() });
        if habits.control.is_some() {
            ground.ledger.has_control(&name);
        }
        Self { ground, source, name, habits, state }
    }

    /// The vendor knows this person, in this spelling.
    pub(crate) fn knows(&self, person: usize, spelling: Identifier) {
        self.ground.ledger.is_known_as(&spelling, person);
        self.state.borrow_mut().people.entry(person).or_insert(spelling);
    }

    /// Gives a person a record.
    pub(crate) fn keep(&self, key: &Identifier, person: usize, record: RecordId) {
        self.ground.ledger.owns(&self.name, record.clone(), person);
        self.ground.ledger.is_known_as(key, person);
        let mut state = self.state.borrow_mut();
        if self.ground.faults.strike(Kind::Marked) {
            state.marked.insert(record.clone());
        }
        state.held.entry(key.comparable()).or_default().insert(record);
    }

    /// A new record appears for a person that it knows.
    pub(crate) fn appear(&self, person: usize) {
        let (key, n) = {
            let mut state = self.state.borrow_mut();
            state.appeared += 1;
            (state.people.get(&person).cloned(), state.appeared)
        };
        if let Some(key) = key {
            self.keep(&key, person, RecordId::new(format!("{}-{person}-new-{n}", self.name)));
        }
    }

    /// A gateway refuses every call until then.
    pub(crate) fn refuse_until(&self, until: Time, fault: Fault) {
        self.state.borrow_mut().gateway = Some((until, fault));
    }

    /// Nobody reaches it until then.
    pub(crate) fn is_dead_until(&self, until: Time) {
        self.state.borrow_mut().dead_until = Some(until);
    }

    /// Which of these records it really holds now.
    pub(crate) fn holds_any(&self, records: &[RecordId]) -> bool {
        self.catch_up();
        let state = self.state.borrow();
        records.iter().any(|record| state.holds(record))
    }

    /// How many of its present records this task's submissions will still erase, without the rules that it
    /// calls finished.
    pub(crate) fn will_erase(&self, at: &TaskRef) -> usize {
        self.catch_up();
        let state = self.state.borrow();
        let open = state.rules.values().filter(|rule| !rule.done);
        let rules = open.chain(state.late.iter().map(|(_, rule)| rule));
        rules
            .filter(|rule| rule.at == *at && rule.erases && !rule.early)
            .flat_map(|rule| rule.records.iter().filter(|record| !rule.kept.contains(record)))
            .filter(|record| state.holds(record))
            .count()
    }

    /// Does everything due by now.
    pub(super) fn catch_up(&self) -> Time {
        let now = self.ground.clock.real();
        let mut state = self.state.borrow_mut();
        let (come, late) = std::mem::take(&mut state.late).into_iter().partition(|(at, _)| *at <= now);
        state.late = late;
        let come: Vec<(Time, SimRule)> = come;
        for (at, rule) in come {
            state.open(rule, at);
        }
        let State { held, erased, rules, .. } = &mut *state;
        for rule in rules.values_mut().filter(|rule| !rule.done && rule.done_at <= now) {
            rule.done = true;
            if !rule.erases {
                continue;
            }
            for (person, records) in held.iter_mut() {
                let named = rule.records.iter().filter(|record| !rule.kept.contains(record));
                for record in named {
                    if records.remove(record) {
                        erased.push((rule.done_at, person.clone(), record.clone()));
                        self.ground.ledger.erased(&self.name, &rule.at, record);
                    }
                }
                // An effect beyond the submission is the vendor's own fault.
                records.retain(|record| !rule.strangers.contains(record));
            }
        }
        now
    }

    pub(super) fn strike(&self, kind: Kind) -> bool {
        self.ground.faults.strike(kind)
    }

    pub(super) fn say(&self, what: &str, records: usize, answer: &str) {
        self.ground.trace.say(|| {
            let moved = if self.name == self.source.as_str() { "" } else { " moved" };
            format!("    {}{moved} {what} of {records}: {answer}", self.source)
        });
    }
}
