//! Values that should not be on a command line: read from a file or from standard input.

use crate::output::{io_words, told, usage};
use anyhow::Result;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No value is longer: a token, or an e-mail address.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a value comes from.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub enum Given {
    /// The command line itself.
    Literal(Zeroizing<String>),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// Splits `name=value`, where the value may be `@FILE` or `-`; `None` when it is no such pair.
pub fn pair(text: &str) -> Option<(&str, Given)> {
    let (name, value) = text.split_once('=')?;
    if name.is_empty() { None } else { given(value).map(|given| (name, given)) }
}

/// Where a value comes from that may be `@FILE` or `-`; `None` when it is empty.
pub fn given(value: &str) -> Option<Given> {
    match value.strip_prefix('@') {
        _ if value.is_empty() => None,
        Some(file) if !file.is_empty() => Some(Given::File(PathBuf::from(file))),
        _ if value == "-" => Some(Given::Stdin),
        _ => Some(Given::Literal(Zeroizing::new(value.to_owned()))),
    }
}

/// Standard input, which can be read once.
#[derive(Debug, Default)]
pub struct Input {
    read: bool,
}

impl Input {
    /// The value itself, without the line's end. `name` names it in messages; the value never is in one.
    pub fn value(&mut self, name: &str, given: Given) -> Result<Zeroizing<String>> {
        let text = match given {
            Given::Literal(text) => text,
            Given::File(path) => file(name, &path)?,
            Given::Stdin => self.stdin(name)?,
        };
        let value = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        if value.is_empty() {
            return Err(told(
                format!("the value of `{name}` is empty"),
                "check the file or what is piped in",
            ));
        }
        Ok(value)
    }

    fn stdin(&mut self, name: &str) -> Result<Zeroizing<String>> {
        if std::mem::replace(&mut self.read, true) {
            return Err(usage(
                "two values are to be read from standard input",
                "give one of them as NAME=@FILE",
            ));
        }
        let stdin = std::io::stdin();
        let mut text = Zeroizing::new(String::new());
        let unreadable =
            |_| told(format!("the value of `{name}` is not text"), "pipe UTF-8 into standard input");
        if stdin.is_terminal() {
            eprint!("{name}: ");
            stdin.read_line(&mut text).map_err(unreadable)?;
        } else {
            stdin.lock().take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
        }
        Ok(text)
    }
}

fn file(name: &str, path: &Path) -> Result<Zeroizing<String>> {
    let shown = path.display();
    let opened = std::fs::File::open(path).map_err(|error| {
        told(
            format!("the file {shown} for `{name}` can't be read ({})", io_words(&error)),
            "check the path after the @",
        )
    })?;
    let mut text = Zeroizing::new(String::new());
    opened
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|_| told(format!("the file {shown} for `{name}` is not text"), "give a UTF-8 file"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_literal_a_file_or_standard_input() {
        assert_eq!(pair("token=@/run/t").unwrap(), ("token", Given::File("/run/t".into())));
        assert_eq!(pair("token=-").unwrap(), ("token", Given::Stdin));
        let literal = Given::Literal(Zeroizing::new("a=b".to_owned()));
        assert_eq!(pair("token=a=b").unwrap(), ("token", literal));
        for bad in ["token", "=x", "token=", ""] {
            assert!(pair(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_file_loses_its_last_line_end_and_nothing_else() {
        let path = std::env::temp_dir().join(format!("rightful-input-{}", std::process::id()));
        std::fs::write(&path, " s3cret \r\n").unwrap();
        let value = Input::default().value("token", Given::File(path.clone())).unwrap();
        std::fs::write(&path, "\n").unwrap();
        let empty = Input::default().value("token", Given::File(path.clone())).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&*value, " s3cret ");
        assert!(empty.to_string().contains("`token` is empty"));
        let gone = Input::default().value("token", Given::File(path)).unwrap_err();
        assert!(gone.to_string().contains("can't be read"));
    }
}
