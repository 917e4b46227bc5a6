//! A value's source: the command line, a file, or standard input.
//!
//! Secrets and personal data should not be on a command line, because the shell's history keeps it.

use crate::terminal::error::{command_error, usage_error};
use crate::terminal::format::io_error;
use anyhow::Result;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The most that is read for one value, such as a token or an e-mail address.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a value comes from.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum ValueFrom {
    /// The command line itself.
    Literal(Zeroizing<String>),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Splits `NAME=VALUE`, where the value may be `@FILE` or `-`; `None` if either of them is missing.
pub fn pair(text: &str) -> Option<(&str, ValueFrom)> {
    let (name, value) = text.split_once('=')?;
    if name.is_empty() { None } else { value_from(value).map(|from| (name, from)) }
}

/// Where a value comes from that may be `@FILE` or `-`; `None` if it is empty.
fn value_from(value: &str) -> Option<ValueFrom> {
    match value.strip_prefix('@') {
        _ if value.is_empty() => None,
        Some(file) if !file.is_empty() => Some(ValueFrom::File(PathBuf::from(file))),
        _ if value == "-" => Some(ValueFrom::Stdin),
        _ => Some(ValueFrom::Literal(Zeroizing::new(value.to_owned()))),
    }
}

/// A reason in an operator's own words, from the command line, a file or standard input.
pub fn reason(text: &str) -> Result<Zeroizing<String>> {
    let from =
        value_from(text).ok_or_else(|| usage_error("the reason is empty", "say why, in your own words"))?;
    Input::default().read("reason", from)
}

/// Reads values. Standard input can be read once.
#[derive(Debug, Default)]
pub struct Input {
    stdin_was_read: bool,
}

impl Input {
    /// Reads a value, without the line break at its end. `name` is its name in messages; the value itself
    /// is never in one.
    pub fn read(&mut self, name: &str, from: ValueFrom) -> Result<Zeroizing<String>> {
        let text = match from {
            ValueFrom::Literal(text) => text,
            ValueFrom::File(path) => read_file(name, &path)?,
            ValueFrom::Stdin => self.read_stdin(name)?,
        };
        let value = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        if value.is_empty() {
            return Err(command_error(
                format!("the value of `{name}` is empty"),
                "check the file, or what is piped in",
            ));
        }
        Ok(value)
    }

    fn read_stdin(&mut self, name: &str) -> Result<Zeroizing<String>> {
        if std::mem::replace(&mut self.stdin_was_read, true) {
            return Err(usage_error(
                "two values are to be read from standard input",
                "give one of them as NAME=@FILE",
            ));
        }
        let stdin = std::io::stdin();
        let mut text = Zeroizing::new(String::new());
        let not_text = |_| {
            command_error(format!("the value of `{name}` is not text"), "pipe UTF-8 text into standard input")
        };
        if stdin.is_terminal() {
            eprint!("{name}: ");
            stdin.read_line(&mut text).map_err(not_text)?;
        } else {
            stdin.lock().take(MAX_BYTES).read_to_string(&mut text).map_err(not_text)?;
        }
        Ok(text)
    }
}

fn read_file(name: &str, path: &Path) -> Result<Zeroizing<String>> {
    let shown = path.display();
    let opened = std::fs::File::open(path).map_err(|error| {
        command_error(
            format!("the file {shown} for `{name}` can't be read ({})", io_error(&error)),
            "check the path after the @",
        )
    })?;
    let mut text = Zeroizing::new(String::new());
    opened.take(MAX_BYTES).read_to_string(&mut text).map_err(|_| {
        command_error(format!("the file {shown} for `{name}` is not text"), "give a UTF-8 file")
    })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_literal_a_file_or_standard_input() {
        assert_eq!(pair("token=@/run/t").unwrap(), ("token", ValueFrom::File("/run/t".into())));
        assert_eq!(pair("token=-").unwrap(), ("token", ValueFrom::Stdin));
        let literal = ValueFrom::Literal(Zeroizing::new("a=b".to_owned()));
        assert_eq!(pair("token=a=b").unwrap(), ("token", literal));
        for bad in ["token", "=x", "token=", ""] {
            assert!(pair(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_file_loses_its_last_line_end_and_nothing_else() {
        let path = std::env::temp_dir().join(format!("rightful-input-{}", std::process::id()));
        std::fs::write(&path, " s3cret \r\n").unwrap();
        let value = Input::default().read("token", ValueFrom::File(path.clone())).unwrap();
        std::fs::write(&path, "\n").unwrap();
        let empty = Input::default().read("token", ValueFrom::File(path.clone())).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&*value, " s3cret ");
        assert!(empty.to_string().contains("`token` is empty"));
        let gone = Input::default().read("token", ValueFrom::File(path)).unwrap_err();
        assert!(gone.to_string().contains("can't be read"));
    }

    #[test]
    fn a_reason_is_a_text_a_file_or_standard_input() {
        let path = std::env::temp_dir().join(format!("rightful-reason-{}", std::process::id()));
        std::fs::write(&path, "It is theirs.\n").unwrap();
        let read = reason(&format!("@{}", path.display()));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&**read.unwrap(), "It is theirs.");
        assert_eq!(&**reason("a=b, as agreed").unwrap(), "a=b, as agreed");
        assert!(reason("").unwrap_err().to_string().contains("the reason is empty"));
    }
}
