//! What a handler gives when it did what was asked: the type says the status.

use crate::answer::{Refusal, Response};
use serde::Serialize;

/// A result with its status and its body.
pub(crate) trait Success {
    fn into_response(self) -> Result<Response, Refusal>;
}

/// 200 with a view.
pub(crate) struct Json<V>(pub V);

/// 201 with a view.
pub(crate) struct Created<V>(pub V);

/// 201 with a view, or 200 when an earlier call with the same key created it.
pub(crate) enum CreatedOnce<V> {
    Now(V),
    Before(V),
}

/// 204.
pub(crate) struct NoContent;

/// 200 with a kept receipt, byte for byte.
pub(crate) struct ReceiptFile(pub Vec<u8>);

impl<V: Serialize> Success for Json<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        Response::json(200, &self.0)
    }
}

impl<V: Serialize> Success for Created<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        Response::json(201, &self.0)
    }
}

impl<V: Serialize> Success for CreatedOnce<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        match self {
            Self::Now(view) => Response::json(201, &view),
            Self::Before(view) => Response::json(200, &view),
        }
    }
}

impl Success for NoContent {
    fn into_response(self) -> Result<Response, Refusal> {
        Ok(Response::no_content())
    }
}

impl Success for ReceiptFile {
    fn into_response(self) -> Result<Response, Refusal> {
        Ok(Response::file(200, self.0))
    }
}
