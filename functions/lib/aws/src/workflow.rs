//! Starts the workflow of a request, and lets go on what waits for a review.

use crate::client::Aws;
use crate::failures::WORKFLOW;
use aws_sdk_sfn::Client;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::operations::Next;
use rightful_domain::ports::{Tokens, Workflow};

/// The state machine `fulfil-request`.
#[derive(Clone, Debug)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    /// The state machine by its ARN.
    #[must_use]
    pub fn new(aws: &Aws, arn: impl Into<String>) -> Self {
        Self { client: Client::new(aws.sdk_config()), arn: arn.into() }
    }
}

impl Workflow for StateMachine {
    async fn start(&self, request: RequestId, attempt: u32, sources: &[SourceId]) -> Result<(), Failure> {
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
            Ok(_) => Ok(()),
            // The name says which attempt it is: whoever has it, it is started.
            Err(err) if err.as_service_error().is_some_and(|err| err.is_execution_already_exists()) => Ok(()),
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
            // It went on, ended or was stopped meanwhile: nobody waits under it.
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
