//! Requests, tasks, receipts, data sources and connectors as text, and as JSON where that is more than the
//! API's answer.

pub mod comparison;
pub mod connector;
pub mod event;
pub mod receipt;
pub mod request;
pub mod request_list;
pub mod source;
pub mod task;
