//! One call of a page: what the browser sent, who is signed in, and the API as they may use it.

use crate::answer::Refusal;
use crate::api::Api;
use crate::call::{Caller, Sent};
use crate::ports::Outside;
use crate::role::Role;
use crate::routes::route_of;
use crate::site::fields::Fields;
use crate::site::sealer::Sealer;
use crate::site::session::Session;
use crate::site::words::Words;
use rightful_domain::base::code::Code;
use rightful_domain::base::time::Time;
use rightful_domain::duty::acts::May;
use rightful_domain::view::error::{ErrorBody, ErrorView};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One call of a page by an operator who is signed in.
pub(crate) struct Visit<'a, O> {
    pub api: &'a Api<O>,
    pub words: &'a Words,
    pub sealer: &'a Sealer,
    pub session: &'a Session,
    pub now: Time,
    pub query: &'a Fields,
    /// The form that was sent.
    pub form: &'a Fields,
    /// The stage of the deployment, and whether it is for trials.
    pub stage: &'a str,
}

/// Why something is not shown or not done.
#[derive(Debug)]
pub(crate) struct Refused {
    pub status: u16,
    pub error: ErrorView,
}

impl<O: Outside> Visit<'_, O> {
    /// What the API answers to a GET.
    pub async fn read<V: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<V, Refused> {
        let sent = Sent { query: query.to_vec(), ..Sent::default() };
        read(&self.call("GET", path, &sent).await?)
    }

    /// The bytes that the API answers to a GET.
    pub async fn fetch(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Refused> {
        let sent = Sent { query: query.to_vec(), ..Sent::default() };
        self.call("GET", path, &sent).await
    }

    /// What the API answers to a call with a body.
    pub async fn send<V: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<V, Refused> {
        let text = zeroize::Zeroizing::new(body.to_string());
        let sent = Sent { body: &text, ..Sent::default() };
        read(&self.call(method, path, &sent).await?)
    }

    async fn call(&self, method: &str, path: &str, sent: &Sent<'_>) -> Result<Vec<u8>, Refused> {
        let caller = Caller { actor: self.session.actor.clone(), role: self.session.role };
        let response = self.api.answer(Ok(caller), method, path, sent).await;
        let body = response.body.unwrap_or_default();
        if response.status < 400 {
            return Ok(if body.is_empty() { b"null".to_vec() } else { body });
        }
        let ErrorBody { error } = read(&body)?;
        Err(Refused { status: response.status, error })
    }

    /// Whether the operator's role is enough for a route of the API.
    pub fn may_call(&self, method: &str, path: &str) -> bool {
        self.api.needs(method, path).is_some_and(|needs| self.session.role >= needs)
    }

    /// Refuses an operator whose role is not enough for a route, as the API itself does.
    pub fn must(&self, method: &str, path: &str) -> Result<(), Refused> {
        let needs = self.api.needs(method, path).unwrap_or(Role::Administrator);
        if self.session.role >= needs { Ok(()) } else { Err(Refusal::role(needs).into()) }
    }

    /// Refuses an operator whose role is not enough for an act on a request.
    pub fn must_for(&self, act: May) -> Result<(), Refused> {
        let (method, path) = route_of(act);
        self.must(method, path)
    }

    /// Whether the operator's role is enough for an act on a request.
    pub fn may(&self, act: May) -> bool {
        let (method, path) = route_of(act);
        self.may_call(method, path)
    }
}

fn read<V: DeserializeOwned>(body: &[u8]) -> Result<V, Refused> {
    serde_json::from_slice(body)
        .map_err(|_| Refused::from(Refusal::new(Code::AnswerUnwritable, "the answer can't be read")))
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let response = crate::answer::Response::from(refusal);
        let body: Option<ErrorBody> = response.body.and_then(|body| serde_json::from_slice(&body).ok());
        let error = body.map_or_else(
            || ErrorView { code: String::new(), message: String::new(), details: Vec::new(), standing: None },
            |body| body.error,
        );
        Self { status: response.status, error }
    }
}
