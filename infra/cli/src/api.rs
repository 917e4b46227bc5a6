//! The deployment's JSON API, as a client sees it: each call signed by the caller's own AWS identity,
//! repeated only where repeating it does no harm.
//!
//! Architecture Invariant: personal data and secrets go in bodies, never in a path or a query; and
//! neither a body nor a link is ever part of an error.

use crate::codes;
use crate::output::{FAILED, Told};
use crate::words;
use aws_sdk_lambda::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use rightful_domain::ports::set_up::Objection;
use rightful_domain::view::error::{ErrorBody, ErrorView};
use rightful_domain::view::page::Page;
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The service that a call to API Gateway is signed for.
const SERVICE: &str = "execute-api";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// API Gateway gives up after 30 seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(35);
/// Waits before a call is made again.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(800), Duration::from_millis(2000)];
/// No answer is larger: a receipt with its batches, or a page of a list.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// Credentials are asked for anew this long before they run out.
const EARLY: Duration = Duration::from_secs(60);

/// Whether a call may be made again when nobody knows what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It reads, or the deployment knows it again.
    Harmless,
    /// It acts, and acting twice is not acting once.
    Never,
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// The API said no, in its own words.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its code.
        code: String,
        /// Its sentence.
        message: String,
        /// What is wrong in particular: each by its place in what was sent.
        details: Vec<Objection>,
    },
    /// There are no AWS credentials to sign with.
    NotSignedIn,
    /// AWS doesn't know the caller, or doesn't let them call this.
    Forbidden,
    /// The API Gateway is there, and has no such route.
    NoRoute,
    /// Something answers there that is not this API.
    NotAnApi,
    /// Nothing answers there: nothing was sent.
    NotReached,
    /// It is there and can't answer now.
    Unavailable,
    /// It was sent, and nobody knows what came of it.
    Lost,
    /// It answered, in a form that this version doesn't know.
    Unreadable,
}

/// The name of a detail that is the code of what failed in the deployment.
const CAUSE: &str = "cause";

impl ApiError {
    /// Whether the deployment can't answer at all now: a batch stops at such a failure, and goes on after
    /// any other.
    pub fn is_of_the_deployment(&self) -> bool {
        match self {
            ApiError::Refused { status, code, .. } => {
                *status >= 500 || matches!(*status, 401 | 403 | 429) || code == "source_none"
            }
            _ => true,
        }
    }

    /// Whether a later call may succeed: it is worth trying again.
    pub fn may_pass(&self) -> bool {
        match self {
            ApiError::Refused { status, .. } => *status > 500 || *status == 429,
            ApiError::NotReached | ApiError::Unavailable | ApiError::Lost => true,
            _ => false,
        }
    }

    /// The code that the API gave.
    pub fn code(&self) -> Option<&str> {
        match self {
            ApiError::Refused { code, details, .. } => {
                let cause = details.iter().find(|detail| detail.name == CAUSE);
                Some(cause.map_or(code, |cause| &cause.what))
            }
            _ => None,
        }
    }

    /// What is wrong, in one sentence or in a few lines.
    pub fn what(&self) -> String {
        self.words().0
    }

    fn words(&self) -> (String, String) {
        let (what, todo) = match self {
            ApiError::Refused { status, code, message, details } => {
                return refused(*status, code, message, details);
            }
            ApiError::NotSignedIn => {
                let words = codes::words("aws_credentials_missing");
                (words.what, words.todo)
            }
            ApiError::Forbidden => (
                "AWS doesn't let the caller use this deployment's API: it doesn't know the identity, or the identity isn't allowed to",
                "sign in, take another --profile, or let this one call execute-api:Invoke on the API (the policy is in the deployment's outputs)",
            ),
            ApiError::NoRoute => (
                "the API doesn't know this call",
                "use the `rightful` of the version that is deployed, and compare `api_url` of the stack file with the deployment's outputs",
            ),
            ApiError::NotAnApi => {
                ("what answers at `api_url` of the stack file is not a deployment's API", codes::OUTPUTS)
            }
            ApiError::NotReached => (
                "the deployment's API can't be reached, so nothing was sent",
                "check that the deployment runs and that this machine reaches it, then try again",
            ),
            ApiError::Unavailable => ("the deployment's API can't answer now", codes::AGAIN),
            ApiError::Lost => (
                "the deployment didn't answer in time, so nobody knows whether this was done",
                "look first (`rightful request show ID`, `rightful source list`, `rightful journal`), then try again if it wasn't",
            ),
            ApiError::Unreadable => (
                "the API's answer is not one that this version of `rightful` can read",
                "use the `rightful` of the version that is deployed",
            ),
        };
        (what.to_owned(), todo.to_owned())
    }
}

/// A refusal in words: those of the code where this version has them, else the API's own.
fn refused(status: u16, code: &str, message: &str, details: &[Objection]) -> (String, String) {
    // What stands in the deployment's own way has a code of its own.
    let cause = details.iter().find(|detail| detail.name == CAUSE).map(|detail| detail.what.as_str());
    let known = codes::known(cause.unwrap_or(code));
    let mut what = known.map_or_else(|| plain(message), |words| words.what.to_owned());
    for detail in details.iter().filter(|detail| detail.name != CAUSE) {
        let told = plain(&detail.what);
        if what.contains(&told) {
            continue;
        }
        what.push_str("\n  ");
        if !detail.name.is_empty() {
            what.push_str(&format!("`{}`: ", plain(&detail.name)));
        }
        what.push_str(&told);
    }
    let todo = known.map_or(
        match status {
            404 => "`rightful request list` and `rightful source list` show those there are",
            409 => "look how it stands now, then decide: `rightful request show ID`, `rightful source list`",
            400 | 422 => "put it right, then try again",
            _ => codes::AGAIN,
        },
        |words| codes::for_a_command(words.todo),
    );
    (what, todo.to_owned())
}

/// A text from elsewhere, without what a terminal would take for more than text.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

impl From<ApiError> for Told {
    fn from(error: ApiError) -> Self {
        let (what, todo) = error.words();
        Told { what, todo, code: error.code().map(ToOwned::to_owned), exit: FAILED }
    }
}

/// The error that a failed call stands for.
pub fn told_api(error: ApiError) -> anyhow::Error {
    Told::from(error).into()
}

/// One call.
pub struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Zeroizing<Vec<u8>>>,
    repeat: Repeat,
}

impl Call {
    /// Reads something. `path` is below `/api`.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            repeat: Repeat::Harmless,
        }
    }

    /// Has something done; never repeated unless [`Call::may_be_repeated`] says so.
    pub fn act(method: Method, path: impl Into<String>, body: &impl Serialize) -> anyhow::Result<Self> {
        let body = Zeroizing::new(serde_json::to_vec(body)?);
        let path = path.into();
        Ok(Self { method, path, query: Vec::new(), body: Some(body), repeat: Repeat::Never })
    }

    /// Has something done, by POST.
    pub fn post(path: impl Into<String>, body: &impl Serialize) -> anyhow::Result<Self> {
        Self::act(Method::POST, path, body)
    }

    /// Has something removed; never repeated.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, repeat: Repeat::Never, ..Self::get(path) }
    }

    /// Doing it twice is doing it once.
    pub fn may_be_repeated(mut self) -> Self {
        self.repeat = Repeat::Harmless;
        self
    }

    /// A parameter of the query, where there is a value.
    pub fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name, value.to_string()));
        }
        self
    }

    fn url(&self, base: &str) -> String {
        let mut url = format!("{base}/api{}", self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&format!("{name}={}", encoded(value)));
        }
        url
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

/// The API of one deployment. Calls go to it alone: no redirect is followed and no proxy is used.
pub struct Api {
    http: Client,
    base: String,
    region: String,
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Credentials>>,
    pauses: Vec<Duration>,
}

impl Api {
    /// An API by its base URL, which must be https, or http on this machine.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(
        http: Client,
        base: &str,
        region: String,
        provider: SharedCredentialsProvider,
    ) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        if !is_private(&base) {
            return Err(crate::output::told(
                "`api_url` of the stack file is neither https nor http on this machine, and people's data would be sent in the clear",
                codes::OUTPUTS,
            ));
        }
        Ok(Self { http, base, region, provider, kept: Mutex::new(None), pauses: PAUSES.to_vec() })
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, ApiError> {
        let answer = self.bytes(call).await?;
        // serde's message would quote a value.
        serde_json::from_slice(&answer).map_err(|_| ApiError::Unreadable)
    }

    /// Makes a call whose answer says nothing.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn done(&self, call: Call) -> Result<(), ApiError> {
        self.bytes(call).await.map(|_| ())
    }

    /// Makes a call and gives its answer's bytes as they are.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn bytes(&self, call: Call) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let mut pauses = self.pauses.iter();
        loop {
            let error = match self.once(&call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = match call.repeat {
                Repeat::Harmless => error.may_pass(),
                // Neither of these reached what acts.
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

    async fn once(&self, call: &Call) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        let url = call.url(&self.base);
        let body: &[u8] = call.body.as_ref().map_or(&[], |body| body);
        let headers = self.signed(&call.method, &url, body).await?;
        let request = self.http.request(call.method.clone(), &url).headers(headers).timeout(CALL_TIMEOUT);
        let request = if call.body.is_some() { request.body(body.to_vec()) } else { request };
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        let status = response.status();
        let answer = whole(response).await?;
        if !status.is_success() {
            return Err(not_done(status, &answer, call.repeat));
        }
        Ok(answer)
    }

    async fn signed(&self, method: &Method, url: &str, body: &[u8]) -> Result<HeaderMap, ApiError> {
        let identity = self.credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| ApiError::NotSignedIn)?
            .into();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let typed = if body.is_empty() { &[][..] } else { &[("content-type", "application/json")] };
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let signable =
            SignableRequest::new(method.as_str(), url, typed.iter().copied(), SignableBody::Bytes(body))
                .map_err(|_| ApiError::NotAnApi)?;
        let (instructions, _) = sign(signable, &params).map_err(|_| ApiError::NotSignedIn)?.into_parts();
        for (name, value) in instructions.headers() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ApiError::NotSignedIn)?;
            let mut value = HeaderValue::from_str(value).map_err(|_| ApiError::NotSignedIn)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    /// The caller's credentials, asked for again before they run out: watching may take hours.
    async fn credentials(&self) -> Result<Credentials, ApiError> {
        let fresh = |one: &Credentials| one.expiry().is_none_or(|end| end > SystemTime::now() + EARLY);
        let kept = self.kept.lock().ok().and_then(|kept| kept.clone()).filter(fresh);
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let given = self.provider.provide_credentials().await.map_err(|_| ApiError::NotSignedIn)?;
        if let Ok(mut kept) = self.kept.lock() {
            *kept = Some(given.clone());
        }
        Ok(given)
    }

    /// Fetches what a link leads to, without signing: the link itself is the permission. `take` gets the
    /// bytes as they come.
    ///
    /// # Errors
    /// [`ApiError`] for the download, or whatever `take` fails with.
    pub async fn download(
        &self,
        link: &str,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !is_private(link) {
            return Err(told_api(ApiError::NotAnApi));
        }
        // reqwest's errors hold the URL, and this one is a secret.
        let fetched = self.http.get(link).send().await;
        let mut response = fetched.map_err(|error| told_api(unanswered(&error)))?;
        if !response.status().is_success() {
            return Err(crate::output::told(
                format!("the copy's store didn't give it (HTTP {})", response.status().as_u16()),
                "run the command again for a new link; if it stays so, see whether the copy has expired: `rightful request show ID`",
            ));
        }
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => take(&chunk)?,
                Ok(None) => return Ok(()),
                Err(_) => {
                    return Err(crate::output::told("the download broke off", "run the command again"));
                }
            }
        }
    }
}

/// The HTTP client of the command line, on the TLS configuration of the AWS clients.
///
/// # Errors
/// When that can't be used.
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
        .map_err(|_| codes::told_code("tls_unusable"))
}

/// An API on this machine, for tests: nobody's credentials, and no time to lose.
#[cfg(test)]
pub fn for_tests(base: &str) -> Api {
    let tls = rightful_aws::tls_config().unwrap();
    let nobodys = Credentials::new("AKIDEXAMPLE", "canary-secret-key", None, None, "test");
    let provider = SharedCredentialsProvider::new(nobodys);
    let mut api = Api::new(http_client(tls).unwrap(), base, "eu-central-1".to_owned(), provider).unwrap();
    api.pauses = vec![Duration::from_millis(1); 3];
    api
}

/// Whether what is sent there can't be read on its way.
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

/// What an error before the answer's head means; the error itself holds the URL and is dropped.
fn unanswered(error: &reqwest::Error) -> ApiError {
    if error.is_connect() || error.is_builder() { ApiError::NotReached } else { ApiError::Lost }
}

async fn whole(mut response: Response) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let mut all = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| ApiError::Lost)? {
        if all.len() + chunk.len() > MAX_ANSWER {
            return Err(ApiError::Unreadable);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

/// What an answer that is no success means.
fn not_done(status: StatusCode, answer: &[u8], repeat: Repeat) -> ApiError {
    let status = status.as_u16();
    let answer: Value = serde_json::from_slice(answer).unwrap_or(Value::Null);
    if let Ok(ErrorBody { error }) = ErrorBody::deserialize(&answer) {
        let ErrorView { code, message, mut details, standing } = error;
        let standing = standing.as_ref().map(words::standing).unwrap_or_default();
        details.extend(standing.into_iter().map(|what| Objection { name: String::new(), what }));
        return ApiError::Refused { status, code, message, details };
    }
    // What API Gateway answers itself is an object with `message` (or `Message`).
    let gateway = answer.get("message").or_else(|| answer.get("Message")).is_some();
    match status {
        401 | 403 => ApiError::Forbidden,
        404 if gateway => ApiError::NoRoute,
        429 => ApiError::Refused {
            status,
            code: "store_busy".to_owned(),
            message: "too many calls at once".to_owned(),
            details: Vec::new(),
        },
        500..=599 if repeat == Repeat::Never => ApiError::Lost,
        500..=599 => ApiError::Unavailable,
        _ => ApiError::NotAnApi,
    }
}

/// All items of a list, page by page.
///
/// # Errors
/// When a page can't be read.
pub async fn all_pages<T: DeserializeOwned>(
    api: &Api,
    page: impl Fn(Option<String>) -> Call,
) -> anyhow::Result<Vec<T>> {
    most_pages(api, usize::MAX, page).await
}

/// The first items of a list, at most so many, page by page.
///
/// # Errors
/// When a page can't be read.
pub async fn most_pages<T: DeserializeOwned>(
    api: &Api,
    most: usize,
    page: impl Fn(Option<String>) -> Call,
) -> anyhow::Result<Vec<T>> {
    let mut all: Vec<T> = Vec::new();
    let mut cursor = None;
    while all.len() < most {
        let got: Page<T> = api.call(page(cursor)).await.map_err(told_api)?;
        all.extend(got.items);
        cursor = got.next;
        if cursor.is_none() {
            break;
        }
    }
    all.truncate(most);
    Ok(all)
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
