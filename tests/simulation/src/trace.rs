//! The steps of a run, line by line, for a replay. It names requests by their number, data sources and
//! counts, never a person or a record.

use rightful_contract::clock::TestClock;
use rightful_domain::base::time::Time;
use std::cell::{Cell, RefCell};

/// The lines of a run.
pub(crate) struct Trace {
    lines: Option<RefCell<Vec<String>>>,
    clock: TestClock,
    began: Time,
    steps: Cell<u64>,
}

impl Trace {
    pub(crate) fn new(on: bool, clock: TestClock) -> Self {
        let began = clock.real();
        Self { lines: on.then(RefCell::default), clock, began, steps: Cell::new(0) }
    }

    /// Counts a step.
    pub(crate) fn step(&self) -> u64 {
        self.steps.set(self.steps.get() + 1);
        self.steps.get()
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Whether anybody reads it.
    pub(crate) fn is_on(&self) -> bool {
        self.lines.is_some()
    }

    /// Virtual seconds since the run began.
    pub(crate) fn seconds(&self) -> u64 {
        self.began.seconds_until(self.clock.real())
    }

    /// Writes a line; `line` is not called if nobody reads the trace.
    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        if let Some(lines) = &self.lines {
            let (seconds, step) = (self.seconds(), self.steps.get());
            lines.borrow_mut().push(format!("{seconds:>9}s {step:>6} {}", line()));
        }
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.lines.as_ref().map(RefCell::take).unwrap_or_default()
    }
}
