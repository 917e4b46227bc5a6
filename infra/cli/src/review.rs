//! `rightful request review`: decides on exactly what was found, and says on what.

use crate::api::{Call, told_api};
use crate::args::RequestReview;
use crate::deployment::Deployment;
use crate::output::{OK, Out, count, usage};
use crate::request::{load, not_so, reason};
use crate::{source, words};
use anyhow::Result;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::request::RefusalGround;
use rightful_domain::task::TaskState;
use rightful_domain::view::{RequestDetail, ReviewedSource, ReviewedView, TaskView};
use serde_json::json;

/// The digests that a reviewer names are cut off no shorter than this.
const SHORTEST_DIGEST: usize = 8;

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Proceed,
    Refuse,
    LeaveOut,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Verdict::Proceed => "proceed",
            Verdict::Refuse => "refuse",
            Verdict::LeaveOut => "leave_out",
        }
    }
}

/// Records a decision on what waits for one. What is decided on is read first, and named by its digest: a
/// set that has changed in between is refused by the deployment.
pub async fn review(out: Out, deployment: &Deployment, id: RequestId, review: &RequestReview) -> Result<u8> {
    let verdict = match (review.proceed, review.refuse) {
        (true, _) => Verdict::Proceed,
        (_, true) => Verdict::Refuse,
        _ => Verdict::LeaveOut,
    };
    let named: Vec<SourceId> = review.source.iter().map(|text| source::id(text)).collect::<Result<_>>()?;
    let seen = seen(&review.seen)?;
    let reason = reason(&review.reason)?;
    let ground: Option<RefusalGround> = review.ground.map(Into::into);
    let detail = load(&deployment.api, id).await?;
    let chosen = chosen(&detail, &named, verdict)?;
    check_seen(id, &chosen, &seen)?;
    if !out.json {
        out.line(format_args!("request {id}: {} at", verdict.as_str()))?;
        for task in &chosen {
            out.line(format_args!("  {}", decided_on(task)))?;
        }
    }
    let sources: Vec<_> =
        chosen.iter().map(|task| json!({"source": task.source, "digest": task.found_digest})).collect();
    let body = json!({"sources": sources, "verdict": verdict.as_str(), "ground": ground, "reason": &*reason});
    let call = Call::post(format!("/requests/{id}/review"), &body)?;
    let reviewed: ReviewedView = deployment.api.call(call).await.map_err(told_api)?;
    if out.json {
        let now: Vec<_> = reviewed
            .sources
            .iter()
            .map(|ReviewedSource { source, state }| json!({"source_id": source, "task_state": state}))
            .collect();
        out.value(&json!({
            "request_id": id, "verdict": verdict.as_str(), "sources": now, "released": reviewed.released,
        }))?;
    } else {
        out.line(recorded(id, &reviewed))?;
    }
    Ok(OK)
}

fn recorded(id: RequestId, reviewed: &ReviewedView) -> String {
    let mut lines = vec!["recorded:".to_owned()];
    for ReviewedSource { source, state } in &reviewed.sources {
        lines.push(format!("  {source} is {} ({})", state.as_str(), words::task_state(*state)));
    }
    if !reviewed.released {
        lines.push("  its workflow goes on with the next run of the reconciliation".to_owned());
    }
    lines.push(format!("  follow it: rightful request watch {id}"));
    lines.join("\n")
}

/// The digests that the reviewer saw, by data source.
fn seen(texts: &[String]) -> Result<Vec<(SourceId, String)>> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let example = "write it as `rightful request show` does, such as --seen main=0123456789abcdef";
        let Some((source, digest)) = text.split_once('=') else {
            return Err(usage("a --seen is not of the form ID=DIGEST", example));
        };
        let digest = digest.to_ascii_lowercase();
        if digest.len() < SHORTEST_DIGEST || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(usage("a digest is at least 8 of 0-9 and a-f", example));
        }
        all.push((source::id(source)?, digest));
    }
    Ok(all)
}

/// The tasks that the decision is on: those that are named, or all that wait for such a decision.
fn chosen<'a>(detail: &'a RequestDetail, named: &[SourceId], verdict: Verdict) -> Result<Vec<&'a TaskView>> {
    let id = detail.request.id;
    if !named.is_empty() {
        let find = |source: &SourceId| {
            let task = detail.tasks.iter().find(|task| task.source == *source);
            task.ok_or_else(|| not_so(format!("the request doesn't go to the data source {source}"), id))
        };
        let mut chosen: Vec<&TaskView> = named.iter().map(find).collect::<Result<_>>()?;
        chosen.dedup_by(|a, b| a.source == b.source);
        return Ok(chosen);
    }
    let waits = |task: &&TaskView| task.state == TaskState::AwaitingReview;
    let fits = |task: &&TaskView| match verdict {
        Verdict::Proceed => !task.needs.missing,
        Verdict::LeaveOut => task.needs.missing,
        Verdict::Refuse => true,
    };
    let chosen: Vec<&TaskView> = detail.tasks.iter().filter(waits).filter(fits).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    Err(match detail.tasks.iter().any(|task| waits(&task)) {
        false => not_so("nothing of this request waits for a decision", id),
        true if verdict == Verdict::Proceed => not_so(
            "what waits lacks its identifier: give it one (`rightful request identify`), or decide --leave-out",
            id,
        ),
        true => not_so("what waits doesn't lack its identifier: decide --proceed or --refuse", id),
    })
}

/// Whether the reviewer saw exactly what is decided on now.
fn check_seen(id: RequestId, chosen: &[&TaskView], seen: &[(SourceId, String)]) -> Result<()> {
    for (source, digest) in seen {
        let task = chosen.iter().find(|task| task.source == *source).ok_or_else(|| {
            usage(
                format!("--seen names {source}, and the decision is not on it"),
                "name what is decided on with --source",
            )
        })?;
        if !task.found_digest.as_ref().is_some_and(|found| found.mac.starts_with(digest.as_str())) {
            return Err(not_so(
                format!("{source} holds other records than those you saw: nothing was decided"),
                id,
            ));
        }
    }
    Ok(())
}

fn decided_on(task: &TaskView) -> String {
    match &task.found_digest {
        Some(digest) => format!(
            "{}: {}, exactly those of digest {}",
            task.source,
            count(task.counts.found, "record", "records"),
            digest.mac
        ),
        None => format!("{}: no record; {}", task.source, words::about_task(task)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn waiting() -> RequestDetail {
        let (request, mut tasks) = fixtures::awaiting_review();
        let mut lacking = fixtures::missing_identifier().1.remove(0);
        lacking.source = SourceId::parse("other").unwrap();
        tasks.push(lacking);
        fixtures::detail(&request, &tasks, "09:31:00")
    }

    fn names(detail: &RequestDetail, named: &[&str], verdict: Verdict) -> Result<Vec<String>, String> {
        let named: Vec<SourceId> = named.iter().map(|name| SourceId::parse(name).unwrap()).collect();
        chosen(detail, &named, verdict)
            .map(|tasks| tasks.iter().map(|task| task.source.to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_name_the_decision_is_on_all_that_waits_for_it() {
        let detail = waiting();
        assert_eq!(names(&detail, &[], Verdict::Proceed).unwrap(), ["main"]);
        assert_eq!(names(&detail, &[], Verdict::LeaveOut).unwrap(), ["other"]);
        assert_eq!(names(&detail, &[], Verdict::Refuse).unwrap(), ["main", "other"]);
        assert_eq!(names(&detail, &["other"], Verdict::Refuse).unwrap(), ["other"]);
    }

    #[test]
    fn where_nothing_waits_for_it_the_reviewer_is_told_what_does() {
        let (request, tasks) = fixtures::fulfilled();
        let done = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&done, &[], Verdict::Proceed).unwrap_err().contains("nothing of this request waits"));
        let (request, tasks) = fixtures::missing_identifier();
        let lacking = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&lacking, &[], Verdict::Proceed).unwrap_err().contains("--leave-out"));
        let (request, tasks) = fixtures::awaiting_review();
        let found = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&found, &[], Verdict::LeaveOut).unwrap_err().contains("--proceed or --refuse"));
        assert!(names(&found, &["crm"], Verdict::Proceed).unwrap_err().contains("doesn't go to"));
    }

    #[test]
    fn what_the_reviewer_saw_must_be_what_is_decided_on() {
        let detail = waiting();
        let check = |text: &str| {
            let seen = seen(&[text.to_owned()])?;
            check_seen(detail.request.id, &[&detail.tasks[0]], &seen)
        };
        assert!(check("main=02020202").is_ok() && check("main=0202020202ABCDEF").is_err());
        for (bad, says) in [
            ("main=03030303", "other records than those you saw"),
            ("main=0202", "at least 8"),
            ("main", "ID=DIGEST"),
            ("main=ann@example.com", "at least 8"),
            ("other=02020202", "the decision is not on it"),
        ] {
            let error = check(bad).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("ann@"), "{bad}: {error}");
        }
    }

    #[test]
    fn what_is_decided_on_is_said_with_its_number() {
        let detail = waiting();
        insta::assert_snapshot!(
            detail.tasks.iter().map(decided_on).collect::<Vec<_>>().join("\n"),
            @r"
            main: 2 records, exactly those of digest 0202020202020202020202020202020202020202020202020202020202020202
            other: no record; Missing identifier: give email or phone
            "
        );
    }
}
