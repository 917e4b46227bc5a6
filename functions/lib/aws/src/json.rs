//! KMS, Secrets Manager and Step Functions take JSON: the operation stands in a header, and input and answer
//! are JSON objects.

use crate::call::{CallFailure, Client, unreadable};
use crate::client::Aws;
use crate::endpoint::Service;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A service that takes JSON.
#[derive(Debug)]
pub(crate) struct JsonService {
    service: Service,
    /// The name of its API, before the operation's.
    api: &'static str,
    content_type: &'static str,
}

#[cfg(feature = "kms")]
pub(crate) const KMS: JsonService = JsonService {
    service: Service { id: "KMS", name: "kms" },
    api: "TrentService",
    content_type: "application/x-amz-json-1.1",
};

#[cfg(feature = "secrets")]
pub(crate) const SECRETS: JsonService = JsonService {
    service: Service { id: "Secrets Manager", name: "secretsmanager" },
    api: "secretsmanager",
    content_type: "application/x-amz-json-1.1",
};

#[cfg(feature = "sfn")]
pub(crate) const STATES: JsonService = JsonService {
    service: Service { id: "SFN", name: "states" },
    api: "AWSStepFunctions",
    content_type: "application/x-amz-json-1.0",
};

/// A client of a service that takes JSON. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct JsonClient {
    client: Client,
    service: &'static JsonService,
}

impl JsonClient {
    /// The service, with the time-outs and retries of [`Aws::new`].
    pub(crate) fn new(aws: &Aws, service: &'static JsonService) -> Self {
        Self { client: Client::new(aws.sdk_config(), &service.service, None), service }
    }

    /// Calls an operation, and reads its answer. The call may be sent three times: a repetition must change
    /// nothing.
    ///
    /// # Errors
    /// [`CallFailure`], a response error when the answer can't be read: the operation may have had its effect.
    pub(crate) async fn call<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        input: &impl Serialize,
    ) -> Result<A, CallFailure> {
        let body = serde_json::to_vec(input).map_err(CallFailure::construction_failure)?;
        let request = http::Request::post("/")
            .header(CONTENT_TYPE, self.service.content_type)
            .header("x-amz-target", format!("{}.{operation}", self.service.api));
        let answer = self.client.send(operation, request, body).await?;
        let body = if answer.body.is_empty() { b"{}" } else { answer.body.as_slice() };
        // The error would print the value.
        serde_json::from_slice(body).map_err(|_| unreadable())
    }
}
