//! A ticketing system: signs deliveries as its documentation says, with code of its own.

use crate::stack::Stack;
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_aws::{SecretStore, SystemClock};
use rightful_domain::base::ids::RequestId;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::SecretWrites as _;
use rightful_sandbox::http::{Response, send_bytes};
use ring::hmac;
use serde_json::{Value, json};

/// The default ticket about a person.
#[must_use]
pub fn ticket(email: &str, reference: &str) -> Value {
    json!({"right": "erasure", "identifiers": [{"kind": "email", "value": email}], "reference": reference})
}

fn sign(key: &[u8], message: &[u8]) -> String {
    BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message))
}

/// A channel, and the query after its path.
type Door<'a> = (&'a str, &'a str);

async fn post(
    stack: &Stack,
    (channel, query): Door<'_>,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Response> {
    let url = stack.json["channels"][channel]["url"].as_str().context("no such channel")?;
    let rest = url.strip_prefix("http://").context("not http")?;
    let (host, path) = rest.split_once('/').context("no path")?;
    let path = format!("/{path}{query}");
    send_bytes(&format!("http://{host}"), "POST", &path, headers, Some(body.to_vec())).await
}

fn secret<'a>(stack: &'a Stack, channel: &str) -> &'a str {
    stack.json["channels"][channel]["secret"].as_str().unwrap_or_default()
}

/// Delivers a body by the channel `zendesk`, signed `seconds_ago`.
///
/// # Errors
/// When the API can't be reached.
pub async fn zendesk(stack: &Stack, body: &[u8], seconds_ago: i64) -> Result<Response> {
    zendesk_behind(stack, "", body, seconds_ago).await
}

/// The same, with `query` after the channel's path.
///
/// # Errors
/// When the API can't be reached.
pub async fn zendesk_behind(stack: &Stack, query: &str, body: &[u8], seconds_ago: i64) -> Result<Response> {
    let at = SystemClock.now().unix_seconds() - seconds_ago;
    let timestamp =
        rightful_domain::base::time::Time::from_unix_seconds(at).context("no such time")?.to_string();
    let signature = sign(secret(stack, "zendesk").as_bytes(), &[timestamp.as_bytes(), body].concat());
    let headers = [
        ("x-zendesk-webhook-signature", signature.as_str()),
        ("x-zendesk-webhook-signature-timestamp", timestamp.as_str()),
    ];
    post(stack, ("zendesk", query), &headers, body).await
}

/// Delivers a body by the channel `standard` under a delivery id.
///
/// # Errors
/// When the API can't be reached.
pub async fn standard(stack: &Stack, id: &str, body: &[u8]) -> Result<Response> {
    standard_signed_with(stack, secret(stack, "standard"), id, body).await
}

/// The same, signed with `secret`, in the form `whsec_…`.
///
/// # Errors
/// When the API can't be reached.
pub async fn standard_signed_with(stack: &Stack, secret: &str, id: &str, body: &[u8]) -> Result<Response> {
    let timestamp = SystemClock.now().unix_seconds().to_string();
    let key = BASE64.decode(secret.trim_start_matches("whsec_"))?;
    let signature = sign(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat());
    let signature = format!("v1,{signature}");
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    post(stack, ("standard", ""), &headers, body).await
}

/// Delivers a body by the channel `standard` with a signature of another secret.
///
/// # Errors
/// When the API can't be reached.
pub async fn forged(stack: &Stack, body: &[u8]) -> Result<Response> {
    let timestamp = SystemClock.now().unix_seconds().to_string();
    let signature = format!("v1,{}", sign(b"another secret", body));
    let headers = [
        ("webhook-id", "m"),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    post(stack, ("standard", ""), &headers, body).await
}

/// Another secret in the form of the channel `standard`.
#[must_use]
pub fn another_secret(bytes: [u8; 32]) -> String {
    format!("whsec_{}", BASE64.encode(bytes))
}

/// Gives the channel `standard` another secret, as an operator rotates it.
///
/// # Errors
/// When it can't be stored.
pub async fn rotate_standard(stack: &Stack, secret: &str) -> Result<()> {
    let secrets = SecretStore::new(&stack.aws, stack.text("secret_prefix"));
    Ok(secrets.put_secret("webhook/standard", secret).await?)
}

/// The request that an accepted delivery made.
///
/// # Errors
/// When it was not accepted.
pub fn request_id(answer: &Response) -> Result<RequestId> {
    anyhow::ensure!(answer.status == 202, "{} {}", answer.status, answer.text);
    let body: Value = serde_json::from_str(&answer.text)?;
    Ok(RequestId::parse(body["request_id"].as_str().unwrap_or_default())?)
}

/// Sends the default ticket about a person; returns the request it made.
///
/// # Errors
/// When it was not accepted.
pub async fn send(stack: &Stack, email: &str, reference: &str) -> Result<RequestId> {
    request_id(&zendesk(stack, ticket(email, reference).to_string().as_bytes(), 0).await?)
}
