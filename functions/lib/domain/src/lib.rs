//! The domain of Rightful: data-subject requests, the tasks they break into, the rules that vendors
//! open for them, and every decision about what happens next.
//!
//! Architecture Invariant: nothing here does I/O, reads a clock or looks at the environment. The
//! outside is reached through the traits in [`ports`]; time is a [`ports::Clock`]. So that what the
//! handlers do can be run, crashed and repeated in a test exactly as it runs in AWS.

pub mod base;
pub mod law;
pub mod vendor;
pub mod model;
pub mod chain;
pub mod documents;
pub mod life;
pub mod duty;
pub mod ports;
pub mod operations;
pub mod view;
pub mod metric;
