//! Signing in and out.

pub(crate) mod link;
pub(crate) mod out;
pub(crate) mod pages;
