//! A deployment in virtual time, as a seed draws it.

use crate::cloud::Cloud;
use crate::dice::Dice;
use crate::executor::Executor;
use crate::fault::{Faults, Kind};
use crate::ledger::Ledger;
use crate::operators::Staff;
use crate::sabotage::{Mend, Sabotage};
use crate::scenario::{self, Scenario};
use crate::trace::Trace;
use crate::vendor::Ground;
use crate::watch::Watch;
use rightful_contract::copies::BucketFault;
use rightful_contract::table::Fault as TableFault;
use rightful_contract::workflow::ReleaseFault;
use rightful_contract::world::World;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How long after all faults no end is judged yet, in seconds.
pub(super) const SETTLING_SECONDS: u64 = 2 * 3600;
/// The schedule of the reconciliation, in seconds.
pub(super) const TICK_SECONDS: u64 = 300;

/// A fault with a duration.
pub(super) enum Window {
    Index,
    Keys,
    Source(&'static str),
}

pub(super) struct Sim {
    pub(super) world: Rc<World>,
    pub(super) dice: Rc<Dice>,
    pub(super) faults: Rc<Faults>,
    pub(super) ledger: Rc<Ledger>,
    pub(super) trace: Rc<Trace>,
    pub(super) cloud: Cloud,
    pub(super) executor: Executor,
    pub(super) scenario: Scenario,
    pub(super) staff: Option<Rc<Staff>>,
    pub(super) crashes: BTreeSet<&'static str>,
    pub(super) watch: Watch,
    pub(super) windows: Vec<(Time, Window)>,
    pub(super) last_tick: Time,
    /// How many demands came in long after the person asked.
    pub(super) asked_earlier: u64,
    /// Since when a machine has a task, and in which run of it.
    pub(super) machines: BTreeMap<(RequestId, SourceId), (u32, Time)>,
    /// Where the last step ended.
    pub(super) point: &'static str,
    /// The sabotage to do as soon as possible.
    pub(super) sabotage: Option<Sabotage>,
    /// The defence that is taken out of the product.
    pub(super) without: Option<Mend>,
}

impl Sim {
    pub(super) fn new(seed: u64, traced: bool, without: Option<Mend>) -> Self {
        let forced = without.map_or(&[][..], Mend::faults);
        Self::forced(seed, traced, forced, without)
    }

    pub(super) fn forced(seed: u64, traced: bool, forced: &[Kind], without: Option<Mend>) -> Self {
        let dice = Rc::new(Dice::new(seed));
        let mut world = World::new();
        world.policies = scenario::policies(&dice);
        // If they are short, even forgetting happens during the faults.
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
        // Without faults everything must end well, and in time.
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
