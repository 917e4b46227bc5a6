//! What brings every open request forward, and counts what is open.

mod run;
mod ended;
mod unreceived;
mod escalation;
mod killed;
mod watched;
mod owner;
