//! A deployment over a running one, and its deletion: what continues, and what stays.

use anyhow::{Context as _, Result, ensure};
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::request::{Request, RequestOutcome};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack, executions};
use rightful_sandbox::{Fault, FaultKind, On, Profile};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FUNCTIONS: [&str; 8] =
    ["intake", "search", "submit", "status-check", "review", "close", "reconcile", "console"];

/// Another build: the same programs with one more byte, and one more state in each definition, which the old
/// ones lack.
fn another_build(stack: &Stack) -> Result<(PathBuf, PathBuf)> {
    let (binaries, root) = (stack.dir.join("next/binaries"), stack.dir.join("next/root"));
    std::fs::create_dir_all(&binaries)?;
    for name in FUNCTIONS {
        let mut program = std::fs::read(rightful_local_tests::root().join("target/local").join(name))?;
        program.push(b'\n');
        std::fs::write(binaries.join(name), program)?;
    }
    let machines = root.join("infra/statemachines");
    std::fs::create_dir_all(&machines)?;
    let here = rightful_local_tests::root();
    for nested in ["infra/state", "infra/observability"] {
        copied(&here.join(nested), &root.join(nested))?;
    }
    std::fs::copy(here.join("template.yaml"), root.join("template.yaml"))?;
    for name in ["fulfil-request.asl.json", "fulfil-source.asl.json"] {
        let mut definition: Value =
            serde_json::from_slice(&std::fs::read(here.join("infra/statemachines").join(name))?)?;
        let first = definition["StartAt"].clone();
        definition["States"]["Begin Anew"] = serde_json::json!({"Type": "Pass", "Next": first});
        definition["StartAt"] = "Begin Anew".into();
        std::fs::write(machines.join(name), definition.to_string())?;
    }
    Ok((binaries, root))
}

/// Copies the files of a folder, if it is there.
fn copied(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let path = entry?.path();
            if path.is_file() {
                std::fs::copy(&path, to.join(path.file_name().context("no name")?))?;
            }
        }
    }
    Ok(())
}

async fn person(stack: &Stack, name: &str) -> Result<(String, Vec<u64>)> {
    let email = format!("{name}@upgrade.example.com");
    let profiles = [Profile::named(0, "A", "Person", &email), Profile::named(0, "B", "Person", &email)];
    Ok((email, stack.sandbox.add_profiles(&profiles).await?))
}

/// The account's functions or state machines, by name.
fn of<'a>(resources: &'a Value, kind: &str) -> Result<&'a serde_json::Map<String, Value>> {
    resources[kind].as_object().context("no such kind")
}

async fn receipt_verifies(stack: &Stack, id: RequestId) -> Result<()> {
    let file = stack.dir.join(format!("{id}.json")).display().to_string();
    stack.shown(&["request", "receipt", &id.to_string(), "-o", &file])?;
    stack.shown(&["receipt", "verify", &file])?;
    Ok(())
}

#[tokio::test]
async fn an_upgrade_in_the_middle_of_requests_loses_none_and_repeats_nothing() -> Result<()> {
    let stack = Stack::up("upgrade", Options::default())?;
    stack.add_source("asked", &[])?;
    stack.rightful_json(&["source", "change", "asked", "--review", "erasure=always"])?;
    stack.add_source("slow", &["direct=false"])?;
    stack.add_source("quick", &[])?;

    // When the other build is deployed, one request waits for a person and one for its vendor's approval.
    let (asked_of, asked_ids) = person(&stack, "asked").await?;
    let (slow_of, slow_ids) = person(&stack, "slow").await?;
    let demand = |email: &str, source: &str| -> Result<RequestId> {
        let identifier = format!("email={email}");
        let arguments =
            ["request", "new", "--right", "erasure", "--identifier", &identifier, "--source", source];
        let made = stack.rightful_json(&arguments)?;
        Ok(RequestId::parse(made["request_id"].as_str().context("no request_id")?)?)
    };
    let asked = demand(&asked_of, "asked")?;
    let waits = |_: &Request, task: &Task| task.state == TaskState::AwaitingReview && task.token.is_some();
    stack.until(asked, waits).await?;
    let slow = demand(&slow_of, "slow")?;
    stack.until(slow, |_, task| task.state == TaskState::Submitted).await?;

    let before = stack.resources()?;
    let (binaries, root) = another_build(&stack)?;
    stack.upgrade(&binaries, &root, &["ForgetAfterDays=31"])?;
    let after = stack.resources()?;

    // Every function has its second version, with new code and the changed parameter.
    for (name, live) in of(&after, "functions")? {
        assert_eq!(live["version"], "2", "{name}");
        assert_ne!(live["code"], before["functions"][name]["code"], "{name}");
    }
    assert_eq!(after["functions"]["rightful-local-close"]["variables"]["FORGET_AFTER_DAYS"], "31");
    for (name, machine) in of(&after, "machines")? {
        assert!(machine["live"].as_str().is_some_and(|arn| arn.ends_with(":2")), "{name}: {machine}");
        assert_eq!(machine["versions"].as_array().map(Vec::len), Some(2), "{name}: the first one is kept");
    }
    assert_eq!(after["tables"], stack.resources()?["tables"]);
    assert_eq!(
        of(&before, "tables")?.keys().collect::<Vec<_>>(),
        of(&after, "tables")?.keys().collect::<Vec<_>>()
    );

    // The two continue with the definition that they began with, and with the new functions.
    let rules = stack.sandbox.rules().await?;
    stack.sandbox.approve(rules[0]["_id"].as_str().context("no rule")?).await?;
    stack.review(&asked.to_string(), &["--proceed", "--reason", "decided after the upgrade"])?;
    // A third belongs to the new build from the start.
    let (new_of, new_ids) = person(&stack, "new").await?;
    let new = demand(&new_of, "quick")?;

    for (name, id, email, ids) in [
        ("asked", asked, &asked_of, &asked_ids),
        ("slow", slow, &slow_of, &slow_ids),
        ("new", new, &new_of, &new_ids),
    ] {
        let (request, task) = stack.closed(id).await?;
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{name}");
        assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "{name}");
        assert_eq!(request.attempt, 1, "{name}: the execution that was under way went on to the end");
        assert_eq!(stack.erasures(ids).await?, ids.len(), "{name}: each once");
        assert!(stack.sandbox.profiles(email).await?.is_empty(), "{name}");
        receipt_verifies(&stack, id).await?;
        for execution in ended(&stack, id).await? {
            // The nested execution of the reviewed request begins after the upgrade.
            let nested = execution.name.matches('.').count() == 2;
            let old = name == "slow" || (name == "asked" && !nested);
            assert_eq!(execution.version.as_deref(), Some(if old { "1" } else { "2" }), "{}", execution.name);
        }
        let entered = executions::entered(&stack, id).await?;
        let anew = entered.iter().filter(|state| *state == "Begin Anew").count();
        assert_eq!(
            anew,
            match name {
                "slow" => 0,
                "asked" => 1,
                _ => 2,
            },
            "{name}: {entered:?}"
        );
    }
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 3, "one submission for each");
    Ok(())
}

/// The executions of a request, which must all have succeeded. The request is closed a moment before its
/// execution ends.
async fn ended(stack: &Stack, id: RequestId) -> Result<Vec<executions::Execution>> {
    for _ in 0..100 {
        let all = executions::list(stack, id).await?;
        if all.iter().all(|one| !one.running) {
            ensure!(all.len() == 2 && all.iter().all(|one| one.succeeded), "{all:?}");
            return Ok(all);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("an execution does not end")
}

#[tokio::test]
async fn what_an_old_execution_calls_after_an_upgrade_is_the_new_function() -> Result<()> {
    let stack = Stack::up("upgrade-alias", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let (email, ids) = person(&stack, "moved").await?;
    // The vendor delays its first call while the alias moves: it ends in the version that it began in.
    let hold = Fault::new(On::Search, FaultKind::Slow { ms: 16_000 }).once().about(&email);
    stack.sandbox.fault(&hold).await?;
    let id = send(&stack, &email, "U-moved").await?;
    for _ in 0..100 {
        if !stack.sandbox.journal().await?.calls_of("search").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (binaries, root) = another_build(&stack)?;
    stack.upgrade(&binaries, &root, &[])?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!((request.outcome, request.attempt), (Some(RequestOutcome::Fulfilled), 1));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(stack.erasures(&ids).await?, ids.len());
    assert_eq!(stack.sandbox.journal().await?.calls_of("submit").len(), 1);
    // The name of each log stream tells which version wrote it.
    let written = stack.resources()?["log_groups"].clone();
    let by = |function: &str, version: &str| {
        let (group, stream) = (format!("/aws/lambda/rightful-local-{function}"), format!("[{version}]"));
        written[&group]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one.as_str().is_some_and(|name| name.contains(&stream))))
    };
    assert!(by("search", "1"), "the call that was under way: {written}");
    assert!(by("submit", "2") && by("close", "2"), "{written}");
    assert!(!by("submit", "1") && !by("submit", "$LATEST"), "{written}");
    Ok(())
}

/// Whether all that a deployment runs by is gone.
fn nothing_runs(before: &Value, after: &Value) {
    for kind in ["functions", "machines", "schedules", "rules", "apis", "queues", "log_groups"] {
        let left = after[kind]
            .as_object()
            .map_or_else(|| after[kind].as_array().map_or(1, Vec::len), |all| all.len());
        assert_eq!(left, 0, "{kind}: {}", after[kind]);
        let had = before[kind]
            .as_object()
            .map_or_else(|| before[kind].as_array().map_or(0, Vec::len), |all| all.len());
        assert_ne!(had, 0, "{kind}");
    }
}

#[tokio::test]
async fn all_but_what_is_kept_is_deleted_and_deployed_again_and_no_request_is_lost() -> Result<()> {
    let options = Options { grace_seconds: 1, ..Options::default() };
    let stack = Stack::up("redeployed", options)?;
    stack.add_source("quick", &[])?;
    stack.add_source("asked", &[])?;
    stack.rightful_json(&["source", "change", "asked", "--review", "erasure=always"])?;
    let mut demands = Vec::new();
    for source in ["quick", "asked"] {
        let (email, ids) = person(&stack, source).await?;
        let identifier = format!("email={email}");
        let new = ["request", "new", "--right", "erasure", "--identifier", &identifier, "--source", source];
        let made = stack.rightful_json(&new)?;
        demands.push((RequestId::parse(made["request_id"].as_str().context("no request_id")?)?, ids));
    }
    let [(closed, _), (waits, ids)] = &demands[..] else { anyhow::bail!("two were made") };
    stack.closed(*closed).await?;
    stack.until(*waits, |_, task| task.state == TaskState::AwaitingReview && task.token.is_some()).await?;
    let shown = stack.rightful_json(&["request", "show", &closed.to_string()])?;
    let before = stack.resources()?;

    stack.remove()?;
    let between = stack.resources()?;
    nothing_runs(&before, &between);
    for kind in ["tables", "buckets", "keys", "secrets"] {
        assert_eq!(between[kind], before[kind], "{kind}");
    }
    assert!(stack.rightful_json(&["request", "show", &closed.to_string()]).is_err(), "nobody answers");

    // The parameters went with the stack: whoever deploys it again names them again.
    let parameters = ["ReconcileGraceSeconds=1", "ReconcileSchedule=rate(1 day)"];
    let root = rightful_local_tests::root();
    stack.upgrade(&root.join("target/local"), &root, &parameters)?;
    let again = stack.rightful_json(&["request", "show", &closed.to_string()])?;
    assert_eq!(again["tasks"], shown["tasks"]);
    assert_eq!(again["request"]["receipt_sha256"], shown["request"]["receipt_sha256"]);
    receipt_verifies(&stack, *closed).await?;
    // Its execution went with the state machines. The reconciliation takes it up, and the decision is made now.
    stack.review(&waits.to_string(), &["--proceed", "--reason", "decided after the deployment"])?;
    let (request, task) = stack.reconciled(*waits).await?;
    assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled));
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!(stack.erasures(ids).await?, ids.len());
    receipt_verifies(&stack, *waits).await
}

#[tokio::test]
async fn a_deleted_deployment_leaves_the_evidence_and_nothing_that_runs() -> Result<()> {
    let stack = Stack::up("removed", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let (email, ids) = person(&stack, "gone").await?;
    let id = send(&stack, &email, "U-removed").await?;
    stack.closed(id).await?;
    assert_eq!(stack.erasures(&ids).await?, ids.len());
    let file = stack.dir.join("receipt.json").display().to_string();
    stack.shown(&["request", "receipt", &id.to_string(), "-o", &file])?;
    let before = stack.resources()?;

    stack.remove_state()?;
    let after = stack.resources()?;
    nothing_runs(&before, &after);
    // Both tables with their rows, the bucket with its receipts, usable keys.
    assert_eq!(after["tables"], before["tables"]);
    assert!(of(&after, "tables")?.values().any(|rows| rows.as_u64() > Some(0)), "{after}");
    let receipts = stack.text("receipts_bucket");
    assert_eq!(after["buckets"][receipts], before["buckets"][receipts]);
    assert_eq!(after["buckets"][receipts], 1, "{after}");
    assert_eq!(of(&after, "buckets")?.len(), 1, "the copies' bucket is gone: {after}");
    assert_eq!((&after["keys"], of(&after, "keys")?.len()), (&before["keys"], 3));
    assert!(of(&after, "keys")?.values().all(|state| state == "Enabled"), "{after}");
    // The events still exist and verify, and so does the receipt.
    assert!(!stack.facts(id).await?.is_empty());
    stack.shown(&["receipt", "verify", &file])?;
    Ok(())
}

/// Kinds of resources that our template may have; each must be created, changed and removed with the
/// deployment.
const WATCHING: &str = r#"
Parameters:
  Stage: { Type: String }
Resources:
  Simple:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub rightful-${Stage}-simple
      Namespace: Rightful
      MetricName: RequestsAtRisk
      Dimensions: [{ Name: Stage, Value: !Ref Stage }]
      Statistic: Maximum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
  Calculated:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub rightful-${Stage}-calculated
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Metrics:
        - { Id: sum, Expression: failed * 1, ReturnData: true }
        - Id: failed
          ReturnData: false
          MetricStat:
            Stat: Sum
            Period: 300
            Metric: { Namespace: AWS/States, MetricName: ExecutionsFailed }
  Together:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties:
      AlarmName: !Sub rightful-${Stage}-together
      AlarmRule: !Sub "ALARM(${Simple}) OR ALARM(${Calculated})"
  Saved:
    Type: AWS::Logs::QueryDefinition
    Properties:
      Name: !Sub rightful/${Stage}/saved
      QueryString: fields @timestamp
"#;

#[tokio::test]
async fn a_nested_template_is_uploaded_and_comes_and_goes_with_the_deployment() -> Result<()> {
    let stack = Stack::up("nested", Options::default())?;
    let (binaries, root) = another_build(&stack)?;
    let nested = root.join("infra/watching");
    std::fs::create_dir_all(&nested)?;
    std::fs::write(nested.join("template.yaml"), WATCHING)?;
    let template = std::fs::read_to_string(root.join("template.yaml"))?.replacen(
        "\nResources:\n",
        "\nResources:\n  Watching:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      \
         TemplateURL: infra/watching/template.yaml\n      Parameters: { Stage: !Ref Stage }\n",
        1,
    );
    std::fs::write(root.join("template.yaml"), template)?;
    let names = ["rightful-local-simple", "rightful-local-calculated", "rightful-local-together"];
    let alarms = || -> Result<Vec<bool>> {
        let resources = stack.resources()?;
        Ok(names.iter().map(|name| resources["alarms"].get(name).is_some()).collect())
    };
    assert_eq!(alarms()?, [false; 3]);
    stack.upgrade(&binaries, &root, &[])?;
    assert_eq!(alarms()?, [true; 3]);
    // A change of only the nested file is a change of the deployment.
    std::fs::write(nested.join("template.yaml"), WATCHING.replace("-together", "-at-once"))?;
    stack.upgrade(&binaries, &root, &[])?;
    assert_eq!(alarms()?, [true, true, false]);
    stack.remove()?;
    assert_eq!(stack.resources()?["alarms"], serde_json::json!({}));
    Ok(())
}
