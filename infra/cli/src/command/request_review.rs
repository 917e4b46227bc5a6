//! `rightful request review`: shows what a decision is about, then records it.

use super::review_agreement::{Agreement, Ask, ReviewDecision, SeenDigest, seen_digests, wrong_state};
use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::api::reads;
use crate::args::request::RequestReview;
use crate::terminal::error::usage_error;
use crate::terminal::exit_code::OK;
use crate::terminal::format::count;
use crate::terminal::output::Out;
use crate::values::input::reason;
use crate::values::source::source_ids;
use crate::words;
use anyhow::Result;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::duty::acts::May;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::acts::{ReviewedSource, ReviewedView};
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::TaskView;
use serde_json::json;
use std::io::IsTerminal as _;

/// Records a decision on tasks that wait for one. The command reads and shows what the decision is about,
/// and names it by its digest: the deployment refuses a set that changed in between. On a terminal the
/// reviewer says yes to what was shown; elsewhere the digests have to be given.
pub async fn review(out: Out, deployment: &Deployment, id: RequestId, review: &RequestReview) -> Result<u8> {
    let decision = ReviewDecision::of(review);
    let named = source_ids(&review.source)?;
    let seen = seen_digests(&review.seen)?;
    let reason = reason(&review.reason)?;
    let detail = reads::request(&deployment.api, id).await?;
    let chosen = chosen_tasks(&detail, &named, decision)?;
    check_seen(id, &chosen, &seen)?;
    let shown = decision_text(id, decision, &chosen);
    if !out.json {
        out.line(&shown)?;
    }
    // Wherever the output goes, the reviewer sees what the question is about.
    let apart = out.json || !std::io::stdout().is_terminal();
    let mut question =
        |text: &str| ask_on_terminal(&if apart { format!("{shown}\n{text}") } else { text.to_owned() });
    let ask: Option<Ask<'_>> = if has_terminal() { Some(&mut question) } else { None };
    Agreement { id, decision, chosen: &chosen, seen: &seen, review }.check(ask)?;
    let confirmed = decision != ReviewDecision::Refuse;
    let sources: Vec<_> = chosen
        .iter()
        .map(|task| {
            json!({
                "source": task.source,
                "digest": task.found_digest,
                "searched_at": task.searched_at,
                "confirm_marked": confirmed.then_some(task.asked.marked),
                "confirm_set_aside": confirmed.then_some(task.asked.doubtful),
            })
        })
        .collect();
    let (verdict, ground) = (decision.as_str(), review.ground);
    let body = json!({"sources": sources, "verdict": verdict, "ground": ground, "reason": &*reason});
    let call = Call::post(format!("/requests/{id}/review"), &body)?;
    let reviewed: ReviewedView = deployment.api.call(call).await?;
    if out.json {
        let now: Vec<_> = reviewed
            .sources
            .iter()
            .map(|ReviewedSource { source, state }| json!({"source_id": source, "task_state": state}))
            .collect();
        out.value(&json!({
            "request_id": id, "verdict": verdict, "sources": now, "released": reviewed.released,
        }))?;
    } else {
        out.line(recorded_text(id, &reviewed))?;
    }
    Ok(OK)
}

/// Whether somebody can be asked.
fn has_terminal() -> bool {
    // A test never waits for an answer.
    !cfg!(test) && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn ask_on_terminal(text: &str) -> Result<String> {
    eprint!("{text} ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

fn recorded_text(id: RequestId, reviewed: &ReviewedView) -> String {
    let mut lines = vec!["recorded:".to_owned()];
    for ReviewedSource { source, state } in &reviewed.sources {
        lines.push(format!("  {source} is {} ({})", state.as_str(), words::task::state(*state)));
    }
    if !reviewed.released {
        lines.push("  its workflow continues with the next run of the reconciliation".to_owned());
    }
    lines.push(format!("  watch it: rightful request watch {id}"));
    lines.join("\n")
}

/// The tasks that the decision is about: those that are named, or all that wait for such a decision.
fn chosen_tasks<'a>(
    detail: &'a RequestDetail,
    named: &[SourceId],
    decision: ReviewDecision,
) -> Result<Vec<&'a TaskView>> {
    let id = detail.request.id;
    if !named.is_empty() {
        let find = |source: &SourceId| {
            let task = detail.tasks.iter().find(|task| task.source == *source);
            task.ok_or_else(|| wrong_state(format!("the request doesn't go to the data source {source}"), id))
        };
        let mut chosen: Vec<&TaskView> = named.iter().map(find).collect::<Result<_>>()?;
        chosen.dedup_by(|a, b| a.source == b.source);
        return Ok(chosen);
    }
    let waits = |task: &&TaskView| task.state == TaskState::AwaitingReview;
    // The deployment says which decisions are possible. A data source that can't be searched is only left
    // out by name.
    let may = match decision {
        ReviewDecision::Proceed => May::Proceed,
        ReviewDecision::LeaveOut => May::LeaveOut,
        ReviewDecision::Refuse => May::Refuse,
    };
    let fits = |task: &&TaskView| task.may.contains(&may);
    let chosen: Vec<&TaskView> = detail.tasks.iter().filter(waits).filter(fits).collect();
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    Err(match detail.tasks.iter().any(|task| waits(&task)) {
        false => wrong_state("no data source of this request waits for a decision", id),
        true if decision == ReviewDecision::Proceed => wrong_state(
            "the waiting data sources lack their identifier: give it (`rightful request identify`), or decide --leave-out",
            id,
        ),
        true => {
            wrong_state("the waiting data sources have their identifier: decide --proceed or --refuse", id)
        }
    })
}

/// Checks that the reviewer saw exactly the records that the decision is about now.
fn check_seen(id: RequestId, chosen: &[&TaskView], seen: &[(SourceId, SeenDigest)]) -> Result<()> {
    for (source, digest) in seen {
        let task = chosen.iter().find(|task| task.source == *source).ok_or_else(|| {
            usage_error(
                format!("--seen names {source}, but the decision is not about it"),
                "use --source to name the data sources that the decision is about",
            )
        })?;
        let same = match (digest, &task.found_digest) {
            (SeenDigest::Begins(digest), Some(found)) => found.mac.starts_with(digest.as_str()),
            (SeenDigest::Nothing, None) => true,
            _ => false,
        };
        if !same {
            return Err(wrong_state(
                format!("{source} holds other records than those you saw: nothing was decided"),
                id,
            ));
        }
    }
    Ok(())
}

/// The tasks and records that the decision is about.
fn decision_text(id: RequestId, decision: ReviewDecision, chosen: &[&TaskView]) -> String {
    let mut lines = vec![format!("request {id}: {} at", decision.as_str())];
    for task in chosen {
        lines.push(format!("  {}", task_text(task)));
        if let Some(target) = &task.target {
            lines.push(format!("    searched at {}", target.words()));
        }
        let asked = task.asked;
        if asked.marked > 0 {
            lines.push(format!(
                "    {} of these show another value than the request's: rightful request records {id} --source {} --who",
                asked.marked, task.source
            ));
        }
        if asked.set_aside > 0 {
            lines.push(format!(
                "    {} set aside, {} of them may be the person's",
                count(asked.set_aside, "record was", "records were"),
                asked.doubtful
            ));
        }
    }
    lines.join("\n")
}

fn task_text(task: &TaskView) -> String {
    match &task.found_digest {
        Some(digest) => format!(
            "{}: {}, exactly those with digest {}",
            task.source,
            count(task.counts.found, "record", "records"),
            digest.mac
        ),
        None => format!("{}: no record; {}", task.source, words::task::meaning(task)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command_line::{Command, CommandLine};
    use crate::args::request::RequestCommand;
    use crate::fixtures;

    fn waiting() -> RequestDetail {
        let (request, mut tasks) = fixtures::awaiting_review();
        let mut lacking = fixtures::missing_identifier().1.remove(0);
        lacking.source = SourceId::parse("other").unwrap();
        tasks.push(lacking);
        fixtures::detail(&request, &tasks, "09:31:00")
    }

    fn names(
        detail: &RequestDetail,
        named: &[&str],
        decision: ReviewDecision,
    ) -> Result<Vec<String>, String> {
        let named: Vec<SourceId> = named.iter().map(|name| SourceId::parse(name).unwrap()).collect();
        chosen_tasks(detail, &named, decision)
            .map(|tasks| tasks.iter().map(|task| task.source.to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_name_the_decision_is_on_all_that_waits_for_it() {
        let detail = waiting();
        assert_eq!(names(&detail, &[], ReviewDecision::Proceed).unwrap(), ["main"]);
        assert_eq!(names(&detail, &[], ReviewDecision::LeaveOut).unwrap(), ["other"]);
        assert_eq!(names(&detail, &[], ReviewDecision::Refuse).unwrap(), ["main", "other"]);
        assert_eq!(names(&detail, &["other"], ReviewDecision::Refuse).unwrap(), ["other"]);
    }

    #[test]
    fn where_nothing_waits_for_it_the_reviewer_is_told_what_does() {
        let (request, tasks) = fixtures::fulfilled();
        let done = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(
            names(&done, &[], ReviewDecision::Proceed)
                .unwrap_err()
                .contains("no data source of this request waits")
        );
        let (request, tasks) = fixtures::missing_identifier();
        let lacking = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&lacking, &[], ReviewDecision::Proceed).unwrap_err().contains("--leave-out"));
        let (request, tasks) = fixtures::awaiting_review();
        let found = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&found, &[], ReviewDecision::LeaveOut).unwrap_err().contains("--proceed or --refuse"));
        assert!(names(&found, &["crm"], ReviewDecision::Proceed).unwrap_err().contains("doesn't go to"));
    }

    #[test]
    fn what_the_reviewer_saw_must_be_what_is_decided_on() {
        let detail = waiting();
        let check = |text: &str| {
            let seen = seen_digests(&[text.to_owned()])?;
            check_seen(detail.request.id, &[&detail.tasks[0]], &seen)
        };
        assert!(check("main=02020202").is_ok() && check("main=0202020202ABCDEF").is_err());
        for (bad, says) in [
            ("main=03030303", "other records than those you saw"),
            ("main=none", "other records than those you saw"),
            ("main=0202", "at least 8"),
            ("main", "ID=DIGEST"),
            ("main=ann@example.com", "at least 8"),
            ("other=02020202", "the decision is not about it"),
        ] {
            let error = check(bad).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("ann@"), "{bad}: {error}");
        }
    }

    #[test]
    fn what_is_decided_on_is_said_with_its_number() {
        let detail = waiting();
        insta::assert_snapshot!(
            detail.tasks.iter().map(task_text).collect::<Vec<_>>().join("\n"),
            @r"
            main: 2 records, exactly those with digest 0202020202020202020202020202020202020202020202020202020202020202
            other: no record; Missing identifier: give email or phone
            "
        );
    }

    fn reviewing(arguments: &[&str]) -> RequestReview {
        use clap::Parser as _;
        let id = fixtures::id().to_string();
        let common = ["rightful", "request", "review", &id, "--reason", "x"];
        let all = common.iter().chain(arguments).copied();
        let cli = CommandLine::try_parse_from(all).unwrap();
        match cli.command {
            Command::Request(RequestCommand::Review(review)) => review,
            _ => panic!("a review"),
        }
    }

    /// The result of the check and the questions asked, for a reviewer who gives these answers. Without
    /// answers there is no terminal.
    fn agreed(
        detail: &RequestDetail,
        arguments: &[&str],
        answers: &[&str],
    ) -> (Result<(), String>, Vec<String>) {
        let review = reviewing(arguments);
        let decision = ReviewDecision::of(&review);
        let chosen = chosen_tasks(detail, &[], decision).unwrap();
        let seen = seen_digests(&review.seen).unwrap();
        let somebody = !answers.is_empty();
        let (mut asked, mut answers) = (Vec::new(), answers.iter());
        let mut question = |text: &str| -> Result<String> {
            asked.push(text.to_owned());
            Ok(answers.next().copied().unwrap_or_default().to_owned())
        };
        let person: Option<Ask<'_>> = if somebody { Some(&mut question) } else { None };
        let id = detail.request.id;
        let agreement = Agreement { id, decision, chosen: &chosen, seen: &seen, review: &review };
        let end = agreement.check(person).map_err(|error| error.to_string());
        (end, asked)
    }

    #[test]
    fn somebody_says_yes_to_what_is_shown_or_names_its_digest() {
        let detail = waiting();
        let ask = |answers: &[&str]| agreed(&detail, &["--proceed"], answers);
        assert_eq!(ask(&["yes"]), (Ok(()), vec!["Proceed? Type yes:".to_owned()]));
        for answer in ["", "y", "YES!", "no"] {
            let (end, _) = ask(&[answer]);
            assert!(end.unwrap_err().contains("nothing was decided"), "{answer}");
        }
        let (end, _) = ask(&[]);
        let told = end.unwrap_err();
        assert!(
            told.contains("without a terminal") && told.contains("--seen main=0202020202020202"),
            "{told}"
        );
        let refuse = ["--refuse", "--ground", "art_17_3_b"];
        let (end, _) = agreed(&detail, &refuse, &[]);
        let told = end.unwrap_err();
        assert!(told.contains("--seen main=0202020202020202 --seen other=none"), "{told}");
        assert_eq!(agreed(&detail, &refuse, &["yes"]).1, ["Refuse? Type yes:"]);
        // Naming every digest is agreement enough; naming half of them is not.
        assert_eq!(agreed(&detail, &["--proceed", "--seen", "main=02020202"], &[]), (Ok(()), vec![]));
        let half = [&refuse[..], &["--seen", "main=02020202"]].concat();
        let told = agreed(&detail, &half, &[]).0.unwrap_err();
        assert!(told.contains("add --seen other=none"), "{told}");
    }

    #[test]
    fn what_is_left_out_is_named_or_said_yes_to() {
        let detail = waiting();
        let told = agreed(&detail, &["--leave-out"], &[]).0.unwrap_err();
        assert!(told.contains("has to be named") && told.contains("add --source other"), "{told}");
        assert_eq!(agreed(&detail, &["--leave-out"], &["yes"]).1, ["Leave these out? Type yes:"]);
        assert_eq!(agreed(&detail, &["--leave-out", "--source", "other"], &[]), (Ok(()), vec![]));
    }

    #[test]
    fn what_shows_somebody_else_is_confirmed_by_its_number() {
        let (request, mut tasks) = fixtures::awaiting_review();
        (tasks[0].asked.marked, tasks[0].asked.set_aside, tasks[0].asked.doubtful) = (2, 3, 1);
        let detail = fixtures::detail(&request, &tasks, "09:31:00");
        let seen = ["--proceed", "--seen", "main=02020202"];
        let with = |more: &[&str], answers: &[&str]| agreed(&detail, &[&seen[..], more].concat(), answers);
        let told = with(&[], &[]).0.unwrap_err();
        assert!(told.contains("would be acted on: 2") && told.contains("--confirm-marked 2"), "{told}");
        let told = with(&["--confirm-marked", "2"], &[]).0.unwrap_err();
        assert!(
            told.contains("would not be acted on: 1") && told.contains("--confirm-set-aside 1"),
            "{told}"
        );
        let told = with(&["--confirm-marked", "3"], &[]).0.unwrap_err();
        assert!(told.contains("names another number"), "{told}");
        let both = ["--confirm-marked", "2", "--confirm-set-aside", "1"];
        assert_eq!(with(&both, &[]), (Ok(()), vec![]));
        let (end, asked) = with(&[], &["2", "1"]);
        assert_eq!((end, asked.len()), (Ok(()), 2));
        assert!(with(&[], &["2", "2"]).0.unwrap_err().contains("nothing was decided"));
        assert!(with(&[], &["yes"]).0.is_err());
        // A refusal acts on none of them.
        let refuse = ["--refuse", "--ground", "art_17_3_b", "--seen", "main=02020202"];
        assert_eq!(agreed(&detail, &refuse, &[]), (Ok(()), vec![]));
        let chosen: Vec<&TaskView> = detail.tasks.iter().collect();
        insta::assert_snapshot!(decision_text(request.id, ReviewDecision::Proceed, &chosen), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001: proceed at
          main: 2 records, exactly those with digest 0202020202020202020202020202020202020202020202020202020202020202
            2 of these show another value than the request's: rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
            3 records were set aside, 1 of them may be the person's
        ");
    }

    #[test]
    fn a_dead_data_source_is_left_out_only_by_its_name() {
        let (request, mut tasks) = fixtures::open();
        tasks[0].reason = Some("vendor_unreachable".to_owned());
        let detail = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&detail, &[], ReviewDecision::LeaveOut).is_err());
        assert_eq!(names(&detail, &["main"], ReviewDecision::LeaveOut).unwrap(), ["main"]);
        assert_eq!(
            task_text(&detail.tasks[0]),
            "main: no record; it can't be searched now, and is tried again automatically"
        );
    }

    #[test]
    fn nothing_found_is_proceeded_with_as_a_word_that_there_is_nothing() {
        let (request, tasks) = fixtures::nothing_found();
        let detail = fixtures::detail(&request, &tasks, "09:31:00");
        assert_eq!(names(&detail, &[], ReviewDecision::Proceed).unwrap(), ["main"]);
        let told = agreed(&detail, &["--proceed"], &[]).0.unwrap_err();
        assert!(told.contains("--seen main=none"), "{told}");
        assert_eq!(agreed(&detail, &["--proceed", "--seen", "main=none"], &[]), (Ok(()), vec![]));
        assert_eq!(
            task_text(&detail.tasks[0]),
            "main: no record; nothing was found: confirm that there is nothing, or give another identifier"
        );
    }
}
