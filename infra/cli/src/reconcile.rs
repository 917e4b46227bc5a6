//! `rightful reconcile --now`: has the deployment bring its open requests forward, beside its schedule.

use crate::deployment::Deployment;
use crate::output::{FAILED, OK, Out, told};
use anyhow::Result;
use rightful_domain::operations::reconcile::Run;
use serde_json::json;

/// Runs it once and says what it did; a request that could not be brought forward is a failure.
pub async fn now(out: Out, deployment: &Deployment) -> Result<u8> {
    let answer = deployment.invoke("reconcile", &json!({})).await?;
    let run: Run = serde_json::from_value(answer).map_err(|_| {
        told(
            "the reconciliation's answer can't be read",
            "use the `rightful` of the version that is deployed",
        )
    })?;
    if out.json {
        out.value(&run)?;
    } else {
        out.line(text_of(&run))?;
    }
    Ok(if run.failed > 0 { FAILED } else { OK })
}

fn text_of(run: &Run) -> String {
    let mut lines = Vec::new();
    for (name, number, meaning) in [
        ("examined", run.examined, "requests that were due"),
        ("checked", run.checked, "tasks whose rules the vendor was asked about"),
        ("started", run.started, "workflow attempts begun"),
        ("unknown", run.unknown, "tasks that a person has to look at"),
        ("failed", run.failed, "requests that could not be brought forward; the next run tries again"),
    ] {
        lines.push(format!("{name:<9} {number:>5}  {meaning}"));
    }
    if run.more {
        lines.push(
            "more      there was no time for all of them: run it again, or wait for the schedule".to_owned(),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_of_a_run_is_told() {
        let run: Run = serde_json::from_value(json!({
            "examined": 5, "checked": 4, "started": 3, "unknown": 2, "failed": 1, "more": true
        }))
        .unwrap();
        insta::assert_snapshot!(text_of(&run), @r"
        examined      5  requests that were due
        checked       4  tasks whose rules the vendor was asked about
        started       3  workflow attempts begun
        unknown       2  tasks that a person has to look at
        failed        1  requests that could not be brought forward; the next run tries again
        more      there was no time for all of them: run it again, or wait for the schedule
        ");
    }
}
