//! The composition root: the ports of a function, built from what its environment names.
//!
//! Each port is built when it is first asked for, once for the process. A function therefore reads only the
//! variables of the ports that it names, and builds and links only their clients.

use rightful_aws::{Aws, Settings, TlsConfig, tls_config};
use rightful_domain::base::failure::Failure;
use rightful_domain::documents::receipt::Issuer;
use rightful_lambda::metrics::Metrics;
use rightful_lambda::{Correlated, Environment, Error, Invocation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

#[cfg(feature = "copies")]
pub use rightful_aws::CopyBucket;
#[cfg(feature = "secrets")]
pub use rightful_aws::SecretStore;
#[cfg(feature = "workflow")]
pub use rightful_aws::StateMachine;
#[cfg(feature = "tags")]
pub use rightful_aws::TagKey;
#[cfg(feature = "functions")]
pub use rightful_aws::{CallError, Function};
#[cfg(feature = "keys")]
pub use rightful_aws::{DataKeys, KeyTable};
pub use rightful_aws::{Listed, Store, SystemClock};
#[cfg(feature = "receipts")]
pub use rightful_aws::{ReceiptBucket, ReceiptKey};
#[cfg(feature = "catalogue")]
pub use rightful_connectors::KnownConnectors;
#[cfg(feature = "vendors")]
pub use rightful_connectors::Sources;
#[cfg(feature = "tickets")]
pub use rightful_connectors::Ticketing;

#[cfg(any(feature = "catalogue", feature = "vendors"))]
use rightful_connectors::Connectors;
#[cfg(any(feature = "tickets", feature = "vendors"))]
use rightful_connectors::{Options, VendorClient};
#[cfg(any(feature = "tickets", feature = "vendors"))]
use std::sync::Arc;

/// How long the search function may take to ask a data source, in seconds. This is less than its caller's own
/// time, so that the operator gets an answer.
#[cfg(feature = "functions")]
const ASK_SECONDS: u64 = 25;

/// One function's process.
#[derive(Debug)]
pub struct Deployed {
    /// Its settings.
    pub env: Environment,
    /// Everything built so far, by name. It lasts as long as the process.
    built: RefCell<BTreeMap<&'static str, &'static dyn Any>>,
}

impl Deployed {
    /// The process of the function `service`: logging begins; nothing is read or built yet.
    #[must_use]
    pub fn start(service: &'static str) -> Self {
        rightful_lambda::start(service);
        Self::in_environment(Environment::of_process())
    }

    /// A process with these variables.
    #[must_use]
    pub fn in_environment(env: Environment) -> Self {
        Self { env, built: RefCell::default() }
    }

    /// Opens the store's connection if the function uses the store, then serves invocations.
    ///
    /// # Errors
    /// When the Lambda runtime API can't be reached any more.
    pub async fn serve<E, R>(
        &self,
        handler: impl AsyncFn(E, Invocation) -> Result<R, Failure>,
    ) -> Result<(), Error>
    where
        E: DeserializeOwned + Correlated,
        R: Serialize,
    {
        if let Some(store) = self.find::<Store>("store") {
            store.warm().await;
        }
        rightful_lambda::serve(handler).await
    }

    fn find<T: 'static>(&self, name: &'static str) -> Option<&'static T> {
        self.built.borrow().get(name).copied().and_then(<dyn Any>::downcast_ref)
    }

    /// Returns the value of this name; builds it first if it is new.
    fn once<T: 'static>(
        &self,
        name: &'static str,
        build: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&'static T, Error> {
        if let Some(there) = self.find(name) {
            return Ok(there);
        }
        let built: &'static T = Box::leak(Box::new(build()?));
        self.built.borrow_mut().insert(name, built);
        Ok(built)
    }

    fn tls(&self) -> Result<&'static TlsConfig, Error> {
        self.once("tls", || Ok(tls_config()?))
    }

    fn aws(&self) -> Result<&'static Aws, Error> {
        self.once("aws", || {
            let settings = Settings::of_variables(|name| self.env.optional(name))?;
            Ok(Aws::new(settings, self.tls()?.clone())?)
        })
    }

    fn metrics(&self) -> Result<Metrics, Error> {
        Ok(self.env.metrics()?)
    }

    /// Whether vendors on the loopback interface are allowed.
    ///
    /// # Errors
    /// `Misconfigured` when the setting is missing or wrong.
    pub fn allows_loopback(&self) -> Result<bool, Error> {
        self.once("loopback", || Ok(self.env.allow_loopback_vendors()?)).copied()
    }

    /// The deployment that issues a receipt.
    ///
    /// # Errors
    /// `Misconfigured` when a setting is missing or wrong.
    pub fn issuer(&self) -> Result<Issuer, Error> {
        Ok(Issuer { stage: self.env.require("RIGHTFUL_STAGE")?, sandbox: self.allows_loopback()? })
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &'static SystemClock {
        &SystemClock
    }

    /// The store; each commit is measured.
    ///
    /// # Errors
    /// `Misconfigured` when a variable is missing, as for every port.
    pub fn store(&self) -> Result<&'static Store, Error> {
        self.once("store", || {
            let keys = self.env.require("KEYS_TABLE")?;
            let store = Store::new(self.aws()?, self.env.require("REQUESTS_TABLE")?, keys);
            Ok(store.observed_by(self.metrics()?))
        })
    }

    /// The data keys of requests.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "keys")]
    pub fn keys(&self) -> Result<&'static DataKeys, Error> {
        self.once("keys", || {
            let (table, key) = (self.env.require("KEYS_TABLE")?, self.env.require("DATA_KEY_ID")?);
            Ok(DataKeys::new(self.aws()?, table, key, self.env.require("RIGHTFUL_STAGE")?))
        })
    }

    /// The table of data keys, for deleting them.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "keys")]
    pub fn forgets(&self) -> Result<&'static KeyTable, Error> {
        self.once("forgets", || Ok(KeyTable::new(self.aws()?, self.env.require("KEYS_TABLE")?)))
    }

    /// The key for keyed digests.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "tags")]
    pub fn tags(&self) -> Result<&'static TagKey, Error> {
        self.once("tags", || Ok(TagKey::new(self.aws()?, self.env.require("TAG_KEY_ID")?)))
    }

    /// The state machine fulfil-request.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "workflow")]
    pub fn workflow(&self) -> Result<&'static StateMachine, Error> {
        self.once("workflow", || Ok(StateMachine::new(self.aws()?, self.env.require("FULFIL_REQUEST_ARN")?)))
    }

    /// The bucket of copies.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "copies")]
    pub fn copies(&self) -> Result<&'static CopyBucket, Error> {
        self.once("copies", || Ok(CopyBucket::new(self.aws()?, self.env.require("COPIES_BUCKET")?)))
    }

    /// The key that signs receipts.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "receipts")]
    pub fn signer(&self) -> Result<&'static ReceiptKey, Error> {
        self.once("signer", || Ok(ReceiptKey::new(self.aws()?, self.env.require("RECEIPT_KEY_ID")?)))
    }

    /// The bucket of receipts.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "receipts")]
    pub fn receipts(&self) -> Result<&'static ReceiptBucket, Error> {
        self.once("receipts", || Ok(ReceiptBucket::new(self.aws()?, self.env.require("RECEIPTS_BUCKET")?)))
    }

    #[cfg(feature = "secrets")]
    fn secret_store(&self) -> Result<SecretStore, Error> {
        Ok(SecretStore::new(self.aws()?, self.env.require("SECRET_PREFIX")?))
    }

    /// The secrets of webhooks; a previous version stays valid for the hours that the deployment sets.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "secrets")]
    pub fn webhook_secrets(&self) -> Result<&'static SecretStore, Error> {
        self.once("webhook secrets", || {
            Ok(self.secret_store()?.with_previous_for(self.env.number("PREVIOUS_SECRET_HOURS")?))
        })
    }

    /// The secrets, for writing them; encrypted with the deployment's own key if it has one.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "secrets")]
    pub fn secret_writes(&self) -> Result<&'static SecretStore, Error> {
        self.once("secret writes", || {
            Ok(self.secret_store()?.with_key(self.env.optional("ENCRYPTION_KEY_ARN")))
        })
    }

    /// The function `search`, which alone may read a data source's secret and call its vendor.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "functions")]
    pub fn search_function(&self) -> Result<&'static Function, Error> {
        self.once("search function", || {
            Ok(Function::new(self.aws()?, self.env.require("SEARCH_FUNCTION_NAME")?, ASK_SECONDS))
        })
    }

    #[cfg(any(feature = "tickets", feature = "vendors"))]
    fn shared_secrets(&self) -> Result<Arc<SecretStore>, Error> {
        self.once("secrets", || Ok(Arc::new(self.secret_store()?))).cloned()
    }

    #[cfg(any(feature = "tickets", feature = "vendors"))]
    fn client(&self) -> Result<VendorClient, Error> {
        let client = self.once("client", || {
            let options = Options { allow_loopback: self.allows_loopback()?, tls: self.tls()?.clone() };
            Ok(VendorClient::new(&options)?.observed_by(self.metrics()?))
        });
        client.cloned()
    }

    /// The vendors; each call is measured.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "vendors")]
    pub fn vendors(&self) -> Result<&'static Sources<SecretStore>, Error> {
        self.once("vendors", || {
            Ok(Sources::new(Connectors::on_demand(), self.client()?, self.shared_secrets()?))
        })
    }

    /// The ticketing systems; each call is measured.
    ///
    /// # Errors
    /// See [`Deployed::store`].
    #[cfg(feature = "tickets")]
    pub fn tickets(&self) -> Result<&'static Ticketing<SecretStore>, Error> {
        self.once("tickets", || Ok(Ticketing::new(self.client()?, self.shared_secrets()?)))
    }

    /// This version's connectors, for a function that calls none of them.
    ///
    /// # Errors
    /// Never: it reads no setting.
    #[cfg(feature = "catalogue")]
    pub fn catalogue(&self) -> Result<&'static KnownConnectors, Error> {
        self.once("catalogue", || Ok(KnownConnectors::new(Connectors::on_demand(), false)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::code::Code;
    use std::cell::Cell;
    use std::collections::BTreeSet;

    /// The variables that every port of AWS needs.
    const AWS: [&str; 3] = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    /// The variables that may be missing.
    const MAY_BE_MISSING: [&str; 3] = ["AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "ENCRYPTION_KEY_ARN"];

    thread_local! {
        static READ: RefCell<BTreeSet<String>> = RefCell::default();
        static READS: Cell<u32> = const { Cell::new(0) };
        static MISSING: RefCell<String> = RefCell::default();
    }

    fn variable(name: &str) -> Option<String> {
        READ.with_borrow_mut(|read| read.insert(name.to_owned()));
        READS.set(READS.get() + 1);
        let value = match name {
            "ALLOW_LOOPBACK_VENDORS" => "false",
            "PREVIOUS_SECRET_HOURS" => "24",
            _ => "some",
        };
        let there = !MAY_BE_MISSING.contains(&name) && MISSING.with_borrow(|missing| missing != name);
        there.then(|| value.to_owned())
    }

    fn deployed() -> Deployed {
        READ.with_borrow_mut(BTreeSet::clear);
        Deployed::in_environment(Environment::of(variable))
    }

    type Port = fn(&Deployed) -> Result<(), Error>;

    const PORTS: [(Port, &[&str]); 15] = [
        (|it| it.store().map(drop), &["REQUESTS_TABLE", "KEYS_TABLE", "RIGHTFUL_STAGE"]),
        (|it| it.keys().map(drop), &["KEYS_TABLE", "DATA_KEY_ID", "RIGHTFUL_STAGE"]),
        (|it| it.forgets().map(drop), &["KEYS_TABLE"]),
        (|it| it.tags().map(drop), &["TAG_KEY_ID"]),
        (|it| it.workflow().map(drop), &["FULFIL_REQUEST_ARN"]),
        (|it| it.copies().map(drop), &["COPIES_BUCKET"]),
        (|it| it.signer().map(drop), &["RECEIPT_KEY_ID"]),
        (|it| it.receipts().map(drop), &["RECEIPTS_BUCKET"]),
        (|it| it.webhook_secrets().map(drop), &["SECRET_PREFIX", "PREVIOUS_SECRET_HOURS"]),
        (|it| it.secret_writes().map(drop), &["SECRET_PREFIX"]),
        (|it| it.search_function().map(drop), &["SEARCH_FUNCTION_NAME"]),
        (|it| it.vendors().map(drop), &["SECRET_PREFIX", "ALLOW_LOOPBACK_VENDORS", "RIGHTFUL_STAGE"]),
        (|it| it.tickets().map(drop), &["SECRET_PREFIX", "ALLOW_LOOPBACK_VENDORS", "RIGHTFUL_STAGE"]),
        (|it| it.issuer().map(drop), &["RIGHTFUL_STAGE", "ALLOW_LOOPBACK_VENDORS"]),
        (|it| it.catalogue().map(drop), &[]),
    ];

    /// The ports of [`PORTS`] that don't use AWS.
    const WITHOUT_AWS: [usize; 2] = [13, 14];

    #[test]
    fn a_port_reads_its_own_variables_and_no_others() {
        for (n, (port, variables)) in PORTS.iter().enumerate() {
            let deployed = deployed();
            assert!(READ.with_borrow(BTreeSet::is_empty), "something is read before a port is asked for");
            port(&deployed).unwrap();
            let aws: &[&str] = if WITHOUT_AWS.contains(&n) { &[] } else { &AWS };
            let expected: BTreeSet<&str> = variables.iter().chain(aws).copied().collect();
            let read = READ.with_borrow(Clone::clone);
            let read: BTreeSet<&str> =
                read.iter().map(String::as_str).filter(|name| !MAY_BE_MISSING.contains(name)).collect();
            assert_eq!(read, expected, "port {n}");
        }
    }

    #[test]
    fn a_port_is_not_built_while_one_of_its_variables_is_missing() {
        for (n, (port, variables)) in PORTS.iter().enumerate() {
            for name in *variables {
                MISSING.set((*name).to_owned());
                let error = port(&deployed()).unwrap_err();
                let failure = error.downcast_ref::<Failure>();
                assert_eq!(failure, Some(&Failure::of(Code::SettingMissing)), "port {n}: {name}");
            }
        }
        MISSING.set(String::new());
    }

    #[test]
    fn a_port_is_built_once_and_shares_what_is_beneath_it() {
        let deployed = deployed();
        let (store, vendors) = (deployed.store().unwrap(), deployed.vendors().unwrap());
        deployed.tickets().unwrap();
        let reads = READS.get();
        assert!(std::ptr::eq(store, deployed.store().unwrap()));
        assert!(std::ptr::eq(vendors, deployed.vendors().unwrap()));
        assert_eq!(READS.get(), reads, "a variable is read again");
        deployed.tags().unwrap();
        assert_eq!(READS.get(), reads + 1, "AWS is configured again");
        assert!(!std::ptr::eq(deployed.webhook_secrets().unwrap(), deployed.secret_writes().unwrap()));
    }
}
