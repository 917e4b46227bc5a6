//! A small HTTP client for the control client and the tests. Plain HTTP to loopback over hyper, independent
//! of the workspace's TLS set-up.

use anyhow::{Context, Result, bail, ensure};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Errors
    /// If it isn't JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.text)?)
    }
}

/// Sends one request on a connection of its own. `base` is `http://127.0.0.1:<port>`, `path` may carry a
/// query. No redirects, no retries, no time-out.
///
/// # Errors
/// If the connection can't be made, or breaks before the answer is whole.
pub async fn send(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Response> {
    let bytes = body.map(serde_json::to_vec).transpose()?;
    send_bytes(base, method, path, headers, bytes).await
}

/// Sends one request as [`send`] does, with exactly these bytes as its body, which is JSON unless a header says
/// otherwise. A header `host` names another host than the address.
///
/// # Errors
/// As [`send`].
pub async fn send_bytes(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
) -> Result<Response> {
    let Some(authority) = base.strip_prefix("http://") else {
        bail!("only plain http is spoken here");
    };
    let authority = authority.trim_end_matches('/');
    ensure!(
        authority.starts_with("127.") || authority.starts_with("localhost:"),
        "the sandbox is on loopback only"
    );
    let stream = TcpStream::connect(authority).await.context("the sandbox can't be reached")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder().method(method).uri(path).header("connection", "close");
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", authority);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = match body {
        Some(body) if headers.iter().any(|(name, _)| *name == "content-type") => {
            request.body(Body::from(body))?
        }
        Some(body) => request.header("content-type", "application/json").body(Body::from(body))?,
        None => request.body(Body::empty())?,
    };
    let exchange = async {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(Body::new(body), usize::MAX).await?;
        anyhow::Ok(Response {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    };
    // The connection runs beside the exchange, and only the exchange reports a result.
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}

/// Percent-encodes a query value; everything but the unreserved characters.
pub fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
