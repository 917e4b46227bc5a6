//! Searches text for a value in every form in which it could leak.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The forms of `value` that `text` holds: plain, folded, percent-encoded, base64 at each of the
/// three alignments, JSON-escaped, hexadecimal.
#[must_use]
pub fn forms_in(text: &str, value: &str) -> Vec<String> {
    let folded = text.to_lowercase();
    let lower = value.to_lowercase();
    let mut forms = vec![lower.clone()];
    forms.push(lower.replace('@', "%40"));
    forms.push(lower.replace('@', "\\u0040"));
    forms.push(lower.bytes().map(|byte| format!("%{byte:02x}")).collect());
    forms.push(lower.bytes().map(|byte| format!("{byte:02x}")).collect());
    let mut hits: Vec<String> = forms.into_iter().filter(|form| folded.contains(form.as_str())).collect();
    for skip in 0..3 {
        for plain in [value, lower.as_str()] {
            let padded = [&b"xx"[..skip.min(2)], plain.as_bytes()].concat();
            for encoded in [STANDARD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
                // Without the characters that share bits with their neighbours.
                let start = if skip == 0 { 0 } else { 4 };
                let end = encoded.trim_end_matches('=').len().saturating_sub(2);
                if let Some(core) = encoded.get(start..end)
                    && core.len() >= 8
                    && text.contains(core)
                {
                    hits.push(core.to_owned());
                }
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_value_is_found() {
        let value = "Canary.Person@secret.example";
        for text in [
            "x canary.person@SECRET.example y".to_owned(),
            "email=canary.person%40secret.example&".to_owned(),
            r#"{"e":"canary.person\u0040secret.example"}"#.to_owned(),
            STANDARD.encode(format!(r#"{{"value":"{value}"}}"#)),
            STANDARD.encode(format!(r#"{{"values":"{value}"}}"#)),
            STANDARD.encode(format!(r#"{{"valuess":"{value}"}}"#)),
        ] {
            assert!(!forms_in(&text, value).is_empty(), "{text}");
        }
        assert!(forms_in("nobody@example.com", value).is_empty());
    }
}
