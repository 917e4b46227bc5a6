//! One binary for all tests over a network: what every connector must do, what faults come to, where
//! the client refuses to go, and what must never be printed.

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
