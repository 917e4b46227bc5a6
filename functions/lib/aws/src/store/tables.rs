//! The tables of a deployment, and the calls that every part of the store makes.

use super::rows::{Item, row_key};
use crate::client::Aws;
use crate::failures::STORE;
use aws_sdk_dynamodb::Client;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::links::Head;
use rightful_domain::metric::{CommitObserver, Committed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The tables of a deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) client: Client,
    pub(super) requests: String,
    pub(super) keys: String,
    observer: Option<Arc<dyn CommitObserver>>,
    known: Arc<Mutex<Option<KnownHead>>>,
}

/// How long the last seen head of a chain is trusted: as long as a step takes. If another worker was faster,
/// the guard fails, at the price of a refused transaction.
const HEAD_KNOWN_FOR: Duration = Duration::from_secs(5);

/// The last seen head of the chain in the partition `pk`.
#[derive(Clone, Debug)]
struct KnownHead {
    pk: String,
    head: Head,
    seen: Instant,
}

impl Store {
    /// The table `requests`, and the table `keys` to which a new request's wrapped key is written in
    /// the transaction that creates it.
    #[must_use]
    pub fn new(aws: &Aws, requests: impl Into<String>, keys: impl Into<String>) -> Self {
        let client = Client::new(aws.sdk_config());
        let known = Arc::default();
        Self { client, requests: requests.into(), keys: keys.into(), observer: None, known }
    }

    /// The same store with an observer, which hears of each commit once, when it is certain.
    #[must_use]
    pub fn observed_by(self, observer: impl CommitObserver + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    pub(super) fn tell(&self, committed: &Committed<'_>) {
        if let Some(observer) = &self.observer {
            observer.committed(committed);
        }
    }

    /// Opens the connection to DynamoDB by reading a row that never exists: during a function's start, so
    /// that its first call does not wait for it. A failure is left for that call to find.
    pub async fn warm(&self) {
        let _ = self.row("WARM".to_owned(), "WARM".to_owned()).await;
    }

    /// Remembers the head of a chain for its next change.
    pub(super) fn know(&self, pk: &str, head: Head) {
        let known = KnownHead { pk: pk.to_owned(), head, seen: Instant::now() };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// The head of a chain a moment ago; given out once.
    pub(super) fn known(&self, pk: &str) -> Option<Head> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        (known.pk == pk && known.seen.elapsed() < HEAD_KNOWN_FOR).then_some(known.head)
    }

    /// One row, strongly consistent.
    pub(super) async fn row(&self, pk: String, sk: String) -> Result<Option<Item>, Failure> {
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
