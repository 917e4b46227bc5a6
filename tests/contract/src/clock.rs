//! A clock that only the test moves.

use rightful_domain::ports::Clock;
use rightful_domain::time::Time;
use std::cell::Cell;
use std::rc::Rc;

/// The time as the test sets it.
#[derive(Clone, Debug)]
pub struct TestClock(Rc<Cell<Time>>);

impl TestClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Time) -> Self {
        Self(Rc::new(Cell::new(now)))
    }

    /// Moves the clock on.
    pub fn advance(&self, seconds: u64) {
        self.0.set(self.0.get().plus_seconds(seconds));
    }

    /// Moves the clock on to `time`, never back.
    pub fn advance_to(&self, time: Time) {
        self.0.set(self.0.get().max(time));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        self.0.get()
    }
}
