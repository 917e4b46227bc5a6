//! Reads a ticket: right, identifiers, reference, from the places that the channel names.

mod error;
mod json;
mod known;
mod reading;
#[cfg(test)]
mod tests;

pub use error::TicketError;
pub use json::parse;
pub use reading::{Ticket, delivery_key, names, read};
