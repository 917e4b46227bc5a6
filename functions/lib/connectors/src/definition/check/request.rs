//! Checks requests and their parts: paths, queries, bodies, placeholders.

use super::checker::Checker;
use crate::definition::checked::Request;
use crate::definition::problem::instead;
use crate::definition::raw::*;
use crate::params::Param;
use crate::template::{Part, Place, Template, Tree};
use reqwest::Method;
use serde_saphyr::{Location, Spanned};

/// The placeholders that a text or a tree may use at its place.
pub(super) struct Scope<'a> {
    pub params: &'a [Param],
    /// The user of the placeholders, for messages: such as "a search".
    pub of: &'static str,
    /// The placeholders that are allowed besides `${param.…}`.
    pub places: Vec<Place>,
}

impl Checker {
    pub(super) fn request(&mut self, raw: RawRequest, scope: &Scope<'_>) -> Option<Request> {
        let method = match raw.method.value {
            RawMethod::Get => Method::GET,
            RawMethod::Post => Method::POST,
            RawMethod::Put => Method::PUT,
            RawMethod::Patch => Method::PATCH,
            RawMethod::Delete => Method::DELETE,
        };
        let path = self.path(&raw.path, scope);
        let query: Vec<_> = raw
            .query
            .0
            .iter()
            .filter_map(|(name, tree)| {
                let template = match &tree.value {
                    RawTree::Text(text) => self.template(text, tree.referenced, scope),
                    RawTree::Integer(number) => Template::parse(&number.to_string()).ok(),
                    RawTree::Bool(flag) => Template::parse(&flag.to_string()).ok(),
                    _ => {
                        self.at(tree.referenced, "a query value is a text, a number, true or false");
                        None
                    }
                }?;
                self.scalars(&template, tree.referenced, "a query");
                Some((name.value.clone(), template))
            })
            .collect();
        if let Some(body) = &raw.body
            && method == Method::GET
        {
            self.at(body.referenced, "a GET has no body: remove it, or write `method: POST`");
        }
        let body = match &raw.body {
            Some(body) => Some(self.tree(&body.value, body.referenced, scope)?),
            None => None,
        };
        let success = match raw.success {
            Some(list) => {
                for status in list.value.iter().filter(|status| !(200..300).contains(&status.value)) {
                    self.at(status.referenced, "a success is a status from 200 to 299");
                }
                if list.value.is_empty() {
                    self.at(
                        list.referenced,
                        "list the statuses that mean success, or leave `success` out for 200 alone",
                    );
                }
                list.value.iter().map(|status| status.value).collect()
            }
            None => vec![200],
        };
        Some(Request { method, path: path?, query, body, success })
    }

    fn path(&mut self, raw: &Spanned<String>, scope: &Scope<'_>) -> Option<Template> {
        let template = self.template(&raw.value, raw.referenced, scope)?;
        self.scalars(&template, raw.referenced, "a path");
        let mut fixed = template.0.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Place(_) => None,
        });
        if !raw.value.starts_with('/') {
            self.at(raw.referenced, format!("a path begins with a slash: write `/{}`", raw.value));
        } else if raw.value.split('/').any(|segment| segment == "." || segment == "..")
            || fixed.any(|text| text.chars().any(|c| !(c.is_ascii_alphanumeric() || "/-._~".contains(c))))
        {
            self.at(
                raw.referenced,
                "a path holds letters, digits and `/ - . _ ~` only; a query belongs in `query`",
            );
        }
        Some(template)
    }

    fn scalars(&mut self, template: &Template, at: Location, place: &str) {
        if template.places().any(|found| *found == Place::Records) {
            self.at(
                at,
                format!("`${{records}}` is a list, which {place} cannot hold: put it into the `body`"),
            );
        }
    }

    pub(super) fn tree(&mut self, raw: &RawTree, at: Location, scope: &Scope<'_>) -> Option<Tree> {
        Some(match raw {
            RawTree::Null => Tree::Null,
            RawTree::Bool(flag) => Tree::Bool(*flag),
            RawTree::Integer(number) => Tree::Integer(*number),
            RawTree::Text(text) => {
                let template = self.template(text, at, scope)?;
                if template.lone().is_none() {
                    self.scalars(&template, at, "a text");
                }
                Tree::Text(template)
            }
            RawTree::List(items) => {
                let items: Vec<_> =
                    items.iter().map(|item| self.tree(&item.value, item.referenced, scope)).collect();
                Tree::List(items.into_iter().collect::<Option<_>>()?)
            }
            RawTree::Object(fields) => {
                let fields: Vec<_> = fields
                    .0
                    .iter()
                    .map(|(name, tree)| {
                        Some((name.value.clone(), self.tree(&tree.value, tree.referenced, scope)?))
                    })
                    .collect();
                Tree::Object(fields.into_iter().collect::<Option<_>>()?)
            }
        })
    }

    pub(super) fn template(&mut self, text: &str, at: Location, scope: &Scope<'_>) -> Option<Template> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(message) => {
                self.at(at, message);
                return None;
            }
        };
        for place in template.places() {
            let known = match place {
                Place::Param(name) => scope.params.iter().any(|param| param.name == *name),
                other => scope.places.contains(other),
            };
            if known {
                continue;
            }
            let mut can: Vec<String> = scope
                .places
                .iter()
                .cloned()
                .chain(scope.params.iter().map(|param| Place::Param(param.name.clone())))
                .map(|place| place.written())
                .collect();
            can.dedup();
            let message =
                format!("{} cannot use `{}`: {}", scope.of, place.written(), instead(&place.written(), &can));
            self.at(at, message);
        }
        Some(template)
    }
}
