//! Whatever happens to a workflow, the reconciliation brings its request to the end.

use anyhow::{Result, bail};
use rightful_domain::ids::RequestId;
use rightful_domain::request::{RequestOutcome, RequestState};
use rightful_domain::task::{Outcome, TaskState};
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack, executions};
use rightful_sandbox::Profile;
use std::time::{Duration, Instant};

/// Nothing but the reconciliation, again and again, until the request is closed.
async fn reconcile_until_closed(stack: &Stack, id: RequestId) -> Result<()> {
    let begun = Instant::now();
    loop {
        let request = stack.request(id).await?;
        if request.state == RequestState::Closed && request.receipt_sha256.is_some() {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(90) {
            bail!("not closed by the reconciliation: {request:?} {:?}", stack.task(id).await?);
        }
        stack.rightful_json(&["reconcile", "--now"])?;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn invariant_6_with_every_execution_killed_at_each_state_reconcile_alone_finishes() -> Result<()> {
    let options = Options { grace_seconds: 1, wait_scale: 0.2, finish_after_ms: 400 };
    let stack = Stack::up("killed", options)?;
    stack.add_source("qualifio-main", &[])?;
    // The states within a Map are not in the emulator's history: killing at the Map kills there.
    let states = [
        // An execution that is stopped before it did anything stands for one that never started.
        "",
        "Search Sources",
        "Review Needed?",
        "Fulfil Sources",
        "Submit",
        "Wait",
        "Check Status",
        "Verify",
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
        // A second time: a nested one may have been started between listing and stopping.
        executions::kill(&stack, id).await?;
        assert!(
            executions::list(&stack, id).await?.iter().all(|one| !one.running),
            "still running at {state:?}"
        );
        reconcile_until_closed(&stack, id).await?;

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
    let options = Options { grace_seconds: 1, wait_scale: 1.0, finish_after_ms: 3000 };
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
    // It was reconcile that asked: no execution of the request was running.
    assert!(executions::list(&stack, id).await?.iter().all(|one| !one.running));
    reconcile_until_closed(&stack, id).await?;
    assert_eq!(stack.sandbox.journal().await?.erased_ids(), [78, 79, 85]);
    Ok(())
}

#[tokio::test]
async fn two_reconciliations_at_once_do_no_harm() -> Result<()> {
    let options = Options { grace_seconds: 1, wait_scale: 0.1, finish_after_ms: 200 };
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
    reconcile_until_closed(&stack, id).await?;
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("submit").len(), 1);
    assert_eq!(journal.erased_ids(), [78, 79, 85]);
    Ok(())
}
