//! A vendor that takes its time, loses what it is sent or what it answers, says one thing before it
//! has done another, and shows what is no longer there.

use crate::dice::Dice;
use crate::fault::{Faults, Kind};
use crate::ledger::Ledger;
use crate::trace::Trace;
use rightful_contract::clock::TestClock;
use rightful_contract::vendor::{Script, Timed};
use rightful_domain::copy::RecordCopy;
use rightful_domain::identifier::Identifier;
use rightful_domain::ids::SourceId;
use rightful_domain::request::Right;
use rightful_domain::time::Time;
use rightful_domain::vendor::{Batch, Claim, Fault, Found, RecordId, RuleReport, RuleStatus, Submitted};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How long a search may show what is erased, in seconds.
const STALE_SECONDS: u64 = 900;
/// How long a submission may lie at the vendor's door, in seconds.
const LATE_SECONDS: u64 = 3600;

/// What a vendor stands on.
pub(crate) struct Ground {
    pub(crate) dice: Rc<Dice>,
    pub(crate) faults: Rc<Faults>,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) trace: Rc<Trace>,
    pub(crate) clock: TestClock,
}

/// One vendor.
pub(crate) struct SimVendor {
    ground: Rc<Ground>,
    source: SourceId,
    timeout_seconds: u64,
    /// The longest that it works on a rule, in seconds.
    work_seconds: u64,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    held: BTreeMap<String, BTreeSet<RecordId>>,
    erased: Vec<(Time, String, RecordId)>,
    rules: BTreeMap<String, SimRule>,
    /// Submissions that come in later, with the time.
    late: Vec<(Time, SimRule)>,
    opened: u32,
}

#[derive(Clone)]
struct SimRule {
    records: Vec<RecordId>,
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
        let id = format!("rule-{}", self.opened);
        rule.done_at = now.plus_seconds(rule.work);
        self.rules.insert(id.clone(), rule);
        id
    }
}

impl SimVendor {
    pub(crate) fn new(ground: Rc<Ground>, source: SourceId, timeout_seconds: u64, work_seconds: u64) -> Self {
        Self { ground, source, timeout_seconds, work_seconds, state: RefCell::default() }
    }

    /// Gives a person a record.
    pub(crate) fn keep(&self, person: &Identifier, record: RecordId) {
        self.state.borrow_mut().held.entry(person.comparable()).or_default().insert(record);
    }

    /// Which of these records it really holds now.
    pub(crate) fn truly_holds(&self, records: &BTreeSet<RecordId>) -> usize {
        self.catch_up();
        self.state.borrow().held.values().flatten().filter(|record| records.contains(record)).count()
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
                for record in rule.records.iter().filter(|record| !rule.kept.contains(record)) {
                    if records.remove(record) {
                        erased.push((rule.done_at, person.clone(), record.clone()));
                        self.ground.ledger.erased_one();
                    }
                }
            }
        }
        now
    }

    fn strike(&self, kind: Kind) -> bool {
        self.ground.faults.strike(kind)
    }

    /// What any call may run into.
    fn refuses(&self) -> Option<Fault> {
        if self.strike(Kind::LostRequest) {
            return Some(Fault::Unavailable("vendor_unreachable"));
        }
        if self.strike(Kind::Throttled) {
            let seconds = self.ground.dice.within(1..=120);
            return Some(Fault::Throttled(self.ground.dice.permille(700).then_some(seconds)));
        }
        self.strike(Kind::Unauthorised).then_some(Fault::Unauthorized)
    }

    /// How long a call takes that is not lost, and whether its caller waits for it.
    fn takes(&self) -> (u64, bool) {
        if !self.strike(Kind::SlowVendor) {
            return (self.ground.dice.below(2), true);
        }
        let seconds = self.ground.dice.within(3..=self.timeout_seconds + 5);
        (seconds.min(self.timeout_seconds), seconds < self.timeout_seconds)
    }

    fn rule(&self, batch: &Batch<'_>) -> SimRule {
        let partly = self.strike(Kind::PartlyErased);
        let kept =
            batch.records.iter().filter(|_| partly && self.ground.dice.permille(500)).cloned().collect();
        SimRule {
            records: batch.records.to_vec(),
            erases: !batch.dry_run && batch.right == Right::Erasure,
            work: self.ground.dice.within(0..=self.work_seconds),
            done_at: self.ground.clock.real(),
            done: false,
            early: self.strike(Kind::EarlyFinish),
            kept,
        }
    }

    fn answer(&self, batch: &Batch<'_>) -> Answered {
        let (now, dice) = (self.catch_up(), &self.ground.dice);
        let quick = dice.below(3);
        match self.refuses() {
            Some(Fault::Unauthorized) => {
                return Answered::harmless(quick, Submitted::Rejected(Fault::Unauthorized));
            }
            Some(fault) => return Answered::harmless(quick, Submitted::NotSent(fault)),
            None => {}
        }
        if self.strike(Kind::Rejected) {
            return Answered::harmless(quick, Submitted::Rejected(Fault::Refused("vendor_refused")));
        }
        if self.strike(Kind::LostUnseen) {
            return Answered::unknown(quick, "connection_reset");
        }
        let rule = self.rule(batch);
        if self.strike(Kind::LateEffect) {
            let at = now.plus_seconds(dice.within(1..=LATE_SECONDS));
            self.state.borrow_mut().late.push((at, rule));
            return Answered::unknown(self.timeout_seconds, "timed_out_after_sending");
        }
        let rule_id = self.state.borrow_mut().open(rule, now);
        let (seconds, in_time) = self.takes();
        if self.strike(Kind::LostResponse) || !in_time {
            return Answered::unknown(seconds, "timed_out_after_sending");
        }
        Answered {
            seconds,
            answer: Submitted::Accepted { rule_id: rule_id.clone(), status: RuleStatus::AwaitingApproval },
            harmless: false,
            rule_id: Some(rule_id),
        }
    }

    fn say(&self, what: &str, records: usize, answer: &str) {
        self.ground.trace.say(|| format!("    {} {what} of {records}: {answer}", self.source));
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
    /// Who is looked for, or fetched: `what` says which.
    fn look(&self, what: &str, identifiers: &[Identifier]) -> Timed<Result<Vec<RecordId>, Fault>> {
        let now = self.catch_up();
        let (mut seconds, in_time) = self.takes();
        let lost = |code| Some(Fault::Unavailable(code));
        let fault = self
            .refuses()
            .or_else(|| if self.strike(Kind::LostResponse) { lost("connection_reset") } else { None })
            .or_else(|| if in_time { None } else { lost("timed_out") });
        if let Some(fault) = fault {
            seconds = if in_time { self.ground.dice.below(2) } else { seconds };
            self.say(what, 0, fault.code());
            return Timed { seconds, answer: Err(fault) };
        }
        let state = self.state.borrow();
        let people: BTreeSet<String> = identifiers.iter().map(Identifier::comparable).collect();
        let mut found: BTreeSet<RecordId> =
            people.iter().filter_map(|person| state.held.get(person)).flatten().cloned().collect();
        let stale: Vec<&RecordId> = state
            .erased
            .iter()
            .filter(|(at, person, _)| at.plus_seconds(STALE_SECONDS) > now && people.contains(person))
            .map(|(_, _, record)| record)
            .collect();
        if !stale.is_empty() && self.strike(Kind::StaleSearch) {
            found.extend(stale.into_iter().cloned());
        }
        let blind = !found.is_empty() && self.strike(Kind::BlindSearch);
        if blind {
            found.retain(|_| self.ground.dice.permille(500));
        }
        let records: Vec<RecordId> = found.into_iter().collect();
        self.ground.ledger.searched(&self.source, now, &records, blind);
        self.say(what, records.len(), "found");
        Timed { seconds, answer: Ok(records) }
    }
}

impl Script for SimVendor {
    fn search(&self, identifiers: &[Identifier]) -> Timed<Result<Found, Fault>> {
        let Timed { seconds, answer } = self.look("search", identifiers);
        Timed { seconds, answer: answer.map(|records| Found { records }) }
    }

    fn copy(&self, identifiers: &[Identifier]) -> Timed<Result<Vec<RecordCopy>, Fault>> {
        self.ground.ledger.copies(&self.source);
        let Timed { seconds, answer } = self.look("copy", identifiers);
        let copy = |id: RecordId| RecordCopy { content: serde_json::json!({ "id": id.expose() }), id };
        Timed { seconds, answer: answer.map(|records| records.into_iter().map(copy).collect()) }
    }

    fn submit(&self, batch: &Batch<'_>) -> Timed<Submitted> {
        let now = self.ground.clock.real();
        let post = self.ground.ledger.post(&self.source, batch, now);
        let Answered { seconds, answer, harmless, rule_id } = self.answer(batch);
        self.say(
            "POST",
            batch.records.len(),
            match &answer {
                Submitted::Accepted { rule_id, .. } => rule_id,
                Submitted::NotSent(fault) | Submitted::Rejected(fault) => fault.code(),
                Submitted::Unknown(code) => code,
            },
        );
        if let Some(post) = post {
            self.ground.ledger.posted(post, now.plus_seconds(seconds), harmless, rule_id);
        }
        Timed { seconds, answer }
    }

    fn status(&self, rule_id: &str, records: &[RecordId]) -> Timed<Result<RuleReport, Fault>> {
        self.catch_up();
        let (seconds, in_time) = self.takes();
        let report = |status, confirmed| {
            let claim = if status == RuleStatus::Finished { Claim::Deleted } else { Claim::NotStated };
            Ok(RuleReport { status, confirmed, claim })
        };
        let answer = if let Some(fault) = self.refuses() {
            Err(fault)
        } else if !in_time || self.strike(Kind::LostResponse) {
            Err(Fault::Unavailable("timed_out"))
        } else if self.strike(Kind::StrangeStatus) {
            report(RuleStatus::Unknown, records.len())
        } else {
            match self.state.borrow().rules.get(rule_id) {
                None => Err(Fault::RuleNotFound),
                Some(rule) if !rule.done && !rule.early => report(RuleStatus::Pending, 0),
                Some(_) if self.strike(Kind::OutOfOrder) => report(RuleStatus::Pending, 0),
                Some(rule) => {
                    self.ground.ledger.told_finished(&self.source, rule_id);
                    let listed = records.iter().filter(|record| rule.records.contains(record)).count();
                    report(RuleStatus::Finished, listed)
                }
            }
        };
        self.say(
            "status",
            records.len(),
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
