//! The set-up of data sources: every act is in the journal, and no secret.

mod stage;
mod adding;
mod target;
mod changing;
mod removing;
