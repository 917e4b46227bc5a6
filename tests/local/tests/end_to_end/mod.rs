//! The flows, each on a stack of its own.

mod crashes;
mod erasure;
mod faults;
mod metrics;
mod process;
mod reconciliation;
mod tickets;
mod webhooks;
