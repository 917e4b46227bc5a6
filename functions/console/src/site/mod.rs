//! The console's pages: everything under `/console`, for people who sign in.
//!
//! A page reads and acts through the same routes as any other caller of the API: what is possible, who may do it,
//! and what came of it are decided and logged there. A page adds words and forms, and holds no rule of its own.
//!
//! The modules are storeys, the lowest first.
//!
//! Architecture Invariant: no URL, no title and no log line of a page holds an identifier of a data subject, no
//! answer but a file of the pages themselves is cached, and every act carries a token that only this operator's
//! pages hold.

mod words;
mod fields;
mod sealer;
mod session;
mod assets;
mod reply;
mod visit;
mod shell;
mod message;
mod form;
mod show;
mod pages;
mod sign_in;
mod desk;

pub use desk::{Site, SiteSettings};
