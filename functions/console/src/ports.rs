//! The API's ports: those of the domain, and six of its own that only operators need.

use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::journal::Entry;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::model::operator::Operator;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::copies::CopyLinks;
use rightful_domain::ports::keys::{Keys, NewKeys, Tags};
use rightful_domain::ports::set_up::{Catalogue, Objection, SecretWrites, Secrets, SetsUp};
use rightful_domain::ports::store::{self, Begins, CommitError, OpenWork, Reads, UsesOf, Writes};
use rightful_domain::ports::vendors::Compares;
use rightful_domain::ports::workflow::{Tokens, Workflow};
use rightful_domain::view::source::ConnectorView;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Lists that only operators ask for.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Lists {
    /// Requests in this state, or in any, the newest first, at most `limit` of them; `after` is the `next`
    /// of the page before this one. A page may have fewer items and still a next page.
    ///
    /// # Errors
    /// When the store fails, or `Misconfigured` (`cursor_unreadable`) when `after` is not a page's `next`.
    async fn requests(
        &self,
        state: Option<RequestState>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<store::Page<Request>, Failure>;

    /// The existing ones of these requests, in this order. No id may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn these(&self, ids: &[RequestId]) -> Result<Vec<Request>, Failure>;

    /// The requests of one data subject that are not forgotten, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    async fn of_subject(&self, subject: &Tag) -> Result<Vec<Request>, Failure>;

    /// The journal's entries with a lower number than `before`, the newest first, at most `limit` of them;
    /// from the last one when `before` is `None`. They are checked to follow each other. `next` is the
    /// `before` of the next call.
    ///
    /// # Errors
    /// When the store fails, or `Misconfigured` when an entry was changed or is missing.
    async fn journal(&self, before: Option<u64>, limit: u32) -> Result<store::Page<Entry>, Failure>;
}

/// Reads kept receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait ReceiptReads {
    /// The exact bytes of the receipt file of a request's closing, counted from 0; `None` when there is
    /// none.
    ///
    /// # Errors
    /// When the store of receipts fails.
    async fn receipt(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure>;
}

/// The keys that verify receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait ReceiptKeys {
    /// The public keys of the deployment's receipts.
    ///
    /// # Errors
    /// When the key service fails.
    async fn receipt_keys(&self) -> Result<Vec<PublicKey>, Failure>;
}

/// Tries a data source out, through the function that may call vendors.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SearchTester {
    /// Asks the vendor something harmless: `Ok(None)` when it answered and accepted the token, otherwise the
    /// code that says why not. May be repeated.
    ///
    /// # Errors
    /// When the function can't be called, or fails.
    async fn test(&self, source: &SourceId) -> Result<Option<String>, Failure>;
}

/// The connectors and the ticketing systems of this version.
pub trait SetUps: Catalogue {
    /// All connectors, by name; without the data sources that use them.
    fn connectors(&self) -> Vec<ConnectorView>;
    /// The channels whose tickets can be answered, by name.
    fn channels(&self) -> Vec<String>;
    /// Checks how a channel's tickets are answered, and gives the secret as it is stored.
    ///
    /// # Errors
    /// Everything that is wrong, without any value.
    fn check_ticketing(
        &self,
        channel: &str,
        params: &BTreeMap<String, String>,
        secret: &BTreeMap<String, Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, Vec<Objection>>;
    /// The name of a channel's secret for [`SecretWrites`].
    fn ticketing_secret_name(&self, channel: &str) -> String;
}

/// The operators who signed in on the pages.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Operators {
    /// The operator whose actor has this digest; `None` for one who never signed in.
    ///
    /// # Errors
    /// When the store fails.
    async fn operator(&self, digest: &str) -> Result<Option<Operator>, Failure>;

    /// Those of these actors who ever signed in, in no order. No actor may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn operators(&self, actors: &[Actor]) -> Result<Vec<Operator>, Failure>;

    /// Stores an operator as the next revision of what was read.
    ///
    /// # Errors
    /// `Stale` when somebody else stored it since.
    async fn put_operator(&self, operator: &Operator) -> Result<(), CommitError>;
}

/// The whole outside: in AWS, or in memory.
pub trait Outside: 'static {
    /// The store.
    type Store: Begins + Reads + Writes + SetsUp + UsesOf + OpenWork;
    /// Lists of the store.
    type Lists: Lists;
    /// Data keys.
    type Keys: Keys + NewKeys;
    /// Keyed digests.
    type Tags: Tags;
    /// The workflow service.
    type Workflow: Workflow + Tokens;
    /// Writes secrets of data sources and of tickets.
    type Secrets: SecretWrites;
    /// Reads the secrets of the pages themselves.
    type OwnSecrets: Secrets;
    /// The operators who signed in on the pages.
    type Operators: Operators;
    /// Links to copies.
    type Links: CopyLinks;
    /// Kept receipts.
    type Receipts: ReceiptReads;
    /// The keys that verify receipts.
    type ReceiptKeys: ReceiptKeys;
    /// Tries data sources out, and asks them what they show.
    type Tester: SearchTester + Compares;
    /// Connectors and ticketing systems.
    type SetUps: SetUps;
    /// The time.
    type Clock: Clock;

    /// The store.
    fn store(&self) -> &Self::Store;
    /// Lists of the store.
    fn lists(&self) -> &Self::Lists;
    /// Data keys.
    fn keys(&self) -> &Self::Keys;
    /// Keyed digests.
    fn tags(&self) -> &Self::Tags;
    /// The workflow service.
    fn workflow(&self) -> &Self::Workflow;
    /// Writes secrets.
    fn secrets(&self) -> &Self::Secrets;
    /// Reads the secrets of the pages themselves.
    fn own_secrets(&self) -> &Self::OwnSecrets;
    /// The operators who signed in on the pages.
    fn operators(&self) -> &Self::Operators;
    /// Links to copies.
    fn links(&self) -> &Self::Links;
    /// Kept receipts.
    fn receipts(&self) -> &Self::Receipts;
    /// The keys that verify receipts.
    fn receipt_keys(&self) -> &Self::ReceiptKeys;
    /// Tries data sources out, and asks them what they show.
    fn tester(&self) -> &Self::Tester;
    /// Connectors and ticketing systems.
    fn set_ups(&self) -> &Self::SetUps;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}
