//! The parameters of a data source: those that a connector asks for, and the checked values of an operator.

use crate::net;
use reqwest::Url;
use std::collections::BTreeMap;
use std::fmt;

/// A parameter of a data source.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParamKind,
    /// A description that completes "it is …".
    pub description: String,
    /// A value as an operator would write it.
    pub example: String,
    /// The value when none is given. A parameter without a default is required.
    pub default: Option<ParamValue>,
    /// Whether it decides which system, or which account there, is called: another value is another target.
    pub steers: bool,
}

/// A parameter's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text of 1 to 200 bytes.
    String,
    /// A whole number.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Choice(Vec<String>),
    /// A URL without a path, whose host the connector lists.
    Url,
    /// The public DNS name of the operator's own system.
    Host,
}

impl Param {
    /// Reads a text as a value of the parameter's type.
    pub(crate) fn value(&self, text: &str, allow_loopback: bool) -> Result<ParamValue, String> {
        let text = text.trim();
        match &self.kind {
            ParamKind::String | ParamKind::Url => {
                if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
                    return Err("is not 1 to 200 bytes of text".to_owned());
                }
                Ok(ParamValue::Text(text.to_owned()))
            }
            ParamKind::Host => {
                net::operators_host(text, allow_loopback)?;
                Ok(ParamValue::Text(text.to_owned()))
            }
            ParamKind::Integer { min, max } => {
                let number: i64 = text.parse().map_err(|_| "is not a whole number".to_owned())?;
                if number < *min {
                    return Err(format!("is less than {min}"));
                }
                if number > *max {
                    return Err(format!("is more than {max}"));
                }
                Ok(ParamValue::Integer(number))
            }
            ParamKind::Boolean => match text {
                "true" => Ok(ParamValue::Boolean(true)),
                "false" => Ok(ParamValue::Boolean(false)),
                _ => Err("is neither `true` nor `false`".to_owned()),
            },
            ParamKind::Choice(choices) => {
                if choices.iter().any(|choice| choice == text) {
                    Ok(ParamValue::Text(text.to_owned()))
                } else {
                    Err(format!("is not one of {}", choices.join(", ")))
                }
            }
        }
    }
}

/// A parameter's value in its own type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamValue {
    /// A value of type `string`, `choice`, `url` or `host`.
    Text(String),
    /// A value of type `integer`.
    Integer(i64),
    /// A value of type `boolean`.
    Boolean(bool),
}

impl ParamValue {
    /// The value as a text.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(on) => on.to_string(),
        }
    }
}

/// Checked parameters: a value for each that the connector has, the base URL of its paths, and the only hosts
/// that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    pub(crate) values: BTreeMap<String, ParamValue>,
    pub(crate) hosts: Vec<String>,
    pub(crate) base_url: Url,
}

impl Params {
    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.values.get(name)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(ParamValue::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// The only hosts that may be called: the connector's list, in which the operator's own host replaces its
    /// parameter.
    #[must_use]
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The URL at which the vendor's paths begin.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }
}

/// A problem with a parameter. It never holds the given value, which may be a misplaced secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamProblem {
    /// The parameter.
    pub name: String,
    /// The problem, and the value to give instead.
    pub message: String,
}

impl fmt::Display for ParamProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter `{}`: {}", self.name, self.message)
    }
}
