//! A person decides.

pub mod stage;
mod policy;
mod records;
mod decision;
mod refusal;
mod doubt;
mod leaving_out;
