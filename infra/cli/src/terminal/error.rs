//! An error for the person who runs a command: one sentence says what is wrong, one what to do.

use super::exit_code::{FAILED, USAGE};
use serde_json::{Value, json};
use std::fmt;

/// An error: what is wrong, what to do about it, and the code if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// One sentence.
    pub what: String,
    /// One sentence.
    pub todo: String,
    /// The code that the deployment gave.
    pub code: Option<String>,
    /// The exit code of the command.
    pub exit: u8,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  to do: {}", self.what, self.todo)?;
        match &self.code {
            Some(code) => write!(f, "\n  code: {code}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CommandError {}

impl CommandError {
    /// The error as `--json` shows it.
    pub fn json(&self) -> Value {
        json!({"error": {"what": self.what, "to_do": self.todo, "code": self.code}})
    }
}

/// The error of a command that could not do what was asked.
pub fn command_error(what: impl Into<String>, todo: impl Into<String>) -> anyhow::Error {
    CommandError { what: what.into(), todo: todo.into(), code: None, exit: FAILED }.into()
}

/// The error of a command line that was not understood.
pub fn usage_error(what: impl Into<String>, todo: impl Into<String>) -> anyhow::Error {
    CommandError { what: what.into(), todo: todo.into(), code: None, exit: USAGE }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_two_sentences() {
        let error = command_error("there is no deployment", "run `make up`");
        assert_eq!(error.to_string(), "there is no deployment\n  to do: run `make up`");
    }
}
