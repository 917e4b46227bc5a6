//! `rightful request review`: decides on exactly what was found, and says on what.

use crate::api::{Call, told_api};
use crate::args::RequestReview;
use crate::deployment::Deployment;
use crate::output::{OK, Out, count, usage};
use crate::request::{load, not_so, reason};
use crate::{source, words};
use anyhow::Result;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::duty::acts::May;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::acts::{ReviewedSource, ReviewedView};
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::TaskView;
use serde_json::json;
use std::io::IsTerminal as _;

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

/// Records a decision on what waits for one. What is decided on is read first and shown, and named by its
/// digest: a set that has changed in between is refused by the deployment. Whoever sits at a terminal says
/// yes to what was shown; elsewhere the digests have to be given.
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
    let shown = shown(id, verdict, &chosen);
    if !out.json {
        out.line(&shown)?;
    }
    // Whoever says yes sees on what, wherever the output goes.
    let apart = out.json || !std::io::stdout().is_terminal();
    let mut question = |text: &str| ask(&if apart { format!("{shown}\n{text}") } else { text.to_owned() });
    let person: Option<Ask<'_>> = if is_terminal() { Some(&mut question) } else { None };
    agree(&Agreeing { id, verdict, chosen: &chosen, seen: &seen, review }, person)?;
    let confirmed = verdict != Verdict::Refuse;
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

/// Asks whoever sits at the terminal.
type Ask<'a> = &'a mut dyn FnMut(&str) -> Result<String>;

/// Whether somebody can be asked.
fn is_terminal() -> bool {
    // A test never waits for anybody.
    !cfg!(test) && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn ask(text: &str) -> Result<String> {
    eprint!("{text} ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// What somebody has to agree to.
struct Agreeing<'a> {
    id: RequestId,
    verdict: Verdict,
    chosen: &'a [&'a TaskView],
    seen: &'a [(SourceId, Digest)],
    review: &'a RequestReview,
}

/// Whether somebody says yes to exactly what is shown: with the digests, or on the terminal. What needs a
/// word of its own is confirmed by its number.
fn agree(agreeing: &Agreeing<'_>, mut person: Option<Ask<'_>>) -> Result<()> {
    let Agreeing { id, verdict, chosen, seen, review } = agreeing;
    let sum = |of: fn(&TaskView) -> u32| chosen.iter().map(|task| of(task)).sum::<u32>();
    if *verdict != Verdict::Refuse {
        for (number, given, flag, what) in [
            (
                sum(|task| task.asked.marked),
                review.confirm_marked,
                "--confirm-marked",
                "records that show another value than the request's, and would be acted on",
            ),
            (
                sum(|task| task.asked.doubtful),
                review.confirm_set_aside,
                "--confirm-set-aside",
                "records that were set aside although they contain the identifier, and would not be acted on",
            ),
        ] {
            let what = format!("{what}: {number}");
            let look = format!("look at them: rightful request records {id} --source ID --who");
            match (number, given, &mut person) {
                (0, None | Some(0), _) => {}
                (number, Some(given), _) if given == number => {}
                (_, Some(_), _) => {
                    return Err(usage(format!("{flag} names another number: {what}"), look));
                }
                (_, None, Some(ask)) => {
                    if (*ask)(&format!("{what}. Type the number to confirm:"))? != number.to_string() {
                        return Err(not_so("not confirmed: nothing was decided", *id));
                    }
                }
                (_, None, None) => {
                    return Err(usage(what, format!("{look}; then add {flag} {number}")));
                }
            }
        }
    }
    let unseen: Vec<&&TaskView> =
        chosen.iter().filter(|task| !seen.iter().any(|(source, _)| *source == task.source)).collect();
    if unseen.is_empty() || *verdict == Verdict::LeaveOut && !review.source.is_empty() {
        return Ok(());
    }
    let Some(ask) = person else {
        if *verdict == Verdict::LeaveOut {
            let flags: Vec<String> = chosen.iter().map(|task| format!("--source {}", task.source)).collect();
            return Err(usage(
                "there is no terminal to say yes on, so each data source that is left out has to be named",
                format!("add {}", flags.join(" ")),
            ));
        }
        let flags: Vec<String> =
            unseen.iter().map(|task| format!("--seen {}={}", task.source, short(task))).collect();
        return Err(usage(
            "without a terminal, the digest of each data source has to be given",
            format!("look at what it is about, then add {}", flags.join(" ")),
        ));
    };
    let question = match verdict {
        Verdict::Proceed => "Proceed? Type yes:",
        Verdict::Refuse => "Refuse? Type yes:",
        Verdict::LeaveOut => "Leave these out? Type yes:",
    };
    match ask(question)?.as_str() {
        "yes" => Ok(()),
        _ => Err(not_so("not agreed: nothing was decided", *id)),
    }
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

/// What the reviewer saw of a data source.
#[derive(Debug, PartialEq, Eq)]
enum Digest {
    /// The beginning of the digest of its records.
    Begins(String),
    /// That there is none.
    Nothing,
}

/// The digests that the reviewer saw, by data source.
fn seen(texts: &[String]) -> Result<Vec<(SourceId, Digest)>> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let example = "write it as `rightful request show` does, such as --seen main=0123456789abcdef";
        let Some((source, digest)) = text.split_once('=') else {
            return Err(usage("a --seen is not of the form ID=DIGEST", example));
        };
        let digest = digest.to_ascii_lowercase();
        if digest == "none" {
            all.push((source::id(source)?, Digest::Nothing));
            continue;
        }
        if digest.len() < SHORTEST_DIGEST || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(usage("a digest is at least 8 of 0-9 and a-f, or none", example));
        }
        all.push((source::id(source)?, Digest::Begins(digest)));
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
    // What it may be decided as is the deployment's word; one that can't be searched is named, or not left out.
    let may = match verdict {
        Verdict::Proceed => May::Proceed,
        Verdict::LeaveOut => May::LeaveOut,
        Verdict::Refuse => May::Refuse,
    };
    let fits = |task: &&TaskView| task.may.contains(&may);
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
fn check_seen(id: RequestId, chosen: &[&TaskView], seen: &[(SourceId, Digest)]) -> Result<()> {
    for (source, digest) in seen {
        let task = chosen.iter().find(|task| task.source == *source).ok_or_else(|| {
            usage(
                format!("--seen names {source}, and the decision is not on it"),
                "name what is decided on with --source",
            )
        })?;
        let same = match (digest, &task.found_digest) {
            (Digest::Begins(digest), Some(found)) => found.mac.starts_with(digest.as_str()),
            (Digest::Nothing, None) => true,
            _ => false,
        };
        if !same {
            return Err(not_so(
                format!("{source} holds other records than those you saw: nothing was decided"),
                id,
            ));
        }
    }
    Ok(())
}

/// What the decision is about, as it is shown before it is made.
fn shown(id: RequestId, verdict: Verdict, chosen: &[&TaskView]) -> String {
    let mut lines = vec![format!("request {id}: {} at", verdict.as_str())];
    for task in chosen {
        lines.push(format!("  {}", decided_on(task)));
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

/// The beginning of a task's digest, as `--seen` takes it.
fn short(task: &TaskView) -> &str {
    task.found_digest.as_ref().map_or("none", |digest| digest.mac.get(..16).unwrap_or(&digest.mac))
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
            ("main=none", "other records than those you saw"),
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

    fn reviewing(arguments: &[&str]) -> RequestReview {
        use clap::Parser as _;
        let id = fixtures::id().to_string();
        let common = ["rightful", "request", "review", &id, "--reason", "x"];
        let all = common.iter().chain(arguments).copied();
        let cli = crate::args::Cli::try_parse_from(all).unwrap();
        match cli.command {
            crate::args::Command::Request(crate::args::Request::Review(review)) => review,
            _ => panic!("a review"),
        }
    }

    /// What agreeing comes to, and what was asked, where a person answers so; nobody where there is no answer.
    fn agreed(
        detail: &RequestDetail,
        arguments: &[&str],
        answers: &[&str],
    ) -> (Result<(), String>, Vec<String>) {
        let review = reviewing(arguments);
        let verdict = match (review.proceed, review.refuse) {
            (true, _) => Verdict::Proceed,
            (_, true) => Verdict::Refuse,
            _ => Verdict::LeaveOut,
        };
        let chosen = chosen(detail, &[], verdict).unwrap();
        let seen = seen(&review.seen).unwrap();
        let somebody = !answers.is_empty();
        let (mut asked, mut answers) = (Vec::new(), answers.iter());
        let mut question = |text: &str| -> Result<String> {
            asked.push(text.to_owned());
            Ok(answers.next().copied().unwrap_or_default().to_owned())
        };
        let person: Option<Ask<'_>> = if somebody { Some(&mut question) } else { None };
        let agreeing =
            Agreeing { id: detail.request.id, verdict, chosen: &chosen, seen: &seen, review: &review };
        let end = agree(&agreeing, person).map_err(|error| error.to_string());
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
        // Whoever names the digest has said it; half of them is not enough.
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
        insta::assert_snapshot!(shown(request.id, Verdict::Proceed, &chosen), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001: proceed at
          main: 2 records, exactly those of digest 0202020202020202020202020202020202020202020202020202020202020202
            2 of these show another value than the request's: rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
            3 records were set aside, 1 of them may be the person's
        ");
    }

    #[test]
    fn a_dead_data_source_is_left_out_only_by_its_name() {
        let (request, mut tasks) = fixtures::open();
        tasks[0].reason = Some("vendor_unreachable".to_owned());
        let detail = fixtures::detail(&request, &tasks, "09:31:00");
        assert!(names(&detail, &[], Verdict::LeaveOut).is_err());
        assert_eq!(names(&detail, &["main"], Verdict::LeaveOut).unwrap(), ["main"]);
        assert_eq!(
            decided_on(&detail.tasks[0]),
            "main: no record; it can't be searched now, and is tried again by itself"
        );
    }

    #[test]
    fn nothing_found_is_proceeded_with_as_a_word_that_there_is_nothing() {
        let (request, tasks) = fixtures::nothing_found();
        let detail = fixtures::detail(&request, &tasks, "09:31:00");
        assert_eq!(names(&detail, &[], Verdict::Proceed).unwrap(), ["main"]);
        let told = agreed(&detail, &["--proceed"], &[]).0.unwrap_err();
        assert!(told.contains("--seen main=none"), "{told}");
        assert_eq!(agreed(&detail, &["--proceed", "--seen", "main=none"], &[]), (Ok(()), vec![]));
        assert_eq!(
            decided_on(&detail.tasks[0]),
            "main: no record; nothing was found: confirm that there is nothing, or give another identifier"
        );
    }
}
