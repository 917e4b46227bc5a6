//! The store against scripted answers of DynamoDB.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

#[path = "../fake/mod.rs"]
mod fake;
mod stage;
mod commit;
mod assignment;
mod reads;
mod limit;
mod place;
