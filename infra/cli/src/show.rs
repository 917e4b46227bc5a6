//! `rightful request show`: everything that is stored about a request but the person: what the
//! vendor claims and what we saw ourselves stand apart.

use crate::codes::{ticket_words, todo, told_failure, words as code_words};
use crate::deployment::Deployment;
use crate::output::{FAILED, OK, Out, count, due_in, utc, utc_or};
use crate::request::{load, right};
use crate::words;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::escalation::{self, Level};
use rightful_domain::event::{ChainError, Fact, Head, read_chain};
use rightful_domain::ids::{Reference, RequestId};
use rightful_domain::owner;
use rightful_domain::ports::{Clock as _, Reads as _};
use rightful_domain::request::{Request, RequestState};
use rightful_domain::task::{Rule, Task, TaskState};
use rightful_domain::time::Time;
use serde_json::{Value, json};

type Chain = Result<(Head, Vec<(Time, Fact)>), ChainError>;

/// Shows a request; with its events, a chain that doesn't hold together is a failure.
pub async fn show(out: Out, deployment: &Deployment, id: RequestId, events: bool) -> Result<u8> {
    let store = deployment.store();
    let request = load(&store, id).await?;
    let mut tasks = Vec::new();
    for task in store.tasks(request.id).await.map_err(told_failure)? {
        let rules = store.rules(request.id, &task.source).await.map_err(told_failure)?;
        tasks.push((task, rules));
    }
    let chain = match events {
        true => {
            let bytes = store.events(request.id).await.map_err(told_failure)?;
            Some((bytes.len(), read_chain(request.id, &bytes)))
        }
        false => None,
    };
    let at = At { now: SystemClock.now(), grace_seconds: deployment.stack.grace_seconds() };
    if out.json {
        out.value(&json_of(&request, &tasks, chain.as_ref(), at)?)?;
    } else {
        out.line(text_of(&request, &tasks, at))?;
        if let Some((length, chain)) = &chain {
            out.line(events_of(*length, chain))?;
        }
    }
    Ok(if chain.is_some_and(|(_, chain)| chain.is_err()) { FAILED } else { OK })
}

/// When it is shown, and how long the deployment leaves a row to its workflow.
#[derive(Clone, Copy)]
struct At {
    now: Time,
    grace_seconds: u64,
}

fn text_of(request: &Request, tasks: &[(Task, Vec<Rule>)], at: At) -> String {
    let now = at.now;
    let only_tasks: Vec<Task> = tasks.iter().map(|(task, _)| task.clone()).collect();
    let mut lines = vec![format!("request {}", request.id)];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    row("right", right(request));
    row("state", words::word(request.state));
    if let Some(outcome) = request.outcome {
        row("outcome", format!("{} ({})", outcome.as_str(), words::request_outcome(outcome)));
    }
    row("received", format!("{}, from {}", utc(request.received_at), request.origin));
    let due = match request.state {
        RequestState::Open => format!(" ({})", due_in(now, request.due_at)),
        RequestState::Closed => String::new(),
    };
    row("legal date", format!("{}{due}", utc(request.due_at)));
    if let Some(extension) = &request.extension {
        row("extended", words::extension(extension));
    }
    if let Some(held) = owner::of_request(request, &only_tasks, now, at.grace_seconds) {
        row("held by", words::held(held));
    }
    let escalation = escalation::of(request, &only_tasks, now);
    if escalation.level > Level::None {
        row("escalation", format!("{} ({})", escalation.level.as_str(), words::level(escalation.level)));
        for role in &escalation.who {
            row("must act", format!("{} ({})", role.as_str(), words::role(*role)));
        }
        row("because", format!("{}: {}", escalation.reason, code_words(&escalation.reason).what));
    }
    row("ticket", request.reference.as_ref().map_or("-", Reference::as_str).to_owned());
    let kinds: Vec<&str> = request.identifier_kinds.iter().map(|kind| kind.as_str()).collect();
    row("identified", format!("by {}", kinds.join(", ")));
    row("policy", request.policy.as_str().to_owned());
    row("attempt", request.attempt.to_string());
    if let Some(closed) = request.closed_at {
        row("closed", utc(closed));
        row(
            "receipt",
            request
                .receipt_sha256
                .as_ref()
                .map_or_else(|| "not kept yet".to_owned(), |sha256| format!("SHA-256 {sha256}")),
        );
        row(
            "person",
            match (request.forgotten_at, request.forget_at) {
                (Some(at), _) => format!("forgotten at {}", utc(at)),
                (None, at) => format!("to be forgotten at {}", utc_or(at, "an unknown time")),
            },
        );
    }
    if let Some(answer) = &request.answer {
        row("answer", words::answer(answer));
        if let Some(code) = &answer.reason {
            row("to do", ticket_words(code).1.to_owned());
        }
    }
    if let Some(next) = request.next_due {
        row("next look", format!("{} by the reconciliation, if nothing moves it before", utc(next)));
    }
    for (task, rules) in tasks {
        lines.extend(task_lines(request, task, rules, at));
    }
    lines.join("\n")
}

fn task_lines(request: &Request, task: &Task, rules: &[Rule], at: At) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("{} ({})", task.source, task.connector),
        format!("  {} ({})", words::of_task(task), words::about_task(task)),
    ];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    let codes = [&task.reason, &task.gave_up].into_iter().flatten();
    for code in codes {
        row("why", format!("{code}: {}", code_words(code).what));
        row("to do", todo(task, code).to_owned());
    }
    if let Some(held) = owner::of_task(request, task, at.now, at.grace_seconds) {
        row("held by", words::held(held));
    }
    row("searched", utc_or(task.searched_at, "not yet"));
    if let Some(decision) = &task.decision {
        let counts = task.counts;
        row(
            "records",
            format!("{} found, {} submitted, {} confirmed", counts.found, counts.submitted, counts.confirmed),
        );
        row("decided", format!("by {} at {}", decision.by, utc(decision.at)));
        row("", format!("on exactly the records of digest {}", decision.records.mac));
    }
    if task.decision.is_some() {
        row(
            "vendor says",
            match task.claim {
                Some(claim) => format!(
                    "{}: it {} (seen at {})",
                    words::word(claim),
                    words::claim(claim),
                    utc_or(task.finished_at, "an unknown time")
                ),
                None => "nothing yet".to_owned(),
            },
        );
        row("we saw", verified(task));
    }
    if task.appeared > 0 {
        row(
            "anew",
            format!(
                "{} appeared that no decision covers; not erased: make a new request for them",
                count(task.appeared, "record", "records")
            ),
        );
    }
    for rule in rules {
        row("rule", words::of_rule(rule));
        if let Some(code) = &rule.reason {
            row("", format!("{code}: {}", code_words(code).what));
        }
    }
    if let (Some(next), false) = (task.next_due, task.state == TaskState::Settled) {
        row("next look", utc(next));
    }
    lines
}

fn verified(task: &Task) -> String {
    match (task.verified_at, task.looks) {
        (Some(at), 0) => format!("none of the submitted records at {}", utc(at)),
        (Some(at), looks) => format!(
            "none of the submitted records at {}, after {} that still found some",
            utc(at),
            count(looks, "look", "looks")
        ),
        (None, 0) => "nothing yet: not verified".to_owned(),
        (None, looks) => format!(
            "{} of the submitted records, in the last of {}: not verified",
            task.left,
            count(looks, "look", "looks")
        ),
    }
}

fn events_of(length: usize, chain: &Chain) -> String {
    let mut lines = vec![String::new()];
    match chain {
        Ok((head, facts)) => {
            lines.push(format!("events: {length}, each bound to the one before it; last hash {}", head.hash));
            let width = facts.len().to_string().len();
            for (number, (at, fact)) in (1..).zip(facts) {
                lines.push(format!("  {number:>width$}  {}  {}", utc(*at), words::fact(fact)));
            }
        }
        Err(error) => {
            lines.push(format!("events: {length}, and they don't hold together: {error}"));
            lines.push("  to do: compare with a backup, and find out who can write to the table".to_owned());
        }
    }
    lines.join("\n")
}

fn json_of(
    request: &Request,
    tasks: &[(Task, Vec<Rule>)],
    chain: Option<&(usize, Chain)>,
    at: At,
) -> Result<Value> {
    let only_tasks: Vec<Task> = tasks.iter().map(|(task, _)| task.clone()).collect();
    let mut shown = serde_json::to_value(request)?;
    if let Some(shown) = shown.as_object_mut() {
        // Sealed or keyed, yet it is the person.
        shown.remove("identifiers");
        shown.remove("subject");
    }
    if let Some(code) = request.answer.as_ref().and_then(|answer| answer.reason.as_ref()) {
        let (what, todo) = ticket_words(code);
        shown["answer"]["reason_words"] = json!({"what": what, "to_do": todo});
    }
    let mut all = Vec::new();
    for (task, rules) in tasks {
        let mut shown = serde_json::to_value(task)?;
        shown["rules"] = serde_json::to_value(rules)?;
        shown["held"] = serde_json::to_value(owner::of_task(request, task, at.now, at.grace_seconds))?;
        if let Some(code) = &task.reason {
            shown["reason_words"] = json!({"what": code_words(code).what, "to_do": todo(task, code)});
        }
        all.push(shown);
    }
    let mut answer = json!({
        "request": shown,
        "tasks": all,
        "held": owner::of_request(request, &only_tasks, at.now, at.grace_seconds),
        "escalation": escalation::of(request, &only_tasks, at.now),
    });
    match chain {
        Some((_, Ok((head, facts)))) => {
            let facts: Vec<Value> = facts.iter().map(|(at, fact)| json!({"at": at, "fact": fact})).collect();
            answer["events"] = json!({"verified": true, "head": head, "all": facts});
        }
        Some((length, Err(error))) => {
            answer["events"] =
                json!({"verified": false, "count": length, "first_wrong": error.at, "why": error.why});
        }
        None => {}
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::event::write;
    use rightful_domain::request::{Extension, Ground};
    use rightful_domain::ticket::{Answer, AnswerState};
    use rightful_domain::vendor::Fault;

    #[test]
    fn a_fulfilled_request_is_shown_with_claim_and_verification_apart() {
        let (request, tasks) = fixtures::fulfilled();
        let tasks = vec![(tasks[0].clone(), vec![fixtures::rule()])];
        insta::assert_snapshot!(text_of(&request, &tasks, shown_at(fixtures::at("09:31:00"))), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        closed
          outcome      fulfilled (everything found was acted on)
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       forgotten at 2026-11-21 09:30:12 UTC

        main (qualifio)
          verified_erased (erased, and seen to be gone)
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  anonymised: it says that it anonymised them (seen at 2026-11-21 09:30:06 UTC)
          we saw       none of the submitted records at 2026-11-21 09:30:11 UTC
          rule         batch 0: finished (the vendor says it is done), 2 of 2 confirmed, rule 6570f0a1
        ");
    }

    #[test]
    fn an_unknown_task_says_why_and_what_to_do() {
        let (request, tasks) = fixtures::unknown();
        insta::assert_snapshot!(text_of(
            &request,
            &[(tasks[0].clone(), Vec::new())],
            shown_at(fixtures::at("09:31:00"))
        ), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        open
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC (in 29 days)
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto
          attempt      1
          next look    2026-11-21 09:32:00 UTC by the reconciliation, if nothing moves it before

        main (qualifio)
          unknown (nobody can tell yet whether the vendor did it: a person has to look)
          why          answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do        look in the vendor's own console what became of the submission; it is never sent again blindly
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 0 submitted, 0 confirmed
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  nothing yet
          we saw       nothing yet: not verified
          next look    2026-11-21 09:32:00 UTC
        ");
    }

    #[test]
    fn the_answer_to_the_ticket_says_how_it_stands() {
        let (mut request, _) = fixtures::fulfilled();
        let shown = |request: &Request| {
            let text = text_of(request, &[], shown_at(fixtures::at("09:31:00")));
            let lines = text.lines().skip_while(|line| !line.contains("  answer  "));
            lines.map(str::trim).collect::<Vec<_>>().join("\n")
        };
        let due = Answer::due(fixtures::at("09:30:12")).claimed(fixtures::at("09:31:32"));
        request.answer = Some(due.put_off(&Fault::Unauthorized, fixtures::at("09:30:13")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       due (it certainly isn't on the ticket yet, and is tried again by itself); next try 2026-11-21 09:30:18 UTC; credentials_rejected: the ticketing system doesn't accept the token
        to do        put the set-up right with `rightful ticketing set`; it is tried again by itself
        ");
        let json = json_of(&request, &[], None, shown_at(fixtures::at("09:31:00"))).unwrap();
        assert_eq!(json["request"]["answer"]["state"], "due");
        assert!(json["request"]["answer"]["reason_words"]["to_do"].is_string());
        request.answer = Some(due.sent(fixtures::at("09:30:14")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       sent (it is on the ticket) since 2026-11-21 09:30:14 UTC
        ");
        request.answer = Some(due.given_up(AnswerState::NotSetUp, "ticketing_not_set_up"));
        insta::assert_snapshot!(shown(&request), @r"
        answer       not_set_up (no ticketing system is set up; nobody tries); ticketing_not_set_up: no ticketing system is set up, so the ticket is not answered
        to do        set it up with `rightful ticketing set` for later requests, and answer this ticket by hand
        ");
    }

    #[test]
    fn json_shows_nothing_of_the_person() {
        let (request, tasks) = fixtures::unknown();
        let at = shown_at(fixtures::at("09:31:00"));
        let shown = json_of(&request, &[(tasks[0].clone(), Vec::new())], None, at).unwrap();
        assert!(shown["request"].get("subject").is_none() && shown["request"].get("identifiers").is_none());
        assert_eq!(shown["request"]["identifier_kinds"][0], "email");
        assert!(shown["tasks"][0]["reason_words"]["to_do"].is_string());
        assert_eq!(shown["held"], json!({"owner": "person", "by": "2026-12-21T09:30:00.000Z"}));
        assert_eq!(shown["tasks"][0]["held"], shown["held"]);
        assert_eq!(shown["escalation"]["level"], "none");
    }

    #[test]
    fn a_request_near_its_legal_date_names_who_must_act_and_why() {
        let (mut request, mut tasks) = fixtures::unknown();
        request.extension = Some(Extension {
            months: 1,
            ground: Ground::Complexity,
            by: "operator".to_owned(),
            at: fixtures::at("10:00:00"),
        });
        request.due_at = request.received_at.calendar_months_later(2);
        let shown = |request: &Request, task: &Task, at| {
            let text = text_of(request, &[(task.clone(), Vec::new())], shown_at(at));
            let wanted = ["legal", "extended", "held", "escalation", "must", "because"];
            let lines: Vec<&str> = text
                .lines()
                .map(str::trim_start)
                .take_while(|line| !line.starts_with("ticket"))
                .filter(|line| wanted.iter().any(|word| line.starts_with(word)))
                .collect();
            lines.join("\n")
        };
        insta::assert_snapshot!(shown(&request, &tasks[0], request.due_at.minus_seconds(3600)), @r"
        legal date   2027-01-21 09:30:00 UTC (today)
        extended     by 1 month, complexity (the request is complex), by operator at 2026-11-21 10:00:00 UTC
        held by      person (only a person can move it), by 2027-01-21 09:30:00 UTC
        escalation   pressing (the legal date is three days away or less)
        must act     platform_engineer (mends what stands in the way)
        because      answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
        ");
        tasks[0].state = TaskState::Submitted;
        tasks[0].reason = None;
        let at_risk = shown(&request, &tasks[0], request.due_at.minus_seconds(6 * 24 * 3600));
        assert!(at_risk.contains("must act     privacy_officer (decides, extends"), "{at_risk}");
        assert!(at_risk.contains("escalation   at_risk") && at_risk.contains("because      vendor_at_work"));
        let overdue = shown(&request, &tasks[0], request.due_at);
        assert_eq!(overdue.matches("must act").count(), 2, "{overdue}");
    }

    fn shown_at(now: Time) -> At {
        At { now, grace_seconds: 120 }
    }

    #[test]
    fn a_broken_chain_of_events_is_named() {
        let (request, _) = fixtures::open();
        let first =
            write(&Head::start(), request.id, fixtures::at("09:30:00"), &Fact::AttemptBegun { attempt: 1 })
                .unwrap();
        let second = write(&first.head, request.id, fixtures::at("09:30:01"), &Fact::Forgotten).unwrap();
        let whole = read_chain(request.id, &[first.bytes, second.bytes.clone()]);
        insta::assert_snapshot!(events_of(2, &whole), @r"

        events: 2, each bound to the one before it; last hash 273db3574e37993ed5fff89470ccd8cf47169dc1adedae5dea5573a23259680d
          1  2026-11-21 09:30:00 UTC  attempt_begun: workflow attempt 1
          2  2026-11-21 09:30:01 UTC  forgotten: the person's data key is gone
        ");
        let broken = events_of(1, &read_chain(request.id, &[second.bytes]));
        assert!(broken.contains("don't hold together") && broken.contains("event 1"), "{broken}");
    }
}
