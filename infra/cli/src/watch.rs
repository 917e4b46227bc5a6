//! `rightful request watch`: a request's progress, as it is stored. On a terminal a line for each
//! data source that moves; without one, a line for each change; with `--json`, a JSON line for each.

use crate::args::Watching;
use crate::bars::Bars;
use crate::codes::{todo, told_failure, words as code_words};
use crate::deployment::Deployment;
use crate::output::{OK, OPEN, OTHER_OUTCOME, Out, utc};
use crate::{request, words};
use anyhow::Result;
use rightful_aws::{Store, SystemClock};
use rightful_domain::failure::{Failure, Kind};
use rightful_domain::ids::RequestId;
use rightful_domain::owner::is_persons;
use rightful_domain::ports::{Clock as _, Reads as _};
use rightful_domain::request::{Request, RequestOutcome, RequestState};
use rightful_domain::task::{Task, TaskState};
use rightful_domain::ticket::AnswerState;
use rightful_domain::time::Time;
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use std::time::Duration;

const LOCAL_PAUSE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(2);
/// How often in a row the store may fail before watching ends.
const FAILURES: u32 = 10;

/// A request as it was stored at one moment.
#[derive(Debug, Clone)]
struct Snapshot {
    at: Time,
    request: Request,
    tasks: Vec<Task>,
}

/// What changed between two moments.
#[derive(Debug, Clone)]
enum Change<'a> {
    Task(&'a Task),
    Request(&'a Request),
}

/// Why watching ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Unknown,
    TimedOut,
}

impl Snapshot {
    async fn read(store: &Store, id: RequestId) -> Result<Option<Self>, Failure> {
        let Some(request) = store.request(id).await? else { return Ok(None) };
        let tasks = store.tasks(id).await?;
        Ok(Some(Self { at: SystemClock.now(), request, tasks }))
    }

    /// What is new since `before`; everything, if there was no before.
    fn changes(&self, before: Option<&Snapshot>) -> Vec<Change<'_>> {
        let task = |task: &&Task| {
            let known = before.and_then(|old| old.tasks.iter().find(|old| old.source == task.source));
            known.is_none_or(|old| seen(old) != seen(task))
        };
        let mut changes: Vec<Change<'_>> = self.tasks.iter().filter(task).map(Change::Task).collect();
        let answer =
            |request: &Request| request.answer.as_ref().map(|answer| (answer.state, answer.reason.clone()));
        let seen = |request: &Request| (request.state, request.receipt_sha256.clone(), answer(request));
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
        let rests = |task: &Task| is_persons(task) || task.state == TaskState::Settled;
        let unknown = self.tasks.iter().any(is_persons);
        (unknown && !until_closed && self.tasks.iter().all(rests)).then_some(End::Unknown)
    }
}

/// What of a task is worth a line when it changes.
fn seen(task: &Task) -> impl PartialEq {
    (task.state, task.outcome, task.counts, task.reason.clone(), task.looks, task.appeared)
}

/// Follows a request to its end; the exit code says which.
pub async fn watch(out: Out, deployment: &Deployment, id: RequestId, watching: Watching) -> Result<u8> {
    let store = deployment.store();
    request::load(&store, id).await?;
    let pause = if deployment.stack.is_local() { LOCAL_PAUSE } else { PAUSE };
    let live = !out.json && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let mut bars = live.then(Bars::new);
    let begun = SystemClock.now();
    let mut before: Option<Snapshot> = None;
    let mut failures = 0;
    let end = loop {
        match Snapshot::read(&store, id).await {
            Ok(Some(now)) => {
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
            Ok(None) => return request::load(&store, id).await.map(|_| OPEN),
            Err(failure) if failure.kind == Kind::Transient && failures < FAILURES => failures += 1,
            Err(failure) => return Err(told_failure(failure)),
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
            "ended": match end { End::Closed => "closed", End::Unknown => "unknown", End::TimedOut => "timed_out" },
            "state": last.request.state,
            "outcome": last.request.outcome,
        }))?;
    } else {
        out.line(closing(&last, end))?;
    }
    Ok(if end == End::Closed { exit_code(&last.request) } else { OPEN })
}

/// What a watched request ends the command with.
fn exit_code(request: &Request) -> u8 {
    match (request.state, request.outcome) {
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
                "{}  request {}: {} ({outcome}); {receipt}",
                utc(at),
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
pub fn brief(task: &Task) -> String {
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
fn progress(task: &Task) -> String {
    let counts = task.counts;
    let mut text = format!("{} ({})", words::of_task(task), words::about_task(task));
    if task.decision.is_some() {
        text.push_str(&format!(
            ", {} found, {} submitted, {} confirmed",
            counts.found, counts.submitted, counts.confirmed
        ));
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
            "request_id": task.request,
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
                "{} ({}); the receipt: rightful request receipt {id}",
                words::of_request(request),
                request.outcome.map_or("", words::request_outcome),
            );
            if let Some(answer) = &request.answer {
                text.push_str(&format!("\n  answer to the ticket: {}", words::answer(answer)));
            }
            text
        }
        End::Unknown => {
            let mut text = String::from("unknown (nobody can tell yet; a person has to look)");
            for task in last.tasks.iter().filter(|task| is_persons(task)) {
                let code = task.reason.as_deref().unwrap_or("unknown");
                text.push_str(&format!(
                    "\n  {}: {code}: {}\n  to do: {}",
                    task.source,
                    code_words(code).what,
                    todo(task, code)
                ));
            }
            text.push_str("\n  the request stays open and its legal date stands: rightful request show ");
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
    use rightful_domain::task::Outcome;
    use rightful_domain::ticket::Answer;
    use rightful_domain::vendor::Fault;

    fn snapshot(second: u32, request: Request, tasks: Vec<Task>) -> Snapshot {
        Snapshot { at: Time::parse(&format!("2026-11-21T09:30:{second:02}Z")).unwrap(), request, tasks }
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
        2026-11-21 09:30:01 UTC  main: planned (not searched yet); vendor_throttled: the vendor asks us to slow down (429)
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
        assert_eq!(snapshot(0, request.clone(), tasks.clone()).end(false), Some(End::Unknown));
        assert_eq!(snapshot(0, request.clone(), tasks.clone()).end(true), None);
        insta::assert_snapshot!(closing(&snapshot(0, request.clone(), tasks.clone()), End::Unknown), @r"
        unknown (nobody can tell yet; a person has to look)
          main: answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do: look in the vendor's own console what became of the submission; it is never sent again blindly
          the request stays open and its legal date stands: rightful request show 019aa6e0-5c1f-7000-8000-000000000001
        ");
        tasks.push(fixtures::planned("other"));
        assert_eq!(snapshot(0, request, tasks).end(false), None);
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
        ] {
            request.outcome = Some(outcome);
            assert_eq!(exit_code(&request), code, "{outcome:?}");
        }
        assert_eq!(exit_code(&fixtures::unknown().0), OPEN);
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
