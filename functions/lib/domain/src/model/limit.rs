//! How often a data source may be called: its rate, its quota of the day, and the circuit breaker
//! that leaves a failing vendor alone. One row for each data source, shared by all functions.
//!
//! Pure: [`Limit::ask`] and [`Limit::told`] make the next row of the last one. A row that comes out
//! equal needs no writing, so that a data source without a rate and without trouble costs one read
//! for each call and no write.
//!
//! The rate is a GCRA (the leaky bucket of ATM networks): one point in time, the theoretical
//! arrival of the next call, instead of counters for windows. In any time w at most `burst` + w ×
//! rate calls go out, whichever function asks for them.
//!
//! Who can't go at once takes a place in the [`Line`], first come first served, and keeps it as a
//! [`Slot`]: its turn is known from the start, so that it waits once. The turns are a little further apart
//! than the rate allows, so that one who comes late to its turn delays nobody for long. While the source
//! is left alone, the line stands still.
//!
//! Functions' clocks differ a little, and a clock may jump. A stored time that lies further ahead
//! than any configured wait is a clock's mistake: it is cut down to that wait.

use crate::base::code::{CIRCUIT_OPEN, Code, QUOTA_SPENT, RATE_LIMITED};
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::vendor::call_limits::{Breaker, CallLimits, DAY_SECONDS, MOST_AT_ONCE};
use serde::{Deserialize, Serialize};

/// Holding back after a 429 that doesn't say how long, longer each time.
const THROTTLED_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 300 };

/// How far functions' clocks may be apart, in seconds; what is further ahead is a clock's mistake.
pub(crate) const CLOCKS_DIFFER_SECONDS: u64 = 10;

/// How late one may come to its turn and still have it before those behind it, in milliseconds.
const LATE_MILLIS: u64 = 5_000;

/// The longest that a function waits for its turn itself, in milliseconds. It costs less than a wait of the
/// workflow's, and is more exact than its whole seconds.
pub(crate) const NAP_MILLIS: u64 = 2_500;

/// How much sooner than its turn one comes back who waits in the workflow, in milliseconds: to call a function
/// takes a moment, and it waits for the rest itself.
const EARLY_MILLIS: u64 = 1_500;

/// How many seconds the workflow waits where a turn is so many milliseconds away.
pub(crate) fn away_seconds(millis: u64, slot: Option<Slot>) -> u64 {
    let early = if slot.is_some() { EARLY_MILLIS } else { 0 };
    millis.saturating_sub(early).div_ceil(1000).max(1)
}

/// For how many seconds one sight of the control serves all looks at its target.
pub const CONTROL_SECONDS: u64 = 300;

/// When and where a search found a data source's control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlSeen {
    /// When.
    pub at: Time,
    /// The fingerprint of the target that was searched.
    pub target: String,
}

/// Those who wait for their turn, by places that count the calls from 0. A place's turn follows from
/// where the line stands, so that a pause moves all turns by one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The first place that nobody has taken.
    pub free: u64,
    /// The place whose turn comes at `from`; the others' are evenly before and behind it.
    pub at: u64,
    /// When that is.
    pub from: Time,
}

impl Line {
    /// When a place has its turn.
    fn turn(&self, place: u64, spacing: u64) -> Time {
        match place.checked_sub(self.at) {
            Some(behind) => self.from.plus_millis(behind.saturating_mul(spacing)),
            None => self.from.minus_millis((self.at - place).saturating_mul(spacing)),
        }
    }

    /// The same line, told by the first place whose turn has not passed.
    fn moved_on(&self, now: Time, spacing: u64) -> Self {
        let passed = self.from.millis_until(now).div_ceil(spacing.max(1));
        let at = self.at.saturating_add(passed);
        Self { at, from: self.turn(at, spacing), ..*self }
    }
}

/// A place in a data source's line, kept by who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The place of its first call.
    pub place: u64,
    /// How many calls it is for.
    pub calls: u32,
}

/// A piece of work that asks whether its calls may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How many calls go together, at most [`MOST_AT_ONCE`]. The next caller waits for all of them: a
    /// search by two identifiers would never be done where each had to wait for a permit of its own.
    pub calls: u32,
    /// How long a call may last, in seconds.
    pub lasts_seconds: u64,
    /// The place that it took when it asked before.
    pub slot: Option<Slot>,
    /// Whether a person waits for the answer: then it goes as soon as the rate allows, beside the line.
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
    /// When the next call would come if all came evenly; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Time>,
    /// Who waits under the rate; `None` as long as nobody ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// When a search last found the data source's control, and where: for some minutes every look there
    /// counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_seen: Option<ControlSeen>,
    /// Failed calls in a row.
    pub failures: u32,
    /// How often the breaker opened in a row; 0 when it is closed.
    pub opened: u32,
    /// Until when the breaker lets no call through; a probe that is under way moves it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Time>,
    /// Whether a probe went out whose answer is not known yet.
    pub probing: bool,
    /// 429s in a row that did not say how long to wait.
    pub throttled: u32,
    /// Until when the vendor wants no call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_until: Option<Time>,
    /// When the UTC day began whose calls are counted; `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Time>,
    /// Calls of that day.
    pub calls: u32,
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may: as soon as the row that says so is stored.
    Go,
    /// Not yet.
    Wait {
        /// Why.
        code: Code,
        /// For how long, in milliseconds; at least 1.
        millis: u64,
        /// The place in the line to come back with; `None` where there is no line.
        slot: Option<Slot>,
    },
}

/// What a call came to, as far as the limit is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The vendor answered, were it with a refusal.
    Answered,
    /// It could not be reached, failed, or gave no readable answer.
    Failed,
    /// It asks to wait, in seconds when it says how long.
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
    /// It may go only once the row is stored: on the revision it was read with, since another caller may
    /// have taken the same turn. Who goes and then makes no call has lost its turn, no more. Who waits as
    /// long as it is told, and comes back with its slot, has its turn then; who comes much later than its
    /// turn takes a new place.
    #[must_use]
    pub fn ask(&self, ask: &Ask, now: Time, limits: &CallLimits) -> (Self, Verdict) {
        let wanted = ask.calls.clamp(1, MOST_AT_ONCE);
        let mut next = self.believed(ask.lasts_seconds, now, limits);
        let held = next.held(wanted, now, limits);
        let hold = held.map_or(0, |(_, until)| now.millis_until(until));
        let wait = |code, millis, slot| Verdict::Wait { code, millis, slot };
        let Some(rate) = limits.rate else {
            return match held {
                Some((code, _)) => (next, wait(code, hold, None)),
                None => next.gone(wanted, ask.lasts_seconds, now, limits),
            };
        };
        let arrival = next.arrival.map_or(0, |arrival| now.millis_until(arrival));
        let ready = arrival.saturating_sub(rate.tolerance()).max(hold);
        let code = held.map_or(RATE_LIMITED, |(code, _)| code);
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

    /// Whether somebody waits whose turn has not come.
    #[must_use]
    pub fn is_queued(&self, now: Time, limits: &CallLimits) -> bool {
        self.line.zip(limits.rate).is_some_and(|(line, rate)| {
            line.free.checked_sub(1).is_some_and(|last| now < line.turn(last, rate.spacing()))
        })
    }

    /// When a place that was taken has its turn, as the line stands; `None` where there is no line.
    #[must_use]
    pub fn turn(&self, slot: Slot, limits: &CallLimits) -> Option<Time> {
        self.line.zip(limits.rate).map(|(line, rate)| line.turn(slot.place, rate.spacing()))
    }

    /// The row after so many calls go out.
    fn gone(mut self, calls: u32, lasts_seconds: u64, now: Time, limits: &CallLimits) -> (Self, Verdict) {
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
            // The others wait for as long as this one may last. One that is never heard of again
            // lets the next one probe after that.
            self.probing = true;
            self.open_until = Some(now.plus_seconds(lasts_seconds.max(1)));
        }
        self.stand_still(until, now, limits);
        (self, Verdict::Go)
    }

    /// What holds so many calls back, and until when: the longest of several.
    fn held(&self, wanted: u32, now: Time, limits: &CallLimits) -> Option<(Code, Time)> {
        let (day, calls) = self.today(now);
        let spent = |most: u32| calls >= most || calls > 0 && calls.saturating_add(wanted) > most;
        let quota = limits.daily_calls.filter(|most| spent(*most)).map(|_| day.plus_seconds(DAY_SECONDS));
        [(RATE_LIMITED, self.parked_until), (CIRCUIT_OPEN, self.open_until), (QUOTA_SPENT, quota)]
            .into_iter()
            .filter_map(|(code, until)| until.filter(|until| now < *until).map(|until| (code, until)))
            .max_by_key(|(_, until)| *until)
    }

    /// Until when no call goes out; `now` when one may.
    fn held_until(&self, now: Time, limits: &CallLimits) -> Time {
        self.held(1, now, limits).map_or(now, |(_, until)| until)
    }

    /// Calls were held back until `before`, and now are until later: the line stands still for the
    /// difference.
    fn stand_still(&mut self, before: Time, now: Time, limits: &CallLimits) {
        let longer = before.millis_until(self.held_until(now, limits));
        let (Some(rate), Some(line)) = (limits.rate, self.line) else { return };
        if longer > 0 {
            let line = line.moved_on(now, rate.spacing());
            self.line = Some(Line { from: line.from.plus_millis(longer), ..line });
        }
    }

    /// The row after a call came to that.
    #[must_use]
    pub fn told(&self, report: Report, now: Time, limits: &CallLimits) -> Self {
        let mut next = self.clone();
        let until = self.held_until(now, limits);
        match report {
            Report::Answered => {
                next.close();
                // A call that went out before the 429 says nothing about now.
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

    /// The vendor is alive.
    fn close(&mut self) {
        self.failures = 0;
        self.opened = 0;
        self.open_until = None;
        self.probing = false;
    }

    fn fail(&mut self, now: Time, breaker: &Breaker) {
        if self.open_until.is_some() && !self.probing {
            // A call that went out before the breaker opened: nothing new.
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
            // One of several calls that were under way together: the first one's wait holds.
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
            // Its calls stay: they may all have been today's.
            next.day = Some(now.start_of_day());
        }
        if let (Some(rate), Some(line)) = (limits.rate, next.line) {
            let furthest = now.millis_until(next.held_until(now, limits)).saturating_add(rate.furthest());
            let from = cut(Some(line.from), now, furthest.saturating_add(rate.spacing()));
            next.line = Some(Line { from: from.unwrap_or(now), ..line });
        }
        next
    }

    /// The day that a call now counts for, and its calls so far. Where another clock has begun the
    /// next day already, it is that one: a day is never begun twice.
    fn today(&self, now: Time) -> (Time, u32) {
        let today = now.start_of_day();
        match self.day {
            Some(day) if day >= today => (day, self.calls),
            _ => (today, 0),
        }
    }
}

/// A time at most `furthest` milliseconds ahead; one that is a little more so is another clock's.
pub(crate) fn cut(time: Option<Time>, now: Time, furthest: u64) -> Option<Time> {
    let bound = now.plus_millis(furthest);
    time.map(|time| if bound.plus_seconds(CLOCKS_DIFFER_SECONDS) < time { bound } else { time })
}

#[cfg(test)]
mod tests;
