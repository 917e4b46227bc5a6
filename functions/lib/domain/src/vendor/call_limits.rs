//! How often a vendor may be called, as its connector declares it.

use crate::base::waits::Waits;

/// How often a data source may be called, and what happens when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// The vendor's rate; `None` when none is declared.
    pub rate: Option<Rate>,
    /// How many calls a UTC day has; `None` when no quota is declared.
    pub daily_calls: Option<u32>,
    /// When a failing vendor is left alone.
    pub breaker: Breaker,
    /// The longest time for which a vendor's 429 holds all calls back, in seconds.
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

/// So many calls in so many seconds, evenly spread, of which `burst` may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls; at least 1.
    pub calls: u32,
    /// In so many seconds; at least 1.
    pub per_seconds: u32,
    /// How many of them may come at once after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    /// From one call to the next, in milliseconds: rounded up, so that the rate is never exceeded.
    pub(crate) fn interval(&self) -> u64 {
        (u64::from(self.per_seconds.max(1)) * 1000).div_ceil(u64::from(self.calls.max(1)))
    }

    /// How far the theoretical arrival may be ahead for a call still to go, in milliseconds.
    pub(crate) fn tolerance(&self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst.max(1)) - 1)
    }

    /// From one turn in the line to the next, in milliseconds: 96 % of the rate.
    pub(crate) fn spacing(&self) -> u64 {
        let interval = self.interval();
        interval.saturating_add(interval / 25)
    }

    /// How far the theoretical arrival can be ahead at all, in milliseconds.
    pub(crate) fn furthest(&self) -> u64 {
        self.tolerance().saturating_add(self.interval().saturating_mul(u64::from(MOST_AT_ONCE)))
    }
}

/// How many calls go together at most: a search by as many identifiers as a request may have, in as many
/// spellings.
pub const MOST_AT_ONCE: u32 = 160;

/// When a vendor that fails again and again is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// So many failed calls in a row open it; at least 1.
    pub failures: u32,
    /// How long it stays open, longer each time a probe fails.
    pub open: Waits,
}

impl Default for Breaker {
    /// Five failures; half a minute, growing to half an hour.
    fn default() -> Self {
        Self { failures: 5, open: Waits { first_seconds: 30, longest_seconds: 1800 } }
    }
}

pub(crate) const DAY_SECONDS: u64 = 24 * 60 * 60;
