//! Calls AWS without a generated client: of KMS, Lambda, S3, Secrets Manager and Step Functions we use a few
//! operations each, and their SDKs would take over a quarter of a first build.
//!
//! A call runs on the SDK's own orchestrator, with the parts that a generated client gives it: signature,
//! retries, time-outs, correction of the clock, judgement of errors. The SDK's traces show no body, because it
//! may carry a secret.

use crate::endpoint::{Service, address};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::{AwsErrorCodeClassifier, TRANSIENT_ERRORS};
use aws_runtime::service_clock_skew::{
    DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor,
};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::invoke;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Input, Output};
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, Metadata, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse, SerializeRequest, SharedRequestSerializer, SharedResponseDeserializer,
};
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::SigningRegion;
use aws_types::{SdkConfig, SigningName};
use bytes::Bytes;
use http_body_util::Full;
use rightful_domain::base::canonical::hex;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use tracing::Instrument as _;
use zeroize::Zeroizing;

/// How the calls of a service are signed, and its answers judged.
#[derive(Debug)]
pub(crate) struct Protocol {
    /// Changes the usual signature.
    pub sign: fn(&mut SigningOptions),
    /// The refusal in an answer to this operation; `None` when it is a success.
    pub judge: fn(operation: &str, answer: &HttpResponse) -> Result<Option<Refusal>, BoxError>,
    /// The codes of failures that may pass, besides the usual ones.
    pub transient: &'static [&'static str],
}

/// Failures are told in JSON.
static JSON: Protocol = Protocol {
    sign: |_| {},
    judge: |_, answer| {
        let refused = !answer.status().is_success();
        refused.then(|| refusal(answer.headers(), answer.body().bytes().unwrap_or_default())).transpose()
    },
    transient: &[],
};

/// A client of one service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    id: &'static str,
    protocol: &'static Protocol,
    /// `None` when the service has no address.
    plugins: Option<RuntimePlugins>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An answer of success.
pub(crate) struct Answer {
    pub headers: Headers,
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("headers", &self.headers).field("bytes", &self.body.len()).finish()
    }
}

/// A failed call.
pub(crate) type CallFailure = SdkError<Refusal, HttpResponse>;

/// An error that AWS answered: its code alone, because its message may repeat what we sent.
#[derive(Debug, Default)]
pub(crate) struct Refusal(ErrorMetadata);

impl Refusal {
    /// The refusal with this code, if it has one.
    pub(crate) fn of(code: Option<String>) -> Self {
        let error = ErrorMetadata::builder();
        Self(match code {
            Some(code) => error.code(code).build(),
            None => error.build(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AWS refused the call")
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl Client {
    /// The service, with the time-outs and retries of [`crate::Aws::new`], or with one try of the given length
    /// at most.
    pub(crate) fn new(config: &SdkConfig, service: &'static Service, once: Option<Duration>) -> Self {
        Self::at(config, service, &JSON, address(config, service), once)
    }

    /// The service at an address; without one no call is sent.
    pub(crate) fn at(
        config: &SdkConfig,
        service: &'static Service,
        protocol: &'static Protocol,
        url: Option<String>,
        once: Option<Duration>,
    ) -> Self {
        let plugins = url.map(|url| plugins(config, service, protocol, url, once));
        Self { id: service.id, protocol, plugins }
    }

    /// The client without a header that AWS's published signatures lack.
    #[cfg(test)]
    pub(crate) fn without_user_agent(mut self) -> Self {
        use aws_smithy_runtime_api::client::interceptors::disable_interceptor;
        let mut layer = Layer::new("test");
        layer.store_put(disable_interceptor::<UserAgentInterceptor>("test"));
        let plugin = StaticRuntimePlugin::new().with_config(layer.freeze());
        self.plugins = self.plugins.map(|plugins| plugins.with_client_plugin(plugin));
        self
    }

    /// Sends a request, given without its address, and again while its failure is one that may pass.
    pub(crate) async fn send(
        &self,
        operation: &'static str,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Answer, CallFailure> {
        let unsent = |why: &'static str| CallFailure::construction_failure(why);
        let plugins = self.plugins.clone().ok_or_else(|| unsent("the service has no address"))?;
        let mut signing = SigV4OperationSigningConfig::default();
        (self.protocol.sign)(&mut signing.signing_options);
        let checksum = hex(digest(&SHA256, &body).as_ref());
        signing.signing_options.payload_override = Some(SignableBody::Precomputed(checksum));
        let mut layer = Layer::new(operation);
        layer.store_put(signing);
        layer.store_put(Metadata::new(operation, self.id));
        let plugins = plugins.with_operation_plugin(StaticRuntimePlugin::new().with_config(layer.freeze()));
        let request = request.body(opaque(body)).map_err(|_| unsent("the request has no address"))?;
        let request = HttpRequest::try_from(request).map_err(CallFailure::construction_failure)?;
        let span = tracing::debug_span!("aws", service = self.id, operation);
        let output = invoke(self.id, operation, Input::erase(request), &plugins).instrument(span).await;
        let output = output.map_err(|err| err.map_service_error(|err| err.downcast().unwrap_or_default()))?;
        output.downcast().map_err(|_| unreadable())
    }
}

/// A body that can be sent again and that a trace does not show.
fn opaque(body: Vec<u8>) -> SdkBody {
    let body = Bytes::from(body);
    SdkBody::retryable(move || SdkBody::from_body_1_x(Full::new(body.clone())))
}

/// An answer that cannot be read: nobody can tell what AWS did.
pub(crate) fn unreadable() -> CallFailure {
    CallFailure::response_error(
        "unreadable",
        HttpResponse::new(http::StatusCode::OK.into(), SdkBody::empty()),
    )
}

/// True when missing credentials kept a call from being sent.
#[cfg(feature = "lambda")]
pub(crate) fn lacks_credentials(err: &CallFailure) -> bool {
    let first = std::error::Error::source(err);
    std::iter::successors(first, |err| err.source()).any(|err| err.is::<CredentialsError>())
}

/// The parts that a generated client gives the orchestrator.
fn plugins(
    config: &SdkConfig,
    service: &Service,
    protocol: &'static Protocol,
    url: String,
    once: Option<Duration>,
) -> RuntimePlugins {
    let region = config.region();
    let (retries, timeouts) = match once {
        Some(longest) => {
            let timeouts = TimeoutConfig::builder().operation_timeout(longest).build();
            (Some(RetryConfig::disabled()), Some(timeouts))
        }
        None => (config.retry_config().cloned(), config.timeout_config().cloned()),
    };
    let mut layer = Layer::new(service.name);
    layer.store_put(SharedRequestSerializer::new(Ready));
    layer.store_put(SharedResponseDeserializer::new(Read(protocol)));
    layer.store_put(SensitiveOutput);
    layer.store_put(EndpointResolverParams::new(()));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigningName::from_static(service.name));
    layer.store_or_unset(region.cloned().map(SigningRegion::from));
    layer.store_or_unset(retries);
    layer.store_or_unset(timeouts);
    layer.store_or_unset(config.disable_clock_skew_correction().map(DisableClockSkewCorrection::from));
    layer.store_or_unset(config.app_name().cloned());
    layer.store_put(ApiMetadata::new(service.name, env!("CARGO_PKG_VERSION")));

    let nobody = || {
        SharedCredentialsProvider::new(provide_credentials_fn(async || {
            Err(CredentialsError::not_loaded("none are set"))
        }))
    };
    let mut components = RuntimeComponentsBuilder::new(service.name)
        .with_http_client(config.http_client())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source())
        .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(url)))
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .with_identity_resolver(SCHEME_ID, config.credentials_provider().unwrap_or_else(nobody))
        .with_interceptor(ServiceClockSkewInterceptor::new())
        .with_interceptor(RequestInfoInterceptor::new())
        .with_interceptor(UserAgentInterceptor::new())
        .with_interceptor(InvocationIdInterceptor::new())
        .with_interceptor(RecursionDetectionInterceptor::new())
        .with_retry_classifier(HttpStatusCodeClassifier::default())
        .with_retry_classifier(TransientErrorClassifier::<Refusal>::new())
        .with_retry_classifier(
            AwsErrorCodeClassifier::<Refusal>::builder()
                .transient_errors([TRANSIENT_ERRORS, protocol.transient].concat())
                .build(),
        )
        .with_retry_classifier(ServiceClockSkewClassifier::<Refusal>::new());
    if let Some(cache) = config.identity_cache() {
        components.set_identity_cache(Some(cache));
    }

    // The calls of one service share an allowance of retries.
    let name = region.map_or(Cow::from(service.name), |region| format!("{}-{region}", service.name).into());
    let defaults = DefaultPluginParams::new()
        .with_retry_partition_name(name)
        .with_behavior_version(config.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .with_is_aws_sdk(true);
    RuntimePlugins::new().with_client_plugins(default_plugins(defaults)).with_client_plugin(
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components),
    )
}

/// The request is made already.
#[derive(Debug)]
struct Ready;

impl SerializeRequest for Ready {
    fn serialize_input(&self, input: Input, _: &mut ConfigBag) -> Result<HttpRequest, BoxError> {
        input.downcast().map_err(|_| "the input is no request".into())
    }
}

/// An answer is kept as it is; an error is reduced to its code.
#[derive(Debug)]
struct Read(&'static Protocol);

impl DeserializeResponse for Read {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        if let Some(refusal) = (self.0.judge)(operation, response).map_err(OrchestratorError::response)? {
            return Err(OrchestratorError::operation(Error::erase(refusal)));
        }
        let (headers, body) = (response.headers().clone(), response.body().bytes().unwrap_or_default());
        Ok(Output::erase(Answer { headers, body: Zeroizing::new(body.to_vec()) }))
    }
}

/// The error of an answer that is no success: its code without namespace and address. A body that is no JSON
/// is not AWS's: a server between AWS and us wrote it, and nobody can tell what AWS did.
fn refusal(headers: &Headers, body: &[u8]) -> Result<Refusal, BoxError> {
    let told = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
    let Ok(told): Result<Value, _> = told else { return Err("unreadable".into()) };
    let told = || told.get("code").and_then(Value::as_str).or_else(|| told.get("__type")?.as_str());
    let code = headers.get("x-amzn-errortype").or_else(told);
    let code = code.and_then(|code| code.split(':').next()).and_then(|code| code.rsplit('#').next());
    Ok(Refusal::of(code.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Aws, Settings, tls_config};
    use crate::failures::{Cause, cause};
    use aws_credential_types::Credentials;
    use aws_smithy_async::time::StaticTimeSource;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use std::sync::{Arc, Mutex};
    use std::time::SystemTime;
    use tokio::time::Instant;

    const SERVICE: Service = Service { id: "Any", name: "any" };

    /// The outcome of one try.
    #[derive(Clone, Debug)]
    enum Try {
        Answered { status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str },
        Lost,
        Silent,
    }

    fn answered(status: u16, body: &'static str) -> Try {
        Try::Answered { status, headers: &[], body }
    }

    fn refused(status: u16, code: &'static str) -> Try {
        let body = format!(r#"{{"__type":"com.amazonaws.any#{code}","message":"m"}}"#);
        answered(status, body.leak())
    }

    /// The network: one outcome for each try, the last one for all that follow.
    #[derive(Clone, Debug)]
    struct Network {
        outcomes: Arc<Vec<Try>>,
        tries: Arc<Mutex<Vec<Sent>>>,
    }

    /// The request of one try.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Sent {
        url: String,
        signed_at: String,
        authorization: String,
        attempt: String,
        body: Bytes,
    }

    impl HttpConnector for Network {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let network = self.clone();
            HttpConnectorFuture::new(async move {
                let header = |name| request.headers().get(name).unwrap_or_default().to_owned();
                let mut sent = Sent {
                    url: request.uri().to_owned(),
                    signed_at: header("x-amz-date"),
                    authorization: header("authorization"),
                    attempt: header("amz-sdk-request"),
                    body: Bytes::new(),
                };
                sent.body = http_body_util::BodyExt::collect(request.into_body()).await.unwrap().to_bytes();
                let outcome = {
                    let mut tries = network.tries.lock().unwrap();
                    tries.push(sent);
                    network.outcomes[(tries.len() - 1).min(network.outcomes.len() - 1)].clone()
                };
                match outcome {
                    Try::Answered { status, headers, body } => {
                        let mut answer = http::Response::builder().status(status);
                        for (name, value) in headers {
                            answer = answer.header(*name, *value);
                        }
                        Ok(answer.body(SdkBody::from(body)).unwrap().try_into().unwrap())
                    }
                    Try::Lost => Err(ConnectorError::io("reset".into())),
                    Try::Silent => std::future::pending().await,
                }
            })
        }
    }

    fn config(network: &Network) -> aws_types::sdk_config::Builder {
        let settings = Settings {
            region: "eu-west-1".to_owned(),
            endpoint_url: Some("http://aws.example.com/".to_owned()),
            credentials: Credentials::new("id", "secret", None, None, "test"),
        };
        let connector = SharedHttpConnector::new(network.clone());
        let client = http_client_fn(move |_, _| connector.clone());
        Aws::new(settings, tls_config().unwrap()).unwrap().sdk_config().to_builder().http_client(client)
    }

    fn network(outcomes: Vec<Try>) -> Network {
        Network { outcomes: Arc::new(outcomes), tries: Arc::default() }
    }

    async fn sent(config: &SdkConfig, once: Option<Duration>) -> Result<Answer, CallFailure> {
        let client = Client::new(config, &SERVICE, once);
        client.send("Act", http::Request::post("/path?a=b"), b"body".to_vec()).await
    }

    /// The outcome of a call with the usual retries, and its tries.
    async fn call(outcomes: Vec<Try>) -> (Result<Answer, CallFailure>, Vec<Sent>) {
        let network = network(outcomes);
        let answer = sent(&config(&network).build(), None).await;
        let tries = network.tries.lock().unwrap().clone();
        (answer, tries)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_with_the_same_body_and_then_succeeds() {
        for failure in [
            refused(400, "ThrottlingException"),
            refused(400, "LimitExceededException"),
            refused(400, "RequestTimeoutException"),
            refused(429, "TooManyRequestsException"),
            refused(500, "InternalServiceError"),
            refused(500, "KMSInternalException"),
            answered(502, "<html>"),
            answered(503, ""),
            answered(504, ""),
            Try::Lost,
            Try::Silent,
        ] {
            let (answer, tries) = call(vec![failure.clone(), failure.clone(), answered(200, "{}")]).await;
            assert_eq!(answer.unwrap().body.as_slice(), b"{}", "{failure:?}");
            assert_eq!(tries.len(), 3, "{failure:?}");
            for (number, one) in tries.iter().enumerate() {
                assert_eq!(one.url, "http://aws.example.com/path?a=b");
                assert_eq!(one.body, "body");
                assert!(one.attempt.contains(&format!("attempt={}; max=3", number + 1)), "{}", one.attempt);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_stays_is_tried_three_times() {
        for (failure, expected) in [
            (refused(400, "ThrottlingException"), Cause::Busy),
            (refused(500, "InternalServiceError"), Cause::Ambiguous),
            (answered(403, "<html>not AWS's"), Cause::Ambiguous),
            (Try::Lost, Cause::Ambiguous),
        ] {
            let (answer, tries) = call(vec![failure.clone()]).await;
            assert_eq!((cause(&answer.unwrap_err()), tries.len()), (expected, 3), "{failure:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_final_and_told_by_its_code_alone() {
        for (status, code, expected) in [
            (400, "ValidationException", Cause::Rejected),
            (400, "InvalidRequestException", Cause::Rejected),
            (400, "AccessDeniedException", Cause::Denied),
            (403, "UnrecognizedClientException", Cause::Denied),
            (404, "NotFoundException", Cause::Missing),
            (409, "ConflictException", Cause::Rejected),
        ] {
            let (answer, tries) = call(vec![refused(status, code)]).await;
            let err = answer.unwrap_err();
            assert_eq!((cause(&err), tries.len()), (expected, 1), "{code}");
            assert_eq!((err.code(), err.message()), (Some(code), None));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_ends_after_three_tries_within_fifteen_seconds() {
        let start = Instant::now();
        let (answer, tries) = call(vec![Try::Silent]).await;
        assert!(matches!(answer, Err(SdkError::TimeoutError(_))));
        assert_eq!((start.elapsed().as_secs(), tries.len()), (15, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_sent_once_waits_as_long_as_it_may() {
        for outcome in [Try::Silent, Try::Lost, refused(500, "ServiceException"), refused(429, "Throttling")]
        {
            let (network, start) = (network(vec![outcome.clone()]), Instant::now());
            let answer = sent(&config(&network).build(), Some(Duration::from_secs(330))).await;
            assert_eq!(network.tries.lock().unwrap().len(), 1, "{outcome:?}");
            let is_silent = matches!(outcome, Try::Silent);
            assert_eq!(matches!(answer, Err(SdkError::TimeoutError(_))), is_silent, "{outcome:?}");
            assert_eq!(start.elapsed().as_secs(), if is_silent { 330 } else { 0 }, "{outcome:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_clock_is_corrected_by_the_services() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let date = &[("date", "Sun, 30 Aug 2015 12:46:00 GMT")];
        let body = r#"{"__type":"InvalidSignatureException"}"#;
        let network = network(vec![Try::Answered { status: 403, headers: date, body }, answered(200, "{}")]);
        let config = config(&network).time_source(StaticTimeSource::new(at)).build();
        sent(&config, None).await.unwrap();
        let tries = network.tries.lock().unwrap();
        let signed_at: Vec<&str> = tries.iter().map(|one| one.signed_at.as_str()).collect();
        assert_eq!(signed_at, ["20150830T123600Z", "20150830T124600Z"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_signature_covers_the_body_and_names_region_and_service() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let signed = async |body: &[u8]| {
            let network = network(vec![answered(200, "{}")]);
            let config = config(&network).time_source(StaticTimeSource::new(at)).build();
            let client = Client::new(&config, &SERVICE, None);
            client.send("Act", http::Request::post("/"), body.to_vec()).await.unwrap();
            let tries = network.tries.lock().unwrap();
            tries[0].authorization.clone()
        };
        let one = signed(b"one").await;
        assert!(
            one.starts_with("AWS4-HMAC-SHA256 Credential=id/20150830/eu-west-1/any/aws4_request"),
            "{one}"
        );
        assert_eq!(one, signed(b"one").await);
        assert_ne!(one, signed(b"two").await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_without_an_address_or_credentials() {
        let network = network(vec![answered(200, "{}")]);
        let nowhere = config(&network).use_fips(true).build();
        let err = sent(&nowhere, None).await.unwrap_err();
        assert_eq!((cause(&err), lacks_credentials(&err)), (Cause::Rejected, false));
        let mut nobody = config(&network);
        nobody.set_credentials_provider(None);
        let err = sent(&nobody.build(), None).await.unwrap_err();
        assert_eq!((cause(&err), lacks_credentials(&err)), (Cause::Ambiguous, true));
        assert!(network.tries.lock().unwrap().is_empty());
    }

    #[test]
    fn a_code_is_found_wherever_aws_writes_it() {
        let code = |header: Option<&'static str>, body: &str| {
            let mut headers = Headers::new();
            if let Some(header) = header {
                headers.insert("x-amzn-errortype", header);
            }
            refusal(&headers, body.as_bytes()).map(|one| one.code().map(str::to_owned)).ok()
        };
        let named = |name: &str| Some(Some(name.to_owned()));
        assert_eq!(code(None, r#"{"__type":"com.amazonaws.kms#A"}"#), named("A"));
        assert_eq!(code(None, r#"{"__type":"A","code":"B"}"#), named("B"));
        assert_eq!(code(None, r#"{"__type":"A","code":7}"#), named("A"));
        assert_eq!(code(Some("C:http://example.com/"), r#"{"__type":"A"}"#), named("C"));
        assert_eq!(code(Some("C"), ""), named("C"));
        assert_eq!(code(None, ""), Some(None));
        assert_eq!(code(None, r#"["A"]"#), Some(None));
        assert_eq!(code(Some("C"), "<html>"), None);
    }

    #[test]
    fn an_answer_is_shown_without_its_body() {
        let answer = Answer { headers: Headers::new(), body: Zeroizing::new(b"canary".to_vec()) };
        let shown = format!("{answer:?}");
        assert!(shown.contains("bytes: 6") && !shown.contains("canary"), "{shown}");
        assert!(!format!("{:?}", opaque(b"canary".to_vec())).contains("canary"));
    }
}
