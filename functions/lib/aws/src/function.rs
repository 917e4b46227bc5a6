//! Calls one of the deployment's own functions and waits for its answer. The called function may do things that the
//! caller's role may not, such as reading a data source's secret.

use crate::call::{Client, lacks_credentials};
use crate::client::Aws;
use crate::endpoint::{RESERVED, Service};
use crate::failures::{Cause, FUNCTION};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use percent_encoding::utf8_percent_encode;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const LAMBDA: Service = Service { id: "Lambda", name: "lambda" };

/// A function of the deployment.
#[derive(Clone, Debug)]
pub struct Function {
    client: Client,
    path: String,
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
        let client = Client::new(aws.sdk_config(), &LAMBDA, Some(Duration::from_secs(seconds)));
        let name = name.into();
        let name = utf8_percent_encode(&name, RESERVED);
        Self { client, path: format!("/2015-03-31/functions/{name}/invocations") }
    }

    /// Its version of this alias.
    #[must_use]
    pub fn at(self, alias: &str) -> Self {
        let path = format!("{}?Qualifier={}", self.path, utf8_percent_encode(alias, RESERVED));
        Self { path, ..self }
    }

    /// Calls it. May be repeated where its operation may.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer.
    pub async fn call<R: DeserializeOwned>(&self, payload: &impl Serialize) -> Result<R, CallError> {
        let unanswered = |cause| CallError::Unanswered(FUNCTION.of(cause));
        let payload = serde_json::to_vec(payload).map_err(|_| unanswered(Cause::Rejected))?;
        match self.invoke(payload).await.map_err(CallError::Unanswered)? {
            // The error would print the value.
            Ok(answer) => serde_json::from_slice(&answer).map_err(|_| unanswered(Cause::Rejected)),
            Err(error) => Err(told(&error).unwrap_or_else(|| unanswered(Cause::Ambiguous))),
        }
    }

    /// Calls it, and returns its answer, or the error that it ended with, as Lambda reports it.
    ///
    /// # Errors
    /// When it could not be called, or did not end in time.
    pub async fn invoke(&self, payload: Vec<u8>) -> Result<Result<Bytes, Bytes>, Failure> {
        let request = http::Request::post(&self.path).header(CONTENT_TYPE, "application/octet-stream");
        let mut answer = self.client.send("Invoke", request, payload).await.map_err(|err| {
            if lacks_credentials(&err) {
                Failure::of(Code::AwsCredentialsMissing)
            } else {
                FUNCTION.failure(&err)
            }
        })?;
        let body = Bytes::from(std::mem::take(&mut *answer.body));
        Ok(if answer.headers.contains_key("x-amz-function-error") { Err(body) } else { Ok(body) })
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
