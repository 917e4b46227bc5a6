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
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use rightful_aws::{Aws, Function, ReceiptKey, Settings, tls_config};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// The alias of the deployed version of a function.
const ALIAS: &str = "live";

/// Longer than any function may run.
const INVOKE_SECONDS: u64 = 330;

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
        let aws = match (&stack.aws_endpoint_url, &stack.access_key_id, &stack.secret_access_key) {
            (Some(endpoint), Some(id), Some(secret)) => {
                let settings = Settings {
                    region: region.unwrap_or_else(|| "us-east-1".to_owned()),
                    endpoint_url: Some(endpoint.clone()),
                    credentials: Credentials::new(id, secret, None, None, "stack file"),
                };
                Aws::new(settings, tls).map_err(told_failure)?
            }
            _ => sign_in(global, region, tls).await?,
        };
        let api = Arc::new(Api::new(http, &stack.api_url, aws.clone())?);
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
        // It is called once: a second call would do the work twice.
        let deployed = Function::new(&self.aws, name, INVOKE_SECONDS).at(ALIAS);
        let called = deployed.invoke(payload.to_string().into_bytes()).await;
        let read = |answer: &[u8]| serde_json::from_slice(answer).unwrap_or(Value::Null);
        match called.map_err(|failure| invoke_error(name, failure))? {
            Ok(answer) => Ok(read(&answer)),
            Err(error) => Err(function_error(name, &read(&error))),
        }
    }
}

/// Signs in with the caller's own identity: a profile, SSO, a role, or the environment.
async fn sign_in(global: &Global, region: Option<String>, tls: rustls::ClientConfig) -> Result<Aws> {
    let client = rightful_aws::client::http_client(tls.clone()).map_err(told_failure)?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(profile) = &global.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    config.region().ok_or_else(|| told_code(Code::AwsRegionMissing.as_str()))?;
    let provider =
        config.credentials_provider().ok_or_else(|| told_code(Code::AwsCredentialsMissing.as_str()))?;
    // Checked here, because a call without credentials fails as if the API could not be reached.
    if provider.provide_credentials().await.is_err() {
        return Err(told_code(Code::AwsCredentialsMissing.as_str()));
    }
    Aws::from_sdk_config(config, tls).map_err(told_failure)
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
fn invoke_error(function: &str, failure: Failure) -> anyhow::Error {
    let (what, todo) = match failure.code {
        Code::FunctionMissing => (
            format!("there is no function {function}"),
            "compare the stack file with the deployment's outputs",
        ),
        Code::FunctionDenied => (
            format!("AWS doesn't let the caller invoke {function}"),
            "use another --profile, or give this one a policy that allows it",
        ),
        _ => (
            format!("the function {function} can't be reached"),
            "check that the deployment runs and that this machine can reach it, then try again",
        ),
    };
    command_error(what, todo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::client::{aws_for_tests, for_tests};
    use serde_json::json;
    use wiremock::matchers::{path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

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

    /// A call of a function that Lambda answers in this way, as the command line tells it.
    async fn told(answer: ResponseTemplate) -> String {
        let server = MockServer::start().await;
        Mock::given(path("/2015-03-31/functions/rightful-dev-reconcile/invocations"))
            .and(query_param("Qualifier", "live"))
            .respond_with(answer)
            .expect(1)
            .mount(&server)
            .await;
        let stack = json!({
            "api_url": server.uri(), "receipt_key_id": "k",
            "functions": {"reconcile": "rightful-dev-reconcile"},
        });
        let deployment = Deployment {
            stack: serde_json::from_value(stack).unwrap(),
            file: PathBuf::from("stack.json"),
            api: Arc::new(for_tests(&server.uri())),
            aws: aws_for_tests(&server.uri()),
        };
        match deployment.invoke("reconcile", &json!({})).await {
            Ok(answer) => answer.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn a_function_is_called_once_and_its_refusal_is_told_in_words() {
        let canary = json!({"Message": "canary"});
        let refused = |status, code: &str| {
            ResponseTemplate::new(status).insert_header("x-amzn-errortype", code).set_body_json(&canary)
        };
        let failed = ResponseTemplate::new(200).insert_header("x-amz-function-error", "Unhandled");
        let crash = json!({"errorType": "Runtime.ExitError", "errorMessage": "canary"});
        for (answer, expected) in [
            (ResponseTemplate::new(200).set_body_json(json!({"marked": true})), "{\"marked\":true}"),
            (ResponseTemplate::new(200), "null"),
            (failed.set_body_json(crash), "the function rightful-dev-reconcile crashed (Runtime.ExitError)"),
            (refused(404, "ResourceNotFoundException"), "there is no function rightful-dev-reconcile"),
            (
                refused(403, "AccessDeniedException"),
                "AWS doesn't let the caller invoke rightful-dev-reconcile",
            ),
            (
                refused(429, "TooManyRequestsException"),
                "the function rightful-dev-reconcile can't be reached",
            ),
            (refused(503, "ServiceException"), "the function rightful-dev-reconcile can't be reached"),
        ] {
            let told = told(answer).await;
            assert!(told.starts_with(expected) && !told.contains("canary"), "{told}");
        }
    }
}
