//! Whose turn it is, step by step, and how time passes.

use crate::executor::What;
use crate::fault::Kind;
use crate::operators::is_persons;
use crate::run::end::ends_well;
use crate::run::report::CRASHES;
use crate::run::sim::{SETTLING_SECONDS, Sim, TICK_SECONDS};
use crate::sabotage::Sabotage;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use rightful_domain::duty::owner;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Task, TaskState};

/// More steps than any seed needs, so that an endless loop fails.
const MOST_STEPS: u64 = 80_000;
/// How long after all faults everything has its end, in seconds: the month of the law, twice the month
/// after which a person is forgotten whose request was not fulfilled (it may be reopened), and some days.
const LONGEST_SECONDS: u64 = 110 * 24 * 3600;
/// How often a run that only reminds a person is of interest, in seconds.
const REMINDED_SECONDS: u64 = 12 * 3600;
/// How long a slow step takes at most, in seconds.
const SLOW_SECONDS: u64 = 2;

impl Sim {
    pub(super) fn run(&mut self) {
        loop {
            self.executor.take_in();
            let runnable = self.executor.runnable(self.world.clock.real());
            if runnable.is_empty() {
                if self.is_over() {
                    break;
                }
                self.pass_time();
            } else {
                let n = runnable[self.dice.index(runnable.len())];
                self.step(n);
            }
            while let Some(execution) = self.world.workflow.take() {
                self.cloud.execute(execution);
            }
            self.look();
            if self.sabotage.is_some() {
                self.sabotage();
            }
            if self.ledger.violation().is_some() {
                return;
            }
        }
        self.watch.at_the_end(&self.world, &self.ledger, &self.scenario.keys);
        if self.faults.counts().is_empty() {
            for task in self.watch.tasks() {
                let well = match (task.state, task.outcome) {
                    (TaskState::AwaitingReview, None) => self.staff.is_none(),
                    (_, Some(_)) if task.reason.as_deref() == Some(Code::StatedByAPerson.as_str()) => true,
                    (TaskState::Unknown, None) => self.staff.is_none() && task.handed_over_at.is_some(),
                    (_, Some(outcome)) => ends_well(outcome, self.staff.is_some()),
                    _ => false,
                };
                self.ledger.holds(5, well, || {
                    format!("nothing went wrong, yet a task is {:?} {:?}", task.state, task.outcome)
                });
            }
        }
    }

    pub(super) fn look(&mut self) {
        self.watch.look(&self.world, &self.ledger, &self.scenario);
        if let Some(mend) = self.without {
            mend.take_out(&self.world, self.watch.tasks());
        }
    }

    /// One step of whoever's turn it is, or its end.
    pub(super) fn step(&mut self, n: usize) {
        let job = self.executor.job(n);
        let (what, skew) = (job.what.clone(), job.skew);
        let name = if self.trace.is_on() { job.name.clone() } else { String::new() };
        if self.trace.step() > MOST_STEPS {
            return self.ledger.breaks(5, format!("no end after {MOST_STEPS} steps"));
        }
        let dies = match what {
            What::Worker(_) => Some(Kind::WorkerCrash),
            What::Execution => Some(Kind::LostExecution),
            What::Sender | What::Operator => None,
        };
        let around = what != What::Execution && CRASHES.contains(&self.executor.point(n));
        let dies = dies.is_some_and(|kind| self.faults.strike(kind));
        if dies || around && self.faults.strike(Kind::EffectCrash) {
            self.trace.say(|| format!("{name} is gone"));
            if what != What::Execution {
                self.crashes.insert(self.executor.point(n));
            }
            return self.executor.drop(n);
        }
        self.world.clock.skew(skew);
        self.ledger.worker.set(self.executor.id(n));
        *self.ledger.current.borrow_mut() = match &what {
            What::Worker(task) => task.clone(),
            What::Execution | What::Sender | What::Operator => None,
        };
        let _ = self.world.gate.take_last();
        let goes_on = self.executor.poll(n);
        self.world.clock.skew(0);
        *self.ledger.current.borrow_mut() = None;
        self.point = self.world.gate.take_last();
        if self.point == "open vendor" {
            self.ledger.opens();
        }
        if goes_on && !self.point.is_empty() {
            self.executor.stopped_at(n, self.point);
        }
        self.trace.say(|| match (goes_on, self.point) {
            (true, "") => format!("{name} waits"),
            (true, point) => format!("{name} at: {point}"),
            (false, _) => format!("{name} is done"),
        });
        if goes_on && matches!(what, What::Worker(_)) && self.faults.strike(Kind::SlowStep) {
            let until = self.world.clock.real().plus_seconds(self.dice.within(1..=SLOW_SECONDS));
            self.executor.park(n, until);
        }
    }

    /// Breaks the store, if possible now, and checks the result.
    pub(super) fn sabotage(&mut self) {
        let tasks = self
            .watch
            .tasks()
            .map(|task| TaskRef { request_id: task.request, source_id: task.source.clone() });
        let tasks: Vec<TaskRef> = tasks.collect();
        let strikes =
            |sabotage: &mut Sabotage| tasks.iter().any(|at| sabotage.strike(&self.world, at, self.point));
        if self.sabotage.take_if(strikes).is_some() {
            self.look();
        }
    }

    /// Nobody can do anything now: time goes on to whatever comes next.
    pub(super) fn pass_time(&mut self) {
        let now = self.world.clock.real();
        if self.faults.quiet_at().plus_seconds(LONGEST_SECONDS) < now {
            return self.ledger.breaks(5, "not everything has come to its end".to_owned() + &self.open());
        }
        self.past_the_date();
        self.in_line();
        if self.faults.strike(Kind::ClockJump) {
            let gone = self.executor.drop_workers();
            let seconds = self.dice.within(1..=6 * 3600);
            self.trace.say(|| format!("time jumps by {seconds} s; {gone} workers are gone"));
            self.world.clock.advance(seconds);
        }
        self.meddle();
        let tick = self.next_due(now).map(|due| due.max(self.last_tick.plus_seconds(TICK_SECONDS)));
        let windows = self.windows.iter().map(|(until, _)| *until).min();
        let quiet = Some(self.settled_since()).filter(|at| *at > now);
        let next = [tick, windows, self.world.clock.next_timer(), self.executor.next_parked(), quiet]
            .into_iter()
            .flatten();
        let Some(next) = next.min() else {
            return self.ledger.breaks(5, "nothing will ever move again".to_owned() + &self.open());
        };
        self.world.clock.advance_to(next);
        let now = self.world.clock.real();
        self.close_windows(now);
        if tick.is_some_and(|tick| tick <= now) {
            self.last_tick = now;
            self.cloud.reconcile();
        }
    }

    /// When the reconciliation has something to do. Runs with nothing to do are skipped; long after all faults,
    /// so are those that would only remind a person again.
    pub(super) fn next_due(&self, now: Time) -> Option<Time> {
        let settled = now >= self.settled_since();
        let mut next: Option<Time> = None;
        for (request, tasks) in self.watch.requests() {
            let theirs = |task: &&Task| owner::is_persons(task);
            let reminds = request.state == RequestState::Open && tasks.values().any(|task| theirs(&task));
            let not_before = if reminds { Some(self.last_tick.plus_seconds(REMINDED_SECONDS)) } else { None };
            if settled && is_persons(request, tasks.values()) {
                continue;
            }
            let own = request.next_due.map(|at| not_before.map_or(at, |least| at.max(least)));
            let of = |task: &Task| match not_before.filter(|_| theirs(&task)) {
                Some(least) => task.next_due.map(|at| at.max(least)),
                None => task.next_due,
            };
            next = tasks.values().map(of).chain([own, next]).flatten().min();
        }
        next
    }

    pub(super) fn settled_since(&self) -> Time {
        self.faults.quiet_at().plus_seconds(SETTLING_SECONDS)
    }
}
