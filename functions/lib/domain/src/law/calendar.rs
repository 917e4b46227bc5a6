//! Months and weeks of the legal time zone, for figures over time.

use crate::base::time::Time;
use crate::law::deadline::LegalZone;
use jiff::ToSpan;
use jiff::civil::Date;

/// A month or a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub first_day: Date,
    /// When that day begins in the zone.
    pub begins: Time,
}

impl Period {
    /// The month that begins with it, such as `2026-11`.
    #[must_use]
    pub fn month(&self) -> String {
        self.first_day.strftime("%Y-%m").to_string()
    }
}

impl LegalZone {
    /// This number of months, the oldest first; the last one contains `now`. Each ends where the next one begins.
    #[must_use]
    pub fn months_to(&self, now: Time, number: u8) -> Vec<Period> {
        let last = self.date(now).first_of_month();
        let first_days = (0..number).rev().map(|back| last.checked_sub(i64::from(back).months()).ok());
        first_days.filter_map(|day| self.period(day?)).collect()
    }

    /// This number of weeks, the first of which contains `now`. A week begins on Monday, and ends where the next one
    /// begins.
    #[must_use]
    pub fn weeks_from(&self, now: Time, number: u8) -> Vec<Period> {
        let today = self.date(now);
        let past = i64::from(today.weekday().to_monday_zero_offset());
        let monday = today.checked_sub(past.days()).ok();
        let mondays = (0..number).map(|ahead| monday?.checked_add(i64::from(ahead).weeks()).ok());
        mondays.filter_map(|day| self.period(day?)).collect()
    }

    fn period(&self, first_day: Date) -> Option<Period> {
        Some(Period { first_day, begins: self.start_of(first_day)? })
    }
}

/// The place of the last of these periods that has begun at this time; `None` before the first one.
#[must_use]
pub fn period_at(periods: &[Period], at: Time) -> Option<usize> {
    periods.partition_point(|period| period.begins <= at).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ZONES: [&str; 5] =
        ["UTC", "Europe/Brussels", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Auckland"];

    fn zone(name: &str) -> LegalZone {
        LegalZone::parse(name).unwrap()
    }

    #[test]
    fn a_month_and_a_week_are_those_of_the_zone() {
        let late = Time::parse("2026-11-30T23:30:00Z").unwrap();
        let of = |name: &str| {
            let (months, weeks) = (zone(name).months_to(late, 2), zone(name).weeks_from(late, 2));
            let begins = [months[1].begins, weeks[0].begins].map(|at| at.to_string());
            (months[0].month(), months[1].month(), weeks[1].first_day.to_string(), begins)
        };
        let begins = ["2026-11-01T00:00:00.000Z", "2026-11-30T00:00:00.000Z"].map(str::to_owned);
        assert_eq!(of("UTC"), ("2026-10".into(), "2026-11".into(), "2026-12-07".into(), begins));
        let begins = ["2026-11-30T23:00:00.000Z", "2026-11-29T23:00:00.000Z"].map(str::to_owned);
        assert_eq!(of("Europe/Brussels"), ("2026-11".into(), "2026-12".into(), "2026-12-07".into(), begins));
    }

    proptest! {
        #[test]
        fn months_and_weeks_follow_each_other_without_a_gap(
            seconds in 946_684_800_i64..4_102_444_800, number in 1_u8..30, n in 0..ZONES.len(),
        ) {
            let zone = zone(ZONES[n]);
            let now = Time::from_unix_seconds(seconds).unwrap();
            let months = zone.months_to(now, number);
            prop_assert_eq!(months.len(), usize::from(number));
            prop_assert_eq!(&months[months.len() - 1].month(), &zone.day(now)[..7]);
            for pair in months.windows(2) {
                prop_assert_eq!(pair[0].first_day.last_of_month().tomorrow().unwrap(), pair[1].first_day);
                prop_assert!(pair[0].begins < pair[1].begins);
            }
            let weeks = zone.weeks_from(now, number);
            prop_assert_eq!(weeks.len(), usize::from(number));
            prop_assert!(weeks[0].begins <= now);
            prop_assert!(now < weeks[0].begins.plus_seconds((7 * 24 + 1) * 3600));
            for pair in weeks.windows(2) {
                prop_assert_eq!(pair[0].first_day.checked_add(1.week()).unwrap(), pair[1].first_day);
            }
        }

        #[test]
        fn a_time_is_in_the_period_whose_month_it_has(
            seconds in 946_684_800_i64..4_102_444_800, back in 0_i64..40_000_000, n in 0..ZONES.len(),
        ) {
            let zone = zone(ZONES[n]);
            let now = Time::from_unix_seconds(seconds).unwrap();
            let at = Time::from_unix_seconds(seconds - back).unwrap();
            let months = zone.months_to(now, 12);
            let found = period_at(&months, at).map(|place| months[place].month());
            let known = months.iter().map(Period::month).find(|month| month == &zone.day(at)[..7]);
            prop_assert_eq!(found, known);
        }
    }
}
