//! Watches a request until it is closed, or until only a person can move it on.

pub mod bars;
pub mod follow;
pub mod progress;
pub mod snapshot;
