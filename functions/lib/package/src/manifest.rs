//! `manifest.json`: for programs, what became of each data source and what every other file is.

use crate::archive::File;
use crate::paths::has_files;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::documents::copy::{Contents, Export, SourceCopy};
use rightful_domain::model::task::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    request: RequestId,
    received_at: Time,
    made_at: Time,
    stage: &'a str,
    sandbox: bool,
    sources: Vec<Source<'a>>,
    files: Vec<Listed<'a>>,
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
    records: u32,
    /// How many others there were; they are not in the package.
    appeared: u32,
    /// Whether the vendor's answers may be incomplete.
    may_be_part: bool,
    export: Option<&'a Export>,
}

#[derive(Serialize)]
struct Listed<'a> {
    path: &'a str,
    #[serde(flatten)]
    file: &'a File,
}

/// The manifest of these files.
pub fn json(contents: &Contents, files: &BTreeMap<String, File>) -> Result<Vec<u8>, serde_json::Error> {
    let manifest = Manifest {
        format: "rightful.copy.v1",
        request: contents.request,
        received_at: contents.received_at,
        made_at: contents.made_at,
        stage: &contents.stage,
        sandbox: contents.sandbox,
        sources: contents.sources.iter().map(source).collect(),
        files: files.iter().map(|(path, file)| Listed { path, file }).collect(),
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
        records: if has_files(copy) { copy.records } else { 0 },
        appeared: copy.appeared,
        may_be_part: copy.may_be_part,
        export: copy.export.as_ref(),
    }
}
