//! The handlers of the API, by subject.

pub(crate) mod identifiers;
pub(crate) mod paging;
pub(crate) mod secrets;

pub(crate) mod acts;
pub(crate) mod connectors;
pub(crate) mod journal;
pub(crate) mod links;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod requests;
pub(crate) mod sources;
pub(crate) mod ticketing;
pub(crate) mod work;
