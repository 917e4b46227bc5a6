//! Changes several tasks together.

use crate::base::failure::Failure;
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::model::request::Request;
use crate::model::request::RequestState;
use crate::model::task::Task;
use crate::model::task::TaskState;
use crate::operations::attempt;
use crate::operations::load::Settings;
use crate::operations::save::lease_row;
use crate::ports::clock::Clock;
use crate::ports::store::{Change, Row};
use crate::ports::store::{CommitError, Reads, Writes};
use crate::ports::workflow::{Next, Tokens, Workflow};
use serde::{Deserialize, Serialize};

/// A change of some tasks, before it is stored.
pub(crate) struct Moves {
    pub(super) request: Request,
    pub(super) tasks: Vec<Moved>,
}

/// One task's part of a change.
pub(crate) struct Moved {
    pub(super) before: Task,
    pub(super) after: Task,
    pub(super) facts: Vec<Fact>,
}

/// The most items in a change beside its tasks: the request, the event about the request, the new attempt, and
/// the head of the chain.
const BESIDE: usize = 4;

/// How many of these tasks, from the first on, fit one change. Forty tasks with one event each fit; forty with
/// a lease or a second event don't.
pub(crate) fn fitting(tasks: &[Moved]) -> usize {
    let (mut items, mut rows) = (BESIDE, 1);
    let fits = |moved: &&Moved| {
        let leases = usize::from(moved.before.lease.or(moved.after.lease).is_some());
        rows += 1 + leases;
        items += 1 + leases + moved.facts.len();
        rows <= Change::MAX_ROWS && items <= Change::MAX_ITEMS
    };
    tasks.iter().take_while(fits).count().max(1)
}

/// The rows and the events of such a change.
pub(crate) fn rows_and_facts(
    request: &Request,
    tasks: Vec<Moved>,
    now: Time,
) -> Result<(Vec<Row>, Vec<Fact>), Failure> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for Moved { before, after, facts } in tasks {
        let lease = lease_row(request, &before, &after, now)?;
        rows.push(Row::Task(after));
        rows.extend(lease);
        all.extend(facts);
    }
    Ok((rows, all))
}

/// The result of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Acted {
    /// The request's state.
    pub state: RequestState,
    /// The attempt begun for it; `None` when nothing had to be begun.
    pub attempt: Option<u32>,
    /// Whether it has begun; if not, reconciliation begins it.
    pub started: bool,
}

/// Stores the change, releases the executions that waited for a review, and begins an attempt for the tasks
/// that move. After a crash in between, the request is due.
pub(crate) async fn begin(
    store: &(impl Reads + Writes),
    workflow: &(impl Workflow + Tokens),
    clock: &impl Clock,
    settings: &Settings,
    moves: Moves,
    told: Vec<Fact>,
) -> Result<Acted, CommitError> {
    let Moves { mut request, tasks } = moves;
    let now = clock.now();
    let id = request.id;
    request.next_due = Some(now.plus_seconds(settings.grace_seconds));
    let (next, state) = (request.attempt + 1, request.state);
    let sources: Vec<SourceId> = tasks
        .iter()
        .filter(|moved| moved.after.state != TaskState::Settled)
        .map(|moved| moved.after.source.clone())
        .collect();
    let tokens = tokens_of(&tasks);
    let (mut rows, facts) = rows_and_facts(&request, tasks, now)?;
    rows.insert(0, Row::Request(request));
    let mut all = told;
    all.extend(facts);
    store.commit(Change { request: id, at: now, rows, facts: all }).await?;
    let_go(workflow, &tokens).await;
    let begun = attempt::begin(store, workflow, clock, id, next, &sources).await;
    Ok(Acted { state, attempt: Some(begun.unwrap_or(next)), started: begun.is_ok() })
}

pub(super) fn tokens_of(tasks: &[Moved]) -> Vec<String> {
    tasks.iter().filter_map(|moved| moved.before.token.clone()).collect()
}

/// Releases the executions that waited under these tokens. A release that fails does no harm.
pub(super) async fn let_go(workflow: &impl Tokens, tokens: &[String]) {
    for token in tokens {
        let _ = workflow.release(token, Next::None).await;
    }
}
