//! The deployment that a command works on, and its JSON API as a client sees it.

pub mod body;
pub mod call;
pub mod client;
pub mod deployment;
pub mod error;
pub mod pages;
pub mod reads;
pub mod stack;
