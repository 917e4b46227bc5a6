//! Values of the command line: read, checked, and turned into the domain's types. No message repeats one
//! that may be personal data or a secret.

pub mod input;
pub mod request;
pub mod source;
