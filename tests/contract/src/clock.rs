//! A clock that only the test moves, and sleep by that clock.

use rightful_domain::base::time::Time;
use rightful_domain::ports::clock::Clock;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// The test's time; a clone is the same clock.
#[derive(Clone, Debug)]
pub struct TestClock(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    now: Cell<Time>,
    skew: Cell<i64>,
    keeps_timers: Cell<bool>,
    timers: RefCell<BTreeMap<(Time, u64), Waker>>,
    made: Cell<u64>,
}

impl TestClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Time) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(now),
            skew: Cell::new(0),
            keeps_timers: Cell::new(false),
            timers: RefCell::default(),
            made: Cell::new(0),
        }))
    }

    /// Moves the clock on.
    pub fn advance(&self, seconds: u64) {
        self.advance_to(self.real().plus_seconds(seconds));
    }

    /// Moves the clock on to `time`, never back, and wakes everyone who slept until then.
    pub fn advance_to(&self, time: Time) {
        self.0.now.set(self.real().max(time));
        while let Some(timer) = self.next_timer().filter(|at| *at <= self.real()) {
            let mut timers = self.0.timers.borrow_mut();
            let later = timers.split_off(&(timer, u64::MAX));
            let due = std::mem::replace(&mut *timers, later);
            drop(timers);
            due.into_values().for_each(Waker::wake);
        }
    }

    /// From now on sleepers wait until somebody else moves the clock; before, sleeping itself moves it.
    pub fn keep_timers(&self) {
        self.0.keeps_timers.set(true);
    }

    /// When the next sleeper wants to be woken.
    #[must_use]
    pub fn next_timer(&self) -> Option<Time> {
        self.0.timers.borrow().first_key_value().map(|((at, _), _)| *at)
    }

    /// Sleeps this many seconds.
    #[must_use]
    pub fn sleep(&self, seconds: u64) -> Sleep {
        self.sleep_millis(seconds.saturating_mul(1000))
    }

    fn sleep_millis(&self, millis: u64) -> Sleep {
        let until = self.real().plus_millis(millis);
        if !self.0.keeps_timers.get() {
            self.advance_to(until);
        }
        Sleep { clock: self.clone(), until, timer: None }
    }

    /// From now on the clock reads this many seconds early or late, as on a host whose clock is off. Sleepers
    /// are not affected.
    pub fn skew(&self, seconds: i64) {
        self.0.skew.set(seconds);
    }

    /// The real time.
    #[must_use]
    pub fn real(&self) -> Time {
        self.0.now.get()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        match self.0.skew.get() {
            0 => self.real(),
            ahead @ 1.. => self.real().plus_seconds(ahead.unsigned_abs()),
            behind => {
                Time::from_unix_seconds(self.real().unix_seconds() + behind).unwrap_or_else(|| self.real())
            }
        }
    }

    async fn nap(&self, millis: u64) {
        self.sleep_millis(millis).await;
    }
}

/// Ready when its time has come; dropping it removes the timer.
#[derive(Debug)]
pub struct Sleep {
    clock: TestClock,
    until: Time,
    timer: Option<(Time, u64)>,
}

impl Sleep {
    fn cancel(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.clock.0.timers.borrow_mut().remove(&timer);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.cancel();
        if self.clock.real() >= self.until {
            return Poll::Ready(());
        }
        let made = &self.clock.0.made;
        made.set(made.get() + 1);
        let timer = (self.until, made.get());
        self.clock.0.timers.borrow_mut().insert(timer, context.waker().clone());
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    fn start() -> Time {
        Time::parse("2026-11-21T09:30:00Z").unwrap()
    }

    #[test]
    fn sleeping_moves_a_clock_that_keeps_no_timers() {
        let clock = TestClock::at(start());
        let mut sleep = pin!(clock.sleep(5));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(clock.now(), start().plus_seconds(5));
    }

    #[test]
    fn a_kept_timer_is_ready_when_its_time_has_come_and_not_before() {
        let clock = TestClock::at(start());
        clock.keep_timers();
        let mut context = Context::from_waker(Waker::noop());
        let mut sleep = pin!(clock.sleep(5));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(clock.next_timer(), Some(start().plus_seconds(5)));
        clock.advance(4);
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.advance(1);
        assert_eq!(clock.next_timer(), None);
        assert!(sleep.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_sleeper_that_is_gone_has_no_timer() {
        let clock = TestClock::at(start());
        clock.keep_timers();
        let mut sleep = Box::pin(clock.sleep(5));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(sleep);
        assert_eq!(clock.next_timer(), None);
    }

    #[test]
    fn a_clock_that_is_off_is_read_wrong_and_runs_on() {
        let clock = TestClock::at(start());
        clock.skew(-30);
        assert_eq!(clock.now().plus_seconds(30), start());
        clock.skew(30);
        assert_eq!((clock.now(), clock.real()), (start().plus_seconds(30), start()));
    }
}
