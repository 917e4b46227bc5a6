//! The domain of Rightful: data-subject requests, the tasks they break into, the rules that vendors
//! open for them, and every decision about what happens next.
//!
//! Architecture Invariant: nothing here does I/O, reads a clock or looks at the environment. The
//! outside is reached through the traits in [`ports`]; time is a [`ports::Clock`]. So that what the
//! handlers do can be run, crashed and repeated in a test exactly as it runs in AWS.

pub mod actor;
pub mod copy;
pub mod escalation;
pub mod event;
pub mod failure;
pub mod gauge;
pub mod identifier;
pub mod ids;
pub mod journal;
pub mod lease;
pub mod legal;
pub mod life;
pub mod limit;
pub mod metered;
pub mod metric;
pub mod operations;
pub mod owner;
pub mod part;
pub mod policy;
pub mod ports;
pub mod receipt;
pub mod request;
pub mod seal;
pub mod task;
pub mod ticket;
pub mod time;
pub mod vendor;
pub mod view;
pub mod waits;
