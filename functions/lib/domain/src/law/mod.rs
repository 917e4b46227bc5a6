//! The law: rights, grounds, deadlines and their extension.

pub mod right;
pub mod ground;
pub mod level;
pub mod deadline;
pub mod calendar;
pub mod extension;
