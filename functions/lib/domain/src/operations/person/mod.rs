//! What a person does: sees, decides, acts, extends.

pub mod review;
pub mod act;
pub mod extend;
pub mod see;
