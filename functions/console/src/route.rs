//! A route: its method and path, and the handler that answers it.

use crate::answer::{Refusal, Response};
use crate::app::App;
use crate::call::{Call, NoBody};
use crate::ports::Outside;
use crate::query::Parameter;
use crate::success::Success;
use serde::de::DeserializeOwned;
use std::pin::Pin;

/// A route of the API.
pub(crate) struct Route<O> {
    pub method: &'static str,
    /// The path, in which `{…}` stands for one segment.
    pub path: &'static str,
    pub query: &'static [Parameter],
    handler: Box<Handler<O>>,
}

/// A handler, whatever its types are.
type Handler<O> = dyn for<'a> Fn(&'a App<O>, Call<'a>) -> Answering<'a>;
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + 'a>>;

impl<O: Outside> Route<O> {
    /// A route whose handler reads no body.
    pub fn new<S: Success>(
        method: &'static str,
        path: &'static str,
        query: &'static [Parameter],
        handler: impl AsyncFn(&App<O>, &Call<'_, NoBody>) -> Result<S, Refusal> + Copy + 'static,
    ) -> Self {
        Self { method, path, query, handler: untyped(handler) }
    }

    /// A route whose handler reads a body.
    pub fn with_body<B: DeserializeOwned + 'static, S: Success>(
        method: &'static str,
        path: &'static str,
        handler: impl AsyncFn(&App<O>, &Call<'_, B>) -> Result<S, Refusal> + Copy + 'static,
    ) -> Self {
        Self { method, path, query: &[], handler: untyped(handler) }
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
