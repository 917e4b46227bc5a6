//! How often a data source may be called: its rate, its daily quota, and the circuit breaker that leaves a
//! failing vendor alone. One row for each data source, shared by all functions.
//!
//! Pure: [`Limit::ask`] and [`Limit::told`] compute the next row from the last one. An unchanged row needs no
//! writing, so a data source without a rate and without trouble costs one read for each call and no write.
//!
//! The rate is a GCRA (the leaky bucket of ATM networks): one point in time, the theoretical arrival of the
//! next call, instead of counters for windows. In any time w at most `burst` + w × rate calls go out, whichever
//! function makes them.
//!
//! A caller that can't go at once takes a place in the [`Line`], first come first served, and keeps it as a
//! [`Slot`]. Its turn is known from the start, so it waits once. The turns are a little further apart than the
//! rate allows, so a late caller delays nobody for long. While the source is left alone, the line stands still.
//!
//! Functions' clocks differ a little, and a clock may jump. A stored time further ahead than any configured
//! wait is a clock's mistake; it is reduced to that wait.

use crate::base::code::Code;
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::vendor::call_limits::{Breaker, CallLimits, DAY_SECONDS, MOST_AT_ONCE};
use serde::{Deserialize, Serialize};

/// The delays after 429s that don't say how long to wait.
const THROTTLED_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 300 };

/// How far functions' clocks may differ, in seconds. A time further ahead is a clock's mistake.
pub(crate) const CLOCKS_DIFFER_SECONDS: u64 = 10;

/// How late a caller may come to its turn and still go before those behind it, in milliseconds.
const LATE_MILLIS: u64 = 5_000;

/// The longest that a function itself waits for its turn, in milliseconds. It costs less than a wait in the
/// workflow and is more precise than the workflow's whole seconds.
pub(crate) const NAP_MILLIS: u64 = 2_500;

/// How much before its turn a caller that waits in the workflow comes back, in milliseconds: calling a function
/// takes a moment, and the function itself waits out the rest.
const EARLY_MILLIS: u64 = 1_500;

/// How many seconds the workflow waits for a turn that is `millis` milliseconds away.
pub(crate) fn away_seconds(millis: u64, slot: Option<Slot>) -> u64 {
    let early = if slot.is_some() { EARLY_MILLIS } else { 0 };
    millis.saturating_sub(early).div_ceil(1000).max(1)
}

/// How long one sighting of the control serves all looks at its target, in seconds.
pub const CONTROL_SECONDS: u64 = 300;

/// When and where a search found a data source's control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSeen {
    /// The time.
    pub at: Time,
    /// The fingerprint of the target that was searched.
    pub target: String,
}

/// The callers that wait for their turn, by places that count the calls from 0. A place's turn is computed from
/// the line's position, so one change moves all turns when calls pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The first place that is not taken.
    pub free: u64,
    /// The place whose turn is at `from`; the other turns are spaced evenly before and after it.
    pub at: u64,
    /// The turn of place `at`.
    pub from: Time,
}

impl Line {
    /// The time of a place's turn.
    fn turn(&self, place: u64, spacing: u64) -> Time {
        match place.checked_sub(self.at) {
            Some(behind) => self.from.plus_millis(behind.saturating_mul(spacing)),
            None => self.from.minus_millis((self.at - place).saturating_mul(spacing)),
        }
    }

    /// The same line, expressed by the first place whose turn has not passed.
    fn moved_on(&self, now: Time, spacing: u64) -> Self {
        let passed = self.from.millis_until(now).div_ceil(spacing.max(1));
        let at = self.at.saturating_add(passed);
        Self { at, from: self.turn(at, spacing), ..*self }
    }
}

/// A place in a data source's line, kept by the caller that waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The place of its first call.
    pub place: u64,
    /// The number of calls it is for.
    pub calls: u32,
}

/// A piece of work that asks whether its calls may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How many calls go together, at most [`MOST_AT_ONCE`]. The next caller waits for all of them: a search by
    /// two identifiers would never finish if each needed a permit of its own.
    pub calls: u32,
    /// How long a call may last, in seconds.
    pub lasts_seconds: u64,
    /// The place that it took when it last asked.
    pub slot: Option<Slot>,
    /// Whether a person waits for the answer: the calls then go as soon as the rate allows, outside the line.
    pub beside: bool,
}

/// The row `LIMIT#<id>` / `LIMIT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Schema version of the row.
    pub schema: u8,
    /// Its data source.
    pub source: SourceId,
    /// Counts every change of the row.
    pub revision: u64,
    /// The time of the next call if all were evenly spaced; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Time>,
    /// The callers waiting under the rate; `None` if nobody ever waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// When and where a search last found the data source's control; for some minutes it makes every look there
    /// count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_seen: Option<ControlSeen>,
    /// The number of failed calls in a row.
    pub failures: u32,
    /// How often in a row the breaker opened; 0 when it is closed.
    pub opened: u32,
    /// The time until which the breaker lets no call through; a probe under way moves it forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Time>,
    /// Whether a probe is out whose answer is not known yet.
    pub probing: bool,
    /// The number of 429s in a row that did not say how long to wait.
    pub throttled: u32,
    /// The time until which the vendor wants no call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_until: Option<Time>,
    /// The beginning of the UTC day whose calls are counted; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Time>,
    /// The number of calls on that day.
    pub calls: u32,
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may, once the row that says so is stored.
    Go,
    /// Not yet.
    Wait {
        /// The reason.
        code: Code,
        /// The wait, in milliseconds; at least 1.
        millis: u64,
        /// The place in the line to come back with; `None` when there is no line.
        slot: Option<Slot>,
    },
}

/// The result of a call, as far as the limit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The vendor answered, even if it refused.
    Answered,
    /// The vendor could not be reached, failed, or gave no readable answer.
    Failed,
    /// The vendor throttled the call, with the wait in seconds when it gives one.
    Throttled(Option<u64>),
}

impl Limit {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// The limit of a data source that was never called.
    #[must_use]
    pub fn fresh(source: SourceId) -> Self {
        Self {
            schema: Self::SCHEMA,
            source,
            revision: 0,
            arrival: None,
            line: None,
            control_seen: None,
            failures: 0,
            opened: 0,
            open_until: None,
            probing: false,
            throttled: 0,
            parked_until: None,
            day: None,
            calls: 0,
        }
    }

    /// Whether a piece of work may go out now, and the row after that.
    ///
    /// It may go only once the row is stored on the revision it was read with, since another caller may have
    /// taken the same turn. A caller that goes and then makes no call loses only its turn. A caller that waits
    /// as long as it is told, and comes back with its slot, has its turn then. One that comes much later than
    /// its turn takes a new place.
    #[must_use]
    pub fn ask(&self, ask: &Ask, now: Time, limits: &CallLimits) -> (Self, Admission) {
        let wanted = ask.calls.clamp(1, MOST_AT_ONCE);
        let mut next = self.believed(ask.lasts_seconds, now, limits);
        let held = next.held(wanted, now, limits);
        let hold = held.map_or(0, |(_, until)| now.millis_until(until));
        let wait = |code, millis, slot| Admission::Wait { code, millis, slot };
        let Some(rate) = limits.rate else {
            return match held {
                Some((code, _)) => (next, wait(code, hold, None)),
                None => next.gone(wanted, ask.lasts_seconds, now, limits),
            };
        };
        let arrival = next.arrival.map_or(0, |arrival| now.millis_until(arrival));
        let ready = arrival.saturating_sub(rate.tolerance()).max(hold);
        let code = held.map_or(Code::RateLimited, |(code, _)| code);
        let spacing = rate.spacing();
        let turn = |slot: &Slot| next.line.map_or(now, |line| line.turn(slot.place, spacing));
        let kept = ask.slot.filter(|slot| {
            let taken = next.line.is_some_and(|line| slot.place < line.free) && slot.calls >= wanted;
            taken && (ready == 0 || now <= turn(slot).plus_millis(LATE_MILLIS))
        });
        if let Some(slot) = kept {
            return match now.millis_until(turn(&slot)).max(ready) {
                0 => next.gone(wanted, ask.lasts_seconds, now, limits),
                millis => (next, wait(code, millis, Some(slot))),
            };
        }
        let queued = next.is_queued(now, limits);
        if ready == 0 && (ask.beside || !queued) {
            return next.gone(wanted, ask.lasts_seconds, now, limits);
        }
        if ask.beside {
            return (next, wait(code, ready, None));
        }
        let line = match next.line.filter(|_| queued) {
            Some(line) => line.moved_on(now, spacing),
            None => {
                let free = next.line.map_or(0, |line| line.free);
                Line { free, at: free, from: now.plus_millis(ready) }
            }
        };
        let slot = Slot { place: line.free, calls: wanted };
        next.line = Some(Line { free: line.free.saturating_add(u64::from(wanted)), ..line });
        let millis = now.millis_until(line.turn(slot.place, spacing)).max(ready).max(1);
        (next, wait(code, millis, Some(slot)))
    }

    /// Whether a caller's turn has not come yet.
    #[must_use]
    pub fn is_queued(&self, now: Time, limits: &CallLimits) -> bool {
        self.line.zip(limits.rate).is_some_and(|(line, rate)| {
            line.free.checked_sub(1).is_some_and(|last| now < line.turn(last, rate.spacing()))
        })
    }

    /// The turn of a taken place, as the line stands; `None` when there is no line.
    #[must_use]
    pub fn turn(&self, slot: Slot, limits: &CallLimits) -> Option<Time> {
        self.line.zip(limits.rate).map(|(line, rate)| line.turn(slot.place, rate.spacing()))
    }

    /// The row after this number of calls.
    fn gone(mut self, calls: u32, lasts_seconds: u64, now: Time, limits: &CallLimits) -> (Self, Admission) {
        let until = self.held_until(now, limits);
        if let Some(rate) = limits.rate {
            let arrival = self.arrival.map_or(now, |arrival| arrival.max(now));
            self.arrival = Some(arrival.plus_millis(rate.interval().saturating_mul(u64::from(calls))));
        }
        if limits.daily_calls.is_some() {
            let (day, before) = self.today(now);
            (self.day, self.calls) = (Some(day), before.saturating_add(calls));
        }
        if self.open_until.is_some() {
            // Other callers wait for as long as this probe may last. If its answer never comes, the next caller
            // probes after that.
            self.probing = true;
            self.open_until = Some(now.plus_seconds(lasts_seconds.max(1)));
        }
        self.stand_still(until, now, limits);
        (self, Admission::Go)
    }

    /// The reason for holding this number of calls back, and the time until which it applies: the longest if
    /// there are several.
    fn held(&self, wanted: u32, now: Time, limits: &CallLimits) -> Option<(Code, Time)> {
        let (day, calls) = self.today(now);
        let spent = |most: u32| calls >= most || calls > 0 && calls.saturating_add(wanted) > most;
        let quota = limits.daily_calls.filter(|most| spent(*most)).map(|_| day.plus_seconds(DAY_SECONDS));
        [
            (Code::RateLimited, self.parked_until),
            (Code::CircuitOpen, self.open_until),
            (Code::QuotaSpent, quota),
        ]
        .into_iter()
        .filter_map(|(code, until)| until.filter(|until| now < *until).map(|until| (code, until)))
        .max_by_key(|(_, until)| *until)
    }

    /// The time until which no call goes out; `now` when one may.
    fn held_until(&self, now: Time, limits: &CallLimits) -> Time {
        self.held(1, now, limits).map_or(now, |(_, until)| until)
    }

    /// Calls were held back until `before`, and now are until later: the line stands still for the difference.
    fn stand_still(&mut self, before: Time, now: Time, limits: &CallLimits) {
        let longer = before.millis_until(self.held_until(now, limits));
        let (Some(rate), Some(line)) = (limits.rate, self.line) else { return };
        if longer > 0 {
            let line = line.moved_on(now, rate.spacing());
            self.line = Some(Line { from: line.from.plus_millis(longer), ..line });
        }
    }

    /// The row after a call with this result.
    #[must_use]
    pub fn told(&self, report: Report, now: Time, limits: &CallLimits) -> Self {
        let mut next = self.clone();
        let until = self.held_until(now, limits);
        match report {
            Report::Answered => {
                next.close();
                // A call that went out before the 429 shows nothing about now.
                if self.parked_until.is_none_or(|until| until <= now) {
                    next.throttled = 0;
                }
            }
            Report::Failed => next.fail(now, &limits.breaker),
            Report::Throttled(wait) => {
                next.close();
                next.park(wait, now, limits);
            }
        }
        next.stand_still(until, now, limits);
        next
    }

    /// The vendor works again.
    fn close(&mut self) {
        self.failures = 0;
        self.opened = 0;
        self.open_until = None;
        self.probing = false;
    }

    fn fail(&mut self, now: Time, breaker: &Breaker) {
        if self.open_until.is_some() && !self.probing {
            // The call went out before the breaker opened, so it shows nothing new.
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.probing || self.failures >= breaker.failures.max(1) {
            self.open_until = Some(now.plus_seconds(breaker.open.after(self.opened)));
            self.opened = self.opened.saturating_add(1);
            self.probing = false;
        }
    }

    fn park(&mut self, wait: Option<u64>, now: Time, limits: &CallLimits) {
        let longest = limits.longest_throttle_seconds.max(1);
        let parked = cut(self.parked_until, now, longest.saturating_mul(1000)).filter(|until| now < *until);
        let seconds = match (wait, parked) {
            (Some(seconds), _) => seconds.clamp(1, longest),
            // One of several calls that were under way together: the first one's wait stands.
            (None, Some(_)) => return,
            (None, None) => {
                let seconds = THROTTLED_WAITS.after(self.throttled).min(longest);
                self.throttled = self.throttled.saturating_add(1);
                seconds
            }
        };
        self.parked_until = parked.max(Some(now.plus_seconds(seconds)));
    }

    /// The row without times that are further ahead than they can be.
    fn believed(&self, lasts_seconds: u64, now: Time, limits: &CallLimits) -> Self {
        let mut next = self.clone();
        if let Some(rate) = limits.rate {
            next.arrival = cut(next.arrival, now, rate.furthest());
        }
        let longest_open = limits.breaker.open.longest_seconds.max(lasts_seconds).max(1);
        next.open_until = cut(next.open_until, now, longest_open.saturating_mul(1000));
        let longest_parked = limits.longest_throttle_seconds.max(1);
        next.parked_until = cut(next.parked_until, now, longest_parked.saturating_mul(1000));
        if next.day.is_some_and(|day| now.plus_seconds(CLOCKS_DIFFER_SECONDS) < day) {
            // The day's calls stay: they may all belong to today.
            next.day = Some(now.start_of_day());
        }
        if let (Some(rate), Some(line)) = (limits.rate, next.line) {
            let furthest = now.millis_until(next.held_until(now, limits)).saturating_add(rate.furthest());
            let from = cut(Some(line.from), now, furthest.saturating_add(rate.spacing()));
            next.line = Some(Line { from: from.unwrap_or(now), ..line });
        }
        next
    }

    /// The day that a call now counts for, and its calls so far. If another clock has already begun the next
    /// day, it is that day: no day begins twice.
    fn today(&self, now: Time) -> (Time, u32) {
        let today = now.start_of_day();
        match self.day {
            Some(day) if day >= today => (day, self.calls),
            _ => (today, 0),
        }
    }
}

/// A time at most `furthest` milliseconds ahead. A slight excess is allowed for differing clocks.
pub(crate) fn cut(time: Option<Time>, now: Time, furthest: u64) -> Option<Time> {
    let bound = now.plus_millis(furthest);
    time.map(|time| if bound.plus_seconds(CLOCKS_DIFFER_SECONDS) < time { bound } else { time })
}

#[cfg(test)]
mod tests;
