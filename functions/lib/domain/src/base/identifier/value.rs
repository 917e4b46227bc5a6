//! An identifier: its kind and its value, which no log ever shows.

use crate::base::identifier::email::{comparable_email, email_spellings};
use crate::base::identifier::kind::IdentifierKind;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

/// An identifier of a data subject. Its value is personal data: `Debug` masks it, there is no `Display` and no
/// `Serialize`. Code that needs the value calls [`Identifier::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    pub(super) kind: IdentifierKind,
    pub(super) value: String,
}

/// A part of a given value that certainly did not belong to it and was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TakenOff {
    /// Characters that only steer how text is shown, such as a zero-width space or a soft hyphen.
    FormatCharacters,
    /// `mailto:` before an e-mail address.
    Mailto,
    /// A pair of quotation marks around the value.
    Quotes,
    /// The root's dot after an e-mail address's domain.
    FinalDot,
}

impl TakenOff {
    /// Its name in answers and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FormatCharacters => "format_characters",
            Self::Mailto => "mailto",
            Self::Quotes => "quotes",
            Self::FinalDot => "final_dot",
        }
    }
}

/// The parts removed from a value, as reported to the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TakenOffAt {
    /// The place of the value in the request body.
    pub at: String,
    /// The parts removed: at least one, each once.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub what: Vec<TakenOff>,
}

impl TakenOffAt {
    /// The entry for a value from which something was removed.
    #[must_use]
    pub fn of(at: impl Into<String>, what: &[TakenOff]) -> Option<Self> {
        (!what.is_empty()).then(|| Self { at: at.into(), what: what.to_vec() })
    }
}

/// An identifier as somebody gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The identifier.
    pub identifier: Identifier,
    /// The parts removed from the value, each once, to be reported to the person who gave it.
    pub taken_off: Vec<TakenOff>,
}

impl Identifier {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &IdentifierKind {
        &self.kind
    }

    /// The value as the vendor is asked for it: a phone number in E.164, every other value as given. Personal
    /// data, for the vendor's request and for encryption only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The form in which two identifiers are compared and tagged. For an e-mail address: NFC, the local part
    /// case-folded, the domain as lower-case A-labels; dots and plus tags stay. For a phone number: E.164.
    /// Personal data.
    #[must_use]
    pub fn comparable(&self) -> String {
        match self.kind.as_str() {
            "email" => comparable_email(&self.value).unwrap_or_default(),
            "phone" => self.value.clone(),
            _ => self.value.nfc().collect(),
        }
    }

    /// Every spelling that Rightful treats as equal and that a vendor which compares exactly might hold, each
    /// once. The first is the value as given. For an e-mail address the others are in lower case, in NFC, and
    /// with the domain as A-label and as U-label; for every other kind, in NFC. A lower-case ASCII address has
    /// one spelling, unless its domain is an A-label. All of them have the same [`Identifier::comparable`].
    #[must_use]
    pub fn spellings(&self) -> Vec<Self> {
        let candidates = match (self.kind.as_str(), self.value.rsplit_once('@')) {
            ("email", Some((local, domain))) => email_spellings(local, domain),
            ("phone", _) => Vec::new(),
            _ => vec![self.value.nfc().collect()],
        };
        let mut all = vec![self.clone()];
        for value in candidates {
            let spelling = Self { kind: self.kind.clone(), value };
            if !all.contains(&spelling) && spelling.matches(&self.value) && self.matches(&spelling.value) {
                all.push(spelling);
            }
        }
        all
    }
}

/// The dots that UTS 46 accepts between two labels.
pub(crate) const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({} ***)", self.kind)
    }
}

impl Drop for Identifier {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}
