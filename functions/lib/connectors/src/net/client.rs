//! One client for every vendor, and the results that a call can have.

use super::address::{ForbiddenAddress, Guard, Lookup, SystemLookup};
use super::hosts::check_url;
use super::retry_after;
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url, redirect};
use rightful_domain::base::code::Code;
use rightful_domain::metric::{CallEnd, CallObserver};
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use strum::IntoStaticStr;

/// How a client is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether vendors on this machine may be called besides the listed hosts.
    pub allow_loopback: bool,
    /// The TLS configuration that every outgoing call of this process shares.
    pub tls: rustls::ClientConfig,
}

/// How long a connection may take, with name resolution and TLS, in seconds. It is shorter than any call's
/// time-out, so a call that never connected differs from one that connected and then had no answer.
pub(crate) const CONNECT_SECONDS: u64 = 5;

/// The name that the product gives to vendors.
const USER_AGENT: &str = concat!("rightful/", env!("CARGO_PKG_VERSION"));

/// No connection was made: the only failure on the way to the vendor before anything is sent.
const UNREACHABLE: Code = Code::VendorUnreachable;

/// Why no client could be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The TLS configuration is not usable, or the system gave no resources.
    #[error("the vendor client could not be built")]
    Build,
}

/// The client that calls vendors: https, listed hosts, public addresses; no redirect, no proxy, no
/// retry. Cheap to clone.
#[derive(Clone)]
pub struct VendorClient {
    client: Client,
    allow_loopback: bool,
    observer: Option<Arc<dyn CallObserver>>,
}

impl fmt::Debug for VendorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorClient").field("allow_loopback", &self.allow_loopback).finish_non_exhaustive()
    }
}

/// The purpose of a call, in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Operation {
    Search,
    Submit,
    Status,
    Test,
    AnswerTicket,
    LookAtTicket,
    FindTickets,
}

/// A call. No `Debug`: it holds personal data and the token.
pub(crate) struct Call<'a> {
    pub operation: Operation,
    /// The name of the connector or of the ticketing system.
    pub connector: &'a str,
    pub source: &'a str,
    pub hosts: &'a [String],
    pub method: Method,
    pub url: Url,
    pub auth: (HeaderName, HeaderValue),
    pub body: Option<Bytes>,
    pub success: &'a [u16],
    pub timeout: Duration,
    pub max_body_bytes: usize,
    pub longest_retry_after_seconds: u64,
}

/// Why a call did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No byte of the request left this machine.
    NotSent(Code),
    /// 429: the vendor did not accept it. It may say how many seconds to wait.
    Throttled(Option<u64>),
    /// 401: the vendor did not accept it.
    Unauthorized,
    /// Another 4xx: the vendor did not accept it.
    Refused(u16),
    /// A success whose body is larger than the call allows: the vendor accepted it.
    TooLarge,
    /// Everything else: the vendor may have accepted it, and nobody can tell.
    Lost(Code),
}

impl Trouble {
    fn code(&self) -> Code {
        match self {
            Self::NotSent(code) | Self::Lost(code) => *code,
            Self::Throttled(_) => Code::VendorThrottled,
            Self::Unauthorized => Code::CredentialsRejected,
            Self::Refused(status) => refusal(*status),
            Self::TooLarge => Code::VendorAnswerTooLarge,
        }
    }
}

/// The code for a refusal with this status.
pub(crate) fn refusal(status: u16) -> Code {
    match status {
        400 => Code::VendorBadRequest,
        403 => Code::VendorForbidden,
        404 => Code::VendorNotFound,
        409 => Code::VendorConflict,
        410 => Code::VendorGone,
        422 => Code::VendorUnprocessable,
        _ => Code::VendorRefused,
    }
}

impl VendorClient {
    /// A client that resolves names by the system's resolver.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(options: &Options) -> Result<Self, ClientError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A client that resolves names by `lookup`. The same rules hold for the addresses that it finds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn with_lookup(options: &Options, lookup: Arc<dyn Lookup>) -> Result<Self, ClientError> {
        let client = Client::builder()
            .tls_backend_preconfigured(options.tls.clone())
            // Each URL is checked as well. This holds even where a check is forgotten.
            .https_only(!options.allow_loopback)
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            // Every call opens its own connection. The vendor may have just closed a kept one: a
            // POST on it fails after it was written, and its outcome is unknown for no good reason.
            // TLS sessions are resumed, so a new connection costs little.
            .pool_max_idle_per_host(0)
            .dns_resolver(Guard { lookup, allow_loopback: options.allow_loopback })
            .build()
            .map_err(|_| ClientError::Build)?;
        Ok(Self { client, allow_loopback: options.allow_loopback, observer: None })
    }

    /// The same client with an observer, which hears of every try that goes out.
    #[must_use]
    pub fn observed_by(self, observer: impl CallObserver + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Whether vendors on this machine may be called.
    #[must_use]
    pub fn allows_loopback(&self) -> bool {
        self.allow_loopback
    }

    /// Sends a call once, and returns the body of a successful answer.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Bytes, Trouble> {
        let started = Instant::now();
        let operation: &'static str = call.operation.into();
        let (connector, source) = (call.connector, call.source);
        let mut status = None;
        let result = self.exchange(call, &mut status).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let http_status = status.unwrap_or(0);
        if let (Some(observer), Some(end)) = (&self.observer, end(&result)) {
            observer.called(connector, end, duration_ms);
        }
        if result == Err(Trouble::TooLarge) {
            self.unreadable(connector);
        }
        match &result {
            Ok(_) => {
                tracing::info!(operation, source_id = source, http_status, duration_ms, "vendor answered")
            }
            Err(trouble) => {
                let code = trouble.code().as_str();
                tracing::warn!(
                    operation,
                    source_id = source,
                    http_status,
                    duration_ms,
                    code,
                    "vendor call failed"
                );
            }
        }
        result
    }

    /// Tells the observer that an answer can't be read, whatever its status says.
    pub(crate) fn unreadable(&self, connector: &str) {
        if let Some(observer) = &self.observer {
            observer.unreadable(connector);
        }
    }

    async fn exchange(&self, call: Call<'_>, status: &mut Option<u16>) -> Result<Bytes, Trouble> {
        if check_url(&call.url, call.hosts, self.allow_loopback).is_err() {
            return Err(Trouble::NotSent(Code::VendorHostForbidden));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (name, value) = call.auth;
        headers.insert(name, value);
        let mut request = self.client.request(call.method, call.url).headers(headers).timeout(call.timeout);
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| without_answer(&error))?;
        let code = response.status().as_u16();
        *status = Some(code);
        match code {
            _ if call.success.contains(&code) => body(response, call.max_body_bytes).await,
            401 => Err(Trouble::Unauthorized),
            // The vendor, or something before it, gave up waiting or asks for the same call again.
            // Neither promises that the call had no effect.
            408 | 425 => Err(Trouble::Lost(Code::VendorTimedOut)),
            429 => {
                let longest = call.longest_retry_after_seconds;
                let wait = retry_after::seconds(response.headers(), SystemTime::now(), longest);
                Err(Trouble::Throttled(wait))
            }
            400..=499 => Err(Trouble::Refused(code)),
            300..=399 => Err(Trouble::Lost(Code::VendorRedirected)),
            500..=599 => Err(Trouble::Lost(Code::VendorServerError)),
            _ => Err(Trouble::Lost(Code::VendorAnswerUnexpected)),
        }
    }
}

/// How a call ended, for the observer; `None` for one that was never made.
fn end(result: &Result<Bytes, Trouble>) -> Option<CallEnd> {
    Some(match result {
        Ok(_) => CallEnd::Answered,
        Err(Trouble::NotSent(UNREACHABLE)) => CallEnd::Failed,
        Err(Trouble::NotSent(_)) => return None,
        Err(Trouble::Throttled(_)) => CallEnd::Throttled,
        Err(Trouble::Unauthorized | Trouble::Refused(403) | Trouble::Lost(_)) => CallEnd::Failed,
        Err(Trouble::Refused(_) | Trouble::TooLarge) => CallEnd::Answered,
    })
}

/// The meaning of an error before the head of the answer. The error itself is dropped, because its text
/// contains the URL.
fn without_answer(error: &reqwest::Error) -> Trouble {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<ForbiddenAddress>() {
            return Trouble::NotSent(Code::VendorAddressForbidden);
        }
        cause = inner.source();
    }
    // Name resolution, TCP or TLS failed or took too long. The request is only written to a finished
    // connection, so nothing was sent.
    if error.is_connect() {
        return Trouble::NotSent(UNREACHABLE);
    }
    // The request could not be built.
    if error.is_builder() {
        return Trouble::NotSent(Code::VendorRequestUnusable);
    }
    if error.is_timeout() {
        return Trouble::Lost(Code::VendorTimedOut);
    }
    Trouble::Lost(Code::VendorConnectionLost)
}

/// Reads a body up to a size. It counts the bytes that arrive, not those that were announced.
async fn body(mut response: Response, most: usize) -> Result<Bytes, Trouble> {
    let most_u64 = u64::try_from(most).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|announced| announced > most_u64) {
        return Err(Trouble::TooLarge);
    }
    let mut whole = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if whole.len() + chunk.len() > most => return Err(Trouble::TooLarge),
            Ok(Some(chunk)) => whole.extend_from_slice(&chunk),
            Ok(None) => return Ok(whole.freeze()),
            Err(error) if error.is_timeout() => return Err(Trouble::Lost(Code::VendorTimedOut)),
            Err(_) => return Err(Trouble::Lost(Code::VendorConnectionLost)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_outside_the_connectors_hosts_is_never_called() {
        let roots = rustls::RootCertStore::empty();
        let tls =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let options = Options { allow_loopback: true, tls };
        let client = VendorClient::new(&options).unwrap();
        let hosts = ["api.example.com".to_owned()];
        for url in [
            "https://example.com/",
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://[::ffff:10.0.0.1]/",
        ] {
            let call = Call {
                operation: Operation::Test,
                connector: "vendor",
                source: "vendor-main",
                hosts: &hosts,
                method: Method::GET,
                url: Url::parse(url).unwrap(),
                auth: (ACCEPT, HeaderValue::from_static("x")),
                body: None,
                success: &[200],
                timeout: Duration::from_secs(6),
                max_body_bytes: 1024,
                longest_retry_after_seconds: 1,
            };
            assert_eq!(client.send(call).await, Err(Trouble::NotSent(Code::VendorHostForbidden)), "{url}");
        }
    }
}
