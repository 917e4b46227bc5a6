//! `rightful request show`: everything that is stored about a request but the person: what the
//! vendor claims and what we saw ourselves stand apart; and what may be done now, as commands.

use crate::api::{Api, Call, told_api};
use crate::codes::{ticket_words, todo, words as code_words};
use crate::deployment::Deployment;
use crate::output::{FAILED, OK, Out, count, due_in, utc, utc_or};
use crate::request::{load, right};
use crate::words;
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::code::STATED_BY_A_PERSON;
use rightful_domain::base::ids::{Reference, RequestId};
use rightful_domain::base::time::Time;
use rightful_domain::duty::acts::May;
use rightful_domain::law::level::Level;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Outcome, TaskState, Verdict};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::events::EventPage;
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::TaskView;
use serde_json::{Value, json};

/// Shows a request; with its events, a chain that doesn't hold together is a failure.
pub async fn show(out: Out, deployment: &Deployment, id: RequestId, events: bool) -> Result<u8> {
    let detail = load(&deployment.api, id).await?;
    let events = if events { Some(all_events(&deployment.api, id).await?) } else { None };
    if out.json {
        out.value(&json_of(&detail, events.as_ref())?)?;
    } else {
        out.line(text_of(&detail, SystemClock.now()))?;
        if let Some(events) = &events {
            out.line(events_of(events))?;
        }
    }
    Ok(if events.is_some_and(|events| events.broken.is_some()) { FAILED } else { OK })
}

/// All of a request's events, page by page. The API checks the whole chain for each page.
async fn all_events(api: &Api, id: RequestId) -> Result<EventPage> {
    let page = async |after: Option<u64>| -> Result<EventPage> {
        let call = Call::get(format!("/requests/{id}/events")).with("after", after).with("limit", Some(100));
        api.call(call).await.map_err(told_api)
    };
    let mut all = page(None).await?;
    while let Some(after) = all.next {
        let EventPage { items, next, all: number, head, broken } = page(Some(after)).await?;
        all.items.extend(items);
        (all.next, all.all, all.head, all.broken) = (next, number, head, broken);
    }
    Ok(all)
}

fn text_of(detail: &RequestDetail, now: Time) -> String {
    let request = &detail.request;
    let mut lines = vec![format!("request {}", request.id)];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    row("right", right(request));
    if request.synthetic {
        row("synthetic", words::SYNTHETIC.to_owned());
    }
    row("state", words::word(request.state));
    if let Some(outcome) = request.outcome {
        row("outcome", format!("{} ({})", outcome.as_str(), words::request_outcome(outcome)));
    }
    if let Some(repeats) = request.repeats {
        row("came again", words::repeats(repeats));
    }
    row("received", format!("{}, from {}", utc(request.received_at), request.origin));
    if request.arrived_at != request.received_at {
        row("arrived", words::arrived(request.received_at, request.arrived_at));
    }
    let due = match request.state {
        RequestState::Open => format!(" ({})", due_in(now, request.due_at)),
        RequestState::Closed => String::new(),
    };
    if !request.synthetic {
        row("legal date", format!("{}{due}", words::legal_date(&request.legal_zone, request.due_at)));
    }
    if let Some(extension) = &request.extension {
        row("extended", words::extension(extension));
    }
    if let Some(held) = request.held {
        row("held by", words::held(held));
    }
    let escalation = &request.escalation;
    if escalation.level > Level::None {
        row("escalation", format!("{} ({})", escalation.level.as_str(), words::level(escalation.level)));
        for role in &escalation.who {
            row("must act", format!("{} ({})", role.as_str(), words::role(*role)));
        }
        row("because", format!("{}: {}", escalation.reason, code_words(&escalation.reason).what));
    }
    row("ticket", request.reference.as_ref().map_or("-", Reference::as_str).to_owned());
    row("identified", format!("by {}", words::kinds(&request.identifier_kinds)));
    if !request.not_asked.is_empty() {
        let all: Vec<&str> = request.not_asked.iter().map(|source| source.as_str()).collect();
        row("not asked", format!("{} (disabled, or the request named others)", all.join(", ")));
    }
    let own = if request.synthetic { "" } else { "; a data source's own goes before it" };
    row("policy", format!("{}{own}", words::policy(request.policy)));
    row("attempt", request.attempt.to_string());
    if request.reopened > 0 {
        row("reopened", count(request.reopened, "time", "times"));
    }
    if let Some(closed) = request.closed_at {
        row("closed", utc(closed));
        row(
            "receipt",
            request
                .receipt_sha256
                .as_ref()
                .map_or_else(|| "not kept yet".to_owned(), |sha256| format!("SHA-256 {sha256}")),
        );
        row(
            "person",
            match (request.forgotten_at, request.forget_at) {
                (Some(at), _) => format!("forgotten at {}", utc(at)),
                (None, at) => format!("to be forgotten at {}", utc_or(at, "an unknown time")),
            },
        );
    }
    if let Some(copy) = &request.copy {
        row("copy", words::package(copy));
    }
    if let Some(answer) = &request.answer {
        row("answer", words::answer(answer));
        if let Some(code) = &answer.reason {
            row("to do", ticket_words(code).1.to_owned());
        }
    }
    if let Some(next) = request.next_due {
        row("next look", format!("{} by the reconciliation, if nothing moves it before", utc(next)));
    }
    for command in of_request(detail) {
        row("you may", command);
    }
    for task in &detail.tasks {
        lines.extend(task_lines(detail, task));
    }
    lines.join("\n")
}

fn task_lines(detail: &RequestDetail, task: &TaskView) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("{} ({})", task.source, task.connector),
        format!("  {} ({})", words::of_task(task), words::about_task(task)),
    ];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    let codes = [&task.reason, &task.gave_up].into_iter().flatten();
    for code in codes {
        row("why", format!("{code}: {}", code_words(code).what));
        row("to do", todo(task, code).to_owned());
    }
    if let Some(held) = task.held {
        row("held by", words::held(held));
    }
    row("needs", needs(task));
    if task.run > 1 {
        row("run", format!("{}: it was searched anew, and decided on anew", task.run));
    }
    row("searched", utc_or(task.searched_at, "not yet"));
    if let Some(target) = &task.target {
        row("", format!("at {}{}", target.words(), words::heard(&task.asked)));
    }
    decided(task, &mut row);
    if task.awaiting_approval {
        row("approval", format!("{}; nobody can give it here", words::APPROVAL));
    }
    let asked = detail.request.right == Right::Erasure || !task.rules.is_empty();
    if task.decision.is_some() && asked {
        row(
            "vendor says",
            match task.claim {
                Some(claim) => format!(
                    "{}: it {} (seen at {})",
                    words::word(claim),
                    words::claim(claim),
                    utc_or(task.finished_at, "an unknown time")
                ),
                None => "nothing yet".to_owned(),
            },
        );
    }
    // What is copied is not looked for again.
    if task.decision.is_some() && detail.request.right == Right::Erasure {
        row("we saw", verified(task));
    }
    if task.rounds > 0 {
        row("rounds", words::rounds(task.rounds));
    }
    if task.strangers > 0 {
        row("strangers", words::strangers(task.strangers));
    }
    if task.appeared > 0 {
        row(
            "anew",
            format!(
                "{} appeared that no decision covers; nothing was done to them: make a new request for them",
                count(task.appeared, "record", "records")
            ),
        );
    }
    for rule in &task.rules {
        row("rule", words::of_rule(rule));
        if let Some(code) = &rule.reason {
            row("", format!("{code}: {}", code_words(code).what));
        }
    }
    if let (Some(next), false) = (task.next_due, task.state == TaskState::Settled) {
        row("next look", utc(next));
    }
    for command in of_task(detail, task) {
        row("you may", command);
    }
    lines
}

/// What a data source is searched by, and what of it there is.
fn needs(task: &TaskView) -> String {
    let needs = &task.needs;
    if needs.missing {
        return words::missing(needs);
    }
    let takes = words::one_of(&needs.asked);
    match (needs.given.is_empty(), needs.inserted.is_empty()) {
        (true, true) => format!("{takes}; the request has none of these"),
        (false, true) => format!("{takes}; it has {}", words::kinds(&needs.given)),
        (true, false) => format!("{takes}; given here alone: {}", words::kinds(&needs.inserted)),
        (false, false) => format!(
            "{takes}; it has {}; given here alone: {}",
            words::kinds(&needs.given),
            words::kinds(&needs.inserted)
        ),
    }
}

/// Counts, the policy, who decided, or who is waited for.
fn decided(task: &TaskView, row: &mut impl FnMut(&str, String)) {
    let counts = task.counts;
    if task.decision.is_some() {
        row(
            "records",
            format!("{} found, {} submitted, {} confirmed", counts.found, counts.submitted, counts.confirmed),
        );
    } else if task.found_digest.is_some() || counts.found > 0 {
        row("records", format!("{} found", counts.found));
    }
    row("policy", words::policy(task.policy));
    if let Some(review) = &task.review {
        row(
            "reviewed",
            format!("{}, by {} at {}", reviewed(task, review.verdict), review.by, utc(review.at)),
        );
    }
    if let Some(decision) = &task.decision {
        row("decided", format!("by {} at {}", decision.by, utc(decision.at)));
        row("", format!("on exactly the records of digest {}", decision.digest.mac));
    } else if task.is_to_be_confirmed() {
        row("waits for", "a person's word that there is nothing, or another identifier".to_owned());
    } else if task.state == TaskState::AwaitingReview && task.found_digest.is_some() {
        row("waits for", format!("a person's decision on {}", count(counts.found, "record", "records")));
        if let Some(digest) = &task.found_digest {
            row("", format!("exactly those of digest {}", digest.mac));
        }
    } else if task.state == TaskState::AwaitingReview {
        row("waits for", "a person: the identifier, or the word to go on without it".to_owned());
    }
}

/// What a person decided, in the light of how it ended.
fn reviewed(task: &TaskView, verdict: Verdict) -> String {
    match (verdict, task.outcome, task.reason.as_deref()) {
        (Verdict::Proceed, _, Some(STATED_BY_A_PERSON)) => "said how it ended".to_owned(),
        (Verdict::Proceed, Some(Outcome::MissingIdentifier), _) => {
            "leave out, as its identifier is missing".to_owned()
        }
        (Verdict::Proceed, Some(Outcome::NothingFound), _) if task.decision.is_none() => {
            "confirm that there is nothing".to_owned()
        }
        (verdict, ..) => words::verdict(verdict),
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
            task.assurance.map(|one| format!(", {}", words::assurance(one))).unwrap_or_default()
        ),
        (None, 0) => "nothing yet: not verified".to_owned(),
        (None, looks) => format!(
            "{} of the submitted records, in the last of {}: not verified",
            task.left,
            count(looks, "look", "looks")
        ),
    }
}

/// What may be done to the request as a whole, as commands.
fn of_request(detail: &RequestDetail) -> Vec<String> {
    let id = detail.request.id;
    let command = |may: &May| match may {
        May::Cancel => Some(format!("rightful request cancel {id}")),
        May::Extend => Some(format!("rightful request extend {id} --months 1 --ground complexity")),
        May::Reopen => Some(format!("rightful request reopen {id}")),
        May::Copy => Some(format!("rightful request copy {id} -o FILE")),
        May::Receipt => Some(format!("rightful request receipt {id}")),
        May::Reasons => Some(format!("rightful request reasons {id}")),
        May::Identify
        | May::Records
        | May::Compare
        | May::Proceed
        | May::Refuse
        | May::LeaveOut
        | May::Run
        | May::State => None,
    };
    detail.may.iter().filter_map(command).collect()
}

/// What may be done to one task, as commands: what brings it on stands first.
fn of_task(detail: &RequestDetail, task: &TaskView) -> Vec<String> {
    let (id, source) = (detail.request.id, &task.source);
    let seen = match &task.found_digest {
        Some(digest) => format!(" --seen {source}={}", digest.mac.get(..16).unwrap_or(&digest.mac)),
        None => format!(" --seen {source}=none"),
    };
    // How many is for the reviewer to say: what is copied is not confirmed.
    let confirm =
        [(task.asked.marked, " --confirm-marked N"), (task.asked.doubtful, " --confirm-set-aside N")];
    let confirm: String =
        confirm.into_iter().filter(|(number, _)| *number > 0).map(|(_, flag)| flag).collect();
    // Which of several kinds it is to be is not ours to guess.
    let kind = match task.needs.asked.as_slice() {
        [only] => only.kind.as_str(),
        _ => "KIND",
    };
    let command = |may: &May| match may {
        May::Proceed => Some(format!(
            "rightful request review {id} --source {source} --proceed{seen}{confirm} --reason TEXT"
        )),
        May::Refuse => Some(format!(
            "rightful request review {id} --source {source} --refuse --ground GROUND{seen} --reason TEXT"
        )),
        May::LeaveOut => {
            Some(format!("rightful request review {id} --source {source} --leave-out{confirm} --reason TEXT"))
        }
        May::Identify => {
            Some(format!("rightful request identify {id} --source {source} --identifier {kind}=-"))
        }
        May::Records => Some(format!("rightful request records {id} --source {source}")),
        May::Compare => Some(format!("rightful request records {id} --source {source} --who")),
        May::State => {
            Some(format!("rightful request state {id} --source {source} --erased|--failed --reason TEXT"))
        }
        May::Run => Some(format!("rightful request run {id} --source {source}")),
        May::Cancel | May::Extend | May::Reopen | May::Copy | May::Receipt | May::Reasons => None,
    };
    task.may.iter().filter_map(command).collect()
}

fn events_of(events: &EventPage) -> String {
    let mut lines = vec![String::new()];
    match &events.broken {
        None => lines.push(format!(
            "events: {}, each bound to the one before it; last hash {}",
            events.all, events.head
        )),
        Some(broken) => {
            lines.push(format!(
                "events: {}, and they don't hold together: event {} was changed, is missing or is out of order ({})",
                events.all, broken.at, broken.why
            ));
            lines.push("  to do: compare with a backup, and find out who can write to the table".to_owned());
        }
    }
    let width = events.items.last().map_or(1, |event| event.seq.to_string().len());
    for event in &events.items {
        lines.push(format!("  {:>width$}  {}  {}", event.seq, utc(event.at), words::fact(&event.fact)));
    }
    lines.join("\n")
}

fn json_of(detail: &RequestDetail, events: Option<&EventPage>) -> Result<Value> {
    let mut shown = serde_json::to_value(detail)?;
    if let Some(code) = detail.request.answer.as_ref().and_then(|answer| answer.reason.as_ref()) {
        let (what, todo) = ticket_words(code);
        shown["request"]["answer"]["reason_words"] = json!({"what": what, "to_do": todo});
    }
    for (index, task) in detail.tasks.iter().enumerate() {
        if let Some(code) = &task.reason {
            shown["tasks"][index]["reason_words"] =
                json!({"what": code_words(code).what, "to_do": todo(task, code)});
        }
    }
    // A copy of what stands in the request: who only wants to know that need not look for it.
    shown["held"] = shown["request"]["held"].clone();
    shown["escalation"] = shown["request"]["escalation"].clone();
    if let Some(events) = events {
        shown["events"] = json!({
            "verified": events.broken.is_none(),
            "count": events.all,
            "head": events.head,
            "broken": events.broken,
            "all": events.items,
        });
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::chain::event::write;
    use rightful_domain::chain::fact::Fact;
    use rightful_domain::chain::links::Head;
    use rightful_domain::law::extension::Extension;
    use rightful_domain::law::ground::Ground;
    use rightful_domain::model::answer::{Answer, AnswerState};
    use rightful_domain::model::package::Package;
    use rightful_domain::model::request::{Request, RequestOutcome};
    use rightful_domain::model::task::{Outcome, Review, Task, Verdict};
    use rightful_domain::vendor::fault::Fault;
    use rightful_domain::view::task::ReviewView;

    #[test]
    fn a_fulfilled_request_is_shown_with_claim_and_verification_apart() {
        let (request, tasks) = fixtures::fulfilled();
        let tasks = vec![(tasks[0].clone(), vec![fixtures::rule()])];
        let detail = fixtures::detail_with(&request, &tasks, fixtures::at("09:31:00"));
        insta::assert_snapshot!(text_of(&detail, fixtures::at("09:31:00")), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        closed
          outcome      fulfilled (everything found was acted on)
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides itself); a data source's own goes before it
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       forgotten at 2026-11-21 09:30:12 UTC
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          verified_erased (erased, and seen to be gone)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides itself)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  anonymised: it says that it anonymised them (seen at 2026-11-21 09:30:06 UTC)
          we saw       no record of the person at 2026-11-21 09:30:11 UTC, with control: in the same minutes the search found the control's record
          rule         batch 0: finished (the vendor says it is done), 2 of 2 confirmed, rule 6570f0a1
        ");
    }

    #[test]
    fn an_unknown_task_says_why_and_what_to_do() {
        let (request, tasks) = fixtures::unknown();
        insta::assert_snapshot!(text(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        open
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC (in 29 days)
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides itself); a data source's own goes before it
          attempt      1
          next look    2026-11-21 09:32:00 UTC by the reconciliation, if nothing moves it before
          you may      rightful request extend 019aa6e0-5c1f-7000-8000-000000000001 --months 1 --ground complexity

        main (qualifio)
          unknown (nobody can tell yet whether the vendor did it: a person has to look)
          why          answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
          to do        look in the vendor's own console what became of the submission; it is never sent again blindly
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 0 submitted, 0 confirmed
          policy       auto (the policy decides itself)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  nothing yet
          we saw       nothing yet: not verified
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
          you may      rightful request state 019aa6e0-5c1f-7000-8000-000000000001 --source main --erased|--failed --reason TEXT
        ");
    }

    #[test]
    fn the_answer_to_the_ticket_says_how_it_stands() {
        let (mut request, _) = fixtures::fulfilled();
        let shown = |request: &Request| {
            let text = text(request, &[]);
            let lines = text.lines().skip_while(|line| !line.contains("  answer  "));
            let lines = lines.take_while(|line| !line.contains("you may"));
            lines.map(str::trim).collect::<Vec<_>>().join("\n")
        };
        let due = Answer::due(fixtures::at("09:30:12")).claimed(fixtures::at("09:31:32"));
        request.answer = Some(due.put_off(&Fault::Unauthorized, fixtures::at("09:30:13")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       due (it certainly isn't on the ticket yet, and is tried again by itself); next try 2026-11-21 09:30:18 UTC; credentials_rejected: the ticketing system doesn't accept the token
        to do        correct the set-up with `rightful ticketing set`; it is tried again by itself
        ");
        let json = json_of(&fixtures::detail(&request, &[], "09:31:00"), None).unwrap();
        assert_eq!(json["request"]["answer"]["state"], "due");
        assert!(json["request"]["answer"]["reason_words"]["to_do"].is_string());
        request.answer = Some(due.sent(fixtures::at("09:30:14")));
        insta::assert_snapshot!(shown(&request), @r"
        answer       sent (it is on the ticket) since 2026-11-21 09:30:14 UTC
        ");
        request.answer = Some(due.given_up(AnswerState::NotSetUp, "ticketing_not_set_up"));
        insta::assert_snapshot!(shown(&request), @r"
        answer       not_set_up (no ticketing system is set up; nobody tries); ticketing_not_set_up: no ticketing system is set up, so the ticket is not answered
        to do        set it up with `rightful ticketing set` for later requests, and answer this ticket by hand
        ");
    }

    #[test]
    fn json_shows_nothing_of_the_person() {
        let (request, tasks) = fixtures::unknown();
        let shown = json_of(&fixtures::detail(&request, &tasks, "09:31:00"), None).unwrap();
        assert!(shown["request"].get("subject").is_none() && shown["request"].get("identifiers").is_none());
        assert_eq!(shown["request"]["identifier_kinds"][0], "email");
        assert!(shown["tasks"][0]["reason_words"]["to_do"].is_string());
        assert_eq!(shown["held"], json!({"owner": "person", "by": "2026-12-21T09:30:00.000Z"}));
        assert_eq!(shown["tasks"][0]["held"], shown["held"]);
        assert_eq!(shown["escalation"]["level"], "none");
    }

    #[test]
    fn a_request_near_its_legal_date_names_who_must_act_and_why() {
        let (mut request, mut tasks) = fixtures::unknown();
        request.extension = Some(Extension {
            months: 1,
            ground: Ground::Complexity,
            by: "operator".to_owned(),
            at: fixtures::at("10:00:00"),
        });
        request.due_at = request.due_after(2);
        let shown = |request: &Request, task: &Task, at| {
            let detail = fixtures::detail_with(request, &[(task.clone(), Vec::new())], at);
            let text = text_of(&detail, at);
            let wanted = ["legal", "extended", "held", "escalation", "must", "because"];
            let lines: Vec<&str> = text
                .lines()
                .map(str::trim_start)
                .take_while(|line| !line.starts_with("ticket"))
                .filter(|line| wanted.iter().any(|word| line.starts_with(word)))
                .collect();
            lines.join("\n")
        };
        insta::assert_snapshot!(shown(&request, &tasks[0], request.due_at.minus_seconds(3600)), @r"
        legal date   2027-01-21 09:30:00 UTC (today)
        extended     by 1 month, complexity (the request is complex), by operator at 2026-11-21 10:00:00 UTC
        held by      person (only a person can move it), by 2027-01-21 09:30:00 UTC
        escalation   pressing (the legal date is three days away or less)
        must act     platform_engineer (fixes what is in the way)
        because      answer_never_came: an erasure was sent and its answer never came: nobody knows whether the vendor did it
        ");
        tasks[0].state = TaskState::Submitted;
        tasks[0].reason = None;
        let at_risk = shown(&request, &tasks[0], request.due_at.minus_seconds(6 * 24 * 3600));
        assert!(at_risk.contains("must act     privacy_officer (decides, extends"), "{at_risk}");
        assert!(at_risk.contains("escalation   at_risk") && at_risk.contains("because      vendor_at_work"));
        let overdue = shown(&request, &tasks[0], request.due_at);
        assert_eq!(overdue.matches("must act").count(), 2, "{overdue}");
    }

    fn text(request: &Request, tasks: &[Task]) -> String {
        text_of(&fixtures::detail(request, tasks, "09:31:00"), fixtures::at("09:31:00"))
    }

    /// The lines about its only data source.
    fn of_its_task(request: &Request, tasks: &[Task]) -> String {
        let text = text(request, tasks);
        text.split_once("\n\n").unwrap().1.to_owned()
    }

    #[test]
    fn a_request_that_waits_for_a_decision_says_on_what_and_how_to_decide() {
        let (request, tasks) = fixtures::awaiting_review();
        insta::assert_snapshot!(text(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure
          state        open
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC (in 29 days)
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          ticket       T-1
          identified   by email
          policy       always (a person decides); a data source's own goes before it
          attempt      1
          next look    2026-11-21 09:32:00 UTC by the reconciliation, if nothing moves it before
          you may      rightful request cancel 019aa6e0-5c1f-7000-8000-000000000001
          you may      rightful request extend 019aa6e0-5c1f-7000-8000-000000000001 --months 1 --ground complexity

        main (qualifio)
          awaiting_review (a person has to decide on what was found)
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found
          policy       always (a person decides)
          waits for    a person's decision on 2 records
                       exactly those of digest 0202020202020202020202020202020202020202020202020202020202020202
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request identify 019aa6e0-5c1f-7000-8000-000000000001 --source main --identifier KIND=-
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --proceed --seen main=0202020202020202 --reason TEXT
          you may      rightful request review 019aa6e0-5c1f-7000-8000-000000000001 --source main --refuse --ground GROUND --seen main=0202020202020202 --reason TEXT
          you may      rightful request run 019aa6e0-5c1f-7000-8000-000000000001 --source main
        ");
    }

    #[test]
    fn a_missing_identifier_is_told_with_the_kinds_that_would_do() {
        let (request, tasks) = fixtures::missing_identifier();
        insta::assert_snapshot!(of_its_task(&request, &tasks), @r"
        main (qualifio)
          awaiting_review (Missing identifier: give email or phone)
          why          identifier_missing: the request has no identifier of a kind that this data source searches by
          to do        give it one (`rightful request identify ID`), or go on without this data source (`rightful request review ID --leave-out`)
          held by      person (only a person can move it), by 2026-12-21 09:30:00 UTC
          needs        Missing identifier: give email or phone
          searched     2026-11-21 09:30:02 UTC
          policy       always (a person decides)
          waits for    a person: the identifier, or the word to go on without it
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
        let text = text_of(&detail, at);
        assert!(text.contains("reviewed     leave out, as its identifier is missing, by arn:"), "{text}");
        assert!(text.contains("a closed request is reopened first"), "{text}");
    }

    #[test]
    fn the_vendors_own_approval_is_told_as_what_it_is() {
        let (request, tasks) = fixtures::awaiting_approval();
        let detail = fixtures::detail_with(&request, &tasks, fixtures::at("09:31:00"));
        let text = text_of(&detail, fixtures::at("09:31:00"));
        insta::assert_snapshot!(text.split_once("\n\n").unwrap().1, @r"
        main (qualifio)
          submitted (the vendor has it, and waits for somebody's approval in its own console)
          held by      vendor (the vendor works; it is asked again), by 2026-11-21 09:32:00 UTC
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 0 confirmed
          policy       auto (the policy decides itself)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          approval     the vendor has it, and waits for somebody's approval in its own console; nobody can give it here
          vendor says  nothing yet
          we saw       nothing yet: not verified
          rule         batch 0: accepted (the vendor accepted it), 0 of 2 confirmed, rule 6570f0a1, waits for the vendor's own approval
          next look    2026-11-21 09:32:00 UTC
          you may      rightful request records 019aa6e0-5c1f-7000-8000-000000000001 --source main --who
        ");
    }

    #[test]
    fn a_synthetic_request_is_told_as_one_and_has_no_legal_date() {
        let (request, tasks) = fixtures::synthetic();
        insta::assert_snapshot!(text(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        erasure (synthetic, and a dry run: nothing is erased or copied)
          synthetic    the deployment made it itself, for a test address: it is about no data subject, and has no legal date
          state        closed
          outcome      dry_run (tried out, nothing erased and nothing copied)
          received     2026-11-21 09:30:00 UTC, from synthetic
          ticket       SYNTHETIC-2026-11-21
          identified   by email
          policy       auto (the policy decides itself)
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       forgotten at 2026-11-21 09:30:12 UTC
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          dry_run (tried out, nothing erased and nothing copied)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides itself)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  nothing yet
          we saw       nothing yet: not verified
        ");
    }

    #[test]
    fn who_decided_and_which_run_it_is_are_told() {
        let (request, mut tasks) = fixtures::fulfilled();
        let sealed = rightful_domain::base::seal::DataKey::new(&[1; 32]).unwrap().seal("c", b"why").unwrap();
        tasks[0].run = 2;
        tasks[0].policy = rightful_domain::model::policy::Policy::Over(1);
        tasks[0].inserted = vec![IdentifierKind::parse("phone").unwrap()];
        let by = "arn:aws:iam::111122223333:user/ann".to_owned();
        tasks[0].review =
            Some(Review { by, at: fixtures::at("09:30:01"), verdict: Verdict::Proceed, reason: sealed });
        insta::assert_snapshot!(of_its_task(&request, &tasks), @r"
        main (qualifio)
          verified_erased (erased, and seen to be gone)
          needs        email or phone; it has email; given here alone: phone
          run          2: it was searched anew, and decided on anew
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       over:1 (the policy decides on up to 1 record, a person on more)
          reviewed     proceed, by arn:aws:iam::111122223333:user/ann at 2026-11-21 09:30:01 UTC
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
          vendor says  anonymised: it says that it anonymised them (seen at 2026-11-21 09:30:06 UTC)
          we saw       no record of the person at 2026-11-21 09:30:11 UTC, with control: in the same minutes the search found the control's record
        ");
    }

    #[test]
    fn a_copy_is_told_with_its_size_and_how_long_it_is_kept() {
        let (mut request, mut tasks) = fixtures::fulfilled();
        request.right = Right::Access;
        request.forgotten_at = None;
        request.outcome = Some(RequestOutcome::Fulfilled);
        request.copy = Some(Package {
            bytes: 12_449,
            sha256: "cd".repeat(32),
            records: 2,
            made_at: fixtures::at("09:30:11"),
            expires_at: Time::parse("2026-12-21T09:30:00Z").unwrap(),
        });
        tasks[0].outcome = Some(Outcome::Copied);
        tasks[0].verified_at = None;
        tasks[0].claim = None;
        insta::assert_snapshot!(text(&request, &tasks), @r"
        request 019aa6e0-5c1f-7000-8000-000000000001
          right        access
          state        closed
          outcome      fulfilled (everything found was acted on)
          received     2026-11-21 09:30:00 UTC, from operator
          legal date   2026-12-21 09:30:00 UTC
          held by      reconcile (the reconciliation takes it up), by 2026-11-21 09:31:00 UTC
          ticket       T-1
          identified   by email
          policy       auto (the policy decides itself); a data source's own goes before it
          attempt      1
          closed       2026-11-21 09:30:12 UTC
          receipt      SHA-256 abababababababababababababababababababababababababababababababab
          person       to be forgotten at 2026-11-21 09:30:12 UTC
          copy         2 records, 12.4 KB, until 2026-12-21 09:30:00 UTC; SHA-256 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
          you may      rightful request copy 019aa6e0-5c1f-7000-8000-000000000001 -o FILE
          you may      rightful request receipt 019aa6e0-5c1f-7000-8000-000000000001

        main (qualifio)
          copied (the copy is made)
          needs        email or phone; it has email
          searched     2026-11-21 09:30:02 UTC
          records      2 found, 2 submitted, 2 confirmed
          policy       auto (the policy decides itself)
          decided      by policy:auto at 2026-11-21 09:30:02 UTC
                       on exactly the records of digest 0202020202020202020202020202020202020202020202020202020202020202
        ");
    }

    #[test]
    fn a_broken_chain_of_events_is_named() {
        let (request, _) = fixtures::open();
        let first =
            write(&Head::start(), request.id, fixtures::at("09:30:00"), &Fact::AttemptBegun { attempt: 1 })
                .unwrap();
        let second = write(&first.head, request.id, fixtures::at("09:30:01"), &Fact::Forgotten).unwrap();
        let whole = EventPage::of(request.id, &[first.bytes.clone(), second.bytes.clone()], 0, 100);
        insta::assert_snapshot!(events_of(&whole), @r"

        events: 2, each bound to the one before it; last hash 273db3574e37993ed5fff89470ccd8cf47169dc1adedae5dea5573a23259680d
          1  2026-11-21 09:30:00 UTC  attempt_begun: workflow attempt 1
          2  2026-11-21 09:30:01 UTC  forgotten: the person's data key is gone
        ");
        let broken = events_of(&EventPage::of(request.id, &[second.bytes], 0, 100));
        assert!(broken.contains("don't hold together") && broken.contains("event 1"), "{broken}");
    }
}
