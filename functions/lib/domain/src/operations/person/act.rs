//! An operator's acts on a request's tasks: gives an identifier, runs a data source again, reopens a closed
//! request, cancels a request, states what no machine can find out.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::Identifier;
use crate::base::ids::{RequestId, SourceId, TaskRef};
use crate::chain::fact::Fact;
use crate::duty::acts::{self, WhyNot};
use crate::law::right::Right;
use crate::life::{Life, LifeEvent, step};
use crate::model::request::{Request, RequestState};
use crate::model::task::{Outcome, Review, Task, TaskState, Verdict};
use crate::operations::accept::{is_control, must_stay};
use crate::operations::load::{CONTENTION, STALE_TRIES, Settings, Turn, retry_stale, rules_of_run, terms};
use crate::operations::moves::{Acted, Moved, Moves, begin, fitting, let_go, rows_and_facts, tokens_of};
use crate::operations::person::review::LONGEST_REASON;
use crate::operations::save::facts_of;
use crate::operations::sealing::{Scoped, open_all_identifiers, reason_context, seal_identifiers};
use crate::ports::clock::Clock;
use crate::ports::keys::Keys;
use crate::ports::set_up::{Catalogue, Objection};
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};
use crate::ports::workflow::{Tokens, Workflow};

impl From<ActError> for Turn<ActError> {
    fn from(error: ActError) -> Self {
        Self::Failed(error)
    }
}

/// The ports of an operator's acts on a request.
#[derive(Debug)]
pub struct Acts<'a, S, K, W, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Starts workflows, and releases waiting executions.
    pub workflow: &'a W,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// Why an act is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// The act is not possible now.
    #[error(transparent)]
    Not(#[from] WhyNot),
    /// The request doesn't go to this data source.
    #[error("the request doesn't go to the data source {0}")]
    UnknownSource(SourceId),
    /// The data source doesn't search by this kind.
    #[error("{0}: {1}")]
    Identifier(SourceId, String),
    /// A request for access erases nothing.
    #[error(
        "this is a request for access: nothing is erased for it, so state that {0} failed, or leave it out"
    )]
    NotErasure(SourceId),
    /// No task would run again.
    #[error("every data source of the request was acted on: name those that should run again")]
    NothingToDo,
    /// No reason.
    #[error("give a reason of 1 to {LONGEST_REASON} characters")]
    Reason,
    /// A port failed: it may be tried again.
    #[error("it could not be stored: try again")]
    Failed(#[from] Failure),
}

impl<S, K, W, C> Acts<'_, S, K, W, C>
where
    S: Reads + Writes,
    K: Keys,
    W: Workflow + Tokens,
    C: Clock,
{
    /// Gives a data source an identifier, in place of any other of its kind, and has the data source searched
    /// again. Possible until the request closes, and not while the task's submission is under way.
    ///
    /// # Errors
    /// [`ActError`]; nothing is stored then.
    pub async fn identify(
        &self,
        at: &TaskRef,
        identifier: &Identifier,
        catalogue: &impl Catalogue,
        by: &Actor,
    ) -> Result<Acted, ActError> {
        let source = self.store.source(&at.source_id).await?;
        retry_stale(async || {
            let (mut request, tasks) = self.read(at.request_id).await?;
            let task = find(&tasks, &at.source_id)?;
            acts::identify(&request, &tasks, &self.life(task).await?)?;
            searched_by(catalogue, task, identifier)?;
            let erases = request.right == Right::Erasure && !request.dry_run;
            if let Some(source) = source.as_ref().filter(|source| erases && is_control(source, identifier)) {
                return Err(ActError::Identifier(task.source.clone(), must_stay(source)).into());
            }
            let (mut all, key) = match self.keys.key(request.id).await? {
                Some(key) => (open_all_identifiers(&key, &request)?, key),
                None => return Err(WhyNot::Forgotten.into()),
            };
            let kind = identifier.kind().clone();
            all.retain(|one| one.source.as_ref() != Some(&task.source) || *one.identifier.kind() != kind);
            all.push(Scoped { identifier: identifier.clone(), source: Some(task.source.clone()) });
            request.identifiers = Some(seal_identifiers(&key, request.id, &all)?);
            let event = LifeEvent::Identified { by: by.clone(), kind };
            let moves = self.moves(request, &[task], |_| event.clone()).await?;
            Ok(self.begin(moves, Vec::new()).await?)
        })
        .await
    }

    /// Runs one data source of an open request again, from its search on. The acts of an earlier run stay
    /// recorded; the new run needs a decision of its own.
    ///
    /// # Errors
    /// [`ActError`]; nothing is stored then.
    pub async fn run_again(&self, at: &TaskRef, by: &Actor) -> Result<Acted, ActError> {
        retry_stale(async || {
            let (request, tasks) = self.read(at.request_id).await?;
            let task = find(&tasks, &at.source_id)?;
            acts::run(&request, &tasks, &self.life(task).await?)?;
            let moves = self.moves(request, &[task], |_| LifeEvent::RunAgain { by: by.clone() }).await?;
            Ok(self.begin(moves, Vec::new()).await?)
        })
        .await
    }

    /// Reopens a closed request while its person is remembered. The named data sources run again, or all that
    /// were not acted on. Its legal deadline stays, and it gets another receipt.
    ///
    /// # Errors
    /// [`ActError`]; nothing is stored then.
    pub async fn reopen(&self, id: RequestId, sources: &[SourceId], by: &Actor) -> Result<Acted, ActError> {
        retry_stale(async || {
            let mut request = self.store.request(id).await?.ok_or(ActError::NotFound)?;
            acts::reopen(&request, self.clock.now())?;
            if self.keys.key(id).await?.is_none() {
                return Err(WhyNot::Forgotten.into());
            }
            let tasks = self.store.tasks(id).await?;
            let chosen = to_reopen(&tasks, sources)?;
            request.state = RequestState::Open;
            request.reopened += 1;
            request.outcome = None;
            request.closed_at = None;
            request.receipt_sha256 = None;
            request.forget_at = None;
            request.answer = None;
            let names: Vec<SourceId> = chosen.iter().map(|task| task.source.clone()).collect();
            let told = Fact::Reopened { by: by.clone(), sources: names };
            let moves = self.moves(request, &chosen, |_| LifeEvent::RunAgain { by: by.clone() }).await?;
            Ok(self.begin(moves, vec![told]).await?)
        })
        .await
    }

    /// Cancels an open request, as long as nothing was submitted for it. Its tasks end as `cancelled`; settled
    /// ones keep their outcome. If the tasks don't fit one change, they end in several: repeating the call
    /// continues where it stopped.
    ///
    /// # Errors
    /// [`ActError`]; the tasks of earlier changes then stay cancelled.
    pub async fn cancel(&self, id: RequestId, by: &Actor) -> Result<Acted, ActError> {
        let mut told = vec![Fact::CalledOff { by: by.clone() }];
        let mut tries = 0;
        while tries < STALE_TRIES {
            tries += 1;
            let (request, tasks) = self.read(id).await?;
            let mut lives = Vec::with_capacity(tasks.len());
            for task in &tasks {
                lives.push(self.life(task).await?);
            }
            acts::cancel(&request, &lives)?;
            let open: Vec<&Task> = tasks.iter().filter(|task| task.state != TaskState::Settled).collect();
            let mut moves = self.moves(request, &open, |_| LifeEvent::CalledOff).await?;
            let fit = fitting(&moves.tasks);
            if fit == moves.tasks.len() {
                match self.begin(moves, told.clone()).await {
                    Err(CommitError::Stale) => {}
                    other => return settled(other),
                }
                continue;
            }
            moves.tasks.truncate(fit);
            match self.store_part(moves, &told).await {
                Ok(()) => (told, tries) = (Vec::new(), 0),
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure.into()),
            }
        }
        Err(CONTENTION.into())
    }

    /// Stores one part of a change that is too large; the last part begins the attempt.
    async fn store_part(&self, moves: Moves, told: &[Fact]) -> Result<(), CommitError> {
        let Moves { request, tasks } = moves;
        let (id, now) = (request.id, self.clock.now());
        let tokens = tokens_of(&tasks);
        let (mut rows, facts) = rows_and_facts(&request, tasks, now)?;
        rows.insert(0, Row::Request(request));
        let facts = told.iter().cloned().chain(facts).collect();
        self.store.commit(Change { request: id, at: now, rows, facts }).await?;
        let_go(self.workflow, &tokens).await;
        Ok(())
    }

    /// Ends a task that was handed to a person, or that can't be searched, with the person's finding: its
    /// records are erased, or they are not and the task failed. The outcome is shown as the person's statement,
    /// never as verified.
    ///
    /// # Errors
    /// [`ActError`]; nothing is stored then.
    pub async fn state(
        &self,
        at: &TaskRef,
        erased: bool,
        reason: &str,
        by: &Actor,
    ) -> Result<Acted, ActError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(ActError::Reason);
        }
        retry_stale(async || {
            let (request, tasks) = self.read(at.request_id).await?;
            let task = find(&tasks, &at.source_id)?;
            acts::state(&request, task)?;
            if erased && request.right == Right::Access {
                return Err(ActError::NotErasure(task.source.clone()).into());
            }
            let key = self.keys.key(request.id).await?.ok_or(WhyNot::Forgotten)?;
            let sealed = key
                .seal(&reason_context(request.id, &task.source), reason.as_bytes())
                .map_err(|_| Failure::of(Code::SealingFailed))?;
            let mut moves =
                self.moves(request, &[task], |_| LifeEvent::Stated { by: by.clone(), erased }).await?;
            for moved in &mut moves.tasks {
                moved.after.put_review(Some(Review {
                    by: by.as_str().to_owned(),
                    at: self.clock.now(),
                    verdict: Verdict::Stated,
                    reason: sealed.clone(),
                }));
            }
            Ok(self.begin(moves, Vec::new()).await?)
        })
        .await
    }

    async fn read(&self, id: RequestId) -> Result<(Request, Vec<Task>), ActError> {
        let request = self.store.request(id).await?.ok_or(ActError::NotFound)?;
        Ok((request, self.store.tasks(id).await?))
    }

    async fn life(&self, task: &Task) -> Result<Life, Failure> {
        Ok(Life { task: task.clone(), rules: rules_of_run(self.store, task).await? })
    }

    /// The tasks after the event. If one runs again, the request loses its copy: another one is packed.
    async fn moves(
        &self,
        mut request: Request,
        tasks: &[&Task],
        event: impl Fn(&Task) -> LifeEvent,
    ) -> Result<Moves, ActError> {
        let now = self.clock.now();
        let mut all = Vec::with_capacity(tasks.len());
        for task in tasks {
            let life = self.life(task).await?;
            let event = event(task);
            let again = matches!(event, LifeEvent::Identified { .. } | LifeEvent::RunAgain { .. });
            if again {
                request.copy = None;
            }
            let (moved, effects) = step(&life, event, now, &terms(&request, &self.settings, None));
            let facts = facts_of(effects).collect();
            all.push(Moved { before: (*task).clone(), after: moved.task, facts });
        }
        Ok(Moves { request, tasks: all })
    }

    async fn begin(&self, moves: Moves, told: Vec<Fact>) -> Result<Acted, CommitError> {
        begin(self.store, self.workflow, self.clock, &self.settings, moves, told).await
    }
}

fn settled(result: Result<Acted, CommitError>) -> Result<Acted, ActError> {
    match result {
        Ok(acted) => Ok(acted),
        Err(CommitError::Failed(failure)) => Err(failure.into()),
        Err(CommitError::Stale) => Err(CONTENTION.into()),
    }
}

fn find<'a>(tasks: &'a [Task], source: &SourceId) -> Result<&'a Task, ActError> {
    tasks.iter().find(|task| task.source == *source).ok_or_else(|| ActError::UnknownSource(source.clone()))
}

/// Checks that the data source searches by this kind, and that the value is valid for it.
fn searched_by(catalogue: &impl Catalogue, task: &Task, identifier: &Identifier) -> Result<(), ActError> {
    let kinds = catalogue.kinds(&task.connector);
    if !kinds.iter().any(|asked| asked.kind == *identifier.kind()) {
        let known: Vec<&str> = kinds.iter().map(|asked| asked.kind.as_str()).collect();
        let what = format!("it is not searched by {}; it takes: {}", identifier.kind(), known.join(", "));
        return Err(ActError::Identifier(task.source.clone(), what));
    }
    catalogue
        .check_identifier(&task.connector, identifier)
        .map_err(|Objection { what, .. }| ActError::Identifier(task.source.clone(), what))
}

/// The tasks that run again with a reopened request. Pure.
fn to_reopen<'a>(tasks: &'a [Task], wanted: &[SourceId]) -> Result<Vec<&'a Task>, ActError> {
    if !wanted.is_empty() {
        let mut chosen: Vec<&Task> =
            wanted.iter().map(|source| find(tasks, source)).collect::<Result<_, _>>()?;
        chosen.sort_by(|a, b| a.source.cmp(&b.source));
        chosen.dedup_by(|a, b| a.source == b.source);
        return Ok(chosen);
    }
    let done = [Outcome::VerifiedErased, Outcome::ReportedErased, Outcome::Copied];
    let chosen: Vec<&Task> =
        tasks.iter().filter(|task| task.outcome.is_none_or(|outcome| !done.contains(&outcome))).collect();
    if chosen.is_empty() { Err(ActError::NothingToDo) } else { Ok(chosen) }
}
