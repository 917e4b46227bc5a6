//! Load, decide, save by condition: what every operation on a task begins and ends with.

use crate::base::failure::Failure;
use crate::base::ids::TaskRef;
use crate::duty::acts::WhyNot;
use crate::life::{Life, Terms};
use crate::model::request::{Request, RequestState};
use crate::model::rule::Rule;
use crate::model::source::DataSource;
use crate::model::task::Task;
use crate::ports::store::{Assignment, CommitError, Reads};
use crate::vendor::port::Capabilities;

/// How often an operation reads again and decides anew where other workers were faster.
pub(super) const STALE_TRIES: u32 = 6;

/// Others changed the same rows all the time: whoever called tries again.
pub(super) const CONTENTION: Failure = Failure::transient("too_much_contention");

/// What the deployment sets for every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long after a task should have moved the reconciliation moves it, in seconds.
    pub grace_seconds: u64,
}

/// What an operation on a task works on, as it was read.
pub(crate) struct Loaded {
    pub(super) request: Request,
    pub(super) life: Life,
    /// The task's data source, or why its row can't be read; `None` when there is none any more.
    pub(super) source: Result<Option<DataSource>, Failure>,
}

pub(crate) async fn load(store: &impl Reads, at: &TaskRef) -> Result<Loaded, Failure> {
    let Assignment { request, task, source } = store.assignment(at).await?;
    let request = request.ok_or(Failure::misconfigured("request_not_found"))?;
    let task = task.ok_or(Failure::misconfigured("task_not_found"))?;
    let rules = rules_of_run(store, &task).await?;
    Ok(Loaded { request, life: Life { task, rules }, source })
}

/// The rules of a task's current run; before the first intent there are none.
pub(crate) async fn rules_of_run(store: &impl Reads, task: &Task) -> Result<Vec<Rule>, Failure> {
    if task.fence == 0 {
        return Ok(Vec::new());
    }
    let mut rules = store.rules(task.request, &task.source).await?;
    rules.retain(|rule| rule.batch >= task.first_batch);
    Ok(rules)
}

/// What bounds a step of a task of this request.
pub(crate) fn terms<'a>(
    request: &Request,
    settings: &Settings,
    vendor: Option<&'a Capabilities>,
) -> Terms<'a> {
    Terms::new(request, settings.grace_seconds, vendor)
}

/// Whether an operation has nothing to do because the request is closed.
pub(crate) fn is_closed(request: &Request) -> bool {
    request.state == RequestState::Closed
}

/// A count as the store keeps it.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Why one turn of an operation did not end it.
pub(super) enum Turn<E> {
    /// Another worker was faster: it reads again, and decides anew.
    Stale,
    /// It is over.
    Failed(E),
}

impl<E: From<Failure>> From<Failure> for Turn<E> {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.into())
    }
}

impl<E: From<Failure>> From<CommitError> for Turn<E> {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale => Self::Stale,
            CommitError::Failed(failure) => Self::Failed(failure.into()),
        }
    }
}

impl<E: From<WhyNot>> From<WhyNot> for Turn<E> {
    fn from(why: WhyNot) -> Self {
        Self::Failed(why.into())
    }
}

/// Has an operation take one turn after another (read, decide, save by condition) until one is not in another
/// worker's way.
///
/// # Errors
/// The turn's, or a transient failure where every turn was in the way.
pub(super) async fn retry_stale<T, E: From<Failure>>(
    mut turn: impl AsyncFnMut() -> Result<T, Turn<E>>,
) -> Result<T, E> {
    for _ in 0..STALE_TRIES {
        match turn().await {
            Err(Turn::Stale) => {}
            Err(Turn::Failed(error)) => return Err(error),
            Ok(done) => return Ok(done),
        }
    }
    Err(CONTENTION.into())
}
