//! What operators are shown: the API answers these shapes, and the command line reads them.
//!
//! Architecture Invariant: a view is made of rows, the time and what the connectors say, purely. It holds
//! nothing sealed, no tag of a person, no token of an execution and no secret; which records and which
//! reasons there are is no part of it.

pub mod acts;
pub mod error;
pub mod events;
pub mod page;
pub mod request;
pub mod source;
pub mod task;
#[cfg(test)]
mod tests;
