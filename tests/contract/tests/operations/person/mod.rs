//! What people do, and what they are shown.

pub mod review;
mod act;
mod extend;
mod see;
mod offers;
mod forty;
