//! What really happened at the vendors, who asked for it, and what of it must never happen.

mod entries;
mod book;
mod events;
mod looks;
mod submissions;

pub(crate) use book::Ledger;
pub use entries::Violation;
pub(crate) use entries::{Answer, Demanded, Post, Search};
