//! Who must act by when, and what one may do.

pub mod owner;
pub mod escalation;
pub mod gauge;
pub mod acts;
