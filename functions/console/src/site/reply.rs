//! The answer to a browser, with the headers that every answer has.

use crate::site::assets;
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use flate2::Compression;
use flate2::write::GzEncoder;
use rightful_domain::base::code::Code;
use std::io::Write as _;

/// Smaller bodies are not worth compressing.
const LEAST_COMPRESSED: usize = 1024;

/// Scripts and styles come from here alone, nothing is embedded, forms go nowhere else, and no other page frames ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer.
pub(crate) struct Reply {
    pub status: u16,
    /// The error's code, for the log.
    pub code: Option<Code>,
    kind: &'static str,
    body: Vec<u8>,
    cookies: Vec<String>,
    location: Option<String>,
    /// How long caches keep it; never, unless it is the same for everybody.
    cache: &'static str,
    attachment: Option<String>,
}

impl Reply {
    fn of(status: u16, kind: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            code: None,
            kind,
            body,
            cookies: Vec::new(),
            location: None,
            cache: "no-store",
            attachment: None,
        }
    }

    /// A page, or a part of one.
    pub fn page(status: u16, html: String) -> Self {
        Self::of(status, "text/html; charset=utf-8", html.into_bytes())
    }

    /// To another page, by GET.
    pub fn to(location: impl Into<String>) -> Self {
        Self { location: Some(location.into()), ..Self::of(303, "text/plain; charset=utf-8", Vec::new()) }
    }

    /// A file to save.
    pub fn file(name: String, kind: &'static str, body: Vec<u8>) -> Self {
        Self { attachment: Some(name), ..Self::of(200, kind, body) }
    }

    /// A file that the pages load. Its name changes with its content.
    pub fn asset(kind: &'static str, body: &'static [u8]) -> Self {
        Self { cache: "public, max-age=31536000, immutable", ..Self::of(200, kind, body.to_vec()) }
    }

    pub fn with_cookie(mut self, cookie: Option<String>) -> Self {
        self.cookies.extend(cookie);
        self
    }

    pub fn coded(self, code: Code) -> Self {
        Self { code: Some(code), ..self }
    }

    /// The answer for API Gateway; compressed if the browser takes that.
    pub fn for_gateway(self, takes_gzip: bool) -> ApiGatewayV2httpResponse {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status);
        let mut header = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers.insert(name, value);
            }
        };
        header("content-type", self.kind);
        header("cache-control", self.cache);
        header("content-security-policy", POLICY);
        header("cross-origin-opener-policy", "same-origin");
        header("cross-origin-resource-policy", "same-origin");
        header("permissions-policy", "camera=(), geolocation=(), microphone=()");
        // Another site learns nothing; our own forms name where they come from.
        header("referrer-policy", "same-origin");
        header("strict-transport-security", "max-age=31536000");
        header("x-content-type-options", "nosniff");
        header("x-robots-tag", "noindex, nofollow");
        header("vary", "accept-encoding, accept-language, cookie");
        if let Some(location) = &self.location {
            header("location", location);
        }
        if let Some(name) = &self.attachment {
            header("content-disposition", &format!("attachment; filename=\"{name}\""));
        }
        let compressed =
            (takes_gzip && self.body.len() >= LEAST_COMPRESSED).then(|| compressed(&self.body)).flatten();
        if compressed.is_some() {
            header("content-encoding", "gzip");
        }
        let body = compressed.unwrap_or(self.body);
        response.body = match String::from_utf8(body) {
            Ok(text) => Some(Body::Text(text)),
            Err(bytes) => {
                response.is_base64_encoded = true;
                Some(Body::Binary(bytes.into_bytes()))
            }
        };
        response.cookies = self.cookies;
        response
    }
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(5));
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// The file that the pages load by this name; `None` if there is none.
pub(crate) fn asset(name: &str) -> Option<Reply> {
    assets::ALL.iter().find(|one| one.name() == name).map(|one| Reply::asset(one.kind, one.bytes))
}
