//! The duties of every connector: one loop over all of them, against the walkthrough in each folder.

mod answers;
mod rules;
mod search;
mod targets;
mod tokens;
mod walkthrough;
