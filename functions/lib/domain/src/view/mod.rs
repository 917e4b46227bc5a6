//! The shapes that the API answers with, and that the command line reads.
//!
//! Architecture Invariant: a view is a pure function of rows, the time and the connectors' descriptions. It
//! holds nothing sealed, no tag of a person, no token of an execution and no secret. Record ids and reasons are
//! in none of the views of a request.

pub mod acts;
pub mod error;
pub mod events;
pub mod overview;
pub mod page;
pub mod request;
pub mod source;
pub mod task;
pub mod work;
#[cfg(test)]
mod tests;
