//! The API over ports that are as strict as AWS. Every answer of every test is checked against
//! infra/openapi.yaml: its status, its content type, its shape and its error code.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

/// Scenarios: each is a test of its own; together they prove that every documented error is given.
macro_rules! scenarios {
    ($($name:ident)*) => {
        mod each {
            $(#[tokio::test(flavor = "current_thread")]
            async fn $name() {
                super::$name().await;
            })*
        }

        /// The errors that the scenarios give.
        pub async fn given() -> crate::stage::Given {
            let mut all = crate::stage::Given::new();
            $(all.extend($name().await);)*
            all
        }
    };
}

mod acts;
mod bodies;
mod contract;
mod document;
mod hidden;
mod links;
mod log;
mod overview;
mod pages;
mod past;
mod requests;
mod review;
mod sources;
mod stage;
mod work;
