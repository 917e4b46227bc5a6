//! The base of the end-to-end tests: an embedded stack for each, with the built binaries; a ticketing system
//! that signs; access to the store, the workflows and the sandbox's journal.
//!
//! The stack is started and stopped by the same program as `make up`; `make test` builds the
//! binaries first.

mod stack;
pub mod leaks;
pub mod executions;
pub mod process;
pub mod webhook;

pub use stack::{Options, Stack, root};
