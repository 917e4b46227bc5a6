//! Closes requests.

mod answer;
mod copy;
pub mod closing;
