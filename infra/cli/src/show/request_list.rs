//! Requests in a table.

use crate::terminal::format::{due_in, utc};
use crate::terminal::rows::{table, table_text};
use crate::words;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::time::Time;
use rightful_domain::duty::work_list::WorkCounts;
use rightful_domain::model::request::RequestState;
use rightful_domain::view::request::{RequestView, Tally};

/// A row for each request.
pub fn text(requests: &[RequestView], now: Time) -> String {
    let mut rows = table([
        "ID",
        "RIGHT",
        "STATE",
        "RECEIVED",
        "DUE",
        "SOURCES SETTLED",
        "HELD BY",
        "ESCALATION",
        "TICKET",
    ]);
    for request in requests {
        let trial = words::request::trial(request.synthetic, request.dry_run);
        let held = request.held.map(|held| format!("{} by {}", held.owner.as_str(), utc(held.by)));
        rows.add_row([
            request.id.to_string(),
            format!("{}{trial}", request.right.as_str()),
            words::request::outcome_or_state(request),
            utc(request.received_at),
            due(request, now),
            settled(request.tasks),
            held.unwrap_or_else(|| "-".to_owned()),
            words::owner::escalation(&request.escalation),
            request.reference.as_ref().map_or("-", Reference::as_str).to_owned(),
        ]);
    }
    table_text(&rows)
}

/// How many requests are open, and what they wait for.
pub fn counts(WorkCounts { open, waiting_for_a_person, overdue }: WorkCounts) -> String {
    if open == 0 {
        return "no request is open".to_owned();
    }
    let are = if open == 1 { "request is" } else { "requests are" };
    let wait = if waiting_for_a_person == 1 { "waits" } else { "wait" };
    let late = if overdue == 1 { "is" } else { "are" };
    format!("{open} {are} open: {waiting_for_a_person} {wait} for a person, {overdue} {late} overdue")
}

fn due(request: &RequestView, now: Time) -> String {
    if request.state == RequestState::Closed || request.synthetic {
        return "-".to_owned();
    }
    let extended = if request.extension.is_some() { " (extended)" } else { "" };
    format!("{}{extended}", due_in(now, request.due_at))
}

/// How many tasks are settled, and how many need a person.
fn settled(tasks: Tally) -> String {
    let mut text = format!("{} of {}", tasks.settled, tasks.all);
    for (number, what) in [
        (tasks.awaiting_review.saturating_sub(tasks.missing_identifier), "to decide"),
        (tasks.missing_identifier, "missing identifier"),
        (tasks.unknown, "unknown"),
    ] {
        if number > 0 {
            text.push_str(&format!(", {number} {what}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_work_is_counted_in_a_sentence() {
        let said =
            |open, waiting_for_a_person, overdue| counts(WorkCounts { open, waiting_for_a_person, overdue });
        assert_eq!(said(0, 0, 0), "no request is open");
        assert_eq!(said(1, 0, 1), "1 request is open: 0 wait for a person, 1 is overdue");
        assert_eq!(said(12, 3, 1), "12 requests are open: 3 wait for a person, 1 is overdue");
        assert_eq!(said(12, 1, 0), "12 requests are open: 1 waits for a person, 0 are overdue");
    }

    #[test]
    fn the_list_shows_state_due_date_and_sources() {
        let rows: Vec<RequestView> = [
            fixtures::unknown(),
            fixtures::awaiting_review(),
            fixtures::missing_identifier(),
            fixtures::fulfilled(),
        ]
        .iter()
        .map(|(request, tasks)| fixtures::detail(request, tasks, "09:31:00").request)
        .collect();
        let now = Time::parse("2026-11-23T09:30:00Z").unwrap();
        insta::assert_snapshot!(text(&rows, now), @r"
        ID                                    RIGHT    STATE      RECEIVED                 DUE         SOURCES SETTLED               HELD BY                            ESCALATION  TICKET
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 unknown             person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 to decide           person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 missing identifier  person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  fulfilled  2026-11-21 09:30:00 UTC  -           1 of 1                        -                                  -           T-1
        ");
    }
}
