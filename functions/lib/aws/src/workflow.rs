//! Starts the workflow of a request, and releases executions that wait for a review.

use crate::client::Aws;
use crate::failures::WORKFLOW;
use aws_sdk_sfn::Client;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::workflow::Next;
use rightful_domain::ports::workflow::{Started, Tokens, Workflow};

/// The state machine `fulfil-request`, by the alias that names its newest version.
#[derive(Clone, Debug)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// The state machine by its ARN, with the name of an alias or without.
    #[must_use]
    pub fn new(aws: &Aws, arn: impl Into<String>) -> Self {
        Self { client: Client::new(aws.sdk_config()), arn: arn.into() }
    }

    /// Whether both ARNs name the same state machine, whatever their version or alias. An execution's event
    /// names neither, even if an alias started it.
    #[must_use]
    pub fn is_of(&self, state_machine_arn: &str) -> bool {
        unqualified(&self.arn) == unqualified(state_machine_arn)
    }
}

impl Workflow for StateMachine {
    async fn start(
        &self,
        request: RequestId,
        attempt: u32,
        sources: &[SourceId],
    ) -> Result<Started, Failure> {
        let input = serde_json::json!({"requestId": request, "attempt": attempt, "sources": sources});
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(format!("{request}.{attempt}"))
            .input(input.to_string())
            .send()
            .await;
        match started {
            // The answer is the same while an execution of this name and input runs.
            Ok(_) => Ok(Started::Now),
            Err(err) if err.as_service_error().is_some_and(|err| err.is_execution_already_exists()) => {
                Ok(Started::Before)
            }
            Err(err) => Err(WORKFLOW.failure(&err)),
        }
    }
}

impl Tokens for StateMachine {
    async fn release(&self, token: &str, next: Next) -> Result<(), Failure> {
        let output = serde_json::json!({"next": next});
        let sent = self.client.send_task_success().task_token(token).output(output.to_string()).send().await;
        match sent {
            Ok(_) => Ok(()),
            // The execution continued, ended or was stopped meanwhile: nobody waits under this token.
            Err(err)
                if err.as_service_error().is_some_and(|err| {
                    err.is_task_timed_out() || err.is_invalid_token() || err.is_task_does_not_exist()
                }) =>
            {
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
