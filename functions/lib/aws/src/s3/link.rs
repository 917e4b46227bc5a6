//! Links that work without credentials of their own: the signature stands in the query.

use super::address::S3;
use crate::endpoint::RESERVED;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::utf8_percent_encode;
use std::time::{Duration, SystemTime};
use tracing::subscriber::{NoSubscriber, with_default};
use zeroize::Zeroizing;

/// Signs a GET of this URL, which has no query yet, for as long as was said. It works no longer than the
/// credentials do. `None` when they can't sign.
pub(super) fn link(
    url: &str,
    region: &str,
    credentials: Credentials,
    from: SystemTime,
    lasting: Duration,
) -> Option<Zeroizing<String>> {
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(lasting);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(S3.name)
        .time(from)
        .settings(settings)
        .build()
        .ok()?
        .into();
    // A browser sends a body with no GET, and no header that it would have to be told.
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::UnsignedPayload).ok()?;
    // The signer traces what it signs, here with the session token.
    let signed = with_default(NoSubscriber::new(), || sign(request, &params));
    let (instructions, _) = signed.ok()?.into_parts();
    let (_, query) = instructions.into_parts();
    let mut link = Zeroizing::new(url.to_owned());
    for (index, (name, value)) in query.into_iter().enumerate() {
        link.push(if index == 0 { '?' } else { '&' });
        link.push_str(name);
        link.push('=');
        link.extend(utf8_percent_encode(&value, RESERVED));
    }
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The link of AWS's example "Authenticating Requests: Using Query Parameters".
    fn example(token: Option<&str>) -> Zeroizing<String> {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, token.map(str::to_owned), None, "test");
        let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let url = "https://examplebucket.s3.amazonaws.com/test.txt";
        link(url, "us-east-1", credentials, from, Duration::from_secs(86_400)).unwrap()
    }

    #[test]
    fn a_link_is_signed_as_aws_publishes_it() {
        assert_eq!(
            *example(None),
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn a_session_token_is_part_of_the_link_and_of_what_is_signed() {
        let link = example(Some("to+ken/="));
        assert!(link.contains("&X-Amz-Security-Token=to%2Bken%2F%3D"), "{}", *link);
        assert!(!link.contains("aeeed9bb"));
    }
}
