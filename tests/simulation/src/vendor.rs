//! A vendor that takes its time, loses what it is sent or what it answers, says one thing before it
//! has done another, and shows what is no longer there.

use crate::dice::Dice;
use crate::fault::{Faults, Kind};
use crate::ledger::{Answer, Ledger, Post, Search};
use crate::sabotage::Mend;
use crate::trace::Trace;
use rightful_contract::clock::TestClock;
use rightful_contract::vendor::{Script, Timed};
use rightful_domain::base::code::ANSWER_INCOMPLETE;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::vendor::call_limits::Rate;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Batch;
use rightful_domain::vendor::record::RecordCopy;
use rightful_domain::vendor::record::{Found, RecordId, SetAside};
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How long a search may show what is erased, in seconds.
const STALE_SECONDS: u64 = 900;
/// Over how many seconds its calls are counted.
const RATE_SECONDS: u64 = 600;
/// Calls in one piece of work at most: a search by all of a request's identifiers in all their spellings, and
/// for the control.
const PIECE_CALLS: u64 = 12;
/// How long a submission may lie at the vendor's door, in seconds.
const LATE_SECONDS: u64 = 3600;

/// How many records a vendor sets aside for one person at most.
const MOST_SET_ASIDE: usize = 3;

/// What a vendor stands on.
pub(crate) struct Ground {
    pub(crate) dice: Rc<Dice>,
    pub(crate) faults: Rc<Faults>,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) trace: Rc<Trace>,
    pub(crate) clock: TestClock,
    /// The mend that is taken out of the product in this run.
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
    /// How many records it lists; it says nothing of the others.
    pub(crate) cut: Option<usize>,
    /// Whose record every search finds.
    pub(crate) control: Option<Identifier>,
    /// How often it may be called.
    pub(crate) rate: Option<Rate>,
}

/// One vendor.
pub(crate) struct SimVendor {
    ground: Rc<Ground>,
    source: SourceId,
    /// What tells it apart: two of them may stand behind one data source, one after the other.
    pub(crate) name: String,
    habits: Habits,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// When it was called.
    called: Vec<Time>,
    /// How the ids of its rules begin: each belongs to one vendor alone.
    prefix: &'static str,
    /// The people that it may hold, by their numbers, as it spells them.
    people: BTreeMap<usize, Identifier>,
    held: BTreeMap<String, BTreeSet<RecordId>>,
    erased: Vec<(Time, String, RecordId)>,
    rules: BTreeMap<String, SimRule>,
    /// Submissions that come in later, with the time.
    late: Vec<(Time, SimRule)>,
    opened: u32,
    /// What a search returns beside what it finds.
    aside: BTreeMap<String, BTreeSet<SetAside>>,
    /// How many there ever were.
    asides: u32,
    marked: BTreeSet<RecordId>,
    /// Until when a gateway refuses every call, and how.
    gateway: Option<(Time, Fault)>,
    /// Until when it can't be reached.
    dead_until: Option<Time>,
    appeared: u32,
}

#[derive(Clone)]
struct SimRule {
    at: TaskRef,
    records: Vec<RecordId>,
    /// Records that it treats although its submission never named them.
    strangers: Vec<RecordId>,
    /// Whether it erases anything.
    erases: bool,
    /// How long it is worked on.
    work: u64,
    done_at: Time,
    done: bool,
    /// Said to be finished from the start.
    early: bool,
    /// What is never erased, whatever it says.
    kept: BTreeSet<RecordId>,
}

impl State {
    fn open(&mut self, mut rule: SimRule, now: Time) -> String {
        self.opened += 1;
        let id = format!("{}{}", self.prefix, self.opened);
        rule.done_at = now.plus_seconds(rule.work);
        self.rules.insert(id.clone(), rule);
        id
    }

    fn holds(&self, record: &RecordId) -> bool {
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

    /// A record is made anew for a person whom it knows.
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

    /// How many records submissions of this task will still erase that it holds now; not counted what it
    /// says is finished already.
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

    /// Does what it has to have done by now.
    fn catch_up(&self) -> Time {
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
                // What the vendor does beside what it was asked for is its own fault.
                records.retain(|record| !rule.strangers.contains(record));
            }
        }
        now
    }

    fn strike(&self, kind: Kind) -> bool {
        self.ground.faults.strike(kind)
    }

    /// Whether it is called no oftener than it may be: in ten minutes as many calls as the rate allows, one
    /// burst, and two pieces of work, since a piece goes as a whole. Clocks that are off move each a little.
    fn counts_the_call(&self) {
        let (Some(rate), now) = (self.habits.rate, self.ground.clock.real()) else { return };
        let called = &mut self.state.borrow_mut().called;
        called.retain(|at| now < at.plus_seconds(RATE_SECONDS));
        called.push(now);
        let evenly = RATE_SECONDS * u64::from(rate.calls) / u64::from(rate.per_seconds);
        let most = evenly + u64::from(rate.burst) + 2 * PIECE_CALLS;
        let calls = called.len() as u64;
        self.ground.ledger.holds(8, calls <= most, || {
            format!("{} is called {calls} times in {RATE_SECONDS} s, where {most} are allowed", self.source)
        });
    }

    /// What any call may run into.
    fn refuses(&self) -> Option<Fault> {
        self.counts_the_call();
        let now = self.ground.clock.real();
        let state = self.state.borrow();
        if state.dead_until.is_some_and(|until| now < until) {
            return Some(Fault::Unavailable("vendor_unreachable"));
        }
        if let Some((_, fault)) = state.gateway.as_ref().filter(|(until, _)| now < *until) {
            self.ground.ledger.refused(&self.source, now);
            return Some(fault.clone());
        }
        if self.strike(Kind::LostRequest) {
            return Some(Fault::Unavailable("vendor_unreachable"));
        }
        if self.strike(Kind::Throttled) {
            let seconds = self.ground.dice.within(1..=120);
            return Some(Fault::Throttled(self.ground.dice.permille(700).then_some(seconds)));
        }
        let refused = self.strike(Kind::Unauthorised);
        if refused {
            self.ground.ledger.refused(&self.source, now);
        }
        refused.then_some(Fault::Unauthorized)
    }

    /// How long a call takes that is not lost, and whether its caller waits for it.
    fn takes(&self) -> (u64, bool) {
        if !self.strike(Kind::SlowVendor) {
            return (self.ground.dice.below(2), true);
        }
        let seconds = self.ground.dice.within(3..=self.habits.timeout_seconds + 5);
        (seconds.min(self.habits.timeout_seconds), seconds < self.habits.timeout_seconds)
    }

    fn rule(&self, at: &TaskRef, batch: &Batch<'_>) -> SimRule {
        let partly = self.strike(Kind::PartlyErased);
        let kept =
            batch.records.iter().filter(|_| partly && self.ground.dice.permille(500)).cloned().collect();
        let erases = match batch.right {
            Right::Erasure => !batch.dry_run || self.strike(Kind::DryRunErases),
            Right::Access => false,
        };
        SimRule {
            at: at.clone(),
            records: batch.records.to_vec(),
            strangers: self.strangers(batch),
            erases,
            work: self.ground.dice.within(0..=self.habits.work_seconds),
            done_at: self.ground.clock.real(),
            done: false,
            early: self.strike(Kind::EarlyFinish),
            kept,
        }
    }

    /// Somebody else's records that the rule will list: one that is there, or one that nobody knows.
    fn strangers(&self, batch: &Batch<'_>) -> Vec<RecordId> {
        if batch.right == Right::Access || !self.strike(Kind::Strangers) {
            return Vec::new();
        }
        let state = self.state.borrow();
        let others: Vec<&RecordId> =
            state.held.values().flatten().filter(|record| !batch.records.contains(record)).collect();
        let one = others.get(self.ground.dice.index(others.len())).map(|record| (*record).clone());
        let real = one.filter(|_| self.ground.dice.permille(500));
        vec![real.unwrap_or_else(|| RecordId::new("nobody-1"))]
    }

    fn answer(&self, at: &TaskRef, batch: &Batch<'_>) -> Answered {
        let (now, dice) = (self.catch_up(), &self.ground.dice);
        let quick = dice.below(3);
        match self.refuses() {
            Some(fault @ (Fault::Unauthorized | Fault::Refused(_))) => {
                return Answered::harmless(quick, Submitted::Rejected(fault));
            }
            Some(fault) => return Answered::harmless(quick, Submitted::NotSent(fault)),
            None => {}
        }
        let refused = if self.ground.ledger.has_unheard_of(at) {
            self.strike(Kind::RefusedAfterUnknown)
        } else {
            false
        };
        if refused || self.strike(Kind::Rejected) {
            self.ground.ledger.refused(&self.source, now);
            return Answered::harmless(quick, Submitted::Rejected(Fault::Refused("vendor_conflict")));
        }
        if self.strike(Kind::LostUnseen) {
            return Answered::unknown(quick, "connection_reset");
        }
        let mut rule = self.rule(at, batch);
        if self.strike(Kind::LateEffect) {
            let at = now.plus_seconds(dice.within(1..=LATE_SECONDS));
            self.state.borrow_mut().late.push((at, rule));
            return Answered::unknown(self.habits.timeout_seconds, "timed_out_after_sending");
        }
        let doubted = batch.right == Right::Erasure && self.strike(Kind::Doubted);
        if doubted && !batch.dry_run {
            // It takes the submission for a dry run.
            rule.erases = false;
        }
        let rule_id = self.state.borrow_mut().open(rule, now);
        if self.strike(Kind::AppearedMeanwhile)
            && let Some(person) = self.ground.ledger.person_of(at)
        {
            self.appear(person);
        }
        let (seconds, in_time) = self.takes();
        if self.strike(Kind::LostResponse) || !in_time {
            return Answered::unknown(seconds, "timed_out_after_sending");
        }
        let (status, rule_id) = (RuleStatus::AwaitingApproval, rule_id);
        let answer = if doubted {
            let code = if batch.dry_run { "dry_run_doubted" } else { "dry_run_not_asked_for" };
            Submitted::Doubtful { rule_id: rule_id.clone(), status, code }
        } else {
            Submitted::Accepted { rule_id: rule_id.clone(), status }
        };
        Answered { seconds, answer, harmless: false, rule_id: Some(rule_id) }
    }

    fn say(&self, what: &str, records: usize, answer: &str) {
        self.ground.trace.say(|| {
            let moved = if self.name == self.source.as_str() { "" } else { " moved" };
            format!("    {}{moved} {what} of {records}: {answer}", self.source)
        });
    }
}

struct Answered {
    seconds: u64,
    answer: Submitted,
    harmless: bool,
    rule_id: Option<String>,
}

impl Answered {
    fn harmless(seconds: u64, answer: Submitted) -> Self {
        Self { seconds, answer, harmless: true, rule_id: None }
    }

    fn unknown(seconds: u64, code: &'static str) -> Self {
        Self { seconds, answer: Submitted::Unknown(code), harmless: false, rule_id: None }
    }
}

impl SimVendor {
    /// Why a look is not answered, or `None`; and how many seconds it takes.
    fn unanswered(&self, what: &str) -> (u64, Option<Fault>) {
        let (mut seconds, in_time) = self.takes();
        let lost = |code| Some(Fault::Unavailable(code));
        let fault = self
            .refuses()
            .or_else(|| if self.strike(Kind::LostResponse) { lost("connection_reset") } else { None })
            .or_else(|| if in_time { None } else { lost("timed_out") });
        if let Some(fault) = &fault {
            seconds = if in_time { self.ground.dice.below(2) } else { seconds };
            self.say(what, 0, fault.code());
        }
        (seconds, fault)
    }

    /// Who is looked for, or fetched: `what` says which.
    fn look(&self, what: &'static str, identifier: &Identifier) -> Timed<Result<Found, Fault>> {
        let now = self.catch_up();
        let (seconds, fault) = self.unanswered(what);
        if let Some(fault) = fault {
            return Timed { seconds, answer: Err(fault) };
        }
        let key = identifier.comparable();
        if self.habits.control.as_ref().is_some_and(|control| control.comparable() == key) {
            let found = self.control(now);
            self.say("search for the control", found.records.len(), "found");
            return Timed { seconds, answer: Ok(found) };
        }
        let (held, mut aside) = {
            let state = self.state.borrow();
            (state.held.get(&key).cloned().unwrap_or_default(), state.aside.get(&key).cloned())
        };
        let spelled = {
            let state = self.state.borrow();
            let mine = state.people.values().find(|one| one.comparable() == key);
            !self.habits.exact || mine.is_none_or(|mine| mine.expose() == identifier.expose())
        };
        let mut found = if spelled { held.clone() } else { BTreeSet::new() };
        let state = self.state.borrow();
        let stale: Vec<RecordId> = state
            .erased
            .iter()
            .filter(|(at, person, _)| spelled && at.plus_seconds(STALE_SECONDS) > now && *person == key)
            .map(|(_, _, record)| record.clone())
            .collect();
        drop(state);
        let stale = if !stale.is_empty() && self.strike(Kind::StaleSearch) {
            found.extend(stale.iter().cloned());
            true
        } else {
            false
        };
        if what == "search" && self.strike(Kind::SetAside) {
            aside.get_or_insert_default().insert(self.set_aside(&key));
        }
        let mut blind = !found.is_empty() && self.strike(Kind::BlindSearch);
        if blind {
            found.retain(|_| self.ground.dice.permille(500));
        }
        if !held.is_empty() && self.strike(Kind::Blind) {
            (found, aside, blind) = (BTreeSet::new(), None, true);
        }
        let cut = self.habits.cut.is_some_and(|most| found.len() > most);
        if let Some(most) = self.habits.cut {
            found = found.into_iter().take(most).collect();
        }
        if found.len() > 1 && self.strike(Kind::Incomplete) {
            if !self.ground.is_without(Mend::WholeAnswers) {
                self.say(what, 0, ANSWER_INCOMPLETE);
                return Timed { seconds, answer: Err(Fault::Unavailable(ANSWER_INCOMPLETE)) };
            }
            found = found.into_iter().take(1).collect();
        }
        let marked = self.state.borrow().marked.clone();
        let set_aside: Vec<SetAside> = aside.unwrap_or_default().into_iter().collect();
        let records: Vec<RecordId> = found.into_iter().collect();
        let marked: Vec<RecordId> = records.iter().filter(|one| marked.contains(one)).cloned().collect();
        self.ground.ledger.searched(Search {
            vendor: self.name.clone(),
            copies: what == "copy",
            key,
            spelling: identifier.expose().to_owned(),
            found: records.clone(),
            there: held,
            excused: blind || stale || cut,
            blind,
            marked: marked.len(),
            doubtful: set_aside.iter().filter(|one| one.doubtful).count(),
            doubts: set_aside.iter().filter(|one| one.doubtful).filter_map(|one| one.id.clone()).collect(),
            ..Search::by(&self.source, now)
        });
        self.say(what, records.len(), "found");
        Timed { seconds, answer: Ok(self.told(Found { records, marked, set_aside })) }
    }

    /// The record of the control, where the search sees at all.
    fn control(&self, now: Time) -> Found {
        if self.strike(Kind::Blind) {
            return Found::default();
        }
        self.ground.ledger.saw_control(&self.name, now);
        Found { records: vec![RecordId::new("control-1")], ..Found::default() }
    }

    /// Another record that is not taken for the person's; from now on every search returns it.
    fn set_aside(&self, key: &str) -> SetAside {
        let mut state = self.state.borrow_mut();
        let number = state.asides;
        state.asides += 1;
        let known = state.aside.entry(key.to_owned()).or_default();
        if known.len() >= MOST_SET_ASIDE {
            // Another one takes its place.
            known.pop_first();
        }
        let id = self.ground.dice.permille(700).then(|| RecordId::new(format!("aside-{number}")));
        let one = SetAside { id, doubtful: self.ground.dice.permille(500) };
        known.insert(one.clone());
        one
    }

    /// What the product is told, with the mend taken out that stands on it.
    fn told(&self, found: Found) -> Found {
        let Found { mut records, mut marked, mut set_aside } = found;
        match self.ground.without.get() {
            Some(Mend::SetAside) => set_aside.clear(),
            Some(Mend::Marks) => marked.clear(),
            Some(Mend::Appeared) => {
                if let Some(decided) = self.ground.ledger.looked_for(&self.source, false) {
                    records.retain(|record| decided.contains(record));
                }
            }
            Some(Mend::DryRunLook) => {
                if let Some(decided) = self.ground.ledger.looked_for(&self.source, true) {
                    records = decided.into_iter().collect();
                }
            }
            _ => {}
        }
        Found { records, marked, set_aside }
    }
}

impl Script for SimVendor {
    fn search(&self, by: &[Identifier], _named: &[Identifier]) -> Timed<Result<Found, Fault>> {
        match by {
            [identifier] => self.look("search", identifier),
            _ => Timed { seconds: 0, answer: Err(Fault::Unavailable("not_one_identifier")) },
        }
    }

    fn copy(&self, by: &[Identifier]) -> Timed<Result<Vec<RecordCopy>, Fault>> {
        self.ground.ledger.copies(&self.source);
        let [identifier] = by else {
            return Timed { seconds: 0, answer: Err(Fault::Unavailable("not_one_identifier")) };
        };
        let Timed { seconds, answer } = self.look("copy", identifier);
        let copy = |id: RecordId| RecordCopy { content: serde_json::json!({ "id": id.expose() }), id };
        Timed { seconds, answer: answer.map(|found| found.records.into_iter().map(copy).collect()) }
    }

    fn submit(&self, batch: &Batch<'_>) -> Timed<Submitted> {
        let now = self.ground.clock.real();
        let post: Option<Post> = self.ground.ledger.post(&self.source, &self.name, batch, now);
        let Some(post) = post else {
            return Timed { seconds: 0, answer: Submitted::Unknown("nobody_asked") };
        };
        let Answered { seconds, mut answer, harmless, rule_id } = self.answer(&post.at, batch);
        self.say(
            "POST",
            batch.records.len(),
            match &answer {
                Submitted::Accepted { rule_id, .. } => rule_id,
                Submitted::Doubtful { code, .. } => code,
                Submitted::NotSent(fault) | Submitted::Rejected(fault) => fault.code(),
                Submitted::Unknown(code) => code,
            },
        );
        let said = match &answer {
            Submitted::Accepted { .. } => Answer::Taken,
            Submitted::Doubtful { .. } => Answer::Doubtful,
            Submitted::NotSent(_) | Submitted::Rejected(_) => Answer::NotTaken,
            Submitted::Unknown(_) => Answer::None,
        };
        self.ground.ledger.posted(post, now.plus_seconds(seconds), harmless, (said, rule_id));
        if self.ground.is_without(Mend::Doubts) && matches!(answer, Submitted::Doubtful { .. }) {
            answer = Submitted::NotSent(Fault::Unavailable("vendor_answer_unreadable"));
        }
        Timed { seconds, answer }
    }

    fn status(
        &self,
        rule_id: &str,
        own: &[RecordId],
        batch: &[RecordId],
    ) -> Timed<Result<RuleReport, Fault>> {
        self.catch_up();
        let (seconds, in_time) = self.takes();
        let report = |status, confirmed, strangers| {
            let claim = if status == RuleStatus::Finished { Claim::Deleted } else { Claim::NotStated };
            Ok(RuleReport { status, confirmed, strangers, claim })
        };
        let answer = if let Some(fault) = self.refuses() {
            Err(fault)
        } else if !in_time || self.strike(Kind::LostResponse) {
            Err(Fault::Unavailable("timed_out"))
        } else if self.strike(Kind::StrangeStatus) {
            report(RuleStatus::Unknown, own.len(), 0)
        } else {
            match self.state.borrow().rules.get(rule_id) {
                None => Err(Fault::RuleNotFound),
                Some(rule) if !rule.done && !rule.early => report(RuleStatus::Pending, 0, 0),
                Some(_) if self.strike(Kind::OutOfOrder) => report(RuleStatus::Pending, 0, 0),
                Some(rule) => {
                    let listed = own.iter().filter(|record| rule.records.contains(record)).count();
                    let all = rule.records.iter().chain(&rule.strangers);
                    let strangers = all.filter(|record| !batch.contains(record)).count();
                    self.ground.ledger.told_finished(&self.source, rule_id, strangers);
                    let told = if self.ground.is_without(Mend::Strangers) { 0 } else { strangers };
                    report(RuleStatus::Finished, listed, told)
                }
            }
        };
        self.say(
            "status",
            own.len(),
            match &answer {
                Ok(report) => match report.status {
                    RuleStatus::AwaitingApproval => "awaiting approval",
                    RuleStatus::Pending => "pending",
                    RuleStatus::Finished => "finished",
                    RuleStatus::Unknown => "a word nobody knows",
                },
                Err(fault) => fault.code(),
            },
        );
        Timed { seconds, answer }
    }
}
