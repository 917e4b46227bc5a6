//! A route: its method and path, the handler that answers it, and the words about it.

use crate::answer::{Refusal, Response};
use crate::app::App;
use crate::call::{Call, NoBody};
use crate::docs::Docs;
use crate::ports::Outside;
use crate::query::Parameter;
use crate::role::Role;
use crate::shape::Shape;
#[cfg(feature = "schema")]
use crate::success::Shapes;
use crate::success::Success;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use std::pin::Pin;

/// A route of the API.
pub(crate) struct Route<O> {
    /// The least role of an operator who takes it.
    pub needs: Role,
    pub method: &'static str,
    /// The path, in which `{…}` stands for one segment.
    pub path: &'static str,
    pub query: &'static [Parameter],
    handler: Box<Handler<O>>,
    #[cfg(feature = "schema")]
    pub described: Described,
}

/// A route's part of infra/openapi.yaml: the words, and the shapes of its handler's types.
#[cfg(feature = "schema")]
pub(crate) struct Described {
    pub docs: &'static Docs,
    pub body: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub success: fn(&mut SchemaGenerator) -> Shapes,
}

/// A handler, whatever its types are.
type Handler<O> = dyn for<'a> Fn(&'a App<O>, Call<'a>) -> Answering<'a>;
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + 'a>>;

#[cfg_attr(
    not(feature = "schema"),
    expect(unused_variables, reason = "only infra/openapi.yaml has the words")
)]
impl<O: Outside> Route<O> {
    /// A route whose handler reads no body.
    pub fn new<S: Success>(
        needs: Role,
        method: &'static str,
        path: &'static str,
        query: &'static [Parameter],
        handler: impl AsyncFn(&App<O>, &Call<'_, NoBody>) -> Result<S, Refusal> + Copy + 'static,
        docs: &'static Docs,
    ) -> Self {
        Self {
            needs,
            method,
            path,
            query,
            handler: untyped(handler),
            #[cfg(feature = "schema")]
            described: Described { docs, body: None, success: S::shapes },
        }
    }

    /// A route whose handler reads a body.
    pub fn with_body<B: DeserializeOwned + Shape + 'static, S: Success>(
        needs: Role,
        method: &'static str,
        path: &'static str,
        handler: impl AsyncFn(&App<O>, &Call<'_, B>) -> Result<S, Refusal> + Copy + 'static,
        docs: &'static Docs,
    ) -> Self {
        Self {
            needs,
            method,
            path,
            query: &[],
            handler: untyped(handler),
            #[cfg(feature = "schema")]
            described: Described {
                docs,
                body: Some(SchemaGenerator::subschema_for::<B>),
                success: S::shapes,
            },
        }
    }

    pub async fn answer(&self, app: &App<O>, call: Call<'_>) -> Result<Response, Refusal> {
        (self.handler)(app, call).await
    }
}

fn untyped<O: Outside, B: 'static, S: Success>(
    handler: impl AsyncFn(&App<O>, &Call<'_, B>) -> Result<S, Refusal> + Copy + 'static,
) -> Box<Handler<O>> {
    Box::new(move |app, call| Box::pin(async move { handler(app, &call.with_body()).await?.into_response() }))
}
