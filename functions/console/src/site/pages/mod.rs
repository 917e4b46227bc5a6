//! The pages, by what they are about.

pub(crate) mod frame;
pub(crate) mod detail;
pub(crate) mod acts;
pub(crate) mod bulk;
pub(crate) mod list;
pub(crate) mod people;
pub(crate) mod receipt;
pub(crate) mod fresh;
pub(crate) mod overview;
pub(crate) mod journal;
