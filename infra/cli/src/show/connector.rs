//! Connectors of this version: what each needs, and the command that connects it.

use crate::terminal::rows::LabelledRows;
use rightful_connectors::{Definition, Param, ParamKind, ParamValue};
use serde_json::{Value, json};

/// A connector, and the command that connects it.
pub fn text(definition: &Definition) -> String {
    let title = format!("{} ({})", definition.name, definition.title);
    let mut rows = LabelledRows::with_label_width(title, 10);
    for asked in definition.kinds() {
        rows.row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    rows.row("calls", definition.hosts.join(", "));
    rows.row("docs", &definition.docs);
    for param in &definition.params {
        rows.row("--set", format!("{} ({}): {}", param.name, needed(param), param.description));
    }
    rows.row("shows", definition.shown_fields().collect::<Vec<_>>().join(", "));
    let whole = if definition.states_whole() {
        "every answer to a search says whether it is complete"
    } else {
        "no answer says whether it is complete: one with a round number of records is refused"
    };
    rows.row("whole", whole);
    for field in &definition.secret {
        rows.row("--secret", format!("{}: {}", field.name, field.description));
    }
    let required = definition.params.iter().filter(|param| param.default.is_none());
    let sets: Vec<String> = required.map(|param| format!("--set {}={}", param.name, param.example)).collect();
    let secrets: Vec<String> =
        definition.secret.iter().map(|field| format!("--secret {}=@FILE", field.name)).collect();
    rows.row(
        "connect",
        format!(
            "rightful source add {0} --id {0}-main {1} {2}",
            definition.name,
            sets.join(" "),
            secrets.join(" ")
        ),
    );
    rows.text()
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

fn needed(param: &Param) -> String {
    let steers = if param.steers { ", another value means another system" } else { "" };
    match &param.default {
        Some(default) => format!("{}, {} unless set{steers}", type_of(&param.kind), text_of_value(default)),
        None => format!("{}, required{steers}", type_of(&param.kind)),
    }
}

/// A connector, as `--json` shows it.
pub fn json(definition: &Definition) -> Value {
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
        "identifiers": definition.identifiers,
        "asked": definition.kinds().collect::<Vec<_>>(),
        "shows": definition.shown_fields().collect::<Vec<_>>(),
        "states_whole": definition.states_whole(),
        "params": params,
        "secret": secret,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_connectors::Connectors;

    #[test]
    fn a_connector_is_listed_with_the_command_that_connects_it() {
        let connectors = Connectors::embedded().unwrap();
        let text = text(connectors.get("qualifio").unwrap());
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
            text.contains("  shows      email, ") && text.contains("  whole      no answer says whether"),
            "{text}"
        );
    }

    #[test]
    fn a_connector_is_told_in_json_with_what_steers_and_what_its_answers_say() {
        let connectors = Connectors::embedded().unwrap();
        let of = |name: &str| json(connectors.get(name).unwrap());
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
