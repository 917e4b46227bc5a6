//! Identifiers of a person: kinds, values, and how people write them.

mod kind;
mod error;
mod email;
mod phone;
mod value;
mod reading;
#[cfg(test)]
mod tests;

pub use error::IdentifierError;
pub use kind::IdentifierKind;
pub use value::{Entered, Identifier, TakenOff, TakenOffAt};
