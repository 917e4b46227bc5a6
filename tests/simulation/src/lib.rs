//! A deployment in virtual time: the real operations of the domain, over the ports in memory of
//! `rightful-contract`, as many workers at once, one step at a time, in an order that a seed draws; with
//! crashes before and after every effect, and with the faults of Lambda, Step Functions, DynamoDB and a
//! vendor. The invariants of the design are checked after every step.
//!
//! Architecture Invariant: nothing here depends on the wall clock, on the order of a hash map or on
//! the operating system. The same seed gives the same run, to the byte of its trace.
#![allow(clippy::expect_used, reason = "test equipment: when it is broken, the test shall stop there")]

mod trace;
mod dice;
pub mod fault;
mod executor;
mod history;
mod ledger;
mod sabotage;
mod vendor;
mod scenario;
mod cloud;
pub mod operators;
mod watch;
mod run;
pub mod shared;

pub use ledger::Violation;
pub use run::{CRASHES, Report, run, run_sabotaged, run_with, run_without};
pub use sabotage::{Mend, Sabotage};
pub use scenario::spells;
