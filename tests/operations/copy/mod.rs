//! The right of access: the parts of a copy, the package, and the obstacles.

mod stage;
mod part;
mod export;
mod package;
mod link;
