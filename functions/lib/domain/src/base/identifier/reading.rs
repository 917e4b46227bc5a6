//! Reads an identifier as people type and paste it.

use crate::base::identifier::email::comparable_email;
use crate::base::identifier::error::IdentifierError;
use crate::base::identifier::kind::IdentifierKind;
use crate::base::identifier::phone::{DROPS_THE_0, e164, has_trunk_prefix};
use crate::base::identifier::value::{DOTS, Entered, Identifier, TakenOff};
use unicode_normalization::UnicodeNormalization;

impl Identifier {
    /// Checks an identifier that is already known: a stored one, or one of ours. It removes whatever is
    /// certainly not part of the value, without reporting it. A phone number is kept in its E.164 form. Every
    /// other value is kept as given, because the vendor is asked for it in that form.
    ///
    /// # Errors
    /// [`IdentifierError`] names the problem, never the value itself.
    pub fn new(kind: IdentifierKind, value: &str) -> Result<Self, IdentifierError> {
        read(kind, value).map(|entered| entered.identifier)
    }

    /// Checks an identifier that somebody gives, through whatever entrance. White space around the value is not
    /// part of it. Anything else that is certainly not part of it is removed and reported. Characters that may
    /// or may not be part of it are refused: another spelling would ask for another person.
    ///
    /// # Errors
    /// [`IdentifierError`] names the problem and what to write, never the value itself.
    pub fn entered(kind: IdentifierKind, value: &str) -> Result<Entered, IdentifierError> {
        let entered = read(kind, value)?;
        let national = |number: &str| DROPS_THE_0.iter().any(|code| number.starts_with(code));
        match entered.identifier.kind.as_str() {
            "phone" if national(&entered.identifier.value) => Err(IdentifierError::TrunkPrefix),
            "email" if looks_like_another(&entered.identifier.value) => Err(IdentifierError::LooksAlike),
            _ => Ok(entered),
        }
    }

    /// Whether a value that a vendor shows is this identifier. The vendor's value is read like one that
    /// somebody gives: whatever is certainly not part of it doesn't count, and an ambiguous value matches
    /// nobody.
    #[must_use]
    pub fn matches(&self, shown: &str) -> bool {
        read(self.kind.clone(), shown).is_ok_and(|shown| shown.identifier.comparable() == self.comparable())
    }
}

/// The longest value, in bytes.
const LONGEST: usize = 320;

/// Whether the part before the @ has look-alikes of plain letters, such as a ligature from a PDF or full-width
/// letters. No mail system treats the two as equal.
pub(crate) fn looks_like_another(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    local.nfkc().ne(local.nfc())
}

/// Every value is read here.
pub(crate) fn read(kind: IdentifierKind, value: &str) -> Result<Entered, IdentifierError> {
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

/// The value without its format characters. The two joiners stay between characters beyond ASCII, where they
/// are part of the spelling: a Persian domain without its non-joiner is another domain.
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

/// Unicode 16's general category Cf, except the visible marks (U+0600 and its like).
pub(crate) fn is_format_character(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// Invisible characters that count as letters or marks: fillers and variation selectors.
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

/// A mark that stands in for an apostrophe. No address has one, but many word processors and keyboards produce
/// one.
fn is_curled(c: char) -> bool {
    is_quote(c) && !c.is_ascii()
        || matches!(c, '\u{b4}' | '\u{2bc}' | '\u{201b}' | '\u{2032}' | '\u{ff02}' | '\u{ff07}')
}

/// The inside of a pair of quotation marks, if the value is in one. An apostrophe within an e-mail address
/// belongs to the address; in other values a mark of the same pair inside makes the pair doubtful.
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
