//! The stored rows. They hold state and answer questions about themselves; nothing here changes it.

pub mod policy;
pub mod source;
pub mod package;
pub mod escalation;
pub mod lease;
pub mod limit;
pub mod answer;
pub mod task;
pub mod rule;
pub mod request;
pub mod delivery;
pub mod operator;
