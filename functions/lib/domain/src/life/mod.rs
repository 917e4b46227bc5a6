//! The life of a task and of its rules, as one pure state machine: `step(life, event)` returns the life after
//! the event and the work that follows. The operations feed it with the rows they read and the answers they
//! received, and store the result. The model and the simulator run exactly this code.
//!
//! Architecture Invariant: nothing else changes a task's or a rule's state.
//!
//! ```text
//! planned ─► decided ─► submitting ─► submitted ─► verifying ─► settled (outcome)
//!  ▲  │        ▲  │           │  ▲          │                       ▲
//!  │  ▼        │  │           ▼  │          └─► copying ────────────┘
//!  │ awaiting ─┘  │         unknown: a look tells, or a person
//!  │ review       │
//!  └──────────────┘ searched again
//! ```
//!
//! A request for access takes the same path if the vendor makes its own export, and copies afterwards. Without
//! one it copies as soon as a decision is made. A person may have a task run again while its request is open:
//! that is a new run, with its own batches.
//!
//! A look that finds records beyond the decision sends the task back to the search, for a *round* with its own
//! decision; nothing is settled before. After three such rounds the task goes to a person.
//!
//! A rule: intent ─► accepted ─► finished; or not sent (a new intent may follow), not taken, unknown. Looks
//! resolve an unknown rule: unreferenced (none of its records is left), or left ─► repeated (a later batch
//! submits the remaining records). They also resolve a rule that the vendor did not accept: gone, or left ─►
//! repeated, and in the end rejected.

mod terms;
mod event;
mod rows;
mod plan;
mod moving;
mod search;
mod decision;
mod copy;
mod submission;
mod status;
mod look;
mod step;
#[cfg(test)]
mod tests;

pub use event::{Effect, LifeEvent, Ruling};
pub use moving::is_copying;
pub use plan::{MAX_ATTEMPTS, Plan, Sending, plan};
pub use rows::{Life, wait_left};
pub use search::MOST_ROUNDS;
pub use step::step;
pub use terms::Terms;
