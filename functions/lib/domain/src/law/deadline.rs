//! The law's calendar: the time zone in which days are counted, the day on which a person asked, and the end of
//! the months that follow.
//!
//! A month ends on the day of the same number at the same time, or on the month's last day if there is no such
//! number. Art. 3(2)(c) of Regulation 1182/71 lets a period in months end with the last hour of that day.
//! Rightful keeps the time of day, so that no deadline is later than the law's. For the same reason a day given
//! without a time counts from its beginning.

use crate::base::time::Time;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The time zone in which legal days and months are counted. Each request keeps its own, so a deployment that
/// changes its zone moves no deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, with = "String", extend("examples" = ["Europe/Brussels"]))
)]
pub struct LegalZone(TimeZone);

/// The text is not the name of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no such time zone: give a name of the IANA time zone database, such as UTC or Europe/Brussels"
)]
pub struct ZoneError;

impl Default for LegalZone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl LegalZone {
    /// A zone of the IANA time zone database, by its name.
    ///
    /// # Errors
    /// [`ZoneError`] when the database has no such name.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        if name == "UTC" {
            return Ok(Self::default());
        }
        let zone = TimeZone::get(name).map_err(|_| ZoneError)?;
        // Days can't be counted in an unknown zone.
        zone.iana_name().is_some().then_some(Self(zone)).ok_or(ZoneError)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Whether it is UTC, which rows and receipts leave out.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        *self == Self::default()
    }

    /// The time `months` calendar months after `from`. Always counted from the first day: a day brought back to
    /// a month's last one would shorten the months after it.
    #[must_use]
    pub fn months_after(&self, from: Time, months: u8) -> Time {
        let zoned = from.timestamp().to_zoned(self.0.clone());
        zoned.checked_add(i64::from(months).months()).map_or(from, |later| Time::new(later.timestamp()))
    }

    /// The day in this zone, such as `2026-11-21`.
    #[must_use]
    pub fn day(&self, at: Time) -> String {
        self.date(at).to_string()
    }

    /// The minute in this zone, such as `2026-11-21 09:30 Europe/Brussels`.
    #[must_use]
    pub fn minute(&self, at: Time) -> String {
        let zoned = at.timestamp().to_zoned(self.0.clone());
        format!("{} {}", zoned.strftime("%Y-%m-%d %H:%M"), self.name())
    }

    pub(super) fn date(&self, at: Time) -> Date {
        at.timestamp().to_zoned(self.0.clone()).date()
    }

    pub(super) fn start_of(&self, day: Date) -> Option<Time> {
        let zoned = day.to_zoned(self.0.clone()).ok()?;
        zoned.start_of_day().ok().map(|start| Time::new(start.timestamp()))
    }
}

impl Serialize for LegalZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for LegalZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

/// How far ahead a sender's clock may be, in seconds.
const SKEW_SECONDS: u64 = 60;

/// How long ago a person may have asked, in days. An older date is a mistyped year rather than a request.
pub const MOST_DAYS_AGO: u64 = 366;

/// The day or time at which a person asked, as the sender of their request states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, with = "String", extend("examples" = ["2026-11-21", "2026-11-21T09:30:00Z"]))
)]
pub enum ReceivedAt {
    /// On this day.
    Day(Date),
    /// At this time.
    At(Time),
}

/// Why a day or time can't be the one on which a person asked. The messages repeat nothing that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceivedAtError {
    /// Neither a day nor a time.
    #[error(
        "give the day on which the person asked, such as 2026-11-21, or the time with its zone, such as 2026-11-21T09:30:00Z"
    )]
    Malformed,
    /// The day or time is in the future.
    #[error(
        "it is in the future: give the day on which the person asked, as it is counted in the time zone {0}"
    )]
    Future(String),
    /// Too long ago.
    #[error("it is more than {MOST_DAYS_AGO} days ago: give the day on which the person made this request")]
    TooOld,
}

impl ReceivedAt {
    /// A day such as `2026-11-21`, or a time in RFC 3339 with its zone, with or without seconds.
    ///
    /// # Errors
    /// [`ReceivedAtError::Malformed`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, ReceivedAtError> {
        let text = text.trim();
        if text.len() == "2026-11-21".len() {
            return text.parse().map(Self::Day).map_err(|_| ReceivedAtError::Malformed);
        }
        Time::parse(text).map(Self::At).map_err(|_| ReceivedAtError::Malformed)
    }

    /// The point in time: a day's beginning in `zone`, or the stated time, and never after `now`.
    ///
    /// # Errors
    /// [`ReceivedAtError`] when it is in the future or too long ago.
    pub fn moment(self, zone: &LegalZone, now: Time) -> Result<Time, ReceivedAtError> {
        let at = match self {
            Self::Day(day) => zone.start_of(day).ok_or(ReceivedAtError::Malformed)?,
            Self::At(at) => at,
        };
        if at > now.plus_seconds(SKEW_SECONDS) {
            return Err(ReceivedAtError::Future(zone.name().to_owned()));
        }
        if at < now.minus_seconds(MOST_DAYS_AGO * 24 * 3600) {
            return Err(ReceivedAtError::TooOld);
        }
        Ok(at.min(now))
    }
}

impl fmt::Display for ReceivedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::At(at) => at.fmt(f),
        }
    }
}

impl Serialize for ReceivedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReceivedAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn zone(name: &str) -> LegalZone {
        LegalZone::parse(name).unwrap()
    }

    fn later(name: &str, text: &str, months: u8) -> String {
        zone(name).months_after(at(text), months).to_string()
    }

    #[test]
    fn the_legal_month_keeps_the_day() {
        assert_eq!(later("UTC", "2026-11-21T09:30:00Z", 1), "2026-12-21T09:30:00.000Z");
        assert_eq!(later("UTC", "2026-12-05T00:00:00Z", 1), "2027-01-05T00:00:00.000Z");
    }

    #[test]
    fn the_legal_month_is_clamped_to_the_months_end() {
        assert_eq!(later("UTC", "2026-01-31T12:00:00Z", 1), "2026-02-28T12:00:00.000Z");
        assert_eq!(later("UTC", "2028-01-31T12:00:00Z", 1), "2028-02-29T12:00:00.000Z");
        assert_eq!(later("UTC", "2026-08-31T23:59:59.999Z", 1), "2026-09-30T23:59:59.999Z");
    }

    #[test]
    fn more_months_are_counted_from_the_first_day_and_not_from_a_clamped_one() {
        assert_eq!(later("UTC", "2026-01-31T12:00:00Z", 2), "2026-03-31T12:00:00.000Z");
        assert_eq!(later("UTC", "2026-01-31T12:00:00Z", 3), "2026-04-30T12:00:00.000Z");
        assert_eq!(later("UTC", "2026-12-31T12:00:00Z", 2), "2027-02-28T12:00:00.000Z");
    }

    #[test]
    fn days_and_months_are_those_of_the_zone_on_both_sides_of_a_change_of_its_clocks() {
        // 31 January there, 30 January in UTC.
        assert_eq!(later("Europe/Brussels", "2026-01-30T23:30:00Z", 1), "2026-02-27T23:30:00.000Z");
        // The same time of the day, in winter and then in summer.
        assert_eq!(later("Europe/Brussels", "2026-03-01T08:00:00Z", 1), "2026-04-01T07:00:00.000Z");
        // 02:30 does not exist on 29 March: the day stays.
        let brussels = zone("Europe/Brussels");
        let skipped = brussels.months_after(at("2026-02-28T01:30:00Z").plus_seconds(24 * 3600), 1);
        assert_eq!(brussels.day(skipped), "2026-04-01");
        let skipped = brussels.months_after(at("2027-02-28T01:30:00Z"), 1);
        assert_eq!(brussels.minute(skipped), "2027-03-28 03:30 Europe/Brussels");
    }

    #[test]
    fn a_day_is_its_beginning_in_the_zone_and_a_time_is_itself() {
        let now = at("2026-11-21T09:30:00Z");
        let moment = |text: &str, name: &str| {
            ReceivedAt::parse(text).and_then(|given| given.moment(&zone(name), now)).map(|at| at.to_string())
        };
        assert_eq!(moment("2026-11-03", "UTC").unwrap(), "2026-11-03T00:00:00.000Z");
        assert_eq!(moment(" 2026-11-03 ", "Europe/Brussels").unwrap(), "2026-11-02T23:00:00.000Z");
        // As Zendesk writes it: https://support.zendesk.com/hc/en-us/articles/4408886858138
        assert_eq!(moment("2026-11-03T05:35Z", "UTC").unwrap(), "2026-11-03T05:35:00.000Z");
        assert_eq!(moment("2026-11-03T07:35:00+02:00", "UTC").unwrap(), "2026-11-03T05:35:00.000Z");
        // A clock slightly ahead is not the future, and no receipt is after the arrival.
        assert_eq!(moment("2026-11-21T09:30:59Z", "UTC").unwrap(), now.to_string());
        let future = |name: &str| Err(ReceivedAtError::Future(name.to_owned()));
        assert_eq!(moment("2026-11-21T09:31:01Z", "UTC"), future("UTC"));
        assert_eq!(moment("2026-11-22", "UTC"), future("UTC"));
        // The day has begun there, but not in UTC.
        let evening = at("2026-11-21T12:00:00Z");
        let day = ReceivedAt::parse("2026-11-22").unwrap();
        assert_eq!(
            day.moment(&zone("Pacific/Auckland"), evening).unwrap().to_string(),
            "2026-11-21T11:00:00.000Z"
        );
        assert!(day.moment(&zone("UTC"), evening).is_err());
        assert!(moment("2025-11-21", "UTC").is_ok());
        assert_eq!(moment("2025-11-19", "UTC"), Err(ReceivedAtError::TooOld));
        assert_eq!(moment("0026-11-03", "UTC"), Err(ReceivedAtError::TooOld));
        for none in [
            "",
            "canary",
            "03/11/2026",
            "2026-11-31",
            "2026-13-01",
            "2026-11-03T09:30",
            "2026-11-03 09:30:00",
            "1795253400",
        ] {
            let told = ReceivedAt::parse(none).unwrap_err();
            assert_eq!(told, ReceivedAtError::Malformed, "{none}");
            assert!(!told.to_string().contains("canary"));
        }
    }

    #[test]
    fn a_zone_is_one_of_the_database_and_reads_as_it_is_written() {
        for name in ["UTC", "Europe/Brussels", "America/St_Johns"] {
            let written = serde_json::to_string(&zone(name)).unwrap();
            assert_eq!(written, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<LegalZone>(&written).unwrap(), zone(name));
        }
        for none in ["", "Brussels", "Etc/Unknown", "+02:00", "/etc/localtime"] {
            assert_eq!(LegalZone::parse(none), Err(ZoneError), "{none}");
        }
    }

    const ZONES: [&str; 6] = [
        "UTC",
        "Europe/Brussels",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
    ];

    proptest! {
        #[test]
        fn a_month_ends_on_the_same_day_of_the_zone_or_the_months_last_one_and_never_after_it(
            seconds in 1_577_836_800_i64..1_893_456_000, months in 1_u8..=3, n in 0..ZONES.len(),
        ) {
            let zone = zone(ZONES[n]);
            let from = Time::from_unix_seconds(seconds).unwrap();
            let (first, last) = (zone.date(from), zone.date(zone.months_after(from, months)));
            let month = (first.month() - 1 + i8::try_from(months).unwrap()) % 12 + 1;
            prop_assert_eq!(last.month(), month);
            prop_assert_eq!(last.day(), first.day().min(last.days_in_month()));
            // The law's own end is the end of the day.
            let end = zone.start_of(last.tomorrow().unwrap()).unwrap();
            prop_assert!(zone.months_after(from, months) < end);
        }

        #[test]
        fn a_day_ends_no_later_than_any_time_of_it(
            seconds in 1_577_836_800_i64..1_893_456_000, n in 0..ZONES.len(),
        ) {
            let zone = zone(ZONES[n]);
            let at = Time::from_unix_seconds(seconds).unwrap();
            let day = ReceivedAt::Day(zone.date(at)).moment(&zone, at).unwrap();
            prop_assert!(day <= at);
            prop_assert_eq!(zone.day(day), zone.day(at));
            prop_assert!(zone.months_after(day, 1) <= zone.months_after(at, 1));
        }

        #[test]
        fn what_is_written_is_read(text in "\\PC{0,40}", seconds in 0_i64..4_000_000_000) {
            if let Ok(given) = ReceivedAt::parse(&text) {
                prop_assert_eq!(ReceivedAt::parse(&given.to_string()), Ok(given));
            }
            let given = ReceivedAt::At(Time::from_unix_seconds(seconds).unwrap());
            prop_assert_eq!(ReceivedAt::parse(&given.to_string()), Ok(given));
        }
    }
}
