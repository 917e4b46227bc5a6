//! The port to a vendor: its capabilities and its answers. A vendor's own field names and statuses never leave
//! its connector.

pub mod target;
pub mod record;
pub mod fault;
pub mod report;
pub mod call_limits;
pub mod port;
