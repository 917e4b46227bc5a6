//! Which deployment a command speaks to, and how: the stack file names its API, its functions and the
//! key of its receipts, and locally the endpoint and its credentials too.
//!
//! Architecture Invariant: what a deployment holds is read and changed by its API alone. AWS itself is
//! called for what the API has no part in: the public key of receipts, and the reconciliation's function.

use crate::api::{Api, http_client};
use crate::args::Global;
use crate::codes::{told_code, told_failure};
use crate::output::{io_words, told};
use anyhow::Result;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_lambda::primitives::Blob;
use rightful_aws::{Aws, ReceiptKey, Settings, tls_config};
use rightful_domain::documents::receipt::PublicKey;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the local stack's file is, from some folder above or the current one.
const LOCAL_STACK: &str = "target/local/stack.json";
const STACK_VARIABLE: &str = "RIGHTFUL_STACK_FILE";

/// The version of a function that is deployed.
const ALIAS: &str = "live";

/// Longer than any function may run.
const INVOKE_TIMEOUT: Duration = Duration::from_secs(330);

/// A stack file. Endpoint and credentials stand in the local stack's alone.
#[derive(Deserialize)]
pub struct Stack {
    pub aws_endpoint_url: Option<String>,
    pub region: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    pub api_url: String,
    receipt_key_id: String,
    functions: BTreeMap<String, String>,
    #[serde(default)]
    pub receipt_keys: Vec<PublicKey>,
}

impl Stack {
    /// Whether it runs on this machine.
    pub fn is_local(&self) -> bool {
        self.aws_endpoint_url.is_some()
    }
}

/// The stack file that a command line names.
///
/// # Errors
/// When there is none.
#[allow(clippy::disallowed_methods, reason = "the one place where the command line reads a variable")]
pub fn stack_file(global: &Global) -> Result<PathBuf> {
    let named = std::env::var(STACK_VARIABLE).ok().filter(|path| !path.is_empty()).map(PathBuf::from);
    let here = std::env::current_dir()?;
    choose(global, named, &here)
}

fn choose(global: &Global, named: Option<PathBuf>, here: &Path) -> Result<PathBuf> {
    if let Some(file) = &global.stack {
        return Ok(file.clone());
    }
    if !global.local
        && let Some(file) = named
    {
        return Ok(file);
    }
    here.ancestors().map(|folder| folder.join(LOCAL_STACK)).find(|file| file.is_file()).ok_or_else(|| {
        told(
            format!("there is no deployment: no {LOCAL_STACK} in this folder or above it"),
            "start the local stack with `make up`, or name a deployment with `--stack FILE` (`make deploy` writes target/deploy/stack.json)",
        )
    })
}

/// Reads a stack file.
///
/// # Errors
/// When it can't be read, or something in it is missing.
pub fn read_stack(file: &Path) -> Result<Stack> {
    let again = "write it again with `make up` or `make deploy`, or name another one with --stack";
    let shown = file.display();
    let text = std::fs::read(file).map_err(|error| {
        told(format!("the stack file {shown} can't be read ({})", io_words(&error)), again)
    })?;
    // serde's message would quote a value, and the local file holds secrets.
    serde_json::from_slice(&text).map_err(|error| {
        let missing = error.to_string();
        let field = missing.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match field {
            Some(field) => told(format!("the stack file {shown} has no `{field}`"), again),
            None => told(format!("{shown} is not a stack file"), again),
        }
    })
}

/// A deployment that a command can call.
pub struct Deployment {
    pub stack: Stack,
    pub file: PathBuf,
    pub api: Arc<Api>,
    aws: Aws,
}

impl Deployment {
    /// Opens the deployment that the command line names. Nothing of it is called yet.
    ///
    /// # Errors
    /// When there is none, or its stack file, or the AWS profile, is not usable.
    pub async fn open(global: &Global) -> Result<Self> {
        let file = stack_file(global)?;
        let stack = read_stack(&file)?;
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
                _ => signed_in(global, region, tls).await?,
            };
        let api = Arc::new(Api::new(http, &stack.api_url, region, provider)?);
        Ok(Self { stack, file, api, aws })
    }

    pub fn receipt_key(&self) -> ReceiptKey {
        ReceiptKey::new(&self.aws, &self.stack.receipt_key_id)
    }

    /// Calls a deployed function once, by the alias that everything calls it by, and waits for its answer.
    ///
    /// # Errors
    /// The code that the function failed with, in words; or why it could not be called.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let name = self.stack.functions.get(function).ok_or_else(|| {
            told(
                format!("the stack file {} names no function `{function}`", self.file.display()),
                "write it again with `make up` or `make deploy`",
            )
        })?;
        // It is called once: a second call behind the first one's back would do its work twice.
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
            .map_err(|error| not_called(name, &error))?;
        let answer = called.payload.map(Blob::into_inner).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        match called.function_error {
            None => Ok(answer),
            Some(_) => Err(failed(name, &answer)),
        }
    }
}

/// The caller's own identity: a profile, SSO, a role, or the environment.
async fn signed_in(
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
    let region = config.region().map(ToString::to_string).ok_or_else(|| told_code("aws_region_missing"))?;
    let provider = config.credentials_provider().ok_or_else(|| told_code("aws_credentials_missing"))?;
    // Asked for here, because a call without them fails as if nobody could be reached.
    if provider.provide_credentials().await.is_err() {
        return Err(told_code("aws_credentials_missing"));
    }
    let aws = Aws::from_sdk_config(config, tls).map_err(told_failure)?;
    Ok((aws, provider, region))
}

/// A function's failure: a code of ours, or the end of its process.
fn failed(function: &str, answer: &Value) -> anyhow::Error {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("errorType").starts_with("Rightful.") {
        return told_code(text("errorMessage"));
    }
    told(
        format!("the function {function} broke down ({})", text("errorType")),
        "read its log, then try again",
    )
}

fn not_called<R>(
    function: &str,
    error: &aws_sdk_lambda::error::SdkError<aws_sdk_lambda::operation::invoke::InvokeError, R>,
) -> anyhow::Error {
    use aws_sdk_lambda::error::ProvideErrorMetadata as _;
    let code = error.as_service_error().and_then(|error| error.code()).unwrap_or_default();
    if code.contains("NotFound") {
        told(
            format!("the function {function} isn't there"),
            "compare the stack file with the deployment's outputs",
        )
    } else if code.contains("AccessDenied") || code.contains("UnrecognizedClient") {
        told(
            format!("AWS doesn't let the caller invoke {function}"),
            "let the caller do this by IAM: another --profile, or a policy for this one",
        )
    } else {
        told(
            format!("the function {function} can't be reached"),
            "check that the deployment runs and that this machine reaches it, then try again",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn global(local: bool, stack: Option<&str>) -> Global {
        Global { json: false, local, stack: stack.map(PathBuf::from), profile: None, region: None }
    }

    #[test]
    fn a_named_file_goes_before_the_variable_and_that_before_the_local_stack() {
        let root = std::env::temp_dir().join(format!("rightful-choose-{}", std::process::id()));
        let deep = root.join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let nowhere = choose(&global(false, None), None, &deep).unwrap_err().to_string();
        std::fs::create_dir_all(root.join("target/local")).unwrap();
        let local = root.join(LOCAL_STACK);
        std::fs::write(&local, "{}").unwrap();
        let named = Some(PathBuf::from("named.json"));
        let found = [
            choose(&global(false, Some("given.json")), named.clone(), &deep).unwrap(),
            choose(&global(false, None), named.clone(), &deep).unwrap(),
            choose(&global(true, None), named, &deep).unwrap(),
            choose(&global(false, None), None, &deep).unwrap(),
        ];
        std::fs::remove_dir_all(&root).unwrap();
        assert!(nowhere.contains("make up") && nowhere.contains("--stack"), "{nowhere}");
        assert_eq!(found, ["given.json".into(), "named.json".into(), local.clone(), local]);
    }

    #[test]
    fn a_stack_file_that_lacks_something_says_what() {
        let path = std::env::temp_dir().join(format!("rightful-stack-{}.json", std::process::id()));
        std::fs::write(&path, r#"{"webhook_secret": "whsec_canary"}"#).unwrap();
        let missing = read_stack(&path).err().unwrap().to_string();
        std::fs::write(&path, r#"{"functions": "whsec_canary"}"#).unwrap();
        let wrong = read_stack(&path).err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(missing.contains("has no `api_url`"), "{missing}");
        assert!(wrong.contains("is not a stack file") && !wrong.contains("canary"), "{wrong}");
    }

    #[test]
    fn a_function_fails_with_a_code_or_breaks_down() {
        let ours = failed(
            "f",
            &json!({"errorType": "Rightful.Misconfigured", "errorMessage": "credentials_rejected"}),
        );
        assert!(ours.to_string().contains("doesn't accept the token"), "{ours}");
        let other = failed("f", &json!({"errorType": "Runtime.ExitError", "errorMessage": "x"}));
        assert!(other.to_string().contains("broke down (Runtime.ExitError)"), "{other}");
    }
}
