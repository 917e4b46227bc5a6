//! Follows a request to its end: on a terminal with a moving line for each data source, elsewhere with a
//! line for each change, and with `--json` with a JSON line for each change.

use super::bars::Bars;
use super::progress::{json_line, last_lines, line};
use super::snapshot::{Snapshot, WatchEnd};
use crate::api::deployment::Deployment;
use crate::args::request::Watching;
use crate::terminal::exit_code::{OK, OPEN, OTHER_OUTCOME};
use crate::terminal::output::Out;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::request::RequestView;
use rightful_domain::view::task::TaskView;
use serde_json::json;
use std::io::IsTerminal as _;
use std::time::Duration;

const LOCAL_PAUSE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(2);
/// Watching ends after this many failures of the API in a row.
const MOST_FAILURES: u32 = 10;

/// Follows a request to its end, which the exit code tells.
pub async fn follow(out: Out, deployment: &Deployment, id: RequestId, watching: Watching) -> Result<u8> {
    let api = &deployment.api;
    let pause = if deployment.stack.is_local() { LOCAL_PAUSE } else { PAUSE };
    let live = !out.json && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let mut bars = live.then(Bars::new);
    let begun = SystemClock.now();
    let mut before: Option<Snapshot> = None;
    let mut failures = 0;
    let end = loop {
        match Snapshot::read(api, id).await {
            Ok(now) => {
                failures = 0;
                match &mut bars {
                    Some(bars) => bars.show(now.at, &now.request, &now.tasks),
                    None => write_changes(out, &now, before.as_ref())?,
                }
                let end = now.end(watching.until_closed);
                before = Some(now);
                if let Some(end) = end {
                    break end;
                }
            }
            // A failure of the first read ends the command at once.
            Err(error) if before.is_some() && error.is_worth_a_retry() && failures < MOST_FAILURES => {
                failures += 1;
            }
            Err(error) => return Err(error.into()),
        }
        if watching.timeout.is_some_and(|seconds| begun.plus_seconds(seconds) <= SystemClock.now()) {
            break WatchEnd::TimedOut;
        }
        tokio::time::sleep(pause).await;
    };
    drop(bars);
    let Some(last) = before else { return Ok(OPEN) };
    if out.json {
        out.json_line(&json!({
            "at": last.at,
            "request_id": id,
            "ended": match end {
                WatchEnd::Closed => "closed",
                WatchEnd::Person if last.tasks.iter().any(|task| task.state == TaskState::Unknown) => {
                    "unknown"
                }
                WatchEnd::Person => "awaiting_review",
                WatchEnd::TimedOut => "timed_out",
            },
            "synthetic": last.request.synthetic,
            "state": last.request.state,
            "outcome": last.request.outcome,
        }))?;
    } else {
        out.line(last_lines(&last, end))?;
    }
    Ok(if end == WatchEnd::Closed { exit_code(&last.request, &last.tasks) } else { OPEN })
}

fn write_changes(out: Out, now: &Snapshot, before: Option<&Snapshot>) -> Result<()> {
    for change in now.changes(before) {
        if out.json {
            out.json_line(&json_line(now, &change))?;
        } else {
            out.line(line(now.at, &change))?;
        }
    }
    Ok(())
}

/// The exit code for a watched request. A synthetic one must have been a dry run at every data source.
fn exit_code(request: &RequestView, tasks: &[TaskView]) -> u8 {
    match (request.state, request.outcome) {
        (RequestState::Closed, Some(outcome)) if request.synthetic => {
            let everywhere = tasks.iter().all(|task| task.outcome == Some(Outcome::DryRun));
            if outcome == RequestOutcome::DryRun && everywhere { OK } else { OTHER_OUTCOME }
        }
        (
            RequestState::Closed,
            Some(RequestOutcome::Fulfilled | RequestOutcome::NothingFound | RequestOutcome::DryRun),
        ) => OK,
        (RequestState::Closed, Some(_)) => OTHER_OUTCOME,
        _ => OPEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_exit_code_tells_how_it_ended() {
        let (mut request, _) = fixtures::fulfilled();
        for (outcome, code) in [
            (RequestOutcome::Fulfilled, OK),
            (RequestOutcome::NothingFound, OK),
            (RequestOutcome::DryRun, OK),
            (RequestOutcome::PartlyFulfilled, OTHER_OUTCOME),
            (RequestOutcome::Refused, OTHER_OUTCOME),
            (RequestOutcome::Failed, OTHER_OUTCOME),
            (RequestOutcome::Cancelled, OTHER_OUTCOME),
        ] {
            request.outcome = Some(outcome);
            assert_eq!(
                exit_code(&fixtures::detail(&request, &[], "09:31:00").request, &[]),
                code,
                "{outcome:?}"
            );
        }
        let open = fixtures::unknown().0;
        assert_eq!(exit_code(&fixtures::detail(&open, &[], "09:31:00").request, &[]), OPEN);
    }

    #[test]
    fn a_synthetic_request_is_told_as_one_and_succeeds_as_a_dry_run_alone() {
        let (mut request, tasks) = fixtures::synthetic();
        let now = Snapshot::at_second(20, request.clone(), tasks.clone());
        let changes = now.changes(None);
        let change = changes.last().unwrap();
        assert!(
            line(now.at, change).contains("synthetic request closed: dry_run"),
            "{}",
            line(now.at, change)
        );
        assert_eq!(json_line(&now, change)["synthetic"], true);
        assert!(last_lines(&now, WatchEnd::Closed).starts_with("synthetic: dry_run"));
        assert!(!last_lines(&now, WatchEnd::Person).contains("legal date"));
        assert_eq!(exit_code(&now.request, &now.tasks), OK);
        let mut elsewhere = now.tasks.clone();
        elsewhere[0].outcome = Some(Outcome::NothingFound);
        assert_eq!(exit_code(&now.request, &elsewhere), OTHER_OUTCOME, "one data source knows nobody");
        for outcome in [RequestOutcome::NothingFound, RequestOutcome::Fulfilled, RequestOutcome::Failed] {
            request.outcome = Some(outcome);
            let ended = Snapshot::at_second(20, request.clone(), tasks.clone());
            assert_eq!(exit_code(&ended.request, &ended.tasks), OTHER_OUTCOME);
        }
    }
}
