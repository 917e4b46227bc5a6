//! What a receipt states, in plain words: asked, decided, found, submitted, claimed by the vendor,
//! and verified by us, each apart from the others.

use crate::codes::words as code_words;
use crate::output::{count, utc, utc_or};
use crate::words;
use rightful_domain::base::ids::Reference;
use rightful_domain::documents::receipt::{Statement, TaskStatement};

/// Stands above and below everything else of a receipt that proves nothing.
pub const SANDBOX: &str =
    "*** SANDBOX: a vendor on the loopback interface was allowed. This receipt proves nothing. ***";

/// A statement in plain words.
pub fn text_of(statement: &Statement) -> String {
    let mut lines = Vec::new();
    if statement.sandbox {
        lines.push(SANDBOX.to_owned());
    }
    lines.push(format!("receipt {}", statement.receipt_id));
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    let kinds: Vec<&str> = statement.identifier_kinds.iter().map(|kind| kind.as_str()).collect();
    let dry = if statement.dry_run { ", as a dry run in which nothing is erased" } else { "" };
    row(
        "asked",
        format!("{} for a person identified by {}{dry}", statement.right.as_str(), kinds.join(", ")),
    );
    if statement.synthetic {
        row("synthetic", words::SYNTHETIC.to_owned());
    }
    row("received", format!("{}, from {}", utc(statement.received_at), statement.origin));
    if let Some(arrived_at) = statement.arrived_at {
        row("arrived", words::arrived(statement.received_at, arrived_at));
    }
    row("ticket", statement.reference.as_ref().map_or("-", Reference::as_str).to_owned());
    if !statement.synthetic {
        row("legal date", words::legal_date(&statement.legal_zone, statement.due_at));
    }
    if let Some(extension) = &statement.extension {
        row("extended", words::extension(extension));
    }
    row(
        "closed",
        format!(
            "{}{}",
            utc(statement.closed_at),
            match statement.closed_at > statement.due_at && !statement.synthetic {
                true => ", after the legal date",
                false => "",
            }
        ),
    );
    row("outcome", format!("{} ({})", statement.outcome.as_str(), words::request_outcome(statement.outcome)));
    row("person", format!("to be forgotten at {}", utc_or(statement.forget_at, "an unknown time")));
    row("issued by", format!("stage {}", statement.stage));
    if statement.reopened > 0 {
        row("reopened", count(statement.reopened, "time before this closing", "times before this closing"));
    }
    if let Some(copy) = &statement.copy {
        row("copy", words::package(copy));
    }
    row("rests on", format!("{} events, the last with hash {}", statement.events, statement.events_head));
    if let Some(broken) = statement.events_broken_at {
        row(
            "broken chain",
            format!(
                "event {broken} was changed, is missing or is out of order: from there on the events prove nothing"
            ),
        );
    }
    for source in &statement.not_asked {
        lines.extend([String::new(), format!("{source}"), "  not asked".to_owned()]);
    }
    for task in &statement.tasks {
        lines.extend(task_lines(task));
    }
    if statement.sandbox {
        lines.push(String::new());
        lines.push(SANDBOX.to_owned());
    }
    lines.join("\n")
}

fn task_lines(task: &TaskStatement) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("{} ({})", task.source, task.connector),
        format!("  {} ({})", task.outcome.as_str(), words::outcome(task.outcome)),
    ];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    if let Some(code) = &task.reason {
        row("why", format!("{code}: {}", code_words(code).what));
    }
    if let Some(ground) = task.ground {
        row("ground", format!("{} ({})", ground.as_str(), words::refusal(ground)));
    }
    if let Some(target) = &task.target {
        row("at", target.words());
    }
    if task.run > 1 {
        row("run", format!("{}, the earlier ones' rules included", task.run));
    }
    row(
        "found",
        match task.searched_at {
            Some(at) => format!(
                "{} at {}{}",
                count(task.counts.found, "record", "records"),
                utc(at),
                words::heard(&task.asked)
            ),
            None => "not searched".to_owned(),
        },
    );
    match (&task.decided_by, task.decided_at) {
        (Some(by), at) => row("decided", format!("by {by} at {}", utc_or(at, "an unknown time"))),
        (None, _) => row("decided", "nothing was decided on, so nothing was submitted".to_owned()),
    }
    if task.decided_by.is_some() {
        row("submitted", count(task.counts.submitted, "record", "records"));
        row(
            "vendor says",
            match task.claim {
                Some(claim) => format!(
                    "{}: it {}, and lists {}",
                    words::word(claim),
                    words::claim(claim),
                    count(task.counts.confirmed, "record", "records")
                ),
                None => "nothing".to_owned(),
            },
        );
        row(
            "verified",
            match task.verified_at {
                Some(at) => format!(
                    "yes: a search at {} found no record of the person{}",
                    utc(at),
                    task.assurance.map(|one| format!(", {}", words::assurance(one))).unwrap_or_default()
                ),
                None if task.left > 0 => format!(
                    "no: the last search still found {}",
                    count(task.left, "submitted record", "submitted records")
                ),
                None => "no: not looked at again".to_owned(),
            },
        );
    }
    if task.rounds > 0 {
        row("rounds", words::rounds(task.rounds));
    }
    if let Some(looked) = &task.looked {
        row(
            "last look",
            format!("{} still there{}", count(task.left, "record", "records"), words::heard(looked)),
        );
    }
    if task.strangers > 0 {
        row("strangers", words::strangers(task.strangers));
    }
    if task.looks_that_found > 0 {
        row(
            "looks",
            format!("{} found submitted records still there", count(task.looks_that_found, "look", "looks")),
        );
    }
    if task.appeared > 0 {
        row(
            "anew",
            format!(
                "{} appeared that no decision covers; not erased",
                count(task.appeared, "record", "records")
            ),
        );
    }
    for batch in &task.batches {
        row(
            "rule",
            format!(
                "batch {}: {}, {} of {} confirmed, {}",
                batch.batch,
                words::word(batch.state),
                batch.confirmed,
                batch.records,
                batch.rule_id.as_ref().map_or_else(|| "no rule id".to_owned(), |id| format!("rule {id}")),
            ),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::chain::links::Head;
    use rightful_domain::documents::receipt::{Issuer, state};
    use rightful_domain::model::request::RequestOutcome;
    use rightful_domain::model::task::Outcome;

    fn head() -> Head {
        Head { seq: 9, hash: "cd".repeat(32) }
    }

    fn statement(sandbox: bool) -> Statement {
        let (request, tasks) = fixtures::fulfilled();
        let tasks = [(tasks[0].clone(), vec![fixtures::rule()])];
        let issuer = Issuer { stage: "local".to_owned(), sandbox };
        state(&request, &tasks, (head(), None), &issuer).unwrap()
    }

    #[test]
    fn a_receipt_is_told_in_plain_words() {
        insta::assert_snapshot!(text_of(&statement(false)), @r"
        receipt 019aa6e0-5c1f-7000-8000-000000000001
          asked        erasure for a person identified by email
          received     2026-11-21 09:30:00 UTC, from operator
          ticket       T-1
          legal date   2026-12-21 09:30:00 UTC
          closed       2026-11-21 09:30:12 UTC
          outcome      fulfilled (everything found was acted on)
          person       to be forgotten at 2026-11-21 09:30:12 UTC
          issued by    stage local
          rests on     9 events, the last with hash cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd

        main (qualifio)
          verified_erased (erased, and seen to be gone)
          found        2 records at 2026-11-21 09:30:02 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
          submitted    2 records
          vendor says  anonymised: it says that it anonymised them, and lists 2 records
          verified     yes: a search at 2026-11-21 09:30:11 UTC found no record of the person, with control: in the same minutes the search found the control's record
          rule         batch 0: finished, 2 of 2 confirmed, rule 6570f0a1
        ");
    }

    #[test]
    fn a_synthetic_requests_receipt_says_so_whenever_it_was_closed() {
        let (mut request, tasks) = fixtures::synthetic();
        request.closed_at = Some(request.due_at.plus_seconds(60));
        let tasks = [(tasks[0].clone(), vec![fixtures::rule()])];
        let issuer = Issuer { stage: "local".to_owned(), sandbox: false };
        let stated = state(&request, &tasks, (head(), None), &issuer).unwrap();
        let text = text_of(&stated);
        assert!(
            text.contains("\n  synthetic    the deployment made it itself, for a test address"),
            "{text}"
        );
        assert!(!text.contains("\n  legal date") && !text.contains("after the legal date"), "{text}");
        assert!(!text_of(&statement(false)).contains("synthetic"));
    }

    #[test]
    fn a_sandbox_receipt_says_so_first_and_last() {
        let text = text_of(&statement(true));
        assert!(text.starts_with(SANDBOX) && text.ends_with(SANDBOX));
    }

    #[test]
    fn what_is_still_there_is_never_told_as_verified() {
        let mut statement = statement(false);
        statement.outcome = RequestOutcome::Failed;
        let task = &mut statement.tasks[0];
        task.outcome = Outcome::StillPresent;
        task.verified_at = None;
        task.left = 1;
        task.looks_that_found = 6;
        task.appeared = 1;
        insta::assert_snapshot!(text_of(&statement), @r"
        receipt 019aa6e0-5c1f-7000-8000-000000000001
          asked        erasure for a person identified by email
          received     2026-11-21 09:30:00 UTC, from operator
          ticket       T-1
          legal date   2026-12-21 09:30:00 UTC
          closed       2026-11-21 09:30:12 UTC
          outcome      failed (it could not be done, or only in part)
          person       to be forgotten at 2026-11-21 09:30:12 UTC
          issued by    stage local
          rests on     9 events, the last with hash cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd

        main (qualifio)
          still_present (the vendor says it is done, yet the records are still found)
          found        2 records at 2026-11-21 09:30:02 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
          submitted    2 records
          vendor says  anonymised: it says that it anonymised them, and lists 2 records
          verified     no: the last search still found 1 submitted record
          looks        6 looks found submitted records still there
          anew         1 record appeared that no decision covers; not erased
          rule         batch 0: finished, 2 of 2 confirmed, rule 6570f0a1
        ");
    }
}
