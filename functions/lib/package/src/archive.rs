//! The ZIP file as it grows: one entry after another, all with the same compression and the same time. Bytes
//! go out as they are written, so no entry is ever held whole.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::time::Time;
use ring::digest::{Context, SHA256};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The bytes that are ready, shared with the writer that makes them.
#[derive(Clone, Default)]
struct Ready(Rc<RefCell<Vec<u8>>>);

impl Ready {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

impl Write for Ready {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const BUFFER_BYTES: usize = 32 * 1024;

/// The manifest's entry for a file.
#[derive(Serialize)]
pub struct File {
    bytes: u64,
    sha256: String,
}

/// The archive. Writing to it appends to the file that was begun last.
pub struct Archive {
    zip: ZipWriter<StreamWriter<Ready>>,
    ready: Ready,
    options: SimpleFileOptions,
    open: Option<(String, u64, Context)>,
    /// The file's bytes that are not compressed yet. It gathers many small writes into one.
    buffer: Vec<u8>,
    files: BTreeMap<String, File>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl Archive {
    /// An empty archive whose entries have this time.
    pub fn new(made_at: Time) -> Self {
        let ready = Ready::default();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(entry_time(made_at))
            .unix_permissions(0o644);
        let zip = ZipWriter::new_stream(ready.clone());
        Self { zip, ready, options, open: None, buffer: Vec::new(), files: BTreeMap::new() }
    }

    /// Begins the file at a path, with `/` between its parts, and ends the one before. A path must be new.
    pub fn begin(&mut self, path: &str) -> Result<(), ZipError> {
        self.end()?;
        self.zip.start_file(path, self.options)?;
        self.open = Some((path.to_owned(), 0, Context::new(&SHA256)));
        Ok(())
    }

    /// The files so far, by path.
    pub fn files(&mut self) -> Result<&BTreeMap<String, File>, ZipError> {
        self.end()?;
        Ok(&self.files)
    }

    fn end(&mut self) -> io::Result<()> {
        self.compress()?;
        if let Some((path, bytes, digest)) = self.open.take() {
            let sha256 = hex(digest.finish().as_ref());
            self.files.insert(path, File { bytes, sha256 });
        }
        Ok(())
    }

    fn compress(&mut self) -> io::Result<()> {
        if let Some((_, size, digest)) = &mut self.open {
            self.zip.write_all(&self.buffer)?;
            *size = size.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX));
            digest.update(&self.buffer);
            self.buffer.clear();
        }
        Ok(())
    }

    /// The bytes that are ready.
    pub fn ready(&self) -> Vec<u8> {
        self.ready.take()
    }

    /// The last bytes.
    pub fn finish(mut self) -> Result<Vec<u8>, ZipError> {
        self.end()?;
        self.zip.finish()?;
        Ok(self.ready.take())
    }
}

impl Write for Archive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.compress()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // A flush would end a block of the compression, which chooses its blocks better by itself.
        Ok(())
    }
}

/// The time as a ZIP entry holds it, in UTC. A time that the format can't hold becomes the format's first day.
/// The `zip` crate's own conversion would turn on jiff's default features, which read the system's time zones.
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
