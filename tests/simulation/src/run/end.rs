//! The ends that a run must reach, and by when.

use crate::run::report::Report;
use crate::run::sim::{Sim, TICK_SECONDS};
use crate::scenario::OTHER_HOST;
use rightful_contract::world::source;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::owner::{self, LONGEST_UNATTENDED_SECONDS};
use rightful_domain::law::level::NOTICE_SECONDS;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::vendor::call_limits::CallLimits;
use std::collections::BTreeMap;

/// How long after its turn a request may still wait if nothing goes wrong, in seconds.
const TURN_SECONDS: u64 = 30;

impl Sim {
    /// Whether every request has ended: done, or with a person.
    pub(super) fn is_over(&self) -> bool {
        self.world.clock.real() >= self.settled_since()
            && !self.executor.is_busy()
            && self.watch.requests().all(|(request, tasks)| self.has_ended(request, tasks))
    }

    /// Done; or with a person, if nobody works with the deployment.
    pub(super) fn has_ended(&self, request: &Request, tasks: &BTreeMap<SourceId, Task>) -> bool {
        request.is_done() || self.staff.is_none() && self.is_left(request, tasks)
    }

    /// Whether a task waits for another request that a person has.
    pub(super) fn is_behind(&self, task: &Task) -> bool {
        task.reason.as_deref() == Some(Code::OtherRequestInProgress.as_str())
            && self.watch.tasks().any(|other| {
                other.request != task.request
                    && other.source == task.source
                    && other.lease.is_some()
                    && owner::is_persons(other)
            })
    }

    /// Whether a task waits for another request that has time left until its own legal date.
    pub(super) fn is_behind_one_in_time(&self, task: &Task, now: Time) -> bool {
        task.reason.as_deref() == Some(Code::OtherRequestInProgress.as_str())
            && self.watch.requests().any(|(request, tasks)| {
                let other = tasks.get(&task.source).filter(|_| request.id != task.request);
                now < request.due_at && other.is_some_and(|other| other.lease.is_some())
            })
    }

    /// After its legal date, no open task stays with a machine. A vendor's answer may come that late, and a
    /// machine then has its usual time to act on it. If the date comes during the faults, or came before the
    /// demand, that time counts from the end of the faults.
    pub(super) fn past_the_date(&mut self) {
        let now = self.world.clock.real();
        let mut machines = BTreeMap::new();
        for (request, tasks) in self.watch.requests().filter(|(request, _)| !request.is_done()) {
            for task in tasks.values().filter(|task| task.state != TaskState::Settled) {
                if owner::is_persons(task) || self.is_behind(task) || self.is_behind_one_in_time(task, now) {
                    continue;
                }
                let key = (task.request, task.source.clone());
                let (run, since) = match self.machines.get(&key) {
                    Some((run, since)) if *run == task.run => (*run, *since),
                    // A person's own act of the last days restarts the machine's time.
                    _ => (task.run, now),
                };
                machines.insert(key, (run, since));
                let since = since.max(self.settled_since());
                // An act at the last moment still needs its calls.
                let long = since.plus_seconds(LONGEST_UNATTENDED_SECONDS + TICK_SECONDS) <= now;
                self.ledger.holds(5, now < request.due_at || !long, || {
                    format!(
                        "{} on the legal date, for {:?}, and no person has it",
                        task.state.as_str(),
                        task.reason
                    )
                });
            }
        }
        self.machines = machines;
    }

    /// No request waits longer than its place in the line says: it goes at its turn, plus a moment for the
    /// function call. After faults, a machine's usual time is enough.
    pub(super) fn in_line(&self) {
        let now = self.world.clock.real();
        let late = if self.faults.counts().is_empty() { TURN_SECONDS } else { LONGEST_UNATTENDED_SECONDS };
        let well = self.staff.is_none() && self.faults.counts().is_empty();
        let open = |request: &Request| request.state == RequestState::Open;
        for (request, tasks) in self.watch.requests().filter(|(request, _)| open(request)) {
            let attempt = request.attempt;
            // Within a month a person may get a task, and attempts remind them.
            let soon = well && attempt > 1 && now.plus_seconds(NOTICE_SECONDS) < request.due_at;
            let persons = |fact: &Fact| matches!(fact, Fact::HandedOver { .. });
            self.ledger.holds(8, !soon || self.world.facts(request.id).iter().any(persons), || {
                format!("nothing went wrong, yet attempt {attempt} is under way")
            });
            for task in tasks.values().filter(|task| !owner::is_persons(task)) {
                let Some(slot) = task.slot else { continue };
                let mut limits = CallLimits::default();
                self.world.vendors.vendor(&task.source).set(|state| limits = state.capabilities.call_limits);
                let limit = self.world.store.limit_now(&task.source).ok();
                let turn = limit.and_then(|limit| limit.turn(slot, &limits));
                // Earlier faults may have delayed it.
                let since = if self.faults.counts().is_empty() { None } else { Some(self.settled_since()) };
                let turn = turn.map(|turn| since.map_or(turn, |since| turn.max(since)));
                self.ledger.holds(8, turn.is_none_or(|turn| now <= turn.plus_seconds(late)), || {
                    let number = request.id.as_bytes()[15];
                    format!("request {number} still waits at {}, long after its turn", task.source)
                });
            }
        }
    }

    /// With a person, who is reminded; or behind such a request.
    pub(super) fn is_left(&self, request: &Request, tasks: &BTreeMap<SourceId, Task>) -> bool {
        let mut open = tasks.values().filter(|task| task.state != TaskState::Settled).peekable();
        match open.peek() {
            None => false,
            Some(_) => {
                let left = |task: &Task| owner::is_persons(task) || self.is_behind(task);
                request.next_due.is_some() && open.all(|task| task.next_due.is_some() && left(task))
            }
        }
    }

    /// The open requests, for a violation's text.
    pub(super) fn open(&self) -> String {
        self.watch
            .requests()
            .filter(|(request, tasks)| !self.has_ended(request, tasks))
            .map(|(request, tasks)| {
                let states: Vec<String> = tasks
                    .values()
                    .map(|task| format!("{} {:?} {:?}", task.state.as_str(), task.outcome, task.reason))
                    .collect();
                format!(
                    "; request {} is {:?}, its tasks {states:?}",
                    request.id.as_bytes()[15],
                    request.state
                )
            })
            .collect()
    }

    pub(super) fn report(mut self, seed: u64) -> Report {
        let mut outcomes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for task in self.watch.tasks() {
            let name = task.outcome.map_or(task.state.as_str(), Outcome::as_str);
            *outcomes.entry(name).or_default() += 1;
        }
        let violation = self.ledger.violation();
        if let Some(violation) = &violation {
            self.trace.say(|| format!("VIOLATION: {violation}"));
        }
        self.trace.say(|| format!("end: {outcomes:?}"));
        self.executor.clear();
        for name in self.scenario.vendors.keys() {
            for host in [None, Some(OTHER_HOST)] {
                self.world.vendors.at(&source(name), host).set(|state| state.script = None);
            }
        }
        Report {
            seed,
            violation,
            trace: self.trace.take(),
            steps: self.trace.steps(),
            seconds: self.trace.seconds(),
            settling: self.faults.quiet_at().seconds_until(self.world.clock.real()),
            faults: self.faults.counts(),
            acts: self.staff.as_ref().map(|staff| staff.acts()).unwrap_or_default(),
            asked_earlier: self.asked_earlier,
            crashes: std::mem::take(&mut self.crashes),
            outcomes,
            posts: self.ledger.posts() as u64,
            erased: self.ledger.erased_in_all(),
        }
    }
}

/// Whether a task may end like this if nothing went wrong.
pub(super) fn ends_well(outcome: Outcome, staffed: bool) -> bool {
    match outcome {
        Outcome::VerifiedErased
        | Outcome::NothingFound
        | Outcome::DryRun
        | Outcome::Copied
        | Outcome::MissingIdentifier => true,
        Outcome::Refused | Outcome::Cancelled => staffed,
        Outcome::ReportedErased | Outcome::StillPresent | Outcome::Failed => false,
    }
}
