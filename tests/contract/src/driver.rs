//! The two state machines: the order of function calls, the waits, the retries. [`fulfil_request`] is written
//! over an [`Engine`]: a test runs it straight through with [`Driver`], a simulator lets its calls overlap,
//! get lost and come late.

use crate::vendor::Call;
use crate::workflow::Execution;
use crate::world::World;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::kind::Kind;
use rightful_domain::model::request::RequestState;
use rightful_domain::operations::close::closing::Closing;
use rightful_domain::operations::step::Step;
use rightful_domain::ports::workflow::Next;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

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

/// A state's call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// `search`, to find.
    Search(TaskRef),
    /// `submit`.
    Submit(TaskRef),
    /// `status-check`.
    CheckStatus(TaskRef),
    /// `search`, to look again.
    Look(TaskRef),
    /// `close`.
    Close(RequestId),
    /// `review`, with the token of the execution that waits.
    Park(TaskRef, String),
}

impl Function {
    /// Its name in a trace.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Function::Search(_) => "search",
            Function::Submit(_) => "submit",
            Function::CheckStatus(_) => "check",
            Function::Look(_) => "look",
            Function::Close(_) => "close",
            Function::Park(..) => "review",
        }
    }

    /// The task it is about; none for a request as a whole.
    #[must_use]
    pub fn task(&self) -> Option<&TaskRef> {
        match self {
            Function::Search(at)
            | Function::Submit(at)
            | Function::CheckStatus(at)
            | Function::Look(at)
            | Function::Park(at, _) => Some(at),
            Function::Close(_) => None,
        }
    }

    /// Calls it, as its handler does.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn call(&self, world: &World) -> Result<Output, Failure> {
        match self {
            Function::Search(at) => world.search(at).await.map(Output::Step),
            Function::Submit(at) => world.submit(at).await.map(Output::Step),
            Function::CheckStatus(at) => world.check_status(at).await.map(Output::Step),
            Function::Look(at) => world.look(at).await.map(Output::Step),
            Function::Close(id) => world.close(*id).await.map(Output::Closing),
            Function::Park(at, token) => world.park(at, token).await.map(Output::Step),
        }
    }
}

/// A function's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// About a task.
    Step(Step),
    /// About a request.
    Closing(Closing),
}

/// Why a state has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The function failed like this.
    Failed(Failure),
    /// The platform's own errors: the function ended without an answer, or it took too long.
    Platform,
    /// The execution is lost.
    Lost(Lost),
}

/// Which execution is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// An execution of `fulfil-source`; `fulfil-request` catches the failure.
    Source,
    /// An execution of `fulfil-request`, with its nested ones.
    Request,
}

/// The platform of the state machines.
#[allow(async_fn_in_trait, reason = "test equipment runs on one thread")]
pub trait Engine {
    /// Waits this many seconds.
    ///
    /// # Errors
    /// [`Lost`], when the execution doesn't live that long.
    async fn wait(&self, seconds: u64) -> Result<(), Lost>;

    /// Calls a function.
    ///
    /// # Errors
    /// [`CallError`].
    async fn call(&self, function: Function) -> Result<Output, CallError>;

    /// Waits for the review of a task, as `Await Review` does; `None` is its Catch.
    ///
    /// # Errors
    /// [`Lost`], when the execution doesn't live that long.
    async fn review(&self, at: &TaskRef, attempt: u32) -> Result<Option<Next>, Lost>;

    /// How long a retry waits that may wait this many seconds at most.
    fn jitter(&self, most: u64) -> u64;
}

/// An execution has a history of 25,000 events, about ten for each state with its wait.
const MOST_STATES: u32 = 2_500;

/// The state machine `fulfil-request`.
///
/// # Errors
/// [`Lost`], when it is killed.
pub async fn fulfil_request(engine: &impl Engine, execution: &Execution) -> Result<End, Lost> {
    let tasks: Vec<TaskRef> = execution
        .sources
        .iter()
        .map(|source| TaskRef { request_id: execution.request, source_id: source.clone() })
        .collect();
    let mut goes_on = Vec::new();
    let found = map(tasks.iter().map(|at| find(engine, at))).await;
    for (at, found) in tasks.iter().zip(found) {
        match found? {
            Searched::LeftOpen => {}
            searched => goes_on.push((at, searched)),
        }
    }
    let attempt = execution.attempt;
    for ended in map(goes_on.into_iter().map(|(at, searched)| item(engine, at, attempt, searched))).await {
        match ended {
            Ok(()) | Err(Lost::Source) => {}
            Err(Lost::Request) => return Err(Lost::Request),
        }
    }
    Ok(match retried(engine, Function::Close(execution.request)).await? {
        Ended::Output(Output::Closing(closing)) if closing.state == RequestState::Closed => End::Closed,
        _ => End::LeftOpen,
    })
}

/// The result of a search.
enum Searched {
    Goes(Next),
    /// Its turn comes in this many seconds.
    Waits(u64),
    LeftOpen,
}

/// The states `Search Source` and `Search Again`.
async fn find(engine: &impl Engine, at: &TaskRef) -> Result<Searched, Lost> {
    Ok(match retried(engine, Function::Search(at.clone())).await? {
        Ended::Output(Output::Step(step)) => match step.next {
            Next::Search => Searched::Waits(step.wait_seconds),
            Next::Fulfil | Next::Review => Searched::Goes(step.next),
            _ => Searched::LeftOpen,
        },
        Ended::Output(_) | Ended::Caught => Searched::LeftOpen,
    })
}

/// An item of the Map `Fulfil Sources`: one that waits for its turn is searched here, and delays no other.
async fn item(engine: &impl Engine, at: &TaskRef, attempt: u32, mut searched: Searched) -> Result<(), Lost> {
    let mut states = 0;
    let next = loop {
        match searched {
            Searched::Goes(next) => break next,
            Searched::LeftOpen => return Ok(()),
            Searched::Waits(_) if states == MOST_STATES => return Ok(()),
            Searched::Waits(seconds) => {
                engine.wait(seconds).await?;
                searched = find(engine, at).await?;
                states += 1;
            }
        }
    };
    let decided = match next {
        Next::Review => engine.review(at, attempt).await? == Some(Next::Fulfil),
        _ => true,
    };
    if decided { fulfil_source(engine, at).await } else { Ok(()) }
}

/// The state machine `fulfil-source`.
async fn fulfil_source(engine: &impl Engine, at: &TaskRef) -> Result<(), Lost> {
    let Some(Step { wait_seconds, .. }) = step(engine, Function::Submit(at.clone())).await? else {
        return Ok(());
    };
    engine.wait(wait_seconds).await?;
    let mut last = step(engine, Function::CheckStatus(at.clone())).await?;
    for _ in 0..MOST_STATES {
        let Some(Step { next, wait_seconds, .. }) = last else { break };
        let function = match next {
            Next::CheckStatus => Function::CheckStatus(at.clone()),
            Next::Submit => Function::Submit(at.clone()),
            Next::Look => Function::Look(at.clone()),
            Next::Settled | Next::Unknown | Next::Search | Next::Fulfil | Next::Review | Next::None => break,
        };
        engine.wait(wait_seconds).await?;
        last = step(engine, function).await?;
    }
    Ok(())
}

/// A Map: all its items at once, and their answers in order.
async fn map<F: Future>(items: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut items: Vec<Pin<Box<F>>> = items.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = items.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (item, output) in items.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = item.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

async fn step(engine: &impl Engine, function: Function) -> Result<Option<Step>, Lost> {
    Ok(match retried(engine, function).await? {
        Ended::Output(Output::Step(step)) => Some(step),
        _ => None,
    })
}

/// How a Task state ends.
enum Ended {
    Output(Output),
    /// Its Catch.
    Caught,
}

/// Calls a function as a Task state does, with retries of transient errors.
async fn retried(engine: &impl Engine, function: Function) -> Result<Ended, Lost> {
    let mut tries = 0u32;
    loop {
        match engine.call(function.clone()).await {
            Ok(answer) => return Ok(Ended::Output(answer)),
            Err(CallError::Lost(lost)) => return Err(lost),
            Err(CallError::Platform) => {}
            Err(CallError::Failed(failure)) => match failure.kind {
                Kind::Transient => {}
                Kind::Refused | Kind::Unknown | Kind::Misconfigured => return Ok(Ended::Caught),
            },
        }
        if tries == 4 {
            return Ok(Ended::Caught);
        }
        engine.wait(engine.jitter((2u64 << tries).min(60))).await?;
        tries += 1;
    }
}

/// Runs executions straight through: one call after another, and waiting moves the clock.
#[derive(Debug)]
pub struct Driver<'w> {
    world: &'w World,
    steps: Cell<Option<u32>>,
}

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
        fulfil_request(self, execution).await.unwrap_or(End::Killed)
    }

    /// Runs the reconciliation every few minutes, and the executions that it starts, until the request is
    /// closed and forgotten, or `days` have passed.
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
}

impl Engine for Driver<'_> {
    async fn wait(&self, seconds: u64) -> Result<(), Lost> {
        self.world.clock.sleep(seconds).await;
        Ok(())
    }

    async fn call(&self, function: Function) -> Result<Output, CallError> {
        if let Some(steps) = self.steps.get() {
            self.steps.set(Some(steps.checked_sub(1).ok_or(CallError::Lost(Lost::Request))?));
        }
        function.call(self.world).await.map_err(CallError::Failed)
    }

    /// Nobody decides during a straight run. A decided task continues; a waiting one continues in a run of
    /// its own, once its token is released.
    async fn review(&self, at: &TaskRef, attempt: u32) -> Result<Option<Next>, Lost> {
        let token = self.world.workflow.park(attempt, at);
        retried(self, Function::Park(at.clone(), token)).await?;
        Ok(None)
    }

    fn jitter(&self, most: u64) -> u64 {
        most
    }
}

/// The number of submissions in a vendor's journal.
#[must_use]
pub fn posts(journal: &[Call]) -> usize {
    journal.iter().filter(|call| matches!(call, Call::Submit { .. })).count()
}
