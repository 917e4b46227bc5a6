//! One data source of a request, from the search to the last look.

mod search;
mod park;
mod submit;
mod status;
mod look;
mod unknown;
pub mod lease;
mod limit;
mod line;
mod target;
