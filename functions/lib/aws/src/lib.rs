//! AWS behind the domain's ports: DynamoDB, KMS, Secrets Manager, Step Functions and S3; and calls from one
//! of our functions to another.
//!
//! DynamoDB is called by its SDK, the others by `call`.
//!
//! Architecture Invariant: one HTTP client and one TLS configuration serve every call here (and the vendor
//! client takes the same TLS configuration), so a function carries one network stack. No text from AWS leaves
//! this crate: a failure is a kind and a code of ours.

pub mod client;

#[cfg(feature = "call")]
mod endpoint;

#[cfg(feature = "call")]
mod call;

#[cfg(any(feature = "kms", feature = "secrets", feature = "sfn"))]
mod json;

#[cfg(feature = "kms")]
mod blob;

#[cfg(any(
    feature = "dynamodb",
    feature = "kms",
    feature = "lambda",
    feature = "s3",
    feature = "secrets",
    feature = "sfn"
))]
mod failures;

#[cfg(any(feature = "dynamodb", feature = "secrets"))]
mod random;

mod signed;
mod time;

#[cfg(feature = "s3")]
mod s3;

#[cfg(feature = "dynamodb")]
pub mod store;

#[cfg(feature = "dynamodb")]
pub mod key_table;

#[cfg(all(feature = "dynamodb", feature = "kms"))]
pub mod keys;

#[cfg(feature = "kms")]
pub mod signer;

#[cfg(feature = "kms")]
pub mod tags;

#[cfg(feature = "lambda")]
pub mod function;

#[cfg(feature = "s3")]
pub mod copies;

#[cfg(feature = "s3")]
pub mod receipts;

#[cfg(feature = "secrets")]
pub mod secrets;

#[cfg(feature = "sfn")]
pub mod workflow;

pub use client::{Aws, Settings, TlsConfig, tls_config};
pub use time::SystemClock;

#[cfg(feature = "s3")]
pub use copies::CopyBucket;
#[cfg(feature = "lambda")]
pub use function::{CallError, Function};
#[cfg(feature = "dynamodb")]
pub use key_table::KeyTable;
#[cfg(all(feature = "dynamodb", feature = "kms"))]
pub use keys::DataKeys;
#[cfg(feature = "s3")]
pub use receipts::ReceiptBucket;
#[cfg(feature = "secrets")]
pub use secrets::SecretStore;
#[cfg(feature = "kms")]
pub use signer::ReceiptKey;
#[cfg(feature = "dynamodb")]
pub use store::{Listed, Store};
#[cfg(feature = "kms")]
pub use tags::TagKey;
#[cfg(feature = "sfn")]
pub use workflow::StateMachine;
