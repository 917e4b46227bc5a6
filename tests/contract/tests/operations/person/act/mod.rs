//! What an operator may do to a request, and when: run it again, reopen it, cancel it, state what became of it.

mod stage;
mod run;
mod reopen;
mod cancel;
mod state;
mod identify;
mod events;
