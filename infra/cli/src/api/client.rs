//! The client of the API. It signs each call with the caller's own AWS identity, and repeats a call only if
//! that does no harm.

use super::call::{Call, Repeat};
use super::error::ApiError;
use crate::terminal::error::command_error;
use crate::words;
use crate::words::codes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use rightful_aws::Aws;
use rightful_domain::base::code::{Code, OUTPUTS};
use rightful_domain::ports::set_up::Objection;
use rightful_domain::view::error::{ErrorBody, ErrorView};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use zeroize::Zeroizing;

/// The service that a call to API Gateway is signed for.
const SERVICE: &str = "execute-api";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// API Gateway gives up after 30 seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(35);
/// The waits before a call is made again.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(800), Duration::from_millis(2000)];
/// The largest answer: a receipt with its batches, or a page of a list, is smaller.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// The API of one deployment. It follows no redirect and uses no proxy.
pub struct Api {
    http: Client,
    base: String,
    aws: Aws,
    pauses: Vec<Duration>,
}

impl Api {
    /// The API at a base URL, which must be https, or http on this machine.
    ///
    /// # Errors
    /// If it is neither.
    pub fn new(http: Client, base: &str, aws: Aws) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if !is_private(&base) {
            return Err(command_error(
                "`api_url` of the stack file is neither https nor http on this machine, so personal data would be sent in the clear",
                OUTPUTS,
            ));
        }
        Ok(Self { http, base, aws, pauses: PAUSES.to_vec() })
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, ApiError> {
        let answer = self.call_for_bytes(call).await?;
        // serde's message would quote a value.
        serde_json::from_slice(&answer).map_err(|_| ApiError::Unreadable)
    }

    /// Makes a call that has no answer to read.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call_without_answer(&self, call: Call) -> Result<(), ApiError> {
        self.call_for_bytes(call).await.map(|_| ())
    }

    /// Makes a call and returns the bytes of its answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call_for_bytes(&self, call: Call) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let mut pauses = self.pauses.iter();
        loop {
            let error = match self.call_once(&call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = match call.repeat {
                Repeat::Harmless => error.is_worth_a_retry(),
                // In both cases nothing was done.
                Repeat::Never => {
                    matches!(error, ApiError::NotReached | ApiError::Refused { status: 429, .. })
                }
            };
            match pauses.next() {
                Some(pause) if again => tokio::time::sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    async fn call_once(&self, call: &Call) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let request = self.http.request(call.method.clone(), call.url(&self.base)).timeout(CALL_TIMEOUT);
        let request = match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_vec()),
            None => request,
        };
        let mut request = request.build().map_err(|_| ApiError::NotAnApi)?;
        self.aws.sign(SERVICE, &mut request).await.map_err(|_| ApiError::NotSignedIn)?;
        // Not part of the signature.
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.http.execute(request).await.map_err(|error| unanswered(&error))?;
        let status = response.status();
        let answer = read_answer(response).await?;
        if !status.is_success() {
            return Err(unsuccessful(status, &answer, call.repeat));
        }
        Ok(answer)
    }

    /// Downloads from a link without signing: the link itself is the permission. `take` gets the bytes as they
    /// arrive.
    ///
    /// # Errors
    /// [`ApiError`] for the download, or the error of `take`.
    pub async fn download(
        &self,
        link: &str,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !is_private(link) {
            return Err(ApiError::NotAnApi.into());
        }
        // The errors of reqwest contain the URL, and this one is a secret.
        let mut response = self.http.get(link).send().await.map_err(|error| unanswered(&error))?;
        if !response.status().is_success() {
            return Err(command_error(
                format!("the store of copies refused the download (HTTP {})", response.status().as_u16()),
                "run the command again for a new link; if that doesn't help, see whether the copy has expired: `rightful request show ID`",
            ));
        }
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => take(&chunk)?,
                Ok(None) => return Ok(()),
                Err(_) => return Err(command_error("the download broke off", "run the command again")),
            }
        }
    }
}

/// The HTTP client of the command line, with the TLS configuration of the AWS clients.
///
/// # Errors
/// If that configuration can't be used.
pub fn http_client(tls: rustls::ClientConfig) -> anyhow::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("rightful/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(CALL_TIMEOUT)
        .build()
        .map_err(|_| codes::told_code(Code::TlsUnusable.as_str()))
}

/// AWS on this machine for tests, with invented credentials.
#[cfg(test)]
pub fn aws_for_tests(endpoint: &str) -> Aws {
    let invented =
        aws_credential_types::Credentials::new("AKIDEXAMPLE", "canary-secret-key", None, None, "test");
    let settings = rightful_aws::Settings {
        region: "eu-central-1".to_owned(),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: invented,
    };
    Aws::new(settings, rightful_aws::tls_config().unwrap()).unwrap()
}

/// An API on this machine for tests, with invented credentials and short pauses.
#[cfg(test)]
pub fn for_tests(base: &str) -> Api {
    let tls = rightful_aws::tls_config().unwrap();
    let mut api = Api::new(http_client(tls).unwrap(), base, aws_for_tests(base)).unwrap();
    api.pauses = vec![Duration::from_millis(1); 3];
    api
}

/// Whether nobody can read on the way what is sent to this URL.
fn is_private(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let here = || match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here())
}

/// The meaning of an error before the answer began. The error itself contains the URL and is dropped.
fn unanswered(error: &reqwest::Error) -> ApiError {
    if error.is_connect() || error.is_builder() { ApiError::NotReached } else { ApiError::Lost }
}

async fn read_answer(mut response: Response) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let mut all = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| ApiError::Lost)? {
        if all.len() + chunk.len() > MAX_ANSWER {
            return Err(ApiError::Unreadable);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

/// The meaning of an answer without success.
fn unsuccessful(status: StatusCode, answer: &[u8], repeat: Repeat) -> ApiError {
    let status = status.as_u16();
    let answer: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
    if let Ok(ErrorBody { error }) = ErrorBody::deserialize(&answer) {
        let ErrorView { code, message, mut details, standing } = error;
        let tasks = standing.as_ref().map(words::source::open_tasks).unwrap_or_default();
        details.extend(tasks.into_iter().map(|what| Objection { name: String::new(), what }));
        return ApiError::Refused { status, code, message, details };
    }
    // API Gateway's own answers are objects with `message` or `Message`.
    let gateway = answer.get("message").or_else(|| answer.get("Message")).is_some();
    match status {
        401 | 403 => ApiError::Forbidden,
        404 if gateway => ApiError::NoRoute,
        429 => ApiError::Refused {
            status,
            code: Code::StoreBusy.to_string(),
            message: "too many calls at once".to_owned(),
            details: Vec::new(),
        },
        500..=599 if repeat == Repeat::Never => ApiError::Lost,
        500..=599 => ApiError::Unavailable,
        _ => ApiError::NotAnApi,
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
