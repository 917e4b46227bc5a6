//! One configuration and one HTTP client for every call to AWS.
//!
//! Made by hand, without aws-config and without the SDK's own connectors: Lambda gives region and
//! credentials in the environment, and one reqwest client on ring is the whole network stack.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);
const ATTEMPTS: u32 = 3;

/// Where AWS is and who calls it.
#[derive(Clone)]
pub struct Settings {
    /// The region's name.
    pub region: String,
    /// One endpoint for every service, instead of AWS's own: the embedded stack.
    pub endpoint_url: Option<String>,
    /// The caller's credentials.
    pub credentials: Credentials,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The variables that Lambda sets for a function: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`, and `AWS_ENDPOINT_URL` where the endpoint is not AWS's own. `read` gives a
    /// variable by its name, and `None` for an empty one.
    ///
    /// # Errors
    /// `Misconfigured` when the region or the credentials are not set.
    pub fn of_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let region = read("AWS_REGION").ok_or(Failure::of(Code::AwsRegionMissing))?;
        let (Some(id), Some(secret)) = (read("AWS_ACCESS_KEY_ID"), read("AWS_SECRET_ACCESS_KEY")) else {
            return Err(Failure::of(Code::AwsCredentialsMissing));
        };
        let credentials = Credentials::new(id, secret, read("AWS_SESSION_TOKEN"), None, "environment");
        Ok(Self { region, endpoint_url: read("AWS_ENDPOINT_URL"), credentials })
    }
}

/// How outgoing calls are secured.
pub type TlsConfig = rustls::ClientConfig;

/// The TLS configuration for all outgoing calls: ring, the bundled Mozilla roots, TLS 1.2 and 1.3.
///
/// # Errors
/// `Misconfigured` when ring offers no usable protocol version, which would be a mistake in the build.
pub fn tls_config() -> Result<TlsConfig, Failure> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::of(Code::TlsUnusable))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// AWS, configured: every adapter of this crate is built from it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    http: reqwest::Client,
    /// The credentials that [`Aws::sign`] used last.
    pub(crate) kept: Arc<Mutex<Option<Credentials>>>,
}

impl Aws {
    /// Configures every client: connect 2 s, attempt 5 s, operation 15 s, three attempts.
    ///
    /// # Errors
    /// `Misconfigured` when the TLS configuration cannot be used.
    pub fn new(settings: Settings, tls: TlsConfig) -> Result<Self, Failure> {
        let mut config = SdkConfig::builder()
            .region(Region::new(settings.region))
            .credentials_provider(SharedCredentialsProvider::new(settings.credentials));
        config.set_endpoint_url(settings.endpoint_url);
        Self::from_sdk_config(config.build(), tls)
    }

    /// Takes region, credentials and endpoint from a configuration made elsewhere (profiles, SSO);
    /// HTTP client, time-outs and retries are those of [`Aws::new`].
    ///
    /// # Errors
    /// `Misconfigured` when the TLS configuration cannot be used.
    pub fn from_sdk_config(config: SdkConfig, tls: TlsConfig) -> Result<Self, Failure> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let http = reqwest_client(tls)?;
        let config = config
            .into_builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(SharedHttpClient::new(Connector(http.clone())))
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            // Every body is read whole within the attempt's time-out.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Ok(Self { config, http, kept: Arc::default() })
    }

    /// The configuration, for an SDK that this crate has no adapter for.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The HTTP client of every call, for one to our own API: see [`Aws::sign`].
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }
}

/// The SDK's HTTP client over one reqwest client: HTTP/1.1, no proxy, no redirects, no retries of
/// its own, bodies as whole bytes.
///
/// # Errors
/// `Misconfigured` when the TLS configuration cannot be used.
pub fn http_client(tls: TlsConfig) -> Result<SharedHttpClient, Failure> {
    Ok(SharedHttpClient::new(Connector(reqwest_client(tls)?)))
}

fn reqwest_client(tls: TlsConfig) -> Result<reqwest::Client, Failure> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        // AWS keeps an idle connection longer, so we close it first.
        .pool_idle_timeout(Duration::from_secs(15))
        .tcp_nodelay(true)
        .build()
        .map_err(|_| Failure::of(Code::TlsUnusable))
}

#[derive(Clone, Debug)]
struct Connector(reqwest::Client);

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let (head, body) =
                request.try_into_http1x().map_err(|err| ConnectorError::user(err.into()))?.into_parts();
            let body = match body.bytes() {
                Some(bytes) => Bytes::copy_from_slice(bytes),
                None => body.collect().await.map_err(ConnectorError::user)?.to_bytes(),
            };
            let request = reqwest::Request::try_from(http::Request::from_parts(head, body))
                .map_err(|err| ConnectorError::user(err.without_url().into()))?;
            let mut answer = client.execute(request).await.map_err(connector_error)?;
            let mut response = http::Response::new(SdkBody::empty());
            *response.status_mut() = answer.status();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            // Opaque, because the SDK's traces show a body of bytes.
            let body = Full::new(answer.bytes().await.map_err(connector_error)?);
            *response.body_mut() = SdkBody::from_body_1_x(body);
            HttpResponse::try_from(response).map_err(|err| ConnectorError::other(err.into(), None))
        })
    }
}

/// Whether a call timed out or broke off, without its URL.
fn connector_error(err: reqwest::Error) -> ConnectorError {
    let err = err.without_url();
    if err.is_timeout() { ConnectorError::timeout(err.into()) } else { ConnectorError::io(err.into()) }
}
