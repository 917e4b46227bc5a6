//! Finds work that stands still, and has it moved.

pub mod judge;
pub mod ended;
pub mod unreceived;
pub mod run;
