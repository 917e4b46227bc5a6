//! The pages over a deployment in memory, as a browser without scripts uses them.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

#[allow(dead_code, reason = "the API's tests use the rest")]
#[path = "../api/document.rs"]
mod document;
#[path = "../api/log.rs"]
mod log;
#[allow(dead_code, reason = "the API's tests use the rest")]
#[path = "../api/past.rs"]
mod past;
#[allow(dead_code, reason = "the API's tests use the rest")]
#[path = "../api/stage.rs"]
mod stage;

mod browser;

mod acts;
mod headers;
mod journal;
mod lists;
mod overview;
mod roles;
mod sessions;
