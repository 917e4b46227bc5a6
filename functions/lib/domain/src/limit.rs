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

use crate::failure::Code;
use crate::ids::SourceId;
use crate::time::Time;
use crate::vendor::{CIRCUIT_OPEN, QUOTA_SPENT, RATE_LIMITED};
use crate::waits::Waits;
use serde::{Deserialize, Serialize};

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
    fn interval(&self) -> u64 {
        (u64::from(self.per_seconds.max(1)) * 1000).div_ceil(u64::from(self.calls.max(1)))
    }

    /// How far the theoretical arrival may be ahead for a call still to go, in milliseconds.
    fn tolerance(&self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst.max(1)) - 1)
    }

    /// From one turn in the line to the next, in milliseconds: 96 % of the rate.
    fn spacing(&self) -> u64 {
        let interval = self.interval();
        interval.saturating_add(interval / 25)
    }

    /// How far the theoretical arrival can be ahead at all, in milliseconds.
    fn furthest(&self) -> u64 {
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

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Holding back after a 429 that doesn't say how long, longer each time.
const THROTTLED_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 300 };

/// How far functions' clocks may be apart, in seconds; what is further ahead is a clock's mistake.
const CLOCKS_DIFFER_SECONDS: u64 = 10;

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
fn cut(time: Option<Time>, now: Time, furthest: u64) -> Option<Time> {
    let bound = now.plus_millis(furthest);
    time.map(|time| if bound.plus_seconds(CLOCKS_DIFFER_SECONDS) < time { bound } else { time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How long a call of the tests may last.
    const LASTS: u64 = 30;
    const CLOCKS_DIFFER_MILLIS: u64 = CLOCKS_DIFFER_SECONDS * 1000;

    fn fresh() -> Limit {
        Limit::fresh(SourceId::parse("crm").unwrap())
    }

    fn noon() -> Time {
        Time::parse("2026-11-21T12:00:00Z").unwrap()
    }

    fn rate(calls: u32, per_seconds: u32, burst: u32) -> CallLimits {
        CallLimits { rate: Some(Rate { calls, per_seconds, burst }), ..CallLimits::default() }
    }

    fn quota(calls: u32) -> CallLimits {
        CallLimits { daily_calls: Some(calls), ..CallLimits::default() }
    }

    /// Asks for so many calls without a place.
    fn asks(calls: u32) -> Ask {
        Ask { calls, lasts_seconds: LASTS, slot: None, beside: false }
    }

    /// A person's call.
    fn one() -> Ask {
        Ask { beside: true, ..asks(1) }
    }

    /// Waits so many seconds, beside the line.
    fn wait(code: Code, seconds: u64) -> Verdict {
        Verdict::Wait { code, millis: seconds * 1000, slot: None }
    }

    /// The row after a call that must go.
    fn goes(limit: &Limit, now: Time, limits: &CallLimits) -> Limit {
        let (next, verdict) = limit.ask(&one(), now, limits);
        assert_eq!(verdict, Verdict::Go, "{limit:?} at {now}");
        next
    }

    fn waits(limit: &Limit, now: Time, limits: &CallLimits) -> (Code, u64) {
        match limit.ask(&one(), now, limits).1 {
            Verdict::Wait { code, millis, .. } => (code, millis.div_ceil(1000)),
            Verdict::Go => panic!("{limit:?} goes at {now}"),
        }
    }

    /// The row after so many failed calls.
    fn failed(limit: &Limit, times: u32, now: Time, limits: &CallLimits) -> Limit {
        (0..times).fold(limit.clone(), |limit, _| limit.told(Report::Failed, now, limits))
    }

    #[test]
    fn without_a_rate_and_without_trouble_nothing_is_to_be_written() {
        let limits = CallLimits::default();
        assert_eq!(goes(&fresh(), noon(), &limits), fresh());
        assert_eq!(fresh().told(Report::Answered, noon(), &limits), fresh());
    }

    #[test]
    fn a_burst_goes_at_once_and_then_one_call_after_another() {
        let limits = rate(60, 60, 3);
        let mut limit = fresh();
        for _ in 0..3 {
            limit = goes(&limit, noon(), &limits);
        }
        assert_eq!(waits(&limit, noon(), &limits), (RATE_LIMITED, 1));
        limit = goes(&limit, noon().plus_seconds(1), &limits);
        assert_eq!(waits(&limit, noon().plus_millis(1999), &limits), (RATE_LIMITED, 1));
        assert_eq!(limit.ask(&one(), noon(), &limits).0, limit, "who waits changes nothing");
        // After a rest the burst is there again, and no more than it.
        for _ in 0..3 {
            limit = goes(&limit, noon().plus_seconds(3600), &limits);
        }
        waits(&limit, noon().plus_seconds(3600), &limits);
    }

    #[test]
    fn an_interval_of_no_whole_milliseconds_never_adds_up_to_a_call_too_many() {
        let limits = rate(7, 1, 1);
        let (mut limit, mut gone) = (fresh(), 0);
        for millis in 0..10_000 {
            let (next, verdict) = limit.ask(&one(), noon().plus_millis(millis), &limits);
            limit = next;
            gone += u32::from(verdict == Verdict::Go);
        }
        assert_eq!(gone, 70, "seven a second, for ten seconds");
    }

    #[test]
    fn a_429_holds_back_every_call_for_as_long_as_it_says_and_no_longer_than_allowed() {
        let limits = CallLimits { longest_throttle_seconds: 100, ..CallLimits::default() };
        let limit = fresh().told(Report::Throttled(Some(60)), noon(), &limits);
        assert_eq!(waits(&limit, noon(), &limits), (RATE_LIMITED, 60));
        let shorter = limit.told(Report::Throttled(Some(1)), noon(), &limits);
        assert_eq!(waits(&shorter, noon(), &limits), (RATE_LIMITED, 60), "the longer wait holds");
        goes(&shorter, noon().plus_seconds(60), &limits);
        for (asked, waited) in [(0, 1), (u64::MAX, 100)] {
            let limit = fresh().told(Report::Throttled(Some(asked)), noon(), &limits);
            assert_eq!(waits(&limit, noon(), &limits), (RATE_LIMITED, waited));
        }
    }

    #[test]
    fn a_429_that_does_not_say_how_long_holds_back_longer_each_time_until_an_answer() {
        let limits = CallLimits::default();
        let (mut limit, mut now, mut all) = (fresh(), noon(), Vec::new());
        for _ in 0..9 {
            limit = limit.told(Report::Throttled(None), now, &limits);
            // Those that were under way together count once.
            limit = limit.told(Report::Throttled(None), now, &limits);
            let (_, seconds) = waits(&limit, now, &limits);
            all.push(seconds);
            now = now.plus_seconds(seconds);
        }
        assert_eq!(all, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
        let late = limit.told(Report::Throttled(None), now, &limits);
        assert_eq!(late.told(Report::Answered, now, &limits).throttled, late.throttled, "an older call's");
        let limit = limit.told(Report::Answered, now, &limits).told(Report::Throttled(None), now, &limits);
        assert_eq!(waits(&limit, now, &limits), (RATE_LIMITED, 2));
    }

    #[test]
    fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() {
        let limits = CallLimits::default();
        let limit = failed(&fresh(), 4, noon(), &limits);
        goes(&limit, noon(), &limits);
        let between = limit.told(Report::Answered, noon(), &limits);
        goes(&failed(&between, 4, noon(), &limits), noon(), &limits);

        let open = failed(&limit, 1, noon(), &limits);
        assert_eq!(waits(&open, noon(), &limits), (CIRCUIT_OPEN, 30));
        assert_eq!(failed(&open, 9, noon(), &limits), open, "calls that were under way change nothing");

        let now = noon().plus_seconds(30);
        let probing = goes(&open, now, &limits);
        assert_eq!(waits(&probing, now, &limits), (CIRCUIT_OPEN, LASTS), "one probe alone");
        let closed = probing.told(Report::Answered, now, &limits);
        assert_eq!(closed, fresh());

        let longer = probing.told(Report::Failed, now, &limits);
        assert_eq!(waits(&longer, now, &limits), (CIRCUIT_OPEN, 60));
        let lost = goes(&probing, now.plus_seconds(LASTS), &limits);
        assert_eq!(waits(&lost, now.plus_seconds(LASTS), &limits), (CIRCUIT_OPEN, LASTS));
    }

    #[test]
    fn the_breaker_stays_open_half_an_hour_at_most() {
        let limits = CallLimits::default();
        let (mut limit, mut now) = (failed(&fresh(), 5, noon(), &limits), noon());
        let mut all = Vec::new();
        for _ in 0..8 {
            let (_, seconds) = waits(&limit, now, &limits);
            all.push(seconds);
            now = now.plus_seconds(seconds);
            limit = goes(&limit, now, &limits).told(Report::Failed, now, &limits);
        }
        assert_eq!(all, [30, 60, 120, 240, 480, 960, 1800, 1800]);
    }

    #[test]
    fn a_429_closes_the_breaker_since_the_vendor_is_alive() {
        let limits = CallLimits::default();
        let open = failed(&fresh(), 5, noon(), &limits);
        let now = noon().plus_seconds(30);
        let limit = goes(&open, now, &limits).told(Report::Throttled(Some(7)), now, &limits);
        assert_eq!(waits(&limit, now, &limits), (RATE_LIMITED, 7));
        goes(&limit, now.plus_seconds(7), &limits);
    }

    #[test]
    fn a_spent_quota_waits_for_the_next_day() {
        let limits = quota(2);
        let evening = Time::parse("2026-11-21T23:00:00Z").unwrap();
        let limit = goes(&goes(&fresh(), evening, &limits), evening, &limits);
        assert_eq!(waits(&limit, evening, &limits), (QUOTA_SPENT, 3600));
        let midnight = evening.plus_seconds(3600);
        let next = goes(&limit, midnight, &limits);
        assert_eq!((next.day, next.calls), (Some(midnight), 1));
        // A clock that is a little behind does not begin the old day's quota anew.
        let behind = evening.plus_seconds(3599);
        let next = goes(&next, behind, &limits);
        assert_eq!(waits(&next, behind, &limits), (QUOTA_SPENT, DAY_SECONDS + 1));
        assert_eq!(waits(&next, midnight, &limits), (QUOTA_SPENT, DAY_SECONDS));
    }

    #[test]
    fn the_longest_of_several_waits_is_told() {
        let limits = CallLimits { daily_calls: Some(1), ..rate(1, 60, 1) };
        let limit = goes(&fresh(), noon(), &limits).told(Report::Throttled(Some(90)), noon(), &limits);
        assert_eq!(waits(&limit, noon(), &limits), (QUOTA_SPENT, DAY_SECONDS / 2));
        let limits = CallLimits { daily_calls: None, ..limits };
        assert_eq!(waits(&limit, noon(), &limits), (RATE_LIMITED, 90));
    }

    #[test]
    fn after_a_clock_went_wrong_by_years_everything_goes_on_within_its_bounds() {
        let limits = CallLimits { daily_calls: Some(10), longest_throttle_seconds: 600, ..rate(10, 60, 2) };
        let wrong = Time::parse("2036-11-21T12:00:00Z").unwrap();
        let limit = goes(&goes(&fresh(), wrong, &limits), wrong, &limits);
        let limit = failed(&limit, 5, wrong, &limits);
        let limit = Limit { parked_until: Some(wrong), ..limit };
        let (cut, verdict) = limit.ask(&one(), noon(), &limits);
        assert_eq!(verdict, wait(CIRCUIT_OPEN, 1800));
        assert_ne!(cut, limit, "what is cut down is stored, or it would be cut down for ever");
        goes(&cut, noon().plus_seconds(1800), &limits);
        // A day that is far ahead counts as today, with its calls.
        let limit = Limit { day: Some(wrong.start_of_day()), calls: 10, ..fresh() };
        let (cut, verdict) = limit.ask(&one(), noon(), &quota(10));
        assert_eq!(verdict, wait(QUOTA_SPENT, DAY_SECONDS / 2));
        goes(&cut, noon().plus_seconds(DAY_SECONDS / 2), &quota(10));
    }

    #[test]
    fn a_row_holds_no_more_than_it_knows() {
        let json = serde_json::to_value(fresh()).unwrap();
        insta::assert_snapshot!(json, @r#"{"calls":0,"failures":0,"opened":0,"probing":false,"revision":0,"schema":1,"source":"crm","throttled":0}"#);
        assert_eq!(serde_json::from_value::<Limit>(json).unwrap(), fresh());
    }

    fn any_limits() -> impl Strategy<Value = CallLimits> {
        let rate = (1u32..200, 1u32..200, 1u32..6).prop_map(|(calls, per_seconds, burst)| Rate {
            calls,
            per_seconds,
            burst,
        });
        let open = (1u64..100, 1u64..4000)
            .prop_map(|(first_seconds, longest_seconds)| Waits { first_seconds, longest_seconds });
        (prop::option::of(rate), prop::option::of(1u32..20), (1u32..6, open), 1u64..4000).prop_map(
            |(rate, daily_calls, (failures, open), longest_throttle_seconds)| CallLimits {
                rate,
                daily_calls,
                breaker: Breaker { failures, open },
                longest_throttle_seconds,
            },
        )
    }

    fn any_report() -> impl Strategy<Value = Report> {
        prop_oneof![
            4 => Just(Report::Answered),
            4 => Just(Report::Failed),
            1 => prop::option::of(0u64..10_000).prop_map(Report::Throttled),
        ]
    }

    /// Seconds that no wait exceeds.
    fn longest_wait(limits: &CallLimits) -> u64 {
        // Somebody else's piece of work may just have gone.
        let piece = u64::from(MOST_AT_ONCE);
        let rate = limits.rate.map_or(0, |rate| (rate.interval() * piece).div_ceil(1000));
        let quota = if limits.daily_calls.is_some() { DAY_SECONDS } else { 0 };
        let open = limits.breaker.open.longest_seconds.max(LASTS);
        rate.max(quota).max(open).max(limits.longest_throttle_seconds) + CLOCKS_DIFFER_SECONDS
    }

    /// How long everybody in the line may take, in milliseconds.
    fn line_millis(limit: &Limit, limits: &CallLimits) -> u64 {
        let spacing = limits.rate.map_or(0, |rate| rate.spacing());
        limit.line.map_or(0, |line| line.free.saturating_sub(line.at).saturating_add(1) * spacing)
    }

    /// The place of one who has to wait in the line, and how long.
    fn joins(limit: &Limit, calls: u32, now: Time, limits: &CallLimits) -> (Limit, Slot, u64) {
        match limit.ask(&asks(calls), now, limits) {
            (next, Verdict::Wait { slot: Some(slot), millis, .. }) => (next, slot, millis),
            (_, verdict) => panic!("{verdict:?}"),
        }
    }

    fn comes_back(limit: &Limit, slot: Slot, now: Time, limits: &CallLimits) -> (Limit, Verdict) {
        limit.ask(&Ask { slot: Some(slot), ..asks(slot.calls) }, now, limits)
    }

    #[test]
    fn who_cannot_go_has_a_place_in_the_line_and_goes_when_its_turn_comes() {
        let limits = rate(1, 10, 1);
        let limit = goes(&fresh(), noon(), &limits);
        let (limit, first, wait) = joins(&limit, 1, noon(), &limits);
        assert_eq!((first, wait), (Slot { place: 0, calls: 1 }, 10_000));
        let (limit, second, wait) = joins(&limit, 2, noon().plus_seconds(1), &limits);
        assert_eq!((second, wait), (Slot { place: 1, calls: 2 }, 19_400), "4 % later than the rate allows");
        let (limit, third, wait) = joins(&limit, 1, noon().plus_seconds(1), &limits);
        assert_eq!((third, wait), (Slot { place: 3, calls: 1 }, 40_200), "behind both calls of the second");
        let early = comes_back(&limit, third, noon().plus_seconds(11), &limits);
        assert_eq!(
            early,
            (limit.clone(), Verdict::Wait { code: RATE_LIMITED, millis: 30_200, slot: Some(third) })
        );
        for (slot, at) in [(first, 10_000), (second, 20_400), (third, 41_200)] {
            assert_ne!(comes_back(&limit, slot, noon().plus_millis(at - 1), &limits).1, Verdict::Go);
            assert_eq!(comes_back(&limit, slot, noon().plus_millis(at), &limits).1, Verdict::Go);
        }
        assert_eq!(limit.ask(&one(), noon().plus_seconds(10), &limits).1, Verdict::Go, "a person goes first");
    }

    #[test]
    fn one_who_comes_long_after_its_turn_has_a_new_place_where_it_cannot_go() {
        let limits = rate(1, 10, 1);
        let limit = goes(&fresh(), noon(), &limits);
        let (limit, slot, _) = joins(&limit, 1, noon(), &limits);
        let busy = goes(&limit, noon().plus_seconds(14), &limits);
        let (_, verdict) = comes_back(&busy, slot, noon().plus_seconds(15), &limits);
        assert_eq!(verdict, Verdict::Wait { code: RATE_LIMITED, millis: 9_000, slot: Some(slot) });
        let (_, verdict) = comes_back(&busy, slot, noon().plus_millis(15_001), &limits);
        assert!(matches!(verdict, Verdict::Wait { slot: Some(Slot { place: 1, .. }), .. }), "{verdict:?}");
        assert_eq!(comes_back(&limit, slot, noon().plus_seconds(90), &limits).1, Verdict::Go);
        let unknown = Slot { place: 7, calls: 1 };
        let (_, verdict) = comes_back(&busy, unknown, noon().plus_seconds(15), &limits);
        assert!(matches!(verdict, Verdict::Wait { slot: Some(Slot { place: 1, .. }), .. }), "{verdict:?}");
    }

    #[test]
    fn the_line_stands_still_while_the_source_is_left_alone() {
        let limits = rate(1, 10, 1);
        let limit = goes(&fresh(), noon(), &limits);
        let (limit, first, _) = joins(&limit, 1, noon(), &limits);
        let (limit, second, _) = joins(&limit, 1, noon(), &limits);
        let at = noon().plus_seconds(4);
        let limit = limit.told(Report::Throttled(Some(60)), at, &limits);
        let limit = limit.told(Report::Throttled(Some(60)), at, &limits);
        for (slot, millis) in [(first, 70_000), (second, 80_400)] {
            let told = Verdict::Wait { code: RATE_LIMITED, millis: millis - 4_000, slot: Some(slot) };
            assert_eq!(comes_back(&limit, slot, at, &limits).1, told);
        }
        let broken = failed(&limit, 5, at, &CallLimits { ..limits });
        let told = comes_back(&broken, second, at, &limits).1;
        assert_eq!(
            told,
            Verdict::Wait { code: RATE_LIMITED, millis: 76_400, slot: Some(second) },
            "no longer"
        );
    }

    #[test]
    fn a_rate_that_is_changed_counts_for_those_who_wait_already() {
        let limit = goes(&fresh(), noon(), &rate(1, 10, 1));
        let (limit, _, _) = joins(&limit, 4, noon(), &rate(1, 10, 1));
        let (limit, slot, wait) = joins(&limit, 1, noon(), &rate(1, 10, 1));
        assert_eq!(wait, 51_600);
        let told = comes_back(&limit, slot, noon(), &rate(1, 1, 1)).1;
        assert_eq!(told, Verdict::Wait { code: RATE_LIMITED, millis: 14_160, slot: Some(slot) });
        assert_eq!(comes_back(&limit, slot, noon().plus_seconds(10), &CallLimits::default()).1, Verdict::Go);
    }

    /// Has so many requests make four calls each, one after another, as functions and workflow do that come
    /// `late` milliseconds late at most. Gives the share of the rate that was used, and how often somebody
    /// waited in the workflow for one call at most.
    fn used(requests: u32, limits: &CallLimits, late: u64, seed: u64) -> (f64, u32) {
        use std::collections::BTreeSet;
        let (mut limit, mut dice, mut most) = (fresh(), seed | 1, 0);
        let mut open: Vec<(u32, Option<Slot>, u32)> = vec![(4, None, 0); requests as usize];
        let mut due: BTreeSet<(Time, usize)> = (0..open.len()).map(|n| (noon(), n)).collect();
        let mut end = noon();
        while let Some((now, n)) = due.pop_first() {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let (calls, slot, waited) = open[n];
            let (next, verdict) = limit.ask(&Ask { slot, ..asks(1) }, now, limits);
            limit = next;
            match verdict {
                Verdict::Go => {
                    end = now;
                    open[n] = (calls - 1, None, 0);
                    if calls > 1 {
                        // Its answer, the workflow, and its next wait.
                        due.insert((now.plus_millis(500 + dice % 4_000), n));
                    }
                }
                Verdict::Wait { millis, slot, .. } if millis <= NAP_MILLIS => {
                    open[n] = (calls, slot, waited);
                    due.insert((now.plus_millis(millis), n));
                }
                Verdict::Wait { millis, slot, .. } => {
                    most = most.max(waited + 1);
                    open[n] = (calls, slot, waited + 1);
                    let wait = away_seconds(millis, slot) * 1000 + dice % late.max(1);
                    due.insert((now.plus_millis(wait), n));
                }
            }
        }
        let needed = f64::from(requests) * 4.0 * limits.rate.unwrap().interval() as f64;
        (needed / noon().millis_until(end) as f64, most)
    }

    #[test]
    fn a_rate_is_used_to_nine_tenths_by_forty_a_hundred_and_a_thousand_requests_that_wait_once() {
        for requests in [40, 100, 1_000] {
            for limits in [rate(60, 60, 1), rate(300, 60, 1), rate(6, 60, 1), rate(60, 60, 5)] {
                for late in [1, 1_000, 2_000] {
                    let (share, waits) = used(requests, &limits, late, u64::from(requests) * 7919 + late);
                    let what = format!("{requests} requests, {:?}, {late} ms late: {share}", limits.rate);
                    assert!((0.9..=1.001).contains(&share), "{what}");
                    assert!(waits <= 2, "{what}: {waits} waits for one call");
                }
            }
        }
    }

    #[test]
    fn a_piece_of_several_calls_goes_whole_and_the_next_one_waits_for_all_of_it() {
        let limits = rate(1, 10, 1);
        let (limit, verdict) = fresh().ask(&Ask { calls: 3, ..one() }, noon(), &limits);
        assert_eq!(verdict, Verdict::Go);
        assert_eq!(limit.ask(&one(), noon(), &limits).1, wait(RATE_LIMITED, 30));
        let limits = quota(4);
        let (limit, verdict) = fresh().ask(&Ask { calls: 3, ..one() }, noon(), &limits);
        assert_eq!((limit.calls, verdict), (3, Verdict::Go));
        assert!(matches!(
            limit.ask(&Ask { calls: 2, ..one() }, noon(), &limits).1,
            Verdict::Wait { code: QUOTA_SPENT, .. }
        ));
        assert_eq!(limit.ask(&one(), noon(), &limits).1, Verdict::Go, "one is left");
    }

    proptest! {
        #[test]
        fn in_no_time_more_calls_go_out_than_burst_and_rate_allow(
            (calls, per_seconds, burst) in (1u32..200, 1u32..100, 1u32..6),
            asks in prop::collection::vec((0u64..3000, 0u64..CLOCKS_DIFFER_MILLIS / 2), 1..200),
        ) {
            let limits = rate(calls, per_seconds, burst);
            let (mut limit, mut now, mut gone) = (fresh(), noon(), Vec::new());
            for (passed, behind) in asks {
                now = now.plus_millis(passed);
                // The callers' clocks are not the same.
                let clock = noon().plus_millis(noon().millis_until(now).saturating_sub(behind));
                let (next, verdict) = limit.ask(&one(), clock, &limits);
                limit = next;
                if verdict == Verdict::Go {
                    gone.push(noon().millis_until(clock));
                }
            }
            gone.sort_unstable();
            for (first, from) in gone.iter().enumerate() {
                for (last, to) in gone.iter().enumerate().skip(first) {
                    let beyond_burst = (last - first + 1).saturating_sub(burst as usize) as u64;
                    let needs = beyond_burst * u64::from(per_seconds) * 1000;
                    prop_assert!(needs <= (to - from) * u64::from(calls), "{} calls in {} ms", last - first + 1, to - from);
                }
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_goes_and_no_wait_is_longer_than_configured(
            limits in any_limits(),
            steps in prop::collection::vec((0u64..200_000, prop::option::of(any_report())), 0..60),
            jump in 0u64..4_000_000_000,
        ) {
            let mut limit = fresh();
            // A clock that is years ahead, and then right again.
            let mut now = noon().plus_seconds(jump);
            for (passed, report) in steps {
                now = now.plus_millis(passed);
                limit = match report {
                    Some(report) => limit.told(report, now, &limits),
                    None => limit.ask(&Ask { calls: 1 + (passed % 20) as u32, ..one() }, now, &limits).0,
                };
            }
            for now in [now, noon()] {
                for ask in [one(), asks(1)] {
                    let (next, verdict) = limit.ask(&ask, now, &limits);
                    if let Verdict::Wait { millis, slot, .. } = verdict {
                        let longest = longest_wait(&limits) * 1000 + line_millis(&next, &limits);
                        prop_assert!((1..=longest).contains(&millis), "{millis}");
                        prop_assert_eq!(slot.is_some(), limits.rate.is_some() && !ask.beside);
                        let (_, verdict) = next.ask(&Ask { slot, ..ask }, now.plus_millis(millis), &limits);
                        prop_assert_eq!(verdict, Verdict::Go);
                    }
                }
            }
        }

        #[test]
        fn no_day_has_more_calls_than_its_quota_and_each_has_its_own(
            most in 1u32..8,
            passed in prop::collection::vec(0u64..20_000, 1..100),
        ) {
            let limits = quota(most);
            let (mut limit, mut now) = (fresh(), noon());
            let mut days = std::collections::BTreeMap::<Time, (u32, u32)>::new();
            for seconds in passed {
                now = now.plus_seconds(seconds);
                let (next, verdict) = limit.ask(&one(), now, &limits);
                limit = next;
                let (asked, gone) = days.entry(now.start_of_day()).or_default();
                *asked += 1;
                *gone += u32::from(verdict == Verdict::Go);
            }
            for (asked, gone) in days.into_values() {
                prop_assert_eq!(gone, asked.min(most));
            }
        }

        #[test]
        fn an_open_breaker_lets_one_probe_through_at_a_time(
            asks in prop::collection::vec((0u64..60_000, any::<bool>()), 1..100),
        ) {
            let limits = CallLimits::default();
            let mut limit = failed(&fresh(), 5, noon(), &limits);
            let (mut now, mut probe) = (noon(), None);
            for (passed, fails) in asks {
                now = now.plus_millis(passed);
                let (next, verdict) = limit.ask(&one(), now, &limits);
                limit = next;
                if verdict == Verdict::Go {
                    // A probe that is not heard of is given up once it can't be under way any more.
                    prop_assert!(probe.is_none_or(|since: Time| since.plus_seconds(LASTS) <= now));
                    probe = Some(now);
                } else if fails && probe.take().is_some() {
                    limit = limit.told(Report::Failed, now, &limits);
                    prop_assert_eq!(waits(&limit, now, &limits).0, CIRCUIT_OPEN);
                }
            }
        }
    }
}
