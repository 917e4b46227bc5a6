//! An identifier: its kind and its value, which no log ever shows.

use crate::base::identifier::email::{comparable_email, email_spellings};
use crate::base::identifier::kind::IdentifierKind;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

/// An identifier of a data subject. Its value is personal data: `Debug` masks it, there is no
/// `Display` and no `Serialize`; whoever needs the value says so with [`Identifier::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    pub(super) kind: IdentifierKind,
    pub(super) value: String,
}

/// What was certainly no part of a value that somebody gave, and is not in the identifier.
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
    /// The root's dot behind an e-mail address's domain.
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

/// What was taken off a value, as whoever gave it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TakenOffAt {
    /// The value's place in what was sent.
    pub at: String,
    /// What was taken off it: at least one, each once.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub what: Vec<TakenOff>,
}

impl TakenOffAt {
    /// The entry for a value of which something was taken off.
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
    /// What was taken off the value, each once; whoever gave it is told.
    pub taken_off: Vec<TakenOff>,
}

impl Identifier {
    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> &IdentifierKind {
        &self.kind
    }

    /// The value as the vendor is asked for it (a phone number in E.164, all else as it was given):
    /// personal data, for the vendor's request and for encryption only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The form in which two identifiers are compared and tagged: for an e-mail NFC, the local part
    /// case-folded, the domain as lower-case A-label; dots and plus tags stay. For a phone number E.164.
    /// Personal data.
    #[must_use]
    pub fn comparable(&self) -> String {
        match self.kind.as_str() {
            "email" => comparable_email(&self.value).unwrap_or_default(),
            "phone" => self.value.clone(),
            _ => self.value.nfc().collect(),
        }
    }

    /// Every spelling of it that Rightful holds equal and a vendor that compares exactly might hold, each
    /// once: first as it was given; then for an e-mail address in lower case, in NFC, and with its domain as
    /// A-label and as U-label; for all else in NFC. An address of ASCII in lower case has one, unless its
    /// domain is an A-label. All of them have the same [`Identifier::comparable`].
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

/// The dots that UTS 46 takes for the one between two labels.
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
