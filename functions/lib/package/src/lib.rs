//! Packs the copy of a person's data into one ZIP file that the person can read without us:
//!
//! ```text
//! index.html               all of it for a person, offline and without scripts
//! README.txt               how the files are to be read and checked
//! manifest.json            what became of each data source; size and SHA-256 of every other file
//! <source>/records.json    the vendor's objects, untouched
//! <source>/records.csv     the same as a table, safe to open in a spreadsheet
//! ```
//!
//! Only a data source whose outcome is `copied` has files. What the vendors hold is a stranger's text:
//! the page escapes it, and the table neutralises what a spreadsheet would take for a formula.
//!
//! Architecture Invariant: nothing here does I/O, reads a clock or looks at the environment. The same
//! contents give the same bytes, as long as the build is the same (another version of the compression
//! may pack the same content otherwise).

mod archive;
mod manifest;
mod page;
mod table;
mod value;
mod words;

use rightful_domain::copy::{Contents, SourceCopy};
use rightful_domain::failure::{Code, Failure};
use rightful_domain::ports::Packs;
use rightful_domain::task::Outcome;
use std::collections::BTreeMap;

/// The contents can't be packed: a data source stands in them twice, or something does not serialise.
const UNPACKABLE: Code = "copy_unpackable";

const README: &str = include_str!("../templates/README.txt");

/// The files of a package by their path, with `/` between its parts.
type Files = BTreeMap<String, Vec<u8>>;

/// Packs a copy into a ZIP file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Packer;

impl Packs for Packer {
    fn pack(&self, contents: &Contents) -> Result<Vec<u8>, Failure> {
        let mut files = Files::new();
        for copy in contents.sources.iter().filter(|copy| has_files(copy)) {
            add(&mut files, json_path(copy), json(copy)?)?;
            add(&mut files, csv_path(copy), table::csv(&copy.records).map_err(unpackable)?)?;
        }
        add(&mut files, "README.txt".to_owned(), README.into())?;
        add(&mut files, "index.html".to_owned(), page::html(contents).map_err(unpackable)?)?;
        let manifest = manifest::json(contents, &files).map_err(unpackable)?;
        add(&mut files, "manifest.json".to_owned(), manifest)?;
        archive::zip(&files, contents.made_at).map_err(unpackable)
    }
}

fn unpackable<E>(_: E) -> Failure {
    // The cause may quote the contents.
    Failure::misconfigured(UNPACKABLE)
}

fn add(files: &mut Files, path: String, bytes: Vec<u8>) -> Result<(), Failure> {
    match files.insert(path, bytes) {
        None => Ok(()),
        Some(_) => Err(Failure::misconfigured(UNPACKABLE)),
    }
}

/// Whether a data source's records are in the package.
fn has_files(copy: &SourceCopy) -> bool {
    copy.outcome == Outcome::Copied
}

fn json_path(copy: &SourceCopy) -> String {
    format!("{}/records.json", folder(copy))
}

fn csv_path(copy: &SourceCopy) -> String {
    format!("{}/records.csv", folder(copy))
}

/// The data source's id, which no path can hide in; but some ids are names that Windows keeps for
/// devices and unpacks no file under. An underscore is in no id, so that none collides.
fn folder(copy: &SourceCopy) -> String {
    let id = copy.source.as_str();
    let numbered = |name| {
        id.strip_prefix(name).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if ["con", "prn", "aux", "nul"].contains(&id) || numbered("com") || numbered("lpt") {
        return format!("{id}_");
    }
    id.to_owned()
}

fn json(copy: &SourceCopy) -> Result<Vec<u8>, Failure> {
    let records: Vec<_> = copy.records.iter().map(|record| &record.content).collect();
    let mut bytes = serde_json::to_vec_pretty(&records).map_err(unpackable)?;
    bytes.push(b'\n');
    Ok(bytes)
}
