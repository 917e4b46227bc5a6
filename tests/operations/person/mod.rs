//! The acts of people, and the data shown to them.

pub mod review;
mod act;
mod extend;
mod see;
mod offers;
mod forty;
