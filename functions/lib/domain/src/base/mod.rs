//! The base of everything else: ids, identifiers, times, seals, codes. It knows nothing of requests.

pub mod kind;
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
