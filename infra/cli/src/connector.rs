//! `rightful connector …`: what this version can connect, and whether a definition is right. Needs
//! no deployment.

use crate::output::{FAILED, OK, Out, io_words, told};
use crate::source::connectors;
use anyhow::Result;
use rightful_connectors::{Definition, Param, ParamKind, ParamValue};
use serde_json::{Value, json};
use std::path::Path;

/// The connectors of this version, with what each needs.
pub fn list(out: Out) -> Result<u8> {
    let connectors = connectors()?;
    if out.json {
        let all: Vec<Value> = connectors.iter().map(json_of).collect();
        out.value(&json!({"connectors": all}))?;
    } else {
        let all: Vec<String> = connectors.iter().map(text_of).collect();
        out.line(all.join("\n\n"))?;
    }
    Ok(OK)
}

fn kinds(definition: &Definition) -> Vec<&str> {
    definition.identifiers.iter().map(|kind| kind.as_str()).collect()
}

fn type_of(kind: &ParamKind) -> String {
    match kind {
        ParamKind::String => "text".to_owned(),
        ParamKind::Integer { .. } => "whole number".to_owned(),
        ParamKind::Boolean => "true or false".to_owned(),
        ParamKind::Choice(choices) => format!("one of {}", choices.join(", ")),
        ParamKind::Url => "URL".to_owned(),
        ParamKind::Host => "host's name".to_owned(),
    }
}

fn text_of_value(value: &ParamValue) -> String {
    match value {
        ParamValue::Text(text) => text.clone(),
        ParamValue::Integer(number) => number.to_string(),
        ParamValue::Boolean(yes) => yes.to_string(),
    }
}

fn text_of(definition: &Definition) -> String {
    let mut lines = vec![format!("{} ({})", definition.name, definition.title)];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    for asked in definition.kinds() {
        row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    row("calls", definition.hosts.join(", "));
    row("docs", definition.docs.clone());
    for param in &definition.params {
        row("--set", format!("{} ({}): {}", param.name, needed(param), param.description));
    }
    row("shows", definition.shown_fields().collect::<Vec<_>>().join(", "));
    let whole = if definition.states_whole() {
        "every answer to a search says so"
    } else {
        "no answer says so: one with a round number of records is refused"
    };
    row("whole", whole.to_owned());
    for field in &definition.secret {
        row("--secret", format!("{}: {}", field.name, field.description));
    }
    let required = definition.params.iter().filter(|param| param.default.is_none());
    let sets: Vec<String> = required.map(|param| format!("--set {}={}", param.name, param.example)).collect();
    let secrets: Vec<String> =
        definition.secret.iter().map(|field| format!("--secret {}=@FILE", field.name)).collect();
    row(
        "connect",
        format!(
            "rightful source add {0} --id {0}-main {1} {2}",
            definition.name,
            sets.join(" "),
            secrets.join(" ")
        ),
    );
    lines.join("\n")
}

fn needed(param: &Param) -> String {
    let steers = if param.steers { ", another value means another system" } else { "" };
    match &param.default {
        Some(default) => format!("{}, {} unless set{steers}", type_of(&param.kind), text_of_value(default)),
        None => format!("{}, required{steers}", type_of(&param.kind)),
    }
}

fn json_of(definition: &Definition) -> Value {
    let params: Vec<Value> = definition
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name,
                "type": type_of(&param.kind),
                "description": param.description,
                "example": param.example,
                "default": param.default.as_ref().map(text_of_value),
                "required": param.default.is_none(),
                "steers": param.steers,
            })
        })
        .collect();
    let secret: Vec<Value> = definition
        .secret
        .iter()
        .map(|field| json!({"name": field.name, "description": field.description}))
        .collect();
    json!({
        "name": definition.name,
        "version": definition.version,
        "title": definition.title,
        "docs": definition.docs,
        "hosts": definition.hosts,
        "identifiers": kinds(definition),
        "asked": definition.kinds().collect::<Vec<_>>(),
        "shows": definition.shown_fields().collect::<Vec<_>>(),
        "states_whole": definition.states_whole(),
        "params": params,
        "secret": secret,
    })
}

/// Checks a definition; its problems are the answer, one line each.
pub fn check(out: Out, file: &Path) -> Result<u8> {
    let file = if file.is_dir() { file.join("connector.yaml") } else { file.to_owned() };
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| {
        told(
            format!("the definition {shown} can't be read ({})", io_words(&error)),
            "give a connector.yaml, or the folder that holds it",
        )
    })?;
    match Definition::parse(&shown, &text) {
        Ok(definition) if out.json => {
            out.value(&json!({"file": shown, "good": true, "connector": json_of(&definition)}))?;
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
        assert_eq!(check(Out { json: false }, &file).unwrap(), OK);
        assert_eq!(check(Out { json: true }, file.parent().unwrap()).unwrap(), OK);
    }

    #[test]
    fn a_broken_definition_is_told_with_its_place_and_fails() {
        let path = std::env::temp_dir().join(format!("rightful-broken-{}.yaml", std::process::id()));
        let broken = std::fs::read_to_string(qualifio()).unwrap().replace("base_url:", "base_ulr:");
        std::fs::write(&path, &broken).unwrap();
        let code = check(Out { json: false }, &path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code, FAILED);
        let line = broken.lines().position(|line| line.starts_with("base_ulr:")).unwrap() + 1;
        let error = Definition::parse("c.yaml", &broken).unwrap_err().to_string();
        assert!(error.starts_with(&format!("c.yaml:{line}:1: ")) && error.contains("base_url"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_as_such() {
        let error = check(Out { json: false }, Path::new("/nowhere/connector.yaml")).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
    }

    #[test]
    fn a_connector_is_listed_with_the_command_that_connects_it() {
        let connectors = connectors().unwrap();
        let text = text_of(connectors.get("qualifio").unwrap());
        assert!(text.contains(
            "rightful source add qualifio --id qualifio-main --set client_id=2449 --set user_id=1001 --secret token=@FILE"
        ), "{text}");
        assert!(text.contains("  finds by   email: ") && text.contains(", such as "), "{text}");
        assert!(
            text.contains("client_id (whole number, required, another value means another system)"),
            "{text}"
        );
        assert!(text.contains("user_id (whole number, required): "), "{text}");
        assert!(
            text.contains("  shows      email, ") && text.contains("  whole      no answer says so"),
            "{text}"
        );
    }

    #[test]
    fn a_connector_is_told_in_json_with_what_steers_and_what_its_answers_say() {
        let connectors = connectors().unwrap();
        let of = |name: &str| json_of(connectors.get(name).unwrap());
        assert_eq!((&of("qualifio")["version"], &of("qualifio")["states_whole"]), (&json!(1), &json!(false)));
        assert_eq!(of("inhouse")["states_whole"], true);
        assert_eq!(of("inhouse")["shows"], json!(["email", "phone", "customer_id", "name"]));
        let steering = |name: &str| -> Vec<String> {
            let params = of(name)["params"].as_array().unwrap().clone();
            let steering = params.iter().filter(|param| param["steers"] == true);
            steering.map(|param| param["name"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(steering("qualifio"), ["client_id", "base_url"]);
        assert_eq!(steering("inhouse"), ["host"]);
    }
}
