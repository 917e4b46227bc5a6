//! Finds what nobody moves any more, and has it moved.

pub mod judge;
pub mod ended;
pub mod unreceived;
pub mod run;
