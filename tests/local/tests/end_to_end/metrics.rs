//! The functions' logs hold the metrics, as CloudWatch reads them.

use anyhow::{Context as _, Result};
use rightful_domain::base::time::Time;
use rightful_domain::metric::Metric;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::store::{Change, Row, Writes as _};
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack};
use rightful_sandbox::{Fault, FaultKind, On, Profile};
use serde_json::{Map, Value, json};

/// The stage of the embedded stack.
const STAGE: &str = "local";

/// The lines of metrics in the functions' logs; the emulator's own log repeats them.
fn metrics(stack: &Stack) -> Result<Vec<Map<String, Value>>> {
    stack.logs()?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(stack.dir.join("logs/functions"))? {
        let log = std::fs::read_to_string(entry?.path())?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
        found.extend(lines.filter(|line| line.contains_key("_aws")));
    }
    Ok(found)
}

/// The values of a metric, in order, from lines with these dimensions.
fn values(lines: &[Map<String, Value>], metric: Metric, dimensions: Value) -> Vec<i64> {
    let wanted = dimensions.as_object().cloned().unwrap_or_default();
    let has = |line: &&Map<String, Value>| wanted.iter().all(|(name, value)| line.get(name) == Some(value));
    let name = metric.entry().name;
    lines.iter().filter(has).filter_map(|line| line.get(name)?.as_i64()).collect()
}

/// The dimensions of a line, by their names and values.
fn dimensions(line: &Map<String, Value>) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().context("no directives")? {
        assert_eq!(directive["Namespace"], "Rightful");
        for name in
            directive["Dimensions"].as_array().into_iter().flatten().flat_map(Value::as_array).flatten()
        {
            let name = name.as_str().context("no name")?;
            let value = line[name].as_str().context("a dimension without a value")?;
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(found)
}

async fn store(stack: &Stack, request: Request) -> Result<()> {
    let (id, at) = (request.id, request.received_at);
    stack.store.commit(Change { request: id, at, rows: vec![Row::Request(request)], facts: vec![] }).await?;
    Ok(())
}

#[tokio::test]
async fn a_request_leaves_its_metrics_and_the_reconciliation_its_gauges() -> Result<()> {
    let stack = Stack::up("metrics", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let now = || async {
        let run = stack.rightful_json(&["reconcile", "--now"])?;
        anyhow::Ok(run)
    };
    let before = now().await?;
    assert_eq!((&before["open"], before.get("nearestDeadlineSeconds")), (&json!(0), None));

    let id = send(&stack, "joao@qualifio.com", "M-1").await?;
    let (request, task) = stack.until(id, |request, _| request.is_done()).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    // Another one, which stays unerased until it is late.
    stack.sandbox.add_profiles(&[Profile::named(0, "B", "K", "bo.late@example.com")]).await?;
    let output = stack.rightful_json(&["source", "change", "qualifio-main", "--review", "erasure=always"])?;
    assert!(output.is_object());
    let late = send(&stack, "bo.late@example.com", "M-2").await?;
    let (request, _) = stack.until(late, |_, task| task.state == TaskState::AwaitingReview).await?;
    let due_at = Time::parse("2026-01-01T00:00:00Z")?;
    store(&stack, Request { due_at, ..request }).await?;
    let run = now().await?;
    let gauge = |name: &str| run[name].as_i64();
    assert_eq!((gauge("open"), gauge("overdue"), gauge("atRisk")), (Some(1), Some(1), Some(1)), "{run}");
    assert_eq!((gauge("awaitingReview"), gauge("chainsBroken")), (Some(1), Some(0)), "{run}");
    assert!(gauge("nearestDeadlineSeconds").is_some_and(|left| left < 0), "{run}");

    let lines = metrics(&stack)?;
    let stage = json!({"Stage": STAGE});
    let of = |name: &str, value: &str| json!({"Stage": STAGE, (name): value});
    assert_eq!(values(&lines, Metric::RequestsReceived, of("Right", "erasure")), [1, 1]);
    assert_eq!(values(&lines, Metric::RequestsClosed, of("Outcome", "fulfilled")), [1]);
    assert_eq!(values(&lines, Metric::RequestDurationSeconds, stage.clone()).len(), 1);
    assert_eq!(values(&lines, Metric::TasksSettled, of("Outcome", "verified_erased")), [1]);
    assert_eq!(values(&lines, Metric::VerificationFound, stage.clone()), [0]);
    // No ticket has this reference.
    assert_eq!(values(&lines, Metric::TicketAnswers, of("Result", "undeliverable")), [1]);
    let calls = values(&lines, Metric::VendorCalls, of("Connector", "qualifio"));
    let journal = stack.sandbox.journal().await?;
    assert!(calls.len() >= 4, "searched, submitted, asked, looked again: {calls:?}");
    assert_eq!(calls.len(), journal.calls.len(), "one for each call that the vendor saw");
    for metric in [Metric::VendorErrors, Metric::VendorThrottles] {
        let values = values(&lines, metric, of("Connector", "qualifio"));
        assert_eq!((values.len(), values.iter().sum::<i64>()), (calls.len(), 0), "{metric}");
    }
    assert_eq!(values(&lines, Metric::VendorLatency, of("Connector", "qualifio")).len(), calls.len());
    assert_eq!(values(&lines, Metric::ReconcileRuns, stage.clone()), [1, 1]);
    assert_eq!(values(&lines, Metric::RequestsOpen, stage.clone()), [0, 1]);
    assert_eq!(values(&lines, Metric::RequestsOverdue, stage.clone()), [0, 1]);
    assert_eq!(values(&lines, Metric::AwaitingReview, stage.clone()), [0, 1]);
    assert_eq!(values(&lines, Metric::EventChainsBroken, stage.clone()), [0, 0]);
    assert_eq!(
        values(&lines, Metric::NearestDeadlineSeconds, stage.clone()).len(),
        1,
        "not when none is open"
    );
    for metric in [
        Metric::OldestOpenSeconds,
        Metric::RequestsAtRisk,
        Metric::UnknownOperations,
        Metric::OldestUnknownSeconds,
        Metric::OldestReviewSeconds,
        Metric::MissingIdentifier,
        Metric::ForgettingOverdue,
        Metric::RequestsNotBroughtForward,
    ] {
        assert_eq!(values(&lines, metric, stage.clone()).len(), 2, "{metric}");
    }

    let secrets =
        [id.to_string(), late.to_string(), task.source.to_string(), "M-1".to_owned(), "M-2".to_owned()];
    for line in &lines {
        for (name, value) in dimensions(line)? {
            assert!(["Stage", "Right", "Outcome", "Result", "Connector"].contains(&name.as_str()), "{name}");
            assert!(value.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-".contains(&byte)), "{value}");
            assert!(!secrets.contains(&value), "{name} is an id: {value}");
        }
        assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("metrics")));
        assert!(line["service"].is_string() && line["timestamp"].is_string());
    }
    Ok(())
}

#[tokio::test]
async fn records_that_nobody_submitted_and_those_that_appeared_are_counted() -> Result<()> {
    let email = "ines.beyond@example.com";
    let stack = Stack::up("metrics-beyond", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    stack.sandbox.add_profiles(&[Profile::named(0, "Ines", "Beyond", email)]).await?;
    // The rule lists somebody else's record too.
    let kind = FaultKind::ListsStranger { erases: false };
    stack.sandbox.fault(&Fault::new(On::Submit, kind).once().about(email)).await?;
    let id = send(&stack, email, "M-3").await?;
    let (request, task) = stack.until(id, |_, task| task.handed_over_at.is_some()).await?;
    assert_eq!((request.state, task.outcome), (RequestState::Open, None));
    assert_eq!((task.reason.as_deref(), task.strangers), (Some("strangers_listed"), 1));
    // Two records of another person appear while the rule is under way.
    let email = "kim.beyond@example.com";
    stack.sandbox.add_profiles(&[Profile::named(0, "Kim", "Beyond", email)]).await?;
    let kind = FaultKind::Appears { n: 2 };
    stack.sandbox.fault(&Fault::new(On::Submit, kind).once().about(email)).await?;
    let (_, task) = stack.closed(send(&stack, email, "M-4").await?).await?;
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert!(stack.sandbox.profiles(email).await?.is_empty(), "what appeared was decided on, and erased");

    let lines = metrics(&stack)?;
    for (metric, value) in [(Metric::StrangersListed, 1), (Metric::RecordsAppeared, 2)] {
        assert_eq!(values(&lines, metric, json!({"Stage": STAGE})), [value], "{metric}");
        for line in lines.iter().filter(|line| line.contains_key(metric.entry().name)) {
            let stage = [("Stage".to_owned(), STAGE.to_owned())];
            assert_eq!(dimensions(line)?, stage, "{metric}: by the stage alone");
        }
    }
    Ok(())
}
