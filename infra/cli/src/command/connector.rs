//! `rightful connector …`. It needs no deployment.

use crate::show;
use crate::terminal::error::command_error;
use crate::terminal::exit_code::{FAILED, OK};
use crate::terminal::format::io_error;
use crate::terminal::output::Out;
use anyhow::Result;
use rightful_connectors::{Connectors, Definition};
use serde_json::{Value, json};
use std::path::Path;

/// Shows the connectors of this version.
pub fn list_connectors(out: Out) -> Result<u8> {
    let connectors = Connectors::embedded()
        .map_err(|error| command_error(error.to_string(), "report it as a defect of this version"))?;
    if out.json {
        let all: Vec<Value> = connectors.iter().map(show::connector::json).collect();
        out.value(&json!({"connectors": all}))?;
    } else {
        let all: Vec<String> = connectors.iter().map(show::connector::text).collect();
        out.line(all.join("\n\n"))?;
    }
    Ok(OK)
}

/// Checks a definition and shows its problems, one line for each.
pub fn check_connector(out: Out, file: &Path) -> Result<u8> {
    let file = if file.is_dir() { file.join("connector.yaml") } else { file.to_owned() };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| {
        command_error(
            format!("the definition {shown} can't be read ({})", io_error(&error)),
            "give a connector.yaml, or the folder that holds it",
        )
    })?;
    match Definition::parse(&shown, &text) {
        Ok(definition) if out.json => {
            out.value(
                &json!({"file": shown, "good": true, "connector": show::connector::json(&definition)}),
            )?;
        }
        Ok(definition) => {
            out.line(format_args!(
                "{shown}: good, the connector {} ({})",
                definition.name, definition.title
            ))?;
        }
        Err(error) => {
            if out.json {
                let problems: Vec<Value> = error
                    .problems
                    .iter()
                    .map(|one| json!({"line": one.line, "column": one.column, "message": one.message}))
                    .collect();
                out.value(&json!({"file": shown, "good": false, "problems": problems}))?;
            } else {
                out.line(&error)?;
            }
            return Ok(FAILED);
        }
    }
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn qualifio() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../functions/lib/connectors/definitions/qualifio/connector.yaml")
    }

    #[test]
    fn a_good_definition_is_good_by_its_file_or_its_folder() {
        let file = qualifio();
        assert_eq!(check_connector(Out { json: false }, &file).unwrap(), OK);
        assert_eq!(check_connector(Out { json: true }, file.parent().unwrap()).unwrap(), OK);
    }

    #[test]
    fn a_broken_definition_is_told_with_its_place_and_fails() {
        let path = std::env::temp_dir().join(format!("rightful-broken-{}.yaml", std::process::id()));
        let broken = std::fs::read_to_string(qualifio()).unwrap().replace("base_url:", "base_ulr:");
        std::fs::write(&path, &broken).unwrap();
        let code = check_connector(Out { json: false }, &path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code, FAILED);
        let line = broken.lines().position(|line| line.starts_with("base_ulr:")).unwrap() + 1;
        let error = Definition::parse("c.yaml", &broken).unwrap_err().to_string();
        assert!(error.starts_with(&format!("c.yaml:{line}:1: ")) && error.contains("base_url"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_as_such() {
        let error = check_connector(Out { json: false }, Path::new("/nowhere/connector.yaml")).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
    }
}
