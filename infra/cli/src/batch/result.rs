//! The result of each row, and of the whole batch.

use super::row::Rejected;
use crate::terminal::exit_code::{OK, OTHER_OUTCOME};
use crate::terminal::format::utc;
use crate::words;
use rightful_domain::base::identifier::TakenOffAt;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::view::acts::AcceptedView;
use serde_json::{Value, json};

/// The result of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowResult {
    /// It made a request.
    Made(RequestId),
    /// Its request was already made.
    AlreadyMade(RequestId),
    /// Its request was already made, and is closed.
    AlreadyClosed(ClosedRequest),
    Rejected(Rejected),
}

/// A request that the same row made earlier, and that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedRequest {
    request: RequestId,
    outcome: RequestOutcome,
    closed_at: Time,
    /// Whether the row came more than a day after the last time: somebody asks again.
    repeated: bool,
}

impl RowResult {
    /// The result of a row that the deployment accepted.
    pub fn accepted(accepted: &AcceptedView) -> Self {
        let request = &accepted.request;
        match (accepted.new, request.outcome, request.closed_at) {
            (true, ..) => RowResult::Made(request.id),
            (false, Some(outcome), Some(closed_at)) => RowResult::AlreadyClosed(ClosedRequest {
                request: request.id,
                outcome,
                closed_at,
                repeated: accepted.repeated,
            }),
            (false, ..) => RowResult::AlreadyMade(request.id),
        }
    }

    /// The result of a row that is the same as an earlier one with this result.
    pub fn same_as(line: u64, earlier: Option<&RowResult>) -> Self {
        match earlier {
            Some(RowResult::Made(id) | RowResult::AlreadyMade(id)) => RowResult::AlreadyMade(*id),
            Some(RowResult::AlreadyClosed(closed)) => RowResult::AlreadyClosed(*closed),
            _ => RowResult::Rejected(Rejected::row(format!(
                "it is the same as line {line}, which was rejected"
            ))),
        }
    }

    /// The result in one line.
    pub fn text(&self, line: u64, removed: &[TakenOffAt]) -> String {
        let removed: String =
            removed.iter().map(|one| format!("; {}", words::identifier::removed(one))).collect();
        match self {
            RowResult::Made(id) => format!("line {line}: made, request {id}{removed}"),
            RowResult::AlreadyMade(id) => format!("line {line}: already made, request {id}{removed}"),
            RowResult::AlreadyClosed(ClosedRequest { request, outcome, closed_at, .. }) => format!(
                "line {line}: already made, closed on {} as {}, request {request}{removed}",
                utc(*closed_at),
                outcome.as_str()
            ),
            RowResult::Rejected(Rejected { column, reason }) => {
                let column = if column.is_empty() { String::new() } else { format!(", {column}") };
                format!("line {line}{column}: rejected: {}", reason.replace('\n', ";"))
            }
        }
    }

    /// The result, as `--json` shows it.
    pub fn json(&self, line: u64, removed: &[TakenOffAt]) -> Value {
        match self {
            RowResult::Made(id) => {
                json!({"line": line, "result": "made", "request_id": id, "taken_off": removed})
            }
            RowResult::AlreadyMade(id) => {
                json!({"line": line, "result": "was_there", "request_id": id, "taken_off": removed})
            }
            RowResult::AlreadyClosed(ClosedRequest { request, outcome, closed_at, repeated }) => json!({
                "line": line,
                "result": "was_closed",
                "request_id": request,
                "outcome": outcome,
                "closed_at": closed_at,
                "repeated": repeated,
                "taken_off": removed,
            }),
            RowResult::Rejected(Rejected { column, reason }) => {
                let column = Some(column).filter(|column| !column.is_empty());
                json!({"line": line, "result": "rejected", "column": column, "reason": reason})
            }
        }
    }
}

/// How many rows had which result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchSummary {
    pub made: u32,
    pub already_made: u32,
    pub already_closed: u32,
    /// Those of the closed ones that ask again.
    pub repeated: u32,
    pub rejected: u32,
    pub not_started: u32,
}

impl BatchSummary {
    /// Counts a row.
    pub fn add(&mut self, result: &RowResult) {
        match result {
            RowResult::Made(_) => self.made += 1,
            RowResult::AlreadyMade(_) => self.already_made += 1,
            RowResult::AlreadyClosed(ClosedRequest { repeated, .. }) => {
                self.already_closed += 1;
                self.repeated += u32::from(*repeated);
            }
            RowResult::Rejected(_) => self.rejected += 1,
        }
    }

    /// The exit code of the batch.
    pub fn exit_code(self) -> u8 {
        if self.rejected + self.repeated > 0 { OTHER_OUTCOME } else { OK }
    }

    /// The counts, and what to do about them.
    pub fn text(self) -> String {
        let BatchSummary { made, already_made, already_closed, repeated, rejected, not_started } = self;
        let mut text = format!(
            "{made} made, {already_made} already made, {already_closed} already closed, {rejected} rejected"
        );
        if not_started > 0 {
            text.push_str(&format!(
                "\n  {not_started} could not be started at once; the reconciliation starts them automatically"
            ));
        }
        if repeated > 0 {
            text.push_str(&format!(
                "\n  nothing ran for {repeated}, because their requests of this batch had already closed\n  to do: if these people ask again, send the file with --batch NAME and a new name"
            ));
        }
        if rejected > 0 {
            text.push_str(
                "\n  to do: correct the rejected rows, and run the same command again: it makes no request twice",
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::row::for_tests::read_rows;
    use crate::fixtures;
    use rightful_domain::base::identifier::TakenOff;

    #[test]
    fn a_row_in_json_is_one_object() {
        let rejected = RowResult::Rejected(Rejected { column: "email".to_owned(), reason: "x".to_owned() });
        insta::assert_snapshot!(rejected.json(4, &[]), @r#"{"column":"email","line":4,"reason":"x","result":"rejected"}"#);
        insta::assert_snapshot!(RowResult::Made(fixtures::id()).json(5, &[]), @r#"{"line":5,"request_id":"019aa6e0-5c1f-7000-8000-000000000001","result":"made","taken_off":[]}"#);
        let removed = Vec::from_iter(TakenOffAt::of("email", &[TakenOff::Quotes]));
        insta::assert_snapshot!(RowResult::AlreadyMade(fixtures::id()).json(5, &removed), @r#"{"line":5,"request_id":"019aa6e0-5c1f-7000-8000-000000000001","result":"was_there","taken_off":[{"at":"email","what":["quotes"]}]}"#);
    }

    fn rejections(text: &str) -> Vec<String> {
        read_rows(text)
            .into_iter()
            .filter_map(|row| {
                row.request.err().map(|rejected| RowResult::Rejected(rejected).text(row.line, &[]))
            })
            .collect()
    }

    #[test]
    fn a_rejected_row_says_line_column_and_reason_and_never_the_value() {
        let text = "email,phone,right,reference,sources,dry_run\n\
            canary,,,,,\n\
            a@example.com,,canary,,,\n\
            a@example.com,,,canary@example.com,,\n\
            a@example.com,,,,Canary,\n\
            a@example.com,,,,,canary\n\
            ,,erasure,,,\n\
            a@example.com,canary\n\
            ,\"can\tary\",,,,\n\
            'canary@example.com,,,,,\n\
            ,+32 (0)470 00 00 01,,,,\n\
            a@example.com,,,,,\n";
        let told = rejections(text).join("\n");
        insta::assert_snapshot!(told, @r"
        line 2, email: rejected: the value of kind email is not one e-mail address such as name@example.com
        line 3, right: rejected: it is neither erasure nor access
        line 4, reference: rejected: a reference is the ticket's number: 1 to 64 of letters, digits and . _ : / # -; no e-mail address or name
        line 5, sources: rejected: a data source's id is 1 to 32 of a-z, 0-9 and -, beginning with a letter
        line 6, dry_run: rejected: it is neither true nor false
        line 7: rejected: the row names nobody: every identifier is empty
        line 8: rejected: the row has 2 fields and the header 6
        line 9, phone: rejected: the identifier's value is longer than 320 bytes or has control characters
        line 10, email: rejected: the identifier's value has a quotation mark that is not one of a pair around it: take it off, and write an apostrophe within an e-mail address as a plain one
        line 11, phone: rejected: the value of kind phone has a 0 behind the country's code that is dialled within the country alone, or parentheses around digits that begin with 0: write it as it is dialled from abroad, without parentheses, such as +32470000000
        ");
        assert!(!told.contains("anary"));
    }
}
