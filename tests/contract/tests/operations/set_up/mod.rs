//! Data sources are set up: every act is in the journal, and no secret is.

mod stage;
mod adding;
mod target;
mod changing;
mod removing;
