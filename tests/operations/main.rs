//! The domain's operations over ports that are as strict as AWS, one folder for each group. A test of an
//! invariant of the design carries its number.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

mod stage;
mod accept;
mod set_up;
mod fulfil;
mod copy;
mod person;
mod close;
mod reconcile;
mod amounts;
mod ports;
mod reads;
mod random;
