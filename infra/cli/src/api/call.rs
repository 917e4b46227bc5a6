//! One call of the API.
//!
//! Architecture Invariant: personal data and secrets are sent in bodies, never in a path or a query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use zeroize::Zeroizing;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a call may be made again when its result is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It only reads, or the deployment recognises it.
    Harmless,
    /// It acts, and a second call would act twice.
    Never,
}

/// One call.
pub struct Call {
    pub method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    pub body: Option<Zeroizing<Vec<u8>>>,
    pub repeat: Repeat,
}

impl Call {
    /// A call that reads. `path` is below `/api`.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            repeat: Repeat::Harmless,
        }
    }

    /// A call that acts. It is never repeated unless [`Call::may_be_repeated`] says so.
    pub fn with_body(method: Method, path: impl Into<String>, body: &impl Serialize) -> anyhow::Result<Self> {
        let body = Zeroizing::new(serde_json::to_vec(body)?);
        let path = path.into();
        Ok(Self { method, path, query: Vec::new(), body: Some(body), repeat: Repeat::Never })
    }

    /// A POST call that acts; see [`Call::with_body`].
    pub fn post(path: impl Into<String>, body: &impl Serialize) -> anyhow::Result<Self> {
        Self::with_body(Method::POST, path, body)
    }

    /// A call that deletes something; never repeated.
    pub fn delete(path: impl Into<String>) -> Self {
        Self { method: Method::DELETE, repeat: Repeat::Never, ..Self::get(path) }
    }

    /// States that a second call does no harm.
    pub fn may_be_repeated(mut self) -> Self {
        self.repeat = Repeat::Harmless;
        self
    }

    /// Adds a parameter to the query if there is a value.
    pub fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((name, value.to_string()));
        }
        self
    }

    /// The URL of this call at the API with this base URL.
    pub fn url(&self, base: &str) -> String {
        let mut url = format!("{base}/api{}", self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&format!("{name}={}", utf8_percent_encode(value, RESERVED)));
        }
        url
    }
}
