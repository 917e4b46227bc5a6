//! `rightful request watch`: a request's progress, as it is stored. On a terminal a line for each
//! data source that moves; without one, a line for each change; with `--json`, a JSON line for each.

use crate::api::{Api, ApiError, Call, told_api};
use crate::args::Watching;
use crate::bars::Bars;
use crate::codes::{todo, words as code_words};
use crate::deployment::Deployment;
use crate::output::{OK, OPEN, OTHER_OUTCOME, Out, count, utc};
use crate::words;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::model::answer::AnswerState;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::request::{RequestDetail, RequestView};
use rightful_domain::view::task::TaskView;
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use std::time::Duration;

const LOCAL_PAUSE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(2);
/// How often in a row the API may fail before watching ends.
const FAILURES: u32 = 10;

/// A request as it was stored at one moment.
#[derive(Debug, Clone)]
struct Snapshot {
    at: Time,
    request: RequestView,
    tasks: Vec<TaskView>,
}

/// What changed between two moments.
#[derive(Debug, Clone)]
enum Change<'a> {
    Task(&'a TaskView),
    Request(&'a RequestView),
}

/// Why watching ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    /// Only a person can go on: nobody can tell what the vendor did, or a decision is waited for.
    Person,
    TimedOut,
}

impl Snapshot {
    async fn read(api: &Api, id: RequestId) -> Result<Self, ApiError> {
        let RequestDetail { request, tasks, .. } = api.call(Call::get(format!("/requests/{id}"))).await?;
        Ok(Self { at: SystemClock.now(), request, tasks })
    }

    /// What is new since `before`; everything, if there was no before.
    fn changes(&self, before: Option<&Snapshot>) -> Vec<Change<'_>> {
        let task = |task: &&TaskView| {
            let known = before.and_then(|old| old.tasks.iter().find(|old| old.source == task.source));
            known.is_none_or(|old| seen(old) != seen(task))
        };
        let mut changes: Vec<Change<'_>> = self.tasks.iter().filter(task).map(Change::Task).collect();
        let answer = |request: &RequestView| {
            request.answer.as_ref().map(|answer| (answer.state, answer.reason.clone()))
        };
        let seen = |request: &RequestView| (request.state, request.receipt_sha256.clone(), answer(request));
        if before.is_some_and(|old| seen(&old.request) != seen(&self.request))
            || (before.is_none() && self.request.state == RequestState::Closed)
        {
            changes.push(Change::Request(&self.request));
        }
        changes
    }

    /// Whether the first call about the answer is still ahead or under way. What comes after it may
    /// take days: then it is the reconciliation that goes on.
    fn is_answering(&self) -> bool {
        self.request.answer.as_ref().is_some_and(|answer| {
            let begun = answer.state == AnswerState::Claimed && answer.reason.is_none();
            let ahead = answer.state == AnswerState::Due && answer.tries == 0;
            // A crashed call's claim runs out without a reason.
            ahead || (begun && answer.until.is_some_and(|until| until > self.at))
        })
    }

    /// Whether there is nothing more to see: the receipt is kept and the ticket's first answer has come
    /// to something, or only a person can go on.
    fn end(&self, until_closed: bool) -> Option<End> {
        if self.request.state == RequestState::Closed {
            let kept = self.request.receipt_sha256.is_some();
            return (kept && !self.is_answering()).then_some(End::Closed);
        }
        let rests = |task: &TaskView| task.is_persons() || task.state == TaskState::Settled;
        let persons = self.tasks.iter().any(TaskView::is_persons);
        (persons && !until_closed && self.tasks.iter().all(rests)).then_some(End::Person)
    }
}

/// What of a task is worth a line when it changes.
fn seen(task: &TaskView) -> impl PartialEq {
    let waits = (task.awaiting_approval, task.run);
    (task.state, task.outcome, task.counts, task.reason.clone(), task.looks, task.appeared, waits)
}

/// Follows a request to its end; the exit code says which.
pub async fn watch(out: Out, deployment: &Deployment, id: RequestId, watching: Watching) -> Result<u8> {
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
                    None => say(out, &now, before.as_ref())?,
                }
                let end = now.end(watching.until_closed);
                before = Some(now);
                if let Some(end) = end {
                    break end;
                }
            }
            // What fails at once is told at once.
            Err(error) if before.is_some() && error.may_pass() && failures < FAILURES => failures += 1,
            Err(error) => return Err(told_api(error)),
        }
        if watching.timeout.is_some_and(|seconds| begun.plus_seconds(seconds) <= SystemClock.now()) {
            break End::TimedOut;
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
                End::Closed => "closed",
                End::Person if last.tasks.iter().any(|task| task.state == TaskState::Unknown) => "unknown",
                End::Person => "awaiting_review",
                End::TimedOut => "timed_out",
            },
            "synthetic": last.request.synthetic,
            "state": last.request.state,
            "outcome": last.request.outcome,
        }))?;
    } else {
        out.line(closing(&last, end))?;
    }
    Ok(if end == End::Closed { exit_code(&last.request, &last.tasks) } else { OPEN })
}

/// What a watched request ends the command with. A synthetic one is there to be tried out to its end, at
/// every data source.
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

/// A line for each change.
fn say(out: Out, now: &Snapshot, before: Option<&Snapshot>) -> Result<()> {
    for change in now.changes(before) {
        if out.json {
            out.json_line(&json_of(now, &change))?;
        } else {
            out.line(line(now.at, &change))?;
        }
    }
    Ok(())
}

fn line(at: Time, change: &Change<'_>) -> String {
    match change {
        Change::Task(task) => format!("{}  {}: {}", utc(at), task.source, progress(task)),
        Change::Request(request) => {
            let outcome = request.outcome.map_or("", words::request_outcome);
            let receipt = match request.receipt_sha256 {
                Some(_) => "its receipt is kept",
                None => "its receipt isn't kept yet",
            };
            let mut text = format!(
                "{}  {} {}: {} ({outcome}); {receipt}",
                utc(at),
                if request.synthetic { "synthetic request" } else { "request" },
                words::word(request.state),
                words::of_request(request)
            );
            if let Some(answer) = &request.answer {
                text.push_str(&format!("; answer to the ticket: {}", words::answer(answer)));
            }
            text
        }
    }
}

/// A task in one line that may be cut off at the terminal's edge: what moves stands first.
pub fn brief(task: &TaskView) -> String {
    let counts = task.counts;
    let mut text = format!("{:<15}", words::of_task(task));
    if task.decision.is_some() {
        text.push_str(&format!(
            "  {} found, {} submitted, {} confirmed",
            counts.found, counts.submitted, counts.confirmed
        ));
    }
    text.push_str(&match &task.reason {
        Some(code) => format!("  {code}: {}", code_words(code).what),
        None => format!("  ({})", words::about_task(task)),
    });
    text
}

/// A task in one line: the word, the phrase, the counts, and what stands in its way.
fn progress(task: &TaskView) -> String {
    let counts = task.counts;
    let mut text = format!("{} ({})", words::of_task(task), words::about_task(task));
    if task.decision.is_some() {
        text.push_str(&format!(
            ", {} found, {} submitted, {} confirmed",
            counts.found, counts.submitted, counts.confirmed
        ));
    }
    if task.state == TaskState::AwaitingReview && !task.needs.missing {
        text.push_str(&format!(", {} found", counts.found));
    }
    if task.looks > 0 && task.state == TaskState::Verifying {
        text.push_str(&format!(", look {} still found {}", task.looks, task.left));
    }
    if task.appeared > 0 {
        text.push_str(&format!(", {} appeared anew", task.appeared));
    }
    if let Some(code) = &task.reason {
        text.push_str(&format!("; {code}: {}", code_words(code).what));
    }
    text
}

fn json_of(now: &Snapshot, change: &Change<'_>) -> Value {
    match change {
        Change::Task(task) => json!({
            "at": now.at,
            "request_id": now.request.id,
            "source_id": task.source,
            "task_state": task.state,
            "outcome": task.outcome,
            "reason": task.reason,
            "counts": task.counts,
            "looks": task.looks,
            "left": task.left,
            "appeared": task.appeared,
        }),
        Change::Request(request) => json!({
            "at": now.at,
            "request_id": request.id,
            "synthetic": request.synthetic,
            "state": request.state,
            "outcome": request.outcome,
            "receipt_sha256": request.receipt_sha256,
            "answer": request.answer,
        }),
    }
}

/// What is said when watching ends.
fn closing(last: &Snapshot, end: End) -> String {
    let request = &last.request;
    let id = request.id;
    match end {
        End::Closed => {
            let mut text = format!(
                "{}{} ({}); the receipt: rightful request receipt {id}",
                if request.synthetic { "synthetic: " } else { "" },
                words::of_request(request),
                request.outcome.map_or("", words::request_outcome),
            );
            if let Some(answer) = &request.answer {
                text.push_str(&format!("\n  answer to the ticket: {}", words::answer(answer)));
            }
            text
        }
        End::Person => {
            let mut text = String::from("a person has to go on");
            for task in last.tasks.iter().filter(|task| task.is_persons()) {
                let code = task.reason.as_deref().unwrap_or(task.state.as_str());
                let what = match task.state {
                    TaskState::AwaitingReview if !task.needs.missing => {
                        format!("{} found, to be decided on", count(task.counts.found, "record", "records"))
                    }
                    _ => code_words(code).what.to_owned(),
                };
                text.push_str(&format!("\n  {}: {code}: {what}\n  to do: {}", task.source, todo(task, code)));
            }
            let date = if request.synthetic { "" } else { " and its legal date stands" };
            text.push_str(&format!("\n  the request stays open{date}: rightful request show "));
            text.push_str(&id.to_string());
            text
        }
        End::TimedOut => {
            let stands = match request.state {
                RequestState::Open => "still open",
                RequestState::Closed if request.receipt_sha256.is_some() => {
                    "closed, and its ticket isn't answered yet"
                }
                RequestState::Closed => "closed, and its receipt isn't kept yet",
            };
            format!("{stands}; go on with: rightful request watch {id}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::model::answer::Answer;
    use rightful_domain::model::request::Request;
    use rightful_domain::model::task::{Outcome, Task};
    use rightful_domain::vendor::fault::Fault;

    fn snapshot(second: u32, request: Request, tasks: Vec<Task>) -> Snapshot {
        let clock = format!("09:30:{second:02}");
        let RequestDetail { request, tasks, .. } = fixtures::detail(&request, &tasks, &clock);
        Snapshot { at: fixtures::at(&clock), request, tasks }
    }

    fn told(all: &[Snapshot]) -> String {
        let mut lines = Vec::new();
        let mut before = None;
        for now in all {
            lines.extend(now.changes(before).iter().map(|change| line(now.at, change)));
            before = Some(now);
        }
        lines.join("\n")
    }

    #[test]
    fn without_a_terminal_each_change_is_a_line() {
        let (closed, done) = fixtures::fulfilled();
        let (open, _) = fixtures::open();
        let mut task = fixtures::planned("main");
        let mut all = vec![snapshot(0, open.clone(), vec![task.clone()])];
        task.reason = Some("vendor_throttled".to_owned());
        all.push(snapshot(1, open.clone(), vec![task.clone()]));
        task.next_due = Some(Time::parse("2026-11-21T10:00:00Z").unwrap());
        all.push(snapshot(2, open.clone(), vec![task.clone()]));
        let mut going = done[0].clone();
        going.state = TaskState::Verifying;
        going.outcome = None;
        going.looks = 1;
        going.left = 2;
        going.reason = Some("still_present".to_owned());
        all.push(snapshot(3, open, vec![going]));
        let mut unsigned = closed.clone();
        unsigned.receipt_sha256 = None;
        all.push(snapshot(4, unsigned, done.clone()));
        all.push(snapshot(5, closed, done));
        insta::assert_snapshot!(told(&all), @r"
        2026-11-21 09:30:00 UTC  main: planned (not searched yet)
        2026-11-21 09:30:01 UTC  main: planned (it can't be searched now, and is tried again by itself); vendor_throttled: the vendor asks us to slow down (429)
        2026-11-21 09:30:03 UTC  main: verifying (the vendor says it is done; we look again), 2 found, 2 submitted, 2 confirmed, look 1 still found 2; still_present: the vendor says it is done, yet submitted records are still found
        2026-11-21 09:30:04 UTC  main: verified_erased (erased, and seen to be gone), 2 found, 2 submitted, 2 confirmed
        2026-11-21 09:30:04 UTC  request closed: fulfilled (everything found was acted on); its receipt isn't kept yet
        2026-11-21 09:30:05 UTC  request closed: fulfilled (everything found was acted on); its receipt is kept
        ");
    }

    #[test]
    fn watching_ends_with_the_receipt_and_not_before() {
        let (closed, tasks) = fixtures::fulfilled();
        let mut unsigned = closed.clone();
        unsigned.receipt_sha256 = None;
        assert_eq!(snapshot(0, unsigned, tasks.clone()).end(false), None);
        assert_eq!(snapshot(0, closed, tasks).end(false), Some(End::Closed));
    }

    #[test]
    fn watching_waits_for_the_first_call_about_the_ticket_and_no_longer() {
        let (mut closed, tasks) = fixtures::fulfilled();
        let mut end = |answer: &Answer| {
            closed.answer = Some(answer.clone());
            snapshot(20, closed.clone(), tasks.clone()).end(false)
        };
        let due = Answer::due(fixtures::at("09:30:12"));
        assert_eq!(end(&due), None);
        let claimed = due.claimed(fixtures::at("09:31:32"));
        assert_eq!(end(&claimed), None);
        assert_eq!(end(&due.claimed(fixtures::at("09:30:19"))), Some(End::Closed), "the call crashed");
        for over in [
            claimed.sent(fixtures::at("09:30:14")),
            claimed.put_off(&Fault::Unauthorized, fixtures::at("09:30:14")),
            claimed.in_doubt("vendor_timed_out", fixtures::at("09:30:14")),
        ] {
            assert_eq!(end(&over), Some(End::Closed), "{over:?}");
        }
    }

    #[test]
    fn an_unknown_task_ends_it_once_the_others_rest() {
        let (request, mut tasks) = fixtures::unknown();
        assert_eq!(snapshot(0, request.clone(), tasks.clone()).end(false), Some(End::Person));
        assert_eq!(snapshot(0, request.clone(), tasks.clone()).end(true), None);
        insta::assert_snapshot!(closing(&snapshot(0, request.clone(), tasks.clone()), End::Person), @r"
        a person has to go on
          main: answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do: look in the vendor's own console what became of the submission; it is never sent again blindly
          the request stays open and its legal date stands: rightful request show 019aa6e0-5c1f-7000-8000-000000000001
        ");
        tasks.push(fixtures::planned("other"));
        assert_eq!(snapshot(0, request, tasks).end(false), None);
    }

    #[test]
    fn a_decision_that_is_waited_for_ends_it_with_what_to_do() {
        let (request, tasks) = fixtures::awaiting_review();
        let now = snapshot(5, request, tasks);
        assert_eq!(now.end(false), Some(End::Person));
        assert_eq!(now.end(true), None);
        insta::assert_snapshot!(closing(&now, End::Person), @r"
        a person has to go on
          main: awaiting_review: 2 records found, to be decided on
          to do: decide: `rightful request review ID`; `rightful request show ID` shows on what
          the request stays open and its legal date stands: rightful request show 019aa6e0-5c1f-7000-8000-000000000001
        ");
        let (request, tasks) = fixtures::missing_identifier();
        let text = closing(&snapshot(5, request, tasks), End::Person);
        assert!(text.contains("request identify") && text.contains("--leave-out"), "{text}");
    }

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
        let now = snapshot(20, request.clone(), tasks.clone());
        let changes = now.changes(None);
        let change = changes.last().unwrap();
        assert!(
            line(now.at, change).contains("synthetic request closed: dry_run"),
            "{}",
            line(now.at, change)
        );
        assert_eq!(json_of(&now, change)["synthetic"], true);
        assert!(closing(&now, End::Closed).starts_with("synthetic: dry_run"));
        assert!(!closing(&now, End::Person).contains("legal date"));
        assert_eq!(exit_code(&now.request, &now.tasks), OK);
        let mut elsewhere = now.tasks.clone();
        elsewhere[0].outcome = Some(Outcome::NothingFound);
        assert_eq!(exit_code(&now.request, &elsewhere), OTHER_OUTCOME, "one data source knows nobody");
        for outcome in [RequestOutcome::NothingFound, RequestOutcome::Fulfilled, RequestOutcome::Failed] {
            request.outcome = Some(outcome);
            let ended = snapshot(20, request.clone(), tasks.clone());
            assert_eq!(exit_code(&ended.request, &ended.tasks), OTHER_OUTCOME);
        }
    }

    #[test]
    fn a_json_line_names_request_source_and_state() {
        let (request, tasks) = fixtures::fulfilled();
        let now = snapshot(0, request, tasks);
        let line = json_of(&now, &now.changes(None)[0]);
        assert_eq!(line["source_id"], "main");
        assert_eq!(line["outcome"], Outcome::VerifiedErased.as_str());
    }
}
