//! An operator's acts on a request, and when they are possible: run again, reopen, cancel, state an outcome.

mod stage;
mod run;
mod reopen;
mod cancel;
mod state;
mod identify;
mod events;
