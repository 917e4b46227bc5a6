//! Reads the workflows, and stops them.

use crate::stack::Stack;
use anyhow::{Context as _, Result};
use rightful_aws::workflow;
use rightful_domain::base::ids::RequestId;
use serde_json::{Value, json};

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

/// Calls Step Functions, and returns the list under this key of its answer.
async fn listed(stack: &Stack, operation: &'static str, key: &str, input: Value) -> Result<Vec<Value>> {
    let answer = workflow::call(&stack.aws, operation, &input).await?;
    answer[key].as_array().cloned().with_context(|| format!("{operation}: no {key}"))
}

/// All executions of a request, those of its data sources too.
///
/// # Errors
/// When they can't be listed.
pub async fn list(stack: &Stack, request: RequestId) -> Result<Vec<Execution>> {
    let mut found = Vec::new();
    for machine in ["fulfil_request_arn", "fulfil_source_arn"] {
        let input = json!({"stateMachineArn": stack.text(machine)});
        for one in listed(stack, "ListExecutions", "executions", input).await? {
            let text = |key| one[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
            let (arn, name, status) = (text("executionArn")?, text("name")?, text("status")?);
            if name.starts_with(&request.to_string()) {
                let input = json!({"executionArn": arn});
                let told = workflow::call(&stack.aws, "DescribeExecution", &input).await?;
                let version = told["stateMachineVersionArn"].as_str().and_then(|arn| arn.rsplit(':').next());
                found.push(Execution {
                    arn,
                    name,
                    running: status == "RUNNING",
                    succeeded: status == "SUCCEEDED",
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
            let _ = workflow::call(&stack.aws, "StopExecution", &json!({"executionArn": one.arn})).await;
            killed += 1;
        }
    }
    Ok(killed)
}

/// The history of an execution.
async fn history(stack: &Stack, one: &Execution) -> Result<Vec<Value>> {
    let input = json!({"executionArn": one.arn, "includeExecutionData": true, "maxResults": 1000});
    listed(stack, "GetExecutionHistory", "events", input).await
}

/// The names of the states that a request's executions have entered.
///
/// # Errors
/// When a history can't be read.
pub async fn entered(stack: &Stack, request: RequestId) -> Result<Vec<String>> {
    let mut states = Vec::new();
    for one in list(stack, request).await? {
        for event in history(stack, &one).await? {
            if let Some(name) = event["stateEnteredEventDetails"]["name"].as_str() {
                states.push(name.to_owned());
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
        let events = Value::from(history(stack, &one).await?);
        text.push_str(&format!("{} {events}\n", one.name));
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
