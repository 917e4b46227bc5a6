//! The problems of a definition: what is wrong, where, and what to write instead.

use serde_saphyr::Location;
use std::fmt;
use strsim::osa_distance;

/// One problem of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0 when it is unknown.
    pub line: u64,
    /// The column, from 1; 0 when it is unknown.
    pub column: u64,
    /// The problem, and the text to write instead.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(at: Location, message: impl Into<String>) -> Self {
        Self { line: at.line(), column: at.column(), message: message.into() }
    }
}

/// Why a definition cannot be used: one line for each problem, `connector.yaml:12:5: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// The file's name, as the parser was given it.
    pub file: String,
    /// The problems in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            let end = if n == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{}:{}: {}", self.file, problem.line, problem.column, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for DefinitionError {}

/// Says to write the nearest known word, or one of all known words when none is near.
pub(crate) fn instead(written: &str, known: &[impl AsRef<str>]) -> String {
    let nearest = known
        .iter()
        .map(|known| (osa_distance(written, known.as_ref()), known.as_ref()))
        .min()
        .filter(|(far, known)| *far <= known.len().div_ceil(3));
    match nearest {
        Some((_, known)) => format!("write `{known}`"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => {
            let all: Vec<String> = known.iter().map(|known| format!("`{}`", known.as_ref())).collect();
            format!("write one of {}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_answered_with_the_word_that_was_meant() {
        assert_eq!(instead("qurey", &["path", "query", "method"]), "write `query`");
        assert_eq!(instead("colour", &["path", "query"]), "write one of `path`, `query`");
    }
}
