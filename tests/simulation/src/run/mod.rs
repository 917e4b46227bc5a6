//! One seed from its first webhook to its end.

mod report;
mod sim;
mod meddling;
mod end;
mod turn;

pub use report::{CRASHES, Report};

use crate::fault::Kind;
use crate::run::sim::Sim;
use crate::sabotage::{Mend, Sabotage};

/// Runs a seed; with its trace, when `traced`. The same seed gives the same report.
#[must_use]
pub fn run(seed: u64, traced: bool) -> Report {
    let mut sim = Sim::new(seed, traced, None);
    sim.run();
    sim.report(seed)
}

/// Runs a seed without one of the product's defences, and with the fault that it guards against at its strongest.
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

/// Runs a seed and breaks its store on the way; `None` if there was no occasion.
#[must_use]
pub fn run_sabotaged(seed: u64, sabotage: Sabotage) -> Option<Report> {
    let mut sim = Sim::new(seed, false, None);
    sim.sabotage = Some(sabotage);
    sim.run();
    sim.sabotage.is_none().then(|| sim.report(seed))
}
