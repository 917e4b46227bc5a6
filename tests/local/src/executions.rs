//! Reads the workflows, and stops them.

use crate::stack::Stack;
use anyhow::Result;
use aws_sdk_sfn::types::ExecutionStatus;
use rightful_domain::base::ids::RequestId;

/// One execution of either state machine.
#[derive(Debug, Clone)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Whether it still runs.
    pub running: bool,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The number of its state machine's version.
    pub version: Option<String>,
}

fn client(stack: &Stack) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(stack.aws.sdk_config())
}

/// All executions of a request, those of its data sources too.
///
/// # Errors
/// When they can't be listed.
pub async fn list(stack: &Stack, request: RequestId) -> Result<Vec<Execution>> {
    let mut found = Vec::new();
    for machine in ["fulfil_request_arn", "fulfil_source_arn"] {
        let answer = client(stack).list_executions().state_machine_arn(stack.text(machine)).send().await?;
        for one in answer.executions() {
            if one.name().starts_with(&request.to_string()) {
                let told =
                    client(stack).describe_execution().execution_arn(one.execution_arn()).send().await?;
                let version = told.state_machine_version_arn().and_then(|arn| arn.rsplit(':').next());
                found.push(Execution {
                    arn: one.execution_arn().to_owned(),
                    name: one.name().to_owned(),
                    running: *one.status() == ExecutionStatus::Running,
                    succeeded: *one.status() == ExecutionStatus::Succeeded,
                    version: version.map(str::to_owned),
                });
            }
        }
    }
    Ok(found)
}

/// Stops every running execution of a request; returns their number.
///
/// # Errors
/// When one can't be stopped.
pub async fn kill(stack: &Stack, request: RequestId) -> Result<usize> {
    let mut killed = 0;
    for one in list(stack, request).await? {
        if one.running {
            // It may have ended meanwhile.
            let _ = client(stack).stop_execution().execution_arn(&one.arn).send().await;
            killed += 1;
        }
    }
    Ok(killed)
}

/// The names of the states that a request's executions have entered.
///
/// # Errors
/// When a history can't be read.
pub async fn entered(stack: &Stack, request: RequestId) -> Result<Vec<String>> {
    let mut states = Vec::new();
    for one in list(stack, request).await? {
        let history =
            client(stack).get_execution_history().execution_arn(&one.arn).max_results(1000).send().await?;
        for event in history.events() {
            if let Some(entered) = event.state_entered_event_details() {
                states.push(entered.name().to_owned());
            }
        }
    }
    Ok(states)
}

/// Everything that the executions of a request carried: names, inputs, outputs, errors, causes.
///
/// # Errors
/// When a history can't be read.
pub async fn everything(stack: &Stack, request: RequestId) -> Result<String> {
    let mut text = String::new();
    for one in list(stack, request).await? {
        let history = client(stack)
            .get_execution_history()
            .execution_arn(&one.arn)
            .include_execution_data(true)
            .max_results(1000)
            .send()
            .await?;
        text.push_str(&format!("{} {:?}\n", one.name, history.events()));
    }
    Ok(text)
}

/// Every row of both tables, as text.
///
/// # Errors
/// When they can't be read.
pub async fn tables(stack: &Stack) -> Result<String> {
    let client = aws_sdk_dynamodb::Client::new(stack.aws.sdk_config());
    let mut text = String::new();
    for table in ["requests_table", "keys_table"] {
        let mut next = None;
        loop {
            let page =
                client.scan().table_name(stack.text(table)).set_exclusive_start_key(next).send().await?;
            for item in page.items() {
                for (name, value) in item {
                    text.push_str(&format!("{name}={value:?}\n"));
                    if let Ok(bytes) = value.as_b() {
                        text.push_str(&String::from_utf8_lossy(bytes.as_ref()));
                    }
                }
            }
            next = page.last_evaluated_key;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(text)
}
