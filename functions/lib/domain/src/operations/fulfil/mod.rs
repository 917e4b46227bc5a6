//! The workflow's steps at a data source.

pub mod search;
pub mod park;
pub mod submit;
pub mod status;
pub mod look;
