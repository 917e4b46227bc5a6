//! The store: requests, tasks, rules, events and data sources in one DynamoDB table.
//!
//! `rows` says how rows are named and written, `writes` sends a transaction and judges its refusal,
//! `commit` stores a state change, `create` begins a request, `cursors` keeps the reconciliation's place,
//! `journal` changes the set-up and keeps the deployment's journal, `limit` the data sources' limits,
//! `reads`, `open` and `listing` read.

mod commit;
mod create;
mod cursors;
mod journal;
mod limit;
mod listing;
mod open;
mod reads;
pub(crate) mod rows;
mod writes;

use crate::client::Aws;
use crate::failures::STORE;
use aws_sdk_dynamodb::Client;
pub use listing::Listed;
use rightful_domain::failure::Failure;
use rightful_domain::metric::{CommitObserver, Committed};
use rows::{Item, row_key};
use std::sync::Arc;

/// The tables of a deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    requests: String,
    keys: String,
    observer: Option<Arc<dyn CommitObserver>>,
}

impl Store {
    /// The table `requests`, and the table `keys` to which a new request's wrapped key is written in
    /// the transaction that creates it.
    #[must_use]
    pub fn new(aws: &Aws, requests: impl Into<String>, keys: impl Into<String>) -> Self {
        let client = Client::new(aws.sdk_config());
        Self { client, requests: requests.into(), keys: keys.into(), observer: None }
    }

    /// The same store, whose commits are heard of: each once, once it is certain.
    #[must_use]
    pub fn observed_by(self, observer: impl CommitObserver + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    fn tell(&self, committed: &Committed<'_>) {
        if let Some(observer) = &self.observer {
            observer.committed(committed);
        }
    }

    /// Opens the connection to DynamoDB by reading a row that is never there: during a function's
    /// start, so that its first call does not wait for it. That it fails is found out by that call.
    pub async fn warm(&self) {
        let _ = self.row("WARM".to_owned(), "WARM".to_owned()).await;
    }

    /// One row, strongly consistent.
    async fn row(&self, pk: String, sk: String) -> Result<Option<Item>, Failure> {
        self.client
            .get_item()
            .table_name(&self.requests)
            .set_key(Some(row_key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|err| STORE.failure(&err))
    }
}
