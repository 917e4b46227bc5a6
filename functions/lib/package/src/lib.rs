//! Packs the copy of a person's data into one ZIP file, which the person can read without our software:
//!
//! ```text
//! index.html               all of it for a person, offline and without scripts
//! README.txt               how to read and check the files
//! manifest.json            what became of each data source; size and SHA-256 of every other file
//! <source>/records.json    the vendor's objects, unchanged
//! <source>/records.csv     the same as a table, safe to open in a spreadsheet
//! ```
//!
//! Only a data source whose outcome is `copied` has files. A vendor's data is untrusted text: the page escapes
//! it, and the table defuses whatever a spreadsheet would take for a formula.
//!
//! The package is never held whole: records come one at a time, and bytes leave as soon as they are ready.
//!
//! Architecture Invariant: nothing here does I/O, reads a clock or looks at the environment. In one build, the
//! same contents and records give the same bytes. Another version of the compression may pack them differently.

mod paths;
mod words;
mod value;
mod table;
mod archive;
mod manifest;
mod page;

use archive::Archive;
use paths::{csv_path, folder, has_files, json_path};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::SourceId;
use rightful_domain::documents::copy::Contents;
use rightful_domain::ports::copies::{Packing, Packs};
use rightful_domain::vendor::record::RecordCopy;
use std::collections::BTreeSet;
use std::io::{self, Write};
use table::Columns;

/// The contents can't be packed: they list a data source twice or announce another number of its records, or
/// something can't be serialised.
const UNPACKABLE: Code = Code::CopyUnpackable;

const README: &str = include_str!("../templates/README.txt");

/// Packs a copy into a ZIP file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packer;

impl Packs for Packer {
    type Packing = Package;

    fn begin(&self, contents: Contents) -> Result<Package, Failure> {
        let folders: BTreeSet<String> = contents.sources.iter().map(folder).collect();
        if folders.len() < contents.sources.len() {
            return Err(Failure::misconfigured(UNPACKABLE));
        }
        let mut archive = Archive::new(contents.made_at);
        archive.begin("README.txt").map_err(unpackable)?;
        archive.write_all(README.as_bytes()).map_err(unpackable)?;
        archive.begin("index.html").map_err(unpackable)?;
        page::head(&contents, &mut archive).map_err(unpackable)?;
        let columns = contents.sources.iter().map(|_| Columns::default()).collect();
        let mut package = Package { contents, archive, columns, at: At::Page(0), taken: 0 };
        package.begin_page_of()?;
        Ok(package)
    }
}

/// The file that takes records now, and the index of the data source that they belong to.
#[derive(Clone, Copy, Debug)]
enum At {
    Page(usize),
    Csv(usize),
    Json(usize),
    Done,
}

/// A package being made. It wants each data source's records three times: for the page, which also collects
/// the table's columns, for the table, and for the JSON file.
#[derive(Debug)]
pub struct Package {
    contents: Contents,
    archive: Archive,
    /// The columns of each data source's table.
    columns: Vec<Columns>,
    at: At,
    /// How many records of this data source the file has taken.
    taken: u32,
}

impl Package {
    /// Begins the next data source that has files on the page, and finishes those before it that have none.
    fn begin_page_of(&mut self) -> Result<(), Failure> {
        while let At::Page(n) = self.at {
            let Some(copy) = self.contents.sources.get(n) else {
                page::foot(&self.contents, &mut self.archive).map_err(unpackable)?;
                return self.begin_files_of(0);
            };
            page::source(copy, &self.contents, &mut self.archive).map_err(unpackable)?;
            if has_files(copy) {
                return Ok(());
            }
            page::source_end(&mut self.archive).map_err(unpackable)?;
            self.at = At::Page(n + 1);
        }
        Ok(())
    }

    /// Begins the files of the first data source that has any, from the one at `from` on.
    fn begin_files_of(&mut self, from: usize) -> Result<(), Failure> {
        let mut sources = self.contents.sources.iter().enumerate().skip(from);
        let Some((n, copy)) = sources.find(|(_, copy)| has_files(copy)) else {
            self.at = At::Done;
            return Ok(());
        };
        self.at = At::Csv(n);
        self.archive.begin(&csv_path(copy)).map_err(unpackable)?;
        self.columns[n].head(&mut self.archive).map_err(unpackable)
    }
}

impl Packing for Package {
    fn wants(&self) -> Option<SourceId> {
        match self.at {
            At::Page(n) | At::Csv(n) | At::Json(n) => {
                self.contents.sources.get(n).map(|copy| copy.source.clone())
            }
            At::Done => None,
        }
    }

    fn take(&mut self, record: &RecordCopy) -> Result<(), Failure> {
        self.taken += 1;
        match self.at {
            At::Page(n) => {
                self.columns[n].see(&record.content);
                let of = self.contents.sources[n].records;
                page::record(record, self.taken, of, &mut self.archive).map_err(unpackable)
            }
            At::Csv(n) => self.columns[n].row(&record.content, &mut self.archive).map_err(unpackable),
            At::Json(_) => {
                let before: &[u8] = if self.taken == 1 { b"\n  " } else { b",\n  " };
                self.archive.write_all(before).map_err(unpackable)?;
                serde_json::to_writer_pretty(Indented(&mut self.archive), &record.content).map_err(unpackable)
            }
            At::Done => Err(Failure::misconfigured(UNPACKABLE)),
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        let taken = std::mem::take(&mut self.taken);
        let (At::Page(n) | At::Csv(n) | At::Json(n)) = self.at else {
            return Err(Failure::misconfigured(UNPACKABLE));
        };
        if taken != self.contents.sources[n].records {
            return Err(Failure::misconfigured(UNPACKABLE));
        }
        match self.at {
            At::Page(_) => {
                page::source_end(&mut self.archive).map_err(unpackable)?;
                self.at = At::Page(n + 1);
                self.begin_page_of()
            }
            At::Csv(_) => {
                self.at = At::Json(n);
                self.archive.begin(&json_path(&self.contents.sources[n])).map_err(unpackable)?;
                self.archive.write_all(b"[").map_err(unpackable)
            }
            _ => {
                let end: &[u8] = if taken == 0 { b"]\n" } else { b"\n]\n" };
                self.archive.write_all(end).map_err(unpackable)?;
                self.begin_files_of(n + 1)
            }
        }
    }

    fn ready(&mut self) -> Vec<u8> {
        self.archive.ready()
    }

    fn finish(mut self) -> Result<Vec<u8>, Failure> {
        if !matches!(self.at, At::Done) {
            return Err(Failure::misconfigured(UNPACKABLE));
        }
        let files = self.archive.files().map_err(unpackable)?;
        let manifest = manifest::json(&self.contents, files).map_err(unpackable)?;
        self.archive.begin("manifest.json").map_err(unpackable)?;
        self.archive.write_all(&manifest).map_err(unpackable)?;
        self.archive.finish().map_err(unpackable)
    }
}

/// Indents every line but the first by two spaces. Each line break is layout, since JSON escapes those in texts.
struct Indented<W>(W);

impl<W: Write> Write for Indented<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if n > 0 {
                self.0.write_all(b"\n  ")?;
            }
            self.0.write_all(line)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn unpackable<E>(_: E) -> Failure {
    // The cause is dropped, because it may quote the contents.
    Failure::misconfigured(UNPACKABLE)
}
