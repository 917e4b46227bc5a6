//! `rightful synthetic --now`.

use crate::api::deployment::Deployment;
use crate::args::command_line::SyntheticArgs;
use crate::args::request::Watching;
use crate::terminal::error::command_error;
use crate::terminal::exit_code::OK;
use crate::terminal::output::Out;
use crate::watch::follow::follow;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use serde_json::{Value, json};

/// The function's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SyntheticMade {
    request: RequestId,
    new: bool,
    started: bool,
}

impl SyntheticMade {
    /// Reads each member on its own, because the deployed functions may be of an earlier or a later version.
    fn read(answer: &Value) -> Option<Self> {
        let flag = |name: &str| answer.get(name).and_then(Value::as_bool);
        let request = RequestId::parse(answer.get("requestId")?.as_str()?).ok()?;
        Some(Self { request, new: flag("new")?, started: flag("started")? })
    }
}

/// Makes the day's synthetic request, or finds it, and watches it if asked to.
pub async fn synthetic_now(out: Out, deployment: &Deployment, args: &SyntheticArgs) -> Result<u8> {
    let answer = deployment.invoke("intake", &json!({"synthetic": true})).await?;
    let made = SyntheticMade::read(&answer).ok_or_else(|| {
        command_error(
            "intake's answer can't be read, so this version may not make synthetic requests",
            "use the `rightful` of the version that is deployed",
        )
    })?;
    if out.json {
        out.json_line(&json!({"request_id": made.request, "new": made.new, "started": made.started}))?;
    } else {
        out.line(made_text(made))?;
    }
    if !args.wait {
        return Ok(OK);
    }
    let watching = Watching { timeout: args.timeout, until_closed: false };
    follow(out, deployment, made.request, watching).await
}

fn made_text(made: SyntheticMade) -> String {
    let mut lines = vec![match made.new {
        true => format!("synthetic request {}", made.request),
        false => format!("synthetic request {}, already made today (UTC): there is one a day", made.request),
    }];
    if !made.started {
        lines.push(
            "  its workflow could not be started at once; the reconciliation starts it automatically"
                .to_owned(),
        );
    }
    lines.push(format!("  watch it: rightful request watch {}", made.request));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019aa6e0-5c1f-7000-8000-000000000001";

    #[test]
    fn the_days_request_is_told_and_whether_it_is_a_new_one() {
        let new =
            SyntheticMade::read(&json!({"requestId": ID, "new": true, "started": true, "more": 1})).unwrap();
        insta::assert_snapshot!(made_text(new), @r"
        synthetic request 019aa6e0-5c1f-7000-8000-000000000001
          watch it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
        insta::assert_snapshot!(made_text(SyntheticMade { new: false, started: false, ..new }), @r"
        synthetic request 019aa6e0-5c1f-7000-8000-000000000001, already made today (UTC): there is one a day
          its workflow could not be started at once; the reconciliation starts it automatically
          watch it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
    }

    #[test]
    fn another_answer_is_no_request() {
        // The first is the answer of an intake that knows only webhooks.
        let webhook = json!({"statusCode": 404, "headers": {}, "body": "{}"});
        for answer in [webhook, Value::Null, json!({"requestId": "T-1", "new": true, "started": true})] {
            assert_eq!(SyntheticMade::read(&answer), None, "{answer}");
        }
    }
}
