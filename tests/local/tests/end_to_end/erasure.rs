//! One person erased, end to end: the flow itself, the dry run, batches, several data sources.

use anyhow::Result;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::model::task::Outcome;
use rightful_domain::ports::store::Reads as _;
use rightful_domain::vendor::report::Claim;
use rightful_local_tests::webhook::{self, send, ticket};
use rightful_local_tests::{Options, Stack, executions, leaks};
use rightful_sandbox::{Fault, FaultKind, On, Profile};
use std::fs;

/// The walkthrough's person.
const JOAO: &str = "joao@qualifio.com";

#[tokio::test]
async fn the_walkthroughs_person_is_erased_and_the_receipt_verifies_offline() -> Result<()> {
    let stack = Stack::up("walkthrough", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let id = send(&stack, JOAO, "ZD-1").await?;
    let (request, task) = stack.closed(id).await?;

    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(request.due_at, request.due_after(1));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(task.claim, Some(Claim::Anonymised));
    assert_eq!((task.counts.found, task.counts.submitted, task.counts.confirmed), (3, 3, 3));

    // By the vendor's own journal, not our store: one submission of exactly these, and nobody else is
    // touched.
    let journal = stack.sandbox.journal().await?;
    let posts = journal.calls_of("submit");
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].ids, [78, 79, 85]);
    assert_eq!(journal.erased_ids(), [78, 79, 85]);
    assert!(stack.sandbox.profiles(JOAO).await?.is_empty());
    assert_eq!(stack.sandbox.profiles("joao@qualifio.com.example").await?.len(), 1);
    let calls = journal.calls.iter().filter(|call| call.ticket_id.is_none()).count();
    assert!(calls <= 5, "{calls} calls to the vendor");
    // The Map's steps for the one data source, a search and a nested execution, are missing in the emulator's
    // history, but are transitions in AWS.
    let states = executions::entered(&stack, id).await?;
    let within_maps = 2;
    assert!(states.len() + within_maps <= 15, "{states:?}");

    // The chain of events verifies, and the decision comes before the first intent.
    let (_, facts) = read_chain(id, &stack.store.events(id).await?)?;
    let place = |wanted: fn(&Fact) -> bool| facts.iter().position(|(_, fact)| wanted(fact));
    let decided = place(|fact| matches!(fact, Fact::Decided { by, records: 3, .. } if by == "policy:auto"));
    assert!(decided.is_some() && decided < place(|fact| matches!(fact, Fact::Intended { .. })));

    // The receipt, offline: against the saved keys, with one byte changed, against no keys.
    let file = stack.dir.join("receipt.json");
    let path = file.display().to_string();
    assert!(stack.rightful(&["request", "receipt", &id.to_string(), "-o", &path])?.status.success());
    assert!(stack.rightful(&["receipt", "verify", &path])?.status.success());
    let mut changed = fs::read(&file)?;
    let place = changed.windows(8).position(|part| part == b"\"found\":").unwrap_or_default() + 9;
    changed[place] += 1;
    let other = stack.dir.join("changed.json");
    fs::write(&other, &changed)?;
    let output = stack.rightful(&["receipt", "verify", &other.display().to_string()])?;
    assert_eq!(output.status.code(), Some(1));
    let keys = stack.dir.join("no-keys.json");
    fs::write(&keys, r#"{"keys":[]}"#)?;
    let output = stack.rightful(&["receipt", "verify", &path, "--keys", &keys.display().to_string()])?;
    assert_eq!(output.status.code(), Some(1));
    Ok(())
}

#[tokio::test]
async fn a_fulfilled_request_forgets_its_person() -> Result<()> {
    let stack = Stack::up("forgetting", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let id = send(&stack, JOAO, "ZD-2").await?;
    let (request, _) = stack.until(id, |request, _| request.is_done()).await?;
    assert!(request.identifiers.is_none() && request.subject.is_none() && request.forgotten_at.is_some());
    let source = rightful_domain::base::ids::SourceId::parse("qualifio-main")?;
    assert!(stack.store.records(id, &source).await?.is_empty());
    let keys = rightful_aws::DataKeys::new(
        &stack.aws,
        stack.text("keys_table"),
        stack.text("data_key_id"),
        stack.text("stage"),
    );
    assert!(rightful_domain::ports::keys::Keys::key(&keys, id).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn invariant_1_no_identifier_leaves_the_store_in_any_form() -> Result<()> {
    const CANARY: &str = "Canary.Person+tag@secret-canary.example";
    let stack = Stack::up("canary", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let mut profile = Profile::named(0, "Canaria", "Personne", CANARY);
    profile.phone = "+4915550001234".to_owned();
    stack.sandbox.add_profiles(&[profile]).await?;
    // After a success, a failure whose body repeats the address, and refusals by intake.
    stack.sandbox.fault(&Fault::new(On::Search, FaultKind::BadRequest {}).skip(4).about(CANARY)).await?;
    let done = send(&stack, CANARY, "ZD-3").await?;
    stack.closed(done).await?;
    let refused = send(&stack, CANARY, "ZD-4").await?;
    stack.until(refused, |_, task| task.reason.as_deref() == Some("vendor_bad_request")).await?;
    let mut answers = String::new();
    for body in [
        format!(r#"{{"right":"{CANARY}","identifiers":[],"reference":"T"}}"#),
        format!(
            r#"{{"right":"erasure","identifiers":[{{"kind":"email","value":"{CANARY} x"}}],"reference":"T"}}"#
        ),
        format!(
            r#"{{"right":"erasure","identifiers":[{{"kind":"email","value":"{CANARY}"}}],"reference":"{CANARY}"}}"#
        ),
        format!("{CANARY} is no JSON"),
    ] {
        let answer = webhook::zendesk(&stack, body.as_bytes(), 0).await?;
        assert!((400..500).contains(&answer.status), "{}", answer.status);
        answers.push_str(&answer.text);
    }

    stack.rightful_json(&["reconcile", "--now"])?;
    let logs = stack.logs()?;
    // The lines that could leak exist.
    for line in ["webhook refused", "request accepted", "reconciled"] {
        assert!(logs.contains(line), "no log line says {line:?}");
    }
    let receipt = stack.rightful(&["--json", "request", "receipt", &done.to_string()])?;
    let shown = stack.rightful(&["request", "show", &done.to_string(), "--events"])?;
    let places = [
        ("answers", answers),
        ("logs", logs),
        (
            "workflows",
            executions::everything(&stack, done).await? + &executions::everything(&stack, refused).await?,
        ),
        ("receipt", String::from_utf8(receipt.stdout)?),
        ("command line", String::from_utf8(shown.stdout)?),
        ("store", executions::tables(&stack).await?),
    ];
    for (place, text) in places {
        assert!(text.len() > 100, "{place} is empty: nothing was looked at");
        for value in [
            CANARY,
            "Canary.Person",
            "secret-canary",
            "Canaria",
            "Personne",
            "4915550001234",
            stack.text("sandbox_token"),
        ] {
            assert_eq!(leaks::forms_in(&text, value), Vec::<String>::new(), "{value} in {place}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_dry_run_erases_nothing_and_says_so_everywhere() -> Result<()> {
    let stack = Stack::up("dry-run", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let answer = stack.rightful_json(&[
        "request",
        "new",
        "--right",
        "erasure",
        "--identifier",
        &format!("email={JOAO}"),
        "--dry-run",
    ])?;
    let id = rightful_domain::base::ids::RequestId::parse(answer["request_id"].as_str().unwrap_or_default())?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::DryRun));
    assert_eq!(task.outcome, Some(Outcome::DryRun));
    let journal = stack.sandbox.journal().await?;
    assert_eq!(journal.calls_of("submit").len(), 1);
    assert_eq!(journal.calls_of("submit")[0].test, Some(true));
    assert!(journal.erasures.is_empty());
    assert_eq!(stack.sandbox.profiles(JOAO).await?.len(), 3);
    let receipt = stack.rightful(&["--json", "request", "receipt", &id.to_string()])?;
    assert!(String::from_utf8(receipt.stdout)?.contains("\"dry_run\": true"));
    Ok(())
}

#[tokio::test]
async fn batches_of_two_go_out_one_after_another() -> Result<()> {
    let stack = Stack::up("batches", Options::default())?;
    stack.add_source("qualifio-main", &["batch_size=2"])?;
    let id = send(&stack, JOAO, "ZD-5").await?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(task.counts.confirmed, 3);
    let journal = stack.sandbox.journal().await?;
    let batches: Vec<_> = journal.calls_of("submit").iter().map(|call| call.ids.clone()).collect();
    assert_eq!(batches, [vec![78, 79], vec![85]]);
    assert_eq!(journal.erased_ids(), [78, 79, 85]);
    Ok(())
}

#[tokio::test]
async fn one_failing_data_source_does_not_hold_the_others_back() -> Result<()> {
    let stack = Stack::up("several", Options::default())?;
    stack.add_source("good", &[])?;
    stack.add_source_with("bad", "wrong-token", &[])?;
    let id = send(&stack, JOAO, "ZD-6").await?;
    stack.until(id, |_, task| task.reason.as_deref() == Some("credentials_rejected")).await?;
    for _ in 0..100 {
        if stack.task_at(id, "good").await?.outcome.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert_eq!(stack.task_at(id, "good").await?.outcome, Some(Outcome::VerifiedErased));
    // One refusal is not a vendor's final answer; a person need not wait for that.
    let bad = stack.task_at(id, "bad").await?;
    assert_eq!((bad.outcome, bad.reason.as_deref()), (None, Some("credentials_rejected")));
    let of = id.to_string();
    let leave_out = ["request", "review", &of, "--leave-out", "--source", "bad", "--reason", "it is gone"];
    stack.rightful_json(&leave_out)?;
    let (request, _) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::PartlyFulfilled));
    let bad = stack.task_at(id, "bad").await?;
    assert_eq!((bad.outcome, bad.reason.as_deref()), (Some(Outcome::Failed), Some("left_out_by_a_person")));
    Ok(())
}

#[tokio::test]
async fn nobody_by_that_name_is_nothing_found() -> Result<()> {
    let stack = Stack::up("nobody", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    // The sandbox's search is fuzzy: it lists neighbours, and none of them is this person.
    let id = send(&stack, "joao@qualifio.co", "ZD-7").await?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::NothingFound));
    assert_eq!(task.outcome, Some(Outcome::NothingFound));
    assert!(stack.sandbox.journal().await?.calls_of("submit").is_empty());
    Ok(())
}

#[tokio::test]
async fn what_a_ticket_must_not_hold_is_refused_at_the_door() -> Result<()> {
    let stack = Stack::up("missing-identifier", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let mut body = ticket(JOAO, "ZD-8");
    body["identifiers"][0]["kind"] = "customer_number".into();
    body["identifiers"][0]["value"] = "4711".into();
    let answer = webhook::zendesk(&stack, body.to_string().as_bytes(), 0).await?;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("customer_number") && !answer.text.contains("4711"), "{}", answer.text);
    // A `dry_run` in the address is refused: ignoring it would erase for real.
    let body = ticket(JOAO, "ZD-9").to_string();
    let answer = webhook::zendesk_behind(&stack, "?dry_run=true", body.as_bytes(), 0).await?;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("query_not_taken"), "{}", answer.text);
    assert!(stack.sandbox.journal().await?.calls.is_empty(), "the vendor was not asked");
    Ok(())
}
