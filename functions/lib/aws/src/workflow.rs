//! Starts the workflow of a request, and releases executions that wait for a review.

use crate::client::Aws;
use crate::failures::WORKFLOW;
use crate::json::{self, JsonClient};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::workflow::Next;
use rightful_domain::ports::workflow::{Started, Tokens, Workflow};
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The state machine `fulfil-request`, by the alias that names its newest version.
#[derive(Clone, Debug)]
pub struct StateMachine {
    client: JsonClient,
    arn: String,
}

impl StateMachine {
    /// The state machine by its ARN, with the name of an alias or without.
    #[must_use]
    pub fn new(aws: &Aws, arn: impl Into<String>) -> Self {
        Self { client: JsonClient::new(aws, &json::STATES), arn: arn.into() }
    }

    /// Whether both ARNs name the same state machine, whatever their version or alias. An execution's event
    /// names neither, even if an alias started it.
    #[must_use]
    pub fn is_of(&self, state_machine_arn: &str) -> bool {
        unqualified(&self.arn) == unqualified(state_machine_arn)
    }
}

/// Calls an operation of Step Functions that no port needs, with an input and an answer as AWS documents them:
/// for tools and tests.
///
/// # Errors
/// When Step Functions fails.
pub async fn call(aws: &Aws, operation: &'static str, input: &Value) -> Result<Value, Failure> {
    let answer = JsonClient::new(aws, &json::STATES).call(operation, input).await;
    answer.map_err(|err| WORKFLOW.failure(&err))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartExecution<'a> {
    state_machine_arn: &'a str,
    name: String,
    input: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SendTaskSuccess<'a> {
    task_token: &'a str,
    output: String,
}

impl Workflow for StateMachine {
    async fn start(
        &self,
        request: RequestId,
        attempt: u32,
        sources: &[SourceId],
    ) -> Result<Started, Failure> {
        let input = json!({"requestId": request, "attempt": attempt, "sources": sources});
        let start = StartExecution {
            state_machine_arn: &self.arn,
            name: format!("{request}.{attempt}"),
            input: input.to_string(),
        };
        match self.client.call("StartExecution", &start).await {
            // The answer is the same while an execution of this name and input runs.
            Ok(IgnoredAny) => Ok(Started::Now),
            Err(err) if err.code() == Some("ExecutionAlreadyExists") => Ok(Started::Before),
            Err(err) => Err(WORKFLOW.failure(&err)),
        }
    }
}

impl Tokens for StateMachine {
    async fn release(&self, token: &str, next: Next) -> Result<(), Failure> {
        let success = SendTaskSuccess { task_token: token, output: json!({"next": next}).to_string() };
        match self.client.call("SendTaskSuccess", &success).await {
            Ok(IgnoredAny) => Ok(()),
            // The execution continued, ended or was stopped meanwhile: nobody waits under this token.
            Err(err) if matches!(err.code(), Some("TaskTimedOut" | "InvalidToken" | "TaskDoesNotExist")) => {
                Ok(())
            }
            Err(err) => Err(WORKFLOW.failure(&err)),
        }
    }
}

/// `arn:<partition>:states:<region>:<account>:stateMachine:<name>`, without a version's number or an alias at
/// its end.
fn unqualified(arn: &str) -> &str {
    arn.match_indices(':').nth(6).map_or(arn, |(end, _)| &arn[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_machine_is_the_same_by_its_alias_by_a_version_and_by_itself() {
        let machine = "arn:aws:states:eu-central-1:000000000000:stateMachine:rightful-dev-fulfil-request";
        for named in [machine.to_owned(), format!("{machine}:live"), format!("{machine}:12")] {
            assert_eq!(unqualified(&named), machine);
        }
        assert_ne!(unqualified(&machine.replace("request", "source")), machine);
        assert_eq!(unqualified("no-arn"), "no-arn");
    }
}
