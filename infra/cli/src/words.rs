//! The vocabulary of states and outcomes: the exact word of every layer, and a phrase for people
//! beside it. The word always stands first, so that it can be searched for.

use rightful_domain::escalation::{Escalation, Level, Role};
use rightful_domain::event::Fact;
use rightful_domain::owner::{Held, Owner, is_persons};
use rightful_domain::request::{EndStatus, Extension, Ground, Request, RequestOutcome, RequestState};
use rightful_domain::task::{Outcome, Rule, RuleState, Task, TaskState};
use rightful_domain::ticket::{Answer, AnswerState};
use rightful_domain::vendor::{Claim, RuleStatus};
use serde::Serialize;

/// What a task's state means.
pub fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Planned => "not searched yet",
        TaskState::Decided => "found and decided on, nothing sent yet",
        TaskState::Submitting => "batches go out",
        TaskState::Submitted => "the vendor works on it",
        TaskState::Verifying => "the vendor says it is done; we look again",
        TaskState::Unknown => "nobody can tell yet whether the vendor did it: a look will tell",
        TaskState::Settled => "ended",
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
        Outcome::Refused => "refused",
        Outcome::StillPresent => "the vendor says it is done, yet the records are still found",
        Outcome::Failed => "it could not be done",
        Outcome::DryRun => "tried out, nothing erased",
    }
}

/// What a request's outcome means.
pub fn request_outcome(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Fulfilled => "everything found was acted on",
        RequestOutcome::PartlyFulfilled => "some of what was found was acted on, some was not",
        RequestOutcome::NothingFound => "no data source holds a record of this person",
        RequestOutcome::Refused => "refused",
        RequestOutcome::Failed => "it could not be done, or only in part",
        RequestOutcome::DryRun => "tried out, nothing erased",
    }
}

/// What a rule's state means.
pub fn rule_state(state: RuleState) -> &'static str {
    match state {
        RuleState::Intent => "the submission goes out, or went out and its answer is missing",
        RuleState::Accepted => "the vendor accepted it",
        RuleState::Finished => "the vendor says it is done",
        RuleState::NotSent => "it certainly had no effect and is sent again",
        RuleState::Rejected => "the vendor refused it; it had no effect",
        RuleState::Unknown => "nobody knows yet whether it had an effect; a look comes before anything else",
        RuleState::Unreferenced => "it was not answered, and a look found none of its records",
        RuleState::Left => "it was not answered, and looks still find some of its records",
        RuleState::Repeated => "it was not answered; a later batch names what was left of it",
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
        Role::PlatformEngineer => "mends what stands in the way",
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
        crate::output::count(u32::from(extension.months), "month", "months"),
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
pub fn of_request(request: &Request) -> String {
    match (request.state, request.outcome) {
        (RequestState::Closed, Some(outcome)) => outcome.as_str().to_owned(),
        (state, _) => word(state),
    }
}

/// A task's outcome, or its state.
pub fn of_task(task: &Task) -> &'static str {
    task.outcome.map_or(task.state.as_str(), Outcome::as_str)
}

/// What a task's outcome, or its state, means.
pub fn about_task(task: &Task) -> &'static str {
    if is_persons(task) {
        return "nobody can tell yet whether the vendor did it: a person has to look";
    }
    task.outcome.map_or_else(|| task_state(task.state), outcome)
}

/// A batch in one line.
pub fn of_rule(rule: &Rule) -> String {
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

/// An event in one line.
pub fn fact(fact: &Fact) -> String {
    let codes = |reason: &str| format!("{reason}: {}", crate::codes::words(reason).what);
    match fact {
        Fact::Received { right, origin, policy, dry_run, sources, due_at, .. } => format!(
            "received: {}{} from {origin}, policy {}, {} data source(s), legal date {}",
            right.as_str(),
            if *dry_run { " (dry run)" } else { "" },
            policy.as_str(),
            sources.len(),
            crate::output::utc(*due_at),
        ),
        Fact::DeliveryConflict { channel } => {
            format!(
                "delivery_conflict: the same delivery came by {channel} with another body and was refused"
            )
        }
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
            crate::output::count(u32::from(*months), "month", "months"),
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
        Fact::Found { source, records } => format!("found: {source}, {records} record(s)"),
        Fact::Decided { source, by, records, .. } => {
            format!("decided: {source}, {records} record(s), by {by}")
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

#[cfg(test)]
mod tests {
    use super::*;

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
