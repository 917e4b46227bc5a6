//! infra/openapi.yaml, and whether an answer is as it says.

use crate::stage::Reply;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Where it is.
pub const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/openapi.yaml");

static DOCUMENT: OnceLock<Document> = OnceLock::new();

/// The document.
pub struct Document {
    pub value: Value,
    schemas: BTreeMap<String, Validator>,
}

impl Document {
    pub fn open() -> &'static Self {
        DOCUMENT.get_or_init(|| {
            let value: Value = serde_saphyr::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
            let names = value["components"]["schemas"].as_object().unwrap().keys();
            let schemas = names.map(|name| (name.clone(), validator(&value, name))).collect();
            Self { value, schemas }
        })
    }

    /// All operations: method, path, operation.
    pub fn operations(&self) -> Vec<(String, &str, &Value)> {
        let mut all = Vec::new();
        for (path, methods) in self.value["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                all.push((method.to_uppercase(), path.as_str(), operation));
            }
        }
        all
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(one, other)| if one.starts_with('{') { !other.is_empty() } else { one == other })
        };
        let all = self.operations();
        all.into_iter().find(|(known, template, _)| known == method && fits(template)).map(|found| found.2)
    }

    /// Panics unless the answer is as the document says; gives the operation's id.
    pub fn check(&self, method: &str, path: &str, sent: Option<&str>, reply: &Reply) -> Option<String> {
        let Some(operation) = self.operation(method, path) else {
            let response = match reply.status {
                404 => "NoRoute",
                405 => "NoMethod",
                _ => panic!("{method} {path} is in the API and not in the document"),
            };
            self.check_response(&self.value["components"]["responses"][response], method, path, reply);
            return None;
        };
        let id = operation["operationId"].as_str().unwrap();
        let status = reply.status.to_string();
        let response = &operation["responses"][&status];
        assert!(!response.is_null(), "{id} gives {status}, which the document doesn't know: {}", reply.text);
        let response = match response["$ref"].as_str() {
            Some(place) => self.value.pointer(place.trim_start_matches('#')).unwrap(),
            None => response,
        };
        self.check_response(response, method, path, reply);
        if reply.status < 300
            && let Some(schema) = schema_of(&operation["requestBody"])
        {
            let sent = sent.filter(|sent| !sent.is_empty()).unwrap_or("{}");
            self.check_schema(schema, &serde_json::from_str(sent).unwrap(), &format!("what {id} takes"));
        }
        Some(id.to_owned())
    }

    fn check_response(&self, response: &Value, method: &str, path: &str, reply: &Reply) {
        let what = format!("{method} {} -> {}", path.split('?').next().unwrap(), reply.status);
        match schema_of(response) {
            None => assert_eq!(reply.text, "", "{what} has a body"),
            Some(schema) => {
                assert_eq!(reply.headers["content-type"], "application/json", "{what}");
                self.check_schema(schema, &reply.body, &what);
            }
        }
        if let Some(codes) = response["x-error-codes"].as_array() {
            assert!(codes.iter().any(|code| code == reply.code()), "{what} gives {}", reply.text);
            assert!(reply.message().len() > 15, "{what}: says nothing");
        }
    }

    /// Panics unless a value is as a schema of the document says.
    pub fn check_schema(&self, name: &str, value: &Value, what: &str) {
        let problems: Vec<String> = self.schemas[name]
            .iter_errors(value)
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{what} is not as {name} says: {problems:#?}");
    }

    /// The code of every error that the document names.
    pub fn codes(&self) -> BTreeSet<String> {
        let mut codes = BTreeSet::new();
        collect(&self.value, &mut codes);
        codes
    }
}

fn collect(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("x-error-codes", Value::Array(all)) => {
                        codes.extend(all.iter().map(|code| code.as_str().unwrap().to_owned()));
                    }
                    _ => collect(value, codes),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, codes)),
        _ => {}
    }
}

/// The name of the schema of a body or an answer.
fn schema_of(of: &Value) -> Option<&str> {
    let place = of["content"]["application/json"]["schema"]["$ref"].as_str()?;
    Some(place.strip_prefix("#/components/schemas/").unwrap())
}

fn validator(document: &Value, name: &str) -> Validator {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::validator_for(&schema).unwrap_or_else(|problem| panic!("the schema {name}: {problem}"))
}
