//! The vocabulary: each state, outcome and event by its name in every layer, followed by a phrase for people.
//!
//! The name always comes first, so that people can search for it.

pub mod codes;
pub mod event;
pub mod identifier;
pub mod journal;
pub mod name;
pub mod owner;
pub mod policy;
pub mod request;
pub mod source;
pub mod task;
pub mod ticket;
