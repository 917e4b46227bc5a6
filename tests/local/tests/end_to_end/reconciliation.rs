//! Whatever happens to a workflow, the reconciliation brings its request to the end.

use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::{EndStatus, RequestOutcome};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::store::Reads as _;
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack, executions};
use rightful_sandbox::Profile;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn invariant_6_with_every_execution_killed_at_each_state_reconcile_alone_finishes() -> Result<()> {
    let options = Options { grace_seconds: 1, wait_scale: 0.2, finish_after_ms: 400, params: &[] };
    let stack = Stack::up("killed", options)?;
    stack.add_source("qualifio-main", &[])?;
    // The emulator's history lacks the states within a Map: a kill at the Map hits them.
    let states = [
        // An execution stopped before its first state stands for one that never started.
        "",
        "Search Sources",
        "Fulfil Sources",
        "Submit",
        "Wait",
        "Check Status",
        "Look",
        "Close Request",
    ];
    for (number, state) in states.into_iter().enumerate() {
        let email = format!("number{number}@killed.example");
        let profiles = [Profile::named(0, "A", "K", &email), Profile::named(0, "B", "K", &email)];
        let ids = stack.sandbox.add_profiles(&profiles).await?;
        let id = send(&stack, &email, &format!("K-{number}")).await?;
        let begun = Instant::now();
        while !state.is_empty()
            && !executions::entered(&stack, id).await?.iter().any(|entered| entered == state)
            && begun.elapsed() < Duration::from_secs(20)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let entered = executions::entered(&stack, id).await?;
        assert!(
            state.is_empty() || entered.iter().any(|one| one == state),
            "never in {state:?}: {entered:?}"
        );
        executions::kill(&stack, id).await?;
        // Twice: a nested one may have started between listing and stopping.
        executions::kill(&stack, id).await?;
        assert!(
            executions::list(&stack, id).await?.iter().all(|one| !one.running),
            "still running at {state:?}"
        );
        stack.reconciled(id).await?;

        let (request, task) = (stack.request(id).await?, stack.task(id).await?);
        let journal = stack.sandbox.journal().await?;
        let posts = journal.calls_of("submit").iter().filter(|call| call.ids == ids).count();
        let erased = journal.erasures.iter().filter(|one| ids.contains(&one.profile_id)).count();
        assert_eq!((posts, erased), (1, 2), "killed at {state:?}");
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "killed at {state:?}");
        assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "killed at {state:?}");
    }
    Ok(())
}

#[tokio::test]
async fn reconcile_asks_about_open_rules_by_itself() -> Result<()> {
    let options = Options { grace_seconds: 1, wait_scale: 1.0, finish_after_ms: 8000, params: &[] };
    let stack = Stack::up("rules", options)?;
    stack.add_source("qualifio-main", &[])?;
    let id = send(&stack, "joao@qualifio.com", "R-1").await?;
    stack.until(id, |_, task| task.state == TaskState::Submitted).await?;
    executions::kill(&stack, id).await?;
    let before = stack.sandbox.journal().await?.calls_of("status").len();
    let begun = Instant::now();
    while stack.sandbox.journal().await?.calls_of("status").len() == before {
        assert!(begun.elapsed() < Duration::from_secs(30), "never asked");
        stack.rightful_json(&["reconcile", "--now"])?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // Reconcile made this call: no execution of the request was running.
    assert!(executions::list(&stack, id).await?.iter().all(|one| !one.running));
    stack.reconciled(id).await?;
    assert_eq!(stack.sandbox.journal().await?.erased_ids(), [78, 79, 85]);
    Ok(())
}

#[tokio::test]
async fn two_reconciliations_at_once_do_no_harm() -> Result<()> {
    let options = Options { grace_seconds: 1, wait_scale: 0.1, finish_after_ms: 200, params: &[] };
    let stack = Stack::up("twice", options)?;
    stack.add_source("qualifio-main", &[])?;
    let id = send(&stack, "joao@qualifio.com", "R-2").await?;
    executions::kill(&stack, id).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..3).map(|_| scope.spawn(|| stack.rightful_json(&["reconcile", "--now"]))).collect();
        for run in runs {
            assert!(run.join().is_ok_and(|run| run.is_ok()));
        }
    });
    stack.reconciled(id).await?;
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("submit").len(), 1);
    assert_eq!(journal.erased_ids(), [78, 79, 85]);
    Ok(())
}

/// The recorded ends of a request's executions.
async fn ends(stack: &Stack, id: RequestId) -> Result<Vec<(Option<String>, EndStatus)>> {
    let (_, facts) = read_chain(id, &stack.store.events(id).await?)?;
    let ended = |(_, fact)| match fact {
        Fact::AttemptEnded { source, status, .. } => Some((source.map(String::from), status)),
        _ => None,
    };
    Ok(facts.into_iter().filter_map(ended).collect())
}

/// The event of an execution's end, as EventBridge delivers it.
fn status_change(stack: &Stack, machine: &str, name: &str, status: &str) -> Value {
    let arn = stack.text(machine);
    let execution = format!("{}:{name}", arn.replace(":stateMachine:", ":execution:"));
    json!({
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "000000000000",
        "time": "2026-11-21T09:30:00Z",
        "region": stack.text("region"),
        "resources": [execution],
        "detail": {
            "executionArn": execution,
            "stateMachineArn": arn,
            "name": name,
            "status": status,
            "startDate": 1_763_717_400_000_u64,
            "stopDate": 1_763_717_460_000_u64,
            "input": "{\"canary\":\"ended-canary\"}",
            "inputDetails": { "included": true },
            "output": null,
            "outputDetails": null,
            "error": "States.Timeout",
            "cause": "ended-canary",
        }
    })
}

#[tokio::test]
async fn invariant_5_an_ended_execution_is_heard_of_and_its_request_taken_up_without_the_grace() -> Result<()>
{
    // With a grace of ten minutes, only the event can bring the request forward here.
    let options = Options { grace_seconds: 600, wait_scale: 1.0, finish_after_ms: 8000, params: &[] };
    let stack = Stack::up("ended", options)?;
    stack.add_source("qualifio-main", &[])?;
    let id = send(&stack, "joao@qualifio.com", "E-1").await?;
    stack.until(id, |_, task| task.state == TaskState::Submitted).await?;

    // The emulator has no time-out of a machine and sends no event for a nested execution, so the test sends
    // this one.
    let own = format!("{id}.1.qualifio-main");
    let event = status_change(&stack, "fulfil_source_arn", &own, "TIMED_OUT");
    assert_eq!(stack.invoke("reconcile", &event).await?, json!({"marked": true}));
    let again = stack.invoke("reconcile", &event).await?;
    assert_eq!(again, json!({"marked": false, "passedOver": "end_known"}));
    for name in ["ended-canary", &own] {
        let event = status_change(&stack, "fulfil_request_arn", name, "FAILED");
        let other = stack.invoke("reconcile", &event).await?;
        assert_eq!(other, json!({"marked": false, "passedOver": "not_our_execution"}), "{name}");
    }
    assert_eq!(ends(&stack, id).await?, [(Some("qualifio-main".to_owned()), EndStatus::TimedOut)]);

    // The event for the request's own execution comes through the template's rule.
    executions::kill(&stack, id).await?;
    executions::kill(&stack, id).await?;
    let begun = Instant::now();
    while !ends(&stack, id).await?.contains(&(None, EndStatus::Aborted)) {
        assert!(begun.elapsed() < Duration::from_secs(30), "never told: {:?}", ends(&stack, id).await?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    stack.reconciled(id).await?;
    assert!(stack.request(id).await?.attempt >= 2);
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("submit").len(), 1);
    assert_eq!(journal.erased_ids(), [78, 79, 85]);
    assert!(!stack.logs()?.contains("ended-canary"), "no more of an event is read than its name and status");
    Ok(())
}
