//! The result of a search: present records, stale ones, and others' records.

use crate::fault::Kind;
use crate::ledger::Search;
use crate::sabotage::Mend;
use crate::vendor::books::SimVendor;
use rightful_contract::vendor::Timed;
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::time::Time;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::{Found, RecordId, SetAside};
use std::collections::BTreeSet;

/// How long a search may show erased records, in seconds.
const STALE_SECONDS: u64 = 900;
/// An answer that never came. The code says nothing of the vendor, so that only the faults that are meant to
/// open its circuit do so.
pub(super) const LOST: Code = Code::VendorOutOfTime;

/// How many records a vendor sets aside for one person at most.
const MOST_SET_ASIDE: usize = 3;

impl SimVendor {
    /// Why a look is not answered, or `None`; and how many seconds it takes.
    pub(super) fn unanswered(&self, what: &str) -> (u64, Option<Fault>) {
        let (mut seconds, in_time) = self.takes();
        let lost = |code| Some(Fault::Unavailable(code));
        let fault = self
            .refuses()
            .or_else(|| if self.strike(Kind::LostResponse) { lost(LOST) } else { None })
            .or_else(|| if in_time { None } else { lost(LOST) });
        if let Some(fault) = &fault {
            seconds = if in_time { self.ground.dice.below(2) } else { seconds };
            self.say(what, 0, fault.code().as_str());
        }
        (seconds, fault)
    }

    /// A search for a person, or a fetch of their records: `what` says which.
    pub(super) fn look(&self, what: &'static str, identifier: &Identifier) -> Timed<Result<Found, Fault>> {
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
                self.say(what, 0, Code::VendorAnswerIncomplete.as_str());
                return Timed { seconds, answer: Err(Fault::Unavailable(Code::VendorAnswerIncomplete)) };
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

    /// The record of the control, unless the search is blind.
    pub(super) fn control(&self, now: Time) -> Found {
        if self.strike(Kind::Blind) {
            return Found::default();
        }
        self.ground.ledger.saw_control(&self.name, now);
        Found { records: vec![RecordId::new("control-1")], ..Found::default() }
    }

    /// Another record that is not taken for the person's; from now on every search returns it.
    pub(super) fn set_aside(&self, key: &str) -> SetAside {
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

    /// The result as the product gets it, which may lack a part that one of its defences needs.
    pub(super) fn told(&self, found: Found) -> Found {
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
