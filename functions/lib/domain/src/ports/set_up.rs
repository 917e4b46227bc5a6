//! The set-up: data sources, their secrets, and what connectors say about both.

use crate::base::actor::Actor;
use crate::base::failure::Failure;
use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::chain::act::Act;
use crate::model::source::DataSource;
use crate::ports::store::CommitError;
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Secrets by name.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Secrets {
    /// The versions of a secret that may be in use, the current one first, then the previous one.
    /// `name` is relative to the deployment, such as `source/qualifio-main`. Cached for minutes;
    /// `fresh` reads it again (after a 401).
    ///
    /// # Errors
    /// `Misconfigured` when it is not there, `Transient` when the service fails.
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure>;
}

/// What is wrong with what an operator gave, in words that never repeat it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Objection {
    /// Which parameter, field or identifier kind.
    pub name: String,
    /// What is wrong with it and what to give instead, as a sentence.
    pub what: String,
}

/// An identifier kind as a connector asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AskedKind {
    /// The kind.
    pub kind: IdentifierKind,
    /// What it is, for whoever has to find it out.
    pub description: String,
    /// A value as an operator would write it; nobody's.
    pub example: String,
}

/// What the connectors of this version say about data sources, without calling anybody.
pub trait Catalogue {
    /// Whether there is a connector of this name.
    fn knows(&self, connector: &str) -> bool;
    /// The identifier kinds that a connector searches by; any one of them will do.
    fn kinds(&self, connector: &str) -> Vec<AskedKind>;
    /// Whether a value can be an identifier of its kind at this connector.
    ///
    /// # Errors
    /// Why not, without the value.
    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection>;
    /// Whether the values of a kind are digits alone, wherever a connector searches by it: then a number
    /// stands for its digits.
    fn is_number(&self, _kind: &IdentifierKind) -> bool {
        false
    }
    /// Checks a data source's parameters.
    ///
    /// # Errors
    /// All that is wrong.
    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>>;
    /// The target that these parameters point at.
    ///
    /// # Errors
    /// All that is wrong with the parameters.
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>>;
    /// Checks the fields of a data source's secret, and gives the secret as it is stored: it names the
    /// target that it is given for, and is sent to no other.
    ///
    /// # Errors
    /// All that is wrong, without a value.
    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>>;
    /// The name of a data source's secret for [`SecretWrites`].
    fn secret_name(&self, source: &SourceId) -> String;
}

/// A change of the set-up, stored with its entry in the deployment's journal or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// When.
    pub at: Time,
    /// Who.
    pub by: Actor,
    /// What becomes of a data source's row.
    pub row: SourceRow,
    /// The entry.
    pub act: Act,
}

/// What becomes of a data source's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRow {
    /// Nothing.
    Untouched,
    /// It is written on the revision that it was read with; 0 must not exist.
    Put(DataSource),
    /// It is removed on the revision that it was read with, and its limit with it.
    Remove(DataSource),
}

/// Writes of the set-up.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SetsUp {
    /// Stores a change of the set-up and the journal's entry in one transaction. Repeats by itself
    /// what only collided with another entry.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when the row has moved on, else the store's failure.
    async fn set_up(&self, change: SetUp) -> Result<(), CommitError>;
}

/// Writes of secrets.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SecretWrites {
    /// Writes a secret, new or a new version of it, also one that was removed lately.
    ///
    /// # Errors
    /// When the service fails.
    async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure>;
    /// Removes a secret; removing it again changes nothing.
    ///
    /// # Errors
    /// When the service fails.
    async fn remove_secret(&self, name: &str) -> Result<(), Failure>;
}
