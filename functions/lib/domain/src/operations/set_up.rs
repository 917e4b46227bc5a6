//! Sets up data sources: adds, changes, enables, disables and removes them. Every act is an entry in the
//! deployment's journal.
//!
//! A secret is written before the row that needs it, and removed after it: a crash in between leaves a
//! secret that nobody reads, never a data source without one.

use crate::actor::Actor;
use crate::failure::Failure;
use crate::ids::{RequestId, SourceId};
use crate::journal::Act;
use crate::policy::OwnPolicies;
use crate::ports::{
    Catalogue, Clock, CommitError, Objection, Reads, SecretWrites, SetUp, SetsUp, SourceRow, UsesOf,
};
use crate::vendor::DataSource;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The ports of setting up.
#[derive(Debug)]
pub struct SettingUp<'a, S, X, G, C> {
    /// The store.
    pub store: &'a S,
    /// Writes secrets.
    pub secrets: &'a X,
    /// What the connectors say.
    pub catalogue: &'a G,
    /// The time.
    pub clock: &'a C,
}

/// A data source to be connected.
#[derive(Debug)]
pub struct Adding {
    /// Its id.
    pub id: SourceId,
    /// The connector's name.
    pub connector: String,
    /// The connector's parameters.
    pub params: BTreeMap<String, String>,
    /// The fields of its secret.
    pub secret: BTreeMap<String, Zeroizing<String>>,
    /// Who decides on what is found there, where it isn't as in the whole deployment.
    pub review: OwnPolicies,
}

/// What of a data source is to be changed; what is `None` or empty stays as it is.
#[derive(Debug, Default)]
pub struct Changing {
    /// Parameters that get another value.
    pub params: BTreeMap<String, String>,
    /// Parameters that get their default again.
    pub unset: Vec<String>,
    /// All fields of a new secret.
    pub secret: Option<BTreeMap<String, Zeroizing<String>>>,
    /// Who decides on what is found there, whole.
    pub review: Option<OwnPolicies>,
}

/// Why a set-up is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    /// There is no such connector.
    #[error("there is no such connector in this version")]
    UnknownConnector,
    /// There is one already.
    #[error("there is a data source {0} already: give this one another name, or change that one")]
    Exists(SourceId),
    /// There is none.
    #[error("there is no data source {0}")]
    NotFound(SourceId),
    /// Something in it is wrong.
    #[error("{}", told(.0))]
    Wrong(Vec<Objection>),
    /// Nothing would change.
    #[error("nothing of {0} would change: give a parameter, a secret or a review policy")]
    Nothing(SourceId),
    /// Open requests go to it.
    #[error("open requests go to {0}, such as {1}: disable it, and remove it once they are closed")]
    InUse(SourceId, RequestId),
    /// Somebody else changed it at the same time.
    #[error("{0} was changed by somebody else at the same time: look at it again, then try again")]
    Conflict(SourceId),
    /// A port failed: it may be tried again.
    #[error("it could not be stored: try again")]
    Failed(#[from] Failure),
}

fn told(objections: &[Objection]) -> String {
    let all: Vec<String> = objections.iter().map(|one| format!("{}: {}", one.name, one.what)).collect();
    all.join("; ")
}

impl<S, X, G, C> SettingUp<'_, S, X, G, C>
where
    S: Reads + SetsUp + UsesOf,
    X: SecretWrites,
    G: Catalogue,
    C: Clock,
{
    /// Connects a data source.
    ///
    /// # Errors
    /// [`SetUpError`]; no data source is there then.
    pub async fn add(&self, adding: Adding, by: &Actor) -> Result<DataSource, SetUpError> {
        let Adding { id, connector, params, secret, review } = adding;
        if !self.catalogue.knows(&connector) {
            return Err(SetUpError::UnknownConnector);
        }
        let mut wrong = self.catalogue.check_params(&connector, &params).err().unwrap_or_default();
        let secret = match self.catalogue.target(&connector, &params) {
            Ok(target) => self.catalogue.check_secret(&connector, &secret, &target),
            Err(_) => Err(Vec::new()),
        };
        let secret = secret.map_err(|more| wrong.extend(more)).ok();
        let Some(secret) = secret.filter(|_| wrong.is_empty()) else { return Err(SetUpError::Wrong(wrong)) };
        if self.store.source(&id).await?.is_some() {
            return Err(SetUpError::Exists(id));
        }
        self.secrets.put_secret(&self.catalogue.secret_name(&id), &secret).await?;
        let source = DataSource {
            schema: 1,
            id: id.clone(),
            connector: connector.clone(),
            params,
            enabled: true,
            review,
            control: None,
            revision: 0,
            created_at: self.clock.now(),
        };
        let act = Act::SourceAdded { source: id.clone(), connector };
        match self.store_it(SourceRow::Put(source.clone()), act, by).await {
            Ok(()) => Ok(DataSource { revision: 1, ..source }),
            Err(CommitError::Stale) => Err(SetUpError::Exists(id)),
            Err(CommitError::Failed(failure)) => Err(failure.into()),
        }
    }

    /// Changes parameters, secret or review policy. Requests that are under way go on with the new ones.
    ///
    /// # Errors
    /// [`SetUpError`]; of the data source's row nothing is changed then.
    pub async fn change(
        &self,
        id: &SourceId,
        changing: Changing,
        by: &Actor,
    ) -> Result<DataSource, SetUpError> {
        let before = self.load(id).await?;
        let mut source = before.clone();
        for name in &changing.unset {
            source.params.remove(name);
        }
        source.params.extend(changing.params);
        source.review = changing.review.unwrap_or(before.review);
        if source == before && changing.secret.is_none() {
            return Err(SetUpError::Nothing(id.clone()));
        }
        let mut wrong =
            self.catalogue.check_params(&source.connector, &source.params).err().unwrap_or_default();
        let names = changed(&before.params, &source.params);
        let there = self.catalogue.target(&source.connector, &before.params).ok();
        let target = self.catalogue.target(&source.connector, &source.params).ok();
        if changing.secret.is_none()
            && let Some((there, target)) = there.zip(target.as_ref())
        {
            wrong.extend(changed(&there.params, &target.params).into_iter().map(|name| Objection {
                name,
                what: "it says where the secret is sent: give the secret again with it".to_owned(),
            }));
        }
        let checked = changing.secret.zip(target.as_ref()).map(|(fields, target)| {
            self.catalogue.check_secret(&source.connector, &fields, target)
        });
        let secret = checked.transpose().map_err(|more| wrong.extend(more)).ok().flatten();
        if !wrong.is_empty() {
            return Err(SetUpError::Wrong(wrong));
        }
        if let Some(secret) = &secret {
            self.secrets.put_secret(&self.catalogue.secret_name(id), secret).await?;
        }
        let act = Act::SourceChanged {
            source: id.clone(),
            params: names,
            review: source.review,
            secret: secret.is_some(),
        };
        self.put(source, act, by).await
    }

    /// Switches a data source on or off for new requests. That it is so already is the same success, and
    /// no entry.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub async fn enable(&self, id: &SourceId, enabled: bool, by: &Actor) -> Result<DataSource, SetUpError> {
        let source = self.load(id).await?;
        if source.enabled == enabled {
            return Ok(source);
        }
        let act = if enabled {
            Act::SourceEnabled { source: id.clone() }
        } else {
            Act::SourceDisabled { source: id.clone() }
        };
        self.put(DataSource { enabled, ..source }, act, by).await
    }

    /// Removes a data source that no open request goes to, and its secret.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub async fn remove(&self, id: &SourceId, by: &Actor) -> Result<(), SetUpError> {
        let source = self.load(id).await?;
        // A request that is made meanwhile ends as failed at this data source: it is told there.
        if let Some(open) = self.store.open_requests_at(id, 1).await?.into_iter().next() {
            return Err(SetUpError::InUse(id.clone(), open));
        }
        let act = Act::SourceRemoved { source: id.clone() };
        match self.store_it(SourceRow::Remove(source), act, by).await {
            Ok(()) => {}
            Err(CommitError::Stale) => return Err(SetUpError::Conflict(id.clone())),
            Err(CommitError::Failed(failure)) => return Err(failure.into()),
        }
        self.secrets.remove_secret(&self.catalogue.secret_name(id)).await?;
        Ok(())
    }

    /// Records that a data source was tried out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tested(
        &self,
        id: &SourceId,
        result: &Result<(), Failure>,
        by: &Actor,
    ) -> Result<(), SetUpError> {
        self.tried(id, result.as_ref().err().map(|failure| failure.code), by).await
    }

    /// Records that a data source was tried out, with the code that says why it doesn't work.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tried(&self, id: &SourceId, reason: Option<&str>, by: &Actor) -> Result<(), SetUpError> {
        let act = Act::SourceTested { source: id.clone(), reason: reason.map(str::to_owned) };
        match self.store_it(SourceRow::Untouched, act, by).await {
            Ok(()) => Ok(()),
            Err(CommitError::Stale) => Err(Failure::transient("too_much_contention").into()),
            Err(CommitError::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn load(&self, id: &SourceId) -> Result<DataSource, SetUpError> {
        self.store.source(id).await?.ok_or_else(|| SetUpError::NotFound(id.clone()))
    }

    async fn put(&self, source: DataSource, act: Act, by: &Actor) -> Result<DataSource, SetUpError> {
        match self.store_it(SourceRow::Put(source.clone()), act, by).await {
            Ok(()) => Ok(DataSource { revision: source.revision + 1, ..source }),
            Err(CommitError::Stale) => Err(SetUpError::Conflict(source.id)),
            Err(CommitError::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn store_it(&self, row: SourceRow, act: Act, by: &Actor) -> Result<(), CommitError> {
        self.store.set_up(SetUp { at: self.clock.now(), by: by.clone(), row, act }).await
    }
}

/// The names of the parameters that differ.
fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}
