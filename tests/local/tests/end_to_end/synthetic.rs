//! The deployment's own request of the day.

use anyhow::{Context as _, Result};
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::Outcome;
use rightful_local_tests::webhook::{request_id, standard, ticket};
use rightful_local_tests::{Options, Stack, leaks};
use serde_json::{Value, json};

/// The test address: in the sandbox the walkthrough's person.
const TESTER: &str = "joao@qualifio.com";

const OPTIONS: Options = Options {
    wait_scale: 0.1,
    grace_seconds: 600,
    finish_after_ms: 100,
    params: &["SyntheticEmail=joao@qualifio.com", "ErasureReview=always"],
};

fn id_of(answer: &Value, name: &str) -> Result<RequestId> {
    Ok(RequestId::parse(answer[name].as_str().context("no id")?)?)
}

#[tokio::test]
async fn the_days_request_is_tried_out_erases_nothing_and_is_marked_everywhere() -> Result<()> {
    let stack = Stack::up("synthetic", OPTIONS)?;
    stack.add_source("qualifio-main", &[])?;
    // As the schedule calls it.
    let made = stack.invoke("intake", &json!({"synthetic": true})).await?;
    assert_eq!((&made["new"], &made["started"]), (&json!(true), &json!(true)));
    let id = id_of(&made, "requestId")?;
    let (request, task) = stack.until(id, |request, _| request.is_done()).await?;
    assert_eq!((request.outcome, task.outcome), (Some(RequestOutcome::DryRun), Some(Outcome::DryRun)));
    assert_eq!((request.synthetic, request.dry_run, request.answer.as_ref()), (true, true, None));
    assert_eq!(request.forget_at, request.closed_at, "forgotten at once");

    let journal = stack.sandbox.journal().await?;
    let posts = journal.calls_of("submit");
    assert_eq!((posts.len(), posts[0].test), (1, Some(true)));
    assert!(journal.erasures.is_empty());
    assert_eq!(stack.sandbox.profiles(TESTER).await?.len(), 3);
    assert!(journal.calls.iter().all(|call| call.ticket_id.is_none()), "no ticket is touched");
    let facts = stack.facts(id).await?;
    assert!(matches!(facts[0], Fact::Received { synthetic: true, dry_run: true, .. }));
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::ReviewNeeded { .. } | Fact::Escalated { .. })));

    // The same day again, by hand: it answers with the first call's request and its end.
    let again = stack.rightful(&["--json", "synthetic", "--now", "--wait"])?;
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    let lines = String::from_utf8(again.stdout)?;
    let first: Value = serde_json::from_str(lines.lines().next().context("no line")?)?;
    assert_eq!((id_of(&first, "request_id")?, &first["new"]), (id, &json!(false)));
    assert!(lines.lines().last().context("no line")?.contains("\"synthetic\":true"), "{lines}");
    let listed = stack.rightful_json(&["request", "list"])?;
    let listed = listed["requests"].as_array().context("no list")?;
    assert_eq!((listed.len(), &listed[0]["synthetic"]), (1, &json!(true)));
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 1);

    // Marked for people too, and in the offline check.
    let of = id.to_string();
    let shown = String::from_utf8(stack.rightful(&["request", "show", &of, "--events"])?.stdout)?;
    assert!(
        shown.contains("erasure (synthetic, and a dry run")
            && shown.contains("received: erasure (synthetic, dry run)"),
        "{shown}"
    );
    let file = stack.dir.join("receipt.json").display().to_string();
    assert!(stack.rightful(&["request", "receipt", &of, "-o", &file])?.status.success());
    let verified = stack.rightful(&["receipt", "verify", &file])?;
    let told = String::from_utf8(verified.stdout)?;
    assert!(verified.status.success() && told.contains("the deployment made it itself"), "{told}");
    for act in [
        vec!["request", "reopen", &of],
        vec!["request", "extend", &of, "--months", "1", "--ground", "complexity"],
    ] {
        let refused = stack.rightful(&act)?;
        assert!(!refused.status.success());
        assert!(String::from_utf8(refused.stderr)?.contains("the request is synthetic"), "{act:?}");
    }
    assert_eq!(leaks::forms_in(&stack.logs()?, TESTER), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_data_source_that_does_not_work_fails_it_and_a_delivery_can_never_be_one() -> Result<()> {
    let stack = Stack::up("synthetic-failed", OPTIONS)?;
    // Nothing is connected: the invocation fails, and says what is missing.
    let refused = stack.rightful(&["synthetic", "--now"])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr)?.contains("no data source is connected and enabled"));

    // This data source has no record of the test address.
    stack.add_inhouse("shop")?;
    let made = stack.rightful(&["--json", "synthetic", "--now", "--wait"])?;
    assert_eq!(made.status.code(), Some(4), "{}", String::from_utf8_lossy(&made.stderr));
    let lines = String::from_utf8(made.stdout)?;
    let id = id_of(&serde_json::from_str(lines.lines().next().context("no line")?)?, "request_id")?;
    let (request, task) = stack.until(id, |request, _| request.is_done()).await?;
    let ended = (request.state, request.outcome, task.outcome);
    let nothing = (RequestState::Closed, Some(RequestOutcome::NothingFound), Some(Outcome::NothingFound));
    assert_eq!(ended, nothing);
    assert_eq!(request.forget_at, request.closed_at, "forgotten at once");

    // Over HTTP no request is synthetic: the member is refused, and a demand without it is like any other.
    let mut body = ticket("ana@example.com", "T-1");
    body["synthetic"] = true.into();
    let marked = standard(&stack, "msg_0", body.to_string().as_bytes()).await?;
    assert_eq!(marked.status, 422, "{}", marked.text);
    let body = ticket("ana@example.com", "T-1");
    let real = request_id(&standard(&stack, "msg_1", body.to_string().as_bytes()).await?)?;
    let real = stack.request(real).await?;
    assert_eq!((real.synthetic, real.dry_run, real.origin.as_str()), (false, false, "standard"));
    assert_eq!(real.policy.to_string(), "always");
    let bare = standard(&stack, "msg_2", br#"{"synthetic": true}"#).await?;
    assert_eq!(bare.status, 422, "{}", bare.text);
    Ok(())
}

#[tokio::test]
async fn without_a_test_address_there_is_no_synthetic_request() -> Result<()> {
    let stack = Stack::up("synthetic-off", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let refused = stack.rightful(&["--json", "synthetic", "--now"])?;
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr)?;
    assert!(told.contains("synthetic_email_missing") && told.contains("SyntheticEmail"), "{told}");
    assert!(stack.rightful_json(&["request", "list"])?["requests"].as_array().is_some_and(Vec::is_empty));
    Ok(())
}
