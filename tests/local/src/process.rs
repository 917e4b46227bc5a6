//! An operator's commands: refused ones, reviews, and fetched copies.

use crate::stack::Stack;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

/// A command that was refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its exit code.
    pub code: i32,
    /// Its text, on both outputs.
    pub text: String,
}

impl Stack {
    /// Runs `rightful`, which must refuse.
    ///
    /// # Errors
    /// When it can't be run, or succeeds.
    pub fn refused(&self, arguments: &[&str]) -> Result<Refused> {
        let output = self.rightful(arguments)?;
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "rightful {arguments:?} was not refused: {text}");
        Ok(Refused { code: output.status.code().context("it was killed")?, text })
    }

    /// Decides, as a person, on everything that waits now: each by the digest shown.
    ///
    /// # Errors
    /// When it fails.
    pub fn review(&self, request: &str, ruling: &[&str]) -> Result<Value> {
        let shown = self.rightful_json(&["request", "show", request])?;
        let mut arguments: Vec<String> =
            ["request", "review", request].iter().chain(ruling).map(|&one| one.to_owned()).collect();
        for task in shown["tasks"].as_array().context("no tasks")? {
            if task["state"] == "awaiting_review" {
                let source = task["source"].as_str().context("no source")?;
                let digest = task["found_digest"]["mac"].as_str().unwrap_or("none");
                arguments.extend(["--seen".to_owned(), format!("{source}={digest}")]);
            }
        }
        self.rightful_json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The output of `rightful`, which must succeed.
    ///
    /// # Errors
    /// With its own message, when it fails.
    pub fn shown(&self, arguments: &[&str]) -> Result<String> {
        let output = self.rightful(arguments)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "rightful {arguments:?}: {said}");
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// The files of a ZIP, by path.
///
/// # Errors
/// When it is not a ZIP.
pub fn archive(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut files = BTreeMap::new();
    for n in 0..zip.len() {
        let mut file = zip.by_index(n)?;
        let name = file.name()?.into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        files.insert(name, content);
    }
    Ok(files)
}
