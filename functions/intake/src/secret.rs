//! Reads a channel's secret as people paste it: with line breaks, in quotation marks, as the JSON object of
//! Secrets Manager's console, with the `v1,` of a signature in front.

use crate::channel::KeyForm;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// With padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key's bytes; `None` when the text is in no known form.
pub fn key(form: KeyForm, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = bare(text)?;
    let bytes = match form {
        // No ticketing system has a secret of two lines or of control characters.
        KeyForm::Utf8 if text.chars().any(char::is_control) => return None,
        KeyForm::Utf8 => Zeroizing::new(text.as_bytes().to_vec()),
        KeyForm::WhsecBase64 => {
            let joined: Zeroizing<String> =
                Zeroizing::new(text.split_ascii_whitespace().collect::<Vec<_>>().concat());
            let rest = joined.strip_prefix("v1,").unwrap_or(&joined);
            Zeroizing::new(BASE64.decode(rest.strip_prefix("whsec_").unwrap_or(rest)).ok()?)
        }
    };
    (!bytes.is_empty()).then_some(bytes)
}

/// The text without its wrapping: white space, a byte order mark, quotation marks, an object of one member.
fn bare(text: &str) -> Option<Zeroizing<String>> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if trimmed.starts_with('{') {
        let members: BTreeMap<String, String> = serde_json::from_str(trimmed).ok()?;
        let mut values = members.into_values().map(Zeroizing::new);
        return values.next().filter(|_| values.next().is_none()).and_then(|only| bare(&only));
    }
    let quoted = |mark: char| trimmed.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    Some(Zeroizing::new(quoted('"').or_else(|| quoted('\'')).unwrap_or(trimmed).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
    const PLAIN: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";

    fn read(form: KeyForm, text: &str) -> Option<Vec<u8>> {
        key(form, text).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn a_standard_secret_is_read_however_it_was_pasted() {
        for text in [
            PLAIN.to_owned(),
            format!("whsec_{PLAIN}"),
            format!("whsec_{PLAIN}\n"),
            format!("\u{feff}whsec_{PLAIN}\r\n"),
            format!("  whsec_{PLAIN}\t"),
            format!("v1,{PLAIN}"),
            format!("v1,whsec_{PLAIN}"),
            format!("\"v1, whsec_{PLAIN}\"\n"),
            format!("'whsec_{PLAIN}\n'"),
            format!("whsec_{}", PLAIN.trim_end_matches('=')),
            format!("whsec_{}\n{}\n", &PLAIN[..20], &PLAIN[20..]),
            format!("{{\"secret\": \"whsec_{PLAIN}\"}}\n"),
        ] {
            assert_eq!(read(KeyForm::WhsecBase64, &text).as_deref(), Some(KEY), "{text:?}");
        }
    }

    #[test]
    fn a_secret_that_is_text_is_read_however_it_was_pasted() {
        for text in
            [PLAIN, &format!("{PLAIN}\r\n"), &format!(" \"{PLAIN}\" "), &format!("{{\"a\":\"{PLAIN}\"}}")]
        {
            assert_eq!(read(KeyForm::Utf8, text).as_deref(), Some(PLAIN.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_is_in_no_form_is_no_key() {
        for text in
            ["", "\n", "\"\"", "{}", "{\"a\": 1}", "{\"a\": \"QQ==\", \"b\": \"QQ==\"}", "{\"a\": \"QQ==\""]
        {
            for form in [KeyForm::Utf8, KeyForm::WhsecBase64] {
                assert_eq!(read(form, text), None, "{text:?}");
            }
        }
        for text in ["whsec_", "v1,", "v1,whsec_", "whsec_***", "whpk_QQ==", "v1a,QQ==", "plain", "QQ==|QQ=="]
        {
            assert_eq!(read(KeyForm::WhsecBase64, text), None, "{text:?}");
        }
        assert_eq!(read(KeyForm::Utf8, "first\nsecond"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = (key(KeyForm::Utf8, &text), key(KeyForm::WhsecBase64, &text));
        }
    }
}
