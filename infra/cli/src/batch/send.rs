//! Sends the rows of a batch.

use super::result::{BatchSummary, RowResult};
use super::row::{CsvRow, Rejected};
use crate::api::body::RequestBody;
use crate::api::call::Call;
use crate::api::client::Api;
use crate::api::error::ApiError;
use crate::terminal::error::CommandError;
use crate::terminal::exit_code::FAILED;
use anyhow::Result;
use rightful_domain::base::identifier::TakenOffAt;
use rightful_domain::ports::set_up::Objection;
use rightful_domain::view::acts::AcceptedView;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// The number of calls under way at once, few enough to leave room for the deployment's other callers.
const IN_FLIGHT: usize = 4;

/// The deployment failed: every row before this line has its result.
#[derive(Debug)]
pub struct StoppedAt {
    pub line: u64,
    pub error: ApiError,
}

impl StoppedAt {
    /// The error that the command ends with.
    pub fn into_error(self) -> anyhow::Error {
        let CommandError { what, todo, code, .. } = CommandError::from(self.error);
        CommandError {
            what: format!("the batch stopped at line {}: {what}", self.line),
            todo: format!(
                "{todo}; then run the same command again: it makes the missing requests, and none twice"
            ),
            code,
            exit: FAILED,
        }
        .into()
    }
}

/// A row under way.
enum Pending {
    Rejected(Rejected),
    SameAs(u64),
    /// The columns of its identifiers, and its answer.
    Sent(Vec<String>, JoinHandle<Result<AcceptedView, ApiError>>),
}

/// Sends the rows, a few at a time, and reports the result of each in the order of the file. Stops early if the
/// deployment fails; the results until then stand.
pub async fn send(
    api: &Arc<Api>,
    rows: Vec<CsvRow>,
    summary: &mut BatchSummary,
    mut report: impl FnMut(u64, &RowResult, &[TakenOffAt]) -> Result<()>,
) -> Result<Option<StoppedAt>> {
    let mut rows = rows.into_iter();
    let mut pending: VecDeque<(u64, Vec<TakenOffAt>, Pending)> = VecDeque::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut results: HashMap<u64, RowResult> = HashMap::new();
    loop {
        while pending.len() < IN_FLIGHT
            && let Some(CsvRow { line, request, removed }) = rows.next()
        {
            pending.push_back((line, removed, begin(api, line, request, &mut lines)?));
        }
        let Some((line, removed, one)) = pending.pop_front() else { return Ok(None) };
        let result = match one {
            Pending::Rejected(rejected) => RowResult::Rejected(rejected),
            Pending::SameAs(earlier) => RowResult::same_as(earlier, results.get(&earlier)),
            Pending::Sent(columns, answer) => match answer.await? {
                Ok(accepted) => {
                    summary.not_started += u32::from(!accepted.started);
                    RowResult::accepted(&accepted)
                }
                Err(error) if error.concerns_the_deployment() => {
                    pending.iter().for_each(|(_, _, one)| {
                        if let Pending::Sent(_, answer) = one {
                            answer.abort();
                        }
                    });
                    return Ok(Some(StoppedAt { line, error }));
                }
                Err(error) => RowResult::Rejected(rejected_by_the_api(&error, &columns)),
            },
        };
        summary.add(&result);
        report(line, &result, &removed)?;
        results.insert(line, result);
    }
}

fn begin(
    api: &Arc<Api>,
    line: u64,
    request: Result<RequestBody, Rejected>,
    lines: &mut HashMap<String, u64>,
) -> Result<Pending> {
    let body = match request {
        Ok(body) => body,
        Err(rejected) => return Ok(Pending::Rejected(rejected)),
    };
    if let Some(key) = &body.key
        && let earlier = *lines.entry(key.clone()).or_insert(line)
        && earlier != line
    {
        return Ok(Pending::SameAs(earlier));
    }
    let columns = body.identifiers.iter().map(|one| one.kind().to_string()).collect();
    let call = Call::post("/requests", &body)?.may_be_repeated();
    let api = Arc::clone(api);
    Ok(Pending::Sent(columns, tokio::spawn(async move { api.call(call).await })))
}

/// Why the API rejects a row: its first objection, with the row's column.
fn rejected_by_the_api(error: &ApiError, identifiers: &[String]) -> Rejected {
    if let ApiError::Refused { details, .. } = error
        && let Some(Objection { name, what }) = details.first()
    {
        return Rejected { column: column_of(name, identifiers), reason: what.clone() };
    }
    Rejected::row(error.what())
}

/// The column that a place in the body comes from: `identifiers[0].value` is the first identifier's.
fn column_of(place: &str, identifiers: &[String]) -> String {
    let Some(rest) = place.strip_prefix("identifiers") else {
        return place.split(['[', '.', '/']).next().unwrap_or_default().to_owned();
    };
    let number: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let named = number.parse::<usize>().ok().and_then(|index| identifiers.get(index));
    match (named, identifiers) {
        (Some(kind), _) => kind.clone(),
        (None, [only]) => only.clone(),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
