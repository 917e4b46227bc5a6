//! A person's acts: see, decide, act, extend.

pub mod review;
pub mod act;
pub mod extend;
pub mod see;
