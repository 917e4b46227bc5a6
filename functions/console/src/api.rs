//! From a call to its answer: who it is, which route, what came of it.

use crate::answer::{Answer, Refusal};
use crate::call::{Call, actor};
use crate::ports::Outside;
use crate::routes::{acts, connectors, journal, people, requests, sources, ticketing};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use rightful_domain::base::ids::RequestId;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::model::policy::Policies;
use rightful_domain::operations::load::Settings;

/// What the deployment sets for the API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The settings of every operation.
    pub operations: Settings,
    /// Who decides on what is found, unless a data source says otherwise.
    pub policies: Policies,
    /// The time zone in which the law's days and months are counted.
    pub legal_zone: LegalZone,
    /// What comes before the names of the deployment's secrets.
    pub secret_prefix: String,
    /// How long a link to a copy works, in seconds.
    pub link_seconds: u64,
}

/// The API over the outside.
#[derive(Debug)]
pub struct Api<O> {
    pub(crate) outside: O,
    pub(crate) settings: ApiSettings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Connectors,
    Sources,
    AddSource,
    Source,
    ChangeSource,
    SetSourceReview,
    RemoveSource,
    TestSource,
    SetTicketing,
    Requests,
    NewRequest,
    Request,
    Events,
    Records,
    Compare,
    Reasons,
    Identify,
    Review,
    Run,
    Reopen,
    Cancel,
    State,
    Extend,
    Copy,
    Receipt,
    Journal,
}

/// A route: a method and a path, in which `{…}` stands for one segment.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub template: &'static str,
    action: Action,
}

const fn route(method: &'static str, template: &'static str, action: Action) -> Route {
    Route { method, template, action }
}

/// All routes.
pub const ROUTES: [Route; 26] = [
    route("GET", "/api/connectors", Action::Connectors),
    route("GET", "/api/sources", Action::Sources),
    route("POST", "/api/sources", Action::AddSource),
    route("GET", "/api/sources/{source}", Action::Source),
    route("PATCH", "/api/sources/{source}", Action::ChangeSource),
    route("PUT", "/api/sources/{source}/review", Action::SetSourceReview),
    route("DELETE", "/api/sources/{source}", Action::RemoveSource),
    route("POST", "/api/sources/{source}/test", Action::TestSource),
    route("PUT", "/api/ticketing/{channel}", Action::SetTicketing),
    route("GET", "/api/requests", Action::Requests),
    route("POST", "/api/requests", Action::NewRequest),
    route("GET", "/api/requests/{id}", Action::Request),
    route("GET", "/api/requests/{id}/events", Action::Events),
    route("POST", "/api/requests/{id}/records", Action::Records),
    route("POST", "/api/requests/{id}/compare", Action::Compare),
    route("POST", "/api/requests/{id}/reasons", Action::Reasons),
    route("POST", "/api/requests/{id}/identify", Action::Identify),
    route("POST", "/api/requests/{id}/review", Action::Review),
    route("POST", "/api/requests/{id}/run", Action::Run),
    route("POST", "/api/requests/{id}/reopen", Action::Reopen),
    route("POST", "/api/requests/{id}/cancel", Action::Cancel),
    route("POST", "/api/requests/{id}/state", Action::State),
    route("POST", "/api/requests/{id}/extend", Action::Extend),
    route("POST", "/api/requests/{id}/copy", Action::Copy),
    route("GET", "/api/requests/{id}/receipt", Action::Receipt),
    route("GET", "/api/journal", Action::Journal),
];

impl Route {
    /// What stands in the place of the template's name, when the path is of this template.
    fn matches<'p>(&self, path: &'p str) -> Option<Option<&'p str>> {
        let mut named = None;
        let (mut template, mut given) = (self.template.split('/'), path.split('/'));
        loop {
            match (template.next(), given.next()) {
                (None, None) => return Some(named),
                (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {
                    named = Some(value)
                }
                (Some(one), Some(other)) if one == other => {}
                _ => return None,
            }
        }
    }
}

impl<O: Outside> Api<O> {
    /// The API over the outside.
    pub fn new(outside: O, settings: ApiSettings) -> Self {
        Self { outside, settings }
    }

    /// Answers a call. Each is logged once: its route, what came of it, who made it, and which request it
    /// is about.
    pub async fn handle(&self, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let method = request.request_context.http.method.as_str();
        let path = path_of(request);
        let actor = actor(request);
        let by = actor.as_ref().ok().map(|actor| actor.as_str().to_owned());
        let found = find(method, path);
        let route = found.as_ref().ok().map(|(route, _)| route.template);
        let about = found.as_ref().ok().and_then(|(route, named)| about(route, *named));
        let answer = match (actor, found) {
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
            (Ok(actor), Ok((route, named))) => {
                Box::pin(self.run(route.action, &Call::new(request, named, actor))).await
            }
        };
        let answer = answer.unwrap_or_else(Answer::from);
        let (status, code, cause) = (answer.status, answer.code, answer.cause.clone());
        let (by, about, method) = (by.as_deref(), about.map(|id| id.to_string()), known(method));
        let request_id = about.as_deref();
        if status < 500 {
            tracing::info!(route, method, status, code, actor = by, request_id, "answered");
        } else {
            tracing::error!(route, method, status, code, cause, actor = by, request_id, "answered");
        }
        answer.into_response()
    }

    async fn run(&self, action: Action, call: &Call<'_>) -> Result<Answer, Refusal> {
        match action {
            Action::Connectors => connectors::list(self, call).await,
            Action::Sources => sources::list(self, call).await,
            Action::AddSource => sources::add(self, call).await,
            Action::Source => sources::show(self, call).await,
            Action::ChangeSource => sources::change(self, call).await,
            Action::SetSourceReview => sources::review(self, call).await,
            Action::RemoveSource => sources::remove(self, call).await,
            Action::TestSource => sources::test(self, call).await,
            Action::SetTicketing => ticketing::set(self, call).await,
            Action::Requests => requests::list(self, call).await,
            Action::NewRequest => requests::new(self, call).await,
            Action::Request => requests::show(self, call).await,
            Action::Events => requests::events(self, call).await,
            Action::Receipt => requests::receipt(self, call).await,
            Action::Records => people::records(self, call).await,
            Action::Compare => people::compare(self, call).await,
            Action::Reasons => people::reasons(self, call).await,
            Action::Copy => people::copy(self, call).await,
            Action::Identify => acts::identify(self, call).await,
            Action::Review => acts::review(self, call).await,
            Action::Run => acts::run(self, call).await,
            Action::Reopen => acts::reopen(self, call).await,
            Action::Cancel => acts::cancel(self, call).await,
            Action::State => acts::state(self, call).await,
            Action::Extend => acts::extend(self, call).await,
            Action::Journal => journal::list(self, call).await,
        }
    }
}

/// The path without the name of the API's stage, which stands before it unless it is the default one.
fn path_of(request: &ApiGatewayV2httpRequest) -> &str {
    let path = request.raw_path.as_deref().unwrap_or_default();
    let stage = request.request_context.stage.as_deref().unwrap_or_default();
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    rest.filter(|rest| !stage.is_empty() && rest.starts_with('/')).unwrap_or(path)
}

fn find<'p>(method: &str, path: &'p str) -> Result<(Route, Option<&'p str>), Refusal> {
    let there: Vec<(Route, Option<&str>)> =
        ROUTES.iter().filter_map(|route| Some((*route, route.matches(path)?))).collect();
    if let Some(found) = there.iter().find(|(route, _)| route.method == method) {
        return Ok(*found);
    }
    let methods: Vec<&str> = there.iter().map(|(route, _)| route.method).collect();
    if methods.is_empty() {
        return Err(Refusal::new(
            404,
            "route_unknown",
            "there is no such path in this API: infra/openapi.yaml lists those there are",
        ));
    }
    let message = format!("this path takes: {}", methods.join(", "));
    Err(Refusal::new(405, "method_not_allowed", message).allowing(&methods))
}

/// The method, if it is one that a route has: anything else is somebody's text.
fn known(method: &str) -> &'static str {
    ROUTES.iter().map(|route| route.method).find(|known| *known == method).unwrap_or("another")
}

/// The request that a route is about, for the log.
fn about(route: &Route, named: Option<&str>) -> Option<RequestId> {
    named.filter(|_| route.template.contains("{id}")).and_then(|named| RequestId::parse(named).ok())
}
