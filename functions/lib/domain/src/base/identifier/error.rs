//! The reasons why a value is not an identifier.

/// Why a value is not an identifier. Never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// The kind's name has characters that are not allowed.
    #[error(
        "an identifier's kind is 1 to 32 of a-z, 0-9 and _, beginning with a letter, such as email or phone"
    )]
    BadKind,
    /// The value is empty.
    #[error("the identifier's value is empty")]
    Empty,
    /// The value is too long or has control characters.
    #[error("the identifier's value is longer than 320 bytes or has control characters")]
    Unusable,
    /// The value has an invisible character: a filler or a variation selector.
    #[error(
        "the identifier's value has a character that is not seen: type the value anew instead of copying it"
    )]
    Invisible,
    /// The value has a quotation mark that is not one of a pair around it.
    #[error(
        "the identifier's value has a quotation mark that is not one of a pair around it: take it off, and write an apostrophe within an e-mail address as a plain one"
    )]
    Quote,
    /// The value has look-alikes of plain letters, such as a ligature or full-width letters.
    #[error(
        "the value of kind email has characters before the @ that only look like plain letters: type it anew instead of copying it"
    )]
    LooksAlike,
    /// The value is a `mailto:` link with more than an address in it.
    #[error(
        "the value of kind email is a mailto link with more than a plain address in it: write the address alone, such as name@example.com"
    )]
    Link,
    /// The kind is `email`, but the value is not one e-mail address.
    #[error("the value of kind email is not one e-mail address such as name@example.com")]
    NotAnEmail,
    /// The kind is `phone`, but the value is not a number with its country code.
    #[error(
        "the value of kind phone is not a phone number of 7 to 15 digits: write it with + and the country's code, such as +32470000000"
    )]
    NotAPhone,
    /// The kind is `phone`, and the value has the 0 that is dialled only within a country.
    #[error(
        "the value of kind phone has a 0 behind the country's code that is dialled within the country alone, or parentheses around digits that begin with 0: write it as it is dialled from abroad, without parentheses, such as +32470000000"
    )]
    TrunkPrefix,
}
