//! Searches text for a value in every form in which it could leak.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use std::fmt::Write as _;

/// The forms of `value` that `text` holds; a test expects none.
#[must_use]
pub fn found(text: &str, value: &str) -> Vec<String> {
    let folded = text.to_lowercase();
    let mut found: Vec<String> = Vec::new();
    for variant in [value.to_owned(), value.to_lowercase(), value.to_uppercase()] {
        found.extend(written(&variant).into_iter().filter(|form| folded.contains(&form.to_lowercase())));
        found.extend(encoded(&variant).into_iter().filter(|form| text.contains(form)));
    }
    found.dedup();
    found
}

/// Forms in which letter case doesn't count.
fn written(value: &str) -> Vec<String> {
    let mut all = value.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    });
    let mut forms = vec![value.to_owned(), std::mem::take(&mut all)];
    forms.push(value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => text.push(byte.into()),
            _ => {
                let _ = write!(text, "%{byte:02x}");
            }
        }
        text
    }));
    forms.push(value.replace('@', "\\u0040"));
    forms.push(value.replace('@', "&#64;"));
    forms.push(hex(value.as_bytes()));
    forms.push(hex(digest(&SHA256, value.as_bytes()).as_ref()));
    forms.push(hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, value.as_bytes()).as_ref()));
    forms
}

/// Base64 at each of the three alignments within a longer text.
fn encoded(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for offset in 0..3usize {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(value.as_bytes());
        bytes.truncate(bytes.len() / 3 * 3);
        let begin = (offset * 8).div_ceil(6);
        forms.extend(
            [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|engine| engine.encode(&bytes)[begin..].to_owned()),
        );
    }
    forms.push(STANDARD_NO_PAD.encode(digest(&SHA256, value.as_bytes())));
    forms.push(URL_SAFE_NO_PAD.encode(digest(&SHA256, value.as_bytes())));
    forms
}

fn hex(bytes: &[u8]) -> String {
    rightful_domain::base::canonical::hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_found() {
        let value = "Ana.Canario+x@example.com";
        for hidden in [
            "to Ana.Canario+x@example.com!".to_owned(),
            "ANA.CANARIO+X@EXAMPLE.COM".to_owned(),
            "email=ana.canario%2bx%40example.com".to_owned(),
            "\"Ana.Canario+x\\u0040example.com\"".to_owned(),
            STANDARD_NO_PAD.encode(value),
            STANDARD_NO_PAD.encode(format!("{{\"e\":\"{value}\"}}")),
            URL_SAFE_NO_PAD.encode(format!("x{value}")),
            URL_SAFE_NO_PAD.encode(format!("xy{}", value.to_lowercase())),
            hex(digest(&SHA256, value.to_lowercase().as_bytes()).as_ref()),
        ] {
            assert!(!found(&hidden, value).is_empty(), "{hidden}");
        }
        assert!(found("ana.other@example.com", value).is_empty());
    }
}
