//! The reconciliation brings every open request forward, and counts all open work.

mod run;
mod ended;
mod unreceived;
mod escalation;
mod killed;
mod watched;
mod owner;
