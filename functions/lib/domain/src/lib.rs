//! The domain of Rightful: data-subject requests, the tasks they break into, the rules that vendors open for
//! them, and every decision about the next step.
//!
//! Architecture Invariant: nothing here does I/O, reads a clock or looks at the environment. The domain reaches
//! the outside through the traits in [`ports`]; time is a [`ports::Clock`]. A test can therefore run, crash and
//! repeat a handler exactly as AWS does.

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
