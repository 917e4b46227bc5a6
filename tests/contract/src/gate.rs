//! The place where a test stops a worker. Every port call passes the gate; at the chosen point the worker
//! ends like a killed Lambda, and nothing after that point runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

/// Counts the points that port calls pass, and stops the worker at one of them.
#[derive(Clone, Debug, Default)]
pub struct Gate(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    passed: Cell<u32>,
    crash_at: Cell<Option<u32>>,
    crashed: Cell<bool>,
    interleaves: Cell<bool>,
    last: RefCell<&'static str>,
    reads: RefCell<BTreeMap<&'static str, u32>>,
}

impl Gate {
    /// Stops the worker at the `n`th point from now, counted from 0; `None` never.
    pub fn crash_at(&self, n: Option<u32>) {
        self.0.passed.set(0);
        self.0.crashed.set(false);
        self.0.crash_at.set(n);
    }

    /// How many points were passed since the last [`Gate::crash_at`].
    #[must_use]
    pub fn passed(&self) -> u32 {
        self.0.passed.get()
    }

    /// The name of the last point that was passed or stopped at.
    #[must_use]
    pub fn last(&self) -> &'static str {
        *self.0.last.borrow()
    }

    /// The name of the last point since the last such call; empty when none was passed.
    #[must_use]
    pub fn take_last(&self) -> &'static str {
        std::mem::take(&mut *self.0.last.borrow_mut())
    }

    /// The reads since the last such call, with their numbers: the points whose name begins with `read`.
    #[must_use]
    pub fn take_reads(&self) -> BTreeMap<&'static str, u32> {
        std::mem::take(&mut *self.0.reads.borrow_mut())
    }

    /// Whether each port call lets the other workers run first.
    pub fn interleave(&self, on: bool) {
        self.0.interleaves.set(on);
    }

    /// A point of a port call. A reading call has one, before it; a writing one has two, around its
    /// effect.
    pub async fn point(&self, name: &'static str) {
        let n = self.0.passed.get();
        self.0.passed.set(n + 1);
        *self.0.last.borrow_mut() = name;
        if name.starts_with("read ") {
            *self.0.reads.borrow_mut().entry(name).or_default() += 1;
        }
        if self.0.crash_at.get() == Some(n) {
            self.0.crashed.set(true);
        }
        let mut yields = self.0.interleaves.get();
        poll_fn(|context| {
            if self.0.crashed.get() {
                return Poll::Pending;
            }
            if yields {
                yields = false;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Runs a worker to its end, `Some`, or to the point where it is stopped, `None`.
    pub async fn until_crash<F: Future>(&self, worker: F) -> Option<F::Output> {
        let mut worker = pin!(worker);
        let output = poll_fn(|context| match worker.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.0.crashed.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        self.crash_at(None);
        output
    }
}
