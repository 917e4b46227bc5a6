//! Placeholders in a definition, such as `${param.client_id}`, and what they become in a request.
//!
//! Placeholders compute nothing: there are no filters and no conditions. A text that is one placeholder becomes
//! a value of the placeholder's own type, so a number stays a JSON number. A placeholder within other text
//! becomes text. Loading a definition checks where each placeholder is allowed, so rendering fails only for a
//! value that a path can't hold.

use crate::params::{ParamValue, Params};
use crate::record_id::TypedId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::borrow::Cow;

/// A placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `${param.NAME}`.
    Param(String),
    /// `${identifier.KIND}`.
    Identifier(String),
    /// `${records}`: the list of the records' ids.
    Records,
    /// `${justification}`.
    Justification,
    /// `${rule_id}`.
    RuleId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    Place(Place),
}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(pub Vec<Part>);

/// A JSON value with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Template),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// The values of the placeholders in one request. No `Debug`: it holds personal data.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub params: &'a Params,
    pub identifier: &'a str,
    pub records: &'a [TypedId],
    pub justification: &'a str,
    pub rule_id: &'a str,
}

impl<'a> Values<'a> {
    pub(crate) fn of(params: &'a Params) -> Self {
        Self { params, identifier: "", records: &[], justification: "", rule_id: "" }
    }
}

/// A rendered JSON value. No `Debug`: it holds personal data.
#[derive(PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(&'a str, Json<'a>)>),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// Says what is wrong with a placeholder and what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else {
                return Err("this placeholder has no closing `}`: write `${…}`".to_owned());
            };
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            parts.push(Part::Place(Place::parse(&rest[start + 2..start + length])?));
            rest = &rest[start + length + 1..];
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The placeholders in it.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.0.iter().filter_map(|part| match part {
            Part::Place(place) => Some(place),
            Part::Text(_) => None,
        })
    }

    /// The placeholder, when the text is nothing else.
    pub(crate) fn lone(&self) -> Option<&Place> {
        match self.0.as_slice() {
            [Part::Place(place)] => Some(place),
            _ => None,
        }
    }

    /// The rendered text, in which each placeholder's value has passed through `escape`.
    pub(crate) fn text<'a>(&'a self, values: Values<'a>, escape: fn(&str) -> Cow<'_, str>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Place(place) => text.push_str(&escape(&place.value(values).into_text())),
            }
        }
        text
    }

    fn json<'a>(&'a self, values: Values<'a>) -> Json<'a> {
        match self.0.as_slice() {
            [Part::Place(place)] => place.value(values),
            [Part::Text(fixed)] => Json::Text(Cow::Borrowed(fixed)),
            _ => Json::Text(Cow::Owned(self.text(values, plain))),
        }
    }
}

impl Place {
    fn parse(name: &str) -> Result<Self, String> {
        match name.split_once('.') {
            Some(("param", name)) if !name.is_empty() => Ok(Self::Param(name.to_owned())),
            Some(("identifier", kind)) if !kind.is_empty() => Ok(Self::Identifier(kind.to_owned())),
            Some(("secret", _)) => Err("only `auth` sends a secret: remove this placeholder".to_owned()),
            None if name == "records" => Ok(Self::Records),
            None if name == "justification" => Ok(Self::Justification),
            None if name == "rule_id" => Ok(Self::RuleId),
            _ => Err(format!(
                "unknown placeholder `${{{name}}}`: write one of `${{param.NAME}}`, `${{identifier.KIND}}`, \
                 `${{records}}`, `${{justification}}`, `${{rule_id}}`"
            )),
        }
    }

    /// The placeholder as an author writes it.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Param(name) => format!("${{param.{name}}}"),
            Self::Identifier(kind) => format!("${{identifier.{kind}}}"),
            Self::Records => "${records}".to_owned(),
            Self::Justification => "${justification}".to_owned(),
            Self::RuleId => "${rule_id}".to_owned(),
        }
    }

    fn value<'a>(&self, values: Values<'a>) -> Json<'a> {
        match self {
            Self::Param(name) => match values.params.get(name) {
                Some(ParamValue::Text(text)) => Json::Text(Cow::Borrowed(text)),
                Some(ParamValue::Integer(number)) => Json::Integer(*number),
                Some(ParamValue::Boolean(flag)) => Json::Bool(*flag),
                // Never: loading checked that the parameter exists, and checking the parameters gave it
                // a value.
                None => Json::Null,
            },
            Self::Identifier(_) => Json::Text(Cow::Borrowed(values.identifier)),
            Self::Records => Json::List(
                values
                    .records
                    .iter()
                    .map(|id| match id {
                        TypedId::Integer(number) => Json::Integer(*number),
                        TypedId::Text(text) => Json::Text(Cow::Borrowed(text)),
                    })
                    .collect(),
            ),
            Self::Justification => Json::Text(Cow::Borrowed(values.justification)),
            Self::RuleId => Json::Text(Cow::Borrowed(values.rule_id)),
        }
    }
}

impl Tree {
    /// The rendered value.
    pub(crate) fn json<'a>(&'a self, values: Values<'a>) -> Json<'a> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Integer(number) => Json::Integer(*number),
            Self::Text(template) => template.json(values),
            Self::List(items) => Json::List(items.iter().map(|item| item.json(values)).collect()),
            Self::Object(fields) => {
                Json::Object(fields.iter().map(|(name, tree)| (name.as_str(), tree.json(values))).collect())
            }
        }
    }
}

impl<'a> Json<'a> {
    /// The text of a scalar. The check of a definition allows no list or object where a text is needed.
    pub(crate) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
            Self::Null | Self::List(_) | Self::Object(_) => Cow::Borrowed(""),
        }
    }

    /// Merges the fields of `more` into it at every depth. They replace fields of the same name.
    pub(crate) fn merge(&mut self, more: Json<'a>) {
        match (self, more) {
            (Self::Object(fields), Self::Object(more)) => {
                for (name, value) in more {
                    match fields.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, there)) => there.merge(value),
                        None => fields.push((name, value)),
                    }
                }
            }
            (there, more) => *there = more,
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// The text unchanged.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Everything but the unreserved characters of RFC 3986: letters, digits and `-._~`.
const NOT_IN_A_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A piece of a path, percent-encoded. Rendering checks that the URL keeps the path as it is: it would not keep
/// a segment of dots.
pub(crate) fn segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NOT_IN_A_SEGMENT).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_into_fixed_parts_and_placeholders() {
        let template = Template::parse("/rules/${rule_id}/of/${param.client_id}").unwrap();
        assert_eq!(
            template.0,
            [
                Part::Text("/rules/".to_owned()),
                Part::Place(Place::RuleId),
                Part::Text("/of/".to_owned()),
                Part::Place(Place::Param("client_id".to_owned())),
            ]
        );
        assert_eq!(Template::parse("").unwrap().0, [Part::Text(String::new())]);
    }

    #[test]
    fn a_malformed_or_unknown_placeholder_is_refused() {
        for bad in ["${", "${}", "${rule", "${rules}", "${param.}", "${secret.token}", "${ records }"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_segment_cannot_leave_its_place() {
        assert_eq!(segment("61f7e45694efba001186ebcd"), "61f7e45694efba001186ebcd");
        assert_eq!(segment("../a b?c#d%2e"), "..%2Fa%20b%3Fc%23d%252e");
    }

    #[test]
    fn a_dry_run_adds_its_fields_and_changes_no_others() {
        let mut body =
            Json::Object(vec![("a", Json::Integer(1)), ("b", Json::Object(vec![("c", Json::Null)]))]);
        body.merge(Json::Object(vec![
            ("b", Json::Object(vec![("d", Json::Bool(true))])),
            ("test", Json::Bool(true)),
        ]));
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"a":1,"b":{"c":null,"d":true},"test":true}"#);
    }
}
