//! The process stage: counts before acting, identifiers other than e-mail, a person's decision, the copy.
//! Covers what MineOS's operators know and expect, through `rightful` and the API only.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::ports::store::{Change, Row, Writes as _};
use rightful_local_tests::process::archive;
use rightful_local_tests::{Options, Stack, executions, leaks};
use rightful_sandbox::Profile;
use serde_json::Value;

/// The walkthrough's person, known only to Qualifio.
const JOAO: &str = "email=joao@qualifio.com";
/// A person whom the in-house system knows by three kinds of identifiers, and Qualifio by none.
const ANN: &str = "customer_id=100001";

/// Makes a request.
fn demand(stack: &Stack, right: &str, identifier: &str, more: &[&str]) -> Result<RequestId> {
    let arguments = [&["request", "new", "--right", right, "--identifier", identifier], more].concat();
    let made = stack.rightful_json(&arguments)?;
    Ok(RequestId::parse(made["request_id"].as_str().context("no request_id")?)?)
}

/// Waits until an execution waits for the review of the request's first task.
async fn awaiting(stack: &Stack, id: RequestId) -> Result<Task> {
    let waits = |_: &Request, task: &Task| task.state == TaskState::AwaitingReview && task.token.is_some();
    Ok(stack.until(id, waits).await?.1)
}

/// Sets a data source's policy for a right to a person's decision.
fn reviewed_by_a_person(stack: &Stack, source: &str, review: &str) -> Result<()> {
    stack.rightful_json(&["source", "change", source, "--review", review])?;
    Ok(())
}

#[tokio::test]
async fn invariant_2_nothing_is_erased_before_a_person_has_decided_on_exactly_what_they_saw() -> Result<()> {
    let stack = Stack::up("review", Options { grace_seconds: 1, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    reviewed_by_a_person(&stack, "qualifio-main", "erasure=always")?;
    let id = demand(&stack, "erasure", JOAO, &["--reference", "ZD-20"])?;
    let of = id.to_string();
    let task = awaiting(&stack, id).await?;
    assert_eq!((task.counts.found, &task.decision), (3, &None));

    // The count, whose turn it is, and on demand the record ids.
    let shown = stack.shown(&["request", "show", &of])?;
    assert!(shown.contains("awaiting_review") && shown.contains("request review"), "{shown}");
    let found = stack.rightful_json(&["request", "find", "--identifier", JOAO])?;
    assert_eq!(found["requests"][0]["request_id"], of.as_str(), "{found}");
    let work = stack.rightful_json(&["request", "list", "--urgent", "--person"])?;
    assert_eq!(
        (&work["counts"]["waiting_for_a_person"], &work["requests"][0]["request_id"]),
        (&1.into(), &of.as_str().into()),
        "{work}"
    );
    let records = stack.shown(&["request", "records", &of, "--source", "qualifio-main", "--print"])?;
    assert!(["78", "79", "85"].iter().all(|record| records.contains(record)), "{records}");
    // Also whom they show, asked live from the vendor; nothing is kept.
    let who = stack.shown(&["request", "records", &of, "--source", "qualifio-main", "--who", "--print"])?;
    assert!(["78", "79", "85", "email"].iter().all(|word| who.contains(word)), "{who}");

    // The reconciliation leaves it to the person, however long it takes, and counts it.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let run = stack.rightful_json(&["reconcile", "--now"])?;
    assert_eq!((&run["started"], &run["awaitingReview"]), (&0.into(), &1.into()), "{run}");
    assert!(stack.sandbox.journal().await?.calls_of("submit").is_empty());

    // An earlier view doesn't allow a decision on the present records.
    let stale =
        ["request", "review", &of, "--proceed", "--reason", "seen", "--seen", "qualifio-main=00000000"];
    stack.refused(&stale)?;
    // Without a terminal nobody can confirm: the digest is required.
    let blind = stack.refused(&["request", "review", &of, "--proceed", "--reason", "seen by telephone"])?;
    assert!(blind.code == 2 && blind.text.contains("--seen qualifio-main="), "{}", blind.text);
    // Two reviewers: the first one wins, the second is told who.
    let digest = task.found_digest.context("no digest")?.mac;
    let seen = format!("qualifio-main={digest}");
    let review = ["request", "review", &of, "--proceed", "--seen", &seen, "--reason", "seen by telephone"];
    stack.rightful_json(&review)?;
    let named = [&review[..], &["--source", "qualifio-main"]].concat();
    let second = stack.refused(&named)?;
    assert!(second.text.contains("decided"), "{}", second.text);

    let (request, task) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(request.attempt, 1, "the execution that waited went on");
    assert_eq!(stack.sandbox.journal().await?.erased_ids(), [78, 79, 85]);
    let facts = stack.facts(id).await?;
    let place = |wanted: fn(&Fact) -> bool| facts.iter().position(wanted);
    let reviewed = place(|fact| matches!(fact, Fact::Reviewed { records: 3, .. }));
    assert!(
        reviewed.is_some() && reviewed < place(|fact| matches!(fact, Fact::Intended { .. })),
        "{facts:?}"
    );
    assert!(place(|fact| matches!(fact, Fact::RecordsShown { records: 3, .. })).is_some());
    let receipt = stack.rightful_json(&["request", "receipt", &of])?.to_string();
    assert!(receipt.contains("arn:aws:iam") && !receipt.contains("telephone"), "{receipt}");
    // The reason may name the person: it is nowhere in the clear.
    let everywhere =
        executions::everything(&stack, id).await? + &executions::tables(&stack).await? + &stack.logs()?;
    assert_eq!(leaks::forms_in(&everywhere, "telephone"), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_refusal_names_its_ground_and_erases_nothing() -> Result<()> {
    let stack = Stack::up("refusal", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    reviewed_by_a_person(&stack, "qualifio-main", "erasure=over:2")?;
    let id = demand(&stack, "erasure", JOAO, &[])?;
    awaiting(&stack, id).await?;
    let of = id.to_string();
    let without = stack.refused(&["request", "review", &of, "--refuse", "--reason", "an open invoice"])?;
    assert!(without.text.contains("ground"), "{}", without.text);
    stack.review(&of, &["--refuse", "--ground", "art_17_3_e", "--reason", "an open invoice"])?;
    // Someone who answers to an authority may read the reason, and the reading is recorded.
    let reasons = stack.shown(&["request", "reasons", &of, "--print"])?;
    assert!(reasons.contains("an open invoice"), "{reasons}");
    let read = stack.facts(id).await?;
    assert!(read.iter().any(|fact| matches!(fact, Fact::ReasonRead { .. })), "{read:?}");
    let (request, task) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Refused));
    assert_eq!(task.outcome, Some(Outcome::Refused));
    assert!(stack.sandbox.journal().await?.erasures.is_empty());
    let receipt = stack.rightful_json(&["request", "receipt", &of])?.to_string();
    assert!(receipt.contains("art_17_3_e") && !receipt.contains("invoice"), "{receipt}");
    // Two records are not over two: the policy decides on these itself.
    stack.rightful_json(&["source", "change", "qualifio-main", "--review", "erasure=over:3"])?;
    let again = demand(&stack, "erasure", JOAO, &[])?;
    assert_eq!(stack.closed(again).await?.0.outcome, Some(RequestOutcome::Fulfilled));
    Ok(())
}

#[tokio::test]
async fn a_missing_identifier_is_shown_inserted_and_searched_by() -> Result<()> {
    let stack = Stack::up("identifiers", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    stack.add_inhouse("shop")?;
    reviewed_by_a_person(&stack, "qualifio-main", "erasure=always")?;
    let id = demand(&stack, "erasure", ANN, &[])?;
    let of = id.to_string();
    // Qualifio needs an e-mail address: no records, and "Missing identifier". The shop is not delayed.
    assert!(awaiting(&stack, id).await?.lacks_identifier());
    let shop = |task: &Task| task.outcome == Some(Outcome::VerifiedErased);
    for _ in 0..1200 {
        if shop(&stack.task_at(id, "shop").await?) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(shop(&stack.task_at(id, "shop").await?), "{:?}", stack.task_at(id, "shop").await?);
    assert_eq!(stack.request(id).await?.state, RequestState::Open);
    let shown = stack.shown(&["request", "show", &of])?;
    assert!(shown.contains("Missing identifier") && shown.contains("email"), "{shown}");

    for (source, given) in [
        ("qualifio-main", "email=joao@"),
        ("qualifio-main", "phone=+32470000001"),
        ("qualifio-main", "phone=0470000001"),
        ("nowhere", "email=joao@qualifio.com"),
    ] {
        let refused =
            stack.refused(&["request", "identify", &of, "--source", source, "--identifier", given])?;
        let value = given.split_once('=').context("no value")?.1;
        assert!(!refused.text.contains(value), "{source} {given}: {}", refused.text);
    }
    // A wrong one finds nothing, which differs from a missing one.
    stack.rightful_json(&[
        "request",
        "identify",
        &of,
        "--source",
        "qualifio-main",
        "--identifier",
        "email=nobody@example.com",
    ])?;
    // With `always` a person sees that nothing was found before the request closes.
    for _ in 0..600 {
        if stack.task_at(id, "qualifio-main").await?.wants_confirmation() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(stack.request(id).await?.state, RequestState::Open);
    stack.review(&of, &["--proceed", "--reason", "not a customer of theirs"])?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!((task.outcome, task.run), (Some(Outcome::NothingFound), 1));
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    let facts = stack.facts(id).await?;
    assert!(facts.iter().any(|fact| matches!(fact, Fact::IdentifierGiven { .. })), "{facts:?}");
    Ok(())
}

#[tokio::test]
async fn a_copy_is_made_fetched_and_deleted_when_the_person_is_forgotten() -> Result<()> {
    let stack = Stack::up("copy", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    stack.add_inhouse("shop")?;
    // A data source without its identifier stops the copy, and the message says what to do.
    let id = demand(&stack, "access", ANN, &[])?;
    let of = id.to_string();
    assert!(awaiting(&stack, id).await?.lacks_identifier());
    let file = stack.dir.join("copy.zip").display().to_string();
    let early = stack.refused(&["request", "copy", &of, "-o", &file])?;
    assert!(early.text.contains("identifier is missing for qualifio-main"), "{}", early.text);
    stack.rightful_json(&["request", "identify", &of, "--source", "qualifio-main", "--identifier", JOAO])?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!((request.outcome, task.outcome), (Some(RequestOutcome::Fulfilled), Some(Outcome::Copied)));
    assert!(stack.sandbox.journal().await?.erasures.is_empty());

    stack.rightful_json(&["request", "copy", &of, "-o", &file])?;
    let files = archive(&std::fs::read(&file)?)?;
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    for name in [
        "index.html",
        "manifest.json",
        "qualifio-main/records.json",
        "qualifio-main/records.csv",
        "shop/records.json",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let records: Vec<Value> = serde_json::from_slice(&files["qualifio-main/records.json"])?;
    assert_eq!(records.iter().filter_map(|one| one["id"].as_u64()).collect::<Vec<_>>(), [78, 79, 85]);
    let page = String::from_utf8(files["index.html"].clone())?;
    assert!(
        page.contains("91.183.156.86") && page.contains("Qualifio") && !page.contains("<script"),
        "{page}"
    );
    // Nothing of the copy is in the clear outside the package.
    let everywhere =
        executions::tables(&stack).await? + &executions::everything(&stack, id).await? + &stack.logs()?;
    for value in ["91.183.156.86", "joao@qualifio.com", "100001\""] {
        assert_eq!(leaks::forms_in(&everywhere, value), Vec::<String>::new(), "{value}");
    }
    let facts = stack.facts(id).await?;
    assert!(facts.iter().any(|fact| matches!(fact, Fact::CopyKept { records: 5, .. })), "{facts:?}");
    assert!(facts.iter().any(|fact| matches!(fact, Fact::CopyLinked { .. })), "{facts:?}");
    // The day comes when the copy expires, and the person is forgotten.
    let request = stack.request(id).await?;
    assert!(request.forgotten_at.is_none() && request.forget_at.is_some());
    let past = Some(request.received_at);
    let due = Request { forget_at: past, next_due: past, ..request };
    stack
        .store
        .commit(Change { request: id, at: due.received_at, rows: vec![Row::Request(due)], facts: vec![] })
        .await?;
    let run = stack.rightful_json(&["reconcile", "--now"])?;
    assert_eq!(run["failed"], 0, "{run}");
    stack.until(id, |request, _| request.forgotten_at.is_some()).await?;
    let gone = stack.refused(&["request", "copy", &of, "-o", &file, "--force"])?;
    assert!(gone.text.contains("deleted"), "{}", gone.text);
    Ok(())
}

/// A text that hardly compresses.
fn noise(seed: usize, bytes: usize) -> String {
    let block = |n: usize| {
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{seed}/{n}").as_bytes());
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(digest.as_ref())
    };
    (0..bytes.div_ceil(43)).map(block).collect()
}

#[tokio::test]
async fn a_copy_larger_than_s3_takes_at_once_arrives_whole() -> Result<()> {
    const EMAIL: &str = "large@copy.example";
    let stack = Stack::up("large-copy", Options::default())?;
    let sources = ["qualifio-a", "qualifio-b", "qualifio-c", "qualifio-d"];
    for source in sources {
        stack.add_source(source, &[])?;
    }
    for n in 0..18 {
        let company = noise(n, 100_000);
        let profile = Profile { company, ..Profile::named(0, &format!("P{n}"), "Large", EMAIL) };
        stack.sandbox.add_profiles(&[profile]).await?;
    }
    let id = demand(&stack, "access", &format!("email={EMAIL}"), &[])?;
    let (request, _) = stack.closed(id).await?;
    let told = request.copy.context("no copy")?;
    assert!(told.bytes > 10_000_000 && told.records == 72, "{told:?}");
    let file = stack.dir.join("copy.zip").display().to_string();
    stack.rightful_json(&["request", "copy", &id.to_string(), "-o", &file])?;
    let package = std::fs::read(&file)?;
    assert_eq!((package.len() as u64, sha256(&package)), (told.bytes, told.sha256));
    let files = archive(&package)?;
    for source in sources {
        let records: Vec<Value> = serde_json::from_slice(&files[&format!("{source}/records.json")])?;
        let whole = |one: &Value| {
            let n = one["firstName"].as_str().and_then(|name| name.strip_prefix('P')?.parse().ok());
            n.is_some_and(|n| one["company"] == noise(n, 100_000))
        };
        assert!(records.len() == 18 && records.iter().all(whole), "{source}");
    }
    let manifest: Value = serde_json::from_slice(&files["manifest.json"])?;
    for listed in manifest["files"].as_array().context("no files")? {
        let path = listed["path"].as_str().context("no path")?;
        assert_eq!(
            (&listed["bytes"], &listed["sha256"]),
            (&files[path].len().into(), &sha256(&files[path]).into())
        );
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    rightful_domain::base::canonical::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

#[tokio::test]
async fn the_vendors_own_export_is_followed_and_the_package_says_where_it_is() -> Result<()> {
    let stack = Stack::up("export", Options::default())?;
    stack.add_source("qualifio-main", &["export_rule=true"])?;
    let id = demand(&stack, "access", JOAO, &[])?;
    let of = id.to_string();
    let submitted = |_: &Request, task: &Task| task.state == TaskState::Submitted;
    stack.until(id, submitted).await?;
    // The request waits for the vendor's own approval, and shows it as such.
    let mut shown = String::new();
    for _ in 0..100 {
        shown = stack.shown(&["request", "show", &of])?;
        if shown.contains("approval") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(shown.contains("approval"), "{shown}");
    let rules = stack.sandbox.rules().await?;
    let rule = rules[0]["_id"].as_str().context("no rule")?.to_owned();
    stack.sandbox.approve(&rule).await?;
    let (_, task) = stack.closed(id).await?;
    assert_eq!(task.outcome, Some(Outcome::Copied));
    let file = stack.dir.join("copy.zip").display().to_string();
    stack.rightful_json(&["request", "copy", &of, "-o", &file])?;
    let page = String::from_utf8(archive(&std::fs::read(&file)?)?["index.html"].clone())?;
    assert!(page.contains("Export and erasure requests") && page.contains(&rule), "{page}");
    Ok(())
}

#[tokio::test]
async fn an_erasure_that_the_vendor_has_to_approve_is_shown_as_that() -> Result<()> {
    let stack = Stack::up("approval", Options::default())?;
    stack.add_source("qualifio-main", &["direct=false"])?;
    let id = demand(&stack, "erasure", JOAO, &[])?;
    stack.until(id, |_, task| task.state == TaskState::Submitted && task.polls > 0).await?;
    let shown = stack.shown(&["request", "show", &id.to_string()])?;
    assert!(shown.contains("approval"), "{shown}");
    let rules = stack.sandbox.rules().await?;
    stack.sandbox.approve(rules[0]["_id"].as_str().context("no rule")?).await?;
    assert_eq!(stack.closed(id).await?.1.outcome, Some(Outcome::VerifiedErased));
    Ok(())
}

#[tokio::test]
async fn a_request_is_called_off_reopened_and_one_data_source_runs_again() -> Result<()> {
    let stack = Stack::up("again", Options::default())?;
    stack.add_source("good", &[])?;
    stack.add_source_with("bad", "wrong-token", &[])?;
    reviewed_by_a_person(&stack, "good", "erasure=always")?;
    let id = demand(&stack, "erasure", JOAO, &["--source", "good"])?;
    let of = id.to_string();
    awaiting(&stack, id).await?;
    stack.rightful_json(&["request", "cancel", &of])?;
    let (request, _) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Cancelled));
    assert!(stack.sandbox.journal().await?.calls_of("submit").is_empty());
    // After reopening, it is searched and decided again, and gets its own receipt.
    let first = stack.rightful_json(&["request", "receipt", &of])?.to_string();
    stack.rightful_json(&["request", "reopen", &of])?;
    awaiting(&stack, id).await?;
    stack.review(&of, &["--proceed", "--reason", "asked again"])?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!((request.outcome, task.run), (Some(RequestOutcome::Fulfilled), 2));
    let second = stack.rightful_json(&["request", "receipt", &of])?.to_string();
    assert_ne!(first, second);
    assert_eq!(stack.rightful_json(&["request", "receipt", &of, "--closing", "0"])?.to_string(), first);
    let gone = stack.refused(&["request", "reopen", &of])?;
    assert!(gone.text.contains("forgotten"), "{}", gone.text);
    Ok(())
}

#[tokio::test]
async fn one_failed_data_source_is_mended_and_runs_again_alone() -> Result<()> {
    let stack = Stack::up("mended", Options::default())?;
    stack.add_source_with("bad", "wrong-token", &[])?;
    stack.add_inhouse("shop")?;
    reviewed_by_a_person(&stack, "shop", "erasure=always")?;
    let id = demand(&stack, "erasure", JOAO, &["--identifier", ANN])?;
    let of = id.to_string();
    stack.until(id, |_, task| task.reason.as_deref() == Some("credentials_rejected")).await?;
    let token = stack.dir.join("good.token");
    std::fs::write(&token, stack.text("sandbox_token"))?;
    stack.rightful_json(&["source", "change", "bad", "--secret", &format!("token=@{}", token.display())])?;
    stack.shown(&["source", "test", "bad"])?;
    stack.rightful_json(&["request", "run", &of, "--source", "bad"])?;
    stack.until(id, |_, task| task.outcome == Some(Outcome::VerifiedErased)).await?;
    // Found by the customer's number, they show another e-mail address, which needs its own confirmation.
    stack.review(&of, &["--proceed", "--reason", "the customer wrote", "--confirm-marked", "2"])?;
    let (request, _) = stack.closed(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    Ok(())
}

#[tokio::test]
async fn a_reviewed_request_whose_every_execution_is_lost_is_closed_by_the_reconciliation_alone() -> Result<()>
{
    let stack = Stack::up("review-lost", Options { grace_seconds: 1, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    reviewed_by_a_person(&stack, "qualifio-main", "erasure=always")?;
    let id = demand(&stack, "erasure", JOAO, &[])?;
    awaiting(&stack, id).await?;
    assert!(executions::kill(&stack, id).await? > 0);
    stack.review(&id.to_string(), &["--proceed", "--reason", "seen"])?;
    let (request, task) = stack.reconciled(id).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 1);
    Ok(())
}

#[tokio::test]
async fn data_sources_are_listed_changed_disabled_and_removed_and_no_token_is_shown_again() -> Result<()> {
    let stack = Stack::up("sources", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let listed = stack.shown(&["source", "list"])?;
    assert!(listed.contains("not connected yet") && listed.contains("inhouse"), "{listed}");
    assert!(listed.contains("customer_id") && listed.contains("email"), "{listed}");
    stack.rightful_json(&["source", "change", "qualifio-main", "--set", "batch_size=2"])?;
    let steers =
        stack.refused(&["source", "change", "qualifio-main", "--set", "base_url=http://127.0.0.1:1"])?;
    assert!(steers.text.contains("secret"), "{}", steers.text);
    stack.rightful_json(&["source", "disable", "qualifio-main"])?;
    let none = stack.refused(&["request", "new", "--right", "erasure", "--identifier", JOAO])?;
    assert!(none.text.contains("no data source"), "{}", none.text);
    let disabled = stack.refused(&[
        "request",
        "new",
        "--right",
        "erasure",
        "--identifier",
        JOAO,
        "--source",
        "qualifio-main",
    ])?;
    assert!(disabled.text.contains("disabled"), "{}", disabled.text);
    stack.rightful_json(&["source", "enable", "qualifio-main"])?;
    reviewed_by_a_person(&stack, "qualifio-main", "erasure=always")?;
    let id = demand(&stack, "erasure", JOAO, &[])?;
    awaiting(&stack, id).await?;
    let used = stack.refused(&["source", "remove", "qualifio-main", "--yes"])?;
    assert!(used.text.contains("open request"), "{}", used.text);
    stack.rightful_json(&["request", "cancel", &id.to_string()])?;
    stack.closed(id).await?;
    stack.rightful_json(&["source", "remove", "qualifio-main", "--yes"])?;
    let left = stack.rightful_json(&["source", "list"])?;
    assert_eq!(left["sources"].as_array().map(Vec::len), Some(0), "{left}");
    // The same name again, after its secret was removed.
    stack.add_source("qualifio-main", &[])?;
    stack.shown(&["source", "test", "qualifio-main"])?;
    let journal = stack.rightful_json(&["journal"])?.to_string();
    for act in [
        "source_added",
        "source_changed",
        "source_disabled",
        "source_enabled",
        "source_removed",
        "source_tested",
    ] {
        assert!(journal.contains(act), "{act}: {journal}");
    }
    let everywhere =
        journal + &stack.shown(&["--json", "source", "show", "qualifio-main"])? + &stack.logs()?;
    assert_eq!(leaks::forms_in(&everywhere, stack.text("sandbox_token")), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_batch_can_be_resumed_and_names_each_rejected_row() -> Result<()> {
    let stack = Stack::up("batch", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let file = stack.dir.join("people.csv");
    let rows = "email,reference\njoao@qualifio.com,B-1\nnot-an-address,B-2\nnobody@example.com,B-3\n";
    std::fs::write(&file, rows)?;
    let file = file.display().to_string();
    let batch = ["request", "new", "--right", "erasure", "--file", &file];
    let first = stack.refused(&batch)?;
    assert_eq!(first.code, 4);
    assert!(
        first.text.contains("3") && first.text.contains("email") && !first.text.contains("not-an-address"),
        "{}",
        first.text
    );
    let made = stack.rightful_json(&["request", "list", "--all"])?;
    assert_eq!(made["requests"].as_array().map(Vec::len), Some(2), "{made}");
    // The same command again makes nothing twice.
    stack.refused(&batch)?;
    let again = stack.rightful_json(&["request", "list", "--all"])?;
    assert_eq!(again["requests"].as_array().map(Vec::len), Some(2), "{again}");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_of_access_counts_and_copies_nothing() -> Result<()> {
    let stack = Stack::up("dry-copy", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let id = demand(&stack, "access", JOAO, &["--dry-run"])?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!((request.outcome, task.outcome), (Some(RequestOutcome::DryRun), Some(Outcome::DryRun)));
    assert_eq!(task.counts.found, 3);
    let none = stack.refused(&["request", "copy", &id.to_string(), "--link"])?;
    assert!(none.text.contains("dry run"), "{}", none.text);
    Ok(())
}

#[tokio::test]
async fn the_api_is_closed_to_whoever_has_no_identity() -> Result<()> {
    let stack = Stack::up("identity", Options::default())?;
    let api = stack.text("api_url").strip_prefix("http://").context("not http")?.to_owned();
    let (host, path) = api.split_once('/').context("no path")?;
    let answer = rightful_sandbox::http::send_bytes(
        &format!("http://{host}"),
        "GET",
        &format!("/{path}/api/requests"),
        &[],
        None,
    )
    .await?;
    assert_eq!(answer.status, 403, "{}", answer.text);
    Ok(())
}
