//! What the workflow has done at a data source, step by step.

pub mod search;
pub mod park;
pub mod submit;
pub mod status;
pub mod look;
