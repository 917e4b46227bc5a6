//! The vocabulary of states and outcomes: the exact word of every layer, and a phrase for people
//! beside it. The word always stands first, so that it can be searched for.

use crate::output::{count, span};
use rightful_domain::base::identifier::{IdentifierKind, TakenOff, TakenOffAt};
use rightful_domain::base::time::Time;
use rightful_domain::chain::act::Act;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::May;
use rightful_domain::duty::owner::{Held, Owner};
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::law::extension::Extension;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::level::Level;
use rightful_domain::model::answer::{Answer, AnswerState};
use rightful_domain::model::escalation::{Escalation, Role};
use rightful_domain::model::package::Package;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::request::{EndStatus, Repeats, RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::source::Control;
use rightful_domain::model::task::{Asked, Assurance, Outcome, TaskState, Verdict};
use rightful_domain::operations::set_up::{Becomes, Standing, StandingTask};
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::vendor::report::{Claim, RuleStatus};
use rightful_domain::vendor::target::Target;
use rightful_domain::view::request::RequestView;
use rightful_domain::view::task::{Needs, RuleView, TaskView};
use serde::Serialize;

/// What a task's state means.
pub fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Planned => "not searched yet",
        TaskState::AwaitingReview => "a person has to decide on what was found",
        TaskState::Decided => "found and decided on, nothing sent yet",
        TaskState::Submitting => "batches go out",
        TaskState::Submitted => "the vendor works on it",
        TaskState::Verifying => "the vendor says it is done; we look again",
        TaskState::Copying => "the records are copied",
        TaskState::Unknown => "nobody can tell yet whether the vendor did it: a look will tell",
        TaskState::Settled => "ended",
    }
}

/// What was taken off a value that somebody gave.
pub fn taken_off(one: &TakenOffAt) -> String {
    let word = |what: &TakenOff| match what {
        TakenOff::FormatCharacters => "characters that aren't seen",
        TakenOff::Mailto => "mailto:",
        TakenOff::Quotes => "quotation marks around it",
        TakenOff::FinalDot => "the dot at its end",
    };
    let what: Vec<&str> = one.what.iter().map(word).collect();
    format!("taken off the {}: {}", one.at, what.join(", "))
}

/// What a synthetic request is, in one line.
pub const SYNTHETIC: &str =
    "the deployment made it itself, for a test address: it is about no data subject, and has no legal date";

/// Whether a request is synthetic, or else a dry run, behind its right.
pub fn trial(synthetic: bool, dry_run: bool) -> &'static str {
    match (synthetic, dry_run) {
        (true, _) => " (synthetic, dry run)",
        (false, true) => " (dry run)",
        (false, false) => "",
    }
}

/// What a task's outcome means.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::VerifiedErased => "erased, and seen to be gone",
        Outcome::ReportedErased => "erased by the vendor's word; it can't be searched",
        Outcome::Copied => "the copy is made",
        Outcome::NothingFound => "no record of this person",
        Outcome::MissingIdentifier => "it needs an identifier that the request doesn't have",
        Outcome::Refused => "a reviewer or the vendor refused it",
        Outcome::StillPresent => "the vendor says it is done, yet the records are still found",
        Outcome::Failed => "it could not be done",
        Outcome::DryRun => "tried out, nothing erased and nothing copied",
        Outcome::Cancelled => "called off before anything was submitted",
    }
}

/// What a request's outcome means.
pub fn request_outcome(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Fulfilled => "everything found was acted on",
        RequestOutcome::PartlyFulfilled => "some of what was found was acted on, some was not",
        RequestOutcome::NothingFound => "no data source holds a record of this person",
        RequestOutcome::Refused => "a reviewer or the vendor refused it",
        RequestOutcome::Failed => "it could not be done, or only in part",
        RequestOutcome::DryRun => "tried out, nothing erased and nothing copied",
        RequestOutcome::Cancelled => "called off before anything was submitted",
    }
}

/// What a rule's state means.
pub fn rule_state(state: RuleState) -> &'static str {
    match state {
        RuleState::Intent => "the submission goes out, or went out and its answer is missing",
        RuleState::Accepted => "the vendor accepted it",
        RuleState::Finished => "the vendor says it is done",
        RuleState::NotSent => "it certainly had no effect and is sent again",
        RuleState::Rejected => "it was not taken; it had no effect",
        RuleState::NotTaken => "the vendor did not take it; a look tells whether its records are there",
        RuleState::Gone => "the vendor did not take it, and a look found none of its records",
        RuleState::Unknown => "nobody knows yet whether it had an effect; a look comes before anything else",
        RuleState::Unreferenced => "it was not answered, and a look found none of its records",
        RuleState::Left => "it was not answered or not taken, and looks still find some of its records",
        RuleState::Repeated => "it was not answered or not taken; a later batch names what was left of it",
    }
}

/// What the vendor last said of a rule.
pub fn rule_status(status: RuleStatus) -> &'static str {
    match status {
        RuleStatus::AwaitingApproval => "waits for the vendor's own approval",
        RuleStatus::Pending => "the vendor works on it",
        RuleStatus::Finished => "the vendor says it is done",
        RuleStatus::Unknown => "a status that the connector doesn't know",
    }
}

/// What a vendor claims.
pub fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Deleted => "says that it deleted them",
        Claim::Anonymised => "says that it anonymised them",
        Claim::NotStated => "doesn't say what it did with them",
    }
}

/// What an owner is.
pub fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Workflow => "its execution moves it",
        Owner::Vendor => "the vendor works; it is asked again",
        Owner::Reconcile => "the reconciliation takes it up",
        Owner::Person => "only a person can move it",
    }
}

/// Who holds something, and by when.
pub fn held(held: Held) -> String {
    format!("{} ({}), by {}", held.owner.as_str(), owner(held.owner), crate::output::utc(held.by))
}

/// What a level of escalation means.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::None => "the legal date is more than seven days away",
        Level::AtRisk => "the legal date is seven days away or less",
        Level::Pressing => "the legal date is three days away or less",
        Level::Overdue => "the legal date is past",
    }
}

/// What a role does.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::PlatformEngineer => "fixes what is in the way",
        Role::PrivacyOfficer => "decides, extends, or writes a letter",
    }
}

/// Who must act, by their names in every layer.
pub fn roles(who: &[Role]) -> String {
    if who.is_empty() {
        return "nobody".to_owned();
    }
    who.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// An escalation for a table's cell.
pub fn escalation(escalation: &Escalation) -> String {
    match escalation.level {
        Level::None => "-".to_owned(),
        level => format!("{}: {}", level.as_str(), roles(&escalation.who)),
    }
}

/// What a ground for an extension means.
pub fn ground(ground: Ground) -> &'static str {
    match ground {
        Ground::Complexity => "the request is complex",
        Ground::NumberOfRequests => "the data subject made many requests",
    }
}

/// An extension in one line.
pub fn extension(extension: &Extension) -> String {
    format!(
        "by {}, {} ({}), by {} at {}",
        count(u32::from(extension.months), "month", "months"),
        extension.ground.as_str(),
        ground(extension.ground),
        extension.by,
        crate::output::utc(extension.at),
    )
}

/// What the end of an execution means.
pub fn end_status(status: EndStatus) -> &'static str {
    match status {
        EndStatus::Failed => "it failed, or left something open",
        EndStatus::TimedOut => "it ran longer than it may",
        EndStatus::Aborted => "somebody stopped it",
    }
}

/// The word that every layer uses for a value: how it is written in JSON.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "?".to_owned(),
    }
}

/// A request's outcome, or that it is open.
pub fn of_request(request: &RequestView) -> String {
    match (request.state, request.outcome) {
        (RequestState::Closed, Some(outcome)) => outcome.as_str().to_owned(),
        (state, _) => word(state),
    }
}

/// A task's outcome, or its state.
pub fn of_task(task: &TaskView) -> &'static str {
    task.outcome.map_or(task.state.as_str(), Outcome::as_str)
}

/// What a task's outcome, or its state, means.
pub fn about_task(task: &TaskView) -> String {
    let words = match (task.outcome, task.state) {
        _ if task.needs.missing => return missing(&task.needs),
        (Some(ended), _) => outcome(ended),
        (None, TaskState::Unknown) if task.is_persons() => {
            "nobody can tell yet whether the vendor did it: a person has to look"
        }
        (None, TaskState::Submitted) if task.awaiting_approval => APPROVAL,
        (None, TaskState::AwaitingReview) if task.is_to_be_confirmed() => {
            "nothing was found: confirm that there is nothing, or give another identifier"
        }
        (None, TaskState::Planned) if task.may.contains(&May::LeaveOut) => {
            "it can't be searched now, and is tried again by itself"
        }
        (None, state) => task_state(state),
    };
    words.to_owned()
}

/// The vendor's own approval, which is not ours.
pub const APPROVAL: &str = "the vendor has it, and waits for somebody's approval in its own console";

/// What to do about a missing identifier: any one of the kinds will do.
pub fn missing(needs: &Needs) -> String {
    format!("Missing identifier: give {}", one_of(&needs.asked))
}

/// `email or phone`.
pub fn one_of(asked: &[AskedKind]) -> String {
    let kinds: Vec<&str> = asked.iter().map(|one| one.kind.as_str()).collect();
    match kinds.split_last() {
        None => "one of another kind".to_owned(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// Kinds of identifiers, one after another.
pub fn kinds(kinds: &[IdentifierKind]) -> String {
    kinds.iter().map(IdentifierKind::as_str).collect::<Vec<_>>().join(", ")
}

/// What a review policy means.
pub fn policy(policy: Policy) -> String {
    match policy {
        Policy::Auto => "auto (the policy decides itself)".to_owned(),
        Policy::Over(most) => {
            let most = count(most, "record", "records");
            format!("{policy} (the policy decides on up to {most}, a person on more)")
        }
        Policy::Always => "always (a person decides)".to_owned(),
    }
}

/// A data source's own policies in one line.
pub fn own_policies(own: &OwnPolicies) -> String {
    let one = |right: &str, policy: Option<Policy>| policy.map(|policy| format!("{right}={policy}"));
    let all: Vec<String> =
        [one("erasure", own.erasure), one("access", own.access)].into_iter().flatten().collect();
    if all.is_empty() { "as the deployment".to_owned() } else { all.join(" ") }
}

/// What a change of a data source makes of an open task.
fn becomes(becomes: Becomes) -> &'static str {
    match becomes {
        Becomes::SearchedAnew => {
            "nothing of it was sent: it is searched and decided on anew at the new target"
        }
        Becomes::OldTargetAsked => {
            "something of it was sent: the old target is asked until the secret is written once more, then a person has it"
        }
        Becomes::Persons => {
            "something of it was sent to a target whose secret goes with this change: a person has it"
        }
    }
}

/// The open tasks that a change of a data source leaves behind, a line for each.
pub fn standing(standing: &Standing) -> Vec<String> {
    let told = |one: &StandingTask| format!("{}: {}", one.request, becomes(one.becomes));
    let more = standing.more.then(|| "and others, or there may be".to_owned());
    standing.tasks.iter().map(told).chain(more).collect()
}

/// A control in one line.
pub fn control(control: Option<&Control>) -> String {
    match control {
        Some(control) => {
            format!("{} {}: a look counts only where a search finds its record", control.kind, control.value)
        }
        None => "none: a look that finds nothing counts only after a second one, a minute later".to_owned(),
    }
}

/// What a verdict is, with its ground.
pub fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Proceed => "proceed".to_owned(),
        Verdict::Refuse(ground) => format!("refuse, {} ({})", ground.as_str(), refusal(ground)),
        Verdict::LeftOut => "leave out, as it can't be searched".to_owned(),
        Verdict::Stated => "stated how it ended".to_owned(),
    }
}

/// What makes a look that found nothing count.
pub fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Control => "with control: in the same minutes the search found the control's record",
        Assurance::TwoLooks => "without a control: twice in a row, a minute apart",
    }
}

/// What a search asked and set aside, behind its count.
pub fn heard(asked: &Asked) -> String {
    let mut parts = String::new();
    for (number, what) in [
        (asked.spellings, "spelling(s) asked"),
        (asked.marked, "with another identifier"),
        (asked.set_aside, "set aside"),
        (asked.doubtful, "of these doubtful"),
    ] {
        if number > 0 {
            parts.push_str(&format!(", {number} {what}"));
        }
    }
    if asked.may_be_part {
        parts.push_str("; the vendor doesn't say whether that is all");
    }
    parts
}

/// The rounds after the first decision of a run.
pub fn rounds(rounds: u32) -> String {
    format!("{rounds} for records that looks found beyond the decision")
}

/// Records in finished rules that nobody submitted.
pub fn strangers(strangers: u32) -> String {
    let records = count(strangers, "record", "records");
    format!("the vendor lists {records} never submitted: somebody else's records may be affected")
}

/// What the ground of a refusal means.
pub fn refusal(ground: RefusalGround) -> &'static str {
    match ground {
        RefusalGround::Expression => "freedom of expression and information",
        RefusalGround::LegalObligation => "a legal obligation, or a task in the public interest",
        RefusalGround::PublicHealth => "public health",
        RefusalGround::Archiving => "archiving, research or statistics",
        RefusalGround::LegalClaims => "legal claims",
        RefusalGround::UnfoundedOrExcessive => "manifestly unfounded or excessive",
    }
}

/// A kept copy in one line.
pub fn package(copy: &Package) -> String {
    format!(
        "{}, {}, until {}; SHA-256 {}",
        count(copy.records, "record", "records"),
        crate::output::size(copy.bytes),
        crate::output::utc(copy.expires_at),
        copy.sha256
    )
}

/// A batch in one line.
pub fn of_rule(rule: &RuleView) -> String {
    let mut text = format!(
        "batch {}: {} ({}), {} of {} confirmed",
        rule.batch,
        word(rule.state),
        rule_state(rule.state),
        rule.confirmed,
        rule.records,
    );
    if let Some(id) = &rule.rule_id {
        text.push_str(&format!(", rule {id}"));
    }
    if let (Some(status), RuleState::Accepted) = (rule.status, rule.state) {
        text.push_str(&format!(", {}", rule_status(status)));
    }
    text
}

/// What the state of an answer means.
pub fn answer_state(state: AnswerState) -> &'static str {
    match state {
        AnswerState::Due => "it certainly isn't on the ticket yet, and is tried again by itself",
        AnswerState::Claimed => {
            "a call is under way or its end is unknown; the ticket is looked at before the next"
        }
        AnswerState::Sent => "it is on the ticket",
        AnswerState::NotSetUp => "no ticketing system is set up; nobody tries",
        AnswerState::Undeliverable => "it can't be put on the ticket; nobody tries any more",
    }
}

/// Where the answer to a ticket stands, in one line.
pub fn answer(answer: &Answer) -> String {
    let mut text = format!("{} ({})", answer.state.as_str(), answer_state(answer.state));
    if let Some(at) = answer.answered_at {
        text.push_str(&format!(" since {}", crate::output::utc(at)));
    }
    if let Some(at) = answer.next_try {
        text.push_str(&format!("; next try {}", crate::output::utc(at)));
    }
    if let Some(code) = &answer.reason {
        text.push_str(&format!("; {}", about_ticket(code)));
    }
    text
}

/// A code about a ticket, with what it means.
fn about_ticket(code: &str) -> String {
    format!("{code}: {}", crate::codes::ticket_words(code).0)
}

/// A legal date, with the day and the time that it is in its time zone.
pub fn legal_date(zone: &LegalZone, at: Time) -> String {
    let utc = crate::output::utc(at);
    if zone.is_utc() { utc } else { format!("{utc}, {}", zone.minute(at)) }
}

/// When a request came in after the person had asked.
pub fn arrived(received_at: Time, arrived_at: Time) -> String {
    format!(
        "{}, {} after the receipt",
        crate::output::utc(arrived_at),
        span(received_at.seconds_until(arrived_at))
    )
}

/// Demands that came again once a request was closed.
pub fn repeats(repeats: Repeats) -> String {
    let Repeats { times, last_at } = repeats;
    let last = crate::output::utc(last_at);
    format!(
        "{} since it was closed, the last one {last}; nothing ran for it",
        count(times, "demand", "demands")
    )
}

/// An event in one line.
pub fn fact(fact: &Fact) -> String {
    let codes = |reason: &str| format!("{reason}: {}", crate::codes::words(reason).what);
    match fact {
        Fact::Received {
            right,
            origin,
            by,
            policy,
            dry_run,
            synthetic,
            sources,
            received_at,
            due_at,
            ..
        } => format!(
            "received: {}{} from {origin}{}, policy {policy}, {} data source(s), {}{}",
            right.as_str(),
            trial(*synthetic, *dry_run),
            by.as_ref().map_or_else(String::new, |by| format!(" {by}")),
            sources.len(),
            received_at.map_or_else(String::new, |at| format!("asked {}, ", crate::output::utc(at))),
            match synthetic {
                true => "no legal date".to_owned(),
                false => format!("legal date {}", crate::output::utc(*due_at)),
            },
        ),
        Fact::DeliveryConflict { channel } => {
            format!(
                "delivery_conflict: the same delivery came by {channel} with another body and was refused"
            )
        }
        Fact::DeliveryRepeated { channel, by } => format!(
            "delivery_repeated: the same demand came again by {channel}{} once the request was closed, and nothing ran for it",
            by.as_ref().map_or_else(String::new, |by| format!(" {by}")),
        ),
        Fact::AttemptBegun { attempt } => format!("attempt_begun: workflow attempt {attempt}"),
        Fact::AttemptEnded { attempt, source, status } => {
            let of = source.as_ref().map_or_else(String::new, |source| format!(" at {source}"));
            format!(
                "attempt_ended: workflow attempt {attempt}{of}, {} ({})",
                status.as_str(),
                end_status(*status)
            )
        }
        Fact::DeadlineExtended { months, ground: why, by, due_at } => format!(
            "deadline_extended: by {}, {} ({}), by {by}; legal date {}",
            count(u32::from(*months), "month", "months"),
            why.as_str(),
            ground(*why),
            crate::output::utc(*due_at),
        ),
        Fact::Escalated { level: reached, who, reason } => format!(
            "escalated: {} ({}); {} must act ({})",
            reached.as_str(),
            level(*reached),
            roles(who),
            codes(reason)
        ),
        Fact::Targeted { source, target } => format!("targeted: {source} is {}", target.words()),
        Fact::TargetChanged { source } => {
            format!("target_changed: {source} now points elsewhere, so it is searched and decided on anew")
        }
        Fact::Found { source, records, asked } => {
            format!("found: {source}, {records} record(s){}", heard(asked))
        }
        Fact::WentBack { source, round, appeared } => {
            format!("went_back: {source}, {appeared} record(s) beyond the decision, round {round}")
        }
        Fact::LeftOut { source, by } => format!("left_out: {source} can't be searched, by {by}"),
        Fact::ReasonRead { source, by } => format!("reason_read: {source}, by {by}"),
        Fact::Doubted { source, batch, rule_id, reason } => {
            format!("doubted: {source}, batch {batch}, {} ({})", rule_id, codes(reason))
        }
        Fact::StrangersListed { source, batch, strangers } => {
            format!("strangers_listed: {source}, batch {batch}, {strangers} record(s) never submitted")
        }
        Fact::Looked { source, left, appeared, assurance } => format!(
            "looked: {source}, {left} record(s) still there, {appeared} new{}",
            assurance.map(|one| format!(", {}", one.as_str())).unwrap_or_default()
        ),
        Fact::Decided { source, by, records, .. } => {
            format!("decided: {source}, {records} record(s), by {by}")
        }
        Fact::ReviewNeeded { source, policy, records, digest } => match digest {
            Some(_) => format!("review_needed: {source}, {records} record(s), policy {policy}"),
            None => format!("review_needed: {source}, nothing to act on, policy {policy}"),
        },
        Fact::Reviewed { source, by, verdict: ruled, records, .. } => {
            // There is nothing to act on: that there is none was confirmed, or it goes on without.
            let ruled = match ruled {
                Verdict::Proceed if *records == 0 => "go on without any".to_owned(),
                ruled => verdict(*ruled),
            };
            format!("reviewed: {source}, {records} record(s): {ruled}, by {by}")
        }
        Fact::IdentifierGiven { source, identifier, by } => {
            format!("identifier_given: {source}, {identifier}, by {by}")
        }
        Fact::RunsAgain { source, run, by } => format!("runs_again: {source}, run {run}, by {by}"),
        Fact::CalledOff { by } => format!("called_off: by {by}"),
        Fact::Reopened { by, sources } => {
            let sources: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
            format!("reopened: by {by}, for {}", sources.join(", "))
        }
        Fact::Stated { source, by, outcome: stated } => {
            format!("stated: {source}, {} by the word of {by}", stated.as_str())
        }
        Fact::RecordsShown { source, by, records, with_fields } => {
            let with = if *with_fields { " with their fields" } else { "" };
            format!("records_shown: {source}, {records} record(s){with} to {by}")
        }
        Fact::Copied { source, records, gone } => {
            format!("copied: {source}, {records} record(s), {gone} were gone")
        }
        Fact::CopyLost { source, reason } => {
            format!("copy_lost: what {source} gave can't be packed ({reason}); it is copied again")
        }
        Fact::CopyKept { sha256, bytes, records, expires_at } => format!(
            "copy_kept: {records} record(s), {}, until {}, SHA-256 {sha256}",
            crate::output::size(*bytes),
            crate::output::utc(*expires_at)
        ),
        Fact::CopyLinked { by, until } => {
            format!("copy_linked: a link for {by}, until {}", crate::output::utc(*until))
        }
        Fact::Intended { source, batch, records, repeats, .. } => {
            let repeats =
                repeats.map_or_else(String::new, |batch| format!(", which were left of batch {batch}"));
            format!("intended: {source}, batch {batch} with {records} record(s){repeats} is about to be sent")
        }
        Fact::Accepted { source, batch, rule_id } => {
            format!("accepted: {source}, batch {batch}, rule {rule_id}")
        }
        Fact::NotSent { source, batch, reason } => {
            format!("not_sent: {source}, batch {batch} ({})", codes(reason))
        }
        Fact::Rejected { source, batch, reason } => {
            format!("rejected: {source}, batch {batch} ({})", codes(reason))
        }
        Fact::BecameUnknown { source, batch, reason } => {
            let batch = batch.map_or_else(String::new, |batch| format!(", batch {batch}"));
            format!("became_unknown: {source}{batch} ({})", codes(reason))
        }
        Fact::Resolved { source, batch, gone, left } => {
            format!(
                "resolved: {source}, batch {batch}: a look found {left} of its record(s), {gone} are gone"
            )
        }
        Fact::HandedOver { source, reason } => format!("handed_over: {source} ({})", codes(reason)),
        Fact::SearchesAgain { source } => {
            format!("searches_again: {source}, another request about the person ended there")
        }
        Fact::Finished { source, batches, confirmed } => {
            format!("finished: {source}, {} batch(es), the vendor lists {confirmed} record(s)", batches.len())
        }
        Fact::StillThere { source, look, left, appeared } => format!(
            "still_there: {source}, look {look} found {left} submitted record(s) and {appeared} new one(s)"
        ),
        Fact::Settled { source, outcome, reason, appeared } => {
            let reason = reason.as_ref().map_or_else(String::new, |code| format!(" ({})", codes(code)));
            let appeared =
                if *appeared > 0 { format!(", {appeared} record(s) appeared anew") } else { String::new() };
            format!("settled: {source}, {}{reason}{appeared}", outcome.as_str())
        }
        Fact::Closed { outcome } => format!("closed: {}", outcome.as_str()),
        Fact::ReceiptKept { sha256 } => format!("receipt_kept: SHA-256 {sha256}"),
        Fact::ReceiptDiffers { kept, made } => {
            format!(
                "receipt_differs: another receipt was kept before and stands, SHA-256 {kept}; made now: {made}"
            )
        }
        Fact::AnswerClaimed { attempt } => {
            format!("answer_claimed: call {attempt} is about to put the answer on the ticket")
        }
        Fact::AnswerSent { attempt } => format!("answer_sent: the answer is on the ticket (call {attempt})"),
        Fact::AnswerNotSent { attempt, reason } => {
            format!("answer_not_sent: call {attempt} had no effect ({})", about_ticket(reason))
        }
        Fact::AnswerInDoubt { attempt, reason } => {
            format!("answer_in_doubt: nobody can tell what came of call {attempt} ({})", about_ticket(reason))
        }
        Fact::AnswerUndeliverable { reason } => {
            format!("answer_undeliverable: nobody tries any more ({})", about_ticket(reason))
        }
        Fact::Forgotten => "forgotten: the person's data key is gone".to_owned(),
    }
}

/// An entry of the deployment's journal in one line.
pub fn act(act: &Act) -> String {
    match act {
        Act::SourceAdded { source, connector, target, control } => {
            let points = target.as_ref().map_or_else(|| connector.clone(), Target::words);
            format!("source_added: {source} ({points}){}", if *control { ", with a control" } else { "" })
        }
        Act::SourceChanged { source, params, review, secret, target, control, forced, standing } => {
            let mut changes = Vec::new();
            if !params.is_empty() {
                changes.push(format!("parameters {}", params.join(", ")));
            }
            if *secret {
                changes.push("a new secret".to_owned());
            }
            if *control {
                changes.push("another control, or none".to_owned());
            }
            changes.push(format!("review {}", own_policies(review)));
            if let Some(target) = target {
                changes.push(format!("target {}", target.words()));
            }
            if *forced {
                let tasks = count(*standing, "open task", "open tasks");
                changes.push(format!("forced, although {tasks} could not go on as before"));
            }
            format!("source_changed: {source}, {}", changes.join("; "))
        }
        Act::SourceReviewSet { source, review } => {
            format!("source_review_set: {source}, {}", own_policies(review))
        }
        Act::SourceEnabled { source } => format!("source_enabled: {source}"),
        Act::SourceDisabled { source } => format!("source_disabled: {source}"),
        Act::SourceTested { source, reason: None } => format!("source_tested: {source}, it works"),
        Act::SourceTested { source, reason: Some(code) } => {
            format!("source_tested: {source} ({code}: {})", crate::codes::words(code).what)
        }
        Act::SourceRemoved { source } => format!("source_removed: {source}"),
        Act::TicketingSet { channel } => format!("ticketing_set: {channel}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::actor::Actor;
    use rightful_domain::base::ids::SourceId;

    #[test]
    fn what_a_person_did_is_told_with_their_name() {
        let by = Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let source = SourceId::parse("main").unwrap();
        let reviewed = Fact::Reviewed {
            source: source.clone(),
            by: by.clone(),
            verdict: Verdict::Refuse(RefusalGround::LegalClaims),
            records: 2,
            digest: None,
        };
        assert_eq!(
            fact(&reviewed),
            "reviewed: main, 2 record(s): refuse, art_17_3_e (legal claims), by arn:aws:iam::111122223333:user/ann"
        );
        let stated = Fact::Stated { source: source.clone(), by, outcome: Outcome::ReportedErased };
        assert_eq!(
            fact(&stated),
            "stated: main, reported_erased by the word of arn:aws:iam::111122223333:user/ann"
        );
        let changed = |target: Option<Target>| Act::SourceChanged {
            source: source.clone(),
            params: vec!["client_id".to_owned()],
            review: OwnPolicies { erasure: Some(Policy::Over(5)), access: None },
            secret: true,
            control: target.is_some(),
            forced: target.is_some(),
            standing: if target.is_some() { 2 } else { 0 },
            target,
        };
        assert_eq!(
            act(&changed(None)),
            "source_changed: main, parameters client_id; a new secret; review erasure=over:5"
        );
        assert_eq!(
            act(&changed(Some(crate::fixtures::target()))),
            "source_changed: main, parameters client_id; a new secret; another control, or none; \
             review erasure=over:5; target qualifio: base_url https://api.qualif.io, client_id 2449; \
             forced, although 2 open tasks could not go on as before"
        );
    }

    #[test]
    fn a_synthetic_request_is_told_as_one_from_its_first_event_on() {
        let received = |synthetic, dry_run| {
            fact(&Fact::Received {
                right: rightful_domain::law::right::Right::Erasure,
                origin: if synthetic { "synthetic" } else { "desk" }.to_owned(),
                by: None,
                policy: Policy::Auto,
                dry_run,
                synthetic,
                identifier_kinds: vec![IdentifierKind::email()],
                sources: vec![SourceId::parse("main").unwrap()],
                not_asked: vec![],
                received_at: None,
                due_at: crate::fixtures::at("09:30:00"),
            })
        };
        assert_eq!(
            received(true, true),
            "received: erasure (synthetic, dry run) from synthetic, policy auto, 1 data source(s), no legal date"
        );
        assert_eq!(
            received(false, true),
            "received: erasure (dry run) from desk, policy auto, 1 data source(s), legal date 2026-11-21 09:30:00 UTC"
        );
        assert!(received(false, false).starts_with("received: erasure from desk, "));
    }

    #[test]
    fn any_one_of_the_asked_kinds_will_do() {
        let asked = |kinds: &[&str]| {
            let one = |kind: &&str| AskedKind {
                kind: IdentifierKind::parse(kind).unwrap(),
                description: String::new(),
                example: String::new(),
            };
            one_of(&kinds.iter().map(one).collect::<Vec<_>>())
        };
        assert_eq!(asked(&["email"]), "email");
        assert_eq!(asked(&["email", "phone"]), "email or phone");
        assert_eq!(asked(&["email", "phone", "member"]), "email, phone or member");
    }

    #[test]
    fn the_word_is_the_one_of_every_layer() {
        assert_eq!(word(TaskState::Verifying), TaskState::Verifying.as_str());
        assert_eq!(word(Outcome::StillPresent), Outcome::StillPresent.as_str());
        assert_eq!(word(RuleState::NotSent), "not_sent");
        assert_eq!(word(Claim::Anonymised), "anonymised");
    }

    #[test]
    fn an_event_reads_as_its_kind_and_a_sentence() {
        let fact = super::fact(&Fact::AttemptBegun { attempt: 2 });
        assert_eq!(fact, "attempt_begun: workflow attempt 2");
        let status = EndStatus::TimedOut;
        let ended = Fact::AttemptEnded { attempt: 2, source: None, status };
        assert_eq!(
            super::fact(&ended),
            "attempt_ended: workflow attempt 2, timed_out (it ran longer than it may)"
        );
        let escalated = Fact::Escalated {
            level: Level::AtRisk,
            who: vec![Role::PrivacyOfficer],
            reason: "vendor_at_work".to_owned(),
        };
        assert_eq!(
            super::fact(&escalated),
            "escalated: at_risk (the legal date is seven days away or less); privacy_officer must act \
             (vendor_at_work: the vendor works on it and has not finished)"
        );
    }

    #[test]
    fn the_word_of_owners_levels_roles_grounds_and_ends_is_that_of_every_layer() {
        for one in [Owner::Workflow, Owner::Vendor, Owner::Reconcile, Owner::Person] {
            assert_eq!(word(one), one.as_str());
        }
        for one in [Level::None, Level::AtRisk, Level::Pressing, Level::Overdue] {
            assert_eq!(word(one), one.as_str());
        }
        for one in [Role::PlatformEngineer, Role::PrivacyOfficer] {
            assert_eq!(word(one), one.as_str());
        }
        for one in [Ground::Complexity, Ground::NumberOfRequests] {
            assert_eq!(word(one), one.as_str());
        }
        for one in [EndStatus::Failed, EndStatus::TimedOut, EndStatus::Aborted] {
            assert_eq!(word(one), one.as_str());
        }
    }
}
