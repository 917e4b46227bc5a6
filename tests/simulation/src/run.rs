//! One seed from its first webhook to its end.

use crate::cloud::Cloud;
use crate::dice::Dice;
use crate::executor::{Executor, What};
use crate::fault::{Faults, Kind};
use crate::ledger::{Ledger, Violation};
use crate::operators::{Staff, is_persons};
use crate::sabotage::{Mend, Sabotage};
use crate::scenario::{self, OTHER_HOST, Scenario};
use crate::trace::Trace;
use crate::vendor::{Ground, SimVendor};
use crate::watch::Watch;
use rightful_contract::copies::BucketFault;
use rightful_contract::driver::Function;
use rightful_contract::table::Fault as TableFault;
use rightful_contract::workflow::ReleaseFault;
use rightful_contract::world::{World, source};
use rightful_domain::base::code::TARGET_LOST;
use rightful_domain::base::code::{OTHER_REQUEST, STATED_BY_A_PERSON};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::owner::{self, LONGEST_UNATTENDED_SECONDS};
use rightful_domain::law::level::NOTICE_SECONDS;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::vendor::call_limits::CallLimits;
use rightful_domain::vendor::fault::Fault;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How a seed's run ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What did not hold, if anything.
    pub violation: Option<Violation>,
    /// The lines of the run, when it was traced.
    pub trace: Vec<String>,
    /// Steps of workers, executions and senders.
    pub steps: u64,
    /// Virtual seconds until its end.
    pub seconds: u64,
    /// Virtual seconds from the end of all faults to its end.
    pub settling: u64,
    /// How often each fault happened.
    pub faults: BTreeMap<Kind, u64>,
    /// What operators did, and what they were told.
    pub acts: BTreeMap<String, u64>,
    /// How many demands came in long after the person asked.
    pub asked_earlier: u64,
    /// At which points workers were gone.
    pub crashes: BTreeSet<&'static str>,
    /// How the tasks ended.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Submissions that were sent.
    pub posts: u64,
    /// Records that vendors erased.
    pub erased: u64,
}

/// Around every effect on copies and on those that wait, some worker of thousands of seeds has to be gone.
pub const CRASHES: [&str; 10] = [
    "keep part",
    "after keep part",
    "keep package",
    "after keep package",
    "delete parts",
    "after delete parts",
    "delete package",
    "after delete package",
    "release token",
    "after release token",
];
/// More steps than any seed needs: what loops for ever shall fail instead.
const MOST_STEPS: u64 = 80_000;
/// How long after all faults everything has its end, in seconds: the month of the law, twice the month
/// after which a person is forgotten whose request was not fulfilled (it may be reopened), and some days.
const LONGEST_SECONDS: u64 = 110 * 24 * 3600;
/// How often a run is of interest that only reminds a person, in seconds.
const REMINDED_SECONDS: u64 = 12 * 3600;
/// How long after all faults nothing is looked at as ended yet, in seconds.
const SETTLING_SECONDS: u64 = 2 * 3600;
/// How long after its turn a request may still be waiting where nothing goes wrong, in seconds.
const TURN_SECONDS: u64 = 30;
/// The schedule of the reconciliation, in seconds.
const TICK_SECONDS: u64 = 300;
/// How long a slow step takes at most, in seconds.
const SLOW_SECONDS: u64 = 2;

/// What goes on for a while.
enum Window {
    Index,
    Keys,
    Source(&'static str),
}

struct Sim {
    world: Rc<World>,
    dice: Rc<Dice>,
    faults: Rc<Faults>,
    ledger: Rc<Ledger>,
    trace: Rc<Trace>,
    cloud: Cloud,
    executor: Executor,
    scenario: Scenario,
    staff: Option<Rc<Staff>>,
    crashes: BTreeSet<&'static str>,
    watch: Watch,
    windows: Vec<(Time, Window)>,
    last_tick: Time,
    /// How many demands came in long after the person asked.
    asked_earlier: u64,
    /// Since when a machine has a task, and in which run of it.
    machines: BTreeMap<(RequestId, SourceId), (u32, Time)>,
    /// Where the last step ended.
    point: &'static str,
    /// What is done to the store as soon as it can be.
    sabotage: Option<Sabotage>,
    /// The mend that is taken out of the product.
    without: Option<Mend>,
}

/// Runs a seed; with its trace, when `traced`. The same seed gives the same report.
#[must_use]
pub fn run(seed: u64, traced: bool) -> Report {
    let mut sim = Sim::new(seed, traced, None);
    sim.run();
    sim.report(seed)
}

/// Runs a seed, with the fault that a mend of the product is for at its strongest, and without that mend.
#[must_use]
pub fn run_without(seed: u64, mend: Mend, traced: bool) -> Report {
    let mut sim = Sim::new(seed, traced, Some(mend));
    sim.run();
    sim.report(seed)
}

/// Runs a seed with these faults at their strongest.
#[must_use]
pub fn run_with(seed: u64, forced: &[Kind], traced: bool) -> Report {
    let mut sim = Sim::forced(seed, traced, forced, None);
    sim.run();
    sim.report(seed)
}

/// Runs a seed and breaks its store on the way; `None` when there was no occasion for it.
#[must_use]
pub fn run_sabotaged(seed: u64, sabotage: Sabotage) -> Option<Report> {
    let mut sim = Sim::new(seed, false, None);
    sim.sabotage = Some(sabotage);
    sim.run();
    sim.sabotage.is_none().then(|| sim.report(seed))
}

impl Sim {
    fn new(seed: u64, traced: bool, without: Option<Mend>) -> Self {
        let forced = without.map_or(&[][..], Mend::faults);
        Self::forced(seed, traced, forced, without)
    }

    fn forced(seed: u64, traced: bool, forced: &[Kind], without: Option<Mend>) -> Self {
        let dice = Rc::new(Dice::new(seed));
        let mut world = World::new();
        world.policies = scenario::policies(&dice);
        // Where they are short, even forgetting happens while things go wrong.
        world.copy_days = [0, 1, 30, 30][dice.index(4)];
        world.forget_after_days = [1, 30, 30][dice.index(3)];
        let world = Rc::new(world);
        world.gate.interleave(true);
        world.clock.keep_timers();
        let trace = Rc::new(Trace::new(traced, world.clock.clone()));
        let faults = Rc::new(Faults::draw(Rc::clone(&dice), world.clock.clone(), Rc::clone(&trace), forced));
        let ledger = Rc::new(Ledger::new(world.store.clone(), world.tags.clone()));
        let ground = Rc::new(Ground {
            dice: Rc::clone(&dice),
            faults: Rc::clone(&faults),
            ledger: Rc::clone(&ledger),
            trace: Rc::clone(&trace),
            clock: world.clock.clone(),
            without: Cell::new(without),
        });
        if without == Some(Mend::Target) {
            world.vendors.forget_targets();
        }
        trace.say(|| format!("seed {seed}; quiet at {}; faults: {}", faults.quiet_at(), faults.strengths()));
        let mut scenario = scenario::draw(&world, &ground);
        let drawn = Rc::clone(&faults);
        world.store.table().fail_as(move || store_fault(&drawn));
        let drawn = Rc::clone(&faults);
        world.copies.fail_as(move || bucket_fault(&drawn));
        let drawn = Rc::clone(&faults);
        world.workflow.fail_releases(move || release_fault(&drawn));
        let executor = Executor::default();
        let cloud = Cloud::new(
            Rc::clone(&world),
            Rc::clone(&faults),
            Rc::clone(&ledger),
            Rc::clone(&trace),
            executor.spawner.clone(),
        );
        let mut webhooks = std::mem::take(&mut scenario.webhooks);
        // Where nothing goes wrong everything has to end well, and in time.
        if faults.is_any_on() {
            scenario::asked_earlier(&mut webhooks, &Dice::new(!seed), world.now());
        }
        let asked_earlier =
            webhooks.iter().filter(|webhook| webhook.demand.received_at.is_some()).count() as u64;
        trace.say(|| {
            format!(
                "{} data sources, {} people, {} deliveries, {asked_earlier} long after the person asked",
                scenario.vendors.len(),
                scenario.people.len(),
                webhooks.len()
            )
        });
        webhooks.into_iter().for_each(|webhook| cloud.send(webhook));
        let people = scenario.people.clone();
        let staff = scenario.staff.map(|at_will| Staff::hire(&cloud, people, at_will));
        let last_tick = world.now();
        Self {
            world,
            dice,
            faults,
            ledger,
            trace,
            cloud,
            executor,
            scenario,
            staff,
            crashes: BTreeSet::new(),
            watch: Watch::default(),
            windows: Vec::new(),
            last_tick,
            machines: BTreeMap::new(),
            asked_earlier,
            point: "",
            sabotage: None,
            without,
        }
    }

    fn run(&mut self) {
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
                    (_, Some(_)) if task.reason.as_deref() == Some(STATED_BY_A_PERSON) => true,
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

    fn look(&mut self) {
        self.watch.look(&self.world, &self.ledger, &self.scenario);
        if let Some(mend) = self.without {
            mend.take_out(&self.world, self.watch.tasks());
        }
    }

    /// One step of whoever's turn it is, or its end.
    fn step(&mut self, n: usize) {
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

    /// Breaks the store, if it can be done now, and looks at what is left of it.
    fn sabotage(&mut self) {
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
    fn pass_time(&mut self) {
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

    /// When the reconciliation has something to do. A run that has nothing to do is left out, and once
    /// all faults have long stopped, so is one that would only remind a person again.
    fn next_due(&self, now: Time) -> Option<Time> {
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

    fn settled_since(&self) -> Time {
        self.faults.quiet_at().plus_seconds(SETTLING_SECONDS)
    }

    /// What goes wrong from outside.
    fn meddle(&mut self) {
        let now = self.world.clock.real();
        let until = now.plus_seconds(self.dice.within(60..=7200)).min(self.faults.quiet_at());
        if self.faults.strike(Kind::StaleIndex) {
            self.world.store.lag(true);
            self.windows.push((until, Window::Index));
        }
        if self.faults.strike(Kind::KeysFail) {
            self.world.keys.fail(Some(Failure::transient("key_service_unavailable")));
            self.windows.push((until, Window::Keys));
        }
        if self.faults.strike(Kind::SourceBroken) {
            let names: Vec<&'static str> = self.scenario.vendors.keys().copied().collect();
            let name = names[self.dice.index(names.len())];
            self.world.vendors.vendor(&source(name)).set(|state| {
                state.broken = Some(Failure::misconfigured("secret_denied"));
            });
            self.windows.push((until, Window::Source(name)));
        }
        self.change_target();
        if self.faults.strike(Kind::Gateway) {
            let until = now.plus_seconds(self.dice.within(30..=150)).min(self.faults.quiet_at());
            let fault =
                [Fault::Unauthorized, Fault::Refused("vendor_not_found"), Fault::Refused("vendor_gone")]
                    [self.dice.index(3)]
                .clone();
            self.some_vendor().refuse_until(until, fault);
        }
        if self.faults.strike(Kind::Dead) {
            self.some_vendor().is_dead_until(self.faults.quiet_at());
        }
        self.lose_a_part();
        if self.faults.strike(Kind::StartFails) {
            self.world.workflow.fail_next([1, 1, 5, 40][self.dice.index(4)]);
        }
        if self.faults.strike(Kind::Appeared) {
            self.appear();
        }
        self.bother_a_task();
    }

    fn bother_a_task(&mut self) {
        let tasks: Vec<&Task> = self.watch.tasks().collect();
        if tasks.is_empty() {
            return;
        }
        let task = tasks[self.dice.index(tasks.len())];
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        // Before its first intent: whoever read the row until then writes the true decision again.
        if task.state == TaskState::Decided && self.faults.strike(Kind::Tampered) {
            self.world.tamper(&at, |task| {
                if let Some(decision) = &mut task.decision {
                    decision.records.mac = "0".repeat(64);
                }
            });
        }
        if self.faults.strike(Kind::SecondWorker) {
            let functions = [
                Function::Find(at.clone()),
                Function::Submit(at.clone()),
                Function::Submit(at.clone()),
                Function::Check(at.clone()),
                Function::Verify(at.clone()),
                Function::Close(at.request_id),
            ];
            self.cloud.stray(&functions[self.dice.index(functions.len())]);
        }
    }

    /// Somebody who works there has it copied again; nobody else can.
    fn lose_a_part(&self) {
        if self.staff.is_none() || !self.faults.is_on(Kind::PartLost) {
            return;
        }
        let open = self.watch.requests().filter(|(request, _)| request.state == RequestState::Open);
        let parts: Vec<_> = open
            .filter(|(request, _)| request.right == Right::Access && request.copy.is_none())
            .flat_map(|(request, _)| {
                self.world.copies.parts_of(request.id).into_iter().map(|source| (request.id, source))
            })
            .collect();
        if !parts.is_empty() && self.faults.strike(Kind::PartLost) {
            let (id, source) = &parts[self.dice.index(parts.len())];
            self.world.copies.lose_part(*id, source);
        }
    }

    fn some_source(&self) -> &'static str {
        let names: Vec<&'static str> = self.scenario.vendors.keys().copied().collect();
        names[self.dice.index(names.len())]
    }

    /// One of the vendors, mostly one that a data source pointed at from the beginning.
    fn some_vendor(&self) -> Rc<SimVendor> {
        let name = self.some_source();
        let moved = self.dice.permille(250);
        Rc::clone(if moved { &self.scenario.moved[name] } else { &self.scenario.vendors[name] })
    }

    fn appear(&self) {
        let person = self.dice.index(self.scenario.people.len());
        self.some_vendor().appear(person);
    }

    /// An operator has a data source point elsewhere, or back, whatever is under way there.
    fn change_target(&self) {
        if !self.faults.strike(Kind::TargetChanged) {
            return;
        }
        let name = self.some_source();
        let mut there = None;
        self.world.tamper_source(name, |row| {
            there = match row.params.remove("host") {
                Some(_) => None,
                None => row
                    .params
                    .insert("host".to_owned(), OTHER_HOST.to_owned())
                    .or(Some(OTHER_HOST.to_owned())),
            };
        });
        let left = if there.is_some() { None } else { Some(OTHER_HOST) };
        let lost = self.faults.strike(Kind::TargetLost);
        self.world.vendors.at(&source(name), left).set(|state| {
            state.broken = lost.then_some(Failure::misconfigured(TARGET_LOST));
        });
        self.world.vendors.at(&source(name), there.as_deref()).set(|state| state.broken = None);
    }

    fn close_windows(&mut self, now: Time) {
        for (_, window) in self.windows.extract_if(.., |(until, _)| *until <= now) {
            match window {
                Window::Index => self.world.store.lag(false),
                Window::Keys => self.world.keys.fail(None),
                Window::Source(name) => {
                    self.world.vendors.vendor(&source(name)).set(|state| {
                        state.broken = state.broken.filter(|failure| failure.code == TARGET_LOST);
                    });
                }
            }
        }
        if self.faults.is_quiet() {
            self.world.workflow.fail_next(0);
        }
    }

    /// Whether everything has its end: done, or a person's.
    fn is_over(&self) -> bool {
        self.world.clock.real() >= self.settled_since()
            && !self.executor.is_busy()
            && self.watch.requests().all(|(request, tasks)| self.has_ended(request, tasks))
    }

    /// Done; or with a person, where nobody works with the deployment.
    fn has_ended(&self, request: &Request, tasks: &BTreeMap<SourceId, Task>) -> bool {
        request.is_done() || self.staff.is_none() && self.is_left(request, tasks)
    }

    /// Whether a task waits for another request that a person has.
    fn is_behind(&self, task: &Task) -> bool {
        task.reason.as_deref() == Some(OTHER_REQUEST)
            && self.watch.tasks().any(|other| {
                other.request != task.request
                    && other.source == task.source
                    && other.lease.is_some()
                    && owner::is_persons(other)
            })
    }

    /// Whether a task waits for another request that has time left until its own legal date.
    fn is_behind_one_in_time(&self, task: &Task, now: Time) -> bool {
        task.reason.as_deref() == Some(OTHER_REQUEST)
            && self.watch.requests().any(|(request, tasks)| {
                let other = tasks.get(&task.source).filter(|_| request.id != task.request);
                now < request.due_at && other.is_some_and(|other| other.lease.is_some())
            })
    }

    /// Once its legal date has come, nothing of an open request stays a machine's: news of the vendor's may
    /// come that late, and a machine then has its usual time to act on it. Where the date comes while things go
    /// wrong, or came before the demand, it has that time from their end on.
    fn past_the_date(&mut self) {
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
                    // A person's own act of the last days begins anew what a machine has from then on.
                    _ => (task.run, now),
                };
                machines.insert(key, (run, since));
                let since = since.max(self.settled_since());
                // Whoever acts at the last moment still has their calls to make.
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

    /// No request waits longer than its place in the line says: at its turn, and a moment for the function
    /// that is called, it goes. Whatever went wrong, a machine's usual time is enough.
    fn in_line(&self) {
        let now = self.world.clock.real();
        let late = if self.faults.counts().is_empty() { TURN_SECONDS } else { LONGEST_UNATTENDED_SECONDS };
        let well = self.staff.is_none() && self.faults.counts().is_empty();
        let open = |request: &Request| request.state == RequestState::Open;
        for (request, tasks) in self.watch.requests().filter(|(request, _)| open(request)) {
            let attempt = request.attempt;
            // In a month something may become a person's, whom attempts remind.
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
                // What went wrong until then may have kept it.
                let since = if self.faults.counts().is_empty() { None } else { Some(self.settled_since()) };
                let turn = turn.map(|turn| since.map_or(turn, |since| turn.max(since)));
                self.ledger.holds(8, turn.is_none_or(|turn| now <= turn.plus_seconds(late)), || {
                    let number = request.id.as_bytes()[15];
                    format!("request {number} still waits at {}, long after its turn", task.source)
                });
            }
        }
    }

    /// With a person, who is reminded of it; or behind a request that is.
    fn is_left(&self, request: &Request, tasks: &BTreeMap<SourceId, Task>) -> bool {
        let mut open = tasks.values().filter(|task| task.state != TaskState::Settled).peekable();
        match open.peek() {
            None => false,
            Some(_) => {
                let left = |task: &Task| owner::is_persons(task) || self.is_behind(task);
                request.next_due.is_some() && open.all(|task| task.next_due.is_some() && left(task))
            }
        }
    }

    /// What is open, for a violation's text.
    fn open(&self) -> String {
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

    fn report(mut self, seed: u64) -> Report {
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

fn store_fault(faults: &Faults) -> Option<TableFault> {
    [
        (Kind::Conflict, TableFault::Conflict),
        (Kind::StoreLosesAnswer, TableFault::LoseAnswer),
        (Kind::StoreLosesCall, TableFault::LoseCall),
        (Kind::StoreDark, TableFault::LoseSight),
    ]
    .into_iter()
    .find_map(|(kind, fault)| faults.strike(kind).then_some(fault))
}

fn bucket_fault(faults: &Faults) -> Option<BucketFault> {
    [(Kind::BucketFails, BucketFault::Fails), (Kind::BucketLosesAnswer, BucketFault::LosesAnswer)]
        .into_iter()
        .find_map(|(kind, fault)| faults.strike(kind).then_some(fault))
}

fn release_fault(faults: &Faults) -> Option<ReleaseFault> {
    [(Kind::ReleaseFails, ReleaseFault::Fails), (Kind::ReleaseLosesAnswer, ReleaseFault::LosesAnswer)]
        .into_iter()
        .find_map(|(kind, fault)| faults.strike(kind).then_some(fault))
}

/// Whether a task may end so where nothing went wrong.
fn ends_well(outcome: Outcome, staffed: bool) -> bool {
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
