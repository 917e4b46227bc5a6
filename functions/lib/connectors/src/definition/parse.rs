//! Reads `connector.yaml`: its shape first, then its meaning.

use super::check::check;
use super::checked::Definition;
use super::problem::{DefinitionError, Problem, instead};
use super::raw::RawDefinition;
use serde_saphyr::{Error, Location};

impl Definition {
    /// Parses and checks a definition. `file_name` only names it in messages.
    ///
    /// # Errors
    /// Every problem with its line and column. A problem of the file's shape (a field that is unknown, missing
    /// or of another type) is reported alone, because the rest can't be judged without it.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, DefinitionError> {
        let failed = |problems| DefinitionError { file: file_name.to_owned(), problems };
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let raw: RawDefinition = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| failed(vec![of_yaml(&error)]))?;
        check(raw).map_err(failed)
    }

    /// The embedded definition of Qualifio.
    #[cfg(test)]
    pub(crate) fn qualifio() -> std::sync::Arc<Self> {
        let text = include_str!("../../definitions/qualifio/connector.yaml");
        std::sync::Arc::new(Self::parse("connector.yaml", text).unwrap())
    }
}

/// The problem behind an error of the YAML reader.
fn of_yaml(error: &Error) -> Problem {
    let error = error.without_snippet();
    let at = error.location().unwrap_or(Location::UNKNOWN);
    let message = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown field `{field}`: {}", instead(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("`{variant}` is not allowed here: {}", instead(variant, expected))
        }
        Error::SerdeMissingField { field, .. } => {
            format!("missing field `{field}`: add `{field}: …` to this block")
        }
        Error::DuplicateMappingKey { key, .. } => {
            format!("`{}` is listed twice: keep one", key.as_deref().unwrap_or("this key"))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            format!("found {unexpected}, write {expected}")
        }
        Error::InvalidScalar { ty: "bool", .. } | Error::InvalidBooleanStrict { .. } => {
            "write `true` or `false`".to_owned()
        }
        Error::InvalidScalar { .. } => "write a whole number without quotes".to_owned(),
        Error::Unexpected { expected, .. } if expected.starts_with("sequence") => {
            "write a list here, with `- ` before each item".to_owned()
        }
        Error::Unexpected { expected, .. } if expected.starts_with("mapping") => {
            "write a block of `name: value` lines here".to_owned()
        }
        other => {
            let text = other.to_string();
            // The problem already states the place.
            let line = text.lines().next().unwrap_or_default();
            line.rsplit_once(" at line ").map_or(line, |(message, _)| message).to_owned()
        }
    };
    Problem::new(at, message)
}
