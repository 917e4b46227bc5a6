//! Two stages in one account.

use anyhow::{Context as _, Result};
use rightful_domain::model::request::RequestOutcome;
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack, executions, leaks};
use rightful_sandbox::Profile;
use std::collections::BTreeSet;

const EMAIL: &str = "only.at.a@stages.example.com";

#[tokio::test]
async fn two_stages_in_one_account_share_nothing() -> Result<()> {
    let a = Stack::up("stages", Options::default())?;
    // The second stage is deployed with every option, beside the names that the first one has taken.
    let key = a.key()?;
    let b = a.stage(
        "b",
        &[
            &format!("EncryptionKeyArn={key}"),
            "IntakeConcurrency=20",
            "SubmitConcurrency=10",
            "ReconcileConcurrency=5",
        ],
    )?;
    a.add_source("qualifio-main", &[])?;
    let profiles = [Profile::named(0, "Only", "Here", EMAIL)];
    let ids = a.sandbox.add_profiles(&profiles).await?;
    let id = send(&a, EMAIL, "S-a").await?;
    assert_eq!(a.closed(id).await?.0.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(a.erasures(&ids).await?, 1);

    // The other stage has nothing of it: no row, no execution, no log line, no data source.
    assert_eq!(executions::tables(&b).await?, "");
    assert!(executions::list(&b, id).await?.is_empty());
    assert_eq!(b.rightful_json(&["request", "list"])?["requests"], serde_json::json!([]));
    assert_eq!(b.rightful_json(&["source", "list"])?["sources"], serde_json::json!([]));
    let logs = a.logs()?;
    assert!(leaks::forms_in(&logs, EMAIL).is_empty());
    let of_b =
        std::fs::read_dir(a.dir.join("logs/functions"))?.filter_map(|entry| Some(entry.ok()?.path())).filter(
            |path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rightful-b-")),
        );
    for path in of_b {
        assert!(!std::fs::read_to_string(&path)?.contains(&id.to_string()), "{}", path.display());
    }

    // Each stage has its own of every resource, by name or by id.
    let resources = a.resources()?;
    for kind in [
        "functions",
        "machines",
        "schedules",
        "rules",
        "apis",
        "queues",
        "tables",
        "buckets",
        "log_groups",
        "secrets",
    ] {
        let names: BTreeSet<String> = match &resources[kind] {
            serde_json::Value::Object(all) => all.keys().cloned().collect(),
            other => serde_json::from_value(other.clone())?,
        };
        let (of_a, of_b): (Vec<_>, Vec<_>) = names
            .iter()
            .filter(|name| !name.contains("qualifio-main"))
            .partition(|name| name.contains("rightful-local") || name.contains("rightful/local/"));
        assert!(!of_a.is_empty() && of_a.len() == of_b.len(), "{kind}: {names:?}");
        assert!(
            of_b.iter().all(|name| name.contains("rightful-b-")
                || name.ends_with("rightful-b")
                || name.contains("rightful/b/")),
            "{kind}: {names:?}"
        );
    }

    // The second stage's logs, queue and secrets are under its own key, the first stage's are not. An
    // operator stored the ticketing system's secret, under AWS's own key.
    let encrypted = resources["encrypted"].as_object().context("not told")?;
    for (name, with) in encrypted.iter().filter(|(name, _)| !name.contains("/ticketing/")) {
        let of_b = name.contains("rightful-b") || name.starts_with("rightful/b/");
        assert_eq!(with == key.as_str(), of_b, "{name}: {with}");
    }
    // Eleven logs, the queue and four secrets each; and the first one's data source.
    assert_eq!(encrypted.len(), 2 * (11 + 1 + 4) + 1, "{encrypted:?}");

    // No role of either may read, write, open or start anything of the other.
    for (whose, other) in [(&a, &b), (&b, &a)] {
        let stage = other.text("stage");
        let own = whose.text("stage");
        let secret = |stage: &str| {
            format!(
                "arn:aws:secretsmanager:eu-central-1:000000000000:secret:rightful/{stage}/source/qualifio-main-x"
            )
        };
        let table = |stack: &Stack| {
            format!("arn:aws:dynamodb:eu-central-1:000000000000:table/{}", stack.text("requests_table"))
        };
        let machine = |stage: &str| {
            format!("arn:aws:states:eu-central-1:000000000000:stateMachine:rightful-{stage}-fulfil-request")
        };
        for (function, action, theirs, ours) in [
            ("search", "secretsmanager:GetSecretValue", secret(stage), secret(own)),
            ("search", "dynamodb:GetItem", table(other), table(whose)),
            (
                "search",
                "kms:Decrypt",
                other.text("data_key_id").to_owned(),
                whose.text("data_key_id").to_owned(),
            ),
            (
                "close",
                "kms:Sign",
                other.text("receipt_key_id").to_owned(),
                whose.text("receipt_key_id").to_owned(),
            ),
            ("intake", "states:StartExecution", machine(stage), machine(own)),
        ] {
            let name = whose.json["functions"][function].as_str().context("no such function")?;
            assert!(a.may(name, action, &ours)?, "{name} {action} {ours}");
            assert!(!a.may(name, action, &theirs)?, "{name} {action} {theirs}");
        }
    }

    // The other stage works on its own, too.
    b.add_source("qualifio-main", &[])?;
    let profiles = [Profile::named(0, "At", "Both", EMAIL)];
    b.sandbox.add_profiles(&profiles).await?;
    let second = send(&b, EMAIL, "S-b").await?;
    assert_eq!(b.closed(second).await?.0.outcome, Some(RequestOutcome::Fulfilled));
    assert!(executions::list(&a, second).await?.is_empty());
    let encrypted = &a.resources()?["encrypted"];
    assert_eq!(encrypted["rightful/b/source/qualifio-main"], key.as_str(), "{encrypted}");
    assert_ne!(encrypted["rightful/local/source/qualifio-main"], key.as_str(), "{encrypted}");
    Ok(())
}
