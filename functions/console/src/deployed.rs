//! The outside as it is deployed: AWS and the connectors of this version behind the API's ports.

mod set_ups;

pub use set_ups::ThisVersion;

use crate::ports::{Lists, Operators, Outside, ReceiptKeys, ReceiptReads, SearchTester};
use rightful_deployed::{
    CallError, CopyBucket, DataKeys, Deployed, Function, Listed, ReceiptBucket, ReceiptKey, SecretStore,
    StateMachine, Store, SystemClock, TagKey,
};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId, TaskRef};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::journal::Entry;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::model::operator::Operator;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::store::{self, CommitError};
use rightful_domain::ports::vendors::Compares;
use rightful_lambda::Error;
use serde::Deserialize;
use serde_json::json;

/// AWS and the connectors.
#[derive(Debug)]
pub struct Ports {
    store: &'static Store,
    keys: &'static DataKeys,
    tags: &'static TagKey,
    workflow: &'static StateMachine,
    secrets: &'static SecretStore,
    links: &'static CopyBucket,
    receipts: &'static ReceiptBucket,
    receipt_key: &'static ReceiptKey,
    tester: SearchFunction,
    set_ups: ThisVersion,
}

impl Ports {
    /// Those of this process; nothing is called yet.
    ///
    /// # Errors
    /// `Misconfigured` when a variable is missing or wrong.
    pub fn of(deployed: &Deployed) -> Result<Self, Error> {
        Ok(Self {
            store: deployed.store()?,
            keys: deployed.keys()?,
            tags: deployed.tags()?,
            workflow: deployed.workflow()?,
            secrets: deployed.secret_writes()?,
            links: deployed.copies()?,
            receipts: deployed.receipts()?,
            receipt_key: deployed.signer()?,
            tester: SearchFunction(deployed.search_function()?),
            set_ups: ThisVersion::new(deployed.allows_loopback()?),
        })
    }
}

impl Lists for Store {
    async fn requests(
        &self,
        state: Option<RequestState>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<store::Page<Request>, Failure> {
        let which = match state {
            None => Listed::All,
            Some(RequestState::Open) => Listed::Open,
            Some(RequestState::Closed) => Listed::Closed,
        };
        self.list_requests(which, after, limit).await
    }

    async fn these(&self, ids: &[RequestId]) -> Result<Vec<Request>, Failure> {
        self.requests(ids).await
    }

    async fn of_subject(&self, subject: &Tag) -> Result<Vec<Request>, Failure> {
        self.by_subject(subject).await
    }

    async fn journal(&self, before: Option<u64>, limit: u32) -> Result<store::Page<Entry>, Failure> {
        Store::journal(self, before, limit).await
    }
}

impl Operators for Store {
    async fn operator(&self, digest: &str) -> Result<Option<Operator>, Failure> {
        Store::operator(self, digest).await
    }

    async fn operators(&self, actors: &[Actor]) -> Result<Vec<Operator>, Failure> {
        Store::operators(self, actors).await
    }

    async fn put_operator(&self, operator: &Operator) -> Result<(), CommitError> {
        Store::put_operator(self, operator).await
    }
}

impl ReceiptReads for ReceiptBucket {
    async fn receipt(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure> {
        self.read(request, closing).await
    }
}

impl ReceiptKeys for ReceiptKey {
    async fn receipt_keys(&self) -> Result<Vec<PublicKey>, Failure> {
        Ok(vec![self.public_key().await?])
    }
}

/// The function `search`, which alone may read a data source's secret and call its vendor.
#[derive(Clone, Copy, Debug)]
pub struct SearchFunction(&'static Function);

/// Its answer when the data source works.
#[derive(Deserialize)]
struct Tested {
    #[serde(rename = "tested")]
    _source: SourceId,
}

impl SearchTester for SearchFunction {
    async fn test(&self, source: &SourceId) -> Result<Option<String>, Failure> {
        match self.0.call::<Tested>(&json!({"mode": "test", "sourceId": source})).await {
            Ok(_) => Ok(None),
            Err(CallError::Failed { code, .. }) => Ok(Some(code)),
            Err(CallError::Unanswered(failure)) => Err(failure),
        }
    }
}

impl Compares for SearchFunction {
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure> {
        let TaskRef { request_id, source_id } = at;
        let payload = json!({
            "mode": "compare", "requestId": request_id, "sourceId": source_id, "from": from, "limit": most,
        });
        match self.0.call::<ComparisonView>(&payload).await {
            Ok(shown) => Ok(Ok(shown)),
            Err(CallError::Failed { code, .. }) => Ok(Err(code)),
            Err(CallError::Unanswered(failure)) => Err(failure),
        }
    }
}

impl Outside for Ports {
    type Store = Store;
    type Lists = Store;
    type Keys = DataKeys;
    type Tags = TagKey;
    type Workflow = StateMachine;
    type Secrets = SecretStore;
    type OwnSecrets = SecretStore;
    type Operators = Store;
    type Links = CopyBucket;
    type Receipts = ReceiptBucket;
    type ReceiptKeys = ReceiptKey;
    type Tester = SearchFunction;
    type SetUps = ThisVersion;
    type Clock = SystemClock;

    fn store(&self) -> &Store {
        self.store
    }
    fn lists(&self) -> &Store {
        self.store
    }
    fn keys(&self) -> &DataKeys {
        self.keys
    }
    fn tags(&self) -> &TagKey {
        self.tags
    }
    fn workflow(&self) -> &StateMachine {
        self.workflow
    }
    fn secrets(&self) -> &SecretStore {
        self.secrets
    }
    fn own_secrets(&self) -> &SecretStore {
        self.secrets
    }
    fn operators(&self) -> &Store {
        self.store
    }
    fn links(&self) -> &CopyBucket {
        self.links
    }
    fn receipts(&self) -> &ReceiptBucket {
        self.receipts
    }
    fn receipt_keys(&self) -> &ReceiptKey {
        self.receipt_key
    }
    fn tester(&self) -> &SearchFunction {
        &self.tester
    }
    fn set_ups(&self) -> &ThisVersion {
        &self.set_ups
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
}
