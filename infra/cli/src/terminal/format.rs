//! How times, sizes, counts and text from outside look in a terminal.

use rightful_domain::base::time::Time;
use std::io::ErrorKind;

/// A time as people read it: `2026-11-21 09:30:00 UTC`.
pub fn utc(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => text,
    }
}

/// A time, or other words where there is none.
pub fn utc_or(time: Option<Time>, otherwise: &str) -> String {
    time.map_or_else(|| otherwise.to_owned(), utc)
}

/// How far away a legal date is: `in 29 days`, `today`, `2 days overdue`.
pub fn due_in(now: Time, due: Time) -> String {
    const DAY: u64 = 24 * 3600;
    if now <= due {
        match now.seconds_until(due) / DAY {
            0 => "today".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        }
    } else {
        match due.seconds_until(now).div_ceil(DAY) {
            1 => "1 day overdue".to_owned(),
            days => format!("{days} days overdue"),
        }
    }
}

/// A duration as people read it: `4 s`, `2 min 5 s`, `3 h 10 min`.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A size as people read it: `312 bytes`, `12.4 KB`, `3.1 MB`.
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = u128::from(bytes) * 10 / u128::from(unit);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// `1 record`, `2 records`.
pub fn count(number: impl Into<u64>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Why a file can't be read or written, in words.
pub fn io_error(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "this user is not allowed to".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::InvalidData => "it is not text".to_owned(),
        other => other.to_string(),
    }
}

/// Text from outside, without the control characters that could steer a terminal.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn a_time_is_shown_in_utc() {
        assert_eq!(utc(at("2026-11-21T09:30:00.250Z")), "2026-11-21 09:30:00 UTC");
    }

    #[test]
    fn a_legal_date_is_shown_as_days() {
        let now = at("2026-11-21T09:30:00Z");
        assert_eq!(due_in(now, at("2026-12-21T09:30:00Z")), "in 30 days");
        assert_eq!(due_in(now, at("2026-11-22T10:00:00Z")), "in 1 day");
        assert_eq!(due_in(now, at("2026-11-21T10:00:00Z")), "today");
        assert_eq!(due_in(now, at("2026-11-21T09:00:00Z")), "1 day overdue");
        assert_eq!(due_in(now, at("2026-11-18T09:00:00Z")), "4 days overdue");
    }

    #[test]
    fn a_duration_is_shown_in_two_units_at_most() {
        assert_eq!(duration(4), "4 s");
        assert_eq!(duration(125), "2 min 5 s");
        assert_eq!(duration(11_400), "3 h 10 min");
    }

    #[test]
    fn a_size_is_shown_in_the_unit_that_fits() {
        assert_eq!(size(312), "312 bytes");
        assert_eq!(size(12_449), "12.4 KB");
        assert_eq!(size(3_100_000), "3.1 MB");
    }

    #[test]
    fn a_record_id_can_not_steer_the_terminal() {
        assert_eq!(plain("12\u{1b}[31m3\n"), "12[31m3");
    }
}
