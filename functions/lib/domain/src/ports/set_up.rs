//! The set-up: data sources, their secrets, and the connectors' rules for both.

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
    /// The versions of a secret that may be in use, the current one first, then the previous one. `name` is
    /// relative to the deployment, such as `source/qualifio-main`. Cached for minutes; `fresh` bypasses the
    /// cache (after a 401).
    ///
    /// # Errors
    /// `Misconfigured` when it is not there, `Transient` when the service fails.
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure>;
}

/// An error in an operator's input, in words that never repeat the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Objection {
    /// The parameter, field or identifier kind.
    pub name: String,
    /// The error and its correction, as a sentence.
    pub what: String,
}

/// An identifier kind that a connector asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AskedKind {
    /// The kind.
    pub kind: IdentifierKind,
    /// An explanation for the person who must find the identifier.
    pub description: String,
    /// An example of a value, as an operator would write it; nobody's.
    pub example: String,
}

/// The connectors' statements about data sources. No call is made.
pub trait Catalogue {
    /// Whether there is a connector of this name.
    fn knows(&self, connector: &str) -> bool;
    /// The identifier kinds that a connector searches by; any one of them is enough.
    fn kinds(&self, connector: &str) -> Vec<AskedKind>;
    /// Whether a value can be an identifier of its kind at this connector.
    ///
    /// # Errors
    /// The reason why not, without the value.
    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection>;
    /// Whether the values of a kind are digits alone at every connector that searches by it: a number may then
    /// be given for its digits.
    fn is_number(&self, _kind: &IdentifierKind) -> bool {
        false
    }
    /// Checks a data source's parameters.
    ///
    /// # Errors
    /// Every error in them.
    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>>;
    /// The target that these parameters point at.
    ///
    /// # Errors
    /// Every error in the parameters.
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>>;
    /// Checks the fields of a data source's secret, and returns the secret in its stored form. It names the
    /// target that it is given for, and is sent to no other.
    ///
    /// # Errors
    /// Every error, without a value.
    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>>;
    /// The name of a data source's secret for [`SecretWrites`].
    fn secret_name(&self, source: &SourceId) -> String;
}

/// A change of the set-up, stored together with its journal entry or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// The time of the change.
    pub at: Time,
    /// The operator.
    pub by: Actor,
    /// The change of a data source's row.
    pub row: SourceRow,
    /// The journal entry.
    pub act: Act,
}

/// The change of a data source's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRow {
    /// The row stays unchanged.
    Untouched,
    /// The row is written on the revision it was read with; at revision 0 it must not exist.
    Put(DataSource),
    /// The row and its limit are removed, on the revision the row was read with.
    Remove(DataSource),
}

/// Writes of the set-up.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SetsUp {
    /// Stores a change of the set-up and the journal entry in one transaction. If it only collided with another
    /// entry, it repeats by itself.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when the row has changed since, else the store's failure.
    async fn set_up(&self, change: SetUp) -> Result<(), CommitError>;
}

/// Writes of secrets.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait SecretWrites {
    /// Writes a new secret, or a new version of one; also a secret that was removed recently.
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
