//! A connector's definition: `connector.yaml` as it is written, the check of its meaning, and the result.

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
