//! The life of a task and of its rules, as one pure state machine: `step(life, event)` gives the life
//! after the event and what has to be done about it. The operations feed it with what they read and
//! heard, and store what it gives; the model and the simulator run exactly this.
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
//! Access takes the same way where the vendor makes an export of its own, and copies then; without one
//! it copies as soon as it is decided. A person may have a task run again for as long as its request is
//! open: that is a new run, with batches of its own.
//!
//! A look that finds records beyond the decision sends the task back to the search, for a *round* with a
//! decision of its own; nothing is settled before. After three such rounds a person has it.
//!
//! A rule: intent ─► accepted ─► finished; or not sent (a new intent may follow), not taken, unknown.
//! An unknown one is resolved by looking: unreferenced (none of its records is left), or left ─►
//! repeated (a later batch names what was left). So is one that the vendor did not take: gone, or left ─►
//! repeated, and rejected in the end.

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

pub use event::{Effect, Event, Ruling};
pub use moving::is_copying;
pub use plan::{MAX_ATTEMPTS, Plan, Sending, plan};
pub use rows::{Life, wait_left};
pub use search::MOST_ROUNDS;
pub use step::step;
pub use terms::Terms;
