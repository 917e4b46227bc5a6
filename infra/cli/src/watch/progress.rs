//! The progress of a request: a line for each change, and a few at the end.

use super::snapshot::{Changed, Snapshot, WatchEnd};
use crate::terminal::format::{count, utc};
use crate::words;
use crate::words::codes;
use rightful_domain::base::time::Time;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::request::RequestView;
use rightful_domain::view::task::TaskView;
use serde_json::{Value, json};

/// A change in one line.
pub fn line(at: Time, changed: &Changed<'_>) -> String {
    match changed {
        Changed::Task(task) => format!("{}  {}: {}", utc(at), task.source, task_progress(task)),
        Changed::Request(request) => format!("{}  {}", utc(at), request_progress(request)),
    }
}

fn request_progress(request: &RequestView) -> String {
    let outcome = request.outcome.map_or("", words::request::outcome);
    let receipt = match request.receipt_sha256 {
        Some(_) => "its receipt is kept",
        None => "its receipt isn't kept yet",
    };
    let mut text = format!(
        "{} {}: {} ({outcome}); {receipt}",
        if request.synthetic { "synthetic request" } else { "request" },
        words::name::in_json(request.state),
        words::request::outcome_or_state(request)
    );
    if let Some(answer) = &request.answer {
        text.push_str(&format!("; answer to the ticket: {}", words::ticket::answer(answer)));
    }
    text
}

/// A task in one line: its state, the counts, and what is in its way.
fn task_progress(task: &TaskView) -> String {
    let counts = task.counts;
    let mut text = format!("{} ({})", words::task::outcome_or_state(task), words::task::meaning(task));
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
        text.push_str(&format!(", {} appeared since", task.appeared));
    }
    if let Some(code) = &task.reason {
        text.push_str(&format!("; {code}: {}", codes::what(code)));
    }
    text
}

/// A task in one line that the terminal may cut off: the parts that change come first.
pub fn brief(task: &TaskView) -> String {
    let counts = task.counts;
    let mut text = format!("{:<15}", words::task::outcome_or_state(task));
    if task.decision.is_some() {
        text.push_str(&format!(
            "  {} found, {} submitted, {} confirmed",
            counts.found, counts.submitted, counts.confirmed
        ));
    }
    text.push_str(&match &task.reason {
        Some(code) => format!("  {code}: {}", codes::what(code)),
        None => format!("  ({})", words::task::meaning(task)),
    });
    text
}

/// A change, as `--json` shows it.
pub fn json_line(now: &Snapshot, changed: &Changed<'_>) -> Value {
    match changed {
        Changed::Task(task) => json!({
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
        Changed::Request(request) => json!({
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

/// The lines at the end of watching.
pub fn last_lines(last: &Snapshot, end: WatchEnd) -> String {
    match end {
        WatchEnd::Closed => closed(&last.request),
        WatchEnd::Person => for_a_person(last),
        WatchEnd::TimedOut => timed_out(&last.request),
    }
}

fn closed(request: &RequestView) -> String {
    let mut text = format!(
        "{}{} ({}); the receipt: rightful request receipt {}",
        if request.synthetic { "synthetic: " } else { "" },
        words::request::outcome_or_state(request),
        request.outcome.map_or("", words::request::outcome),
        request.id
    );
    if let Some(answer) = &request.answer {
        text.push_str(&format!("\n  answer to the ticket: {}", words::ticket::answer(answer)));
    }
    text
}

fn for_a_person(last: &Snapshot) -> String {
    let request = &last.request;
    let mut text = String::from("a person has to act");
    for task in last.tasks.iter().filter(|task| task.is_persons()) {
        let code = task.reason.as_deref().unwrap_or(task.state.as_str());
        let what = match task.state {
            TaskState::AwaitingReview if !task.needs.missing => {
                format!("{} found, to be decided on", count(task.counts.found, "record", "records"))
            }
            _ => codes::what(code).to_owned(),
        };
        let todo = codes::todo(task, code);
        text.push_str(&format!("\n  {}: {code}: {what}\n  to do: {todo}", task.source));
    }
    let date = if request.synthetic { "" } else { ", and its legal date stays" };
    text.push_str(&format!("\n  the request stays open{date}: rightful request show {}", request.id));
    text
}

fn timed_out(request: &RequestView) -> String {
    let state = match request.state {
        RequestState::Open => "still open",
        RequestState::Closed if request.receipt_sha256.is_some() => {
            "closed, and its ticket isn't answered yet"
        }
        RequestState::Closed => "closed, and its receipt isn't kept yet",
    };
    format!("{state}; keep watching with: rightful request watch {}", request.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::model::task::Outcome;

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
        let mut all = vec![Snapshot::at_second(0, open.clone(), vec![task.clone()])];
        task.reason = Some("vendor_throttled".to_owned());
        all.push(Snapshot::at_second(1, open.clone(), vec![task.clone()]));
        task.next_due = Some(Time::parse("2026-11-21T10:00:00Z").unwrap());
        all.push(Snapshot::at_second(2, open.clone(), vec![task.clone()]));
        let mut going = done[0].clone();
        going.state = TaskState::Verifying;
        going.outcome = None;
        going.looks = 1;
        going.left = 2;
        going.reason = Some("still_present".to_owned());
        all.push(Snapshot::at_second(3, open, vec![going]));
        let mut unsigned = closed.clone();
        unsigned.receipt_sha256 = None;
        all.push(Snapshot::at_second(4, unsigned, done.clone()));
        all.push(Snapshot::at_second(5, closed, done));
        insta::assert_snapshot!(told(&all), @r"
        2026-11-21 09:30:00 UTC  main: planned (not searched yet)
        2026-11-21 09:30:01 UTC  main: planned (it can't be searched now, and is tried again automatically); vendor_throttled: the vendor asks us to slow down (429)
        2026-11-21 09:30:03 UTC  main: verifying (the vendor says it is done; we look again), 2 found, 2 submitted, 2 confirmed, look 1 still found 2; still_present: the vendor says it is done, yet submitted records are still found
        2026-11-21 09:30:04 UTC  main: verified_erased (erased, and a look found nothing more), 2 found, 2 submitted, 2 confirmed
        2026-11-21 09:30:04 UTC  request closed: fulfilled (everything that was found was acted on); its receipt isn't kept yet
        2026-11-21 09:30:05 UTC  request closed: fulfilled (everything that was found was acted on); its receipt is kept
        ");
    }

    #[test]
    fn an_unknown_task_ends_it_once_the_others_rest() {
        let (request, mut tasks) = fixtures::unknown();
        assert_eq!(Snapshot::at_second(0, request.clone(), tasks.clone()).end(false), Some(WatchEnd::Person));
        assert_eq!(Snapshot::at_second(0, request.clone(), tasks.clone()).end(true), None);
        insta::assert_snapshot!(last_lines(&Snapshot::at_second(0, request.clone(), tasks.clone()), WatchEnd::Person), @r"
        a person has to act
          main: answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do: look in the vendor's own console what became of the submission; it is never repeated blindly
          the request stays open, and its legal date stays: rightful request show 019aa6e0-5c1f-7000-8000-000000000001
        ");
        tasks.push(fixtures::planned("other"));
        assert_eq!(Snapshot::at_second(0, request, tasks).end(false), None);
    }

    #[test]
    fn a_decision_that_is_waited_for_ends_it_with_what_to_do() {
        let (request, tasks) = fixtures::awaiting_review();
        let now = Snapshot::at_second(5, request, tasks);
        assert_eq!(now.end(false), Some(WatchEnd::Person));
        assert_eq!(now.end(true), None);
        insta::assert_snapshot!(last_lines(&now, WatchEnd::Person), @r"
        a person has to act
          main: awaiting_review: 2 records found, to be decided on
          to do: decide: `rightful request review ID`; `rightful request show ID` shows on what
          the request stays open, and its legal date stays: rightful request show 019aa6e0-5c1f-7000-8000-000000000001
        ");
        let (request, tasks) = fixtures::missing_identifier();
        let text = last_lines(&Snapshot::at_second(5, request, tasks), WatchEnd::Person);
        assert!(text.contains("request identify") && text.contains("--leave-out"), "{text}");
    }

    #[test]
    fn a_json_line_names_request_source_and_state() {
        let (request, tasks) = fixtures::fulfilled();
        let now = Snapshot::at_second(0, request, tasks);
        let line = json_line(&now, &now.changes(None)[0]);
        assert_eq!(line["source_id"], "main");
        assert_eq!(line["outcome"], Outcome::VerifiedErased.as_str());
    }
}
