//! `rightful request extend`.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::terminal::exit_code::OK;
use crate::terminal::format::utc;
use crate::terminal::output::Out;
use crate::terminal::rows::LabelledRows;
use crate::words;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::law::ground::Ground;
use rightful_domain::view::acts::ExtendedView;
use serde_json::json;

/// Extends a request's legal date. Repeating an extension is not an error.
pub async fn extend(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    months: u8,
    ground: Ground,
) -> Result<u8> {
    let body = json!({"months": months, "ground": ground});
    let call = Call::post(format!("/requests/{id}/extend"), &body)?.may_be_repeated();
    let extended: ExtendedView = deployment.api.call(call).await?;
    if out.json {
        out.value(&json!({
            "request_id": id,
            "due_at": extended.due_at,
            "extension": extended.extension,
            "new": extended.new,
        }))?;
    } else {
        out.line(extended_text(id, &extended))?;
    }
    Ok(OK)
}

fn extended_text(id: RequestId, extended: &ExtendedView) -> String {
    let before = if extended.new { "" } else { " (recorded before)" };
    let mut rows = LabelledRows::new(format!("request {id}"));
    rows.row("legal date", format!("{}{before}", utc(extended.due_at)));
    rows.row("extended", words::request::extension(&extended.extension));
    rows.row("to do", "tell the data subject, with the reason, before the first month ends");
    rows.text()
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
        insta::assert_snapshot!(extended_text(request.id, &extended), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          legal date   2027-02-21 09:30:00 UTC
          extended     by 2 months, number_of_requests (the data subject made many requests), by operator at 2026-11-21 10:00:00 UTC
          to do        tell the data subject, with the reason, before the first month ends
        ");
    }
}
