//! The deployment that a command works on.
//!
//! Architecture Invariant: what a deployment holds is read and changed through its API alone. AWS itself is
//! called only for what the API doesn't offer: the public key of receipts, and the functions that
//! `reconcile` and `synthetic` call.

use super::client::{Api, http_client};
use super::stack::{StackFile, stack_file};
use crate::args::command_line::Global;
use crate::terminal::error::command_error;
use crate::words::codes::{told_code, told_failure};
use anyhow::Result;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_lambda::primitives::Blob;
use rightful_aws::{Aws, ReceiptKey, Settings, tls_config};
use rightful_domain::base::code::Code;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The alias of the deployed version of a function.
const ALIAS: &str = "live";

/// Longer than any function may run.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(330);

/// A deployment that a command can call.
pub struct Deployment {
    pub stack: StackFile,
    pub file: PathBuf,
    pub api: Arc<Api>,
    aws: Aws,
}

impl Deployment {
    /// Opens the deployment that the command line chooses, without calling it.
    ///
    /// # Errors
    /// If there is none, or its stack file or the AWS profile can't be used.
    pub async fn open(global: &Global) -> Result<Self> {
        let file = stack_file(global)?;
        let stack = StackFile::read(&file)?;
        let region = global.region.clone().or_else(|| stack.region.clone());
        let tls = tls_config().map_err(told_failure)?;
        let http = http_client(tls.clone())?;
        let (aws, provider, region) =
            match (&stack.aws_endpoint_url, &stack.access_key_id, &stack.secret_access_key) {
                (Some(endpoint), Some(id), Some(secret)) => {
                    let credentials = Credentials::new(id, secret, None, None, "stack file");
                    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
                    let settings = Settings {
                        region: region.clone(),
                        endpoint_url: Some(endpoint.clone()),
                        credentials: credentials.clone(),
                    };
                    let aws = Aws::new(settings, tls).map_err(told_failure)?;
                    (aws, SharedCredentialsProvider::new(credentials), region)
                }
                _ => sign_in(global, region, tls).await?,
            };
        let api = Arc::new(Api::new(http, &stack.api_url, region, provider)?);
        Ok(Self { stack, file, api, aws })
    }

    /// The key that receipts are signed with.
    pub fn receipt_key(&self) -> ReceiptKey {
        ReceiptKey::new(&self.aws, &self.stack.receipt_key_id)
    }

    /// Calls a deployed function once, by its alias, and waits for its answer.
    ///
    /// # Errors
    /// The code that the function failed with, in words, or the reason why it could not be called.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let name = self.stack.functions.get(function).ok_or_else(|| {
            command_error(
                format!("the stack file {} names no function `{function}`", self.file.display()),
                "write it again with `make up` or `make deploy`",
            )
        })?;
        // The SDK must not retry: a second call would do the work twice.
        let config = aws_sdk_lambda::config::Builder::from(self.aws.sdk_config())
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(2))
                    .operation_attempt_timeout(INVOKE_TIMEOUT)
                    .operation_timeout(INVOKE_TIMEOUT)
                    .build(),
            )
            .build();
        let client = aws_sdk_lambda::Client::from_conf(config);
        let called = client
            .invoke()
            .function_name(name)
            .qualifier(ALIAS)
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .map_err(|error| invoke_error(name, &error))?;
        let answer = called.payload.map(Blob::into_inner).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        match called.function_error {
            None => Ok(answer),
            Some(_) => Err(function_error(name, &answer)),
        }
    }
}

/// Signs in with the caller's own identity: a profile, SSO, a role, or the environment.
async fn sign_in(
    global: &Global,
    region: Option<String>,
    tls: rustls::ClientConfig,
) -> Result<(Aws, SharedCredentialsProvider, String)> {
    let client = rightful_aws::client::http_client(tls.clone()).map_err(told_failure)?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(profile) = &global.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    let region =
        config.region().map(ToString::to_string).ok_or_else(|| told_code(Code::AwsRegionMissing.as_str()))?;
    let provider =
        config.credentials_provider().ok_or_else(|| told_code(Code::AwsCredentialsMissing.as_str()))?;
    // Checked here, because a call without credentials fails as if the API could not be reached.
    if provider.provide_credentials().await.is_err() {
        return Err(told_code(Code::AwsCredentialsMissing.as_str()));
    }
    let aws = Aws::from_sdk_config(config, tls).map_err(told_failure)?;
    Ok((aws, provider, region))
}

/// The error of a function that failed: a code of ours, or the end of its process.
fn function_error(function: &str, answer: &Value) -> anyhow::Error {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("errorType").starts_with("Rightful.") {
        return told_code(text("errorMessage"));
    }
    command_error(
        format!("the function {function} crashed ({})", text("errorType")),
        "read its log, then try again",
    )
}

/// The error of a function that could not be called.
fn invoke_error<R>(
    function: &str,
    error: &aws_sdk_lambda::error::SdkError<aws_sdk_lambda::operation::invoke::InvokeError, R>,
) -> anyhow::Error {
    use aws_sdk_lambda::error::ProvideErrorMetadata as _;
    let code = error.as_service_error().and_then(|error| error.code()).unwrap_or_default();
    if code.contains("NotFound") {
        command_error(
            format!("there is no function {function}"),
            "compare the stack file with the deployment's outputs",
        )
    } else if code.contains("AccessDenied") || code.contains("UnrecognizedClient") {
        command_error(
            format!("AWS doesn't let the caller invoke {function}"),
            "use another --profile, or give this one a policy that allows it",
        )
    } else {
        command_error(
            format!("the function {function} can't be reached"),
            "check that the deployment runs and that this machine can reach it, then try again",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_function_fails_with_a_code_or_breaks_down() {
        let ours = function_error(
            "f",
            &json!({"errorType": "Rightful.Misconfigured", "errorMessage": "credentials_rejected"}),
        );
        assert!(ours.to_string().contains("doesn't accept the token"), "{ours}");
        let other = function_error("f", &json!({"errorType": "Runtime.ExitError", "errorMessage": "x"}));
        assert!(other.to_string().contains("crashed (Runtime.ExitError)"), "{other}");
    }
}
