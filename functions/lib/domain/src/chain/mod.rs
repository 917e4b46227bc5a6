//! The chained records: each link names the hash of the one before it.

pub mod links;
pub mod fact;
pub mod event;
pub mod act;
pub mod journal;
