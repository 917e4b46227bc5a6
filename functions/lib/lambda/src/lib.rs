//! Everything that a function of Rightful does around its domain operation: it reads its settings, logs one
//! JSON line for an event, writes its metrics, and names its errors as the state machines know them.
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
