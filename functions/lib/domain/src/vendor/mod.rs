//! The port to a vendor: what it can do, what it answers. A vendor's own field names and statuses never
//! leave its connector.

pub mod target;
pub mod record;
pub mod fault;
pub mod report;
pub mod call_limits;
pub mod port;
