//! Everything together: a deployment in memory, each operation as its handler calls it, and the names that tests
//! use.
#![allow(clippy::expect_used, reason = "test equipment: when it is broken, the test shall stop there")]

mod names;
mod made;
mod deployment;
mod stored;
mod handlers;
mod operators;

pub use deployment::World;
pub use handlers::{CLOSE_SECONDS, HANDLER_SECONDS, RECONCILE_SECONDS};
pub use made::{a_request, a_rule, a_source, a_task};
pub use names::{CANARY, ann, email, erasure, erasure_of, request_id, source, task_of};
