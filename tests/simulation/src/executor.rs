//! Polls one future at a time, one step each, in the order of the dice.

use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// The kind of a running job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// An invocation of a function; about a task, or not.
    Worker(Option<TaskRef>),
    /// An execution of the workflow.
    Execution,
    /// A ticketing system: outside of the deployment, it is never lost.
    Sender,
    /// A person who works with the deployment: present until its end.
    Operator,
}

/// Something that runs.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) what: What,
    /// How far its host's clock is off, in seconds.
    pub(crate) skew: i64,
    pub(crate) future: Pin<Box<dyn Future<Output = ()>>>,
}

/// Hands jobs to the executor.
#[derive(Clone, Default)]
pub(crate) struct Spawner(Rc<RefCell<Vec<Job>>>);

impl Spawner {
    pub(crate) fn spawn(&self, job: Job) {
        self.0.borrow_mut().push(job);
    }
}

/// Whether a job wants its turn.
struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Slot {
    /// Its own number.
    id: u64,
    job: Job,
    ready: Arc<Ready>,
    waker: Waker,
    parked: Option<Time>,
    /// Where its last step ended.
    point: &'static str,
}

/// All jobs.
#[derive(Default)]
pub(crate) struct Executor {
    slots: Vec<Slot>,
    jobs: u64,
    pub(crate) spawner: Spawner,
}

impl Executor {
    /// Takes in the jobs handed over since.
    pub(crate) fn take_in(&mut self) {
        for job in self.spawner.0.take() {
            let ready = Arc::new(Ready(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&ready));
            self.jobs += 1;
            self.slots.push(Slot { id: self.jobs, job, ready, waker, parked: None, point: "" });
        }
    }

    /// The places of those that want their turn.
    pub(crate) fn runnable(&self, now: Time) -> Vec<usize> {
        let wants = |slot: &Slot| {
            slot.ready.0.load(Ordering::Relaxed) && slot.parked.is_none_or(|until| until <= now)
        };
        (0..self.slots.len()).filter(|&n| wants(&self.slots[n])).collect()
    }

    /// The number of a job.
    pub(crate) fn id(&self, n: usize) -> u64 {
        self.slots[n].id
    }

    pub(crate) fn job(&self, n: usize) -> &Job {
        &self.slots[n].job
    }

    /// One step of a job; whether it goes on.
    pub(crate) fn poll(&mut self, n: usize) -> bool {
        let slot = &mut self.slots[n];
        slot.ready.0.store(false, Ordering::Relaxed);
        slot.parked = None;
        match slot.job.future.as_mut().poll(&mut Context::from_waker(&slot.waker)) {
            Poll::Pending => true,
            Poll::Ready(()) => {
                self.slots.remove(n);
                false
            }
        }
    }

    /// Where the last step of a job ended.
    pub(crate) fn point(&self, n: usize) -> &'static str {
        self.slots[n].point
    }

    /// Keeps where a step of a job ended.
    pub(crate) fn stopped_at(&mut self, n: usize, point: &'static str) {
        self.slots[n].point = point;
    }

    /// A job's next step comes at that time or later.
    pub(crate) fn park(&mut self, n: usize, until: Time) {
        self.slots[n].parked = Some(until);
    }

    /// Drops a job: nothing after its last step runs.
    pub(crate) fn drop(&mut self, n: usize) {
        self.slots.remove(n);
    }

    /// Drops all workers; returns their number.
    pub(crate) fn drop_workers(&mut self) -> usize {
        let before = self.slots.len();
        self.slots.retain(|slot| !matches!(slot.job.what, What::Worker(_)));
        before - self.slots.len()
    }

    /// Whether any worker or sender exists.
    pub(crate) fn is_busy(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.job.what, What::Worker(_) | What::Sender))
    }

    /// When the next parked job that wants its turn may have it.
    pub(crate) fn next_parked(&self) -> Option<Time> {
        let wants = self.slots.iter().filter(|slot| slot.ready.0.load(Ordering::Relaxed));
        wants.filter_map(|slot| slot.parked).min()
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.spawner.0.take();
    }
}
