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

/// The row `SOURCE#<id>` / `LIMIT`.
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
    /// Not for so many seconds, at least 1.
    Wait(Code, u64),
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

    /// Whether a call may go out now that may last `lasts_seconds`, and the row after that.
    ///
    /// A call may go only once the row is stored: on the revision it was read with, since another
    /// caller may have taken the same turn. A call that then never goes out has lost its turn, no
    /// more. Whoever waits as long as it is told, and is alone, then goes.
    #[must_use]
    pub fn ask(&self, lasts_seconds: u64, now: Time, limits: &CallLimits) -> (Self, Verdict) {
        self.ask_for(1, lasts_seconds, now, limits)
    }

    /// The same for several calls that make one piece of work, at most [`MOST_AT_ONCE`]: they go
    /// together when the first one may, and the next caller waits for all of them. A search by two
    /// identifiers would never be done where each had to wait for a permit of its own.
    #[must_use]
    pub fn ask_for(&self, calls: u32, lasts_seconds: u64, now: Time, limits: &CallLimits) -> (Self, Verdict) {
        let wanted = calls.clamp(1, MOST_AT_ONCE);
        let mut next = self.believed(lasts_seconds, now, limits);
        let (day, calls) = next.today(now);
        let quota = match limits.daily_calls {
            Some(most) if calls >= most || calls > 0 && calls.saturating_add(wanted) > most => {
                now.seconds_until(day.plus_seconds(DAY_SECONDS))
            }
            _ => 0,
        };
        let arrival = next.arrival.map_or(now, |arrival| arrival.max(now));
        let rate = limits
            .rate
            .map_or(0, |rate| now.millis_until(arrival).saturating_sub(rate.tolerance()).div_ceil(1000));
        let until = |time: Option<Time>| time.map_or(0, |time| now.seconds_until(time));
        let waits = [
            (RATE_LIMITED, rate),
            (RATE_LIMITED, until(next.parked_until)),
            (CIRCUIT_OPEN, until(next.open_until)),
            (QUOTA_SPENT, quota),
        ];
        if let Some((code, seconds)) =
            waits.into_iter().filter(|(_, seconds)| *seconds > 0).max_by_key(|(_, seconds)| *seconds)
        {
            return (next, Verdict::Wait(code, seconds));
        }
        if let Some(rate) = limits.rate {
            next.arrival = Some(arrival.plus_millis(rate.interval().saturating_mul(u64::from(wanted))));
        }
        if limits.daily_calls.is_some() {
            (next.day, next.calls) = (Some(day), calls.saturating_add(wanted));
        }
        if next.open_until.is_some() {
            // The others wait for as long as this one may last. One that is never heard of again
            // lets the next one probe after that.
            next.probing = true;
            next.open_until = Some(now.plus_seconds(lasts_seconds.max(1)));
        }
        (next, Verdict::Go)
    }

    /// The row after a call came to that.
    #[must_use]
    pub fn told(&self, report: Report, now: Time, limits: &CallLimits) -> Self {
        let mut next = self.clone();
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

    /// The row after a call that must go.
    fn goes(limit: &Limit, now: Time, limits: &CallLimits) -> Limit {
        let (next, verdict) = limit.ask(LASTS, now, limits);
        assert_eq!(verdict, Verdict::Go, "{limit:?} at {now}");
        next
    }

    fn waits(limit: &Limit, now: Time, limits: &CallLimits) -> (Code, u64) {
        match limit.ask(LASTS, now, limits).1 {
            Verdict::Wait(code, seconds) => (code, seconds),
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
        assert_eq!(limit.ask(LASTS, noon(), &limits).0, limit, "who waits changes nothing");
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
            let (next, verdict) = limit.ask(LASTS, noon().plus_millis(millis), &limits);
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
        let (cut, verdict) = limit.ask(LASTS, noon(), &limits);
        assert_eq!(verdict, Verdict::Wait(CIRCUIT_OPEN, 1800));
        assert_ne!(cut, limit, "what is cut down is stored, or it would be cut down for ever");
        goes(&cut, noon().plus_seconds(1800), &limits);
        // A day that is far ahead counts as today, with its calls.
        let limit = Limit { day: Some(wrong.start_of_day()), calls: 10, ..fresh() };
        let (cut, verdict) = limit.ask(LASTS, noon(), &quota(10));
        assert_eq!(verdict, Verdict::Wait(QUOTA_SPENT, DAY_SECONDS / 2));
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

    #[test]
    fn a_piece_of_several_calls_goes_whole_and_the_next_one_waits_for_all_of_it() {
        let limits = rate(1, 10, 1);
        let (limit, verdict) = fresh().ask_for(3, LASTS, noon(), &limits);
        assert_eq!(verdict, Verdict::Go);
        assert_eq!(limit.ask(LASTS, noon(), &limits).1, Verdict::Wait(RATE_LIMITED, 30));
        let limits = quota(4);
        let (limit, verdict) = fresh().ask_for(3, LASTS, noon(), &limits);
        assert_eq!((limit.calls, verdict), (3, Verdict::Go));
        assert!(matches!(limit.ask_for(2, LASTS, noon(), &limits).1, Verdict::Wait(QUOTA_SPENT, _)));
        assert_eq!(limit.ask(LASTS, noon(), &limits).1, Verdict::Go, "one is left");
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
                let (next, verdict) = limit.ask(LASTS, clock, &limits);
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
                    None => limit.ask_for(1 + (passed % 20) as u32, LASTS, now, &limits).0,
                };
            }
            for now in [now, noon()] {
                let (next, verdict) = limit.ask(LASTS, now, &limits);
                if let Verdict::Wait(_, seconds) = verdict {
                    prop_assert!((1..=longest_wait(&limits)).contains(&seconds), "{seconds}");
                    let (_, verdict) = next.ask(LASTS, now.plus_seconds(seconds), &limits);
                    prop_assert_eq!(verdict, Verdict::Go);
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
                let (next, verdict) = limit.ask(LASTS, now, &limits);
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
                let (next, verdict) = limit.ask(LASTS, now, &limits);
                limit = next;
                if verdict == Verdict::Go {
                    // A probe that is not heard of is given up once it can't be under way any more.
                    prop_assert!(probe.is_none_or(|since: Time| since.plus_seconds(LASTS) <= now));
                    probe = Some(now);
                } else if fails && probe.take().is_some() {
                    limit = limit.told(Report::Failed, now, &limits);
                    prop_assert!(matches!(limit.ask(LASTS, now, &limits).1, Verdict::Wait(CIRCUIT_OPEN, _)));
                }
            }
        }
    }
}
