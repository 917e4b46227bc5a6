//! One binary for all tests over a network: the duties of every connector, the results of faults, the hosts that
//! the client refuses, and the values that must never be printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests; clippy excuses only functions marked as such"
)]

mod canary;
mod conformance;
mod faults;
mod hosts;
mod observed;
mod qualifio;
mod support;
mod tickets;
