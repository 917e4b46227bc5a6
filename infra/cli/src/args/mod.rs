//! The command line: names, help and shapes.
//!
//! Values that may be personal data or secrets are plain text here, because clap repeats a value that it refuses.
//! `values` checks them.

pub mod command_line;
pub mod mask;
mod one_of;
pub mod request;
pub mod source;
