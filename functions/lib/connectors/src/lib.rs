//! The connector engine: runs a declarative connector definition against a vendor's HTTP API, behind
//! the domain's [`Vendor`](rightful_domain::vendor::port::Vendor) port.
//!
//! A connector is a folder under `definitions/`: `connector.yaml`, recorded answers in `fixtures/`,
//! and a `README.md`. [`Definition::parse`] checks the whole definition before anything is called, so a
//! definition that loads fails only in ways that the vendor causes.
//!
//! Architecture Invariant: a destructive call is sent once. Its result says either that it certainly had no
//! effect or that nobody can tell; every doubt counts as the latter
//! ([`Submitted::Unknown`](rightful_domain::vendor::report::Submitted::Unknown)). No retry, redirect, proxy or reused
//! connection can send it a second time behind the caller's back.
//!
//! Architecture Invariant: no error, `Debug` output or log line of this crate contains an identifier, a record
//! id, a secret, a URL or a vendor's text.
//!
//! The modules stand in storeys, the lowest first: each uses only those above it in this list.

mod net;
mod record_id;
mod matching;
mod params;
mod template;
mod secret;
mod definition;
mod answer;
mod exchange;
mod connectors;
mod source;
mod catalogue;
mod tickets;

pub use catalogue::KnownConnectors;
pub use connectors::Connectors;
pub use definition::{Definition, DefinitionError, Problem, SecretField, VerifyPlan};
pub use net::{ClientError, Lookup, Options, VendorClient, is_public};
pub use params::{Param, ParamKind, ParamProblem, ParamValue, Params};
pub use secret::{secret_name, ticketing_secret_name};
pub use source::{Source, Sources};
pub use tickets::{Ticketing, check_zendesk_base_url, check_zendesk_user};
