//! Signs a call to our own API behind API Gateway, which no SDK makes.

use crate::client::Aws;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Body, Request};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use std::time::{Duration, SystemTime};

/// New credentials are fetched this long before the old ones expire.
const EARLY: Duration = Duration::from_secs(60);

impl Aws {
    /// Signs a call for a service, by its signing name: the URL, the headers so far, and the body, which must
    /// be bytes. S3 signs in another way.
    ///
    /// # Errors
    /// `Misconfigured` when there are no credentials, or none that can sign this call.
    pub async fn sign(&self, service: &str, request: &mut Request) -> Result<(), Failure> {
        let credentials = self.credentials().await;
        let region = self.sdk_config().region().map_or("", AsRef::as_ref);
        let signed = credentials.and_then(|one| sign_at(SystemTime::now(), one, region, service, request));
        signed.ok_or(Failure::of(Code::AwsCredentialsMissing))
    }

    /// The caller's credentials, kept until shortly before they expire: the command line may watch a request
    /// for longer.
    pub(crate) async fn credentials(&self) -> Option<Credentials> {
        let fresh = |one: &Credentials| one.expiry().is_none_or(|end| end > SystemTime::now() + EARLY);
        let kept = self.kept.lock().ok().and_then(|kept| kept.clone()).filter(fresh);
        if kept.is_some() {
            return kept;
        }
        let given = self.sdk_config().credentials_provider()?.provide_credentials().await.ok()?;
        if let Ok(mut kept) = self.kept.lock() {
            *kept = Some(given.clone());
        }
        Some(given)
    }
}

fn sign_at(
    at: SystemTime,
    credentials: Credentials,
    region: &str,
    service: &str,
    request: &mut Request,
) -> Option<()> {
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let headers =
        request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(request.body().and_then(Body::as_bytes).unwrap_or_default());
    let signable =
        SignableRequest::new(request.method().as_str(), request.url().as_str(), headers, body).ok()?;
    let (instructions, _) = sign(signable, &params).ok()?.into_parts();
    for (name, value) in instructions.headers() {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
    use reqwest::Method;
    use reqwest::header::CONTENT_TYPE;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The `Authorization` header of a call as AWS's test suite for Signature Version 4 signs it.
    fn authorization(mut request: Request, token: Option<&str>) -> String {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", secret, token.map(str::to_owned), None, "test");
        sign_at(at, credentials, "us-east-1", "service", &mut request).unwrap();
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(request.headers()["x-amz-date"], "20150830T123600Z");
        request.headers()["authorization"].to_str().unwrap().to_owned()
    }

    fn expected(headers: &str, signature: &str) -> String {
        let scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={headers}, Signature={signature}")
    }

    fn request(method: Method) -> Request {
        Request::new(method, "https://example.amazonaws.com/".parse().unwrap())
    }

    #[test]
    fn a_call_without_a_body_is_signed_as_aws_publishes_it() {
        let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert_eq!(authorization(request(Method::GET), None), expected("host;x-amz-date", signature));
    }

    #[test]
    fn a_body_and_its_type_are_signed_as_aws_publishes_it() {
        let mut request = request(Method::POST);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        *request.body_mut() = Some("Param1=value1".into());
        let signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a";
        assert_eq!(authorization(request, None), expected("content-type;host;x-amz-date", signature));
    }

    #[test]
    fn a_session_token_is_signed_as_aws_publishes_it() {
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        let signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead";
        let signed = expected("host;x-amz-date;x-amz-security-token", signature);
        assert_eq!(authorization(request(Method::POST), Some(token)), signed);
    }

    #[tokio::test]
    async fn credentials_are_kept_until_shortly_before_they_expire() {
        for (seconds, fetches) in [(None, 1), (Some(3600), 1), (Some(30), 2)] {
            let fetched = Arc::new(AtomicUsize::new(0));
            let provider = Counted { fetched: Arc::clone(&fetched), seconds };
            let config = aws_types::SdkConfig::builder()
                .credentials_provider(SharedCredentialsProvider::new(provider))
                .build();
            let aws = Aws::from_sdk_config(config, crate::tls_config().unwrap()).unwrap();
            for _ in 0..2 {
                aws.clone().sign("lambda", &mut request(Method::GET)).await.unwrap();
            }
            assert_eq!(fetched.load(Ordering::Relaxed), fetches);
        }
    }

    #[tokio::test]
    async fn nothing_is_signed_without_credentials() {
        let config = aws_types::SdkConfig::builder().build();
        let aws = Aws::from_sdk_config(config, crate::tls_config().unwrap()).unwrap();
        let signed = aws.sign("lambda", &mut request(Method::GET)).await;
        assert_eq!(signed, Err(Failure::of(Code::AwsCredentialsMissing)));
    }

    /// Counts how often it is asked; its credentials last this many seconds.
    #[derive(Debug)]
    struct Counted {
        fetched: Arc<AtomicUsize>,
        seconds: Option<u64>,
    }

    impl ProvideCredentials for Counted {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.fetched.fetch_add(1, Ordering::Relaxed);
            let end = self.seconds.map(|seconds| SystemTime::now() + Duration::from_secs(seconds));
            future::ProvideCredentials::ready(Ok(Credentials::new("id", "secret", None, end, "test")))
        }
    }
}
