//! The outside as it is deployed: AWS and this version's connectors behind the API's ports.

mod set_ups;

pub use set_ups::ThisVersion;

use crate::ports::{Lists, Outside, ReceiptReads, SearchTester};
use rightful_aws::{
    Aws, CallError, CopyBucket, DataKeys, Function, Listed, ReceiptBucket, SecretStore, StateMachine, Store,
    SystemClock, TagKey,
};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::chain::journal::Entry;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::metric::CommitObserver;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::store::Page;
use rightful_domain::ports::vendors::Compares;
use serde::Deserialize;
use serde_json::json;

/// How long the search function may take to ask a data source, in seconds: less than the console's own
/// time, so that the operator is told.
const ASK_SECONDS: u64 = 25;

/// Where everything is, as the template names it.
#[derive(Clone, Debug)]
pub struct Places {
    /// The table of requests.
    pub requests_table: String,
    /// The table of data keys.
    pub keys_table: String,
    /// The key that wraps data keys.
    pub data_key: String,
    /// The key of digests.
    pub tag_key: String,
    /// The deployment's stage.
    pub stage: String,
    /// The ARN of fulfil-request.
    pub state_machine: String,
    /// The name of the search function.
    pub search_function: String,
    /// The bucket of copies.
    pub copies_bucket: String,
    /// The bucket of receipts.
    pub receipts_bucket: String,
    /// What comes before the names of the deployment's secrets.
    pub secret_prefix: String,
    /// The ARN of the key that encrypts secrets, where it is not AWS's own.
    pub secrets_key: Option<String>,
    /// Whether vendors on the loopback interface are allowed.
    pub allow_loopback: bool,
}

/// AWS and the connectors.
#[derive(Debug)]
pub struct Deployed {
    store: Store,
    lists: StoreLists,
    keys: DataKeys,
    tags: TagKey,
    workflow: StateMachine,
    secrets: SecretStore,
    links: CopyBucket,
    receipts: KeptReceipts,
    tester: SearchFunction,
    set_ups: ThisVersion,
    clock: SystemClock,
}

impl Deployed {
    /// Clients for all of it; nothing is called yet. The observer hears of what is committed.
    #[must_use]
    pub fn new(aws: &Aws, places: &Places, observer: impl CommitObserver + 'static) -> Self {
        let store = Store::new(aws, &places.requests_table, &places.keys_table).observed_by(observer);
        Self {
            lists: StoreLists(store.clone()),
            store,
            keys: DataKeys::new(aws, &places.keys_table, &places.data_key, &places.stage),
            tags: TagKey::new(aws, &places.tag_key),
            workflow: StateMachine::new(aws, &places.state_machine),
            secrets: SecretStore::new(aws, &places.secret_prefix).with_key(places.secrets_key.clone()),
            links: CopyBucket::new(aws, &places.copies_bucket),
            receipts: KeptReceipts(ReceiptBucket::new(aws, &places.receipts_bucket)),
            tester: SearchFunction(Function::new(aws, &places.search_function, ASK_SECONDS)),
            set_ups: ThisVersion::new(places.allow_loopback),
            clock: SystemClock,
        }
    }

    /// Opens the connection to the store, before the first call needs it.
    pub async fn warm(&self) {
        self.store.warm().await;
    }
}

/// The store's lists.
#[derive(Clone, Debug)]
pub struct StoreLists(Store);

impl Lists for StoreLists {
    async fn requests(
        &self,
        state: Option<RequestState>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Request>, Failure> {
        let which = match state {
            None => Listed::All,
            Some(RequestState::Open) => Listed::Open,
            Some(RequestState::Closed) => Listed::Closed,
        };
        self.0.list_requests(which, after, limit).await
    }

    async fn journal(&self, before: Option<u64>, limit: u32) -> Result<Page<Entry>, Failure> {
        self.0.journal(before, limit).await
    }
}

/// The bucket of receipts.
#[derive(Clone, Debug)]
pub struct KeptReceipts(ReceiptBucket);

impl ReceiptReads for KeptReceipts {
    async fn receipt(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure> {
        self.0.read(request, closing).await
    }
}

/// The function `search`, which alone may read a data source's secret and call its vendor.
#[derive(Clone, Debug)]
pub struct SearchFunction(Function);

/// What it answers when the data source works.
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

impl Outside for Deployed {
    type Store = Store;
    type Lists = StoreLists;
    type Keys = DataKeys;
    type Tags = TagKey;
    type Workflow = StateMachine;
    type Secrets = SecretStore;
    type Links = CopyBucket;
    type Receipts = KeptReceipts;
    type Tester = SearchFunction;
    type SetUps = ThisVersion;
    type Clock = SystemClock;

    fn store(&self) -> &Store {
        &self.store
    }
    fn lists(&self) -> &StoreLists {
        &self.lists
    }
    fn keys(&self) -> &DataKeys {
        &self.keys
    }
    fn tags(&self) -> &TagKey {
        &self.tags
    }
    fn workflow(&self) -> &StateMachine {
        &self.workflow
    }
    fn secrets(&self) -> &SecretStore {
        &self.secrets
    }
    fn links(&self) -> &CopyBucket {
        &self.links
    }
    fn receipts(&self) -> &KeptReceipts {
        &self.receipts
    }
    fn tester(&self) -> &SearchFunction {
        &self.tester
    }
    fn set_ups(&self) -> &ThisVersion {
        &self.set_ups
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}
