//! Sets up data sources: adds, changes, enables, disables and removes them. Each act is an entry in the
//! deployment's journal.
//!
//! A secret is written before the row that needs it, and removed after it. A crash in between leaves a secret
//! that nobody reads, never a data source without one.
//!
//! Each version of a secret names the target that it was given for. If a change writes its secret but not its
//! row, the row still points at the old target: that target's version is now the previous one, and calls
//! continue with it. Neither version is ever sent to the other's target.

use crate::base::actor::Actor;
use crate::base::failure::Failure;
use crate::base::identifier::Identifier;
use crate::base::ids::{RequestId, SourceId};
use crate::chain::act::Act;
use crate::life::Life;
use crate::model::policy::OwnPolicies;
use crate::model::source::{Control, DataSource};
use crate::model::task::TaskState;
use crate::operations::load::{CONTENTION, count, rules_of_run};
use crate::ports::clock::Clock;
use crate::ports::set_up::{Catalogue, Objection, SecretWrites, SetUp, SetsUp, SourceRow};
use crate::ports::store::{CommitError, Reads, UsesOf};
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The most open requests that a change of the target looks at.
const MOST_LOOKED_AT: u32 = 500;

/// The most tasks listed for a change.
const MOST_LISTED: usize = 100;

/// The ports of setting up.
#[derive(Debug)]
pub struct SettingUp<'a, S, X, G, C> {
    /// The store.
    pub store: &'a S,
    /// Writes secrets.
    pub secrets: &'a X,
    /// The connectors' parameters, secrets and identifier kinds.
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
    /// The identifier whose record a search must find for a look to count.
    pub control: Option<Control>,
}

/// A change of a data source; what is `None` or empty stays as it is.
#[derive(Debug, Default)]
pub struct Changing {
    /// Parameters with their new values.
    pub params: BTreeMap<String, String>,
    /// Parameters to reset to their defaults.
    pub unset: Vec<String>,
    /// All fields of a new secret.
    pub secret: Option<BTreeMap<String, Zeroizing<String>>>,
    /// The identifier whose record a search must find; `Some(None)` removes it.
    pub control: Option<Option<Control>>,
    /// Whether to change it even if open tasks can't continue as they are.
    pub force: bool,
}

/// A data source as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The data source.
    pub source: DataSource,
    /// The open tasks that can't continue as before; none unless the change was forced.
    pub standing: Standing,
}

/// The open tasks whose target a change leaves or cuts off from its secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Standing {
    /// How many such tasks were found among the open requests looked at.
    pub count: u32,
    /// The first of them, by request; at most 100.
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub tasks: Vec<StandingTask>,
    /// Whether there are, or may be, others: a change doesn't look at every open request if there are very
    /// many.
    pub more: bool,
}

impl Standing {
    /// Whether it is certain that there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0 && !self.more
    }
}

/// One such task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(description = "An open task, and what the change makes of it.")
)]
pub struct StandingTask {
    /// The task's request.
    pub request: RequestId,
    /// The effect of the change on the task.
    pub becomes: Becomes,
}

/// The effect of a change of the target on an open task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Becomes {
    /// Nothing of its run was sent: it is searched and decided anew at the new target.
    SearchedAnew,
    /// Something was sent. The old target is asked as long as a version of its secret is stored, which is the
    /// one before the present one; then a person has the task.
    OldTargetAsked,
    /// Something was sent to a target whose secret has no stored version after the change: a person has the
    /// task.
    Persons,
}

/// Why a change of the set-up is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    /// There is no such connector.
    #[error("there is no such connector in this version")]
    UnknownConnector,
    /// The data source exists already.
    #[error("there is a data source {0} already: give this one another name, or change that one")]
    Exists(SourceId),
    /// There is no such data source.
    #[error("there is no data source {0}")]
    NotFound(SourceId),
    /// A parameter, secret field or control is wrong.
    #[error("{}", told(.0))]
    Wrong(Vec<Objection>),
    /// Nothing would change.
    #[error("nothing of {0} would change: give a parameter, a secret or a control")]
    Nothing(SourceId),
    /// Open tasks could not continue as they are.
    #[error("open tasks at {0} could not go on as they are: let them end first, or force the change")]
    TargetInUse(SourceId, Standing),
    /// Open requests go to it.
    #[error("open requests go to {0}, such as {1}: disable it, and remove it once they are closed")]
    InUse(SourceId, RequestId),
    /// Somebody else changed it at the same time.
    #[error("{0} was changed by somebody else at the same time: look at it again, then try again")]
    Conflict(SourceId),
    /// A port failed: the change may be tried again.
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
    /// [`SetUpError`]; no data source is stored then.
    pub async fn add(&self, adding: Adding, by: &Actor) -> Result<DataSource, SetUpError> {
        let Adding { id, connector, params, secret, control } = adding;
        if !self.catalogue.knows(&connector) {
            return Err(SetUpError::UnknownConnector);
        }
        let mut wrong = Vec::new();
        let target = self.target(&connector, &params).map_err(|more| wrong.extend(more)).ok();
        let secret = self.secret(&connector, &secret, target.as_ref()).map_err(|more| wrong.extend(more));
        let control = control.map(|control| self.control(&connector, control)).transpose();
        let control = control.map_err(|one| wrong.push(one));
        let (Some(target), Ok(secret), Ok(control)) = (target, secret, control) else {
            return Err(SetUpError::Wrong(wrong));
        };
        if self.store.source(&id).await?.is_some() {
            return Err(SetUpError::Exists(id));
        }
        self.secrets.put_secret(&self.catalogue.secret_name(&id), &secret).await?;
        let control_named = control.is_some();
        let source = DataSource {
            schema: 1,
            id: id.clone(),
            connector: connector.clone(),
            params,
            enabled: true,
            review: OwnPolicies::default(),
            control,
            revision: 0,
            created_at: self.clock.now(),
        };
        let act =
            Act::SourceAdded { source: id.clone(), connector, target: Some(target), control: control_named };
        match self.store_it(SourceRow::Put(source.clone()), act, by).await {
            Ok(()) => Ok(DataSource { revision: 1, ..source }),
            Err(CommitError::Stale) => Err(SetUpError::Exists(id)),
            Err(CommitError::Failed(failure)) => Err(failure.into()),
        }
    }

    /// Changes parameters, secret or control. Requests under way continue with the new ones, except for the
    /// target: a task searched at one target is never sent to another.
    ///
    /// # Errors
    /// [`SetUpError`]; the data source's row is unchanged then.
    pub async fn change(&self, id: &SourceId, changing: Changing, by: &Actor) -> Result<Changed, SetUpError> {
        let before = self.load(id).await?;
        let mut source = before.clone();
        for name in &changing.unset {
            source.params.remove(name);
        }
        source.params.extend(changing.params);
        let mut wrong = Vec::new();
        if let Some(control) = changing.control {
            let control = control.map(|control| self.control(&source.connector, control)).transpose();
            source.control = control.map_err(|one| wrong.push(one)).ok().flatten();
        }
        if source == before && changing.secret.is_none() && wrong.is_empty() {
            return Err(SetUpError::Nothing(id.clone()));
        }
        let names = changed(&before.params, &source.params);
        let there = self.catalogue.target(&source.connector, &before.params).ok();
        let target = self.target(&source.connector, &source.params).map_err(|more| wrong.extend(more)).ok();
        let steering = steering(&names, there.as_ref(), target.as_ref());
        if changing.secret.is_none() {
            wrong.extend(steering.iter().map(|name| Objection {
                name: name.clone(),
                what: "it says where the secret is sent: give the secret again with it".to_owned(),
            }));
        }
        let secret = changing.secret.map(|fields| self.secret(&source.connector, &fields, target.as_ref()));
        let secret = secret.transpose().map_err(|more| wrong.extend(more)).ok().flatten();
        let Some(target) = target.filter(|_| wrong.is_empty()) else { return Err(SetUpError::Wrong(wrong)) };
        let moves = !steering.is_empty();
        // A request that begins, or is searched, between this look and the write is not listed. It is safe all
        // the same: every operation asks the target where its own run was searched, and a run that sent nothing
        // is searched anew if the target has changed by then.
        let standing = if moves || secret.is_some() {
            self.standing(id, there.as_ref(), &target, moves).await?
        } else {
            Standing::default()
        };
        if !standing.is_empty() && !changing.force {
            return Err(SetUpError::TargetInUse(id.clone(), standing));
        }
        if let Some(secret) = &secret {
            self.secrets.put_secret(&self.catalogue.secret_name(id), secret).await?;
        }
        let act = Act::SourceChanged {
            source: id.clone(),
            params: names,
            review: source.review,
            secret: secret.is_some(),
            target: Some(target),
            control: source.control != before.control,
            forced: !standing.is_empty(),
            standing: standing.count,
        };
        Ok(Changed { source: self.put(source, act, by).await?, standing })
    }

    /// Replaces the data source's review policies for requests that begin from now on. Setting the same ones
    /// again succeeds without an entry.
    ///
    /// # Errors
    /// [`SetUpError`].
    pub async fn review(
        &self,
        id: &SourceId,
        review: OwnPolicies,
        by: &Actor,
    ) -> Result<DataSource, SetUpError> {
        let source = self.load(id).await?;
        if source.review == review {
            return Ok(source);
        }
        let act = Act::SourceReviewSet { source: id.clone(), review };
        self.put(DataSource { review, ..source }, act, by).await
    }

    /// Enables or disables a data source for new requests. Setting the same again succeeds without an entry.
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
        // A request made meanwhile ends as failed at this data source, with the reason.
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

    /// Records a test of a data source.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tested(
        &self,
        id: &SourceId,
        result: &Result<(), Failure>,
        by: &Actor,
    ) -> Result<(), SetUpError> {
        self.tried(id, result.as_ref().err().map(|failure| failure.code.as_str()), by).await
    }

    /// Records a test of a data source; `reason` is the code of its failure.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tried(&self, id: &SourceId, reason: Option<&str>, by: &Actor) -> Result<(), SetUpError> {
        let act = Act::SourceTested { source: id.clone(), reason: reason.map(str::to_owned) };
        match self.store_it(SourceRow::Untouched, act, by).await {
            Ok(()) => Ok(()),
            Err(CommitError::Stale) => Err(CONTENTION.into()),
            Err(CommitError::Failed(failure)) => Err(failure.into()),
        }
    }

    /// The target of these parameters, or every objection to them.
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        self.catalogue.check_params(connector, params)?;
        self.catalogue.target(connector, params)
    }

    /// The secret as it is stored, for this target. Without a target, its objections are reported all the same,
    /// and nothing may be stored.
    fn secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: Option<&Target>,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        let nowhere = || Target { connector: connector.to_owned(), version: 0, params: BTreeMap::new() };
        self.catalogue.check_secret(connector, fields, &target.cloned().unwrap_or_else(nowhere))
    }

    /// The control as it is searched for, or the objection to it, without its value.
    fn control(&self, connector: &str, control: Control) -> Result<Control, Objection> {
        let wrong = |what| Objection { name: "control".to_owned(), what };
        let identifier =
            Identifier::entered(control.kind, &control.value).map_err(|error| wrong(error.to_string()))?;
        let identifier = identifier.identifier;
        self.catalogue.check_identifier(connector, &identifier).map_err(|one| wrong(one.what))?;
        Ok(Control { kind: identifier.kind().clone(), value: identifier.expose().to_owned() })
    }

    /// The open tasks that can't continue as before once the data source points at `next` instead of `there`;
    /// if the target stays, once its secret has a new version.
    async fn standing(
        &self,
        id: &SourceId,
        there: Option<&Target>,
        next: &Target,
        moves: bool,
    ) -> Result<Standing, Failure> {
        let mut open = self.store.open_requests_at(id, MOST_LOOKED_AT + 1).await?;
        let unseen = open.len() > MOST_LOOKED_AT as usize;
        open.truncate(MOST_LOOKED_AT as usize);
        open.sort();
        let mut tasks = Vec::new();
        for request in open {
            let Some(task) = self.store.task(request, id).await? else { continue };
            // A task that was not searched yet has no target, and a settled one needs none. An older release
            // stored no target for its searches: as far as anybody can tell, it was the present one.
            let on = task.target.clone().or_else(|| task.searched_at.and(there.cloned()));
            let Some(on) = on.filter(|on| task.state != TaskState::Settled && on != next) else { continue };
            let rules = rules_of_run(self.store, &task).await?;
            let becomes = match (Life { task, rules }).stands_on_its_target() {
                false if moves => Becomes::SearchedAnew,
                // It will be searched anew anyway.
                false => continue,
                true if moves && Some(&on) == there => Becomes::OldTargetAsked,
                // Two versions of a secret are stored: the present target's, and the previous one's.
                true => Becomes::Persons,
            };
            tasks.push(StandingTask { request, becomes });
        }
        let count = count(tasks.len());
        let more = unseen || tasks.len() > MOST_LISTED;
        tasks.truncate(MOST_LISTED);
        Ok(Standing { count, tasks, more })
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

/// The names of the steering parameters that differ; without a target before, those among `names` that steer.
fn steering(names: &[String], there: Option<&Target>, next: Option<&Target>) -> Vec<String> {
    match (there, next) {
        (Some(there), Some(next)) => changed(&there.params, &next.params),
        (None, Some(next)) => names.iter().filter(|name| next.params.contains_key(*name)).cloned().collect(),
        (_, None) => Vec::new(),
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
