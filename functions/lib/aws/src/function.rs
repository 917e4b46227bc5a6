//! Calls one of the deployment's own functions and waits for its answer. That function may do things that the
//! caller's role may not, such as reading a data source's secret.

use crate::client::Aws;
use crate::failures::{Cause, FUNCTION};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A function of the deployment.
#[derive(Clone, Debug)]
pub struct Function {
    client: Client,
    name: String,
}

/// A call that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The function ran and failed: its failure's kind and code.
    Failed {
        /// Who acts on it, and how.
        kind: Kind,
        /// Its code.
        code: String,
    },
    /// It could not be called, did not end in time, crashed, or gave an unreadable answer.
    Unanswered(Failure),
}

/// A failure of our function, as Lambda reports it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    error_type: String,
    error_message: String,
}

impl Function {
    /// The function by its name or ARN, or by an alias's. A call is sent once and waits this many seconds at
    /// most.
    #[must_use]
    pub fn new(aws: &Aws, name: impl Into<String>, seconds: u64) -> Self {
        let longest = Duration::from_secs(seconds);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(longest)
            .operation_timeout(longest)
            .build();
        let config = aws_sdk_lambda::config::Builder::from(aws.sdk_config())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    /// Calls it. May be repeated where its operation may.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer.
    pub async fn call<R: DeserializeOwned>(&self, payload: &impl Serialize) -> Result<R, CallError> {
        let unanswered = |cause| CallError::Unanswered(FUNCTION.of(cause));
        let payload = serde_json::to_vec(payload).map_err(|_| unanswered(Cause::Rejected))?;
        let called = self.client.invoke().function_name(&self.name).payload(Blob::new(payload)).send().await;
        let answer = called.map_err(|err| CallError::Unanswered(FUNCTION.failure(&err)))?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if answer.function_error.is_none() {
            // The error would print the value.
            return serde_json::from_slice(&body).map_err(|_| unanswered(Cause::Rejected));
        }
        Err(told(&body).unwrap_or_else(|| unanswered(Cause::Ambiguous)))
    }
}

/// A failure of ours. Anything else (a crash, a time-out) carries text that we must not repeat.
fn told(body: &[u8]) -> Option<CallError> {
    let told: Told = serde_json::from_slice(body).ok()?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == told.error_type)?;
    let is_code = (1..=64).contains(&told.error_message.len())
        && told
            .error_message
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    is_code.then_some(CallError::Failed { kind, code: told.error_message })
}
