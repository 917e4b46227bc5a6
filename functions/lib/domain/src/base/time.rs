//! Points in time, always written the same way, so that an index sorts them as text.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A point in time in UTC with millisecond precision.
///
/// Its text is always 24 characters, `2026-11-21T09:30:00.000Z`, so that text order is time order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        with = "String",
        extend(
            "pattern" = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
            "examples" = ["2026-11-24T09:30:00.000Z"]
        )
    )
)]
pub struct Time(Timestamp);

/// The text is not a point in time.
#[derive(Debug, thiserror::Error)]
#[error("not a point in time like 2026-11-21T09:30:00.000Z")]
pub struct TimeError;

impl Time {
    /// Takes a timestamp, dropping any fraction of a millisecond.
    #[must_use]
    pub fn new(timestamp: Timestamp) -> Self {
        let millis = timestamp.as_millisecond();
        Self(Timestamp::from_millisecond(millis).unwrap_or(timestamp))
    }

    /// From seconds since 1970 in UTC; `None` outside the calendar.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(Self)
    }

    /// Seconds since 1970 in UTC.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// From text in RFC 3339.
    ///
    /// # Errors
    /// [`TimeError`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        text.parse::<Timestamp>().map(Self::new).map_err(|_| TimeError)
    }

    /// The point `seconds` later, at most the end of the calendar.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let by = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        Self(self.0.checked_add(by).unwrap_or(Timestamp::MAX))
    }

    /// The point `millis` milliseconds later, at most the end of the calendar.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        let by = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        Self(self.0.checked_add(by).unwrap_or(Timestamp::MAX))
    }

    /// The beginning of the UTC day that contains this point.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
        let millis = self.0.as_millisecond();
        let start = Timestamp::from_millisecond(millis - millis.rem_euclid(DAY_MILLIS));
        // Only the calendar's first day has no beginning here, and nobody asks for it.
        start.map_or(self, Self)
    }

    /// The UTC day that contains this point, such as `2026-11-21`.
    #[must_use]
    pub fn day(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }

    /// The point `seconds` earlier, at least the beginning of the calendar.
    #[must_use]
    pub fn minus_seconds(self, seconds: u64) -> Self {
        let by = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        Self(self.0.checked_sub(by).unwrap_or(Timestamp::MIN))
    }

    /// The point `millis` milliseconds earlier, at least the beginning of the calendar.
    #[must_use]
    pub fn minus_millis(self, millis: u64) -> Self {
        let by = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        Self(self.0.checked_sub(by).unwrap_or(Timestamp::MIN))
    }

    /// Seconds from `self` to `later`, rounded up; 0 when it is not later.
    #[must_use]
    pub fn seconds_until(self, later: Self) -> u64 {
        let millis = later.0.as_millisecond() - self.0.as_millisecond();
        u64::try_from(millis).map_or(0, |millis| millis.div_ceil(1000))
    }

    /// Milliseconds from `self` to `later`, 0 when it is not later.
    #[must_use]
    pub fn millis_until(self, later: Self) -> u64 {
        u64::try_from(later.0.as_millisecond() - self.0.as_millisecond()).unwrap_or(0)
    }

    /// The jiff timestamp, for calendar arithmetic.
    pub(crate) fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_time_order() {
        let early = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let late = Time::parse("2026-11-21T09:30:00.25Z").unwrap();
        assert!(early < late);
        assert!(early.to_string() < late.to_string());
    }

    #[test]
    fn a_day_is_one_of_utc_also_before_1970() {
        let start = |text: &str| Time::parse(text).unwrap().start_of_day().to_string();
        assert_eq!(start("2026-11-21T00:00:00Z"), "2026-11-21T00:00:00.000Z");
        assert_eq!(start("2026-11-21T23:59:59.999Z"), "2026-11-21T00:00:00.000Z");
        assert_eq!(start("1969-12-31T23:59:59.999Z"), "1969-12-31T00:00:00.000Z");
    }

    #[test]
    fn time_until_rounds_up_to_whole_seconds_and_never_goes_below_zero() {
        let early = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let late = Time::parse("2026-11-21T09:30:01.001Z").unwrap();
        assert_eq!(early.seconds_until(late), 2);
        assert_eq!(late.seconds_until(early), 0);
        assert_eq!(early.plus_seconds(90).minus_seconds(90), early);
    }
}
