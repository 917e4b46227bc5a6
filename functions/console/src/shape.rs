//! The shape of a body or a view, as infra/openapi.yaml shows it. A deployed binary knows none.

#[cfg(feature = "schema")]
pub(crate) use schemars::JsonSchema as Shape;

#[cfg(not(feature = "schema"))]
pub(crate) trait Shape {}
#[cfg(not(feature = "schema"))]
impl<T> Shape for T {}
