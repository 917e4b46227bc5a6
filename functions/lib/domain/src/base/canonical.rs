//! JSON in one spelling, and its hash: the form that is signed and chained.

use ring::digest::{Context, SHA256};
use serde_json::Value;
use std::fmt;

/// JSON with sorted keys and no white space.
///
/// # Errors
/// When a map has keys that are not strings.
pub fn canonical(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    // serde_json's map is a BTreeMap here: its feature `preserve_order` is off, and a test asserts it. Our
    // values are integers and strings only. The value therefore has one spelling.
    serde_json::to_vec(value)
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    // The 0x00 keeps an event's hash distinct from that of any later tree node (RFC 6962, section 2.1).
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(bytes);
    hex(context.finish().as_ref())
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
