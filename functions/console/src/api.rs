//! From a call to its answer: who made it, which route it takes, and what came of it.

use crate::answer::{Refusal, Response};
use crate::app::{ApiSettings, App};
use crate::call::{Call, Caller, Sent, signer};
use crate::ports::Outside;
use crate::role::Role;
use crate::route::Route;
use crate::routes::routes;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::RequestId;

/// The API over the outside.
pub struct Api<O> {
    app: App<O>,
    routes: Vec<Route<O>>,
}

impl<O: Outside> Api<O> {
    /// The API over the outside.
    pub fn new(outside: O, settings: ApiSettings) -> Self {
        Self { app: App { outside, settings }, routes: routes() }
    }

    /// The method and the path of every route; in a path, `{…}` stands for one segment.
    pub fn routes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.routes.iter().map(|route| (route.method, route.path))
    }

    /// Answers a call that an IAM identity signed.
    pub async fn handle(&self, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let method = request.request_context.http.method.as_str();
        let sent = Sent::of(request);
        self.answer(signer(request), method, path_of(request), &sent).await.for_gateway()
    }

    /// Answers a call. Each call is logged once: its route, what came of it, who made it, and which request
    /// it is about.
    pub(crate) async fn answer(
        &self,
        caller: Result<Caller, Refusal>,
        method: &str,
        path: &str,
        sent: &Sent<'_>,
    ) -> Response {
        let by = caller.as_ref().ok().map(|caller| caller.actor.as_str().to_owned());
        let found = self.find(method, path);
        let path = found.as_ref().ok().map(|(route, _)| route.path);
        let about = found.as_ref().ok().and_then(|(route, named)| about(route, *named));
        let answer = match (caller, found) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
            (Ok(caller), Ok((route, _))) if caller.role < route.needs => Err(Refusal::role(route.needs)),
            (Ok(caller), Ok((route, named))) => {
                route.answer(&self.app, Call::new(sent, named, route.query, caller.actor)).await
            }
        };
        let response = answer.unwrap_or_else(Response::from);
        let (status, code, cause) =
            (response.status, response.code.map_or("ok", Code::as_str), response.cause.clone());
        let (by, about, method) = (by.as_deref(), about.map(|id| id.to_string()), self.known(method));
        let request_id = about.as_deref();
        if status < 500 {
            tracing::info!(route = path, method, status, code, actor = by, request_id, "answered");
        } else {
            tracing::error!(route = path, method, status, code, cause, actor = by, request_id, "answered");
        }
        response
    }

    /// The least role for a route; `{…}` in a path of a request or of a data source stands for itself.
    pub(crate) fn needs(&self, method: &str, path: &str) -> Option<Role> {
        self.routes.iter().find(|route| route.method == method && route.path == path).map(|route| route.needs)
    }

    /// The deployment behind the API.
    pub(crate) fn app(&self) -> &App<O> {
        &self.app
    }

    /// The route of a call, and the segment that the call has in the place of the path's name.
    fn find<'p>(&self, method: &str, path: &'p str) -> Result<(&Route<O>, Option<&'p str>), Refusal> {
        let of_path: Vec<(&Route<O>, Option<&str>)> =
            self.routes.iter().filter_map(|route| Some((route, matches(route.path, path)?))).collect();
        if let Some(found) = of_path.iter().find(|(route, _)| route.method == method) {
            return Ok(*found);
        }
        let methods: Vec<&str> = of_path.iter().map(|(route, _)| route.method).collect();
        if methods.is_empty() {
            return Err(Refusal::new(
                Code::RouteUnknown,
                "there is no such path in this API: infra/openapi.yaml lists those there are",
            ));
        }
        let message = format!("this path takes: {}", methods.join(", "));
        Err(Refusal::new(Code::MethodNotAllowed, message).allowing(&methods))
    }

    /// The method, if some route has it. Any other text comes from the caller and is not logged.
    fn known(&self, method: &str) -> &'static str {
        self.routes.iter().map(|route| route.method).find(|known| *known == method).unwrap_or("another")
    }
}

/// The path without the name of the API's stage, which precedes it unless it is the default stage.
pub(crate) fn path_of(request: &ApiGatewayV2httpRequest) -> &str {
    let path = request.raw_path.as_deref().unwrap_or_default();
    let stage = request.request_context.stage.as_deref().unwrap_or_default();
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    rest.filter(|rest| !stage.is_empty() && rest.starts_with('/')).unwrap_or(path)
}

/// Compares a path with a template. A match holds the segment in the place of the template's name, if it has
/// one.
fn matches<'p>(template: &str, path: &'p str) -> Option<Option<&'p str>> {
    let mut named = None;
    let (mut template, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), given.next()) {
            (None, None) => return Some(named),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => named = Some(value),
            (Some(one), Some(other)) if one == other => {}
            _ => return None,
        }
    }
}

/// The request that a call is about, for the log.
fn about<O>(route: &Route<O>, named: Option<&str>) -> Option<RequestId> {
    named.filter(|_| route.path.contains("{id}")).and_then(|named| RequestId::parse(named).ok())
}
