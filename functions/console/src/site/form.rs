//! A form: one question a page, with what was typed before if it was not accepted.

use crate::site::shell::{Shell, Trouble};
use askama::Template;

/// A page with one form.
#[derive(Template)]
#[template(path = "form.html")]
pub(crate) struct FormPage<'a> {
    pub s: Shell<'a>,
    pub about: Vec<String>,
    /// What the form is about, one line each.
    pub items: Vec<String>,
    pub action: String,
    pub hidden: Vec<(String, String)>,
    pub fields: Vec<Field>,
    pub button: String,
    pub class: &'static str,
    /// The page to go back to.
    pub back: String,
    pub trouble: Option<Trouble>,
}

/// A field of a form.
pub(crate) struct Field {
    pub name: String,
    pub label: String,
    pub hint: String,
    pub value: String,
    pub input: Input,
}

/// How a field is filled in.
pub(crate) enum Input {
    /// One line; the browser's type for it.
    Line(&'static str),
    /// Several lines.
    Area,
    /// One of these.
    One(Vec<Choice>),
    /// Any of these.
    Any(Vec<Choice>),
    /// Yes or no.
    Check,
}

/// A choice of a field.
pub(crate) struct Choice {
    pub value: String,
    pub words: String,
    pub hint: String,
    pub chosen: bool,
}

impl Field {
    pub fn new(name: &str, label: String, value: &str, input: Input) -> Self {
        Self { name: name.to_owned(), label, hint: String::new(), value: value.to_owned(), input }
    }

    pub fn hinted(self, hint: String) -> Self {
        Self { hint, ..self }
    }
}

impl Choice {
    pub fn new(value: impl Into<String>, words: String, chosen: bool) -> Self {
        Self { value: value.into(), words, hint: String::new(), chosen }
    }
}
