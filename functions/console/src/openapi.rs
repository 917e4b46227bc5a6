//! infra/openapi.yaml: written from the table of routes and from the types of their handlers.

use crate::docs::{self, Docs, Example};
use crate::errors;
use crate::ports::Outside;
use crate::query::{Parameter, Takes};
use crate::route::{Described, Route};
use crate::routes::routes;
use rightful_domain::base::code::Code;
use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::transform_subschemas;
use schemars::{Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The document, in YAML.
///
/// # Errors
/// When an example is not JSON, or a type has one shape in a body and another in an answer.
pub fn document<O: Outside>() -> Result<String, Box<dyn std::error::Error>> {
    let (mut sent, mut answered) = (generator(Contract::Deserialize), generator(Contract::Serialize));
    let mut paths: Vec<(&str, InOrder<String, Operation>)> = Vec::new();
    for route in routes::<O>() {
        let operation = operation(&route, &mut sent, &mut answered)?;
        let method = route.method.to_lowercase();
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => methods.0.push((method, operation)),
            None => paths.push((route.path, InOrder(vec![(method, operation)]))),
        }
    }
    // Error answers are the same everywhere.
    answered.subschema_for::<rightful_domain::view::error::ErrorBody>();
    let document = Document {
        openapi: "3.1.0",
        info: json!({
            "title": "Rightful",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": ABOUT,
        }),
        servers: json!([{
            "url": "https://{api}.execute-api.{region}.amazonaws.com",
            "variables": {"api": {"default": "api"}, "region": {"default": "eu-west-1"}},
        }]),
        security: json!([{"sigv4": []}]),
        tags: docs::SUBJECTS.map(|one| json!({"name": one.name, "description": one.description})),
        paths: InOrder(paths),
        components: json!({
            "securitySchemes": {"sigv4": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "x-amazon-apigateway-authtype": "awsSigv4",
                "description": "AWS Signature Version 4 for the service `execute-api`.",
            }},
            "responses": BTreeMap::from(SHARED.map(|(name, code)| (name, refused(&[code])))),
            "schemas": schemas(sent, answered)?,
        }),
    };
    Ok(format!("{HEAD}{}", serde_saphyr::to_string(&document)?))
}

const HEAD: &str =
    "# Written by `make openapi` from functions/console and the types of the domain: change those.\n";

const ABOUT: &str = "The operators' API: data sources, requests, decisions, copies.

Each call is signed with AWS Signature Version 4 as an IAM identity, which is recorded with everything the \
call does. Identifiers are sent only in bodies; no URL holds anything personal, and an unknown query parameter \
is refused. A body has 256 KiB at most.

Every list comes in pages of 1 to 100 items: pass `next` to the next call until it is `null`.

An error has a `code` for machines and a `message` that says what to do. A path that is not listed here is \
answered with `404 route_unknown`, and a method that the path does not take with `405 method_not_allowed`.";

/// The errors that stand alone at their status, by the name of the answer.
const SHARED: [(&str, Code); 5] = [
    ("Unsigned", Code::IdentityMissing),
    ("Misconfigured", Code::Misconfigured),
    ("Unavailable", Code::Unavailable),
    ("NoRoute", Code::RouteUnknown),
    ("NoMethod", Code::MethodNotAllowed),
];

#[derive(Serialize)]
struct Document<'a> {
    openapi: &'static str,
    info: Value,
    servers: Value,
    security: Value,
    tags: [Value; 7],
    paths: InOrder<&'a str, InOrder<String, Operation>>,
    components: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation_id: &'static str,
    tags: [&'static str; 1],
    summary: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<Value>,
    responses: BTreeMap<String, Value>,
}

/// A map that keeps the order in which it was filled.
struct InOrder<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for InOrder<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

fn operation<O>(
    route: &Route<O>,
    sent: &mut SchemaGenerator,
    answered: &mut SchemaGenerator,
) -> Result<Operation, Box<dyn std::error::Error>> {
    let Described { docs, body, success } = route.described;
    let Docs { id, subject, summary, description, takes, shows, success: means, errors: own } = *docs;
    let request_body = match (body, takes) {
        (Some(body), Some(example)) => Some(request_body(body(sent), example)?),
        (None, None) => None,
        _ => return Err(format!("{id}: an example for a body, and only for a body").into()),
    };
    let mut responses = BTreeMap::new();
    for (status, shape) in success(answered) {
        let means = means.iter().find(|(of, _)| *of == status).map_or("Done.", |(_, means)| *means);
        let mut response = json!({"description": means});
        if let Some(shape) = shape {
            response["content"] = content(&shape, shows.map(serde_json::from_str).transpose()?);
        }
        responses.insert(status.to_string(), response);
    }
    let mut codes: Vec<Code> =
        vec![Code::ParameterMalformed, Code::IdentityMissing, Code::Misconfigured, Code::Unavailable];
    if request_body.is_some() {
        codes.extend([Code::BodyMalformed, Code::BodyNotJson, Code::BodyUnreadable]);
        codes.push(Code::BodyTooLarge);
    }
    let mut parameters = Vec::new();
    if let Some(name) = name_in(route.path) {
        let (about, schema) = match name {
            "id" => ("The request's id.", json!({"$ref": "#/components/schemas/RequestId"})),
            "source" => ("The data source's id.", json!({"$ref": "#/components/schemas/SourceId"})),
            _ => ("The channel's name, such as `zendesk`.", json!({"type": "string"})),
        };
        match name {
            "id" => codes.extend([Code::IdMalformed, Code::RequestNotFound]),
            "source" => codes.extend([Code::IdMalformed, Code::SourceNotFound]),
            _ => {}
        }
        parameters.push(
            json!({"name": name, "in": "path", "required": true, "description": about, "schema": schema}),
        );
    }
    parameters.extend(route.query.iter().map(parameter));
    codes.extend(own);
    codes.sort_by_key(|code| (errors::status(*code), code.as_str()));
    for codes in codes.chunk_by(|one, other| errors::status(*one) == errors::status(*other)) {
        let shared = SHARED.iter().find(|(_, code)| codes == [*code]);
        let response = match shared {
            Some((name, _)) => json!({"$ref": format!("#/components/responses/{name}")}),
            None => refused(codes),
        };
        responses.insert(errors::status(codes[0]).to_string(), response);
    }
    Ok(Operation {
        operation_id: id,
        tags: [subject.name],
        summary,
        description,
        parameters,
        request_body,
        responses,
    })
}

/// The name in a path's braces.
fn name_in(path: &str) -> Option<&str> {
    path.split_once('{')?.1.split_once('}').map(|(name, _)| name)
}

fn parameter(Parameter { name, about, takes }: &Parameter) -> Value {
    let schema = match takes {
        Takes::Number { least, most, default } => {
            let mut schema = json!({"type": "integer", "minimum": least});
            for (word, bound) in [("maximum", most), ("default", default)] {
                if let Some(bound) = bound {
                    schema[word] = json!(bound);
                }
            }
            schema
        }
        Takes::RequestState => json!({"$ref": "#/components/schemas/RequestState"}),
        Takes::Right => json!({"$ref": "#/components/schemas/Right"}),
        Takes::Flag => json!({"type": "boolean", "default": false}),
        Takes::Text => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "description": about, "schema": schema})
}

fn request_body(shape: Schema, example: Example) -> serde_json::Result<Value> {
    let (required, example) = match example {
        Example::Required(example) => (true, example),
        Example::Optional(example) => (false, example),
    };
    Ok(json!({"required": required, "content": content(&shape, Some(serde_json::from_str(example)?))}))
}

fn content(shape: &Schema, example: Option<Value>) -> Value {
    let mut json = json!({"schema": shape});
    if let Some(example) = example {
        json["example"] = example;
    }
    json!({"application/json": json})
}

/// An answer with errors of one status.
fn refused(codes: &[Code]) -> Value {
    let lines: Vec<String> =
        codes.iter().map(|code| format!("- `{code}`: {}", sentence(code.what()))).collect();
    json!({
        "description": format!("{}\n\n{}", errors::meaning(errors::status(codes[0])), lines.join("\n")),
        "x-error-codes": codes,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    })
}

/// A text of the command line as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.contract = contract;
        settings.definitions_path = "/components/schemas".into();
    });
    settings.into_generator()
}

/// The shapes of all bodies and of all answers. A type that is sent and answered has one shape.
fn schemas(mut sent: SchemaGenerator, mut answered: SchemaGenerator) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    for (definitions, is_answer) in
        [(sent.take_definitions(true), false), (answered.take_definitions(true), true)]
    {
        for (name, mut definition) in definitions {
            if let Ok(schema) = <&mut Schema>::try_from(&mut definition) {
                finish(schema, is_answer);
            }
            match all.get(&name) {
                Some(other) if *other != definition => {
                    return Err(format!("{name} has one shape in a body and another in an answer"));
                }
                _ => all.insert(name, definition),
            };
        }
    }
    Ok(all)
}

/// Finishes the schema of a type: it speaks of JSON and not of Rust, it lists the words of an enumeration, and
/// it allows no other members.
fn finish(schema: &mut Schema, is_answer: bool) {
    transform_subschemas(&mut |inner: &mut Schema| finish(inner, is_answer), schema);
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = unwrapped(text);
    }
    list_words(schema);
    if schema.get("properties").is_some() {
        schema.ensure_object().entry("additionalProperties").or_insert(Value::Bool(false));
    }
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties {
        let is_required = required.contains(&json!(name));
        if let Value::Object(property) = property {
            finish_property(property, is_answer, is_required);
        }
    }
}

fn finish_property(property: &mut Map<String, Value>, is_answer: bool, is_required: bool) {
    let left_out = is_answer && !is_required;
    if is_answer {
        property.remove("default");
    }
    if left_out {
        remove_null(property);
    }
    let Some(Value::String(text)) = property.get_mut("description") else { return };
    *text = text.replace("`None`", if left_out { "left out" } else { "`null`" });
    // One word, such as "When.", says no more than the member's name.
    if !text.contains(' ') {
        property.remove("description");
    }
}

/// The text of a comment without its line breaks; paragraphs stay.
fn unwrapped(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// Turns a schema for each word of an enumeration into a list of the words, which the description explains.
fn list_words(schema: &mut Schema) {
    let Some(Value::Array(each)) = schema.get("oneOf") else { return };
    let words: Option<Vec<(Value, String)>> = each
        .iter()
        .map(|one| {
            let means = one.get("description").and_then(Value::as_str).unwrap_or_default();
            Some((one.get("const")?.clone(), means.to_owned()))
        })
        .collect();
    let Some(words) = words else { return };
    let lines: Vec<String> = words
        .iter()
        .map(|(word, means)| format!("- `{}`: {means}", word.as_str().unwrap_or_default()))
        .collect();
    let about = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = format!("{about}\n\n{}", lines.join("\n"));
    let object = schema.ensure_object();
    object.remove("oneOf");
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), words.into_iter().map(|(word, _)| word).collect());
    object.insert("description".to_owned(), json!(about));
}

/// Removes `null` from what a member may be: an answer leaves out a member that is not required.
fn remove_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            property.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(mut either)) = property.remove("anyOf") {
        either.retain(|one| *one != json!({"type": "null"}));
        match &mut either[..] {
            [Value::Object(only)] => property.append(only),
            _ => drop(property.insert("anyOf".to_owned(), Value::Array(either))),
        }
    }
}
