//! The flows, each on a stack of its own.

mod crashes;
mod erasure;
mod faults;
mod process;
mod reconciliation;
mod synthetic;
mod tickets;
mod webhooks;
