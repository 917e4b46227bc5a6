//! Waits for a person: stores the token under which an execution continues.

use crate::base::failure::Failure;
use crate::base::ids::TaskRef;
use crate::life::{LifeEvent, step};
use crate::model::task::TaskState;
use crate::operations::load::{Loaded, Settings, is_closed, load, retry_stale, terms};
use crate::operations::save::store_step;
use crate::operations::step::{Step, passing};
use crate::ports::clock::Clock;
use crate::ports::store::{Reads, Writes};
use crate::ports::workflow::{Next, Tokens};

/// The ports of waiting.
#[derive(Debug)]
pub struct Park<'a, S, W, C> {
    /// The store.
    pub store: &'a S,
    /// The executions that wait.
    pub tokens: &'a W,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

impl<S, W, C> Park<'_, S, W, C>
where
    S: Reads + Writes,
    W: Tokens,
    C: Clock,
{
    /// Stores the token under which an execution waits until the task is decided. If it is decided already, the
    /// execution continues at once. The execution that waited before is released: one is enough. May be
    /// repeated.
    ///
    /// # Errors
    /// `Transient` when the store or the workflow service fails.
    pub async fn park(&self, at: &TaskRef, token: &str) -> Result<Step, Failure> {
        retry_stale(async || {
            let Loaded { request, life, .. } = load(self.store, at).await?;
            let now = self.clock.now();
            if is_closed(&request) || life.task.state != TaskState::AwaitingReview {
                let step = passing(&life.task);
                self.tokens.release(token, step.next).await?;
                return Ok(step);
            }
            let before = life.task.token.clone().filter(|earlier| earlier != token);
            let event = LifeEvent::Waits { token: token.to_owned() };
            let moved = step(&life, event, now, &terms(&request, &self.settings, None));
            let life = store_step(self.store, &request, &life, moved, Vec::new(), now).await?;
            if let Some(earlier) = before {
                self.tokens.release(&earlier, Next::None).await?;
            }
            Ok(passing(&life.task))
        })
        .await
    }
}
