//! `rightful request copy`: downloads a person's copy, checks that it is the one that was kept, and writes
//! it so that only this user can read it.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::terminal::error::command_error;
use crate::terminal::exit_code::OK;
use crate::terminal::format::{io_error, size, utc};
use crate::terminal::output::Out;
use anyhow::Result;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::ids::RequestId;
use rightful_domain::view::acts::LinkView;
use ring::digest::{Context, SHA256};
use serde_json::json;
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Fetches the copy, or prints its link if no file is named.
pub async fn fetch_copy(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    output: Option<&Path>,
    force: bool,
) -> Result<u8> {
    // Links are recorded, so none is made for a path that can't be written.
    let download = output.map(|path| Download::begin(path, force)).transpose()?;
    // Another link does no harm: each is recorded, and expires.
    let call = Call::post(format!("/requests/{id}/copy"), &json!({}))?.may_be_repeated();
    let link: LinkView = deployment.api.call(call).await?;
    let Some(mut download) = download else { return print_link(out, id, &link) };
    deployment.api.download(&link.url, |bytes| download.append(bytes, link.bytes)).await?;
    let path = download.keep(&link.sha256, link.bytes, force)?;
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

fn print_link(out: Out, id: RequestId, link: &LinkView) -> Result<u8> {
    if out.json {
        out.value(&json!({
            "request_id": id, "url": &link.url, "until": link.until, "bytes": link.bytes,
            "sha256": link.sha256, "expires_at": link.expires_at,
        }))?;
    } else {
        out.line(&link.url)?;
        eprintln!("anyone who has this link can fetch the copy, until {}", utc(link.until));
    }
    Ok(OK)
}

/// A file that is being downloaded, in the folder of its final path. It is deleted unless it is kept.
struct Download {
    path: PathBuf,
    file: NamedTempFile,
    hash: Context,
    length: u64,
}

impl Download {
    /// Creates the file, readable only by this user.
    fn begin(path: &Path, force: bool) -> Result<Self> {
        if path.is_dir() {
            return Err(command_error(
                format!("{} is a folder", path.display()),
                "give the path of a file to -o",
            ));
        }
        if !force && path.exists() {
            return Err(exists(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(|error| unwritten(path, &error))?;
        Ok(Self { path: path.to_owned(), file, hash: Context::new(&SHA256), length: 0 })
    }

    /// Appends the next bytes, unless that makes more than were announced.
    fn append(&mut self, bytes: &[u8], announced: u64) -> Result<()> {
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.length > announced {
            return Err(another_file());
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|error| unwritten(&self.path, &error))
    }

    /// Moves the file to its path, if it is the copy that was kept.
    fn keep(self, sha256: &str, bytes: u64, force: bool) -> Result<PathBuf> {
        let Self { path, file, hash, length } = self;
        if length != bytes || !hex(hash.finish().as_ref()).eq_ignore_ascii_case(sha256) {
            return Err(another_file());
        }
        file.as_file().sync_all().map_err(|error| unwritten(&path, &error))?;
        let kept = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        match kept {
            Ok(_) => Ok(path),
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => Err(exists(&path)),
            // A file system that can only rename.
            Err(failed) => match failed.file.persist(&path) {
                Ok(_) => Ok(path),
                Err(failed) => Err(unwritten(&path, &failed.error)),
            },
        }
    }
}

fn exists(path: &Path) -> anyhow::Error {
    command_error(
        format!("{} exists already", path.display()),
        "give another path to -o, or --force to overwrite it",
    )
}

fn unwritten(path: &Path, error: &Error) -> anyhow::Error {
    command_error(
        format!("{} can't be written ({})", path.display(), io_error(error)),
        "give another path to -o",
    )
}

fn another_file() -> anyhow::Error {
    command_error(
        "the download is not the copy that was kept: its size or its SHA-256 differs, so nothing was written",
        "run the command again; if that doesn't help, make the copy again: `rightful request reopen ID`",
    )
}

#[cfg(test)]
#[path = "request_copy_tests.rs"]
mod tests;
