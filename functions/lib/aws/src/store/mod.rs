//! The store: requests, tasks, rules, events and data sources in one DynamoDB table.
//!
//! `rows` names, writes and reads back rows; `tables` is the store itself; `writes` sends a transaction and
//! judges its refusal; `reads` reads rows and indexes; `commit` stores a state change, `create` begins a
//! request, `cursors` keeps the reconciliation's place, `limit` the data sources' limits; `journal` changes
//! the set-up and keeps the deployment's journal; `operators` holds who signed in on the pages; `listing` reads lists, `open` reads all open work and the
//! chains.

pub(crate) mod rows;
mod tables;
mod writes;
mod reads;
mod commit;
mod create;
mod cursors;
mod limit;
mod journal;
mod operators;
mod listing;
mod open;

pub use listing::Listed;
pub use tables::Store;
