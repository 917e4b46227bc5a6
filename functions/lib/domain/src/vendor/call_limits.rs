//! The limits on calls to a vendor, as its connector declares them.

use crate::base::waits::Waits;

/// How often a data source may be called, and when a failing one is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// The vendor's rate; `None` when none is declared.
    pub rate: Option<Rate>,
    /// The number of calls allowed in a UTC day; `None` when no quota is declared.
    pub daily_calls: Option<u32>,
    /// When to stop calling a failing vendor.
    pub breaker: Breaker,
    /// The longest time for which a vendor's 429 delays all calls, in seconds.
    pub longest_throttle_seconds: u64,
}

impl Default for CallLimits {
    /// No rate and no quota; the breaker on.
    fn default() -> Self {
        Self {
            rate: None,
            daily_calls: None,
            breaker: Breaker::default(),
            longest_throttle_seconds: DAY_SECONDS,
        }
    }
}

/// A number of calls in a number of seconds, evenly spread, of which `burst` may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number of calls; at least 1.
    pub calls: u32,
    /// The period, in seconds; at least 1.
    pub per_seconds: u32,
    /// How many calls may come at once after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    /// The interval between calls, in milliseconds; rounded up, so that the rate is never exceeded.
    pub(crate) fn interval(&self) -> u64 {
        (u64::from(self.per_seconds.max(1)) * 1000).div_ceil(u64::from(self.calls.max(1)))
    }

    /// How far ahead the theoretical arrival may be for a call to go, in milliseconds.
    pub(crate) fn tolerance(&self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst.max(1)) - 1)
    }

    /// The interval between turns in the queue, in milliseconds: 96 % of the rate.
    pub(crate) fn spacing(&self) -> u64 {
        let interval = self.interval();
        interval.saturating_add(interval / 25)
    }

    /// The furthest that the theoretical arrival can be ahead, in milliseconds.
    pub(crate) fn furthest(&self) -> u64 {
        self.tolerance().saturating_add(self.interval().saturating_mul(u64::from(MOST_AT_ONCE)))
    }
}

/// The most calls that go together: a search by as many identifiers as a request may have, in all their
/// spellings.
pub const MOST_AT_ONCE: u32 = 160;

/// When to stop calling a vendor that fails repeatedly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// The number of failed calls in a row that opens it; at least 1.
    pub failures: u32,
    /// How long it stays open; longer each time a probe fails.
    pub open: Waits,
}

impl Default for Breaker {
    /// Five failures; half a minute, growing to half an hour.
    fn default() -> Self {
        Self { failures: 5, open: Waits { first_seconds: 30, longest_seconds: 1800 } }
    }
}

pub(crate) const DAY_SECONDS: u64 = 24 * 60 * 60;
