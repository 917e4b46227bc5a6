//! Serves invocations: one JSON event in, one answer out, one log line for its end.

use crate::logging;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Instant;

/// The function could not start, or its runtime ended.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A failure that leaves a function: its kind becomes the error's name in the workflow, its code the message.
#[derive(Debug)]
struct Failed(Failure);

impl From<Failed> for Diagnostic {
    fn from(Failed(failure): Failed) -> Self {
        Diagnostic { error_type: failure.kind.name().to_owned(), error_message: failure.code.to_string() }
    }
}

/// One invocation.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// When Lambda ends it.
    pub until: Time,
}

/// Serves invocations until the environment is shut down.
///
/// Every invocation is logged once: its duration and, when it failed, the failure's code.
///
/// # Errors
/// When the Lambda runtime API can't be reached any more.
pub async fn serve<E, R>(handler: impl AsyncFn(E, Invocation) -> Result<R, Failure>) -> Result<(), Error>
where
    E: DeserializeOwned + Correlated,
    R: Serialize,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let begun = Instant::now();
        let millis = i64::try_from(event.context.deadline).unwrap_or(i64::MAX);
        let until =
            Time::from_unix_seconds(millis / 1000).ok_or(Failed(Failure::of(Code::DeadlineUnreadable)))?;
        logging::begin(&event.context.request_id);
        let result = match serde_json::from_value::<E>(event.payload) {
            // serde's message quotes the value, which may be personal data.
            Err(_) => Err(Failure::of(Code::PayloadMalformed)),
            Ok(payload) => {
                let (request, source) = payload.correlation();
                logging::correlate(request, source);
                Box::pin(handler(payload, Invocation { until })).await
            }
        };
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok(_) => tracing::info!(duration_ms, "done"),
            Err(failure) => {
                tracing::warn!(
                    duration_ms,
                    code = failure.code.as_str(),
                    kind = failure.kind.name(),
                    "failed"
                );
            }
        }
        logging::end();
        result.map_err(Failed)
    }))
    .await
}

/// An event that names its subject for the log: ids only.
pub trait Correlated {
    /// Its request and its data source, as far as they are known.
    fn correlation(&self) -> (Option<String>, Option<String>) {
        (None, None)
    }
}

impl Correlated for TaskRef {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        (Some(self.request_id.to_string()), Some(self.source_id.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::kind::Kind;

    #[test]
    fn an_error_leaves_a_function_as_its_kinds_name_and_its_code() {
        for kind in Kind::ALL {
            let diagnostic = Diagnostic::from(Failed(Failure::new(kind, Code::StoreBusy)));
            assert_eq!(diagnostic.error_type, kind.name());
            assert_eq!(diagnostic.error_message, "store_busy");
        }
    }
}
