//! How the command line speaks: what goes to standard output, how a time and a table look, and an
//! error as two sentences, what is wrong and what to do.

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use rightful_domain::base::time::Time;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;
use std::io::{ErrorKind, Write as _};

/// What a command ended with.
pub const OK: u8 = 0;
/// It could not do what was asked.
pub const FAILED: u8 = 1;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// The request is open, or nobody can tell how it stands.
pub const OPEN: u8 = 3;
/// The request closed with an outcome that somebody has to read.
pub const OTHER_OUTCOME: u8 = 4;

/// An error for a person: what is wrong, what to do about it, and where there is one, the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// One sentence.
    pub what: String,
    /// One sentence.
    pub todo: String,
    /// The code that the deployment gave.
    pub code: Option<String>,
    /// The exit code.
    pub exit: u8,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  to do: {}", self.what, self.todo)?;
        match &self.code {
            Some(code) => write!(f, "\n  code: {code}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Told {}

impl Told {
    /// As JSON, for `--json`.
    pub fn json(&self) -> Value {
        json!({"error": {"what": self.what, "to_do": self.todo, "code": self.code}})
    }
}

/// An error that says what is wrong and what to do.
pub fn told(what: impl Into<String>, todo: impl Into<String>) -> anyhow::Error {
    Told { what: what.into(), todo: todo.into(), code: None, exit: FAILED }.into()
}

/// An error of the command line itself.
pub fn usage(what: impl Into<String>, todo: impl Into<String>) -> anyhow::Error {
    Told { what: what.into(), todo: todo.into(), code: None, exit: USAGE }.into()
}

/// Why a file can't be read or written, in words.
pub fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "this user is not allowed to".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        ErrorKind::InvalidData => "it is not text".to_owned(),
        other => other.to_string(),
    }
}

/// Standard output, as text or as JSON.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// Whether JSON was asked for.
    pub json: bool,
}

impl Out {
    /// One line of text.
    pub fn line(self, text: impl fmt::Display) -> Result<()> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Bytes as they are.
    pub fn bytes(self, bytes: &[u8]) -> Result<()> {
        if cfg!(test) {
            // The test runner keeps what is printed, and passes over what is written.
            print!("{}", String::from_utf8_lossy(bytes));
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// A whole answer as JSON.
    pub fn value(self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string_pretty(value)?)
    }

    /// One JSON line.
    pub fn json_line(self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string(value)?)
    }
}

/// A table without lines around it, as wide as the terminal at most.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// A table's text, without the spaces around its lines.
pub fn lines(table: &Table) -> String {
    let trimmed = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned();
    let lines: Vec<String> = table.lines().map(trimmed).collect();
    lines.join("\n")
}

/// A time as people read it: `2026-11-21 09:30:00 UTC`.
pub fn utc(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => text,
    }
}

/// A time that may not have come.
pub fn utc_or(time: Option<Time>, otherwise: &str) -> String {
    time.map_or_else(|| otherwise.to_owned(), utc)
}

/// How far a legal date is away: `in 29 days`, `today`, `2 days overdue`.
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

/// A span as people read it: `4 s`, `2 min 5 s`, `3 h 10 min`.
pub fn span(seconds: u64) -> String {
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
pub fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
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
    fn a_span_is_shown_in_two_units_at_most() {
        assert_eq!(span(4), "4 s");
        assert_eq!(span(125), "2 min 5 s");
        assert_eq!(span(11_400), "3 h 10 min");
    }

    #[test]
    fn a_size_is_shown_in_the_unit_that_fits() {
        assert_eq!(size(312), "312 bytes");
        assert_eq!(size(12_449), "12.4 KB");
        assert_eq!(size(3_100_000), "3.1 MB");
    }

    #[test]
    fn an_error_is_two_sentences() {
        let error = told("there is no deployment", "run `make up`");
        assert_eq!(error.to_string(), "there is no deployment\n  to do: run `make up`");
    }
}
