//! Reads a ticket: right, identifiers, reference, from where the channel says they are.

mod error;
mod json;
mod known;
mod reading;
#[cfg(test)]
mod tests;

pub use error::TicketError;
pub use json::parse;
pub use reading::{Ticket, delivery_key, names, read};
