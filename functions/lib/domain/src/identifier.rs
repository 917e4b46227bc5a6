//! What points at a data subject, and how two such pointers are compared.

use idna::AsciiDenyList;
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

    /// Checks and takes the name of a kind: 1 to 32 of `a-z`, `0-9` and `_`, beginning with a letter. A name is
    /// told in messages, so a value that stands in its place must not pass for one.
    ///
    /// # Errors
    /// [`IdentifierError::BadKind`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let good = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
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

/// What was certainly no part of a value that somebody gave, and is not in the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
pub struct TakenOffAt {
    /// The value's place in what was sent.
    pub at: String,
    /// What was taken off it: at least one, each once.
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
    /// Checks and takes an identifier that is known already: one that was stored, or one of ours. What is
    /// certainly no part of the value is taken off, and nobody is told. A phone number is kept in its E.164
    /// form; all else as it was given, because that is what the vendor is asked for.
    ///
    /// # Errors
    /// [`IdentifierError`] saying what is wrong, never the value itself.
    pub fn new(kind: IdentifierKind, value: &str) -> Result<Self, IdentifierError> {
        read(kind, value).map(|entered| entered.identifier)
    }

    /// Checks and takes an identifier that somebody gives, at whatever door. White space around the value is
    /// not part of it; whatever else certainly isn't is taken off and told. What may or may not be part of
    /// it is refused: another spelling would ask for another person.
    ///
    /// # Errors
    /// [`IdentifierError`] saying what is wrong and what to write, never the value itself.
    pub fn entered(kind: IdentifierKind, value: &str) -> Result<Entered, IdentifierError> {
        let entered = read(kind, value)?;
        let national = |number: &str| DROPS_THE_0.iter().any(|code| number.starts_with(code));
        match entered.identifier.kind.as_str() {
            "phone" if national(&entered.identifier.value) => Err(IdentifierError::TrunkPrefix),
            "email" if looks_like_another(&entered.identifier.value) => Err(IdentifierError::LooksAlike),
            _ => Ok(entered),
        }
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

    /// Whether a value that a vendor shows is this identifier. It is read as one that somebody gives is:
    /// what is certainly no part of it doesn't count, and what is ambiguous is nobody's.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        read(self.kind.clone(), shown).is_ok_and(|shown| shown.identifier.comparable() == self.comparable())
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

/// The longest value, in bytes.
const LONGEST: usize = 320;

/// The countries' codes, each with the 0 that is dialled before a number within the country alone: no
/// number there begins with 0 once the code stands before it. Of other countries' numbers some do.
const DROPS_THE_0: [&str; 44] = [
    "+200", "+270", "+310", "+320", "+330", "+400", "+410", "+430", "+440", "+460", "+490", "+540", "+550",
    "+610", "+620", "+630", "+640", "+660", "+810", "+820", "+840", "+860", "+900", "+910", "+920", "+940",
    "+980", "+2120", "+2130", "+2340", "+2540", "+3530", "+3580", "+3590", "+3800", "+3810", "+3850",
    "+3860", "+3870", "+3890", "+4210", "+8800", "+9660", "+9720",
];

/// The part before the @ has look-alikes of plain letters, such as a ligature from a PDF or full-width
/// letters. No mail system takes one for the other.
fn looks_like_another(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.nfkc().ne(local.nfc())
}

/// The one entrance.
fn read(kind: IdentifierKind, value: &str) -> Result<Entered, IdentifierError> {
    let is_email = kind == IdentifierKind::email();
    let mut taken_off = Vec::new();
    let visible = without_format_characters(value);
    if visible.chars().count() != value.chars().count() {
        taken_off.push(TakenOff::FormatCharacters);
    }
    let mut value = visible.trim();
    loop {
        if let Some(inside) = unquoted(value, is_email) {
            taken_off.push(TakenOff::Quotes);
            value = inside.trim();
        } else if let Some(address) = is_email.then(|| without_mailto(value)).flatten() {
            taken_off.push(TakenOff::Mailto);
            value = address.trim();
        } else {
            break;
        }
    }
    if is_email
        && value.contains('@')
        && let Some(rest) = value.strip_suffix(DOTS).map(str::trim_end)
        && !rest.ends_with(DOTS)
    {
        taken_off.push(TakenOff::FinalDot);
        value = rest;
    }
    taken_off.sort();
    taken_off.dedup();
    if value.is_empty() {
        return Err(IdentifierError::Empty);
    }
    if value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(IdentifierError::Unusable);
    }
    if value.chars().any(is_blank) {
        return Err(IdentifierError::Invisible);
    }
    if value.starts_with(is_quote) || value.ends_with(is_quote) || (is_email && value.contains(is_curled)) {
        return Err(IdentifierError::Quote);
    }
    let value = match kind.as_str() {
        "email" if taken_off.contains(&TakenOff::Mailto) && value.contains(['%', '?']) => {
            return Err(IdentifierError::Link);
        }
        "email" if comparable_email(value).is_none() => return Err(IdentifierError::NotAnEmail),
        "phone" if has_trunk_prefix(value) => return Err(IdentifierError::TrunkPrefix),
        "phone" => e164(value).ok_or(IdentifierError::NotAPhone)?,
        _ => value.to_owned(),
    };
    Ok(Entered { identifier: Identifier { kind, value }, taken_off })
}

/// The dots that UTS 46 takes for the one between two labels.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

/// The value without its format characters. The two joiners stay between characters beyond ASCII, where
/// they are spelling: a Persian domain without its non-joiner is another domain.
fn without_format_characters(value: &str) -> String {
    let mut kept = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let joins = matches!(c, '\u{200c}' | '\u{200d}')
            && kept.ends_with(|before: char| !before.is_ascii())
            && chars.peek().is_some_and(|after| !after.is_ascii() && !is_format_character(*after));
        if joins || !is_format_character(c) {
            kept.push(c);
        }
    }
    kept
}

/// Unicode 16's general category Cf, but for the marks that are seen (U+0600 and its like).
fn is_format_character(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// What is not seen either, but counts as a letter or a mark: fillers and variation selectors.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180d}' | '\u{180f}'
        | '\u{2065}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{e0100}'..='\u{e01ef}')
}

/// The pairs of quotation marks that people put around a value.
const PAIRS: [(char, char); 10] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{201d}', '\u{201d}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{201a}', '\u{2018}'),
    ('\u{ab}', '\u{bb}'),
    ('\u{2039}', '\u{203a}'),
];

fn is_quote(c: char) -> bool {
    PAIRS.iter().any(|(open, close)| c == *open || c == *close)
}

/// A mark that stands for an apostrophe and is none: no address has one, but many a word processor or
/// keyboard gives one.
fn is_curled(c: char) -> bool {
    is_quote(c) && !c.is_ascii()
        || matches!(c, '\u{b4}' | '\u{2bc}' | '\u{201b}' | '\u{2032}' | '\u{ff02}' | '\u{ff07}')
}

/// The inside of a pair of quotation marks, where the value is one. An apostrophe within an e-mail address is
/// its own; elsewhere a mark of the pair inside makes it doubtful that this is one.
fn unquoted(value: &str, is_email: bool) -> Option<&str> {
    PAIRS.iter().find_map(|(open, close)| {
        let inside = value.strip_prefix(*open)?.strip_suffix(*close)?;
        (is_email || !inside.contains([*open, *close])).then_some(inside)
    })
}

fn without_mailto(value: &str) -> Option<&str> {
    const MAILTO: &str = "mailto:";
    let (scheme, address) = value.split_at_checked(MAILTO.len())?;
    scheme.eq_ignore_ascii_case(MAILTO).then_some(address)
}

/// Whole addresses first, then the domain alone respelled.
fn email_spellings(local: &str, domain: &str) -> Vec<String> {
    let nfc = |text: &str| text.nfc().collect::<String>();
    let lower = |text: &str| text.to_lowercase();
    let mut all: Vec<String> = vec![
        format!("{}@{}", lower(local), lower(domain)),
        nfc(&format!("{local}@{domain}")),
        nfc(&format!("{}@{}", lower(local), lower(domain))),
    ];
    let a_label = ascii_domain(&nfc(domain)).unwrap_or_default();
    let (u_label, _) = idna::domain_to_unicode(&a_label);
    for local in [nfc(&lower(local)), nfc(local), local.to_owned()] {
        all.extend([&a_label, &u_label].map(|domain| format!("{local}@{domain}")));
    }
    all
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
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>,;:()[]\\\"".contains(c);
    if local.is_empty() || local.contains('@') || local.chars().any(bad) || domain.chars().any(bad) {
        return None;
    }
    let domain = ascii_domain(domain)?;
    let local: String = local.to_lowercase().nfc().collect();
    Some(format!("{local}@{domain}"))
}

/// A domain of two labels at least as lower-case A-labels. No mail domain has a sign beside `-`, `.` and, in
/// some old ones, `_`.
fn ascii_domain(domain: &str) -> Option<String> {
    const SIGNS: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), SIGNS).ok()?;
    // The root's dot is no part of the name, so it makes no domain of a single label one of two.
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    (domain.contains('.') && !domain.split('.').any(str::is_empty)).then(|| domain.to_owned())
}

/// Whether parentheses hold a 0 that is dialled within the country alone, such as `+32 (0)470 …`, or digits
/// that begin with one: in some countries it belongs to the number, in most it doesn't.
fn has_trunk_prefix(value: &str) -> bool {
    value.split('(').skip(1).any(|inside| inside.trim_start_matches(is_between_digits).starts_with('0'))
}

/// What people put between a phone number's digits.
fn is_between_digits(c: char) -> bool {
    " -.()\u{a0}".contains(c)
}

/// A phone number in its E.164 form, without what people put between the digits; `None` when it is not
/// one. A number without its country's code could be anybody's, so that none is guessed.
fn e164(value: &str) -> Option<String> {
    let number: String = value.trim().chars().filter(|c| !is_between_digits(*c)).collect();
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
    #[error(
        "an identifier's kind is 1 to 32 of a-z, 0-9 and _, beginning with a letter, such as email or phone"
    )]
    BadKind,
    /// Nothing there.
    #[error("the identifier's value is empty")]
    Empty,
    /// Too long, or with control characters.
    #[error("the identifier's value is longer than 320 bytes or has control characters")]
    Unusable,
    /// A filler or a variation selector.
    #[error(
        "the identifier's value has a character that is not seen: type the value anew instead of copying it"
    )]
    Invisible,
    /// A quotation mark that is not one of a pair around the value.
    #[error(
        "the identifier's value has a quotation mark that is not one of a pair around it: take it off, and write an apostrophe within an e-mail address as a plain one"
    )]
    Quote,
    /// Look-alikes of plain letters, such as a ligature or full-width letters.
    #[error(
        "the value of kind email has characters before the @ that only look like plain letters: type it anew instead of copying it"
    )]
    LooksAlike,
    /// `mailto:` with more than an address behind it.
    #[error(
        "the value of kind email is a mailto link with more than a plain address in it: write the address alone, such as name@example.com"
    )]
    Link,
    /// Kind `email`, but not one address.
    #[error("the value of kind email is not one e-mail address such as name@example.com")]
    NotAnEmail,
    /// Kind `phone`, but not a number with its country's code.
    #[error(
        "the value of kind phone is not a phone number of 7 to 15 digits: write it with + and the country's code, such as +32470000000"
    )]
    NotAPhone,
    /// Kind `phone`, with the 0 that is dialled within a country.
    #[error(
        "the value of kind phone has a 0 behind the country's code that is dialled within the country alone, or parentheses around digits that begin with 0: write it as it is dialled from abroad, without parentheses, such as +32470000000"
    )]
    TrunkPrefix,
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
    fn the_name_of_a_kind_can_be_no_number() {
        for good in ["email", "customer_id", "a", "sha256", &"a".repeat(32)] {
            assert_eq!(IdentifierKind::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "32470000001", "_a", "E-Mail", "a b", "é", &"a".repeat(33)] {
            assert_eq!(IdentifierKind::parse(bad), Err(IdentifierError::BadKind), "{bad}");
        }
    }

    fn entered(kind: &str, value: &str) -> Result<(String, Vec<TakenOff>), IdentifierError> {
        let entered = Identifier::entered(IdentifierKind::parse(kind).unwrap(), value)?;
        Ok((entered.identifier.expose().to_owned(), entered.taken_off))
    }

    #[test]
    fn what_is_certainly_no_part_of_a_value_is_taken_off_and_told() {
        use TakenOff::{FinalDot, FormatCharacters, Mailto, Quotes};
        for (written, taken_off) in [
            ("ana@example.com", &[][..]),
            (" ana@example.com\t", &[]),
            ("ana\u{200b}@example.com", &[FormatCharacters]),
            ("\u{feff}ana@example.com", &[FormatCharacters]),
            ("a\u{ad}na@exam\u{ad}ple.com", &[FormatCharacters]),
            ("\u{202a}ana@example.com\u{202c}", &[FormatCharacters]),
            ("\u{200b} ana@example.com \u{200e}", &[FormatCharacters]),
            ("ana\u{200d}@example.com", &[FormatCharacters]),
            ("mailto:ana@example.com", &[Mailto]),
            ("MailTo: ana@example.com", &[Mailto]),
            ("'ana@example.com'", &[Quotes]),
            ("\"ana@example.com\"", &[Quotes]),
            ("\u{201c}ana@example.com\u{201d}", &[Quotes]),
            ("\u{201e}ana@example.com\u{201c}", &[Quotes]),
            ("\u{ab}\u{a0}ana@example.com\u{a0}\u{bb}", &[Quotes]),
            ("\"'ana@example.com'\"", &[Quotes]),
            ("ana@example.com.", &[FinalDot]),
            ("ana@example.com\u{3002}", &[FinalDot]),
            ("\u{feff}'mailto:ana@example.com.'", &[FormatCharacters, Mailto, Quotes, FinalDot]),
            ("mailto:\"ana@example.com\"", &[Mailto, Quotes]),
        ] {
            assert_eq!(
                entered("email", written),
                Ok(("ana@example.com".to_owned(), taken_off.to_vec())),
                "{written}"
            );
            assert_eq!(email(written).expose(), "ana@example.com", "{written}");
            assert!(email("ana@example.com").matches(written), "{written}");
        }
        assert_eq!(
            entered("phone", "\"+32 470\u{202f}\u{200b}00 00 01\""),
            Err(IdentifierError::NotAPhone),
            "a narrow space is seen"
        );
        for written in ["\u{202d}+32 470 00 00 01\u{202c}", "'+32470000001'"] {
            let (value, taken_off) = entered("phone", written).unwrap();
            assert_eq!((value.as_str(), taken_off.len()), ("+32470000001", 1), "{written}");
        }
        assert_eq!(
            entered("customer_id", "\u{200b}100\u{ad}001"),
            Ok(("100001".to_owned(), vec![FormatCharacters]))
        );
        assert_eq!(entered("customer_id", "\"A-17\""), Ok(("A-17".to_owned(), vec![Quotes])));
        assert_eq!(entered("nickname", "mailto:x."), Ok(("mailto:x.".to_owned(), vec![])));
    }

    #[test]
    fn what_belongs_to_a_value_stays() {
        for written in
            ["o'brien@example.com", "ana'@example.com", "a%b&c?@example.com", "ana_b`c@my_host.example.com"]
        {
            assert_eq!(entered("email", written), Ok((written.to_owned(), vec![])));
        }
        assert_eq!(entered("email", "'o'brien@example.com'").unwrap().0, "o'brien@example.com");
        // U+200C in a Persian word: without it, it is another domain.
        let persian = "ana@\u{646}\u{627}\u{645}\u{647}\u{200c}\u{627}\u{6cc}.example";
        assert_eq!(entered("email", persian), Ok((persian.to_owned(), vec![])));
        assert!(!email(persian).matches(&persian.replace('\u{200c}', "")));
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_what_to_write_and_never_with_the_value() {
        use IdentifierError::{Invisible, Link, LooksAlike, NotAPhone, NotAnEmail, Quote, TrunkPrefix};
        for (kind, written, why) in [
            ("email", "'ana@example.com", Quote),
            ("email", "ana@example.com'", Quote),
            ("email", "\"ana@example.com", Quote),
            ("email", "\u{201c}ana@example.com\"", Quote),
            ("email", "\"ana\"@example.com", Quote),
            ("email", "o\u{2019}brien@example.com", Quote),
            ("email", "mailto:ana@example.com?subject=x", Link),
            ("email", "mailto:ana%2Bx@example.com", Link),
            ("email", "email:ana@example.com", NotAnEmail),
            ("email", "<ana@example.com>", NotAnEmail),
            ("email", "ana@example.com;", NotAnEmail),
            ("email", "ana@example.com!", NotAnEmail),
            ("email", "ana@exam'ple.com", NotAnEmail),
            ("email", "ana@example.com..", NotAnEmail),
            ("email", "'ana@example.com','bo@example.com'", NotAnEmail),
            ("email", "ana\u{3164}@example.com", Invisible),
            ("email", "ana\u{fe0f}@example.com", Invisible),
            ("phone", "+32 (0)470 00 00 01", TrunkPrefix),
            ("phone", "+32 ( 0 ) 470 00 00 01", TrunkPrefix),
            ("phone", "+44 (020) 7946 0000", TrunkPrefix),
            ("phone", "+91 098765 43210", TrunkPrefix),
            ("phone", "+86 010 1234 5678", TrunkPrefix),
            ("email", "\u{fb01}ona@example.com", LooksAlike),
            ("email", "\u{ff41}\u{ff4e}\u{ff41}@example.com", LooksAlike),
            ("email", "o\u{b4}brien@example.com", Quote),
            ("email", "o\u{2032}brien@example.com", Quote),
            ("email", "\u{2bc}ana@example.com", Quote),
            ("phone", "+32 0470 00 00 01", TrunkPrefix),
            ("phone", "+353 086 000 0001", TrunkPrefix),
            ("phone", "'+32470000001", Quote),
            ("phone", "tel:+32470000001", NotAPhone),
            ("customer_id", "'100001", Quote),
            ("customer_id", "\"1\",\"2\"", Quote),
        ] {
            let error = entered(kind, written).unwrap_err();
            assert_eq!(error, why, "{written}");
            assert!(!error.to_string().contains(written), "{written}");
            assert!(!error.to_string().contains("ana"), "{written}");
        }
        // Where the 0 belongs to the number, as in Italy and in Benin.
        for (written, number) in
            [("+39 06 1234567", "+39061234567"), ("+229 01 97 00 00 00", "+2290197000000")]
        {
            assert_eq!(entered("phone", written).unwrap().0, number);
        }
        assert!(phone("+320470000001").is_ok(), "what was stored before can still be read");
    }

    #[test]
    fn a_vendors_value_is_read_with_the_same_care() {
        let ana = email("ana@example.com");
        for shown in
            ["\u{200b}Ana@example.com.", "mailto:ANA@EXAMPLE.COM", "\"ana@example.com\"", "'ana@example.com'"]
        {
            assert!(ana.matches(shown), "{shown}");
        }
        for shown in [
            "'ana@example.com",
            "ana@example.com, ana@example.com",
            "<ana@example.com>",
            "mailto:ana@example.com?cc=x",
            "",
        ] {
            assert!(!ana.matches(shown), "{shown}");
        }
        let number = phone("+32470000001").unwrap();
        assert!(number.matches("\u{202a}+32 470 00 00 01\u{202c}"));
        assert!(!number.matches("+32 (0)470 00 00 01") && !number.matches("+32 0470 00 00 01"));
        let customer = Identifier::new(IdentifierKind::parse("customer_id").unwrap(), "100001").unwrap();
        assert!(customer.matches("\u{feff}100001 ") && customer.matches("'100001'"));
        assert!(!customer.matches("'100001") && !customer.matches("100 001"));
    }

    fn spellings(value: &str) -> Vec<String> {
        email(value).spellings().iter().map(|one| one.expose().to_owned()).collect()
    }

    #[test]
    fn every_spelling_that_a_vendor_might_hold_comes_once_and_in_the_same_order() {
        assert_eq!(spellings("ann@example.com"), ["ann@example.com"]);
        assert_eq!(spellings("Ann@Example.com"), ["Ann@Example.com", "ann@example.com", "Ann@example.com"]);
        assert_eq!(spellings("ANN@example.com"), ["ANN@example.com", "ann@example.com"]);
        assert_eq!(
            spellings("ann@b\u{fc}cher.example"),
            ["ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example"]
        );
        assert_eq!(
            spellings("ann@xn--bcher-kva.example"),
            ["ann@xn--bcher-kva.example", "ann@b\u{fc}cher.example"]
        );
        assert_eq!(
            spellings("Jose\u{301}@B\u{dc}cher.example"),
            [
                "Jose\u{301}@B\u{dc}cher.example",
                "jose\u{301}@b\u{fc}cher.example",
                "Jos\u{e9}@B\u{dc}cher.example",
                "jos\u{e9}@b\u{fc}cher.example",
                "jos\u{e9}@xn--bcher-kva.example",
                "Jos\u{e9}@xn--bcher-kva.example",
                "Jos\u{e9}@b\u{fc}cher.example",
                "Jose\u{301}@xn--bcher-kva.example",
                "Jose\u{301}@b\u{fc}cher.example",
            ]
        );
        assert_eq!(phone("+32 470 00 00 01").unwrap().spellings(), [phone("+32470000001").unwrap()]);
        let nickname =
            |value: &str| Identifier::new(IdentifierKind::parse("nickname").unwrap(), value).unwrap();
        assert_eq!(nickname("Jose\u{301}").spellings(), [nickname("Jose\u{301}"), nickname("Jos\u{e9}")]);
        assert_eq!(nickname("Bob").spellings(), [nickname("Bob")]);
    }

    #[test]
    fn debug_output_shows_no_value() {
        assert_eq!(format!("{:?}", email("joao@qualifio.com")), "Identifier(email ***)");
    }

    proptest! {
        #[test]
        fn what_was_taken_is_taken_again_as_it_is(
            kind in prop_oneof![Just("email"), Just("phone"), Just("customer_id")],
            text in prop_oneof![
                "\\PC{0,20}@\\PC{0,20}",
                "[ '\"\u{200b}\u{ad}]{0,2}(mailto:)?['\"]?[a-zA-Z\u{301}ı.+'-]{1,8}@[a-zA-Zé\u{ad}]{1,8}\\.[a-z]{2,3}[.'\" ]{0,2}",
                "['\u{202a}]?\\+[1-9][0-9 ()]{6,18}['\u{202c}]?",
                "[0-9A-Z'\"\u{200b}-]{0,12}",
            ],
        ) {
            if let Ok((value, _)) = entered(kind, &text) {
                prop_assert!(!value.chars().any(|c| is_format_character(c) && c.is_ascii()));
                prop_assert_eq!(entered(kind, &value), Ok((value.clone(), vec![])));
                let identifier = Identifier::new(IdentifierKind::parse(kind).unwrap(), &value).unwrap();
                prop_assert!(identifier.matches(&text), "what was entered matches what was written");
            }
        }

        #[test]
        fn what_surrounds_an_address_makes_it_nobody_elses(
            address in "[a-z0-9]{1,8}@[a-z]{1,8}\\.[a-z]{2,3}",
            noise in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
                Just('\u{200b}'), Just('\u{feff}'), Just('\u{ad}'), Just('\u{200e}'), Just('\u{202e}'), Just('\u{2066}'),
            ]), 0..5),
            (before, after) in prop_oneof![
                Just(("", "")), Just(("'", "'")), Just(("\"", "\"")), Just(("mailto:", "")), Just(("", ".")),
                Just(("\u{201c}mailto:", ".\u{201d}")), Just((" ", "\u{a0}")),
            ],
        ) {
            let mut written: Vec<char> = format!("{before}{address}{after}").chars().collect();
            for (place, c) in &noise {
                written.insert(place.index(written.len() + 1), *c);
            }
            let written: String = written.into_iter().collect();
            let (value, taken_off) = entered("email", &written).unwrap();
            prop_assert_eq!(&value, &address);
            prop_assert_eq!(taken_off.contains(&TakenOff::FormatCharacters), !noise.is_empty());
            prop_assert!(email(&address).matches(&written));
        }

        #[test]
        fn an_unmatched_quotation_mark_is_never_a_person(
            address in "[a-z'][a-z0-9]{1,7}@[a-z]{1,8}\\.[a-z]{2,3}",
            mark in prop::sample::select(vec!['\'', '"', '`', '\u{201c}', '\u{201e}', '\u{2018}', '\u{ab}']),
            behind: bool,
        ) {
            let written = if behind { format!("{address}{mark}") } else { format!("{mark}{address}") };
            // A mark of the address's own at the other end may make a pair of it.
            let paired = !behind && address.ends_with(mark) || behind && address.starts_with(mark);
            if !paired {
                prop_assert!(entered("email", &written).is_err(), "{written}");
                prop_assert!(!email(&address.replace('\'', "")).matches(&written));
            }
        }

        #[test]
        fn spellings_are_one_person_and_each_comes_once(
            local in "[a-zA-Zéİßσς\u{301}.+]{1,6}", domain in "[a-zA-Zßéüş]{1,6}\\.[a-zé]{2,4}",
        ) {
            if let Ok(identifier) = Identifier::new(IdentifierKind::email(), &format!("{local}@{domain}")) {
                let all = identifier.spellings();
                prop_assert_eq!(&all[0], &identifier);
                prop_assert_eq!(&all, &identifier.spellings());
                for (n, one) in all.iter().enumerate() {
                    prop_assert!(!all[..n].contains(one));
                    prop_assert_eq!(one.comparable(), identifier.comparable());
                    prop_assert!(all.iter().all(|other| one.matches(other.expose())));
                    let again = Identifier::new(one.kind().clone(), one.expose());
                    prop_assert_eq!(again.as_ref(), Ok(one));
                }
            }
        }

        #[test]
        fn an_ascii_address_in_lower_case_has_one_spelling(address in "[a-z0-9.+_-]{1,10}@[a-wyz][a-z0-9]{0,7}\\.[a-wyz]{2,3}") {
            prop_assert_eq!(spellings(&address), vec![address]);
        }

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
            prop_assume!(!has_trunk_prefix(&written));
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
