//! What operators use: the JSON API under `/api`, whose calls an IAM identity signs, and the pages under `/console`,
//! where people sign in.
//!
//! [`Api`] answers a call by the table in `routes`, which binds each route to its handler and to the words
//! about it. infra/openapi.yaml is written from that table and from the types of the handlers. [`Site`] has the
//! pages, which read and act through the same routes.
//!
//! The modules are storeys, the lowest first: each uses only those above it in this list.
//!
//! Architecture Invariant: an identifier arrives only in a body, and leaves only in the answer to whoever
//! asked for it; no URL, no log line and no error holds one. A secret is written, never read.

pub mod ports;
mod shape;
mod errors;
mod docs;
mod role;
mod answer;
mod query;
mod call;
mod app;
mod success;
mod handlers;
mod route;
mod routes;
mod api;
mod site;
#[cfg(feature = "deployed")]
pub mod deployed;
#[cfg(feature = "schema")]
pub mod openapi;

pub use api::Api;
pub use app::ApiSettings;
pub use role::Role;
pub use site::{Site, SiteSettings};
