//! Identifiers as they are sent.

use crate::answer::{Refusal, objection};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierError, IdentifierKind};
use rightful_domain::ports::set_up::Catalogue;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use std::fmt;
use zeroize::Zeroizing;

/// An identifier of a person. It is personal: it is sent only in bodies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Identifier"))]
pub(crate) struct SentIdentifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// The value as the person writes it, 320 bytes at most. An e-mail address is compared without white
    /// space around it, in NFC and with its domain in lower case; dots and plus tags count. Anything that is
    /// certainly not part of the value is removed, and the answer says so. A whole number stands for its
    /// digits when the kind is made of digits alone. An empty text or `null` means that the identifier is not
    /// given.
    #[cfg_attr(
        feature = "schema",
        schemars(extend(
            "type" = ["string", "integer", "null"],
            "minimum" = 0,
            "examples" = ["ann@example.com"]
        ))
    )]
    value: SentValue,
}

/// A value as it is sent. An empty field of a form is no value.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, with = "serde_json::Value"))]
enum SentValue {
    Text(Zeroizing<String>),
    Number(u64),
    Nothing,
}

impl<'de> Deserialize<'de> for SentValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = SentValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a string, or a whole number without a sign where the kind is made of digits alone",
                )
            }
            fn visit_str<E>(self, text: &str) -> Result<SentValue, E> {
                Ok(SentValue::Text(Zeroizing::new(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<SentValue, E> {
                Ok(SentValue::Text(Zeroizing::new(text)))
            }
            fn visit_u64<E>(self, number: u64) -> Result<SentValue, E> {
                Ok(SentValue::Number(number))
            }
            fn visit_unit<E>(self) -> Result<SentValue, E> {
                Ok(SentValue::Nothing)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl SentIdentifier {
    /// The identifier, if its value can be one of its kind; `None` when it has no value. `place` is where the
    /// value stands in the body.
    pub fn entered(&self, place: &str, catalogue: &impl Catalogue) -> Result<Option<Entered>, Refusal> {
        let digits;
        let value = match &self.value {
            SentValue::Nothing => return Ok(None),
            SentValue::Text(text) => text,
            SentValue::Number(number) if catalogue.is_number(&self.kind) => {
                digits = Zeroizing::new(number.to_string());
                &digits
            }
            SentValue::Number(_) => {
                let what = "give a text: only a kind that is made of digits alone takes a number";
                return Err(malformed(place, what.to_owned()));
            }
        };
        match Identifier::entered(self.kind.clone(), value) {
            Ok(entered) => Ok(Some(entered)),
            Err(IdentifierError::Empty) => Ok(None),
            Err(error) => Err(malformed(place, error.to_string())),
        }
    }
}

pub(crate) fn malformed(place: &str, what: String) -> Refusal {
    Refusal::new(Code::IdentifierMalformed, format!("`{place}`: {what}")).with(objection(place, what))
}
