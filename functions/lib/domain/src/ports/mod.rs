//! The domain's needs of the outside, a trait for each capability: a handler can do only what its ports allow,
//! and its role's policy has the same grain.

pub mod clock;
pub mod store;
pub mod keys;
pub mod vendors;
pub mod set_up;
pub mod workflow;
pub mod copies;
pub mod tickets;
