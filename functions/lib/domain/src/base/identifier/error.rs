//! Why a value is no identifier.

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
