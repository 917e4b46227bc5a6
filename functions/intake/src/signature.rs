//! Checks a delivery's signature, over the raw bytes, before anything in it is parsed.

use crate::channel::{Channel, Part, Signature, TimestampFormat};
use crate::secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::time::Time;
use ring::hmac;
use zeroize::Zeroizing;

/// How far a delivery's time may be from ours, in seconds, either way.
pub const TOLERANCE_SECONDS: u64 = 300;

/// Why a delivery is rejected. The texts are for its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("a header of the signature is missing: send this channel's signature, timestamp and id headers")]
    HeaderMissing,
    #[error("the signature's timestamp is not in this channel's format")]
    TimestampMalformed,
    #[error(
        "the signature's timestamp is more than 5 minutes away from now: send the delivery anew, with the right clock"
    )]
    TimestampOutOfRange,
    #[error("the signature does not fit: sign the raw body with this channel's current secret")]
    Wrong,
    #[error(
        "this channel's secret is in no form that Rightful understands: whoever runs Rightful puts it anew into Secrets Manager; then send the delivery again"
    )]
    SecretUnusable,
}

/// One delivery, as received.
pub struct Delivery<'a> {
    /// A header's value by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    pub body: &'a [u8],
}

/// Checks a delivery with each secret that may be in use, the current one first.
pub fn verify(
    channel: &Channel,
    delivery: &Delivery<'_>,
    secrets: &[Zeroizing<String>],
    now: Time,
) -> Result<(), SignatureError> {
    let signature = &channel.signature;
    let header = |name: &str| (delivery.header)(name).ok_or(SignatureError::HeaderMissing);
    let given = header(&signature.header)?;
    let timestamp = header(&signature.timestamp.header)?;
    let message = message(signature, delivery, timestamp)?;
    check_time(signature.timestamp.format, timestamp, now)?;
    let candidates: Vec<Vec<u8>> = candidates(signature, given);
    let keys: Vec<_> = secrets.iter().map(|secret| secret::key(signature.key, secret)).collect();
    for bytes in keys.iter().flatten() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        if candidates.iter().any(|tag| hmac::verify(&key, &message, tag).is_ok()) {
            return Ok(());
        }
    }
    // Without a usable current secret, a good signature can't be told from a forged one, whatever the
    // previous secret is.
    Err(if matches!(keys.first(), Some(Some(_))) {
        SignatureError::Wrong
    } else {
        SignatureError::SecretUnusable
    })
}

fn message(
    signature: &Signature,
    delivery: &Delivery<'_>,
    timestamp: &str,
) -> Result<Vec<u8>, SignatureError> {
    let mut message = Vec::with_capacity(delivery.body.len() + 64);
    for part in &signature.message {
        match part {
            Part::Timestamp => message.extend_from_slice(timestamp.as_bytes()),
            Part::Body => message.extend_from_slice(delivery.body),
            Part::Literal(text) => message.extend_from_slice(text.as_bytes()),
            Part::Header(name) => {
                let value = (delivery.header)(name).filter(|value| !value.is_empty());
                message.extend_from_slice(value.ok_or(SignatureError::HeaderMissing)?.as_bytes());
            }
        }
    }
    Ok(message)
}

fn check_time(format: TimestampFormat, text: &str, now: Time) -> Result<(), SignatureError> {
    let seconds = match format {
        TimestampFormat::UnixSeconds => text.parse::<i64>().ok(),
        TimestampFormat::Iso8601 => Time::parse(text).ok().map(Time::unix_seconds),
    };
    let seconds = seconds.ok_or(SignatureError::TimestampMalformed)?;
    // abs_diff: a timestamp chosen by an attacker must not overflow.
    if seconds.abs_diff(now.unix_seconds()) > TOLERANCE_SECONDS {
        return Err(SignatureError::TimestampOutOfRange);
    }
    Ok(())
}

fn candidates(signature: &Signature, given: &str) -> Vec<Vec<u8>> {
    let parts: Vec<&str> = match &signature.separator {
        Some(separator) => given.split(separator.as_str()).collect(),
        None => vec![given],
    };
    parts
        .into_iter()
        .filter_map(|part| part.strip_prefix(signature.prefix.as_str()))
        .filter_map(|part| BASE64.decode(part).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::embedded;
    use proptest::prelude::*;

    const STANDARD: [(&str, &str); 3] = [
        ("webhook-id", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"),
        ("webhook-timestamp", "1649367553"),
        ("webhook-signature", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
    ];
    const STANDARD_BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
    const STANDARD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const ZENDESK: [(&str, &str); 2] = [
        ("x-zendesk-webhook-signature-timestamp", "2026-07-22T10:00:00Z"),
        ("x-zendesk-webhook-signature", "yuvBR31mkwzBE/IZBnX3l9FRlEwVLppFsZSJ74eeq9s="),
    ];
    const ZENDESK_BODY: &[u8] = br#"{"say":"hello"}"#;
    const ZENDESK_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";

    fn check(
        name: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        secrets: &[&str],
        now: i64,
    ) -> Result<(), SignatureError> {
        let channels = embedded().unwrap();
        let channel = channels.iter().find(|channel| channel.name == name).unwrap();
        let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let secrets: Vec<_> = secrets.iter().map(|secret| Zeroizing::new((*secret).to_owned())).collect();
        verify(channel, &Delivery { header: &header, body }, &secrets, Time::from_unix_seconds(now).unwrap())
    }

    fn zendesk_time() -> i64 {
        Time::parse("2026-07-22T10:00:00Z").unwrap().unix_seconds()
    }

    #[test]
    fn the_published_vectors_verify() {
        assert_eq!(check("standard", &STANDARD, STANDARD_BODY, &[STANDARD_SECRET], 1_649_367_553), Ok(()));
        assert_eq!(check("zendesk", &ZENDESK, ZENDESK_BODY, &[ZENDESK_SECRET], zendesk_time()), Ok(()));
    }

    #[test]
    fn the_previous_secret_still_counts_during_a_rotation() {
        let secrets = ["whsec_AAAA", STANDARD_SECRET];
        assert_eq!(check("standard", &STANDARD, STANDARD_BODY, &secrets, 1_649_367_553), Ok(()));
        assert_eq!(
            check("standard", &STANDARD, STANDARD_BODY, &secrets[..1], 1_649_367_553),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn a_secret_that_was_pasted_with_a_line_break_or_a_signatures_prefix_verifies() {
        let now = 1_649_367_553;
        for pasted in [format!("{STANDARD_SECRET}\n"), format!("v1,{STANDARD_SECRET}\r\n")] {
            assert_eq!(check("standard", &STANDARD, STANDARD_BODY, &[&pasted], now), Ok(()), "{pasted:?}");
        }
        let pasted = format!("{ZENDESK_SECRET}\n");
        assert_eq!(check("zendesk", &ZENDESK, ZENDESK_BODY, &[&pasted], zendesk_time()), Ok(()));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let mut headers = STANDARD;
        let list = format!("v1,AAAA v2,zzz {}", headers[2].1);
        headers[2].1 = &list;
        assert_eq!(check("standard", &headers, STANDARD_BODY, &[STANDARD_SECRET], 1_649_367_553), Ok(()));
    }

    #[test]
    fn five_minutes_either_way_are_the_limit() {
        for (offset, result) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(SignatureError::TimestampOutOfRange)),
            (-301, Err(SignatureError::TimestampOutOfRange)),
        ] {
            let now = 1_649_367_553 + offset;
            assert_eq!(
                check("standard", &STANDARD, STANDARD_BODY, &[STANDARD_SECRET], now),
                result,
                "{offset}"
            );
            let now = zendesk_time() + offset;
            assert_eq!(check("zendesk", &ZENDESK, ZENDESK_BODY, &[ZENDESK_SECRET], now), result, "{offset}");
        }
    }

    #[test]
    fn a_changed_body_id_timestamp_or_signature_is_wrong() {
        let now = 1_649_367_553;
        let wrong = Err(SignatureError::Wrong);
        assert_eq!(check("standard", &STANDARD, b"{}", &[STANDARD_SECRET], now), wrong);
        for (index, value) in [(0, "msg_other"), (1, "1649367554"), (2, "v1,AAAA"), (2, "tZ1I"), (2, "")] {
            let mut headers = STANDARD;
            headers[index].1 = value;
            assert_eq!(check("standard", &headers, STANDARD_BODY, &[STANDARD_SECRET], now), wrong, "{value}");
        }
    }

    #[test]
    fn a_missing_header_says_so() {
        for left_out in 0..STANDARD.len() {
            let headers: Vec<_> = STANDARD
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != left_out)
                .map(|(_, header)| *header)
                .collect();
            assert_eq!(
                check("standard", &headers, STANDARD_BODY, &[STANDARD_SECRET], 1_649_367_553),
                Err(SignatureError::HeaderMissing)
            );
        }
    }

    #[test]
    fn an_unusable_secret_is_told_apart_from_a_wrong_signature() {
        for secret in ["", "whsec_", "whsec_***", "plain"] {
            assert_eq!(
                check("standard", &STANDARD, STANDARD_BODY, &[secret], 1_649_367_553),
                Err(SignatureError::SecretUnusable),
                "{secret}"
            );
        }
        // A usable previous one doesn't hide this, and still counts.
        let secrets = ["plain", "whsec_AAAA"];
        let result = check("standard", &STANDARD, STANDARD_BODY, &secrets, 1_649_367_553);
        assert_eq!(result, Err(SignatureError::SecretUnusable));
        let secrets = ["plain", STANDARD_SECRET];
        assert_eq!(check("standard", &STANDARD, STANDARD_BODY, &secrets, 1_649_367_553), Ok(()));
    }

    #[test]
    fn an_extreme_timestamp_is_refused_without_overflow() {
        for timestamp in
            ["-9223372036854775808", "9223372036854775807", "99999999999999999999", "1e9", "", " 1"]
        {
            let mut headers = STANDARD;
            headers[1].1 = timestamp;
            assert!(check("standard", &headers, STANDARD_BODY, &[STANDARD_SECRET], 1_649_367_553).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_header_value_makes_it_panic_or_pass(signature in "\\PC{0,80}", timestamp in "\\PC{0,30}") {
            let headers = [("webhook-id", "m"), ("webhook-timestamp", timestamp.as_str()), ("webhook-signature", signature.as_str())];
            let result = check("standard", &headers, b"{}", &[STANDARD_SECRET], 1_649_367_553);
            prop_assert!(result.is_err());
        }
    }
}
