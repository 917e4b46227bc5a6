//! What points at a data subject, and how two such pointers are compared.

use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

/// What sort of identifier it is: `email`, `phone`, or a vendor's own, such as `qualifio_profile`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentifierKind(String);

impl IdentifierKind {
    /// The kind `email`.
    #[must_use]
    pub fn email() -> Self {
        Self("email".to_owned())
    }

    /// Checks and takes the name of a kind: 1 to 32 of `a-z`, `0-9` and `_`.
    ///
    /// # Errors
    /// [`IdentifierError::BadKind`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let good = (1..=32).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if good { Ok(Self(text.to_owned())) } else { Err(IdentifierError::BadKind) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for IdentifierKind {
    type Error = IdentifierError;
    fn try_from(text: String) -> Result<Self, IdentifierError> {
        Self::parse(&text)
    }
}

impl From<IdentifierKind> for String {
    fn from(kind: IdentifierKind) -> Self {
        kind.0
    }
}

/// An identifier of a data subject. Its value is personal data: `Debug` masks it, there is no
/// `Display` and no `Serialize`; whoever needs the value says so with [`Identifier::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identifier {
    kind: IdentifierKind,
    value: String,
}

impl Identifier {
    /// Checks and takes an identifier. White space around the value is not part of it; all else is
    /// kept as it was given, because that is what the vendor is asked for.
    ///
    /// # Errors
    /// [`IdentifierError`] saying what is wrong, never the value itself.
    pub fn new(kind: IdentifierKind, value: &str) -> Result<Self, IdentifierError> {
        let value = value.trim();
        if value.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if value.len() > 320 || value.chars().any(char::is_control) {
            return Err(IdentifierError::Unusable);
        }
        let identifier = Self { kind, value: value.to_owned() };
        if identifier.kind.as_str() == "email" && comparable_email(value).is_none() {
            return Err(IdentifierError::NotAnEmail);
        }
        Ok(identifier)
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> &IdentifierKind {
        &self.kind
    }

    /// The value as it was given: personal data, for the vendor's request and for encryption only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The form in which two identifiers are compared and tagged: for an e-mail NFC, the local part
    /// case-folded, the domain as lower-case A-label; dots and plus tags stay. Personal data.
    #[must_use]
    pub fn comparable(&self) -> String {
        if self.kind.as_str() == "email" {
            comparable_email(&self.value).unwrap_or_default()
        } else {
            self.value.nfc().collect()
        }
    }

    /// Whether a value that a vendor shows is this identifier.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        if self.kind.as_str() == "email" {
            comparable_email(shown).is_some_and(|shown| shown == self.comparable())
        } else {
            shown.trim().nfc().collect::<String>() == self.comparable()
        }
    }
}

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

/// The comparable form of an e-mail address; `None` when it is not one.
fn comparable_email(value: &str) -> Option<String> {
    let value: String = value.trim().nfc().collect();
    let (local, domain) = value.rsplit_once('@')?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>,;()\"".contains(c);
    if local.is_empty() || local.contains('@') || local.chars().any(bad) || domain.chars().any(bad) {
        return None;
    }
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok()?;
    // The root's dot is no part of the name, so it makes no domain of a single label one of two.
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    if !domain.contains('.') || domain.split('.').any(str::is_empty) {
        return None;
    }
    let local: String = local.to_lowercase().nfc().collect();
    Some(format!("{local}@{domain}"))
}

/// Why a value is not an identifier. Never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// The kind has other characters.
    #[error("an identifier's kind is 1 to 32 of a-z, 0-9 and _, such as email or phone")]
    BadKind,
    /// Nothing there.
    #[error("the identifier's value is empty")]
    Empty,
    /// Too long, or with control characters.
    #[error("the identifier's value is longer than 320 bytes or has control characters")]
    Unusable,
    /// Kind `email`, but not one address.
    #[error("the value of kind email is not one e-mail address such as name@example.com")]
    NotAnEmail,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn email(value: &str) -> Identifier {
        Identifier::new(IdentifierKind::email(), value).unwrap()
    }

    #[test]
    fn addresses_that_differ_in_case_or_in_the_domains_script_are_the_same_person() {
        assert!(email("Joao@Qualifio.COM").matches("joao@qualifio.com"));
        assert!(email("joao@qualifio.com.").matches("joao@qualifio.com"));
        assert!(email(" joao@bücher.example ").matches("joao@xn--bcher-kva.example"));
        assert!(email("jose\u{301}@example.com").matches("jos\u{e9}@example.com"));
    }

    #[test]
    fn dots_plus_tags_and_neighbours_are_other_people() {
        let joao = email("joao@qualifio.com");
        for other in [
            "j.oao@qualifio.com",
            "joao+x@qualifio.com",
            "joao@qualifio.com.example",
            "xjoao@qualifio.com",
            "joao@qualifio.co",
            "",
            "joao",
        ] {
            assert!(!joao.matches(other), "{other}");
        }
    }

    #[test]
    fn the_vendor_gets_what_the_person_wrote() {
        assert_eq!(email(" Joao+Tag@Bücher.example ").expose(), "Joao+Tag@Bücher.example");
    }

    #[test]
    fn what_is_not_one_address_is_refused_without_being_repeated() {
        for bad in [
            "joao",
            "@secret.example",
            "a@b@example.com",
            "a b@example.com",
            "a@localhost",
            "a@localhost.",
            "a@ex..com",
            "a@ex.com..",
            "a@.com",
            "A <a@example.com>",
        ] {
            let error = Identifier::new(IdentifierKind::email(), bad).unwrap_err();
            assert_eq!(error, IdentifierError::NotAnEmail, "{bad}");
            assert!(!error.to_string().contains(bad));
        }
    }

    #[test]
    fn debug_output_shows_no_value() {
        assert_eq!(format!("{:?}", email("joao@qualifio.com")), "Identifier(email ***)");
    }

    proptest! {
        #[test]
        fn comparing_never_panics_and_is_stable(
            text in prop_oneof!["\\PC{0,40}@\\PC{0,40}", "[a-zA-ZıİſßẞΣ.+]{1,8}@[aA.\u{ad}。ßéxn-]{1,12}"],
        ) {
            if let Some(once) = comparable_email(&text) {
                prop_assert_eq!(comparable_email(&once), Some(once.clone()));
            }
        }
    }
}
