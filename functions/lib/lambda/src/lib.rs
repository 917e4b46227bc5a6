//! What every function of Rightful does around its one domain operation: read its settings once,
//! log one JSON line for an event, write its metrics, and name its errors the way the state machines know
//! them.
//!
//! Architecture Invariant: an error leaves a function as a kind and a code, never as the text of an
//! underlying error, which might quote personal data.

mod logging;
pub mod metrics;
mod environment;
mod serve;

pub use environment::Environment;
pub use logging::{correlate, start};
pub use serve::{Correlated, Error, Invocation, serve};
