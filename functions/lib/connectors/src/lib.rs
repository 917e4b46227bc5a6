//! The connector engine: runs a declarative connector definition against a vendor's HTTP API, behind
//! the domain's [`Vendor`](rightful_domain::vendor::port::Vendor) port.
//!
//! A connector is a folder under `definitions/`: `connector.yaml`, recorded answers in `fixtures/`,
//! and a `README.md`. [`Definition::parse`] checks all of it before anything is called, so that a
//! definition that loads can only fail in ways that the vendor causes.
//!
//! Architecture Invariant: a destructive call is sent once. What becomes of it is told apart into
//! "it certainly had no effect" and "nobody can tell", and everything in doubt is the latter
//! ([`Submitted::Unknown`](rightful_domain::vendor::report::Submitted::Unknown)). No retry, no redirect, no
//! proxy and no reused connection can send it a second time behind the caller's back.
//!
//! Architecture Invariant: no identifier, record id, secret, URL or text of a vendor is in an error,
//! a `Debug` output or a log line of this crate.

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
