//! How a vendor is reached: one client, which goes to listed, public hosts over https and nowhere else.

mod address;
mod hosts;
mod retry_after;
mod client;

pub use address::{Lookup, is_public};
pub(crate) use client::{CONNECT_SECONDS, Call, Operation, Trouble, refusal};
pub use client::{ClientError, Options, VendorClient};
pub(crate) use hosts::{base_url, is_host_name, is_loopback_authority, operators_host};
