//! Answers on their way out: JSON as the vendor gives it, and the bodies no vendor should send.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::body::Frame;
use serde_json::Value;

enum Content {
    Json(Value),
    Raw(&'static str, Body),
}

/// An answer that the journal can still read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    content: Content,
}

impl Reply {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Json(body) }
    }

    pub(crate) fn raw(status: u16, content_type: &'static str, body: Body) -> Self {
        Self { status, headers: Vec::new(), content: Content::Raw(content_type, body) }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Alters the body of a good JSON answer, and no other answer.
    pub(crate) fn reshaped(mut self, bend: impl FnOnce(&mut Value)) -> Self {
        if let (200, Content::Json(body)) = (self.status, &mut self.content) {
            bend(body);
        }
        self
    }

    /// The JSON text of the body.
    pub(crate) fn text(self) -> String {
        match self.content {
            Content::Json(body) => body.to_string(),
            Content::Raw(..) => String::new(),
        }
    }

    pub(crate) fn into_response(self) -> Response {
        let (content_type, body) = match self.content {
            Content::Json(body) => ("application/json", Body::from(body.to_string())),
            Content::Raw(content_type, body) => (content_type, body),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// A body of `bytes` blanks and then the true answer, without a Content-Length: to a client that
/// reads without a cap it is perfectly valid.
pub(crate) struct Padded {
    left: u64,
    end: Option<String>,
}

impl Padded {
    pub(crate) fn new(bytes: u64, end: String) -> Self {
        Self { left: bytes, end: Some(end) }
    }
}

impl HttpBody for Padded {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static BLANKS: [u8; 65_536] = [b' '; 65_536];
        if self.left == 0 {
            let end = self.end.take();
            return Poll::Ready(end.map(|end| Ok(Frame::data(Bytes::from(end)))));
        }
        let size = usize::try_from(self.left).map_or(BLANKS.len(), |left| left.min(BLANKS.len()));
        self.left -= size as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BLANKS[..size])))))
    }
}
