//! The catalogue of all metrics, and the readings made of what happened.
//!
//! Pure: the functions write the readings, in their own format.
//!
//! Architecture Invariant: a reading's dimension is a name from a closed list of ours (a right, an
//! outcome, a connector), never an id.

mod catalogue;
mod observer;
mod reading;
#[cfg(test)]
mod tests;

pub use catalogue::{Dimension, Entry, Metric, NAMESPACE, STAGE, Sets, Unit};
pub use observer::{CallEnd, CallObserver, CommitObserver, Committed};
pub use reading::{
    Reading, of_call, of_commit, of_delivery, of_run, of_synthetic, of_tickets, of_unreadable,
};
