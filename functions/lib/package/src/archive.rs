//! The ZIP file: entries by path, one compression, one time for all of them.

use crate::Files;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rightful_domain::time::Time;
use std::io::{Cursor, Write as _};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

pub fn zip(files: &Files, made_at: Time) -> Result<Vec<u8>, ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(entry_time(made_at))
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(path, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The time as a ZIP entry holds it, in UTC; the format's first day where it holds no such time.
fn entry_time(at: Time) -> DateTime {
    fn within(at: Time) -> Option<DateTime> {
        let civil = Timestamp::from_second(at.unix_seconds()).ok()?.to_zoned(TimeZone::UTC).datetime();
        let small = |part: i8| u8::try_from(part).ok();
        DateTime::from_date_and_time(
            u16::try_from(civil.year()).ok()?,
            small(civil.month())?,
            small(civil.day())?,
            small(civil.hour())?,
            small(civil.minute())?,
            small(civil.second())?,
        )
        .ok()
    }
    within(at).unwrap_or(DateTime::DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_the_time_in_utc_or_the_formats_first_day() {
        let shown = |text: &str| entry_time(Time::parse(text).unwrap()).to_string();
        assert_eq!(shown("2026-11-24T09:30:16.500+02:00"), "2026-11-24 07:30:16");
        assert_eq!(shown("1969-07-20T20:17:00Z"), "1980-01-01 00:00:00");
        assert_eq!(shown("2200-01-01T00:00:00Z"), "1980-01-01 00:00:00");
    }
}
