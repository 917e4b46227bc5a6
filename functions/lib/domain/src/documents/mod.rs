//! The documents that leave the deployment: the receipt, the note on the ticket, the copy.

pub mod receipt;
pub mod note;
pub mod copy;
pub mod part;
pub mod comparison;
