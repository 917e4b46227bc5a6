//! The results of handlers that did what was asked: the type says the status.

use crate::answer::{Refusal, Response};
use crate::shape::Shape;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

/// Each status that a result can have, with the shape of its body.
#[cfg(feature = "schema")]
pub(crate) type Shapes = Vec<(u16, Option<Schema>)>;

/// A result with its status and its body.
pub(crate) trait Success {
    fn into_response(self) -> Result<Response, Refusal>;

    /// The statuses that it can have, each with the shape of the body.
    #[cfg(feature = "schema")]
    fn shapes(generator: &mut SchemaGenerator) -> Shapes;
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

/// The receipt file, byte for byte. `rightful receipt verify` checks it offline.
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        rename = "Receipt",
        with = "std::collections::BTreeMap<String, serde_json::Value>",
        extend(
            "properties" = {"receipt": {"type": "object"}, "statement": {"type": "string"}},
            "required" = ["receipt", "statement"]
        )
    )
)]
pub(crate) struct ReceiptFile(pub Vec<u8>);

impl<V: Serialize + Shape> Success for Json<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        Response::json(200, &self.0)
    }

    #[cfg(feature = "schema")]
    fn shapes(generator: &mut SchemaGenerator) -> Shapes {
        vec![(200, Some(generator.subschema_for::<V>()))]
    }
}

impl<V: Serialize + Shape> Success for Created<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        Response::json(201, &self.0)
    }

    #[cfg(feature = "schema")]
    fn shapes(generator: &mut SchemaGenerator) -> Shapes {
        vec![(201, Some(generator.subschema_for::<V>()))]
    }
}

impl<V: Serialize + Shape> Success for CreatedOnce<V> {
    fn into_response(self) -> Result<Response, Refusal> {
        match self {
            Self::Now(view) => Response::json(201, &view),
            Self::Before(view) => Response::json(200, &view),
        }
    }

    #[cfg(feature = "schema")]
    fn shapes(generator: &mut SchemaGenerator) -> Shapes {
        [200, 201].map(|status| (status, Some(generator.subschema_for::<V>()))).into()
    }
}

impl Success for NoContent {
    fn into_response(self) -> Result<Response, Refusal> {
        Ok(Response::no_content())
    }

    #[cfg(feature = "schema")]
    fn shapes(_: &mut SchemaGenerator) -> Shapes {
        vec![(204, None)]
    }
}

impl Success for ReceiptFile {
    fn into_response(self) -> Result<Response, Refusal> {
        Ok(Response::file(200, self.0))
    }

    #[cfg(feature = "schema")]
    fn shapes(generator: &mut SchemaGenerator) -> Shapes {
        vec![(200, Some(generator.subschema_for::<Self>()))]
    }
}
