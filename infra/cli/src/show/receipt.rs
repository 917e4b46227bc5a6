//! A receipt, which keeps apart what was asked, decided, found, submitted, claimed by the vendor and
//! verified by us.

use crate::terminal::format::{count, utc, utc_or};
use crate::terminal::rows::LabelledRows;
use crate::words;
use crate::words::codes;
use rightful_domain::base::ids::Reference;
use rightful_domain::documents::receipt::{Statement, TaskStatement};

/// The first and the last line of a receipt that proves nothing.
const SANDBOX: &str =
    "*** SANDBOX: a vendor on the loopback interface was allowed. This receipt proves nothing. ***";

/// The statement of a receipt.
pub fn text(statement: &Statement) -> String {
    let mut blocks = vec![of_request(statement)];
    blocks.extend(statement.not_asked.iter().map(|source| format!("{source}\n  not asked")));
    blocks.extend(statement.tasks.iter().map(of_task));
    let text = blocks.join("\n\n");
    if statement.sandbox { format!("{SANDBOX}\n{text}\n\n{SANDBOX}") } else { text }
}

fn of_request(statement: &Statement) -> String {
    let mut rows = LabelledRows::new(format!("receipt {}", statement.receipt_id));
    let kinds = words::identifier::kinds(&statement.identifier_kinds);
    let dry = if statement.dry_run { ", as a dry run in which nothing is erased" } else { "" };
    rows.row("asked", format!("{} for a person identified by {kinds}{dry}", statement.right.as_str()));
    if statement.synthetic {
        rows.row("synthetic", words::request::SYNTHETIC);
    }
    rows.row("received", format!("{}, from {}", utc(statement.received_at), statement.origin));
    if let Some(arrived_at) = statement.arrived_at {
        rows.row("arrived", words::request::arrived(statement.received_at, arrived_at));
    }
    rows.row("ticket", statement.reference.as_ref().map_or("-", Reference::as_str));
    if !statement.synthetic {
        rows.row("legal date", words::request::legal_date(&statement.legal_zone, statement.due_at));
    }
    if let Some(extension) = &statement.extension {
        rows.row("extended", words::request::extension(extension));
    }
    let late = statement.closed_at > statement.due_at && !statement.synthetic;
    let late = if late { ", after the legal date" } else { "" };
    rows.row("closed", format!("{}{late}", utc(statement.closed_at)));
    let outcome = statement.outcome;
    rows.row("outcome", format!("{} ({})", outcome.as_str(), words::request::outcome(outcome)));
    rows.row("person", format!("to be forgotten at {}", utc_or(statement.forget_at, "an unknown time")));
    rows.row("issued by", format!("stage {}", statement.stage));
    if statement.reopened > 0 {
        let times = count(statement.reopened, "time before this closing", "times before this closing");
        rows.row("reopened", times);
    }
    if let Some(copy) = &statement.copy {
        rows.row("copy", words::request::copy(copy));
    }
    rows.row(
        "rests on",
        format!("{} events, the last with hash {}", statement.events, statement.events_head),
    );
    if let Some(broken) = statement.events_broken_at {
        rows.row(
            "broken chain",
            format!(
                "event {broken} was changed, is missing or is out of order: the events from there on prove nothing"
            ),
        );
    }
    rows.text()
}

fn of_task(task: &TaskStatement) -> String {
    let mut rows = LabelledRows::new(format!("{} ({})", task.source, task.connector));
    rows.line(format!("  {} ({})", task.outcome.as_str(), words::task::outcome(task.outcome)));
    if let Some(code) = &task.reason {
        rows.row("why", format!("{code}: {}", codes::what(code)));
    }
    if let Some(ground) = task.ground {
        rows.row("ground", format!("{} ({})", ground.as_str(), words::task::refusal_ground(ground)));
    }
    if let Some(target) = &task.target {
        rows.row("at", target.words());
    }
    if task.run > 1 {
        rows.row("run", format!("{}, including the rules of the earlier runs", task.run));
    }
    rows.row(
        "found",
        match task.searched_at {
            Some(at) => format!(
                "{} at {}{}",
                count(task.counts.found, "record", "records"),
                utc(at),
                words::task::search_details(&task.asked)
            ),
            None => "not searched".to_owned(),
        },
    );
    match (&task.decided_by, task.decided_at) {
        (Some(by), at) => {
            rows.row("decided", format!("by {by} at {}", utc_or(at, "an unknown time")));
            add_effect(&mut rows, task);
        }
        (None, _) => rows.row("decided", "nothing was decided on, so nothing was submitted"),
    }
    add_looks(&mut rows, task);
    for batch in &task.batches {
        rows.row(
            "rule",
            format!(
                "batch {}: {}, {} of {} confirmed, {}",
                batch.batch,
                words::name::in_json(batch.state),
                batch.confirmed,
                batch.records,
                batch.rule_id.as_ref().map_or_else(|| "no rule id".to_owned(), |id| format!("rule {id}")),
            ),
        );
    }
    rows.text()
}

/// The submission, the vendor's claim, and our verification.
fn add_effect(rows: &mut LabelledRows, task: &TaskStatement) {
    rows.row("submitted", count(task.counts.submitted, "record", "records"));
    rows.row(
        "vendor says",
        match task.claim {
            Some(claim) => format!(
                "{}: it {}, and lists {}",
                words::name::in_json(claim),
                words::task::claim(claim),
                count(task.counts.confirmed, "record", "records")
            ),
            None => "nothing".to_owned(),
        },
    );
    rows.row(
        "verified",
        match task.verified_at {
            Some(at) => format!(
                "yes: a look at {} found no record of the person{}",
                utc(at),
                task.assurance.map(|one| format!(", {}", words::task::assurance(one))).unwrap_or_default()
            ),
            None if task.left > 0 => format!(
                "no: the last look still found {}",
                count(task.left, "submitted record", "submitted records")
            ),
            None => "no: no look was made".to_owned(),
        },
    );
}

/// The results of looks after the submission.
fn add_looks(rows: &mut LabelledRows, task: &TaskStatement) {
    if task.rounds > 0 {
        rows.row("rounds", words::task::rounds(task.rounds));
    }
    if let Some(looked) = &task.looked {
        let records = count(task.left, "record", "records");
        rows.row("last look", format!("{records} still there{}", words::task::search_details(looked)));
    }
    if task.strangers > 0 {
        rows.row("strangers", words::task::strangers(task.strangers));
    }
    if task.looks_that_found > 0 {
        let looks = count(task.looks_that_found, "look", "looks");
        rows.row("looks", format!("{looks} found submitted records still there"));
    }
    if task.appeared > 0 {
        let records = count(task.appeared, "record", "records");
        rows.row("new", format!("{records} appeared that no decision covers; not erased"));
    }
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
        insta::assert_snapshot!(text(&statement(false)), @r"
        receipt 019aa6e0-5c1f-7000-8000-000000000001
          asked        erasure for a person identified by email
          received     2026-11-21 09:30:00 UTC, from operator
          ticket       T-1
          legal date   2026-12-21 09:30:00 UTC
          closed       2026-11-21 09:30:12 UTC
          outcome      fulfilled (everything that was found was acted on)
          person       to be forgotten at 2026-11-21 09:30:12 UTC
          issued by    stage local
          rests on     9 events, the last with hash cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd

        main (qualifio)
          verified_erased (erased, and a look found nothing more)
          found        2 records at 2026-11-21 09:30:02 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
          submitted    2 records
          vendor says  anonymised: it says that it anonymised them, and lists 2 records
          verified     yes: a look at 2026-11-21 09:30:11 UTC found no record of the person, with control: the search found the control's record in the same minutes
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
        let text = text(&stated);
        assert!(
            text.contains("\n  synthetic    the deployment made it itself, for a test address"),
            "{text}"
        );
        assert!(!text.contains("\n  legal date") && !text.contains("after the legal date"), "{text}");
        assert!(!super::text(&statement(false)).contains("synthetic"));
    }

    #[test]
    fn a_sandbox_receipt_says_so_first_and_last() {
        let text = text(&statement(true));
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
        insta::assert_snapshot!(text(&statement), @r"
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
          still_present (the vendor says it is done, but the records are still found)
          found        2 records at 2026-11-21 09:30:02 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
          submitted    2 records
          vendor says  anonymised: it says that it anonymised them, and lists 2 records
          verified     no: the last look still found 1 submitted record
          looks        6 looks found submitted records still there
          new          1 record appeared that no decision covers; not erased
          rule         batch 0: finished, 2 of 2 confirmed, rule 6570f0a1
        ");
    }
}
