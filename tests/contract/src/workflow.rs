//! A workflow service that only records the started executions, and the payloads of its states.

use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::workflow::Next;
use rightful_domain::ports::workflow::{Started, Tokens, Workflow};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The longest payload of a state.
pub const MAX_PAYLOAD_BYTES: usize = 256 * 1024;

/// One started execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Its request.
    pub request: RequestId,
    /// Its attempt.
    pub attempt: u32,
    /// The data sources it was given.
    pub sources: Vec<SourceId>,
}

/// A fault of a token's release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseFault {
    /// It fails, and nobody is released.
    Fails,
    /// The waiting execution is released, and the answer is lost.
    LosesAnswer,
}

/// Draws the faults of releases.
#[derive(Clone, Default)]
struct Drawn(Option<Rc<dyn Fn() -> Option<ReleaseFault>>>);

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drawn").field(&self.0.is_some()).finish()
    }
}

/// An execution that hears of its token's release.
#[derive(Debug, Default)]
struct Waiting {
    next: Option<Next>,
    waker: Option<Waker>,
}

/// The state machine `fulfil-request`, as far as starting it goes.
#[derive(Clone, Debug)]
pub struct StateMachine {
    gate: Gate,
    started: Rc<RefCell<Vec<Execution>>>,
    waiting: Rc<RefCell<VecDeque<Execution>>>,
    failures: Rc<Cell<u32>>,
    /// The executions that wait for a review, by token: attempt and task.
    parked: Rc<RefCell<BTreeMap<String, (u32, TaskRef)>>>,
    tokens: Rc<Cell<u32>>,
    released: Rc<RefCell<Vec<(String, Next)>>>,
    /// Executions that wait themselves, by token; the others run again from their beginning.
    waiters: Rc<RefCell<BTreeMap<String, Waiting>>>,
    release_faults: Rc<RefCell<Drawn>>,
    payloads: Rc<RefCell<String>>,
}

impl StateMachine {
    /// Nothing started yet.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        let (started, waiting) = Default::default();
        Self {
            gate,
            started,
            waiting,
            failures: Rc::default(),
            parked: Rc::default(),
            tokens: Rc::default(),
            released: Rc::default(),
            waiters: Rc::default(),
            release_faults: Rc::default(),
            payloads: Rc::default(),
        }
    }

    /// A new token, under which this attempt waits for the review of a task.
    #[must_use]
    pub fn park(&self, attempt: u32, at: &TaskRef) -> String {
        self.tokens.set(self.tokens.get() + 1);
        let token = format!("token-{}", self.tokens.get());
        self.parked.borrow_mut().insert(token.clone(), (attempt, at.clone()));
        token
    }

    /// Whether an execution waits under this token.
    #[must_use]
    pub fn waits(&self, token: &str) -> bool {
        self.parked.borrow().contains_key(token)
    }

    /// Ends the wait of this token: nobody hears of its release.
    pub fn time_out(&self, token: &str) {
        self.parked.borrow_mut().remove(token);
        self.waiters.borrow_mut().remove(token);
    }

    /// A new token of an execution that waits for its release itself, by [`StateMachine::heard`].
    #[must_use]
    pub fn park_waiting(&self, attempt: u32, at: &TaskRef) -> String {
        let token = self.park(attempt, at);
        self.waiters.borrow_mut().insert(token.clone(), Waiting::default());
        token
    }

    /// The value that this token is released with, given out once. Never ready for a token without a waiting
    /// execution.
    pub async fn heard(&self, token: &str) -> Next {
        poll_fn(|context| {
            let mut waiters = self.waiters.borrow_mut();
            let Some(waiting) = waiters.get_mut(token) else { return Poll::Pending };
            waiting.waker = Some(context.waker().clone());
            match waiting.next {
                Some(next) => {
                    waiters.remove(token);
                    Poll::Ready(next)
                }
                None => Poll::Pending,
            }
        })
        .await
    }

    /// `draw` decides the fault of each release.
    pub fn fail_releases(&self, draw: impl Fn() -> Option<ReleaseFault> + 'static) {
        *self.release_faults.borrow_mut() = Drawn(Some(Rc::new(draw)));
    }

    /// The value of every release, in order.
    #[must_use]
    pub fn released(&self) -> Vec<(String, Next)> {
        self.released.borrow().clone()
    }

    /// The next `n` starts fail.
    pub fn fail_next(&self, n: u32) {
        self.failures.set(n);
    }

    /// Everything that was started, in order.
    #[must_use]
    pub fn started(&self) -> Vec<Execution> {
        self.started.borrow().clone()
    }

    /// The next started execution that nobody has run yet.
    #[must_use]
    pub fn take(&self) -> Option<Execution> {
        self.waiting.borrow_mut().pop_front()
    }

    /// Everything that went through the workflow, as text: where a canary would be found.
    #[must_use]
    pub fn payloads(&self) -> String {
        self.payloads.borrow().clone()
    }

    /// Passes a payload in or out of a state, as the service does.
    ///
    /// # Errors
    /// `States.DataLimitExceeded`, when it is longer than 256 KiB.
    pub fn pass(&self, payload: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(payload).map_err(|_| Failure::of(Code::PayloadMalformed))?;
        if text.len() > MAX_PAYLOAD_BYTES {
            return Err(Failure::of(Code::PayloadMalformed));
        }
        let mut payloads = self.payloads.borrow_mut();
        payloads.push_str(&text);
        payloads.push('\n');
        Ok(())
    }
}

impl Workflow for StateMachine {
    async fn start(
        &self,
        request: RequestId,
        attempt: u32,
        sources: &[SourceId],
    ) -> Result<Started, Failure> {
        self.gate.point("start workflow").await;
        if self.failures.get() > 0 {
            self.failures.set(self.failures.get() - 1);
            return Err(Failure::of(Code::WorkflowUnavailable));
        }
        self.pass(&serde_json::json!({
            "name": format!("{request}.{attempt}"),
            "requestId": request, "attempt": attempt, "sources": sources,
        }))?;
        let execution = Execution { request, attempt, sources: sources.to_vec() };
        let named = |one: &&Execution| one.request == request && one.attempt == attempt;
        let known = self.started.borrow().iter().find(named).cloned();
        let started = match known {
            // An ended execution may still count as running: a worker that waits for it takes over in the end.
            Some(known) if known == execution => Started::Now,
            Some(_) => Started::Before,
            None => {
                self.started.borrow_mut().push(execution.clone());
                self.waiting.borrow_mut().push_back(execution);
                Started::Now
            }
        };
        self.gate.point("after start workflow").await;
        Ok(started)
    }
}

impl Tokens for StateMachine {
    /// A released execution runs again from its beginning; its states skip settled work.
    async fn release(&self, token: &str, next: Next) -> Result<(), Failure> {
        self.gate.point("release token").await;
        if self.failures.get() > 0 {
            self.failures.set(self.failures.get() - 1);
            return Err(Failure::of(Code::WorkflowUnavailable));
        }
        let drawn = self.release_faults.borrow().0.clone();
        let fault = drawn.and_then(|draw| draw());
        if fault == Some(ReleaseFault::Fails) {
            return Err(Failure::of(Code::WorkflowUnavailable));
        }
        self.pass(&serde_json::json!({"next": next}))?;
        self.released.borrow_mut().push((token.to_owned(), next));
        let parked = self.parked.borrow_mut().remove(token);
        if let Some(waiting) = self.waiters.borrow_mut().get_mut(token) {
            waiting.next = waiting.next.or(Some(next));
            if let Some(waker) = waiting.waker.take() {
                waker.wake();
            }
        } else if let Some((attempt, at)) = parked
            && next == Next::Fulfil
        {
            let sources = vec![at.source_id];
            self.waiting.borrow_mut().push_back(Execution { request: at.request_id, attempt, sources });
        }
        self.gate.point("after release token").await;
        if fault == Some(ReleaseFault::LosesAnswer) {
            return Err(Failure::of(Code::WorkflowUnavailable));
        }
        Ok(())
    }
}
