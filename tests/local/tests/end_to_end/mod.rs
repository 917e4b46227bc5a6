//! The flows, each on a stack of its own.

mod crashes;
mod erasure;
mod faults;
mod metrics;
mod operators;
mod pages;
mod process;
mod reconciliation;
mod stages;
mod synthetic;
mod tickets;
mod upgrade;
mod webhooks;
