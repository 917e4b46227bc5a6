//! The real events at the vendors, their causes, and the checks of what must never happen.

mod entries;
mod book;
mod events;
mod looks;
mod submissions;

pub(crate) use book::Ledger;
pub use entries::Violation;
pub(crate) use entries::{Demanded, Heard, Post, Search};
