//! Requests, tasks and events in words, for any page that shows them.

pub(crate) mod names;
pub(crate) mod request;
pub(crate) mod task;
pub(crate) mod event;
