//! `rightful request extend`: records an extension of the legal date, with its ground.

use crate::api::{Call, told_api};
use crate::deployment::Deployment;
use crate::output::{OK, Out, utc};
use crate::words;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::law::ground::Ground;
use rightful_domain::view::acts::ExtendedView;
use serde_json::json;

/// Extends a request's legal date; the same extension again is no mistake.
pub async fn extend(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    months: u8,
    ground: Ground,
) -> Result<u8> {
    let body = json!({"months": months, "ground": ground});
    let call = Call::post(format!("/requests/{id}/extend"), &body)?.may_be_repeated();
    let extended: ExtendedView = deployment.api.call(call).await.map_err(told_api)?;
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

fn text_of(id: RequestId, extended: &ExtendedView) -> String {
    let before = if extended.new { "" } else { " (recorded before)" };
    [
        format!("request {id}"),
        format!("  legal date   {}{before}", utc(extended.due_at)),
        format!("  extended     {}", words::extension(&extended.extension)),
        "  to do        tell the data subject, with the reason, before the first month ends".to_owned(),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::law::extension::Extension;

    #[test]
    fn an_extension_is_told_with_what_the_law_wants_beside_it() {
        let request = fixtures::open().0;
        let extension = Extension {
            months: 2,
            ground: Ground::NumberOfRequests,
            by: "operator".to_owned(),
            at: fixtures::at("10:00:00"),
        };
        let due_at = request.due_after(3);
        let extended = ExtendedView { due_at, extension, new: true };
        insta::assert_snapshot!(text_of(request.id, &extended), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          legal date   2027-02-21 09:30:00 UTC
          extended     by 2 months, number_of_requests (the data subject made many requests), by operator at 2026-11-21 10:00:00 UTC
          to do        tell the data subject, with the reason, before the first month ends
        ");
    }
}
