//! The stack file, which names a deployment's API, its functions and the keys of its receipts.

use crate::args::command_line::Global;
use crate::terminal::error::command_error;
use crate::terminal::format::io_error;
use anyhow::Result;
use rightful_domain::documents::receipt::PublicKey;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The local stack's file, in the current folder or one above it.
const LOCAL_STACK: &str = "target/local/stack.json";
const STACK_VARIABLE: &str = "RIGHTFUL_STACK_FILE";

/// A stack file. Only the local stack's has an endpoint and credentials.
#[derive(Deserialize)]
pub struct StackFile {
    pub aws_endpoint_url: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub api_url: String,
    /// The address of the pages; none in a file of an earlier version.
    pub console_url: Option<String>,
    pub receipt_key_id: String,
    pub functions: BTreeMap<String, String>,
    #[serde(default)]
    pub receipt_keys: Vec<PublicKey>,
}

impl StackFile {
    /// Whether the deployment runs on this machine.
    pub fn is_local(&self) -> bool {
        self.aws_endpoint_url.is_some()
    }

    /// Reads a stack file.
    ///
    /// # Errors
    /// If it can't be read or lacks something.
    pub fn read(file: &Path) -> Result<Self> {
        let again = "write it again with `make up` or `make deploy`, or name another one with --stack";
        let shown = file.display();
        let text = std::fs::read(file).map_err(|error| {
            command_error(format!("the stack file {shown} can't be read ({})", io_error(&error)), again)
        })?;
        // serde's message would quote a value, and the local file holds secrets.
        serde_json::from_slice(&text).map_err(|error| {
            let missing = error.to_string();
            let field = missing.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            match field {
                Some(field) => command_error(format!("the stack file {shown} has no `{field}`"), again),
                None => command_error(format!("{shown} is not a stack file"), again),
            }
        })
    }
}

/// The path of the stack file that the command line chooses.
///
/// # Errors
/// If there is none.
#[allow(clippy::disallowed_methods, reason = "the one place where the command line reads a variable")]
pub fn stack_file(global: &Global) -> Result<PathBuf> {
    let named = std::env::var(STACK_VARIABLE).ok().filter(|path| !path.is_empty()).map(PathBuf::from);
    let here = std::env::current_dir()?;
    find(global, named, &here)
}

fn find(global: &Global, named: Option<PathBuf>, here: &Path) -> Result<PathBuf> {
    if let Some(file) = &global.stack {
        return Ok(file.clone());
    }
    if !global.local
        && let Some(file) = named
    {
        return Ok(file);
    }
    here.ancestors().map(|folder| folder.join(LOCAL_STACK)).find(|file| file.is_file()).ok_or_else(|| {
        command_error(
            format!("there is no deployment: no {LOCAL_STACK} in this folder or above it"),
            "start the local stack with `make up`, or name a deployment with `--stack FILE` (`make deploy` writes target/deploy/stack.json)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn global(local: bool, stack: Option<&str>) -> Global {
        Global { json: false, local, stack: stack.map(PathBuf::from), profile: None, region: None }
    }

    #[test]
    fn a_named_file_goes_before_the_variable_and_that_before_the_local_stack() {
        let root = std::env::temp_dir().join(format!("rightful-find-{}", std::process::id()));
        let deep = root.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let nowhere = find(&global(false, None), None, &deep).unwrap_err().to_string();
        std::fs::create_dir_all(root.join("target/local")).unwrap();
        let local = root.join(LOCAL_STACK);
        std::fs::write(&local, "{}").unwrap();
        let named = Some(PathBuf::from("named.json"));
        let found = [
            find(&global(false, Some("given.json")), named.clone(), &deep).unwrap(),
            find(&global(false, None), named.clone(), &deep).unwrap(),
            find(&global(true, None), named, &deep).unwrap(),
            find(&global(false, None), None, &deep).unwrap(),
        ];
        std::fs::remove_dir_all(&root).unwrap();
        assert!(nowhere.contains("make up") && nowhere.contains("--stack"), "{nowhere}");
        assert_eq!(found, ["given.json".into(), "named.json".into(), local.clone(), local]);
    }

    #[test]
    fn a_stack_file_that_lacks_something_says_what() {
        let path = std::env::temp_dir().join(format!("rightful-stack-{}.json", std::process::id()));
        std::fs::write(&path, r#"{"webhook_secret": "whsec_canary"}"#).unwrap();
        let missing = StackFile::read(&path).err().unwrap().to_string();
        std::fs::write(&path, r#"{"functions": "whsec_canary"}"#).unwrap();
        let wrong = StackFile::read(&path).err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(missing.contains("has no `api_url`"), "{missing}");
        assert!(wrong.contains("is not a stack file") && !wrong.contains("canary"), "{wrong}");
    }
}
