//! A vendor that is slow, loses calls and answers, reports effects before they happen, and shows records that
//! are gone.

mod books;
mod calls;
mod search;
mod submission;
mod script;

pub(crate) use books::{Ground, Habits, SimVendor};
