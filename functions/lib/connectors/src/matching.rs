//! Whether a record is the person's: the form of an identifier kind's values, and how a vendor's text is
//! compared with one.

use rightful_domain::base::identifier::Identifier;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// The kinds whose form the domain defines.
pub(crate) const BUILT_IN: [&str; 2] = ["email", "phone"];

/// The form of an identifier kind's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Digits,
    Uuid,
    Text,
}

/// Whose record it is, judged by the values that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// The person's: the value equals the identifier.
    Matches,
    /// Perhaps the person's: the value contains the identifier as a whole part.
    Doubtful,
    /// Somebody else's.
    Other,
}

impl Form {
    /// Checks a value.
    ///
    /// # Errors
    /// Says what is wrong, and never repeats the value.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        match self {
            Self::Text => Ok(()),
            Self::Digits if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            Self::Digits => Err("is not made of the digits 0 to 9 alone"),
            Self::Uuid if is_uuid(value) => Ok(()),
            Self::Uuid => Err("is not a UUID: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20"),
        }
    }

    /// Whether a value that a vendor shows equals this identifier.
    pub(crate) fn matches(self, identifier: &Identifier, shown: &str) -> bool {
        match self {
            // RFC 9562: case makes no difference.
            Self::Uuid => Identifier::new(identifier.kind().clone(), shown)
                .is_ok_and(|shown| shown.expose().eq_ignore_ascii_case(identifier.expose())),
            Self::Digits | Self::Text => identifier.matches(shown),
        }
    }

    /// Whose `record` it is, when it shows `shown` where this kind's value belongs. A list is the person's
    /// when all its members are. An e-mail address or a phone number is looked for in the whole record; other
    /// values are too short to mean anything elsewhere.
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

    /// Whether a value differs from this identifier. A phone number as it is written within its country does
    /// not differ.
    pub(crate) fn differs(self, identifier: &Identifier, text: &str) -> bool {
        !self.matches(identifier, text) && !is_written_otherwise(identifier, text)
    }

    /// Whether a text contains the identifier as a whole part, such as one address of two.
    fn is_part(self, identifier: &Identifier, text: &str) -> bool {
        if identifier.kind().as_str() == "phone" {
            return numbers(text).any(|number| !self.differs(identifier, number));
        }
        let own = |c: char| c.is_alphanumeric() || ".+-_%@".contains(c) || identifier.expose().contains(c);
        // Once with and once without non-ASCII marks that are not letters.
        let loose = |c: char| own(c) || !c.is_ascii() && !c.is_whitespace();
        let is_it = |part: &str| {
            self.matches(identifier, part.trim_matches(['.', '\'']))
                || self.matches(identifier, part.trim_matches(['.', '\'', '-', '_', '+', '%']))
        };
        text.split(|c| !own(c)).any(is_it) || text.split(|c| !loose(c)).any(is_it)
    }
}

/// Every text and number in a value, without blank texts.
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

/// The pieces of a text that may be phone numbers.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let within =
        |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-.()/_\u{ad}\u{b7}".contains(c) || is_dash(c);
    let runs = text.split(move |c| !within(c)).flat_map(|run| {
        let starts = run.match_indices('+').map(|(at, _)| at).filter(|at| *at > 0);
        let ends: Vec<usize> = starts.chain([run.len()]).collect();
        let mut from = 0;
        ends.into_iter().map(move |to| &run[std::mem::replace(&mut from, to)..to])
    });
    // Two numbers in a row, or one followed by its extension.
    runs.flat_map(|run| {
        let apart = run.split(|c: char| "/(_".contains(c)).chain(run.split_whitespace());
        [run].into_iter().chain(apart).chain(run.split(" - ")).chain(run.split(is_dash))
    })
}

fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// How many digits a phone number without its country code must share with the identifier.
const ENOUGH_DIGITS: usize = 7;

/// Whether a text is the identifier's phone number in another spelling: with the prefix that is dialled within
/// the country, or as it is written there.
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
        // The prefixes for abroad in most countries and in North America.
        digits.strip_prefix("00").or_else(|| digits.strip_prefix("011"))
    };
    if let Some(abroad) = abroad {
        // The country code of one to three digits, then the prefix that is dialled within the country.
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

/// The `uuid` crate also accepts other spellings than this one.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::identifier::IdentifierKind;
    use serde_json::json;

    #[test]
    fn uuids_are_the_same_in_either_case() {
        let kind = IdentifierKind::parse("account").unwrap();
        let value = "5B0F7C1E-6a51-4a0e-9d57-2f1d7d0f3a10";
        let identifier = Identifier::new(kind, value).unwrap();
        assert!(Form::Uuid.matches(&identifier, &value.to_lowercase()));
        assert!(Form::Uuid.matches(&identifier, &format!("\u{feff}\"{}\" ", value.to_lowercase())));
        assert!(!Form::Uuid.matches(&identifier, &format!("'{value}")));
        assert!(!Form::Text.matches(&identifier, &value.to_lowercase()));
        assert!(!Form::Uuid.matches(&identifier, "5b0f7c1e-6a51-4a0e-9d57-2f1d7d0f3a11"));
    }

    /// The fit of a record that shows this value at `match`.
    fn fit(kind: &str, value: &str, shown: Value) -> Fit {
        let identifier = Identifier::new(IdentifierKind::parse(kind).unwrap(), value).unwrap();
        let form = if kind == "account" { Form::Uuid } else { Form::Text };
        form.fit(&identifier, Some(&shown), &Value::Null)
    }

    #[test]
    fn an_address_is_found_in_a_text_only_as_a_whole() {
        for text in [
            "max@example.com, max.second@example.com",
            "max.second@example.com;MAX@EXAMPLE.COM",
            "Max <max@example.com>",
            "\"Max\" <mailto:max@example.com>",
            "'max@example.com'",
            "max@example.com.",
            "max|example|max@example.com",
            "e-mail:max@example.com (home)",
            "max@example.com/max.second@example.com",
            "max@example.com、max.second@example.com",
            "max@example.com\u{200b}, x@example.com",
            "-max@example.com",
            "_max@example.com_",
        ] {
            // By the domain's comparison, some of them are the address itself.
            assert_ne!(fit("email", "max@example.com", text.into()), Fit::Other, "{text}");
        }
        for text in [
            "xmax@example.com",
            "max.second@example.com",
            "max+tag@example.com, second.max@example.com",
            "second-max@example.com",
            "max@example.com.example",
            "max@example.community",
            "max@example",
            "max",
            "ümax@example.com",
        ] {
            assert_eq!(fit("email", "max@example.com", text.into()), Fit::Other, "{text}");
        }
        assert_eq!(
            fit("email", "jo@bücher.example", "x@example.com, jo@xn--bcher-kva.example".into()),
            Fit::Doubtful
        );
        assert_eq!(
            fit("email", "jos\u{e9}@example.com", "jose\u{301}@example.com, x@example.com".into()),
            Fit::Doubtful
        );
        assert_eq!(
            fit("email", "o'max/a@example.com", "o'max/a@example.com, x@example.com".into()),
            Fit::Doubtful
        );
    }

    #[test]
    fn a_phone_number_is_found_as_its_country_writes_it() {
        for shown in [
            json!("0470000001"),
            json!("0470 00 00 01"),
            json!("0470/00.00.01"),
            json!("0032470000001"),
            json!("32470000001"),
            json!("470000001"),
            json!(470_000_001),
            json!(32_470_000_001_u64),
            json!("+32 (0)470 00 00 01"),
            json!("+320470000001"),
            json!("+32470000001, +32470000002"),
            json!("+32470000002 +32470000001"),
            json!("0480112233 / 0470000001"),
            json!("tel. 0470 000 001 (home)"),
            json!(["0480112233", "0470000001"]),
            json!("0470 00 00 01 - 02 123 45 67"),
            json!("02 123 45 67 \u{2013} 0470 00 00 01"),
            json!("+32\u{202f}470\u{202f}00\u{202f}00\u{202f}01 (2)"),
            json!("0470\u{2012}00\u{2012}00\u{2012}01"),
            json!("0470\t00\t00\t01"),
            json!("0470_00_00_01"),
            json!("0470\u{b7}00\u{b7}00\u{b7}01"),
            json!("011 32 470 00 00 01"),
            json!("+32 470 00 00 01 (2)"),
        ] {
            assert_eq!(fit("phone", "+32470000001", shown.clone()), Fit::Doubtful, "{shown}");
        }
        assert_eq!(fit("phone", "+79123456789", json!("8 912 345-67-89")), Fit::Doubtful);
        assert_eq!(fit("phone", "+36301234567", json!("06 30 123 4567")), Fit::Doubtful);
        assert_eq!(fit("phone", "+32470000001", json!("+32 470 00 00 01")), Fit::Matches);
        for shown in [
            json!("000001"),
            json!("0000001"),
            json!("0470000002"),
            json!("+49470000001"),
            json!("0049470000001"),
            json!("+324700000010"),
            json!("10470000001"),
            json!("2026-11-24"),
            json!(""),
            json!("+"),
        ] {
            assert_eq!(fit("phone", "+32470000001", shown.clone()), Fit::Other, "{shown}");
        }
    }

    #[test]
    fn other_kinds_are_found_as_words() {
        let number = Identifier::new(IdentifierKind::parse("customer_id").unwrap(), "100001");
        let fits = Form::Digits.fit(&number.unwrap(), Some(&json!(100_001)), &Value::Null);
        assert_eq!(fits, Fit::Matches, "digits may come as a number");
        for shown in
            [json!("100001, 100002"), json!("no. 100001"), json!(100_001), json!(["100001", "100002"])]
        {
            assert_eq!(fit("customer_id", "100001", shown.clone()), Fit::Doubtful, "{shown}");
        }
        for shown in [
            json!("1000010"),
            json!("0100001"),
            json!("C-100001"),
            json!("100001@example.com"),
            json!(1_000_010),
        ] {
            assert_eq!(fit("customer_id", "100001", shown.clone()), Fit::Other, "{shown}");
        }
        let account = "5b0f7c1e-6a51-4a0e-9d57-2f1d7d0f3a10";
        assert_eq!(fit("account", account, json!(format!("({})", account.to_uppercase()))), Fit::Doubtful);
        assert_eq!(fit("account", account, json!("5b0f7c1e-6a51-4a0e-9d57-2f1d7d0f3a11")), Fit::Other);
    }
}
