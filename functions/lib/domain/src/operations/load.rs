//! Loads what an operation works on, and repeats an operation that another worker overtook.

use crate::base::code::Code;
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

/// How often an operation reads again and decides anew after other workers were faster.
pub(super) const STALE_TRIES: u32 = 6;

/// Others kept changing the same rows: the caller tries again.
pub(super) const CONTENTION: Failure = Failure::of(Code::TooMuchContention);

/// The deployment's settings for every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A task that should have moved this many seconds ago is moved by reconciliation.
    pub grace_seconds: u64,
}

/// A task's rows, as an operation on it read them.
pub(crate) struct Loaded {
    pub(super) request: Request,
    pub(super) life: Life,
    /// The task's data source, or why its row can't be read; `None` if it was removed.
    pub(super) source: Result<Option<DataSource>, Failure>,
}

pub(crate) async fn load(store: &impl Reads, at: &TaskRef) -> Result<Loaded, Failure> {
    let Assignment { request, task, source } = store.assignment(at).await?;
    let request = request.ok_or(Failure::of(Code::RequestNotFound))?;
    let task = task.ok_or(Failure::of(Code::TaskNotFound))?;
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

/// The limits of a step of a task of this request.
pub(crate) fn terms<'a>(
    request: &Request,
    settings: &Settings,
    vendor: Option<&'a Capabilities>,
) -> Terms<'a> {
    Terms::new(request, settings.grace_seconds, vendor)
}

/// Whether the request is closed, so that an operation has nothing to do.
pub(crate) fn is_closed(request: &Request) -> bool {
    request.state == RequestState::Closed
}

/// A count as the store holds it.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Why one turn of an operation did not succeed.
pub(super) enum Turn<E> {
    /// Another worker was faster: the operation reads again and decides anew.
    Stale,
    /// The operation failed.
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

/// Repeats an operation's turn (read, decide, save by condition) until no other worker has overtaken it.
///
/// # Errors
/// The turn's, or a transient failure if every turn was overtaken.
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
