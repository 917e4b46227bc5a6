//! A request with its tasks: everything that is stored about it except the person.

use super::task;
use crate::terminal::format::{count, due_in, utc, utc_or};
use crate::terminal::rows::LabelledRows;
use crate::words;
use crate::words::codes;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::time::Time;
use rightful_domain::duty::acts::May;
use rightful_domain::law::level::Level;
use rightful_domain::model::request::RequestState;
use rightful_domain::view::request::{RequestDetail, RequestView};
use serde_json::{Value, json};

/// The request, then each of its tasks.
pub fn text(detail: &RequestDetail, now: Time) -> String {
    let request = &detail.request;
    let mut rows = LabelledRows::new(format!("request {}", request.id));
    rows.row("right", words::request::right(request));
    if request.synthetic {
        rows.row("synthetic", words::request::SYNTHETIC);
    }
    rows.row("state", words::name::in_json(request.state));
    if let Some(outcome) = request.outcome {
        rows.row("outcome", format!("{} ({})", outcome.as_str(), words::request::outcome(outcome)));
    }
    if let Some(repeats) = request.repeats {
        rows.row("came again", words::request::repeats(repeats));
    }
    add_dates(&mut rows, request, now);
    add_escalation(&mut rows, request);
    rows.row("ticket", request.reference.as_ref().map_or("-", Reference::as_str));
    rows.row("identified", format!("by {}", words::identifier::kinds(&request.identifier_kinds)));
    if !request.not_asked.is_empty() {
        let all: Vec<&str> = request.not_asked.iter().map(|source| source.as_str()).collect();
        rows.row("not asked", format!("{} (disabled, or the request named others)", all.join(", ")));
    }
    let own = if request.synthetic { "" } else { "; a data source may set its own" };
    rows.row("policy", format!("{}{own}", words::policy::policy(request.policy)));
    rows.row("attempt", request.attempt);
    if request.reopened > 0 {
        rows.row("reopened", count(request.reopened, "time", "times"));
    }
    add_closing(&mut rows, request);
    if let Some(next) = request.next_due {
        rows.row("next look", format!("{} by the reconciliation, if nothing moves it on before", utc(next)));
    }
    for command in commands(detail) {
        rows.row("you may", command);
    }
    for task in &detail.tasks {
        rows.line("");
        rows.line(task::text(detail, task));
    }
    rows.text()
}

fn add_dates(rows: &mut LabelledRows, request: &RequestView, now: Time) {
    rows.row("received", format!("{}, from {}", utc(request.received_at), request.origin));
    if request.arrived_at != request.received_at {
        rows.row("arrived", words::request::arrived(request.received_at, request.arrived_at));
    }
    let due = match request.state {
        RequestState::Open => format!(" ({})", due_in(now, request.due_at)),
        RequestState::Closed => String::new(),
    };
    if !request.synthetic {
        let date = words::request::legal_date(&request.legal_zone, request.due_at);
        rows.row("legal date", format!("{date}{due}"));
    }
    if let Some(extension) = &request.extension {
        rows.row("extended", words::request::extension(extension));
    }
}

fn add_escalation(rows: &mut LabelledRows, request: &RequestView) {
    if let Some(held) = request.held {
        rows.row("held by", words::owner::held(held));
    }
    let escalation = &request.escalation;
    if escalation.level > Level::None {
        let level = escalation.level;
        rows.row("escalation", format!("{} ({})", level.as_str(), words::owner::level(level)));
        for role in &escalation.who {
            rows.row("must act", format!("{} ({})", role.as_str(), words::owner::role(*role)));
        }
        rows.row("because", format!("{}: {}", escalation.reason, codes::what(&escalation.reason)));
    }
}

/// The closing, and what is left after it: the receipt, the person, the copy, the answer to the ticket.
fn add_closing(rows: &mut LabelledRows, request: &RequestView) {
    if let Some(closed) = request.closed_at {
        rows.row("closed", utc(closed));
        rows.row(
            "receipt",
            request
                .receipt_sha256
                .as_ref()
                .map_or_else(|| "not kept yet".to_owned(), |sha256| format!("SHA-256 {sha256}")),
        );
        rows.row(
            "person",
            match (request.forgotten_at, request.forget_at) {
                (Some(at), _) => format!("forgotten at {}", utc(at)),
                (None, at) => format!("to be forgotten at {}", utc_or(at, "an unknown time")),
            },
        );
    }
    if let Some(copy) = &request.copy {
        rows.row("copy", words::request::copy(copy));
    }
    if let Some(answer) = &request.answer {
        rows.row("answer", words::ticket::answer(answer));
        if let Some(code) = &answer.reason {
            rows.row("to do", codes::ticket_words(code).1);
        }
    }
}

/// The commands that may be given now for the request as a whole.
fn commands(detail: &RequestDetail) -> Vec<String> {
    let id = detail.request.id;
    let command = |may: &May| match may {
        May::Cancel => Some(format!("rightful request cancel {id}")),
        May::Extend => Some(format!("rightful request extend {id} --months 1 --ground complexity")),
        May::Reopen => Some(format!("rightful request reopen {id}")),
        May::Copy => Some(format!("rightful request copy {id} -o FILE")),
        May::Receipt => Some(format!("rightful request receipt {id}")),
        May::Identifiers => Some(format!("rightful request identifiers {id}")),
        May::Reasons => Some(format!("rightful request reasons {id}")),
        May::Identify
        | May::Records
        | May::Compare
        | May::Proceed
        | May::Refuse
        | May::LeaveOut
        | May::Run
        | May::State => None,
    };
    detail.may.iter().filter_map(command).collect()
}

/// The request as the API shows it, with the codes in words.
pub fn json(detail: &RequestDetail) -> serde_json::Result<Value> {
    let mut shown = serde_json::to_value(detail)?;
    if let Some(code) = detail.request.answer.as_ref().and_then(|answer| answer.reason.as_ref()) {
        let (what, todo) = codes::ticket_words(code);
        shown["request"]["answer"]["reason_words"] = json!({"what": what, "to_do": todo});
    }
    for (index, task) in detail.tasks.iter().enumerate() {
        if let Some(code) = &task.reason {
            shown["tasks"][index]["reason_words"] =
                json!({"what": codes::what(code), "to_do": codes::todo(task, code)});
        }
    }
    // Both are repeated at the top, where they are easy to find.
    shown["held"] = shown["request"]["held"].clone();
    shown["escalation"] = shown["request"]["escalation"].clone();
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::code::Code;
    use rightful_domain::law::extension::Extension;
    use rightful_domain::law::ground::Ground;
    use rightful_domain::law::right::Right;
    use rightful_domain::model::answer::{AnswerState, TicketAnswer};
    use rightful_domain::model::package::Package;
    use rightful_domain::model::request::{Request, RequestOutcome};
    use rightful_domain::model::task::{Outcome, Task, TaskState};
    use rightful_domain::vendor::fault::Fault;

    fn whole(request: &Request, tasks: &[Task]) -> String {
        text(&fixtures::detail(request, tasks, "09:31:00"), fixtures::at("09:31:00"))
    }

    #[test]
    fn a_fulfilled_request_is_shown_with_claim_and_verification_apart() {
        let (request, tasks) = fixtures::fulfilled();
        let tasks = vec![(tasks[0].clone(), vec![fixtures::rule()])];
        let detail = fixtures::detail_with(&request, &tasks, fixtures::at("09:31:00"));
        insta::assert_snapshot!(text(&detail, fixtures::at("09:31:00")), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        closed
          outcome      fulfilled (everything that was found was acted on)
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides); a data source may set its own
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       forgotten at 2026-11-21 09:30:12 UTC
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          verified_erased (erased, and a look found nothing more)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  anonymised: it says that it anonymised them (seen at 2026-11-21 09:30:06 UTC)
          we saw       no record of the person at 2026-11-21 09:30:11 UTC, with control: the search found the control's record in the same minutes
          rule         batch 0: finished (the vendor says it is done), 2 of 2 confirmed, rule 6570f0a1
        ");
    }

    #[test]
    fn an_unknown_task_says_why_and_what_to_do() {
        let (request, tasks) = fixtures::unknown();
        insta::assert_snapshot!(whole(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        open
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC (in 29 days)
          held by      person (only a person can move it on), due by 2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides); a data source may set its own
          attempt      1
          next look    2026-11-21 09:32:00 UTC by the reconciliation, if nothing moves it on before
          you may      rightful request identifiers 019aa6e0-5c1f-7000-8000-000000000001
          you may      rightful request extend 019aa6e0-5c1f-7000-8000-000000000001 --months 1 --ground complexity

        main (qualifio)
          unknown (it is not known whether the vendor did it: a person has to find out)
          why          answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do        look in the vendor's own console what became of the submission; it is never repeated blindly
          held by      person (only a person can move it on), due by 2026-12-21 09:30:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 0 submitted, 0 confirmed
          policy       auto (the policy decides)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  nothing yet
          we saw       nothing yet: not verified
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
          you may      rightful request state 019aa6e0-5c1f-7000-8000-000000000001 --source main --erased|--failed --reason TEXT
        ");
    }

    #[test]
    fn the_answer_to_the_ticket_says_how_it_stands() {
        let (mut request, _) = fixtures::fulfilled();
        let shown = |request: &Request| {
            let text = whole(request, &[]);
            let lines = text.lines().skip_while(|line| !line.contains("  answer  "));
            let lines = lines.take_while(|line| !line.contains("you may"));
            lines.map(str::trim).collect::<Vec<_>>().join("\n")
        };
        let due = TicketAnswer::due(fixtures::at("09:30:12")).claimed(fixtures::at("09:31:32"));
        request.answer = Some(due.put_off(&Fault::Unauthorized, fixtures::at("09:30:13")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       due (it is certainly not on the ticket yet, and is tried again automatically); next try 2026-11-21 09:30:18 UTC; credentials_rejected: the ticketing system doesn't accept the token
        to do        correct the set-up with `rightful ticketing set`; it is tried again by itself
        ");
        let json = json(&fixtures::detail(&request, &[], "09:31:00")).unwrap();
        assert_eq!(json["request"]["answer"]["state"], "due");
        assert!(json["request"]["answer"]["reason_words"]["to_do"].is_string());
        request.answer = Some(due.sent(fixtures::at("09:30:14")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       sent (it is on the ticket) since 2026-11-21 09:30:14 UTC
        ");
        request.answer = Some(due.given_up(AnswerState::NotSetUp, Code::TicketingNotSetUp));
        insta::assert_snapshot!(shown(&request), @r"
        answer       not_set_up (no ticketing system is set up; nothing is tried); ticketing_not_set_up: no ticketing system is set up, so the ticket is not answered
        to do        set it up with `rightful ticketing set` for later requests, and answer this ticket by hand
        ");
    }

    #[test]
    fn json_shows_nothing_of_the_person() {
        let (request, tasks) = fixtures::unknown();
        let shown = json(&fixtures::detail(&request, &tasks, "09:31:00")).unwrap();
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
        request.due_at = request.due_after(2);
        let shown = |request: &Request, task: &Task, at| {
            let detail = fixtures::detail_with(request, &[(task.clone(), Vec::new())], at);
            let text = text(&detail, at);
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
        held by      person (only a person can move it on), due by 2027-01-21 09:30:00 UTC
        escalation   pressing (the legal date is three days away or less)
        must act     platform_engineer (fixes what is in the way)
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

    #[test]
    fn a_request_that_waits_for_a_decision_says_on_what_and_how_to_decide() {
        let (request, tasks) = fixtures::awaiting_review();
        insta::assert_snapshot!(whole(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        open
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC (in 29 days)
          held by      person (only a person can move it on), due by 2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       always (a person decides); a data source may set its own
          attempt      1
          next look    2026-11-21 09:32:00 UTC by the reconciliation, if nothing moves it on before
          you may      rightful request identifiers 019aa6e0-5c1f-7000-8000-000000000001
          you may      rightful request cancel 019aa6e0-5c1f-7000-8000-000000000001
          you may      rightful request extend 019aa6e0-5c1f-7000-8000-000000000001 --months 1 --ground complexity

        main (qualifio)
          awaiting_review (a person has to decide on what was found)
          held by      person (only a person can move it on), due by 2026-12-21 09:30:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found
          policy       always (a person decides)
          waits for    a person's decision on 2 records
                       exactly those with digest 0202020202020202020202020202020202020202020202020202020202020202
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request identify 019aa6e0-5c1f-7000-8000-000000000001 --source main --identifier KIND=-
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --proceed --seen main=0202020202020202 --reason TEXT
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --refuse --ground GROUND --seen main=0202020202020202 --reason TEXT
          you may      rightful request run 019aa6e0-5c1f-7000-8000-000000000001 --source main
        ");
    }

    #[test]
    fn a_synthetic_request_is_told_as_one_and_has_no_legal_date() {
        let (request, tasks) = fixtures::synthetic();
        insta::assert_snapshot!(whole(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure (synthetic, and a dry run: nothing is erased or copied)
          synthetic    the deployment made it itself, for a test address: it concerns no data subject and has no legal date
          state        closed
          outcome      dry_run (nothing was erased or copied)
          received     2026-11-21 09:30:00 UTC, from synthetic
          ticket       SYNTHETIC-2026-11-21
          identified   by email
          policy       auto (the policy decides)
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       forgotten at 2026-11-21 09:30:12 UTC
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          dry_run (nothing was erased or copied)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  nothing yet
          we saw       nothing yet: not verified
        ");
    }

    #[test]
    fn a_copy_is_told_with_its_size_and_how_long_it_is_kept() {
        let (mut request, mut tasks) = fixtures::fulfilled();
        request.right = Right::Access;
        request.forgotten_at = None;
        request.outcome = Some(RequestOutcome::Fulfilled);
        request.copy = Some(Package {
            bytes: 12_449,
            sha256: "cd".repeat(32),
            records: 2,
            made_at: fixtures::at("09:30:11"),
            expires_at: Time::parse("2026-12-21T09:30:00Z").unwrap(),
        });
        tasks[0].outcome = Some(Outcome::Copied);
        tasks[0].verified_at = None;
        tasks[0].claim = None;
        insta::assert_snapshot!(whole(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        access
          state        closed
          outcome      fulfilled (everything that was found was acted on)
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC
          held by      reconcile (the reconciliation moves it on), due by 2026-11-21 09:31:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides); a data source may set its own
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       to be forgotten at 2026-11-21 09:30:12 UTC
          copy         2 records, 12.4 KB, kept until 2026-12-21 09:30:00 UTC; SHA-256 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
          you may      rightful request identifiers 019aa6e0-5c1f-7000-8000-000000000001
          you may      rightful request copy 019aa6e0-5c1f-7000-8000-000000000001 -o FILE
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          copied (the copy is made)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
        ");
    }
}
