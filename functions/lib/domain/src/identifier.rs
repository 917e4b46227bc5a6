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

    /// The kind `phone`.
    #[must_use]
    pub fn phone() -> Self {
        Self("phone".to_owned())
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
    /// Checks and takes an identifier. White space around the value is not part of it. A phone number
    /// is kept in its E.164 form; all else as it was given, because that is what the vendor is asked for.
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
        let value = match kind.as_str() {
            "email" if comparable_email(value).is_none() => return Err(IdentifierError::NotAnEmail),
            "phone" => e164(value).ok_or(IdentifierError::NotAPhone)?,
            _ => value.to_owned(),
        };
        Ok(Self { kind, value })
    }

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

    /// Every spelling that is held equal to it and that a vendor which compares exactly may hold, the
    /// value as it was given first; each once.
    #[must_use]
    pub fn spellings(&self) -> Vec<Self> {
        vec![self.clone()]
    }

    /// Whether a value that a vendor shows is this identifier.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        match self.kind.as_str() {
            "email" => comparable_email(shown).is_some_and(|shown| shown == self.comparable()),
            "phone" => e164(shown).is_some_and(|shown| shown == self.value),
            _ => shown.trim().nfc().collect::<String>() == self.comparable(),
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

/// A phone number in its E.164 form, without what people put between the digits; `None` when it is not
/// one. A number without its country's code could be anybody's, so that none is guessed.
fn e164(value: &str) -> Option<String> {
    let number: String = value.trim().chars().filter(|c| !" -.()\u{a0}".contains(*c)).collect();
    let digits = number.strip_prefix('+')?;
    let good = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    good.then_some(number)
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
    /// Kind `phone`, but not a number with its country's code.
    #[error(
        "the value of kind phone is not a phone number of 7 to 15 digits: write it with + and the country's code, such as +32470000000"
    )]
    NotAPhone,
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
    fn white_space_around_an_address_is_not_part_of_it() {
        for written in ["joao@qualifio.com", "  joao@qualifio.com\t", "\u{a0}joao@qualifio.com\n"] {
            assert_eq!(email(written).expose(), "joao@qualifio.com");
        }
    }

    #[test]
    fn dots_and_plus_tags_are_sent_and_compared_as_they_are() {
        let tagged = email("J.o.ao+News@Example.COM");
        assert_eq!(tagged.expose(), "J.o.ao+News@Example.COM");
        assert_eq!(tagged.comparable(), "j.o.ao+news@example.com");
        assert!(!tagged.matches("joao@example.com"));
    }

    fn phone(value: &str) -> Result<Identifier, IdentifierError> {
        Identifier::new(IdentifierKind::phone(), value)
    }

    #[test]
    fn a_phone_number_is_the_same_however_it_is_written() {
        for written in [
            "+32470000000",
            " +32 470 00 00 00 ",
            "+32-470-00-00-00",
            "+32.470.00.00.00",
            "+(32) 470000000",
            "+32\u{a0}470\u{a0}000\u{a0}000",
        ] {
            let number = phone(written).unwrap();
            assert_eq!(number.expose(), "+32470000000", "{written}");
            assert_eq!(number.comparable(), "+32470000000", "{written}");
            assert!(number.matches(written) && number.matches("+32 470 000 000"), "{written}");
        }
        for other in ["+32470000001", "32470000000", "0470000000", "0032470000000", "+3247000000", "", "+"] {
            assert!(!phone("+32470000000").unwrap().matches(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_phone_number_with_its_countrys_code_is_refused_without_being_repeated() {
        for bad in [
            "0470000000",
            "0032470000000",
            "491700000000",
            "+0470000000",
            "+491700",
            "+1234567890123456",
            "++32470000000",
            "+32470000000x12",
            "+32/470000000",
            "+32470000000, +32470000001",
            "+\u{663}\u{662}470000000",
            "ann@example.com",
        ] {
            let error = phone(bad).unwrap_err();
            assert_eq!(error, IdentifierError::NotAPhone, "{bad}");
            assert!(error.to_string().contains("such as +32470000000"));
            assert!(!error.to_string().contains(bad), "{bad}");
        }
        assert_eq!(phone(" ").unwrap_err(), IdentifierError::Empty);
        assert!(phone("+1234567").is_ok() && phone("+123456789012345").is_ok());
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

        #[test]
        fn a_phone_number_is_its_digits_whatever_stands_between_them(
            digits in "[1-9][0-9]{6,14}",
            between in proptest::collection::vec("[-. ()\u{a0}]{0,2}", 16),
        ) {
            let written: String =
                digits.chars().zip(&between).map(|(digit, between)| format!("{digit}{between}")).collect();
            let number = phone(&format!("+{written}")).unwrap();
            let plain = format!("+{digits}");
            prop_assert_eq!(number.expose(), plain.as_str());
            prop_assert!(number.matches(&plain));
            let longer = format!("{plain}0");
            prop_assert!(!number.matches(&longer));
        }

        #[test]
        fn what_passes_as_a_phone_number_is_e164(text in "\\PC{0,24}|[+0-9 .()-]{0,20}") {
            if let Ok(number) = phone(&text) {
                let digits = number.expose().strip_prefix('+').unwrap_or_default();
                prop_assert!((7..=15).contains(&digits.len()));
                prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'));
                prop_assert_eq!(number.comparable(), number.value.clone());
            }
        }
    }
}
