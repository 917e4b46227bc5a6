//! Telephone numbers, in their one form: E.164.

/// Country codes, each followed by the 0 that is dialled before a number only within the country. After these
/// codes no number begins with 0. In other countries some do.
pub(crate) const DROPS_THE_0: [&str; 44] = [
    "+200", "+270", "+310", "+320", "+330", "+400", "+410", "+430", "+440", "+460", "+490", "+540", "+550",
    "+610", "+620", "+630", "+640", "+660", "+810", "+820", "+840", "+860", "+900", "+910", "+920", "+940",
    "+980", "+2120", "+2130", "+2340", "+2540", "+3530", "+3580", "+3590", "+3800", "+3810", "+3850",
    "+3860", "+3870", "+3890", "+4210", "+8800", "+9660", "+9720",
];

/// Whether parentheses hold a 0 that is dialled only within the country, such as `+32 (0)470 …`, or digits that
/// begin with one. In some countries that 0 belongs to the number, in most it doesn't.
pub(crate) fn has_trunk_prefix(value: &str) -> bool {
    value.split('(').skip(1).any(|inside| inside.trim_start_matches(is_between_digits).starts_with('0'))
}

/// The characters that people put between a phone number's digits.
fn is_between_digits(c: char) -> bool {
    " -.()\u{a0}".contains(c)
}

/// A phone number in its E.164 form, without the characters between the digits; `None` when it is not one. A
/// number without its country code could be anybody's, so none is guessed.
pub(crate) fn e164(value: &str) -> Option<String> {
    let number: String = value.trim().chars().filter(|c| !is_between_digits(*c)).collect();
    let digits = number.strip_prefix('+')?;
    let good = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    good.then_some(number)
}
