//! `manifest.json`: for programs, what became of each data source and what every other file is.

use crate::{Files, has_files};
use rightful_domain::copy::{Contents, Export, SourceCopy};
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::seal::hex;
use rightful_domain::task::Outcome;
use rightful_domain::time::Time;
use ring::digest::{SHA256, digest};
use serde::Serialize;

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    request: RequestId,
    received_at: Time,
    made_at: Time,
    stage: &'a str,
    sandbox: bool,
    sources: Vec<Source<'a>>,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct Source<'a> {
    source: &'a SourceId,
    title: &'a str,
    outcome: Outcome,
    reason: Option<&'a str>,
    /// How many records were decided on.
    decided: u32,
    /// How many are in the package.
    records: usize,
    /// How many others were there.
    appeared: u32,
    /// The vendor does not say whether its answers are whole.
    may_be_part: bool,
    export: Option<&'a Export>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    bytes: usize,
    sha256: String,
}

/// The manifest of these files.
pub fn json(contents: &Contents, files: &Files) -> Result<Vec<u8>, serde_json::Error> {
    let manifest = Manifest {
        format: "rightful.copy.v1",
        request: contents.request,
        received_at: contents.received_at,
        made_at: contents.made_at,
        stage: &contents.stage,
        sandbox: contents.sandbox,
        sources: contents.sources.iter().map(source).collect(),
        files: files
            .iter()
            .map(|(path, bytes)| File {
                path,
                bytes: bytes.len(),
                sha256: hex(digest(&SHA256, bytes).as_ref()),
            })
            .collect(),
    };
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    Ok(json)
}

fn source(copy: &SourceCopy) -> Source<'_> {
    Source {
        source: &copy.source,
        title: &copy.title,
        outcome: copy.outcome,
        reason: copy.reason.as_deref(),
        decided: copy.decided,
        records: if has_files(copy) { copy.records.len() } else { 0 },
        appeared: copy.appeared,
        may_be_part: copy.may_be_part,
        export: copy.export.as_ref(),
    }
}
