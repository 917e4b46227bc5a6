//! Standard output, as text or as JSON.

use anyhow::Result;
use serde::Serialize;
use std::fmt;
use std::io::Write as _;

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// Whether the user asked for JSON.
    pub json: bool,
}

impl Out {
    /// Writes one line of text.
    pub fn line(self, text: impl fmt::Display) -> Result<()> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Writes bytes unchanged.
    pub fn bytes(self, bytes: &[u8]) -> Result<()> {
        if cfg!(test) {
            // The test runner captures what is printed, but not what is written to standard output.
            print!("{}", String::from_utf8_lossy(bytes));
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes a whole answer as JSON.
    pub fn value(self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string_pretty(value)?)
    }

    /// Writes one line of JSON.
    pub fn json_line(self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string(value)?)
    }
}
