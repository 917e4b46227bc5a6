//! The right of access: what is copied, what becomes of it, and what stands in its way.

mod stage;
mod part;
mod export;
mod package;
mod link;
