//! One question to a vendor: the rendered request, the token, and the other token when the vendor does not accept
//! the first.

use crate::answer::Unreadable;
use crate::definition::{Auth, Definition, Request};
use crate::net::{CONNECT_SECONDS, Call, Operation, Trouble, VendorClient};
use crate::params::Params;
use crate::secret::{OpenedAt, fields};
use crate::template::{Tree, Values, plain, segment};
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use rightful_domain::ports::set_up::Secrets;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Everything that is needed to ask the vendor behind one data source.
pub(crate) struct Exchange<S> {
    pub definition: Arc<Definition>,
    pub params: Params,
    pub client: VendorClient,
    pub secrets: Arc<S>,
    pub secret_name: String,
    /// Which versions of the secret may be sent.
    pub at: OpenedAt,
    pub source: String,
    /// The value of the header that is sent. It is marked sensitive, so nothing prints it.
    pub token: Mutex<HeaderValue>,
}

/// A rendered request. No `Debug`: it holds personal data.
pub(crate) struct Rendered {
    pub url: Url,
    pub body: Option<Bytes>,
}

impl<S: Secrets> Exchange<S> {
    /// Asks within the definition's call time-out, which includes the second and third try.
    ///
    /// A 401 says that the vendor did not accept the call, so asking again with another token can't do
    /// anything twice. This holds for an erasure too. Nothing else is ever sent again.
    pub(crate) async fn ask(
        &self,
        operation: Operation,
        request: &Request,
        more: Option<&Tree>,
        values: Values<'_>,
    ) -> Result<Bytes, Trouble> {
        let ends = Instant::now() + Duration::from_secs(self.definition.limits.call_timeout_seconds);
        let rendered = render(&self.params, request, more, values)
            .map_err(|_| Trouble::NotSent(Code::VendorRequestUnusable))?;
        let first = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let result = self.send(operation, request, &rendered, &first, ends).await;
        if result != Err(Trouble::Unauthorized) {
            return result;
        }
        let left = ends.saturating_duration_since(Instant::now());
        let fresh = match tokio::time::timeout(left, self.secrets.secret(&self.secret_name, true)).await {
            Ok(Ok(versions)) => versions,
            Ok(Err(Failure { kind: Kind::Misconfigured, .. })) => return Err(Trouble::Unauthorized),
            Ok(Err(failure)) => return Err(Trouble::NotSent(failure.code)),
            Err(_) => return Err(Trouble::NotSent(Code::SecretUnavailable)),
        };
        let mut tried = vec![first];
        for version in self.at.usable(&fresh).into_iter().take(2) {
            let Ok(token) = token_header(&self.definition, version) else { continue };
            if tried.contains(&token) {
                continue;
            }
            let result = self.send(operation, request, &rendered, &token, ends).await;
            if result != Err(Trouble::Unauthorized) {
                if result.is_ok() {
                    *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
                }
                return result;
            }
            tried.push(token);
        }
        Err(Trouble::Unauthorized)
    }

    /// Asks with the current token alone, which it reads anew. This proves that a token was replaced.
    pub(crate) async fn ask_as_set_up(
        &self,
        operation: Operation,
        request: &Request,
        values: Values<'_>,
    ) -> Result<Bytes, Trouble> {
        let ends = Instant::now() + Duration::from_secs(self.definition.limits.call_timeout_seconds);
        let rendered = render(&self.params, request, None, values)
            .map_err(|_| Trouble::NotSent(Code::VendorRequestUnusable))?;
        let versions = self.secrets.secret(&self.secret_name, true).await;
        let versions = versions.map_err(|failure| Trouble::NotSent(failure.code))?;
        if versions.is_empty() {
            return Err(Trouble::Unauthorized);
        }
        let current = self.at.current(&versions).ok_or(Trouble::NotSent(Code::TargetLost))?;
        let token =
            token_header(&self.definition, current).map_err(|failure| Trouble::NotSent(failure.code))?;
        self.send(operation, request, &rendered, &token, ends).await
    }

    /// Passes the result of reading an answer on, and tells the observer when it failed.
    pub(crate) fn read<T, E>(&self, read: Result<T, E>) -> Result<T, E> {
        if read.is_err() {
            self.client.unreadable(&self.definition.name);
        }
        read
    }

    async fn send(
        &self,
        operation: Operation,
        request: &Request,
        rendered: &Rendered,
        token: &HeaderValue,
        ends: Instant,
    ) -> Result<Bytes, Trouble> {
        let timeout = ends.saturating_duration_since(Instant::now());
        // The time must not run out while the connection is still being made: that would look like a
        // call that was sent.
        if timeout <= Duration::from_secs(CONNECT_SECONDS) {
            return Err(Trouble::NotSent(Code::VendorOutOfTime));
        }
        let limits = &self.definition.limits;
        self.client
            .send(Call {
                operation,
                connector: &self.definition.name,
                source: &self.source,
                hosts: self.params.hosts(),
                method: request.method.clone(),
                url: rendered.url.clone(),
                auth: (header_name(&self.definition), token.clone()),
                body: rendered.body.clone(),
                success: &request.success,
                timeout,
                max_body_bytes: limits.max_body_bytes,
                longest_retry_after_seconds: limits.longest_retry_after_seconds,
            })
            .await
    }
}

/// Renders the URL and the body of a request.
pub(crate) fn render(
    params: &Params,
    request: &Request,
    more: Option<&Tree>,
    values: Values<'_>,
) -> Result<Rendered, Unreadable> {
    let mut url = params.base_url().clone();
    let path = request.path.text(values, segment);
    url.set_path(&path);
    // A segment of dots, or anything else that a URL reads as another path.
    if url.path() != path {
        return Err(Unreadable);
    }
    if !request.query.is_empty() {
        let mut query = url.query_pairs_mut();
        for (name, template) in &request.query {
            query.append_pair(name, &template.text(values, plain));
        }
    }
    let body = match &request.body {
        Some(tree) => {
            let mut json = tree.json(values);
            if let Some(more) = more {
                json.merge(more.json(values));
            }
            Some(Bytes::from(serde_json::to_vec(&json).map_err(|_| Unreadable)?))
        }
        None => None,
    };
    Ok(Rendered { url, body })
}

/// The value of the header for a version of the secret.
///
/// # Errors
/// `Misconfigured` when the version can't be read.
pub(crate) fn token_header(definition: &Definition, version: &str) -> Result<HeaderValue, Failure> {
    const UNREADABLE: Failure = Failure::of(Code::SecretUnreadable);
    let fields = fields(version).ok_or(UNREADABLE)?;
    let Auth::Header { prefix, secret, .. } = &definition.auth;
    let token =
        fields.get(secret).map(|field| field.0.trim()).filter(|token| !token.is_empty()).ok_or(UNREADABLE)?;
    let text = Zeroizing::new(format!("{prefix}{token}"));
    let mut value = HeaderValue::from_str(&text).map_err(|_| UNREADABLE)?;
    value.set_sensitive(true);
    Ok(value)
}

fn header_name(definition: &Definition) -> HeaderName {
    let Auth::Header { name, .. } = &definition.auth;
    name.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qualifio() -> (Arc<Definition>, Params) {
        let definition = Definition::qualifio();
        let given = [("client_id", "1"), ("user_id", "2")].map(|(name, value)| (name.into(), value.into()));
        let params = definition.check_params(&given.into(), false).unwrap();
        (definition, params)
    }

    #[test]
    fn a_path_that_a_url_would_read_as_another_one_is_not_asked() {
        let (definition, params) = qualifio();
        let url = |rule_id| {
            let values = Values { rule_id, ..Values::of(&params) };
            render(&params, &definition.status.request, None, values).map(|rendered| rendered.url.to_string())
        };
        assert_eq!(url("a.b").unwrap(), "https://api.qualif.io/v1/gdpr/rules/a.b?clientId=1");
        assert_eq!(url("../x").unwrap(), "https://api.qualif.io/v1/gdpr/rules/..%2Fx?clientId=1");
        for bad in [".", ".."] {
            assert_eq!(url(bad), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn the_tokens_header_is_never_printed() {
        let value = token_header(&Definition::qualifio(), r#"{"token":"s3cret"}"#).unwrap();
        assert!(value.is_sensitive());
        assert_eq!(value.to_str().unwrap(), "s3cret");
        assert!(!format!("{value:?}").contains("s3cret"));
    }
}
