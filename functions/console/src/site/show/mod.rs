//! Requests, tasks, events and acts in words, numbers in pictures and tables, for any page that shows them.

pub(crate) mod names;
pub(crate) mod request;
pub(crate) mod task;
pub(crate) mod event;
pub(crate) mod act;
pub(crate) mod chart;
pub(crate) mod csv;
