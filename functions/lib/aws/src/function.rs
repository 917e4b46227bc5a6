//! Calls one of the deployment's own functions and waits for its answer. The called function may do things that the
//! caller's role may not, such as reading a data source's secret.

use crate::client::{Aws, connector_error};
use crate::failures::{Cause, FUNCTION};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A function of the deployment.
#[derive(Clone, Debug)]
pub struct Function {
    aws: Aws,
    url: String,
    longest: Duration,
}

/// A call that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The function ran and failed: its failure's kind and code.
    Failed {
        /// Who acts on it, and how.
        kind: Kind,
        /// Its code.
        code: String,
    },
    /// It could not be called, did not end in time, crashed, or gave an unreadable answer.
    Unanswered(Failure),
}

/// A failure of our function, as Lambda reports it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    error_type: String,
    error_message: String,
}

impl Function {
    /// The function by its name or ARN, or by an alias's. A call is sent once and waits this many seconds at
    /// most.
    #[must_use]
    pub fn new(aws: &Aws, name: impl Into<String>, seconds: u64) -> Self {
        let (endpoint, name) = (endpoint(aws.sdk_config()), name.into());
        let name = utf8_percent_encode(&name, RESERVED);
        let url = format!("{}/2015-03-31/functions/{name}/invocations", endpoint.trim_end_matches('/'));
        Self { aws: aws.clone(), url, longest: Duration::from_secs(seconds) }
    }

    /// Its version of this alias.
    #[must_use]
    pub fn at(self, alias: &str) -> Self {
        let url = format!("{}?Qualifier={}", self.url, utf8_percent_encode(alias, RESERVED));
        Self { url, ..self }
    }

    /// Calls it. May be repeated where its operation may.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer.
    pub async fn call<R: DeserializeOwned>(&self, payload: &impl Serialize) -> Result<R, CallError> {
        let unanswered = |cause| CallError::Unanswered(FUNCTION.of(cause));
        let payload = serde_json::to_vec(payload).map_err(|_| unanswered(Cause::Rejected))?;
        match self.invoke(payload).await.map_err(CallError::Unanswered)? {
            // The error would print the value.
            Ok(answer) => serde_json::from_slice(&answer).map_err(|_| unanswered(Cause::Rejected)),
            Err(error) => Err(told(&error).unwrap_or_else(|| unanswered(Cause::Ambiguous))),
        }
    }

    /// Calls it, and returns its answer, or the error that it ended with, as Lambda reports it.
    ///
    /// # Errors
    /// When it could not be called, or did not end in time.
    pub async fn invoke(&self, payload: Vec<u8>) -> Result<Result<Bytes, Bytes>, Failure> {
        let request = self.aws.http().post(&self.url).timeout(self.longest);
        let request = request.header(CONTENT_TYPE, "application/octet-stream").body(payload).build();
        let mut request = request.map_err(|_| FUNCTION.of(Cause::Rejected))?;
        self.aws.sign("lambda", &mut request).await?;
        let lost = |err| FUNCTION.failure(&CallFailure::dispatch_failure(connector_error(err)));
        let response = self.aws.http().execute(request).await.map_err(lost)?;
        if !response.status().is_success() {
            return Err(FUNCTION.failure(&refused(response).await));
        }
        let failed = response.headers().contains_key("x-amz-function-error");
        let body = response.bytes().await.map_err(lost)?;
        Ok(if failed { Err(body) } else { Ok(body) })
    }
}

/// A failed call, as an SDK would report it.
type CallFailure = SdkError<ErrorMetadata, HttpResponse>;

/// An answer of Lambda itself that is no success: its error's name without namespace and address.
async fn refused(response: Response) -> CallFailure {
    let raw = HttpResponse::new(response.status().into(), SdkBody::empty());
    let header = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let header = header.map(str::to_owned);
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(err) => return CallFailure::dispatch_failure(connector_error(err)),
    };
    // A body that is no JSON is not Lambda's.
    let told = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
    let Ok(told): Result<Value, _> = told else {
        return CallFailure::response_error("unreadable", raw);
    };
    let name = header.as_deref().or_else(|| told.get("code").or_else(|| told.get("__type"))?.as_str());
    let name = name.and_then(|name| name.split(':').next()).and_then(|name| name.rsplit('#').next());
    let mut error = ErrorMetadata::builder();
    if let Some(name) = name {
        error = error.code(name);
    }
    CallFailure::service_error(error.build(), raw)
}

/// The address of Lambda's API: one that the caller sets, or AWS's own for the region.
fn endpoint(config: &SdkConfig) -> String {
    let key =
        ServiceConfigKey::builder().service_id("Lambda").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let own = config.service_config().zip(key.build().ok()).and_then(|(own, key)| own.load_config(key));
    if let Some(url) = own.or_else(|| config.endpoint_url().map(str::to_owned)) {
        return url;
    }
    let region = config.region().map_or("", AsRef::as_ref);
    // Of each partition: the beginning of its regions' names, and its domains with IPv4 alone and with both.
    let (_, single, dual) = [
        ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
        ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ]
    .into_iter()
    .find(|(beginning, ..)| region.starts_with(beginning))
    .unwrap_or(("", "amazonaws.com", "api.aws"));
    let service = if config.use_fips() == Some(true) { "lambda-fips" } else { "lambda" };
    let domain = if config.use_dual_stack() == Some(true) { dual } else { single };
    format!("https://{service}.{region}.{domain}")
}

/// A failure of ours. Anything else (a crash, a time-out) carries text that we must not repeat.
fn told(body: &[u8]) -> Option<CallError> {
    let told: Told = serde_json::from_slice(body).ok()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == told.error_type)?;
    let is_code = (1..=64).contains(&told.error_message.len())
        && told
            .error_message
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_code.then_some(CallError::Failed { kind, code: told.error_message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_types::region::Region;

    fn region(name: &'static str) -> aws_types::sdk_config::Builder {
        SdkConfig::builder().region(Region::new(name))
    }

    #[test]
    fn lambda_is_where_the_region_and_the_caller_put_it() {
        for (config, expected) in [
            (region("eu-central-1"), "https://lambda.eu-central-1.amazonaws.com"),
            (region("us-gov-west-1").use_fips(true), "https://lambda-fips.us-gov-west-1.amazonaws.com"),
            (region("eu-west-1").use_dual_stack(true), "https://lambda.eu-west-1.api.aws"),
            (region("cn-north-1"), "https://lambda.cn-north-1.amazonaws.com.cn"),
            (region("eusc-de-east-1"), "https://lambda.eusc-de-east-1.amazonaws.eu"),
            (region("us-isob-east-1"), "https://lambda.us-isob-east-1.sc2s.sgov.gov"),
            (region("eu-west-1").endpoint_url("http://127.0.0.1:4566"), "http://127.0.0.1:4566"),
        ] {
            assert_eq!(endpoint(&config.build()), expected);
        }
    }
}
