//! Failures on our own side: a function, an execution, all of AWS for a while. Each request still ends
//! correctly, with exactly one erasure of each record in the vendor's journal.

use anyhow::{Result, ensure};
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack};
use rightful_sandbox::{Fault, FaultKind, On, Profile};
use std::time::{Duration, Instant};

const QUICK: Options = Options { wait_scale: 0.1, grace_seconds: 1, finish_after_ms: 500, params: &[] };

/// A person with two records, and their ids.
async fn person(stack: &Stack, name: &str) -> Result<(String, Vec<u64>)> {
    let email = format!("{name}@crashes.example");
    let profiles = [Profile::named(0, "A", name, &email), Profile::named(0, "B", name, &email)];
    stack.sandbox.add_profiles(&profiles).await?;
    let ids = stack.sandbox.profiles(&email).await?.iter().map(|profile| profile.id).collect();
    Ok((email, ids))
}

#[tokio::test]
async fn invariant_3_a_function_killed_in_the_middle_of_a_submission_erases_each_record_once() -> Result<()> {
    let stack = Stack::up("crash-function", QUICK)?;
    stack.add_source("qualifio-main", &["unknown_wait_seconds=1", "unknown_looks=2"])?;
    let mut requests = Vec::new();
    for (name, kind) in [
        ("taken", FaultKind::TimeoutAfter { hold_ms: 60_000 }),
        ("not-taken", FaultKind::TimeoutBefore { hold_ms: 60_000 }),
    ] {
        let (email, ids) = person(&stack, name).await?;
        stack.sandbox.fault(&Fault::new(On::Submit, kind).once().about(&email)).await?;
        requests.push((name, send(&stack, &email, &format!("K-{name}")).await?, ids));
    }
    for (_, id, _) in &requests {
        stack.until(*id, |_, task| task.fence == 1).await?;
    }
    // The vendor has received the calls, and delays its answers.
    let begun = Instant::now();
    while stack.sandbox.journal().await?.calls_of("submit").len() < 2 {
        ensure!(begun.elapsed() < Duration::from_secs(15), "the submissions did not reach the vendor");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stack.kill_function("submit")?, 2);
    for (name, id, ids) in requests {
        let (request, task) = stack.reconciled(id).await?;
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{name}");
        assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "{name}");
        assert_eq!(stack.erasures(&ids).await?, ids.len(), "{name}: each once");
    }
    Ok(())
}

#[tokio::test]
async fn invariant_6_aws_gone_between_submission_and_status_is_made_up_for() -> Result<()> {
    let stack = Stack::up("crash-aws", QUICK)?;
    stack.add_source("qualifio-main", &[])?;
    let (email, ids) = person(&stack, "outage").await?;
    let id = send(&stack, &email, "K-outage").await?;
    stack.until(id, |_, task| task.state == TaskState::Submitted).await?;
    stack.restart()?;
    let (request, task) = stack.reconciled(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(stack.erasures(&ids).await?, ids.len());
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 1);
    Ok(())
}

#[tokio::test]
async fn invariant_3_two_requests_about_one_person_at_once_erase_each_record_once() -> Result<()> {
    let stack = Stack::up("crash-two", Options { finish_after_ms: 1500, ..QUICK })?;
    stack.add_source("qualifio-main", &[])?;
    let (email, ids) = person(&stack, "twice").await?;
    let (one, two) = tokio::join!(send(&stack, &email, "K-one"), send(&stack, &email, "K-two"));
    let mut outcomes = Vec::new();
    for id in [one?, two?] {
        outcomes.push(stack.reconciled(id).await?.1.outcome);
    }
    outcomes.sort();
    assert_eq!(outcomes, [Some(Outcome::VerifiedErased), Some(Outcome::NothingFound)]);
    assert_eq!(stack.erasures(&ids).await?, ids.len());
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_spent_quota_parks_the_work_and_fails_nothing() -> Result<()> {
    let stack = Stack::up("crash-quota", QUICK)?;
    // One search and one submission; the status check waits until tomorrow.
    stack.add_source("qualifio-main", &["daily_calls=2"])?;
    let (email, _) = person(&stack, "quota").await?;
    let id = send(&stack, &email, "K-quota").await?;
    let parked = |task: &Task| task.reason.as_deref() == Some("quota_spent");
    let (request, task) = stack.until(id, |_, task| parked(task)).await?;
    assert_eq!((request.state, task.state), (RequestState::Open, TaskState::Submitted));
    assert!(task.not_before.is_some_and(|at| at > request.received_at));
    for _ in 0..3 {
        stack.rightful_json(&["reconcile", "--now"])?;
    }
    assert_eq!(stack.sandbox.journal().await?.calls.len(), 2, "nothing more was asked of the vendor");
    assert_eq!(stack.task(id).await?.outcome, None);
    Ok(())
}
