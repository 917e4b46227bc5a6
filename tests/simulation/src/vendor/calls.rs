//! The faults of any call, and its duration.

use crate::fault::Kind;
use crate::vendor::books::SimVendor;
use rightful_domain::base::code::Code;
use rightful_domain::vendor::fault::Fault;

/// The period over which its calls are counted, in seconds.
const RATE_SECONDS: u64 = 600;
/// Calls in one piece of work at most: a search by all of a request's identifiers in all their spellings, and
/// for the control.
const PIECE_CALLS: u64 = 12;

impl SimVendor {
    /// Checks that it is not called too often. In ten minutes, it accepts as many calls as the rate allows, one
    /// burst, and two pieces of work, since a piece goes as a whole. Wrong clocks shift each a little.
    pub(super) fn counts_the_call(&self) {
        let (Some(rate), now) = (self.habits.rate, self.ground.clock.real()) else { return };
        let called = &mut self.state.borrow_mut().called;
        called.retain(|at| now < at.plus_seconds(RATE_SECONDS));
        called.push(now);
        let evenly = RATE_SECONDS * u64::from(rate.calls) / u64::from(rate.per_seconds);
        let most = evenly + u64::from(rate.burst) + 2 * PIECE_CALLS;
        let calls = called.len() as u64;
        self.ground.ledger.holds(8, calls <= most, || {
            format!("{} is called {calls} times in {RATE_SECONDS} s, where {most} are allowed", self.source)
        });
    }

    /// The faults of any call.
    pub(super) fn refuses(&self) -> Option<Fault> {
        self.counts_the_call();
        let now = self.ground.clock.real();
        let state = self.state.borrow();
        if state.dead_until.is_some_and(|until| now < until) {
            return Some(Fault::Unavailable(Code::VendorUnreachable));
        }
        if let Some((_, fault)) = state.gateway.as_ref().filter(|(until, _)| now < *until) {
            self.ground.ledger.refused(&self.source, now);
            return Some(fault.clone());
        }
        if self.strike(Kind::LostRequest) {
            return Some(Fault::Unavailable(Code::VendorUnreachable));
        }
        if self.strike(Kind::Throttled) {
            let seconds = self.ground.dice.within(1..=120);
            return Some(Fault::Throttled(self.ground.dice.permille(700).then_some(seconds)));
        }
        let refused = self.strike(Kind::Unauthorised);
        if refused {
            self.ground.ledger.refused(&self.source, now);
        }
        refused.then_some(Fault::Unauthorized)
    }

    /// How long a call takes that is not lost, and whether its caller waits for it.
    pub(super) fn takes(&self) -> (u64, bool) {
        if !self.strike(Kind::SlowVendor) {
            return (self.ground.dice.below(2), true);
        }
        let seconds = self.ground.dice.within(3..=self.habits.timeout_seconds + 5);
        (seconds.min(self.habits.timeout_seconds), seconds < self.habits.timeout_seconds)
    }
}
