//! Runs the real operations in the order of the two state machines, and may be killed after any step.

use crate::vendor::Call;
use crate::workflow::Execution;
use crate::world::World;
use rightful_domain::failure::{Failure, Kind};
use rightful_domain::ids::RequestId;
use rightful_domain::operations::close::Closing;
use rightful_domain::operations::{Next, Step, TaskRef};
use rightful_domain::request::RequestState;
use std::cell::Cell;

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The request is closed.
    Closed,
    /// It failed, with tasks open or unknown; the store keeps them.
    LeftOpen,
    /// It was killed.
    Killed,
}

/// One execution of `fulfil-request`, with those of `fulfil-source` in it.
#[derive(Debug)]
pub struct Driver<'w> {
    world: &'w World,
    steps: Cell<Option<u32>>,
}

struct Killed;

/// An execution has a history of 25,000 events, about ten for each state with its wait.
const MOST_STATES: u32 = 2_500;

impl<'w> Driver<'w> {
    /// Runs to the end.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        Self { world, steps: Cell::new(None) }
    }

    /// Is killed after `steps` calls of functions.
    #[must_use]
    pub fn killed_after(world: &'w World, steps: u32) -> Self {
        Self { world, steps: Cell::new(Some(steps)) }
    }

    /// Runs an execution.
    pub async fn run(&self, execution: &Execution) -> End {
        match self.fulfil_request(execution).await {
            Ok(Some(closing)) if closing.state == RequestState::Closed => End::Closed,
            Ok(_) => End::LeftOpen,
            Err(Killed) => End::Killed,
        }
    }

    /// Runs the reconciliation every few minutes, and what it starts, until nothing changes any more:
    /// all closed and forgotten, or `days` have passed.
    ///
    /// # Errors
    /// When a run fails as a whole.
    pub async fn reconcile_until_done(&self, id: RequestId, days: u64) -> Result<(), Failure> {
        let end = self.world.now().plus_seconds(days * 24 * 3600);
        while self.world.now() < end && !self.world.request(id).is_done() {
            self.world.clock.advance(300);
            if let Some(due) = self.world.next_due() {
                self.world.clock.advance_to(due.min(end));
            }
            self.world.reconcile().await?;
            while let Some(execution) = self.world.workflow.take() {
                let steps = self.steps.get();
                self.run(&execution).await;
                self.steps.set(steps);
            }
        }
        Ok(())
    }

    async fn fulfil_request(&self, execution: &Execution) -> Result<Option<Closing>, Killed> {
        let tasks: Vec<TaskRef> = execution
            .sources
            .iter()
            .map(|source| TaskRef { request_id: execution.request, source_id: source.clone() })
            .collect();
        let mut fulfil = Vec::new();
        for at in &tasks {
            let found = self.retried(|| self.world.find(at)).await?;
            if found.is_some_and(|step| step.next == Next::Fulfil) {
                fulfil.push(at);
            }
        }
        for at in fulfil {
            self.fulfil_source(at).await?;
        }
        self.retried(|| self.world.close(execution.request)).await
    }

    async fn fulfil_source(&self, at: &TaskRef) -> Result<(), Killed> {
        let mut step = self.retried(|| self.world.submit(at)).await?;
        for _ in 0..MOST_STATES {
            let Some(Step { next, wait_seconds, .. }) = step else { break };
            if matches!(next, Next::Check | Next::Submit | Next::Verify) {
                self.world.clock.advance(wait_seconds);
            }
            step = match next {
                Next::Check => self.retried(|| self.world.check(at)).await?,
                Next::Submit => self.retried(|| self.world.submit(at)).await?,
                Next::Verify => self.retried(|| self.world.verify(at)).await?,
                Next::Settled | Next::Unknown | Next::Fulfil | Next::None => None,
            };
        }
        Ok(())
    }

    /// Calls a function as a Task state does: again while its error may pass. `None` is its Catch.
    async fn retried<T>(&self, call: impl AsyncFn() -> Result<T, Failure>) -> Result<Option<T>, Killed> {
        for attempt in 0..5u32 {
            if let Some(steps) = self.steps.get() {
                self.steps.set(Some(steps.checked_sub(1).ok_or(Killed)?));
            }
            match call().await {
                Ok(answer) => return Ok(Some(answer)),
                Err(failure) if matches!(failure.kind, Kind::Transient | Kind::Throttled) => {
                    self.world.clock.advance(2 << attempt);
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// How many submissions are in a vendor's journal.
#[must_use]
pub fn posts(journal: &[Call]) -> usize {
    journal.iter().filter(|call| matches!(call, Call::Submit { .. })).count()
}
