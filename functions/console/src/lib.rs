//! The operators' JSON API: everything under `/api`. Each call is signed by an IAM identity.
//!
//! [`Api`] answers a call by the table in `routes`, which binds each route to its handler. infra/openapi.yaml
//! describes it; a test holds the two together, both ways.
//!
//! The modules are storeys, the lowest first: each uses only those above it in this list.
//!
//! Architecture Invariant: an identifier arrives only in a body, and leaves only in the answer to whoever asked
//! for it; no URL, no log line and no error holds one. A secret is written, never read.

pub mod ports;
mod answer;
mod query;
mod call;
mod app;
mod success;
mod handlers;
mod route;
mod routes;
mod api;
#[cfg(feature = "deployed")]
pub mod deployed;

pub use api::Api;
pub use app::ApiSettings;
