//! The operators' JSON API: everything under `/api`. Each call is signed by an IAM identity.
//!
//! [`Api`] answers a call by the table in `routes`, which binds each route to its handler and to the words
//! about it. infra/openapi.yaml is written from that table and from the types of the handlers.
//!
//! The modules are storeys, the lowest first: each uses only those above it in this list.
//!
//! Architecture Invariant: an identifier arrives only in a body, and leaves only in the answer to whoever
//! asked for it; no URL, no log line and no error holds one. A secret is written, never read.

pub mod ports;
mod shape;
mod errors;
mod docs;
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
#[cfg(feature = "schema")]
pub mod openapi;

pub use api::Api;
pub use app::ApiSettings;
