//! A vendor's JSON value as a person reads it.

use askama::Template;
use serde_json::{Map, Value};

/// How many levels are laid out. Deeper ones are shown as JSON, because a phone has no room for them.
const LEVELS: usize = 4;

/// A value, ready to be shown. Its `Display` is HTML in which everything is escaped.
#[derive(Template)]
#[template(path = "value.html", whitespace = "minimize")]
pub enum Shown {
    /// No value.
    Empty,
    /// A text, a number, yes or no.
    Text(String),
    /// Fields.
    Fields(Fields),
    /// A list.
    List(Vec<Shown>),
    /// JSON as text.
    Json(String),
}

/// An object's fields by name.
pub struct Fields {
    /// The fields that hold something.
    pub filled: Vec<(String, Shown)>,
    /// The names of the fields that hold nothing.
    pub empty: Vec<String>,
}

impl Fields {
    /// The fields of a record. A record that is not an object counts as one field.
    pub fn of(record: &Value) -> Self {
        match record {
            Value::Object(fields) => Self::at(fields, LEVELS),
            other => Self { filled: vec![("value".to_owned(), Shown::at(other, LEVELS))], empty: Vec::new() },
        }
    }

    fn at(fields: &Map<String, Value>, levels: usize) -> Self {
        let (empty, filled): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| is_empty(value));
        Self {
            filled: filled.into_iter().map(|(name, value)| (shown(name), Shown::at(value, levels))).collect(),
            empty: empty.into_iter().map(|(name, _)| shown(name)).collect(),
        }
    }
}

impl Shown {
    fn at(value: &Value, levels: usize) -> Self {
        match value {
            _ if is_empty(value) => Self::Empty,
            Value::Array(_) | Value::Object(_) if levels == 0 => Self::Json(visible(&value.to_string())),
            Value::Array(items) => Self::List(items.iter().map(|item| Self::at(item, levels - 1)).collect()),
            Value::Object(fields) => Self::Fields(Fields::at(fields, levels - 1)),
            Value::String(text) => Self::Text(visible(text)),
            Value::Bool(true) => Self::Text("yes".to_owned()),
            Value::Bool(false) => Self::Text("no".to_owned()),
            other => Self::Text(other.to_string()),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn shown(name: &str) -> String {
    if name.trim().is_empty() { "(no name)".to_owned() } else { visible(name) }
}

/// The text with a replacement character for each control character, which HTML can't hold.
pub fn visible(text: &str) -> String {
    let sign =
        |c: char| if c.is_control() && !"\n\r\t".contains(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(sign).collect()
}
