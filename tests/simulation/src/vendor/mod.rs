//! A vendor that takes its time, loses what it is sent or what it answers, says one thing before it
//! has done another, and shows what is no longer there.

mod books;
mod calls;
mod search;
mod submission;
mod script;

pub(crate) use books::{Ground, Habits, SimVendor};
