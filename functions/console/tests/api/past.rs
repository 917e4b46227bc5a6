//! A deployment with a past: closed requests as rows, without the work that led to them.

use crate::stage::Stage;
use rightful_contract::rows;
use rightful_contract::table::Write;
use rightful_contract::world::{a_request, a_task};
use rightful_domain::base::time::Time;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::task::{Counts, Outcome, Task, TaskState};
use rightful_domain::ports::clock::Clock as _;

/// The length of a day in seconds.
pub const DAY: u64 = 24 * 3600;

/// Closed request number `n`: it arrived `days` ago, took `took` seconds, and found `n % 10` records at each of these data
/// sources. Requests come newest first by their numbers.
pub fn closed(
    stage: &Stage,
    n: u16,
    sources: &[&str],
    (days, took): (u64, u64),
    outcome: RequestOutcome,
) -> Request {
    let received = stage.world.clock.now().minus_seconds(days * DAY);
    let request = Request {
        state: RequestState::Closed,
        outcome: Some(outcome),
        closed_at: Some(received.plus_seconds(took)),
        dry_run: outcome == RequestOutcome::DryRun,
        next_due: None,
        ..a_request(n, sources, received)
    };
    store(stage, &request);
    for name in sources {
        store_task(stage, &settled(n, name, received, task_outcome(outcome)));
    }
    request
}

/// A task of request `n` that ended so, with `n % 10` records found.
pub fn settled(n: u16, name: &str, at: Time, outcome: Outcome) -> Task {
    let found = u32::from(n % 10);
    let confirmed = if outcome == Outcome::VerifiedErased { found } else { 0 };
    Task {
        state: TaskState::Settled,
        outcome: Some(outcome),
        counts: Counts { found, submitted: confirmed, confirmed },
        settled_at: Some(at),
        next_due: None,
        ..a_task(n, name, at)
    }
}

/// Stores a request as it is.
pub fn store(stage: &Stage, request: &Request) {
    let Write::Put(key, item, _) = rows::request(request, 0).unwrap() else { return };
    stage.world.store.table().set(key, Some(item));
}

/// Stores a task as it is.
pub fn store_task(stage: &Stage, task: &Task) {
    let Write::Put(key, item, _) = rows::task(task, 0).unwrap() else { return };
    stage.world.store.table().set(key, Some(item));
}

fn task_outcome(outcome: RequestOutcome) -> Outcome {
    match outcome {
        RequestOutcome::Fulfilled | RequestOutcome::PartlyFulfilled => Outcome::VerifiedErased,
        RequestOutcome::NothingFound => Outcome::NothingFound,
        RequestOutcome::Refused => Outcome::Refused,
        RequestOutcome::Failed => Outcome::Failed,
        RequestOutcome::DryRun => Outcome::DryRun,
        RequestOutcome::Cancelled => Outcome::Cancelled,
    }
}
