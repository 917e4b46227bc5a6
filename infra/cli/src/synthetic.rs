//! `rightful synthetic --now`: has the deployment make its synthetic request of the day, beside its
//! schedule, and follows it if asked to.

use crate::args::Watching;
use crate::deployment::Deployment;
use crate::output::{OK, Out, told};
use crate::watch;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use serde_json::{Value, json};

/// What the function answers. It is read member by member, because the deployed functions may be a
/// version older or newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    request: RequestId,
    new: bool,
    started: bool,
}

/// Makes the day's request, or finds it. Without `wait` that is all; with it the command ends as the
/// request does.
pub async fn now(out: Out, deployment: &Deployment, wait: bool, timeout: Option<u64>) -> Result<u8> {
    let answer = deployment.invoke("intake", &json!({"synthetic": true})).await?;
    let made = read(&answer).ok_or_else(|| {
        told(
            "intake's answer can't be read, so nobody can tell whether it knows synthetic requests",
            "use the `rightful` of the version that is deployed",
        )
    })?;
    if out.json {
        out.json_line(&json!({"request_id": made.request, "new": made.new, "started": made.started}))?;
    } else {
        out.line(text_of(made))?;
    }
    if !wait {
        return Ok(OK);
    }
    watch::watch(out, deployment, made.request, Watching { timeout, until_closed: false }).await
}

fn read(answer: &Value) -> Option<Made> {
    let flag = |name: &str| answer.get(name).and_then(Value::as_bool);
    let request = RequestId::parse(answer.get("requestId")?.as_str()?).ok()?;
    Some(Made { request, new: flag("new")?, started: flag("started")? })
}

fn text_of(made: Made) -> String {
    let mut lines = vec![match made.new {
        true => format!("synthetic request {}", made.request),
        false => format!("synthetic request {}, made earlier today (UTC): there is one a day", made.request),
    }];
    if !made.started {
        lines.push(
            "  its workflow could not be started at once; the reconciliation starts it by itself".to_owned(),
        );
    }
    lines.push(format!("  follow it: rightful request watch {}", made.request));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019aa6e0-5c1f-7000-8000-000000000001";

    #[test]
    fn the_days_request_is_told_and_whether_it_is_a_new_one() {
        let new = read(&json!({"requestId": ID, "new": true, "started": true, "more": 1})).unwrap();
        insta::assert_snapshot!(text_of(new), @r"
        synthetic request 019aa6e0-5c1f-7000-8000-000000000001
          follow it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
        insta::assert_snapshot!(text_of(Made { new: false, started: false, ..new }), @r"
        synthetic request 019aa6e0-5c1f-7000-8000-000000000001, made earlier today (UTC): there is one a day
          its workflow could not be started at once; the reconciliation starts it by itself
          follow it: rightful request watch 019aa6e0-5c1f-7000-8000-000000000001
        ");
    }

    #[test]
    fn another_answer_is_no_request() {
        // What an intake that knows webhooks alone answers.
        let webhook = json!({"statusCode": 404, "headers": {}, "body": "{}"});
        for answer in [webhook, Value::Null, json!({"requestId": "T-1", "new": true, "started": true})] {
            assert_eq!(read(&answer), None, "{answer}");
        }
    }
}
