//! The operators' JSON API: all of it under `/api`, each call signed by an IAM identity.
//!
//! infra/openapi.yaml describes it; a test holds the two together, both ways.
//!
//! Architecture Invariant: an identifier comes in bodies alone and leaves in none but the answer that it
//! was asked for by; no URL, no log line and no error holds one. A secret is written, never read.

mod answer;
mod api;
mod call;
#[cfg(feature = "deployed")]
pub mod deployed;
pub mod ports;
mod routes;

pub use api::{Api, ApiSettings, ROUTES, Route};
