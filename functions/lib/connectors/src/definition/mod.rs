//! A connector's definition: the shape of `connector.yaml`, the check of what it means, and what comes out.

mod problem;
mod raw;
mod checked;
mod check;
mod parse;
mod data_source;
#[cfg(test)]
mod tests;

pub(crate) use checked::{Auth, Complete, Export, Limits, Request, Search, Shows, Status, Submission};
pub use checked::{Definition, SecretField, VerifyPlan};
pub use problem::{DefinitionError, Problem};
