//! Limits under load, over time and with clocks that jump.

use crate::base::code::Code;
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::model::limit::{
    Admission, Ask, CLOCKS_DIFFER_SECONDS, Limit, NAP_MILLIS, Report, Slot, away_seconds,
};
use crate::vendor::call_limits::{Breaker, CallLimits, DAY_SECONDS, MOST_AT_ONCE, Rate};

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

/// Asks for this number of calls without a place.
fn asks(calls: u32) -> Ask {
    Ask { calls, lasts_seconds: LASTS, slot: None, beside: false }
}

/// One call that a person waits for.
fn one() -> Ask {
    Ask { beside: true, ..asks(1) }
}

/// A wait in seconds, outside the line.
fn wait(code: Code, seconds: u64) -> Admission {
    Admission::Wait { code, millis: seconds * 1000, slot: None }
}

/// The row after a call that must go.
fn goes(limit: &Limit, now: Time, limits: &CallLimits) -> Limit {
    let (next, admission) = limit.ask(&one(), now, limits);
    assert_eq!(admission, Admission::Go, "{limit:?} at {now}");
    next
}

fn waits(limit: &Limit, now: Time, limits: &CallLimits) -> (Code, u64) {
    match limit.ask(&one(), now, limits).1 {
        Admission::Wait { code, millis, .. } => (code, millis.div_ceil(1000)),
        Admission::Go => panic!("{limit:?} goes at {now}"),
    }
}

/// The row after this number of failed calls.
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
    assert_eq!(waits(&limit, noon(), &limits), (Code::RateLimited, 1));
    limit = goes(&limit, noon().plus_seconds(1), &limits);
    assert_eq!(waits(&limit, noon().plus_millis(1999), &limits), (Code::RateLimited, 1));
    assert_eq!(limit.ask(&one(), noon(), &limits).0, limit, "who waits changes nothing");
    // A rest restores the burst, and no more.
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
        let (next, admission) = limit.ask(&one(), noon().plus_millis(millis), &limits);
        limit = next;
        gone += u32::from(admission == Admission::Go);
    }
    assert_eq!(gone, 70, "seven a second, for ten seconds");
}

#[test]
fn a_429_holds_back_every_call_for_as_long_as_it_says_and_no_longer_than_allowed() {
    let limits = CallLimits { longest_throttle_seconds: 100, ..CallLimits::default() };
    let limit = fresh().told(Report::Throttled(Some(60)), noon(), &limits);
    assert_eq!(waits(&limit, noon(), &limits), (Code::RateLimited, 60));
    let shorter = limit.told(Report::Throttled(Some(1)), noon(), &limits);
    assert_eq!(waits(&shorter, noon(), &limits), (Code::RateLimited, 60), "the longer wait holds");
    goes(&shorter, noon().plus_seconds(60), &limits);
    for (asked, waited) in [(0, 1), (u64::MAX, 100)] {
        let limit = fresh().told(Report::Throttled(Some(asked)), noon(), &limits);
        assert_eq!(waits(&limit, noon(), &limits), (Code::RateLimited, waited));
    }
}

#[test]
fn a_429_that_does_not_say_how_long_holds_back_longer_each_time_until_an_answer() {
    let limits = CallLimits::default();
    let (mut limit, mut now, mut all) = (fresh(), noon(), Vec::new());
    for _ in 0..9 {
        limit = limit.told(Report::Throttled(None), now, &limits);
        // Calls that were under way together count once.
        limit = limit.told(Report::Throttled(None), now, &limits);
        let (_, seconds) = waits(&limit, now, &limits);
        all.push(seconds);
        now = now.plus_seconds(seconds);
    }
    assert_eq!(all, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
    let late = limit.told(Report::Throttled(None), now, &limits);
    assert_eq!(late.told(Report::Answered, now, &limits).throttled, late.throttled, "an older call's");
    let limit = limit.told(Report::Answered, now, &limits).told(Report::Throttled(None), now, &limits);
    assert_eq!(waits(&limit, now, &limits), (Code::RateLimited, 2));
}

#[test]
fn the_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() {
    let limits = CallLimits::default();
    let limit = failed(&fresh(), 4, noon(), &limits);
    goes(&limit, noon(), &limits);
    let between = limit.told(Report::Answered, noon(), &limits);
    goes(&failed(&between, 4, noon(), &limits), noon(), &limits);

    let open = failed(&limit, 1, noon(), &limits);
    assert_eq!(waits(&open, noon(), &limits), (Code::CircuitOpen, 30));
    assert_eq!(failed(&open, 9, noon(), &limits), open, "calls that were under way change nothing");

    let now = noon().plus_seconds(30);
    let probing = goes(&open, now, &limits);
    assert_eq!(waits(&probing, now, &limits), (Code::CircuitOpen, LASTS), "one probe alone");
    let closed = probing.told(Report::Answered, now, &limits);
    assert_eq!(closed, fresh());

    let longer = probing.told(Report::Failed, now, &limits);
    assert_eq!(waits(&longer, now, &limits), (Code::CircuitOpen, 60));
    let lost = goes(&probing, now.plus_seconds(LASTS), &limits);
    assert_eq!(waits(&lost, now.plus_seconds(LASTS), &limits), (Code::CircuitOpen, LASTS));
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
    assert_eq!(waits(&limit, now, &limits), (Code::RateLimited, 7));
    goes(&limit, now.plus_seconds(7), &limits);
}

#[test]
fn a_spent_quota_waits_for_the_next_day() {
    let limits = quota(2);
    let evening = Time::parse("2026-11-21T23:00:00Z").unwrap();
    let limit = goes(&goes(&fresh(), evening, &limits), evening, &limits);
    assert_eq!(waits(&limit, evening, &limits), (Code::QuotaSpent, 3600));
    let midnight = evening.plus_seconds(3600);
    let next = goes(&limit, midnight, &limits);
    assert_eq!((next.day, next.calls), (Some(midnight), 1));
    // A clock slightly behind does not restart the old day's quota.
    let behind = evening.plus_seconds(3599);
    let next = goes(&next, behind, &limits);
    assert_eq!(waits(&next, behind, &limits), (Code::QuotaSpent, DAY_SECONDS + 1));
    assert_eq!(waits(&next, midnight, &limits), (Code::QuotaSpent, DAY_SECONDS));
}

#[test]
fn the_longest_of_several_waits_is_told() {
    let limits = CallLimits { daily_calls: Some(1), ..rate(1, 60, 1) };
    let limit = goes(&fresh(), noon(), &limits).told(Report::Throttled(Some(90)), noon(), &limits);
    assert_eq!(waits(&limit, noon(), &limits), (Code::QuotaSpent, DAY_SECONDS / 2));
    let limits = CallLimits { daily_calls: None, ..limits };
    assert_eq!(waits(&limit, noon(), &limits), (Code::RateLimited, 90));
}

#[test]
fn after_a_clock_went_wrong_by_years_everything_goes_on_within_its_bounds() {
    let limits = CallLimits { daily_calls: Some(10), longest_throttle_seconds: 600, ..rate(10, 60, 2) };
    let wrong = Time::parse("2036-11-21T12:00:00Z").unwrap();
    let limit = goes(&goes(&fresh(), wrong, &limits), wrong, &limits);
    let limit = failed(&limit, 5, wrong, &limits);
    let limit = Limit { parked_until: Some(wrong), ..limit };
    let (cut, admission) = limit.ask(&one(), noon(), &limits);
    assert_eq!(admission, wait(Code::CircuitOpen, 1800));
    assert_ne!(cut, limit, "what is cut down is stored, or it would be cut down for ever");
    goes(&cut, noon().plus_seconds(1800), &limits);
    // A day far ahead counts as today, with its calls.
    let limit = Limit { day: Some(wrong.start_of_day()), calls: 10, ..fresh() };
    let (cut, admission) = limit.ask(&one(), noon(), &quota(10));
    assert_eq!(admission, wait(Code::QuotaSpent, DAY_SECONDS / 2));
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

/// A bound on every wait, in seconds.
fn longest_wait(limits: &CallLimits) -> u64 {
    // Another caller's piece of work may just have gone.
    let piece = u64::from(MOST_AT_ONCE);
    let rate = limits.rate.map_or(0, |rate| (rate.interval() * piece).div_ceil(1000));
    let quota = if limits.daily_calls.is_some() { DAY_SECONDS } else { 0 };
    let open = limits.breaker.open.longest_seconds.max(LASTS);
    rate.max(quota).max(open).max(limits.longest_throttle_seconds) + CLOCKS_DIFFER_SECONDS
}

/// How long the whole line may take, in milliseconds.
fn line_millis(limit: &Limit, limits: &CallLimits) -> u64 {
    let spacing = limits.rate.map_or(0, |rate| rate.spacing());
    limit.line.map_or(0, |line| line.free.saturating_sub(line.at).saturating_add(1) * spacing)
}

/// The place of a caller that must wait in the line, and its wait.
fn joins(limit: &Limit, calls: u32, now: Time, limits: &CallLimits) -> (Limit, Slot, u64) {
    match limit.ask(&asks(calls), now, limits) {
        (next, Admission::Wait { slot: Some(slot), millis, .. }) => (next, slot, millis),
        (_, admission) => panic!("{admission:?}"),
    }
}

fn comes_back(limit: &Limit, slot: Slot, now: Time, limits: &CallLimits) -> (Limit, Admission) {
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
        (limit.clone(), Admission::Wait { code: Code::RateLimited, millis: 30_200, slot: Some(third) })
    );
    for (slot, at) in [(first, 10_000), (second, 20_400), (third, 41_200)] {
        assert_ne!(comes_back(&limit, slot, noon().plus_millis(at - 1), &limits).1, Admission::Go);
        assert_eq!(comes_back(&limit, slot, noon().plus_millis(at), &limits).1, Admission::Go);
    }
    assert_eq!(limit.ask(&one(), noon().plus_seconds(10), &limits).1, Admission::Go, "a person goes first");
}

#[test]
fn one_who_comes_long_after_its_turn_has_a_new_place_where_it_cannot_go() {
    let limits = rate(1, 10, 1);
    let limit = goes(&fresh(), noon(), &limits);
    let (limit, slot, _) = joins(&limit, 1, noon(), &limits);
    let busy = goes(&limit, noon().plus_seconds(14), &limits);
    let (_, admission) = comes_back(&busy, slot, noon().plus_seconds(15), &limits);
    assert_eq!(admission, Admission::Wait { code: Code::RateLimited, millis: 9_000, slot: Some(slot) });
    let (_, admission) = comes_back(&busy, slot, noon().plus_millis(15_001), &limits);
    assert!(matches!(admission, Admission::Wait { slot: Some(Slot { place: 1, .. }), .. }), "{admission:?}");
    assert_eq!(comes_back(&limit, slot, noon().plus_seconds(90), &limits).1, Admission::Go);
    let unknown = Slot { place: 7, calls: 1 };
    let (_, admission) = comes_back(&busy, unknown, noon().plus_seconds(15), &limits);
    assert!(matches!(admission, Admission::Wait { slot: Some(Slot { place: 1, .. }), .. }), "{admission:?}");
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
        let told = Admission::Wait { code: Code::RateLimited, millis: millis - 4_000, slot: Some(slot) };
        assert_eq!(comes_back(&limit, slot, at, &limits).1, told);
    }
    let broken = failed(&limit, 5, at, &CallLimits { ..limits });
    let told = comes_back(&broken, second, at, &limits).1;
    assert_eq!(
        told,
        Admission::Wait { code: Code::RateLimited, millis: 76_400, slot: Some(second) },
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
    assert_eq!(told, Admission::Wait { code: Code::RateLimited, millis: 14_160, slot: Some(slot) });
    assert_eq!(comes_back(&limit, slot, noon().plus_seconds(10), &CallLimits::default()).1, Admission::Go);
}

/// Runs `requests` requests of four calls each, one after another, with functions and workflow at most `late`
/// milliseconds late. Returns the share of the rate that was used, and how often a caller waited in the
/// workflow for a single call at most.
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
        let (next, admission) = limit.ask(&Ask { slot, ..asks(1) }, now, limits);
        limit = next;
        match admission {
            Admission::Go => {
                end = now;
                open[n] = (calls - 1, None, 0);
                if calls > 1 {
                    // Its answer, the workflow, and its next wait.
                    due.insert((now.plus_millis(500 + dice % 4_000), n));
                }
            }
            Admission::Wait { millis, slot, .. } if millis <= NAP_MILLIS => {
                open[n] = (calls, slot, waited);
                due.insert((now.plus_millis(millis), n));
            }
            Admission::Wait { millis, slot, .. } => {
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
    let (limit, admission) = fresh().ask(&Ask { calls: 3, ..one() }, noon(), &limits);
    assert_eq!(admission, Admission::Go);
    assert_eq!(limit.ask(&one(), noon(), &limits).1, wait(Code::RateLimited, 30));
    let limits = quota(4);
    let (limit, admission) = fresh().ask(&Ask { calls: 3, ..one() }, noon(), &limits);
    assert_eq!((limit.calls, admission), (3, Admission::Go));
    assert!(matches!(
        limit.ask(&Ask { calls: 2, ..one() }, noon(), &limits).1,
        Admission::Wait { code: Code::QuotaSpent, .. }
    ));
    assert_eq!(limit.ask(&one(), noon(), &limits).1, Admission::Go, "one is left");
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
            // The callers' clocks differ.
            let clock = noon().plus_millis(noon().millis_until(now).saturating_sub(behind));
            let (next, admission) = limit.ask(&one(), clock, &limits);
            limit = next;
            if admission == Admission::Go {
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
        // A clock that is years ahead, and then correct again.
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
                let (next, admission) = limit.ask(&ask, now, &limits);
                if let Admission::Wait { millis, slot, .. } = admission {
                    let longest = longest_wait(&limits) * 1000 + line_millis(&next, &limits);
                    prop_assert!((1..=longest).contains(&millis), "{millis}");
                    prop_assert_eq!(slot.is_some(), limits.rate.is_some() && !ask.beside);
                    let (_, admission) = next.ask(&Ask { slot, ..ask }, now.plus_millis(millis), &limits);
                    prop_assert_eq!(admission, Admission::Go);
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
            let (next, admission) = limit.ask(&one(), now, &limits);
            limit = next;
            let (asked, gone) = days.entry(now.start_of_day()).or_default();
            *asked += 1;
            *gone += u32::from(admission == Admission::Go);
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
            let (next, admission) = limit.ask(&one(), now, &limits);
            limit = next;
            if admission == Admission::Go {
                // A probe without an answer is abandoned once it can't be under way any more.
                prop_assert!(probe.is_none_or(|since: Time| since.plus_seconds(LASTS) <= now));
                probe = Some(now);
            } else if fails && probe.take().is_some() {
                limit = limit.told(Report::Failed, now, &limits);
                prop_assert_eq!(waits(&limit, now, &limits).0, Code::CircuitOpen);
            }
        }
    }
}
