//! `rightful request copy`: fetches a person's copy, checks that it is the one that was kept, and writes
//! it where this user alone can read it.

use crate::api::{Call, told_api};
use crate::deployment::Deployment;
use crate::output::{OK, Out, io_words, size, told, utc};
use anyhow::Result;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::ids::RequestId;
use rightful_domain::view::acts::LinkView;
use ring::digest::{Context, SHA256};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Fetches the copy, or prints its link where that is asked for.
pub async fn fetch(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    output: Option<&Path>,
    force: bool,
) -> Result<u8> {
    // A path that can't be written costs no link.
    let part = output.map(|path| Part::begin(path, force)).transpose()?;
    // Another link does no harm: each is recorded, and ends by itself.
    let call = Call::post(format!("/requests/{id}/copy"), &json!({}))?.may_be_repeated();
    let link: LinkView = deployment.api.call(call).await.map_err(told_api)?;
    let Some(mut part) = part else { return print(out, id, &link) };
    deployment.api.download(&link.url, |bytes| part.take(bytes, link.bytes)).await?;
    let path = part.keep(&link.sha256, link.bytes, force)?;
    if out.json {
        out.value(&json!({
            "request_id": id, "written_to": path, "bytes": link.bytes, "sha256": link.sha256,
            "expires_at": link.expires_at,
        }))?;
    } else {
        out.line(format_args!("written to {}: {}", path.display(), size(link.bytes)))?;
        out.line(format_args!("  checked: its SHA-256 is {}", link.sha256))?;
        out.line(format_args!("  the deployment keeps it until {}", utc(link.expires_at)))?;
        out.line("  it is personal data: hand it over, then delete the file")?;
    }
    Ok(OK)
}

fn print(out: Out, id: RequestId, link: &LinkView) -> Result<u8> {
    if out.json {
        out.value(&json!({
            "request_id": id, "url": &link.url, "until": link.until, "bytes": link.bytes,
            "sha256": link.sha256, "expires_at": link.expires_at,
        }))?;
    } else {
        out.line(&link.url)?;
        eprintln!("whoever has this link can fetch the copy, until {}", utc(link.until));
    }
    Ok(OK)
}

/// A file on its way, beside the one that it becomes; deleted unless it is kept.
struct Part {
    path: PathBuf,
    part: PathBuf,
    file: File,
    hash: Context,
    length: u64,
}

impl Part {
    /// Makes the file, for this user alone.
    fn begin(path: &Path, force: bool) -> Result<Self> {
        if path.is_dir() {
            return Err(told(format!("{} is a folder", path.display()), "give a file's path to -o"));
        }
        if !force && path.exists() {
            return Err(exists(path));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&part).map_err(|error| unwritten(path, &error))?;
        Ok(Self { path: path.to_owned(), part, file, hash: Context::new(&SHA256), length: 0 })
    }

    /// Takes the next bytes; more than were announced are not taken.
    fn take(&mut self, bytes: &[u8], announced: u64) -> Result<()> {
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.length > announced {
            return Err(another_one());
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))
    }

    /// Puts the file in its place, if it is the one that was kept.
    fn keep(mut self, sha256: &str, bytes: u64, force: bool) -> Result<PathBuf> {
        let found = hex(self.hash.clone().finish().as_ref());
        if self.length != bytes || !found.eq_ignore_ascii_case(sha256) {
            return Err(another_one());
        }
        let failed = |error: &std::io::Error| unwritten(&self.path, error);
        self.file.flush().and_then(|()| self.file.sync_all()).map_err(|error| failed(&error))?;
        if force {
            std::fs::rename(&self.part, &self.path).map_err(|error| failed(&error))?;
        } else {
            // Unlike a rename, this fails where a file came to be in the meantime.
            match std::fs::hard_link(&self.part, &self.path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    return Err(exists(&self.path));
                }
                // A file system without hard links.
                Err(_) => std::fs::rename(&self.part, &self.path).map_err(|error| failed(&error))?,
            }
        }
        Ok(self.path.clone())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.part);
    }
}

fn exists(path: &Path) -> anyhow::Error {
    told(
        format!("{} is there already", path.display()),
        "give another path to -o, or --force to write over it",
    )
}

fn unwritten(path: &Path, error: &std::io::Error) -> anyhow::Error {
    told(format!("{} can't be written ({})", path.display(), io_words(error)), "give another path to -o")
}

fn another_one() -> anyhow::Error {
    told(
        "what was fetched is not the copy that was kept: its size or its SHA-256 differs, so nothing was written",
        "run the command again; if it stays so, make the copy anew: `rightful request reopen ID`",
    )
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
