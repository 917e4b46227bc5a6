//! Identifier kinds: how a definition describes them, and what their values look like.

use super::check::Checker;
use super::raw::*;
use super::*;
use rightful_domain::base::identifier::Identifier;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The kinds whose form is the domain's own.
const BUILT_IN: [&str; 2] = ["email", "phone"];

impl Form {
    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong with it; never the value itself.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        match self {
            Self::Text => Ok(()),
            Self::Digits if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            Self::Digits => Err("is not made of the digits 0 to 9 alone"),
            Self::Uuid if is_uuid(value) => Ok(()),
            Self::Uuid => Err("is not a UUID: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20"),
        }
    }

    /// Whether a value that a vendor shows is this identifier.
    pub(crate) fn matches(self, identifier: &Identifier, shown: &str) -> bool {
        match self {
            // RFC 9562: letters in either case are the same.
            Self::Uuid => Identifier::new(identifier.kind().clone(), shown)
                .is_ok_and(|shown| shown.expose().eq_ignore_ascii_case(identifier.expose())),
            Self::Digits | Self::Text => identifier.matches(shown),
        }
    }
}

/// Whose a record is, by what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The person's, by an exact comparison.
    Matches,
    /// Perhaps the person's: the identifier is a whole part of what it shows.
    Doubtful,
    /// Somebody else's.
    Other,
}

impl Form {
    /// Whose `record` is that shows `shown` where this kind's value stands. A list is the person's when all
    /// of it is. An e-mail address or a phone number is looked for in the whole record; other values are
    /// too short to mean anything elsewhere.
    pub(crate) fn fit(self, identifier: &Identifier, shown: Option<&Value>, record: &Value) -> Fit {
        let is_it = |value: &Value| match value {
            Value::String(text) => self.matches(identifier, text),
            // Digits may come as a number.
            Value::Number(number) => self == Self::Digits && self.matches(identifier, &number.to_string()),
            _ => false,
        };
        let matches = match shown {
            Some(Value::Array(members)) => !members.is_empty() && members.iter().all(is_it),
            Some(shown) => is_it(shown),
            None => false,
        };
        if matches {
            return Fit::Matches;
        }
        let anywhere = BUILT_IN.contains(&identifier.kind().as_str());
        let mut all = if anywhere { texts(record) } else { Vec::new() };
        all.extend(shown.map(texts).unwrap_or_default());
        if all.iter().any(|text| self.is_part(identifier, text)) { Fit::Doubtful } else { Fit::Other }
    }

    /// Whether a value is another one than this identifier: a phone number as it is written within its
    /// country is the same.
    pub(crate) fn differs(self, identifier: &Identifier, text: &str) -> bool {
        !self.matches(identifier, text) && !is_written_otherwise(identifier, text)
    }

    /// Whether the identifier is a whole part of a text, such as one address of two.
    fn is_part(self, identifier: &Identifier, text: &str) -> bool {
        if identifier.kind().as_str() == "phone" {
            return numbers(text).any(|number| !self.differs(identifier, number));
        }
        let own = |c: char| c.is_alphanumeric() || ".+-_%@".contains(c) || identifier.expose().contains(c);
        // Once with and once without the marks that belong to no letter.
        let loose = |c: char| own(c) || !c.is_ascii() && !c.is_whitespace();
        let is_it = |part: &str| {
            self.matches(identifier, part.trim_matches(['.', '\'']))
                || self.matches(identifier, part.trim_matches(['.', '\'', '-', '_', '+', '%']))
        };
        text.split(|c| !own(c)).any(is_it) || text.split(|c| !loose(c)).any(is_it)
    }
}

/// Every text and number in a value, blank ones left out.
pub(crate) fn texts(value: &Value) -> Vec<Cow<'_, str>> {
    match value {
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => vec![Cow::Borrowed(text)],
        Value::Number(number) => vec![Cow::Owned(number.to_string())],
        Value::Array(members) => members.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

/// The pieces of a text that may each be a phone number.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let within =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-.()/_\u{ad}\u{b7}".contains(c) || is_dash(c);
    let runs = text.split(move |c| !within(c)).flat_map(|run| {
        let starts = run.match_indices('+').map(|(at, _)| at).filter(|at| *at > 0);
        let ends: Vec<usize> = starts.chain([run.len()]).collect();
        let mut from = 0;
        ends.into_iter().map(move |to| &run[std::mem::replace(&mut from, to)..to])
    });
    // Two numbers in a row, or one with its extension behind it.
    runs.flat_map(|run| {
        let apart = run.split(|c: char| "/(_".contains(c)).chain(run.split_whitespace());
        [run].into_iter().chain(apart).chain(run.split(" - ")).chain(run.split(is_dash))
    })
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Digits that two phone numbers must share for one to be the other without its country's code.
const ENOUGH_DIGITS: usize = 7;

/// Whether a text is a phone number in E.164 with its prefix within the country, or that number as it is
/// written there.
fn is_written_otherwise(identifier: &Identifier, text: &str) -> bool {
    let (true, Some(whole)) = (identifier.kind().as_str() == "phone", identifier.expose().strip_prefix('+'))
    else {
        return false;
    };
    let text = text.replace("(0)", "");
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let abroad = if text.trim_start().starts_with('+') {
        Some(&*digits)
    } else {
        // As it is dialled from most countries, and from those of North America.
        digits.strip_prefix("00").or_else(|| digits.strip_prefix("011"))
    };
    if let Some(abroad) = abroad {
        // After the country's code of one to three digits, the prefix that is dialled within it.
        let prefixed = |at: usize| {
            abroad
                .get(at..)
                .and_then(|rest| rest.strip_prefix('0'))
                .is_some_and(|rest| whole.get(..at) == abroad.get(..at) && whole.get(at..) == Some(rest))
        };
        return abroad == whole || (1..=3).any(prefixed);
    }
    let within = [Some(digits.trim_start_matches('0')), digits.strip_prefix('8'), digits.strip_prefix("06")];
    within.into_iter().flatten().any(|own| own.len() >= ENOUGH_DIGITS && whole.ends_with(own))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Checker {
    pub(super) fn kinds(
        &mut self,
        raw: Spanned<Vec<RawIdentifier>>,
        searches: &[Spanned<String>],
    ) -> Vec<Asked> {
        let mut seen = BTreeSet::new();
        for by in searches {
            if !raw.value.iter().any(|described| described.kind.value == by.value) {
                let message = format!(
                    "there is a search by `{0}`, and `identifiers` doesn't describe it: add `- kind: {0}`",
                    by.value
                );
                self.at(by.referenced, message);
            }
        }
        raw.value.into_iter().filter_map(|raw| self.kind(raw, searches, &mut seen)).collect()
    }

    fn kind(
        &mut self,
        raw: RawIdentifier,
        searches: &[Spanned<String>],
        seen: &mut BTreeSet<String>,
    ) -> Option<Asked> {
        self.once(seen, "identifier kind", &raw.kind);
        self.text(&raw.description);
        let built_in = BUILT_IN.contains(&raw.kind.value.as_str());
        if let Some(form) = &raw.form
            && built_in
        {
            let message = format!("the kind `{}` has a form of its own: leave `form` out", raw.kind.value);
            self.at(form.referenced, message);
        }
        let Ok(kind) = IdentifierKind::parse(&raw.kind.value) else {
            self.at(
                raw.kind.referenced,
                "write an identifier kind of a-z, 0-9 and _, beginning with a letter, such as `email`",
            );
            return None;
        };
        if !searches.iter().any(|by| by.value == raw.kind.value) {
            let message = format!(
                "no search is by `{0}`: add one with `by: {0}`, or take this description out",
                raw.kind.value
            );
            self.at(raw.kind.referenced, message);
        }
        let form = raw.form.filter(|_| !built_in).map_or(Form::Text, |form| form.value);
        let fits = match Identifier::new(kind.clone(), &raw.example.value) {
            Ok(example) => form.check(example.expose()).map_err(|wrong| format!("it {wrong}")),
            Err(error) => Err(error.to_string()),
        };
        if let Err(wrong) = fits {
            self.at(raw.example.referenced, format!("the example does not fit its kind: {wrong}"));
        }
        let kind = AskedKind { kind, description: raw.description.value, example: raw.example.value };
        Some(Asked { kind, form })
    }
}
