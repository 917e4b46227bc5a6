//! `rightful request extend`: records an extension of the legal date, with its ground.

use crate::codes::told_failure;
use crate::deployment::Deployment;
use crate::output::{OK, Out, told, usage, utc};
use crate::words;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::ids::RequestId;
use rightful_domain::operations::extend::{Extend, ExtendError, Extended};
use rightful_domain::request::Ground;
use serde_json::json;

/// Extends a request's legal date; the same extension again is no mistake.
pub async fn extend(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    months: u8,
    ground: Ground,
) -> Result<u8> {
    let store = deployment.store();
    let extended = Extend { store: &store, clock: &SystemClock }
        .run(id, months, ground)
        .await
        .map_err(|error| not_extended(id, error))?;
    if out.json {
        out.value(&json!({
            "request_id": id,
            "due_at": extended.due_at,
            "extension": extended.extension,
            "new": extended.new,
        }))?;
    } else {
        out.line(text_of(id, &extended))?;
    }
    Ok(OK)
}

fn text_of(id: RequestId, extended: &Extended) -> String {
    let before = if extended.new { "" } else { " (recorded before)" };
    [
        format!("request {id}"),
        format!("  legal date   {}{before}", utc(extended.due_at)),
        format!("  extended     {}", words::extension(&extended.extension)),
        "  to do        tell the data subject, with the reason, before the first month ends".to_owned(),
    ]
    .join("\n")
}

fn not_extended(id: RequestId, error: ExtendError) -> anyhow::Error {
    match error {
        ExtendError::Months => usage("a legal date is extended by 1 month or 2", "give --months 1 or 2"),
        ExtendError::NotFound => told(
            format!("there is no request {id} in this deployment"),
            "`rightful request list` shows those there are",
        ),
        ExtendError::Closed => told(
            format!("request {id} is closed: there is nothing left to extend"),
            "`rightful request show` shows how it ended",
        ),
        ExtendError::TooLate(until) => told(
            format!(
                "the first month of request {id} ended at {}: nobody may extend it after that",
                utc(until)
            ),
            "bring it to its end: `rightful request show` shows who must act",
        ),
        ExtendError::NotLonger(due_at) => told(
            format!("request {id} is extended to {} already", utc(due_at)),
            "leave it so, or extend it by more while its first month lasts",
        ),
        ExtendError::Failed(failure) => told_failure(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::request::Extension;

    #[test]
    fn an_extension_is_told_with_what_the_law_wants_beside_it() {
        let request = fixtures::open().0;
        let extension = Extension {
            months: 2,
            ground: Ground::NumberOfRequests,
            by: "operator".to_owned(),
            at: fixtures::at("10:00:00"),
        };
        let due_at = request.received_at.calendar_months_later(3);
        let extended = Extended { due_at, extension, new: true };
        insta::assert_snapshot!(text_of(request.id, &extended), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          legal date   2027-02-21 09:30:00 UTC
          extended     by 2 months, number_of_requests (the data subject made many requests), by operator at 2026-11-21 10:00:00 UTC
          to do        tell the data subject, with the reason, before the first month ends
        ");
    }

    #[test]
    fn a_refusal_says_what_to_do_instead() {
        let id = fixtures::open().0.id;
        for error in [
            ExtendError::NotFound,
            ExtendError::Closed,
            ExtendError::TooLate(fixtures::at("10:00:00")),
            ExtendError::NotLonger(fixtures::at("10:00:00")),
        ] {
            let told = not_extended(id, error).to_string();
            assert!(told.contains(&id.to_string()), "{told}");
        }
    }
}
