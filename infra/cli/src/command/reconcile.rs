//! `rightful reconcile --now`.

use crate::api::deployment::Deployment;
use crate::terminal::error::command_error;
use crate::terminal::exit_code::{FAILED, OK};
use crate::terminal::output::Out;
use anyhow::Result;
use serde_json::{Value, json};

/// The counts of a run, by the names that the domain gives them. Each is read on its own, because the
/// deployed functions may be of an earlier or a later version.
const COUNTS: [(&str, &str); 22] = [
    ("examined", "requests that were due"),
    ("checked", "tasks whose rules the vendor was asked about"),
    ("started", "workflow attempts begun"),
    ("open", "open requests"),
    ("oldest_open_seconds", "age of the oldest of them, in seconds"),
    (
        "nearest_deadline_seconds",
        "seconds until the nearest legal date of an open request; negative if it has passed",
    ),
    ("at_risk", "open requests whose legal date is seven days away or less, or has passed"),
    ("pressing", "open requests whose legal date is three days away or less, or has passed"),
    ("overdue", "open requests whose legal date has passed"),
    ("unknown", "tasks where it is not known yet whether the vendor did it"),
    ("oldest_unknown_seconds", "how long the oldest of them has not moved, in seconds"),
    ("awaiting_review", "tasks that wait for a person's decision on what was found"),
    ("oldest_review_seconds", "how long the oldest of them has waited, in seconds"),
    ("missing_identifier", "tasks that wait for the identifier that their data source needs"),
    ("forgetting_overdue", "closed requests whose person should have been forgotten a day ago or more"),
    ("with_workflow", "of what was due: tasks and closed requests that an execution should have moved on"),
    ("with_vendor", "of what was due: tasks that the vendor was working on"),
    ("with_reconcile", "of what was due: tasks and closed requests that the reconciliation had to move on"),
    ("with_person", "of what was due: tasks that only a person can move on"),
    ("unsigned", "closed requests without a kept receipt yet"),
    ("chains_broken", "event chains that do not verify: must be 0"),
    ("failed", "requests that could not be moved on; the next run tries again"),
];

/// Runs the reconciliation once and shows its counts. A request that it could not move on is a failure.
pub async fn reconcile_now(out: Out, deployment: &Deployment) -> Result<u8> {
    let run = deployment.invoke("reconcile", &json!({})).await?;
    if run.get("examined").and_then(Value::as_u64).is_none() {
        return Err(command_error(
            "the reconciliation's answer can't be read",
            "use the `rightful` of the version that is deployed",
        ));
    }
    if out.json {
        out.value(&run)?;
    } else {
        out.line(counts_text(&run))?;
    }
    let failed = run.get("failed").and_then(Value::as_u64).unwrap_or(0);
    Ok(if failed > 0 { FAILED } else { OK })
}

fn counts_text(run: &Value) -> String {
    let mut lines = Vec::new();
    for (name, meaning) in COUNTS {
        if let Some(number) = run.get(camel_case(name)).and_then(Value::as_i64) {
            lines.push(format!("{name:<24} {number:>8}  {meaning}"));
        }
    }
    if run.get("more").and_then(Value::as_bool) == Some(true) {
        lines.push(
            "more: there was no time for all of them; run it again, or wait for the schedule".to_owned(),
        );
    }
    lines.join("\n")
}

/// The name of a count in the function's answer.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        text + &head.to_uppercase() + tail
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::duty::gauge::Gauges;
    use rightful_domain::operations::reconcile::run::Run;

    #[test]
    fn every_count_of_a_run_is_told() {
        let gauges = Gauges { unknown: 2, nearest_deadline_seconds: Some(-60), ..Gauges::default() };
        let run = Run { examined: 5, gauges: Some(gauges), more: true, ..Run::default() };
        let run = serde_json::to_value(run).unwrap();
        let text = counts_text(&run);
        for (name, _) in run.as_object().unwrap() {
            let told = COUNTS.iter().any(|(known, _)| camel_case(known) == *name) || name == "more";
            assert!(told, "{name} is not shown: {text}");
        }
        assert_eq!(
            run.as_object().unwrap().len(),
            COUNTS.len() + 1,
            "nothing is shown that a run doesn't have"
        );
        let has = |line: &str| assert!(text.lines().any(|one| one == line), "{text}");
        has("examined                        5  requests that were due");
        has("with_person                     0  of what was due: tasks that only a person can move on");
        has(
            "nearest_deadline_seconds      -60  seconds until the nearest legal date of an open request; negative if it has passed",
        );
    }

    #[test]
    fn a_count_that_the_deployment_does_not_know_is_left_out() {
        insta::assert_snapshot!(counts_text(&json!({"examined": 1, "failed": 0, "more": false})), @r"
        examined                        1  requests that were due
        failed                          0  requests that could not be moved on; the next run tries again
        ");
    }
}
