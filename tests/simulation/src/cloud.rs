//! Lambda and Step Functions: which functions run, how often, how late, and the fate of their answers.

use crate::executor::{Job, Spawner, What};
use crate::fault::{Faults, Kind};
use crate::ledger::{Demanded, Ledger};
use crate::scenario::Webhook;
use crate::trace::Trace;
use rightful_contract::clock::TestClock;
use rightful_contract::driver::{CallError, Engine, Function, Lost, Output, fulfil_request};
use rightful_contract::workflow::Execution;
use rightful_contract::world::{HANDLER_SECONDS, RECONCILE_SECONDS, World, request_id};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::kind::Kind as FailureKind;
use rightful_domain::operations::accept::{AcceptError, Accepted, Arrival};
use rightful_domain::ports::workflow::Next;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// How long a state waits for its function, in seconds: `TimeoutSeconds` in the state machines.
const STATE_SECONDS: u64 = 90;
/// How long the workflow waits for a review, in seconds: `TimeoutSeconds` of `Await Review`.
const REVIEW_SECONDS: u64 = 45 * 24 * 3600;
/// How often the state `Await Review` calls its function again.
const REVIEW_TRIES: u32 = 4;
/// How long a function may live past the time by which it should end, in seconds.
const GRACE_SECONDS: u64 = 5;
/// How late an invocation may start, in seconds: later than a state waits.
const LATEST_SECONDS: u64 = 200;
/// How far a host's clock may be off, in seconds. Together with the slow steps this is less than the
/// margin that a submission allows around its call.
const SKEW_SECONDS: u64 = 2;

/// The platform.
#[derive(Clone)]
pub(crate) struct Cloud {
    pub(crate) world: Rc<World>,
    pub(crate) faults: Rc<Faults>,
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) trace: Rc<Trace>,
    pub(crate) spawner: Spawner,
    invocations: Rc<Cell<u32>>,
    requests: Rc<Cell<u16>>,
}

impl Cloud {
    pub(crate) fn new(
        world: Rc<World>,
        faults: Rc<Faults>,
        ledger: Rc<Ledger>,
        trace: Rc<Trace>,
        spawner: Spawner,
    ) -> Self {
        Self { world, faults, ledger, trace, spawner, invocations: Rc::default(), requests: Rc::default() }
    }

    fn clock(&self) -> TestClock {
        self.world.clock.clone()
    }

    /// Invokes a function; the answer goes to `reply`, if anybody still waits for it.
    fn invoke<T: 'static>(
        &self,
        name: String,
        what: What,
        seconds: u64,
        work: impl Future<Output = T> + 'static,
        reply: Option<Reply<T>>,
    ) {
        self.invocations.set(self.invocations.get() + 1);
        let name = format!("{name}#{}", self.invocations.get());
        let dice = &self.faults.dice;
        let late = if self.faults.strike(Kind::LateInvocation) { dice.within(1..=LATEST_SECONDS) } else { 0 };
        let skew = match self.faults.strike(Kind::ClockOff) {
            true => dice.below(2 * SKEW_SECONDS + 1).cast_signed() - SKEW_SECONDS.cast_signed(),
            false => 0,
        };
        let clock = self.clock();
        let future = Box::pin(async move {
            // Dropped with the worker: then nobody answers.
            let reply = reply.map(Answers);
            clock.sleep(late).await;
            let answer = first(work, clock.sleep(seconds + GRACE_SECONDS)).await;
            if let (Some(reply), Some(answer)) = (&reply, answer) {
                reply.0.put(answer);
            }
        });
        self.spawner.spawn(Job { name, what, skew, future });
    }

    fn invoke_function(&self, function: &Function, reply: Option<Reply<Result<Output, Failure>>>) {
        let name = match function {
            Function::Close(id) => format!("close {}", id.as_bytes()[15]),
            _ => function.task().map_or_else(String::new, |at| {
                format!("{} {}/{}", function.name(), at.request_id.as_bytes()[15], at.source_id)
            }),
        };
        let (world, called) = (Rc::clone(&self.world), function.clone());
        let work = async move { called.call(&world).await };
        self.invoke(name, What::Worker(function.task().cloned()), HANDLER_SECONDS, work, reply);
    }

    /// Invokes a function that nobody waits for.
    pub(crate) fn stray(&self, function: &Function) {
        self.invoke_function(function, None);
    }

    /// The schedule's turn.
    pub(crate) fn reconcile(&self) {
        let world = Rc::clone(&self.world);
        let work = async move { drop(world.reconcile().await) };
        self.invoke("reconcile".to_owned(), What::Worker(None), RECONCILE_SECONDS, work, None);
    }

    /// Runs an execution.
    pub(crate) fn execute(&self, execution: Execution) {
        let name = format!("execution {}.{}", execution.request.as_bytes()[15], execution.attempt);
        let cloud = self.clone();
        let ended = name.clone();
        let future = Box::pin(async move {
            let end = fulfil_request(&cloud, &execution).await;
            cloud.trace.say(|| format!("    {ended} ends: {end:?}"));
        });
        self.spawner.spawn(Job { name, what: What::Execution, skew: 0, future });
    }

    /// Begins the work of a person.
    pub(crate) fn operate(&self, name: &str, work: impl Future<Output = ()> + 'static) {
        let name = format!("operator {name}");
        self.spawner.spawn(Job { name, what: What::Operator, skew: 0, future: Box::pin(work) });
    }

    /// A call of an operator; `None` when nothing came back in time.
    pub(crate) async fn act<T: 'static>(
        &self,
        name: &str,
        seconds: u64,
        work: impl Future<Output = T> + 'static,
    ) -> Option<T> {
        let reply = Reply::default();
        self.invoke(name.to_owned(), What::Worker(None), seconds, work, Some(reply.clone()));
        first(reply.answer(), self.clock().sleep(STATE_SECONDS)).await.flatten()
    }

    /// A call of another operator at the same time; only that operator hears the answer.
    pub(crate) fn act_aside<T: 'static>(&self, name: &str, work: impl Future<Output = T> + 'static) {
        self.invoke(format!("{name} of another"), What::Worker(None), HANDLER_SECONDS, work, None);
    }

    /// Calls the function `review` with a token; then waits for the token's release. `Err` says whether the
    /// function may be called again.
    async fn park(&self, at: &TaskRef, token: &str) -> Result<Next, bool> {
        let function = Function::Park(at.clone(), token.to_owned());
        let reply = Reply::default();
        self.invoke_function(&function, Some(reply.clone()));
        if self.faults.strike(Kind::DuplicateInvocation) {
            self.stray(&function);
        }
        let called = async {
            match reply.answer().await {
                Some(Ok(_)) => std::future::pending().await,
                Some(Err(failure)) => failure.kind == FailureKind::Transient,
                None => true,
            }
        };
        let (mut called, mut heard) = (pin!(called), pin!(self.world.workflow.heard(token)));
        poll_fn(|context| match heard.as_mut().poll(context) {
            Poll::Ready(next) => Poll::Ready(Ok(next)),
            Poll::Pending => called.as_mut().poll(context).map(Err),
        })
        .await
    }

    /// How long an execution waits for a review, and whether it is lost then.
    fn patience(&self) -> (u64, bool) {
        let dice = &self.faults.dice;
        let some = |dice: &crate::dice::Dice| dice.within(1..=[600, 6 * 3600, 72 * 3600][dice.index(3)]);
        if self.faults.strike(Kind::LostWaiting) {
            return (some(dice), true);
        }
        if self.faults.strike(Kind::TokenTimedOut) {
            return (some(dice), false);
        }
        (REVIEW_SECONDS, false)
    }

    /// A ticketing system that sends a webhook until it is answered.
    pub(crate) fn send(&self, webhook: Webhook) {
        let cloud = self.clone();
        let webhook = Rc::new(webhook);
        let name = format!("sender of {}", webhook.key);
        let future = Box::pin(async move {
            cloud.clock().sleep(webhook.after).await;
            let mut wait = 30;
            loop {
                let answer = cloud.deliver(Rc::clone(&webhook)).await;
                cloud.trace.say(|| format!("    {} is answered: {}", webhook.key, said(answer.as_ref())));
                match answer {
                    Some(Ok(_) | Err(AcceptError::Conflict(_))) => return,
                    _ => cloud.clock().sleep(wait).await,
                }
                wait = (wait * 2).min(3600);
            }
        });
        self.spawner.spawn(Job { name, what: What::Sender, skew: 0, future });
    }

    async fn deliver(&self, webhook: Rc<Webhook>) -> Option<Result<Accepted, AcceptError>> {
        let Some(n) = self.requests.get().checked_add(1) else {
            self.ledger.breaks(6, "a webhook is never taken in");
            return None;
        };
        self.requests.set(n);
        let demanded =
            Demanded { person: webhook.person, right: webhook.demand.right, dry_run: webhook.demand.dry_run };
        self.ledger.demanded.borrow_mut().insert(request_id(n), demanded);
        let world = Rc::clone(&self.world);
        let work = async move {
            let arrival = Arrival::Delivery {
                channel: "tickets",
                key: webhook.key.as_bytes(),
                body: webhook.body.as_bytes(),
            };
            world.accept(n, &webhook.demand, arrival).await
        };
        let reply = Reply::default();
        self.invoke(format!("intake {n}"), What::Worker(None), 10, work, Some(reply.clone()));
        first(reply.answer(), self.clock().sleep(STATE_SECONDS)).await.flatten()
    }
}

fn said(answer: Option<&Result<Accepted, AcceptError>>) -> String {
    match answer {
        None => "nothing came back".to_owned(),
        Some(Ok(accepted)) => format!("request {}", accepted.request.as_bytes()[15]),
        Some(Err(AcceptError::Conflict(first))) => format!("conflict with request {}", first.as_bytes()[15]),
        Some(Err(_)) => "failed".to_owned(),
    }
}

impl Engine for Cloud {
    async fn wait(&self, seconds: u64) -> Result<(), Lost> {
        self.clock().sleep(seconds).await;
        if self.faults.strike(Kind::LostNested) { Err(Lost::Source) } else { Ok(()) }
    }

    async fn call(&self, function: Function) -> Result<Output, CallError> {
        let reply = Reply::default();
        self.invoke_function(&function, Some(reply.clone()));
        if self.faults.strike(Kind::DuplicateInvocation) {
            self.stray(&function);
        }
        match first(reply.answer(), self.clock().sleep(STATE_SECONDS)).await.flatten() {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(failure)) => Err(CallError::Failed(failure)),
            None => Err(CallError::Platform),
        }
    }

    async fn review(&self, at: &TaskRef, attempt: u32) -> Result<Option<Next>, Lost> {
        for tries in 0..=REVIEW_TRIES {
            let token = self.world.workflow.park_waiting(attempt, at);
            let (seconds, lost) = self.patience();
            let told = first(self.park(at, &token), self.clock().sleep(seconds)).await;
            self.world.workflow.time_out(&token);
            match told {
                Some(Ok(next)) => return Ok(Some(next)),
                None if lost => return Err(Lost::Request),
                None | Some(Err(false)) => return Ok(None),
                Some(Err(true)) => self.clock().sleep(self.jitter((2u64 << tries).min(60))).await,
            }
        }
        Ok(None)
    }

    fn jitter(&self, most: u64) -> u64 {
        self.faults.dice.within(0..=most)
    }
}

/// Runs `work` until it ends, `Some`, or until `end` does, `None`.
async fn first<T>(work: impl Future<Output = T>, end: impl Future<Output = ()>) -> Option<T> {
    let (mut work, mut end) = (pin!(work), pin!(end));
    poll_fn(|context| match end.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(context).map(Some),
    })
    .await
}

/// Where the answer of an invocation goes.
struct Reply<T>(Rc<RefCell<Mail<T>>>);

struct Mail<T> {
    answer: Option<T>,
    closed: bool,
    waker: Option<Waker>,
}

impl<T> Clone for Reply<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Reply<T> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Mail { answer: None, closed: false, waker: None })))
    }
}

impl<T> Reply<T> {
    fn put(&self, answer: T) {
        self.0.borrow_mut().answer = Some(answer);
    }

    /// The answer; `None` if its sender is lost without one.
    async fn answer(self) -> Option<T> {
        poll_fn(|context| {
            let mut mail = self.0.borrow_mut();
            if !mail.closed {
                mail.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(mail.answer.take())
        })
        .await
    }
}

/// The sending end: dropping it wakes the receiver.
struct Answers<T>(Reply<T>);

impl<T> Drop for Answers<T> {
    fn drop(&mut self) {
        let mut mail = self.0.0.borrow_mut();
        mail.closed = true;
        if let Some(waker) = mail.waker.take() {
            waker.wake();
        }
    }
}
