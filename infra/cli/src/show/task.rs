//! A task: its state, what the vendor claims, what we saw ourselves, and what may be done now.

use crate::terminal::format::{count, utc, utc_or};
use crate::terminal::rows::LabelledRows;
use crate::words;
use crate::words::codes;
use crate::words::identifier::{any_of, kinds, missing};
use crate::words::owner::held;
use crate::words::policy::policy;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::RequestId;
use rightful_domain::duty::acts::May;
use rightful_domain::law::right::Right;
use rightful_domain::model::task::{Outcome, TaskState, Verdict};
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::TaskView;

/// Everything that is stored about a task.
pub fn text(detail: &RequestDetail, task: &TaskView) -> String {
    let mut rows = LabelledRows::new(format!("{} ({})", task.source, task.connector));
    rows.line(format!("  {} ({})", words::task::outcome_or_state(task), words::task::meaning(task)));
    for code in [&task.reason, &task.gave_up].into_iter().flatten() {
        rows.row("why", format!("{code}: {}", codes::what(code)));
        rows.row("to do", codes::todo(task, code));
    }
    if let Some(owner) = task.held {
        rows.row("held by", held(owner));
    }
    rows.row("needs", needs(task));
    if task.run > 1 {
        rows.row("run", format!("{}: searched and decided on again", task.run));
    }
    rows.row("searched", utc_or(task.searched_at, "not yet"));
    if let Some(target) = &task.target {
        rows.row("", format!("at {}{}", target.words(), words::task::search_details(&task.asked)));
    }
    add_decision(&mut rows, task);
    add_progress(&mut rows, task, detail.request.right);
    for rule in &task.rules {
        rows.row("rule", words::task::rule(rule));
        if let Some(code) = &rule.reason {
            rows.row("", format!("{code}: {}", codes::what(code)));
        }
    }
    if let (Some(next), false) = (task.next_due, task.state == TaskState::Settled) {
        rows.row("next look", utc(next));
    }
    for command in commands(detail.request.id, task) {
        rows.row("you may", command);
    }
    rows.text()
}

/// The identifiers that the data source takes, and which of them there are.
fn needs(task: &TaskView) -> String {
    let needs = &task.needs;
    if needs.missing {
        return missing(needs);
    }
    let takes = any_of(&needs.asked);
    match (needs.given.is_empty(), needs.inserted.is_empty()) {
        (true, true) => format!("{takes}; the request has none of these"),
        (false, true) => format!("{takes}; it has {}", kinds(&needs.given)),
        (true, false) => format!("{takes}; given for this data source: {}", kinds(&needs.inserted)),
        (false, false) => format!(
            "{takes}; it has {}; given for this data source: {}",
            kinds(&needs.given),
            kinds(&needs.inserted)
        ),
    }
}

/// The counts, the policy, and who decided or has to.
fn add_decision(rows: &mut LabelledRows, task: &TaskView) {
    let counts = task.counts;
    if task.decision.is_some() {
        rows.row(
            "records",
            format!("{} found, {} submitted, {} confirmed", counts.found, counts.submitted, counts.confirmed),
        );
    } else if task.found_digest.is_some() || counts.found > 0 {
        rows.row("records", format!("{} found", counts.found));
    }
    rows.row("policy", policy(task.policy));
    if let Some(review) = &task.review {
        rows.row(
            "reviewed",
            format!("{}, by {} at {}", reviewed(task, review.verdict), review.by, utc(review.at)),
        );
    }
    if let Some(decision) = &task.decision {
        rows.row("decided", format!("by {} at {}", decision.by, utc(decision.at)));
        rows.row("", format!("on exactly the records with digest {}", decision.digest.mac));
    } else if task.is_to_be_confirmed() {
        rows.row("waits for", "a person to confirm that there is nothing, or another identifier");
    } else if task.state == TaskState::AwaitingReview && task.found_digest.is_some() {
        rows.row("waits for", format!("a person's decision on {}", count(counts.found, "record", "records")));
        if let Some(digest) = &task.found_digest {
            rows.row("", format!("exactly those with digest {}", digest.mac));
        }
    } else if task.state == TaskState::AwaitingReview {
        rows.row("waits for", "a person: the identifier, or a decision to go on without it");
    }
}

/// A person's decision, read with the outcome.
fn reviewed(task: &TaskView, verdict: Verdict) -> String {
    match (verdict, task.outcome, task.reason.as_deref()) {
        (Verdict::Proceed, _, Some(reason)) if reason == Code::StatedByAPerson.as_str() => {
            "stated how it ended".to_owned()
        }
        (Verdict::Proceed, Some(Outcome::MissingIdentifier), _) => {
            "leave out, as its identifier is missing".to_owned()
        }
        (Verdict::Proceed, Some(Outcome::NothingFound), _) if task.decision.is_none() => {
            "confirm that there is nothing".to_owned()
        }
        (verdict, ..) => words::task::verdict(verdict),
    }
}

/// The vendor's claim, and, apart from it, what we saw ourselves.
fn add_progress(rows: &mut LabelledRows, task: &TaskView, right: Right) {
    if task.awaiting_approval {
        rows.row("approval", format!("{}; nobody can give it here", words::task::APPROVAL));
    }
    if task.decision.is_some() && (right == Right::Erasure || !task.rules.is_empty()) {
        rows.row(
            "vendor says",
            match task.claim {
                Some(claim) => format!(
                    "{}: it {} (seen at {})",
                    words::name::in_json(claim),
                    words::task::claim(claim),
                    utc_or(task.finished_at, "an unknown time")
                ),
                None => "nothing yet".to_owned(),
            },
        );
    }
    // Records that were copied are not looked for again.
    if task.decision.is_some() && right == Right::Erasure {
        rows.row("we saw", verified(task));
    }
    if task.rounds > 0 {
        rows.row("rounds", words::task::rounds(task.rounds));
    }
    if task.strangers > 0 {
        rows.row("strangers", words::task::strangers(task.strangers));
    }
    if task.appeared > 0 {
        let records = count(task.appeared, "record", "records");
        rows.row(
            "new",
            format!(
                "{records} appeared that no decision covers; nothing was done to them: make a new request for them"
            ),
        );
    }
}

fn verified(task: &TaskView) -> String {
    match (task.verified_at, task.looks) {
        (Some(at), looks) => format!(
            "no record of the person at {}{}{}",
            utc(at),
            match looks {
                0 => String::new(),
                looks => format!(", after {} that still found some", count(looks, "look", "looks")),
            },
            task.assurance.map(|one| format!(", {}", words::task::assurance(one))).unwrap_or_default()
        ),
        (None, 0) => "nothing yet: not verified".to_owned(),
        (None, looks) => format!(
            "{} of the submitted records, in the last of {}: not verified",
            task.left,
            count(looks, "look", "looks")
        ),
    }
}

/// The commands that may be given now; the one that moves the task on comes first.
fn commands(id: RequestId, task: &TaskView) -> Vec<String> {
    let source = &task.source;
    let seen = match &task.found_digest {
        Some(digest) => format!(" --seen {source}={}", digest.mac.get(..16).unwrap_or(&digest.mac)),
        None => format!(" --seen {source}=none"),
    };
    // The reviewers count the records themselves: a number that they copy would confirm nothing.
    let confirm =
        [(task.asked.marked, " --confirm-marked N"), (task.asked.doubtful, " --confirm-set-aside N")];
    let confirm: String =
        confirm.into_iter().filter(|(number, _)| *number > 0).map(|(_, flag)| flag).collect();
    let kind = match task.needs.asked.as_slice() {
        [only] => only.kind.as_str(),
        _ => "KIND",
    };
    let command = |may: &May| {
        let command = match may {
            May::Proceed => {
                format!("review {id} --source {source} --proceed{seen}{confirm} --reason TEXT")
            }
            May::Refuse => {
                format!("review {id} --source {source} --refuse --ground GROUND{seen} --reason TEXT")
            }
            May::LeaveOut => format!("review {id} --source {source} --leave-out{confirm} --reason TEXT"),
            May::Identify => format!("identify {id} --source {source} --identifier {kind}=-"),
            May::Records => format!("records {id} --source {source}"),
            May::Compare => format!("records {id} --source {source} --who"),
            May::State => format!("state {id} --source {source} --erased|--failed --reason TEXT"),
            May::Run => format!("run {id} --source {source}"),
            May::Cancel
            | May::Extend
            | May::Reopen
            | May::Copy
            | May::Receipt
            | May::Identifiers
            | May::Reasons => return None,
        };
        Some(format!("rightful request {command}"))
    };
    task.may.iter().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::base::seal::DataKey;
    use rightful_domain::model::policy::Policy;
    use rightful_domain::model::request::Request;
    use rightful_domain::model::task::{Review, Task};
    use rightful_domain::view::task::ReviewView;

    /// The only task of a request.
    fn shown(request: &Request, tasks: &[Task]) -> String {
        let detail = fixtures::detail(request, tasks, "09:31:00");
        text(&detail, &detail.tasks[0])
    }

    #[test]
    fn a_missing_identifier_is_told_with_the_kinds_that_would_do() {
        let (request, tasks) = fixtures::missing_identifier();
        insta::assert_snapshot!(shown(&request, &tasks), @r"
        main (qualifio)
          awaiting_review (Missing identifier: give email or phone)
          why          identifier_missing: the request has no identifier of a kind that this data source searches by
          to do        give it one (`rightful request identify ID`), or go on without this data source (`rightful request review ID --leave-out`)
          held by      person (only a person can move it on), due by 2026-12-21 09:30:00 UTC
          needs        Missing identifier: give email or phone
          searched     2026-11-21 09:30:02 UTC
          policy       always (a person decides)
          waits for    a person: the identifier, or a decision to go on without it
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request identify 019aa6e0-5c1f-7000-8000-000000000001 --source main --identifier KIND=-
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --refuse --ground GROUND --seen main=none --reason TEXT
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --leave-out --reason TEXT
          you may      rightful request run 019aa6e0-5c1f-7000-8000-000000000001 --source main
        ");
    }

    #[test]
    fn a_data_source_that_was_left_out_is_not_told_as_one_that_was_acted_on() {
        let (request, mut tasks) = fixtures::missing_identifier();
        let by = "arn:aws:iam::000000000000:user/ann";
        tasks[0].state = TaskState::Settled;
        tasks[0].outcome = Some(Outcome::MissingIdentifier);
        let mut detail = fixtures::detail(&request, &tasks, "09:31:00");
        let at = fixtures::at("09:30:30");
        detail.tasks[0].review = Some(ReviewView { by: by.to_owned(), at, verdict: Verdict::Proceed });
        let text = text(&detail, &detail.tasks[0]);
        assert!(text.contains("reviewed     leave out, as its identifier is missing, by arn:"), "{text}");
        assert!(text.contains("a closed request is reopened first"), "{text}");
    }

    #[test]
    fn the_vendors_own_approval_is_told_as_what_it_is() {
        let (request, tasks) = fixtures::awaiting_approval();
        let detail = fixtures::detail_with(&request, &tasks, fixtures::at("09:31:00"));
        insta::assert_snapshot!(text(&detail, &detail.tasks[0]), @r"
        main (qualifio)
          submitted (the vendor has it, and waits for somebody's approval in its own console)
          held by      vendor (the vendor is working; it is asked again), due by 2026-11-21 09:32:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 0 confirmed
          policy       auto (the policy decides)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
          approval     the vendor has it, and waits for somebody's approval in its own console; nobody can give it here
          vendor says  nothing yet
          we saw       nothing yet: not verified
          rule         batch 0: accepted (the vendor accepted it), 0 of 2 confirmed, rule 6570f0a1, waits for the vendor's own approval
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
        ");
    }

    #[test]
    fn who_decided_and_which_run_it_is_are_told() {
        let (request, mut tasks) = fixtures::fulfilled();
        let sealed = DataKey::new(&[1; 32]).unwrap().seal("c", b"why").unwrap();
        tasks[0].run = 2;
        tasks[0].policy = Policy::Over(1);
        tasks[0].inserted = vec![IdentifierKind::parse("phone").unwrap()];
        let by = "arn:aws:iam::111122223333:user/ann".to_owned();
        tasks[0].review =
            Some(Review { by, at: fixtures::at("09:30:01"), verdict: Verdict::Proceed, reason: sealed });
        insta::assert_snapshot!(shown(&request, &tasks), @r"
        main (qualifio)
          verified_erased (erased, and a look found nothing more)
          needs        email or phone; it has email; given for this data source: phone
          run          2: searched and decided on again
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       over:1 (the policy decides on up to 1 record, a person on more)
          reviewed     proceed, by arn:aws:iam::111122223333:user/ann at 2026-11-21 09:30:01 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records with digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  anonymised: it says that it anonymised them (seen at 2026-11-21 09:30:06 UTC)
          we saw       no record of the person at 2026-11-21 09:30:11 UTC, with control: the search found the control's record in the same minutes
        ");
    }
}
