//! The query of a call. Nothing personal belongs in a URL, so whatever a route does not know is refused.

use crate::answer::{Refusal, objection};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rightful_domain::base::code::Code;
use rightful_domain::law::right::Right;

/// The most items that a page can have.
const MOST_ITEMS: u32 = 100;
/// How many items a page has unless the call asks for another number.
const ITEMS: u32 = 50;

/// A parameter that a route knows.
#[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "only infra/openapi.yaml has these words"))]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    pub takes: Takes,
}

/// The values that a parameter takes.
#[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "only infra/openapi.yaml has these words"))]
pub(crate) enum Takes {
    /// A whole number from `least` on.
    Number { least: u32, most: Option<u32>, default: Option<u32> },
    /// `open` or `closed`.
    RequestState,
    /// `erasure` or `access`.
    Right,
    /// `true` or `false`.
    Flag,
    /// A text.
    Text,
}

/// How many items a page has.
pub(crate) const LIMIT: Parameter = Parameter {
    name: "limit",
    about: "The most items that the page can have.",
    takes: Takes::Number { least: 1, most: Some(MOST_ITEMS), default: Some(ITEMS) },
};

/// Where a list continues.
pub(crate) const CURSOR: Parameter =
    Parameter { name: "cursor", about: "The `next` of the page before, unchanged.", takes: Takes::Text };

/// The parameters of a query.
pub(crate) struct Query<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Query<'a> {
    /// Takes these parameters.
    ///
    /// # Errors
    /// When one is not known, or comes twice.
    pub fn read(all: Vec<(&'a str, &'a str)>, known: &[Parameter]) -> Result<Self, Refusal> {
        let known: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
        let takes = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let unknown = all.iter().any(|(name, _)| !known.contains(name));
        let twice =
            all.iter().enumerate().any(|(n, (name, _))| all[..n].iter().any(|(other, _)| other == name));
        if unknown {
            return Err(parameter("", format!("the query has an unknown parameter; it takes: {takes}")));
        }
        if twice {
            return Err(parameter(
                "",
                format!("the query has a parameter twice; give each of these once: {takes}"),
            ));
        }
        Ok(Self(all))
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A whole number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Refusal> {
        let wrong = |_| parameter(name, format!("`{name}` is a whole number from 0 on"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self.text(name) {
            None => Ok(None),
            Some(text) if digits(text) => text.parse().map(Some).map_err(|_| wrong(())),
            Some(_) => Err(wrong(())),
        }
    }

    /// `true` or `false`; `false` if it is left out.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(parameter(name, format!("`{name}` is true or false"))),
        }
    }

    /// `erasure` or `access`.
    pub fn right(&self, name: &str) -> Result<Option<Right>, Refusal> {
        let known = [Right::Erasure, Right::Access];
        let right = |text| known.into_iter().find(|right| right.as_str() == text);
        let wrong = || parameter(name, format!("`{name}` is erasure or access"));
        self.text(name).map(|text| right(text).ok_or_else(wrong)).transpose()
    }

    /// How many items the page may have.
    pub fn limit(&self) -> Result<u32, Refusal> {
        limit(self.number("limit")?)
            .ok_or_else(|| parameter("limit", format!("`limit` is a whole number from 1 to {MOST_ITEMS}")))
    }

    /// Where the list continues.
    pub fn cursor(&self) -> Result<Option<String>, Refusal> {
        let Some(cursor) = self.text("cursor") else { return Ok(None) };
        let read = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        read.map(Some).ok_or_else(wrong_cursor)
    }
}

/// How many items a page may have, from the number that the call asks for; `None` when that is out of range.
pub(crate) fn limit(asked: Option<u32>) -> Option<u32> {
    let asked = asked.unwrap_or(ITEMS);
    (1..=MOST_ITEMS).contains(&asked).then_some(asked)
}

/// A cursor for a place in a list, in characters that need no escaping in a URL.
pub(crate) fn cursor(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

pub(crate) fn wrong_cursor() -> Refusal {
    parameter("cursor", "`cursor` is the `next` of an earlier page of the same list, unchanged".to_owned())
}

pub(crate) fn parameter(name: &str, what: String) -> Refusal {
    let refusal = Refusal::new(Code::ParameterMalformed, &what);
    if name.is_empty() { refusal } else { refusal.with(objection(name, what)) }
}
