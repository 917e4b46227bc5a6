//! `index.html`: the copy as a person reads it, in any browser, offline, on paper or on a phone. It has
//! no script and loads nothing. Its content security policy forbids both, and allows one style alone: its own, by
//! digest.

use crate::paths::{csv_path, has_files, json_path};
use crate::value::{Fields, visible};
use crate::words;
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use rightful_domain::base::time::Time;
use rightful_domain::documents::copy::{Contents, Export, SourceCopy};
use rightful_domain::model::task::Outcome;
use rightful_domain::vendor::record::RecordCopy;
use ring::digest::{SHA256, digest};
use std::io::{self, Write};

const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "page-head.html", whitespace = "minimize")]
struct Head<'a> {
    policy: String,
    style: &'static str,
    request: String,
    sandbox: bool,
    received: When,
    made: When,
    identifiers: Vec<(String, &'a str)>,
    sources: Vec<Section<'a>>,
}

/// A time for machines and for people.
struct When {
    exact: String,
    told: String,
}

/// A data source's section, without its records.
#[derive(Template)]
#[template(path = "page-source.html", whitespace = "minimize")]
struct Section<'a> {
    id: &'a str,
    heading: String,
    title: &'a str,
    outcome: Outcome,
    label: &'static str,
    sentences: Vec<String>,
    export: Option<&'a Export>,
    held: String,
    records: u32,
    files: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "page-record.html", whitespace = "minimize")]
struct Record {
    number: u32,
    of: u32,
    id: String,
    fields: Fields,
}

#[derive(Template)]
#[template(path = "page-foot.html", whitespace = "minimize")]
struct Foot<'a> {
    stage: &'a str,
    sources: Vec<Section<'a>>,
}

/// Writes the page up to the first data source.
pub fn head(contents: &Contents, mut out: impl Write) -> io::Result<()> {
    let head = Head {
        policy: policy(),
        style: STYLE,
        request: contents.request.to_string(),
        sandbox: contents.sandbox,
        received: When::of(contents.received_at),
        made: When::of(contents.made_at),
        identifiers: contents.identifiers.iter().map(|one| (words::kind(one.kind()), one.expose())).collect(),
        sources: contents.sources.iter().map(|copy| Section::of(copy, contents)).collect(),
    };
    head.write_into(&mut out)?;
    out.write_all(b"\n")
}

/// Writes a data source's section up to its first record.
pub fn source(copy: &SourceCopy, contents: &Contents, mut out: impl Write) -> io::Result<()> {
    Section::of(copy, contents).write_into(&mut out)
}

/// Writes one of its records. `number` counts from 1.
pub fn record(record: &RecordCopy, number: u32, of: u32, mut out: impl Write) -> io::Result<()> {
    let id = visible(record.id.expose());
    out.write_all(b"\n")?;
    Record { number, of, id, fields: Fields::of(&record.content) }.write_into(&mut out)
}

/// Writes the end of a data source's section.
pub fn source_end(mut out: impl Write) -> io::Result<()> {
    out.write_all(b"\n</section>\n")
}

/// Writes the page from the last data source on.
pub fn foot(contents: &Contents, mut out: impl Write) -> io::Result<()> {
    let sources = contents.sources.iter().map(|copy| Section::of(copy, contents)).collect();
    Foot { stage: &contents.stage, sources }.write_into(&mut out)
}

fn policy() -> String {
    let style = BASE64.encode(digest(&SHA256, STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'")
}

impl When {
    fn of(time: Time) -> Self {
        let exact = time.to_string();
        let told = Timestamp::from_second(time.unix_seconds())
            .map_or_else(|_| exact.clone(), |time| time.strftime("%-d %B %Y, %H:%M UTC").to_string());
        Self { exact, told }
    }
}

impl<'a> Section<'a> {
    fn of(copy: &'a SourceCopy, contents: &Contents) -> Self {
        let namesakes = contents.sources.iter().filter(|other| other.title == copy.title).count();
        let records = if has_files(copy) { copy.records } else { 0 };
        Self {
            id: copy.source.as_str(),
            heading: if namesakes > 1 {
                format!("{} ({})", copy.title, copy.source)
            } else {
                copy.title.clone()
            },
            title: &copy.title,
            outcome: copy.outcome,
            label: words::label(copy.outcome),
            sentences: words::sentences(copy),
            export: copy.export.as_ref(),
            held: words::counted(records),
            records,
            files: has_files(copy).then(|| (json_path(copy), csv_path(copy))),
        }
    }

    /// The class of the label: how much attention the outcome needs.
    fn tone(&self) -> &'static str {
        match self.outcome {
            Outcome::Copied => "good",
            Outcome::NothingFound => "plain",
            _ => "open",
        }
    }
}
