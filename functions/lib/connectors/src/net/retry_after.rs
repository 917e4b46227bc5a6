//! How long a vendor asks us to wait.

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static HTTP_DATE: DateTimeParser = DateTimeParser::new();

/// The seconds that `Retry-After` asks for, at most `longest`; `None` when it is missing or unreadable. A
/// date is measured against the vendor's own clock (its `Date` header), or against `now` without one.
pub(crate) fn seconds(headers: &HeaderMap, now: SystemTime, longest: u64) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to hold is still longer than we would wait.
        text.parse().unwrap_or(u64::MAX)
    } else {
        let until = date(text)?;
        let from = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).or_else(|| {
            i64::try_from(now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()).ok()
        })?;
        u64::try_from(until.saturating_sub(from)).unwrap_or(0)
    };
    Some(asked.min(longest))
}

/// Seconds since 1970 of an HTTP date.
fn date(text: &str) -> Option<i64> {
    HTTP_DATE.parse_timestamp(text.trim()).ok().map(|timestamp| timestamp.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn read(retry_after: &'static str, date: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        // Sun, 06 Nov 1994 08:49:37 GMT
        seconds(&headers, UNIX_EPOCH + Duration::from_secs(784_111_777), 3600)
    }

    #[test]
    fn seconds_are_taken_up_to_the_longest_wait() {
        assert_eq!(read("120", None), Some(120));
        assert_eq!(read("0", None), Some(0));
        assert_eq!(read("86400", None), Some(3600));
        assert_eq!(read("99999999999999999999999", None), Some(3600));
    }

    #[test]
    fn a_date_is_read_against_the_vendors_own_clock() {
        let later = "Sun, 06 Nov 1994 08:50:07 GMT";
        assert_eq!(read(later, None), Some(30));
        assert_eq!(read(later, Some("Sun, 06 Nov 1994 08:50:00 GMT")), Some(7));
        assert_eq!(read(later, Some("Sun, 06 Nov 1994 09:00:00 GMT")), Some(0));
    }

    #[test]
    fn an_unreadable_header_asks_for_nothing() {
        for odd in ["", "-1", "1.5", "soon", "12 seconds"] {
            assert_eq!(read(odd, None), None, "{odd}");
        }
    }
}
