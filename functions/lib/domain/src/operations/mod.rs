//! The operation of each handler, over the ports: load, decide, save by condition, act, save by condition.
//!
//! Architecture Invariant: the store alone decides. Every operation reads the store first and skips what is
//! settled, so any of them may run twice, late, or beside another worker.

pub mod load;
pub mod step;
mod sealing;
mod save;
pub mod metered;
mod open;
mod asking;
pub mod attempt;
pub mod moves;
pub mod accept;
pub mod set_up;
pub mod fulfil;
pub mod person;
pub mod close;
pub mod reconcile;
