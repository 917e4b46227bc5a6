//! What everything else stands on: ids, identifiers, times, seals, codes. Knows nothing of requests.

pub mod code;
pub mod failure;
pub(crate) mod stored;
pub mod canonical;
pub mod ids;
pub mod time;
pub mod waits;
pub mod seal;
pub mod actor;
pub mod identifier;
