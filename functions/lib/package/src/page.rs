//! `index.html`: the copy as a person reads it, in any browser, offline, on paper or on a phone. It has
//! no script and asks for nothing outside itself; its policy forbids both, and allows its own style by
//! that style's digest alone.

use crate::value::{Fields, visible};
use crate::{csv_path, has_files, json_path, words};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use rightful_domain::copy::{Contents, Export, RecordCopy, SourceCopy};
use rightful_domain::task::Outcome;
use rightful_domain::time::Time;
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("../templates/style.css");

#[derive(Template)]
#[template(path = "index.html", whitespace = "minimize")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    request: String,
    stage: &'a str,
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

/// A data source's part.
struct Section<'a> {
    id: &'a str,
    heading: String,
    title: &'a str,
    outcome: Outcome,
    label: &'static str,
    sentences: Vec<String>,
    export: Option<&'a Export>,
    held: String,
    records: Vec<Record>,
    files: Option<(String, String)>,
}

struct Record {
    id: String,
    fields: Fields,
}

/// The page.
pub fn html(contents: &Contents) -> Result<Vec<u8>, askama::Error> {
    let page = Page {
        policy: policy(),
        style: STYLE,
        request: contents.request.to_string(),
        stage: &contents.stage,
        sandbox: contents.sandbox,
        received: When::of(contents.received_at),
        made: When::of(contents.made_at),
        identifiers: contents.identifiers.iter().map(|one| (words::kind(one.kind()), one.expose())).collect(),
        sources: contents.sources.iter().map(|copy| Section::of(copy, contents)).collect(),
    };
    Ok(page.render()?.into_bytes())
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
        let records: Vec<_> =
            if has_files(copy) { copy.records.iter().map(Record::of).collect() } else { Vec::new() };
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
            held: words::counted(u32::try_from(records.len()).unwrap_or(u32::MAX)),
            records,
            files: has_files(copy).then(|| (json_path(copy), csv_path(copy))),
        }
    }

    /// How strongly the outcome asks for attention.
    fn tone(&self) -> &'static str {
        match self.outcome {
            Outcome::Copied => "good",
            Outcome::NothingFound => "plain",
            _ => "open",
        }
    }
}

impl Record {
    fn of(record: &RecordCopy) -> Self {
        Self { id: visible(record.id.expose()), fields: Fields::of(&record.content) }
    }
}
